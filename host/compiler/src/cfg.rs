// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Basic blocks of a program and its subprograms, each with its place among loops.
//!
//! Refused here: illegal instructions, jumps out of the program or from one function into another, recursion, code
//! that cannot be reached. Whether a loop ends is not a question of its shape; [`crate::ssa`] runs it.

mod liveness;
mod order;

use crate::diag::{Diagnostic, codes};
use std::collections::BTreeSet;
use std::fmt;
use weir_bpf::interp::helper::{XDP_ADJUST_HEAD, XDP_LOAD_BYTES, XDP_STORE_BYTES};
use weir_bpf::{Op, Program};

/// Functions that may be active at a time: the kernel's limit.
pub const MOST_FRAMES: usize = 8;

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The function returns.
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
    /// A call.
    Call {
        /// First block of the function.
        callee: usize,
        /// Block after it has returned.
        next: usize,
    },
}

impl Exit {
    /// Blocks of the same function that may follow.
    pub fn successors(self) -> impl Iterator<Item = usize> {
        let (first, second) = match self {
            Exit::Return => (None, None),
            Exit::Goto(block) | Exit::Call { next: block, .. } => (Some(block), None),
            Exit::Branch { taken, fall } => (Some(taken), Some(fall)),
        };
        first.into_iter().chain(second)
    }
}

/// A basic block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Slots and instructions. The last may be a jump, a call or the exit.
    pub insns: Vec<(usize, Op)>,
    /// How it ends.
    pub exit: Exit,
    /// Place within its function: position of the outermost loop around it, within that the position of the next,
    /// and at last its own. Header blocks have position 0 in their loop; of all other edges the end is behind the
    /// start.
    pub place: Vec<u32>,
    /// Registers, as bits, that can still be read where it begins and where it ends.
    pub live: (liveness::Registers, liveness::Registers),
}

/// The blocks in the order of the program; block 0 is the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cfg {
    /// The blocks.
    pub blocks: Vec<Block>,
}

impl fmt::Display for Cfg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, block) in self.blocks.iter().enumerate() {
            writeln!(f, "block{index}: at {:?}", block.place)?;
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
        let to = |slot: usize, offset: i64, what: &str, found: &mut Vec<Diagnostic>| {
            let to = target(program, slot, offset).filter(|t| starts.contains(t));
            if to.is_none() {
                let message = format!("{what} a place that is no instruction of the program");
                found.push(error(codes::FALLS_OFF, slot, message));
            }
            to
        };
        for &(slot, op) in &ops {
            let next = slot + op.slots();
            match op {
                Op::Jump { offset, .. } => {
                    leaders.extend(to(slot, offset.into(), "jump to", &mut found));
                    leaders.insert(next);
                }
                Op::Goto { offset } => {
                    leaders.extend(to(slot, offset.into(), "jump to", &mut found));
                    leaders.insert(next);
                    continue;
                }
                Op::CallLocal { offset } => {
                    leaders.extend(to(slot, offset.into(), "call of", &mut found));
                    leaders.insert(next);
                }
                Op::Exit => {
                    leaders.insert(next);
                    continue;
                }
                // What follows is run for success and failure apart.
                Op::CallHelper(XDP_ADJUST_HEAD | XDP_LOAD_BYTES | XDP_STORE_BYTES) => {
                    leaders.insert(next);
                }
                _ => (),
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
        let mut blocks = split(program, &ops, &leaders);
        functions(program, &blocks)?;
        let places = order::places(&blocks).map_err(|block| {
            let slot = blocks[block].insns.first().map_or(0, |(slot, _)| *slot);
            let message = "loops are nested too deep";
            vec![Diagnostic::error(codes::LOOP, message).at(program, slot)]
        })?;
        for (block, place) in blocks.iter_mut().zip(places) {
            block.place = place;
        }
        for (block, live) in liveness::liveness(&blocks).into_iter().enumerate() {
            blocks[block].live = live;
        }
        Ok(Cfg { blocks })
    }
}

fn split(program: &Program, ops: &[(usize, Op)], leaders: &BTreeSet<usize>) -> Vec<Block> {
    let slots: Vec<usize> = leaders.iter().copied().filter(|l| *l < program.insns.len()).collect();
    let block_at = |slot: usize| slots.partition_point(|l| *l <= slot) - 1;
    let mut blocks: Vec<Block> = slots
        .iter()
        .map(|_| Block { insns: Vec::new(), exit: Exit::Return, place: Vec::new(), live: (0, 0) })
        .collect();
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
            Op::CallLocal { offset } => Exit::Call { callee: to(offset.into()), next: block_at(next) },
            _ => Exit::Goto(block_at(next)),
        };
    }
    blocks
}

/// Checks that every block belongs to one function and is reached, and that calls end.
fn functions(program: &Program, blocks: &[Block]) -> Result<(), Vec<Diagnostic>> {
    let last = |block: usize| blocks[block].insns.last().map_or(0, |(slot, _)| *slot);
    let mut owner: Vec<Option<usize>> = vec![None; blocks.len()];
    let mut entries = vec![0];
    let mut known = BTreeSet::from([0]);
    // Calls by calling function: where, and the function called.
    let mut calls: Vec<Vec<(usize, usize)>> = vec![Vec::new(); blocks.len()];
    while let Some(entry) = entries.pop() {
        let mut stack = vec![(entry, entry)];
        while let Some((block, from)) = stack.pop() {
            match owner[block] {
                Some(function) if function == entry => continue,
                Some(_) => {
                    let message = "control runs from one function into another";
                    return Err(vec![Diagnostic::error(codes::FALLS_OFF, message).at(program, last(from))]);
                }
                None => owner[block] = Some(entry),
            }
            if let Exit::Call { callee, .. } = blocks[block].exit {
                calls[entry].push((block, callee));
                if known.insert(callee) {
                    entries.push(callee);
                }
            }
            stack.extend(blocks[block].exit.successors().map(|s| (s, block)));
        }
    }
    if let Some(block) = owner.iter().position(Option::is_none) {
        let slot = blocks[block].insns.first().map_or(0, |(slot, _)| *slot);
        let message = "no path leads to this instruction";
        return Err(vec![Diagnostic::error(codes::UNREACHABLE, message).at(program, slot)]);
    }
    // Depth-first along calls; what is more than `MOST_FRAMES` deep is refused, so this ends also where it recurses.
    let mut stack = vec![(0, 0)];
    let mut checked = BTreeSet::new();
    while let Some((function, at)) = stack.pop() {
        let Some(&(block, callee)) = calls[function].get(at) else {
            checked.insert((function, stack.len()));
            continue;
        };
        stack.push((function, at + 1));
        let refused =
            |message: &str| Err(vec![Diagnostic::error(codes::SUBPROGRAM, message).at(program, last(block))]);
        if stack.iter().any(|(active, _)| *active == callee) {
            return refused("the function calls itself, directly or through others");
        }
        if stack.len() == MOST_FRAMES {
            return refused("more than 8 functions are active at a time");
        }
        if !checked.contains(&(callee, stack.len())) {
            stack.push((callee, 0));
        }
    }
    Ok(())
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
    fn places_follow_control() {
        // The jump back leads to a block that is not passed before: no loop.
        let text = "goto b\na:\nr0 = 1\nexit\nb:\nif r1 == 0 goto a\nr0 = 2\nexit";
        let cfg = build(text).expect("there is no loop");
        assert_eq!(cfg.blocks.len(), 4);
        for block in &cfg.blocks {
            assert_eq!(block.place.len(), 1);
            assert!(block.exit.successors().all(|s| cfg.blocks[s].place > block.place), "{cfg}");
        }
    }

    #[test]
    fn loops_have_their_header_first() {
        let text = "r0 = 0\nouter:\nr2 = 0\ninner:\nr2 += 1\nif r2 < 3 goto inner\nr0 += 1\nif r0 < 3 goto outer\nexit";
        let cfg = build(text).expect("loops are no error of the shape");
        let places: Vec<&[u32]> = cfg.blocks.iter().map(|b| &b.place[..]).collect();
        assert_eq!(places, [&[0][..], &[1, 0], &[1, 1, 0], &[1, 2], &[2]]);
        // Two ways into a loop: one of them leads to the header.
        let text = "if r1 == 0 goto b\na:\nr0 = 1\nb:\nr0 = 2\nif r1 == 1 goto a\nexit";
        let cfg = build(text).expect("loops are no error of the shape");
        let places: Vec<&[u32]> = cfg.blocks.iter().map(|b| &b.place[..]).collect();
        assert_eq!(places, [&[0][..], &[1, 0], &[1, 1], &[2]]);
    }

    #[test]
    fn control_that_cannot_be_followed_is_refused() {
        assert_eq!(build("r0 = 1\nif r0 == 1 goto +7\nexit"), Err(vec!["X0102"]));
        assert_eq!(build("r0 = 1"), Err(vec!["X0102"]));
        assert_eq!(build(""), Err(vec!["X0102"]));
        assert_eq!(
            build("r0 = 1 ll\nif r0 == 1 goto -2\nexit"),
            Err(vec!["X0102"]),
            "into a wide instruction"
        );
        assert_eq!(build("r0 = 1\nexit\nexit"), Err(vec!["X0104"]));
        assert_eq!(build("call pc+1\nexit\nr0 = 1\ngoto -3"), Err(vec!["X0102"]), "into the caller");
        assert_eq!(build("call pc+1\nexit\ncall pc-1\nexit"), Err(vec!["X0105"]), "of itself");
        assert_eq!(build("call pc+1\nexit\ncall pc-3\nexit"), Err(vec!["X0105"]), "in a circle");
    }

    #[test]
    fn calls_are_eight_deep_at_most() {
        let chain = |calls: usize| "call pc+1\nexit\n".repeat(calls) + "r0 = 1\nexit";
        assert!(build(&chain(7)).is_ok());
        assert_eq!(build(&chain(8)), Err(vec!["X0105"]));
    }
}
