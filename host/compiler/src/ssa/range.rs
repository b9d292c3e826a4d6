// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is known about a 64-bit value: unsigned and signed bounds and known bits.
//!
//! The transfer functions over-approximate the ALU of [`weir_pipeline::words`].

use weir_pipeline::words::AluOp;

/// A set of 64-bit values. All three views hold at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Least, unsigned.
    pub umin: u64,
    /// Greatest, unsigned.
    pub umax: u64,
    /// Least, signed.
    pub smin: i64,
    /// Greatest, signed.
    pub smax: i64,
    /// Bits known to be one.
    pub ones: u64,
    /// Bits that are not known.
    pub unknown: u64,
}

const SIGN: u64 = 1 << 63;

impl Range {
    /// Every value.
    pub const FULL: Range =
        Range { umin: 0, umax: u64::MAX, smin: i64::MIN, smax: i64::MAX, ones: 0, unknown: u64::MAX };

    /// One value.
    pub fn constant(value: u64) -> Range {
        Range { umin: value, umax: value, smin: value as i64, smax: value as i64, ones: value, unknown: 0 }
    }

    /// Unsigned bounds.
    pub fn unsigned(umin: u64, umax: u64) -> Range {
        Range { umin, umax, ..Range::FULL }.synced()
    }

    /// Signed bounds.
    pub fn signed(smin: i64, smax: i64) -> Range {
        Range { smin, smax, ..Range::FULL }.synced()
    }

    fn bits(ones: u64, unknown: u64) -> Range {
        Range { ones, unknown, ..Range::FULL }.synced()
    }

    /// The value, if there is only one.
    pub fn as_constant(&self) -> Option<u64> {
        (self.umin == self.umax).then_some(self.umin)
    }

    /// No value at all.
    pub fn is_empty(&self) -> bool {
        self.umin > self.umax || self.smin > self.smax || self.ones & self.unknown != 0
    }

    /// Bits that may be one.
    pub fn possible(&self) -> u64 {
        self.ones | self.unknown
    }

    /// Lets each view learn from the others.
    fn synced(mut self) -> Range {
        for _ in 0..2 {
            self.umin = self.umin.max(self.ones);
            self.umax = self.umax.min(self.possible());
            self.smin = self.smin.max((self.ones | (self.unknown & SIGN)) as i64);
            self.smax = self.smax.min((self.ones | (self.unknown & !SIGN)) as i64);
            if (self.umin ^ self.umax) & SIGN == 0 {
                self.smin = self.smin.max(self.umin as i64);
                self.smax = self.smax.min(self.umax as i64);
            }
            if (self.smin < 0) == (self.smax < 0) {
                self.umin = self.umin.max(self.smin as u64);
                self.umax = self.umax.min(self.smax as u64);
            }
            if self.umin > self.umax {
                return self;
            }
            let differ = self.umin ^ self.umax;
            let low = if differ == 0 { 0 } else { u64::MAX >> differ.leading_zeros() };
            // Bits above the highest that differs are those of either bound.
            if (self.ones ^ self.umin) & !self.unknown & !low != 0 {
                return Range { ones: 1, unknown: 1, ..self };
            }
            self.ones |= self.umin & !low;
            self.unknown &= low;
        }
        self
    }

    /// Values in both.
    pub fn intersect(&self, other: &Range) -> Range {
        if (self.ones ^ other.ones) & !self.unknown & !other.unknown != 0 {
            return Range { umin: 1, umax: 0, ..Range::FULL };
        }
        Range {
            umin: self.umin.max(other.umin),
            umax: self.umax.min(other.umax),
            smin: self.smin.max(other.smin),
            smax: self.smax.min(other.smax),
            ones: self.ones | other.ones,
            unknown: self.unknown & other.unknown,
        }
        .synced()
    }

    /// A set that holds both.
    pub fn union(&self, other: &Range) -> Range {
        let unknown = self.unknown | other.unknown | (self.ones ^ other.ones);
        Range {
            umin: self.umin.min(other.umin),
            umax: self.umax.max(other.umax),
            smin: self.smin.min(other.smin),
            smax: self.smax.max(other.smax),
            ones: self.ones & !unknown,
            unknown,
        }
        .synced()
    }

    /// The low 32 bits, zero-extended.
    pub fn low32(&self) -> Range {
        const LOW: u64 = u32::MAX as u64;
        let mut range = Range::bits(self.ones & LOW, self.unknown & LOW);
        if self.umin >> 32 == self.umax >> 32 {
            range = range.intersect(&Range::unsigned(self.umin & LOW, self.umax & LOW));
        }
        range
    }

    /// The low 32 bits, sign-extended.
    pub fn sext32(&self) -> Range {
        let low = self.low32();
        if low.umax < 1 << 31 {
            low
        } else if low.umin >= 1 << 31 {
            Range::signed(low.umin as u32 as i32 as i64, low.umax as u32 as i32 as i64)
        } else {
            Range::signed(i32::MIN.into(), i32::MAX.into())
        }
    }

    /// Result of an ALU operation.
    pub fn alu(op: AluOp, is32: bool, a: &Range, b: &Range) -> Range {
        if !is32 {
            return alu64(op, a, b);
        }
        let (a, b) = (a.low32(), b.low32());
        if op == AluOp::Arsh && a.umax >= 1 << 31 {
            return Range::unsigned(0, u32::MAX.into());
        }
        let b = if matches!(op, AluOp::Lsh | AluOp::Rsh | AluOp::Arsh) {
            alu64(AluOp::And, &b, &Range::constant(31))
        } else {
            b
        };
        alu64(op, &a, &b).low32()
    }

    /// Result of a multiplication.
    pub fn mul(is32: bool, a: &Range, b: &Range) -> Range {
        let (a, b) = if is32 { (a.low32(), b.low32()) } else { (*a, *b) };
        let product = match a.umax.checked_mul(b.umax) {
            Some(max) => {
                let zeros = a.possible().trailing_zeros() + b.possible().trailing_zeros();
                let low = if zeros >= 64 { u64::MAX } else { (1 << zeros) - 1 };
                Range::unsigned(a.umin * b.umin, max).intersect(&Range::bits(0, !low))
            }
            None => Range::FULL,
        };
        if is32 { product.low32() } else { product }
    }
}

fn alu64(op: AluOp, a: &Range, b: &Range) -> Range {
    match op {
        AluOp::Mov => *b,
        AluOp::Add => add(a, b),
        AluOp::Sub => sub(a, b),
        AluOp::And => Range::bits(a.ones & b.ones, a.possible() & b.possible() & !(a.ones & b.ones))
            .intersect(&Range::unsigned(0, a.umax.min(b.umax))),
        AluOp::Or => {
            let ones = a.ones | b.ones;
            let range = Range::bits(ones, (a.unknown | b.unknown) & !ones);
            range.intersect(&Range::unsigned(a.umin.max(b.umin), u64::MAX))
        }
        AluOp::Xor => {
            let unknown = a.unknown | b.unknown;
            Range::bits((a.ones ^ b.ones) & !unknown, unknown)
        }
        AluOp::Lsh => match b.as_constant() {
            Some(shift) => {
                let s = shift & 63;
                let bits = Range::bits(a.ones << s, a.unknown << s);
                if a.umax.leading_zeros() as u64 >= s {
                    bits.intersect(&Range::unsigned(a.umin << s, a.umax << s))
                } else {
                    bits
                }
            }
            None => match 1u64.checked_shl(b.umax.min(64) as u32).and_then(|f| a.umax.checked_mul(f)) {
                Some(umax) => Range::unsigned(a.umin << b.umin, umax).intersect(&Range::bits(
                    0,
                    u64::MAX << (b.umin + u64::from(a.possible().trailing_zeros())).min(63),
                )),
                None => Range::FULL,
            },
        },
        AluOp::Rsh => match b.as_constant() {
            Some(shift) => {
                let s = shift & 63;
                Range::bits(a.ones >> s, a.unknown >> s).intersect(&Range::unsigned(a.umin >> s, a.umax >> s))
            }
            None if b.umax < 64 => Range::unsigned(a.umin >> b.umax, a.umax >> b.umin),
            None => Range::unsigned(0, a.umax),
        },
        AluOp::Arsh => match b.as_constant() {
            Some(shift) => Range::signed(a.smin >> (shift & 63), a.smax >> (shift & 63)),
            None => Range::signed(a.smin.min(0), a.smax.max(0)),
        },
        AluOp::Swap16 => {
            Range::bits(u64::from((b.ones as u16).swap_bytes()), u64::from((b.unknown as u16).swap_bytes()))
        }
        AluOp::Swap32 => {
            Range::bits(u64::from((b.ones as u32).swap_bytes()), u64::from((b.unknown as u32).swap_bytes()))
        }
        AluOp::Swap64 => Range::bits(b.ones.swap_bytes(), b.unknown.swap_bytes()),
        AluOp::Sext8 if b.umax < 1 << 7 => *b,
        AluOp::Sext8 => Range::signed(i8::MIN.into(), i8::MAX.into()),
        AluOp::Sext16 if b.umax < 1 << 15 => *b,
        AluOp::Sext16 => Range::signed(i16::MIN.into(), i16::MAX.into()),
        AluOp::Sext32 => b.sext32(),
    }
}

fn add(a: &Range, b: &Range) -> Range {
    let mut range = Range::FULL;
    if let Some(umax) = a.umax.checked_add(b.umax) {
        (range.umin, range.umax) = (a.umin + b.umin, umax);
    }
    if let (Some(smin), Some(smax)) = (a.smin.checked_add(b.smin), a.smax.checked_add(b.smax)) {
        (range.smin, range.smax) = (smin, smax);
    }
    // Known bits of a sum, as the kernel's tnum_add has them: where the least and the greatest sum carry alike.
    let least = a.ones.wrapping_add(b.ones);
    let greatest = least.wrapping_add(a.unknown.wrapping_add(b.unknown));
    range.unknown = (least ^ greatest) | a.unknown | b.unknown;
    range.ones = least & !range.unknown;
    range.synced()
}

fn sub(a: &Range, b: &Range) -> Range {
    let mut range = Range::FULL;
    if a.umin >= b.umax {
        (range.umin, range.umax) = (a.umin - b.umax, a.umax - b.umin);
    }
    if let (Some(smin), Some(smax)) = (a.smin.checked_sub(b.smax), a.smax.checked_sub(b.smin)) {
        (range.smin, range.smax) = (smin, smax);
    }
    let difference = a.ones.wrapping_sub(b.ones);
    let alpha = difference.wrapping_add(a.unknown);
    let beta = difference.wrapping_sub(b.unknown);
    range.unknown = (alpha ^ beta) | a.unknown | b.unknown;
    range.ones = difference & !range.unknown;
    range.synced()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssa::values::{Operation, evaluate};
    use proptest::prelude::*;

    fn holds(range: &Range, value: u64) -> bool {
        (range.umin..=range.umax).contains(&value)
            && (range.smin..=range.smax).contains(&(value as i64))
            && value & !range.unknown == range.ones
    }

    /// A value, small and extreme ones more often, and a range that holds it.
    fn held() -> impl Strategy<Value = (u64, Range)> {
        let value = prop_oneof![
            any::<u64>(),
            0..300u64,
            (0..300u64).prop_map(|v| v.wrapping_neg()),
            (0..64u32).prop_map(|b| 1 << b),
            any::<u32>().prop_map(u64::from),
        ];
        (value, any::<u64>(), any::<u64>(), any::<u64>(), 0..4u8).prop_map(|(value, a, b, mask, kind)| {
            let range = match kind {
                0 => Range::constant(value),
                1 => Range::unsigned(value - a % value.max(1), value.saturating_add(b >> (a % 64))),
                2 => Range::signed((value as i64).saturating_sub((a >> 1) as i64), value as i64),
                _ => Range::bits(value & mask, !mask),
            };
            (value, range)
        })
    }

    proptest! {
        #[test]
        fn results_are_in_the_range_of_the_result((a, ra) in held(), (b, rb) in held(), is32: bool) {
            prop_assert!(holds(&ra, a) && holds(&rb, b));
            for op in AluOp::ALL {
                let result = evaluate(Operation::Alu(*op), is32, a, b);
                let range = Range::alu(*op, is32, &ra, &rb);
                prop_assert!(holds(&range, result), "{op} {a:#x} {b:#x} = {result:#x}: {range:x?}");
            }
            let product = evaluate(Operation::Mul, is32, a, b);
            prop_assert!(holds(&Range::mul(is32, &ra, &rb), product));
            prop_assert!(holds(&ra.union(&rb), a) && holds(&ra.union(&rb), b));
            let common = ra.intersect(&rb);
            prop_assert_eq!(holds(&common, a) , holds(&rb, a) , "{:x?} {:x?}", common, rb);
            prop_assert!(holds(&ra.low32(), a & 0xffff_ffff) && holds(&ra.sext32(), a as i32 as i64 as u64));
        }
    }

    #[test]
    fn masks_and_shifts_bound_an_index() {
        // ihl * 4 of an IPv4 header: (byte & 15) << 2.
        let byte = Range::unsigned(0, 255);
        let low = Range::alu(AluOp::And, false, &byte, &Range::constant(15));
        let words = Range::alu(AluOp::Lsh, false, &low, &Range::constant(2));
        assert_eq!((words.umin, words.umax, words.possible()), (0, 60, 60));
        assert!(Range::unsigned(3, 5).intersect(&Range::unsigned(6, 9)).is_empty());
    }
}
