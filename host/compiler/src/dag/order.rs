// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What must come before what: through registers, predicates and memory.

use super::{Dag, Dependence, Kind};
use crate::ssa::values::Def;
use crate::ssa::{Address, Effect, Function, Site, TableAddress};
use weir_pipeline::LateUnit;
use weir_pipeline::words::{LateOp, Size};

/// A memory access of a node, at one of the places where the program makes it.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    node: usize,
    block: usize,
    place: Place,
    change: Change,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Packet {
        address: Address,
        bytes: i64,
        bounds: (i64, i64),
    },
    Table {
        address: TableAddress,
        size: Size,
    },
    Keys {
        map: usize,
    },
    /// Nothing that another access could meet.
    Nowhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    Add,
    Write,
}

impl Access {
    /// The access of a site, carried out by a node.
    pub fn new(function: &Function, site: &Site, node: usize) -> Access {
        let (place, change) = match site.effect {
            Effect::Load(value) => match *function.values.def(value) {
                Def::Load { address, size, .. } => {
                    let bounds = function.values.load_bounds(value);
                    (Place::Packet { address, bytes: size.bytes().into(), bounds }, Change::None)
                }
                _ => (Place::Nowhere, Change::None),
            },
            Effect::Read(value) => match *function.values.def(value) {
                Def::Read { address, size, .. } => (Place::Table { address, size }, Change::None),
                _ => (Place::Nowhere, Change::None),
            },
            Effect::Key(value) => match *function.values.def(value) {
                Def::Key { op, map, .. } => {
                    let change = if op == LateOp::Find { Change::None } else { Change::Write };
                    (Place::Keys { map }, change)
                }
                _ => (Place::Nowhere, Change::None),
            },
            Effect::Store { address, size, bounds, .. } => {
                (Place::Packet { address, bytes: size.bytes().into(), bounds }, Change::Write)
            }
            Effect::Write { address, size, .. } => (Place::Table { address, size }, Change::Write),
            Effect::Add { address, size, .. } => (Place::Table { address, size }, Change::Add),
        };
        Access { node, block: site.block, place, change }
    }

    /// Whether the order of two accesses matters.
    fn conflicts(&self, other: &Access) -> bool {
        if both_add(self, other) || (self.change == Change::None && other.change == Change::None) {
            return false;
        }
        match (self.place, other.place) {
            (
                Place::Packet { address: a, bytes: m, bounds: (a_least, a_most) },
                Place::Packet { address: b, bytes: n, bounds: (b_least, b_most) },
            ) => {
                if a.var == b.var {
                    a.offset < b.offset + n && b.offset < a.offset + m
                } else {
                    a_least < b_most.saturating_add(n) && b_least < a_most.saturating_add(m)
                }
            }
            (Place::Table { address: a, size: m }, Place::Table { address: b, size: n }) => {
                a.overlaps(m, &b, n)
            }
            (Place::Keys { map: a }, Place::Keys { map: b }) => a == b,
            _ => false,
        }
    }
}

/// Additions of one width do not mind each other's order; of a narrow and a wide one, the wide one carries.
fn both_add(a: &Access, b: &Access) -> bool {
    let width = |access: &Access| match (access.change, access.place) {
        (Change::Add, Place::Table { size, .. }) => Some(size),
        _ => None,
    };
    width(a).is_some() && width(a) == width(b)
}

/// All dependences of a dag.
pub fn dependences(dag: &Dag, accesses: &[Access], reach: &[Vec<u64>]) -> Vec<Dependence> {
    let mut found = Vec::new();
    through_registers(dag, &mut found);
    let mut setter = vec![None; dag.predicates as usize];
    for (index, node) in dag.nodes.iter().enumerate() {
        node.sets().for_each(|p| setter[p.0 as usize] = Some(index));
    }
    for (to, node) in dag.nodes.iter().enumerate() {
        for from in node.predicates().filter_map(|p| setter[p.0 as usize]) {
            found.push(Dependence { from, to, distance: 1 });
        }
    }
    for (index, first) in accesses.iter().enumerate() {
        for second in &accesses[index + 1..] {
            let follows = first.block == second.block
                || reach[first.block][second.block / 64] >> (second.block % 64) & 1 == 1;
            if follows && first.node != second.node && first.conflicts(second) {
                found.push(Dependence { from: first.node, to: second.node, distance: 1 });
            }
        }
    }
    found.sort_unstable_by_key(|d| (d.from, d.to, std::cmp::Reverse(d.distance)));
    found.dedup_by_key(|d| (d.from, d.to));
    found
}

fn through_registers(dag: &Dag, found: &mut Vec<Dependence>) {
    let mut writers = vec![Vec::new(); dag.registers as usize];
    for (index, node) in dag.nodes.iter().enumerate() {
        if let Some(dst) = node.dst {
            writers[dst.0 as usize].push(index);
        }
    }
    for (to, node) in dag.nodes.iter().enumerate() {
        for register in node.reads() {
            let from = &writers[register.0 as usize];
            for index in from {
                let writer = &dag.nodes[*index];
                // A result that may not be written, and a place that is taken over, must be in a register.
                let held = from.len() > 1 || writer.guard.is_some() || node.tie == Some(register);
                let distance = match (held, latency(&writer.kind)) {
                    (true, 0) => 1,
                    (false, 0) => distance(&writer.kind, &node.kind),
                    (_, late) => late + 1,
                };
                found.push(Dependence { from: *index, to, distance });
            }
        }
    }
    // A guarded write comes after the unguarded one that it may replace.
    for writers in writers.iter().filter(|w| w.len() > 1) {
        let guarded = |w: &usize| dag.nodes[*w].guard.is_some();
        for from in writers.iter().filter(|w| !guarded(w)) {
            for to in writers.iter().filter(|w| guarded(w)) {
                let late = |n: &usize| latency(&dag.nodes[*n].kind);
                let distance = (late(from) + 1).saturating_sub(late(to));
                found.push(Dependence { from: *from, to: *to, distance });
            }
        }
    }
}

/// At the end of which stage, counted from its own, a node writes.
pub fn latency(kind: &Kind) -> u32 {
    match kind {
        Kind::Late { op, .. } if op.is_key() => LateUnit::Keys(0).latency(),
        Kind::Late { .. } => LateUnit::Table(0).latency(),
        _ => 0,
    }
}

/// Stages between a node that computes a value at once and one that takes it.
fn distance(from: &Kind, to: &Kind) -> u32 {
    match (from, to) {
        (Kind::Load { .. }, Kind::Alu { .. } | Kind::Cmp { .. }) | (Kind::Alu { .. }, Kind::Cmp { .. }) => 0,
        _ => 1,
    }
}
