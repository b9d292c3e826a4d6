// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A way of a key unit: a memory of buckets with room for one key each.
//!
//! The clocks are those of the unit: the bucket is read in clock 3, compared in clocks 4 and 5, written in clock 6.

use super::matches::Matches;
use crate::primitives::{Delay, HoldRam, RamStyle};
use rust_hdl::prelude::*;

/// A way.
#[derive(LogicBlock)]
pub struct KeyWay {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether there is an operation; clock 3.
    pub read: Signal<In, Bit>,
    /// Whether what it reads counts as zero; clock 3.
    pub clear: Signal<In, Bit>,
    /// Bucket in the unit; clock 3.
    pub address: Signal<In, Bits<16>>,
    /// Key that is looked for; clock 4.
    pub key: Signal<In, Bits<128>>,
    /// Whether the bucket holds a key; clock 4.
    pub occupied: Signal<Out, Bit>,
    /// Which; clock 4.
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
    address_line: Delay<16>,
    matches: Matches<129>,
    is_empty5: DFF<Bit>,
    is_empty: DFF<Bit>,
    is_hit: DFF<Bit>,
    holds: Signal<Local, Bit>,
    content: Signal<Local, Bits<129>>,
}

impl KeyWay {
    /// A way of so many buckets.
    pub fn new(buckets: u32) -> Self {
        Self {
            clock: Default::default(),
            read: Default::default(),
            clear: Default::default(),
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
            address_line: Delay::new(3),
            matches: Default::default(),
            is_empty5: Default::default(),
            is_empty: Default::default(),
            is_hit: Default::default(),
            holds: Default::default(),
            content: Default::default(),
        }
    }
}

impl Logic for KeyWay {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, is_empty5, is_empty, is_hit);
        self.memory.clock.next = self.clock.val();
        self.address_line.clock.next = self.clock.val();
        self.matches.clock.next = self.clock.val();
        self.memory.clear.next = self.clear.val();
        self.memory.read.next = self.read.val();
        self.memory.read_address.next = self.address.val();
        self.address_line.d.next = self.address.val();

        self.content.next = self.memory.read_data.val();
        self.holds.next = self.content.val().get_bit(128);
        self.occupied.next = self.holds.val();
        self.held.next = self.content.val().get_bits::<128>(0);
        self.matches.a.next = self.content.val();
        self.matches.b.next = bit_cast::<129, 128>(self.key.val()) | (bits::<129>(1) << 128);
        self.is_empty5.d.next = !self.holds.val();
        self.is_empty.d.next = self.is_empty5.q.val();
        self.is_hit.d.next = self.matches.equal.val();

        self.hit.next = self.is_hit.q.val();
        self.empty.next = self.is_empty.q.val();
        self.address6.next = self.address_line.q.val();
        self.memory.write.next = self.write.val();
        self.memory.write_address.next = self.address_line.q.val();
        self.memory.write_data.next = bit_cast::<129, 128>(self.write_key.val());
        if self.write_occupied.val() {
            self.memory.write_data.next =
                bit_cast::<129, 128>(self.write_key.val()) | (bits::<129>(1) << 128);
        }
    }
}
