// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Compare unit: operands in the first clock of the stage, new predicates in the second.
//!
//! The truth tables are
//! halved by the predicate inputs in the first clock, so that the relation has only the last choice to make.

use super::operand::{OperandFetch, SourceFetch};
use super::words::CmpWord;
use crate::primitives::Relation;
use rust_hdl::prelude::*;

/// One compare unit.
#[derive(LogicBlock)]
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
    fetch_b: Vec<OperandFetch<RB>>,
    relation: Relation,
    imm: Signal<Local, Bits<32>>,
    p1: Signal<Local, Bit>,
    p2: Signal<Local, Bit>,
    row: Signal<Local, Bits<2>>,
    table0: Signal<Local, Bits<8>>,
    table1: Signal<Local, Bits<8>>,
    false0: Signal<Local, Bits<4>>,
    false1: Signal<Local, Bits<4>>,
    true0: Signal<Local, Bits<4>>,
    true1: Signal<Local, Bits<4>>,
    bit0: Signal<Local, Bits<16>>,
    bit1: Signal<Local, Bits<16>>,
    value0: Signal<Local, Bits<16>>,
    value1: Signal<Local, Bits<16>>,
}

impl<const RB: usize> Compare<RB> {
    /// For any second operand, or for constants only.
    pub fn new(constants_only: bool) -> Self {
        Self {
            clock: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            load: Default::default(),
            alu0: Default::default(),
            alu1: Default::default(),
            written: Default::default(),
            values: Default::default(),
            held: Default::default(),
            if_false0: Default::default(),
            if_true0: Default::default(),
            if_false1: Default::default(),
            if_true1: Default::default(),
            fetch_a: Default::default(),
            fetch_b: (0..usize::from(!constants_only)).map(|_| Default::default()).collect(),
            relation: Default::default(),
            imm: Default::default(),
            p1: Default::default(),
            p2: Default::default(),
            row: Default::default(),
            table0: Default::default(),
            table1: Default::default(),
            false0: Default::default(),
            false1: Default::default(),
            true0: Default::default(),
            true1: Default::default(),
            bit0: Default::default(),
            bit1: Default::default(),
            value0: Default::default(),
            value1: Default::default(),
        }
    }
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

        // Second clock: the relation, and what it leaves of the truth tables.
        self.relation.clock.next = self.clock.val();
        self.relation.op.next = self.word.val().op;
        self.relation.is32.next = self.word.val().is32;
        self.relation.a_source.next = self.word.val().a;
        self.relation.b_source.next = self.word.val().b;
        self.relation.b_imm.next = bits::<1>(1);
        self.relation.a.next = self.fetch_a.value.val();
        // Without a constant, that field of the word is zero.
        self.imm.next = self.held.q.val().imm;
        self.relation.b.next = bit_cast::<64, 32>(self.imm.val());
        if self.imm.val().get_bit(31) {
            self.relation.b.next = bit_cast::<64, 32>(self.imm.val()) | ((!bits::<64>(0)) << 32);
        }
        for i in 0..self.fetch_b.len() {
            self.fetch_b[i].clock.next = self.clock.val();
            self.fetch_b[i].registers.next = self.registers.val();
            self.fetch_b[i].source.next = self.word.val().b;
            self.fetch_b[i].b_imm.next = self.word.val().b_imm;
            self.fetch_b[i].imm.next = self.word.val().imm;
            self.relation.b_imm.next = self.word.val().b_imm;
            self.relation.b.next = self.fetch_b[i].value.val();
        }
        self.relation.load.next = self.load.val();
        self.relation.alu0.next = self.alu0.val();
        self.relation.alu1.next = self.alu1.val();

        // The second destination wins where both are one.
        self.bit0.next = bits::<16>(1) << bit_cast::<16, 4>(self.held.q.val().dst0);
        self.bit1.next = bits::<16>(1) << bit_cast::<16, 4>(self.held.q.val().dst1);
        self.value0.next = bits::<16>(0);
        self.value1.next = bits::<16>(0);
        if self.relation.holds.val() {
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
