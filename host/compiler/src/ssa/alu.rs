// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Arithmetic on numbers and pointers.

use super::build::Builder;
use super::state::Slot;
use super::values::Val;
use crate::diag::codes;
use weir_bpf::op::{AluOp, Operand, Swap, Wide, Width};
use weir_pipeline::words::AluOp as Alu;

/// Pointers may be moved by less than this, as in the kernel.
const OFFSET_LIMIT: i64 = 1 << 29;

impl Builder<'_> {
    pub(super) fn alu(&mut self, op: AluOp, width: Width, dst: u8, src: Operand) {
        let is32 = width == Width::W32;
        let b = self.operand(src);
        let divides = matches!(op, AluOp::Div | AluOp::Sdiv | AluOp::Mod | AluOp::Smod);
        if divides && src == Operand::Imm(0) {
            self.error(codes::DIVISION, "division by the constant zero");
        }
        if op == AluOp::Mov && !is32 {
            self.state.registers[dst as usize] = b;
            return;
        }
        let a = if op == AluOp::Mov { Slot::Scalar(self.constant(0)) } else { self.read(dst) };
        let result = match (a, b) {
            (Slot::Poison, _) | (_, Slot::Poison) => Slot::Poison,
            (Slot::Scalar(a), Slot::Scalar(b)) => self.scalar(op, is32, a, b),
            // The low half of a difference does not depend on where the packet lies.
            (a, b) if is32 && op == AluOp::Sub && a.is_pointer() && b.is_pointer() => {
                match self.distance(a, b) {
                    Slot::Scalar(value) => Slot::Scalar(self.make(|m| m.zext(true, value))),
                    other => other,
                }
            }
            (a, b) if is32 => {
                let pointer = if a.is_pointer() { a } else { b };
                let message = format!("32-bit arithmetic on {}", pointer.describe());
                self.error(codes::POINTER_ARITHMETIC, message);
                Slot::Poison
            }
            (a, Slot::Scalar(b)) if op == AluOp::Add => self.offset(a, b, false),
            (Slot::Scalar(a), b) if op == AluOp::Add => self.offset(b, a, false),
            (a, Slot::Scalar(b)) if op == AluOp::Sub => self.offset(a, b, true),
            (a, b) if op == AluOp::Sub => self.distance(a, b),
            (a, b) => {
                let pointer = if a.is_pointer() { a } else { b };
                let message = format!("this operation is not possible on {}", pointer.describe());
                self.error(codes::POINTER_ARITHMETIC, message);
                Slot::Poison
            }
        };
        self.state.registers[dst as usize] = result;
    }

    fn scalar(&mut self, op: AluOp, is32: bool, a: Val, b: Val) -> Slot {
        Slot::Scalar(self.make(|m| match op {
            AluOp::Add => m.alu(Alu::Add, is32, a, b),
            AluOp::Sub => m.alu(Alu::Sub, is32, a, b),
            AluOp::Or => m.alu(Alu::Or, is32, a, b),
            AluOp::And => m.alu(Alu::And, is32, a, b),
            AluOp::Xor => m.alu(Alu::Xor, is32, a, b),
            AluOp::Lsh => m.alu(Alu::Lsh, is32, a, b),
            AluOp::Rsh => m.alu(Alu::Rsh, is32, a, b),
            AluOp::Arsh => m.alu(Alu::Arsh, is32, a, b),
            AluOp::Mov => m.alu(Alu::Mov, is32, a, b),
            AluOp::Mul => m.mul(is32, a, b),
            AluOp::Div => m.unsigned_division(is32, a, b).0,
            AluOp::Mod => m.unsigned_division(is32, a, b).1,
            AluOp::Sdiv => m.signed_division(is32, a, b).0,
            AluOp::Smod => m.signed_division(is32, a, b).1,
        }))
    }

    /// The value of a register that must hold a number.
    pub(super) fn number(&mut self, register: u8) -> Option<Val> {
        match self.read(register) {
            Slot::Scalar(value) => Some(value),
            Slot::Poison => None,
            other => {
                let message = format!("this operation is not possible on {}", other.describe());
                self.error(codes::POINTER_ARITHMETIC, message);
                None
            }
        }
    }

    pub(super) fn neg(&mut self, width: Width, dst: u8) {
        let result = self.number(dst).map(|value| {
            self.make(|m| {
                let zero = m.constant(0);
                m.alu(Alu::Sub, width == Width::W32, zero, value)
            })
        });
        self.state.registers[dst as usize] = result.map_or(Slot::Poison, Slot::Scalar);
    }

    pub(super) fn mov_signed(&mut self, width: Width, dst: u8, src: u8, bits: u8) {
        let op = match bits {
            8 => Alu::Sext8,
            16 => Alu::Sext16,
            _ => Alu::Sext32,
        };
        let result = self.number(src).map(|v| self.make(|m| m.sign_extend(op, width == Width::W32, v)));
        self.state.registers[dst as usize] = result.map_or(Slot::Poison, Slot::Scalar);
    }

    pub(super) fn swap(&mut self, swap: Swap, dst: u8, bits: u8) {
        let result = self.number(dst).map(|value| {
            self.make(|m| match (swap, bits) {
                (Swap::Le, 64) => value,
                (Swap::Le, 32) => m.alu(Alu::Mov, true, value, value),
                (Swap::Le, _) => {
                    let mask = m.constant(0xffff);
                    m.alu(Alu::And, false, value, mask)
                }
                (_, 16) => m.alu(Alu::Swap16, false, value, value),
                (_, 32) => m.alu(Alu::Swap32, false, value, value),
                _ => m.alu(Alu::Swap64, false, value, value),
            })
        });
        self.state.registers[dst as usize] = result.map_or(Slot::Poison, Slot::Scalar);
    }

    pub(super) fn load_wide(&mut self, dst: u8, value: Wide) {
        self.state.registers[dst as usize] = match value {
            Wide::Value(value) => Slot::Scalar(self.constant(value)),
            Wide::Map(map) => Slot::Map(map as usize),
            Wide::MapValue(map, offset) => {
                let (map, index) = (map as usize, self.constant(0));
                if self.object.maps[map].initial.is_none() {
                    let name = &self.object.maps[map].name;
                    let message = format!("address of a value of `{name}`, which is no static data");
                    self.error(codes::STATIC_DATA, message);
                }
                Slot::MapValue { map, index, var: None, offset: offset.into() }
            }
        };
    }

    /// Pointer plus or minus a number.
    fn offset(&mut self, pointer: Slot, by: Val, minus: bool) -> Slot {
        let range = self.state.ranges.get(&self.values, by);
        let bounded = range.smin > -OFFSET_LIMIT && range.smax < OFFSET_LIMIT;
        if pointer.is_pointer() && !bounded {
            let message = format!("{} is moved by a number without bounds", pointer.describe());
            self.error(codes::UNBOUNDED, message);
            return Slot::Poison;
        }
        let known = self.known(by).map(|c| if minus { (c as i64).wrapping_neg() } else { c as i64 });
        let moved = |offset: i64, by: i64| (offset + by).clamp(-OFFSET_LIMIT, OFFSET_LIMIT);
        match (pointer, known) {
            (Slot::Packet { var, offset }, Some(c)) => Slot::Packet { var, offset: moved(offset, c) },
            (Slot::Packet { var, offset }, None) => {
                Slot::Packet { var: Some(self.moved_by(var, by, minus)), offset }
            }
            (Slot::MapValue { map, index, .. }, _) if !self.entry_exists(map, index) => {
                self.error(codes::NULL_CHECK, "arithmetic on the result of a lookup that may be null");
                Slot::Poison
            }
            (Slot::MapValue { map, index, var, offset }, Some(c)) => {
                Slot::MapValue { map, index, var, offset: moved(offset, c) }
            }
            (Slot::MapValue { map, index, var, offset }, None) => {
                let var = Some(self.moved_by(var, by, minus));
                Slot::MapValue { map, index, var, offset }
            }
            (Slot::Stack { frame, var, offset }, Some(c)) => {
                Slot::Stack { frame, var, offset: moved(offset, c) }
            }
            (Slot::Stack { frame, var, offset }, None) => {
                Slot::Stack { frame, var: Some(self.moved_by(var, by, minus)), offset }
            }
            (Slot::Context(offset), Some(c)) => Slot::Context(moved(offset, c)),
            (Slot::Poison, _) => Slot::Poison,
            (other, _) => {
                let message = format!("arithmetic on {}", other.describe());
                self.error(codes::POINTER_ARITHMETIC, message);
                Slot::Poison
            }
        }
    }

    fn moved_by(&mut self, var: Option<Val>, by: Val, minus: bool) -> Val {
        self.make(|m| {
            let var = var.unwrap_or_else(|| m.constant(0));
            m.alu(if minus { Alu::Sub } else { Alu::Add }, false, var, by)
        })
    }

    /// Difference of two pointers into the packet or into one stack frame, which is a number.
    fn distance(&mut self, a: Slot, b: Slot) -> Slot {
        match self.places_of(a, b) {
            Some((a, b)) => Slot::Scalar(self.make(|m| m.alu(Alu::Sub, false, a, b))),
            None => {
                let message = format!("{} minus {}", a.describe(), b.describe());
                self.error(codes::POINTER_ARITHMETIC, message);
                Slot::Poison
            }
        }
    }

    /// The numbers that two pointers into the packet, or to its end, or into one stack frame are.
    pub(super) fn places_of(&mut self, a: Slot, b: Slot) -> Option<(Val, Val)> {
        let packet = |slot| matches!(slot, Slot::Packet { .. } | Slot::PacketEnd);
        let frame = |slot| if let Slot::Stack { frame, .. } = slot { Some(frame) } else { None };
        let related = (packet(a) && packet(b)) || (frame(a).is_some() && frame(a) == frame(b));
        related.then(|| (self.place_of(a), self.place_of(b)))
    }

    pub(super) fn place_of(&mut self, pointer: Slot) -> Val {
        match pointer {
            Slot::Packet { var, offset } | Slot::Stack { var, offset, .. } => self.make(|m| {
                let offset = m.constant(offset as u64);
                match var {
                    None => offset,
                    Some(var) => m.alu(Alu::Add, false, var, offset),
                }
            }),
            _ => self.entry(super::values::Entry::DataEnd),
        }
    }
}
