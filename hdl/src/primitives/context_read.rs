// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Unaligned read of 8 bytes.

use rust_hdl::prelude::*;
use std::fmt::Write;

/// `data` is the 8 bytes of `memory` from byte `address` up, the lowest first; bytes beyond `memory` are zero.
///
/// One selection of a lane of 8 bytes per byte position, then one rotation. `MB` is a multiple of 64.
#[derive(LogicBlock)]
pub struct ContextRead<const MB: usize> {
    /// Memory, byte 0 lowest.
    pub memory: Signal<In, Bits<MB>>,
    /// Byte address.
    pub address: Signal<In, Bits<12>>,
    /// What is there.
    pub data: Signal<Out, Bits<64>>,
}

impl<const MB: usize> Default for ContextRead<MB> {
    fn default() -> Self {
        assert!(MB.is_multiple_of(64), "a context is made of lanes of 8 bytes");
        Self { memory: Default::default(), address: Default::default(), data: Default::default() }
    }
}

impl<const MB: usize> Logic for ContextRead<MB> {
    fn update(&mut self) {
        let context = self.memory.val();
        let address = self.address.val().index();
        let mut data = Bits::<64>::default();
        for byte in (0..8).filter(|byte| address + byte < MB / 8) {
            data.set_bits(byte * 8, context.get_bits::<8>((address + byte) * 8));
        }
        self.data.next = data;
    }

    fn connect(&mut self) {
        self.data.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut text = String::new();
        for byte in 0..8 {
            // Position `byte` of the next lane is meant where the access starts behind it.
            let behind = if byte < 7 { format!("address[2:0] > 3'd{byte}") } else { "1'b0".into() };
            let _ = writeln!(
                text,
                "wire [9:0] lane{byte};\nreg [7:0] byte{byte};\n\
                 assign lane{byte} = {{1'b0, address[11:3]}} + {{9'h0, {behind}}};\n\
                 always @(*) begin\n   case (lane{byte})"
            );
            for lane in 0..MB / 64 {
                let low = lane * 64 + byte * 8;
                let _ = writeln!(text, "      10'd{lane}: byte{byte} = memory[{}:{low}];", low + 7);
            }
            let _ = writeln!(text, "      default: byte{byte} = 8'h0;\n   endcase\nend");
        }
        text.push_str(
            "wire [63:0] row;\n\
             wire [127:0] turned;\n\
             assign row = {byte7, byte6, byte5, byte4, byte3, byte2, byte1, byte0};\n\
             assign turned = {row, row} >> {address[2:0], 3'h0};\n\
             always @(*) data = turned[63:0];\n",
        );
        Verilog::Custom(text)
    }
}
