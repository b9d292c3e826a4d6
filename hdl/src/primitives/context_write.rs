// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Unaligned write of up to 8 bytes.

use rust_hdl::prelude::*;
use std::fmt::Write;

/// `o` is `memory` with byte `address + i` taken from byte `i` of `data` where bit `i` of `bytes` is set.
///
/// Bytes beyond `memory` are lost. One rotation, then per lane of 8 bytes the choice between old and new. `MB` is a
/// multiple of 64.
#[derive(LogicBlock)]
pub struct ContextWrite<const MB: usize> {
    /// Memory, byte 0 lowest.
    pub memory: Signal<In, Bits<MB>>,
    /// Byte address.
    pub address: Signal<In, Bits<12>>,
    /// What is written, the lowest byte first.
    pub data: Signal<In, Bits<64>>,
    /// Which of its bytes.
    pub bytes: Signal<In, Bits<8>>,
    /// Memory after the write.
    pub o: Signal<Out, Bits<MB>>,
}

impl<const MB: usize> Default for ContextWrite<MB> {
    fn default() -> Self {
        assert!(MB.is_multiple_of(64), "a context is made of lanes of 8 bytes");
        Self {
            memory: Default::default(),
            address: Default::default(),
            data: Default::default(),
            bytes: Default::default(),
            o: Default::default(),
        }
    }
}

impl<const MB: usize> Logic for ContextWrite<MB> {
    fn update(&mut self) {
        let mut context = self.memory.val();
        let address = self.address.val().index();
        for byte in (0..8).filter(|byte| self.bytes.val().get_bit(*byte) && address + byte < MB / 8) {
            context.set_bits((address + byte) * 8, self.data.val().get_bits::<8>(byte * 8));
        }
        self.o.next = context;
    }

    fn connect(&mut self) {
        self.o.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut text = String::from(
            "wire [127:0] turned;\n\
             wire [63:0] row;\n\
             wire [15:0] spread;\n\
             wire [63:0] here;\n\
             wire [63:0] next;\n\
             assign turned = {data, data} << {address[2:0], 3'h0};\n\
             assign row = turned[127:64];\n\
             assign spread = {8'h0, bytes} << address[2:0];\n",
        );
        for (name, from) in [("here", 0), ("next", 8)] {
            let masks: Vec<String> =
                (from..from + 8).rev().map(|i| format!("{{8{{spread[{i}]}}}}")).collect();
            let _ = writeln!(text, "assign {name} = {{{}}};", masks.join(", "));
        }
        let mut lanes = Vec::new();
        for lane in 0..MB / 64 {
            let (low, top) = (lane * 64, lane * 64 + 63);
            let before = match lane {
                0 => String::new(),
                _ => format!(" :\n   (address[11:3] == 9'd{}) ? next", lane - 1),
            };
            let _ = writeln!(
                text,
                "wire [63:0] mask{lane};\nwire [63:0] lane{lane};\n\
                 assign mask{lane} = (address[11:3] == 9'd{lane}) ? here{before} : 64'h0;\n\
                 assign lane{lane} = (memory[{top}:{low}] & ~mask{lane}) | (row & mask{lane});"
            );
            lanes.push(format!("lane{lane}"));
        }
        lanes.reverse();
        let _ = writeln!(text, "always @(*) o = {{{}}};", lanes.join(", "));
        Verilog::Custom(text)
    }
}
