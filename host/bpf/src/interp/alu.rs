// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Arithmetic, byte order and comparison of RFC 9669, as functions of numbers.

use crate::op::{AluOp, AtomicOp, JumpOp, Swap, Width};

/// Result of an arithmetic instruction; a 32-bit one is zero-extended.
pub fn alu(op: AluOp, width: Width, a: u64, b: u64) -> u64 {
    match width {
        Width::W64 => alu64(op, a, b),
        Width::W32 => alu32(op, a as u32, b as u32).into(),
    }
}

fn alu64(op: AluOp, a: u64, b: u64) -> u64 {
    match op {
        AluOp::Add => a.wrapping_add(b),
        AluOp::Sub => a.wrapping_sub(b),
        AluOp::Mul => a.wrapping_mul(b),
        AluOp::Div => a.checked_div(b).unwrap_or(0),
        // The least number divided by -1 wraps to itself.
        AluOp::Sdiv if b == 0 => 0,
        AluOp::Sdiv => (a as i64).wrapping_div(b as i64) as u64,
        AluOp::Mod => a.checked_rem(b).unwrap_or(a),
        AluOp::Smod if b == 0 => a,
        AluOp::Smod => (a as i64).wrapping_rem(b as i64) as u64,
        AluOp::Or => a | b,
        AluOp::And => a & b,
        AluOp::Xor => a ^ b,
        AluOp::Lsh => a << (b & 63),
        AluOp::Rsh => a >> (b & 63),
        AluOp::Arsh => ((a as i64) >> (b & 63)) as u64,
        AluOp::Mov => b,
    }
}

fn alu32(op: AluOp, a: u32, b: u32) -> u32 {
    match op {
        AluOp::Add => a.wrapping_add(b),
        AluOp::Sub => a.wrapping_sub(b),
        AluOp::Mul => a.wrapping_mul(b),
        AluOp::Div => a.checked_div(b).unwrap_or(0),
        AluOp::Sdiv if b == 0 => 0,
        AluOp::Sdiv => (a as i32).wrapping_div(b as i32) as u32,
        AluOp::Mod => a.checked_rem(b).unwrap_or(a),
        AluOp::Smod if b == 0 => a,
        AluOp::Smod => (a as i32).wrapping_rem(b as i32) as u32,
        AluOp::Or => a | b,
        AluOp::And => a & b,
        AluOp::Xor => a ^ b,
        AluOp::Lsh => a << (b & 31),
        AluOp::Rsh => a >> (b & 31),
        AluOp::Arsh => ((a as i32) >> (b & 31)) as u32,
        AluOp::Mov => b,
    }
}

/// -value
pub fn neg(width: Width, value: u64) -> u64 {
    match width {
        Width::W64 => value.wrapping_neg(),
        Width::W32 => (value as u32).wrapping_neg().into(),
    }
}

/// The low `bits` (8, 16, 32) sign-extended to the width.
pub fn sign_extend(width: Width, bits: u8, value: u64) -> u64 {
    let extended = match bits {
        8 => value as i8 as i64,
        16 => value as i16 as i64,
        _ => value as i32 as i64,
    };
    match width {
        Width::W64 => extended as u64,
        Width::W32 => (extended as u32).into(),
    }
}

/// The low `bits` (16, 32, 64) in the byte order asked for, on a little-endian machine.
pub fn swap(swap: Swap, bits: u8, value: u64) -> u64 {
    match (swap, bits) {
        (Swap::Le, 16) => (value as u16).into(),
        (Swap::Le, 32) => (value as u32).into(),
        (Swap::Le, _) => value,
        (_, 16) => (value as u16).swap_bytes().into(),
        (_, 32) => (value as u32).swap_bytes().into(),
        _ => value.swap_bytes(),
    }
}

/// Whether a conditional jump is taken.
pub fn condition(op: JumpOp, width: Width, a: u64, b: u64) -> bool {
    let (a, b, signed_a, signed_b) = match width {
        Width::W64 => (a, b, a as i64, b as i64),
        Width::W32 => ((a as u32).into(), (b as u32).into(), (a as i32).into(), (b as i32).into()),
    };
    match op {
        JumpOp::Eq => a == b,
        JumpOp::Ne => a != b,
        JumpOp::Set => a & b != 0,
        JumpOp::Gt => a > b,
        JumpOp::Ge => a >= b,
        JumpOp::Lt => a < b,
        JumpOp::Le => a <= b,
        JumpOp::Sgt => signed_a > signed_b,
        JumpOp::Sge => signed_a >= signed_b,
        JumpOp::Slt => signed_a < signed_b,
        JumpOp::Sle => signed_a <= signed_b,
    }
}

/// What an atomic operation leaves in memory; all values are of the access's width, zero-extended.
pub fn atomic(op: AtomicOp, old: u64, operand: u64, expected: u64) -> u64 {
    match op {
        AtomicOp::Add => old.wrapping_add(operand),
        AtomicOp::Or => old | operand,
        AtomicOp::And => old & operand,
        AtomicOp::Xor => old ^ operand,
        AtomicOp::Xchg => operand,
        AtomicOp::Cmpxchg if old == expected => operand,
        AtomicOp::Cmpxchg => old,
    }
}
