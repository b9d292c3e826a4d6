// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A bank of counters in memory.

use crate::primitives::{AsyncRam, RamStyle, SyncRam};
use rust_hdl::prelude::*;

/// `2^A` counters of 64 bits, of which one may count in each clock.
///
/// Counting reads, adds and writes within the clock; a copy of the memory with a read port of its own shows values.
/// After reset every counter is set to zero, one per clock; until then `ready` is false and nothing may be counted.
#[derive(LogicBlock)]
pub struct Counters<const A: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Sets all counters to zero.
    pub reset: Signal<In, Bit>,
    /// All counters are zero after reset.
    pub ready: Signal<Out, Bit>,
    /// Something is counted, ...
    pub count: Signal<In, Bit>,
    /// ... by this counter.
    pub index: Signal<In, Bits<A>>,
    /// Which counter is shown.
    pub read_index: Signal<In, Bits<A>>,
    /// Its value, one clock later.
    pub value: Signal<Out, Bits<64>>,
    /// Counters that are zero after reset.
    cleared: DFF<Bits<8>>,
    counters: Constant<Bits<8>>,
    clearing: Signal<Local, Bit>,
    write: Signal<Local, Bit>,
    address: Signal<Local, Bits<A>>,
    data: Signal<Local, Bits<64>>,
    live: AsyncRam<A, 64>,
    shown: SyncRam<A, 64>,
}

impl<const A: usize> Default for Counters<A> {
    fn default() -> Self {
        assert!(A < 8, "more than 128 counters");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            ready: Default::default(),
            count: Default::default(),
            index: Default::default(),
            read_index: Default::default(),
            value: Default::default(),
            cleared: Default::default(),
            counters: Constant::new((1_u32 << A).to_bits()),
            clearing: Default::default(),
            write: Default::default(),
            address: Default::default(),
            data: Default::default(),
            live: AsyncRam::default(),
            shown: SyncRam::new(1 << A, RamStyle::Block),
        }
    }
}

impl<const A: usize> Logic for Counters<A> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, cleared);
        self.clearing.next = self.cleared.q.val() != self.counters.val();
        self.ready.next = !self.clearing.val();
        self.live.read_address.next = self.index.val();
        self.write.next = self.count.val();
        self.address.next = self.index.val();
        self.data.next = self.live.read_data.val() + 1;
        if self.clearing.val() {
            self.cleared.d.next = self.cleared.q.val() + 1;
            self.write.next = true;
            self.address.next = self.cleared.q.val().get_bits::<A>(0);
            self.data.next = 0.into();
        }
        self.live.clock.next = self.clock.val();
        self.live.write.next = self.write.val();
        self.live.write_address.next = self.address.val();
        self.live.write_data.next = self.data.val();
        self.shown.clock.next = self.clock.val();
        self.shown.write.next = self.write.val();
        self.shown.write_address.next = self.address.val();
        self.shown.write_data.next = self.data.val();
        self.shown.read_address.next = self.read_index.val();
        self.value.next = self.shown.read_data.val();
        if self.reset.val() {
            self.cleared.d.next = 0.into();
        }
    }
}
