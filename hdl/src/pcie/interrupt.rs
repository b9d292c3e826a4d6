// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interrupts as memory writes.

use super::byte_swap::ByteSwap;
use rust_hdl::prelude::*;

/// Makes the memory write of one dword that an MSI-X interrupt is: no relaxed ordering, no snoop bit, traffic class 0
/// (PCI Express Base Specification 5.0, 6.1.4). So it stays behind the writes that were sent before it.
#[derive(LogicBlock)]
pub struct InterruptWriter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// An interrupt waits; it stays until `taken`.
    pub send: Signal<In, Bit>,
    /// Bus and function number of its function.
    pub requester: Signal<In, Bits<16>>,
    /// Where to.
    pub address: Signal<In, Bits<64>>,
    /// What.
    pub data: Signal<In, Bits<32>>,
    /// It is on its way.
    pub taken: Signal<Out, Bit>,
    /// A dword of the packet, as it is sent.
    pub dword: Signal<Out, Bits<32>>,
    /// Last dword of it.
    pub last: Signal<Out, Bit>,
    /// There is a dword.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    place: DFF<Bits<3>>,
    held: DFF<Bit>,
    held_requester: DFF<Bits<16>>,
    held_address: DFF<Bits<64>>,
    held_data: DFF<Bits<32>>,
    high: Signal<Local, Bit>,
    shown: Signal<Local, Bits<32>>,
    low_address: Signal<Local, Bits<32>>,
    is_data: Signal<Local, Bit>,
    swap: ByteSwap,
    head_3: Constant<Bits<32>>,
    head_4: Constant<Bits<32>>,
    address_mask: Constant<Bits<32>>,
}

impl Default for InterruptWriter {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            send: Default::default(),
            requester: Default::default(),
            address: Default::default(),
            data: Default::default(),
            taken: Default::default(),
            dword: Default::default(),
            last: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            place: Default::default(),
            held: Default::default(),
            held_requester: Default::default(),
            held_address: Default::default(),
            held_data: Default::default(),
            high: Default::default(),
            shown: Default::default(),
            low_address: Default::default(),
            is_data: Default::default(),
            swap: Default::default(),
            head_3: Constant::new(0x4000_0001_usize.to_bits()),
            head_4: Constant::new(0x6000_0001_usize.to_bits()),
            address_mask: Constant::new(0xffff_fffc_usize.to_bits()),
        }
    }
}

impl Logic for InterruptWriter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, place, held, held_requester, held_address, held_data);
        // Addresses below 4 GiB have a header of three dwords.
        self.high.next = self.held_address.q.val().get_bits::<32>(32).any();
        self.low_address.next = self.held_address.q.val().get_bits::<32>(0) & self.address_mask.val();
        self.is_data.next = false;
        self.shown.next = self.head_3.val();
        if self.place.q.val() == 0 {
            if self.high.val() {
                self.shown.next = self.head_4.val();
            }
        } else if self.place.q.val() == 1 {
            self.shown.next = (bit_cast::<32, 16>(self.held_requester.q.val()) << 16) | bits::<32>(0xf);
        } else if (self.place.q.val() == 2) && self.high.val() {
            self.shown.next = self.held_address.q.val().get_bits::<32>(32);
        } else if (self.place.q.val() == 2) || ((self.place.q.val() == 3) && self.high.val()) {
            self.shown.next = self.low_address.val();
        } else {
            self.is_data.next = true;
        }
        self.swap.i.next = self.shown.val();
        self.dword.next = self.swap.o.val();
        if self.is_data.val() {
            self.dword.next = self.held_data.q.val();
        }
        self.last.next = self.is_data.val();
        self.valid.next = self.held.q.val();
        self.taken.next = self.send.val() && !self.held.q.val();
        if self.held.q.val() {
            if self.ready.val() {
                self.place.d.next = self.place.q.val() + 1;
                if self.is_data.val() {
                    self.held.d.next = false;
                }
            }
        } else if self.send.val() {
            self.held.d.next = true;
            self.place.d.next = 0.into();
            self.held_requester.d.next = self.requester.val();
            self.held_address.d.next = self.address.val();
            self.held_data.d.next = self.data.val();
        }
        if self.reset.val() {
            self.held.d.next = false;
        }
    }
}
