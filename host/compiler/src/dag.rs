// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The program without control flow: operations of stage units on registers and predicates, and what must come before
//! what.
//!
//! Every value is computed whether or not its path is taken; stores, additions to tables and reads that are not proved
//! to lie within their map are guarded by the predicate of their block; a phi is one register that several guarded
//! operations write. Nothing is here that no store, table access or verdict needs.
//!
//! - [`fuse`]: load, add and store of one word of a value become one addition in the table.
//! - [`reads`]: reads of parts of one word of a value become one read.
//! - [`wide`]: stores side by side become one.
//! - [`predicates`]: which conditions lead to a block, as sets of outcomes.
//! - [`conditions`]: the comparisons that decide about them.
//! - [`live`]: what is needed, and how often.
//! - `deep`: deep loads that lie next to each other become one.
//! - [`lower`]: the nodes.
//! - [`order`]: the dependences.
//! - [`bits`]: which bits of the registers matter, and which are zero.

pub mod bits;
pub mod conditions;
mod deep;
mod dump;
pub mod fuse;
pub mod live;
pub mod lower;
pub mod order;
pub mod predicates;
pub mod reads;
pub mod wide;

pub use lower::lower;
use weir_pipeline::words::{AluOp, CmpOp, LateOp, Size};

/// A register before allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reg(pub u32);

/// A predicate before allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pred(pub u32);

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A register.
    Reg(Reg),
    /// Zero.
    Zero,
    /// A sign-extended constant; only as second operand.
    Imm(i32),
}

/// A predicate or its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// The predicate.
    pub pred: Pred,
    /// Whether its negation is meant.
    pub negate: bool,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On an ALU.
    Alu {
        /// Operation.
        op: AluOp,
        /// On the low halves.
        is32: bool,
        /// First operand.
        a: Input,
        /// Second operand.
        b: Input,
    },
    /// A load of packet or spilled bytes.
    Load {
        /// Base address.
        base: Input,
        /// Added to it.
        offset: i16,
        /// Width.
        size: Size,
    },
    /// A store.
    Store {
        /// Base address.
        base: Input,
        /// Added to it.
        offset: i16,
        /// Width.
        size: Size,
        /// What.
        data: Input,
    },
    /// A comparison that sets predicates.
    Cmp {
        /// Relation.
        op: CmpOp,
        /// On the low halves.
        is32: bool,
        /// First operand.
        a: Input,
        /// Second operand.
        b: Input,
        /// Predicates that enter the truth tables.
        p: [Option<Pred>; 2],
        /// Predicates set, with their truth tables.
        out: [Option<(Pred, u8)>; 2],
    },
    /// A table access or a multiplication.
    Late {
        /// Which.
        op: LateOp,
        /// Map of a table access, by its index in the object.
        map: Option<usize>,
        /// Variable part of the place, or first factor.
        a: Input,
        /// Constant part of the place.
        offset: u32,
        /// Bytes of the value that a table access can meet: the first, and the one after the last.
        span: (u32, u32),
        /// Width of a table access.
        size: Size,
        /// What is written or added, or second factor.
        b: Input,
        /// A multiplication of the low halves.
        is32: bool,
    },
}

/// An operation of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What.
    pub kind: Kind,
    /// Condition under which it writes; `None` for always.
    pub guard: Option<Literal>,
    /// Register it writes.
    pub dst: Option<Reg>,
    /// Instructions it carries out, ascending.
    pub insns: Vec<u32>,
    /// Place in the order of the program.
    pub key: u32,
    /// Register whose place it takes over, with the value that stays where the guard is false.
    pub tie: Option<Reg>,
    /// It is cheap and has one reader: best done just before that.
    pub lazy: bool,
}

impl Node {
    /// Registers it reads, the one it takes over included.
    pub fn reads(&self) -> impl Iterator<Item = Reg> + use<> {
        let inputs = match self.kind {
            Kind::Alu { a, b, .. } | Kind::Cmp { a, b, .. } | Kind::Late { a, b, .. } => [a, b],
            Kind::Load { base, .. } => [base, Input::Zero],
            Kind::Store { base, data, .. } => [base, data],
        };
        let read = inputs.into_iter().filter_map(|i| if let Input::Reg(r) = i { Some(r) } else { None });
        read.chain(self.tie)
    }

    /// Predicates it reads.
    pub fn predicates(&self) -> impl Iterator<Item = Pred> + use<> {
        let p = if let Kind::Cmp { p, .. } = self.kind { p } else { [None, None] };
        p.into_iter().flatten().chain(self.guard.map(|g| g.pred))
    }

    /// Predicates it sets.
    pub fn sets(&self) -> impl Iterator<Item = Pred> + use<> {
        let out = if let Kind::Cmp { out, .. } = self.kind { out } else { [None, None] };
        out.into_iter().flatten().map(|(p, _)| p)
    }
}

/// The stage of `to` is at least that of `from` plus `distance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependence {
    /// Node that comes first.
    pub from: usize,
    /// Node that follows.
    pub to: usize,
    /// Stages between them; 0 lets them share a stage.
    pub distance: u32,
}

/// The whole.
#[derive(Clone, Debug, Default)]
pub struct Dag {
    /// Nodes.
    pub nodes: Vec<Node>,
    /// Number of registers; the first ones stand for those set at admission, see [`Dag::ENTRY`].
    pub registers: u32,
    /// Number of predicates.
    pub predicates: u32,
    /// What has to be in which physical register at the end: verdict, interface of a redirect, start of the packet.
    pub results: Vec<(u8, Reg)>,
    /// Whether the packet's start may move.
    pub moves_head: bool,
    /// Dependences through registers, predicates and memory.
    pub dependences: Vec<Dependence>,
}

impl Default for Reg {
    fn default() -> Reg {
        Reg(u32::MAX)
    }
}

impl Dag {
    /// Registers that are set when a packet is admitted: `data_end`, ingress interface, receive queue, time, random
    /// value.
    pub const ENTRY: [Reg; 5] = [Reg(0), Reg(1), Reg(2), Reg(3), Reg(4)];
}
