// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Register write-back at the end of a stage.

use crate::primitives::Pack;
use rust_hdl::prelude::*;

/// The registers with up to four of them replaced; the later in `alu0, alu1, load, late` wins.
#[derive(LogicBlock)]
pub struct WriteBack<const R: usize, const RB: usize> {
    /// Registers on entry.
    pub registers: Signal<In, Bits<RB>>,
    /// Whether ALU 0 writes.
    pub alu0_write: Signal<In, Bit>,
    /// Where.
    pub alu0_dst: Signal<In, Bits<4>>,
    /// What.
    pub alu0: Signal<In, Bits<64>>,
    /// Whether ALU 1 writes.
    pub alu1_write: Signal<In, Bit>,
    /// Where.
    pub alu1_dst: Signal<In, Bits<4>>,
    /// What.
    pub alu1: Signal<In, Bits<64>>,
    /// Whether the load writes.
    pub load_write: Signal<In, Bit>,
    /// Where.
    pub load_dst: Signal<In, Bits<4>>,
    /// What.
    pub load: Signal<In, Bits<64>>,
    /// Whether the late unit of the stage before writes.
    pub late_write: Signal<In, Bit>,
    /// Where.
    pub late_dst: Signal<In, Bits<4>>,
    /// What.
    pub late: Signal<In, Bits<64>>,
    /// Registers behind the stage.
    pub o: Signal<Out, Bits<RB>>,
    pack: Pack<R, 64, RB>,
    number: [Constant<Bits<4>>; R],
}

impl<const R: usize, const RB: usize> Default for WriteBack<R, RB> {
    fn default() -> Self {
        Self {
            registers: Default::default(),
            alu0_write: Default::default(),
            alu0_dst: Default::default(),
            alu0: Default::default(),
            alu1_write: Default::default(),
            alu1_dst: Default::default(),
            alu1: Default::default(),
            load_write: Default::default(),
            load_dst: Default::default(),
            load: Default::default(),
            late_write: Default::default(),
            late_dst: Default::default(),
            late: Default::default(),
            o: Default::default(),
            pack: Default::default(),
            number: std::array::from_fn(|register| Constant::new((register as u64).to_bits())),
        }
    }
}

impl<const R: usize, const RB: usize> Logic for WriteBack<R, RB> {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..R {
            self.pack.i[i].next = self.registers.val().get_bits::<64>(i * 64);
            if self.late_write.val() && (self.late_dst.val() == self.number[i].val()) {
                self.pack.i[i].next = self.late.val();
            } else if self.load_write.val() && (self.load_dst.val() == self.number[i].val()) {
                self.pack.i[i].next = self.load.val();
            } else if self.alu1_write.val() && (self.alu1_dst.val() == self.number[i].val()) {
                self.pack.i[i].next = self.alu1.val();
            } else if self.alu0_write.val() && (self.alu0_dst.val() == self.number[i].val()) {
                self.pack.i[i].next = self.alu0.val();
            }
        }
        self.o.next = self.pack.o.val();
    }
}
