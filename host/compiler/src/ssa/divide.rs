// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Division and modulo, for which the stages have no unit: shifts and masks for powers of two, a multiplication by
//! the reciprocal where the operand is known to be small enough for that to be exact, else restoring division with
//! one step per bit that the quotient can have.
//!
//! As in RFC 9669 a division by zero gives zero, and a modulo by zero the dividend.

use super::Cond;
use super::simplify::Maker;
use super::values::Val;
use weir_pipeline::words::{AluOp, CmpOp};

impl Maker<'_> {
    /// Sign extension of the low bits; the result of a 32-bit one is zero-extended again.
    pub fn sign_extend(&mut self, op: AluOp, is32: bool, value: Val) -> Val {
        let extended = self.alu(op, false, value, value);
        self.zext(is32, extended)
    }

    /// Quotient and remainder, unsigned.
    pub fn unsigned_division(&mut self, is32: bool, a: Val, b: Val) -> (Val, Val) {
        let (a, b) = (self.zext(is32, a), self.zext(is32, b));
        let (ra, rb) = (self.range(a), self.range(b));
        let zero = self.constant(0);
        if let Some(divisor) = rb.as_constant() {
            if divisor == 0 {
                return (zero, a);
            }
            if divisor.is_power_of_two() {
                let shift = self.constant(divisor.trailing_zeros().into());
                let mask = self.constant(divisor - 1);
                return (self.alu(AluOp::Rsh, false, a, shift), self.alu(AluOp::And, false, a, mask));
            }
            if let Some((factor, shift)) = reciprocal(divisor, ra.umax) {
                let (factor, shift, divisor) =
                    (self.constant(factor), self.constant(shift.into()), self.constant(divisor));
                let product = self.mul(false, a, factor);
                let quotient = self.alu(AluOp::Rsh, false, product, shift);
                let whole = self.mul(false, quotient, divisor);
                return (quotient, self.alu(AluOp::Sub, false, a, whole));
            }
        }
        let (quotient, remainder) = self.restoring(a, b, ra.umax / rb.umin.max(1));
        let by_zero = Cond { op: CmpOp::Eq, is32: false, a: b, b: zero, negate: false };
        (self.select(by_zero, zero, quotient), remainder)
    }

    /// Restoring division; `most` bounds the quotient.
    fn restoring(&mut self, a: Val, b: Val, most: u64) -> (Val, Val) {
        let mut remainder = a;
        // The quotient grows in two halves, so that its bits are constants of an instruction.
        let mut halves = [self.constant(0), self.constant(0)];
        for bit in (0..u64::from(64 - most.leading_zeros())).rev() {
            let by = self.constant(bit);
            let rest = self.alu(AluOp::Rsh, false, remainder, by);
            // rest >= divisor, so the shifted divisor does not overflow where it is subtracted.
            let fits = Cond { op: CmpOp::Ult, is32: false, a: rest, b, negate: true };
            let shifted = self.alu(AluOp::Lsh, false, b, by);
            let less = self.alu(AluOp::Sub, false, remainder, shifted);
            let half = &mut halves[usize::from(bit >= 32)];
            let one = self.values.constant(1 << (bit % 32));
            let before = *half;
            let with = self.alu(AluOp::Or, true, before, one);
            remainder = self.select(fits, less, remainder);
            let after = self.select(fits, with, before);
            halves[usize::from(bit >= 32)] = after;
        }
        let by = self.constant(32);
        let high = self.alu(AluOp::Lsh, false, halves[1], by);
        (self.alu(AluOp::Or, false, high, halves[0]), remainder)
    }

    /// Quotient and remainder, signed, rounded towards zero; the remainder has the dividend's sign.
    pub fn signed_division(&mut self, is32: bool, a: Val, b: Val) -> (Val, Val) {
        let zero = self.constant(0);
        let negative = |value| Cond { op: CmpOp::Slt, is32, a: value, b: zero, negate: false };
        let (a_negative, b_negative) = (negative(a), negative(b));
        let minus_a = self.alu(AluOp::Sub, is32, zero, a);
        let minus_b = self.alu(AluOp::Sub, is32, zero, b);
        let (a, b) = (self.zext(is32, a), self.zext(is32, b));
        let size_a = self.select(a_negative, minus_a, a);
        let size_b = self.select(b_negative, minus_b, b);
        // The least number is its own negative, and right as an unsigned one.
        let (quotient, remainder) = self.unsigned_division(is32, size_a, size_b);
        let minus_quotient = self.alu(AluOp::Sub, is32, zero, quotient);
        let minus_remainder = self.alu(AluOp::Sub, is32, zero, remainder);
        let if_b_negative = self.select(b_negative, quotient, minus_quotient);
        let if_b_positive = self.select(b_negative, minus_quotient, quotient);
        let quotient = self.select(a_negative, if_b_negative, if_b_positive);
        (quotient, self.select(a_negative, minus_remainder, remainder))
    }
}

/// `(m, s)` with `x / divisor == x * m >> s` for all `x <= most`, and no product over 64 bits.
fn reciprocal(divisor: u64, most: u64) -> Option<(u64, u32)> {
    (1..64).find_map(|shift| {
        let power = 1u128 << shift;
        let factor = power.div_ceil(divisor.into());
        let excess = factor * u128::from(divisor) - power;
        let exact = excess * u128::from(most) < power;
        let fits = factor * u128::from(most) <= u64::MAX.into();
        (exact && fits).then_some((factor as u64, shift))
    })
}

#[cfg(test)]
mod tests {
    use super::reciprocal;

    #[test]
    fn reciprocals_are_exact() {
        for divisor in (3..2000).chain([9999, 65535, 65537, 1 << 31 | 1]) {
            for most in [255, 65535, 1 << 20, u32::MAX.into()] {
                let Some((m, s)) = reciprocal(divisor, most) else { continue };
                // Quotients change at multiples of the divisor: check both sides of many of them, and the ends.
                let multiples = (0..200).map(|i| (most / divisor) * i / 199 * divisor);
                for x in multiples.flat_map(|x| [x, x.saturating_sub(1), x + 1, most]).filter(|x| *x <= most)
                {
                    assert_eq!(x.checked_mul(m).map(|p| p >> s), Some(x / divisor), "{x} / {divisor}");
                }
            }
        }
        assert!(reciprocal(10, 65535).is_some());
    }
}
