// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Deep-load port: any 8 bytes of a packet as it was received, one load a clock.
//!
//! A port has a copy of the packet buffers of its own, in columns of 8-byte words, so it never waits for anybody. Its
//! four clocks are those of its own stage and of the next one; `hdl/docs/deep.md` shows them.

use super::operand::SourceFetch;
use super::tag::Tag;
use super::words::LateWord;
use crate::buffer::BUFFER_BITS;
use crate::primitives::{Delay, HoldRam, Pack, RamStyle};
use rust_hdl::prelude::*;
use weir_pipeline::Target;
use weir_pipeline::words::LateOp;

/// Bytes of a word, and of the longest load.
const WORD_BYTES: u32 = 8;

/// What of a load has to wait for the register that it starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct Request {
    buffer: Bits<BUFFER_BITS>,
    length: Bits<14>,
    offset: Bits<20>,
    size: Bits<2>,
}

/// A deep-load port for a bus of `BUS` bits.
#[derive(LogicBlock)]
pub struct DeepPort<const RB: usize, const BUS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whose packet; first clock.
    pub tag: Signal<In, Tag>,
    /// What to do; first clock.
    pub word: Signal<In, LateWord>,
    /// Registers on entry; first clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates on entry; first clock.
    pub predicates: Signal<In, Bits<16>>,
    /// What was there; second clock of the next stage.
    pub result: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock of the next stage.
    pub write: Signal<Out, Bit>,
    /// To which; first clock of the next stage.
    pub dst: Signal<Out, Bits<4>>,

    /// A beat of a frame comes in, ...
    pub frame_write: Signal<In, Bit>,
    /// ... to this buffer, ...
    pub frame_buffer: Signal<In, Bits<BUFFER_BITS>>,
    /// ... as this one of its beats.
    pub frame_beat: Signal<In, Bits<11>>,
    /// Its bytes.
    pub frame_data: Signal<In, Bits<BUS>>,

    fetch: SourceFetch<RB>,
    request: DFF<Request>,
    permitted: DFF<Bit>,
    loaded: DFF<Bit>,
    dst_line: Delay<4>,
    columns: Vec<HoldRam<21, 64>>,
    column: DFF<Bits<13>>,
    turn: DFF<Bits<6>>,
    low_there: DFF<Bit>,
    high_there: DFF<Bit>,
    there: DFF<Bits<8>>,
    turned: DFF<Bits<64>>,
    turned_there: DFF<Bits<8>>,
    pair: Pack<2, 64, 128>,
    masked: Pack<8, 8, 64>,

    /// Columns less one.
    column_mask: Constant<Bits<13>>,
    column_bits: Constant<Bits<13>>,
    row_mask: Constant<Bits<13>>,
    row_bits: Constant<Bits<21>>,
    headroom: Constant<Bits<16>>,
    /// Which columns a beat is written to, and where in the beat their words are.
    beat_mask: Constant<Bits<11>>,
    beat_shift: Constant<Bits<11>>,
    beat_of: Vec<Constant<Bits<11>>>,
    lane_of: Vec<Constant<Bits<10>>>,
    number: Vec<Constant<Bits<13>>>,
    all_bytes: Constant<Bits<8>>,
    last_word: Constant<Bits<13>>,
    deep: Constant<Bits<4>>,

    offset: Signal<Local, Bits<20>>,
    offset_low: Signal<Local, Bits<14>>,
    at: Signal<Local, Bits<14>>,
    start: Signal<Local, Bits<16>>,
    left: Signal<Local, Bits<16>>,
    word_at: Signal<Local, Bits<13>>,
    word_row: Signal<Local, Bits<13>>,
    next_row: Signal<Local, Bits<13>>,
    row: Signal<Local, Bits<13>>,
    row_behind: Signal<Local, Bits<13>>,
    frame_row: Signal<Local, Bits<11>>,
    start_low: Signal<Local, Bits<3>>,
    left_low: Signal<Local, Bits<3>>,
    behind: Signal<Local, Bits<8>>,
    not_behind: Signal<Local, Bits<8>>,
    column_of: Signal<Local, Bits<13>>,
    low: Signal<Local, Bits<64>>,
    high: Signal<Local, Bits<64>>,
    of_size: Signal<Local, Bits<8>>,
    next_column: Signal<Local, Bits<13>>,
    column_behind: Signal<Local, Bits<13>>,
    both: Signal<Local, Bits<128>>,
}

impl<const RB: usize, const BUS: usize> DeepPort<RB, BUS> {
    /// A port of `target`, whose bus has `BUS` bits.
    pub fn new(target: &Target) -> Self {
        // A load that is not aligned needs two words: at least an even and an odd column.
        let lanes = BUS as u32 / 64;
        let columns = lanes.max(2);
        let rows = target.packet_buffer_bytes / WORD_BYTES / columns;
        let depth = (target.packet_buffers * rows) as usize;
        let constant = |value: u32| u64::from(value);
        Self {
            clock: Default::default(),
            tag: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            result: Default::default(),
            write: Default::default(),
            dst: Default::default(),
            frame_write: Default::default(),
            frame_buffer: Default::default(),
            frame_beat: Default::default(),
            frame_data: Default::default(),
            fetch: Default::default(),
            request: Default::default(),
            permitted: Default::default(),
            loaded: Default::default(),
            dst_line: Delay::new(2),
            columns: (0..columns).map(|_| HoldRam::new(depth, RamStyle::Block)).collect(),
            column: Default::default(),
            turn: Default::default(),
            low_there: Default::default(),
            high_there: Default::default(),
            there: Default::default(),
            turned: Default::default(),
            turned_there: Default::default(),
            pair: Default::default(),
            masked: Default::default(),
            column_mask: Constant::new(constant(columns - 1).to_bits()),
            column_bits: Constant::new(constant(columns.ilog2()).to_bits()),
            row_mask: Constant::new(constant(rows - 1).to_bits()),
            row_bits: Constant::new(constant(rows.ilog2()).to_bits()),
            headroom: Constant::new(constant(target.headroom_bytes).to_bits()),
            beat_mask: Constant::new(constant(columns / lanes - 1).to_bits()),
            beat_shift: Constant::new(constant((columns / lanes).ilog2()).to_bits()),
            beat_of: (0..columns).map(|c| Constant::new(constant(c / lanes).to_bits())).collect(),
            lane_of: (0..columns).map(|c| Constant::new(constant(c % lanes * 64).to_bits())).collect(),
            number: (0..columns).map(|c| Constant::new(constant(c).to_bits())).collect(),
            all_bytes: Constant::new(constant(0xff).to_bits()),
            last_word: Constant::new(!Bits::default()),
            deep: Constant::new((LateOp::Deep as u64).to_bits()),
            offset: Default::default(),
            offset_low: Default::default(),
            at: Default::default(),
            start: Default::default(),
            left: Default::default(),
            word_at: Default::default(),
            word_row: Default::default(),
            next_row: Default::default(),
            row: Default::default(),
            row_behind: Default::default(),
            frame_row: Default::default(),
            start_low: Default::default(),
            left_low: Default::default(),
            behind: Default::default(),
            not_behind: Default::default(),
            column_of: Default::default(),
            low: Default::default(),
            high: Default::default(),
            of_size: Default::default(),
            next_column: Default::default(),
            column_behind: Default::default(),
            both: Default::default(),
        }
    }
}

impl<const RB: usize, const BUS: usize> Logic for DeepPort<RB, BUS> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            request,
            permitted,
            loaded,
            column,
            turn,
            low_there,
            high_there,
            there,
            turned,
            turned_there
        );
        self.dst_line.clock.next = self.clock.val();

        // First clock: the register, the guard.
        self.fetch.clock.next = self.clock.val();
        self.fetch.registers.next = self.registers.val();
        self.fetch.source.next = self.word.val().a;
        self.request.d.next.buffer = self.tag.val().buffer;
        self.request.d.next.length = self.tag.val().length;
        self.request.d.next.offset = self.word.val().offset;
        self.request.d.next.size = self.word.val().size;
        self.permitted.d.next = self.tag.val().active
            && (self.word.val().op == self.deep.val())
            && (self.predicates.val().get_bit(self.word.val().guard.index()) ^ (self.word.val().negate == 1));
        self.dst_line.d.next = self.word.val().dst;

        // Second clock: where the load starts in the packet, as a signed number, and which words it needs.
        self.offset.next = self.request.q.val().offset;
        self.offset_low.next = self.offset.val().get_bits::<14>(0);
        self.at.next = self.fetch.value.val().get_bits::<14>(0) + self.offset_low.val();
        self.start.next = bit_cast::<16, 14>(self.at.val()) - self.headroom.val();
        self.start_low.next = self.start.val().get_bits::<3>(0);
        self.word_at.next = self.start.val().get_bits::<13>(3);
        self.word_row.next = self.word_at.val() >> self.column_bits.val();
        self.next_row.next = self.word_row.val() + 1;
        self.row.next = self.word_row.val() & self.row_mask.val();
        self.row_behind.next = self.next_row.val() & self.row_mask.val();
        self.column_of.next = self.word_at.val() & self.column_mask.val();
        self.column.d.next = self.column_of.val();
        self.turn.d.next = bit_cast::<6, 3>(self.start_low.val()) << 3;
        self.loaded.d.next = self.permitted.q.val();
        for i in 0..self.columns.len() {
            self.columns[i].clock.next = self.clock.val();
            self.columns[i].clear.next = false;
            self.columns[i].read.next = self.permitted.q.val();
            self.columns[i].read_address.next = (bit_cast::<21, 10>(self.request.q.val().buffer)
                << self.row_bits.val())
                | bit_cast::<21, 13>(self.row.val());
        }
        // Only the first column can be the one behind the last.
        if self.column_of.val() == self.column_mask.val() {
            self.columns[0].read_address.next = (bit_cast::<21, 10>(self.request.q.val().buffer)
                << self.row_bits.val())
                | bit_cast::<21, 13>(self.row_behind.val());
        }

        // What is there: a word in front of the packet is not, nor are bytes behind its end.
        self.low_there.d.next = !self.start.val().get_bit(15);
        self.high_there.d.next =
            (!self.start.val().get_bit(15)) || (self.word_at.val() == self.last_word.val());
        self.left.next = bit_cast::<16, 14>(self.request.q.val().length) - self.start.val();
        self.left_low.next = self.left.val().get_bits::<3>(0);
        self.behind.next = bits::<8>(0);
        if self.left.val().get_bit(15) || (self.left.val() == 0) {
            self.behind.next = self.all_bytes.val();
        } else if self.left.val() < 8 {
            self.behind.next = self.all_bytes.val() << bit_cast::<8, 3>(self.left_low.val());
        }
        self.not_behind.next = !self.behind.val();
        self.of_size.next = self.all_bytes.val();
        if self.request.q.val().size == 0 {
            self.of_size.next = bits::<8>(0x1);
        } else if self.request.q.val().size == 1 {
            self.of_size.next = bits::<8>(0x3);
        } else if self.request.q.val().size == 2 {
            self.of_size.next = bits::<8>(0xf);
        }
        self.there.d.next = self.not_behind.val() & self.of_size.val();

        // Third clock: two words, turned to the byte in which the load starts.
        self.write.next = self.loaded.q.val();
        self.dst.next = self.dst_line.q.val();
        self.next_column.next = self.column.q.val() + 1;
        self.column_behind.next = self.next_column.val() & self.column_mask.val();
        self.low.next = bits::<64>(0);
        self.high.next = bits::<64>(0);
        for i in 0..self.columns.len() {
            if self.low_there.q.val() && (self.column.q.val() == self.number[i].val()) {
                self.low.next = self.columns[i].read_data.val();
            }
            if self.high_there.q.val() && (self.column_behind.val() == self.number[i].val()) {
                self.high.next = self.columns[i].read_data.val();
            }
        }
        self.pair.i[0].next = self.low.val();
        self.pair.i[1].next = self.high.val();
        self.both.next = self.pair.o.val() >> self.turn.q.val();
        self.turned.d.next = self.both.val().get_bits::<64>(0);
        self.turned_there.d.next = self.there.q.val();

        // Fourth clock: bytes that are not there, or not wanted, are zero.
        for i in 0..8 {
            self.masked.i[i].next = bits::<8>(0);
            if self.turned_there.q.val().get_bit(i) {
                self.masked.i[i].next = self.turned.q.val().get_bits::<8>(i * 8);
            }
        }
        self.result.next = self.masked.o.val();

        // Frames as they come in, a beat a clock.
        self.frame_row.next = self.frame_beat.val() >> self.beat_shift.val();
        for i in 0..self.columns.len() {
            self.columns[i].write.next = self.frame_write.val()
                && ((self.frame_beat.val() & self.beat_mask.val()) == self.beat_of[i].val());
            self.columns[i].write_address.next = (bit_cast::<21, 10>(self.frame_buffer.val())
                << self.row_bits.val())
                | bit_cast::<21, 11>(self.frame_row.val());
            self.columns[i].write_data.next =
                self.frame_data.val().get_bits::<64>(self.lane_of[i].val().index());
        }
    }
}
