// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Loads and stores on the stack, whose bytes are values: at constant places the value itself, at variable ones a
//! choice among the places that range and known bits allow. Bytes that were copied from the packet and not changed
//! since are loaded from there, at any offset.

use super::build::Builder;
use super::copies::{load_at, shifted};
use super::memory::size_of;
use super::range::Range;
use super::state::{Byte, STACK_BYTES, Slot, extract};
use super::values::Val;
use super::{Address, Cond};
use crate::diag::codes;
use std::rc::Rc;
use weir_pipeline::words::{AluOp, CmpOp};

/// Places among which an access at a variable offset chooses; every one costs operations.
const MOST_PLACES: usize = 16;

/// Bytes of one frame that an access can meet.
struct Reach {
    frame: usize,
    var: Option<Val>,
    /// Place in the frame where `var` is 0.
    zero: i64,
    /// Least and greatest place of the first byte.
    least: usize,
    most: usize,
}

impl Builder<'_> {
    /// Instructions access the stack at multiples of their size, as the kernel demands.
    pub(super) fn check_alignment(&mut self, pointer: Slot, off: i64, bytes: u32) {
        if let Slot::Stack { var, offset, .. } = pointer {
            let variable = var.map_or(0, |v| self.state.ranges.get(&self.values, v).possible());
            if (variable | (offset + off) as u64) & u64::from(bytes - 1) != 0 {
                let variable = if var.is_some() { " and a variable one" } else { "" };
                let message =
                    format!("{bytes} bytes of the stack are accessed at offset {}{variable}", offset + off);
                self.error(codes::STACK_ALIGNMENT, message);
            }
        }
    }

    fn reach(&mut self, pointer: Slot, off: i64, bytes: usize) -> Option<Reach> {
        let Slot::Stack { frame, var, offset } = pointer else { return None };
        let range = var.map_or(Range::constant(0), |v| self.state.ranges.get(&self.values, v));
        let zero = offset + off + STACK_BYTES as i64;
        let (least, most) = (range.smin.saturating_add(zero), range.smax.saturating_add(zero));
        if least < 0 || most.saturating_add(bytes as i64) > STACK_BYTES as i64 {
            let (first, last) = (least - STACK_BYTES as i64, most - STACK_BYTES as i64);
            let at = if first == last { format!("{first}") } else { format!("{first} to {last}") };
            self.error(codes::STACK_BOUNDS, format!("{bytes} bytes at offset {at} are not in the stack"));
            return None;
        }
        let (least, most) = (least as usize, most as usize);
        let var = var.filter(|_| least != most);
        let zero = if var.is_some() { zero } else { least as i64 };
        Some(Reach { frame, var, zero, least, most })
    }

    /// The value of a pointer's variable part for each place that it can lead to.
    fn places(&mut self, reach: &Reach) -> Option<Vec<(u64, usize)>> {
        let Some(var) = reach.var else { return Some(vec![(0, reach.least)]) };
        let range = self.state.ranges.get(&self.values, var);
        let places = (reach.least..=reach.most)
            .map(|at| ((at as i64 - reach.zero) as u64, at))
            .filter(|(value, _)| value & !range.unknown == range.ones)
            .take(MOST_PLACES + 1);
        let places: Vec<_> = places.collect();
        if places.len() > MOST_PLACES {
            let message = format!(
                "the stack is accessed at a variable offset, from {} to {}",
                reach.least as i64 - STACK_BYTES as i64,
                reach.most as i64 - STACK_BYTES as i64
            );
            self.error(codes::STACK_VARIABLE, message);
            return None;
        }
        Some(places)
    }

    pub(super) fn load_stack(&mut self, pointer: Slot, off: i64, bytes: usize) -> Slot {
        let Some(reach) = self.reach(pointer, off, bytes) else { return Slot::Poison };
        let stored = &self.state.frames[reach.frame].bytes[reach.least..reach.most + bytes];
        if stored.contains(&Byte::Uninitialised) {
            let offset = reach.least as i64 - STACK_BYTES as i64;
            let message = format!(
                "{} bytes of the stack from offset {offset} on are read, not all of them written",
                stored.len()
            );
            self.error(codes::STACK_UNINITIALISED, message);
            return Slot::Poison;
        }
        if stored.contains(&Byte::Pointer) {
            let at = reach.least;
            let whole = bytes == 8 && at.is_multiple_of(8) && stored.iter().all(|b| *b == Byte::Pointer);
            if reach.var.is_none() && whole {
                let spilled = self.state.frames[reach.frame].spilled.get(&(at / 8)).copied();
                return spilled.unwrap_or(Slot::Poison);
            }
            self.error(codes::POINTER_LEAK, "part of a pointer is read from the stack");
            return Slot::Poison;
        }
        if let Some(value) = self.load_copied(&reach, bytes) {
            return Slot::Scalar(value);
        }
        let Some(places) = self.places(&reach) else { return Slot::Poison };
        let mut result = None;
        for (value, at) in places.into_iter().rev() {
            let here = self.gather(reach.frame, at, bytes);
            result = Some(match (result, reach.var) {
                (Some(rest), Some(var)) => self.chosen(var, value, here, rest),
                _ => here,
            });
        }
        result.map_or(Slot::Poison, Slot::Scalar)
    }

    /// `yes` where `var` has this value, else `no`.
    fn chosen(&mut self, var: Val, value: u64, yes: Val, no: Val) -> Val {
        self.make(|m| {
            let b = m.constant(value);
            m.select(Cond { op: CmpOp::Eq, is32: false, a: var, b, negate: false }, yes, no)
        })
    }

    /// A load of bytes that are, wherever it begins, an unchanged copy of the packet.
    fn load_copied(&mut self, reach: &Reach, bytes: usize) -> Option<Val> {
        let frame = &self.state.frames[reach.frame].bytes;
        let Byte::Copied { copy, index } = frame[reach.least] else { return None };
        let run = (0u16..).zip(&frame[reach.least..reach.most + bytes]);
        let same = |(i, byte): (u16, &Byte)| *byte == Byte::Copied { copy, index: index + i };
        if !run.into_iter().all(same) {
            return None;
        }
        let copied = self.copies[copy as usize];
        let offset = copied.address.offset + i64::from(index) - reach.least as i64;
        let (least, most) = (copied.bounds.0 + i64::from(index), copied.bounds.1 + i64::from(index));
        let bounds = (least, most + (reach.most - reach.least) as i64);
        let size = size_of(bytes as u32);
        if self.check_as_received(bounds, bytes as u32).is_none() {
            return Some(self.constant(0));
        }
        Some(match reach.var {
            None => {
                let address = Address { offset: offset + reach.least as i64, ..copied.address };
                self.make(|m| m.packet(address, size, bounds))
            }
            Some(var) => {
                let var = match copied.address.var {
                    None => var,
                    Some(base) => self.make(|m| m.alu(AluOp::Add, false, base, var)),
                };
                let address = Address { var: Some(var), offset: offset + reach.zero };
                self.make(|m| m.packet(address, size, bounds))
            }
        })
    }

    /// The bytes at a constant place, all of which are numbers, put side by side.
    fn gather(&mut self, frame: usize, at: usize, bytes: usize) -> Val {
        let stored: Vec<Byte> = self.state.frames[frame].bytes[at..at + bytes].to_vec();
        // Runs of consecutive bytes of one value or copy.
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        for place in 0..bytes {
            match pieces.last_mut() {
                Some((start, len)) if stored[*start].plus(*len) == Some(stored[place]) => *len += 1,
                _ => pieces.push((place, 1)),
            }
        }
        let mut result = None;
        for (place, len) in pieces {
            let piece = match stored[place] {
                Byte::Of(value, from) => extract(&mut self.values, &mut self.state.ranges, value, from, len),
                Byte::Copied { copy, index } => {
                    let copy = self.copies[copy as usize];
                    self.make(|m| load_at(m, &copy, index, len))
                }
                Byte::Uninitialised | Byte::Pointer => self.constant(0),
            };
            result = Some(self.make(|m| shifted(m, result, piece, place)));
        }
        result.unwrap_or_else(|| self.constant(0))
    }

    pub(super) fn store_stack(&mut self, pointer: Slot, off: i64, bytes: usize, data: Slot) {
        let Some(reach) = self.reach(pointer, off, bytes) else { return };
        let Some(var) = reach.var else {
            self.store_at_place(reach.frame, reach.least, bytes, data);
            return;
        };
        let data = match data {
            Slot::Scalar(value) => value,
            Slot::Poison => self.constant(0),
            other => {
                let message = format!("{} is stored at a variable offset", other.describe());
                self.error(codes::POINTER_LEAK, message);
                return;
            }
        };
        let frame = &self.state.frames[reach.frame];
        if frame.bytes[reach.least..reach.most + bytes].contains(&Byte::Pointer) {
            self.error(codes::POINTER_LEAK, "a store at a variable offset can meet a pointer on the stack");
            return;
        }
        let Some(places) = self.places(&reach) else { return };
        for (value, at) in places {
            // What was never written has no value that a program may rely on.
            let old = self.gather(reach.frame, at, bytes);
            let new = self.chosen(var, value, data, old);
            self.store_at_place(reach.frame, at, bytes, Slot::Scalar(new));
        }
    }

    fn store_at_place(&mut self, frame: usize, at: usize, bytes: usize, data: Slot) {
        let frame = &mut self.state.frames[frame];
        let stack = Rc::make_mut(&mut frame.bytes);
        // A pointer that is overwritten in part is gone.
        for slot in at / 8..=(at + bytes - 1) / 8 {
            if frame.spilled.contains_key(&slot) {
                Rc::make_mut(&mut frame.spilled).remove(&slot);
                stack[slot * 8..slot * 8 + 8].fill(Byte::Uninitialised);
            }
        }
        match data {
            Slot::Scalar(value) => {
                for i in 0..bytes {
                    stack[at + i] = Byte::Of(value, i as u8);
                }
            }
            Slot::Poison if !(bytes == 8 && at.is_multiple_of(8)) => {
                let unknown = self.values.constant(0);
                stack[at..at + bytes].fill(Byte::Of(unknown, 0));
            }
            pointer if bytes == 8 && at.is_multiple_of(8) => {
                Rc::make_mut(&mut frame.spilled).insert(at / 8, pointer);
                stack[at..at + 8].fill(Byte::Pointer);
            }
            pointer => {
                let message = format!("part of {} is stored, or to an unaligned place", pointer.describe());
                self.error(codes::POINTER_LEAK, message);
            }
        }
    }
}
