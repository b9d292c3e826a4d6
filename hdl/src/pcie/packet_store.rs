// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Holds one received packet while it is looked at and used.
//!
//! A packet is stored whole before anything comes of it: whether its length is right shows with its last dword, and a
//! malformed packet must have no effect (PCI Express Base Specification 5.0, 2.3.1).

use super::byte_swap::ByteSwap;
use crate::primitives::AsyncRam;
use rust_hdl::prelude::*;

/// Store for one packet: its header in registers, its payload in memory.
#[derive(LogicBlock, Default)]
pub struct PacketStore {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A dword of a packet.
    pub dword: Signal<In, Bits<32>>,
    /// Last dword of a packet.
    pub last: Signal<In, Bit>,
    /// There is a dword.
    pub valid: Signal<In, Bit>,
    /// It is taken.
    pub ready: Signal<Out, Bit>,
    /// A packet is there.
    pub packet: Signal<Out, Bit>,
    /// The packet is done with.
    pub taken: Signal<In, Bit>,
    /// Header as drawn in the specification, its first dword lowest. The fourth is zero where there are three.
    pub header: Signal<Out, Bits<128>>,
    /// Dwords of the packet, header and digest included; 4095 also stands for more.
    pub dwords: Signal<Out, Bits<12>>,
    /// Which dword of the payload is read, modulo the memory's size.
    pub payload_address: Signal<In, Bits<6>>,
    /// It.
    pub payload: Signal<Out, Bits<32>>,
    held: DFF<Bit>,
    count: DFF<Bits<12>>,
    header_0: DFF<Bits<32>>,
    header_1: DFF<Bits<32>>,
    header_2: DFF<Bits<32>>,
    header_3: DFF<Bits<32>>,
    swap: ByteSwap,
    memory: AsyncRam<6, 32>,
    four: Signal<Local, Bit>,
    place: Signal<Local, Bits<12>>,
    accept: Signal<Local, Bit>,
}

impl Logic for PacketStore {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held, count, header_0, header_1, header_2, header_3);
        self.ready.next = !self.held.q.val();
        self.accept.next = self.valid.val() && !self.held.q.val();
        self.packet.next = self.held.q.val();
        self.dwords.next = self.count.q.val();
        self.header.next = bit_cast::<128, 32>(self.header_0.q.val())
            | (bit_cast::<128, 32>(self.header_1.q.val()) << 32)
            | (bit_cast::<128, 32>(self.header_2.q.val()) << 64)
            | (bit_cast::<128, 32>(self.header_3.q.val()) << 96);
        self.swap.i.next = self.dword.val();
        // Fmt, bit 29 of the first dword: a header of four dwords.
        self.four.next = self.header_0.q.val().get_bit(29);
        self.place.next = self.count.q.val() - 3;
        if self.four.val() {
            self.place.next = self.count.q.val() - 4;
        }
        self.memory.clock.next = self.clock.val();
        self.memory.write.next = false;
        self.memory.write_address.next = self.place.val().get_bits::<6>(0);
        self.memory.write_data.next = self.dword.val();
        self.memory.read_address.next = self.payload_address.val();
        self.payload.next = self.memory.read_data.val();

        if self.held.q.val() {
            if self.taken.val() {
                self.held.d.next = false;
                self.count.d.next = 0.into();
            }
        } else if self.accept.val() {
            if self.count.q.val() == 0 {
                self.header_0.d.next = self.swap.o.val();
                self.header_1.d.next = 0.into();
                self.header_2.d.next = 0.into();
                self.header_3.d.next = 0.into();
            } else if self.count.q.val() == 1 {
                self.header_1.d.next = self.swap.o.val();
            } else if self.count.q.val() == 2 {
                self.header_2.d.next = self.swap.o.val();
            } else if (self.count.q.val() == 3) && self.four.val() {
                self.header_3.d.next = self.swap.o.val();
            } else if self.count.q.val() < 68 {
                // Beyond the longest payload the packet is malformed, so what lies there does not matter.
                self.memory.write.next = true;
            }
            if self.count.q.val() < 4095 {
                self.count.d.next = self.count.q.val() + 1;
            }
            self.held.d.next = self.last.val();
        }
        if self.reset.val() {
            self.held.d.next = false;
            self.count.d.next = 0.into();
        }
    }
}
