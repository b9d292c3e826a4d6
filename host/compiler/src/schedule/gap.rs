// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The admission gap: how far apart packets must be for each to find the maps as the one before left them.
//!
//! A packet's access at clock `a` must come before a conflicting one of the next packet at clock `b`, counted from
//! each one's admission: `a < b + gap`. So the gap is one more than the largest distance between two conflicting
//! sites. Two accesses conflict if they can meet in a byte and their order shows: reads do not conflict with reads, nor
//! additions with additions of the same width (a wide one carries where a narrow one does not), nor a read with an
//! addition that cannot change a bit that anything depends on. Key operations conflict but for finds; they take several
//! clocks, so the later one must come by so much later.
//!
//! A lookup port sees a write [`PORT_CLOCKS`] clocks late. So a read there at `r` comes after a write at `w` if
//! `w + PORT_CLOCKS <= r + gap`, and before it if `r < w + gap + PORT_CLOCKS`.

use super::place::Placement;
use crate::dag::bits::Bits;
use crate::dag::{Dag, Kind, Node};
use weir_pipeline::target::{KEY_HAZARD_CLOCKS, PORT_CLOCKS};
use weir_pipeline::words::{LateOp, Size};
use weir_pipeline::{LateUnit, Target};

#[derive(Clone, Copy)]
struct Site {
    /// Map of a table access.
    map: usize,
    op: LateOp,
    size: Size,
    span: (u32, u32),
    /// Bits, from the first byte on, that count: that an addition can change, that something depends on in a read.
    bits: u64,
    clock: u32,
    /// At a lookup port, not at the table unit itself.
    port: bool,
    /// Key unit of a key operation.
    unit: u32,
}

/// The gap of a schedule, at least 1.
pub fn gap(dag: &Dag, placement: &Placement, target: &Target) -> u32 {
    widest(dag, placement, target).0
}

/// The gap of a schedule and, if it is more than 1, the two nodes that it is for.
pub fn widest(dag: &Dag, placement: &Placement, target: &Target) -> (u32, Option<(usize, usize)>) {
    let mut sites: Vec<(usize, Site)> = Vec::new();
    let known = Bits::new(dag);
    for (index, (node, place)) in dag.nodes.iter().zip(&placement.places).enumerate() {
        if let Kind::Late { op, map: Some(map), span, size, .. } = node.kind {
            let stage = place.stage % target.stages;
            let clock = target.site_clock(place.stage / target.stages, stage);
            let port = matches!(target.late_unit(stage), LateUnit::Port(_));
            let unit = placement.tables.key_unit(map).unwrap_or(0);
            let bits = bits(node, &known) & (u64::MAX >> (64 - 8 * size.bytes()));
            sites.push((index, Site { map, op, size, span, bits, clock, port, unit }));
        }
    }
    let mut widest = (1, None);
    for (at, (first, a)) in sites.iter().enumerate() {
        // A key operation takes several clocks, so that even two packets at one site meet.
        for (second, b) in sites[at..].iter().filter(|(_, b)| conflict(a, b)) {
            let clocks = distance(a, b);
            if clocks > widest.0 {
                widest = (clocks, Some((*first, *second)));
            }
        }
    }
    widest
}

fn bits(node: &Node, known: &Bits) -> u64 {
    match node.kind {
        Kind::Late { op: LateOp::Add, b, .. } => known.changed_by_adding(b),
        Kind::Late { op: LateOp::Read, .. } => node.dst.map_or(0, |dst| known.demanded(dst)),
        _ => u64::MAX,
    }
}

/// Clocks between two packets for conflicting accesses to keep their order, whichever comes first in the program.
fn distance(a: &Site, b: &Site) -> u32 {
    match (a.port, b.port) {
        (true, false) => distance_to_port(b.clock, a.clock),
        (false, true) => distance_to_port(a.clock, b.clock),
        _ => a.clock.abs_diff(b.clock) + if a.op.is_key() { KEY_HAZARD_CLOCKS } else { 1 },
    }
}

/// Of a write at a table unit and a read at a port of it.
fn distance_to_port(write: u32, read: u32) -> u32 {
    let after = (write + PORT_CLOCKS).saturating_sub(read);
    let before = (read + 1).saturating_sub(write + PORT_CLOCKS);
    after.max(before)
}

fn conflict(a: &Site, b: &Site) -> bool {
    match (a.op.is_key(), b.op.is_key()) {
        (true, true) => keys_conflict(a, b),
        (false, false) => values_conflict(a, b),
        _ => false,
    }
}

fn values_conflict(a: &Site, b: &Site) -> bool {
    let meet = a.map == b.map && a.span.0 < b.span.1 && b.span.0 < a.span.1;
    if !meet {
        return false;
    }
    match (a.op, b.op) {
        (LateOp::Read, LateOp::Read) => false,
        (LateOp::Add, LateOp::Add) => a.size != b.size,
        (LateOp::Read, LateOp::Add) | (LateOp::Add, LateOp::Read) => meet_in_bits(a, b),
        _ => true,
    }
}

/// Whether two accesses that meet in a byte can meet in a bit that counts.
fn meet_in_bits(a: &Site, b: &Site) -> bool {
    // At variable places within the value: any bit of one can be any of the other.
    let fixed = |site: &Site| site.span.1 - site.span.0 == site.size.bytes();
    if !fixed(a) || !fixed(b) {
        return a.bits != 0 && b.bits != 0;
    }
    let first = a.span.0.min(b.span.0);
    let placed = |site: &Site| u128::from(site.bits) << (8 * (site.span.0 - first));
    placed(a) & placed(b) != 0
}

/// Of one map all but finds. Maps in one unit share its stash: whether an insert finds room there depends on the
/// inserts and deletes of the others.
fn keys_conflict(a: &Site, b: &Site) -> bool {
    if a.map == b.map {
        return (a.op, b.op) != (LateOp::Find, LateOp::Find);
    }
    let inserts = a.op == LateOp::Insert || b.op == LateOp::Insert;
    a.unit == b.unit && inserts && a.op != LateOp::Find && b.op != LateOp::Find
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commutes_needs_no_gap() {
        let site =
            |op, size, span| Site { map: 0, op, size, span, bits: u64::MAX, clock: 0, port: false, unit: 0 };
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

    #[test]
    fn an_addition_disturbs_a_read_in_bits_that_count() {
        let site = |op, size: Size, at, bits| Site {
            map: 0,
            op,
            size,
            span: (at, at + size.bytes()),
            bits,
            clock: 0,
            port: false,
            unit: 0,
        };
        let adds_64 = site(LateOp::Add, Size::B8, 0, !63);
        let read = |size, at, bits| site(LateOp::Read, size, at, bits);
        assert!(!conflict(&read(Size::B8, 0, 63), &adds_64) && !conflict(&adds_64, &read(Size::B8, 0, 63)));
        assert!(conflict(&read(Size::B8, 0, 64), &adds_64));
        assert!(conflict(&read(Size::B8, 0, 1 << 63), &adds_64));
        assert!(!conflict(&read(Size::B1, 0, 63), &adds_64) && conflict(&read(Size::B1, 1, 63), &adds_64));
        assert!(conflict(&read(Size::B4, 4, 1), &adds_64) && !conflict(&read(Size::B8, 8, 64), &adds_64));
        // Far apart in the value: they meet in no byte.
        assert!(!conflict(&read(Size::B8, 16, u64::MAX), &adds_64));
        // The upper half of a word: the sum reaches bits 38 and up of it.
        let upper = site(LateOp::Add, Size::B4, 4, 0xffff_ffc0);
        assert!(!conflict(&read(Size::B8, 0, (1 << 38) - 1), &upper));
        assert!(conflict(&read(Size::B8, 0, 1 << 38), &upper) && conflict(&read(Size::B2, 6, 1), &upper));
        // Somewhere in the value, or nowhere that counts.
        let somewhere = Site { span: (0, 16), ..read(Size::B8, 0, 63) };
        assert!(
            conflict(&somewhere, &adds_64)
                && conflict(&read(Size::B8, 0, 63), &Site { span: (0, 16), ..adds_64 })
        );
        assert!(!conflict(&Site { bits: 0, ..somewhere }, &adds_64));
        assert!(conflict(&Site { op: LateOp::Write, ..adds_64 }, &read(Size::B8, 0, 63)));
    }

    #[test]
    fn a_port_sees_changes_late() {
        let word = Site {
            map: 0,
            op: LateOp::Read,
            size: Size::B8,
            span: (0, 8),
            bits: u64::MAX,
            clock: 0,
            port: false,
            unit: 0,
        };
        let at = |op, port, clock| Site { op, port, clock, ..word };
        let (change, read) = (|clock| at(LateOp::Write, false, clock), |clock| at(LateOp::Read, true, clock));
        // The next packet's read sees a change of 3 clocks ago, ...
        assert_eq!(distance(&read(7), &change(19)), 15);
        assert_eq!(distance(&change(19), &read(7)), 15);
        assert_eq!(distance(&change(3), &read(7)), 2);
        assert_eq!(distance(&change(3), &read(5)), 1);
        // ... and one of the packet before not one of 2 clocks ago.
        assert_eq!(distance(&change(3), &read(23)), 18);
        assert_eq!(distance(&change(3), &at(LateOp::Read, false, 23)), 21);
    }

    #[test]
    fn keys_conflict_within_a_map_and_through_the_stash() {
        let word = Site {
            map: 0,
            op: LateOp::Find,
            size: Size::B8,
            span: (0, 0),
            bits: u64::MAX,
            clock: 0,
            port: false,
            unit: 0,
        };
        let site = |op, map, unit| Site { op, map, unit, ..word };
        let (find, insert, delete) = (LateOp::Find, LateOp::Insert, LateOp::Delete);
        let apart = |a, b, unit| conflict(&site(a, 0, 0), &site(b, 1, unit));
        assert!(!conflict(&site(find, 0, 0), &site(find, 0, 0)));
        assert!(conflict(&site(find, 0, 0), &site(insert, 0, 0)));
        assert!(conflict(&site(delete, 0, 0), &site(find, 0, 0)));
        assert!(apart(insert, insert, 0) && apart(insert, delete, 0) && apart(delete, insert, 0));
        assert!(!apart(insert, insert, 1) && !apart(delete, delete, 0));
        assert!(!apart(insert, find, 0) && !apart(find, delete, 0));
    }
}
