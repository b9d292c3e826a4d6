// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Simple dual-port memory with a synchronous read port.

use super::{RamStyle, check_depth};
use rust_hdl::prelude::*;

/// One write port, one read port; `read_data` shows the word at what `read_address` was one clock ago.
///
/// A word that is read and written in one clock reads as it was before. `A` is the width of an address, `W` that of a
/// word; how many words there are is a run-time value.
#[derive(LogicBlock)]
pub struct SyncRam<const A: usize, const W: usize> {
    /// Clock of both ports.
    pub clock: Signal<In, Clock>,
    /// Whether a word is written.
    pub write: Signal<In, Bit>,
    /// Which.
    pub write_address: Signal<In, Bits<A>>,
    /// Its new value.
    pub write_data: Signal<In, Bits<W>>,
    /// Which word is read.
    pub read_address: Signal<In, Bits<A>>,
    /// Its value, one clock later.
    pub read_data: Signal<Out, Bits<W>>,
    _memory: Vec<Bits<W>>,
    _style: RamStyle,
}

impl<const A: usize, const W: usize> SyncRam<A, W> {
    /// A memory of `depth` words.
    pub fn new(depth: usize, style: RamStyle) -> Self {
        check_depth(depth, A);
        Self {
            clock: Default::default(),
            write: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _memory: vec![Bits::default(); depth],
            _style: style,
        }
    }
}

impl<const A: usize, const W: usize> Default for SyncRam<A, W> {
    fn default() -> Self {
        Self::new(1 << A, RamStyle::Any)
    }
}

impl<const A: usize, const W: usize> Logic for SyncRam<A, W> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if let Some(word) = self._memory.get(self.read_address.val().index()) {
                self.read_data.next = *word;
            }
            if self.write.val()
                && let Some(word) = self._memory.get_mut(self.write_address.val().index())
            {
                *word = self.write_data.val();
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "{style}reg [{top}:0] memory [0:{last}];\n\
             always @(posedge clock) begin\n   \
                if (write) memory[write_address] <= write_data;\n   \
                read_data <= memory[read_address];\n\
             end\n",
            style = self._style.attribute(),
            top = W - 1,
            last = self._memory.len() - 1,
        ))
    }
}
