// SPDX-License-Identifier: Apache-2.0 OR MIT
//! PCI Express endpoint: PF0 and its VFs, from the link's streams to the registers. Without the pipeline.
//!
//! Theory of operation: `hdl/docs/pcie.md`.

use super::Visitor;
use crate::buffer::TokenQueue;
use crate::pcie::{
    Arbiter, Completer, Decode, InterruptWriter, NONPOSTED_CREDITS, PacketStore, PfConfig, TlpReceive,
    TlpTransmit,
};
use crate::virtio::{MsixTable, VirtualFunction};
use rust_hdl::prelude::*;

/// Vectors of PF0, as `hdl/pcie.toml` says.
const PF_VECTORS: usize = 2;

/// First bytes of the MAC addresses: locally administered, then "WEIR".
const MAC: u64 = 0x0052_4945_5702;

/// Largest MTU that a driver is told.
const MTU: u64 = 1500;

/// An endpoint that can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name.
    pub name: &'static str,
    /// Bytes of a beat of the link's streams.
    pub bus_bytes: usize,
    /// VFs.
    pub vfs: u8,
}

/// All that are built in.
pub const ENDPOINTS: [Endpoint; 2] = [
    Endpoint { name: "endpoint", bus_bytes: 8, vfs: 2 },
    Endpoint { name: "endpoint-wide", bus_bytes: 64, vfs: 2 },
];

/// Hands an endpoint, module `top`, to a visitor; `None` where there is none of these widths.
pub fn with_endpoint<V: Visitor>(endpoint: Endpoint, visitor: V) -> Option<V::Output> {
    fn build<const W: usize, const LANES: usize>(vfs: u8) -> EndpointTop<W, LANES> {
        let mut top = EndpointTop::new(vfs);
        top.connect_ports();
        top
    }
    match endpoint.bus_bytes {
        8 => Some(visitor.visit(move || build::<64, 2>(endpoint.vfs))),
        16 => Some(visitor.visit(move || build::<128, 4>(endpoint.vfs))),
        32 => Some(visitor.visit(move || build::<256, 8>(endpoint.vfs))),
        64 => Some(visitor.visit(move || build::<512, 16>(endpoint.vfs))),
        _ => None,
    }
}

/// The endpoint, with a link stream of `W` bits or `LANES` dwords.
#[derive(LogicBlock)]
pub struct EndpointTop<const W: usize, const LANES: usize> {
    /// Clock of everything.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,

    /// Dwords of a beat of a received packet, the first lowest; within one the first byte is lowest.
    pub tlp_rx_data: Signal<In, Bits<W>>,
    /// Which of them are there: all but in the last beat, there the lowest ones, at least one.
    pub tlp_rx_keep: Signal<In, Bits<LANES>>,
    /// Last beat of a packet.
    pub tlp_rx_last: Signal<In, Bit>,
    /// There is a beat.
    pub tlp_rx_valid: Signal<In, Bit>,
    /// It is taken.
    pub tlp_rx_ready: Signal<Out, Bit>,

    /// Dwords of a beat of a packet to send.
    pub tlp_tx_data: Signal<Out, Bits<W>>,
    /// Which of them are there.
    pub tlp_tx_keep: Signal<Out, Bits<LANES>>,
    /// Last beat of a packet.
    pub tlp_tx_last: Signal<Out, Bit>,
    /// There is a beat.
    pub tlp_tx_valid: Signal<Out, Bit>,
    /// It is taken.
    pub tlp_tx_ready: Signal<In, Bit>,

    /// The link is up.
    pub link: Signal<In, Bit>,
    /// Nothing is under way.
    pub idle: Signal<Out, Bit>,

    /// An access to a management register; it stays until `reg_ready`.
    pub reg_valid: Signal<Out, Bit>,
    /// It is a write.
    pub reg_write: Signal<Out, Bit>,
    /// Byte address.
    pub reg_address: Signal<Out, Bits<16>>,
    /// Value to write.
    pub reg_wdata: Signal<Out, Bits<32>>,
    /// The access is done.
    pub reg_ready: Signal<In, Bit>,
    /// Value that was read.
    pub reg_rdata: Signal<In, Bits<32>>,

    receive: TlpReceive<W, LANES>,
    store: PacketStore,
    decode: Decode,
    requests: TokenQueue<162>,
    request: Signal<Local, Bits<162>>,
    completer: Completer,
    interrupts: InterruptWriter,
    arbiter: Arbiter,
    transmit: TlpTransmit<W, LANES>,
    pf: PfConfig,
    pf_msix: MsixTable,
    vfs: Vec<VirtualFunction>,

    // The packet in the store.
    room: Signal<Local, Bit>,
    nonposted: Signal<Local, Bit>,
    dropped: Signal<Local, Bit>,
    entry: Signal<Local, Bits<162>>,
    reset_pf: DFF<Bit>,
    all_reset: Signal<Local, Bit>,

    // Accesses.
    byte_masks: Vec<Constant<Bits<32>>>,
    masks: Vec<Signal<Local, Bits<32>>>,
    to_pf: Signal<Local, Bit>,
    to_pf_config: Signal<Local, Bit>,
    to_registers: Signal<Local, Bit>,
    to_pf_msix: Signal<Local, Bit>,
    answered: DFF<Bit>,
    rdata: DFF<Bits<32>>,
    whole: Signal<Local, Bit>,
    function_numbers: Vec<Constant<Bits<8>>>,
    macs: Vec<Constant<Bits<48>>>,
    mtu: Constant<Bits<16>>,

    /// Whether a lower function has an interrupt to send.
    lower: Vec<Signal<Local, Bit>>,
    /// Whether a lower function is active.
    active: Vec<Signal<Local, Bit>>,
    any_active: Signal<Local, Bit>,
    requester: Signal<Local, Bits<8>>,
}

impl<const W: usize, const LANES: usize> EndpointTop<W, LANES> {
    /// An endpoint with so many VFs, at most 255.
    pub fn new(vfs: u8) -> Self {
        let numbers = || (0..usize::from(vfs)).map(|index| index + 1);
        Self {
            clock: Default::default(),
            reset: Default::default(),
            tlp_rx_data: Default::default(),
            tlp_rx_keep: Default::default(),
            tlp_rx_last: Default::default(),
            tlp_rx_valid: Default::default(),
            tlp_rx_ready: Default::default(),
            tlp_tx_data: Default::default(),
            tlp_tx_keep: Default::default(),
            tlp_tx_last: Default::default(),
            tlp_tx_valid: Default::default(),
            tlp_tx_ready: Default::default(),
            link: Default::default(),
            idle: Default::default(),
            reg_valid: Default::default(),
            reg_write: Default::default(),
            reg_address: Default::default(),
            reg_wdata: Default::default(),
            reg_ready: Default::default(),
            reg_rdata: Default::default(),
            receive: Default::default(),
            store: Default::default(),
            decode: Default::default(),
            requests: TokenQueue::new(NONPOSTED_CREDITS),
            request: Default::default(),
            completer: Default::default(),
            interrupts: Default::default(),
            arbiter: Default::default(),
            transmit: Default::default(),
            pf: PfConfig::new(vfs),
            pf_msix: MsixTable::new(PF_VECTORS),
            vfs: (0..vfs).map(|_| Default::default()).collect(),
            room: Default::default(),
            nonposted: Default::default(),
            dropped: Default::default(),
            entry: Default::default(),
            reset_pf: Default::default(),
            all_reset: Default::default(),
            byte_masks: (0..4).map(|byte| Constant::new((0xff_usize << (8 * byte)).to_bits())).collect(),
            masks: (0..5).map(|_| Default::default()).collect(),
            to_pf: Default::default(),
            to_pf_config: Default::default(),
            to_registers: Default::default(),
            to_pf_msix: Default::default(),
            answered: Default::default(),
            rdata: Default::default(),
            whole: Default::default(),
            function_numbers: numbers().map(|number| Constant::new(number.to_bits())).collect(),
            macs: numbers().map(|number| Constant::new((MAC | (number as u64) << 40).to_bits())).collect(),
            mtu: Constant::new(MTU.to_bits()),
            lower: (0..=usize::from(vfs)).map(|_| Default::default()).collect(),
            active: (0..=usize::from(vfs)).map(|_| Default::default()).collect(),
            any_active: Default::default(),
            requester: Default::default(),
        }
    }
}

impl<const W: usize, const LANES: usize> EndpointTop<W, LANES> {
    /// Marks the inputs as connected, for a top module.
    pub fn connect_ports(&mut self) {
        self.clock.connect();
        self.reset.connect();
        self.tlp_rx_data.connect();
        self.tlp_rx_keep.connect();
        self.tlp_rx_last.connect();
        self.tlp_rx_valid.connect();
        self.tlp_tx_ready.connect();
        self.link.connect();
        self.reg_ready.connect();
        self.reg_rdata.connect();
    }
}

impl<const W: usize, const LANES: usize> Logic for EndpointTop<W, LANES> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, reset_pf, answered, rdata);
        // Function Level Reset of PF0 is one of everything behind it; the access that asked for it is over by then.
        self.reset_pf.d.next = self.pf.function_reset.val();
        self.all_reset.next = self.reset.val() || self.reset_pf.q.val();

        // What is received: stored, decoded, and handed to whom it concerns.
        self.receive.clock.next = self.clock.val();
        self.receive.reset.next = self.reset.val();
        self.receive.beat_data.next = self.tlp_rx_data.val();
        self.receive.beat_keep.next = self.tlp_rx_keep.val();
        self.receive.beat_last.next = self.tlp_rx_last.val();
        self.receive.beat_valid.next = self.tlp_rx_valid.val();
        self.tlp_rx_ready.next = self.receive.beat_ready.val();
        self.store.clock.next = self.clock.val();
        self.store.reset.next = self.reset.val();
        self.store.dword.next = self.receive.dword.val();
        self.store.last.next = self.receive.last.val();
        self.store.valid.next = self.receive.valid.val();
        self.receive.ready.next = self.store.ready.val();
        self.decode.header.next = self.store.header.val();
        self.decode.dwords.next = self.store.dwords.val();
        self.decode.max_payload_size.next = self.pf.max_payload_size.val();
        self.nonposted.next = self.decode.config_request.val()
            || self.decode.memory_read.val()
            || self.decode.unsupported.val();
        self.dropped.next = !self.nonposted.val() && !self.decode.memory_write.val();
        self.room.next = !self.requests.entries.val().get_bit(3);
        self.entry.next = bit_cast::<162, 128>(self.store.header.val())
            | (bit_cast::<162, 32>(self.store.payload.val()) << 128);
        self.requests.clock.next = self.clock.val();
        self.requests.reset.next = self.reset.val();
        self.requests.push.next = self.store.packet.val() && self.nonposted.val() && self.room.val();
        self.requests.push_data.next = self.entry.val();
        if self.decode.config_request.val() {
            self.requests.push_data.next = self.entry.val() | (bits::<162>(1) << 160);
        }
        if self.decode.memory_read.val() {
            self.requests.push_data.next = self.entry.val() | (bits::<162>(1) << 161);
        }
        self.request.next = self.requests.head.val();
        self.store.payload_address.next = bits::<6>(0);
        if self.decode.memory_write.val() {
            self.store.payload_address.next = self.completer.payload_address.val();
        }
        self.store.taken.next = self.store.packet.val()
            && ((self.nonposted.val() && self.room.val())
                || self.dropped.val()
                || (self.decode.memory_write.val() && self.completer.write_done.val()));

        // Requests are carried out.
        self.completer.clock.next = self.clock.val();
        self.completer.reset.next = self.reset.val();
        self.completer.write_valid.next = self.store.packet.val() && self.decode.memory_write.val();
        self.completer.write_header.next = self.store.header.val();
        self.completer.payload.next = self.store.payload.val();
        self.completer.request_valid.next = self.requests.valid.val();
        self.completer.request_header.next = self.request.val().get_bits::<128>(0);
        self.completer.request_data.next = self.request.val().get_bits::<32>(128);
        self.completer.request_config.next = self.request.val().get_bit(160);
        self.completer.request_read.next = self.request.val().get_bit(161);
        self.requests.pop.next = self.completer.request_done.val();
        self.completer.pf_enable.next = self.pf.memory_enable.val();
        self.completer.pf_bar.next = self.pf.bar.val();
        self.completer.vf_enable.next = self.pf.vf_memory_enable.val();
        self.completer.vf_bar.next = self.pf.vf_bar.val();
        self.completer.aperture_bits.next = self.pf.aperture_bits.val();
        self.completer.vfs.next = self.pf.vfs.val();
        self.completer.max_payload_size.next = self.pf.max_payload_size.val();

        // Accesses: to PF0's configuration space and vectors, to the management registers, to a VF.
        self.masks[0].next = bits::<32>(0);
        for i in 0..4 {
            self.masks[i + 1].next = self.masks[i].val();
            if self.completer.access_enable.val().get_bit(i) {
                self.masks[i + 1].next = self.masks[i].val() | self.byte_masks[i].val();
            }
        }
        self.whole.next = self.completer.access_enable.val().all();
        self.to_pf.next = self.completer.access_valid.val() && (self.completer.access_function.val() == 0);
        self.to_pf_config.next = self.to_pf.val() && self.completer.access_config.val();
        self.to_pf_msix.next = self.to_pf.val()
            && !self.completer.access_config.val()
            && self.completer.access_address.val().get_bit(15);
        // A register takes whole dwords; a write of less is ignored.
        self.to_registers.next = self.to_pf.val()
            && !self.completer.access_config.val()
            && !self.completer.access_address.val().get_bit(15)
            && (self.whole.val() || !self.completer.access_write.val());
        self.reg_valid.next = self.to_registers.val();
        self.reg_write.next = self.completer.access_write.val();
        self.reg_address.next = self.completer.access_address.val();
        self.reg_wdata.next = self.completer.access_wdata.val();
        self.answered.d.next = self.to_pf.val() && !self.to_registers.val() && !self.answered.q.val();
        self.pf.clock.next = self.clock.val();
        self.pf.reset.next = self.reset.val();
        self.pf.address.next = self.completer.access_address.val().get_bits::<10>(2);
        self.pf.write.next =
            self.to_pf_config.val() && self.completer.access_write.val() && self.answered.q.val();
        self.pf.mask.next = self.masks[4].val();
        self.pf.wdata.next = self.completer.access_wdata.val();
        self.pf_msix.clock.next = self.clock.val();
        self.pf_msix.reset.next = self.all_reset.val();
        self.pf_msix.address.next = self.completer.access_address.val().get_bits::<12>(0);
        self.pf_msix.write.next = self.to_pf_msix.val()
            && self.completer.access_write.val()
            && self.answered.q.val()
            && (self.completer.access_address.val().get_bits::<3>(12) == 0);
        self.pf_msix.mask.next = self.masks[4].val();
        self.pf_msix.wdata.next = self.completer.access_wdata.val();
        self.pf_msix.enable.next = self.pf.msix_enable.val();
        self.pf_msix.function_mask.next = self.pf.msix_mask.val();
        self.pf_msix.bus_master.next = self.pf.bus_master.val();
        self.pf_msix.trigger.next = false;
        self.pf_msix.trigger_vector.next = bits::<16>(0);
        self.rdata.d.next = bits::<32>(0);
        if self.completer.access_config.val() {
            self.rdata.d.next = self.pf.rdata.val();
        } else if self.to_pf_msix.val() {
            if self.completer.access_address.val().get_bits::<3>(12) == 0 {
                self.rdata.d.next = self.pf_msix.rdata.val();
            }
            if self.completer.access_address.val().get_bits::<13>(2) == 0x400 {
                self.rdata.d.next = self.pf_msix.pending_bits.val();
            }
        }
        self.completer.access_ready.next = self.answered.q.val();
        self.completer.access_rdata.next = self.rdata.q.val();
        if self.to_registers.val() {
            self.completer.access_ready.next = self.reg_ready.val();
            self.completer.access_rdata.next = self.reg_rdata.val();
        }

        // Interrupts: those of the lowest function first.
        self.interrupts.clock.next = self.clock.val();
        self.interrupts.reset.next = self.reset.val();
        self.interrupts.send.next = self.pf_msix.send.val();
        self.interrupts.address.next = self.pf_msix.send_address.val();
        self.interrupts.data.next = self.pf_msix.send_data.val();
        self.requester.next = bits::<8>(0);
        self.pf_msix.taken.next = self.interrupts.taken.val() && self.pf_msix.send.val();
        self.lower[0].next = self.pf_msix.send.val();
        self.active[0].next = self.pf_msix.send.val();
        self.any_active.next = self.active[0].val();
        for i in 0..self.vfs.len() {
            self.vfs[i].clock.next = self.clock.val();
            self.vfs[i].reset.next =
                self.all_reset.val() || (self.pf.vfs.val() < self.function_numbers[i].val());
            self.vfs[i].access_valid.next = self.completer.access_valid.val()
                && (self.completer.access_function.val() == self.function_numbers[i].val());
            self.vfs[i].access_config.next = self.completer.access_config.val();
            self.vfs[i].access_write.next = self.completer.access_write.val();
            self.vfs[i].access_address.next = self.completer.access_address.val();
            self.vfs[i].access_enable.next = self.completer.access_enable.val();
            self.vfs[i].access_wdata.next = self.completer.access_wdata.val();
            if self.completer.access_function.val() == self.function_numbers[i].val() {
                self.completer.access_ready.next = self.vfs[i].access_ready.val();
                self.completer.access_rdata.next = self.vfs[i].access_rdata.val();
            }
            self.vfs[i].mac.next = self.macs[i].val();
            self.vfs[i].link.next = self.link.val();
            self.vfs[i].mtu.next = self.mtu.val();
            self.vfs[i].quiet.next = true;
            self.vfs[i].fail.next = false;
            self.vfs[i].shown.next = bits::<16>(0);
            self.vfs[i].used.next = false;
            self.vfs[i].send_taken.next = false;
            self.lower[i + 1].next = self.lower[i].val() || self.vfs[i].send.val();
            self.active[i + 1].next = self.active[i].val() || self.vfs[i].active.val();
            self.any_active.next = self.active[i + 1].val();
            if self.vfs[i].send.val() && !self.lower[i].val() {
                self.interrupts.send.next = true;
                self.interrupts.address.next = self.vfs[i].send_address.val();
                self.interrupts.data.next = self.vfs[i].send_data.val();
                self.requester.next = self.function_numbers[i].val();
                self.vfs[i].send_taken.next = self.interrupts.taken.val();
            }
        }
        self.interrupts.requester.next = (bit_cast::<16, 8>(self.completer.bus_number.val()) << 8)
            | bit_cast::<16, 8>(self.requester.val());

        // What is sent. Writes go before a completion that waits at the same time, so it cannot overtake them.
        self.arbiter.clock.next = self.clock.val();
        self.arbiter.reset.next = self.reset.val();
        self.arbiter.a_dword.next = self.completer.dword.val();
        self.arbiter.a_last.next = self.completer.last.val();
        self.arbiter.a_valid.next = self.completer.valid.val();
        self.completer.ready.next = self.arbiter.a_ready.val();
        self.arbiter.b_dword.next = self.interrupts.dword.val();
        self.arbiter.b_last.next = self.interrupts.last.val();
        self.arbiter.b_valid.next = self.interrupts.valid.val();
        self.interrupts.ready.next = self.arbiter.b_ready.val();
        self.transmit.clock.next = self.clock.val();
        self.transmit.reset.next = self.reset.val();
        self.transmit.dword.next = self.arbiter.dword.val();
        self.transmit.last.next = self.arbiter.last.val();
        self.transmit.valid.next = self.arbiter.valid.val();
        self.arbiter.ready.next = self.transmit.ready.val();
        self.tlp_tx_data.next = self.transmit.beat_data.val();
        self.tlp_tx_keep.next = self.transmit.beat_keep.val();
        self.tlp_tx_last.next = self.transmit.beat_last.val();
        self.tlp_tx_valid.next = self.transmit.beat_valid.val();
        self.transmit.beat_ready.next = self.tlp_tx_ready.val();

        // Errors.
        self.pf.saw_malformed.next = self.store.packet.val() && self.decode.malformed.val();
        self.pf.saw_poisoned.next = self.completer.poisoned.val();
        self.pf.saw_unsupported.next = self.completer.unsupported.val()
            || (self.store.packet.val() && self.decode.unsupported_message.val());
        self.pf.advisory.next = self.completer.advisory.val();
        self.pf.saw_unexpected.next = self.store.packet.val() && self.decode.completion.val();
        self.pf.header.next = self.store.header.val();
        if self.completer.unsupported.val() || self.completer.poisoned.val() {
            self.pf.header.next = self.completer.error_header.val();
        }

        self.idle.next = !self.receive.valid.val()
            && !self.store.packet.val()
            && !self.requests.valid.val()
            && !self.completer.valid.val()
            && !self.interrupts.valid.val()
            && !self.any_active.val()
            && !self.transmit.beat_valid.val();
        if self.reset.val() {
            self.reset_pf.d.next = false;
            self.answered.d.next = false;
        }
    }
}
