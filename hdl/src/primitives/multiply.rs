// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Pipelined multiplier.

use rust_hdl::prelude::*;
use std::collections::VecDeque;
use std::fmt::Write;

/// `q` is the low `W` bits of what `a * b` was a run-time number of clocks ago, at least one.
///
/// The registers stand behind the product; synthesis tools move them into it.
#[derive(LogicBlock)]
pub struct Multiply<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// First factor.
    pub a: Signal<In, Bits<W>>,
    /// Second factor.
    pub b: Signal<In, Bits<W>>,
    /// Product.
    pub q: Signal<Out, Bits<W>>,
    _line: VecDeque<Bits<W>>,
}

impl<const W: usize> Multiply<W> {
    /// A multiplier of `clocks` clocks.
    pub fn new(clocks: usize) -> Self {
        assert!(clocks > 0 && W <= 64, "a multiplier takes a clock or more and has at most 64 bits");
        Self {
            clock: Default::default(),
            a: Default::default(),
            b: Default::default(),
            q: Default::default(),
            _line: VecDeque::from(vec![Bits::default(); clocks]),
        }
    }
}

impl<const W: usize> Default for Multiply<W> {
    fn default() -> Self {
        Self::new(1)
    }
}

impl<const W: usize> Logic for Multiply<W> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let product = self.a.val().to_u64().wrapping_mul(self.b.val().to_u64());
            self._line.push_front((product & (u64::MAX >> (64 - W))).to_bits());
            self._line.truncate(self._line.len() - 1);
            self.q.next = self._line[self._line.len() - 1];
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut names: Vec<String> = (1..self._line.len()).map(|index| format!("product${index}")).collect();
        let mut text = String::new();
        for name in &names {
            let _ = writeln!(text, "reg [{}:0] {name};", W - 1);
        }
        names.push("q".into());
        text.push_str("initial begin\n");
        for name in &names {
            let _ = writeln!(text, "   {name} = {W}'h0;");
        }
        text.push_str("end\nalways @(posedge clock) begin\n");
        let mut from = "a * b";
        for name in &names {
            let _ = writeln!(text, "   {name} <= {from};");
            from = name;
        }
        text.push_str("end\n");
        Verilog::Custom(text)
    }
}
