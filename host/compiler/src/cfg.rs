// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Basic blocks of a program in topological order.
//!
//! Everything that is not plain forward control flow is refused here: illegal instructions, jumps out of the program,
//! loops, calls of subprograms, code that cannot be reached.

use crate::diag::{Diagnostic, codes};
use std::collections::BTreeSet;
use std::fmt;
use weir_bpf::{Op, Program};

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The program returns.
    Return,
    /// On to one block.
    Goto(usize),
    /// A conditional jump: where to if it is taken, where to if not.
    Branch {
        /// Block if the condition holds.
        taken: usize,
        /// Block if not.
        fall: usize,
    },
}

impl Exit {
    /// Blocks that may follow.
    pub fn successors(self) -> impl Iterator<Item = usize> {
        let (first, second) = match self {
            Exit::Return => (None, None),
            Exit::Goto(block) => (Some(block), None),
            Exit::Branch { taken, fall } => (Some(taken), Some(fall)),
        };
        first.into_iter().chain(second)
    }
}

/// A basic block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Slots and instructions. The last may be a jump or the exit.
    pub insns: Vec<(usize, Op)>,
    /// How it ends.
    pub exit: Exit,
}

/// The blocks, each before its successors; block 0 is the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cfg {
    /// The blocks.
    pub blocks: Vec<Block>,
}

impl fmt::Display for Cfg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, block) in self.blocks.iter().enumerate() {
            writeln!(f, "block{index}:")?;
            for (slot, op) in &block.insns {
                writeln!(f, "  {slot:4}: {op:?}")?;
            }
            writeln!(f, "  -> {:?}", block.exit)?;
        }
        Ok(())
    }
}

/// Slot that a jump goes to.
fn target(program: &Program, slot: usize, offset: i64) -> Option<usize> {
    let to = slot as i64 + 1 + offset;
    usize::try_from(to).ok().filter(|t| *t < program.insns.len())
}

impl Cfg {
    /// Splits a program into blocks.
    pub fn build(program: &Program) -> Result<Cfg, Vec<Diagnostic>> {
        let mut found = Vec::new();
        let error = |code, slot: usize, message: String| Diagnostic::error(code, message).at(program, slot);
        let mut ops = Vec::new();
        let mut slot = 0;
        while slot < program.insns.len() {
            match Op::at(&program.insns, slot) {
                Ok(op) => {
                    ops.push((slot, op));
                    slot += op.slots();
                }
                Err(e) => {
                    found.push(error(codes::ILLEGAL_INSN, slot, e.to_string()));
                    slot += if program.insns[slot].is_wide() { 2 } else { 1 };
                }
            }
        }
        if program.insns.is_empty() {
            found.push(Diagnostic::error(codes::FALLS_OFF, "the program has no instructions"));
        }
        if !found.is_empty() {
            return Err(found);
        }
        let starts: BTreeSet<usize> = ops.iter().map(|(slot, _)| *slot).collect();
        let mut leaders = BTreeSet::from([0]);
        let jump = |slot: usize, offset: i64, found: &mut Vec<Diagnostic>| {
            let to = target(program, slot, offset).filter(|t| starts.contains(t));
            if to.is_none() {
                found.push(error(
                    codes::FALLS_OFF,
                    slot,
                    "jump to a place that is no instruction of the program".into(),
                ));
            }
            to
        };
        for &(slot, op) in &ops {
            let next = slot + op.slots();
            let ends = match op {
                Op::Jump { offset, .. } => {
                    leaders.extend(jump(slot, offset.into(), &mut found));
                    true
                }
                Op::Goto { offset } => {
                    leaders.extend(jump(slot, offset.into(), &mut found));
                    leaders.insert(next);
                    continue;
                }
                Op::CallLocal { .. } => {
                    let message = "call of a subprogram".to_owned();
                    found.push(error(codes::SUBPROGRAM, slot, message));
                    continue;
                }
                Op::Exit => {
                    leaders.insert(next);
                    continue;
                }
                _ => false,
            };
            if ends {
                leaders.insert(next);
            }
            if next >= program.insns.len() {
                found.push(error(
                    codes::FALLS_OFF,
                    slot,
                    "the program runs past its last instruction".into(),
                ));
            }
        }
        if !found.is_empty() {
            return Err(found);
        }
        Cfg::order(program, &ops, &leaders)
    }

    fn order(
        program: &Program,
        ops: &[(usize, Op)],
        leaders: &BTreeSet<usize>,
    ) -> Result<Cfg, Vec<Diagnostic>> {
        let slots: Vec<usize> = leaders.iter().copied().filter(|l| *l < program.insns.len()).collect();
        let block_at = |slot: usize| slots.partition_point(|l| *l <= slot) - 1;
        let mut blocks: Vec<Block> =
            slots.iter().map(|_| Block { insns: Vec::new(), exit: Exit::Return }).collect();
        for &(slot, op) in ops {
            blocks[block_at(slot)].insns.push((slot, op));
        }
        for block in &mut blocks {
            let Some(&(slot, op)) = block.insns.last() else { continue };
            let to = |offset: i64| target(program, slot, offset).map_or(0, block_at);
            let next = slot + op.slots();
            block.exit = match op {
                Op::Exit => Exit::Return,
                Op::Goto { offset } => Exit::Goto(to(offset.into())),
                Op::Jump { offset: 0, .. } => Exit::Goto(block_at(next)),
                Op::Jump { offset, .. } => Exit::Branch { taken: to(offset.into()), fall: block_at(next) },
                _ => Exit::Goto(block_at(next)),
            };
        }
        let mut reached = vec![false; blocks.len()];
        let mut stack = vec![0];
        while let Some(block) = stack.pop() {
            if !std::mem::replace(&mut reached[block], true) {
                stack.extend(blocks[block].exit.successors());
            }
        }
        if let Some(block) = reached.iter().position(|r| !r) {
            let slot = blocks[block].insns.first().map_or(0, |(slot, _)| *slot);
            let message = "no path leads to this instruction";
            return Err(vec![Diagnostic::error(codes::UNREACHABLE, message).at(program, slot)]);
        }
        // Kahn's order, the smallest slot first: where control only runs forward this is the order of the program.
        let mut pending = vec![0usize; blocks.len()];
        for block in &blocks {
            block.exit.successors().for_each(|s| pending[s] += 1);
        }
        let mut ready = BTreeSet::new();
        if pending[0] == 0 {
            ready.insert(0);
        }
        let mut order = Vec::with_capacity(blocks.len());
        while let Some(block) = ready.pop_first() {
            order.push(block);
            for successor in blocks[block].exit.successors() {
                pending[successor] -= 1;
                if pending[successor] == 0 {
                    ready.insert(successor);
                }
            }
        }
        if order.len() < blocks.len() {
            // Some block of the cycle ends in a jump backwards.
            let cyclic = |b: usize| pending[b] > 0;
            let slot = (0..blocks.len())
                .filter(|b| blocks[*b].exit.successors().any(|s| s <= *b && cyclic(s)))
                .find_map(|b| blocks[b].insns.last().map(|(slot, _)| *slot));
            let error = Diagnostic::error(codes::LOOP, "the program loops");
            return Err(vec![match slot {
                Some(slot) => error.at(program, slot),
                None => error,
            }]);
        }
        let mut place = vec![0; blocks.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old] = new;
        }
        let renamed = |exit: Exit| match exit {
            Exit::Return => Exit::Return,
            Exit::Goto(block) => Exit::Goto(place[block]),
            Exit::Branch { taken, fall } => Exit::Branch { taken: place[taken], fall: place[fall] },
        };
        let blocks = order
            .iter()
            .map(|old| Block {
                insns: std::mem::take(&mut blocks[*old].insns),
                exit: renamed(blocks[*old].exit),
            })
            .collect();
        Ok(Cfg { blocks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(text: &str) -> Result<Cfg, Vec<&'static str>> {
        let insns = weir_bpf::asm::assemble(text).expect("the test writes assembly");
        let program = Program { insns, ..Program::default() };
        Cfg::build(&program).map_err(|found| found.iter().map(|d| d.code).collect())
    }

    #[test]
    fn blocks_come_before_their_successors() {
        // The jump back leads to a block that is not passed before: no loop.
        let text = "goto b\na:\nr0 = 1\nexit\nb:\nif r1 == 0 goto a\nr0 = 2\nexit";
        let cfg = build(text).expect("there is no loop");
        for (index, block) in cfg.blocks.iter().enumerate() {
            assert!(block.exit.successors().all(|s| s > index), "{cfg}");
        }
        assert_eq!(cfg.blocks.len(), 4);
    }

    #[test]
    fn control_that_is_not_plain_is_refused() {
        assert_eq!(build("a:\nr0 = 1\ngoto a"), Err(vec!["X0103"]));
        assert_eq!(build("r0 = 1\nif r0 == 1 goto +7\nexit"), Err(vec!["X0102"]));
        assert_eq!(build("r0 = 1"), Err(vec!["X0102"]));
        assert_eq!(build(""), Err(vec!["X0102"]));
        assert_eq!(
            build("r0 = 1 ll\nif r0 == 1 goto -2\nexit"),
            Err(vec!["X0102"]),
            "into a wide instruction"
        );
        assert_eq!(build("r0 = 1\nexit\nexit"), Err(vec!["X0104"]));
    }
}
