// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which bits of the registers matter, and which are zero.
//!
//! An addition to a map's value does not disturb a read of it if nothing that the program does depends on a bit that
//! the addition can change. What is added is often a multiple of a power of two; the bits below it stay as they are.
//!
//! Both are found on the finished dag, so that what has been fused, narrowed or spilled counts as it is carried out.
//! Registers are looked at whole: a register that several nodes write has the demands of all its readers, and is zero
//! where all of its writers leave a zero. Values of operands other than constants are not looked at.

use super::{Dag, Input, Kind, Node, Reg};
use weir_pipeline::words::{AluOp, CmpOp, LateOp};

/// What is known of a dag's registers.
#[derive(Debug)]
pub struct Bits {
    demanded: Vec<u64>,
    zeros: Vec<u32>,
}

impl Bits {
    /// Looks at a dag.
    pub fn new(dag: &Dag) -> Bits {
        Bits { demanded: demanded(dag), zeros: zeros(dag) }
    }

    /// Bits of a register on which packet, maps, verdict or the way there depend.
    pub fn demanded(&self, register: Reg) -> u64 {
        self.demanded[register.0 as usize]
    }

    /// Bits that can differ in a sum of anything and this operand.
    pub fn changed_by_adding(&self, addend: Input) -> u64 {
        u64::MAX.checked_shl(zeros_of(&self.zeros, addend)).unwrap_or(0)
    }
}

fn demanded(dag: &Dag) -> Vec<u64> {
    let mut demanded = vec![0; dag.registers as usize];
    dag.results.iter().for_each(|(_, r)| demanded[r.0 as usize] = u64::MAX);
    // Operands mostly stand before their readers, so a few rounds suffice; every round but the last adds a bit.
    loop {
        let mut changed = false;
        for node in dag.nodes.iter().rev() {
            let result = node.dst.map_or(0, |r| demanded[r.0 as usize]);
            let mut demand = |register: Reg, bits: u64| {
                let known = &mut demanded[register.0 as usize];
                changed |= *known | bits != *known;
                *known |= bits;
            };
            for (input, bits) in operands(node, result) {
                if let Input::Reg(register) = input {
                    demand(register, bits);
                }
            }
            node.tie.iter().for_each(|r| demand(*r, result));
        }
        if !changed {
            return demanded;
        }
    }
}

/// Operands of a node, and what it needs of them if `result` is needed of its own register.
fn operands(node: &Node, result: u64) -> [(Input, u64); 2] {
    const ALL: u64 = u64::MAX;
    let low = |bytes: u32| ALL >> (64 - 8 * bytes);
    match node.kind {
        Kind::Alu { op, is32, a, b } => {
            let (first, second) = alu(op, is32, b, result);
            [(a, first), (b, second)]
        }
        Kind::Load { base, .. } => [(base, ALL), (Input::Zero, 0)],
        Kind::Store { base, size, data, .. } => [(base, ALL), (data, low(size.bytes()))],
        Kind::Cmp { op, is32, a, b, .. } => {
            let width = if is32 { low(4) } else { ALL };
            let first = if op == CmpOp::Set { constant(b).unwrap_or(ALL) } else { ALL };
            [(a, first & width), (b, width)]
        }
        Kind::Late { op: LateOp::Mul, a, b, is32, .. } => {
            let needed = up_to_highest(if is32 { result & low(4) } else { result });
            [(a, needed), (b, needed)]
        }
        Kind::Late { op: LateOp::Write | LateOp::Add, a, b, size, .. } => [(a, ALL), (b, low(size.bytes()))],
        Kind::Late { a, b, .. } => [(a, ALL), (b, ALL)],
    }
}

fn constant(input: Input) -> Option<u64> {
    match input {
        Input::Reg(_) => None,
        Input::Zero => Some(0),
        Input::Imm(imm) => Some(i64::from(imm) as u64),
    }
}

/// All bits that carries reach a bit of `bits` from, and those bits.
fn up_to_highest(bits: u64) -> u64 {
    u64::MAX.checked_shr(bits.leading_zeros()).unwrap_or(0)
}

/// What an ALU needs of its operands.
fn alu(op: AluOp, is32: bool, b: Input, result: u64) -> (u64, u64) {
    let (width, sign) = if is32 { (u64::from(u32::MAX), 1 << 31) } else { (u64::MAX, 1 << 63) };
    let needed = result & width;
    if needed == 0 {
        return (0, 0);
    }
    let amounts = if is32 { 31 } else { 63 };
    let by = constant(b).map(|by| by & amounts);
    let from_lowest = width << needed.trailing_zeros() & width;
    let extended = |bits: u32| {
        let low = u64::MAX >> (64 - bits);
        let sign = if needed & !(low >> 1) != 0 { 1 << (bits - 1) } else { 0 };
        (0, (needed & low) | sign)
    };
    match op {
        AluOp::Mov => (0, needed),
        AluOp::Add | AluOp::Sub => (up_to_highest(needed), up_to_highest(needed)),
        AluOp::And => (needed & constant(b).unwrap_or(u64::MAX), needed),
        AluOp::Or => (needed & !constant(b).unwrap_or(0), needed),
        AluOp::Xor => (needed, needed),
        AluOp::Lsh => (by.map_or(up_to_highest(needed), |by| needed >> by), amounts),
        AluOp::Rsh => (by.map_or(from_lowest, |by| needed << by & width), amounts),
        AluOp::Arsh => {
            let shifted = by.map_or(from_lowest, |by| needed << by & width);
            (shifted | sign, amounts)
        }
        AluOp::Swap16 => (0, u64::from((needed as u16).swap_bytes())),
        AluOp::Swap32 => (0, u64::from((needed as u32).swap_bytes())),
        AluOp::Swap64 => (0, needed.swap_bytes()),
        AluOp::Sext8 => extended(8),
        AluOp::Sext16 => extended(16),
        AluOp::Sext32 => extended(32),
    }
}

/// How many of the least significant bits of each register are zero.
fn zeros(dag: &Dag) -> Vec<u32> {
    let mut zeros = vec![64; dag.registers as usize];
    Dag::ENTRY.iter().for_each(|r| zeros[r.0 as usize] = 0);
    loop {
        let mut changed = false;
        for node in &dag.nodes {
            let Some(dst) = node.dst else { continue };
            let tied = node.tie.map_or(64, |r| zeros[r.0 as usize]);
            let here = zeros_made(node, &zeros).min(tied);
            let known = &mut zeros[dst.0 as usize];
            changed |= here < *known;
            *known = here.min(*known);
        }
        if !changed {
            return zeros;
        }
    }
}

fn zeros_of(zeros: &[u32], input: Input) -> u32 {
    match input {
        Input::Reg(register) => zeros[register.0 as usize],
        Input::Zero => 64,
        Input::Imm(imm) => i64::from(imm).trailing_zeros(),
    }
}

fn zeros_made(node: &Node, zeros: &[u32]) -> u32 {
    let of = |input: Input| zeros_of(zeros, input);
    match node.kind {
        Kind::Alu { op, is32, a, b } => {
            let amounts = if is32 { 31 } else { 63 };
            let by = constant(b).map(|by| (by & amounts) as u32);
            match (op, by) {
                (AluOp::Mov, _) => of(b),
                (AluOp::And, _) => of(a).max(of(b)),
                (AluOp::Add | AluOp::Sub | AluOp::Or | AluOp::Xor, _) => of(a).min(of(b)),
                (AluOp::Lsh, Some(by)) => (of(a) + by).min(64),
                (AluOp::Lsh, None) => of(a),
                (AluOp::Rsh, Some(by)) if !is32 => of(a).saturating_sub(by),
                _ => 0,
            }
        }
        Kind::Late { op: LateOp::Mul, a, b, .. } => (of(a) + of(b)).min(64),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssa::values::{Operation, evaluate};
    use proptest::prelude::*;

    proptest! {
        /// Flipping what is not demanded of an operand changes nothing that is demanded of the result.
        #[test]
        fn what_is_not_demanded_does_not_show(
            a: u64, b: u64, flip_a: u64, flip_b: u64, imm: Option<i32>, is32: bool, result: u64, narrow in 0..64u32,
        ) {
            let result = result >> narrow;
            for op in AluOp::ALL {
                let input = imm.map_or(Input::Reg(Reg(0)), Input::Imm);
                let b = imm.map_or(b, |imm| i64::from(imm) as u64);
                let (first, second) = alu(*op, is32, input, result);
                let flip_b = if imm.is_some() { 0 } else { flip_b & !second };
                let one = evaluate(Operation::Alu(*op), is32, a, b);
                let other = evaluate(Operation::Alu(*op), is32, a ^ (flip_a & !first), b ^ flip_b);
                prop_assert_eq!(one & result, other & result, "{} is32 {}", op, is32);
            }
        }

        #[test]
        fn zeros_that_are_claimed_are_there(
            a: u64, b: u64, shift_a in 0..64u32, shift_b in 0..64u32, imm: Option<i8>, is32: bool,
        ) {
            let (a, b) = (a << shift_a, imm.map_or(b << shift_b, |imm| i64::from(imm) as u64));
            let zeros = [a.trailing_zeros(), b.trailing_zeros()];
            let second = imm.map_or(Input::Reg(Reg(1)), |imm| Input::Imm(imm.into()));
            let first = Input::Reg(Reg(0));
            let node = |kind| Node {
                kind, guard: None, dst: Some(Reg(2)), insns: Vec::new(), key: 0, tie: None, lazy: false,
            };
            for op in AluOp::ALL {
                let made = zeros_made(&node(Kind::Alu { op: *op, is32, a: first, b: second }), &zeros);
                let value = evaluate(Operation::Alu(*op), is32, a, b);
                prop_assert!(value.trailing_zeros() >= made.min(64), "{} is32 {}", op, is32);
            }
        }
    }
}
