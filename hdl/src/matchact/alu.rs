// SPDX-License-Identifier: Apache-2.0 OR MIT
//! ALU: operands in the first clock of the stage, result in the second.
//!
//! Operations are those of [`weir_pipeline::words::AluOp`]; the numbers below are its codes.

use super::operand::OperandFetch;
use super::words::AluWord;
use crate::primitives::Arithmetic;
use rust_hdl::prelude::*;

/// One ALU.
#[derive(LogicBlock)]
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
    fetch_a: OperandFetch<RB>,
    fetch_b: OperandFetch<RB>,
    arithmetic: Arithmetic,
    a_source: Signal<Local, Bits<5>>,
    a_imm: Signal<Local, Bits<1>>,
    first_of_one_operand: Vec<Constant<Bits<5>>>,
}

impl<const RB: usize> Alu<RB> {
    /// With or without a shifter.
    pub fn new(shifts: bool) -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            load: Default::default(),
            result: Default::default(),
            write: Default::default(),
            dst: Default::default(),
            fetch_a: Default::default(),
            fetch_b: Default::default(),
            arithmetic: Arithmetic::new(shifts),
            a_source: Default::default(),
            a_imm: Default::default(),
            first_of_one_operand: (0..usize::from(shifts)).map(|_| Constant::new(9u64.to_bits())).collect(),
        }
    }
}

impl<const RB: usize> Logic for Alu<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.write.next = self.active.val()
            && (self.predicates.val().get_bit(self.word.val().guard.index()) ^ (self.word.val().negate == 1));
        self.dst.next = self.word.val().dst;

        // Operations of one operand have it come as the first, mov adds zero to it.
        self.a_source.next = self.word.val().a;
        self.a_imm.next = bits::<1>(0);
        if self.word.val().op == 0 {
            self.a_source.next = bits::<5>(17);
        }
        for i in 0..self.first_of_one_operand.len() {
            if self.word.val().op >= self.first_of_one_operand[i].val() {
                self.a_source.next = self.word.val().b;
                self.a_imm.next = self.word.val().b_imm;
            }
        }
        self.fetch_a.clock.next = self.clock.val();
        self.fetch_a.registers.next = self.registers.val();
        self.fetch_a.source.next = self.a_source.val();
        self.fetch_a.b_imm.next = self.a_imm.val();
        self.fetch_a.imm.next = self.word.val().imm;
        self.fetch_b.clock.next = self.clock.val();
        self.fetch_b.registers.next = self.registers.val();
        self.fetch_b.source.next = self.word.val().b;
        self.fetch_b.b_imm.next = self.word.val().b_imm;
        self.fetch_b.imm.next = self.word.val().imm;

        self.arithmetic.clock.next = self.clock.val();
        self.arithmetic.op.next = self.word.val().op;
        self.arithmetic.is32.next = self.word.val().is32;
        self.arithmetic.a_is_load.next = (self.a_source.val() == 16) && (self.a_imm.val() == 0);
        self.arithmetic.b_is_load.next = (self.word.val().b == 16) && (self.word.val().b_imm == 0);
        self.arithmetic.a.next = self.fetch_a.value.val();
        self.arithmetic.b.next = self.fetch_b.value.val();
        self.arithmetic.load.next = self.load.val();
        self.result.next = self.arithmetic.result.val();
    }
}
