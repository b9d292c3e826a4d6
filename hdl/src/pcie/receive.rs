// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From beats of the link's stream to dwords.

use rust_hdl::prelude::*;

/// Takes beats of `W` bits or `LANES` dwords, gives one dword a clock.
///
/// Every lane of a beat is there but in the last beat of a packet, there the lowest ones and at least one.
#[derive(LogicBlock, Default)]
pub struct TlpReceive<const W: usize, const LANES: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Dwords of a beat, the first lowest.
    pub beat_data: Signal<In, Bits<W>>,
    /// Which of them are there.
    pub beat_keep: Signal<In, Bits<LANES>>,
    /// Last beat of a packet.
    pub beat_last: Signal<In, Bit>,
    /// There is a beat.
    pub beat_valid: Signal<In, Bit>,
    /// It is taken.
    pub beat_ready: Signal<Out, Bit>,
    /// A dword.
    pub dword: Signal<Out, Bits<32>>,
    /// Last dword of a packet.
    pub last: Signal<Out, Bit>,
    /// There is a dword.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    data: DFF<Bits<W>>,
    keep: DFF<Bits<LANES>>,
    ends: DFF<Bit>,
    full: DFF<Bit>,
    rest: Signal<Local, Bits<LANES>>,
    emptied: Signal<Local, Bit>,
    take: Signal<Local, Bit>,
}

impl<const W: usize, const LANES: usize> Logic for TlpReceive<W, LANES> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, data, keep, ends, full);
        self.rest.next = self.keep.q.val() >> 1;
        self.dword.next = self.data.q.val().get_bits::<32>(0);
        self.valid.next = self.full.q.val();
        self.last.next = self.ends.q.val() && !self.rest.val().any();
        self.emptied.next = self.full.q.val() && self.ready.val() && !self.rest.val().any();
        self.beat_ready.next = !self.full.q.val() || self.emptied.val();
        self.take.next = self.beat_valid.val() && (!self.full.q.val() || self.emptied.val());
        if self.full.q.val() && self.ready.val() {
            self.data.d.next = self.data.q.val() >> 32;
            self.keep.d.next = self.rest.val();
        }
        if self.emptied.val() {
            self.full.d.next = false;
        }
        if self.take.val() {
            self.data.d.next = self.beat_data.val();
            self.keep.d.next = self.beat_keep.val();
            self.ends.d.next = self.beat_last.val();
            self.full.d.next = true;
        }
        if self.reset.val() {
            self.full.d.next = false;
        }
    }
}
