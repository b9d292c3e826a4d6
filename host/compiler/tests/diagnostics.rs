// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every code is triggered by its example, and has a page that says what the table says.

mod support;

use std::path::Path;
use support::{array, assembled, from_insns, refused, target};
use weir_bpf::program::F_RDONLY_PROG;
use weir_bpf::{Insn, MapDef};
use weir_compiler::compile;
use weir_compiler::diag::codes::{CODES, HEADROOM, INTERNAL, PASSES, PREDICATES, REGISTERS, UNITS};
use weir_pipeline::Target;

fn maps() -> Vec<MapDef> {
    vec![
        array("array", 8, 4),
        MapDef { map_type: 9, ..array("lru", 8, 4) },
        array("big", 1 << 20, 16),
        MapDef { initial: Some(vec![0; 8]), flags: F_RDONLY_PROG, ..array(".rodata", 8, 1) },
        MapDef { key_size: 8, ..array("wrong", 8, 4) },
        MapDef { map_type: 1, ..array("hash", 8, 4) },
    ]
}

#[test]
fn examples_are_refused_with_their_code() {
    for entry in CODES {
        let Some(example) = entry.example else { continue };
        let found = refused(&assembled(example, &maps()));
        let codes: Vec<&str> = found.iter().map(|d| d.code).collect();
        assert_eq!(codes, [entry.code.0], "{example}\n{found:#?}");
        assert!(found.iter().all(|d| d.help.as_deref() == entry.help));
    }
}

#[test]
fn codes_without_example_are_triggered_here() {
    let without: Vec<_> = CODES.iter().filter(|e| e.example.is_none()).map(|e| e.code.0).collect();
    let others = [PREDICATES.0, UNITS.0, INTERNAL.0];
    assert_eq!(without[0], "X0101");
    assert_eq!(without[1..], others, "a code without example needs a test of its own");
    let legacy =
        from_insns(vec![Insn { code: 0x30, ..Insn::default() }, Insn { code: 0x95, ..Insn::default() }], &[]);
    assert_eq!(refused(&legacy)[0].code, "X0101");
    let object = assembled("r2 = *(u32 *)(r1 + 12)\nr0 = *(u32 *)(r1 + 16)\nr0 *= r2\nexit", &[]);
    let mut without_multiplier = target();
    without_multiplier.units.multipliers.every = 0;
    let found =
        compile(&object, &object.programs[0], &without_multiplier).expect_err("there is no multiplier");
    assert_eq!(found[0].code, UNITS.0, "{found:?}");
    let mut one_pass = target();
    one_pass.passes = 1;
    let object = assembled("r0 = *(u32 *)(r1 + 16)\nr2 = *(u32 *)(r1 + 12)\nr0 /= r2\nexit", &[]);
    let found = compile(&object, &object.programs[0], &one_pass).expect_err("32 steps need more stages");
    assert_eq!(found[0].code, PASSES.0, "{found:?}");
    let mut two_predicates = target();
    two_predicates.predicates = 2;
    let text: String = (0..6).map(|i| format!("if r2 == {i} goto l{i}\n")).collect();
    let ends: String = (0..6).map(|i| format!("l{i}:\nr0 = {}\nexit\n", i * 3 + 1)).collect();
    let object = assembled(&format!("r2 = *(u32 *)(r1 + 12)\nr0 = 9\n{text}exit\n{ends}"), &[]);
    let found = compile(&object, &object.programs[0], &two_predicates).expect_err("one predicate is too few");
    assert_eq!(found[0].code, PREDICATES.0, "{found:?}");
}

#[test]
fn more_live_values_than_registers_are_spilled_and_then_refused() {
    // 20 bytes are loaded before any is used, each then in an order that the packet's length decides.
    let program = |count: usize| {
        let mut text =
            "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr0 = 1\nr4 = r2\nr4 += 64\nif r4 > r3 goto out\n"
                .to_owned();
        for i in 0..count {
            text += &format!("r5 = *(u8 *)(r2 + {i})\n*(u64 *)(r10 - {}) = r5\n", 8 * i + 8);
        }
        for i in 0..count {
            text += &format!("*(u8 *)(r2 + {i}) = {i}\n");
        }
        text += "r0 = 0\n";
        for i in 0..count {
            text +=
                &format!("r5 = *(u64 *)(r10 - {})\nr0 *= 3\nr0 += r5\n*(u64 *)(r2 + 56) = r0\n", 8 * i + 8);
        }
        text + "out:\nexit"
    };
    let fits = assembled(&program(16), &[]);
    let compiled = support::accepted(&fits, &fits.programs[0]);
    support::agree(&fits, &fits.programs[0], &compiled, 1, &[vec![7; 64], (0..80).collect(), vec![9; 20]]);
    let found = refused(&assembled(&program(40), &[]));
    assert_eq!(found[0].code, REGISTERS.0, "{found:?}");
}

/// `xdp_adjust_head` by these distances one after another; a name stands for 16 bits of the packet.
fn heads(distances: &[&str]) -> String {
    let mut text = "r6 = r1\nr2 = *(u32 *)(r6 + 0)\nr3 = *(u32 *)(r6 + 4)\nr0 = 1\nr4 = r2\nr4 += 40\n\
                    if r4 > r3 goto out\nr7 = *(u16 *)(r2 + 0)\n"
        .to_owned();
    for distance in distances {
        text += &format!("r2 = {distance}\nr1 = r6\ncall 44\n");
    }
    text + "r0 = 2\nout:\nexit"
}

#[test]
fn heads_move_within_the_headroom_or_not_at_all() {
    let packets: Vec<Vec<u8>> = (14..120).map(|n| (0..n).map(|i| (i * 3) as u8).collect()).collect();
    // What the kernel refuses when it runs (-EINVAL) is no growth.
    for distances in [
        &["-64"][..],
        &["-30", "-34"],
        &["20", "-84"],
        &["-217"],
        &["-60", "-300", "-4"],
        &["2000000000"],
        &["r7"],
        &["r7\nr2 &= 31\nr2 += -63"],
        &["26", "r7\nr2 &= 127\nr2 += -90"],
    ] {
        let object = assembled(&heads(distances), &[]);
        let compiled = support::accepted(&object, &object.programs[0]);
        support::agree(&object, &object.programs[0], &compiled, 1, &packets);
    }
    for distances in [
        &["-65"][..],
        &["-216"],
        &["-40", "-25"],
        &["20", "-85"],
        &["0\nr2 -= r7"],
        &["r7\nr2 &= 31\nr2 += -65"],
        // Only some packets are that long; those that are not stay where they are.
        &["27", "-91"],
    ] {
        let found = refused(&assembled(&heads(distances), &[]));
        assert_eq!(found[0].code, HEADROOM.0, "{distances:?}: {found:?}");
    }
    let object = assembled(&heads(&["20"]), &[]);
    let wide = Target::named("sim-wide").expect("a built-in target");
    let found = compile(&object, &object.programs[0], &wide).expect_err("the target has no headroom");
    assert_eq!(found[0].code, HEADROOM.0, "{found:?}");
}

#[test]
fn pointers_do_not_survive_a_move_of_the_head() {
    let moved =
        "r6 = r1\nr7 = *(u32 *)(r1 + 0)\nr8 = *(u32 *)(r1 + 4)\n*(u64 *)(r10 - 8) = r7\nr2 = 0\ncall 44\n";
    for (then, code) in [
        ("r0 = *(u8 *)(r7 + 0)", "X0205"),
        ("r7 += 1", "X0204"),
        ("r2 = *(u64 *)(r10 - 8)\nr0 = *(u8 *)(r2 + 0)", "X0205"),
        ("r2 = *(u32 *)(r6 + 0)\nif r2 > r8 goto next\nr0 = 3\nnext:", "X0206"),
        // What was shown before the move has to be shown again.
        ("r2 = *(u32 *)(r6 + 0)\nr0 = *(u8 *)(r2 + 0)", "X0301"),
        ("r2 = *(u32 *)(r6 + 0)\nr0 = *(u8 *)(r2 - 1)", "X0302"),
    ] {
        let found = refused(&assembled(&format!("{moved}{then}\nr0 = 1\nexit"), &[]));
        assert_eq!(found[0].code, code, "{then}: {found:?}");
    }
}

#[test]
fn maps_of_absurd_sizes_are_refused() {
    let text = "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[0]\ncall 1\nif r0 == 0 goto out\nr0 = *(u8 *)(r0 + 0)\nout:\nr0 = 1\nexit";
    for (value_size, entries, code) in [
        (u32::MAX, u32::MAX, "X0405"),
        (i32::MAX as u32, u32::MAX, "X0501"),
        (8, u32::MAX, "X0501"),
        (0, 1, "X0405"),
    ] {
        let found = refused(&assembled(text, &[array("map", value_size, entries)]));
        assert_eq!(found[0].code, code, "{value_size} {entries}");
    }
}

#[test]
fn pages_say_what_the_table_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors");
    let update = std::env::var_os("WEIR_UPDATE_PAGES").is_some();
    for entry in CODES {
        let path = folder.join(format!("{}.md", entry.code.0));
        if update {
            std::fs::create_dir_all(&folder).expect("the folder can be made");
            std::fs::write(&path, entry.page()).expect("the page can be written");
        }
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(page, entry.page(), "{}: run this test with WEIR_UPDATE_PAGES=1", path.display());
    }
}

/// Programs that the kernel's verifier refuses (`uninitialised` only before Linux 6.3, and for the unprivileged), each in
/// a function of its own; the line at fault ends in its code.
const REFUSED: &str = r#"
#include "weir_bpf.h"
#define kept _Pragma("clang loop unroll(disable)") for

SEC("xdp") int behind_the_end(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	if (data + 20 > (__u8 *)packet_end(ctx))
		return 1;
	return data[20]; /* X0301 */
}

SEC("xdp") int variable_offset(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	if (data + 64 > (__u8 *)packet_end(ctx))
		return 1;
	return data[data[0] & 127]; /* X0301 */
}

SEC("xdp") int endless(struct xdp_md *ctx)
{
	__u32 state = ctx->ingress_ifindex;
	while (state != 1) { /* X0103 */
		state = state & 1 ? state * 3 + 1 : state >> 1;
		asm volatile("" : "+r"(state));
	}
	return 1;
}

SEC("xdp") int long_loop(struct xdp_md *ctx)
{
	__u32 sum = 0, most = ctx->rx_queue_index;
	kept (__u32 i = 0; i < most; i++) /* X0107 */
		asm volatile("%0 += %1" : "+r"(sum) : "r"(i));
	return sum;
}

static __attribute__((noinline)) int add(const int *number)
{
	asm volatile("" : "+r"(number));
	return *number + 1; /* X0305 */
}

SEC("xdp") int uninitialised(struct xdp_md *ctx)
{
	int number;
	return add(&number);
}

SEC("xdp") int product(struct xdp_md *ctx)
{
	long data = (long)packet_start(ctx);
	return *(int *)(data * 2); /* X0204 */
}

SEC("xdp") int below_the_stack(struct xdp_md *ctx)
{
	volatile __u8 bytes[8] = {};
	__u32 at = ctx->rx_queue_index & 15;
	return ((volatile __u8 *)bytes + 1)[at]; /* X0304 */
}
"#;

#[test]
fn what_the_verifier_refuses_is_refused_at_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("refused.bpf.c");
    std::fs::write(&source, REFUSED).expect("the source can be written");
    let marks = REFUSED.lines().zip(1u32..).filter_map(|(text, line)| {
        let code = text.split("/* X").nth(1)?.get(..4)?;
        Some((line, format!("X{code}")))
    });
    let mut expected: Vec<(u32, String)> = marks.collect();
    let object = support::clang(&source, &["-O1", "-mcpu=v3"]);
    for program in &object.programs {
        let found = compile(&object, program, &target()).expect_err(&program.name);
        let first = found.first().expect("there is a reason");
        let line = first.source.as_ref().map(|s| s.line);
        let at = expected.iter().position(|(l, code)| (Some(*l), &**code) == (line, first.code));
        let at = at.unwrap_or_else(|| panic!("{}: {first:#?}", program.name));
        expected.remove(at);
    }
    assert!(expected.is_empty(), "not met: {expected:?}");
}
