// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Nodes onto (pass, stage, unit), with registers and predicates.
//!
//! List scheduling, stage by stage: of what is ready, that with the longest way to the end goes first. What is done
//! early keeps registers busy, so the schedule is tried with windows of several sizes: a node may only go ahead of the
//! oldest one that waits by so many places in the order of the program. The largest window gives the best packing, a
//! window of one the least pressure; the shortest schedule wins.
//!
//! - [`place`]: one schedule.
//! - [`pool`]: registers and predicates of the target.
//! - [`spill`]: values that wait in the stack area when nothing else helps.
//! - [`tables`]: maps to table units.
//! - [`gap`]: the admission gap.
//! - [`emit`]: the words.

pub mod dump;
pub mod emit;
pub mod gap;
pub mod place;
pub mod pool;
pub mod spill;
pub mod tables;

use crate::dag::Dag;
use place::{Failure, Placement, Prepared};
use tables::Tables;
use weir_pipeline::Target;

/// Windows tried.
const WINDOWS: [usize; 8] = [usize::MAX, 128, 64, 32, 16, 8, 3, 1];

/// A schedule that is that long, in passes, is not tried to be improved: what counts then is the time it takes.
const LARGE: usize = 1500;

/// The shortest schedule found.
pub fn schedule(dag: &mut Dag, tables: &Tables, target: &Target) -> Result<Placement, Failure> {
    let mut area = spill::Area::new(target);
    loop {
        let prepared = Prepared::new(dag);
        let mut best: Option<Placement> = None;
        let mut failure = None;
        for window in WINDOWS {
            match place::place(dag, &prepared, tables.clone(), target, window) {
                Ok(found) => {
                    if best.as_ref().is_none_or(|b| found.stages < b.stages) {
                        best = Some(found);
                    }
                    if dag.nodes.len() > LARGE {
                        break;
                    }
                }
                Err(f) => failure = Some(f),
            }
        }
        match (best, failure) {
            (Some(best), _) => return Ok(best),
            // The last window failed: with the least pressure there is.
            (None, Some(Failure::Registers { live, at })) => {
                if !area.spill(dag, &prepared, &live, at) {
                    return Err(Failure::Registers { live, at });
                }
            }
            (None, Some(failure)) => return Err(failure),
            (None, None) => return Err(Failure::Stuck { node: 0 }),
        }
    }
}
