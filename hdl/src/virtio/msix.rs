// SPDX-License-Identifier: Apache-2.0 OR MIT
//! MSI-X table and pending bits (PCI Express Base Specification 5.0, 6.1.4 and 7.7.2).

use rust_hdl::prelude::*;

/// The vectors of one function.
///
/// A vector that is triggered is pending until it is sent, which waits for the function's and the vector's mask and for
/// bus mastering. Triggers count only while MSI-X is enabled. Of several vectors the lowest goes first.
#[derive(LogicBlock)]
pub struct MsixTable {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Masks all vectors, none is pending.
    pub reset: Signal<In, Bit>,
    /// Byte address of a dword in the table's page.
    pub address: Signal<In, Bits<12>>,
    /// It is written.
    pub write: Signal<In, Bit>,
    /// Which of its bits.
    pub mask: Signal<In, Bits<32>>,
    /// To what.
    pub wdata: Signal<In, Bits<32>>,
    /// Its value.
    pub rdata: Signal<Out, Bits<32>>,
    /// Pending bits.
    pub pending_bits: Signal<Out, Bits<32>>,
    /// MSI-X is used.
    pub enable: Signal<In, Bit>,
    /// All vectors are masked.
    pub function_mask: Signal<In, Bit>,
    /// The function may send requests.
    pub bus_master: Signal<In, Bit>,
    /// Something happened ...
    pub trigger: Signal<In, Bit>,
    /// ... for which this vector stands; one that there is not stands for none.
    pub trigger_vector: Signal<In, Bits<16>>,
    /// An interrupt is to be sent; it stays until taken, unless it gets masked.
    pub send: Signal<Out, Bit>,
    /// Where to.
    pub send_address: Signal<Out, Bits<64>>,
    /// What.
    pub send_data: Signal<Out, Bits<32>>,
    /// It is taken.
    pub taken: Signal<In, Bit>,
    low: Vec<DFF<Bits<32>>>,
    high: Vec<DFF<Bits<32>>>,
    data: Vec<DFF<Bits<32>>>,
    masked: Vec<DFF<Bit>>,
    pending: Vec<DFF<Bit>>,
    numbers: Vec<Constant<Bits<8>>>,
    vector_numbers: Vec<Constant<Bits<16>>>,
    bits_of: Vec<Constant<Bits<32>>>,
    deliverable: Vec<Signal<Local, Bit>>,
    /// Whether a lower vector can be sent.
    lower: Vec<Signal<Local, Bit>>,
    /// Pending bits of the lower vectors.
    gathered: Vec<Signal<Local, Bits<32>>>,
    low_sent: Signal<Local, Bits<32>>,
    high_sent: Signal<Local, Bits<32>>,
    entry: Signal<Local, Bits<8>>,
    field: Signal<Local, Bits<2>>,
    low_mask: Constant<Bits<32>>,
}

impl MsixTable {
    /// A table of so many vectors, at most 32.
    pub fn new(vectors: usize) -> Self {
        assert!((1..=32).contains(&vectors), "{vectors} vectors");
        fn registers<T: Synth>(vectors: usize) -> Vec<DFF<T>> {
            (0..vectors).map(|_| Default::default()).collect()
        }
        Self {
            clock: Default::default(),
            reset: Default::default(),
            address: Default::default(),
            write: Default::default(),
            mask: Default::default(),
            wdata: Default::default(),
            rdata: Default::default(),
            pending_bits: Default::default(),
            enable: Default::default(),
            function_mask: Default::default(),
            bus_master: Default::default(),
            trigger: Default::default(),
            trigger_vector: Default::default(),
            send: Default::default(),
            send_address: Default::default(),
            send_data: Default::default(),
            taken: Default::default(),
            low: registers(vectors),
            high: registers(vectors),
            data: registers(vectors),
            masked: registers(vectors),
            pending: registers(vectors),
            numbers: (0..vectors).map(|number| Constant::new(number.to_bits())).collect(),
            vector_numbers: (0..vectors).map(|number| Constant::new(number.to_bits())).collect(),
            bits_of: (0..vectors).map(|number| Constant::new((1_usize << number).to_bits())).collect(),
            deliverable: (0..vectors).map(|_| Default::default()).collect(),
            lower: (0..=vectors).map(|_| Default::default()).collect(),
            gathered: (0..=vectors).map(|_| Default::default()).collect(),
            low_sent: Default::default(),
            high_sent: Default::default(),
            entry: Default::default(),
            field: Default::default(),
            low_mask: Constant::new(0xffff_fffc_usize.to_bits()),
        }
    }
}

impl Logic for MsixTable {
    #[hdl_gen]
    fn update(&mut self) {
        self.entry.next = self.address.val().get_bits::<8>(4);
        self.field.next = self.address.val().get_bits::<2>(2);
        self.rdata.next = bits::<32>(0);
        self.pending_bits.next = bits::<32>(0);
        self.send.next = false;
        self.low_sent.next = bits::<32>(0);
        self.high_sent.next = bits::<32>(0);
        self.send_data.next = bits::<32>(0);
        self.lower[0].next = false;
        self.gathered[0].next = bits::<32>(0);
        for i in 0..self.low.len() {
            self.low[i].clock.next = self.clock.val();
            self.high[i].clock.next = self.clock.val();
            self.data[i].clock.next = self.clock.val();
            self.masked[i].clock.next = self.clock.val();
            self.pending[i].clock.next = self.clock.val();
            self.low[i].d.next = self.low[i].q.val();
            self.high[i].d.next = self.high[i].q.val();
            self.data[i].d.next = self.data[i].q.val();
            self.masked[i].d.next = self.masked[i].q.val();
            self.pending[i].d.next = self.pending[i].q.val();

            // The table.
            if self.entry.val() == self.numbers[i].val() {
                if self.field.val() == 0 {
                    self.rdata.next = self.low[i].q.val();
                    if self.write.val() {
                        self.low[i].d.next = ((self.low[i].q.val() & !self.mask.val())
                            | (self.wdata.val() & self.mask.val()))
                            & self.low_mask.val();
                    }
                } else if self.field.val() == 1 {
                    self.rdata.next = self.high[i].q.val();
                    if self.write.val() {
                        self.high[i].d.next =
                            (self.high[i].q.val() & !self.mask.val()) | (self.wdata.val() & self.mask.val());
                    }
                } else if self.field.val() == 2 {
                    self.rdata.next = self.data[i].q.val();
                    if self.write.val() {
                        self.data[i].d.next =
                            (self.data[i].q.val() & !self.mask.val()) | (self.wdata.val() & self.mask.val());
                    }
                } else {
                    if self.masked[i].q.val() {
                        self.rdata.next = bits::<32>(1);
                    }
                    if self.write.val() && self.mask.val().get_bit(0) {
                        self.masked[i].d.next = self.wdata.val().get_bit(0);
                    }
                }
            }

            // Pending, and sent.
            self.gathered[i + 1].next = self.gathered[i].val();
            if self.pending[i].q.val() {
                self.gathered[i + 1].next = self.gathered[i].val() | self.bits_of[i].val();
            }
            self.pending_bits.next = self.gathered[i + 1].val();
            self.deliverable[i].next = self.pending[i].q.val()
                && self.enable.val()
                && !self.function_mask.val()
                && !self.masked[i].q.val()
                && self.bus_master.val();
            self.lower[i + 1].next = self.lower[i].val() || self.deliverable[i].val();
            if self.deliverable[i].val() && !self.lower[i].val() {
                self.send.next = true;
                self.low_sent.next = self.low[i].q.val();
                self.high_sent.next = self.high[i].q.val();
                self.send_data.next = self.data[i].q.val();
                if self.taken.val() {
                    self.pending[i].d.next = false;
                }
            }
            if self.trigger.val()
                && self.enable.val()
                && (self.trigger_vector.val() == self.vector_numbers[i].val())
            {
                self.pending[i].d.next = true;
            }
            if self.reset.val() {
                self.low[i].d.next = 0.into();
                self.high[i].d.next = 0.into();
                self.data[i].d.next = 0.into();
                self.masked[i].d.next = true;
                self.pending[i].d.next = false;
            }
        }
        self.send_address.next =
            bit_cast::<64, 32>(self.low_sent.val()) | (bit_cast::<64, 32>(self.high_sent.val()) << 32);
    }
}
