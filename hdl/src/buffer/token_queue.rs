// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Queue with a place for every packet buffer.

use crate::primitives::AsyncRam;
use rust_hdl::prelude::*;

/// Queue of `W`-bit entries, one place for each packet buffer.
///
/// Each entry stands for a buffer, and a buffer is in one place at a time: so there is always room and no `full`.
/// The head shows at once. `pop` is allowed only while `valid`.
#[derive(LogicBlock)]
pub struct TokenQueue<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Empties the queue.
    pub reset: Signal<In, Bit>,
    /// Whether an entry is added.
    pub push: Signal<In, Bit>,
    /// Which.
    pub push_data: Signal<In, Bits<W>>,
    /// Whether the head is removed.
    pub pop: Signal<In, Bit>,
    /// Whether there is a head.
    pub valid: Signal<Out, Bit>,
    /// The oldest entry.
    pub head: Signal<Out, Bits<W>>,
    /// How many there are.
    pub entries: Signal<Out, Bits<11>>,
    write_at: DFF<Bits<11>>,
    read_at: DFF<Bits<11>>,
    memory: AsyncRam<10, W>,
    /// Positions count modulo twice the places, so that full and empty differ.
    position_mask: Constant<Bits<11>>,
    place_mask: Constant<Bits<10>>,
}

impl<const W: usize> TokenQueue<W> {
    /// A queue of `places` entries, a power of two.
    pub fn new(places: u32) -> Self {
        assert!(places.is_power_of_two() && places <= 1024, "{places} places");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            push: Default::default(),
            push_data: Default::default(),
            pop: Default::default(),
            valid: Default::default(),
            head: Default::default(),
            entries: Default::default(),
            write_at: Default::default(),
            read_at: Default::default(),
            memory: AsyncRam::new(places as usize),
            position_mask: Constant::new((2 * places - 1).to_bits()),
            place_mask: Constant::new((places - 1).to_bits()),
        }
    }
}

impl<const W: usize> Logic for TokenQueue<W> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write_at, read_at);
        self.memory.clock.next = self.clock.val();
        self.memory.write.next = self.push.val();
        self.memory.write_address.next = self.write_at.q.val().get_bits::<10>(0) & self.place_mask.val();
        self.memory.write_data.next = self.push_data.val();
        self.memory.read_address.next = self.read_at.q.val().get_bits::<10>(0) & self.place_mask.val();
        self.head.next = self.memory.read_data.val();
        self.entries.next = (self.write_at.q.val() - self.read_at.q.val()) & self.position_mask.val();
        self.valid.next = self.write_at.q.val() != self.read_at.q.val();
        if self.push.val() {
            self.write_at.d.next = (self.write_at.q.val() + 1) & self.position_mask.val();
        }
        if self.pop.val() {
            self.read_at.d.next = (self.read_at.q.val() + 1) & self.position_mask.val();
        }
        if self.reset.val() {
            self.write_at.d.next = 0.into();
            self.read_at.d.next = 0.into();
        }
    }
}
