// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The way back from [`Op`] to slots.

use crate::insn::{self, Insn};
use crate::op::{AluOp, AtomicOp, JumpOp, Op, Operand, Size, Swap, Wide, Width};

impl Op {
    /// The slots of the instruction. A jump that a 16-bit distance cannot express becomes the 32-bit form.
    pub fn encode(self) -> Vec<Insn> {
        let insn = Insn::default();
        vec![match self {
            Op::Alu { op, width, dst, src } => {
                let (code, off) = alu_code(op);
                with_operand(Insn { code: alu_class(width) | code, dst, off, ..insn }, src)
            }
            Op::Neg { width, dst } => Insn { code: alu_class(width) | insn::NEG, dst, ..insn },
            Op::MovSigned { width, dst, src, bits } => {
                Insn { code: alu_class(width) | insn::MOV | insn::X, dst, src, off: bits.into(), ..insn }
            }
            Op::Swap { swap, dst, bits } => {
                let class = match swap {
                    Swap::Le => insn::ALU | insn::K,
                    Swap::Be => insn::ALU | insn::X,
                    Swap::Bswap => insn::ALU64 | insn::K,
                };
                Insn { code: class | insn::END, dst, imm: bits.into(), ..insn }
            }
            Op::Jump { op, width, dst, src, offset } => {
                let class = if width == Width::W32 { insn::JMP32 } else { insn::JMP };
                with_operand(Insn { code: class | jump_code(op), dst, off: offset, ..insn }, src)
            }
            Op::Goto { offset } => match i16::try_from(offset) {
                Ok(off) => Insn { code: insn::JMP | insn::JA, off, ..insn },
                Err(_) => Insn { code: insn::JMP32 | insn::JA, imm: offset, ..insn },
            },
            Op::CallHelper(number) => Insn { code: insn::JMP | insn::CALL, imm: number as i32, ..insn },
            Op::CallLocal { offset } => {
                Insn { code: insn::JMP | insn::CALL, src: insn::PSEUDO_CALL, imm: offset, ..insn }
            }
            Op::Exit => Insn { code: insn::JMP | insn::EXIT, ..insn },
            Op::LoadWide { dst, value } => {
                let (src, low, high) = match value {
                    Wide::Value(value) => (0, value as u32, (value >> 32) as u32),
                    Wide::Map(map) => (insn::PSEUDO_MAP_FD, map, 0),
                    Wide::MapValue(map, offset) => (insn::PSEUDO_MAP_VALUE, map, offset),
                };
                let first = Insn { code: insn::LD | insn::IMM | insn::DW, dst, src, imm: low as i32, ..insn };
                return vec![first, Insn { imm: high as i32, ..insn }];
            }
            Op::Load { size, signed, dst, base, off } => {
                let mode = if signed { insn::MEMSX } else { insn::MEM };
                Insn { code: insn::LDX | mode | size_code(size), dst, src: base, off, ..insn }
            }
            Op::Store { size, base, off, src } => {
                let code = insn::MEM | size_code(size);
                match src {
                    Operand::Reg(src) => Insn { code: insn::STX | code, dst: base, src, off, ..insn },
                    Operand::Imm(imm) => Insn { code: insn::ST | code, dst: base, off, imm, ..insn },
                }
            }
            Op::Atomic { op, size, fetch, base, off, src } => {
                let (code, imm) = (insn::STX | insn::ATOMIC | size_code(size), atomic_imm(op));
                Insn { code, dst: base, src, off, imm: imm | i32::from(fetch) }
            }
        }]
    }
}

fn with_operand(insn: Insn, operand: Operand) -> Insn {
    match operand {
        Operand::Reg(src) => Insn { code: insn.code | insn::X, src, ..insn },
        Operand::Imm(imm) => Insn { imm, ..insn },
    }
}

fn alu_class(width: Width) -> u8 {
    if width == Width::W32 { insn::ALU } else { insn::ALU64 }
}

fn alu_code(op: AluOp) -> (u8, i16) {
    match op {
        AluOp::Add => (insn::ADD, 0),
        AluOp::Sub => (insn::SUB, 0),
        AluOp::Mul => (insn::MUL, 0),
        AluOp::Div => (insn::DIV, 0),
        AluOp::Sdiv => (insn::DIV, 1),
        AluOp::Mod => (insn::MOD, 0),
        AluOp::Smod => (insn::MOD, 1),
        AluOp::Or => (insn::OR, 0),
        AluOp::And => (insn::AND, 0),
        AluOp::Xor => (insn::XOR, 0),
        AluOp::Lsh => (insn::LSH, 0),
        AluOp::Rsh => (insn::RSH, 0),
        AluOp::Arsh => (insn::ARSH, 0),
        AluOp::Mov => (insn::MOV, 0),
    }
}

fn jump_code(op: JumpOp) -> u8 {
    match op {
        JumpOp::Eq => insn::JEQ,
        JumpOp::Ne => insn::JNE,
        JumpOp::Set => insn::JSET,
        JumpOp::Gt => insn::JGT,
        JumpOp::Ge => insn::JGE,
        JumpOp::Lt => insn::JLT,
        JumpOp::Le => insn::JLE,
        JumpOp::Sgt => insn::JSGT,
        JumpOp::Sge => insn::JSGE,
        JumpOp::Slt => insn::JSLT,
        JumpOp::Sle => insn::JSLE,
    }
}

fn size_code(size: Size) -> u8 {
    match size {
        Size::B => insn::B,
        Size::H => insn::H,
        Size::W => insn::W,
        Size::Dw => insn::DW,
    }
}

fn atomic_imm(op: AtomicOp) -> i32 {
    match op {
        AtomicOp::Add => insn::ADD.into(),
        AtomicOp::Or => insn::OR.into(),
        AtomicOp::And => insn::AND.into(),
        AtomicOp::Xor => insn::XOR.into(),
        AtomicOp::Xchg => insn::XCHG,
        AtomicOp::Cmpxchg => insn::CMPXCHG,
    }
}
