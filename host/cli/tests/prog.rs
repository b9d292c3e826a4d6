// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir prog` on programs that clang compiled: verdicts, JSON fields, exit codes, files written.

mod support;

use serde_json::{Value, json};
use support::{Folder, pcap, udp};
use weir_engines::maps::hex;

/// The port that `drop_port.bpf.c` drops, by its `#define PORT`.
const PORT: u16 = 4789;

/// A program whose call of `bpf_ktime_get_ns` (helper 5) no stage can carry out.
const REFUSED: &str = "\
static __u64 (*const jiffies)(void) = (void *)118;
SEC(\"xdp\")
int tick(struct xdp_md *ctx)
{
	return jiffies() & 1 ? XDP_DROP : XDP_PASS;
}
char LICENSE[] SEC(\"license\") = \"Dual MIT/GPL\";
";

/// Keeps what it returned last: every packet waits for the one before.
const LAST: &str = "\
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} seen SEC(\".maps\");
SEC(\"xdp\")
int last(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *value = map_lookup(&seen, &key);

	if (!value)
		return XDP_ABORTED;
	*value = *value * 2 + ctx->rx_queue_index + 1;
	return XDP_PASS;
}
char LICENSE[] SEC(\"license\") = \"Dual MIT/GPL\";
";

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn run_gives_verdicts_and_bytes_in_the_published_form() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let (dropped, passed) = (udp(PORT), udp(80));
    folder.file("p.pcap", pcap(&[dropped, passed.clone(), passed[..13].to_vec()]));
    let report = folder.json(
        0,
        &[
            "prog",
            "run",
            &object,
            "--packets",
            "p.pcap",
            "--data-in",
            &hex(&passed[..20]),
            "--engine",
            "interp,model",
            "-j",
        ],
    );
    assert_eq!(
        keys(&report),
        [
            "agree",
            "engines",
            "maps",
            "mismatches",
            "packets",
            "program",
            "rtl",
            "schema",
            "skipped",
            "target"
        ]
    );
    assert_eq!(keys(&report["program"]), ["insns", "name", "section", "tag"]);
    assert_eq!(report["schema"], 1);
    assert_eq!(report["target"], "sim");
    assert_eq!(report["engines"], json!(["interp", "model"]));
    assert_eq!((&report["agree"], &report["mismatches"]), (&json!(true), &json!([])));
    let packet = |index: usize| &report["packets"][index];
    for (index, verdict, code, data) in [
        (0, "XDP_DROP", json!(1), String::new()),
        (1, "XDP_PASS", json!(2), hex(&passed)),
        (2, "not admitted", json!(null), String::new()),
        (3, "XDP_PASS", json!(2), hex(&passed[..20])),
    ] {
        let packet = packet(index);
        assert_eq!(keys(packet), ["code", "data", "index", "length", "redirect", "verdict", "verdicts"]);
        assert_eq!((&packet["index"], &packet["verdict"]), (&json!(index), &json!(verdict)));
        assert_eq!((&packet["code"], &packet["data"]), (&code, &json!(data)));
        assert_eq!(packet["length"], json!(data.len() / 2));
        assert_eq!(packet["redirect"], Value::Null);
        assert_eq!(packet["verdicts"], json!({"interp": verdict, "model": verdict}));
    }
}

#[test]
fn run_prints_a_line_for_each_packet() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    folder.file("p.pcap", pcap(&[udp(PORT), udp(80)]));
    let outcome = folder.weir(&[
        "prog",
        "run",
        &object,
        "--packets",
        "p.pcap",
        "--engine",
        "interp",
        "--engine",
        "model",
    ]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let row = |words: &[&str]| {
        let found = outcome.stdout.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == words);
        assert!(found, "{words:?} is not in\n{}", outcome.stdout);
    };
    row(&["#", "packet", "bytes", "model", "interp", "agree"]);
    row(&["0", "UDP", "10.0.0.1:1024", ">", "10.0.0.2:4789", "60", "XDP_DROP", "XDP_DROP", "yes"]);
    row(&["1", "UDP", "10.0.0.1:1024", ">", "10.0.0.2:80", "60", "XDP_PASS", "XDP_PASS", "yes"]);
    assert!(outcome.stdout.contains("2 packets: 1 XDP_DROP, 1 XDP_PASS; interp, model agree"));
}

#[test]
fn maps_go_in_and_come_out() {
    let folder = Folder::new();
    let object = folder.program("firewall");
    // A rule for UDP port 23, as `struct rule` lays it out: port, protocols, action (refuse).
    folder.file("in.yaml", "maps: {rules: [{key: '17000000', value: '1700020100000000'}]}");
    folder.file("p.pcap", pcap(&[udp(23), udp(24), udp(23)]));
    let arguments = [
        "prog",
        "run",
        &object,
        "--packets",
        "p.pcap",
        "--maps",
        "in.yaml",
        "--engine",
        "interp,model",
        "-j",
    ];
    let report = folder.json(0, &[&arguments[..], &["--maps-out", "out.yaml"]].concat());
    let verdicts: Vec<&str> =
        (0..3).map(|i| report["packets"][i]["verdict"].as_str().expect("text")).collect();
    assert_eq!(verdicts, ["XDP_DROP", "XDP_PASS", "XDP_DROP"]);
    let entry = |key: &str, value: &str| json!([{"key": key, "value": value}]);
    assert_eq!(report["maps"]["rule_hits"], entry("17000000", "0200000000000000"));
    assert_eq!(report["maps"]["rules"], entry("17000000", "1700020100000000"));
    assert_eq!(report["maps"]["protocol_packets"], entry("11000000", "0300000000000000"));

    // What comes out goes in: the counters live on.
    let arguments = [
        "prog",
        "run",
        &object,
        "--packets",
        "p.pcap",
        "--maps",
        "out.yaml",
        "--engine",
        "interp,model",
        "-j",
    ];
    let report = folder.json(0, &arguments);
    assert_eq!(report["maps"]["rule_hits"], entry("17000000", "0400000000000000"));
}

#[test]
fn check_says_what_a_program_costs() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let report = folder.json(0, &["prog", "check", &object, "-j"]);
    let program = &report["programs"][0];
    for key in ["name", "section", "insns", "accepted", "stages", "passes", "cycles_per_packet", "mpps"] {
        assert!(!program[key].is_null(), "{key}");
    }
    assert_eq!((&program["name"], &program["accepted"]), (&json!("drop_port"), &json!(true)));
    assert_eq!(program["diagnostics"], json!([]));
    assert!(program["compile_ms"].as_f64().expect("a number") > 0.0);
    // The nominal clock of `sim` is 250 MHz.
    let cycles = program["cycles_per_packet"].as_f64().expect("a number");
    assert_eq!(program["mpps"].as_f64().expect("a number"), 250.0 / cycles);
    assert!(cycles >= program["passes"].as_f64().expect("a number"));
    let cost = &program["cost"];
    assert_eq!(keys(cost), ["gap", "latency_clocks", "lines", "tables", "units"]);
    assert_eq!((&cost["gap"], &cost["tables"]), (&Value::Null, &json!([])));
    let kinds: Vec<&str> =
        cost["units"].as_array().expect("a list").iter().filter_map(|u| u["kind"].as_str()).collect();
    assert_eq!(kinds[..3], ["ALU", "load/store", "compare"]);
    // The comparison with the port is one line, and takes at least a compare unit.
    let lines = cost["lines"].as_array().expect("a list");
    assert!(lines.iter().any(|l| l["text"].as_str().is_some_and(|t| t.contains("BE16(PORT)"))));
    assert!(lines.iter().all(|l| l["units"].as_u64() > Some(0) && l["line"].as_u64() > Some(0)));
    let outcome = folder.weir(&["prog", "check", &object]);
    assert!(
        outcome.stdout.contains("  units     ALU ") && outcome.stdout.contains("drop_port.bpf.c:"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn check_says_what_a_gap_is_for() {
    let folder = Folder::new();
    let object = folder.object("last", LAST);
    let report = folder.json(0, &["prog", "check", &object, "-j"]);
    let program = &report["programs"][0];
    let (cost, gap) = (&program["cost"], &program["cost"]["gap"]);
    assert!(program["admission_gap"].as_u64() > Some(1));
    assert_eq!(gap["clocks"], program["admission_gap"]);
    assert_eq!(gap["map"], "seen");
    let operations = [&gap["between"][0]["operation"], &gap["between"][1]["operation"]];
    assert_eq!(operations, [&json!("read"), &json!("write")]);
    assert!(gap["help"].as_str().is_some_and(|h| h.contains("addition")), "{gap}");
    assert_eq!((&cost["tables"][0]["map"], &cost["tables"][0]["bytes"]), (&json!("seen"), &json!(8)));
}

#[test]
fn refusals_name_code_source_line_and_help() {
    let folder = Folder::new();
    let object = folder.object("tick", REFUSED);
    let outcome = folder.weir(&["prog", "check", &object]);
    assert_eq!(outcome.code, 3, "{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.contains("refused X"), "{}", outcome.stdout);
    assert!(outcome.stderr.starts_with("error[X"), "{}", outcome.stderr);
    for part in ["tick.c:6:", "return jiffies() & 1", "^", "instruction 0"] {
        assert!(outcome.stderr.contains(part), "`{part}` is not in\n{}", outcome.stderr);
    }
    let report = folder.json(3, &["prog", "check", &object, "-j"]);
    let program = &report["programs"][0];
    assert_eq!((&program["accepted"], &program["passes"]), (&json!(false), &Value::Null));
    let diagnostic = &program["diagnostics"][0];
    assert_eq!((&diagnostic["level"], &diagnostic["insn"]), (&json!("error"), &json!(0)));
    assert_eq!(
        (&diagnostic["source"]["line"], &diagnostic["source"]["text"]),
        (&json!(6), &json!("	return jiffies() & 1 ? XDP_DROP : XDP_PASS;"))
    );

    // The code is one that `explain` knows.
    let code = diagnostic["code"].as_str().expect("a code");
    let page = folder.json(0, &["explain", code, "-j"]);
    assert_eq!(page["code"], code);
    assert!(page["text"].as_str().expect("text").len() > 40);

    let report = folder.json(3, &["prog", "run", &object, "--data-in", &hex(&udp(1)), "-j"]);
    assert_eq!(
        (&report["error"]["code"], &report["error"]["diagnostics"][0]["code"]),
        (&json!(3), &json!(code))
    );
}

#[test]
fn dump_shows_where_every_instruction_landed() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let report = folder.json(0, &["prog", "dump", &object, "-j"]);
    let insns = report["insns"].as_array().expect("instructions");
    assert!(insns.iter().all(|insn| insn["places"].is_array() && !insn["source"].is_null()));
    assert!(insns.iter().any(|insn| insn["places"][0]["unit"] == "lsu"), "a program that loads");
    let outcome = folder.weir(&["prog", "dump", &object, "--stage", "bpf", "--linum"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("drop_port.bpf.c:"), "{}", outcome.stdout);
    assert!(outcome.stdout.trim_end().ends_with("exit"), "{}", outcome.stdout);
    let outcome = folder.weir(&["prog", "dump", &object, "--stage", "words"]);
    assert!(outcome.stdout.starts_with("pipeline \"drop_port\""), "{}", outcome.stdout);
}

#[test]
fn redirects_show_where_they_go() {
    let folder = Folder::new();
    let text = "
        static long (*redirect)(__u32, __u64) = (void *)23;
        SEC(\"xdp\") int out(struct xdp_md *ctx) { return redirect(ctx->data_end - ctx->data, 0); }
        SEC(\"xdp\") int lost(struct xdp_md *ctx) { return 4; }";
    let object = folder.object("redirects", text);
    let packet = hex(&udp(80));
    let run = |program| {
        vec!["prog", "run", &object, "--program", program, "--data-in", &packet, "--engine", "interp,rbpf"]
    };
    for (program, interface, shown) in
        [("out", 60, "XDP_REDIRECT to 60"), ("lost", 0, "XDP_REDIRECT nowhere")]
    {
        let outcome = folder.weir(&run(program));
        assert_eq!((outcome.code, outcome.stdout.matches(shown).count()), (0, 2), "{}", outcome.stdout);
        let report = folder.json(0, &[run(program), vec!["-j"]].concat());
        assert_eq!(report["packets"][0]["redirect"], json!(interface));
    }
}

#[test]
fn an_engine_that_is_named_and_cannot_run_is_a_failure() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let packet = hex(&udp(80));
    let all = folder.json(0, &["prog", "run", &object, "--data-in", &packet, "-j"]);
    let skipped = all["skipped"].as_object().expect("an object");
    for engine in ["interp", "rbpf", "model", "rtl", "kernel"] {
        let ran = all["engines"].as_array().expect("a list").contains(&json!(engine));
        assert!(ran != skipped.contains_key(engine), "{engine} neither ran nor says why, or both");
        let alone = folder.weir(&["prog", "run", &object, "--data-in", &packet, "--engine", engine]);
        assert_eq!(alone.code, if ran { 0 } else { 1 }, "{engine}: {}", alone.stderr);
    }
}

#[test]
fn without_debug_information_the_instruction_is_shown() {
    let folder = Folder::new();
    let object = folder.bare_object("tick", REFUSED);
    let outcome = folder.weir(&["prog", "check", &object]);
    assert_eq!(outcome.code, 3);
    for part in ["--> tick.o", "call 118", "instruction 0"] {
        assert!(outcome.stderr.contains(part), "`{part}` is not in\n{}", outcome.stderr);
    }
    let report = folder.json(3, &["prog", "check", &object, "-j"]);
    assert_eq!(report["programs"][0]["diagnostics"][0]["source"], Value::Null);
}

#[test]
fn programs_that_the_loader_refuses_have_a_code_too() {
    let folder = Folder::new();
    let text = "int elsewhere(void);\nSEC(\"xdp\") int lost(struct xdp_md *ctx) { return elsewhere(); }";
    let object = folder.object("lost", text);
    let report = folder.json(3, &["prog", "check", &object, "-j"]);
    let diagnostic = &report["programs"][0]["diagnostics"][0];
    assert_eq!((&report["programs"][0]["name"], &diagnostic["code"]), (&json!("lost"), &json!("X0001")));
    assert!(diagnostic["message"].as_str().expect("text").contains("`elsewhere`"));
    let report = folder.json(3, &["prog", "run", &object, "--data-in", "00", "-j"]);
    assert_eq!(report["error"]["diagnostics"][0]["code"], "X0001");
    assert_eq!(folder.weir(&["explain", "x0001"]).code, 0);
}

#[test]
fn check_looks_at_all_programs_and_the_others_ask_for_one() {
    let folder = Folder::new();
    let text = "SEC(\"xdp/a\") int first(void *ctx) { return XDP_PASS; }\n\
                SEC(\"xdp/b\") int second(void *ctx) { return XDP_DROP; }";
    let object = folder.object("two", text);
    let report = folder.json(0, &["prog", "check", &object, "-j"]);
    let names: Vec<&Value> =
        report["programs"].as_array().expect("a list").iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["first", "second"]);
    let packet = hex(&udp(1));
    let outcome = folder.weir(&["prog", "run", &object, "--data-in", &packet]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`first`, `second`") && outcome.stderr.contains("--program"));
    for (flag, name, verdict) in [("--program", "first", "XDP_PASS"), ("--section", "xdp/b", "XDP_DROP")] {
        let arguments =
            ["prog", "run", &object, flag, name, "--data-in", &packet, "--engine", "interp", "-j"];
        assert_eq!(folder.json(0, &arguments)["packets"][0]["verdict"], verdict);
    }
}

#[test]
fn packets_that_the_capture_cut_are_remarked_on() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let mut capture = pcap(&[udp(80)]);
    // The length on the wire, behind that in the file.
    capture[36..40].copy_from_slice(&1400u32.to_le_bytes());
    folder.file("p.pcap", capture);
    let outcome = folder.weir(&["prog", "run", &object, "--packets", "p.pcap", "--engine", "interp"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("note: 1 packets are shorter in the capture"), "{}", outcome.stderr);
}

#[test]
fn waves_need_the_rtl() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let packet = hex(&udp(80));
    let before = folder.names();
    let arguments = ["prog", "run", &object, "--data-in", &packet, "--engine", "interp", "--wave", "w.vcd"];
    let outcome = folder.weir(&arguments);
    assert_eq!((outcome.code, folder.names()), (1, before));
    assert!(outcome.stderr.contains("--wave") && outcome.stderr.contains("rtl"), "{}", outcome.stderr);
}

#[cfg(not(feature = "sim"))]
#[test]
fn a_build_without_the_simulation_says_so() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let outcome = folder.weir(&["prog", "bench", &object]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("`rtl` cannot run") && outcome.stderr.contains("without the simulation"));
    let outcome =
        folder.weir(&["prog", "run", &object, "--data-in", &hex(&udp(1)), "--engine", "interp,rtl"]);
    assert_eq!(outcome.code, 1, "an engine that was named is missing: {}", outcome.stdout);
    let report = folder.json(0, &["prog", "run", &object, "--data-in", &hex(&udp(1)), "-j"]);
    assert!(report["skipped"]["rtl"].as_str().is_some_and(|why| why.contains("without the simulation")));
}
