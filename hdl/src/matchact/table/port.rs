// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Lookup port: a copy of a table unit's memory at another stage, from which packets read.
//!
//! The table unit hands on what it writes, and the copy follows; nothing is forwarded here. So a read sees the writes
//! that were begun [`weir_pipeline::target::PORT_CLOCKS`] clocks before it or earlier, and the admission gap does the
//! rest. The host reaches the copy by way of the unit.

use super::super::words::LateWord;
use super::address::TableAddress;
use super::signals::{MapDescriptor, TablePlace, TableWrite};
use super::value::TableValue;
use crate::primitives::{RamStyle, SyncRam};
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// A lookup port.
#[derive(LogicBlock)]
pub struct TablePort<const RB: usize> {
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
    /// A guarded read beyond the map; second clock.
    pub abort: Signal<Out, Bit>,
    /// What a read has found; second clock of the next stage.
    pub result: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock of the next stage.
    pub write: Signal<Out, Bit>,
    /// To which; first clock of the next stage.
    pub dst: Signal<Out, Bits<4>>,
    /// Sets base and limit of a map.
    pub map_write: Signal<In, Bit>,
    /// To what.
    pub map: Signal<In, MapDescriptor>,
    /// What the table unit writes.
    pub written: Signal<In, TableWrite>,

    address: TableAddress<RB>,
    memory: SyncRam<17, 64>,
    place: DFF<TablePlace>,
    read: DFF<Bit>,
    value: TableValue,
    reads: Signal<Local, Bit>,
}

impl<const RB: usize> TablePort<RB> {
    /// A lookup port of `target`.
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
            map_write: Default::default(),
            map: Default::default(),
            written: Default::default(),
            address: TableAddress::new(target),
            memory: SyncRam::new(target.units.tables.words as usize, RamStyle::Block),
            place: Default::default(),
            read: Default::default(),
            value: Default::default(),
            reads: Default::default(),
        }
    }
}

impl<const RB: usize> Logic for TablePort<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.memory.clock.next = self.clock.val();
        self.place.clock.next = self.clock.val();
        self.read.clock.next = self.clock.val();

        // First two clocks.
        self.address.clock.next = self.clock.val();
        self.address.active.next = self.active.val();
        self.address.slot.next = self.slot.val();
        self.address.word.next = self.word.val();
        self.address.registers.next = self.registers.val();
        self.address.predicates.next = self.predicates.val();
        self.address.map_write.next = self.map_write.val();
        self.address.map.next = self.map.val();
        self.reads.next = self.address.permitted.val() && (self.address.place.val().op == 1);
        self.abort.next = self.reads.val() && (!self.address.in_bounds.val());
        self.memory.read_address.next = self.address.place.val().word;
        self.place.d.next = self.address.place.val();
        self.read.d.next = self.reads.val() && self.address.in_bounds.val();

        // Third and fourth.
        self.write.next = self.read.q.val();
        self.dst.next = self.place.q.val().dst;
        self.value.clock.next = self.clock.val();
        self.value.word.next = self.memory.read_data.val();
        self.value.place.next = self.place.q.val();
        self.result.next = self.value.result.val();

        self.memory.write.next = self.written.val().write;
        self.memory.write_address.next = self.written.val().word;
        self.memory.write_data.next = self.written.val().value;
    }
}
