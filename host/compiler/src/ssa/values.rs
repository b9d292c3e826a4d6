// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The values of a program: hash-consed, so that what is computed twice exists once, and simplified when made.
//!
//! A value's own range holds on every path, also where the program would not have computed it: that is what an access
//! may rely on that is carried out speculatively. Ranges that hold on one path only are in [`super::state`]; they may
//! simplify what is made there, since off that path nobody looks at the result.

use super::range::Range;
use super::{Address, Cond, TableAddress};
use std::collections::HashMap;
use weir_pipeline::words::{AluOp, CmpOp, LateOp, Size};

/// In place of an instruction: what a merge of paths computes.
pub const NO_INSN: u32 = u32::MAX;

/// A value, by number; operands have smaller numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Val(pub u32);

/// What stands in a register when a packet is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Context address of the byte after the packet.
    DataEnd,
    /// Ingress interface index.
    IngressIfindex,
    /// Receive queue index.
    RxQueueIndex,
    /// Time of reception in ns.
    Timestamp,
    /// The packet's random value.
    Random,
}

/// A two-operand operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// On an ALU; unary ones take `b`.
    Alu(AluOp),
    /// On the multiplier.
    Mul,
}

/// How a value comes about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Def {
    /// A constant.
    Const(u64),
    /// There from the start.
    Entry(Entry),
    /// An operation.
    Op {
        /// Which.
        op: Operation,
        /// On the low halves, zero-extended.
        is32: bool,
        /// First operand.
        a: Val,
        /// Second operand.
        b: Val,
    },
    /// A load of packet bytes, little-endian, zero-extended.
    Load {
        /// Where.
        address: Address,
        /// Width.
        size: Size,
        /// State of the packet's bytes.
        version: u32,
    },
    /// A load of packet bytes as they were received, wherever they are.
    Deep {
        /// Where.
        address: Address,
        /// Width.
        size: Size,
    },
    /// Place of a key of a hash map, times eight, or all ones.
    Key {
        /// Find, insert or delete.
        op: LateOp,
        /// Map, by its index in the object.
        map: usize,
        /// The key's bytes, padded with zeros.
        key: [Val; 2],
        /// State of the map's keys.
        version: u32,
    },
    /// A read of a map's value, little-endian, zero-extended.
    Read {
        /// Where.
        address: TableAddress,
        /// Width.
        size: Size,
        /// State of the map.
        version: u32,
        /// Block that reads.
        block: usize,
    },
    /// One value per edge into a block.
    Phi {
        /// Block.
        block: usize,
        /// Values in the order of the block's edges.
        args: Vec<Val>,
    },
    /// One of two values.
    Select {
        /// Condition.
        cond: Cond,
        /// Value where it holds.
        yes: Val,
        /// Value where not.
        no: Val,
    },
}

/// All values.
#[derive(Debug, Default)]
pub struct Values {
    defs: Vec<Def>,
    ranges: Vec<Range>,
    insns: Vec<Vec<u32>>,
    interned: HashMap<Def, Val>,
    /// Context address of the first byte behind the window.
    pub window_end: i64,
    /// Least and greatest context address of a load's first byte.
    bounds: HashMap<Val, (i64, i64)>,
}

impl Values {
    /// None yet; the window of the target ends at this context address.
    pub fn new(window_end: i64) -> Values {
        Values { window_end, ..Values::default() }
    }

    /// How a value comes about.
    pub fn def(&self, value: Val) -> &Def {
        &self.defs[value.0 as usize]
    }

    /// Range on every path.
    pub fn range(&self, value: Val) -> &Range {
        &self.ranges[value.0 as usize]
    }

    /// Instructions that compute it.
    pub fn insns(&self, value: Val) -> &[u32] {
        &self.insns[value.0 as usize]
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.defs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.defs.is_empty()
    }

    /// All of them, operands first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = Val> + use<> {
        (0..self.defs.len() as u32).map(Val)
    }

    /// The constant that a value is.
    pub fn constant_of(&self, value: Val) -> Option<u64> {
        match self.def(value) {
            Def::Const(c) => Some(*c),
            _ => None,
        }
    }

    /// Context addresses at which a load begins.
    pub fn load_bounds(&self, load: Val) -> (i64, i64) {
        self.bounds.get(&load).copied().unwrap_or((i64::MIN, i64::MAX))
    }

    /// Widens what is known of a load's place by another access that shares the value.
    pub fn note_load_bounds(&mut self, load: Val, bounds: (i64, i64)) {
        let known = self.bounds.entry(load).or_insert(bounds);
        *known = (known.0.min(bounds.0), known.1.max(bounds.1));
    }

    /// Adds an instruction to those that compute a value.
    pub fn credit(&mut self, value: Val, insn: u32) {
        if insn == NO_INSN {
            return;
        }
        let insns = &mut self.insns[value.0 as usize];
        if let Err(at) = insns.binary_search(&insn) {
            insns.insert(at, insn);
        }
    }

    /// The value with this definition and this range on every path.
    pub fn intern(&mut self, def: Def, range: Range) -> Val {
        if let Some(value) = self.interned.get(&def) {
            return *value;
        }
        let value = Val(self.defs.len() as u32);
        self.defs.push(def.clone());
        self.ranges.push(range);
        self.insns.push(Vec::new());
        self.interned.insert(def, value);
        value
    }

    /// The value with this definition, if there is one.
    pub fn find(&self, def: &Def) -> Option<Val> {
        self.interned.get(def).copied()
    }

    /// What a value is the 64-bit sum of.
    pub fn summands(&self, value: Val) -> Option<(Val, Val)> {
        match *self.def(value) {
            Def::Op { op: Operation::Alu(AluOp::Add), is32: false, a, b } => Some((a, b)),
            _ => None,
        }
    }

    /// A constant.
    pub fn constant(&mut self, value: u64) -> Val {
        self.intern(Def::Const(value), Range::constant(value))
    }

    /// A phi, or what all its arguments are.
    pub fn phi(&mut self, block: usize, args: Vec<Val>) -> Val {
        let first = args[0];
        if args.iter().all(|a| *a == first) {
            return first;
        }
        let range = args.iter().skip(1).fold(*self.range(first), |r, a| r.union(self.range(*a)));
        self.intern(Def::Phi { block, args }, range)
    }

    /// A choice by a condition.
    pub fn select(&mut self, cond: Cond, yes: Val, no: Val) -> Val {
        if yes == no {
            return yes;
        }
        let range = self.range(yes).union(self.range(no));
        self.intern(Def::Select { cond, yes, no }, range)
    }

    /// An operation as it stands.
    pub fn raw_op(&mut self, op: Operation, is32: bool, a: Val, b: Val) -> Val {
        let (ra, rb) = (*self.range(a), *self.range(b));
        self.intern(Def::Op { op, is32, a, b }, transfer(op, is32, &ra, &rb))
    }
}

/// Range of an operation's result.
pub fn transfer(op: Operation, is32: bool, a: &Range, b: &Range) -> Range {
    match op {
        Operation::Alu(op) => Range::alu(op, is32, a, b),
        Operation::Mul => Range::mul(is32, a, b),
    }
}

/// The value of an operation on constants.
pub fn evaluate(op: Operation, is32: bool, a: u64, b: u64) -> u64 {
    let (a, b) = if is32 { (a & 0xffff_ffff, b & 0xffff_ffff) } else { (a, b) };
    let shift = (b & if is32 { 31 } else { 63 }) as u32;
    let result = match op {
        Operation::Mul => a.wrapping_mul(b),
        Operation::Alu(op) => match op {
            AluOp::Mov => b,
            AluOp::Add => a.wrapping_add(b),
            AluOp::Sub => a.wrapping_sub(b),
            AluOp::And => a & b,
            AluOp::Or => a | b,
            AluOp::Xor => a ^ b,
            AluOp::Lsh => a << shift,
            AluOp::Rsh => a >> shift,
            AluOp::Arsh if is32 => ((a as u32 as i32) >> shift) as u32 as u64,
            AluOp::Arsh => ((a as i64) >> shift) as u64,
            AluOp::Swap16 => (b as u16).swap_bytes().into(),
            AluOp::Swap32 => (b as u32).swap_bytes().into(),
            AluOp::Swap64 => b.swap_bytes(),
            AluOp::Sext8 => b as i8 as i64 as u64,
            AluOp::Sext16 => b as i16 as i64 as u64,
            AluOp::Sext32 => b as i32 as i64 as u64,
        },
    };
    if is32 { result & 0xffff_ffff } else { result }
}

/// Whether a relation holds, where ranges decide it.
pub fn decide(op: CmpOp, is32: bool, a: &Range, b: &Range) -> Option<bool> {
    let signed = matches!(op, CmpOp::Slt | CmpOp::Sle);
    let (a, b) = match (is32, signed) {
        (false, _) => (*a, *b),
        (true, false) => (a.low32(), b.low32()),
        (true, true) => (a.sext32(), b.sext32()),
    };
    let apart = a.intersect(&b).is_empty();
    match op {
        CmpOp::Eq if apart => Some(false),
        CmpOp::Eq => (a.as_constant().is_some() && a.as_constant() == b.as_constant()).then_some(true),
        CmpOp::Ult if a.umax < b.umin => Some(true),
        CmpOp::Ult if a.umin >= b.umax => Some(false),
        CmpOp::Ule if a.umax <= b.umin => Some(true),
        CmpOp::Ule if a.umin > b.umax => Some(false),
        CmpOp::Slt if a.smax < b.smin => Some(true),
        CmpOp::Slt if a.smin >= b.smax => Some(false),
        CmpOp::Sle if a.smax <= b.smin => Some(true),
        CmpOp::Sle if a.smin > b.smax => Some(false),
        CmpOp::Set if a.ones & b.ones != 0 => Some(true),
        CmpOp::Set if a.possible() & b.possible() == 0 => Some(false),
        _ => None,
    }
}
