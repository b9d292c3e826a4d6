// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `xdp_load_bytes` and `xdp_store_bytes`. What was copied from the packet to the stack is not loaded but remembered as
//! a copy, and what is stored back is only what differs from the packet.
//!
//! As long as a byte of the stack is [`Byte::Copied`], the packet still has it: whatever changes the packet loads the
//! copied bytes that it meets first.

use super::build::Builder;
use super::memory::size_of;
use super::range::Range;
use super::simplify::Maker;
use super::state::{Byte, STACK_BYTES, Slot};
use super::values::{Def, Val};
use super::{Address, Effect};
use crate::diag::codes;
use std::rc::Rc;
use weir_bpf::op::JumpOp;
use weir_pipeline::words::{AluOp, Size};

/// Greatest offset and length, as in the kernel.
const MOST_BYTES: u64 = 0xffff;

/// What both helpers return if the bytes are not all in the packet: `-EINVAL`.
const OUTSIDE: i64 = -22;

/// Packet bytes that were copied.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    /// Of the first.
    pub address: Address,
    /// Least and greatest context address of the first.
    pub bounds: (i64, i64),
}

/// Bytes of a copy from `index` on, at most 8, zero-extended. The packet is known to have them.
pub fn load_at(maker: &mut Maker<'_>, copied: &Copied, index: u16, bytes: usize) -> Val {
    let mut result = None;
    let mut done = 0;
    while done < bytes {
        let rest = bytes - done;
        let chunk = 1usize << rest.ilog2();
        let at = i64::from(index) + done as i64;
        let address = Address { offset: copied.address.offset + at, ..copied.address };
        let bounds = (copied.bounds.0 + at, copied.bounds.1 + at);
        let piece = maker.packet(address, size_of(chunk as u32), bounds);
        result = Some(shifted(maker, result, piece, done));
        done += chunk;
    }
    result.unwrap_or_else(|| maker.constant(0))
}

/// A piece set beside the bytes below it.
pub fn shifted(maker: &mut Maker<'_>, lower: Option<Val>, piece: Val, place: usize) -> Val {
    let by = maker.constant(8 * place as u64);
    let piece = maker.alu(AluOp::Lsh, false, piece, by);
    match lower {
        None => piece,
        Some(lower) => maker.alu(AluOp::Or, false, lower, piece),
    }
}

/// A store that is to be made.
struct Piece {
    address: Address,
    size: Size,
    data: Val,
    bounds: (i64, i64),
}

/// Arguments of both helpers.
struct Transfer {
    /// First byte in the packet.
    address: Address,
    /// Bytes.
    bytes: usize,
    /// Frame and place of the buffer.
    frame: usize,
    at: usize,
}

impl Builder<'_> {
    /// `xdp_load_bytes` or `xdp_store_bytes`. Ends the block: what follows is run for success and failure apart, until
    /// the program itself looks at the result.
    pub(super) fn transfer(&mut self, store: bool, next: usize) {
        let transfer = self.transfer_arguments(store);
        self.state.registers[1..6].fill(Slot::Uninitialised);
        self.state.registers[0] = Slot::Poison;
        let Some(transfer) = transfer else {
            let state = self.state.clone();
            self.leave(None, next, state);
            return;
        };
        let end = transfer.address.offset + transfer.bytes as i64;
        let end = Slot::Packet { var: transfer.address.var, offset: end };
        let ways = self.pointers(JumpOp::Le, false, end, Slot::PacketEnd);
        let Some((cond, learns)) = ways else { return };
        let cond = self.canonical(cond);
        let outcomes = self.outcomes(cond, &learns);
        let both = outcomes.len() == 2;
        if both {
            let cond = self.make(|m| m.cond(cond));
            self.set_cond(cond);
        }
        let block = self.block;
        // Failure first: success may take a block of its own.
        for (inside, state) in outcomes.into_iter().rev() {
            self.state = state;
            if !inside {
                let failed = self.constant(OUTSIDE as u64);
                self.state.registers[0] = Slot::Scalar(failed);
                if !store {
                    self.written_anyway(&transfer);
                }
                let state = self.state.clone();
                self.leave_apart(both.then_some(false), next, 1, block, state);
                continue;
            }
            let done = self.constant(0);
            self.state.registers[0] = Slot::Scalar(done);
            if !store {
                self.copy(&transfer);
                let state = self.state.clone();
                self.leave_apart(both.then_some(true), next, 0, block, state);
                continue;
            }
            // The stores are carried out in a block of their own.
            if both {
                let state = self.state.clone();
                self.begin(vec![(super::Edge { from: block, when: Some(true) }, state)]);
            }
            self.store_back(&transfer);
            let state = self.state.clone();
            self.leave_apart(None, next, 0, self.block, state);
        }
    }

    fn transfer_arguments(&mut self, store: bool) -> Option<Transfer> {
        let arguments = [self.read(1), self.read(2), self.read(3), self.read(4)];
        if arguments.contains(&Slot::Poison) {
            return None;
        }
        let [Slot::Context(0), Slot::Scalar(offset), buffer, Slot::Scalar(bytes)] = arguments else {
            let message = "the arguments are not the context, an offset, a buffer and a length";
            self.error(codes::ARGUMENT, message);
            return None;
        };
        let offset = self.make(|m| m.zext(true, offset));
        let most = self.state.ranges.get(&self.values, offset).umax;
        let Some(bytes) = self.known(bytes).filter(|b| (1..=MOST_BYTES).contains(b)) else {
            self.error(codes::ARGUMENT, "the length is no constant from 1 to 65,535");
            return None;
        };
        if most > MOST_BYTES {
            self.error(codes::ARGUMENT, format!("the offset can be {most}, which is over 65,535"));
            return None;
        }
        let Slot::Stack { frame, var: None, offset: at } = buffer else {
            self.error(codes::ARGUMENT, "the buffer is not at a constant place on the stack");
            return None;
        };
        let at = at + STACK_BYTES as i64;
        if at < 0 || at + bytes as i64 > STACK_BYTES as i64 {
            let message = format!("a buffer of {bytes} bytes at offset {} is not in the stack", at - 512);
            self.error(codes::STACK_BOUNDS, message);
            return None;
        }
        let (at, bytes) = (at as usize, bytes as usize);
        let stored = &self.state.frames[frame].bytes[at..at + bytes];
        if store && stored.contains(&Byte::Uninitialised) {
            let message = format!("{bytes} bytes of the stack are stored, not all of them written");
            self.error(codes::STACK_UNINITIALISED, message);
            return None;
        }
        if stored.contains(&Byte::Pointer) {
            self.error(codes::POINTER_LEAK, "the buffer holds a pointer");
            return None;
        }
        let Slot::Packet { var, offset: start } = self.packet_start() else { return None };
        let (var, start) = match (self.known(offset), var) {
            (Some(known), _) => (var, start + known as i64),
            (None, None) => (Some(offset), start),
            (None, Some(var)) => (Some(self.make(|m| m.alu(AluOp::Add, false, var, offset))), start),
        };
        Some(Transfer { address: Address { var, offset: start }, bytes, frame, at })
    }

    /// After a load that failed, bytes that were never written count as written; they are zero here.
    fn written_anyway(&mut self, transfer: &Transfer) {
        let zero = Byte::Of(self.constant(0), 0);
        let bytes = Rc::make_mut(&mut self.state.frames[transfer.frame].bytes);
        for byte in &mut bytes[transfer.at..transfer.at + transfer.bytes] {
            if *byte == Byte::Uninitialised {
                *byte = zero;
            }
        }
    }

    fn copy(&mut self, transfer: &Transfer) {
        let Some(bounds) = self.packet_bounds(transfer.address, 0) else { return };
        if self.check_as_received(bounds, transfer.bytes as u32).is_none() {
            return;
        }
        let copy = self.copies.len() as u32;
        self.copies.push(Copied { address: transfer.address, bounds });
        let bytes = Rc::make_mut(&mut self.state.frames[transfer.frame].bytes);
        for index in 0..transfer.bytes {
            bytes[transfer.at + index] = Byte::Copied { copy, index: index as u16 };
        }
    }

    /// Least and greatest context address of a byte.
    fn packet_bounds(&self, address: Address, index: usize) -> Option<(i64, i64)> {
        let range = address.var.map_or(Range::constant(0), |v| self.state.ranges.get(&self.values, v));
        let offset = address.offset + index as i64;
        Some((range.smin.checked_add(offset)?, range.smax.checked_add(offset)?))
    }

    /// Stores what differs from the packet.
    fn store_back(&mut self, transfer: &Transfer) {
        let stored: Vec<Byte> =
            self.state.frames[transfer.frame].bytes[transfer.at..transfer.at + transfer.bytes].to_vec();
        let place =
            |index: usize| Address { offset: transfer.address.offset + index as i64, ..transfer.address };
        let differs = |this: &Self, index: usize| this.source(stored[index]) != Some(place(index));
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < stored.len() {
            if !differs(self, at) {
                at += 1;
                continue;
            }
            let fits = |len: usize| at + len <= stored.len() && (at..at + len).all(|i| differs(self, i));
            // The widest that is one load or one value; else the bytes one by one.
            let len = [8, 4, 2, 1].into_iter().find(|len| fits(*len) && self.is_one(&stored[at..at + len]));
            let len = len.unwrap_or(1);
            let data = self.piece_of(&stored[at..at + len]);
            let (address, size) = (place(at), size_of(len as u32));
            let Some(bounds) = self.check_store(address, len as u32) else { return };
            pieces.push(Piece { address, size, data, bounds });
            at += len;
        }
        for piece in pieces {
            self.store_packet(piece.address, piece.size, piece.data, piece.bounds);
        }
    }

    /// Where in the packet a byte of the stack stands, if it does.
    fn source(&self, byte: Byte) -> Option<Address> {
        match byte {
            Byte::Copied { copy, index } => {
                let address = self.copies[copy as usize].address;
                Some(Address { offset: address.offset + i64::from(index), ..address })
            }
            Byte::Of(value, index) => match *self.values.def(value) {
                Def::Load { address, size, version }
                    if version == self.state.version && u32::from(index) < size.bytes() =>
                {
                    Some(Address { offset: address.offset + i64::from(index), ..address })
                }
                _ => None,
            },
            Byte::Uninitialised | Byte::Pointer => None,
        }
    }

    /// Whether bytes are consecutive ones of a value, or of the packet.
    fn is_one(&self, bytes: &[Byte]) -> bool {
        let consecutive = |i: usize| {
            let sources = self.source(bytes[0]).zip(self.source(bytes[i]));
            let of_packet = sources
                .is_some_and(|(first, here)| first.var == here.var && first.offset + i as i64 == here.offset);
            of_packet || bytes[0].plus(i) == Some(bytes[i])
        };
        (1..bytes.len()).all(consecutive)
    }

    fn piece_of(&mut self, bytes: &[Byte]) -> Val {
        if let (Some(address), true) = (self.source(bytes[0]), bytes.len() > 1)
            && let Some(bounds) = self.packet_bounds(address, 0)
            && bytes.iter().all(|b| self.source(*b).is_some())
        {
            return self.make(|m| m.packet(address, size_of(bytes.len() as u32), bounds));
        }
        match bytes[0] {
            Byte::Of(value, 0) => value,
            Byte::Of(value, from) => self.make(|m| {
                let by = m.constant(8 * u64::from(from));
                m.alu(AluOp::Rsh, false, value, by)
            }),
            Byte::Copied { copy, index } => {
                let copy = self.copies[copy as usize];
                self.make(|m| load_at(m, &copy, index, bytes.len()))
            }
            Byte::Uninitialised | Byte::Pointer => self.constant(0),
        }
    }

    /// A store of packet bytes, which copies of these bytes must not see.
    pub(super) fn store_packet(&mut self, address: Address, size: Size, data: Val, bounds: (i64, i64)) {
        self.keep_copies(bounds.0, bounds.1.saturating_add(size.bytes().into()));
        self.site(Effect::Store { address, size, data, bounds });
        self.state.version = self.new_version();
    }

    /// Loads the copied bytes whose originals, from one context address to another, are about to change.
    pub(super) fn keep_copies(&mut self, from: i64, to: i64) {
        for frame in 0..self.state.frames.len() {
            let bytes = Rc::clone(&self.state.frames[frame].bytes);
            let meets = |byte: &Byte| match *byte {
                Byte::Copied { copy, index } => {
                    let (least, most) = self.copies[copy as usize].bounds;
                    least + i64::from(index) < to && from <= most + i64::from(index)
                }
                _ => false,
            };
            let changed: Vec<bool> = bytes.iter().map(meets).collect();
            let mut at = 0;
            while at < STACK_BYTES {
                let (true, Byte::Copied { copy, index }) = (changed[at], bytes[at]) else {
                    at += 1;
                    continue;
                };
                let follows = |len: usize| changed[at + len] && bytes[at].plus(len) == Some(bytes[at + len]);
                let run = (1..8.min(STACK_BYTES - at)).take_while(|len| follows(*len)).count() + 1;
                let len = 1 << run.ilog2();
                let copied = self.copies[copy as usize];
                let value = self.make(|m| load_at(m, &copied, index, len));
                let stack = Rc::make_mut(&mut self.state.frames[frame].bytes);
                for i in 0..len {
                    stack[at + i] = Byte::Of(value, i as u8);
                }
                at += len;
            }
        }
    }
}
