// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Stage words: what the units of one stage do for one pass of one program, and the bits that say so.
//!
//! # One stage, in order
//! ```text
//!            ┌────────┐  load   ┌──────┐ alu0, alu1  ┌─────────┐
//! registers ─┤  LSU   ├────────>│ ALU0 ├────────────>│ CMP0    │
//! window ────┤ (load) │    ┌───>│ ALU1 │    ┌───────>│ CMP1    ├─> predicates
//!            └────────┘    │    └──────┘    │        └─────────┘
//! registers ───────────────┴────────────────┘   write-back: alu0 < alu1 < load < late result of the stage before
//!            LSU (store), table unit / multiplier: operands as the stage was entered
//! ```
//! 1. The load reads the window as it was on entry; bytes outside the context read as zero. Addresses are modulo
//!    [`ADDRESS_SPACE`], byte offsets into a map modulo [`TABLE_SPACE`]; bounds are checked after that.
//! 2. ALUs take registers on entry, or the load's value; then compares take those, or an ALU's value.
//! 3. Guards and compare inputs are the predicates on entry.
//! 4. Writes happen together at the end; where two hit one register, the later in `alu0, alu1, load, late` wins, and
//!    `compare1` wins over `compare0`.
//! 5. The late unit (table unit, lookup port, multiplier, deep-load port or key unit) takes its operands on entry of this
//!    stage and writes its result at the end of a later one, [`crate::LateUnit::latency`] stages on: the next for all but
//!    key units. A lookup port reads the maps of its table unit, by their ids there, and does nothing else.
//! 6. Area has its price: only the last ALU of a stage shifts, swaps and extends signs; the second operand of compare 1
//!    is a constant or zero; and where a late result arrives, the load of the stage writes no register.
//! 7. A deep load sees the packet as it was received, whatever was stored since.
//!
//! A table access that is guarded and lies beyond its map aborts the program (verdict ABORTED), and so does a guarded
//! store outside packet and stack; so whoever speculates an access guards it, or proves it. Loads are never refused: bytes
//! outside the context, or behind the packet for deep loads, read as zero.
//!
//! # What a program leaves behind
//! After the last stage register 0 is the return value. If its low half is XDP_REDIRECT, the low half of register 1 is the
//! target's interface index. Where [`crate::Pipeline::moves_head`] is set, register 2, modulo [`DEEP_SPACE`], is the
//! context address at which the packet now starts; if less than an Ethernet header is left from there on, the program
//! is aborted. The headroom is zeros when a packet is admitted, and may be stored to.
//!
//! An all-zero word does nothing: predicate 0 is constant false and guards everything.

use std::fmt;

/// Calls a macro with the layout of every unit word: name, then fields from bit 0 up with their widths.
///
/// This is the one place where the layout stands: the RTL makes its typed structs from it, [`layout`] the packing.
#[macro_export]
macro_rules! for_each_unit_word {
    ($callback:ident) => {
        $callback! {
            /// One ALU.
            AluWord { op: 5, a: 5, b: 5, b_imm: 1, imm: 32, is32: 1, dst: 4, guard: 4, negate: 1 }
            /// The load/store unit.
            LsuWord { kind: 2, base: 5, offset: 12, size: 2, data: 5, dst: 4, guard: 4, negate: 1 }
            /// One compare unit.
            CmpWord { op: 3, a: 5, b: 5, b_imm: 1, imm: 32, is32: 1, p1: 4, p2: 4, dst0: 4, table0: 8, dst1: 4, table1: 8 }
            /// The late unit: table access, multiplication, deep load or key operation.
            LateWord { op: 4, map: 3, a: 5, offset: 20, size: 2, b: 5, b_imm: 1, imm: 32, is32: 1, dst: 4, guard: 4, negate: 1 }
        }
    };
}

/// Bit layouts of the unit words and of the stage word.
pub mod layout {
    /// A field of a unit word.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Field {
        /// Name as in the specification of the word.
        pub name: &'static str,
        /// Width in bits.
        pub bits: u32,
    }

    macro_rules! tables {
        ($($(#[$doc:meta])* $word:ident { $($field:ident: $bits:literal),* })*) => {
            /// Every unit word with its fields from bit 0 up.
            pub const UNIT_WORDS: &[(&str, &[Field])] = &[
                $((stringify!($word), &[$(Field { name: stringify!($field), bits: $bits }),*])),*
            ];
        };
    }
    crate::for_each_unit_word!(tables);

    /// Units of a stage word from bit 0 up: name in the text form and index into [`UNIT_WORDS`].
    pub const STAGE_WORD: &[(&str, usize)] =
        &[("alu0", 0), ("alu1", 0), ("lsu", 1), ("cmp0", 2), ("cmp1", 2), ("late", 3)];

    /// Bits of a unit word.
    pub const fn unit_bits(word: usize) -> u32 {
        let fields = UNIT_WORDS[word].1;
        let mut bits = 0;
        let mut i = 0;
        while i < fields.len() {
            bits += fields[i].bits;
            i += 1;
        }
        bits
    }

    /// Bits of a whole stage word.
    pub const STAGE_WORD_BITS: u32 = {
        let mut bits = 0;
        let mut i = 0;
        while i < STAGE_WORD.len() {
            bits += unit_bits(STAGE_WORD[i].1);
            i += 1;
        }
        bits
    };
}

/// Context addresses of the load/store unit are taken modulo this.
pub const ADDRESS_SPACE: u64 = 1 << 12;

/// Byte offsets into a map are taken modulo this.
pub const TABLE_SPACE: u64 = 1 << 21;

/// Context addresses of deep loads are taken modulo this.
pub const DEEP_SPACE: u64 = 1 << 14;

/// Result of a key operation that found, or made, no place.
pub const NO_PLACE: u64 = u64::MAX;

/// Number of 32-bit words in an encoded stage word.
pub const STAGE_WORD_U32S: usize = layout::STAGE_WORD_BITS.div_ceil(32) as usize;

/// Where a unit takes an operand from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A register on entry of the stage.
    Register(u8),
    /// The value that this stage's load has read (ALUs and compares only).
    Load,
    /// Constant zero.
    Zero,
    /// Result of ALU 0 of this stage (compares only).
    Alu0,
    /// Result of ALU 1 of this stage (compares only).
    Alu1,
}

impl Source {
    /// Selector value in the words.
    pub fn code(self) -> u64 {
        match self {
            Source::Register(r) => u64::from(r & 15),
            Source::Load => 16,
            Source::Zero => 17,
            Source::Alu0 => 18,
            Source::Alu1 => 19,
        }
    }

    fn from_code(code: u64) -> Option<Source> {
        Some(match code {
            0..=15 => Source::Register(code as u8),
            16 => Source::Load,
            17 => Source::Zero,
            18 => Source::Alu0,
            19 => Source::Alu1,
            _ => return None,
        })
    }
}

/// A second operand: a source or a sign-extended 32-bit constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// From a source.
    Source(Source),
    /// Constant, sign-extended to 64 bits.
    Imm(i32),
}

/// Condition under which a unit writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Guard {
    /// Writes nothing.
    #[default]
    Never,
    /// Always writes.
    Always,
    /// Writes where this predicate (1..) is true.
    If(u8),
    /// Writes where this predicate (1..) is false.
    Unless(u8),
}

impl Guard {
    fn codes(self) -> (u64, u64) {
        match self {
            Guard::Never => (0, 0),
            Guard::Always => (0, 1),
            Guard::If(p) => (u64::from(p), 0),
            Guard::Unless(p) => (u64::from(p), 1),
        }
    }

    fn from_codes(guard: u64, negate: u64) -> Guard {
        match (guard, negate) {
            (0, 0) => Guard::Never,
            (0, _) => Guard::Always,
            (p, 0) => Guard::If(p as u8),
            (p, _) => Guard::Unless(p as u8),
        }
    }
}

macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant = $code),* }
        impl $name {
            /// All of them, by code.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];
            /// Name in the text form.
            pub fn name(self) -> &'static str { match self { $($name::$variant => $text),* } }
            /// From the name in the text form.
            pub fn from_name(name: &str) -> Option<Self> { match name { $($text => Some($name::$variant),)* _ => None } }
            fn from_code(code: u64) -> Option<Self> { match code { $($code => Some($name::$variant),)* _ => None } }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.name()) }
        }
    };
}

codes! {
    /// ALU operations on `a` and `b`, 64-bit; with `is32` on their low halves, the result zero-extended.
    AluOp {
        /// b
        Mov = 0 "mov",
        /// a + b
        Add = 1 "add",
        /// a - b
        Sub = 2 "sub",
        /// a & b
        And = 3 "and",
        /// a | b
        Or = 4 "or",
        /// a ^ b
        Xor = 5 "xor",
        /// a << (b mod width)
        Lsh = 6 "lsh",
        /// a >> (b mod width), zeros shifted in
        Rsh = 7 "rsh",
        /// a >> (b mod width), sign shifted in
        Arsh = 8 "arsh",
        /// low 16 bits of b with bytes swapped, zero-extended
        Swap16 = 9 "swap16",
        /// low 32 bits of b with bytes swapped, zero-extended
        Swap32 = 10 "swap32",
        /// b with bytes swapped
        Swap64 = 11 "swap64",
        /// low 8 bits of b sign-extended
        Sext8 = 12 "sext8",
        /// low 16 bits of b sign-extended
        Sext16 = 13 "sext16",
        /// low 32 bits of b sign-extended
        Sext32 = 14 "sext32",
    }
}

codes! {
    /// Relations of the compare units; their negations come from the truth tables.
    CmpOp {
        /// a == b
        Eq = 0 "eq",
        /// a < b, unsigned
        Ult = 1 "ult",
        /// a <= b, unsigned
        Ule = 2 "ule",
        /// a < b, signed
        Slt = 3 "slt",
        /// a <= b, signed
        Sle = 4 "sle",
        /// a & b is not zero
        Set = 5 "set",
    }
}

codes! {
    /// Width of a memory access.
    Size {
        /// 1 byte
        B1 = 0 "u8",
        /// 2 bytes
        B2 = 1 "u16",
        /// 4 bytes
        B4 = 2 "u32",
        /// 8 bytes
        B8 = 3 "u64",
    }
}

impl AluOp {
    /// Whether the operation needs a shifter: shifts, swaps and sign extensions.
    pub fn shifts(self) -> bool {
        self as u8 >= AluOp::Lsh as u8
    }
}

impl LateOp {
    /// Whether the operation writes a register.
    pub fn has_result(self) -> bool {
        !matches!(self, LateOp::None | LateOp::Add | LateOp::Write)
    }

    /// Whether the operation is a table unit's.
    pub fn is_table(self) -> bool {
        matches!(self, LateOp::Read | LateOp::Add | LateOp::Write)
    }

    /// Whether the operation is a key unit's.
    pub fn is_key(self) -> bool {
        matches!(self, LateOp::Find | LateOp::Insert | LateOp::Delete)
    }
}

impl Size {
    /// Bytes of the access.
    pub fn bytes(self) -> u32 {
        1 << self as u32
    }

    /// From a number of bytes.
    pub fn from_bytes(bytes: u32) -> Option<Size> {
        Size::ALL.iter().copied().find(|s| s.bytes() == bytes)
    }
}

codes! {
    /// What the late unit does.
    LateOp {
        /// nothing
        None = 0 "none",
        /// table unit: dst = table[a + offset], zero-extended
        Read = 1 "read",
        /// table unit: table[a + offset] += b, modulo the size
        Add = 2 "add",
        /// table unit: table[a + offset] = b
        Write = 3 "write",
        /// multiplier: dst = a * b
        Mul = 4 "mul",
        /// deep-load port: dst = packet[a + offset] as received, little-endian, zero-extended
        Deep = 5 "deep",
        /// key unit: dst = 8 * place of the key (a, b), or all ones
        Find = 6 "find",
        /// key unit: the same, after giving the key a place if it has none; all ones if there is none left
        Insert = 7 "insert",
        /// key unit: the same as find, then the key has no place any more
        Delete = 8 "delete",
    }
}

/// What an ALU does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AluWord {
    /// Operation.
    pub op: AluOp,
    /// First operand.
    pub a: Source,
    /// Second operand.
    pub b: Operand,
    /// 32-bit operation.
    pub is32: bool,
    /// Register written under `guard`; the result is there for compares of the stage in any case.
    pub dst: u8,
    /// When the register is written.
    pub guard: Guard,
}

/// What the load/store unit does. Addresses are context addresses: headroom, window, stack (see [`crate::Target`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LsuWord {
    /// Little-endian, zero-extended load.
    Load {
        /// Register or zero.
        base: Source,
        /// Added to the base, -2048..=2047.
        offset: i16,
        /// Width.
        size: Size,
        /// Register written under `guard`; the value is there for the ALUs and compares in any case.
        dst: u8,
        /// When the register is written.
        guard: Guard,
    },
    /// Little-endian store of the low bytes.
    Store {
        /// Register or zero.
        base: Source,
        /// Added to the base, -2048..=2047.
        offset: i16,
        /// Width.
        size: Size,
        /// Register or zero.
        data: Source,
        /// When memory is written. A guarded packet store outside the packet aborts the program instead.
        guard: Guard,
    },
}

/// What a compare unit does: `c = a op b`, then two predicates from truth tables over `(c, p2, p1)`.
///
/// Bit `4*c + 2*p2 + p1` of a truth table is the new value of its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CmpWord {
    /// Relation.
    pub op: CmpOp,
    /// First operand.
    pub a: Source,
    /// Second operand.
    pub b: Operand,
    /// 32-bit comparison.
    pub is32: bool,
    /// First predicate input, 0 for false.
    pub p1: u8,
    /// Second predicate input, 0 for false.
    pub p2: u8,
    /// Predicate written by `table0`, 0 for none.
    pub dst0: u8,
    /// Truth table of `dst0`.
    pub table0: u8,
    /// Predicate written by `table1`, 0 for none.
    pub dst1: u8,
    /// Truth table of `dst1`.
    pub table1: u8,
}

/// What the late unit does; `op` is never [`LateOp::None`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LateWord {
    /// Operation.
    pub op: LateOp,
    /// Table and key unit: map id within (program slot, unit); lookup port: within (program slot, its table unit).
    pub map: u8,
    /// Table unit, lookup port: byte offset into the map. Multiplier: first factor. Deep load: context address. Key unit: first 8
    /// bytes of the key. Register or zero.
    pub a: Source,
    /// Table unit, lookup port and deep load: constant added to `a`, 0..2^20.
    pub offset: u32,
    /// Width. A table access is naturally aligned, a deep load need not be.
    pub size: Size,
    /// Addend, value to write, second factor, or bytes 8 to 15 of the key: register, zero or constant.
    pub b: Operand,
    /// Multiplier: 32-bit operation.
    pub is32: bool,
    /// Register written by all but add and write.
    pub dst: u8,
    /// When register or table is written. A guarded access beyond the map aborts the program instead.
    pub guard: Guard,
}

/// The words of all units of one stage in one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct StageWord {
    /// ALUs 0 and 1.
    pub alu: [Option<AluWord>; 2],
    /// Load/store unit.
    pub lsu: Option<LsuWord>,
    /// Compare units 0 and 1.
    pub cmp: [Option<CmpWord>; 2],
    /// Table unit, lookup port, multiplier, deep-load port or key unit.
    pub late: Option<LateWord>,
}

fn operand_codes(b: Operand) -> [u64; 3] {
    match b {
        Operand::Source(s) => [s.code(), 0, 0],
        Operand::Imm(imm) => [0, 1, u64::from(imm as u32)],
    }
}

fn operand_from(b: u64, b_imm: u64, imm: u64) -> Option<Operand> {
    Some(if b_imm == 1 { Operand::Imm(imm as u32 as i32) } else { Operand::Source(Source::from_code(b)?) })
}

impl AluWord {
    fn fields(&self) -> Vec<u64> {
        let ([b, b_imm, imm], (guard, negate)) = (operand_codes(self.b), self.guard.codes());
        vec![self.op as u64, self.a.code(), b, b_imm, imm, self.is32.into(), self.dst.into(), guard, negate]
    }

    fn from_fields(f: &[u64]) -> Option<AluWord> {
        Some(AluWord {
            op: AluOp::from_code(f[0])?,
            a: Source::from_code(f[1])?,
            b: operand_from(f[2], f[3], f[4])?,
            is32: f[5] == 1,
            dst: f[6] as u8,
            guard: Guard::from_codes(f[7], f[8]),
        })
    }
}

impl LsuWord {
    fn fields(&self) -> Vec<u64> {
        let (kind, base, offset, size, data, dst, guard) = match *self {
            LsuWord::Load { base, offset, size, dst, guard } => (1, base, offset, size, 0, dst, guard),
            LsuWord::Store { base, offset, size, data, guard } => {
                (2, base, offset, size, data.code(), 0, guard)
            }
        };
        let (guard, negate) = guard.codes();
        vec![kind, base.code(), (offset as u64) & 0xfff, size as u64, data, dst.into(), guard, negate]
    }

    fn from_fields(f: &[u64]) -> Option<LsuWord> {
        let base = Source::from_code(f[1])?;
        let offset = ((f[2] << 52) as i64 >> 52) as i16;
        let (size, guard) = (Size::from_code(f[3])?, Guard::from_codes(f[6], f[7]));
        match f[0] {
            1 => Some(LsuWord::Load { base, offset, size, dst: f[5] as u8, guard }),
            2 => Some(LsuWord::Store { base, offset, size, data: Source::from_code(f[4])?, guard }),
            _ => None,
        }
    }
}

impl CmpWord {
    fn fields(&self) -> Vec<u64> {
        let [b, b_imm, imm] = operand_codes(self.b);
        let (p1, p2, dst0, dst1) = (self.p1.into(), self.p2.into(), self.dst0.into(), self.dst1.into());
        let (table0, table1) = (self.table0.into(), self.table1.into());
        let (op, a, is32) = (self.op as u64, self.a.code(), self.is32.into());
        vec![op, a, b, b_imm, imm, is32, p1, p2, dst0, table0, dst1, table1]
    }

    fn from_fields(f: &[u64]) -> Option<CmpWord> {
        Some(CmpWord {
            op: CmpOp::from_code(f[0])?,
            a: Source::from_code(f[1])?,
            b: operand_from(f[2], f[3], f[4])?,
            is32: f[5] == 1,
            p1: f[6] as u8,
            p2: f[7] as u8,
            dst0: f[8] as u8,
            table0: f[9] as u8,
            dst1: f[10] as u8,
            table1: f[11] as u8,
        })
    }
}

impl LateWord {
    fn fields(&self) -> Vec<u64> {
        let ([b, b_imm, imm], (guard, negate)) = (operand_codes(self.b), self.guard.codes());
        let (op, map, a, offset, size) =
            (self.op as u64, self.map.into(), self.a.code(), self.offset.into(), self.size as u64);
        vec![op, map, a, offset, size, b, b_imm, imm, self.is32.into(), self.dst.into(), guard, negate]
    }

    fn from_fields(f: &[u64]) -> Option<LateWord> {
        Some(LateWord {
            op: LateOp::from_code(f[0])?,
            map: f[1] as u8,
            a: Source::from_code(f[2])?,
            offset: f[3] as u32,
            size: Size::from_code(f[4])?,
            b: operand_from(f[5], f[6], f[7])?,
            is32: f[8] == 1,
            dst: f[9] as u8,
            guard: Guard::from_codes(f[10], f[11]),
        })
    }
}

impl StageWord {
    /// Whether no unit does anything.
    pub fn is_empty(&self) -> bool {
        *self == StageWord::default()
    }

    /// The bits of the word, bit 0 first, as the RTL stores them. Absent units are zero.
    pub fn encode(&self) -> [u32; STAGE_WORD_U32S] {
        let units = [
            self.alu[0].map(|w| w.fields()),
            self.alu[1].map(|w| w.fields()),
            self.lsu.map(|w| w.fields()),
            self.cmp[0].map(|w| w.fields()),
            self.cmp[1].map(|w| w.fields()),
            self.late.map(|w| w.fields()),
        ];
        let mut out = [0u32; STAGE_WORD_U32S];
        let mut at = 0;
        for (fields, (_, word)) in units.iter().zip(layout::STAGE_WORD) {
            for (index, field) in layout::UNIT_WORDS[*word].1.iter().enumerate() {
                let value = fields.as_ref().map_or(0, |f| f[index]);
                debug_assert!(value >> field.bits == 0, "{} does not fit", field.name);
                for bit in 0..field.bits {
                    if value >> bit & 1 == 1 {
                        out[(at + bit) as usize / 32] |= 1 << ((at + bit) % 32);
                    }
                }
                at += field.bits;
            }
        }
        out
    }

    /// The word that these bits mean; `None` where a code is not defined.
    pub fn decode(bits: &[u32; STAGE_WORD_U32S]) -> Option<StageWord> {
        let mut units: Vec<Option<Vec<u64>>> = Vec::new();
        let mut at = 0;
        for (_, word) in layout::STAGE_WORD {
            let mut fields = Vec::new();
            for field in layout::UNIT_WORDS[*word].1 {
                let bit = |b: u32| u64::from(bits[(at + b) as usize / 32] >> ((at + b) % 32) & 1);
                fields.push((0..field.bits).map(|b| bit(b) << b).sum());
                at += field.bits;
            }
            units.push(fields.iter().any(|f| *f != 0).then_some(fields));
        }
        fn unit<T>(fields: &Option<Vec<u64>>, f: impl Fn(&[u64]) -> Option<T>) -> Option<Option<T>> {
            match fields {
                None => Some(None),
                Some(fields) => f(fields).map(Some),
            }
        }
        Some(StageWord {
            alu: [unit(&units[0], AluWord::from_fields)?, unit(&units[1], AluWord::from_fields)?],
            lsu: unit(&units[2], LsuWord::from_fields)?,
            cmp: [unit(&units[3], CmpWord::from_fields)?, unit(&units[4], CmpWord::from_fields)?],
            late: unit(&units[5], LateWord::from_fields)?,
        })
    }
}
