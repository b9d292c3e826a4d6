// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random programs through the compiler, on every engine. The seed of a program that fails is in the message.

use std::collections::BTreeMap;
use std::ops::Range;
use weir_bpf::{Object, disasm};
use weir_engines::{EngineKind, Maps, Packet, Subject, run_all};
use weir_pipeline::Target;
use weir_tests::instructions::{self, Isa};
use weir_tests::random::Random;
use weir_tests::{compile, skip};

/// Runs random programs of a length on engines; at least 70 of 100 must be accepted by the compiler.
fn agree(test: &str, kinds: &[EngineKind], seeds: Range<u64>, isa: Isa, length: usize) {
    let target = Target::named("sim").expect("a built-in target");
    let (mut accepted, programs) = (0, seeds.end - seeds.start);
    let mut refusals: BTreeMap<String, u32> = BTreeMap::new();
    for seed in seeds {
        let mut random = Random::new(seed);
        let program = instructions::program(&mut random, isa, length, 8);
        let object = Object { programs: vec![program], license: "Dual MIT/GPL".into(), ..Object::default() };
        let program = &object.programs[0];
        let mut packets: Vec<Packet> = (0..12).map(|_| instructions::packet(&mut random).into()).collect();
        packets.push(vec![7; 60].into());
        let compiled = match compile(&object, program, &target) {
            Ok(compiled) => compiled,
            Err(refusal) => {
                *refusals.entry(refusal.lines().next().unwrap_or_default().to_owned()).or_default() += 1;
                continue;
            }
        };
        accepted += 1;
        let subject =
            Subject { object: &object, program, target: &target, pipeline: Some(&compiled.pipeline) };
        let report = run_all(&subject, kinds, &Maps::new(), &packets)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for (engine, reason) in &report.skipped {
            skip(&format!("{test} on {engine}"), reason);
        }
        if let [first, ..] = report.mismatches.as_slice() {
            panic!("seed {seed}: {} {first}\n{}", first.engine, disasm::listing(&object, program));
        }
    }
    println!("{accepted} of {programs} accepted; refused: {refusals:#?}");
    assert!(10 * accepted >= 7 * programs, "{accepted} of {programs} accepted; refused: {refusals:#?}");
}

const WITHOUT_RTL: [EngineKind; 3] = [EngineKind::Interp, EngineKind::Kernel, EngineKind::Model];

#[test]
fn short_ones_on_the_model() {
    agree("short_ones_on_the_model", &WITHOUT_RTL, 0..200, Isa::V4, 8);
}

#[test]
fn division_and_stack_on_the_model() {
    agree("division_and_stack_on_the_model", &WITHOUT_RTL, 0..200, Isa::V4, 25);
}

#[test]
fn long_ones_on_the_model() {
    agree("long_ones_on_the_model", &WITHOUT_RTL, 0..200, Isa::Pipeline, 60);
}

#[test]
fn some_on_all_engines() {
    agree("some_on_all_engines", &EngineKind::ALL, 10_000..10_060, Isa::V4, 16);
}

/// Multipliers stand in every eighth stage. What lacks registers there was once refused for lack of a unit.
#[test]
fn lack_of_registers_at_rare_units_is_named() {
    let target = Target::named("sim").expect("a built-in target");
    for seed in [1238, 3352] {
        let program = instructions::program(&mut Random::new(seed), Isa::Pipeline, 50, 8);
        let object = Object { programs: vec![program], license: "Dual MIT/GPL".into(), ..Object::default() };
        if let Err(refusal) = compile(&object, &object.programs[0], &target) {
            assert!(refusal.contains("X0503"), "seed {seed}: {refusal}");
        }
    }
}
