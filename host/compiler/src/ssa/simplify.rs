// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Simplification of operations as they are made: constants, identities, masks that remove nothing, loads of
//! neighbouring bytes that an `or` puts together.

use super::range::Range;
use super::state::Ranges;
use super::values::{Def, Operation, Val, Values, evaluate, transfer};
use super::{Address, Cond};
use weir_pipeline::words::{AluOp, CmpOp, Size};

/// Makes values at one point of the program: what is known there helps to simplify.
pub struct Maker<'a> {
    /// All values.
    pub values: &'a mut Values,
    /// Ranges at this point.
    pub ranges: &'a mut Ranges,
    /// State of the packet's bytes at this point.
    pub version: u32,
    /// Slot of the instruction.
    pub insn: u32,
    /// Loads made here, to be entered as accesses.
    pub loads: &'a mut Vec<Val>,
}

impl Maker<'_> {
    /// What is known of a value here.
    pub fn range(&self, value: Val) -> Range {
        self.ranges.get(self.values, value)
    }

    /// A constant.
    pub fn constant(&mut self, value: u64) -> Val {
        self.values.constant(value)
    }

    /// The constant that a value is here.
    fn known(&self, value: Val) -> Option<u64> {
        self.values.constant_of(value).or_else(|| self.range(value).as_constant())
    }

    fn make(&mut self, op: Operation, is32: bool, a: Val, b: Val) -> Val {
        let value = self.values.raw_op(op, is32, a, b);
        self.values.credit(value, self.insn);
        let here = transfer(op, is32, &self.range(a), &self.range(b));
        self.ranges.narrow(self.values, value, &here);
        value
    }

    /// An ALU operation, simplified.
    pub fn alu(&mut self, op: AluOp, is32: bool, a: Val, b: Val) -> Val {
        let width = if is32 { 32 } else { 64 };
        let (ca, cb) = (self.known(a), self.known(b));
        let unary = matches!(
            op,
            AluOp::Mov
                | AluOp::Swap16
                | AluOp::Swap32
                | AluOp::Swap64
                | AluOp::Sext8
                | AluOp::Sext16
                | AluOp::Sext32
        );
        if let (true, Some(b)) = (unary, cb) {
            return self.constant(evaluate(Operation::Alu(op), is32, 0, b));
        }
        if let (Some(a), Some(b)) = (ca, cb) {
            return self.constant(evaluate(Operation::Alu(op), is32, a, b));
        }
        let commutes = matches!(op, AluOp::Add | AluOp::And | AluOp::Or | AluOp::Xor);
        if commutes && ca.is_some() {
            return self.alu(op, is32, b, a);
        }
        let b = cb.map_or(b, |c| self.values.constant(c));
        let value = |c: u64| if is32 { c & 0xffff_ffff } else { c };
        match (op, cb.map(value)) {
            (AluOp::Mov, _) if !is32 || self.range(b).umax <= u32::MAX.into() => return b,
            (AluOp::Add | AluOp::Sub | AluOp::Or | AluOp::Xor, Some(0)) => return self.zext(is32, a),
            (AluOp::Sub | AluOp::Xor, None) if a == b => return self.constant(0),
            (AluOp::And | AluOp::Or, None) if a == b => return self.zext(is32, a),
            (AluOp::Sub, Some(c)) => {
                let minus = self.constant(value(c.wrapping_neg()));
                return self.alu(AluOp::Add, is32, a, minus);
            }
            (AluOp::Add, Some(c)) => {
                if let Some((inner, d)) = self.inner(AluOp::Add, is32, a) {
                    let sum = self.constant(value(c.wrapping_add(d)));
                    return self.alu(AluOp::Add, is32, inner, sum);
                }
            }
            (AluOp::And, Some(c)) => return self.and(is32, a, c),
            (AluOp::Lsh | AluOp::Rsh | AluOp::Arsh, Some(c)) => {
                return self.shift(op, is32, a, c % width);
            }
            (AluOp::Sext8, _) if self.range(b).umax < 1 << 7 => return b,
            (AluOp::Sext16, _) if self.range(b).umax < 1 << 15 => return b,
            (AluOp::Sext32, _) if self.range(b).umax < 1 << 31 => return b,
            (AluOp::And, None) => {
                for (masked, other) in [(a, b), (b, a)] {
                    // A mask that the other operand has anyway.
                    if let Some((inner, mask)) = self.inner(AluOp::And, false, masked)
                        && self.range(other).possible() & !mask == 0
                    {
                        return self.alu(AluOp::And, is32, inner, other);
                    }
                }
            }
            (AluOp::Or | AluOp::Add | AluOp::Xor, None) => {
                if let Some(load) = self.join(is32, a, b).or_else(|| self.join(is32, b, a)) {
                    return load;
                }
            }
            _ => (),
        }
        // Operands of what commutes in one order, so that both orders are one value.
        let (a, b) = if commutes && cb.is_none() && b < a { (b, a) } else { (a, b) };
        let a = if unary { self.constant(0) } else { a };
        self.make(Operation::Alu(op), is32, a, b)
    }

    /// The low half where 32 bits are wanted.
    pub fn zext(&mut self, is32: bool, a: Val) -> Val {
        if is32 { self.alu(AluOp::Mov, true, a, a) } else { a }
    }

    /// `(x, c)` where the value is `x op c`.
    fn inner(&self, op: AluOp, is32: bool, value: Val) -> Option<(Val, u64)> {
        match self.values.def(value) {
            Def::Op { op: Operation::Alu(o), is32: w, a, b } if *o == op && *w == is32 => {
                Some((*a, self.values.constant_of(*b)?))
            }
            _ => None,
        }
    }

    fn and(&mut self, is32: bool, a: Val, mask: u64) -> Val {
        let mask = if is32 { mask & 0xffff_ffff } else { mask };
        if mask == 0 {
            return self.constant(0);
        }
        if self.range(a).possible() & !mask == 0 {
            return a;
        }
        if mask == u32::MAX.into() {
            return self.alu(AluOp::Mov, true, a, a);
        }
        for inner32 in [false, true] {
            if let Some((inner, d)) = self.inner(AluOp::And, inner32, a) {
                let d = if inner32 { d & 0xffff_ffff } else { d };
                return self.and(false, inner, mask & d);
            }
        }
        // A 64-bit constant would need instructions of its own where a 32-bit one does.
        let fits = i32::try_from(mask as i64).is_ok();
        let is32 = !fits && mask <= u32::MAX.into();
        let mask = self.constant(mask);
        self.make(Operation::Alu(AluOp::And), is32, a, mask)
    }

    fn shift(&mut self, op: AluOp, is32: bool, a: Val, by: u64) -> Val {
        if by == 0 {
            return self.zext(is32, a);
        }
        let range = self.range(a);
        if let (false, Some((x, c))) = (is32, self.inner(AluOp::Lsh, false, a))
            && c == by
            && op != AluOp::Lsh
        {
            // What was shifted out of the top and comes back: a mask or a sign extension.
            let mask = u64::MAX >> by;
            match (op, by) {
                (AluOp::Rsh, _) if mask <= i32::MAX as u64 || by == 32 => return self.and(false, x, mask),
                (AluOp::Rsh, _) if self.range(x).umax <= mask => return x,
                (AluOp::Arsh, 32) => return self.alu(AluOp::Sext32, false, x, x),
                (AluOp::Arsh, 48) => return self.alu(AluOp::Sext16, false, x, x),
                (AluOp::Arsh, 56) => return self.alu(AluOp::Sext8, false, x, x),
                _ => (),
            }
        }
        if !is32
            && let Some((x, c)) = self.inner(op, false, a)
            && c + by < 64
        {
            return self.shift(op, false, x, c + by);
        }
        let top = if is32 { i32::MAX as u64 } else { i64::MAX as u64 };
        let op = if op == AluOp::Arsh && range.umax <= top { AluOp::Rsh } else { op };
        if op == AluOp::Rsh && range.umax <= u32::MAX.into() && range.umax >> by == 0 {
            return self.constant(0);
        }
        // A value of 32 bits shifts right alike in both widths; one form means one value.
        let is32 = is32 && !(op == AluOp::Rsh && range.umax <= u32::MAX.into());
        let by = self.constant(by);
        self.make(Operation::Alu(op), is32, a, by)
    }

    /// `low | high << 8n` where both are neighbouring loads of the packet as it is: one wider load.
    fn join(&mut self, is32: bool, low: Val, high: Val) -> Option<Val> {
        let (high, shift) = self.inner(AluOp::Lsh, false, high).or_else(|| {
            self.inner(AluOp::Lsh, true, high)
                .filter(|(x, c)| self.range(*x).umax.leading_zeros() as u64 >= 32 + c)
        })?;
        let load = |value| match self.values.def(value) {
            Def::Load { address, size, version } if *version == self.version => {
                Some((*address, *size, false))
            }
            Def::Deep { address, size } => Some((*address, *size, true)),
            _ => None,
        };
        let ((low_at, low_size, deep), (high_at, high_size, high_deep)) = (load(low)?, load(high)?);
        let bytes = low_size.bytes();
        let next = low_at.var == high_at.var && high_at.offset == low_at.offset + i64::from(bytes);
        if !next || deep != high_deep || shift != u64::from(8 * bytes) {
            return None;
        }
        let size = Size::from_bytes(bytes + high_size.bytes()).filter(|s| !is32 || s.bytes() <= 4)?;
        let bounds = self.values.load_bounds(low);
        let load = match deep {
            true => self.deep(low_at, size, bounds),
            false => self.load(low_at, size, bounds),
        };
        for part in [low, high] {
            for insn in self.values.insns(part).to_vec() {
                self.values.credit(load, insn);
            }
        }
        Some(load)
    }

    /// A load of packet bytes that is proved to lie within packet and window.
    fn load(&mut self, address: Address, size: Size, bounds: (i64, i64)) -> Val {
        let bits = 8 * size.bytes();
        let range = Range::unsigned(0, u64::MAX >> (64 - bits));
        let value = self.values.intern(Def::Load { address, size, version: self.version }, range);
        self.values.credit(value, self.insn);
        self.values.note_load_bounds(value, bounds);
        self.loads.push(value);
        value
    }

    /// A load of packet bytes that is proved to lie within the packet, in the window or by a port to the packet buffer.
    pub fn packet(&mut self, address: Address, size: Size, bounds: (i64, i64)) -> Val {
        match bounds.1.saturating_add(size.bytes().into()) <= self.values.window_end {
            true => self.load(address, size, bounds),
            false => self.deep(address, size, bounds),
        }
    }

    /// A load of packet bytes wherever they are, that is proved to lie within the packet as it was received.
    fn deep(&mut self, address: Address, size: Size, bounds: (i64, i64)) -> Val {
        let range = Range::unsigned(0, u64::MAX >> (64 - 8 * size.bytes()));
        let value = self.values.intern(Def::Deep { address, size }, range);
        self.values.credit(value, self.insn);
        self.values.note_load_bounds(value, bounds);
        value
    }

    /// A product, simplified.
    pub fn mul(&mut self, is32: bool, a: Val, b: Val) -> Val {
        let (ca, cb) = (self.known(a), self.known(b));
        if let (Some(a), Some(b)) = (ca, cb) {
            return self.constant(evaluate(Operation::Mul, is32, a, b));
        }
        if ca.is_some() {
            return self.mul(is32, b, a);
        }
        let mask = if is32 { u32::MAX.into() } else { u64::MAX };
        match cb.map(|c| c & mask) {
            Some(0) => self.constant(0),
            Some(c) if c.is_power_of_two() => {
                let by = self.constant(c.trailing_zeros().into());
                self.alu(AluOp::Lsh, is32, a, by)
            }
            // Two bits: two shifts and an addition reach the result before the next multiplier would.
            Some(c) if c.count_ones() == 2 => {
                let low = self.constant(c.trailing_zeros().into());
                let high = self.constant((63 - c.leading_zeros()).into());
                let low = self.alu(AluOp::Lsh, is32, a, low);
                let high = self.alu(AluOp::Lsh, is32, a, high);
                self.alu(AluOp::Add, is32, low, high)
            }
            Some(c) if c == mask => {
                let zero = self.constant(0);
                self.alu(AluOp::Sub, is32, zero, a)
            }
            Some(_) => self.make(Operation::Mul, is32, a, b),
            None => self.make(Operation::Mul, is32, a.min(b), a.max(b)),
        }
    }

    /// A condition, in the form that takes the fewest stages; it holds where the given one does.
    pub fn cond(&mut self, cond: Cond) -> Cond {
        let (CmpOp::Eq, Some(c)) = (cond.op, self.known(cond.b)) else { return cond };
        let Def::Op { op: Operation::Alu(op), is32, a: x, b: y } = *self.values.def(cond.a) else {
            return cond;
        };
        let c = if cond.is32 { c & 0xffff_ffff } else { c };
        match op {
            // Of swapped bytes with a constant: the bytes as they are.
            AluOp::Swap16 if c <= 0xffff && self.range(y).umax <= 0xffff => {
                Cond { a: y, b: self.constant(u64::from((c as u16).swap_bytes())), ..cond }
            }
            AluOp::Swap32 if c <= 0xffff_ffff && self.range(y).umax <= 0xffff_ffff => {
                Cond { a: y, b: self.constant(u64::from((c as u32).swap_bytes())), ..cond }
            }
            // Compare units test bits themselves.
            AluOp::And if c == 0 => {
                Cond { op: CmpOp::Set, is32: cond.is32 || is32, a: x, b: y, negate: !cond.negate }
            }
            AluOp::And => self.field(cond, x, y, c).unwrap_or(cond),
            _ => cond,
        }
    }

    /// `(x >> shift) & mask == c` as `x & mask << shift == c << shift`, which saves the shift.
    fn field(&mut self, cond: Cond, shifted: Val, mask: Val, c: u64) -> Option<Cond> {
        let (x, shift) = self.inner(AluOp::Rsh, false, shifted)?;
        let mask = self.values.constant_of(mask)?;
        let top = u64::from(u32::MAX) >> shift.min(63);
        if mask > top || c > top {
            return None;
        }
        let (mask, c) = (self.constant(mask << shift), self.constant(c << shift));
        let field = self.alu(AluOp::And, false, x, mask);
        Some(Cond { is32: true, a: field, b: c, ..cond })
    }

    /// A choice, decided where ranges decide it.
    pub fn select(&mut self, cond: Cond, yes: Val, no: Val) -> Val {
        let decided = super::values::decide(cond.op, cond.is32, &self.range(cond.a), &self.range(cond.b));
        match decided {
            Some(holds) => {
                if holds != cond.negate {
                    yes
                } else {
                    no
                }
            }
            None => {
                let value = self.values.select(cond, yes, no);
                self.values.credit(value, self.insn);
                let here = self.range(yes).union(&self.range(no));
                self.ranges.narrow(self.values, value, &here);
                value
            }
        }
    }
}
