// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Loads, stores and atomics: context fields, packet bytes proved to be in the packet, values of maps. What concerns the
//! stack is in [`super::stack`].
//!
//! A packet load that ranges bound inside the window is done there. Any other is a deep load: it sees the packet as it
//! was received, so nothing may have been stored where it can reach. Stores are bound to the window.

use super::build::Builder;
use super::layout::Layout;
use super::range::Range;
use super::state::{Slot, extract};
use super::values::{Def, Entry, Val};
use super::{Address, Cond, Effect, TableAddress};
use crate::diag::{Diagnostic, codes};
use weir_bpf::op::{AtomicOp, Operand, Size as Width};
use weir_bpf::program::F_RDONLY_PROG;
use weir_pipeline::words::{AluOp, CmpOp, Size};

/// Constant offsets of the table unit are below this.
const TABLE_OFFSETS: u64 = 1 << 20;

pub(super) fn size_of(bytes: u32) -> Size {
    Size::from_bytes(bytes).unwrap_or(Size::B8)
}

impl Builder<'_> {
    pub(super) fn load(&mut self, size: Width, signed: bool, dst: u8, base: u8, off: i16) {
        let bytes = size.bytes() as u32;
        let base = self.read(base);
        self.check_alignment(base, off.into(), bytes);
        let result = match base {
            Slot::Poison => Slot::Poison,
            Slot::Context(offset) => self.context_field(offset + i64::from(off), bytes),
            Slot::Stack { .. } => self.load_stack(base, off.into(), bytes as usize),
            _ => self.load_at(base, off.into(), bytes, "load").map_or(Slot::Poison, Slot::Scalar),
        };
        self.state.registers[dst as usize] = match (result, signed) {
            (Slot::Scalar(value), true) => {
                let op = match bytes {
                    1 => AluOp::Sext8,
                    2 => AluOp::Sext16,
                    _ => AluOp::Sext32,
                };
                Slot::Scalar(self.make(|m| m.sign_extend(op, false, value)))
            }
            (slot, true) if slot.is_pointer() => {
                self.error(codes::POINTER_ARITHMETIC, "sign-extending load of a pointer");
                Slot::Poison
            }
            (slot, _) => slot,
        };
    }

    /// A number from memory that a pointer leads to.
    pub(super) fn load_at(&mut self, pointer: Slot, off: i64, bytes: u32, what: &str) -> Option<Val> {
        match pointer {
            Slot::Packet { var, offset } => {
                let address = Address { var, offset: offset + off };
                let bounds = self.check_packet(address, bytes)?;
                self.check_as_received(bounds, bytes)?;
                Some(self.make(|m| m.packet(address, size_of(bytes), bounds)))
            }
            Slot::Stack { .. } => match self.load_stack(pointer, off, bytes as usize) {
                Slot::Scalar(value) => Some(value),
                Slot::Poison => None,
                other => {
                    self.error(codes::POINTER_LEAK, format!("the {what} is {}", other.describe()));
                    None
                }
            },
            Slot::MapValue { map, index, var: None, offset }
                if self.object.maps[map].is_constant() && self.known(index) == Some(0) =>
            {
                self.constant_data(map, offset + off, bytes)
            }
            Slot::MapValue { .. } => {
                let address = self.check_value(pointer, off, bytes)?;
                Some(self.read_value(address, size_of(bytes)))
            }
            Slot::Poison => None,
            other => {
                self.error(codes::NOT_A_POINTER, format!("{what} through {}", other.describe()));
                None
            }
        }
    }

    fn context_field(&mut self, offset: i64, bytes: u32) -> Slot {
        match (offset, bytes) {
            (0, 4) => self.packet_start(),
            (4, 4) => Slot::PacketEnd,
            (12, 4) => Slot::Scalar(self.entry(Entry::IngressIfindex)),
            (16, 4) => Slot::Scalar(self.entry(Entry::RxQueueIndex)),
            _ => {
                let field = match offset {
                    8 => "data_meta",
                    20 => "egress_ifindex",
                    _ => "fields have 4 bytes and are read whole",
                };
                let message = format!("load of {bytes} bytes at offset {offset} of the context ({field})");
                self.error(codes::CONTEXT, message);
                Slot::Poison
            }
        }
    }

    /// The pointer to the first byte of the packet.
    pub(super) fn packet_start(&self) -> Slot {
        self.state.head
    }

    /// Proves a packet access; the least and greatest context address it begins at.
    fn check_packet(&mut self, address: Address, bytes: u32) -> Option<(i64, i64)> {
        let Address { var, offset } = address;
        let range = var.map_or(Range::constant(0), |v| self.state.ranges.get(&self.values, v));
        let (least, most) = (range.smin.saturating_add(offset), range.smax.saturating_add(offset));
        let end = |first: i64| first.saturating_add(bytes.into());
        let (inside, start) = self.beyond_start(address, least);
        if inside < 0 {
            let message = format!(
                "the access can begin {} bytes before the packet",
                inside.saturating_neg().min(1 << 32)
            );
            self.error(codes::BEFORE_PACKET, message);
            return None;
        }
        let known = |var: Option<Val>| self.state.packet.get(&var).copied();
        let proved =
            known(var).is_some_and(|k| end(offset) <= k) || known(None).is_some_and(|k| end(most) <= k);
        if !proved {
            let constant = known(None).map_or(0, |k| (k - start).max(0));
            let message = format!("{bytes}-byte access to the packet that may lie behind its end");
            let note = match (var, known(var)) {
                (None, _) => format!("offset {}, and {constant} bytes are known to be there", offset - start),
                (Some(_), Some(k)) => format!(
                    "the access ends {} bytes behind the last that a comparison with data_end covers",
                    end(offset) - k
                ),
                (Some(_), None) => "no comparison with data_end covers this variable offset".to_owned(),
            };
            self.report(Diagnostic::error(codes::PACKET_BOUNDS, message).note(note));
            return None;
        }
        Some((least, most))
    }

    /// How many bytes behind the start of the packet an access begins at least, and where that start is at most.
    fn beyond_start(&self, address: Address, least: i64) -> (i64, i64) {
        let Slot::Packet { var, offset } = self.packet_start() else { return (0, 0) };
        let start = var.map_or(0, |v| self.state.ranges.get(&self.values, v).smax).saturating_add(offset);
        let apart = match (address.var, var) {
            (Some(at), Some(head)) => self.least_above(at, head),
            _ => None,
        };
        let by_range = least.saturating_sub(start);
        match apart {
            Some(apart) => (by_range.max(apart.saturating_add(address.offset - offset)), start),
            None => (by_range, start),
        }
    }

    /// Bytes of read-only data.
    fn constant_data(&mut self, map: usize, at: i64, bytes: u32) -> Option<Val> {
        let data = self.object.maps[map].initial.as_deref().unwrap_or_default();
        let range = usize::try_from(at).ok().map(|at| at..at.saturating_add(bytes as usize));
        let Some(found) = range.and_then(|range| data.get(range)) else {
            let message =
                format!("{bytes} bytes are accessed from byte {at} on of a value of {}", data.len());
            self.error(codes::VALUE_BOUNDS, message);
            return None;
        };
        let value = found.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
        Some(self.constant(value))
    }

    /// Whether a program may write a map.
    fn check_writable(&mut self, map: usize) -> bool {
        let def = &self.object.maps[map];
        if def.flags & F_RDONLY_PROG != 0 {
            let message = format!("store into `{}`, which programs can only read", def.name);
            self.error(codes::STATIC_DATA, message);
            return false;
        }
        true
    }

    /// Whether what deep loads can reach of `bytes` bytes is as it was received.
    pub(super) fn check_as_received(&mut self, (least, most): (i64, i64), bytes: u32) -> Option<()> {
        let end = most.saturating_add(bytes.into());
        // Where this is a copy of many bytes: a load of up to 8 may begin so far before the end of the window.
        let first = least + (self.values.window_end - 7 - most).max(0);
        let deep = end > self.values.window_end;
        match self.state.stored.filter(|(from, to)| deep && first < *to && end > *from) {
            None => Some(()),
            Some((from, to)) => {
                let start = i64::from(self.target.headroom_bytes);
                let message = "the load can lie behind the window, or where the packet was changed before";
                let (from, last) = (from - start, to - start - 1);
                self.report(
                    Diagnostic::error(codes::DEEP_AFTER_STORE, message)
                        .note(format!("stores before it can reach packet bytes {from} to {last}")),
                );
                None
            }
        }
    }

    /// Proves that a packet store stays within packet and window; the least and greatest context address it begins at.
    pub(super) fn check_store(&mut self, address: Address, bytes: u32) -> Option<(i64, i64)> {
        let (least, most) = self.check_packet(address, bytes)?;
        if most.saturating_add(bytes.into()) > self.values.window_end {
            let (start, window) = (i64::from(self.target.headroom_bytes), self.target.window_bytes);
            let last = most.saturating_add(bytes.into()).saturating_sub(start + 1).min(0xffff_ffff);
            let message =
                format!("the store can reach packet byte {last}, the stages change the first {window} only");
            self.error(codes::WINDOW, message);
            return None;
        }
        let here = (least, most + i64::from(bytes));
        let all = self.state.stored.map_or(here, |s| (s.0.min(here.0), s.1.max(here.1)));
        self.state.stored = Some(all);
        Some((least, most))
    }

    /// Proves an access to a value of a map.
    fn check_value(&mut self, pointer: Slot, off: i64, bytes: u32) -> Option<TableAddress> {
        let Slot::MapValue { map, index, var, offset } = pointer else { return None };
        if !self.entry_exists(map, index) {
            self.error(codes::NULL_CHECK, "access through the result of a lookup that may be null");
            return None;
        }
        if self.state.stale.contains(&(map, index)) {
            let message = "access through a lookup from before the program changed the map's keys";
            self.error(codes::STALE_VALUE, message);
            return None;
        }
        let size = i64::from(self.object.maps[map].value_size);
        let range = var.map_or(Range::constant(0), |v| self.state.ranges.get(&self.values, v));
        let least = range.smin.saturating_add(offset).saturating_add(off);
        let most = range.smax.saturating_add(offset).saturating_add(off);
        if least < 0 || most.saturating_add(bytes.into()) > size {
            let message =
                format!("{bytes} bytes are accessed from byte {least} to {most} on of a value of {size}");
            self.error(codes::VALUE_BOUNDS, message);
            return None;
        }
        let constant = offset + off;
        if (range.possible() | constant as u64) & u64::from(bytes - 1) != 0 {
            self.error(
                codes::VALUE_ALIGNMENT,
                format!("{bytes} bytes of a value are accessed at an unaligned place"),
            );
            return None;
        }
        let span = (least as u32, (most + i64::from(bytes)) as u32);
        Some(self.table_address(map, index, var, constant, span))
    }

    /// Byte `var + constant` of the value of an entry.
    pub(super) fn table_address(
        &mut self,
        map: usize,
        index: Val,
        var: Option<Val>,
        constant: i64,
        span: (u32, u32),
    ) -> TableAddress {
        let layout = self.maps[map];
        let (parts, constant) = match layout.is_hash() {
            true => self.place_in_planes(index, var, constant, &layout),
            false => self.place_in_array(index, var, constant, &layout),
        };
        let (var, offset) = self.sum(parts, constant);
        TableAddress { map, var, offset, span }
    }

    /// Sum of the variable parts of a place in a map, and the constant part.
    fn sum(&mut self, mut parts: Vec<Val>, mut constant: i64) -> (Option<Val>, u64) {
        // What is constant goes into the word, the rest into a register; neither may be negative by itself.
        if !(0..TABLE_OFFSETS as i64).contains(&constant) {
            parts.push(self.constant(constant as u64));
            constant = 0;
        }
        let var = self.make(|m| parts.into_iter().reduce(|a, b| m.alu(AluOp::Add, false, a, b)));
        (var, constant as u64)
    }

    /// Byte `var + constant` of an array's entry.
    fn place_in_array(
        &mut self,
        index: Val,
        var: Option<Val>,
        mut constant: i64,
        layout: &Layout,
    ) -> (Vec<Val>, i64) {
        let stride = 8 * u64::from(layout.words);
        let mut parts = Vec::new();
        match self.known(index).map(|i| i * stride) {
            Some(at) => constant = constant.saturating_add(at as i64),
            None => parts.push(self.make(|m| {
                let stride = m.constant(stride);
                m.mul(false, index, stride)
            })),
        }
        parts.extend(var);
        (parts, constant)
    }

    /// Byte `var + constant` of the value whose place is known, times eight.
    fn place_in_planes(
        &mut self,
        place: Val,
        var: Option<Val>,
        constant: i64,
        layout: &Layout,
    ) -> (Vec<Val>, i64) {
        let mut parts = vec![place];
        let Some(var) = var else { return (parts, layout.byte(constant as u64) as i64) };
        // Word and byte in it go separate ways.
        let plane = layout.plane();
        self.make(|m| {
            let at = m.constant(constant as u64);
            let at = m.alu(AluOp::Add, false, var, at);
            let (three, seven, plane) = (m.constant(3), m.constant(7), m.constant(plane));
            let word = m.alu(AluOp::Rsh, false, at, three);
            parts.push(m.mul(false, word, plane));
            parts.push(m.alu(AluOp::And, false, at, seven));
        });
        (parts, 0)
    }

    /// Whether an access is within its map on every path, carried out or not.
    fn always_inside(&self, address: &TableAddress, size: Size) -> bool {
        address.always_inside(&self.values, size, self.maps[address.map].bytes())
    }

    /// A read of a value. Where the entry is aligned the whole 8-byte word is read, so that parts of it share one
    /// access; a word of which one part is wanted is narrowed again later.
    fn read_value(&mut self, address: TableAddress, size: Size) -> Val {
        let unaligned = address.var.map_or(0, |v| self.state.ranges.get(&self.values, v).possible() & 7);
        if size == Size::B8 || unaligned != 0 {
            return self.read_word(address, size);
        }
        let span = (address.span.0 & !7, address.span.1.next_multiple_of(8));
        let word = self.read_word(TableAddress { offset: address.offset & !7, span, ..address }, Size::B8);
        let from = (address.offset & 7) as u8;
        let value = extract(&mut self.values, &mut self.state.ranges, word, from, size.bytes() as usize);
        self.values.credit(value, self.slot as u32);
        value
    }

    pub(super) fn read_word(&mut self, address: TableAddress, size: Size) -> Val {
        let version = self.state.maps[address.map];
        let key = (address, size, version);
        let earlier = self.reads.get(&key).and_then(|reads| {
            reads.iter().find(|(_, block)| self.dominated_by(*block)).map(|(value, _)| *value)
        });
        let insn = self.slot as u32;
        if let Some(value) = earlier {
            self.values.credit(value, insn);
            self.site(Effect::Read(value));
            return value;
        }
        let range = Range::unsigned(0, u64::MAX >> (64 - 8 * size.bytes()));
        // A read that has to be guarded leaves its register as it was where it is not carried out.
        let everywhere = if self.always_inside(&address, size) { range } else { Range::FULL };
        let value = self.values.intern(Def::Read { address, size, version, block: self.block }, everywhere);
        self.state.ranges.narrow(&self.values, value, &range);
        self.values.credit(value, insn);
        self.reads.entry(key).or_default().push((value, self.block));
        self.site(Effect::Read(value));
        value
    }

    pub(super) fn store(&mut self, size: Width, base: u8, off: i16, src: Operand) {
        let (base, data) = (self.read(base), self.operand(src));
        self.check_alignment(base, off.into(), size.bytes() as u32);
        self.store_at(base, off.into(), size.bytes() as u32, data);
    }

    fn store_at(&mut self, base: Slot, off: i64, bytes: u32, data: Slot) {
        if let Slot::Stack { .. } = base {
            self.store_stack(base, off, bytes as usize, data);
            return;
        }
        if matches!(base, Slot::Poison) || matches!(data, Slot::Poison) {
            return;
        }
        let Slot::Scalar(data) = data else {
            let message = format!("{} is stored outside the stack", data.describe());
            self.error(codes::POINTER_LEAK, message);
            return;
        };
        let size = size_of(bytes);
        match base {
            Slot::Packet { var, offset } => {
                let address = Address { var, offset: offset + off };
                if let Some(bounds) = self.check_store(address, bytes) {
                    self.store_packet(address, size, data, bounds);
                }
            }
            Slot::MapValue { map, .. } => {
                if self.check_writable(map)
                    && let Some(address) = self.check_value(base, off, bytes)
                {
                    self.site(Effect::Write { address, size, data });
                    self.state.maps[map] = self.new_version();
                }
            }
            Slot::Context(_) => self.error(codes::CONTEXT, "store into the context"),
            other => self.error(codes::NOT_A_POINTER, format!("store through {}", other.describe())),
        }
    }

    pub(super) fn atomic(&mut self, op: AtomicOp, size: Width, fetch: bool, base: u8, off: i16, src: u8) {
        let pointer = self.read(base);
        let operand = self.number(src);
        let compared = if op == AtomicOp::Cmpxchg { self.number(0) } else { operand };
        let (Some(operand), Some(compared)) = (operand, compared) else { return };
        let bytes = size.bytes() as u32;
        self.check_alignment(pointer, off.into(), bytes);
        match pointer {
            Slot::Poison => return,
            Slot::MapValue { .. } | Slot::Stack { .. } => (),
            other => {
                self.error(codes::ATOMIC, format!("atomic operation on {}", other.describe()));
                return;
            }
        }
        if let (AtomicOp::Add, false, Slot::MapValue { map, .. }) = (op, fetch, pointer) {
            if self.check_writable(map)
                && let Some(address) = self.check_value(pointer, off.into(), bytes)
            {
                self.site(Effect::Add { address, size: size_of(bytes), data: operand });
                self.state.maps[map] = self.new_version();
            }
            return;
        }
        // No other packet of the program comes between: a load, an operation and a store are atomic.
        let Some(old) = self.load_at(pointer, off.into(), bytes, "atomic operation") else { return };
        let is32 = bytes == 4;
        let new = self.make(|m| match op {
            AtomicOp::Add => m.alu(AluOp::Add, is32, old, operand),
            AtomicOp::Or => m.alu(AluOp::Or, is32, old, operand),
            AtomicOp::And => m.alu(AluOp::And, is32, old, operand),
            AtomicOp::Xor => m.alu(AluOp::Xor, is32, old, operand),
            AtomicOp::Xchg => m.zext(is32, operand),
            AtomicOp::Cmpxchg => {
                let equal = Cond { op: CmpOp::Eq, is32, a: old, b: compared, negate: false };
                let operand = m.zext(is32, operand);
                m.select(equal, operand, old)
            }
        });
        self.store_at(pointer, off.into(), bytes, Slot::Scalar(new));
        if op == AtomicOp::Cmpxchg {
            self.state.registers[0] = Slot::Scalar(old);
        } else if fetch {
            self.state.registers[src as usize] = Slot::Scalar(old);
        }
    }
}
