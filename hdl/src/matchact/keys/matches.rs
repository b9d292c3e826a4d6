// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Whether a cell holds what is looked for, in two clocks.
//!
//! Three bits of each side are one LUT6, behind which stands a register: without it, synthesis tools balance the
//! comparison into twice as many.

use rust_hdl::prelude::*;

/// Compares `W` bits, a multiple of three.
#[derive(LogicBlock)]
pub struct Matches<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// One side.
    pub a: Signal<In, Bits<W>>,
    /// The other.
    pub b: Signal<In, Bits<W>>,
    /// Whether they were equal a clock ago.
    pub equal: Signal<Out, Bit>,
    same: Vec<DFF<Bit>>,
    same_below: Vec<Signal<Local, Bit>>,
}

impl<const W: usize> Default for Matches<W> {
    fn default() -> Self {
        assert!(W.is_multiple_of(3), "{W} bits are no multiple of three");
        Self {
            clock: Default::default(),
            a: Default::default(),
            b: Default::default(),
            equal: Default::default(),
            same: (0..W / 3).map(|_| Default::default()).collect(),
            same_below: (0..=W / 3).map(|_| Default::default()).collect(),
        }
    }
}

impl<const W: usize> Logic for Matches<W> {
    #[hdl_gen]
    fn update(&mut self) {
        self.same_below[0].next = true;
        self.equal.next = true;
        for i in 0..self.same.len() {
            self.same[i].clock.next = self.clock.val();
            self.same[i].d.next = self.a.val().get_bits::<3>(i * 3) == self.b.val().get_bits::<3>(i * 3);
            self.same_below[i + 1].next = self.same_below[i].val() && self.same[i].q.val();
            self.equal.next = self.same_below[i + 1].val();
        }
    }
}
