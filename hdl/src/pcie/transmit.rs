// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From dwords to beats of the link's stream.

use rust_hdl::prelude::*;

/// Takes one dword a clock, gives beats of `W` bits or `LANES` dwords; a packet begins with a beat of its own.
#[derive(LogicBlock)]
pub struct TlpTransmit<const W: usize, const LANES: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A dword.
    pub dword: Signal<In, Bits<32>>,
    /// Last dword of a packet.
    pub last: Signal<In, Bit>,
    /// There is a dword.
    pub valid: Signal<In, Bit>,
    /// It is taken.
    pub ready: Signal<Out, Bit>,
    /// Dwords of a beat, the first lowest; those not kept are zero.
    pub beat_data: Signal<Out, Bits<W>>,
    /// Which of them are there: all but in the last beat, there the lowest ones.
    pub beat_keep: Signal<Out, Bits<LANES>>,
    /// Last beat of a packet.
    pub beat_last: Signal<Out, Bit>,
    /// There is a beat.
    pub beat_valid: Signal<Out, Bit>,
    /// It is taken.
    pub beat_ready: Signal<In, Bit>,
    data: DFF<Bits<W>>,
    keep: DFF<Bits<LANES>>,
    ends: DFF<Bit>,
    full: DFF<Bit>,
    /// Bits of the beat that are filled.
    filled: DFF<Bits<10>>,
    accept: Signal<Local, Bit>,
    held: Signal<Local, Bits<W>>,
    held_keep: Signal<Local, Bits<LANES>>,
    wide: Signal<Local, Bits<W>>,
    one: Constant<Bits<LANES>>,
    last_place: Constant<Bits<10>>,
}

impl<const W: usize, const LANES: usize> Default for TlpTransmit<W, LANES> {
    fn default() -> Self {
        assert!(W == 32 * LANES && LANES >= 2 && LANES <= 16, "{W} bits are not {LANES} dwords");
        Self {
            clock: Default::default(),
            reset: Default::default(),
            dword: Default::default(),
            last: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            beat_data: Default::default(),
            beat_keep: Default::default(),
            beat_last: Default::default(),
            beat_valid: Default::default(),
            beat_ready: Default::default(),
            data: Default::default(),
            keep: Default::default(),
            ends: Default::default(),
            full: Default::default(),
            filled: Default::default(),
            accept: Default::default(),
            held: Default::default(),
            held_keep: Default::default(),
            wide: Default::default(),
            one: Constant::new(1_usize.to_bits()),
            last_place: Constant::new((W - 32).to_bits()),
        }
    }
}

impl<const W: usize, const LANES: usize> Logic for TlpTransmit<W, LANES> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, data, keep, ends, full, filled);
        self.beat_data.next = self.data.q.val();
        self.beat_keep.next = self.keep.q.val();
        self.beat_last.next = self.ends.q.val();
        self.beat_valid.next = self.full.q.val();
        self.ready.next = !self.full.q.val() || self.beat_ready.val();
        self.accept.next = self.valid.val() && (!self.full.q.val() || self.beat_ready.val());
        // A beat that is taken leaves an empty one.
        self.held.next = self.data.q.val();
        self.held_keep.next = self.keep.q.val();
        if self.filled.q.val() == 0 {
            self.held.next = bits::<W>(0);
            self.held_keep.next = bits::<LANES>(0);
        }
        self.wide.next = bit_cast::<W, 32>(self.dword.val());
        if self.full.q.val() && self.beat_ready.val() {
            self.full.d.next = false;
        }
        if self.accept.val() {
            self.data.d.next = self.held.val() | (self.wide.val() << self.filled.q.val());
            self.keep.d.next = (self.held_keep.val() << 1) | self.one.val();
            self.ends.d.next = self.last.val();
            self.filled.d.next = self.filled.q.val() + 32;
            if self.last.val() || (self.filled.q.val() == self.last_place.val()) {
                self.full.d.next = true;
                self.filled.d.next = 0.into();
            }
        }
        if self.reset.val() {
            self.full.d.next = false;
            self.filled.d.next = 0.into();
        }
    }
}
