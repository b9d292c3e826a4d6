// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Arithmetic shift right.

use rust_hdl::prelude::*;

/// `o = a >> n` with copies of the sign bit shifted in.
#[derive(LogicBlock, Default)]
pub struct Sar64 {
    /// What is shifted.
    pub a: Signal<In, Bits<64>>,
    /// By how much.
    pub n: Signal<In, Bits<6>>,
    /// Result.
    pub o: Signal<Out, Bits<64>>,
}

impl Logic for Sar64 {
    fn update(&mut self) {
        self.o.next = (((self.a.val().to_u64() as i64) >> self.n.val().to_u8()) as u64).to_bits();
    }

    fn connect(&mut self) {
        self.o.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom("always @(*) o = $signed(a) >>> n;\n".into())
    }
}
