// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Compare unit: operands in the first clock of the stage, new predicates in the second.
//!
//! Relations are those of [`weir_pipeline::words::CmpOp`]; the numbers below are its codes. The truth tables are
//! halved by the predicate inputs in the first clock, so that the relation has only the last choice to make.

use super::operand::{OperandFetch, SourceFetch};
use super::words::CmpWord;
use rust_hdl::prelude::*;

/// One compare unit.
#[derive(LogicBlock, Default)]
pub struct Compare<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// What to do; first clock.
    pub word: Signal<In, CmpWord>,
    /// Registers on entry; first clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates on entry; first clock.
    pub predicates: Signal<In, Bits<16>>,
    /// What the load has read; second clock.
    pub load: Signal<In, Bits<64>>,
    /// Result of ALU 0; second clock.
    pub alu0: Signal<In, Bits<64>>,
    /// Result of ALU 1; second clock.
    pub alu1: Signal<In, Bits<64>>,
    /// Predicates that are written, bit 0 meaning none; second clock.
    pub written: Signal<Out, Bits<16>>,
    /// Their values; second clock.
    pub values: Signal<Out, Bits<16>>,
    held: DFF<CmpWord>,
    if_false0: DFF<Bit>,
    if_true0: DFF<Bit>,
    if_false1: DFF<Bit>,
    if_true1: DFF<Bit>,
    fetch_a: SourceFetch<RB>,
    fetch_b: OperandFetch<RB>,
    p1: Signal<Local, Bit>,
    p2: Signal<Local, Bit>,
    row: Signal<Local, Bits<2>>,
    table0: Signal<Local, Bits<8>>,
    table1: Signal<Local, Bits<8>>,
    false0: Signal<Local, Bits<4>>,
    false1: Signal<Local, Bits<4>>,
    true0: Signal<Local, Bits<4>>,
    true1: Signal<Local, Bits<4>>,
    is32: Signal<Local, Bit>,
    is_signed: Signal<Local, Bit>,
    a: Signal<Local, Bits<64>>,
    b: Signal<Local, Bits<64>>,
    a_low: Signal<Local, Bits<32>>,
    b_low: Signal<Local, Bits<32>>,
    a_high: Signal<Local, Bits<32>>,
    b_high: Signal<Local, Bits<32>>,
    flip_low: Signal<Local, Bits<32>>,
    flip_high: Signal<Local, Bits<32>>,
    less_low: Signal<Local, Bit>,
    less_high: Signal<Local, Bit>,
    equal_low: Signal<Local, Bit>,
    equal_high: Signal<Local, Bit>,
    less: Signal<Local, Bit>,
    equal: Signal<Local, Bit>,
    common: Signal<Local, Bit>,
    holds: Signal<Local, Bit>,
    bit0: Signal<Local, Bits<16>>,
    bit1: Signal<Local, Bits<16>>,
    value0: Signal<Local, Bits<16>>,
    value1: Signal<Local, Bits<16>>,
}

impl<const RB: usize> Logic for Compare<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        // First clock: operands, and the half of each truth table that the predicates leave.
        self.held.clock.next = self.clock.val();
        self.held.d.next = self.word.val();
        self.fetch_a.clock.next = self.clock.val();
        self.fetch_a.registers.next = self.registers.val();
        self.fetch_a.source.next = self.word.val().a;
        self.fetch_b.clock.next = self.clock.val();
        self.fetch_b.registers.next = self.registers.val();
        self.fetch_b.source.next = self.word.val().b;
        self.fetch_b.b_imm.next = self.word.val().b_imm;
        self.fetch_b.imm.next = self.word.val().imm;
        self.p1.next = self.predicates.val().get_bit(self.word.val().p1.index());
        self.p2.next = self.predicates.val().get_bit(self.word.val().p2.index());
        self.row.next = bits::<2>(0);
        if self.p1.val() && self.p2.val() {
            self.row.next = bits::<2>(3);
        } else if self.p2.val() {
            self.row.next = bits::<2>(2);
        } else if self.p1.val() {
            self.row.next = bits::<2>(1);
        }
        self.table0.next = self.word.val().table0;
        self.table1.next = self.word.val().table1;
        self.if_false0.clock.next = self.clock.val();
        self.if_true0.clock.next = self.clock.val();
        self.if_false1.clock.next = self.clock.val();
        self.if_true1.clock.next = self.clock.val();
        self.false0.next = self.table0.val().get_bits::<4>(0);
        self.false1.next = self.table1.val().get_bits::<4>(0);
        self.true0.next = self.table0.val().get_bits::<4>(4);
        self.true1.next = self.table1.val().get_bits::<4>(4);
        self.if_false0.d.next = self.false0.val().get_bit(self.row.val().index());
        self.if_false1.d.next = self.false1.val().get_bit(self.row.val().index());
        self.if_true0.d.next = self.true0.val().get_bit(self.row.val().index());
        self.if_true1.d.next = self.true1.val().get_bit(self.row.val().index());

        // Second clock: relation on halves, so that 32-bit comparisons need no other operands.
        self.is32.next = self.held.q.val().is32 == 1;
        self.is_signed.next = (self.held.q.val().op == 3) || (self.held.q.val().op == 4);
        self.a.next = self.fetch_a.value.val();
        if self.held.q.val().a == 16 {
            self.a.next = self.load.val();
        } else if self.held.q.val().a == 18 {
            self.a.next = self.alu0.val();
        } else if self.held.q.val().a == 19 {
            self.a.next = self.alu1.val();
        }
        self.b.next = self.fetch_b.value.val();
        if self.held.q.val().b_imm == 0 {
            if self.held.q.val().b == 16 {
                self.b.next = self.load.val();
            } else if self.held.q.val().b == 18 {
                self.b.next = self.alu0.val();
            } else if self.held.q.val().b == 19 {
                self.b.next = self.alu1.val();
            }
        }
        self.a_low.next = self.a.val().get_bits::<32>(0);
        self.b_low.next = self.b.val().get_bits::<32>(0);
        self.a_high.next = self.a.val().get_bits::<32>(32);
        self.b_high.next = self.b.val().get_bits::<32>(32);
        self.flip_low.next = bits::<32>(0);
        self.flip_high.next = bits::<32>(0);
        if self.is_signed.val() {
            if self.is32.val() {
                self.flip_low.next = bits::<32>(1) << 31;
            } else {
                self.flip_high.next = bits::<32>(1) << 31;
            }
        }
        self.less_low.next =
            (self.a_low.val() ^ self.flip_low.val()) < (self.b_low.val() ^ self.flip_low.val());
        self.less_high.next =
            (self.a_high.val() ^ self.flip_high.val()) < (self.b_high.val() ^ self.flip_high.val());
        self.equal_low.next = self.a_low.val() == self.b_low.val();
        self.equal_high.next = self.a_high.val() == self.b_high.val();
        self.less.next = self.less_low.val();
        self.equal.next = self.equal_low.val();
        self.common.next = (self.a_low.val() & self.b_low.val()).any();
        if !self.is32.val() {
            self.less.next = self.less_high.val() || (self.equal_high.val() && self.less_low.val());
            self.equal.next = self.equal_high.val() && self.equal_low.val();
            self.common.next = (self.a.val() & self.b.val()).any();
        }
        self.holds.next = self.common.val();
        if self.held.q.val().op == 0 {
            self.holds.next = self.equal.val();
        } else if (self.held.q.val().op == 1) || (self.held.q.val().op == 3) {
            self.holds.next = self.less.val();
        } else if (self.held.q.val().op == 2) || (self.held.q.val().op == 4) {
            self.holds.next = self.less.val() || self.equal.val();
        }

        // The second destination wins where both are one.
        self.bit0.next = bits::<16>(1) << bit_cast::<16, 4>(self.held.q.val().dst0);
        self.bit1.next = bits::<16>(1) << bit_cast::<16, 4>(self.held.q.val().dst1);
        self.value0.next = bits::<16>(0);
        self.value1.next = bits::<16>(0);
        if self.holds.val() {
            if self.if_true0.q.val() {
                self.value0.next = self.bit0.val();
            }
            if self.if_true1.q.val() {
                self.value1.next = self.bit1.val();
            }
        } else {
            if self.if_false0.q.val() {
                self.value0.next = self.bit0.val();
            }
            if self.if_false1.q.val() {
                self.value1.next = self.bit1.val();
            }
        }
        self.written.next = self.bit0.val() | self.bit1.val();
        self.values.next = (self.value0.val() & (!self.bit1.val())) | self.value1.val();
    }
}
