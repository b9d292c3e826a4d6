// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Registers of one queue in the common configuration (virtio 1.3, 4.1.4.3).

use super::{QUEUE_SIZE, VECTORS};
use rust_hdl::prelude::*;

/// What the driver says of one queue: size, vector, addresses, whether it may be used.
#[derive(LogicBlock)]
pub struct QueueRegisters {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Sets all to the values after reset.
    pub clear: Signal<In, Bit>,
    /// Which dword of the common configuration is accessed.
    pub dword: Signal<In, Bits<4>>,
    /// It is written, and of this queue.
    pub write: Signal<In, Bit>,
    /// Which of its bits.
    pub mask: Signal<In, Bits<32>>,
    /// To what.
    pub wdata: Signal<In, Bits<32>>,
    /// Its value.
    pub rdata: Signal<Out, Bits<32>>,
    /// Entries, a power of two.
    pub size: Signal<Out, Bits<16>>,
    /// Vector of its interrupts; 0xffff for none.
    pub vector: Signal<Out, Bits<16>>,
    /// It may be used.
    pub enabled: Signal<Out, Bit>,
    /// Address of the descriptor table.
    pub descriptors: Signal<Out, Bits<64>>,
    /// Address of the driver area: the available ring.
    pub driver: Signal<Out, Bits<64>>,
    /// Address of the device area: the used ring.
    pub device: Signal<Out, Bits<64>>,
    size_vector: DFF<Bits<32>>,
    enable: DFF<Bit>,
    addresses: Vec<DFF<Bits<32>>>,
    address_dwords: Vec<Constant<Bits<4>>>,
    number: Constant<Bits<32>>,
    reset_value: Constant<Bits<32>>,
    largest: Constant<Bits<16>>,
    vectors: Constant<Bits<16>>,
    merged: Signal<Local, Bits<32>>,
    new_size: Signal<Local, Bits<16>>,
    new_vector: Signal<Local, Bits<16>>,
    less_one: Signal<Local, Bits<16>>,
    size_good: Signal<Local, Bit>,
    size_part: Signal<Local, Bits<32>>,
    vector_part: Signal<Local, Bits<32>>,
    no_vector: Constant<Bits<32>>,
}

impl QueueRegisters {
    /// Registers of queue `number`.
    pub fn new(number: usize) -> Self {
        Self {
            clock: Default::default(),
            clear: Default::default(),
            dword: Default::default(),
            write: Default::default(),
            mask: Default::default(),
            wdata: Default::default(),
            rdata: Default::default(),
            size: Default::default(),
            vector: Default::default(),
            enabled: Default::default(),
            descriptors: Default::default(),
            driver: Default::default(),
            device: Default::default(),
            size_vector: Default::default(),
            enable: Default::default(),
            addresses: (0..6).map(|_| Default::default()).collect(),
            address_dwords: (8..14_usize).map(|dword| Constant::new(dword.to_bits())).collect(),
            number: Constant::new((number << 16).to_bits()),
            reset_value: Constant::new((0xffff_0000 | usize::from(QUEUE_SIZE)).to_bits()),
            largest: Constant::new(QUEUE_SIZE.to_bits()),
            vectors: Constant::new(VECTORS.to_bits()),
            merged: Default::default(),
            new_size: Default::default(),
            new_vector: Default::default(),
            less_one: Default::default(),
            size_good: Default::default(),
            size_part: Default::default(),
            vector_part: Default::default(),
            no_vector: Constant::new(0xffff_0000_usize.to_bits()),
        }
    }
}

impl Logic for QueueRegisters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, size_vector, enable);
        self.rdata.next = bits::<32>(0);
        self.merged.next =
            (self.size_vector.q.val() & !self.mask.val()) | (self.wdata.val() & self.mask.val());
        self.new_size.next = self.merged.val().get_bits::<16>(0);
        self.new_vector.next = self.merged.val().get_bits::<16>(16);
        // A size that cannot be, of a split queue: no power of two, or more than there are; it leaves the old one.
        self.less_one.next = self.new_size.val() - 1;
        self.size_good.next = self.new_size.val().any()
            && !(self.new_size.val() & self.less_one.val()).any()
            && (self.new_size.val() <= self.largest.val());
        self.size_part.next = bit_cast::<32, 16>(self.size_vector.q.val().get_bits::<16>(0));
        if self.size_good.val() && !self.enable.q.val() {
            self.size_part.next = bit_cast::<32, 16>(self.new_size.val());
        }
        // A vector that there is not reads back as none (4.1.5.1.2.1).
        self.vector_part.next = self.no_vector.val();
        if self.new_vector.val() < self.vectors.val() {
            self.vector_part.next = bit_cast::<32, 16>(self.new_vector.val()) << 16;
        }
        if self.dword.val() == 6 {
            self.rdata.next = self.size_vector.q.val();
            if self.write.val() {
                self.size_vector.d.next = self.size_part.val() | self.vector_part.val();
            }
        }
        if self.dword.val() == 7 {
            self.rdata.next = self.number.val();
            if self.enable.q.val() {
                self.rdata.next = self.number.val() | bits::<32>(1);
            }
            // Once enabled it stays so until reset: the driver must not write zero (4.1.4.3.2).
            if self.write.val() && (self.wdata.val() & self.mask.val() & bits::<32>(1)).any() {
                self.enable.d.next = true;
            }
        }
        for i in 0..self.addresses.len() {
            self.addresses[i].clock.next = self.clock.val();
            self.addresses[i].d.next = self.addresses[i].q.val();
            if self.dword.val() == self.address_dwords[i].val() {
                self.rdata.next = self.addresses[i].q.val();
                if self.write.val() && !self.enable.q.val() {
                    self.addresses[i].d.next =
                        (self.addresses[i].q.val() & !self.mask.val()) | (self.wdata.val() & self.mask.val());
                }
            }
            if self.clear.val() {
                self.addresses[i].d.next = 0.into();
            }
        }
        if self.clear.val() {
            self.size_vector.d.next = self.reset_value.val();
            self.enable.d.next = false;
        }
        self.size.next = self.size_vector.q.val().get_bits::<16>(0);
        self.vector.next = self.size_vector.q.val().get_bits::<16>(16);
        self.enabled.next = self.enable.q.val();
        self.descriptors.next = bit_cast::<64, 32>(self.addresses[0].q.val())
            | (bit_cast::<64, 32>(self.addresses[1].q.val()) << 32);
        self.driver.next = bit_cast::<64, 32>(self.addresses[2].q.val())
            | (bit_cast::<64, 32>(self.addresses[3].q.val()) << 32);
        self.device.next = bit_cast::<64, 32>(self.addresses[4].q.val())
            | (bit_cast::<64, 32>(self.addresses[5].q.val()) << 32);
    }
}
