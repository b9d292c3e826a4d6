// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Instances of blocks: one per iteration of the loops around a block and per call of its function. A loop ends where
//! the run proves that no state takes its way back; one that shows no progress, or too much, is refused.

use super::Edge;
use super::build::Builder;
use super::range::Range;
use super::state::{Byte, Slot, State};
use crate::cfg::Cfg;
use crate::diag::{Diagnostic, Level, codes};
use std::collections::HashMap;
use std::rc::Rc;

/// Instructions that are run, those of every iteration and call counted: what is longer fits no target by far.
const MOST_INSNS: usize = 1 << 15;

/// Iterations without a look at what they change.
const FREE_TURNS: u32 = 16;

/// A block in one iteration of every loop around it and in one call.
#[derive(Debug)]
pub(super) struct Instance {
    /// The block.
    pub(super) block: usize,
    /// Key of the calling instance, then the block's place with the number of the iteration behind every loop.
    pub(super) key: Vec<u32>,
    /// Length of the caller's part of the key.
    base: usize,
    /// Instance that called the function.
    pub(super) caller: Option<Rc<Instance>>,
}

impl Instance {
    /// First block of a function.
    pub(super) fn entry(block: usize, cfg: &Cfg, caller: Option<Rc<Instance>>) -> Instance {
        let mut key = caller.as_ref().map_or(Vec::new(), |c| c.key.clone());
        let base = key.len();
        append(&mut key, &cfg.blocks[block].place);
        Instance { block, key, base, caller }
    }

    /// The instance that an edge to a block of the same function leads to.
    pub(super) fn next(&self, to: usize, cfg: &Cfg) -> Instance {
        let (from, place) = (&cfg.blocks[self.block].place, &cfg.blocks[to].place);
        // Loops around both: those of the common part, of which the last position is a block's own.
        let common = from.iter().zip(place).take_while(|(a, b)| a == b).count();
        let shared = common.min(from.len() - 1).min(place.len() - 1);
        let mut key = self.key[..self.base + 2 * shared].to_vec();
        let back = shared > 0 && place[shared..] == [0];
        if let (true, Some(turn)) = (back, key.last_mut()) {
            *turn += 1;
        }
        append(&mut key, &place[shared..]);
        Instance { block: to, key, base: self.base, caller: self.caller.clone() }
    }

    /// Number of the iteration, of the header of a loop.
    fn turn(&self, cfg: &Cfg) -> Option<u32> {
        let place = &cfg.blocks[self.block].place;
        (place.len() > 1 && place.ends_with(&[0])).then(|| self.key[self.base + 2 * place.len() - 3])
    }

    /// The same instance, run for some of the states that flow into it apart from the others.
    pub(super) fn apart(mut self, which: u32) -> Instance {
        // Positions of blocks of functions called from here never come so high.
        self.key.push(u32::MAX - which);
        self
    }

    /// The same instance once more, for other states.
    pub(super) fn again(&self, which: u32) -> Instance {
        let caller = self.caller.clone();
        Instance { block: self.block, key: self.key.clone(), base: self.base, caller }.apart(which)
    }
}

/// Adds a place to a key: first iterations of its loops.
fn append(key: &mut Vec<u32>, place: &[u32]) {
    for (level, position) in place.iter().enumerate() {
        if level > 0 {
            key.push(0);
        }
        key.push(*position);
    }
}

/// An instance that waits, with the states that flow into it.
pub(super) struct Pending {
    pub(super) instance: Rc<Instance>,
    pub(super) states: Vec<(Edge, State)>,
    /// Slot of the last instruction before it.
    pub(super) from: usize,
}

impl Pending {
    pub(super) fn new(instance: Instance) -> Pending {
        Pending { instance: Rc::new(instance), states: Vec::new(), from: 0 }
    }
}

/// What is known of a register or of bytes of the stack, without its name.
#[derive(PartialEq, Eq)]
struct Known {
    slot: Option<Slot>,
    ranges: Vec<Range>,
    fact: Option<i64>,
}

/// What the run has seen of loops.
#[derive(Default)]
pub(super) struct Turns {
    insns: usize,
    /// What was known at the header in an earlier iteration, by key without the iteration.
    kept: HashMap<Vec<u32>, (u32, Vec<Known>)>,
}

impl Builder<'_> {
    /// Whether the next instance is to be run; false if the program is refused for its length.
    pub(super) fn turn(&mut self, pending: &Pending) -> bool {
        let instance = &pending.instance;
        self.turns.insns += self.cfg.blocks[instance.block].insns.len();
        if self.turns.insns > MOST_INSNS {
            self.too_long(pending);
            return false;
        }
        let Some(turn) = instance.turn(self.cfg).filter(|turn| *turn >= FREE_TURNS) else { return true };
        let known: Vec<Vec<Known>> = pending.states.iter().map(|(_, s)| self.signature(s)).collect();
        let known: Vec<Known> = known.into_iter().flatten().collect();
        let mut key = instance.key.clone();
        key.remove(instance.base + 2 * self.cfg.blocks[instance.block].place.len() - 3);
        // Compared with the last iteration whose number is a power of two: that finds circles of any length.
        let before = self.turns.kept.get(&key).filter(|(_, k)| *k == known).map(|(turn, _)| *turn);
        let Some(before) = before else {
            if turn.is_power_of_two() {
                self.turns.kept.insert(key, (turn, known));
            }
            return true;
        };
        let message = "nothing shows that the loop ends";
        let note = format!("iteration {turn} begins with what is known of iteration {before}");
        self.refuse_loop(pending, Diagnostic::error(codes::LOOP, message).note(note));
        false
    }

    fn too_long(&mut self, pending: &Pending) {
        // The loop with the most iterations, of those around the instance and around its callers.
        let instance = &pending.instance;
        let turns = |instance: &Instance| {
            instance.key[instance.base..].iter().skip(1).step_by(2).copied().max().unwrap_or(0)
        };
        let mut most = turns(instance);
        let mut caller = instance.caller.clone();
        while let Some(instance) = caller {
            most = most.max(turns(&instance));
            caller = instance.caller.clone();
        }
        let message = format!("more than {MOST_INSNS} instructions, loops unrolled and calls inlined");
        let mut error = Diagnostic::error(codes::TOO_LONG, message);
        if most > 0 {
            error = error.note(format!("a loop around this is in iteration {}", most + 1));
        }
        self.refuse_loop(pending, error);
    }

    fn refuse_loop(&mut self, pending: &Pending, error: Diagnostic) {
        // After another error a loop may go on because its condition is not known.
        if self.found.iter().all(|d| d.level != Level::Error) {
            self.slot = pending.from;
            self.report(error);
        }
    }

    fn signature(&self, state: &State) -> Vec<Known> {
        let range = |value| state.ranges.get(&self.values, value);
        let known = |slot: &Slot| {
            let (slot, values, fact) = slot.anonymous(state);
            Known { slot, ranges: values.into_iter().map(range).collect(), fact }
        };
        let mut all: Vec<Known> = state.registers.iter().map(known).collect();
        for frame in &state.frames {
            all.extend(frame.saved.iter().map(known));
            all.extend(frame.spilled.values().map(known));
            all.extend(frame.bytes.iter().map(|byte| match byte {
                Byte::Of(value, index) => {
                    Known { slot: None, ranges: vec![range(*value)], fact: Some((*index).into()) }
                }
                Byte::Copied { index, .. } => {
                    Known { slot: None, ranges: Vec::new(), fact: Some((*index).into()) }
                }
                Byte::Uninitialised => Known { slot: None, ranges: Vec::new(), fact: None },
                Byte::Pointer => Known { slot: None, ranges: Vec::new(), fact: Some(-1) },
            }));
        }
        all
    }
}
