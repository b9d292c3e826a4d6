// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Nodes onto (pass, stage, unit), with registers and predicates.
//!
//! List scheduling, stage by stage: of what is ready, that with the longest way to the end goes first. What is done
//! early keeps registers busy, so the schedule is tried with windows of several sizes: a node may only go ahead of the
//! oldest one that waits by so many places in the order of the program. The largest window gives the best packing, a
//! window of one the least pressure. Where that does not reach a packet a clock, two more ways are tried, and both at
//! once: to read maps that are changed later at a lookup port, even if a table unit comes first, and to put words of values
//! that no access meets together into several table units. The schedule of the highest rate wins, of those the shortest.
//!
//! - [`place`]: one schedule.
//! - [`pool`]: registers and predicates of the target.
//! - [`remat`]: values that are computed again rather than held.
//! - [`spill`]: values that wait in the stack area when nothing else helps.
//! - [`tables`]: maps to table units.
//! - [`parts`]: words of maps that go to another one.
//! - [`gap`]: the admission gap.
//! - [`emit`]: the words.

pub mod dump;
pub mod emit;
pub mod gap;
pub mod parts;
pub mod place;
pub mod pool;
pub mod remat;
pub mod spill;
pub mod tables;

use crate::dag::Dag;
use place::{Failure, Placement, Prepared};
use tables::Tables;
use weir_pipeline::Target;

/// Windows tried.
const WINDOWS: [usize; 7] = [usize::MAX, 96, 48, 24, 12, 4, 1];

/// Windows tried for programs of more nodes than [`LARGE`]: there, the time that it takes counts.
const WINDOWS_OF_LARGE: [usize; 4] = [128, 24, 6, 1];

/// Nodes up to which all windows are tried.
const LARGE: usize = 400;

/// The best schedule found.
pub fn schedule(dag: &mut Dag, tables: &Tables, target: &Target) -> Result<Placement, Failure> {
    let mut area = spill::Area::new(target);
    let mut held = true;
    loop {
        let prepared = Prepared::new(dag);
        let (live, at) = match attempt(dag, &prepared, tables, target) {
            Err(Failure::Registers { live, at }) => (live, at),
            other => return other,
        };
        // With the least pressure there is, registers do not suffice.
        let again = std::mem::take(&mut held) && remat::rematerialise(dag, &prepared);
        if !again && !area.spill(dag, &prepared, &live, at) {
            return Err(Failure::Registers { live, at });
        }
    }
}

/// Clocks between two packets, then stages: the less, the better.
type Price = (u32, u32);

fn attempt(dag: &Dag, prepared: &Prepared, tables: &Tables, target: &Target) -> Result<Placement, Failure> {
    let large = dag.nodes.len() > LARGE;
    let mut best = attempt_windows(dag, prepared, tables, target);
    if large || best.as_ref().is_ok_and(|((clocks, _), _)| *clocks == 1) {
        return best.map(|(_, found)| found);
    }
    let ports = target.units.ports.before != 0;
    let patient = |tables: &Tables| if ports { tables.patient(dag) } else { None };
    let apart = tables.apart(dag);
    let both = apart.as_ref().and_then(patient);
    for tables in [patient(tables), apart, both].into_iter().flatten() {
        let Ok((price, found)) = attempt_windows(dag, prepared, &tables, target) else { continue };
        if best.as_ref().map_or(true, |(least, _)| price < *least) {
            best = Ok((price, found));
        }
    }
    best.map(|(_, found)| found)
}

/// The best schedule of all windows and its price.
fn attempt_windows(
    dag: &Dag,
    prepared: &Prepared,
    tables: &Tables,
    target: &Target,
) -> Result<(Price, Placement), Failure> {
    let large = dag.nodes.len() > LARGE;
    let windows = if large { &WINDOWS_OF_LARGE[..] } else { &WINDOWS[..] };
    let mut best: Option<(Price, Placement)> = None;
    let mut failure = Failure::Passes;
    let mut worse = 0;
    for window in windows {
        match place::place(dag, prepared, tables.clone(), target, *window) {
            Ok(found) => {
                let passes = found.stages.div_ceil(target.stages);
                let price = (target.interval(passes, gap::gap(dag, &found, target)), found.stages);
                if large {
                    return Ok((price, found));
                }
                if best.as_ref().is_none_or(|(least, _)| price < *least) {
                    best = Some((price, found));
                    worse = 0;
                } else {
                    // Smaller windows only get worse from here.
                    worse += 1;
                    if worse == 2 {
                        break;
                    }
                }
            }
            Err(f) => failure = f,
        }
    }
    best.ok_or(failure)
}
