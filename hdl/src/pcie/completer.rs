// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Completer: carries out requests for this card and answers those that want an answer.
//!
//! Theory of operation: `hdl/docs/pcie.md`. Rules from PCI Express Base Specification 5.0: completions (2.2.9), what is an
//! Unsupported Request (2.3.1), how reads are split (2.3.1.1).
//!
//! Not done here: Completer Abort. No register of this card refuses an access, so nothing would give one.

use super::bar_decode::BarDecode;
use super::byte_swap::ByteSwap;
use crate::buffer::TokenQueue;
use rust_hdl::prelude::*;

/// Places of the buffer in which a completion is made: a header and the longest payload fit.
const COMPLETION_PLACES: u32 = 128;

/// What the completer is doing.
#[derive(Clone, Copy, Debug, PartialEq, LogicState)]
pub enum Step {
    /// Waits for something to do.
    Idle,
    /// Carries out a posted write.
    Write,
    /// Has a request: whose is it?
    Start,
    /// Carries out a configuration write.
    ConfigWrite,
    /// Decides how much the next completion carries.
    Split,
    /// Makes its header.
    Header,
    /// Reads and makes its payload.
    Read,
}

/// Carries out memory writes, memory reads and configuration requests, one dword a time, over one access port.
#[derive(LogicBlock)]
pub struct Completer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,

    /// A memory write waits; it stays until `write_done`.
    pub write_valid: Signal<In, Bit>,
    /// Its header as drawn, the first dword lowest.
    pub write_header: Signal<In, Bits<128>>,
    /// Which dword of its payload is read.
    pub payload_address: Signal<Out, Bits<6>>,
    /// It.
    pub payload: Signal<In, Bits<32>>,
    /// It is done with.
    pub write_done: Signal<Out, Bit>,

    /// A request waits that wants a completion; it stays until `request_done`.
    pub request_valid: Signal<In, Bit>,
    /// Its header.
    pub request_header: Signal<In, Bits<128>>,
    /// The dword of its payload.
    pub request_data: Signal<In, Bits<32>>,
    /// It is a configuration request, ...
    pub request_config: Signal<In, Bit>,
    /// ... or a memory read; otherwise it is not supported.
    pub request_read: Signal<In, Bit>,
    /// It is done with.
    pub request_done: Signal<Out, Bit>,

    /// BAR 0 of PF0 answers, ...
    pub pf_enable: Signal<In, Bit>,
    /// ... at this address.
    pub pf_bar: Signal<In, Bits<32>>,
    /// BARs of VFs answer, ...
    pub vf_enable: Signal<In, Bit>,
    /// ... from this address on.
    pub vf_bar: Signal<In, Bits<64>>,
    /// Bits of an offset in an aperture.
    pub aperture_bits: Signal<In, Bits<5>>,
    /// VFs that are there.
    pub vfs: Signal<In, Bits<8>>,
    /// Longest payload: 32 dwords << this.
    pub max_payload_size: Signal<In, Bits<3>>,

    /// An access to a register or to configuration space; it stays until `access_ready`.
    pub access_valid: Signal<Out, Bit>,
    /// To configuration space, else to BAR 0.
    pub access_config: Signal<Out, Bit>,
    /// It is a write.
    pub access_write: Signal<Out, Bit>,
    /// Of which function.
    pub access_function: Signal<Out, Bits<8>>,
    /// Byte address of the dword.
    pub access_address: Signal<Out, Bits<16>>,
    /// Which of its bytes.
    pub access_enable: Signal<Out, Bits<4>>,
    /// What is written.
    pub access_wdata: Signal<Out, Bits<32>>,
    /// The access is done.
    pub access_ready: Signal<In, Bit>,
    /// What was read.
    pub access_rdata: Signal<In, Bits<32>>,

    /// Bus number, from the last configuration write.
    pub bus_number: Signal<Out, Bits<8>>,

    /// A dword of a completion, as it is sent.
    pub dword: Signal<Out, Bits<32>>,
    /// Last dword of it.
    pub last: Signal<Out, Bit>,
    /// There is a dword; from the first to the last there always is.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,

    /// A request was not supported, ...
    pub unsupported: Signal<Out, Bit>,
    /// ... and its requester learns of it.
    pub advisory: Signal<Out, Bit>,
    /// A request was poisoned.
    pub poisoned: Signal<Out, Bit>,
    /// Header of that request.
    pub error_header: Signal<Out, Bits<128>>,

    step: DFF<Step>,
    bus: DFF<Bits<8>>,
    decode: BarDecode,
    // The posted write.
    write_function: DFF<Bits<8>>,
    write_at: DFF<Bits<16>>,
    write_count: DFF<Bits<11>>,
    write_place: DFF<Bits<6>>,
    write_first: DFF<Bit>,
    write_address: Signal<Local, Bits<64>>,
    write_enable: Signal<Local, Bits<4>>,
    write_poisoned: Signal<Local, Bit>,
    // The request.
    request_address: Signal<Local, Bits<64>>,
    request_function: DFF<Bits<8>>,
    supported: DFF<Bit>,
    at: DFF<Bits<16>>,
    count: DFF<Bits<11>>,
    bytes: DFF<Bits<13>>,
    lead: DFF<Bits<2>>,
    first: DFF<Bit>,
    resume: DFF<Bit>,
    chunk: DFF<Bits<11>>,
    header_step: DFF<Bits<2>>,
    length: Signal<Local, Bits<11>>,
    write_length: Signal<Local, Bits<11>>,
    length_bytes: Signal<Local, Bits<13>>,
    first_enable: Signal<Local, Bits<4>>,
    final_enable: Signal<Local, Bits<4>>,
    head_gap: Signal<Local, Bits<2>>,
    tail_gap: Signal<Local, Bits<2>>,
    config_function: Signal<Local, Bits<8>>,
    config_there: Signal<Local, Bit>,
    is_write: Signal<Local, Bit>,
    request_poisoned: Signal<Local, Bit>,
    payload_dwords: Signal<Local, Bits<11>>,
    phase: Signal<Local, Bits<11>>,
    room: Signal<Local, Bits<11>>,
    phase_mask: Signal<Local, Bits<11>>,
    with_data: Signal<Local, Bit>,
    chunk_bytes: Signal<Local, Bits<13>>,
    read_enable: Signal<Local, Bits<4>>,
    head_0: Signal<Local, Bits<32>>,
    head_1: Signal<Local, Bits<32>>,
    head_2: Signal<Local, Bits<32>>,
    chosen: Signal<Local, Bits<32>>,
    swap: ByteSwap,
    status: Signal<Local, Bits<3>>,
    lower: Signal<Local, Bits<7>>,
    copied: Constant<Bits<32>>,
    completion_code: Signal<Local, Bits<8>>,
    locked: Signal<Local, Bit>,
    reported: Signal<Local, Bits<12>>,
    // The completion that is made or sent.
    buffer: TokenQueue<33>,
    whole: DFF<Bit>,
    push: Signal<Local, Bit>,
    push_last: Signal<Local, Bit>,
    head: Signal<Local, Bits<33>>,
    one_payload: Constant<Bits<11>>,
    longest_length: Constant<Bits<11>>,
    write_unsupported: Signal<Local, Bit>,
    request_unsupported: Signal<Local, Bit>,
}

impl Default for Completer {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            write_valid: Default::default(),
            write_header: Default::default(),
            payload_address: Default::default(),
            payload: Default::default(),
            write_done: Default::default(),
            request_valid: Default::default(),
            request_header: Default::default(),
            request_data: Default::default(),
            request_config: Default::default(),
            request_read: Default::default(),
            request_done: Default::default(),
            pf_enable: Default::default(),
            pf_bar: Default::default(),
            vf_enable: Default::default(),
            vf_bar: Default::default(),
            aperture_bits: Default::default(),
            vfs: Default::default(),
            max_payload_size: Default::default(),
            access_valid: Default::default(),
            access_config: Default::default(),
            access_write: Default::default(),
            access_function: Default::default(),
            access_address: Default::default(),
            access_enable: Default::default(),
            access_wdata: Default::default(),
            access_ready: Default::default(),
            access_rdata: Default::default(),
            bus_number: Default::default(),
            dword: Default::default(),
            last: Default::default(),
            valid: Default::default(),
            ready: Default::default(),
            unsupported: Default::default(),
            advisory: Default::default(),
            poisoned: Default::default(),
            error_header: Default::default(),
            step: Default::default(),
            bus: Default::default(),
            decode: Default::default(),
            write_function: Default::default(),
            write_at: Default::default(),
            write_count: Default::default(),
            write_place: Default::default(),
            write_first: Default::default(),
            write_address: Default::default(),
            write_enable: Default::default(),
            write_poisoned: Default::default(),
            request_address: Default::default(),
            request_function: Default::default(),
            supported: Default::default(),
            at: Default::default(),
            count: Default::default(),
            bytes: Default::default(),
            lead: Default::default(),
            first: Default::default(),
            resume: Default::default(),
            chunk: Default::default(),
            header_step: Default::default(),
            length: Default::default(),
            write_length: Default::default(),
            length_bytes: Default::default(),
            first_enable: Default::default(),
            final_enable: Default::default(),
            head_gap: Default::default(),
            tail_gap: Default::default(),
            config_function: Default::default(),
            config_there: Default::default(),
            is_write: Default::default(),
            request_poisoned: Default::default(),
            payload_dwords: Default::default(),
            phase: Default::default(),
            room: Default::default(),
            phase_mask: Default::default(),
            with_data: Default::default(),
            chunk_bytes: Default::default(),
            read_enable: Default::default(),
            head_0: Default::default(),
            head_1: Default::default(),
            head_2: Default::default(),
            chosen: Default::default(),
            swap: Default::default(),
            status: Default::default(),
            lower: Default::default(),
            copied: Constant::new(0x00fc_3000_usize.to_bits()),
            completion_code: Default::default(),
            locked: Default::default(),
            reported: Default::default(),
            buffer: TokenQueue::new(COMPLETION_PLACES),
            whole: Default::default(),
            push: Default::default(),
            push_last: Default::default(),
            head: Default::default(),
            one_payload: Constant::new(32_usize.to_bits()),
            longest_length: Constant::new(1024_usize.to_bits()),
            write_unsupported: Default::default(),
            request_unsupported: Default::default(),
        }
    }
}

impl Logic for Completer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            step,
            bus,
            write_function,
            write_at,
            write_count,
            write_place,
            write_first,
            request_function,
            supported,
            at,
            count,
            bytes,
            lead,
            first,
            resume,
            chunk,
            header_step,
            whole
        );
        self.bus_number.next = self.bus.q.val();

        // Fields of the two packets.
        self.write_address.next = bit_cast::<64, 30>(self.write_header.val().get_bits::<30>(66)) << 2;
        if self.write_header.val().get_bit(29) {
            self.write_address.next = (bit_cast::<64, 32>(self.write_header.val().get_bits::<32>(64)) << 32)
                | (bit_cast::<64, 30>(self.write_header.val().get_bits::<30>(98)) << 2);
        }
        self.write_length.next = bit_cast::<11, 10>(self.write_header.val().get_bits::<10>(0));
        self.write_poisoned.next = self.write_header.val().get_bit(14);
        self.request_address.next = bit_cast::<64, 30>(self.request_header.val().get_bits::<30>(66)) << 2;
        if self.request_header.val().get_bit(29) {
            self.request_address.next = (bit_cast::<64, 32>(self.request_header.val().get_bits::<32>(64))
                << 32)
                | (bit_cast::<64, 30>(self.request_header.val().get_bits::<30>(98)) << 2);
        }
        self.length.next = bit_cast::<11, 10>(self.request_header.val().get_bits::<10>(0));
        if self.request_header.val().get_bits::<10>(0) == 0 {
            self.length.next = self.longest_length.val();
        }
        self.length_bytes.next = bit_cast::<13, 11>(self.length.val()) << 2;
        self.first_enable.next = self.request_header.val().get_bits::<4>(32);
        self.final_enable.next = self.request_header.val().get_bits::<4>(36);
        if self.length.val() == 1 {
            self.final_enable.next = self.request_header.val().get_bits::<4>(32);
        }
        self.is_write.next = self.request_header.val().get_bit(30);
        self.request_poisoned.next = self.request_header.val().get_bit(14) && self.is_write.val();
        self.config_function.next = self.request_header.val().get_bits::<8>(80);
        self.config_there.next = self.config_function.val() <= self.vfs.val();
        self.locked.next = self.request_header.val().get_bits::<5>(24) == 1;

        // Bytes before the first and behind the last that is wanted (table 2-38).
        self.head_gap.next = bits::<2>(0);
        if !self.first_enable.val().get_bit(0) {
            if self.first_enable.val().get_bit(1) {
                self.head_gap.next = bits::<2>(1);
            } else if self.first_enable.val().get_bit(2) {
                self.head_gap.next = bits::<2>(2);
            } else if self.first_enable.val().get_bit(3) {
                self.head_gap.next = bits::<2>(3);
            }
        }
        self.tail_gap.next = bits::<2>(0);
        if !self.final_enable.val().get_bit(3) {
            if self.final_enable.val().get_bit(2) {
                self.tail_gap.next = bits::<2>(1);
            } else if self.final_enable.val().get_bit(1) {
                self.tail_gap.next = bits::<2>(2);
            } else {
                // Where no byte is wanted, one is given.
                self.tail_gap.next = bits::<2>(3);
            }
        }

        self.decode.address.next = self.request_address.val();
        if self.step.q.val() == Step::Idle {
            self.decode.address.next = self.write_address.val();
        }
        self.decode.pf_enable.next = self.pf_enable.val();
        self.decode.pf_bar.next = self.pf_bar.val();
        self.decode.vf_enable.next = self.vf_enable.val();
        self.decode.vf_bar.next = self.vf_bar.val();
        self.decode.aperture_bits.next = self.aperture_bits.val();
        self.decode.vfs.next = self.vfs.val();

        // A completion ends where the read ends or at a multiple of the longest payload, which is one of the read
        // completion boundary of an endpoint.
        self.payload_dwords.next = self.one_payload.val() << self.max_payload_size.val();
        self.phase_mask.next = self.payload_dwords.val() - 1;
        self.phase.next = bit_cast::<11, 9>(self.at.q.val().get_bits::<9>(2)) & self.phase_mask.val();
        self.room.next = self.payload_dwords.val() - self.phase.val();

        // Accesses.
        self.write_enable.next = bits::<4>(15);
        if self.write_count.q.val() == 1 {
            self.write_enable.next = self.write_header.val().get_bits::<4>(36);
        }
        if self.write_first.q.val() {
            self.write_enable.next = self.write_header.val().get_bits::<4>(32);
        }
        self.read_enable.next = bits::<4>(15);
        if self.count.q.val() == 1 {
            self.read_enable.next = self.final_enable.val();
        }
        if self.first.q.val() {
            self.read_enable.next = self.first_enable.val();
        }
        self.payload_address.next = self.write_place.q.val();
        self.access_valid.next = (self.step.q.val() == Step::Write)
            || (self.step.q.val() == Step::ConfigWrite)
            || (self.step.q.val() == Step::Read);
        self.access_config.next = self.request_config.val();
        self.access_write.next = self.step.q.val() == Step::ConfigWrite;
        self.access_function.next = self.request_function.q.val();
        self.access_address.next = self.at.q.val();
        self.access_enable.next = self.read_enable.val();
        self.access_wdata.next = self.request_data.val();
        if self.step.q.val() == Step::Write {
            self.access_config.next = false;
            self.access_write.next = true;
            self.access_function.next = self.write_function.q.val();
            self.access_address.next = self.write_at.q.val();
            self.access_enable.next = self.write_enable.val();
            self.access_wdata.next = self.payload.val();
        }

        // The header of a completion.
        self.with_data.next = self.supported.q.val() && !self.is_write.val();
        self.status.next = bits::<3>(1);
        if self.supported.q.val() {
            self.status.next = bits::<3>(0);
        }
        self.completion_code.next = bits::<8>(0x0a);
        if self.with_data.val() {
            self.completion_code.next = bits::<8>(0x4a);
        }
        if self.locked.val() {
            self.completion_code.next = bits::<8>(0x0b);
        }
        self.reported.next = self.bytes.q.val().get_bits::<12>(0);
        self.lower.next = bits::<7>(0);
        if self.request_read.val() {
            self.lower.next = (bit_cast::<7, 5>(self.at.q.val().get_bits::<5>(2)) << 2)
                | bit_cast::<7, 2>(self.lead.q.val());
        }
        // Traffic class, attributes and the upper bits of the tag are those of the request.
        self.head_0.next = (bit_cast::<32, 8>(self.completion_code.val()) << 24)
            | (self.request_header.val().get_bits::<32>(0) & self.copied.val())
            | bit_cast::<32, 10>(self.chunk.q.val().get_bits::<10>(0));
        self.head_1.next = (bit_cast::<32, 8>(self.bus.q.val()) << 24)
            | (bit_cast::<32, 8>(self.request_function.q.val()) << 16)
            | (bit_cast::<32, 3>(self.status.val()) << 13)
            | bit_cast::<32, 12>(self.reported.val());
        self.head_2.next = (bit_cast::<32, 24>(self.request_header.val().get_bits::<24>(40)) << 8)
            | bit_cast::<32, 7>(self.lower.val());
        self.chosen.next = self.head_2.val();
        if self.header_step.q.val() == 0 {
            self.chosen.next = self.head_0.val();
        }
        if self.header_step.q.val() == 1 {
            self.chosen.next = self.head_1.val();
        }
        self.swap.i.next = self.chosen.val();
        self.chunk_bytes.next = bit_cast::<13, 11>(self.chunk.q.val()) << 2;

        self.push.next = false;
        self.push_last.next = false;
        self.write_done.next = false;
        self.request_done.next = false;
        self.write_unsupported.next = false;
        self.request_unsupported.next = false;
        self.poisoned.next = false;
        self.error_header.next = self.request_header.val();

        if self.step.q.val() == Step::Idle {
            self.error_header.next = self.write_header.val();
            if self.write_valid.val() {
                if self.write_poisoned.val() {
                    self.poisoned.next = true;
                    self.write_done.next = true;
                } else if !self.decode.hit.val() {
                    self.write_unsupported.next = true;
                    self.write_done.next = true;
                } else {
                    self.write_function.d.next = self.decode.owner.val();
                    self.write_at.d.next = self.decode.offset.val();
                    self.write_count.d.next = self.write_length.val();
                    self.write_place.d.next = 0.into();
                    self.write_first.d.next = true;
                    self.step.d.next = Step::Write;
                }
            } else if !self.whole.q.val() {
                if self.resume.q.val() {
                    self.step.d.next = Step::Split;
                } else if self.request_valid.val() {
                    self.step.d.next = Step::Start;
                }
            }
        } else if self.step.q.val() == Step::Write {
            if self.access_ready.val() {
                self.write_at.d.next = self.write_at.q.val() + 4;
                self.write_count.d.next = self.write_count.q.val() - 1;
                self.write_place.d.next = self.write_place.q.val() + 1;
                self.write_first.d.next = false;
                if self.write_count.q.val() == 1 {
                    self.write_done.next = true;
                    self.step.d.next = Step::Idle;
                }
            }
        } else if self.step.q.val() == Step::Start {
            self.count.d.next = self.length.val();
            self.first.d.next = true;
            self.resume.d.next = true;
            self.lead.d.next = 0.into();
            self.bytes.d.next = 4.into();
            self.supported.d.next = false;
            self.request_function.d.next = self.decode.owner.val();
            self.at.d.next = self.decode.offset.val();
            self.step.d.next = Step::Split;
            if self.request_read.val() {
                self.lead.d.next = self.head_gap.val();
                self.bytes.d.next = self.length_bytes.val()
                    - bit_cast::<13, 2>(self.head_gap.val())
                    - bit_cast::<13, 2>(self.tail_gap.val());
                self.supported.d.next = self.decode.hit.val();
                if !self.decode.hit.val() {
                    self.request_function.d.next = 0.into();
                    self.at.d.next = bit_cast::<16, 16>(self.request_address.val().get_bits::<16>(0));
                    self.request_unsupported.next = true;
                }
            } else if self.request_config.val() {
                self.request_function.d.next = self.config_function.val();
                self.at.d.next = bit_cast::<16, 10>(self.request_header.val().get_bits::<10>(66)) << 2;
                if self.is_write.val() {
                    self.bus.d.next = self.request_header.val().get_bits::<8>(88);
                }
                if self.request_poisoned.val() {
                    self.poisoned.next = true;
                } else if self.config_there.val() {
                    self.supported.d.next = true;
                    if self.is_write.val() {
                        self.step.d.next = Step::ConfigWrite;
                    }
                } else {
                    self.request_unsupported.next = true;
                }
            } else {
                self.request_function.d.next = 0.into();
                self.request_unsupported.next = true;
            }
        } else if self.step.q.val() == Step::ConfigWrite {
            if self.access_ready.val() {
                self.step.d.next = Step::Split;
            }
        } else if self.step.q.val() == Step::Split {
            self.chunk.d.next = 0.into();
            if self.with_data.val() {
                self.chunk.d.next = self.room.val();
                if self.count.q.val() < self.room.val() {
                    self.chunk.d.next = self.count.q.val();
                }
            }
            self.header_step.d.next = 0.into();
            self.step.d.next = Step::Header;
        } else if self.step.q.val() == Step::Header {
            self.push.next = true;
            self.header_step.d.next = self.header_step.q.val() + 1;
            if self.header_step.q.val() == 2 {
                if self.with_data.val() {
                    self.bytes.d.next =
                        self.bytes.q.val() + bit_cast::<13, 2>(self.lead.q.val()) - self.chunk_bytes.val();
                    self.lead.d.next = 0.into();
                    self.step.d.next = Step::Read;
                } else {
                    self.push_last.next = true;
                    self.whole.d.next = true;
                    self.resume.d.next = false;
                    self.request_done.next = true;
                    self.step.d.next = Step::Idle;
                }
            }
        } else if self.access_ready.val() {
            // Step::Read.
            self.push.next = true;
            self.first.d.next = false;
            self.at.d.next = self.at.q.val() + 4;
            self.count.d.next = self.count.q.val() - 1;
            self.chunk.d.next = self.chunk.q.val() - 1;
            if self.chunk.q.val() == 1 {
                self.push_last.next = true;
                self.whole.d.next = true;
                self.step.d.next = Step::Idle;
                if self.count.q.val() == 1 {
                    self.resume.d.next = false;
                    self.request_done.next = true;
                }
            }
        }

        // The completion is sent when it is whole; the next is made when it has been sent.
        self.buffer.clock.next = self.clock.val();
        self.buffer.reset.next = self.reset.val();
        self.buffer.push.next = self.push.val();
        self.buffer.push_data.next = bit_cast::<33, 32>(self.access_rdata.val());
        if self.step.q.val() == Step::Header {
            self.buffer.push_data.next = bit_cast::<33, 32>(self.swap.o.val());
        }
        if self.push_last.val() {
            self.buffer.push_data.next = bit_cast::<33, 32>(self.access_rdata.val()) | (bits::<33>(1) << 32);
            if self.step.q.val() == Step::Header {
                self.buffer.push_data.next = bit_cast::<33, 32>(self.swap.o.val()) | (bits::<33>(1) << 32);
            }
        }
        self.head.next = self.buffer.head.val();
        self.dword.next = self.head.val().get_bits::<32>(0);
        self.last.next = self.head.val().get_bit(32);
        self.valid.next = self.whole.q.val();
        self.buffer.pop.next = self.whole.q.val() && self.ready.val();
        if self.whole.q.val() && self.ready.val() && self.head.val().get_bit(32) {
            self.whole.d.next = false;
        }
        self.unsupported.next = self.write_unsupported.val() || self.request_unsupported.val();
        self.advisory.next = self.request_unsupported.val();

        if self.reset.val() {
            self.step.d.next = Step::Idle;
            self.resume.d.next = false;
            self.whole.d.next = false;
            self.bus.d.next = 0.into();
        }
    }
}
