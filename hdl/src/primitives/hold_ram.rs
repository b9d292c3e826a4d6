// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Simple dual-port memory whose read port keeps its value until the next read and can read as zero.

use super::{RamStyle, check_depth};
use rust_hdl::prelude::*;
use std::fmt::Write;

/// One write port, one read port; after a clock with `read`, `read_data` shows the word at what `read_address` was
/// (or zero, if `clear` was set), and keeps it until the next clock with `read`.
///
/// This is what the output register of a block RAM does of itself, so it costs no logic. A word that is read and
/// written in one clock reads as it was before. `A` is the width of an address, `W` that of a word. The number of words
/// is a run-time value and a power of two; addresses are taken modulo it.
///
/// In block RAM, a memory of more than 512 words stands in columns that one block each is deep enough for, so that no
/// multiplexers stand behind it.
#[derive(LogicBlock)]
pub struct HoldRam<const A: usize, const W: usize> {
    /// Clock of both ports.
    pub clock: Signal<In, Clock>,
    /// Whether a word is written.
    pub write: Signal<In, Bit>,
    /// Which.
    pub write_address: Signal<In, Bits<A>>,
    /// Its new value.
    pub write_data: Signal<In, Bits<W>>,
    /// Whether a word is read.
    pub read: Signal<In, Bit>,
    /// Whether it is to read as zero.
    pub clear: Signal<In, Bit>,
    /// Which word is read.
    pub read_address: Signal<In, Bits<A>>,
    /// Its value, one clock later.
    pub read_data: Signal<Out, Bits<W>>,
    _memory: Vec<Bits<W>>,
    _style: RamStyle,
}

impl<const A: usize, const W: usize> HoldRam<A, W> {
    /// A memory of `depth` words.
    pub fn new(depth: usize, style: RamStyle) -> Self {
        check_depth(depth, A);
        assert!(depth.is_power_of_two() && depth > 1, "{depth} words are not a power of two");
        Self {
            clock: Default::default(),
            write: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read: Default::default(),
            clear: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _memory: vec![Bits::default(); depth],
            _style: style,
        }
    }
}

impl<const A: usize, const W: usize> Default for HoldRam<A, W> {
    fn default() -> Self {
        Self::new(1 << A, RamStyle::Any)
    }
}

impl<const A: usize, const W: usize> Logic for HoldRam<A, W> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let modulo = self._memory.len() - 1;
            if self.read.val() {
                self.read_data.next = if self.clear.val() {
                    Bits::default()
                } else {
                    self._memory[self.read_address.val().index() & modulo]
                };
            }
            if self.write.val() {
                self._memory[self.write_address.val().index() & modulo] = self.write_data.val();
            }
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._memory.len();
        let lane = lane_bits(depth, self._style).unwrap_or(W);
        let mut text = String::new();
        for (number, low) in (0..W).step_by(lane).enumerate() {
            let width = lane.min(W - low);
            let _ = write!(
                text,
                "{style}reg [{top}:0] memory{number} [0:{last}];\n\
                 always @(posedge clock) begin\n   \
                    if (write) memory{number}[write_address[{index}:0]] <= write_data[{high}:{low}];\n   \
                    if (read) begin\n      \
                       if (clear) read_data[{high}:{low}] <= {width}'h0;\n      \
                       else read_data[{high}:{low}] <= memory{number}[read_address[{index}:0]];\n   \
                    end\n\
                 end\n",
                style = self._style.attribute(),
                top = width - 1,
                high = low + width - 1,
                last = depth - 1,
                index = depth.ilog2() - 1,
            );
        }
        Verilog::Custom(text)
    }
}

/// Bits of a word to one block RAM of 36 Kibit, so that it is as deep as the memory and nothing has to be chosen from
/// several; `None` where one is wide enough for every word or not deep enough for any.
fn lane_bits(depth: usize, style: RamStyle) -> Option<usize> {
    let parity = if depth > 4096 { 0 } else { 4096 / depth };
    (style == RamStyle::Block && (513..=32768).contains(&depth)).then(|| 32768 / depth + parity)
}
