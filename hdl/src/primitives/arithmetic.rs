// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The operations of an ALU.

use rust_hdl::prelude::*;
use std::fmt::Write;

/// An operation of [`weir_pipeline::words::AluOp`] on operands that come one clock after its code.
///
/// Operations of one operand (swaps and sign extensions) take `x`, all others `x` and `y`; for `mov`, `x` must be zero.
/// Sum, difference, and, or, xor and mov are one carry chain: `x & y = x - (x & ~y)`, `x | y = x + (y & ~x)`, and the
/// xor is what the chain computes before it carries. Shifts, swaps and sign extensions are one rotation of `x`, in
/// which the bytes that a swap needs are chosen on the way, and one mask. An instance without shifts has
/// neither, and gives zero for them.
#[derive(LogicBlock)]
pub struct Arithmetic {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Code of the operation; first clock.
    pub op: Signal<In, Bits<5>>,
    /// Works on low halves, the result zero-extended; first clock.
    pub is32: Signal<In, Bits<1>>,
    /// `load` is or-ed to `a`; first clock.
    pub a_is_load: Signal<In, Bit>,
    /// `load` is or-ed to `b`; first clock.
    pub b_is_load: Signal<In, Bit>,
    /// First operand; second clock, as is all below.
    pub a: Signal<In, Bits<64>>,
    /// Second operand.
    pub b: Signal<In, Bits<64>>,
    /// What may stand for an operand.
    pub load: Signal<In, Bits<64>>,
    /// Result.
    pub result: Signal<Out, Bits<64>>,
    _held: (u64, bool, bool, bool),
    _shifts: bool,
}

impl Arithmetic {
    /// With shifts, swaps and sign extensions, or without.
    pub fn new(shifts: bool) -> Self {
        Self {
            clock: Default::default(),
            op: Default::default(),
            is32: Default::default(),
            a_is_load: Default::default(),
            b_is_load: Default::default(),
            a: Default::default(),
            b: Default::default(),
            load: Default::default(),
            result: Default::default(),
            _held: Default::default(),
            _shifts: shifts,
        }
    }
}

impl Default for Arithmetic {
    fn default() -> Self {
        Self::new(true)
    }
}

fn compute(op: u64, is32: bool, x: u64, y: u64) -> u64 {
    let width = if is32 { 32 } else { 64 };
    let cut = |value: u64| if is32 { value & 0xffff_ffff } else { value };
    let places = y % width;
    let signed = if is32 { i64::from(x as u32 as i32) } else { x as i64 };
    cut(match op {
        0 | 1 => x.wrapping_add(y),
        2 => x.wrapping_sub(y),
        3 => x & y,
        4 => x | y,
        5 => x ^ y,
        6 => cut(x) << places,
        7 => cut(x) >> places,
        8 => (signed >> places) as u64,
        9 => (x as u16).swap_bytes().into(),
        10 => (x as u32).swap_bytes().into(),
        11 => cut(x).swap_bytes(),
        12 => i64::from(x as i8) as u64,
        13 => i64::from(x as i16) as u64,
        14 => i64::from(x as i32) as u64,
        _ => x,
    })
}

/// Rotation and mask; see the module.
const SHIFT: &str = "\
reg count, left, swap, extend;
reg [1:0] offset, sign;
reg [6:0] base;
initial begin
   {count, left, swap, extend, offset, sign} = 8'h80;
   base = 7'd64;
end
always @(posedge clock) begin
   count <= op < 5'd9;
   left <= op == 5'd6;
   swap <= op == 5'd9 || op == 5'd10 || op == 5'd11;
   offset <= (op == 5'd9) ? 2'd1 : (op == 5'd10) ? 2'd2 : 2'd0;
   extend <= op == 5'd8 || op >= 5'd12;
   sign <= (op == 5'd12) ? 2'd0 : (op == 5'd13) ? 2'd1 : (op == 5'd14 || is32) ? 2'd2 : 2'd3;
   base <= (op == 5'd12) ? 7'd8 : (op == 5'd9 || op == 5'd13) ? 7'd16
         : (op == 5'd10 || op == 5'd14) ? 7'd32 : (op == 5'd11 || !is32) ? 7'd64 : 7'd32;
end
wire [5:0] places, turn;
wire [6:0] limit;
wire fill;
assign places = count ? {y[5] & ~half, y[4:0]} : 6'd0;
assign turn = left ? 6'd0 - places : places;
assign limit = left ? {1'b0, places} : base - {1'b0, places};
assign fill = extend & ((sign == 2'd0) ? x[7] : (sign == 2'd1) ? x[15] : (sign == 2'd2) ? x[31] : x[63]);
wire [1:0] middle, last;
assign middle = swap ? 2'd2 : turn[3:2];
assign last = swap ? 2'd0 : turn[1:0];
wire [63:0] turned0, turned1, turned2;
";

/// The rotation, and what of it is kept, byte by byte.
fn lanes() -> String {
    let mut text = String::new();
    for (from, to, choice, step) in [("turned0", "turned1", "middle", 4), ("turned1", "turned2", "last", 1)] {
        text += &turn(from, to, choice, step, 0..64);
    }
    for lane in 0..8 {
        // A swap takes this byte from elsewhere, so that the turn by 8 that follows leaves it where it belongs.
        let choice = format!("first{lane}");
        let _ = writeln!(
            text,
            "wire [1:0] {choice};\nassign {choice} = swap ? offset - 2'd{} : turn[5:4];",
            lane % 4
        );
        text += &turn("x", "turned0", &choice, 16, lane * 8..lane * 8 + 8);
        // All of the byte is kept, or the part of it on one side of the limit.
        let _ = writeln!(
            text,
            "wire whole{lane}, part{lane};\n\
             assign whole{lane} = left ? (limit[6:3] < 4'd{lane}) : (limit[6:3] > 4'd{lane});\n\
             assign part{lane} = limit[6:3] == 4'd{lane};"
        );
        for place in 0..8 {
            let at = lane * 8 + place;
            let _ = writeln!(
                text,
                "assign shifted[{at}] = (whole{lane} | (part{lane} & (left ^ (limit[2:0] > 3'd{place})))) \
                 ? turned2[{at}] : fill;"
            );
        }
    }
    text
}

/// Turns to the right by 0 to 3 steps, a LUT6 for each bit. The choice between the two of a pair is an exclusive or, so
/// that neighbours have no pair in common: synthesis tools would build that from smaller pieces, twice as large.
fn turn(from: &str, to: &str, choice: &str, step: usize, places: std::ops::Range<usize>) -> String {
    let mut text = String::new();
    for place in places {
        let at = |steps| (place + steps * step) % 64;
        let _ = writeln!(
            text,
            "assign {to}[{place}] = {choice}[1] ? (^{choice} ? {from}[{}] : {from}[{}]) \
             : (^{choice} ? {from}[{}] : {from}[{place}]);",
            at(2),
            at(3),
            at(1)
        );
    }
    text
}

impl Logic for Arithmetic {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self._held =
                (self.op.val().to_u64(), self.is32.val().any(), self.a_is_load.val(), self.b_is_load.val());
        }
        let (op, is32, a_is_load, b_is_load) = self._held;
        let load = |taken| if taken { self.load.val().to_u64() } else { 0 };
        let (x, y) = (self.a.val().to_u64() | load(a_is_load), self.b.val().to_u64() | load(b_is_load));
        let there = self._shifts || op < 6;
        self.result.next = if there { compute(op, is32, x, y) } else { 0 }.to_bits();
    }

    fn connect(&mut self) {
        self.result.connect();
    }

    fn hdl(&self) -> Verilog {
        let shift =
            if self._shifts { SHIFT.to_owned() + &lanes() } else { "assign shifted = 64'h0;\n".into() };
        Verilog::Custom(format!(
            "\
reg x_load, y_load, half, carry;
reg [1:0] kind, low, high;
initial {{x_load, y_load, half, carry, kind, low, high}} = 10'h0;
always @(posedge clock) begin
   x_load <= a_is_load;
   y_load <= b_is_load;
   half <= is32;
   kind <= (op == 5'd2) ? 2'd1 : (op == 5'd4) ? 2'd2 : (op == 5'd3) ? 2'd3 : 2'd0;
   carry <= op == 5'd2 || op == 5'd3;
   low <= (op == 5'd5) ? 2'd1 : (op < 5'd6) ? 2'd0 : (op == 5'd11 && is32) ? 2'd3 : 2'd2;
   high <= is32 ? 2'd3 : (op == 5'd5) ? 2'd1 : (op < 5'd6) ? 2'd0 : 2'd2;
end
wire [63:0] x, y, addend, chain, sum, shifted;
wire [64:0] difference;
assign x = a | (load & {{64{{x_load}}}});
assign y = b | (load & {{64{{y_load}}}});
assign addend = (kind == 2'd0) ? y : (kind == 2'd1) ? ~y : (kind == 2'd2) ? (y & ~x) : (~x | y);
assign chain = x ^ addend;
// x + addend + carry, as a difference, whose operands stay in this order: x is then all that the carries take.
assign difference = {{x, 1'b0}} - {{~addend, ~carry}};
assign sum = difference[64:1];
{shift}\
wire [31:0] below, above;
assign below = (low == 2'd0) ? sum[31:0] : (low == 2'd1) ? chain[31:0] : (low == 2'd2) ? shifted[31:0] : 32'h0;
assign above = (high == 2'd0) ? sum[63:32] : (high == 2'd1) ? chain[63:32] : (high == 2'd2) ? shifted[63:32] : 32'h0;
always @(*) result = {{above, below}};
"
        ))
    }
}
