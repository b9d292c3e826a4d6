// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Multiplier: operands in the first clock of its stage, product in the second clock of the next.

use super::operand::{OperandFetch, SourceFetch};
use super::words::LateWord;
use crate::primitives::{Delay, Multiply};
use rust_hdl::prelude::*;

/// The 64-bit multiplier of a stage.
#[derive(LogicBlock)]
pub struct Multiplier<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether a program runs here; first clock.
    pub active: Signal<In, Bit>,
    /// What to do; first clock.
    pub word: Signal<In, LateWord>,
    /// Registers on entry; first clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates on entry; first clock.
    pub predicates: Signal<In, Bits<16>>,
    /// Product; second clock of the next stage.
    pub result: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock of the next stage.
    pub write: Signal<Out, Bit>,
    /// To which; first clock of the next stage.
    pub dst: Signal<Out, Bits<4>>,
    fetch_a: SourceFetch<RB>,
    fetch_b: OperandFetch<RB>,
    is32: Delay<1>,
    product: Multiply<64>,
    product_is32: Delay<1>,
    permitted: Delay<1>,
    dst_line: Delay<4>,
    a_low: Signal<Local, Bits<32>>,
    b_low: Signal<Local, Bits<32>>,
    low: Signal<Local, Bits<32>>,
}

impl<const RB: usize> Default for Multiplier<RB> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            result: Default::default(),
            write: Default::default(),
            dst: Default::default(),
            fetch_a: Default::default(),
            fetch_b: Default::default(),
            is32: Delay::new(1),
            product: Multiply::new(2),
            product_is32: Delay::new(2),
            permitted: Delay::new(2),
            dst_line: Delay::new(2),
            a_low: Default::default(),
            b_low: Default::default(),
            low: Default::default(),
        }
    }
}

impl<const RB: usize> Logic for Multiplier<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.is32.clock.next = self.clock.val();
        self.product.clock.next = self.clock.val();
        self.product_is32.clock.next = self.clock.val();
        self.permitted.clock.next = self.clock.val();
        self.dst_line.clock.next = self.clock.val();
        self.fetch_a.clock.next = self.clock.val();
        self.fetch_a.registers.next = self.registers.val();
        self.fetch_a.source.next = self.word.val().a;
        self.fetch_b.clock.next = self.clock.val();
        self.fetch_b.registers.next = self.registers.val();
        self.fetch_b.source.next = self.word.val().b;
        self.fetch_b.b_imm.next = self.word.val().b_imm;
        self.fetch_b.imm.next = self.word.val().imm;
        self.is32.d.next = self.word.val().is32;
        self.dst_line.d.next = self.word.val().dst;
        self.permitted.d.next = bits::<1>(0);
        if (self.word.val().op == 4)
            && self.active.val()
            && (self.predicates.val().get_bit(self.word.val().guard.index()) ^ (self.word.val().negate == 1))
        {
            self.permitted.d.next = bits::<1>(1);
        }

        self.a_low.next = self.fetch_a.value.val().get_bits::<32>(0);
        self.b_low.next = self.fetch_b.value.val().get_bits::<32>(0);
        self.product.a.next = self.fetch_a.value.val();
        self.product.b.next = self.fetch_b.value.val();
        if self.is32.q.val().any() {
            self.product.a.next = bit_cast::<64, 32>(self.a_low.val());
            self.product.b.next = bit_cast::<64, 32>(self.b_low.val());
        }
        self.product_is32.d.next = self.is32.q.val();

        self.low.next = self.product.q.val().get_bits::<32>(0);
        self.result.next = self.product.q.val();
        if self.product_is32.q.val().any() {
            self.result.next = bit_cast::<64, 32>(self.low.val());
        }
        self.write.next = self.permitted.q.val().any();
        self.dst.next = self.dst_line.q.val();
    }
}
