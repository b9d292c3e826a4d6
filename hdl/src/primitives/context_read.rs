// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Unaligned read of up to 8 bytes.

use rust_hdl::prelude::*;
use std::fmt::Write;

/// One clock later, `data` is the `1 << size` bytes of `memory` from byte `address` up, the lowest first; bytes beyond
/// `memory` and beyond the size are zero.
///
/// One selection of a lane of 8 bytes per byte position, then one rotation; what is zero is a reset of the register.
/// `MB` is a multiple of 64.
#[derive(LogicBlock)]
pub struct ContextRead<const MB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Memory, byte 0 lowest.
    pub memory: Signal<In, Bits<MB>>,
    /// Byte address.
    pub address: Signal<In, Bits<12>>,
    /// Binary logarithm of the number of bytes.
    pub size: Signal<In, Bits<2>>,
    /// What is there.
    pub data: Signal<Out, Bits<64>>,
}

impl<const MB: usize> Default for ContextRead<MB> {
    fn default() -> Self {
        assert!(MB.is_multiple_of(64), "a context is made of lanes of 8 bytes");
        Self {
            clock: Default::default(),
            memory: Default::default(),
            address: Default::default(),
            size: Default::default(),
            data: Default::default(),
        }
    }
}

impl<const MB: usize> Logic for ContextRead<MB> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let context = self.memory.val();
            let address = self.address.val().index();
            let bytes = 1 << self.size.val().index();
            let mut data = Bits::<64>::default();
            for byte in (0..bytes).filter(|byte| address + byte < MB / 8) {
                data.set_bits(byte * 8, context.get_bits::<8>((address + byte) * 8));
            }
            self.data.next = data;
        }
    }

    fn connect(&mut self) {
        self.data.connect();
    }

    fn hdl(&self) -> Verilog {
        let lanes = MB / 64;
        // A lane number beyond the last is never asked for but where the byte is cleared.
        let bits = (lanes - 1).max(1).ilog2() + 1;
        let top = bits + 2;
        let mut text =
            format!("wire [{0}:0] behind;\nassign behind = address[{top}:3] + {bits}'d1;\n", bits - 1);
        for byte in 0..8 {
            // Position `byte` of the next lane is meant where the access starts behind it.
            let lane = if byte < 7 {
                format!("(address[2:0] > 3'd{byte}) ? behind : address[{top}:3]")
            } else {
                format!("address[{top}:3]")
            };
            let _ = writeln!(
                text,
                "wire [{}:0] lane{byte};\nreg [7:0] byte{byte};\nassign lane{byte} = {lane};\n\
                 always @(*) begin\n   case (lane{byte})",
                bits - 1
            );
            for lane in 0..lanes {
                let low = lane * 64 + byte * 8;
                let which = if lane + 1 < lanes { format!("{bits}'d{lane}") } else { "default".into() };
                let _ = writeln!(text, "      {which}: byte{byte} = memory[{}:{low}];", low + 7);
            }
            text.push_str("   endcase\nend\n");
        }
        for byte in 0..8 {
            let _ = writeln!(text, "reg [7:0] turned{byte};\nalways @(*) begin\n   case (address[2:0])");
            for start in 0..8 {
                let which = if start < 7 { format!("3'd{start}") } else { "default".into() };
                let _ = writeln!(text, "      {which}: turned{byte} = byte{};", (byte + start) % 8);
            }
            let beyond = match byte {
                0 => String::new(),
                1 => " || size == 2'd0".into(),
                2 | 3 => " || !size[1]".into(),
                _ => " || size != 2'd3".into(),
            };
            let _ = writeln!(
                text,
                "   endcase\nend\nreg [7:0] kept{byte};\ninitial kept{byte} = 8'h0;\n\
                 always @(posedge clock) begin\n   \
                    if (address > 12'd{last}{beyond}) kept{byte} <= 8'h0;\n   \
                    else kept{byte} <= turned{byte};\nend",
                last = MB / 8 - 1 - byte,
            );
        }
        text.push_str("always @(*) data = {kept7, kept6, kept5, kept4, kept3, kept2, kept1, kept0};\n");
        Verilog::Custom(text)
    }
}
