// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Everything around the ring as one block for tests, which play the ring themselves.

use crate::buffer::PacketBuffer;
use crate::egress::Egress;
use crate::ingress::Ingress;
use rust_hdl::prelude::*;
use weir_pipeline::Target;

mod tests;

/// The blocks without ring and management; the test drives their ports.
#[derive(LogicBlock)]
struct Loopback<const BUS: usize, const KEEP: usize, const WINDOW: usize, const BANKS: usize, const MB: usize>
{
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub rx_data: Signal<In, Bits<BUS>>,
    pub rx_keep: Signal<In, Bits<KEEP>>,
    pub rx_last: Signal<In, Bit>,
    pub rx_valid: Signal<In, Bit>,
    pub rx_ready: Signal<Out, Bit>,
    pub rx_slot: Signal<In, Bits<3>>,
    pub rx_ifindex: Signal<In, Bits<32>>,
    pub rx_queue: Signal<In, Bits<16>>,
    pub rx_timestamp: Signal<In, Bits<64>>,
    pub rx_random: Signal<In, Bits<64>>,
    pub rx_number: Signal<In, Bits<32>>,
    pub count: Signal<Out, Bit>,
    pub count_class: Signal<Out, Bits<2>>,
    pub waiting: Signal<Out, Bits<8>>,
    pub choice_valid: Signal<In, Bit>,
    pub choice: Signal<In, Bits<3>>,
    pub enter_valid: Signal<Out, Bit>,
    pub enter_ready: Signal<In, Bit>,
    pub enter_window: Signal<Out, Bits<WINDOW>>,
    pub enter_buffer: Signal<Out, Bits<10>>,
    pub enter_length: Signal<Out, Bits<14>>,
    pub enter_slot: Signal<Out, Bits<3>>,
    pub enter_ifindex: Signal<Out, Bits<32>>,
    pub enter_queue: Signal<Out, Bits<16>>,
    pub enter_timestamp: Signal<Out, Bits<64>>,
    pub enter_random: Signal<Out, Bits<64>>,
    pub enter_number: Signal<Out, Bits<32>>,
    pub exit_valid: Signal<In, Bit>,
    pub exit_memory: Signal<In, Bits<MB>>,
    pub exit_start: Signal<In, Bits<14>>,
    pub exit_slot: Signal<In, Bits<3>>,
    pub exit_buffer: Signal<In, Bits<10>>,
    pub exit_length: Signal<In, Bits<14>>,
    pub exit_verdict: Signal<In, Bits<32>>,
    pub exit_aborted: Signal<In, Bit>,
    pub exit_redirect: Signal<In, Bits<32>>,
    pub report_valid: Signal<Out, Bit>,
    pub report_number: Signal<Out, Bits<32>>,
    pub report_verdict: Signal<Out, Bits<32>>,
    pub report_length: Signal<Out, Bits<14>>,
    pub tx_data: Signal<Out, Bits<BUS>>,
    pub tx_keep: Signal<Out, Bits<KEEP>>,
    pub tx_last: Signal<Out, Bit>,
    pub tx_valid: Signal<Out, Bit>,
    pub tx_ready: Signal<In, Bit>,
    pub tx_verdict: Signal<Out, Bits<32>>,
    pub tx_slot: Signal<Out, Bits<3>>,
    pub tx_number: Signal<Out, Bits<32>>,
    pub tx_redirect: Signal<Out, Bits<32>>,
    pub free: Signal<Out, Bits<11>>,
    ingress: Ingress<BUS, KEEP, WINDOW, BANKS>,
    buffer: PacketBuffer<BUS>,
    egress: Egress<BUS, KEEP, MB>,
}

impl<const BUS: usize, const KEEP: usize, const WINDOW: usize, const BANKS: usize, const MB: usize>
    Loopback<BUS, KEEP, WINDOW, BANKS, MB>
{
    fn new(target: &Target) -> Self {
        let mut block = Self {
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
            count: Default::default(),
            count_class: Default::default(),
            waiting: Default::default(),
            choice_valid: Default::default(),
            choice: Default::default(),
            enter_valid: Default::default(),
            enter_ready: Default::default(),
            enter_window: Default::default(),
            enter_buffer: Default::default(),
            enter_length: Default::default(),
            enter_slot: Default::default(),
            enter_ifindex: Default::default(),
            enter_queue: Default::default(),
            enter_timestamp: Default::default(),
            enter_random: Default::default(),
            enter_number: Default::default(),
            exit_valid: Default::default(),
            exit_memory: Default::default(),
            exit_start: Default::default(),
            exit_slot: Default::default(),
            exit_buffer: Default::default(),
            exit_length: Default::default(),
            exit_verdict: Default::default(),
            exit_aborted: Default::default(),
            exit_redirect: Default::default(),
            report_valid: Default::default(),
            report_number: Default::default(),
            report_verdict: Default::default(),
            report_length: Default::default(),
            tx_data: Default::default(),
            tx_keep: Default::default(),
            tx_last: Default::default(),
            tx_valid: Default::default(),
            tx_ready: Default::default(),
            tx_verdict: Default::default(),
            tx_slot: Default::default(),
            tx_number: Default::default(),
            tx_redirect: Default::default(),
            free: Default::default(),
            ingress: Ingress::new(target),
            buffer: PacketBuffer::new(target),
            egress: Egress::new(target),
        };
        block.connect_all();
        block
    }
}

impl<const BUS: usize, const KEEP: usize, const WINDOW: usize, const BANKS: usize, const MB: usize> Logic
    for Loopback<BUS, KEEP, WINDOW, BANKS, MB>
{
    #[hdl_gen]
    fn update(&mut self) {
        self.ingress.clock.next = self.clock.val();
        self.ingress.reset.next = self.reset.val();
        self.ingress.enable.next = true;
        self.buffer.clock.next = self.clock.val();
        self.buffer.reset.next = self.reset.val();
        self.egress.clock.next = self.clock.val();
        self.egress.reset.next = self.reset.val();
        self.ingress.rx_data.next = self.rx_data.val();
        self.ingress.rx_keep.next = self.rx_keep.val();
        self.ingress.rx_last.next = self.rx_last.val();
        self.ingress.rx_valid.next = self.rx_valid.val();
        self.rx_ready.next = self.ingress.rx_ready.val();
        self.ingress.rx_slot.next = self.rx_slot.val();
        self.ingress.rx_ifindex.next = self.rx_ifindex.val();
        self.ingress.rx_queue.next = self.rx_queue.val();
        self.ingress.rx_timestamp.next = self.rx_timestamp.val();
        self.ingress.rx_random.next = self.rx_random.val();
        self.ingress.rx_number.next = self.rx_number.val();
        self.count.next = self.ingress.count.val();
        self.count_class.next = self.ingress.count_class.val();
        self.ingress.available.next = self.buffer.available.val();
        self.ingress.buffer.next = self.buffer.buffer.val();
        self.buffer.take.next = self.ingress.take.val();
        self.buffer.write.next = self.ingress.write.val();
        self.buffer.write_buffer.next = self.ingress.write_buffer.val();
        self.buffer.write_beat.next = self.ingress.write_beat.val();
        self.buffer.write_data.next = self.ingress.write_data.val();
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
        self.waiting.next = self.ingress.waiting.val();
        self.ingress.choice_valid.next = self.choice_valid.val();
        self.ingress.choice.next = self.choice.val();
        self.enter_valid.next = self.ingress.enter_valid.val();
        self.ingress.enter_ready.next = self.enter_ready.val();
        self.enter_window.next = self.ingress.enter_window.val();
        self.enter_buffer.next = self.ingress.enter_buffer.val();
        self.enter_length.next = self.buffer.entry_length.val();
        self.enter_slot.next = self.buffer.entry_slot.val();
        self.enter_ifindex.next = self.buffer.entry_ifindex.val();
        self.enter_queue.next = self.buffer.entry_queue.val();
        self.enter_timestamp.next = self.buffer.entry_timestamp.val();
        self.enter_random.next = self.buffer.entry_random.val();
        self.enter_number.next = self.buffer.entry_number.val();
        self.egress.exit_valid.next = self.exit_valid.val();
        self.egress.exit_memory.next = self.exit_memory.val();
        self.egress.exit_start.next = self.exit_start.val();
        self.egress.exit_slot.next = self.exit_slot.val();
        self.egress.exit_buffer.next = self.exit_buffer.val();
        self.egress.exit_length.next = self.exit_length.val();
        self.egress.exit_verdict.next = self.exit_verdict.val();
        self.egress.exit_aborted.next = self.exit_aborted.val();
        self.egress.exit_redirect.next = self.exit_redirect.val();
        self.buffer.exit_buffer.next = self.exit_buffer.val();
        self.egress.exit_number.next = self.buffer.exit_number.val();
        self.report_valid.next = self.egress.report_valid.val();
        self.report_number.next = self.egress.report_number.val();
        self.report_verdict.next = self.egress.report_verdict.val();
        self.report_length.next = self.egress.report_length.val();
        self.buffer.read.next = self.egress.read.val();
        self.buffer.read_buffer.next = self.egress.read_buffer.val();
        self.buffer.read_beat.next = self.egress.read_beat.val();
        self.egress.read_data.next = self.buffer.read_data.val();
        self.buffer.give.next = self.egress.give.val();
        self.buffer.give_buffer.next = self.egress.give_buffer.val();
        self.tx_data.next = self.egress.tx_data.val();
        self.tx_keep.next = self.egress.tx_keep.val();
        self.tx_last.next = self.egress.tx_last.val();
        self.tx_valid.next = self.egress.tx_valid.val();
        self.egress.tx_ready.next = self.tx_ready.val();
        self.tx_verdict.next = self.egress.tx_verdict.val();
        self.tx_slot.next = self.egress.tx_slot.val();
        self.tx_number.next = self.egress.tx_number.val();
        self.tx_redirect.next = self.egress.tx_redirect.val();
        self.free.next = self.buffer.free.val();
    }
}
