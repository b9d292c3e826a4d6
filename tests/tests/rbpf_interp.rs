// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The interpreter against rbpf on random programs: two readings of RFC 9669 by different people.

use weir_bpf::Object;
use weir_engines::{EngineKind, Maps, Packet, Subject, run_all};
use weir_pipeline::Target;
use weir_random::Random;
use weir_tests::instructions::{self, Isa};

/// Runs random programs on both; the seed of a program that fails is in the message. Returns how many rbpf could run.
fn agree(programs: u64, isa: Isa, length: usize, max_jumps: usize) -> u64 {
    let target = Target::named("sim").expect("a built-in target");
    let mut ran = 0;
    for seed in 0..programs {
        let mut random = Random::new(seed);
        let program = instructions::program(&mut random, isa, length, max_jumps);
        let object = Object { programs: vec![program], license: "Dual MIT/GPL".into(), ..Object::default() };
        let packets: Vec<Packet> = (0..8).map(|_| instructions::packet(&mut random).into()).collect();
        let program = &object.programs[0];
        let subject = Subject { object: &object, program, target: &target, pipeline: None };
        let kinds = [EngineKind::Interp, EngineKind::Rbpf];
        let report = run_all(&subject, &kinds, &Maps::new(), &packets)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        if let Some(why) = report.skipped.get(&EngineKind::Rbpf) {
            assert!(why.contains("atomic operations") || why.contains("cpu=v4"), "seed {seed}: {why}");
            continue;
        }
        ran += 1;
        let [first, ..] = report.mismatches.as_slice() else { continue };
        let registers = "byte 0..72 are R0 to R8 at the end, 72..104 the stack";
        panic!("seed {seed}: {first} ({registers})\n{}", weir_bpf::disasm::listing(&object, program));
    }
    ran
}

#[test]
fn arithmetic_and_jumps() {
    assert_eq!(agree(500, Isa::Pipeline, 60, 10), 500);
}

#[test]
fn division_and_stack_between_jumps() {
    assert!(agree(1000, Isa::V3, 12, 6) > 300);
}

#[test]
fn single_instructions() {
    assert!(agree(500, Isa::V4, 2, 0) > 250);
}
