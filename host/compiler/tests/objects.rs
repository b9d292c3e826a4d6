// SPDX-License-Identifier: Apache-2.0 OR MIT
//! C programs of the corpus, compiled by clang, on the interpreter and on the model.

mod support;

use support::{Numbers, accepted, agree, corpus};
use weir_pipeline::Target;

/// Packets of all lengths: random bytes, with headers that lead far into the programs in most of them.
fn packets(numbers: &mut Numbers, count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|_| {
            let length =
                if numbers.below(3) == 0 { numbers.below(130) } else { 60 + numbers.below(100) } as usize;
            let length = if numbers.below(6) == 0 { 300 + numbers.below(1200) as usize } else { length };
            let mut packet = numbers.bytes(length.max(14));
            let mut at = 12;
            if numbers.below(4) == 0 && packet.len() >= 18 {
                packet[12..14].copy_from_slice(&[0x81, 0x00]);
                at = 16;
            }
            if numbers.below(8) != 0 && packet.len() >= at + 2 {
                packet[at..at + 2].copy_from_slice(&[0x08, 0x00]);
            }
            let ip = at + 2;
            if packet.len() > ip + 24 && numbers.below(8) != 0 {
                packet[ip] = 0x40 | if numbers.below(3) == 0 { numbers.below(16) } else { 5 } as u8;
                packet[ip + 6..ip + 8].fill(0);
                packet[ip + 9] = [6, 17, 1, numbers.next() as u8][numbers.below(4) as usize];
                if numbers.below(2) == 0 {
                    packet[ip + 22..ip + 24].copy_from_slice(&4789u16.to_be_bytes());
                }
            }
            packet
        })
        .collect()
}

#[test]
fn corpus_programs_agree_with_the_interpreter() {
    let mut numbers = Numbers(7);
    let names = [
        "alu",
        "bucket",
        "calls",
        "context",
        "correlated",
        "copies",
        "deep",
        "drop_port",
        "firewall",
        "globals",
        "head",
        "hash",
        "jump",
        "loops",
        "maps",
        "merged",
        "protocols",
        "reflect",
        "stack",
        "update",
        "world",
    ];
    for name in names {
        for options in [&["-O2"][..], &["-O1"], &["-Os"], &["-O2", "-mcpu=v1"], &["-O2", "-mcpu=v3"]] {
            let object = corpus(name, options);
            for program in &object.programs {
                let compiled = accepted(&object, program);
                assert_eq!(compiled, accepted(&object, program), "the same bytes give the same words");
                let report = compiled.report;
                println!("{name}/{} {options:?} {} insns: {report:?}", program.name, program.insns.len());
                agree(&object, program, &compiled, numbers.next(), &packets(&mut numbers, 400));
            }
        }
    }
}

/// What is claimed to run at one packet a clock: one pass, and no distance between packets.
#[test]
fn small_programs_take_one_pass() {
    for target in ["sim", "sim-wide"].map(|name| Target::named(name).expect("a built-in target")) {
        for name in ["drop_port", "firewall", "protocols", "reflect"] {
            let object = corpus(name, &["-O2", "-mcpu=v3"]);
            for program in &object.programs {
                let compiled = weir_compiler::compile(&object, program, &target).expect("it is accepted");
                let cost = (compiled.report.passes, compiled.report.cycles_per_packet);
                assert_eq!(cost, (1, 1), "{} on {}", program.name, target.name);
            }
        }
    }
}

/// Addresses are swapped byte by byte in the source: 24 accesses, of which eight are left.
#[test]
fn copies_side_by_side_are_wide() {
    let object = corpus("reflect", &["-O2", "-mcpu=v3"]);
    let compiled =
        weir_compiler::compile(&object, &object.programs[0], &support::target()).expect("accepted");
    let accesses = compiled.cost.units.iter().find(|u| u.kind == "load/store").map(|u| u.used);
    assert_eq!(accesses, Some(8));
}
