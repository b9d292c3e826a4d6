// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Programs as rbpf can run them: its own arithmetic, comparisons, loads and stores, on memory that is given to it.
//!
//! rbpf has one stack of 512 bytes for all frames and 64-bit pointers where `xdp_md` holds 32 bits. So all memory of a
//! program is one arena, addressed from its start: a pointer of the program is a number below 2^31, to which every
//! access adds the arena's real address. The frame pointer and that address are kept in rbpf's stack, which the program
//! never sees. Also written otherwise is what rbpf does otherwise than RFC 9669: it does not extend negative immediates
//! by their sign in comparisons of 64 bits, and a remainder of 32 bits by zero leaves the upper half as it was. Whatever
//! goes back is counted, since rbpf itself never stops.
//!
//! Not run are programs with what rbpf does not have: atomic operations, instructions of cpu=v4, more than 32,767
//! slots.

use weir_bpf::interp::helper::GET_PRANDOM_U32;
use weir_bpf::op::{AluOp, JumpOp, Operand, Size, Swap, Wide, Width};
use weir_bpf::{Insn, Op};

/// Bytes of a stack frame.
pub const FRAME: usize = 512;

/// Loops and calls that a run may take.
const BUDGET: i32 = 1_000_000;

/// Most slots: rbpf reckons jumps in 16 bits.
const MAX_SLOTS: usize = i16::MAX as usize;

/// Where rbpf's stack holds the frame pointer as the program sees it, a register that is lent, the arena's real
/// address, the real frame pointer, and the loops that are left.
const FRAME_POINTER: i16 = -8;
const LENT: i16 = -16;
const ARENA: i16 = -24;
const REAL_FRAME_POINTER: i16 = -32;
const LEFT: i16 = -40;

/// Addresses that a program is given.
pub struct Layout<'a> {
    /// Real address of the arena.
    pub arena: u64,
    /// Address of the context.
    pub context: i32,
    /// Address of the end of the first frame.
    pub frame_end: i32,
    /// Address of a byte of a map's first value.
    pub value: &'a dyn Fn(u32, u32) -> Result<i32, String>,
    /// What stands for a map.
    pub map: &'a dyn Fn(u32) -> Result<i32, String>,
}

/// A part of the new program.
enum Piece {
    Op(Op),
    /// A jump to an old slot.
    Jump(Op, usize),
    /// A call of an old slot.
    Call(usize),
}

/// Bytes of the rewritten program, or why rbpf cannot run it.
pub fn rewrite(insns: &[Insn], layout: &Layout<'_>) -> Result<Vec<u8>, String> {
    let mut writer = Writer { layout, pieces: Vec::new() };
    writer.prologue();
    let mut starts = vec![None; insns.len()];
    let mut slot = 0;
    while slot < insns.len() {
        let at = |what: &dyn ToString| format!("slot {slot}: {}", what.to_string());
        let op = Op::at(insns, slot).map_err(|illegal| at(&illegal))?;
        starts[slot] = Some(writer.pieces.len());
        writer.op(slot, op).map_err(|what| at(&what))?;
        slot += op.slots();
    }
    writer.end();
    finish(&writer.pieces, &starts)
}

/// Resolves jumps.
fn finish(pieces: &[Piece], starts: &[Option<usize>]) -> Result<Vec<u8>, String> {
    let mut places = Vec::with_capacity(pieces.len());
    let mut place = 0i32;
    for piece in pieces {
        places.push(place);
        place += if let Piece::Op(op) = piece { op.slots() as i32 } else { 1 };
        if place as usize > MAX_SLOTS {
            return Err(format!("rbpf runs at most {MAX_SLOTS} slots"));
        }
    }
    let mut insns = Vec::with_capacity(place as usize);
    for (piece, place) in pieces.iter().zip(&places) {
        let distance = |slot: usize| {
            let target = starts.get(slot).copied().flatten().and_then(|start| places.get(start));
            target.map(|target| target - place - 1).ok_or_else(|| format!("no instruction at slot {slot}"))
        };
        insns.extend(match piece {
            Piece::Op(op) => op.encode(),
            Piece::Call(slot) => Op::CallLocal { offset: distance(*slot)? }.encode(),
            // Below MAX_SLOTS, so the distance fits.
            Piece::Jump(Op::Jump { op, width, dst, src, .. }, slot) => {
                let offset = distance(*slot)? as i16;
                Op::Jump { op: *op, width: *width, dst: *dst, src: *src, offset }.encode()
            }
            Piece::Jump(_, slot) => Op::Goto { offset: distance(*slot)? }.encode(),
        });
    }
    Ok(Insn::encode_all(&insns))
}

struct Writer<'a> {
    layout: &'a Layout<'a>,
    pieces: Vec<Piece>,
}

fn load(dst: u8, base: u8, off: i16) -> Op {
    Op::Load { size: Size::Dw, signed: false, dst, base, off }
}

fn store(off: i16, src: u8) -> Op {
    Op::Store { size: Size::Dw, base: 10, off, src: Operand::Reg(src) }
}

fn alu(op: AluOp, dst: u8, src: Operand) -> Op {
    Op::Alu { op, width: Width::W64, dst, src }
}

impl Writer<'_> {
    fn put(&mut self, op: Op) {
        self.pieces.push(Piece::Op(op));
    }

    /// Lends a register that `used` does not name.
    fn lend(&mut self, used: &[u8]) -> u8 {
        let free = (0..10).find(|register| !used.contains(register)).unwrap_or(9);
        self.put(store(LENT, free));
        free
    }

    fn give_back(&mut self, register: u8) {
        self.put(load(register, 10, LENT));
    }

    fn prologue(&mut self) {
        let Layout { arena, context, frame_end, .. } = *self.layout;
        let real = arena.wrapping_add(frame_end as u64);
        for (value, place) in [
            (arena, ARENA),
            (real, REAL_FRAME_POINTER),
            (frame_end as u64, FRAME_POINTER),
            (BUDGET as u64, LEFT),
        ] {
            self.put(Op::LoadWide { dst: 1, value: Wide::Value(value) });
            self.put(store(place, 1));
        }
        self.put(alu(AluOp::Mov, 1, Operand::Imm(context)));
    }

    /// What runs off the program's end loads from address 0, which rbpf refuses; there it would panic.
    fn end(&mut self) {
        self.put(alu(AluOp::Mov, 0, Operand::Imm(0)));
        self.put(load(0, 0, 0));
        self.put(Op::Exit);
    }

    /// Counts a step back; the last one ends in a load from address 0.
    fn tick(&mut self, used: &[u8]) {
        let lent = self.lend(used);
        self.put(load(lent, 10, LEFT));
        self.put(alu(AluOp::Add, lent, Operand::Imm(-1)));
        self.put(store(LEFT, lent));
        let src = Operand::Imm(0);
        self.put(Op::Jump { op: JumpOp::Ne, width: Width::W64, dst: lent, src, offset: 1 });
        self.put(load(lent, lent, 0));
        self.give_back(lent);
    }

    fn op(&mut self, slot: usize, op: Op) -> Result<(), String> {
        let target =
            |offset: i64| usize::try_from(slot as i64 + 1 + offset).map_err(|_| "no target".to_owned());
        match op {
            Op::Atomic { .. } => return Err("rbpf has no atomic operations".into()),
            Op::MovSigned { .. }
            | Op::Load { signed: true, .. }
            | Op::Swap { swap: Swap::Bswap, .. }
            | Op::Alu { op: AluOp::Sdiv | AluOp::Smod, .. } => {
                return Err("rbpf has no instructions of cpu=v4".into());
            }
            Op::Alu { op: AluOp::Mov, width: Width::W64, dst, src: Operand::Reg(10) } => {
                self.put(load(dst, 10, FRAME_POINTER));
            }
            Op::Alu { op, width, dst, src: Operand::Reg(10) } => {
                let lent = self.lend(&[dst]);
                self.put(load(lent, 10, FRAME_POINTER));
                self.put(Op::Alu { op, width, dst, src: Operand::Reg(lent) });
                self.give_back(lent);
            }
            Op::Alu { op: AluOp::Mod, width: Width::W32, dst, .. } => {
                self.put(op);
                let src = Operand::Reg(dst);
                self.put(Op::Alu { op: AluOp::Mov, width: Width::W32, dst, src });
            }
            Op::Alu { .. } | Op::Neg { .. } | Op::Swap { .. } | Op::Exit => self.put(op),
            Op::LoadWide { value: Wide::Value(_), .. } => self.put(op),
            Op::LoadWide { dst, value: Wide::Map(map) } => {
                self.put(alu(AluOp::Mov, dst, Operand::Imm((self.layout.map)(map)?)));
            }
            Op::LoadWide { dst, value: Wide::MapValue(map, offset) } => {
                self.put(alu(AluOp::Mov, dst, Operand::Imm((self.layout.value)(map, offset)?)));
            }
            Op::Load { size, signed, dst, base, off } => self.load(size, signed, dst, base, off),
            Op::Store { size, base, off, src } => self.store(size, base, off, src)?,
            Op::Goto { offset } => {
                if offset < 0 {
                    self.tick(&[]);
                }
                self.pieces.push(Piece::Jump(op, target(offset.into())?));
            }
            Op::Jump { op: kind, width, dst, src, offset } => {
                if dst == 10 || src == Operand::Reg(10) {
                    return Err("a comparison with the frame pointer".into());
                }
                if offset < 0 {
                    self.tick(&[]);
                }
                self.jump(op, kind, width, dst, src, target(offset.into())?);
            }
            Op::CallLocal { offset } => {
                self.tick(&[]);
                self.move_frame(0, -(FRAME as i32));
                self.pieces.push(Piece::Call(target(offset.into())?));
                // R1 to R5 have no value after a call.
                self.move_frame(1, FRAME as i32);
            }
            Op::CallHelper(number) => {
                // It takes no argument; so its place can be one.
                if number == GET_PRANDOM_U32 {
                    self.put(alu(AluOp::Mov, 1, Operand::Imm(slot as i32)));
                }
                self.put(op);
            }
        }
        Ok(())
    }

    fn load(&mut self, size: Size, signed: bool, dst: u8, base: u8, off: i16) {
        let access = Op::Load { size, signed, dst, base: dst, off };
        if base == 10 {
            self.put(load(dst, 10, REAL_FRAME_POINTER));
        } else if base == dst {
            let lent = self.lend(&[dst]);
            self.put(load(lent, 10, ARENA));
            self.put(alu(AluOp::Add, dst, Operand::Reg(lent)));
            self.give_back(lent);
        } else {
            self.put(load(dst, 10, ARENA));
            self.put(alu(AluOp::Add, dst, Operand::Reg(base)));
        }
        self.put(access);
    }

    fn store(&mut self, size: Size, base: u8, off: i16, src: Operand) -> Result<(), String> {
        let register = match src {
            Operand::Reg(10) => return Err("a store of the frame pointer".into()),
            Operand::Reg(register) => register,
            Operand::Imm(_) => base,
        };
        let lent = self.lend(&[base, register]);
        if base == 10 {
            self.put(load(lent, 10, REAL_FRAME_POINTER));
        } else {
            self.put(load(lent, 10, ARENA));
            self.put(alu(AluOp::Add, lent, Operand::Reg(base)));
        }
        self.put(Op::Store { size, base: lent, off, src });
        self.give_back(lent);
        Ok(())
    }

    fn jump(&mut self, op: Op, kind: JumpOp, width: Width, dst: u8, src: Operand, target: usize) {
        use JumpOp::{Eq, Ge, Gt, Le, Lt, Ne};
        let imm = match src {
            Operand::Imm(imm) if imm < 0 && width == Width::W64 => imm,
            _ => return self.pieces.push(Piece::Jump(op, target)),
        };
        if !matches!(kind, Eq | Ne | Gt | Ge | Lt | Le) {
            return self.pieces.push(Piece::Jump(op, target));
        }
        let lent = self.lend(&[dst]);
        self.put(alu(AluOp::Mov, lent, Operand::Imm(imm)));
        self.put(Op::Jump { op: kind, width, dst, src: Operand::Reg(lent), offset: 2 });
        self.give_back(lent);
        self.put(Op::Goto { offset: 2 });
        self.give_back(lent);
        self.pieces.push(Piece::Jump(Op::Goto { offset: 0 }, target));
    }

    fn move_frame(&mut self, register: u8, by: i32) {
        for place in [FRAME_POINTER, REAL_FRAME_POINTER] {
            self.put(load(register, 10, place));
            self.put(alu(AluOp::Add, register, Operand::Imm(by)));
            self.put(store(place, register));
        }
    }
}
