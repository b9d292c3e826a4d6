// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What stores, table accesses and the verdict need, how often, and under which predicates phis take their values.

use super::predicates::{Set, Sets};
use super::reads::{Part, part};
use crate::ssa::range::Range;
use crate::ssa::values::{Def, Operation, Val};
use crate::ssa::{Cond, Effect, Function};
use std::collections::{BTreeMap, BTreeSet};
use weir_pipeline::model::REDIRECT;
use weir_pipeline::words::LateOp;

/// One of several values, by predicates that exclude each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Value where none of the others is taken.
    pub default: Val,
    /// The others.
    pub others: Vec<(Set, Val)>,
}

/// What is needed.
#[derive(Debug)]
pub struct Live {
    /// Uses by value.
    pub uses: Vec<u32>,
    /// Sets that have to be computed.
    pub sets: BTreeSet<Set>,
    /// How phis and selects choose.
    pub choices: BTreeMap<Val, Choice>,
    /// What the program leaves behind in registers 0, 1 and 2, as far as it does.
    pub results: Vec<(u8, Choice)>,
    /// Values that are read from a table directly, without the rest of their word.
    pub parts: BTreeMap<Val, Part>,
}

struct Marker<'a> {
    function: &'a Function,
    sets: &'a mut Sets,
    live: Live,
    conds: BTreeSet<u32>,
    seen: BTreeSet<Set>,
    work: Vec<Work>,
}

enum Work {
    Value(Val),
    Set(Set),
}

/// Marks what is needed.
pub fn live(function: &Function, sets: &mut Sets) -> Live {
    let results = results(function, sets);
    let mut marker = Marker {
        function,
        sets,
        live: Live {
            uses: vec![0; function.values.len()],
            sets: BTreeSet::new(),
            choices: BTreeMap::new(),
            results: results.clone(),
            parts: BTreeMap::new(),
        },
        conds: BTreeSet::new(),
        seen: BTreeSet::new(),
        work: Vec::new(),
    };
    results.iter().for_each(|(_, choice)| marker.choice(choice));
    for site in &function.sites {
        let (var, data) = match site.effect {
            Effect::Load(_) | Effect::Read(_) => continue,
            Effect::Key(value) => match function.values.def(value) {
                Def::Key { op: LateOp::Find, .. } => continue,
                _ => (None, value),
            },
            Effect::Store { address, data, .. } => (address.var, data),
            Effect::Write { address, data, .. } | Effect::Add { address, data, .. } => (address.var, data),
        };
        var.into_iter().for_each(|v| marker.value(v));
        marker.value(data);
        let set = marker.sets.site(site);
        marker.set(set);
    }
    while let Some(work) = marker.work.pop() {
        match work {
            Work::Value(value) => marker.operands(value),
            Work::Set(set) => marker.conditions(set),
        }
    }
    let mut live = marker.live;
    narrow(function, &mut live);
    live
}

/// Choices of the verdict, of the interface where the verdict can be to redirect, and of the start where that can move.
fn results(function: &Function, sets: &mut Sets) -> Vec<(u8, Choice)> {
    let returns = || {
        let blocks = function.blocks.iter().enumerate();
        blocks.filter_map(|(index, block)| Some((index, block.result?)))
    };
    let redirects = |value: Val| {
        let redirect = Range::constant(REDIRECT.into());
        !function.values.range(value).low32().intersect(&redirect).is_empty()
    };
    let mut chosen = |register: u8, args: Vec<(usize, Val)>| {
        let args: Vec<(Set, Val)> = args.into_iter().map(|(block, v)| (sets.block(block), v)).collect();
        (register, choice(function, sets, args, true))
    };
    let mut results = vec![chosen(0, returns().map(|(block, r)| (block, r.value)).collect())];
    let targets: Vec<(usize, Val)> =
        returns().filter(|(_, r)| redirects(r.value)).map(|(block, r)| (block, r.redirect)).collect();
    if !targets.is_empty() {
        results.push(chosen(1, targets));
    }
    if function.moves_head {
        results.push(chosen(2, returns().map(|(block, r)| (block, r.start)).collect()));
    }
    results
}

/// Values by edge, grouped; the one that is best taken where no predicate says otherwise becomes the default.
fn choice(function: &Function, sets: &mut Sets, args: Vec<(Set, Val)>, exit: bool) -> Choice {
    let mut groups: Vec<(Vec<Set>, Val)> = Vec::new();
    for (set, value) in args {
        match groups.iter_mut().find(|(_, v)| *v == value) {
            Some((group, _)) => group.push(set),
            None => groups.push((vec![set], value)),
        }
    }
    let ways: Vec<Vec<Set>> = groups.iter().map(|(group, _)| group.clone()).collect();
    // A value is looked at only where control reaches its block: what merely leads there decides nothing.
    let between = if exit { None } else { sets.between(&ways) };
    let exact = |sets: &mut Sets| ways.iter().map(|group| sets.union(group)).collect();
    let by_group: Vec<Set> = between.unwrap_or_else(|| exact(sets));
    let mut groups: Vec<(Set, Val)> = by_group.into_iter().zip(groups.iter().map(|(_, v)| *v)).collect();
    // What is there first should not wait for a predicate. Among constants, the one decided last: then the others need
    // not wait for that decision.
    let best = (0..groups.len()).min_by_key(|i| {
        let (set, value) = groups[*i];
        let early = if function.values.constant_of(value).is_some() { 0 } else { value.0 + 1 };
        let mut keys: Vec<u32> = sets.atoms(set).iter().map(|a| sets.conds[a.cond as usize].key).collect();
        keys.sort_unstable_by(|a, b| b.cmp(a));
        (early, std::cmp::Reverse(keys))
    });
    match best {
        Some(best) => {
            let (_, default) = groups.remove(best);
            Choice { default, others: groups }
        }
        // No path returns; any value does.
        None => Choice { default: Val(0), others: Vec::new() },
    }
}

impl Marker<'_> {
    fn value(&mut self, value: Val) {
        let uses = &mut self.live.uses[value.0 as usize];
        *uses += 1;
        if *uses == 1 {
            self.work.push(Work::Value(value));
        }
    }

    fn set(&mut self, set: Set) {
        if set != Set::ALWAYS && self.live.sets.insert(set) {
            self.work.push(Work::Set(set));
        }
    }

    fn choice(&mut self, choice: &Choice) {
        self.value(choice.default);
        for (set, value) in &choice.others {
            self.set(*set);
            self.value(*value);
        }
    }

    fn operands(&mut self, value: Val) {
        match self.function.values.def(value).clone() {
            Def::Const(_) | Def::Entry(_) => (),
            Def::Op { op, a, b, .. } => {
                if op == Operation::Mul || self.function.values.constant_of(a) != Some(0) {
                    self.value(a);
                }
                self.value(b);
            }
            Def::Load { address, .. } | Def::Deep { address, .. } => {
                address.var.into_iter().for_each(|v| self.value(v));
            }
            Def::Key { key, .. } => key.into_iter().for_each(|v| self.value(v)),
            Def::Read { address, size, block, .. } => {
                address.var.into_iter().for_each(|v| self.value(v));
                let bytes = self.function.maps[address.map].bytes();
                if !address.always_inside(&self.function.values, size, bytes) {
                    let set = self.sets.block(block);
                    self.set(set);
                }
            }
            Def::Phi { block, args } => {
                let edges = &self.function.blocks[block].edges;
                let args: Vec<(Set, Val)> =
                    edges.iter().zip(args).map(|(edge, arg)| (self.sets.edge(*edge), arg)).collect();
                let choice = choice(self.function, self.sets, args, false);
                self.choice(&choice);
                self.live.choices.insert(value, choice);
            }
            Def::Select { cond, yes, no } => {
                let insns = self.function.values.insns(value).to_vec();
                let (default, other, when) = if yes < no { (yes, no, false) } else { (no, yes, true) };
                let set = self.sets.bare(cond, when, &insns, value.0 * 2);
                let choice = Choice { default, others: vec![(set, other)] };
                self.choice(&choice);
                self.live.choices.insert(value, choice);
            }
        }
    }

    /// What decides about a set is needed, whether or not it gets a predicate of its own.
    fn conditions(&mut self, set: Set) {
        if !self.seen.insert(set) {
            return;
        }
        for atom in self.sets.atoms(set).to_vec() {
            if self.conds.insert(atom.cond) {
                let source = &self.sets.conds[atom.cond as usize];
                let (Cond { a, b, .. }, base) = (source.cond, source.base);
                self.value(a);
                self.value(b);
                self.work.push(Work::Set(base));
            }
        }
    }
}

/// Finds words of which one part is all that is used.
fn narrow(function: &Function, live: &mut Live) {
    for value in function.values.all() {
        if live.uses[value.0 as usize] == 0 {
            continue;
        }
        let Some(part) = part(&function.values, value).filter(|p| p.read != value) else { continue };
        let once = |v: Val| live.uses[v.0 as usize] == 1;
        if once(part.read) && part.shifted.is_none_or(once) {
            live.uses[part.read.0 as usize] = 0;
            if let Some(shifted) = part.shifted {
                live.uses[shifted.0 as usize] = 0;
            }
            live.parts.insert(value, part);
        }
    }
}
