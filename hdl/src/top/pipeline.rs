// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Ingress, packet buffers, ring, egress and management, wired together.

use crate::buffer::PacketBuffer;
use crate::egress::Egress;
use crate::ingress::Ingress;
use crate::management::{Management, NO_BUILD};
use crate::matchact::ring::Ring;
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// The pipeline: Verilog module `top`.
///
/// `BUS` bits or `KEEP` bytes of bus, `WINDOW` bits or `BANKS` beats of window, `R` registers or `RB` bits of them,
/// `MB` bits of packet context.
#[derive(LogicBlock)]
pub struct PipelineTop<
    const BUS: usize,
    const KEEP: usize,
    const WINDOW: usize,
    const BANKS: usize,
    const R: usize,
    const RB: usize,
    const MB: usize,
> {
    /// Clock of everything.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,

    /// Bytes of a beat, the first lowest.
    pub rx_data: Signal<In, Bits<BUS>>,
    /// Which of them are there: all but in the last beat, there the lowest ones, at least one.
    pub rx_keep: Signal<In, Bits<KEEP>>,
    /// Last beat of a frame.
    pub rx_last: Signal<In, Bit>,
    /// There is a beat.
    pub rx_valid: Signal<In, Bit>,
    /// It is taken.
    pub rx_ready: Signal<Out, Bit>,
    /// Program slot; this and the following are those of the frame's first beat.
    pub rx_slot: Signal<In, Bits<3>>,
    /// Ingress interface index.
    pub rx_ifindex: Signal<In, Bits<32>>,
    /// Receive queue index.
    pub rx_queue: Signal<In, Bits<16>>,
    /// Time of reception in ns.
    pub rx_timestamp: Signal<In, Bits<64>>,
    /// The packet's random value.
    pub rx_random: Signal<In, Bits<64>>,
    /// Number of the packet; whatever the sender likes, shown again with the packet.
    pub rx_number: Signal<In, Bits<32>>,

    /// Bytes of a beat of a forwarded frame, the first lowest.
    pub tx_data: Signal<Out, Bits<BUS>>,
    /// Which of them are there: all but in the last beat, there the lowest ones.
    pub tx_keep: Signal<Out, Bits<KEEP>>,
    /// Last beat of the frame.
    pub tx_last: Signal<Out, Bit>,
    /// There is a beat.
    pub tx_valid: Signal<Out, Bit>,
    /// It is taken.
    pub tx_ready: Signal<In, Bit>,
    /// Verdict of the frame: PASS, TX or REDIRECT. This and the following hold for all beats.
    pub tx_verdict: Signal<Out, Bits<32>>,
    /// Program slot.
    pub tx_slot: Signal<Out, Bits<3>>,
    /// Number of the packet.
    pub tx_number: Signal<Out, Bits<32>>,
    /// Interface index to which REDIRECT sends the frame, otherwise 0.
    pub tx_redirect: Signal<Out, Bits<32>>,

    /// A packet has left the ring.
    pub report_valid: Signal<Out, Bit>,
    /// Its number.
    pub report_number: Signal<Out, Bits<32>>,
    /// Program slot.
    pub report_slot: Signal<Out, Bits<3>>,
    /// Verdict; 0 if aborted.
    pub report_verdict: Signal<Out, Bits<32>>,
    /// It broke a bound.
    pub report_aborted: Signal<Out, Bit>,
    /// Its length in bytes.
    pub report_length: Signal<Out, Bits<14>>,

    /// A packet enters the ring.
    pub admit_valid: Signal<Out, Bit>,
    /// Its number.
    pub admit_number: Signal<Out, Bits<32>>,

    /// A register access; it stays until `reg_ready`.
    pub reg_valid: Signal<In, Bit>,
    /// It is a write.
    pub reg_write: Signal<In, Bit>,
    /// Byte address.
    pub reg_address: Signal<In, Bits<16>>,
    /// Value to write.
    pub reg_wdata: Signal<In, Bits<32>>,
    /// The access is done.
    pub reg_ready: Signal<Out, Bit>,
    /// Value that was read.
    pub reg_rdata: Signal<Out, Bits<32>>,

    ingress: Ingress<BUS, KEEP, WINDOW, BANKS>,
    buffer: PacketBuffer<BUS>,
    ring: Ring<R, RB, WINDOW, MB, BUS>,
    egress: Egress<BUS, KEEP, MB>,
    management: Management,
}

impl<
    const BUS: usize,
    const KEEP: usize,
    const WINDOW: usize,
    const BANKS: usize,
    const R: usize,
    const RB: usize,
    const MB: usize,
> PipelineTop<BUS, KEEP, WINDOW, BANKS, R, RB, MB>
{
    /// The pipeline of a target that has these widths.
    pub fn new(target: &Target) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            rx_data: Default::default(),
            rx_keep: Default::default(),
            rx_last: Default::default(),
            rx_valid: Default::default(),
            rx_ready: Default::default(),
            rx_slot: Default::default(),
            rx_ifindex: Default::default(),
            rx_queue: Default::default(),
            rx_timestamp: Default::default(),
            rx_random: Default::default(),
            rx_number: Default::default(),
            tx_data: Default::default(),
            tx_keep: Default::default(),
            tx_last: Default::default(),
            tx_valid: Default::default(),
            tx_ready: Default::default(),
            tx_verdict: Default::default(),
            tx_slot: Default::default(),
            tx_number: Default::default(),
            tx_redirect: Default::default(),
            report_valid: Default::default(),
            report_number: Default::default(),
            report_slot: Default::default(),
            report_verdict: Default::default(),
            report_aborted: Default::default(),
            report_length: Default::default(),
            admit_valid: Default::default(),
            admit_number: Default::default(),
            reg_valid: Default::default(),
            reg_write: Default::default(),
            reg_address: Default::default(),
            reg_wdata: Default::default(),
            reg_ready: Default::default(),
            reg_rdata: Default::default(),
            ingress: Ingress::new(target),
            buffer: PacketBuffer::new(target),
            ring: Ring::new(target),
            egress: Egress::new(target),
            management: Management::new(target, NO_BUILD),
        }
    }

    /// Marks the inputs as driven from outside.
    pub fn connect_ports(&mut self) {
        self.clock.connect();
        self.reset.connect();
        self.rx_data.connect();
        self.rx_keep.connect();
        self.rx_last.connect();
        self.rx_valid.connect();
        self.rx_slot.connect();
        self.rx_ifindex.connect();
        self.rx_queue.connect();
        self.rx_timestamp.connect();
        self.rx_random.connect();
        self.rx_number.connect();
        self.tx_ready.connect();
        self.reg_valid.connect();
        self.reg_write.connect();
        self.reg_address.connect();
        self.reg_wdata.connect();
    }
}

impl<
    const BUS: usize,
    const KEEP: usize,
    const WINDOW: usize,
    const BANKS: usize,
    const R: usize,
    const RB: usize,
    const MB: usize,
> Logic for PipelineTop<BUS, KEEP, WINDOW, BANKS, R, RB, MB>
{
    #[hdl_gen]
    fn update(&mut self) {
        self.ingress.clock.next = self.clock.val();
        self.ingress.reset.next = self.reset.val();
        self.buffer.clock.next = self.clock.val();
        self.buffer.reset.next = self.reset.val();
        self.ring.clock.next = self.clock.val();
        self.ring.reset.next = self.reset.val();
        self.egress.clock.next = self.clock.val();
        self.egress.reset.next = self.reset.val();
        self.management.clock.next = self.clock.val();
        self.management.reset.next = self.reset.val();

        // Streams and register bus.
        self.ingress.rx_data.next = self.rx_data.val();
        self.ingress.rx_keep.next = self.rx_keep.val();
        self.ingress.rx_last.next = self.rx_last.val();
        self.ingress.rx_valid.next = self.rx_valid.val();
        self.ingress.rx_slot.next = self.rx_slot.val();
        self.ingress.rx_ifindex.next = self.rx_ifindex.val();
        self.ingress.rx_queue.next = self.rx_queue.val();
        self.ingress.rx_timestamp.next = self.rx_timestamp.val();
        self.ingress.rx_random.next = self.rx_random.val();
        self.ingress.rx_number.next = self.rx_number.val();
        self.rx_ready.next = self.ingress.rx_ready.val();
        self.ingress.enable.next = self.management.ready.val();
        self.tx_data.next = self.egress.tx_data.val();
        self.tx_keep.next = self.egress.tx_keep.val();
        self.tx_last.next = self.egress.tx_last.val();
        self.tx_valid.next = self.egress.tx_valid.val();
        self.tx_verdict.next = self.egress.tx_verdict.val();
        self.tx_slot.next = self.egress.tx_slot.val();
        self.tx_number.next = self.egress.tx_number.val();
        self.tx_redirect.next = self.egress.tx_redirect.val();
        self.report_valid.next = self.egress.report_valid.val();
        self.report_number.next = self.egress.report_number.val();
        self.report_slot.next = self.egress.report_slot.val();
        self.report_verdict.next = self.egress.report_verdict.val();
        self.report_aborted.next = self.egress.report_aborted.val();
        self.report_length.next = self.egress.report_length.val();
        self.egress.tx_ready.next = self.tx_ready.val();
        self.management.reg_valid.next = self.reg_valid.val();
        self.management.reg_write.next = self.reg_write.val();
        self.management.reg_address.next = self.reg_address.val();
        self.management.reg_wdata.next = self.reg_wdata.val();
        self.reg_ready.next = self.management.reg_ready.val();
        self.reg_rdata.next = self.management.reg_rdata.val();

        // Frames into buffers, then into the ring.
        self.ingress.available.next = self.buffer.available.val();
        self.ingress.buffer.next = self.buffer.buffer.val();
        self.buffer.take.next = self.ingress.take.val();
        self.buffer.write.next = self.ingress.write.val();
        self.buffer.write_buffer.next = self.ingress.write_buffer.val();
        self.buffer.write_beat.next = self.ingress.write_beat.val();
        self.buffer.write_data.next = self.ingress.write_data.val();
        self.ring.frame_write.next = self.ingress.write.val();
        self.ring.frame_buffer.next = self.ingress.write_buffer.val();
        self.ring.frame_beat.next = self.ingress.write_beat.val();
        self.ring.frame_data.next = self.ingress.write_data.val();
        self.buffer.complete.next = self.ingress.complete.val();
        self.buffer.length.next = self.ingress.length.val();
        self.buffer.slot.next = self.ingress.slot.val();
        self.buffer.ifindex.next = self.ingress.ifindex.val();
        self.buffer.queue_index.next = self.ingress.queue_index.val();
        self.buffer.timestamp.next = self.ingress.timestamp.val();
        self.buffer.random.next = self.ingress.random.val();
        self.buffer.number.next = self.ingress.number.val();
        self.buffer.entry_read.next = self.ingress.entry_read.val();
        self.buffer.entry_buffer.next = self.ingress.entry_buffer.val();
        self.ring.waiting.next = self.ingress.waiting.val();
        self.ingress.choice_valid.next = self.ring.choice_valid.val();
        self.ingress.choice.next = self.ring.choice.val();
        self.ring.enter_valid.next = self.ingress.enter_valid.val();
        self.ring.enter_window.next = self.ingress.enter_window.val();
        self.ring.enter_buffer.next = self.ingress.enter_buffer.val();
        self.ring.enter_slot.next = self.buffer.entry_slot.val();
        self.ring.enter_length.next = self.buffer.entry_length.val();
        self.ring.enter_ifindex.next = self.buffer.entry_ifindex.val();
        self.ring.enter_queue.next = self.buffer.entry_queue.val();
        self.ring.enter_timestamp.next = self.buffer.entry_timestamp.val();
        self.ring.enter_random.next = self.buffer.entry_random.val();
        self.ingress.enter_ready.next = self.ring.enter_ready.val();
        self.admit_valid.next = self.ingress.enter_valid.val() && self.ring.enter_ready.val();
        self.admit_number.next = self.buffer.entry_number.val();

        // Out of the ring, and out of the buffers.
        self.egress.exit_valid.next = self.ring.exit_valid.val();
        self.egress.exit_memory.next = self.ring.exit_memory.val();
        self.egress.exit_start.next = self.ring.exit_start.val();
        self.egress.exit_slot.next = self.ring.exit_slot.val();
        self.egress.exit_buffer.next = self.ring.exit_buffer.val();
        self.egress.exit_length.next = self.ring.exit_length.val();
        self.egress.exit_verdict.next = self.ring.exit_verdict.val();
        self.egress.exit_aborted.next = self.ring.exit_aborted.val();
        self.egress.exit_redirect.next = self.ring.exit_redirect.val();
        self.buffer.exit_buffer.next = self.ring.exit_buffer.val();
        self.egress.exit_number.next = self.buffer.exit_number.val();
        self.buffer.read.next = self.egress.read.val();
        self.buffer.read_buffer.next = self.egress.read_buffer.val();
        self.buffer.read_beat.next = self.egress.read_beat.val();
        self.buffer.give.next = self.egress.give.val();
        self.buffer.give_buffer.next = self.egress.give_buffer.val();
        self.egress.read_data.next = self.buffer.read_data.val();

        // Management.
        self.ring.word_write.next = self.management.word_write.val();
        self.ring.word_slot.next = self.management.word_slot.val();
        self.ring.word_pass.next = self.management.word_pass.val();
        self.ring.word_stage.next = self.management.word_stage.val();
        self.ring.word_data.next = self.management.word_data.val();
        self.ring.program_write.next = self.management.program_write.val();
        self.ring.program_slot.next = self.management.program_slot.val();
        self.ring.program_passes.next = self.management.program_passes.val();
        self.ring.program_gap.next = self.management.program_gap.val();
        self.ring.program_moves_head.next = self.management.program_moves_head.val();
        self.ring.map_write.next = self.management.map_write.val();
        self.ring.map_slot.next = self.management.map_slot.val();
        self.ring.map_unit.next = self.management.map_unit.val();
        self.ring.map_id.next = self.management.map_id.val();
        self.ring.map_base.next = self.management.map_base.val();
        self.ring.map_limit.next = self.management.map_limit.val();
        self.ring.table_request.next = self.management.table_request.val();
        self.ring.table_write.next = self.management.table_write.val();
        self.ring.table_unit.next = self.management.table_unit.val();
        self.ring.table_address.next = self.management.table_address.val();
        self.ring.table_wdata.next = self.management.table_wdata.val();
        self.management.table_ready.next = self.ring.table_ready.val();
        self.management.table_rvalid.next = self.ring.table_rvalid.val();
        self.management.table_rdata.next = self.ring.table_rdata.val();
        self.ring.key_request.next = self.management.key_request.val();
        self.ring.key_unit.next = self.management.key_unit.val();
        self.ring.key_operation.next = self.management.key_operation.val();
        self.management.key_ready.next = self.ring.key_ready.val();
        self.management.key_answered.next = self.ring.key_answered.val();
        self.management.key_answer.next = self.ring.key_answer.val();
        self.management.frame_count.next = self.ingress.count.val();
        self.management.frame_class.next = self.ingress.count_class.val();
        self.management.report_valid.next = self.egress.report_valid.val();
        self.management.report_slot.next = self.egress.report_slot.val();
        self.management.report_verdict.next = self.egress.report_verdict.val();
        self.management.report_aborted.next = self.egress.report_aborted.val();
        self.management.buffers_free.next = self.buffer.free.val();
        self.management.deep_loads.next = self.ring.deep_loads.val();
    }
}
