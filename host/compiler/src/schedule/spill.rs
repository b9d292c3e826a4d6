// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values that wait in the stack area of the packet context: one store, and a load before each later reader.

use super::place::Prepared;
use crate::dag::order::latency;
use crate::dag::{Dag, Dependence, Input, Kind, Node, Reg};
use weir_pipeline::Target;
use weir_pipeline::words::Size;

/// The stack area, of which each 8 bytes hold one value.
#[derive(Debug)]
pub struct Area {
    next: u32,
    end: u32,
}

impl Area {
    /// The whole area, unused.
    pub fn new(target: &Target) -> Area {
        Area { next: target.stack_base(), end: target.context_bytes() }
    }

    /// Moves one of the registers `live`, held when node `at` found none free, into the area; false if none can be.
    pub fn spill(&mut self, dag: &mut Dag, prepared: &Prepared, live: &[u32], at: usize) -> bool {
        if self.next + 8 > self.end {
            return false;
        }
        let now = prepared.rank[at];
        // The one that is read next the latest.
        let mut best: Option<(usize, Reg)> = None;
        for register in
            live.iter().copied().map(Reg).filter(|r| dag.results.iter().all(|(_, result)| result != r))
        {
            let readers: Vec<usize> = readers(dag, register).collect();
            let written = dag.nodes.iter().enumerate().filter(|(_, n)| n.dst == Some(register));
            let complete = written.clone().all(|(n, _)| prepared.rank[n] < now);
            let spilled = written.clone().any(|(_, n)| matches!(n.kind, Kind::Load { .. }) && n.lazy);
            let next = readers.iter().map(|n| prepared.rank[*n]).filter(|r| *r >= now).min();
            if let (true, false, Some(next)) = (complete, spilled, next)
                && next > now + 1
                && best.is_none_or(|(far, _)| next > far)
            {
                best = Some((next, register));
            }
        }
        let Some((_, register)) = best else { return false };
        let offset = self.next as i16;
        self.next += 8;
        let key = dag.nodes[at].key;
        let store = dag.nodes.len();
        dag.nodes.push(Node {
            kind: Kind::Store { base: Input::Zero, offset, size: Size::B8, data: Input::Reg(register) },
            guard: None,
            dst: None,
            insns: Vec::new(),
            key: 0,
            tie: None,
            lazy: false,
        });
        let mut last = 0;
        for (index, node) in dag.nodes.iter().enumerate() {
            if node.dst == Some(register) {
                let distance = latency(&node.kind) + 1;
                dag.dependences.push(Dependence { from: index, to: store, distance });
                last = last.max(node.key);
            }
        }
        dag.nodes[store].key = last.min(key);
        let late: Vec<usize> =
            readers(dag, register).filter(|n| *n != store && prepared.rank[*n] >= now).collect();
        for reader in late {
            let fresh = Reg(dag.registers);
            dag.registers += 1;
            let load = dag.nodes.len();
            let key = dag.nodes[reader].key;
            let kind = Kind::Load { base: Input::Zero, offset, size: Size::B8 };
            dag.nodes.push(Node {
                kind,
                guard: None,
                dst: Some(fresh),
                insns: Vec::new(),
                key,
                tie: None,
                lazy: true,
            });
            dag.dependences.push(Dependence { from: store, to: load, distance: 1 });
            let writers: Vec<usize> = (0..store).filter(|n| dag.nodes[*n].dst == Some(register)).collect();
            dag.dependences.retain(|d| !(d.to == reader && writers.contains(&d.from)));
            let tied = dag.nodes[reader].tie == Some(register);
            let direct = matches!(dag.nodes[reader].kind, Kind::Alu { .. } | Kind::Cmp { .. }) && !tied;
            dag.dependences.push(Dependence { from: load, to: reader, distance: u32::from(!direct) });
            rename(&mut dag.nodes[reader], register, fresh);
        }
        true
    }
}

fn readers(dag: &Dag, register: Reg) -> impl Iterator<Item = usize> + '_ {
    (0..dag.nodes.len()).filter(move |n| dag.nodes[*n].reads().any(|r| r == register))
}

/// Lets a node read another register.
pub fn rename(node: &mut Node, from: Reg, to: Reg) {
    let turn = |input: &mut Input| {
        if *input == Input::Reg(from) {
            *input = Input::Reg(to);
        }
    };
    if node.tie == Some(from) {
        node.tie = Some(to);
    }
    match &mut node.kind {
        Kind::Alu { a, b, .. } | Kind::Cmp { a, b, .. } | Kind::Late { a, b, .. } => {
            turn(a);
            turn(b);
        }
        Kind::Load { base, .. } => turn(base),
        Kind::Store { base, data, .. } => {
            turn(base);
            turn(data);
        }
    }
}
