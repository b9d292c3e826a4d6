// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The program as values: each computed once, each with a range; memory accesses with proved bounds.
//!
//! One forward run over the blocks interprets the program abstractly and builds the values at the same time: loops are
//! unrolled and calls inlined by it. Packet pointers are numbers here, context addresses; stack slots have become values; what the kernel's
//! verifier would refuse has been refused.
//!
//! - [`range`]: bounds and known bits of a value.
//! - [`values`]: the values, each distinct one once, simplified when made.
//! - [`state`]: what registers, stack and facts are at one point; how states of several paths merge.
//! - [`build`]: the run over the blocks, with [`alu`], [`memory`], [`stack`], [`branch`], [`call`], [`copies`],
//!   [`function`], [`head`] and [`divide`] for the kinds of instructions.
//! - [`unroll`]: iterations of loops and when there are too many.
//! - [`apart`]: paths that cannot meet because a register holds different kinds of things.

mod alu;
mod apart;
mod branch;
mod build;
mod call;
mod copies;
mod divide;
mod dump;
mod function;
mod head;
pub mod layout;
mod memory;
pub mod range;
pub mod simplify;
mod stack;
pub mod state;
mod unroll;
mod update;
pub mod values;
mod world;

pub use build::build;
use layout::Layout;
use values::{Val, Values};
use weir_pipeline::words::{CmpOp, Size};

/// A place in the packet: context address `var + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The part that is not constant.
    pub var: Option<Val>,
    /// The constant part.
    pub offset: i64,
}

/// A place in a map: byte `var + offset` from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableAddress {
    /// Map, by its index in the object.
    pub map: usize,
    /// The part that is not constant.
    pub var: Option<Val>,
    /// The constant part.
    pub offset: u64,
    /// Bytes of the value that the access can meet: the first, and the one after the last.
    pub span: (u32, u32),
}

impl TableAddress {
    /// Whether an access is within a map of `bytes` on every path, also where the program would not make it.
    pub fn always_inside(&self, values: &Values, size: Size, bytes: u64) -> bool {
        let most = self.var.map_or(0, |v| values.range(v).umax);
        let end = most.checked_add(self.offset + u64::from(size.bytes()));
        end.is_some_and(|end| end <= bytes)
    }
}

impl TableAddress {
    /// Whether two accesses can meet.
    pub fn overlaps(&self, size: Size, other: &TableAddress, bytes: Size) -> bool {
        let apart = self.var == other.var
            && (self.offset + u64::from(size.bytes()) <= other.offset
                || other.offset + u64::from(bytes.bytes()) <= self.offset);
        // Of different entries, or of one: bytes of a value never meet others of a value.
        self.map == other.map && !apart && self.span.0 < other.span.1 && other.span.0 < self.span.1
    }
}

/// A condition on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cond {
    /// Relation.
    pub op: CmpOp,
    /// On the low halves.
    pub is32: bool,
    /// First operand.
    pub a: Val,
    /// Second operand.
    pub b: Val,
    /// Holds where the relation does not.
    pub negate: bool,
}

/// A memory access or an outcome, in program order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A load of packet bytes; what and where is in the value.
    Load(Val),
    /// A read of a map's value.
    Read(Val),
    /// An operation on a map's keys; which, is in the value.
    Key(Val),
    /// A store into the packet.
    Store {
        /// Where.
        address: Address,
        /// Width.
        size: Size,
        /// What.
        data: Val,
        /// Least and greatest context address of the first byte.
        bounds: (i64, i64),
    },
    /// A store into a map's value.
    Write {
        /// Where.
        address: TableAddress,
        /// Width.
        size: Size,
        /// What.
        data: Val,
    },
    /// An addition to a map's value.
    Add {
        /// Where.
        address: TableAddress,
        /// Width, 4 or 8 bytes.
        size: Size,
        /// What is added.
        data: Val,
    },
}

/// An effect with the instruction it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Block.
    pub block: usize,
    /// What is done.
    pub effect: Effect,
    /// It is done only where this holds as well.
    pub when: Option<Cond>,
    /// Instructions.
    pub insns: Vec<u32>,
    /// Number of values there were before it: its place in the program's order.
    pub at: u32,
}

/// An edge between blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge {
    /// Block it leaves.
    pub from: usize,
    /// `None` where the block has one way out, else whether its condition holds.
    pub when: Option<bool>,
}

/// What a path leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// Value returned.
    pub value: Val,
    /// Slot of the exit.
    pub insn: u32,
    /// Interface to which the packet goes if the value says so.
    pub redirect: Val,
    /// Context address at which the packet starts.
    pub start: Val,
}

/// A basic block after interpretation. Blocks without edges into them cannot be reached (but for block 0).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Edges into it that can be taken, in the order of blocks.
    pub edges: Vec<Edge>,
    /// Condition at its end and slot of the jump, if it has two ways out.
    pub cond: Option<(Cond, u32)>,
    /// What is returned, if the block is the last of a path.
    pub result: Option<Return>,
    /// Number of values there were at its end: its place in the program's order.
    pub at: u32,
}

/// A program as values.
#[derive(Debug)]
pub struct Function {
    /// All values.
    pub values: Values,
    /// Blocks, each before its successors.
    pub blocks: Vec<Block>,
    /// Accesses in program order; those of a block are not interrupted by others'.
    pub sites: Vec<Site>,
    /// Layouts of the object's maps.
    pub maps: Vec<Layout>,
    /// Whether the packet's start may move.
    pub moves_head: bool,
}

impl Function {
    /// For every block, the blocks that control can reach from it (itself excepted), as bit sets.
    pub fn reach(&self) -> Vec<Vec<u64>> {
        let words = self.blocks.len().div_ceil(64);
        let mut reach = vec![vec![0u64; words]; self.blocks.len()];
        for block in (0..self.blocks.len()).rev() {
            let after = reach[block].clone();
            for edge in &self.blocks[block].edges {
                let set = &mut reach[edge.from];
                set.iter_mut().zip(&after).for_each(|(a, b)| *a |= b);
                set[block / 64] |= 1 << (block % 64);
            }
        }
        reach
    }
}
