// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Instructions as they stand in memory: 8-byte slots, and the opcode constants of RFC 9669.
//!
//! A slot is not checked here; [`crate::op`] gives it a meaning or refuses it.

/// One 8-byte slot; a wide instruction (`lddw`) takes two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Insn {
    /// Opcode.
    pub code: u8,
    /// Destination register field, 0..=15.
    pub dst: u8,
    /// Source register field, 0..=15.
    pub src: u8,
    /// Signed offset.
    pub off: i16,
    /// Signed immediate.
    pub imm: i32,
}

impl Insn {
    /// Bytes of a slot.
    pub const BYTES: usize = 8;

    /// Reads a slot in little-endian form.
    pub fn decode(bytes: [u8; 8]) -> Insn {
        let [code, registers, off0, off1, imm0, imm1, imm2, imm3] = bytes;
        Insn {
            code,
            dst: registers & 15,
            src: registers >> 4,
            off: i16::from_le_bytes([off0, off1]),
            imm: i32::from_le_bytes([imm0, imm1, imm2, imm3]),
        }
    }

    /// Writes the slot in little-endian form.
    pub fn encode(self) -> [u8; 8] {
        let ([off0, off1], [imm0, imm1, imm2, imm3]) = (self.off.to_le_bytes(), self.imm.to_le_bytes());
        [self.code, (self.src << 4) | (self.dst & 15), off0, off1, imm0, imm1, imm2, imm3]
    }

    /// Reads slots; `None` if the length is no multiple of a slot.
    pub fn decode_all(bytes: &[u8]) -> Option<Vec<Insn>> {
        let (slots, rest) = bytes.as_chunks::<8>();
        rest.is_empty().then(|| slots.iter().map(|slot| Insn::decode(*slot)).collect())
    }

    /// Writes slots one after another.
    pub fn encode_all(insns: &[Insn]) -> Vec<u8> {
        insns.iter().flat_map(|insn| insn.encode()).collect()
    }

    /// Instruction class, the low three bits of the opcode.
    pub fn class(self) -> u8 {
        self.code & 7
    }

    /// First slot of a 64-bit immediate load.
    pub fn is_wide(self) -> bool {
        self.code == LD | IMM | DW
    }
}

/// Class: non-standard loads, among them the 64-bit immediate.
pub const LD: u8 = 0;
/// Class: loads into a register.
pub const LDX: u8 = 1;
/// Class: stores of an immediate.
pub const ST: u8 = 2;
/// Class: stores of a register, and atomics.
pub const STX: u8 = 3;
/// Class: 32-bit arithmetic.
pub const ALU: u8 = 4;
/// Class: 64-bit jumps.
pub const JMP: u8 = 5;
/// Class: 32-bit jumps.
pub const JMP32: u8 = 6;
/// Class: 64-bit arithmetic.
pub const ALU64: u8 = 7;

/// Source: the immediate.
pub const K: u8 = 0x00;
/// Source: the register.
pub const X: u8 = 0x08;

/// dst += src
pub const ADD: u8 = 0x00;
/// dst -= src
pub const SUB: u8 = 0x10;
/// dst *= src
pub const MUL: u8 = 0x20;
/// dst /= src, unsigned, or signed with offset 1
pub const DIV: u8 = 0x30;
/// dst |= src
pub const OR: u8 = 0x40;
/// dst &= src
pub const AND: u8 = 0x50;
/// dst <<= src
pub const LSH: u8 = 0x60;
/// dst >>= src, zeros shifted in
pub const RSH: u8 = 0x70;
/// dst = -dst
pub const NEG: u8 = 0x80;
/// dst %= src, unsigned, or signed with offset 1
pub const MOD: u8 = 0x90;
/// dst ^= src
pub const XOR: u8 = 0xa0;
/// dst = src, sign-extended from 8, 16 or 32 bits with that offset
pub const MOV: u8 = 0xb0;
/// dst >>= src, sign shifted in
pub const ARSH: u8 = 0xc0;
/// byte order
pub const END: u8 = 0xd0;

/// Jump always.
pub const JA: u8 = 0x00;
/// Jump if equal.
pub const JEQ: u8 = 0x10;
/// Jump if greater, unsigned.
pub const JGT: u8 = 0x20;
/// Jump if greater or equal, unsigned.
pub const JGE: u8 = 0x30;
/// Jump if `dst & src` is not zero.
pub const JSET: u8 = 0x40;
/// Jump if not equal.
pub const JNE: u8 = 0x50;
/// Jump if greater, signed.
pub const JSGT: u8 = 0x60;
/// Jump if greater or equal, signed.
pub const JSGE: u8 = 0x70;
/// Call of a helper or a subprogram.
pub const CALL: u8 = 0x80;
/// Return.
pub const EXIT: u8 = 0x90;
/// Jump if less, unsigned.
pub const JLT: u8 = 0xa0;
/// Jump if less or equal, unsigned.
pub const JLE: u8 = 0xb0;
/// Jump if less, signed.
pub const JSLT: u8 = 0xc0;
/// Jump if less or equal, signed.
pub const JSLE: u8 = 0xd0;

/// Size: 4 bytes.
pub const W: u8 = 0x00;
/// Size: 2 bytes.
pub const H: u8 = 0x08;
/// Size: 1 byte.
pub const B: u8 = 0x10;
/// Size: 8 bytes.
pub const DW: u8 = 0x18;

/// Mode: 64-bit immediate.
pub const IMM: u8 = 0x00;
/// Mode: legacy packet access at a constant offset.
pub const ABS: u8 = 0x20;
/// Mode: legacy packet access at a variable offset.
pub const IND: u8 = 0x40;
/// Mode: regular load and store.
pub const MEM: u8 = 0x60;
/// Mode: sign-extending load.
pub const MEMSX: u8 = 0x80;
/// Mode: atomic.
pub const ATOMIC: u8 = 0xc0;

/// Atomic: the old value is returned.
pub const FETCH: i32 = 0x01;
/// Atomic: exchange.
pub const XCHG: i32 = 0xe0 | FETCH;
/// Atomic: compare with R0 and exchange.
pub const CMPXCHG: i32 = 0xf0 | FETCH;

/// Source field of `lddw`: the immediate names a map.
pub const PSEUDO_MAP_FD: u8 = 1;
/// Source field of `lddw`: the immediate names a map, the next one an offset into its first value.
pub const PSEUDO_MAP_VALUE: u8 = 2;
/// Source field of `lddw`: the address of a subprogram.
pub const PSEUDO_FUNC: u8 = 4;
/// Source field of `call`: the immediate is the distance to a subprogram.
pub const PSEUDO_CALL: u8 = 1;
/// Source field of `call`: the immediate names a function of the kernel by its BTF id.
pub const PSEUDO_KFUNC_CALL: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_survives_its_encoding() {
        let bytes = [0x7b, 0x2a, 0xf8, 0xff, 0xfe, 0xff, 0xff, 0xff];
        let insn = Insn::decode(bytes);
        assert_eq!(insn, Insn { code: STX | DW | MEM, dst: 10, src: 2, off: -8, imm: -2 });
        assert_eq!(insn.encode(), bytes);
        assert_eq!(Insn::decode_all(&bytes[..7]), None);
    }
}
