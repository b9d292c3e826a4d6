// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The admission gap: how far apart packets must be for each to find the maps as the one before left them.
//!
//! A packet's access at clock `a` must come before a conflicting one of the next packet at clock `b`, counted from
//! each one's admission: `a < b + gap`. So the gap is one more than the largest distance between two conflicting
//! sites. Two accesses conflict if they can meet in a byte and their order shows: reads do not conflict with reads, nor
//! additions with additions of the same width (a wide one carries where a narrow one does not).

use super::place::Placement;
use crate::dag::{Dag, Kind};
use weir_pipeline::Target;
use weir_pipeline::words::{LateOp, Size};

#[derive(Clone, Copy)]
struct Site {
    map: usize,
    op: LateOp,
    size: Size,
    span: (u32, u32),
    clock: u32,
}

/// The gap of a schedule, at least 1.
pub fn gap(dag: &Dag, placement: &Placement, target: &Target) -> u32 {
    let mut sites: Vec<Site> = Vec::new();
    for (node, place) in dag.nodes.iter().zip(&placement.places) {
        if let Kind::Late { op, map: Some(map), span, size, .. } = node.kind {
            let clock = target.site_clock(place.stage / target.stages, place.stage % target.stages);
            sites.push(Site { map, op, size, span, clock });
        }
    }
    let mut gap = 1;
    for (index, a) in sites.iter().enumerate() {
        for b in sites[index + 1..].iter().filter(|b| conflict(a, b)) {
            gap = gap.max(a.clock.abs_diff(b.clock) + 1);
        }
    }
    gap
}

fn conflict(a: &Site, b: &Site) -> bool {
    let meet = a.map == b.map && a.span.0 < b.span.1 && b.span.0 < a.span.1;
    let commute = match (a.op, b.op) {
        (LateOp::Read, LateOp::Read) => true,
        (LateOp::Add, LateOp::Add) => a.size == b.size,
        _ => false,
    };
    meet && !commute
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commutes_needs_no_gap() {
        let site = |op, size, span| Site { map: 0, op, size, span, clock: 0 };
        let (read, add, write) = (LateOp::Read, LateOp::Add, LateOp::Write);
        let word = |op| site(op, Size::B8, (0, 8));
        assert!(!conflict(&word(read), &word(read)));
        assert!(!conflict(&word(add), &word(add)));
        assert!(conflict(&word(add), &site(add, Size::B4, (0, 4))));
        assert!(conflict(&word(add), &word(read)));
        assert!(conflict(&word(write), &word(add)));
        assert!(conflict(&word(write), &word(write)));
        assert!(!conflict(&word(write), &site(read, Size::B8, (8, 16))));
        assert!(!conflict(&word(write), &Site { map: 1, ..word(read) }));
    }
}
