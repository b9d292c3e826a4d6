// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The relations of a compare unit.

use rust_hdl::prelude::*;

/// A relation of [`weir_pipeline::words::CmpOp`] between operands that come one clock after its code and their sources.
///
/// The sources are codes of [`weir_pipeline::words::Source`]: load and ALU results are inputs of their own, all others
/// are `a` and `b`. The order relations are one carry chain in two halves.
#[derive(LogicBlock, Default)]
pub struct Relation {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Code of the relation; first clock.
    pub op: Signal<In, Bits<3>>,
    /// Between low halves; first clock.
    pub is32: Signal<In, Bits<1>>,
    /// Source of the first operand; first clock.
    pub a_source: Signal<In, Bits<5>>,
    /// Source of the second operand; first clock.
    pub b_source: Signal<In, Bits<5>>,
    /// The second operand is `b`, whatever its source says; first clock.
    pub b_imm: Signal<In, Bits<1>>,
    /// First operand; second clock, as is all below.
    pub a: Signal<In, Bits<64>>,
    /// Second operand.
    pub b: Signal<In, Bits<64>>,
    /// What the load has read.
    pub load: Signal<In, Bits<64>>,
    /// Result of ALU 0.
    pub alu0: Signal<In, Bits<64>>,
    /// Result of ALU 1.
    pub alu1: Signal<In, Bits<64>>,
    /// Whether the relation holds.
    pub holds: Signal<Out, Bit>,
    _held: (u64, bool, u64, u64),
}

impl Logic for Relation {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            let b_source = if self.b_imm.val().any() { 0 } else { self.b_source.val().to_u64() };
            self._held =
                (self.op.val().to_u64(), self.is32.val().any(), self.a_source.val().to_u64(), b_source);
        }
        let (op, is32, a_source, b_source) = self._held;
        let choose = |source, other: Bits<64>| match source {
            16 => self.load.val().to_u64(),
            18 => self.alu0.val().to_u64(),
            19 => self.alu1.val().to_u64(),
            _ => other.to_u64(),
        };
        let (a, b) = (choose(a_source, self.a.val()), choose(b_source, self.b.val()));
        let (a, b) = if is32 { (a << 32, b << 32) } else { (a, b) };
        self.holds.next = match op {
            0 => a == b,
            1 => a < b,
            2 => a <= b,
            3 => (a as i64) < b as i64,
            4 => a as i64 <= b as i64,
            _ => a & b != 0,
        };
    }

    fn connect(&mut self) {
        self.holds.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "\
reg half, flip_low, flip_high, or_equal, take_equal, take_less;
reg [1:0] x_from, y_from;
initial {half, flip_low, flip_high, or_equal, take_equal, take_less, x_from, y_from} = 10'h20;
always @(posedge clock) begin
   half <= is32;
   flip_low <= is32 && (op == 3'd3 || op == 3'd4);
   flip_high <= !is32 && (op == 3'd3 || op == 3'd4);
   or_equal <= op == 3'd2 || op == 3'd4;
   take_equal <= op == 3'd0;
   take_less <= op >= 3'd1 && op <= 3'd4;
   x_from <= (a_source == 5'd16) ? 2'd1 : (a_source == 5'd18) ? 2'd2 : (a_source == 5'd19) ? 2'd3 : 2'd0;
   y_from <= b_imm ? 2'd0
      : (b_source == 5'd16) ? 2'd1 : (b_source == 5'd18) ? 2'd2 : (b_source == 5'd19) ? 2'd3 : 2'd0;
end
wire [63:0] x, y, apart, common;
wire [33:0] low, high;
wire equal, less, both;
assign x = x_from[1] ? (x_from[0] ? alu1 : alu0) : (x_from[0] ? load : a);
assign y = y_from[1] ? (y_from[0] ? alu1 : alu0) : (y_from[0] ? load : b);
// The lowest bit is the borrow that comes in.
assign low = {1'b0, x[31] ^ flip_low, x[30:0], 1'b0} - {1'b0, y[31] ^ flip_low, y[30:0], or_equal};
assign high = {1'b0, x[63] ^ flip_high, x[62:32], 1'b0} - {1'b0, y[63] ^ flip_high, y[62:32], low[33]};
assign less = half ? low[33] : high[33];
assign apart = x ^ y;
assign equal = !(|apart[31:0] || (|apart[63:32] && !half));
assign common = x & y;
assign both = |common[31:0] || (|common[63:32] && !half);
always @(*) holds = take_less ? less : take_equal ? equal : both;
"
            .into(),
        )
    }
}
