// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Register with clock enable.

use rust_hdl::prelude::*;

/// A register that takes `d` on clocks where `enable` is set, and keeps its value on others.
#[derive(LogicBlock, Default)]
pub struct EnableRegister<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether `d` is taken.
    pub enable: Signal<In, Bit>,
    /// Next value.
    pub d: Signal<In, Bits<W>>,
    /// Value.
    pub q: Signal<Out, Bits<W>>,
}

impl<const W: usize> Logic for EnableRegister<W> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.enable.val() {
            self.q.next = self.d.val();
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "initial q = {W}'h0;\nalways @(posedge clock) begin\n   if (enable) q <= d;\nend\n"
        ))
    }
}
