// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The admission gap: how far apart packets must be for each to find the maps as the one before left them.
//!
//! A packet's access at clock `a` must come before a conflicting one of the next packet at clock `b`, counted from
//! each one's admission: `a < b + gap`. So the gap is one more than the largest distance between two conflicting
//! sites. Additions conflict with nothing but reads and writes: their order does not show.

use weir_pipeline::words::LateOp;
use weir_pipeline::{LateUnit, Pipeline, Target};

/// The gap of a pipeline, at least 1.
pub fn gap(pipeline: &Pipeline, target: &Target) -> u32 {
    let mut sites: Vec<(u32, u8, LateOp, u32)> = Vec::new();
    for (pass, stages) in (0..).zip(&pipeline.words) {
        for (stage, word) in (0..).zip(stages) {
            if let (Some(late), LateUnit::Table(unit)) = (word.late, target.late_unit(stage)) {
                sites.push((unit, late.map, late.op, target.site_clock(pass, stage)));
            }
        }
    }
    let mut gap = 1;
    for (index, (unit, map, op, clock)) in sites.iter().enumerate() {
        for (other_unit, other_map, other_op, other_clock) in &sites[index + 1..] {
            let same_map = (unit, map) == (other_unit, other_map);
            let conflict = match (op, other_op) {
                (LateOp::Read, LateOp::Read) | (LateOp::Add, LateOp::Add) => false,
                _ => same_map,
            };
            if conflict {
                gap = gap.max(clock.abs_diff(*other_clock) + 1);
            }
        }
    }
    gap
}
