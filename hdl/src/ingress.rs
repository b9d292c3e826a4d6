// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Ingress: frames from the stream into packet buffers, their first bytes and what is known of them to the ring.
//!
//! The payload path (stream to packet buffer) takes a beat per clock, the header path (entry queue to ring) a packet per
//! clock. Frames under 14 bytes or over the target's `max_frame_bytes` are dropped here and counted; the decision falls
//! on the clock of the last beat, before the frame owns a buffer. Theory of operation: `hdl/docs/ingress.md`.
//!
//! Not done here: cut-through. A frame enters the ring when all of it has arrived.

use crate::buffer::{BUFFER_BITS, TokenQueue};
use crate::primitives::{EnableRegister, HoldRam, Pack, RamStyle};
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// Shortest frame that is admitted: an Ethernet header.
pub const MIN_FRAME_BYTES: u32 = 14;

/// Ingress for a bus of `BUS` bits or `KEEP` bytes and a window of `WINDOW` bits or `BANKS` beats.
#[derive(LogicBlock)]
pub struct Ingress<const BUS: usize, const KEEP: usize, const WINDOW: usize, const BANKS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// Frames may come.
    pub enable: Signal<In, Bit>,

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
    /// Number of the packet.
    pub rx_number: Signal<In, Bits<32>>,

    /// A frame has ended, ...
    pub count: Signal<Out, Bit>,
    /// ... and was 0: admitted, 1: too short, 2: too long.
    pub count_class: Signal<Out, Bits<2>>,

    /// Whether a buffer is free.
    pub available: Signal<In, Bit>,
    /// Which.
    pub buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// Takes it.
    pub take: Signal<Out, Bit>,
    /// Whether a beat is written, ...
    pub write: Signal<Out, Bit>,
    /// ... to which buffer, ...
    pub write_buffer: Signal<Out, Bits<BUFFER_BITS>>,
    /// ... as which of its beats, ...
    pub write_beat: Signal<Out, Bits<11>>,
    /// ... with what.
    pub write_data: Signal<Out, Bits<BUS>>,
    /// The frame is complete; the signals below describe it.
    pub complete: Signal<Out, Bit>,
    /// Bytes of the frame.
    pub length: Signal<Out, Bits<14>>,
    /// Program slot.
    pub slot: Signal<Out, Bits<3>>,
    /// Ingress interface index.
    pub ifindex: Signal<Out, Bits<32>>,
    /// Receive queue index.
    pub queue_index: Signal<Out, Bits<16>>,
    /// Time of reception in ns.
    pub timestamp: Signal<Out, Bits<64>>,
    /// The packet's random value.
    pub random: Signal<Out, Bits<64>>,
    /// Number of the packet.
    pub number: Signal<Out, Bits<32>>,

    /// Reads what is known of `entry_buffer`, for the ring.
    pub entry_read: Signal<Out, Bit>,
    /// Buffer of the frame that enters next but one.
    pub entry_buffer: Signal<Out, Bits<BUFFER_BITS>>,
    /// Slots of which packets wait in a queue, a bit each.
    pub waiting: Signal<Out, Bits<8>>,
    /// A packet of one of these slots is to enter next, ...
    pub choice_valid: Signal<In, Bit>,
    /// ... this one.
    pub choice: Signal<In, Bits<3>>,
    /// A packet waits to enter the ring.
    pub enter_valid: Signal<Out, Bit>,
    /// The ring takes it.
    pub enter_ready: Signal<In, Bit>,
    /// Its first bytes, then zeros.
    pub enter_window: Signal<Out, Bits<WINDOW>>,
    /// Its buffer.
    pub enter_buffer: Signal<Out, Bits<BUFFER_BITS>>,

    // The beat that was taken in the clock before.
    taken: DFF<Bit>,
    taken_good: DFF<Bit>,
    taken_buffer: DFF<Bits<BUFFER_BITS>>,
    taken_beat: DFF<Bits<11>>,
    taken_tail: DFF<Bits<14>>,
    taken_data: DFF<Bits<BUS>>,
    // Number of the next beat; the value after the last possible one stands for all beyond.
    beat: DFF<Bits<11>>,
    first: Signal<Local, Bit>,
    accept: Signal<Local, Bit>,
    short: Signal<Local, Bit>,
    long: Signal<Local, Bit>,
    good: Signal<Local, Bit>,
    slot_of_frame: EnableRegister<3>,
    ifindex_of_frame: EnableRegister<32>,
    queue_of_frame: EnableRegister<16>,
    timestamp_of_frame: EnableRegister<64>,
    random_of_frame: EnableRegister<64>,
    number_of_frame: EnableRegister<32>,
    /// Bytes that are not there, as zeros.
    masked: Pack<KEEP, 8, BUS>,
    /// Binary search for the last byte that is there: `probe` is where it is, as far as known.
    probe: Vec<Signal<Local, Bits<14>>>,
    look: Vec<Signal<Local, Bits<14>>>,
    steps: Vec<Constant<Bits<14>>>,
    last_byte: Signal<Local, Bits<14>>,

    /// Complete frames of each slot: buffer, and the last bank of the window that the frame reaches into.
    queues: Vec<TokenQueue<16>>,
    numbers: Vec<Constant<Bits<3>>>,
    slot_bits: Vec<Constant<Bits<8>>>,
    head: Vec<Signal<Local, Bits<16>>>,
    waits: Vec<Signal<Local, Bits<8>>>,
    last_bank: Signal<Local, Bits<6>>,
    last_bank_of_head: Signal<Local, Bits<6>>,
    waiting_word: Signal<Local, Bits<16>>,
    banks: Vec<HoldRam<BUFFER_BITS, BUS>>,
    window: Pack<BANKS, BUS, WINDOW>,
    entered: DFF<Bit>,
    entering_buffer: EnableRegister<BUFFER_BITS>,
    next_enters: Signal<Local, Bit>,

    bank_numbers: Vec<Constant<Bits<11>>>,
    last_bank_number: Constant<Bits<11>>,
    beat_shift: Constant<Bits<14>>,
    /// A frame is short if it ends before this byte, ...
    short_beat: Constant<Bits<11>>,
    short_lane: Constant<Bits<7>>,
    /// ... and long if it has this one.
    long_beat: Constant<Bits<11>>,
    long_lane: Constant<Bits<7>>,
    slot_mask: Constant<Bits<3>>,
}

impl<const BUS: usize, const KEEP: usize, const WINDOW: usize, const BANKS: usize>
    Ingress<BUS, KEEP, WINDOW, BANKS>
{
    /// Ingress of a target with this bus and window.
    pub fn new(target: &Target) -> Self {
        let keep = KEEP as u32;
        let steps: Vec<u32> = (0..keep.ilog2()).rev().map(|bit| 1 << bit).collect();
        let bank = |_| HoldRam::new(target.packet_buffers as usize, RamStyle::Block);
        Self {
            clock: Default::default(),
            reset: Default::default(),
            enable: Default::default(),
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
            available: Default::default(),
            buffer: Default::default(),
            take: Default::default(),
            write: Default::default(),
            write_buffer: Default::default(),
            write_beat: Default::default(),
            write_data: Default::default(),
            complete: Default::default(),
            length: Default::default(),
            slot: Default::default(),
            ifindex: Default::default(),
            queue_index: Default::default(),
            timestamp: Default::default(),
            random: Default::default(),
            number: Default::default(),
            entry_read: Default::default(),
            entry_buffer: Default::default(),
            waiting: Default::default(),
            choice_valid: Default::default(),
            choice: Default::default(),
            enter_valid: Default::default(),
            enter_ready: Default::default(),
            enter_window: Default::default(),
            enter_buffer: Default::default(),
            taken: Default::default(),
            taken_good: Default::default(),
            taken_buffer: Default::default(),
            taken_beat: Default::default(),
            taken_tail: Default::default(),
            taken_data: Default::default(),
            beat: Default::default(),
            first: Default::default(),
            accept: Default::default(),
            short: Default::default(),
            long: Default::default(),
            good: Default::default(),
            slot_of_frame: Default::default(),
            ifindex_of_frame: Default::default(),
            queue_of_frame: Default::default(),
            timestamp_of_frame: Default::default(),
            random_of_frame: Default::default(),
            number_of_frame: Default::default(),
            masked: Default::default(),
            probe: (0..=steps.len()).map(|_| Default::default()).collect(),
            look: steps.iter().map(|_| Default::default()).collect(),
            steps: steps.iter().map(|step| Constant::new(step.to_bits())).collect(),
            last_byte: Default::default(),
            queues: (0..target.program_slots).map(|_| TokenQueue::new(target.packet_buffers)).collect(),
            numbers: (0..target.program_slots).map(|slot| Constant::new(u64::from(slot).to_bits())).collect(),
            slot_bits: (0..target.program_slots)
                .map(|slot| Constant::new((1_u64 << slot).to_bits()))
                .collect(),
            head: (0..=target.program_slots).map(|_| Default::default()).collect(),
            waits: (0..=target.program_slots).map(|_| Default::default()).collect(),
            last_bank: Default::default(),
            last_bank_of_head: Default::default(),
            waiting_word: Default::default(),
            banks: (0..BANKS).map(bank).collect(),
            window: Default::default(),
            entered: Default::default(),
            entering_buffer: Default::default(),
            next_enters: Default::default(),
            bank_numbers: (0..BANKS).map(|bank| Constant::new(bank.to_bits())).collect(),
            last_bank_number: Constant::new((BANKS - 1).to_bits()),
            beat_shift: Constant::new(keep.ilog2().to_bits()),
            short_beat: Constant::new(((MIN_FRAME_BYTES - 1) / keep).to_bits()),
            short_lane: Constant::new(((MIN_FRAME_BYTES - 1) % keep).to_bits()),
            long_beat: Constant::new((target.max_frame_bytes / keep).to_bits()),
            long_lane: Constant::new((target.max_frame_bytes % keep).to_bits()),
            slot_mask: Constant::new((target.program_slots - 1).to_bits()),
        }
    }
}

impl<const BUS: usize, const KEEP: usize, const WINDOW: usize, const BANKS: usize> Logic
    for Ingress<BUS, KEEP, WINDOW, BANKS>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            taken,
            taken_good,
            taken_buffer,
            taken_beat,
            taken_tail,
            taken_data,
            beat,
            entered
        );

        // A beat is taken while there is a buffer to put it into: one that stays the same through the frame.
        self.rx_ready.next = self.available.val() && self.enable.val();
        self.accept.next = self.rx_valid.val() && self.available.val() && self.enable.val();
        self.first.next = self.beat.q.val() == 0;
        self.short.next = (self.beat.q.val() <= self.short_beat.val())
            && ((self.beat.q.val() != self.short_beat.val())
                || !self.rx_keep.val().get_bit(self.short_lane.val().index()));
        self.long.next = (self.beat.q.val() > self.long_beat.val())
            || ((self.beat.q.val() == self.long_beat.val())
                && self.rx_keep.val().get_bit(self.long_lane.val().index()));
        self.good.next = self.accept.val() && self.rx_last.val() && !self.short.val() && !self.long.val();
        self.take.next = self.good.val();
        self.count.next = self.accept.val() && self.rx_last.val();
        self.count_class.next = 0.into();
        if self.short.val() {
            self.count_class.next = 1.into();
        }
        if self.long.val() {
            self.count_class.next = 2.into();
        }
        if self.accept.val() {
            if self.rx_last.val() {
                self.beat.d.next = 0.into();
            } else if self.beat.q.val() <= self.long_beat.val() {
                self.beat.d.next = self.beat.q.val() + 1;
            }
        }

        // The last byte of the beat that is there.
        self.probe[0].next = 0.into();
        for i in 0..self.steps.len() {
            self.look[i].next = self.probe[i].val() | self.steps[i].val();
            self.probe[i + 1].next = self.probe[i].val();
            if self.rx_keep.val().get_bit(self.look[i].val().index()) {
                self.probe[i + 1].next = self.look[i].val();
            }
            self.taken_tail.d.next = self.probe[i + 1].val();
        }
        for i in 0..self.masked.i.len() {
            self.masked.i[i].next = 0.into();
            if self.rx_keep.val().get_bit(i) {
                self.masked.i[i].next = self.rx_data.val().get_bits::<8>(i * 8);
            }
        }

        // One clock later the beat is written.
        self.taken.d.next = self.accept.val();
        self.taken_good.d.next = self.good.val();
        self.taken_buffer.d.next = self.buffer.val();
        self.taken_beat.d.next = self.beat.q.val();
        self.taken_data.d.next = self.masked.o.val();
        self.write.next = self.taken.q.val() && (self.taken_beat.q.val() <= self.long_beat.val());
        self.write_buffer.next = self.taken_buffer.q.val();
        self.write_beat.next = self.taken_beat.q.val();
        self.write_data.next = self.taken_data.q.val();
        self.complete.next = self.taken_good.q.val();
        self.last_byte.next =
            (bit_cast::<14, 11>(self.taken_beat.q.val()) << self.beat_shift.val()) | self.taken_tail.q.val();
        self.length.next = self.last_byte.val() + 1;

        self.slot_of_frame.clock.next = self.clock.val();
        self.slot_of_frame.enable.next = self.accept.val() && self.first.val();
        self.slot_of_frame.d.next = self.rx_slot.val() & self.slot_mask.val();
        self.slot.next = self.slot_of_frame.q.val();
        self.ifindex_of_frame.clock.next = self.clock.val();
        self.ifindex_of_frame.enable.next = self.accept.val() && self.first.val();
        self.ifindex_of_frame.d.next = self.rx_ifindex.val();
        self.ifindex.next = self.ifindex_of_frame.q.val();
        self.queue_of_frame.clock.next = self.clock.val();
        self.queue_of_frame.enable.next = self.accept.val() && self.first.val();
        self.queue_of_frame.d.next = self.rx_queue.val();
        self.queue_index.next = self.queue_of_frame.q.val();
        self.timestamp_of_frame.clock.next = self.clock.val();
        self.timestamp_of_frame.enable.next = self.accept.val() && self.first.val();
        self.timestamp_of_frame.d.next = self.rx_timestamp.val();
        self.timestamp.next = self.timestamp_of_frame.q.val();
        self.random_of_frame.clock.next = self.clock.val();
        self.random_of_frame.enable.next = self.accept.val() && self.first.val();
        self.random_of_frame.d.next = self.rx_random.val();
        self.random.next = self.random_of_frame.q.val();
        self.number_of_frame.clock.next = self.clock.val();
        self.number_of_frame.enable.next = self.accept.val() && self.first.val();
        self.number_of_frame.d.next = self.rx_number.val();
        self.number.next = self.number_of_frame.q.val();

        // Complete frames wait for the ring.
        self.last_bank.next = self.taken_beat.q.val().get_bits::<6>(0);
        if self.taken_beat.q.val() > self.last_bank_number.val() {
            self.last_bank.next = self.last_bank_number.val().get_bits::<6>(0);
        }
        self.next_enters.next = self.choice_valid.val() && (!self.entered.q.val() || self.enter_ready.val());
        self.head[0].next = bits::<16>(0);
        self.waits[0].next = bits::<8>(0);
        for i in 0..self.queues.len() {
            self.queues[i].clock.next = self.clock.val();
            self.queues[i].reset.next = self.reset.val();
            self.queues[i].push.next =
                self.taken_good.q.val() && (self.slot_of_frame.q.val() == self.numbers[i].val());
            self.queues[i].push_data.next = bit_cast::<16, 10>(self.taken_buffer.q.val())
                | (bit_cast::<16, 6>(self.last_bank.val()) << 10);
            self.queues[i].pop.next = self.next_enters.val() && (self.choice.val() == self.numbers[i].val());
            self.head[i + 1].next = self.head[i].val();
            if self.choice.val() == self.numbers[i].val() {
                self.head[i + 1].next = self.queues[i].head.val();
            }
            self.waits[i + 1].next = self.waits[i].val();
            if self.queues[i].valid.val() {
                self.waits[i + 1].next = self.waits[i].val() | self.slot_bits[i].val();
            }
            // The last of these assignments holds.
            self.waiting_word.next = self.head[i + 1].val();
            self.waiting.next = self.waits[i + 1].val();
        }
        self.last_bank_of_head.next = self.waiting_word.val().get_bits::<6>(10);

        // The window is read while the packet before it enters.
        self.entered.d.next = self.next_enters.val() || (self.entered.q.val() && !self.enter_ready.val());
        for i in 0..self.banks.len() {
            self.banks[i].clock.next = self.clock.val();
            self.banks[i].write.next =
                self.taken.q.val() && (self.taken_beat.q.val() == self.bank_numbers[i].val());
            self.banks[i].write_address.next = self.taken_buffer.q.val();
            self.banks[i].write_data.next = self.taken_data.q.val();
            self.banks[i].read.next = self.next_enters.val();
            self.banks[i].clear.next = (bit_cast::<11, 6>(self.last_bank_of_head.val())
                <= self.bank_numbers[i].val())
                && (bit_cast::<11, 6>(self.last_bank_of_head.val()) != self.bank_numbers[i].val());
            self.banks[i].read_address.next = self.waiting_word.val().get_bits::<10>(0);
            self.window.i[i].next = self.banks[i].read_data.val();
        }
        self.entry_read.next = self.next_enters.val();
        self.entry_buffer.next = self.waiting_word.val().get_bits::<10>(0);
        self.entering_buffer.clock.next = self.clock.val();
        self.entering_buffer.enable.next = self.next_enters.val();
        self.entering_buffer.d.next = self.waiting_word.val().get_bits::<10>(0);
        self.enter_valid.next = self.entered.q.val();
        self.enter_window.next = self.window.o.val();
        self.enter_buffer.next = self.entering_buffer.q.val();

        if self.reset.val() {
            self.taken.d.next = false;
            self.taken_good.d.next = false;
            self.beat.d.next = 0.into();
            self.entered.d.next = false;
        }
    }
}
