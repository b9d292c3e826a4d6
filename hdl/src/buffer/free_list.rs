// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The free packet buffers.

use super::{BUFFER_BITS, TokenQueue};
use rust_hdl::prelude::*;

/// Hands out buffers and takes them back. Why none is lost or doubled: see the parent module.
///
/// Buffers that were never used since reset come first, counted up; so a reset needs no time to fill a memory.
#[derive(LogicBlock)]
pub struct FreeList {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Makes all buffers free.
    pub reset: Signal<In, Bit>,
    /// Whether a buffer is free.
    pub available: Signal<Out, Bit>,
    /// The one that is handed out next; it stays the same until it is taken.
    pub buffer: Signal<Out, Bits<BUFFER_BITS>>,
    /// Takes it; allowed only while `available`.
    pub take: Signal<In, Bit>,
    /// Whether a buffer comes back.
    pub give: Signal<In, Bit>,
    /// Which.
    pub give_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// How many are free.
    pub free: Signal<Out, Bits<11>>,
    used: TokenQueue<BUFFER_BITS>,
    never_used: DFF<Bits<11>>,
    buffers: Constant<Bits<11>>,
    fresh: Signal<Local, Bit>,
}

impl FreeList {
    /// A list of `buffers` buffers.
    pub fn new(buffers: u32) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            available: Default::default(),
            buffer: Default::default(),
            take: Default::default(),
            give: Default::default(),
            give_buffer: Default::default(),
            free: Default::default(),
            used: TokenQueue::new(buffers),
            never_used: Default::default(),
            buffers: Constant::new(buffers.to_bits()),
            fresh: Default::default(),
        }
    }
}

impl Logic for FreeList {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, never_used);
        self.used.clock.next = self.clock.val();
        self.used.reset.next = self.reset.val();
        self.used.push.next = self.give.val();
        self.used.push_data.next = self.give_buffer.val();
        self.fresh.next = self.never_used.q.val() != self.buffers.val();
        self.available.next = self.fresh.val() || self.used.valid.val();
        self.buffer.next = self.used.head.val();
        self.used.pop.next = self.take.val() && !self.fresh.val();
        if self.fresh.val() {
            self.buffer.next = self.never_used.q.val().get_bits::<10>(0);
            if self.take.val() {
                self.never_used.d.next = self.never_used.q.val() + 1;
            }
        }
        // Counted from what is there, not from what was taken and given: a lost buffer would show.
        self.free.next = self.buffers.val() - self.never_used.q.val() + self.used.entries.val();
        if self.reset.val() {
            self.never_used.d.next = 0.into();
        }
    }
}
