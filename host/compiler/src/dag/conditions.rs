// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Predicates of blocks as trees of comparisons, low where the program has a chain.
//!
//! "Control reaches this block" is a conjunction: of the conditions on the way, and, where ways meet, of "none of the
//! outcomes that lead elsewhere happened". A compare unit joins its own outcome with two predicates, so a conjunction
//! of n conditions takes n units however it is put together. Here conditions are put together in the order in which
//! their operands are there: what is known early is evaluated early, by itself if need be, and what arrives last joins
//! the rest. Two conditions a stage are joined that way, against one along the program.
//!
//! Where several predicates share a part, the part is a predicate of its own: no condition is evaluated twice for want
//! of sharing. What is estimated here is only when operands arrive; stages and units are the scheduler's.

use super::live::{Choice, Live};
use super::predicates::{Atom, Set, Sets};
use super::{Literal, Pred};
use crate::ssa::values::{Def, Operation, Val};
use crate::ssa::{Cond, Function};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weir_pipeline::LateUnit;

/// A comparison, or only the joining of two predicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Condition, by its number in [`Sets::conds`].
    pub cond: Option<u32>,
    /// Predicates that it takes.
    pub p: [Option<Pred>; 2],
    /// Predicates that it sets, with truth tables over (relation of the condition, p2, p1).
    pub out: [Option<(Pred, u8)>; 2],
}

/// Predicates for all sets that are needed.
#[derive(Debug, Default)]
pub struct Conditions {
    /// Comparisons; those that set a predicate stand before those that take it.
    pub tests: Vec<Test>,
    /// By needed set.
    pub literals: HashMap<Set, Literal>,
    /// Number of predicates.
    pub predicates: u32,
}

/// How predicates are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// By when operands arrive.
    Trees,
    /// Along the program, which takes the fewest predicates at a time.
    Chains,
}

/// Part of a conjunction.
#[derive(Clone, Copy, Debug)]
enum Term {
    Cond(Atom),
    /// Not: the predicate holds and the atom happens. The predicate is there from the stage on.
    Unless(Atom, Literal, i32),
    /// A predicate and the stage from which on it is there.
    Known(Literal, i32),
}

struct Builder<'a> {
    function: &'a Function,
    live: &'a Live,
    sets: &'a Sets,
    compares: u32,
    found: Conditions,
    /// Stage from which on the literal of a set is there.
    ready: HashMap<Set, i32>,
    /// Sets that get a literal.
    materialised: BTreeSet<Set>,
    /// Single conditions: their predicate and the stage from which on it is there.
    alone: HashMap<Cond, (Pred, i32)>,
    /// By condition: the one above it that all ways to it pass, and how many there are.
    above: Vec<(Option<u32>, u32)>,
    /// By value: stage that computes it.
    stages: Vec<i32>,
    /// Comparisons by stage.
    busy: HashMap<i32, u32>,
    by_cond: HashMap<u32, Vec<usize>>,
}

/// Predicates for the sets that are needed, on a target with so many compare units a stage.
pub fn conditions(function: &Function, live: &Live, sets: &Sets, compares: u32, shape: Shape) -> Conditions {
    let mut builder = Builder {
        function,
        live,
        sets,
        compares: compares.max(1),
        found: Conditions::default(),
        ready: HashMap::new(),
        materialised: BTreeSet::new(),
        alone: HashMap::new(),
        above: Vec::new(),
        stages: vec![-1; function.values.len()],
        busy: HashMap::new(),
        by_cond: HashMap::new(),
    };
    builder.dominators();
    let order = builder.materialise(shape);
    let mut next = 0;
    // Choices come in the order of the program, and what decides them before them.
    for value in function.values.all().filter(|v| live.uses[v.0 as usize] > 0) {
        if let Some(choice) = live.choices.get(&value) {
            let last = choice.others.iter().filter_map(|(set, _)| builder.last(*set)).max();
            while order.get(next).is_some_and(|set| builder.last(*set) <= last) {
                builder.literal(order[next]);
                next += 1;
            }
        }
        builder.stages[value.0 as usize] = builder.stage_of(value);
    }
    for set in &order[next..] {
        builder.literal(*set);
    }
    builder.found
}

impl Builder<'_> {
    /// Place in the program of the last condition that a set mentions.
    fn last(&self, set: Set) -> Option<u32> {
        self.sets.atoms(set).iter().map(|a| self.sets.conds[a.cond as usize].key).max()
    }

    fn base(&self, cond: u32) -> Set {
        self.sets.conds[cond as usize].base
    }

    fn dominators(&mut self) {
        for cond in 0..self.sets.conds.len() as u32 {
            let above = self.common(self.base(cond));
            let depth = above.map_or(0, |c| self.above[c as usize].1 + 1);
            self.above.push((above, depth));
        }
    }

    /// The lowest condition that all ways to a set pass.
    fn common(&self, set: Set) -> Option<u32> {
        let mut atoms = self.sets.atoms(set).iter().map(|a| a.cond);
        let first = atoms.next()?;
        atoms.try_fold(first, |mut a, mut b| {
            while a != b {
                if self.above[a as usize].1 >= self.above[b as usize].1 {
                    a = self.above[a as usize].0?;
                } else {
                    b = self.above[b as usize].0?;
                }
            }
            Some(a)
        })
    }

    /// Sets that a set is made of, beside single conditions.
    fn parts(&self, set: Set) -> Vec<Set> {
        let mut parts = Vec::new();
        match self.sets.atoms(set) {
            [] => (),
            [atom] => parts.push(self.base(atom.cond)),
            _ => {
                let (whole, atoms, _) = self.region(set);
                parts.push(whole);
                parts.extend(atoms.iter().map(|a| self.base(a.cond)).filter(|b| *b != whole));
            }
        }
        parts.retain(|p| *p != Set::ALWAYS);
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    /// Decides which sets get a literal, and in which order.
    fn materialise(&mut self, shape: Shape) -> Vec<Set> {
        let mut users: BTreeMap<Set, u32> = BTreeMap::new();
        let mut work: Vec<Set> = self.live.sets.iter().copied().collect();
        let mut seen: BTreeSet<Set> = self.live.sets.clone();
        while let Some(set) = work.pop() {
            for part in self.parts(set) {
                *users.entry(part).or_default() += 1;
                if seen.insert(part) {
                    work.push(part);
                }
            }
        }
        self.materialised = seen
            .into_iter()
            .filter(|s| shape == Shape::Chains || self.live.sets.contains(s) || users.get(s) > Some(&1))
            .collect();
        let mut order: Vec<Set> = self.materialised.iter().copied().collect();
        // Conditions that stand for themselves first: others can take them.
        order.sort_by_key(|s| {
            let atoms = self.sets.atoms(*s);
            (self.last(*s), atoms.len(), atoms.iter().any(|a| self.base(a.cond) != Set::ALWAYS), *s)
        });
        order
    }

    /// A set of several atoms as part of a whole: the whole, and atoms that are in the set, or (true) those of the
    /// whole that are not, whichever are fewer.
    fn region(&self, set: Set) -> (Set, Vec<Atom>, bool) {
        let atoms = self.sets.atoms(set);
        let Some(root) = self.common(set) else { return (Set::ALWAYS, atoms.to_vec(), false) };
        let whole = self.base(root);
        let mut inside: BTreeSet<u32> = BTreeSet::new();
        let mut inner: BTreeSet<Atom> = atoms.iter().copied().collect();
        let mut work: Vec<u32> = atoms.iter().map(|a| a.cond).collect();
        while let Some(cond) = work.pop() {
            if !inside.insert(cond) || cond == root {
                continue;
            }
            for atom in self.sets.atoms(self.base(cond)) {
                inner.insert(*atom);
                work.push(atom.cond);
            }
        }
        let both = |c: &u32| [true, false].map(|when| Atom { cond: *c, when });
        let others: Vec<Atom> = inside.iter().flat_map(both).filter(|a| !inner.contains(a)).collect();
        // All ways to the set pass the root; were there one that does not, the complement would not be one.
        let closed = inside.iter().all(|c| *c == root || self.base(*c) != whole);
        if closed && others.len() <= atoms.len() {
            (whole, others, true)
        } else {
            (whole, atoms.to_vec(), false)
        }
    }

    fn literal(&mut self, set: Set) -> (Literal, i32) {
        if let (Some(literal), Some(ready)) = (self.found.literals.get(&set), self.ready.get(&set)) {
            return (*literal, *ready);
        }
        let terms = self.terms(set, Set::ALWAYS, true);
        let (literal, ready) = self.join(terms);
        self.found.literals.insert(set, literal);
        self.ready.insert(set, ready);
        (literal, ready)
    }

    /// A set as a conjunction, given that `whole` holds.
    fn terms(&mut self, set: Set, whole: Set, top: bool) -> Vec<Term> {
        let mut terms = Vec::new();
        let (mut set, mut top) = (set, top);
        while set != Set::ALWAYS && set != whole {
            if !top && self.materialised.contains(&set) {
                let (literal, ready) = self.literal(set);
                terms.push(Term::Known(literal, ready));
                break;
            }
            top = false;
            set = match *self.sets.atoms(set) {
                [] => break,
                [atom] => {
                    terms.push(Term::Cond(atom));
                    self.base(atom.cond)
                }
                _ => {
                    let (whole, atoms, complement) = self.region(set);
                    self.group(&atoms, whole, complement, &mut terms);
                    whole
                }
            };
        }
        terms
    }

    /// "None of these happened", or "one of these happened".
    fn group(&mut self, atoms: &[Atom], whole: Set, none: bool, terms: &mut Vec<Term>) {
        let mut failed = Vec::new();
        for atom in atoms {
            let way = self.terms(self.base(atom.cond), whole, false);
            failed.push(if way.is_empty() {
                Term::Cond(Atom { when: !atom.when, ..*atom })
            } else {
                let (literal, ready) = self.join(way);
                Term::Unless(*atom, literal, ready)
            });
        }
        if none {
            terms.extend(failed);
        } else {
            let (literal, ready) = self.join(failed);
            terms.push(Term::Known(Literal { negate: !literal.negate, ..literal }, ready));
        }
    }

    fn alone(&mut self, atom: Atom) -> (Literal, i32) {
        let known = self.alone.get(&self.cond(atom)).copied();
        let (pred, ready) = known.unwrap_or_else(|| {
            let stage = self.free(self.arrival(atom.cond));
            let pred = self.test(Some(Atom { when: true, ..atom }), None, &[], stage);
            self.alone.insert(self.cond(atom), (pred, stage + 1));
            (pred, stage + 1)
        });
        (Literal { pred, negate: !atom.when }, ready)
    }

    /// The conjunction of terms, put together as they arrive.
    fn join(&mut self, terms: Vec<Term>) -> (Literal, i32) {
        let mut conds: Vec<(i32, Atom, Option<Literal>)> = Vec::new();
        let mut known: Vec<(i32, Literal)> = Vec::new();
        for term in terms {
            match term {
                Term::Cond(atom) => match self.alone.get(&self.cond(atom)) {
                    Some((pred, ready)) => {
                        known.push((*ready, Literal { pred: *pred, negate: !atom.when }));
                    }
                    None => conds.push((self.arrival(atom.cond), atom, None)),
                },
                Term::Unless(atom, literal, ready) => {
                    conds.push((self.arrival(atom.cond).max(ready), atom, Some(literal)));
                }
                Term::Known(literal, ready) => known.push((ready, literal)),
            }
        }
        if let ([(_, atom, None)], []) = (&conds[..], &known[..]) {
            return self.alone(*atom);
        }
        known.sort_by_key(|(ready, l)| (*ready, l.pred, l.negate));
        known.dedup();
        // Ascending by arrival; those of one stage in the order of the program.
        conds.sort_by_key(|(arrival, atom, _)| (*arrival, *atom));
        for (index, (arrival, atom, under)) in conds.iter().enumerate() {
            let mut stage = *arrival;
            let room = if under.is_some() { 1 } else { 2 };
            if index + 1 == conds.len() {
                // The last one joins everything that is left.
                while known.len() > room {
                    self.pair(&mut known);
                }
                stage = known.iter().map(|(ready, _)| *ready).fold(stage, i32::max);
            }
            let stage = self.free(stage);
            // What is there is taken along; the rest joins later.
            let count = known.iter().take(room).filter(|(ready, _)| *ready <= stage).count();
            let taken: Vec<Literal> = known.drain(..count).map(|(_, l)| l).collect();
            let pred = self.test(Some(*atom), *under, &taken, stage);
            known.push((stage + 1, Literal { pred, negate: false }));
            known.sort_by_key(|(ready, l)| (*ready, l.pred, l.negate));
        }
        while known.len() > 1 {
            self.pair(&mut known);
        }
        let (ready, literal) = known[0];
        (literal, ready)
    }

    /// Joins the two predicates that are there first.
    fn pair(&mut self, known: &mut Vec<(i32, Literal)>) {
        let stage = self.free(known[0].0.max(known[1].0));
        let taken: Vec<Literal> = known.drain(..2).map(|(_, l)| l).collect();
        let pred = self.test(None, None, &taken, stage);
        known.push((stage + 1, Literal { pred, negate: false }));
        known.sort_by_key(|(ready, l)| (*ready, l.pred, l.negate));
    }

    /// The first stage from `stage` on with a free compare unit.
    fn free(&self, mut stage: i32) -> i32 {
        while self.busy.get(&stage).copied().unwrap_or(0) >= self.compares {
            stage += 1;
        }
        stage
    }

    /// A predicate that says that the literals hold and that the atom happens; with `under`, that it does not or that
    /// `under` does not hold.
    fn test(&mut self, atom: Option<Atom>, under: Option<Literal>, taken: &[Literal], stage: i32) -> Pred {
        let inputs: Vec<Pred> = taken.iter().chain(&under).map(|l| l.pred).collect();
        let table = self.table(atom, under, taken);
        let pred = Pred(self.found.predicates);
        if let Some(atom) = atom {
            for index in self.by_cond.get(&atom.cond).into_iter().flatten() {
                let test = &mut self.found.tests[*index];
                if !test.p.iter().flatten().eq(inputs.iter()) {
                    continue;
                }
                if let Some((known, _)) = test.out.iter().flatten().find(|(_, other)| *other == table) {
                    return *known;
                }
                // The other outcome under the same predicates: one unit sets both.
                if test.out[1].is_none() {
                    test.out[1] = Some((pred, table));
                    self.found.predicates += 1;
                    return pred;
                }
            }
        }
        self.found.predicates += 1;
        let p = [inputs.first().copied(), inputs.get(1).copied()];
        let index = self.found.tests.len();
        self.found.tests.push(Test { cond: atom.map(|a| a.cond), p, out: [Some((pred, table)), None] });
        if let Some(atom) = atom {
            self.by_cond.entry(atom.cond).or_default().push(index);
        }
        *self.busy.entry(stage).or_default() += 1;
        pred
    }

    fn table(&self, atom: Option<Atom>, under: Option<Literal>, taken: &[Literal]) -> u8 {
        (0..8u8).fold(0, |table, index| {
            let holds = |(at, l): (usize, &Literal)| (index >> at & 1 == 1) != l.negate;
            let happens = atom.is_none_or(|a| ((index >> 2 & 1 == 1) != self.cond(a).negate) == a.when);
            let outcome = under.map_or(happens, |u| !(happens && holds((taken.len(), &u))));
            table | u8::from(outcome && taken.iter().enumerate().all(holds)) << index
        })
    }

    fn cond(&self, atom: Atom) -> Cond {
        self.sets.conds[atom.cond as usize].cond
    }

    /// Stage in which a condition can be evaluated.
    fn arrival(&self, cond: u32) -> i32 {
        let cond = &self.sets.conds[cond as usize].cond;
        self.there(cond.a, Taker::Compare).max(self.there(cond.b, Taker::Compare)).max(0)
    }

    /// Stage in which a unit can take a value.
    fn there(&self, value: Val, taker: Taker) -> i32 {
        let stage = self.stages[value.0 as usize];
        let read = self.live.parts.contains_key(&value);
        let distance = match self.function.values.def(value) {
            Def::Const(_) | Def::Entry(_) => return 0,
            Def::Read { .. } | Def::Deep { .. } | Def::Op { op: Operation::Mul, .. } => {
                late(LateUnit::Table(0))
            }
            Def::Key { .. } => late(LateUnit::Keys(0)),
            _ if read => late(LateUnit::Table(0)),
            Def::Load { .. } if taker != Taker::Other => 0,
            Def::Op { .. } if taker == Taker::Compare => 0,
            _ => 1,
        };
        stage + distance
    }

    fn stage_of(&self, value: Val) -> i32 {
        let at = |v: Option<Val>, taker| v.map_or(0, |v| self.there(v, taker));
        if let Some(part) = self.live.parts.get(&value) {
            return at(part.address.var, Taker::Other);
        }
        match *self.function.values.def(value) {
            Def::Const(_) | Def::Entry(_) => 0,
            Def::Op { op: Operation::Mul, a, b, .. } => {
                at(Some(a), Taker::Other).max(at(Some(b), Taker::Other))
            }
            Def::Op { a, b, .. } => at(Some(a), Taker::Alu).max(at(Some(b), Taker::Alu)),
            Def::Load { address, .. } | Def::Deep { address, .. } => at(address.var, Taker::Other),
            Def::Read { address, .. } => at(address.var, Taker::Other),
            Def::Key { key: [low, high], .. } => {
                at(Some(low), Taker::Other).max(at(Some(high), Taker::Other))
            }
            Def::Phi { .. } | Def::Select { .. } => match self.live.choices.get(&value) {
                Some(choice) => self.stage_of_choice(choice),
                None => 0,
            },
        }
    }

    fn stage_of_choice(&self, choice: &Choice) -> i32 {
        let first = self.there(choice.default, Taker::Alu);
        choice.others.iter().fold(first, |stage, (set, value)| {
            let ready = self.ready.get(set).copied().unwrap_or(0);
            stage.max(ready).max(self.there(*value, Taker::Alu))
        })
    }
}

/// Stages from a unit to those that can take its result.
fn late(unit: LateUnit) -> i32 {
    unit.latency() as i32 + 1
}

/// Who takes a value decides whether it can be handed on within a stage.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taker {
    Compare,
    Alu,
    Other,
}
