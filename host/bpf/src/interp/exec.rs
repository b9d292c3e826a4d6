// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One run: registers, frames, and the meaning of each [`Op`].

use std::collections::HashMap;

use super::alu::{alu, atomic, condition, neg, sign_extend, swap};
use super::map::Map;
use super::memory::{self, FRAME, FRAMES, Memory, Place};
use super::{Metadata, Outcome, Trap, TrapKind, helper};
use crate::op::{AtomicOp, IllegalInsn, Op, Operand, Size, Wide, Width};

/// Registers and memory of a run.
pub(super) struct Machine<'m> {
    registers: [u64; 11],
    /// Bit n: Rn has a value.
    written: u16,
    memory: Memory<'m>,
    metadata: Metadata,
    /// Slot of the instruction that is executed.
    slot: usize,
    world: World,
}

/// What helpers keep during a run.
#[derive(Default)]
pub(super) struct World {
    /// Interface of the last redirect.
    pub redirect: Option<u32>,
    /// The clock was read.
    pub clock: bool,
    /// How often each call site, by its slot, has drawn a random number.
    pub drawn: HashMap<usize, u32>,
}

/// What a caller gets back.
struct Frame {
    saved: [u64; 4],
    written: u16,
    return_to: usize,
}

/// R6 to R9, which a call preserves.
const SAVED: u16 = 0b11_1100_0000;
/// R0 to R5, which a call of a helper destroys.
const SCRATCH: u16 = 0b11_1111;
const R10: u16 = 1 << 10;

/// Runs a program from its first slot.
pub(super) fn run(
    ops: &[Result<Op, IllegalInsn>],
    maps: &mut [Option<Map>],
    budget: u64,
    packet: &[u8],
    metadata: &Metadata,
) -> Result<Outcome, Trap> {
    let mut machine = Machine {
        registers: [0; 11],
        written: R10,
        memory: Memory::new(packet, maps),
        metadata: *metadata,
        slot: 0,
        world: World::default(),
    };
    machine.set(1, memory::context());
    machine.registers[10] = memory::frame_end(0);
    let (mut frames, mut slot, mut executed) = (Vec::<Frame>::new(), 0usize, 0u64);
    loop {
        let trap = |kind| Trap { slot, kind };
        let op = match ops.get(slot) {
            Some(op) => op.map_err(|illegal| trap(illegal.into()))?,
            None => return Err(trap(TrapKind::OutOfProgram)),
        };
        if executed == budget {
            return Err(trap(TrapKind::Budget(budget)));
        }
        executed += 1;
        let next = slot + op.slots();
        let jump = |offset: i32| {
            let target = (slot + 1).checked_add_signed(offset as isize).filter(|target| *target < ops.len());
            target.ok_or(trap(TrapKind::OutOfProgram))
        };
        slot = match op {
            Op::Jump { op, width, dst, src, offset } => {
                let a = machine.get(dst).map_err(trap)?;
                let b = machine.operand(src).map_err(trap)?;
                if condition(op, width, a, b) { jump(offset.into())? } else { next }
            }
            Op::Goto { offset } => jump(offset)?,
            Op::CallLocal { offset } => {
                if frames.len() + 1 == FRAMES {
                    return Err(trap(TrapKind::CallDepth));
                }
                let target = jump(offset)?;
                let [.., r6, r7, r8, r9, _] = machine.registers;
                let written = machine.written & SAVED;
                frames.push(Frame { saved: [r6, r7, r8, r9], written, return_to: next });
                // The callee sees its arguments and nothing else.
                machine.written &= (SCRATCH & !1) | R10;
                machine.enter(frames.len());
                target
            }
            Op::Exit => {
                match frames.pop() {
                    None => {
                        let value = machine.get(0).map_err(trap)?;
                        return Ok(machine.outcome(value, executed));
                    }
                    Some(frame) => {
                        machine.registers[6..10].copy_from_slice(&frame.saved);
                        // A function without a result leaves none.
                        machine.written = frame.written | R10 | (machine.written & 1);
                        machine.registers[10] = memory::frame_end(frames.len());
                        frame.return_to
                    }
                }
            }
            Op::CallHelper(number) => {
                machine.slot = slot;
                let result = helper::call(number, &mut machine).map_err(trap)?;
                machine.written &= !SCRATCH;
                machine.set(0, result);
                next
            }
            _ => {
                machine.step(op).map_err(trap)?;
                next
            }
        };
    }
}

impl<'m> Machine<'m> {
    /// Value of a register.
    pub fn get(&self, register: u8) -> Result<u64, TrapKind> {
        if self.written & 1 << register == 0 {
            return Err(TrapKind::Uninitialised(register));
        }
        Ok(self.registers[usize::from(register)])
    }

    fn set(&mut self, register: u8, value: u64) {
        self.registers[usize::from(register)] = value;
        self.written |= 1 << register;
    }

    fn operand(&self, operand: Operand) -> Result<u64, TrapKind> {
        match operand {
            Operand::Reg(register) => self.get(register),
            Operand::Imm(imm) => Ok(i64::from(imm) as u64),
        }
    }

    /// A copy of the bytes that a register points to.
    pub fn read(&self, register: u8, length: usize) -> Result<Vec<u8>, TrapKind> {
        let address = self.get(register)?;
        let bytes = self.memory.read(address, length);
        Ok(bytes.ok_or(TrapKind::Memory { access: "load", address, length })?.to_vec())
    }

    /// Writes the bytes that a register points to.
    pub fn write(&mut self, register: u8, bytes: &[u8]) -> Result<(), TrapKind> {
        let (address, length) = (self.get(register)?, bytes.len());
        let to = self.memory.write(address, length);
        to.ok_or(TrapKind::Memory { access: "store", address, length })?.copy_from_slice(bytes);
        Ok(())
    }

    /// The packet.
    pub fn packet(&mut self) -> &mut [u8] {
        &mut self.memory.buffer[self.memory.start..]
    }

    /// Moves the start of the packet, if it stays within its headroom and leaves an Ethernet header.
    pub fn adjust_head(&mut self, offset: i32) -> bool {
        const ETHERNET_HEADER: usize = 14;
        let start = self.memory.start.checked_add_signed(offset as isize);
        let last = self.memory.buffer.len().checked_sub(ETHERNET_HEADER);
        match (start, last) {
            (Some(start), Some(last)) if start <= last => self.memory.start = start,
            _ => return false,
        }
        true
    }

    /// What is told about the packet.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Slot of the call that is executed.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// What helpers keep.
    pub fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn outcome(mut self, value: u64, executed: u64) -> Outcome {
        let verdict = value as u32;
        Outcome {
            value,
            verdict,
            data: self.memory.buffer.split_off(self.memory.start),
            redirect: self.world.redirect.filter(|_| verdict == helper::XDP_REDIRECT),
            executed,
            asked_clock: self.world.clock,
            asked_random: !self.world.drawn.is_empty(),
        }
    }

    /// A map by its index.
    pub fn map(&mut self, index: usize) -> Option<&mut Map> {
        self.memory.maps.get_mut(index)?.as_mut()
    }

    fn enter(&mut self, frame: usize) {
        self.registers[10] = memory::frame_end(frame);
        self.memory.stack[frame * FRAME..][..FRAME].fill(0);
    }

    /// Everything that does not change the flow of control.
    fn step(&mut self, op: Op) -> Result<(), TrapKind> {
        match op {
            Op::Alu { op, width, dst, src } => {
                let b = self.operand(src)?;
                // A move does not read what it replaces.
                let a = if op == crate::op::AluOp::Mov { 0 } else { self.get(dst)? };
                self.set(dst, alu(op, width, a, b));
            }
            Op::Neg { width, dst } => self.set(dst, neg(width, self.get(dst)?)),
            Op::MovSigned { width, dst, src, bits } => {
                self.set(dst, sign_extend(width, bits, self.get(src)?))
            }
            Op::Swap { swap: kind, dst, bits } => self.set(dst, swap(kind, bits, self.get(dst)?)),
            Op::LoadWide { dst, value } => {
                let value = match value {
                    Wide::Value(value) => value,
                    Wide::Map(map) => memory::map(map as usize),
                    Wide::MapValue(map, offset) => memory::value(map as usize, offset as usize),
                };
                self.set(dst, value);
            }
            Op::Load { size, signed, dst, base, off } => {
                let address = self.address(base, off)?;
                let value = self.load(address, size, signed)?;
                self.set(dst, value);
            }
            Op::Store { size, base, off, src } => {
                let (address, value) = (self.address(base, off)?, self.operand(src)?);
                let length = size.bytes();
                let bytes = self.memory.write(address, length);
                let bytes = bytes.ok_or(TrapKind::Memory { access: "store", address, length })?;
                bytes.copy_from_slice(&value.to_le_bytes()[..length]);
            }
            Op::Atomic { op, size, fetch, base, off, src } => {
                let address = self.address(base, off)?;
                self.atomic(op, size, fetch, address, src)?;
            }
            // Handled by the caller.
            Op::Jump { .. } | Op::Goto { .. } | Op::CallLocal { .. } | Op::CallHelper(_) | Op::Exit => {}
        }
        Ok(())
    }

    fn address(&self, base: u8, off: i16) -> Result<u64, TrapKind> {
        Ok(self.get(base)?.wrapping_add_signed(off.into()))
    }

    fn load(&self, address: u64, size: Size, signed: bool) -> Result<u64, TrapKind> {
        let length = size.bytes();
        let outside = TrapKind::Memory { access: "load", address, length };
        if let Some(Place::Context(offset)) = memory::place(address) {
            // The context has 32-bit fields only, two of which become pointers.
            let field = if size == Size::W && !signed { self.context_field(offset) } else { None };
            return field.ok_or(outside);
        }
        let bytes = self.memory.read(address, length).ok_or(outside)?;
        let value = little_endian(bytes);
        Ok(if signed { sign_extend(Width::W64, length as u8 * 8, value) } else { value })
    }

    /// `struct xdp_md`
    fn context_field(&self, offset: usize) -> Option<u64> {
        Some(match offset {
            0 | 8 => memory::packet(self.memory.start),
            4 => memory::packet(self.memory.buffer.len()),
            12 => self.metadata.ingress_ifindex.into(),
            16 => self.metadata.rx_queue_index.into(),
            20 => self.metadata.egress_ifindex.into(),
            _ => return None,
        })
    }

    /// Atomic operations go to stack and map values, naturally aligned, as the kernel demands.
    fn atomic(
        &mut self,
        op: AtomicOp,
        size: Size,
        fetch: bool,
        address: u64,
        src: u8,
    ) -> Result<(), TrapKind> {
        let length = size.bytes();
        let mask = if size == Size::W { u64::from(u32::MAX) } else { u64::MAX };
        let operand = self.get(src)? & mask;
        let expected = if op == AtomicOp::Cmpxchg { self.get(0)? & mask } else { 0 };
        let allowed = matches!(memory::place(address), Some(Place::Stack(..) | Place::Value(..)))
            && address.is_multiple_of(length as u64);
        let bytes = if allowed { self.memory.write(address, length) } else { None };
        let bytes = bytes.ok_or(TrapKind::Memory { access: "atomic operation", address, length })?;
        let old = little_endian(bytes);
        bytes.copy_from_slice(&atomic(op, old, operand, expected).to_le_bytes()[..length]);
        match op {
            AtomicOp::Cmpxchg => self.set(0, old),
            _ if fetch => self.set(src, old),
            _ => {}
        }
        Ok(())
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
