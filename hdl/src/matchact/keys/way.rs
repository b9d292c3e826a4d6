// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A way of a key unit: a memory of buckets with room for one key each.
//!
//! The clocks are those of the unit: the bucket is read in clock 4, compared in clock 5, written in clock 6.

use crate::primitives::{HoldRam, RamStyle};
use rust_hdl::prelude::*;

/// A way.
#[derive(LogicBlock)]
pub struct KeyWay {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether there is an operation; clock 4.
    pub read: Signal<In, Bit>,
    /// Bucket in the unit; clock 4.
    pub address: Signal<In, Bits<16>>,
    /// Key that is looked for; clock 5.
    pub key: Signal<In, Bits<128>>,
    /// Whether the bucket holds a key; clock 5.
    pub occupied: Signal<Out, Bit>,
    /// Which; clock 5.
    pub held: Signal<Out, Bits<128>>,
    /// Whether it holds the key that is looked for; clock 6.
    pub hit: Signal<Out, Bit>,
    /// Whether it holds none; clock 6.
    pub empty: Signal<Out, Bit>,
    /// The bucket; clock 6.
    pub address6: Signal<Out, Bits<16>>,
    /// Writes it; clock 6.
    pub write: Signal<In, Bit>,
    /// Whether it then holds a key; clock 6.
    pub write_occupied: Signal<In, Bit>,
    /// Which; clock 6.
    pub write_key: Signal<In, Bits<128>>,
    memory: HoldRam<16, 129>,
    compared_address: DFF<Bits<16>>,
    written_address: DFF<Bits<16>>,
    is_hit: DFF<Bit>,
    is_empty: DFF<Bit>,
    holds: Signal<Local, Bit>,
    content: Signal<Local, Bits<128>>,
}

impl KeyWay {
    /// A way of so many buckets.
    pub fn new(buckets: u32) -> Self {
        Self {
            clock: Default::default(),
            read: Default::default(),
            address: Default::default(),
            key: Default::default(),
            occupied: Default::default(),
            held: Default::default(),
            hit: Default::default(),
            empty: Default::default(),
            address6: Default::default(),
            write: Default::default(),
            write_occupied: Default::default(),
            write_key: Default::default(),
            memory: HoldRam::new(buckets as usize, RamStyle::Block),
            compared_address: Default::default(),
            written_address: Default::default(),
            is_hit: Default::default(),
            is_empty: Default::default(),
            holds: Default::default(),
            content: Default::default(),
        }
    }
}

impl Logic for KeyWay {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, compared_address, written_address, is_hit, is_empty);
        self.memory.clock.next = self.clock.val();
        self.memory.clear.next = false;
        self.memory.read.next = self.read.val();
        self.memory.read_address.next = self.address.val();
        self.compared_address.d.next = self.address.val();

        self.holds.next = self.memory.read_data.val().get_bit(128);
        self.content.next = self.memory.read_data.val().get_bits::<128>(0);
        self.occupied.next = self.holds.val();
        self.held.next = self.content.val();
        self.is_hit.d.next = self.holds.val() && (self.content.val() == self.key.val());
        self.is_empty.d.next = !self.holds.val();
        self.written_address.d.next = self.compared_address.q.val();

        self.hit.next = self.is_hit.q.val();
        self.empty.next = self.is_empty.q.val();
        self.address6.next = self.written_address.q.val();
        self.memory.write.next = self.write.val();
        self.memory.write_address.next = self.written_address.q.val();
        self.memory.write_data.next = bit_cast::<129, 128>(self.write_key.val());
        if self.write_occupied.val() {
            self.memory.write_data.next =
                bit_cast::<129, 128>(self.write_key.val()) | (bits::<129>(1) << 128);
        }
    }
}
