// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `./x fuzz`: for long runs, random programs on engines until there have been so many (program, packet) pairs, or so
//! many hostile objects through loader and compiler.
#![forbid(unsafe_code)]

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use weir_engines::EngineKind;
use weir_pipeline::Target;
use weir_random::Random;
use weir_tests::campaign::Campaign;
use weir_tests::hostile::{Fate, bent, broken, originals, peak_memory, try_object};

const USAGE: &str = "usage: fuzz [--pairs N] [--engine model|rtl] [--seed S] [--packets P]
       fuzz --objects N [--seed S]";

struct Options {
    pairs: u64,
    engine: EngineKind,
    seed: u64,
    packets: usize,
    /// Hostile objects to try instead.
    objects: u64,
}

fn options() -> Option<Options> {
    let mut options = Options { pairs: 10_000, engine: EngineKind::Model, seed: 1, packets: 50, objects: 0 };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--pairs" => options.pairs = value.parse().ok()?,
            "--objects" => options.objects = value.parse().ok()?,
            "--seed" => options.seed = value.parse().ok()?,
            "--packets" => options.packets = value.parse().ok().filter(|packets| *packets > 0)?,
            "--engine" => {
                options.engine = EngineKind::from_name(&value)?;
                if !matches!(options.engine, EngineKind::Model | EngineKind::Rtl) {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(options)
}

/// A line that is written over where a terminal shows it, and now and then where it is kept.
fn progress(what: &str, done: u64, of: u64, seed: u64) {
    const WIDTH: u64 = 40;
    let filled = (WIDTH * done.min(of) / of.max(1)) as usize;
    let bar = format!("[{:<40}] {done} of {of} {what}, seed {seed}", "#".repeat(filled));
    let mut stderr = std::io::stderr();
    // What cannot be shown is no reason to stop.
    let _ = if stderr.is_terminal() { write!(stderr, "\r{bar}") } else { writeln!(stderr, "{bar}") };
}

/// Hostile objects from a seed on.
fn objects(first: u64, count: u64, target: &Target) -> Result<String, String> {
    let originals = originals().map_err(|e| e.to_string())?;
    let mut sum = Fate::default();
    let mut parsed = 0;
    for seed in first..first + count {
        let mut random = Random::new(seed);
        let change = if random.one_in(3) { broken } else { bent };
        let bytes = change(&originals, &mut random);
        let fate = try_object(&bytes, target, seed).map_err(|what| format!("seed {seed}: {what}"))?;
        parsed += u64::from(fate.parsed);
        sum.accepted += fate.accepted;
        sum.agreed += fate.agreed;
        let done = seed + 1 - first;
        if done.is_multiple_of((count / 100).max(1)) {
            progress("objects", done, count, seed);
        }
    }
    let memory = peak_memory().unwrap_or_default() >> 20;
    Ok(format!(
        "{parsed} of {count} objects parsed, {} programs accepted, {} run alike, at most {memory} MiB",
        sum.accepted, sum.agreed
    ))
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let target = match Target::named("sim") {
        Ok(target) => target,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if options.objects > 0 {
        return match objects(options.seed, options.objects, &target) {
            Ok(summary) => {
                println!("\n{summary}");
                ExitCode::SUCCESS
            }
            Err(failure) => {
                eprintln!("\n{failure}");
                ExitCode::FAILURE
            }
        };
    }
    let kinds: Vec<EngineKind> = EngineKind::ALL
        .into_iter()
        .filter(|kind| options.engine == EngineKind::Rtl || *kind != EngineKind::Rtl)
        .collect();
    let mut campaign = Campaign::new(target, &kinds, options.packets);
    let every = (options.pairs / 100).max(1);
    let (mut seed, mut shown) = (options.seed, 0);
    while campaign.coverage.pairs < options.pairs {
        if let Err(failure) = campaign.run(seed) {
            eprintln!("\n{failure}");
            return ExitCode::FAILURE;
        }
        let done = campaign.coverage.pairs;
        if done >= shown + every || done >= options.pairs {
            progress("pairs", done, options.pairs, seed);
            shown = done;
        }
        seed += 1;
    }
    println!("\nseeds {} to {}: {}", options.seed, seed - 1, campaign.coverage.table());
    ExitCode::SUCCESS
}
