// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From values to nodes.

use super::conditions::{Shape, Test, conditions};
use super::deep::{self, Word, Words};
use super::live::{Choice, Live};
use super::order::{self, Access};
use super::predicates::{Set, Sets};
use super::wide::Carried;
use super::{Dag, Input, Kind, Literal, Node, Reg};
use crate::ssa::values::{Def, Entry, Operation, Val, Values};
use crate::ssa::{Address, Effect, Function, Site, TableAddress};
use std::collections::HashMap;
use weir_pipeline::words::{AluOp, CmpOp, DEEP_SPACE, LateOp, Size};

/// Offsets of loads and stores have 12 bits.
const OFFSETS: std::ops::Range<i64> = -2048..2048;

struct Lowering<'a> {
    function: &'a Function,
    live: &'a Live,
    sets: &'a mut Sets,
    dag: Dag,
    registers: HashMap<Val, Reg>,
    literals: HashMap<Set, Literal>,
    /// Values that are computed straight into the register of a phi, and when.
    into: HashMap<Val, (Reg, Option<Literal>)>,
    /// Registers of phis that take over the register of a value.
    ties: HashMap<Reg, Reg>,
    accesses: Vec<Access>,
    /// Nodes that carry out loads, reads and key operations.
    node_of: HashMap<Val, usize>,
    /// Words that deep loads are taken from.
    deep: Words,
    /// Registers of those that have been loaded.
    deep_words: HashMap<Word, Reg>,
    /// Where inserts and deletes are done.
    key_sets: HashMap<Val, Set>,
}

/// Makes the nodes of a function.
pub fn lower(
    function: &Function,
    live: &Live,
    sets: &mut Sets,
    carried: &Carried,
    compares: u32,
    shape: Shape,
) -> Dag {
    let mut lowering = Lowering {
        function,
        live,
        key_sets: key_sets(function, sets),
        sets,
        dag: Dag { registers: Dag::ENTRY.len() as u32, ..Dag::default() },
        registers: HashMap::new(),
        literals: HashMap::new(),
        into: HashMap::new(),
        ties: HashMap::new(),
        accesses: Vec::new(),
        node_of: HashMap::new(),
        deep: deep::words(function, live),
        deep_words: HashMap::new(),
    };
    let found = conditions(function, live, lowering.sets, compares, shape);
    lowering.dag.predicates = found.predicates;
    lowering.literals = found.literals;
    lowering.tests(&found.tests);
    // What one phi decides needs no register beside that of the phi, but for a phi that several results need.
    let mut chosen = Vec::new();
    for (target, choice) in &live.results {
        let phi = choice.others.is_empty() && live.choices.contains_key(&choice.default);
        let own = phi.then(|| lowering.register_of(choice.default));
        let own = own.filter(|r| lowering.dag.results.iter().all(|(_, other)| other != r));
        let register = own.unwrap_or_else(|| lowering.register());
        lowering.dag.results.push((*target, register));
        chosen.extend(own.is_none().then_some((register, choice)));
    }
    // Phis first, so that what is computed straight into them knows where to.
    for (value, choice) in &live.choices {
        let register = lowering.register_of(*value);
        lowering.coalesce(register, choice);
    }
    for (register, choice) in &chosen {
        lowering.coalesce(*register, choice);
    }
    for value in function.values.all().filter(|v| live.uses[v.0 as usize] > 0) {
        lowering.value(value);
    }
    for (value, choice) in &live.choices {
        let register = lowering.registers[value];
        let insns = function.values.insns(*value).to_vec();
        lowering.choice(register, choice, insns, value.0 * 2);
    }
    for (register, choice) in chosen {
        let last = function.values.len() as u32 * 2 + 1;
        let exits = function.blocks.iter().filter_map(|b| b.result).map(|r| r.insn).collect();
        lowering.choice(register, choice, exits, last);
    }
    lowering.dag.moves_head = function.moves_head;
    lowering.sites(carried);
    let Lowering { mut dag, accesses, .. } = lowering;
    dag.dependences = order::dependences(&dag, &accesses, &function.reach());
    dag
}

/// Where inserts and deletes are done.
fn key_sets(function: &Function, sets: &mut Sets) -> HashMap<Val, Set> {
    let changes = function.sites.iter().filter_map(|site| match site.effect {
        Effect::Key(value) => match function.values.def(value) {
            Def::Key { op: LateOp::Insert | LateOp::Delete, .. } => Some((value, sets.site(site))),
            _ => None,
        },
        _ => None,
    });
    changes.collect()
}

impl Lowering<'_> {
    fn values(&self) -> &Values {
        &self.function.values
    }

    fn register(&mut self) -> Reg {
        let register = Reg(self.dag.registers);
        self.dag.registers += 1;
        register
    }

    fn push(&mut self, node: Node) -> usize {
        self.dag.nodes.push(node);
        self.dag.nodes.len() - 1
    }

    fn literal(&self, set: Set) -> Option<Literal> {
        self.literals.get(&set).copied()
    }

    /// The comparisons that set the predicates of the needed sets.
    fn tests(&mut self, tests: &[Test]) {
        for test in tests {
            let (cond, insns, key) = match test.cond {
                Some(cond) => {
                    let source = &self.sets.conds[cond as usize];
                    (Some(source.cond), source.insns.clone(), source.key)
                }
                None => (None, Vec::new(), u32::MAX),
            };
            let kind = match cond {
                Some(cond) => {
                    let a = self.first(cond.a, key);
                    let b = self.second(cond.b, cond.is32, key);
                    Kind::Cmp { op: cond.op, is32: cond.is32, a, b, p: test.p, out: test.out }
                }
                None => {
                    let (a, b) = (Input::Zero, Input::Zero);
                    Kind::Cmp { op: CmpOp::Eq, is32: false, a, b, p: test.p, out: test.out }
                }
            };
            self.push(Node { kind, guard: None, dst: None, insns, key, tie: None, lazy: false });
        }
    }

    /// Register of a value that is no constant.
    fn register_of(&mut self, value: Val) -> Reg {
        if let Some(register) = self.registers.get(&value) {
            return *register;
        }
        let register = match self.values().def(value) {
            Def::Entry(Entry::DataEnd) => Dag::ENTRY[0],
            Def::Entry(Entry::IngressIfindex) => Dag::ENTRY[1],
            Def::Entry(Entry::RxQueueIndex) => Dag::ENTRY[2],
            Def::Entry(Entry::Timestamp) => Dag::ENTRY[3],
            Def::Entry(Entry::Random) => Dag::ENTRY[4],
            _ => self.register(),
        };
        self.registers.insert(value, register);
        register
    }

    /// A value as first operand: constants need a register.
    fn first(&mut self, value: Val, key: u32) -> Input {
        match self.values().constant_of(value) {
            Some(0) => Input::Zero,
            Some(c) => Input::Reg(self.constant(c, self.values().insns(value).to_vec(), key)),
            None => Input::Reg(self.register_of(value)),
        }
    }

    /// A value as second operand.
    fn second(&mut self, value: Val, is32: bool, key: u32) -> Input {
        match self.values().constant_of(value) {
            Some(c) if is32 => Input::Imm(c as u32 as i32),
            Some(c) => match i32::try_from(c as i64) {
                Ok(imm) => Input::Imm(imm),
                Err(_) => self.first(value, key),
            },
            None => Input::Reg(self.register_of(value)),
        }
    }

    /// A constant in a register of its own: one to three instructions.
    fn constant(&mut self, value: u64, insns: Vec<u32>, key: u32) -> Reg {
        let alu = |this: &mut Self, op, is32, a, b| {
            let dst = this.register();
            let kind = Kind::Alu { op, is32, a, b };
            this.push(Node {
                kind,
                guard: None,
                dst: Some(dst),
                insns: insns.clone(),
                key,
                tie: None,
                lazy: true,
            });
            dst
        };
        if let Ok(imm) = i32::try_from(value as i64) {
            return alu(self, AluOp::Mov, false, Input::Zero, Input::Imm(imm));
        }
        if u32::try_from(value).is_ok() {
            return alu(self, AluOp::Mov, true, Input::Zero, Input::Imm(value as i32));
        }
        let low = value as i32;
        let high = (value.wrapping_sub(i64::from(low) as u64) >> 32) as i32;
        let top = alu(self, AluOp::Mov, false, Input::Zero, Input::Imm(high));
        let shifted = alu(self, AluOp::Lsh, false, Input::Reg(top), Input::Imm(32));
        if low == 0 { shifted } else { alu(self, AluOp::Add, false, Input::Reg(shifted), Input::Imm(low)) }
    }

    /// Whether a value is best computed straight into a register that others write too.
    fn moves_into(&self, value: Val, guarded: bool) -> bool {
        if self.live.uses[value.0 as usize] != 1 {
            return false;
        }
        if guarded && self.changed_later(value) {
            return false;
        }
        match self.read_of(value) {
            Some((address, size)) => guarded || self.always_inside(&address, size),
            None => matches!(self.values().def(value), Def::Op { .. } | Def::Load { .. }),
        }
    }

    /// Whether a value comes from memory that the program changes afterwards. It must not wait for a predicate then:
    /// what decides that may depend on the change.
    fn changed_later(&self, value: Val) -> bool {
        let read = self.live.parts.get(&value).map_or(value, |p| p.read);
        let sites = &self.function.sites;
        let first =
            sites.iter().position(|s| matches!(s.effect, Effect::Load(v) | Effect::Read(v) if v == read));
        let map = match self.values().def(read) {
            Def::Read { address, .. } => Some(address.map),
            _ => None,
        };
        if first.is_none() && matches!(self.values().def(read), Def::Load { .. }) {
            // A wide load has no place of its own, but stores follow that it was made for.
            return true;
        }
        first.is_some_and(|first| {
            sites[first..].iter().any(|site| match site.effect {
                Effect::Store { .. } => map.is_none(),
                Effect::Write { address, .. } | Effect::Add { address, .. } => map == Some(address.map),
                Effect::Load(_) | Effect::Read(_) | Effect::Key(_) => false,
            })
        })
    }

    fn coalesce(&mut self, register: Reg, choice: &Choice) {
        if self.moves_into(choice.default, false) {
            self.into.insert(choice.default, (register, None));
        }
        for (set, value) in &choice.others {
            if self.moves_into(*value, true) {
                let literal = self.literal(*set);
                self.into.insert(*value, (register, literal));
            }
        }
        if let [(_, other)] = choice.others[..] {
            self.take_over(register, choice.default, other);
        }
    }

    /// Where nobody but a choice between a value and what is made of it needs the value, its register is written under
    /// the predicate: no move.
    fn take_over(&mut self, register: Reg, default: Val, other: Val) {
        if self.into.contains_key(&default)
            || matches!(self.values().def(default), Def::Const(_) | Def::Entry(_))
        {
            return;
        }
        let inner = match *self.values().def(other) {
            Def::Op { a, b, .. }
                if self.into.contains_key(&other) && !self.live.parts.contains_key(&other) =>
            {
                u32::from(a == default) + u32::from(b == default)
            }
            _ => 0,
        };
        if self.live.uses[default.0 as usize] == 1 + inner {
            let from = self.register_of(default);
            self.ties.insert(register, from);
        }
    }

    fn tie(&self, register: Reg, guard: Option<Literal>) -> Option<Reg> {
        guard.and_then(|_| self.ties.get(&register).copied())
    }

    /// Moves into the register of a phi what is not computed there.
    fn choice(&mut self, register: Reg, choice: &Choice, insns: Vec<u32>, key: u32) {
        let mut args = vec![(None, choice.default)];
        args.extend(choice.others.iter().map(|(set, value)| (self.literal(*set), *value)));
        for (guard, value) in args {
            if self.into.contains_key(&value) || (guard.is_none() && self.ties.contains_key(&register)) {
                continue;
            }
            let b = self.second(value, false, key);
            // Constants were written where the program says so, which says more than where paths meet.
            let own = self.values().insns(value);
            let insns = if own.is_empty() || b == Input::Zero { insns.clone() } else { own.to_vec() };
            let kind = Kind::Alu { op: AluOp::Mov, is32: false, a: Input::Zero, b };
            let tie = self.tie(register, guard);
            self.push(Node { kind, guard, dst: Some(register), insns, key, tie, lazy: false });
        }
    }

    fn read_of(&self, value: Val) -> Option<(TableAddress, Size)> {
        match (self.live.parts.get(&value), self.values().def(value)) {
            (Some(part), _) => Some((part.address, part.size)),
            (None, Def::Read { address, size, .. }) => Some((*address, *size)),
            _ => None,
        }
    }

    fn always_inside(&self, address: &TableAddress, size: Size) -> bool {
        address.always_inside(self.values(), size, self.function.maps[address.map].bytes())
    }

    fn value(&mut self, value: Val) {
        let def = self.values().def(value).clone();
        if matches!(def, Def::Const(_) | Def::Entry(_) | Def::Phi { .. } | Def::Select { .. }) {
            return;
        }
        let key = value.0 * 2;
        let insns = self.values().insns(value).to_vec();
        let (dst, mut guard) = match self.into.get(&value) {
            Some((register, guard)) => (*register, *guard),
            None => (self.register_of(value), None),
        };
        let mut insns = insns;
        let kind = if let Some((address, size)) = self.read_of(value) {
            let part = self.live.parts.get(&value).copied();
            let read = part.map_or(value, |p| p.read);
            for other in [Some(read), part.and_then(|p| p.shifted)].into_iter().flatten() {
                insns.extend_from_slice(self.values().insns(other));
            }
            insns.sort_unstable();
            insns.dedup();
            if guard.is_none()
                && !self.always_inside(&address, size)
                && let Def::Read { block, .. } = self.values().def(read)
            {
                let set = self.sets.block(*block);
                guard = self.literal(set);
            }
            let a = address.var.map_or(Input::Zero, |v| self.first(v, key));
            // Constants that `first` made stand before the node.
            self.node_of.insert(read, self.dag.nodes.len());
            let (offset, span) = (address.offset as u32, address.span);
            Kind::Late {
                op: LateOp::Read,
                map: Some(address.map),
                a,
                offset,
                span,
                size,
                b: Input::Zero,
                is32: false,
            }
        } else {
            match def {
                Def::Op { op: Operation::Alu(op), is32, a, b } => {
                    let (a, b) = (self.first(a, key), self.second(b, is32, key));
                    Kind::Alu { op, is32, a, b }
                }
                Def::Op { op: Operation::Mul, is32, a, b } => {
                    let (a, b) = (self.first(a, key), self.second(b, is32, key));
                    Kind::Late {
                        op: LateOp::Mul,
                        map: None,
                        a,
                        offset: 0,
                        span: (0, 0),
                        size: Size::B8,
                        b,
                        is32,
                    }
                }
                Def::Load { address, size, .. } => {
                    let (base, offset) = self.address(address, key);
                    self.node_of.insert(value, self.dag.nodes.len());
                    Kind::Load { base, offset, size }
                }
                Def::Deep { .. } => match self.deep.get(&value).copied() {
                    Some(word) => self.part_of_deep(value, word, &mut insns, key),
                    None => return,
                },
                Def::Key { op, map, key: [low, high], .. } => {
                    let (a, b) = (self.first(low, key), self.second(high, false, key));
                    guard = self.key_sets.get(&value).and_then(|set| self.literal(*set));
                    self.node_of.insert(value, self.dag.nodes.len());
                    Kind::Late {
                        op,
                        map: Some(map),
                        a,
                        offset: 0,
                        span: (0, 0),
                        size: Size::B8,
                        b,
                        is32: false,
                    }
                }
                Def::Const(_) | Def::Entry(_) | Def::Phi { .. } | Def::Select { .. } | Def::Read { .. } => {
                    return;
                }
            }
        };
        let tie = self.tie(dst, guard);
        self.push(Node { kind, guard, dst: Some(dst), insns, key, tie, lazy: false });
    }

    /// A deep load, or what takes it out of a word that has been loaded for several.
    fn part_of_deep(&mut self, value: Val, word: Word, insns: &mut Vec<u32>, key: u32) -> Kind {
        let Def::Deep { address, size } = *self.values().def(value) else {
            return Kind::Alu { op: AluOp::Mov, is32: false, a: Input::Zero, b: Input::Zero };
        };
        let members = || self.deep.iter().filter(|(_, w)| **w == word).map(|(v, _)| *v);
        if members().count() == 1 {
            return self.deep_load(word, key);
        }
        let loaded = match self.deep_words.get(&word) {
            Some(register) => *register,
            None => {
                let mut all: Vec<u32> =
                    members().flat_map(|v| self.values().insns(v).iter().copied()).collect();
                all.sort_unstable();
                all.dedup();
                let register = self.register();
                let kind = self.deep_load(word, key);
                self.push(Node {
                    kind,
                    guard: None,
                    dst: Some(register),
                    insns: all,
                    key,
                    tie: None,
                    lazy: false,
                });
                self.deep_words.insert(word, register);
                register
            }
        };
        let shift = 8 * (address.offset - word.offset) as i32;
        let bits = 8 * size.bytes() as i32;
        let top = shift + bits == 8 * word.size.bytes() as i32;
        let alu = |op, is32, a, b| Kind::Alu { op, is32, a, b };
        let mask = |from| match size {
            Size::B8 => alu(AluOp::Mov, false, Input::Zero, from),
            Size::B4 => alu(AluOp::Mov, true, Input::Zero, from),
            Size::B2 => alu(AluOp::And, false, from, Input::Imm(0xffff)),
            Size::B1 => alu(AluOp::And, false, from, Input::Imm(0xff)),
        };
        if shift == 0 {
            return mask(Input::Reg(loaded));
        }
        let shifted = alu(AluOp::Rsh, false, Input::Reg(loaded), Input::Imm(shift));
        if top {
            return shifted;
        }
        let register = self.register();
        self.push(Node {
            kind: shifted,
            guard: None,
            dst: Some(register),
            insns: std::mem::take(insns),
            key,
            tie: None,
            lazy: false,
        });
        insns.extend_from_slice(self.values().insns(value));
        mask(Input::Reg(register))
    }

    fn deep_load(&mut self, word: Word, key: u32) -> Kind {
        let a = word.var.map_or(Input::Zero, |v| self.first(v, key));
        Kind::Late {
            op: LateOp::Deep,
            map: None,
            a,
            offset: word.offset.rem_euclid(DEEP_SPACE as i64) as u32,
            span: (0, 0),
            size: word.size,
            b: Input::Zero,
            is32: false,
        }
    }

    /// Base and offset of a load or store.
    fn address(&mut self, address: Address, key: u32) -> (Input, i16) {
        let base = address.var.map_or(Input::Zero, |v| self.first(v, key));
        if OFFSETS.contains(&address.offset) {
            return (base, address.offset as i16);
        }
        let dst = self.register();
        let b = i32::try_from(address.offset).unwrap_or(i32::MAX);
        let kind = Kind::Alu { op: AluOp::Add, is32: false, a: base, b: Input::Imm(b) };
        self.push(Node { kind, guard: None, dst: Some(dst), insns: Vec::new(), key, tie: None, lazy: false });
        (Input::Reg(dst), 0)
    }

    fn sites(&mut self, carried: &Carried) {
        for site in &self.function.sites {
            let key = site.at * 2 + 1;
            let node = match site.effect {
                Effect::Load(value) | Effect::Read(value) | Effect::Key(value) => {
                    let wide = carried.get(&value).into_iter().flatten();
                    for node in wide.chain([&value]).filter_map(|v| self.node_of.get(v)) {
                        self.accesses.push(Access::new(self.function, site, *node));
                    }
                    continue;
                }
                Effect::Store { address, size, data, .. } => {
                    let (base, offset) = self.address(address, key);
                    let data = self.first(data, key);
                    self.effect(site, Kind::Store { base, offset, size, data }, key)
                }
                Effect::Write { address, size, data } | Effect::Add { address, size, data } => {
                    let add = matches!(site.effect, Effect::Add { .. });
                    let op = if add { LateOp::Add } else { LateOp::Write };
                    let a = address.var.map_or(Input::Zero, |v| self.first(v, key));
                    // Only the low bytes of the datum count.
                    let b = self.second(data, size.bytes() <= 4, key);
                    let (map, offset) = (Some(address.map), address.offset as u32);
                    let span = address.span;
                    let kind = Kind::Late { op, map, a, offset, span, size, b, is32: false };
                    self.effect(site, kind, key)
                }
            };
            self.accesses.push(Access::new(self.function, site, node));
        }
    }

    fn effect(&mut self, site: &Site, kind: Kind, key: u32) -> usize {
        let set = self.sets.site(site);
        let guard = self.literal(set);
        self.push(Node { kind, guard, dst: None, insns: site.insns.clone(), key, tie: None, lazy: false })
    }
}
