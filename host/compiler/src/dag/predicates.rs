// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which outcomes of conditions lead to a block.
//!
//! An **atom** is "control reaches this block and its condition has this outcome". The predicate of a block or of an
//! edge is a set of atoms, of which at most one happens. Where both outcomes of one condition are in a set, they stand
//! for "control reaches that block" and are replaced by its set: so a block that every path meets again has the
//! predicate of the block where they parted, and that of the entry is `Always`.

use crate::ssa::{Cond, Edge, Function, Site};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A set of atoms, by number. 0 is `Always`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Set(pub u32);

/// An outcome of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Atom {
    /// Condition, by its number in [`Sets::conds`].
    pub cond: u32,
    /// Its outcome.
    pub when: bool,
}

/// A condition and under what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The condition.
    pub cond: Cond,
    /// Predicate of the block that ends with it; `Always` where it stands for itself.
    pub base: Set,
    /// Slots of the instructions.
    pub insns: Vec<u32>,
    /// Place in the order of the program.
    pub key: u32,
}

/// All sets of a function.
#[derive(Debug)]
pub struct Sets {
    sets: Vec<Vec<Atom>>,
    interned: HashMap<Vec<Atom>, Set>,
    /// Conditions, those of blocks in the order of blocks, then the ones that stand for themselves.
    pub conds: Vec<Source>,
    /// Number of the condition of a block.
    of_block: Vec<Option<u32>>,
    /// Number of a condition under a set.
    under: HashMap<(Set, Cond), u32>,
    blocks: Vec<Set>,
}

/// Where control goes from a condition, in a part of the program that ends in groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Out of the part.
    Out,
    /// To a group.
    Leaf(usize),
    /// To this condition, and from there to one of two places.
    Branch(u32, Target, Target),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Leaf(usize),
    Cond(u32),
}

impl Way {
    fn target(self) -> Target {
        match self {
            Way::Branch(cond, ..) => Target::Cond(cond),
            Way::Leaf(group) => Target::Leaf(group),
            // Asked only of ways that lead somewhere.
            Way::Out => Target::Leaf(0),
        }
    }
}

impl Set {
    /// On every path.
    pub const ALWAYS: Set = Set(0);
}

impl Sets {
    /// The sets of a function's blocks.
    pub fn new(function: &Function) -> Sets {
        let blocks = function.blocks.len();
        // Set 0 has no atoms and means `Always`; no other set is empty.
        let mut sets = Sets {
            sets: vec![Vec::new()],
            interned: HashMap::new(),
            conds: Vec::new(),
            of_block: vec![None; blocks],
            under: HashMap::new(),
            blocks: vec![Set::ALWAYS; blocks],
        };
        for (index, block) in function.blocks.iter().enumerate() {
            if index > 0 {
                let edges: Vec<Set> = block.edges.iter().map(|e| sets.edge(*e)).collect();
                sets.blocks[index] = sets.union(&edges);
            }
            if let Some((cond, insn)) = block.cond {
                let number = sets.conds.len() as u32;
                sets.of_block[index] = Some(number);
                let base = sets.blocks[index];
                sets.under.entry((base, cond)).or_insert(number);
                let key = block.at * 2 + 1;
                sets.conds.push(Source { cond, base, insns: vec![insn], key });
            }
        }
        sets
    }

    /// Atoms of a set, ascending.
    pub fn atoms(&self, set: Set) -> &[Atom] {
        &self.sets[set.0 as usize]
    }

    /// Set of a block.
    pub fn block(&self, block: usize) -> Set {
        self.blocks[block]
    }

    /// Set of an access.
    pub fn site(&mut self, site: &Site) -> Set {
        let base = self.blocks[site.block];
        match site.when {
            None => base,
            Some(cond) => self.under(base, cond, true, &site.insns, site.at * 2),
        }
    }

    /// Set of an edge.
    pub fn edge(&mut self, edge: Edge) -> Set {
        match (edge.when, self.of_block[edge.from]) {
            (Some(when), Some(cond)) => self.intern(vec![Atom { cond, when }]),
            _ => self.blocks[edge.from],
        }
    }

    /// A condition by itself, whatever path is taken.
    pub fn bare(&mut self, cond: Cond, when: bool, insns: &[u32], key: u32) -> Set {
        self.under(Set::ALWAYS, cond, when, insns, key)
    }

    /// An outcome of a condition where a set happens.
    fn under(&mut self, base: Set, cond: Cond, when: bool, insns: &[u32], key: u32) -> Set {
        let known = self.under.get(&(base, cond)).copied();
        let index = known.unwrap_or_else(|| {
            let index = self.conds.len() as u32;
            self.conds.push(Source { cond, base, insns: Vec::new(), key });
            self.under.insert((base, cond), index);
            index
        });
        let source = &mut self.conds[index as usize];
        source.key = source.key.min(key);
        for insn in insns {
            if let Err(at) = source.insns.binary_search(insn) {
                source.insns.insert(at, *insn);
            }
        }
        self.intern(vec![Atom { cond: index, when }])
    }

    /// Tells groups of sets apart, given that one of them happens: a set for each group, made of the conditions that
    /// decide between groups only. `None` where that is not found out.
    pub fn between(&mut self, groups: &[Vec<Set>]) -> Option<Vec<Set>> {
        let mut leaves: BTreeMap<Atom, usize> = BTreeMap::new();
        for (group, sets) in groups.iter().enumerate() {
            for set in sets {
                if *set == Set::ALWAYS {
                    return None;
                }
                for atom in self.atoms(*set) {
                    if leaves.insert(*atom, group).is_some_and(|other| other != group) {
                        return None;
                    }
                }
            }
        }
        // Conditions on the way, up to one that all ways pass: that one has no condition of its own above it here.
        let mut inner: BTreeMap<Atom, u32> = BTreeMap::new();
        let mut inside: BTreeSet<u32> = leaves.keys().map(|a| a.cond).collect();
        let mut work = inside.clone();
        while let Some(cond) = work.pop_last() {
            // What is left is above: a single one is the root.
            if work.is_empty() && inside.first() == Some(&cond) {
                break;
            }
            let base = self.conds[cond as usize].base;
            if base == Set::ALWAYS {
                return None;
            }
            for atom in self.atoms(base) {
                if inner.insert(*atom, cond).is_some_and(|other| other != cond) || leaves.contains_key(atom) {
                    return None;
                }
                if inside.insert(atom.cond) {
                    work.insert(atom.cond);
                }
            }
        }
        // Where an outcome leads, without conditions that do not matter.
        let mut ways: BTreeMap<u32, Way> = BTreeMap::new();
        for cond in inside.iter().rev() {
            let [yes, no] = [true, false].map(|when| {
                let atom = Atom { cond: *cond, when };
                match (leaves.get(&atom), inner.get(&atom)) {
                    (Some(group), _) => Way::Leaf(*group),
                    (None, Some(next)) => ways.get(next).copied().unwrap_or(Way::Out),
                    (None, None) => Way::Out,
                }
            });
            let way = match (yes, no) {
                (Way::Out, way) | (way, Way::Out) => way,
                (a, b) if a == b => a,
                _ => Way::Branch(*cond, yes.target(), no.target()),
            };
            ways.insert(*cond, way);
        }
        self.forward(groups.len(), inside.first().and_then(|root| ways.get(root)).copied()?, &ways)
    }

    /// Sets of the leaves of a graph of conditions.
    fn forward(&mut self, groups: usize, root: Way, ways: &BTreeMap<u32, Way>) -> Option<Vec<Set>> {
        let mut found: Vec<Vec<Set>> = vec![Vec::new(); groups];
        let mut reached: BTreeMap<u32, Vec<Set>> = BTreeMap::new();
        let Way::Branch(first, ..) = root else { return None };
        reached.insert(first, vec![Set::ALWAYS]);
        while let Some((cond, sets)) = reached.pop_first() {
            let Some(Way::Branch(_, yes, no)) = ways.get(&cond).copied() else { return None };
            let base = self.union(&sets);
            let Source { cond, insns, key, .. } = self.conds[cond as usize].clone();
            for (when, target) in [(true, yes), (false, no)] {
                let set = self.under(base, cond, when, &insns, key);
                match target {
                    Target::Leaf(group) => found[group].push(set),
                    Target::Cond(next) => reached.entry(next).or_default().push(set),
                }
            }
        }
        Some(found.iter().map(|sets| self.union(sets)).collect())
    }

    fn intern(&mut self, atoms: Vec<Atom>) -> Set {
        if atoms.is_empty() {
            return Set::ALWAYS;
        }
        if let Some(set) = self.interned.get(&atoms) {
            return *set;
        }
        let set = Set(self.sets.len() as u32);
        self.interned.insert(atoms.clone(), set);
        self.sets.push(atoms);
        set
    }

    /// What happens if one of several sets does, of which at most one can.
    pub fn union(&mut self, sets: &[Set]) -> Set {
        let mut atoms: Vec<Atom> = Vec::new();
        for set in sets {
            if *set == Set::ALWAYS {
                return Set::ALWAYS;
            }
            atoms.extend_from_slice(self.atoms(*set));
        }
        atoms.sort_unstable();
        atoms.dedup();
        // Conditions are numbered along the program, so the last ones are resolved first.
        let mut at = atoms.len();
        while at >= 2 {
            at = at.min(atoms.len());
            if at < 2 {
                break;
            }
            if atoms[at - 1].cond == atoms[at - 2].cond {
                let cond = atoms[at - 1].cond;
                atoms.drain(at - 2..at);
                let base = self.conds[cond as usize].base;
                if base == Set::ALWAYS {
                    return Set::ALWAYS;
                }
                for atom in self.atoms(base).to_vec() {
                    if let Err(place) = atoms.binary_search(&atom) {
                        atoms.insert(place, atom);
                    }
                }
                at = atoms.len();
            } else {
                at -= 1;
            }
        }
        self.intern(atoms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssa::Block;
    use crate::ssa::values::{Val, Values};
    use weir_pipeline::words::CmpOp;

    /// Edges into a block, and whether it branches.
    type Shape<'a> = (&'a [(usize, Option<bool>)], bool);

    /// A function of blocks without values.
    fn function(blocks: &[Shape<'_>]) -> Function {
        let block = |(edges, branches): &Shape<'_>| Block {
            edges: edges.iter().map(|(from, when)| Edge { from: *from, when: *when }).collect(),
            cond: branches
                .then_some((Cond { op: CmpOp::Eq, is32: false, a: Val(0), b: Val(0), negate: false }, 0)),
            ..Block::default()
        };
        Function {
            values: Values::default(),
            blocks: blocks.iter().map(block).collect(),
            sites: Vec::new(),
            maps: Vec::new(),
            moves_head: false,
        }
    }

    #[test]
    fn where_paths_meet_again_the_predicate_is_that_of_the_fork() {
        // 0 forks to 1 and 2; 1 forks to 3 and 4, which meet in 5; 5 and 2 meet in 6.
        let f = function(&[
            (&[], true),
            (&[(0, Some(true))], true),
            (&[(0, Some(false))], false),
            (&[(1, Some(true))], false),
            (&[(1, Some(false))], false),
            (&[(3, None), (4, None)], false),
            (&[(2, None), (5, None)], false),
        ]);
        let mut sets = Sets::new(&f);
        assert_eq!(sets.block(5), sets.block(1));
        assert_eq!(sets.block(6), Set::ALWAYS);
        assert_ne!(sets.block(3), sets.block(4));
        // Two of three ways are a set of their own, whichever way it is put together.
        let (two, three, four) = (sets.block(2), sets.block(3), sets.block(4));
        let some = sets.union(&[three, two]);
        assert_eq!(sets.atoms(some).len(), 2);
        assert_eq!(sets.union(&[some, four]), Set::ALWAYS);
    }
}
