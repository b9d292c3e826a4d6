// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Instructions with their meaning: every slot of RFC 9669 as one variant of [`Op`], everything else refused.
//!
//! Reserved fields must be zero, as the kernel demands. Refused are also the legacy packet access (`BPF_ABS`,
//! `BPF_IND`), which XDP programs cannot use, and calls of kernel functions by BTF id.

use crate::insn::{self, Insn};

/// Width of an arithmetic or comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// On the low halves; an arithmetic result is zero-extended.
    W32,
    /// On whole registers.
    W64,
}

/// Second operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// A register.
    Reg(u8),
    /// A constant, sign-extended where 64 bits are wanted.
    Imm(i32),
}

/// Arithmetic on `dst` and an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AluOp {
    /// dst + operand
    Add,
    /// dst - operand
    Sub,
    /// dst * operand
    Mul,
    /// dst / operand, unsigned; 0 where the operand is 0
    Div,
    /// dst / operand, signed; 0 where the operand is 0
    Sdiv,
    /// dst % operand, unsigned; dst where the operand is 0
    Mod,
    /// dst % operand, signed; dst where the operand is 0
    Smod,
    /// dst | operand
    Or,
    /// dst & operand
    And,
    /// dst ^ operand
    Xor,
    /// dst << (operand modulo width)
    Lsh,
    /// dst >> (operand modulo width), zeros shifted in
    Rsh,
    /// dst >> (operand modulo width), sign shifted in
    Arsh,
    /// operand
    Mov,
}

/// Byte order conversions of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Swap {
    /// From or to little-endian: a truncation on this little-endian machine.
    Le,
    /// From or to big-endian: a swap on this little-endian machine.
    Be,
    /// Swap, whatever the machine.
    Bswap,
}

/// Conditions of jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JumpOp {
    /// dst == operand
    Eq,
    /// dst != operand
    Ne,
    /// dst & operand is not zero
    Set,
    /// dst > operand, unsigned
    Gt,
    /// dst >= operand, unsigned
    Ge,
    /// dst < operand, unsigned
    Lt,
    /// dst <= operand, unsigned
    Le,
    /// dst > operand, signed
    Sgt,
    /// dst >= operand, signed
    Sge,
    /// dst < operand, signed
    Slt,
    /// dst <= operand, signed
    Sle,
}

/// Width of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// 1 byte
    B,
    /// 2 bytes
    H,
    /// 4 bytes
    W,
    /// 8 bytes
    Dw,
}

impl Size {
    /// Bytes of the access.
    pub fn bytes(self) -> usize {
        match self {
            Size::B => 1,
            Size::H => 2,
            Size::W => 4,
            Size::Dw => 8,
        }
    }
}

/// Atomic read-modify-write operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicOp {
    /// memory += src; with fetch, src = the old value
    Add,
    /// memory |= src; with fetch, src = the old value
    Or,
    /// memory &= src; with fetch, src = the old value
    And,
    /// memory ^= src; with fetch, src = the old value
    Xor,
    /// swaps memory and src; always with fetch
    Xchg,
    /// memory = src if it equals R0; R0 = the old value; always with fetch
    Cmpxchg,
}

/// What a 64-bit immediate load puts into the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wide {
    /// A number.
    Value(u64),
    /// A map, by its index in [`crate::Object::maps`].
    Map(u32),
    /// The address of a byte in the first value of a map: index and offset.
    MapValue(u32, u32),
}

/// A decoded instruction. Jump and call distances count slots from the one after this instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// dst = dst op operand
    Alu {
        /// Operation.
        op: AluOp,
        /// Width.
        width: Width,
        /// First operand and result.
        dst: u8,
        /// Second operand.
        src: Operand,
    },
    /// dst = -dst
    Neg {
        /// Width.
        width: Width,
        /// Operand and result.
        dst: u8,
    },
    /// dst = the low `bits` of src, sign-extended to `width`
    MovSigned {
        /// Width of the result.
        width: Width,
        /// Result.
        dst: u8,
        /// Operand.
        src: u8,
        /// 8, 16 or 32.
        bits: u8,
    },
    /// dst = the low `bits` of dst in another byte order, zero-extended
    Swap {
        /// Conversion.
        swap: Swap,
        /// Operand and result.
        dst: u8,
        /// 16, 32 or 64.
        bits: u8,
    },
    /// Conditional jump.
    Jump {
        /// Condition.
        op: JumpOp,
        /// Width of the comparison.
        width: Width,
        /// First operand.
        dst: u8,
        /// Second operand.
        src: Operand,
        /// Distance.
        offset: i16,
    },
    /// Unconditional jump.
    Goto {
        /// Distance.
        offset: i32,
    },
    /// Call of a helper by its number.
    CallHelper(u32),
    /// Call of a subprogram.
    CallLocal {
        /// Distance.
        offset: i32,
    },
    /// Return to the caller, or end of the program.
    Exit,
    /// 64-bit immediate; takes two slots.
    LoadWide {
        /// Result.
        dst: u8,
        /// What is loaded.
        value: Wide,
    },
    /// dst = memory at base + off
    Load {
        /// Width in memory.
        size: Size,
        /// Sign-extended rather than zero-extended.
        signed: bool,
        /// Result.
        dst: u8,
        /// Address.
        base: u8,
        /// Added to the address.
        off: i16,
    },
    /// Memory at base + off = operand
    Store {
        /// Width in memory.
        size: Size,
        /// Address.
        base: u8,
        /// Added to the address.
        off: i16,
        /// Value.
        src: Operand,
    },
    /// Atomic operation on memory at base + off
    Atomic {
        /// Operation.
        op: AtomicOp,
        /// W or Dw.
        size: Size,
        /// The old value is returned.
        fetch: bool,
        /// Address.
        base: u8,
        /// Added to the address.
        off: i16,
        /// Operand, and result of a fetch.
        src: u8,
    },
}

/// Why a slot is no instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IllegalInsn {
    /// Beyond the end of the program.
    #[error("no instruction at slot {0}")]
    OutOfRange(usize),
    /// Not in RFC 9669.
    #[error("unknown opcode {0:#04x}")]
    UnknownOpcode(u8),
    /// A field that must be zero, or holds a value without meaning.
    #[error("opcode {code:#04x}: reserved field `{field}` is used")]
    Reserved {
        /// Opcode.
        code: u8,
        /// Field.
        field: &'static str,
    },
    /// There are R0 to R10.
    #[error("no register R{0}")]
    Register(u8),
    /// R10 cannot be written.
    #[error("the frame pointer is read-only")]
    FramePointer,
    /// A wide instruction lacks its second slot, or that has fields set.
    #[error("64-bit immediate without a proper second slot")]
    HalfWide,
    /// `BPF_ABS` or `BPF_IND`.
    #[error("legacy packet access is not available to XDP programs")]
    LegacyPacketAccess,
    /// Known, but not supported.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

impl Op {
    /// Decodes the instruction that begins at a slot.
    pub fn at(insns: &[Insn], index: usize) -> Result<Op, IllegalInsn> {
        let insn = *insns.get(index).ok_or(IllegalInsn::OutOfRange(index))?;
        match insn.class() {
            insn::ALU => alu(insn, Width::W32),
            insn::ALU64 => alu(insn, Width::W64),
            insn::JMP => jump(insn, Width::W64),
            insn::JMP32 => jump(insn, Width::W32),
            insn::LD => wide(insn, insns.get(index + 1).copied()),
            insn::LDX => load(insn),
            _ => store(insn),
        }
    }

    /// Decodes all instructions with the slots they begin at.
    pub fn decode_all(insns: &[Insn]) -> Result<Vec<(usize, Op)>, (usize, IllegalInsn)> {
        let (mut ops, mut slot) = (Vec::with_capacity(insns.len()), 0);
        while slot < insns.len() {
            let op = Op::at(insns, slot).map_err(|error| (slot, error))?;
            ops.push((slot, op));
            slot += op.slots();
        }
        Ok(ops)
    }

    /// Slots that the instruction takes.
    pub fn slots(self) -> usize {
        if matches!(self, Op::LoadWide { .. }) { 2 } else { 1 }
    }
}

fn zero(insn: Insn, fields: &[(&'static str, bool)]) -> Result<(), IllegalInsn> {
    match fields.iter().find(|(_, used)| *used) {
        Some(&(field, _)) => Err(IllegalInsn::Reserved { code: insn.code, field }),
        None => Ok(()),
    }
}

fn readable(register: u8) -> Result<u8, IllegalInsn> {
    if register <= 10 { Ok(register) } else { Err(IllegalInsn::Register(register)) }
}

fn writable(register: u8) -> Result<u8, IllegalInsn> {
    match register {
        0..=9 => Ok(register),
        10 => Err(IllegalInsn::FramePointer),
        _ => Err(IllegalInsn::Register(register)),
    }
}

fn operand(insn: Insn) -> Result<Operand, IllegalInsn> {
    if insn.code & insn::X != 0 {
        zero(insn, &[("imm", insn.imm != 0)])?;
        Ok(Operand::Reg(readable(insn.src)?))
    } else {
        zero(insn, &[("src", insn.src != 0)])?;
        Ok(Operand::Imm(insn.imm))
    }
}

fn alu(insn: Insn, width: Width) -> Result<Op, IllegalInsn> {
    let dst = writable(insn.dst)?;
    let reserved = |field| Err(IllegalInsn::Reserved { code: insn.code, field });
    let op = match insn.code & 0xf0 {
        insn::NEG => {
            let used = [
                ("source", insn.code & insn::X != 0),
                ("src", insn.src != 0),
                ("off", insn.off != 0),
                ("imm", insn.imm != 0),
            ];
            return zero(insn, &used).map(|()| Op::Neg { width, dst });
        }
        insn::END => {
            zero(insn, &[("src", insn.src != 0), ("off", insn.off != 0)])?;
            let swap = match (width, insn.code & insn::X) {
                (Width::W32, insn::K) => Swap::Le,
                (Width::W32, _) => Swap::Be,
                (Width::W64, insn::K) => Swap::Bswap,
                (Width::W64, _) => return reserved("source"),
            };
            return match insn.imm {
                16 | 32 | 64 => Ok(Op::Swap { swap, dst, bits: insn.imm as u8 }),
                _ => reserved("imm"),
            };
        }
        insn::MOV if insn.off != 0 => {
            return match (operand(insn)?, insn.off, width) {
                (Operand::Imm(_), ..) => reserved("off"),
                (Operand::Reg(src), 8 | 16, _) | (Operand::Reg(src), 32, Width::W64) => {
                    Ok(Op::MovSigned { width, dst, src, bits: insn.off as u8 })
                }
                _ => reserved("off"),
            };
        }
        insn::DIV if insn.off == 1 => AluOp::Sdiv,
        insn::MOD if insn.off == 1 => AluOp::Smod,
        _ if insn.off != 0 => return reserved("off"),
        insn::ADD => AluOp::Add,
        insn::SUB => AluOp::Sub,
        insn::MUL => AluOp::Mul,
        insn::DIV => AluOp::Div,
        insn::MOD => AluOp::Mod,
        insn::OR => AluOp::Or,
        insn::AND => AluOp::And,
        insn::XOR => AluOp::Xor,
        insn::LSH => AluOp::Lsh,
        insn::RSH => AluOp::Rsh,
        insn::ARSH => AluOp::Arsh,
        insn::MOV => AluOp::Mov,
        _ => return Err(IllegalInsn::UnknownOpcode(insn.code)),
    };
    Ok(Op::Alu { op, width, dst, src: operand(insn)? })
}

fn jump(insn: Insn, width: Width) -> Result<Op, IllegalInsn> {
    let unused = [("dst", insn.dst != 0), ("source", insn.code & insn::X != 0)];
    let op = match insn.code & 0xf0 {
        insn::JA => {
            zero(insn, &unused)?;
            zero(insn, &[("src", insn.src != 0)])?;
            return match width {
                Width::W64 => {
                    zero(insn, &[("imm", insn.imm != 0)]).map(|()| Op::Goto { offset: insn.off.into() })
                }
                Width::W32 => zero(insn, &[("off", insn.off != 0)]).map(|()| Op::Goto { offset: insn.imm }),
            };
        }
        insn::CALL if width == Width::W64 => {
            zero(insn, &unused)?;
            zero(insn, &[("off", insn.off != 0 && insn.src != insn::PSEUDO_KFUNC_CALL)])?;
            return match insn.src {
                0 => Ok(Op::CallHelper(insn.imm as u32)),
                insn::PSEUDO_CALL => Ok(Op::CallLocal { offset: insn.imm }),
                insn::PSEUDO_KFUNC_CALL => Err(IllegalInsn::Unsupported("a call of a kernel function")),
                _ => Err(IllegalInsn::Reserved { code: insn.code, field: "src" }),
            };
        }
        insn::EXIT if width == Width::W64 => {
            zero(insn, &unused)?;
            let used = [("src", insn.src != 0), ("off", insn.off != 0), ("imm", insn.imm != 0)];
            return zero(insn, &used).map(|()| Op::Exit);
        }
        insn::JEQ => JumpOp::Eq,
        insn::JNE => JumpOp::Ne,
        insn::JSET => JumpOp::Set,
        insn::JGT => JumpOp::Gt,
        insn::JGE => JumpOp::Ge,
        insn::JLT => JumpOp::Lt,
        insn::JLE => JumpOp::Le,
        insn::JSGT => JumpOp::Sgt,
        insn::JSGE => JumpOp::Sge,
        insn::JSLT => JumpOp::Slt,
        insn::JSLE => JumpOp::Sle,
        _ => return Err(IllegalInsn::UnknownOpcode(insn.code)),
    };
    Ok(Op::Jump { op, width, dst: readable(insn.dst)?, src: operand(insn)?, offset: insn.off })
}

fn wide(insn: Insn, next: Option<Insn>) -> Result<Op, IllegalInsn> {
    if !insn.is_wide() {
        return Err(match insn.code & 0xe0 {
            insn::ABS | insn::IND if insn.code & 0x18 != insn::DW => IllegalInsn::LegacyPacketAccess,
            _ => IllegalInsn::UnknownOpcode(insn.code),
        });
    }
    let next = next.ok_or(IllegalInsn::HalfWide)?;
    if next != (Insn { imm: next.imm, ..Insn::default() }) {
        return Err(IllegalInsn::HalfWide);
    }
    zero(insn, &[("off", insn.off != 0)])?;
    let dst = writable(insn.dst)?;
    let (low, high) = (insn.imm as u32, next.imm as u32);
    let value = match insn.src {
        0 => Wide::Value(u64::from(high) << 32 | u64::from(low)),
        insn::PSEUDO_MAP_FD if high != 0 => return Err(IllegalInsn::HalfWide),
        insn::PSEUDO_MAP_FD => Wide::Map(low),
        insn::PSEUDO_MAP_VALUE => Wide::MapValue(low, high),
        insn::PSEUDO_FUNC => return Err(IllegalInsn::Unsupported("the address of a subprogram")),
        3 | 5 | 6 => return Err(IllegalInsn::Unsupported("this kind of 64-bit immediate")),
        _ => return Err(IllegalInsn::Reserved { code: insn.code, field: "src" }),
    };
    Ok(Op::LoadWide { dst, value })
}

fn size(code: u8) -> Size {
    match code & 0x18 {
        insn::B => Size::B,
        insn::H => Size::H,
        insn::W => Size::W,
        _ => Size::Dw,
    }
}

fn load(insn: Insn) -> Result<Op, IllegalInsn> {
    let size = size(insn.code);
    let signed = match insn.code & 0xe0 {
        insn::MEM => false,
        insn::MEMSX if size != Size::Dw => true,
        _ => return Err(IllegalInsn::UnknownOpcode(insn.code)),
    };
    zero(insn, &[("imm", insn.imm != 0)])?;
    Ok(Op::Load { size, signed, dst: writable(insn.dst)?, base: readable(insn.src)?, off: insn.off })
}

fn store(insn: Insn) -> Result<Op, IllegalInsn> {
    let (size, base, off) = (size(insn.code), readable(insn.dst)?, insn.off);
    match (insn.class(), insn.code & 0xe0) {
        (insn::ST, insn::MEM) => {
            zero(insn, &[("src", insn.src != 0)])?;
            Ok(Op::Store { size, base, off, src: Operand::Imm(insn.imm) })
        }
        (insn::STX, insn::MEM) => {
            zero(insn, &[("imm", insn.imm != 0)])?;
            Ok(Op::Store { size, base, off, src: Operand::Reg(readable(insn.src)?) })
        }
        (insn::STX, insn::ATOMIC) if matches!(size, Size::W | Size::Dw) => {
            let fetch = insn.imm & insn::FETCH != 0;
            let op = match insn.imm {
                insn::XCHG => AtomicOp::Xchg,
                insn::CMPXCHG => AtomicOp::Cmpxchg,
                0x00 | 0x01 => AtomicOp::Add,
                0x40 | 0x41 => AtomicOp::Or,
                0x50 | 0x51 => AtomicOp::And,
                0xa0 | 0xa1 => AtomicOp::Xor,
                _ => return Err(IllegalInsn::Reserved { code: insn.code, field: "imm" }),
            };
            let returned = fetch && op != AtomicOp::Cmpxchg;
            let src = if returned { writable(insn.src)? } else { readable(insn.src)? };
            Ok(Op::Atomic { op, size, fetch, base, off, src })
        }
        _ => Err(IllegalInsn::UnknownOpcode(insn.code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9669's table of opcodes without the legacy ones, counted by hand: class by class.
    #[test]
    fn exactly_the_opcodes_of_the_rfc_decode() {
        let legal = |code: u8| {
            let fields = [(0, 0, 0), (0, 16, 0), (8, 0, 0), (0, 0, 1)];
            fields.iter().any(|&(off, imm, src)| {
                let insn = Insn { code, dst: 0, src, off, imm };
                Op::at(&[insn, Insn::default()], 0).is_ok()
            })
        };
        let count = |class: u8| (0..32).filter(|high| legal(high << 3 | class)).count();
        assert_eq!(count(insn::ALU), 12 * 2 + 1 + 2, "12 with two sources, neg, two ends");
        assert_eq!(count(insn::ALU64), 12 * 2 + 1 + 1, "one end: bswap");
        assert_eq!(count(insn::JMP), 11 * 2 + 3, "ja, call, exit");
        assert_eq!(count(insn::JMP32), 11 * 2 + 1, "ja32");
        assert_eq!(count(insn::LD), 1);
        assert_eq!(count(insn::LDX), 4 + 3);
        assert_eq!(count(insn::ST), 4);
        assert_eq!(count(insn::STX), 4 + 2);
    }

    #[test]
    fn reserved_fields_are_refused() {
        let add = insn::ALU64 | insn::ADD;
        let cases = [
            (Insn { code: add | insn::X, imm: 1, ..Insn::default() }, "imm"),
            (Insn { code: add, src: 1, ..Insn::default() }, "src"),
            (Insn { code: add, off: 1, ..Insn::default() }, "off"),
            (Insn { code: insn::JMP | insn::EXIT, dst: 1, ..Insn::default() }, "dst"),
            (Insn { code: insn::ALU | insn::END, imm: 8, ..Insn::default() }, "imm"),
            (Insn { code: insn::ALU | insn::MOV | insn::X, off: 32, ..Insn::default() }, "off"),
        ];
        for (bad, field) in cases {
            assert_eq!(Op::at(&[bad], 0), Err(IllegalInsn::Reserved { code: bad.code, field }), "{bad:?}");
        }
        assert_eq!(
            Op::at(&[Insn { code: add, dst: 10, ..Insn::default() }], 0),
            Err(IllegalInsn::FramePointer)
        );
        assert_eq!(Op::at(&[Insn { code: 0x18, ..Insn::default() }], 0), Err(IllegalInsn::HalfWide));
    }
}
