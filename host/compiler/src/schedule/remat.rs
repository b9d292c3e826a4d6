// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values that are cheaper to compute again than to hold: loads at constant addresses that no store follows.
//!
//! Loads of one place are one value, however far apart the program makes them. Where registers are short, each reader
//! far from the one before gets a load of its own, done just before it.

use super::place::Prepared;
use super::spill::rename;
use crate::dag::{Dag, Dependence, Input, Kind, Node, Reg};

/// Readers that are this close in the order of the program share a value.
const NEAR: usize = 12;

/// Splits what can be split; false if there was nothing.
pub fn rematerialise(dag: &mut Dag, prepared: &Prepared) -> bool {
    let mut readers = vec![Vec::new(); dag.registers as usize];
    let mut writers = vec![0; dag.registers as usize];
    for (index, node) in dag.nodes.iter().enumerate() {
        node.reads().for_each(|r| readers[r.0 as usize].push(index));
        node.dst.iter().for_each(|r| writers[r.0 as usize] += 1);
    }
    let mut before_store = vec![false; dag.nodes.len()];
    let mut earlier: Vec<Vec<Dependence>> = vec![Vec::new(); dag.nodes.len()];
    for d in &dag.dependences {
        before_store[d.from] |= matches!(dag.nodes[d.to].kind, Kind::Store { .. });
        earlier[d.to].push(*d);
    }
    let mut moved: Vec<(usize, usize)> = Vec::new();
    for index in 0..dag.nodes.len() {
        let node = &dag.nodes[index];
        let (Kind::Load { base: Input::Zero, .. }, Some(register), None) = (&node.kind, node.dst, node.guard)
        else {
            continue;
        };
        let own = &mut readers[register.0 as usize];
        own.sort_unstable_by_key(|r| prepared.rank[*r]);
        own.dedup();
        if writers[register.0 as usize] > 1 || before_store[index] || node.lazy {
            continue;
        }
        let mut last = prepared.rank[index];
        for reader in own.clone() {
            let far = prepared.rank[reader] > last + NEAR;
            last = prepared.rank[reader];
            if far {
                again(dag, index, register, reader, &earlier[index]);
                moved.push((index, reader));
            }
        }
    }
    moved.sort_unstable();
    dag.dependences.retain(|d| moved.binary_search(&(d.from, d.to)).is_err());
    // A load that all readers have left computes nothing that is wanted; it must not hold a register for it.
    let read: std::collections::BTreeSet<Reg> = dag.nodes.iter().flat_map(Node::reads).collect();
    for (index, _) in &moved {
        let node = &mut dag.nodes[*index];
        if node.dst.is_some_and(|r| !read.contains(&r)) {
            node.dst = None;
        }
    }
    !moved.is_empty()
}

fn again(dag: &mut Dag, load: usize, register: Reg, reader: usize, earlier: &[Dependence]) {
    let fresh = Reg(dag.registers);
    dag.registers += 1;
    let copy = dag.nodes.len();
    let key = dag.nodes[reader].key;
    dag.nodes.push(Node { dst: Some(fresh), key, lazy: true, ..dag.nodes[load].clone() });
    dag.dependences.extend(earlier.iter().map(|d| Dependence { to: copy, ..*d }));
    let tied = dag.nodes[reader].tie == Some(register);
    let direct = matches!(dag.nodes[reader].kind, Kind::Alu { .. } | Kind::Cmp { .. }) && !tied;
    dag.dependences.push(Dependence { from: copy, to: reader, distance: u32::from(!direct) });
    rename(&mut dag.nodes[reader], register, fresh);
}
