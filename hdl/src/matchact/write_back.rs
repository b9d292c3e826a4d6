// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Register write-back at the end of a stage.
//!
//! Who writes which register is known in the first clock and kept as one choice per register: what is left for the
//! second clock, in which the values come, is a selection of one in four, which is one LUT6 for each bit. Load and late result share one of the four: where a late
//! result is written, the stage word has no load that writes.

use crate::primitives::Pack;
use rust_hdl::prelude::*;

/// The registers with up to four of them replaced; the later in `alu0, alu1, load, late` wins.
#[derive(LogicBlock)]
pub struct WriteBack<const R: usize, const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Registers on entry; second clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Whether ALU 0 writes; first clock.
    pub alu0_write: Signal<In, Bit>,
    /// Where; first clock.
    pub alu0_dst: Signal<In, Bits<4>>,
    /// What; second clock.
    pub alu0: Signal<In, Bits<64>>,
    /// Whether ALU 1 writes; first clock.
    pub alu1_write: Signal<In, Bit>,
    /// Where; first clock.
    pub alu1_dst: Signal<In, Bits<4>>,
    /// What; second clock.
    pub alu1: Signal<In, Bits<64>>,
    /// Whether the load writes; first clock.
    pub load_write: Signal<In, Bit>,
    /// Where; first clock.
    pub load_dst: Signal<In, Bits<4>>,
    /// What; second clock.
    pub load: Signal<In, Bits<64>>,
    /// Whether the late unit of the stage before writes; first clock.
    pub late_write: Signal<In, Bit>,
    /// Where; first clock.
    pub late_dst: Signal<In, Bits<4>>,
    /// What; second clock.
    pub late: Signal<In, Bits<64>>,
    /// Registers behind the stage; second clock.
    pub o: Signal<Out, Bits<RB>>,
    pack: Pack<R, 64, RB>,
    choice: [DFF<Bits<2>>; R],
    late_taken: Vec<DFF<Bit>>,
    shared: Signal<Local, Bits<64>>,
    shared_write: Signal<Local, Bit>,
    shared_dst: Signal<Local, Bits<4>>,
    number: [Constant<Bits<4>>; R],
}

impl<const R: usize, const RB: usize> WriteBack<R, RB> {
    /// With or without a late unit whose results arrive here.
    pub fn new(late: bool) -> Self {
        Self {
            clock: Default::default(),
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
            choice: std::array::from_fn(|_| Default::default()),
            late_taken: (0..usize::from(late)).map(|_| Default::default()).collect(),
            shared: Default::default(),
            shared_write: Default::default(),
            shared_dst: Default::default(),
            number: std::array::from_fn(|register| Constant::new((register as u64).to_bits())),
        }
    }
}

impl<const R: usize, const RB: usize> Logic for WriteBack<R, RB> {
    #[hdl_gen]
    fn update(&mut self) {
        // What load and late unit share.
        self.shared_write.next = self.load_write.val();
        self.shared_dst.next = self.load_dst.val();
        self.shared.next = self.load.val();
        for i in 0..self.late_taken.len() {
            self.late_taken[i].clock.next = self.clock.val();
            self.late_taken[i].d.next = self.late_write.val();
            if self.late_write.val() {
                self.shared_write.next = true;
                self.shared_dst.next = self.late_dst.val();
            }
            if self.late_taken[i].q.val() {
                self.shared.next = self.late.val();
            }
        }
        for i in 0..R {
            // First clock: who writes.
            self.choice[i].clock.next = self.clock.val();
            self.choice[i].d.next = bits::<2>(0);
            if self.shared_write.val() && (self.shared_dst.val() == self.number[i].val()) {
                self.choice[i].d.next = bits::<2>(3);
            } else if self.alu1_write.val() && (self.alu1_dst.val() == self.number[i].val()) {
                self.choice[i].d.next = bits::<2>(2);
            } else if self.alu0_write.val() && (self.alu0_dst.val() == self.number[i].val()) {
                self.choice[i].d.next = bits::<2>(1);
            }

            // Second clock: what is written.
            if self.choice[i].q.val() == 3 {
                self.pack.i[i].next = self.shared.val();
            } else if self.choice[i].q.val() == 2 {
                self.pack.i[i].next = self.alu1.val();
            } else if self.choice[i].q.val() == 1 {
                self.pack.i[i].next = self.alu0.val();
            } else {
                self.pack.i[i].next = self.registers.val().get_bits::<64>(i * 64);
            }
        }
        self.o.next = self.pack.o.val();
    }
}
