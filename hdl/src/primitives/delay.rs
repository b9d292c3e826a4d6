// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Delay line.

use rust_hdl::prelude::*;
use std::collections::VecDeque;
use std::fmt::Write;

/// `q` is what `d` was a run-time number of clocks ago; with none, `q` is `d`.
///
/// The line stays flip-flops, of which a packet that goes a long way round needs some on it; synthesis tools would
/// otherwise spend a look-up table for each bit.
#[derive(LogicBlock)]
pub struct Delay<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Into the line.
    pub d: Signal<In, Bits<W>>,
    /// Out of the line.
    pub q: Signal<Out, Bits<W>>,
    _line: VecDeque<Bits<W>>,
}

impl<const W: usize> Delay<W> {
    /// A line of `clocks` registers.
    pub fn new(clocks: usize) -> Self {
        Self {
            clock: Default::default(),
            d: Default::default(),
            q: Default::default(),
            _line: VecDeque::from(vec![Bits::default(); clocks]),
        }
    }
}

impl<const W: usize> Default for Delay<W> {
    fn default() -> Self {
        Self::new(1)
    }
}

impl<const W: usize> Logic for Delay<W> {
    fn update(&mut self) {
        if self._line.is_empty() {
            self.q.next = self.d.val();
        } else if self.clock.pos_edge() {
            self._line.push_front(self.d.val());
            self._line.truncate(self._line.len() - 1);
            self.q.next = self._line[self._line.len() - 1];
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let clocks = self._line.len();
        if clocks == 0 {
            return Verilog::Custom("always @(*) q = d;\n".into());
        }
        let mut names: Vec<String> = (1..clocks).map(|index| format!("line${index}")).collect();
        let mut text = String::new();
        for name in &names {
            let _ = writeln!(text, "(* keep, shreg_extract = \"no\" *) reg [{}:0] {name};", W - 1);
        }
        names.push("q".into());
        text.push_str("initial begin\n");
        for name in &names {
            let _ = writeln!(text, "   {name} = {W}'h0;");
        }
        text.push_str("end\nalways @(posedge clock) begin\n");
        let mut from = "d";
        for name in &names {
            let _ = writeln!(text, "   {name} <= {from};");
            from = name;
        }
        text.push_str("end\n");
        Verilog::Custom(text)
    }
}
