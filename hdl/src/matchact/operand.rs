// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Operand fetch: what a unit works on in its second clock is chosen in the first.

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
    at: Signal<Local, Bits<10>>,
    operand: DFF<Bits<64>>,
}

impl<const RB: usize> Logic for SourceFetch<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.operand.clock.next = self.clock.val();
        self.at.next = bit_cast::<10, 5>(self.source.val()) << 6;
        self.operand.d.next = self.registers.val().get_bits::<64>(self.at.val().index());
        if self.source.val().get_bit(4) {
            self.operand.d.next = bits::<64>(0);
        }
        self.value.next = self.operand.q.val();
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
    at: Signal<Local, Bits<10>>,
    operand: DFF<Bits<64>>,
}

impl<const RB: usize> Logic for OperandFetch<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.operand.clock.next = self.clock.val();
        self.at.next = bit_cast::<10, 5>(self.source.val()) << 6;
        self.operand.d.next = self.registers.val().get_bits::<64>(self.at.val().index());
        if self.source.val().get_bit(4) {
            self.operand.d.next = bits::<64>(0);
        }
        if self.b_imm.val().any() {
            self.operand.d.next = bit_cast::<64, 32>(self.imm.val());
            if self.imm.val().get_bit(31) {
                self.operand.d.next = bit_cast::<64, 32>(self.imm.val()) | ((!bits::<64>(0)) << 32);
            }
        }
        self.value.next = self.operand.q.val();
    }
}
