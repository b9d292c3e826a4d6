// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Packets of one flow, of few flows and of many, as close after each other as the gap lets them, on the model against
//! one at a time on the interpreter. Every other comparison of the two does the same for its own packets.

mod support;

use support::{Numbers, accepted, assembled, compare_stream, corpus, target};
use weir_bpf::{MapDef, Object};

/// IPv4 packets of so many flows; what programs take keys from are small numbers.
fn stream(seed: u64, flows: u64, count: usize) -> Vec<Vec<u8>> {
    let mut numbers = Numbers(seed);
    let mut packet = || {
        let flow = numbers.below(flows) as u8;
        let mut packet = vec![0; 60 + numbers.below(8) as usize];
        packet.iter_mut().for_each(|byte| *byte = numbers.below(4) as u8);
        packet[..12].fill(flow);
        packet[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
        packet[22..34].fill(flow);
        // What ends a flow, now and then.
        packet[27] = numbers.below(16) as u8;
        packet
    };
    (0..count).map(|_| packet()).collect()
}

fn holds(object: &Object, program: usize, gap: Option<u32>, packets: &[Vec<u8>]) -> Result<(), String> {
    let program = &object.programs[program];
    let compiled = accepted(object, program);
    let gap = gap.unwrap_or(compiled.report.gap);
    compare_stream(&target(), object, program, &compiled, gap, 5, packets)
}

#[test]
fn streams_find_the_maps_as_one_at_a_time_would() {
    for (file, most) in
        [("bucket", 60), ("hash", 40), ("maps", 40), ("merged", 40), ("update", 40), ("globals", 40)]
    {
        let object = corpus(file, &["-O2", "-mcpu=v3"]);
        for (index, program) in object.programs.iter().enumerate() {
            for flows in [1, 2, 5, 256] {
                let packets = stream(flows, flows, 4 * most);
                holds(&object, index, None, &packets)
                    .unwrap_or_else(|e| panic!("{} {flows} flows: {e}", program.name));
            }
        }
    }
}

/// The comparison sees a gap that is too short.
#[test]
fn half_the_gap_is_too_little() {
    for (file, name) in [("bucket", "bucket"), ("update", "track")] {
        let object = corpus(file, &["-O2", "-mcpu=v3"]);
        let index = object.programs.iter().position(|p| p.name == name).expect("it is there");
        let gap = accepted(&object, &object.programs[index]).report.gap;
        assert!(gap > 8, "{name} has a gap of {gap}");
        holds(&object, index, Some(gap / 2), &stream(1, 16, 400)).expect_err(name);
    }
}

/// A counter above flags, in one word: what is looked at and what is added to are not the same bits.
#[test]
fn flags_below_a_counter_need_no_gap() {
    let map = [MapDef {
        name: "map".into(),
        map_type: 2,
        key_size: 4,
        value_size: 16,
        max_entries: 4,
        ..MapDef::default()
    }];
    let text = |test: &str, add: &str| {
        assembled(
            &format!(
                "r7 = *(u32 *)(r1 + 0)\nr8 = *(u32 *)(r1 + 4)\nr6 = r7\nr6 += 34\nr0 = 1\nif r6 > r8 goto out\n\
                 r9 = *(u8 *)(r7 + 26)\nr9 &= 3\n*(u32 *)(r10 - 4) = r9\nr2 = r10\nr2 += -4\nr1 = map[0]\ncall 1\n\
                 if r0 == 0 goto out\nr1 = *(u64 *)(r0 + 0)\nr3 = *(u8 *)(r7 + 30)\nr2 = r1\n{test}\n*(u64 *)(r7 + 8) = r2\n\
                 if r2 == 0 goto other\n{add}\n*(u64 *)(r0 + 0) = r1\nr0 = 2\nexit\nother:\nr0 = 1\nout:\nexit"
            ),
            &map,
        )
    };
    let packets = stream(3, 3, 200);
    // Bits looked at, what is added, and whether they are apart.
    for (test, add, apart) in [
        ("r2 &= 63", "r1 += 64", true),
        ("r2 &= 127", "r1 += 64", false),
        ("r2 &= 64", "r1 += 64", false),
        ("w2 &= 32", "r1 += 192", true),
        ("r2 <<= 58", "r1 += 64", true),
        ("r2 <<= 57", "r1 += 64", false),
        ("r2 = be16 r2\nr2 &= 0x3f00", "r1 += 64", true),
        ("r2 = be16 r2\nr2 &= 0x00ff", "r1 += 64", false),
        ("r2 &= 255", "r3 <<= 8\nr1 += r3", true),
        ("r2 &= 255", "r3 <<= 7\nr1 += r3", false),
        ("r2 &= 1", "r1 += 1", false),
        ("r2 &= 1", "r1 -= 2", true),
        // What is looked at leaves the program.
        ("*(u64 *)(r7 + 0) = r2\nr2 &= 63", "r1 += 64", false),
        ("*(u8 *)(r7 + 0) = r2\nr2 &= 63", "r1 += 256", true),
    ] {
        let object = text(test, add);
        let gap = accepted(&object, &object.programs[0]).report.gap;
        assert_eq!(gap == 1, apart, "{test}, {add}: {gap}");
        holds(&object, 0, None, &packets).unwrap_or_else(|e| panic!("{test}, {add}: {e}"));
        if !apart {
            holds(&object, 0, Some(1), &packets).expect_err(test);
        }
    }
}
