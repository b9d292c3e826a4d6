// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `./x synth`: what the emitted design costs on an FPGA, by yosys.
//!
//! The design is cut into blocks ([`cut`]): modules that stand in it several times, such as the stages of one kind,
//! and the rest. Each distinct block is flattened and synthesised once, the other blocks being black boxes to it, and
//! its cells count as often as it stands in the design. Nothing is left out: stage words, table units, packet buffer,
//! ingress and egress all count, and the sum is divided by the number of stages.
//!
//! These are areas after technology mapping. Nothing is placed or routed, and two small functions that could share one
//! LUT count as two.

mod cells;
mod cut;
mod family;
mod yosys;

use crate::process::{announce, conclude, human};
use crate::repository::Repository;
use crate::verilog;
use anyhow::{Context, Result, bail};
use cells::Area;
use cut::Block;
use family::Family;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;
use weir_pipeline::Target;
use yosys::Yosys;

/// The target whose area is stated where none is named.
pub const TARGET: &str = "sim-lean";

/// Synthesises everything and prints the tables.
pub fn run(repository: &Repository, target: &str) -> Result<()> {
    let start = Instant::now();
    let target = Target::named(target)?;
    let work = repository.target_dir().join("synth").join(&target.name);
    let yosys = Yosys::find(repository)?;
    let blocks = blocks(repository, &yosys, &target.name, &work)?;
    let areas = synthesise(&yosys, &blocks, &work)?;
    println!("{}", yosys.version()?);
    println!(
        "target {}: {} stages, {} passes, {} program slots",
        target.name, target.stages, target.passes, target.program_slots
    );
    for family in Family::ALL {
        table(*family, &blocks, &areas);
    }
    println!("synthesised in {}", human(start.elapsed()));
    println!();
    for family in Family::ALL.iter().rev() {
        let total = total(*family, &blocks, &areas);
        let average = total.luts() / f64::from(target.stages);
        match family {
            Family::UltraScalePlus => println!("average overlay stage: {average:.0} {}", family.lut()),
            Family::Ecp5 => {
                println!("average overlay stage on {}: {average:.0} {}", family.name(), family.lut())
            }
        }
    }
    Ok(())
}

/// `./x test`: yosys takes the design and finds no latch in it.
pub fn check(repository: &Repository) -> Result<()> {
    let yosys = Yosys::find(repository)?;
    let work = repository.target_dir().join("synth").join(verilog::TARGET);
    blocks(repository, &yosys, verilog::TARGET, &work).map(drop)
}

/// Emits the design, has it read by yosys, refuses latches, and cuts it into blocks.
fn blocks(repository: &Repository, yosys: &Yosys, target: &str, work: &Path) -> Result<Vec<Block>> {
    let dir = work.join("verilog");
    verilog::emit(repository, target, &dir)?;
    let what = "read the design with yosys, refuse latches";
    let since = announce(what);
    let survey = yosys.survey(work);
    conclude(what, since, survey.is_ok());
    cut::cut(&survey?, verilog::TOP)
}

type Areas = Vec<(Family, usize, Area)>;

/// Synthesises every block for every family, as many at a time as there are processors.
fn synthesise(yosys: &Yosys, blocks: &[Block], work: &Path) -> Result<Areas> {
    let mut jobs: Vec<(Family, usize)> = Vec::new();
    for index in 0..blocks.len() {
        jobs.extend(Family::ALL.iter().map(|family| (*family, index)));
    }
    // Jobs are taken from the end; the long ones first keep all processors busy to the last.
    jobs.sort_by_key(|(_, index)| blocks[*index].weight);
    let what = format!("synthesise {} blocks for {} families", blocks.len(), Family::ALL.len());
    let since = announce(&what);
    let (jobs, done) = (Mutex::new(jobs), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    let worker = || -> Result<()> {
        loop {
            let job = jobs.lock().ok().and_then(|mut jobs| jobs.pop());
            let Some((family, index)) = job else { return Ok(()) };
            let since = Instant::now();
            let area = yosys.synthesise(work, family, blocks, index)?;
            eprintln!("    {:>8} {} for {}", human(since.elapsed()), blocks[index].name, family.name());
            if let Ok(mut done) = done.lock() {
                done.push((family, index, area));
            }
        }
    };
    let outcomes: Vec<Result<()>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| bail!("a worker panicked")))
            .collect()
    });
    let outcome: Result<Vec<()>> = outcomes.into_iter().collect();
    conclude(&what, since, outcome.is_ok());
    outcome?;
    done.into_inner().ok().context("a worker panicked")
}

fn total(family: Family, blocks: &[Block], areas: &Areas) -> Area {
    let mut total = Area::default();
    for (_, index, area) in areas.iter().filter(|(of, _, _)| *of == family) {
        total.add(area, blocks[*index].instances);
    }
    total
}

fn table(family: Family, blocks: &[Block], areas: &Areas) {
    let lut = family.lut();
    println!("\n{}: {}", family.name(), family.command());
    println!(
        "{:<40} {:>5} {:>9} {:>9} {:>6} {:>7} {:>9} {:>7} {:>5} {:>10}",
        "block",
        "times",
        "logic",
        "LUTRAM",
        "SRL",
        "MUXF",
        "FF",
        "BRAM",
        "DSP",
        format!("all {lut}")
    );
    let row = |name: &str, times: usize, area: &Area| {
        println!(
            "{:<40} {:>5} {:>9} {:>9} {:>6} {:>7} {:>9} {:>7} {:>5} {:>10}",
            name,
            times,
            area.logic,
            area.lutram,
            area.srl,
            area.wide,
            area.ff,
            area.bram_halves as f64 / 2.0,
            area.dsp,
            area.luts()
        );
    };
    for (index, block) in blocks.iter().enumerate() {
        if let Some((_, _, area)) = areas.iter().find(|(of, at, _)| *of == family && *at == index) {
            row(&block.name, block.instances, area);
        }
    }
    row("all, times as often as they stand there", 1, &total(family, blocks, areas));
}
