// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir` on the simulated hardware, where it is built in.
#![cfg(feature = "sim")]

mod support;

use serde_json::Value;
use support::{Folder, pcap, udp};
use weir_engines::maps::hex;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What `drop_port` does to these is known from its source: UDP to 4789 is dropped, all else passes.
#[test]
fn the_rtl_agrees_and_measures_what_check_promises() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let packets: Vec<Vec<u8>> = (0..64).map(|i| udp(4780 + i)).collect();
    folder.file("p.pcap", pcap(&packets));
    let promised = folder.json(0, &["prog", "check", &object, "-j"])["programs"][0].clone();
    let report =
        folder.json(0, &["prog", "run", &object, "--packets", "p.pcap", "--engine", "rtl,interp", "-j"]);
    assert_eq!(report["agree"], true);
    for (index, packet) in report["packets"].as_array().expect("a list").iter().enumerate() {
        let (verdict, data) =
            if index == 9 { ("XDP_DROP", String::new()) } else { ("XDP_PASS", hex(&packets[index])) };
        assert_eq!(packet["verdicts"]["rtl"], verdict, "packet {index}");
        assert_eq!(packet["data"], data, "packet {index}");
    }
    let rtl = &report["rtl"];
    let keys: Vec<&String> = rtl.as_object().expect("an object").keys().collect();
    let mut fields =
        ["cycles", "cycles_per_packet", "admission_gap", "deep_loads", "latency_min", "latency_max"].to_vec();
    fields.sort_unstable();
    assert_eq!(keys, fields);
    assert_eq!(number(&rtl["cycles_per_packet"]), number(&promised["cycles_per_packet"]));
    assert_eq!(rtl["admission_gap"], promised["admission_gap"]);
    assert!(number(&rtl["latency_min"]) > 0.0 && number(&rtl["latency_max"]) >= number(&rtl["latency_min"]));
}

#[test]
fn bench_measures_and_says_how_fast_it_simulates() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let report = folder.json(0, &["prog", "bench", &object, "-j"]);
    assert_eq!(report["program"]["name"], "drop_port");
    assert!(number(&report["packets"]) >= 2048.0);
    assert!(number(&report["simulated_khz"]) > 0.0);
    // The nominal clock of `sim` is 250 MHz.
    assert_eq!(number(&report["mpps"]), 250.0 / number(&report["rtl"]["cycles_per_packet"]));
    for figures in ["rtl", "one_flow"] {
        let measured = number(&report[figures]["cycles_per_packet"]);
        assert_eq!(measured, number(&report["announced_cycles_per_packet"]), "{figures}");
    }
    let mixes = report["mixes"].as_array().expect("a list");
    assert_eq!((mixes.len(), &mixes[0]["rtl"], &mixes[1]["rtl"]), (2, &report["rtl"], &report["one_flow"]));
    assert_eq!((&mixes[0]["different"], &mixes[1]["different"]), (&256.into(), &1.into()));
    // A capture of one's own takes the place of the packets that are made here.
    let packets: Vec<Vec<u8>> = (0..3).map(|i| udp(4788 + i)).collect();
    folder.file("own.pcap", pcap(&packets));
    let report = folder.json(0, &["prog", "bench", &object, "--packets", "own.pcap", "-j"]);
    assert_eq!(
        (&report["mixes"][0]["name"], &report["mixes"][0]["different"]),
        (&"own.pcap".into(), &3.into())
    );
    assert_eq!(report["packets"], 2049);
    let outcome = folder.weir(&["prog", "bench", &object]);
    assert!(outcome.stdout.contains("simulated at") && outcome.stdout.contains("cycles per packet"));
}

#[test]
fn waves_are_written_whole() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let packet = hex(&udp(80));
    let mut names = folder.names();
    let arguments = ["prog", "run", &object, "--data-in", &packet, "--engine", "rtl", "--wave", "w.vcd"];
    let outcome = folder.weir(&arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    names.push("w.vcd".into());
    names.sort();
    assert_eq!(folder.names(), names);
    let waves = std::fs::read_to_string(folder.path("w.vcd")).expect("text");
    assert!(waves.contains("$enddefinitions $end") && waves.lines().any(|line| line.starts_with('#')));
}
