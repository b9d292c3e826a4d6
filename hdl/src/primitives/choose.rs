// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Choice of a 64-bit part, into a register.

use rust_hdl::prelude::*;
use std::fmt::Write;

/// One clock later, `q` is part `part` of `i`, or `constant` where `is_constant` is set, or zero where `clear` is.
///
/// `RB` is a multiple of 64. Up to 15 parts, the constant takes the free input of a multiplexer of 16; of a part that
/// `i` does not have nothing is said. `clear` wins over `is_constant`: it is the reset of the register and takes no
/// logic.
#[derive(LogicBlock)]
pub struct Choose<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Parts, the lowest first.
    pub i: Signal<In, Bits<RB>>,
    /// Which part.
    pub part: Signal<In, Bits<4>>,
    /// What can stand instead of a part.
    pub constant: Signal<In, Bits<64>>,
    /// Whether it does.
    pub is_constant: Signal<In, Bit>,
    /// Whether it is zero instead.
    pub clear: Signal<In, Bit>,
    /// What was chosen.
    pub q: Signal<Out, Bits<64>>,
}

impl<const RB: usize> Default for Choose<RB> {
    fn default() -> Self {
        assert!(RB.is_multiple_of(64) && RB <= 1024, "at most 16 parts of 64 bits");
        Self {
            clock: Default::default(),
            i: Default::default(),
            part: Default::default(),
            constant: Default::default(),
            is_constant: Default::default(),
            clear: Default::default(),
            q: Default::default(),
        }
    }
}

impl<const RB: usize> Logic for Choose<RB> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let part = self.part.val().index();
            self.q.next = if self.clear.val() {
                Bits::default()
            } else if self.is_constant.val() || part >= RB / 64 {
                self.constant.val()
            } else {
                self.i.val().get_bits::<64>(part * 64)
            };
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let parts = RB / 64;
        let mut text = String::from("wire [3:0] choice;\nreg [63:0] chosen;\n");
        let free = parts < 16;
        let choice = if free { "is_constant ? 4'd15 : part" } else { "part" };
        let _ = writeln!(text, "assign choice = {choice};\nalways @(*) begin\n   case (choice)");
        for part in 0..parts {
            let _ = writeln!(text, "      4'd{part}: chosen = i[{}:{}];", part * 64 + 63, part * 64);
        }
        if free {
            text.push_str("      default: chosen = constant;\n");
        }
        let taken = if free { "chosen" } else { "is_constant ? constant : chosen" };
        let _ = write!(
            text,
            "   endcase\nend\ninitial q = 64'h0;\nalways @(posedge clock) begin\n   \
                if (clear) q <= 64'h0;\n   else q <= {taken};\nend\n"
        );
        Verilog::Custom(text)
    }
}
