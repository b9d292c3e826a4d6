// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Operand fetch: what a unit works on in its second clock is chosen in the first.

use crate::primitives::Choose;
use rust_hdl::prelude::*;

/// A register by its source code, one clock later; zero for every other source.
#[derive(LogicBlock, Default)]
pub struct SourceFetch<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Registers on entry of the stage.
    pub registers: Signal<In, Bits<RB>>,
    /// Source code.
    pub source: Signal<In, Bits<5>>,
    /// Operand.
    pub value: Signal<Out, Bits<64>>,
    choose: Choose<RB>,
}

impl<const RB: usize> Logic for SourceFetch<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.choose.clock.next = self.clock.val();
        self.choose.i.next = self.registers.val();
        self.choose.part.next = self.source.val().get_bits::<4>(0);
        self.choose.constant.next = bits::<64>(0);
        self.choose.is_constant.next = false;
        self.choose.clear.next = self.source.val().get_bit(4);
        self.value.next = self.choose.q.val();
    }
}

/// A register or a sign-extended constant, one clock later; zero for every other source.
#[derive(LogicBlock, Default)]
pub struct OperandFetch<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Registers on entry of the stage.
    pub registers: Signal<In, Bits<RB>>,
    /// Source code.
    pub source: Signal<In, Bits<5>>,
    /// Whether it is the constant instead.
    pub b_imm: Signal<In, Bits<1>>,
    /// Constant.
    pub imm: Signal<In, Bits<32>>,
    /// Operand.
    pub value: Signal<Out, Bits<64>>,
    choose: Choose<RB>,
}

impl<const RB: usize> Logic for OperandFetch<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.choose.clock.next = self.clock.val();
        self.choose.i.next = self.registers.val();
        self.choose.part.next = self.source.val().get_bits::<4>(0);
        self.choose.constant.next = bit_cast::<64, 32>(self.imm.val());
        if self.imm.val().get_bit(31) {
            self.choose.constant.next = bit_cast::<64, 32>(self.imm.val()) | ((!bits::<64>(0)) << 32);
        }
        self.choose.is_constant.next = self.b_imm.val().any();
        self.choose.clear.next = self.source.val().get_bit(4) && (!self.b_imm.val().any());
        self.value.next = self.choose.q.val();
    }
}
