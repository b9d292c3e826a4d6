// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Shifter for both directions.

use rust_hdl::prelude::*;

/// `o` is `a` shifted left or right by `n` places; copies of `fill` come in from the left, zeros from the right.
///
/// Built as one rotation and a mask, which takes half the area of two shifters.
#[derive(LogicBlock, Default)]
pub struct Shift64 {
    /// What is shifted.
    pub a: Signal<In, Bits<64>>,
    /// By how much.
    pub n: Signal<In, Bits<6>>,
    /// To the left.
    pub left: Signal<In, Bit>,
    /// What comes in on a shift to the right.
    pub fill: Signal<In, Bit>,
    /// Result.
    pub o: Signal<Out, Bits<64>>,
}

impl Logic for Shift64 {
    fn update(&mut self) {
        let (a, n) = (self.a.val().to_u64(), self.n.val().to_u8());
        let fill = if self.fill.val() { !(u64::MAX >> n) } else { 0 };
        self.o.next = if self.left.val() { a << n } else { a >> n | fill }.to_bits();
    }

    fn connect(&mut self) {
        self.o.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "wire [5:0] turn;\n\
             wire [127:0] turned;\n\
             wire [63:0] low;\n\
             wire [63:0] kept;\n\
             assign turn = left ? 6'h0 - n : n;\n\
             assign turned = {a, a} >> turn;\n\
             assign low = 64'hffffffffffffffff >> turn;\n\
             assign kept = (left && turn != 6'h0) ? ~low : low;\n\
             always @(*) o = (turned[63:0] & kept) | ({64{fill & ~left}} & ~kept);\n"
                .into(),
        )
    }
}
