// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random programs through the compiler, on every engine. The seed of a program that fails is in the message, and the
//! program made as small as it gets. `WEIR_SEED` chooses other seeds.

use weir_bpf::Object;
use weir_engines::EngineKind;
use weir_pipeline::Target;
use weir_random::Random;
use weir_tests::campaign::Campaign;
use weir_tests::coverage::Coverage;
use weir_tests::instructions::{self, Isa};
use weir_tests::{compile, skip};

/// The first seed: `WEIR_SEED`, or always the same.
fn first_seed() -> u64 {
    std::env::var("WEIR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

/// Runs programs until there have been so many pairs.
fn campaign(kinds: &[EngineKind], packets: usize, pairs: u64) -> Coverage {
    let target = Target::named("sim").expect("a built-in target");
    let mut campaign = Campaign::new(target, kinds, packets);
    let first = first_seed();
    for seed in first..first + 4 * pairs / packets as u64 {
        campaign.run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        if campaign.coverage.pairs >= pairs {
            break;
        }
    }
    println!("seeds from {first}: {}", campaign.coverage.table());
    assert!(campaign.coverage.pairs >= pairs);
    campaign.coverage
}

/// At least 70 of 100 must be accepted and no row may stay empty.
#[test]
fn many_on_the_model() {
    let without_rtl: Vec<EngineKind> =
        EngineKind::ALL.into_iter().filter(|kind| *kind != EngineKind::Rtl).collect();
    let coverage = campaign(&without_rtl, 20, 20_000);
    assert!(10 * coverage.accepted >= 7 * coverage.programs, "too few are accepted");
    let empty = coverage.empty();
    assert!(empty.is_empty(), "{empty:?} not met");
}

/// Many packets to a program, since loading costs more than running.
#[test]
fn some_on_all_engines() {
    if cfg!(not(feature = "rtl")) {
        return skip("some_on_all_engines", "this build is without the simulation");
    }
    campaign(&EngineKind::ALL, 25, 2_500);
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
