// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `./x mutants`: would the tests notice a wrong operator in the RTL?
//!
//! Seeded faults, each a single operator, constant or condition, go into the emitted Verilog, and the tests that run
//! the Verilated model run once for each. A fault is caught if a test fails, ends early, or never ends.
//!
//! Verilating is what costs, so it happens once: all faults stand in one model, behind comparisons with a number that
//! the model takes from the environment when it is made ([`schema`]). With number 0 it is the design as emitted, and
//! with that the tests must pass.

mod runner;
mod schema;
mod site;

use crate::process::{announce, conclude, human};
use crate::repository::Repository;
use crate::verilog;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use runner::{Outcome, Runner};
use site::Site;
use std::path::Path;
use std::time::{Duration, Instant};

/// What to do.
pub struct Options {
    /// Chooses the faults; the same seed and design give the same faults.
    pub seed: u64,
    /// How many faults.
    pub count: usize,
}

impl Options {
    /// From `[--seed N] [--count M]`.
    pub fn parse(arguments: &[&str]) -> Result<Options> {
        let mut options = Options { seed: 1, count: 10 };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { bail!("`{}` wants a number", pair[0]) };
            let number = value.parse().with_context(|| format!("{name} {value}"))?;
            match *name {
                "--seed" => options.seed = number,
                "--count" => options.count = usize::try_from(number)?,
                _ => bail!("usage: ./x mutants [--seed N] [--count M]"),
            }
        }
        Ok(options)
    }
}

/// How many faults were caught.
pub struct Caught {
    /// So many.
    pub caught: usize,
    /// Of so many.
    pub count: usize,
}

/// Puts faults in, runs the tests, lists the survivors and prints the closing line.
pub fn run(repository: &Repository, options: &Options) -> Result<Caught> {
    let work = repository.target_dir().join("mutants");
    let (original, faulty) = (work.join("original"), work.join("verilog"));
    verilog::emit(repository, verilog::TARGET, &original)?;
    let path = original.join(verilog::FILE);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let faults = site::choose(site::find(&text), options.seed, options.count);
    if faults.len() < options.count {
        bail!("the design has only {} places for faults", faults.len());
    }
    copy_files(&original, &faulty)?;
    std::fs::write(faulty.join(verilog::FILE), schema::apply(&text, &faults))?;

    let what = format!("Verilate the design with {} faults (seed {})", faults.len(), options.seed);
    let since = announce(&what);
    let runner = Runner::build(repository, &faulty, &work.join("build"))?;
    conclude(&what, since, true);

    let what = "the tests without a fault";
    let since = announce(what);
    let healthy = runner.run(0, Duration::from_secs(1800))?;
    conclude(what, since, healthy == Outcome::Passed);
    if let Outcome::Failed(test) = healthy {
        bail!("{test} without any fault; nothing can be said about faults");
    }
    // A fault may make the model wait for what never comes; several times the usual is never.
    let limit = since.elapsed() * 4 + Duration::from_secs(30);
    let survivors = run_all(&runner, &faults, limit)?;
    for site in &survivors {
        println!(
            "survived: {}:{} in {} ({})\n  - {}\n  + {}",
            verilog::FILE,
            site.line,
            site.module,
            site.what,
            site.before,
            site.after
        );
    }
    let caught = Caught { caught: faults.len() - survivors.len(), count: faults.len() };
    println!("{} of {} caught", caught.caught, caught.count);
    Ok(caught)
}

fn run_all<'a>(runner: &Runner, faults: &'a [Site], limit: Duration) -> Result<Vec<&'a Site>> {
    let bar = ProgressBar::new(faults.len() as u64);
    bar.set_style(ProgressStyle::with_template("    [{bar:40}] {pos}/{len} faults, {eta} to go {msg}")?);
    bar.tick();
    let mut survivors = Vec::new();
    for (index, site) in faults.iter().enumerate() {
        let since = Instant::now();
        let outcome = runner.run(index + 1, limit)?;
        let how = match &outcome {
            Outcome::Passed => "SURVIVED".to_owned(),
            Outcome::Failed(test) => format!("caught: {test}"),
        };
        if outcome == Outcome::Passed {
            survivors.push(site);
        }
        let line =
            format!("{:3} {} ({}): {how} in {}", index + 1, site.module, site.what, human(since.elapsed()));
        // Without a terminal there is no bar to print above.
        if bar.is_hidden() {
            eprintln!("{line}")
        } else {
            bar.println(line)
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(survivors)
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
