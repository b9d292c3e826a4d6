// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Egress: packets that leave the ring are reported, forwarded or dropped, and their buffers freed.
//!
//! The ring cannot wait, so everything it gives out goes into a queue that has a place for every buffer. A forwarded
//! frame is read from its packet buffer beat by beat; beats inside the window come from what the ring gave out. Theory
//! of operation: `hdl/docs/egress.md`.
//!
//! On targets with headroom a frame starts where its program has moved its head, at any byte: [`held`]. Not done here:
//! frames whose end moves.

mod held;

use crate::buffer::{BUFFER_BITS, TokenQueue};
use crate::primitives::{EnableRegister, HoldRam, RamStyle};
use held::{HeldBeat, KNOWN_BITS};
use rust_hdl::prelude::*;
use weir_pipeline::Target;
use weir_pipeline::model::LEAST_BYTES;

/// Egress for a bus of `BUS` bits or `KEEP` bytes and `MB` bits of headroom, window and stack.
#[derive(LogicBlock)]
pub struct Egress<const BUS: usize, const KEEP: usize, const MB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,

    /// A packet leaves the ring.
    pub exit_valid: Signal<In, Bit>,
    /// Its headroom, window and stack.
    pub exit_memory: Signal<In, Bits<MB>>,
    /// Context address at which it starts.
    pub exit_start: Signal<In, Bits<14>>,
    /// Program slot.
    pub exit_slot: Signal<In, Bits<3>>,
    /// Its buffer.
    pub exit_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// The length in bytes with which it came.
    pub exit_length: Signal<In, Bits<14>>,
    /// Verdict.
    pub exit_verdict: Signal<In, Bits<32>>,
    /// A bound was broken.
    pub exit_aborted: Signal<In, Bit>,
    /// Interface index to which verdict 4 sends it.
    pub exit_redirect: Signal<In, Bits<32>>,
    /// Number of the packet that left in the clock before.
    pub exit_number: Signal<In, Bits<32>>,

    /// A packet has left the ring.
    pub report_valid: Signal<Out, Bit>,
    /// Its number.
    pub report_number: Signal<Out, Bits<32>>,
    /// Program slot.
    pub report_slot: Signal<Out, Bits<3>>,
    /// Verdict.
    pub report_verdict: Signal<Out, Bits<32>>,
    /// A bound was broken.
    pub report_aborted: Signal<Out, Bit>,
    /// The length in bytes with which it goes, or came if it broke a bound.
    pub report_length: Signal<Out, Bits<14>>,

    /// Reads a beat, ...
    pub read: Signal<Out, Bit>,
    /// ... of which buffer, ...
    pub read_buffer: Signal<Out, Bits<BUFFER_BITS>>,
    /// ... which of its beats, ...
    pub read_beat: Signal<Out, Bits<11>>,
    /// ... this one.
    pub read_data: Signal<In, Bits<BUS>>,
    /// A buffer is free again.
    pub give: Signal<Out, Bit>,
    /// Which.
    pub give_buffer: Signal<Out, Bits<BUFFER_BITS>>,

    /// Bytes of a beat, the first lowest; those not kept have any value.
    pub tx_data: Signal<Out, Bits<BUS>>,
    /// Which of them are there: all but in the last beat, there the lowest ones.
    pub tx_keep: Signal<Out, Bits<KEEP>>,
    /// Last beat of the frame.
    pub tx_last: Signal<Out, Bit>,
    /// There is a beat.
    pub tx_valid: Signal<Out, Bit>,
    /// It is taken.
    pub tx_ready: Signal<In, Bit>,
    /// Verdict of the frame; this and the following hold for all its beats.
    pub tx_verdict: Signal<Out, Bits<32>>,
    /// Program slot.
    pub tx_slot: Signal<Out, Bits<3>>,
    /// Number of the packet.
    pub tx_number: Signal<Out, Bits<32>>,
    /// Interface index to which verdict 4 sends it, 0 for other verdicts.
    pub tx_redirect: Signal<Out, Bits<32>>,

    // What left the ring in the clock before.
    left: DFF<Bit>,
    left_slot: DFF<Bits<3>>,
    left_buffer: DFF<Bits<BUFFER_BITS>>,
    left_length: DFF<Bits<14>>,
    left_verdict: DFF<Bits<32>>,
    left_aborted: DFF<Bit>,
    left_redirect: DFF<Bits<32>>,
    left_start: Vec<DFF<Bits<14>>>,
    /// One where there is headroom; so are all vectors but the banks.
    headroom: Vec<Constant<Bits<16>>>,
    /// Length from where the packet starts, negative if that is behind its end.
    length_after: Vec<Signal<Local, Bits<16>>>,
    least_bytes: Constant<Bits<16>>,
    forward: Signal<Local, Bit>,

    /// Buffer, last byte, whether it is forwarded.
    leaving: TokenQueue<25>,
    /// Where it starts.
    starts: Vec<TokenQueue<14>>,
    head: Signal<Local, Bits<25>>,
    head_last_byte: Signal<Local, Bits<14>>,
    head_forward: Signal<Local, Bit>,
    last_byte: Signal<Local, Bits<14>>,
    /// Verdict (2 to 4), slot, number, redirect target.
    known: HoldRam<BUFFER_BITS, KNOWN_BITS>,
    banks: Vec<HoldRam<BUFFER_BITS, BUS>>,
    bank_offsets: Vec<Constant<Bits<14>>>,
    bank_numbers: Vec<Constant<Bits<11>>>,

    beat: DFF<Bits<11>>,
    /// Beat of headroom, window and packet buffer, in this order, that is read.
    source: Signal<Local, Bits<11>>,
    first_beat: Vec<Signal<Local, Bits<14>>>,
    /// Byte of the first beat at which the frame starts.
    first_lane: Signal<Local, Bits<14>>,
    headroom_beats: Vec<Constant<Bits<11>>>,
    /// Of the frame as it goes out.
    last_beat: Signal<Local, Bits<14>>,
    last_source: Signal<Local, Bits<14>>,
    begins: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    is_last: Signal<Local, Bit>,
    issue: Signal<Local, Bit>,
    remove: Signal<Local, Bit>,
    empty_lanes: Signal<Local, Bits<14>>,
    // The beat that was read: on the stream, or held until the next has been read.
    taken: Signal<Local, Bit>,
    shown: DFF<Bit>,
    shown_beat: EnableRegister<11>,
    shown_last: EnableRegister<1>,
    shown_empty: EnableRegister<6>,
    shown_from: Vec<EnableRegister<6>>,
    shown_begins: Vec<EnableRegister<1>>,
    shown_data: Signal<Local, Bits<BUS>>,
    /// What is known of the frame on the stream.
    sent: Signal<Local, Bits<KNOWN_BITS>>,
    sent_empty: Signal<Local, Bits<6>>,
    held: Vec<HeldBeat<BUS>>,
    beat_shift: Constant<Bits<14>>,
    lane_mask: Constant<Bits<14>>,
    all_lanes: Constant<Bits<KEEP>>,
}

impl<const BUS: usize, const KEEP: usize, const MB: usize> Egress<BUS, KEEP, MB> {
    /// Egress of a target with these widths.
    pub fn new(target: &Target) -> Self {
        let bytes = target.headroom_bytes + target.window_bytes;
        let banks = bytes as usize / KEEP;
        let headroom = || 0..u32::from(target.headroom_bytes != 0);
        let buffers = target.packet_buffers as usize;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            exit_valid: Default::default(),
            exit_memory: Default::default(),
            exit_start: Default::default(),
            exit_slot: Default::default(),
            exit_buffer: Default::default(),
            exit_length: Default::default(),
            exit_verdict: Default::default(),
            exit_aborted: Default::default(),
            exit_redirect: Default::default(),
            exit_number: Default::default(),
            report_valid: Default::default(),
            report_number: Default::default(),
            report_slot: Default::default(),
            report_verdict: Default::default(),
            report_aborted: Default::default(),
            report_length: Default::default(),
            read: Default::default(),
            read_buffer: Default::default(),
            read_beat: Default::default(),
            read_data: Default::default(),
            give: Default::default(),
            give_buffer: Default::default(),
            tx_data: Default::default(),
            tx_keep: Default::default(),
            tx_last: Default::default(),
            tx_valid: Default::default(),
            tx_ready: Default::default(),
            tx_verdict: Default::default(),
            tx_slot: Default::default(),
            tx_number: Default::default(),
            tx_redirect: Default::default(),
            left: Default::default(),
            left_slot: Default::default(),
            left_buffer: Default::default(),
            left_length: Default::default(),
            left_verdict: Default::default(),
            left_aborted: Default::default(),
            left_redirect: Default::default(),
            left_start: headroom().map(|_| Default::default()).collect(),
            headroom: headroom().map(|_| Constant::new(u64::from(target.headroom_bytes).to_bits())).collect(),
            length_after: headroom().map(|_| Default::default()).collect(),
            least_bytes: Constant::new(u64::from(LEAST_BYTES).to_bits()),
            forward: Default::default(),
            leaving: TokenQueue::new(target.packet_buffers),
            starts: headroom().map(|_| TokenQueue::new(target.packet_buffers)).collect(),
            head: Default::default(),
            head_last_byte: Default::default(),
            head_forward: Default::default(),
            last_byte: Default::default(),
            known: HoldRam::new(buffers, RamStyle::Block),
            banks: (0..banks).map(|_| HoldRam::new(buffers, RamStyle::Block)).collect(),
            bank_offsets: (0..banks).map(|bank| Constant::new((bank * BUS).to_bits())).collect(),
            bank_numbers: (0..banks).map(|bank| Constant::new(bank.to_bits())).collect(),
            beat: Default::default(),
            source: Default::default(),
            first_beat: headroom().map(|_| Default::default()).collect(),
            first_lane: Default::default(),
            headroom_beats: headroom()
                .map(|_| Constant::new((target.headroom_bytes as usize / KEEP).to_bits()))
                .collect(),
            last_beat: Default::default(),
            last_source: Default::default(),
            begins: Default::default(),
            ends: Default::default(),
            is_last: Default::default(),
            issue: Default::default(),
            remove: Default::default(),
            empty_lanes: Default::default(),
            taken: Default::default(),
            shown: Default::default(),
            shown_beat: Default::default(),
            shown_last: Default::default(),
            shown_empty: Default::default(),
            shown_from: headroom().map(|_| Default::default()).collect(),
            shown_begins: headroom().map(|_| Default::default()).collect(),
            shown_data: Default::default(),
            sent: Default::default(),
            sent_empty: Default::default(),
            held: headroom().map(|_| Default::default()).collect(),
            beat_shift: Constant::new(KEEP.ilog2().to_bits()),
            lane_mask: Constant::new((KEEP - 1).to_bits()),
            all_lanes: Constant::new(!Bits::default()),
        }
    }
}

impl<const BUS: usize, const KEEP: usize, const MB: usize> Logic for Egress<BUS, KEEP, MB> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            left,
            left_slot,
            left_buffer,
            left_length,
            left_verdict,
            left_aborted,
            left_redirect,
            beat,
            shown
        );

        // A packet leaves the ring: its window is kept at once, the rest when its number has been looked up.
        self.left.d.next = self.exit_valid.val();
        self.left_slot.d.next = self.exit_slot.val();
        self.left_buffer.d.next = self.exit_buffer.val();
        self.left_length.d.next = self.exit_length.val();
        self.left_verdict.d.next = self.exit_verdict.val();
        self.left_aborted.d.next = self.exit_aborted.val();
        self.left_redirect.d.next = bits::<32>(0);
        if self.exit_verdict.val() == 4 {
            self.left_redirect.d.next = self.exit_redirect.val();
        }
        // A head behind the last place where one may be breaks a bound.
        for i in 0..self.headroom.len() {
            self.left_start[i].clock.next = self.clock.val();
            self.left_start[i].d.next = self.exit_start.val();
            self.length_after[i].next = bit_cast::<16, 14>(self.exit_length.val()) + self.headroom[i].val()
                - bit_cast::<16, 14>(self.exit_start.val());
            self.left_length.d.next = self.length_after[i].val().get_bits::<14>(0);
            if self.exit_aborted.val()
                || self.length_after[i].val().get_bit(15)
                || (self.length_after[i].val() < self.least_bytes.val())
            {
                self.left_length.d.next = self.exit_length.val();
                self.left_verdict.d.next = bits::<32>(0);
                self.left_aborted.d.next = true;
            }
        }
        self.report_valid.next = self.left.q.val();
        self.report_number.next = self.exit_number.val();
        self.report_slot.next = self.left_slot.q.val();
        self.report_verdict.next = self.left_verdict.q.val();
        self.report_aborted.next = self.left_aborted.q.val();
        self.report_length.next = self.left_length.q.val();
        self.forward.next = !self.left_aborted.q.val()
            && ((self.left_verdict.q.val() == 2)
                || (self.left_verdict.q.val() == 3)
                || (self.left_verdict.q.val() == 4));
        self.last_byte.next = self.left_length.q.val() - 1;
        self.leaving.clock.next = self.clock.val();
        self.leaving.reset.next = self.reset.val();
        self.leaving.push.next = self.left.q.val();
        self.leaving.push_data.next =
            bit_cast::<25, 10>(self.left_buffer.q.val()) | (bit_cast::<25, 14>(self.last_byte.val()) << 10);
        if self.forward.val() {
            self.leaving.push_data.next = bit_cast::<25, 10>(self.left_buffer.q.val())
                | (bit_cast::<25, 14>(self.last_byte.val()) << 10)
                | (bits::<25>(1) << 24);
        }
        self.known.clock.next = self.clock.val();
        self.known.write.next = self.left.q.val();
        self.known.write_address.next = self.left_buffer.q.val();
        self.known.write_data.next = bit_cast::<70, 3>(self.left_verdict.q.val().get_bits::<3>(0))
            | (bit_cast::<70, 3>(self.left_slot.q.val()) << 3)
            | (bit_cast::<70, 32>(self.exit_number.val()) << 6)
            | (bit_cast::<70, 32>(self.left_redirect.q.val()) << 38);

        // The head of the queue: dropped at once, or its beats are read, one whenever the stream can take one.
        self.head.next = self.leaving.head.val();
        self.head_last_byte.next = self.head.val().get_bits::<14>(10);
        self.head_forward.next = self.head.val().get_bit(24);
        self.last_beat.next = self.head_last_byte.val() >> self.beat_shift.val();
        self.source.next = self.beat.q.val();
        self.first_lane.next = 0.into();
        self.read_beat.next = self.beat.q.val();
        for i in 0..self.starts.len() {
            self.starts[i].clock.next = self.clock.val();
            self.starts[i].reset.next = self.reset.val();
            self.starts[i].push.next = self.left.q.val();
            self.starts[i].push_data.next = self.left_start[i].q.val();
            self.first_beat[i].next = self.starts[i].head.val() >> self.beat_shift.val();
            self.first_lane.next = self.starts[i].head.val() & self.lane_mask.val();
            self.source.next = self.beat.q.val() + self.first_beat[i].val().get_bits::<11>(0);
            self.read_beat.next = self.source.val() - self.headroom_beats[i].val();
        }
        self.last_source.next = (self.first_lane.val() + self.head_last_byte.val()) >> self.beat_shift.val();
        self.begins.next = bit_cast::<14, 11>(self.beat.q.val()) <= self.last_beat.val();
        self.ends.next = bit_cast::<14, 11>(self.beat.q.val()) == self.last_beat.val();
        self.is_last.next = bit_cast::<14, 11>(self.beat.q.val()) == self.last_source.val();
        self.taken.next = self.tx_ready.val();
        for i in 0..self.held.len() {
            self.taken.next = self.tx_ready.val() || !self.held[i].valid.val();
        }
        self.issue.next =
            self.leaving.valid.val() && self.head_forward.val() && (!self.shown.q.val() || self.taken.val());
        self.remove.next = (self.leaving.valid.val() && !self.head_forward.val())
            || (self.issue.val() && self.is_last.val());
        self.leaving.pop.next = self.remove.val();
        for i in 0..self.starts.len() {
            self.starts[i].pop.next = self.remove.val();
        }
        self.give.next = self.remove.val();
        self.give_buffer.next = self.head.val().get_bits::<10>(0);
        if self.issue.val() {
            self.beat.d.next = self.beat.q.val() + 1;
        }
        if self.remove.val() {
            self.beat.d.next = 0.into();
        }
        self.read.next = self.issue.val();
        self.read_buffer.next = self.head.val().get_bits::<10>(0);
        self.known.read.next = self.issue.val();
        self.known.clear.next = false;
        self.known.read_address.next = self.head.val().get_bits::<10>(0);

        // One clock later the beat is there.
        self.shown.d.next = self.issue.val() || (self.shown.q.val() && !self.taken.val());
        self.shown_beat.clock.next = self.clock.val();
        self.shown_beat.enable.next = self.issue.val();
        self.shown_beat.d.next = self.source.val();
        self.shown_last.clock.next = self.clock.val();
        self.shown_last.enable.next = self.issue.val();
        self.shown_last.d.next = 0.into();
        self.empty_lanes.next = (!self.head_last_byte.val()) & self.lane_mask.val();
        self.shown_empty.clock.next = self.clock.val();
        self.shown_empty.enable.next = self.issue.val();
        self.shown_empty.d.next = 0.into();
        if self.ends.val() {
            self.shown_last.d.next = 1.into();
            self.shown_empty.d.next = self.empty_lanes.val().get_bits::<6>(0);
        }
        self.shown_data.next = self.read_data.val();
        for i in 0..self.banks.len() {
            self.banks[i].clock.next = self.clock.val();
            self.banks[i].write.next = self.exit_valid.val();
            self.banks[i].write_address.next = self.exit_buffer.val();
            self.banks[i].write_data.next =
                self.exit_memory.val().get_bits::<BUS>(self.bank_offsets[i].val().index());
            self.banks[i].read.next = self.issue.val();
            self.banks[i].clear.next = false;
            self.banks[i].read_address.next = self.head.val().get_bits::<10>(0);
            if self.shown_beat.q.val() == self.bank_numbers[i].val() {
                self.shown_data.next = self.banks[i].read_data.val();
            }
        }

        // It goes out as it is, or is held.
        self.tx_valid.next = self.shown.q.val();
        self.tx_last.next = self.shown_last.q.val().any();
        self.sent_empty.next = self.shown_empty.q.val();
        self.tx_data.next = self.shown_data.val();
        self.sent.next = self.known.read_data.val();
        for i in 0..self.held.len() {
            self.shown_from[i].clock.next = self.clock.val();
            self.shown_from[i].enable.next = self.issue.val();
            self.shown_from[i].d.next = self.first_lane.val().get_bits::<6>(0);
            self.shown_begins[i].clock.next = self.clock.val();
            self.shown_begins[i].enable.next = self.issue.val();
            self.shown_begins[i].d.next = 0.into();
            if self.begins.val() {
                self.shown_begins[i].d.next = 1.into();
            }
            self.held[i].clock.next = self.clock.val();
            self.held[i].reset.next = self.reset.val();
            self.held[i].enable.next = self.taken.val();
            self.held[i].begins.next = self.shown.q.val() && self.shown_begins[i].q.val().any();
            self.held[i].data.next = self.shown_data.val();
            self.held[i].from.next = self.shown_from[i].q.val();
            self.held[i].last.next = self.shown_last.q.val();
            self.held[i].empty.next = self.shown_empty.q.val();
            self.held[i].known.next = self.known.read_data.val();
            self.tx_valid.next = self.held[i].valid.val();
            self.tx_last.next = self.held[i].last_out.val().any();
            self.sent_empty.next = self.held[i].empty_out.val();
            self.tx_data.next = self.held[i].beat.val();
            self.sent.next = self.held[i].known_out.val();
        }
        self.tx_keep.next = self.all_lanes.val() >> bit_cast::<KEEP, 6>(self.sent_empty.val());
        self.tx_verdict.next = bit_cast::<32, 3>(self.sent.val().get_bits::<3>(0));
        self.tx_slot.next = self.sent.val().get_bits::<3>(3);
        self.tx_number.next = self.sent.val().get_bits::<32>(6);
        self.tx_redirect.next = self.sent.val().get_bits::<32>(38);

        if self.reset.val() {
            self.left.d.next = false;
            self.beat.d.next = 0.into();
            self.shown.d.next = false;
        }
    }
}
