// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A position of the stash of a key unit: room for one key of one map, for each program slot.
//!
//! The clocks are those of the unit. All maps of a slot share a position, and operations on different maps may follow
//! each other clock by clock; so what is written in clock 6 counts for the operation that is compared at that time.

use crate::primitives::AsyncRam;
use rust_hdl::prelude::*;

/// A position.
#[derive(LogicBlock)]
pub struct StashPosition {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Program slot; clock 5.
    pub slot: Signal<In, Bits<3>>,
    /// Map; clock 5.
    pub id: Signal<In, Bits<3>>,
    /// Key that is looked for; clock 5.
    pub key: Signal<In, Bits<128>>,
    /// Whether the position holds a key of the map; clock 5.
    pub occupied: Signal<Out, Bit>,
    /// Which; clock 5.
    pub held: Signal<Out, Bits<128>>,
    /// Whether it holds the key that is looked for; clock 6.
    pub hit: Signal<Out, Bit>,
    /// Whether it holds none, of whatever map of the slot; clock 6.
    pub empty: Signal<Out, Bit>,
    /// Writes it; clock 6.
    pub write: Signal<In, Bit>,
    /// Whether it then holds a key; clock 6.
    pub write_occupied: Signal<In, Bit>,
    /// Of which slot; clock 6.
    pub write_slot: Signal<In, Bits<3>>,
    /// Of which map; clock 6.
    pub write_id: Signal<In, Bits<3>>,
    /// Which key; clock 6.
    pub write_key: Signal<In, Bits<128>>,
    memory: AsyncRam<3, 132>,
    is_hit: DFF<Bit>,
    is_empty: DFF<Bit>,
    content: Signal<Local, Bits<132>>,
    holds: Signal<Local, Bit>,
    of_map: Signal<Local, Bit>,
    changes: Signal<Local, Bit>,
}

impl StashPosition {
    /// A position for so many program slots.
    pub fn new(slots: u32) -> Self {
        Self {
            clock: Default::default(),
            slot: Default::default(),
            id: Default::default(),
            key: Default::default(),
            occupied: Default::default(),
            held: Default::default(),
            hit: Default::default(),
            empty: Default::default(),
            write: Default::default(),
            write_occupied: Default::default(),
            write_slot: Default::default(),
            write_id: Default::default(),
            write_key: Default::default(),
            memory: AsyncRam::new(slots as usize),
            is_hit: Default::default(),
            is_empty: Default::default(),
            content: Default::default(),
            holds: Default::default(),
            of_map: Default::default(),
            changes: Default::default(),
        }
    }
}

impl Logic for StashPosition {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, is_hit, is_empty);
        self.memory.clock.next = self.clock.val();
        self.memory.read_address.next = self.slot.val();
        self.content.next = self.memory.read_data.val();
        self.holds.next = self.content.val().get_bit(131);
        self.of_map.next = self.holds.val() && (self.content.val().get_bits::<3>(128) == self.id.val());
        self.occupied.next = self.of_map.val();
        self.held.next = self.content.val().get_bits::<128>(0);
        self.changes.next = self.write.val() && (self.write_slot.val() == self.slot.val());
        self.is_hit.d.next = self.of_map.val()
            && (self.content.val().get_bits::<128>(0) == self.key.val())
            && (!self.changes.val());
        self.is_empty.d.next = !self.holds.val();
        if self.changes.val() {
            self.is_empty.d.next = !self.write_occupied.val();
        }

        self.hit.next = self.is_hit.q.val();
        self.empty.next = self.is_empty.q.val();
        self.memory.write.next = self.write.val();
        self.memory.write_address.next = self.write_slot.val();
        self.memory.write_data.next =
            bit_cast::<132, 128>(self.write_key.val()) | (bit_cast::<132, 3>(self.write_id.val()) << 128);
        if self.write_occupied.val() {
            self.memory.write_data.next = bit_cast::<132, 128>(self.write_key.val())
                | (bit_cast::<132, 3>(self.write_id.val()) << 128)
                | (bits::<132>(1) << 131);
        }
    }
}
