// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which registers a block can still read: backwards over all functions at once, so that a call reads what the
//! function called reads.

use super::{Block, Exit};
use weir_bpf::Op;
use weir_bpf::interp::helper;
use weir_bpf::op::{AluOp, AtomicOp, Operand};

/// Registers as bits.
pub type Registers = u16;

/// R1 to R5.
const ARGUMENTS: Registers = 0b11_1110;

/// Registers that are live where a block begins and where it ends, by block.
pub fn liveness(blocks: &[Block]) -> Vec<(Registers, Registers)> {
    let mut live = vec![(0, 0); blocks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (index, block) in blocks.iter().enumerate().rev() {
            let out = match block.exit {
                Exit::Return => 1,
                exit => exit.successors().fold(0, |out, s| out | live[s].0),
            };
            let called = match block.exit {
                Exit::Call { callee, .. } => live[callee].0,
                _ => 0,
            };
            let before = block.insns.iter().rev().fold(out, |after, (_, op)| {
                let (reads, writes) = accesses(op, called);
                after & !writes | reads
            });
            changed |= live[index] != (before, out);
            live[index] = (before, out);
        }
    }
    live
}

/// Registers that an instruction reads and writes.
fn accesses(op: &Op, called: Registers) -> (Registers, Registers) {
    let of = |operand: Operand| match operand {
        Operand::Reg(register) => 1 << register,
        Operand::Imm(_) => 0,
    };
    match *op {
        Op::Alu { op: AluOp::Mov, dst, src, .. } => (of(src), 1 << dst),
        Op::Alu { dst, src, .. } => (1 << dst | of(src), 1 << dst),
        Op::Neg { dst, .. } | Op::Swap { dst, .. } => (1 << dst, 1 << dst),
        Op::MovSigned { dst, src, .. } => (1 << src, 1 << dst),
        Op::Jump { dst, src, .. } => (1 << dst | of(src), 0),
        Op::Goto { .. } => (0, 0),
        Op::Exit => (1, 0),
        Op::LoadWide { dst, .. } => (0, 1 << dst),
        Op::Load { dst, base, .. } => (1 << base, 1 << dst),
        Op::Store { base, src, .. } => (1 << base | of(src), 0),
        Op::Atomic { op, fetch, base, src, .. } => {
            let exchange = op == AtomicOp::Cmpxchg;
            let written = if exchange { 1 } else { u16::from(fetch) << src };
            (1 << base | 1 << src | u16::from(exchange), written)
        }
        Op::CallHelper(number) => (arguments(number), ARGUMENTS | 1),
        Op::CallLocal { .. } => (called & ARGUMENTS, ARGUMENTS | 1),
    }
}

/// Registers that a helper takes.
fn arguments(number: u32) -> Registers {
    let count = match number {
        helper::KTIME_GET_NS | helper::GET_PRANDOM_U32 | helper::GET_SMP_PROCESSOR_ID => 0,
        helper::LOOKUP | helper::DELETE | helper::REDIRECT | helper::XDP_ADJUST_HEAD => 2,
        helper::REDIRECT_MAP => 3,
        helper::UPDATE | helper::XDP_LOAD_BYTES | helper::XDP_STORE_BYTES => 4,
        _ => 5,
    };
    ARGUMENTS & ((1 << (count + 1)) - 1)
}
