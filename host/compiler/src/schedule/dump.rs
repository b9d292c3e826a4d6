// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Text form of a schedule, for people.

use super::place::Placement;
use crate::dag::Dag;
use std::fmt::Write;
use weir_pipeline::words::layout::STAGE_WORD;
use weir_pipeline::{LateUnit, Target};

/// Nodes by stage and unit.
pub fn dump(dag: &Dag, placement: &Placement, target: &Target) -> String {
    let mut order: Vec<usize> = (0..dag.nodes.len()).collect();
    order.sort_by_key(|n| (placement.places[*n].stage, placement.places[*n].unit));
    let mut text = String::new();
    for node in order {
        let place = &placement.places[node];
        let (pass, stage) = (place.stage / target.stages, place.stage % target.stages);
        let unit = match (STAGE_WORD[usize::from(place.unit)].0, target.late_unit(stage)) {
            ("late", LateUnit::Port(_)) => "port",
            (unit, _) => unit,
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{pass}.{stage:<3} {unit:5} {}", dag.nodes[node]);
    }
    text
}
