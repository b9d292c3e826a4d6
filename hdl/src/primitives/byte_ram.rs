// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Simple dual-port memory with byte enables.

use super::{RamStyle, check_depth};
use rust_hdl::prelude::*;

/// As [`super::SyncRam`], with words of `B` bytes that are written one by one; `W` must be `8 * B`.
#[derive(LogicBlock)]
pub struct ByteRam<const A: usize, const B: usize, const W: usize> {
    /// Clock of both ports.
    pub clock: Signal<In, Clock>,
    /// Which bytes are written.
    pub write: Signal<In, Bits<B>>,
    /// In which word.
    pub write_address: Signal<In, Bits<A>>,
    /// Their new values.
    pub write_data: Signal<In, Bits<W>>,
    /// Which word is read.
    pub read_address: Signal<In, Bits<A>>,
    /// Its value, one clock later.
    pub read_data: Signal<Out, Bits<W>>,
    _memory: Vec<Bits<W>>,
    _style: RamStyle,
}

impl<const A: usize, const B: usize, const W: usize> ByteRam<A, B, W> {
    /// A memory of `depth` words.
    pub fn new(depth: usize, style: RamStyle) -> Self {
        check_depth(depth, A);
        assert_eq!(B * 8, W, "bytes and word differ in width");
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

impl<const A: usize, const B: usize, const W: usize> Default for ByteRam<A, B, W> {
    fn default() -> Self {
        Self::new(1 << A, RamStyle::Any)
    }
}

impl<const A: usize, const B: usize, const W: usize> Logic for ByteRam<A, B, W> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if let Some(word) = self._memory.get(self.read_address.val().index()) {
                self.read_data.next = *word;
            }
            if let Some(word) = self._memory.get_mut(self.write_address.val().index()) {
                for byte in (0..B).filter(|byte| self.write.val().get_bit(*byte)) {
                    word.set_bits(byte * 8, self.write_data.val().get_bits::<8>(byte * 8));
                }
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let writes: String = (0..B)
            .map(|byte| {
                let (top, low) = (byte * 8 + 7, byte * 8);
                format!(
                    "   if (write[{byte}]) memory[write_address][{top}:{low}] <= write_data[{top}:{low}];\n"
                )
            })
            .collect();
        Verilog::Custom(format!(
            "{style}reg [{top}:0] memory [0:{last}];\n\
             always @(posedge clock) begin\n\
             {writes}   \
                read_data <= memory[read_address];\n\
             end\n",
            style = self._style.attribute(),
            top = W - 1,
            last = self._memory.len() - 1,
        ))
    }
}
