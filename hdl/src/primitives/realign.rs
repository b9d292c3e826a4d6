// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A word out of two that lie side by side.

use rust_hdl::prelude::*;

/// `o` is `W` bits of `{high, low}` from byte `from` of `low` on; `from` is below the bytes of a word.
///
/// Built as one choice per byte and one rotation, which takes less area than a shifter of twice the width.
#[derive(LogicBlock)]
pub struct Realign<const W: usize> {
    /// The lower word.
    pub low: Signal<In, Bits<W>>,
    /// The higher word.
    pub high: Signal<In, Bits<W>>,
    /// First byte that is taken.
    pub from: Signal<In, Bits<6>>,
    /// Result.
    pub o: Signal<Out, Bits<W>>,
}

impl<const W: usize> Default for Realign<W> {
    fn default() -> Self {
        assert!(W.is_multiple_of(8) && (W / 8).is_power_of_two() && W <= 512, "up to 64 bytes in a word");
        Self {
            low: Default::default(),
            high: Default::default(),
            from: Default::default(),
            o: Default::default(),
        }
    }
}

impl<const W: usize> Logic for Realign<W> {
    fn update(&mut self) {
        let (from, bytes) = (self.from.val().index(), W / 8);
        let mut word = Bits::<W>::default();
        for byte in 0..bytes {
            let at = from + byte;
            let source = if at < bytes { self.low.val() } else { self.high.val() };
            word.set_bits(byte * 8, source.get_bits::<8>(at % bytes * 8));
        }
        self.o.next = word;
    }

    fn connect(&mut self) {
        self.o.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "wire [{top}:0] of_low;\n\
             wire [{top}:0] chosen;\n\
             wire [{twice}:0] turned;\n\
             assign of_low = {{{W}{{1'b1}}}} << {{from, 3'h0}};\n\
             assign chosen = (low & of_low) | (high & ~of_low);\n\
             assign turned = {{chosen, chosen}} >> {{from, 3'h0}};\n\
             always @(*) o = turned[{top}:0];\n",
            top = W - 1,
            twice = 2 * W - 1,
        ))
    }
}
