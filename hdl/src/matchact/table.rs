// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Table unit: a memory of 8-byte words that packets read, write and add to, one a clock.
//!
//! Its four clocks are those of its own stage and of the next one; `hdl/docs/table.md` shows them. Operations are
//! those of [`weir_pipeline::words::LateOp`]; the numbers below are its codes. Copies of the memory at other stages are
//! lookup ports.

mod address;
mod port;
mod signals;
mod value;

pub use address::TableAddress;
pub use port::TablePort;
pub use signals::{MapDescriptor, TablePlace, TableWrite};
pub use value::TableValue;

use super::operand::OperandFetch;
use super::words::LateWord;
use crate::primitives::{RamStyle, SyncRam};
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// What an access does in its third clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct Access {
    read: Bit,
    add: Bit,
    write: Bit,
    host_read: Bit,
}

/// A table unit.
#[derive(LogicBlock)]
pub struct TableUnit<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether a program runs here; first clock.
    pub active: Signal<In, Bit>,
    /// Program slot of the packet; first clock.
    pub slot: Signal<In, Bits<3>>,
    /// What to do; first clock.
    pub word: Signal<In, LateWord>,
    /// Registers on entry; first clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates on entry; first clock.
    pub predicates: Signal<In, Bits<16>>,
    /// A guarded access beyond the map; second clock.
    pub abort: Signal<Out, Bit>,
    /// What a read has found; second clock of the next stage.
    pub result: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock of the next stage.
    pub write: Signal<Out, Bit>,
    /// To which; first clock of the next stage.
    pub dst: Signal<Out, Bits<4>>,
    /// What was written in the clock before, for the lookup ports.
    pub written: Signal<Out, TableWrite>,

    /// Sets base and limit of a map.
    pub map_write: Signal<In, Bit>,
    /// To what.
    pub map: Signal<In, MapDescriptor>,

    /// The host wants to access a word; held until `host_ready`.
    pub host_request: Signal<In, Bit>,
    /// Write, not read.
    pub host_write: Signal<In, Bit>,
    /// Word.
    pub host_address: Signal<In, Bits<17>>,
    /// What is written.
    pub host_wdata: Signal<In, Bits<64>>,
    /// The request is taken in this clock.
    pub host_ready: Signal<Out, Bit>,
    /// What a read has found is there.
    pub host_rvalid: Signal<Out, Bit>,
    /// What a read has found.
    pub host_rdata: Signal<Out, Bits<64>>,

    address: TableAddress<RB>,
    fetch_b: OperandFetch<RB>,
    access: DFF<Access>,
    place: DFF<TablePlace>,
    operand: DFF<Bits<64>>,
    mask: DFF<Bits<64>>,
    memory: SyncRam<17, 64>,
    last: DFF<TableWrite>,
    host_found: DFF<Bit>,
    value: TableValue,

    inside: Signal<Local, Bit>,
    lane: Signal<Local, Bits<3>>,
    turn: Signal<Local, Bits<6>>,
    size_mask: Signal<Local, Bits<64>>,
    old: Signal<Local, Bits<64>>,
    changed: Signal<Local, Bits<64>>,
    merged: Signal<Local, Bits<64>>,
    changes: Signal<Local, Bit>,
}

impl<const RB: usize> TableUnit<RB> {
    /// A table unit of `target`.
    pub fn new(target: &Target) -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            slot: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            abort: Default::default(),
            result: Default::default(),
            write: Default::default(),
            dst: Default::default(),
            written: Default::default(),
            map_write: Default::default(),
            map: Default::default(),
            host_request: Default::default(),
            host_write: Default::default(),
            host_address: Default::default(),
            host_wdata: Default::default(),
            host_ready: Default::default(),
            host_rvalid: Default::default(),
            host_rdata: Default::default(),
            address: TableAddress::new(target),
            fetch_b: Default::default(),
            access: Default::default(),
            place: Default::default(),
            operand: Default::default(),
            mask: Default::default(),
            memory: SyncRam::new(target.units.tables.words as usize, RamStyle::Block),
            last: Default::default(),
            host_found: Default::default(),
            value: Default::default(),
            inside: Default::default(),
            lane: Default::default(),
            turn: Default::default(),
            size_mask: Default::default(),
            old: Default::default(),
            changed: Default::default(),
            merged: Default::default(),
            changes: Default::default(),
        }
    }
}

impl<const RB: usize> Logic for TableUnit<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.access.clock.next = self.clock.val();
        self.place.clock.next = self.clock.val();
        self.operand.clock.next = self.clock.val();
        self.mask.clock.next = self.clock.val();
        self.memory.clock.next = self.clock.val();
        self.last.clock.next = self.clock.val();
        self.host_found.clock.next = self.clock.val();

        // First two clocks: operands, guard, address and bounds.
        self.address.clock.next = self.clock.val();
        self.address.active.next = self.active.val();
        self.address.slot.next = self.slot.val();
        self.address.word.next = self.word.val();
        self.address.registers.next = self.registers.val();
        self.address.predicates.next = self.predicates.val();
        self.address.map_write.next = self.map_write.val();
        self.address.map.next = self.map.val();
        self.fetch_b.clock.next = self.clock.val();
        self.fetch_b.registers.next = self.registers.val();
        self.fetch_b.source.next = self.word.val().b;
        self.fetch_b.b_imm.next = self.word.val().b_imm;
        self.fetch_b.imm.next = self.word.val().imm;

        // Second clock: the host gets the memory where the packet does not want it.
        self.size_mask.next = !bits::<64>(0);
        if self.address.place.val().size == 0 {
            self.size_mask.next = bits::<64>(0xff);
        } else if self.address.place.val().size == 1 {
            self.size_mask.next = bits::<64>(0xffff);
        } else if self.address.place.val().size == 2 {
            self.size_mask.next = (!bits::<64>(0)) >> 32;
        }
        self.inside.next = self.address.permitted.val() && self.address.in_bounds.val();
        self.abort.next = self.address.permitted.val() && (!self.address.in_bounds.val());
        self.lane.next = self.address.place.val().lane;
        self.turn.next = bit_cast::<6, 3>(self.lane.val()) << 3;
        self.place.d.next = self.address.place.val();
        self.memory.read_address.next = self.address.place.val().word;
        self.access.d.next.read = self.inside.val() && (self.address.place.val().op == 1);
        self.access.d.next.add = self.inside.val() && (self.address.place.val().op == 2);
        self.access.d.next.write = self.inside.val() && (self.address.place.val().op == 3);
        self.access.d.next.host_read = false;
        self.operand.d.next = self.fetch_b.value.val() << bit_cast::<64, 6>(self.turn.val());
        self.mask.d.next = self.size_mask.val() << bit_cast::<64, 6>(self.turn.val());
        self.host_ready.next = self.host_request.val() && (!self.address.permitted.val());
        if !self.address.permitted.val() {
            self.memory.read_address.next = self.host_address.val();
            self.place.d.next.word = self.host_address.val();
            self.access.d.next.write = self.host_request.val() && self.host_write.val();
            self.access.d.next.host_read = self.host_request.val() && (!self.host_write.val());
            self.operand.d.next = self.host_wdata.val();
            self.mask.d.next = !bits::<64>(0);
        }

        // Third clock: the word is here, changed, and on its way back; the one before may have been it.
        self.old.next = self.memory.read_data.val();
        if self.last.q.val().write && (self.last.q.val().word == self.place.q.val().word) {
            self.old.next = self.last.q.val().value;
        }
        self.changed.next = self.operand.q.val();
        if self.access.q.val().add {
            self.changed.next = self.old.val() + self.operand.q.val();
        }
        self.merged.next = (self.old.val() & (!self.mask.q.val())) | (self.changed.val() & self.mask.q.val());
        self.changes.next = self.access.q.val().add || self.access.q.val().write;
        self.memory.write.next = self.changes.val();
        self.memory.write_address.next = self.place.q.val().word;
        self.memory.write_data.next = self.merged.val();
        self.last.d.next.write = self.changes.val();
        self.last.d.next.word = self.place.q.val().word;
        self.last.d.next.value = self.merged.val();
        self.written.next = self.last.q.val();
        self.write.next = self.access.q.val().read;
        self.dst.next = self.place.q.val().dst;
        self.value.clock.next = self.clock.val();
        self.value.word.next = self.old.val();
        self.value.place.next = self.place.q.val();
        self.host_found.d.next = self.access.q.val().host_read;

        // Fourth clock: what was read is taken out of its word.
        self.result.next = self.value.result.val();
        self.host_rvalid.next = self.host_found.q.val();
        self.host_rdata.next = self.value.whole.val();
    }
}
