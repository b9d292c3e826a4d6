// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a received packet is, and whether it may exist at all.
//!
//! Combinational. Rules and names from PCI Express Base Specification 5.0: Fmt and Type (table 2-3), length of the
//! payload (2.2.2), byte enables (2.2.5), address boundary (2.2.7), configuration and I/O requests (2.2.7).

use rust_hdl::prelude::*;

/// Classifies a packet. Of `malformed` and the classes exactly one is set, except for packets that are ignored.
#[derive(LogicBlock)]
pub struct Decode {
    /// Header as drawn, its first dword lowest.
    pub header: Signal<In, Bits<128>>,
    /// Dwords of the packet.
    pub dwords: Signal<In, Bits<12>>,
    /// Longest payload: 32 dwords << this.
    pub max_payload_size: Signal<In, Bits<3>>,
    /// No sender may send it.
    pub malformed: Signal<Out, Bit>,
    /// Configuration request of type 0.
    pub config_request: Signal<Out, Bit>,
    /// Memory read.
    pub memory_read: Signal<Out, Bit>,
    /// Memory write.
    pub memory_write: Signal<Out, Bit>,
    /// Completion.
    pub completion: Signal<Out, Bit>,
    /// A request that needs a completion and is not served.
    pub unsupported: Signal<Out, Bit>,
    /// A message that is not served.
    pub unsupported_message: Signal<Out, Bit>,
    code: Signal<Local, Bits<7>>,
    kind: Signal<Local, Bits<5>>,
    message_code: Signal<Local, Bits<8>>,
    data: Signal<Local, Bit>,
    four: Signal<Local, Bit>,
    length: Signal<Local, Bits<12>>,
    payload: Signal<Local, Bits<12>>,
    header_dwords: Signal<Local, Bits<12>>,
    digest: Signal<Local, Bits<12>>,
    expected: Signal<Local, Bits<12>>,
    longest: Signal<Local, Bits<12>>,
    address: Signal<Local, Bits<12>>,
    end_address: Signal<Local, Bits<12>>,
    first: Signal<Local, Bits<4>>,
    final_: Signal<Local, Bits<4>>,
    read_locked: Signal<Local, Bit>,
    io: Signal<Local, Bit>,
    config_1: Signal<Local, Bit>,
    atomic: Signal<Local, Bit>,
    message: Signal<Local, Bit>,
    message_ignored: Signal<Local, Bit>,
    is_config: Signal<Local, Bit>,
    is_read: Signal<Local, Bit>,
    is_write: Signal<Local, Bit>,
    is_completion: Signal<Local, Bit>,
    known: Signal<Local, Bit>,
    size_wrong: Signal<Local, Bit>,
    crosses: Signal<Local, Bit>,
    first_ragged: Signal<Local, Bit>,
    final_ragged: Signal<Local, Bit>,
    enables_wrong: Signal<Local, Bit>,
    single_wrong: Signal<Local, Bit>,
    bad: Signal<Local, Bit>,
    one_payload: Constant<Bits<12>>,
    longest_length: Constant<Bits<12>>,
}

impl Default for Decode {
    fn default() -> Self {
        Self {
            header: Default::default(),
            dwords: Default::default(),
            max_payload_size: Default::default(),
            malformed: Default::default(),
            config_request: Default::default(),
            memory_read: Default::default(),
            memory_write: Default::default(),
            completion: Default::default(),
            unsupported: Default::default(),
            unsupported_message: Default::default(),
            code: Default::default(),
            kind: Default::default(),
            message_code: Default::default(),
            data: Default::default(),
            four: Default::default(),
            length: Default::default(),
            payload: Default::default(),
            header_dwords: Default::default(),
            digest: Default::default(),
            expected: Default::default(),
            longest: Default::default(),
            address: Default::default(),
            end_address: Default::default(),
            first: Default::default(),
            final_: Default::default(),
            read_locked: Default::default(),
            io: Default::default(),
            config_1: Default::default(),
            atomic: Default::default(),
            message: Default::default(),
            message_ignored: Default::default(),
            is_config: Default::default(),
            is_read: Default::default(),
            is_write: Default::default(),
            is_completion: Default::default(),
            known: Default::default(),
            size_wrong: Default::default(),
            crosses: Default::default(),
            first_ragged: Default::default(),
            final_ragged: Default::default(),
            enables_wrong: Default::default(),
            single_wrong: Default::default(),
            bad: Default::default(),
            one_payload: Constant::new(32_usize.to_bits()),
            longest_length: Constant::new(1024_usize.to_bits()),
        }
    }
}

impl Logic for Decode {
    #[hdl_gen]
    fn update(&mut self) {
        self.code.next = self.header.val().get_bits::<7>(24);
        self.kind.next = self.header.val().get_bits::<5>(24);
        self.data.next = self.header.val().get_bit(30);
        self.four.next = self.header.val().get_bit(29);
        self.first.next = self.header.val().get_bits::<4>(32);
        self.final_.next = self.header.val().get_bits::<4>(36);
        self.message_code.next = self.header.val().get_bits::<8>(32);

        // Which packet it is, by Fmt and Type.
        self.is_read.next = (self.code.val() == 0x00) || (self.code.val() == 0x20);
        self.read_locked.next = (self.code.val() == 0x01) || (self.code.val() == 0x21);
        self.is_write.next = (self.code.val() == 0x40) || (self.code.val() == 0x60);
        self.io.next = (self.code.val() == 0x02) || (self.code.val() == 0x42);
        self.is_config.next = (self.code.val() == 0x04) || (self.code.val() == 0x44);
        self.config_1.next = (self.code.val() == 0x05) || (self.code.val() == 0x45);
        self.is_completion.next = (self.code.val() == 0x0a)
            || (self.code.val() == 0x4a)
            || (self.code.val() == 0x0b)
            || (self.code.val() == 0x4b);
        self.atomic.next = self.data.val()
            && ((self.kind.val() == 0x0c) || (self.kind.val() == 0x0d) || (self.kind.val() == 0x0e));
        self.message.next =
            self.four.val() && self.header.val().get_bit(28) && !self.header.val().get_bit(27);
        self.known.next = self.is_read.val()
            || self.read_locked.val()
            || self.is_write.val()
            || self.io.val()
            || self.is_config.val()
            || self.config_1.val()
            || self.is_completion.val()
            || self.atomic.val()
            || self.message.val();
        // Messages that an endpoint takes without doing anything: Unlock, PME_Turn_Off (the link layer answers it),
        // Set_Slot_Power_Limit, vendor-defined type 1.
        self.message_ignored.next = (self.message_code.val() == 0x00)
            || (self.message_code.val() == 0x19)
            || (self.message_code.val() == 0x50)
            || (self.message_code.val() == 0x7f);

        // Its size.
        self.length.next = bit_cast::<12, 10>(self.header.val().get_bits::<10>(0));
        if self.header.val().get_bits::<10>(0) == 0 {
            self.length.next = self.longest_length.val();
        }
        self.header_dwords.next = bits::<12>(3);
        if self.four.val() {
            self.header_dwords.next = bits::<12>(4);
        }
        self.payload.next = bits::<12>(0);
        if self.data.val() {
            self.payload.next = self.length.val();
        }
        self.digest.next = bit_cast::<12, 1>(self.header.val().get_bits::<1>(15));
        self.expected.next = self.header_dwords.val() + self.payload.val() + self.digest.val();
        self.longest.next = self.one_payload.val() << self.max_payload_size.val();
        self.size_wrong.next =
            (self.dwords.val() != self.expected.val()) || (self.payload.val() > self.longest.val());

        // Memory requests: boundary and byte enables.
        self.address.next = bit_cast::<12, 10>(self.header.val().get_bits::<10>(66));
        if self.four.val() {
            self.address.next = bit_cast::<12, 10>(self.header.val().get_bits::<10>(98));
        }
        self.end_address.next = self.address.val() + self.length.val();
        self.crosses.next = self.end_address.val() > self.longest_length.val();
        self.first_ragged.next = (self.first.val() != 0xf)
            && (self.first.val() != 0xe)
            && (self.first.val() != 0xc)
            && (self.first.val() != 0x8);
        self.final_ragged.next = (self.final_.val() != 0xf)
            && (self.final_.val() != 0x7)
            && (self.final_.val() != 0x3)
            && (self.final_.val() != 0x1);
        self.enables_wrong.next = self.final_.val().any();
        if self.length.val() != 1 {
            self.enables_wrong.next = (self.first.val() == 0) || (self.final_.val() == 0);
            if (self.length.val() != 2) || self.address.val().get_bit(0) {
                self.enables_wrong.next = self.first_ragged.val() || self.final_ragged.val();
            }
        }
        // Configuration and I/O requests: one dword, traffic class 0.
        self.single_wrong.next =
            (self.length.val() != 1) || self.final_.val().any() || self.header.val().get_bits::<3>(20).any();

        self.bad.next = self.header.val().get_bit(31)
            || !self.known.val()
            || self.size_wrong.val()
            || ((self.is_read.val() || self.read_locked.val() || self.is_write.val())
                && (self.crosses.val() || self.enables_wrong.val()))
            || ((self.is_config.val() || self.config_1.val() || self.io.val()) && self.single_wrong.val());
        self.malformed.next = self.bad.val();
        self.config_request.next = self.is_config.val() && !self.bad.val();
        self.memory_read.next = self.is_read.val() && !self.bad.val();
        self.memory_write.next = self.is_write.val() && !self.bad.val();
        self.completion.next = self.is_completion.val() && !self.bad.val();
        self.unsupported.next =
            (self.read_locked.val() || self.io.val() || self.config_1.val() || self.atomic.val())
                && !self.bad.val();
        self.unsupported_message.next = self.message.val() && !self.message_ignored.val() && !self.bad.val();
    }
}
