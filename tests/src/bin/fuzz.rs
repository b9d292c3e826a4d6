// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `./x fuzz`: random programs on engines until there have been so many (program, packet) pairs, for long runs.
#![forbid(unsafe_code)]

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use weir_engines::EngineKind;
use weir_pipeline::Target;
use weir_tests::campaign::Campaign;

const USAGE: &str = "usage: fuzz [--pairs N] [--engine model|rtl] [--seed S] [--packets P]";

struct Options {
    pairs: u64,
    engine: EngineKind,
    seed: u64,
    packets: usize,
}

fn options() -> Option<Options> {
    let mut options = Options { pairs: 10_000, engine: EngineKind::Model, seed: 1, packets: 50 };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--pairs" => options.pairs = value.parse().ok()?,
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
fn progress(done: u64, of: u64, seed: u64) {
    const WIDTH: u64 = 40;
    let filled = (WIDTH * done.min(of) / of.max(1)) as usize;
    let bar = format!("[{:<40}] {done} of {of} pairs, seed {seed}", "#".repeat(filled));
    let mut stderr = std::io::stderr();
    // What cannot be shown is no reason to stop.
    let _ = if stderr.is_terminal() { write!(stderr, "\r{bar}") } else { writeln!(stderr, "{bar}") };
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
            progress(done, options.pairs, seed);
            shown = done;
        }
        seed += 1;
    }
    println!("\nseeds {} to {}: {}", options.seed, seed - 1, campaign.coverage.table());
    ExitCode::SUCCESS
}
