// SPDX-License-Identifier: Apache-2.0 OR MIT
//! ALU: operands in the first clock of the stage, result in the second.
//!
//! Operations are those of [`weir_pipeline::words::AluOp`]; the numbers below are its codes.

use super::operand::{OperandFetch, SourceFetch};
use super::words::AluWord;
use crate::primitives::Shift64;
use rust_hdl::prelude::*;

/// One ALU.
#[derive(LogicBlock, Default)]
pub struct Alu<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether a program runs here; first clock.
    pub active: Signal<In, Bit>,
    /// What to do; first clock.
    pub word: Signal<In, AluWord>,
    /// Registers on entry; first clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates on entry; first clock.
    pub predicates: Signal<In, Bits<16>>,
    /// What the load has read; second clock.
    pub load: Signal<In, Bits<64>>,
    /// Result; second clock.
    pub result: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock.
    pub write: Signal<Out, Bit>,
    /// To which; first clock.
    pub dst: Signal<Out, Bits<4>>,
    held: DFF<AluWord>,
    a_is_load: DFF<Bit>,
    b_is_load: DFF<Bit>,
    fetch_a: SourceFetch<RB>,
    fetch_b: OperandFetch<RB>,
    shift: Shift64,
    arithmetic: Arithmetic,
    a: Signal<Local, Bits<64>>,
    b: Signal<Local, Bits<64>>,
    a_low: Signal<Local, Bits<32>>,
    b_low: Signal<Local, Bits<32>>,
    x: Signal<Local, Bits<64>>,
    y: Signal<Local, Bits<64>>,
    op: Signal<Local, Bits<5>>,
    is32: Signal<Local, Bit>,
    places: Signal<Local, Bits<6>>,
}

impl<const RB: usize> Logic for Alu<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        // First clock: operands and guard.
        self.held.clock.next = self.clock.val();
        self.held.d.next = self.word.val();
        self.write.next = self.active.val()
            && (self.predicates.val().get_bit(self.word.val().guard.index()) ^ (self.word.val().negate == 1));
        self.dst.next = self.word.val().dst;
        self.a_is_load.clock.next = self.clock.val();
        self.a_is_load.d.next = self.word.val().a == 16;
        self.b_is_load.clock.next = self.clock.val();
        self.b_is_load.d.next = (self.word.val().b == 16) && (self.word.val().b_imm == 0);
        self.fetch_a.clock.next = self.clock.val();
        self.fetch_a.registers.next = self.registers.val();
        self.fetch_a.source.next = self.word.val().a;
        self.fetch_b.clock.next = self.clock.val();
        self.fetch_b.registers.next = self.registers.val();
        self.fetch_b.source.next = self.word.val().b;
        self.fetch_b.b_imm.next = self.word.val().b_imm;
        self.fetch_b.imm.next = self.word.val().imm;

        // Second clock: 32-bit operations see low halves, zero-extended.
        self.op.next = self.held.q.val().op;
        self.is32.next = self.held.q.val().is32 == 1;
        self.a.next = self.fetch_a.value.val();
        if self.a_is_load.q.val() {
            self.a.next = self.load.val();
        }
        self.b.next = self.fetch_b.value.val();
        if self.b_is_load.q.val() {
            self.b.next = self.load.val();
        }
        self.a_low.next = self.a.val().get_bits::<32>(0);
        self.b_low.next = self.b.val().get_bits::<32>(0);
        self.x.next = self.a.val();
        self.y.next = self.b.val();
        self.places.next = self.b.val().get_bits::<6>(0);
        if self.is32.val() {
            self.x.next = bit_cast::<64, 32>(self.a_low.val());
            // arsh: the sign of the low half comes in from above.
            if (self.op.val() == 8) && self.a_low.val().get_bit(31) {
                self.x.next = bit_cast::<64, 32>(self.a_low.val()) | ((!bits::<64>(0)) << 32);
            }
            self.y.next = bit_cast::<64, 32>(self.b_low.val());
            self.places.next = self.b.val().get_bits::<6>(0) & 31;
        }
        self.shift.a.next = self.x.val();
        self.shift.n.next = self.places.val();
        self.shift.left.next = self.op.val() == 6;
        self.shift.fill.next = (self.op.val() == 8) && self.x.val().get_bit(63);
        self.arithmetic.op.next = self.held.q.val().op;
        self.arithmetic.is32.next = self.held.q.val().is32;
        self.arithmetic.x.next = self.x.val();
        self.arithmetic.y.next = self.y.val();
        self.arithmetic.shifted.next = self.shift.o.val();
        self.result.next = self.arithmetic.result.val();
    }
}

/// What an ALU computes: everything but the shifts themselves, and the choice.
#[derive(LogicBlock, Default)]
pub struct Arithmetic {
    /// Operation.
    pub op: Signal<In, Bits<5>>,
    /// The result is 32 bits, zero-extended.
    pub is32: Signal<In, Bits<1>>,
    /// First operand.
    pub x: Signal<In, Bits<64>>,
    /// Second operand.
    pub y: Signal<In, Bits<64>>,
    /// The first operand as shifted for this operation.
    pub shifted: Signal<In, Bits<64>>,
    /// Result.
    pub result: Signal<Out, Bits<64>>,
    swapped: Signal<Local, Bits<64>>,
    full: Signal<Local, Bits<64>>,
    low: Signal<Local, Bits<32>>,
}

impl Logic for Arithmetic {
    #[hdl_gen]
    fn update(&mut self) {
        self.swapped.next = (bit_cast::<64, 8>(self.y.val().get_bits::<8>(0)) << 56)
            | (bit_cast::<64, 8>(self.y.val().get_bits::<8>(8)) << 48)
            | (bit_cast::<64, 8>(self.y.val().get_bits::<8>(16)) << 40)
            | (bit_cast::<64, 8>(self.y.val().get_bits::<8>(24)) << 32)
            | (bit_cast::<64, 8>(self.y.val().get_bits::<8>(32)) << 24)
            | (bit_cast::<64, 8>(self.y.val().get_bits::<8>(40)) << 16)
            | (bit_cast::<64, 8>(self.y.val().get_bits::<8>(48)) << 8)
            | bit_cast::<64, 8>(self.y.val().get_bits::<8>(56));

        self.full.next = self.y.val();
        if self.op.val() == 1 {
            self.full.next = self.x.val() + self.y.val();
        } else if self.op.val() == 2 {
            self.full.next = self.x.val() - self.y.val();
        } else if self.op.val() == 3 {
            self.full.next = self.x.val() & self.y.val();
        } else if self.op.val() == 4 {
            self.full.next = self.x.val() | self.y.val();
        } else if self.op.val() == 5 {
            self.full.next = self.x.val() ^ self.y.val();
        } else if (self.op.val() == 6) || (self.op.val() == 7) || (self.op.val() == 8) {
            self.full.next = self.shifted.val();
        } else if self.op.val() == 9 {
            self.full.next = self.swapped.val() >> 48;
        } else if self.op.val() == 10 {
            self.full.next = self.swapped.val() >> 32;
        } else if self.op.val() == 11 {
            self.full.next = self.swapped.val();
        } else if self.op.val() == 12 {
            self.full.next = bit_cast::<64, 8>(self.y.val().get_bits::<8>(0));
            if self.y.val().get_bit(7) {
                self.full.next = bit_cast::<64, 8>(self.y.val().get_bits::<8>(0)) | ((!bits::<64>(0)) << 8);
            }
        } else if self.op.val() == 13 {
            self.full.next = bit_cast::<64, 16>(self.y.val().get_bits::<16>(0));
            if self.y.val().get_bit(15) {
                self.full.next =
                    bit_cast::<64, 16>(self.y.val().get_bits::<16>(0)) | ((!bits::<64>(0)) << 16);
            }
        } else if self.op.val() == 14 {
            self.full.next = bit_cast::<64, 32>(self.y.val().get_bits::<32>(0));
            if self.y.val().get_bit(31) {
                self.full.next =
                    bit_cast::<64, 32>(self.y.val().get_bits::<32>(0)) | ((!bits::<64>(0)) << 32);
            }
        }
        self.low.next = self.full.val().get_bits::<32>(0);
        self.result.next = self.full.val();
        if self.is32.val() == 1 {
            self.result.next = bit_cast::<64, 32>(self.low.val());
        }
    }
}
