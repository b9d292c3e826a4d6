// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The interpreter against the kernel on random programs: whatever the interpreter computes, the kernel has computed
//! independently of it.

use weir_bpf::Object;
use weir_engines::{EngineKind, Maps, Packet, Subject, run_all};
use weir_kernel::{KernelEngine, LoadError};
use weir_pipeline::Target;
use weir_random::Random;
use weir_tests::instructions::{self, Isa};
use weir_tests::skip;

const PROGRAMS: u64 = 500;

/// Runs random programs on both engines; the seed of a program that fails is in the message.
fn agree(test: &str, isa: Isa, length: usize, max_jumps: usize) {
    if let Err(reason) = KernelEngine::probe() {
        return skip(test, reason);
    }
    let target = Target::named("sim").expect("a built-in target");
    for seed in 0..PROGRAMS {
        let mut random = Random::new(seed);
        let program = instructions::program(&mut random, isa, length, max_jumps);
        let object = Object { programs: vec![program], license: "Dual MIT/GPL".into(), ..Object::default() };
        let packets: Vec<Packet> = (0..8).map(|_| instructions::packet(&mut random).into()).collect();
        let program = &object.programs[0];
        if isa == Isa::V4
            && let Err(LoadError::Refused { log, .. }) = KernelEngine::new(&object, program)
            && (log.contains("unknown opcode") || log.contains("reserved field"))
        {
            return skip(test, "this kernel does not know the instructions of cpu=v4");
        }
        let subject = Subject { object: &object, program, target: &target, pipeline: None };
        let kinds = [EngineKind::Interp, EngineKind::Kernel];
        let report = run_all(&subject, &kinds, &Maps::new(), &packets)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(report.runs.len(), 2, "seed {seed}: {:?}", report.skipped);
        let [first, ..] = report.mismatches.as_slice() else { continue };
        let registers = "byte 0..72 are R0 to R8 at the end, 72..104 the stack";
        panic!("seed {seed}: {first} ({registers})\n{}", weir_bpf::disasm::listing(&object, program));
    }
}

#[test]
fn arithmetic_and_jumps() {
    agree("arithmetic_and_jumps", Isa::Pipeline, 60, 10);
}

#[test]
fn division_and_stack_between_jumps() {
    agree("division_and_stack_between_jumps", Isa::V3, 60, 10);
}

#[test]
fn v4_between_jumps() {
    agree("v4_between_jumps", Isa::V4, 60, 10);
}

#[test]
fn atomics_in_a_row() {
    agree("atomics_in_a_row", Isa::V4, 60, 0);
}

#[test]
fn single_instructions() {
    agree("single_instructions", Isa::V4, 2, 0);
}
