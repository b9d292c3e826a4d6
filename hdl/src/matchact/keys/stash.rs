// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A position of the stash of a key unit: room for one key of one map, for each program slot.
//!
//! The clocks are those of the unit: the position is read in clock 3, compared in clocks 4 and 5, written in clock 6. All
//! maps of a slot share it, and operations on different maps may follow each other clock by clock; so what is written
//! from the time an operation reads until it is compared counts for it:
//! ```text
//! clock              3      4         5         6
//! this one           read   compare   compare   write
//! those before it    write  write     write           what they leave: nothing of this map, taken or empty
//! ```

use super::matches::Matches;
use crate::primitives::{HoldRam, RamStyle};
use rust_hdl::prelude::*;

/// A position.
#[derive(LogicBlock)]
pub struct StashPosition {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether there is an operation; clock 3.
    pub read: Signal<In, Bit>,
    /// Whether what it reads counts as zero; clock 3.
    pub clear: Signal<In, Bit>,
    /// Program slot; clock 3.
    pub slot: Signal<In, Bits<3>>,
    /// Map; clock 4.
    pub id: Signal<In, Bits<3>>,
    /// Key that is looked for; clock 4.
    pub key: Signal<In, Bits<128>>,
    /// Whether the position holds a key of the map; clock 4.
    pub occupied: Signal<Out, Bit>,
    /// Which; clock 4.
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
    memory: HoldRam<3, 132>,
    matches: Matches<132>,
    slot4: DFF<Bits<3>>,
    slot5: DFF<Bits<3>>,
    /// What was written a clock ago.
    before: DFF<Bit>,
    before_occupied: DFF<Bit>,
    before_slot: DFF<Bits<3>>,
    is_empty5: DFF<Bit>,
    is_stale5: DFF<Bit>,
    is_empty: DFF<Bit>,
    is_hit: DFF<Bit>,
    content: Signal<Local, Bits<132>>,
    holds: Signal<Local, Bit>,
    written3: Signal<Local, Bit>,
    written4: Signal<Local, Bit>,
    written5: Signal<Local, Bit>,
}

impl StashPosition {
    /// A position for so many program slots.
    pub fn new(slots: u32) -> Self {
        Self {
            clock: Default::default(),
            read: Default::default(),
            clear: Default::default(),
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
            memory: HoldRam::new(slots.max(2) as usize, RamStyle::Block),
            matches: Default::default(),
            slot4: Default::default(),
            slot5: Default::default(),
            before: Default::default(),
            before_occupied: Default::default(),
            before_slot: Default::default(),
            is_empty5: Default::default(),
            is_stale5: Default::default(),
            is_empty: Default::default(),
            is_hit: Default::default(),
            content: Default::default(),
            holds: Default::default(),
            written3: Default::default(),
            written4: Default::default(),
            written5: Default::default(),
        }
    }
}

impl Logic for StashPosition {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            slot4,
            slot5,
            before,
            before_occupied,
            before_slot,
            is_empty5,
            is_stale5,
            is_empty,
            is_hit
        );
        self.memory.clock.next = self.clock.val();
        self.memory.read.next = self.read.val();
        self.memory.clear.next = self.clear.val();
        self.memory.read_address.next = self.slot.val();
        self.slot4.d.next = self.slot.val();
        self.slot5.d.next = self.slot4.q.val();
        self.before.d.next = self.write.val();
        self.before_occupied.d.next = self.write_occupied.val();
        self.before_slot.d.next = self.write_slot.val();

        // Clock 4: what was read, and what was written then or is now.
        self.content.next = self.memory.read_data.val();
        self.holds.next = self.content.val().get_bit(131);
        self.occupied.next = self.holds.val() && (self.content.val().get_bits::<3>(128) == self.id.val());
        self.held.next = self.content.val().get_bits::<128>(0);
        self.matches.clock.next = self.clock.val();
        self.matches.a.next = self.content.val();
        self.matches.b.next = bit_cast::<132, 128>(self.key.val())
            | (bit_cast::<132, 3>(self.id.val()) << 128)
            | (bits::<132>(1) << 131);
        self.written3.next = self.before.q.val() && (self.before_slot.q.val() == self.slot4.q.val());
        self.written4.next = self.write.val() && (self.write_slot.val() == self.slot4.q.val());
        self.is_stale5.d.next = self.written3.val() || self.written4.val();
        self.is_empty5.d.next = !self.holds.val();
        if self.written4.val() {
            self.is_empty5.d.next = !self.write_occupied.val();
        } else if self.written3.val() {
            self.is_empty5.d.next = !self.before_occupied.q.val();
        }

        // Clock 5: what is written now.
        self.written5.next = self.write.val() && (self.write_slot.val() == self.slot5.q.val());
        self.is_hit.d.next = self.matches.equal.val() && (!self.is_stale5.q.val()) && (!self.written5.val());
        self.is_empty.d.next = self.is_empty5.q.val();
        if self.written5.val() {
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
