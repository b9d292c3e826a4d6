// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One schedule: every node gets a stage and a unit, every register and predicate a physical one.

use super::pool::{Physical, Pool};
use super::tables::{Home, Tables};
use crate::dag::order::latency;
use crate::dag::{Dag, Input, Kind, Node};
use std::collections::{BTreeSet, BinaryHeap};
use weir_pipeline::words::{LateOp, Source};
use weir_pipeline::{LateUnit, Target};

/// What all attempts at one dag share.
#[derive(Debug)]
pub struct Prepared {
    /// Dependences by the node they start from: node, distance.
    after: Vec<Vec<(usize, u32)>>,
    /// Dependences by node that have to be met.
    before: Vec<u32>,
    /// Longest way to the end, in stages.
    height: Vec<u32>,
    /// Places in the order of the program.
    pub rank: Vec<usize>,
}

/// Where a node is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Stage, counted over all passes.
    pub stage: u32,
    /// Unit, as index into [`weir_pipeline::words::layout::STAGE_WORD`].
    pub unit: u8,
    /// Its operands, in the order of [`Node::reads`].
    pub sources: [Source; 2],
    /// Register that it writes, if its result outlives the stage.
    pub dst: Option<Physical>,
    /// Predicates that it reads: inputs of the truth tables, guard.
    pub inputs: [Physical; 3],
    /// Predicates that it sets.
    pub out: [Physical; 2],
}

/// A schedule.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Places by node.
    pub places: Vec<Place>,
    /// Stages up to the last that is used.
    pub stages: u32,
    /// Moves that bring the results to their registers, one in each of the last stages: to, from.
    pub moves: Vec<(Physical, Physical)>,
    /// Maps with their units.
    pub tables: Tables,
}

/// Why there is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// More passes than the target has.
    Passes,
    /// Too many registers at this node.
    Registers {
        /// Registers, before allocation, that are held there.
        live: Vec<u32>,
        /// The oldest node that waits.
        at: usize,
    },
    /// Too many predicates.
    Predicates {
        /// The oldest node that waits.
        at: usize,
    },
    /// A node reads what nobody has written: a mistake of the compiler.
    Undefined {
        /// The node.
        node: usize,
    },
    /// No stage has the unit that this node needs.
    Stuck {
        /// The node.
        node: usize,
    },
}

impl Prepared {
    /// Looks at a dag.
    pub fn new(dag: &Dag) -> Prepared {
        let count = dag.nodes.len();
        let mut after = vec![Vec::new(); count];
        let mut before = vec![0; count];
        for d in &dag.dependences {
            after[d.from].push((d.to, d.distance));
            before[d.to] += 1;
        }
        // The order of the program, as far as dependences let it stand. What a pass has made late counts where it is
        // needed first.
        let key = keys(dag, &after, &before);
        let mut pending: Vec<u32> = before.clone();
        let mut ready: BinaryHeap<std::cmp::Reverse<(u32, usize)>> =
            (0..count).filter(|n| pending[*n] == 0).map(|n| std::cmp::Reverse((key[n], n))).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(std::cmp::Reverse((_, node))) = ready.pop() {
            order.push(node);
            for (to, _) in &after[node] {
                pending[*to] -= 1;
                if pending[*to] == 0 {
                    ready.push(std::cmp::Reverse((key[*to], *to)));
                }
            }
        }
        let mut rank = vec![0; count];
        for (place, node) in order.iter().enumerate() {
            rank[*node] = place;
        }
        let mut height = vec![0; count];
        for node in order.iter().rev() {
            let way = after[*node].iter().map(|(to, distance)| height[*to] + distance * 4 + 1);
            height[*node] = way.max().unwrap_or(0);
        }
        Prepared { after, before, height, rank }
    }
}

/// For each node the least key of those that depend on it, and its own.
fn keys(dag: &Dag, after: &[Vec<(usize, u32)>], before: &[u32]) -> Vec<u32> {
    let mut pending = before.to_vec();
    let mut order: Vec<usize> = (0..pending.len()).filter(|n| pending[*n] == 0).collect();
    let mut at = 0;
    while let Some(node) = order.get(at).copied() {
        at += 1;
        for (to, _) in &after[node] {
            pending[*to] -= 1;
            if pending[*to] == 0 {
                order.push(*to);
            }
        }
    }
    let mut key: Vec<u32> = dag.nodes.iter().map(|n| n.key).collect();
    for node in order.iter().rev() {
        let first = after[*node].iter().map(|(to, _)| key[*to]).min();
        key[*node] = first.map_or(key[*node], |first| first.min(key[*node]));
    }
    key
}

struct Scheduler<'a> {
    dag: &'a Dag,
    prepared: &'a Prepared,
    target: &'a Target,
    tables: Tables,
    window: usize,
    registers: Pool,
    predicates: Pool,
    /// By node: dependences not yet met, earliest stage.
    pending: Vec<u32>,
    earliest: Vec<u32>,
    /// Nodes whose dependences are met, the most urgent first.
    ready: BTreeSet<(u32, usize)>,
    /// Nodes by rank that are not placed.
    waiting: BTreeSet<usize>,
    order: Vec<usize>,
    stage: u32,
    placed: Vec<Option<Place>>,
    /// Nodes placed in the current stage.
    here: Vec<usize>,
    /// Lazy nodes wait until their reader lacks nothing else.
    reader: Vec<Option<usize>>,
    /// By node: lazy nodes that it reads.
    lazy_inputs: Vec<u32>,
    blocked: Option<Failure>,
    undefined: Option<usize>,
    /// Stages at the end of which results of late units arrive, and their registers: held beyond that, read or not.
    arrivals: Vec<(u32, u32)>,
    /// Stages up to the last at the end of which something is written.
    used: u32,
}

/// Tries one schedule.
pub fn place(
    dag: &Dag,
    prepared: &Prepared,
    tables: Tables,
    target: &Target,
    window: usize,
) -> Result<Placement, Failure> {
    Scheduler::new(dag, prepared, tables, target, window).run()
}

fn registers_of(node: &Node) -> (Vec<u32>, Vec<u32>) {
    (node.reads().map(|r| r.0).collect(), node.dst.iter().map(|r| r.0).collect())
}

fn predicates_of(node: &Node) -> (Vec<u32>, Vec<u32>) {
    (node.predicates().map(|p| p.0).collect(), node.sets().map(|p| p.0).collect())
}

/// One after another, moves that have the effect of all at a time.
fn moves(mut wanted: Vec<(Physical, Physical)>) -> Vec<(Physical, Physical)> {
    let mut found = Vec::new();
    wanted.retain(|(to, from)| to != from);
    while !wanted.is_empty() {
        let free = wanted.iter().position(|(to, _)| wanted.iter().all(|(_, from)| from != to));
        match free {
            Some(at) => found.push(wanted.remove(at)),
            // All in circles: one value steps aside, to a register that no result is in or goes to.
            None => {
                let taken = |r: &Physical| wanted.iter().any(|(to, from)| to == r || from == r);
                let aside = (3..Physical::MAX).find(|r| !taken(r)).unwrap_or(3);
                let from = wanted[0].1;
                found.push((aside, from));
                wanted.iter_mut().filter(|(_, f)| *f == from).for_each(|(_, f)| *f = aside);
            }
        }
    }
    found
}

impl<'a> Scheduler<'a> {
    fn new(
        dag: &'a Dag,
        prepared: &'a Prepared,
        tables: Tables,
        target: &'a Target,
        window: usize,
    ) -> Scheduler<'a> {
        let count = dag.nodes.len();
        let mut uses = (vec![0; dag.registers as usize], vec![0; dag.predicates as usize]);
        let mut reader = vec![None; count];
        let mut reader_of = vec![None; dag.registers as usize];
        for (index, node) in dag.nodes.iter().enumerate() {
            let (r, p) = (registers_of(node), predicates_of(node));
            r.0.iter().chain(&r.1).for_each(|v| uses.0[*v as usize] += 1);
            p.0.iter().chain(&p.1).for_each(|v| uses.1[*v as usize] += 1);
            r.0.iter().for_each(|v| reader_of[*v as usize] = Some(index));
            if latency(&node.kind) > 0 {
                node.dst.iter().for_each(|v| uses.0[v.0 as usize] += 1);
            }
        }
        for (index, node) in dag.nodes.iter().enumerate().filter(|(_, n)| n.lazy) {
            reader[index] = node.dst.and_then(|r| reader_of[r.0 as usize]);
        }
        let mut lazy_inputs = vec![0; count];
        reader.iter().flatten().for_each(|r| lazy_inputs[*r] += 1);
        let mut registers = Pool::new((0..target.registers as u8).collect(), uses.0);
        let entry = [
            target.entry_data_end(),
            target.entry_ingress_ifindex(),
            target.entry_rx_queue_index(),
            target.entry_timestamp(),
            target.entry_random(),
        ];
        for (virtual_one, physical) in Dag::ENTRY.iter().zip(entry) {
            registers.fix(virtual_one.0, physical);
        }
        dag.results.iter().for_each(|(_, result)| registers.keep(result.0));
        let predicates = Pool::new((1..target.predicates as u8).collect(), uses.1);
        let mut order = vec![0; count];
        for (node, rank) in prepared.rank.iter().enumerate() {
            order[*rank] = node;
        }
        let ready = (0..count)
            .filter(|n| prepared.before[*n] == 0)
            .map(|n| (u32::MAX - prepared.height[n], n))
            .collect();
        Scheduler {
            dag,
            prepared,
            target,
            tables,
            window,
            registers,
            predicates,
            pending: prepared.before.clone(),
            earliest: vec![0; count],
            ready,
            waiting: (0..count).collect(),
            order,
            stage: 0,
            placed: vec![None; count],
            here: Vec::new(),
            reader,
            lazy_inputs,
            blocked: None,
            undefined: None,
            arrivals: Vec::new(),
            used: 0,
        }
    }

    fn run(mut self) -> Result<Placement, Failure> {
        let mut idle = 0;
        let most = self.target.stages * self.target.passes;
        while !self.waiting.is_empty() {
            if self.stage >= most {
                return Err(Failure::Passes);
            }
            self.fill();
            if self.here.is_empty() {
                idle += 1;
                if idle > self.target.stages + 2 {
                    let oldest = self.waiting.first().map_or(0, |rank| self.order[*rank]);
                    return Err(self.blocked.take().unwrap_or(Failure::Stuck { node: oldest }));
                }
            } else {
                idle = 0;
                // Until something moves, what blocks a node in a stage with its unit holds in the others as well.
                self.blocked = None;
            }
            self.end_stage();
            if let Some(node) = self.undefined {
                return Err(Failure::Undefined { node });
            }
            self.stage += 1;
        }
        let places: Vec<Place> = self.placed.iter().copied().flatten().collect();
        let results = self.dag.results.iter();
        let held: Vec<(Physical, Physical)> =
            results.filter_map(|(to, result)| Some((*to, self.registers.held(result.0)?))).collect();
        let moves = moves(held);
        let stages = self.used + moves.len() as u32;
        if stages > most {
            return Err(Failure::Passes);
        }
        Ok(Placement { places, stages, moves, tables: self.tables })
    }

    fn fill(&mut self) {
        let stage = self.stage % self.target.stages;
        let arriving = self.arrivals.iter().any(|(at, _)| *at == self.stage);
        // Held through the stage of the arrival: what else is written at its end would lose against the late result.
        for (_, register) in self.arrivals.extract_if(.., |(at, _)| *at < self.stage) {
            self.registers.place(&[register], &[]);
        }
        match self.target.late_unit(stage) {
            LateUnit::None => (),
            LateUnit::Table(unit) => self.fill_with_maps(Home::Table(unit), |tables, op, map| {
                op.is_table() && tables.can_use_table(map, op, unit)
            }),
            LateUnit::Port(unit) => self.fill_with_maps(Home::Table(unit), |tables, op, map| {
                op == LateOp::Read && tables.can_use(map, Home::Table(unit))
            }),
            LateUnit::Keys(unit) => self.fill_with_maps(Home::Keys(unit), |tables, op, map| {
                op.is_key() && tables.can_use(map, Home::Keys(unit))
            }),
            LateUnit::Multiplier => self.fill_with(LateOp::Mul),
            LateUnit::Deep => self.fill_with(LateOp::Deep),
        }
        let can_store = self.target.can_store(stage);
        let lsu = |_: &Scheduler<'_>, kind: &Kind| match kind {
            // A late result takes the way that a load takes into the registers.
            Kind::Load { .. } => !arriving,
            Kind::Store { .. } => can_store,
            _ => false,
        };
        if let Some(node) = self.choose(lsu) {
            self.put(node, 2);
        }
        for unit in 0..self.target.units.alus {
            let shifts = self.target.alu_shifts(unit);
            let fits = |kind: &Kind| matches!(kind, Kind::Alu { op, .. } if shifts || !op.shifts());
            if let Some(node) = self.choose(|_, kind| fits(kind)) {
                self.put(node, unit as u8);
            }
        }
        // The first one takes any operands, so what it alone can take is left to it.
        for unit in (0..self.target.units.compares as u8).rev() {
            let constant = |b: &Input| matches!(b, Input::Imm(_) | Input::Zero);
            let fits = |kind: &Kind| matches!(kind, Kind::Cmp { b, .. } if unit == 0 || constant(b));
            if let Some(node) = self.choose(|_, kind| fits(kind)) {
                self.put(node, 3 + unit);
            }
        }
    }

    fn fill_with(&mut self, wanted: LateOp) {
        let found = self.choose(|_, kind| matches!(kind, Kind::Late { op, .. } if *op == wanted));
        if let Some(node) = found {
            self.put(node, 5);
        }
    }

    /// An operation on a map, which may be the first that decides where the map lies.
    fn fill_with_maps(&mut self, home: Home, fits: impl Fn(&Tables, LateOp, usize) -> bool) {
        let found = self.choose(|this, kind| match kind {
            Kind::Late { op, map: Some(map), span, .. } => {
                fits(&this.tables, *op, this.tables.part(*map, *span))
            }
            _ => false,
        });
        if let Some(node) = found {
            if let Kind::Late { map: Some(map), span, .. } = self.dag.nodes[node].kind {
                self.tables.assign(self.tables.part(map, span), home);
            }
            self.put(node, 5);
        }
    }

    /// The most urgent node of a kind that fits into this stage.
    fn choose(&mut self, wanted: impl Fn(&Scheduler<'_>, &Kind) -> bool) -> Option<usize> {
        let oldest = *self.waiting.first()?;
        let limit = oldest.saturating_add(self.window);
        let mut blocked = None;
        let found = self.ready.iter().map(|(_, node)| *node).find(|node| {
            let node = *node;
            if self.earliest[node] > self.stage
                || self.prepared.rank[node] >= limit
                || !wanted(self, &self.dag.nodes[node].kind)
                || !self.is_wanted(node)
            {
                return false;
            }
            match self.fits(node, self.prepared.rank[node] == oldest) {
                Ok(()) => true,
                Err(failure) => {
                    blocked = Some(failure);
                    false
                }
            }
        });
        if blocked.is_some() && self.blocked.is_none() {
            self.blocked = blocked;
        }
        found
    }

    /// A lazy node is wanted when its reader waits for lazy nodes only.
    fn is_wanted(&self, node: usize) -> bool {
        let oldest = self.waiting.first() == Some(&self.prepared.rank[node]);
        if !self.dag.nodes[node].lazy || oldest {
            return true;
        }
        let Some(reader) = self.reader[node] else { return true };
        if self.dag.nodes[reader].lazy {
            return self.is_wanted(reader);
        }
        self.pending[reader] <= self.lazy_inputs[reader]
    }

    /// Whether registers and predicates suffice for a node. The last ones are for the oldest node that waits.
    fn fits(&self, node: usize, oldest: bool) -> Result<(), Failure> {
        let reserve = if oldest || self.window == 1 { 0 } else { 1 };
        let at = self.waiting.first().map_or(node, |rank| self.order[*rank]);
        let (uses, writes) = registers_of(&self.dag.nodes[node]);
        let (ends, new) = self.registers.effect(&uses, &writes);
        if new > 0 && self.registers.available() + ends - new < reserve && new > ends {
            return Err(Failure::Registers { live: self.registers.live(), at });
        }
        let (uses, writes) = predicates_of(&self.dag.nodes[node]);
        let (ends, new) = self.predicates.effect(&uses, &writes);
        if new > 0 && self.predicates.available() + ends - new < reserve && new > ends {
            return Err(Failure::Predicates { at });
        }
        Ok(())
    }

    fn source(&self, input: Input) -> Option<Source> {
        let Input::Reg(register) = input else { return Some(Source::Zero) };
        let maker = self.here.iter().copied().find(|n| {
            self.dag.nodes[*n].dst == Some(register) && !matches!(self.dag.nodes[*n].kind, Kind::Late { .. })
        });
        let unit = maker.and_then(|n| self.placed[n]).map(|p| p.unit);
        match (unit, self.registers.held(register.0)) {
            // Several writers take turns in a register; only one that nobody held before is handed on directly.
            (Some(0), None) => Some(Source::Alu0),
            (Some(1), None) => Some(Source::Alu1),
            (Some(_), None) => Some(Source::Load),
            (_, Some(physical)) => Some(Source::Register(physical)),
            (None, None) => None,
        }
    }

    fn put(&mut self, index: usize, unit: u8) {
        let node = &self.dag.nodes[index];
        let (a, b) = match node.kind {
            Kind::Alu { a, b, .. } | Kind::Cmp { a, b, .. } | Kind::Late { a, b, .. } => (a, b),
            Kind::Load { base, .. } => (base, Input::Zero),
            Kind::Store { base, data, .. } => (base, data),
        };
        let operands = (self.source(a), self.source(b));
        let (Some(first), Some(second)) = operands else {
            self.undefined = Some(index);
            return;
        };
        if node.predicates().any(|p| self.predicates.held(p.0).is_none()) {
            self.undefined = Some(index);
            return;
        }
        let predicate = |p: u32| self.predicates.held(p).unwrap_or(0);
        let p = if let Kind::Cmp { p, .. } = node.kind { p } else { [None, None] };
        let place = Place {
            stage: self.stage,
            unit,
            sources: [first, second],
            dst: None,
            inputs: [
                p[0].map_or(0, |p| predicate(p.0)),
                p[1].map_or(0, |p| predicate(p.0)),
                node.guard.map_or(0, |g| predicate(g.pred.0)),
            ],
            out: [0, 0],
        };
        self.placed[index] = Some(place);
        let (uses, writes) = registers_of(node);
        self.registers.place(&uses, &writes);
        let (uses, writes) = predicates_of(node);
        self.predicates.place(&uses, &writes);
        let late = node.dst.map_or(0, |_| latency(&node.kind));
        if let (Some(dst), true) = (node.dst, late > 0) {
            self.arrivals.push((self.stage + late, dst.0));
        }
        self.used = self.used.max(self.stage + 1 + late);
        self.here.push(index);
        self.ready.remove(&(u32::MAX - self.prepared.height[index], index));
        self.waiting.remove(&self.prepared.rank[index]);
        for (to, distance) in &self.prepared.after[index] {
            self.earliest[*to] = self.earliest[*to].max(self.stage + distance);
            self.pending[*to] -= 1;
            if self.pending[*to] == 0 {
                self.ready.insert((u32::MAX - self.prepared.height[*to], *to));
            }
        }
    }

    fn end_stage(&mut self) {
        // What stands in a register while it is written stays there; what is new gets one now.
        let writers: Vec<(usize, Option<Physical>)> = self
            .here
            .iter()
            .map(|n| (*n, self.dag.nodes[*n].dst.and_then(|r| self.registers.held(r.0))))
            .collect();
        let results = &self.dag.results;
        let wish = |v: u32| results.iter().find(|(_, result)| result.0 == v).map(|(to, _)| *to);
        let ties: Vec<(u32, Physical)> = self
            .here
            .iter()
            .filter_map(|n| {
                let node = &self.dag.nodes[*n];
                Some((node.dst?.0, self.registers.held(node.tie?.0)?))
            })
            .collect();
        let given = self.registers.end_stage(&ties, wish);
        let predicates = self.predicates.end_stage(&[], |_| None);
        let find = |given: &[(u32, Physical)], v: u32| given.iter().find(|(w, _)| *w == v).map(|(_, p)| *p);
        for (index, held) in writers {
            let node = &self.dag.nodes[index];
            let Some(place) = self.placed[index].as_mut() else { continue };
            place.dst = held.or_else(|| node.dst.and_then(|r| find(&given, r.0)));
            // What takes over a register must have got that very one.
            let tie = node.dst.and_then(|r| find(&ties, r.0));
            if node.tie.is_some() && place.dst.is_some() && (tie.is_none() || tie != place.dst) {
                self.undefined = Some(index);
            }
            if let Kind::Cmp { out, .. } = node.kind {
                for (slot, pred) in place.out.iter_mut().zip(out) {
                    *slot = pred.and_then(|(p, _)| find(&predicates, p.0)).unwrap_or(0);
                }
            }
        }
        self.here.clear();
    }
}
