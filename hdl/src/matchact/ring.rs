// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The ring: entry, stages with their words, padding, and the way round or out.

use super::admission::Admission;
use super::entry::Entry;
use super::keys::{KeyAnswer, KeyRequest};
use super::late::LateUnits;
use super::stage::Stage;
use super::table::{MapDescriptor, TableWrite};
use super::tag::Tag;
use super::word_store::WordStore;
use super::words::WORD_BITS;
use crate::primitives::Delay;
use rust_hdl::prelude::*;
use std::ops::Range;
use weir_pipeline::target::STAGE_CLOCKS;
use weir_pipeline::{LateUnit, Target};

/// No table unit has this number.
const NO_UNIT: u64 = 63;

/// The ring of a target.
///
/// `R` registers, `RB` bits of registers (`64 * R`), `WB` bits of the window, `MB` bits of headroom, window and stack,
/// `BUS` bits of a beat.
#[derive(LogicBlock)]
pub struct Ring<const R: usize, const RB: usize, const WB: usize, const MB: usize, const BUS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset: empties the ring and forgets the programs.
    pub reset: Signal<In, Bit>,

    /// Slots of which packets wait behind the one that wants to enter, a bit each.
    pub waiting: Signal<In, Bits<8>>,
    /// One of these slots may send the packet that wants to enter next.
    pub choice_valid: Signal<Out, Bit>,
    /// Which; it can be followed in a clock in which no packet is left wanting to enter.
    pub choice: Signal<Out, Bits<3>>,

    /// A packet wants to enter.
    pub enter_valid: Signal<In, Bit>,
    /// It enters if it wants to: the place is free and the gap of its slot has elapsed. Depends on `enter_slot`.
    pub enter_ready: Signal<Out, Bit>,
    /// Its first bytes, byte 0 lowest, zero beyond its end.
    pub enter_window: Signal<In, Bits<WB>>,
    /// Program slot.
    pub enter_slot: Signal<In, Bits<3>>,
    /// Packet buffer, carried along.
    pub enter_buffer: Signal<In, Bits<10>>,
    /// Length in bytes.
    pub enter_length: Signal<In, Bits<14>>,
    /// `xdp_md.ingress_ifindex`
    pub enter_ifindex: Signal<In, Bits<32>>,
    /// `xdp_md.rx_queue_index`
    pub enter_queue: Signal<In, Bits<16>>,
    /// Time of reception in ns.
    pub enter_timestamp: Signal<In, Bits<64>>,
    /// The packet's random value.
    pub enter_random: Signal<In, Bits<64>>,

    /// A packet leaves.
    pub exit_valid: Signal<Out, Bit>,
    /// Headroom, window and stack after the program.
    pub exit_memory: Signal<Out, Bits<MB>>,
    /// Context address at which the packet starts.
    pub exit_start: Signal<Out, Bits<14>>,
    /// Program slot.
    pub exit_slot: Signal<Out, Bits<3>>,
    /// Packet buffer.
    pub exit_buffer: Signal<Out, Bits<10>>,
    /// Length in bytes.
    pub exit_length: Signal<Out, Bits<14>>,
    /// Low half of register 0, 0 if aborted, 2 if no program was there.
    pub exit_verdict: Signal<Out, Bits<32>>,
    /// The program broke a bound.
    pub exit_aborted: Signal<Out, Bit>,
    /// Interface index to which verdict 4 sends it: low half of register 1.
    pub exit_redirect: Signal<Out, Bits<32>>,

    /// A beat of a frame comes in, for the deep-load ports: see [`super::deep::DeepPort`].
    pub frame_write: Signal<In, Bit>,
    /// Its packet buffer.
    pub frame_buffer: Signal<In, Bits<10>>,
    /// Which of its beats it is.
    pub frame_beat: Signal<In, Bits<11>>,
    /// Its bytes.
    pub frame_data: Signal<In, Bits<BUS>>,

    /// Writes a stage word.
    pub word_write: Signal<In, Bit>,
    /// Its program slot.
    pub word_slot: Signal<In, Bits<3>>,
    /// Its pass.
    pub word_pass: Signal<In, Bits<6>>,
    /// Its stage.
    pub word_stage: Signal<In, Bits<8>>,
    /// The word, as `weir_pipeline::StageWord::encode` lays it out.
    pub word_data: Signal<In, Bits<WORD_BITS>>,

    /// Sets passes and gap of a slot.
    pub program_write: Signal<In, Bit>,
    /// Which.
    pub program_slot: Signal<In, Bits<3>>,
    /// Passes; 0 for no program.
    pub program_passes: Signal<In, Bits<7>>,
    /// Clocks from one admission to the next, at least 1.
    pub program_gap: Signal<In, Bits<16>>,
    /// Whether register 2 says at the end where the packet starts; without headroom it never does.
    pub program_moves_head: Signal<In, Bit>,

    /// Sets base and limit of a map.
    pub map_write: Signal<In, Bit>,
    /// Its program slot.
    pub map_slot: Signal<In, Bits<3>>,
    /// Its table unit.
    pub map_unit: Signal<In, Bits<6>>,
    /// Its id within slot and unit.
    pub map_id: Signal<In, Bits<3>>,
    /// First word in the unit.
    pub map_base: Signal<In, Bits<17>>,
    /// Bytes.
    pub map_limit: Signal<In, Bits<21>>,

    /// Wants to access a table; held until `table_ready`.
    pub table_request: Signal<In, Bit>,
    /// Write, not read.
    pub table_write: Signal<In, Bit>,
    /// Table unit.
    pub table_unit: Signal<In, Bits<6>>,
    /// Word in the unit.
    pub table_address: Signal<In, Bits<17>>,
    /// What is written.
    pub table_wdata: Signal<In, Bits<64>>,
    /// The request is taken in this clock.
    pub table_ready: Signal<Out, Bit>,
    /// What a read has found, some clocks after it was taken.
    pub table_rvalid: Signal<Out, Bit>,
    /// The word.
    pub table_rdata: Signal<Out, Bits<64>>,

    /// Wants an operation of a key unit; held until `key_ready`.
    pub key_request: Signal<In, Bit>,
    /// Which unit.
    pub key_unit: Signal<In, Bits<6>>,
    /// Which operation; held until there is an answer.
    pub key_operation: Signal<In, KeyRequest>,
    /// The request is taken in this clock.
    pub key_ready: Signal<Out, Bit>,
    /// It is done, six clocks later, ...
    pub key_answered: Signal<Out, Bit>,
    /// ... and this came of it.
    pub key_answer: Signal<Out, KeyAnswer>,

    /// Deep loads that were done in this clock.
    pub deep_loads: Signal<Out, Bits<4>>,

    admission: Admission,
    stage: Vec<Stage<R, RB, MB>>,
    late: Vec<LateUnits<RB, BUS>>,
    words: Vec<WordStore>,
    tag: Vec<DFF<Tag>>,
    entry: Entry<RB, WB, MB>,
    pad_registers: Delay<RB>,
    pad_predicates: Delay<16>,
    pad_memory: Delay<MB>,
    pad_aborted: Delay<1>,
    nobody: Constant<Tag>,
    stage_number: Vec<Constant<Bits<8>>>,
    unit_number: Vec<Constant<Bits<6>>>,
    key_unit_number: Vec<Constant<Bits<6>>>,
    no_answer: Constant<KeyAnswer>,
    nothing_written: Constant<TableWrite>,
    descriptor: Signal<Local, MapDescriptor>,
    /// The number of stages alone, and that of stages from a lookup port to its table unit, if there are ports.
    _stages: Range<usize>,
    _before: Range<usize>,
    /// Deep loads in this clock up to each stage.
    deep_sum: Vec<Signal<Local, Bits<4>>>,
    headroom: Constant<Bits<14>>,
    leaver: Signal<Local, Tag>,
    register0: Signal<Local, Bits<32>>,
    aborted: Signal<Local, Bit>,
}

impl<const R: usize, const RB: usize, const WB: usize, const MB: usize, const BUS: usize>
    Ring<R, RB, WB, MB, BUS>
{
    /// The ring of `target`, whose sizes the parameters must match.
    pub fn new(target: &Target) -> Self {
        assert_eq!(
            (R, RB, WB, MB),
            (
                target.registers as usize,
                target.registers as usize * 64,
                target.window_bytes as usize * 8,
                target.context_bytes() as usize * 8
            ),
            "the parameters of the ring are not those of target {}",
            target.name
        );
        assert!(u64::from(target.table_units()) < NO_UNIT, "too many table units");
        assert!(u64::from(target.key_units()) < NO_UNIT, "too many key units");
        let (stages, before) = (target.stages as usize, target.units.ports.before as usize);
        let padding = (target.ring_clocks() - 1 - STAGE_CLOCKS * target.stages) as usize;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            waiting: Default::default(),
            choice_valid: Default::default(),
            choice: Default::default(),
            enter_valid: Default::default(),
            enter_ready: Default::default(),
            enter_window: Default::default(),
            enter_slot: Default::default(),
            enter_buffer: Default::default(),
            enter_length: Default::default(),
            enter_ifindex: Default::default(),
            enter_queue: Default::default(),
            enter_timestamp: Default::default(),
            enter_random: Default::default(),
            exit_valid: Default::default(),
            exit_memory: Default::default(),
            exit_start: Default::default(),
            exit_slot: Default::default(),
            exit_buffer: Default::default(),
            exit_length: Default::default(),
            exit_verdict: Default::default(),
            exit_aborted: Default::default(),
            exit_redirect: Default::default(),
            frame_write: Default::default(),
            frame_buffer: Default::default(),
            frame_beat: Default::default(),
            frame_data: Default::default(),
            word_write: Default::default(),
            word_slot: Default::default(),
            word_pass: Default::default(),
            word_stage: Default::default(),
            word_data: Default::default(),
            program_write: Default::default(),
            program_slot: Default::default(),
            program_passes: Default::default(),
            program_gap: Default::default(),
            program_moves_head: Default::default(),
            map_write: Default::default(),
            map_slot: Default::default(),
            map_unit: Default::default(),
            map_id: Default::default(),
            map_base: Default::default(),
            map_limit: Default::default(),
            table_request: Default::default(),
            table_write: Default::default(),
            table_unit: Default::default(),
            table_address: Default::default(),
            table_wdata: Default::default(),
            table_ready: Default::default(),
            table_rvalid: Default::default(),
            table_rdata: Default::default(),
            key_request: Default::default(),
            key_unit: Default::default(),
            key_operation: Default::default(),
            key_ready: Default::default(),
            key_answered: Default::default(),
            key_answer: Default::default(),
            deep_loads: Default::default(),
            deep_sum: (0..=target.stages).map(|_| Default::default()).collect(),
            admission: Admission::new(target),
            stage: (0..target.stages).map(|stage| Stage::new(target, stage)).collect(),
            late: (0..target.stages).map(|stage| LateUnits::new(target, stage)).collect(),
            words: (0..target.stages).map(|_| WordStore::new(target)).collect(),
            tag: (0..target.ring_clocks()).map(|_| Default::default()).collect(),
            entry: Entry::new(target),
            pad_registers: Delay::new(padding),
            pad_predicates: Delay::new(padding),
            pad_memory: Delay::new(padding),
            pad_aborted: Delay::new(padding),
            nobody: Constant::new(Tag::default()),
            stage_number: (0..target.stages).map(|stage| Constant::new(u64::from(stage).to_bits())).collect(),
            unit_number: (0..target.stages)
                .map(|stage| match target.late_unit(stage) {
                    LateUnit::Table(unit) | LateUnit::Port(unit) => u64::from(unit),
                    _ => NO_UNIT,
                })
                .map(|unit| Constant::new(unit.to_bits()))
                .collect(),
            key_unit_number: (0..target.stages)
                .map(|stage| match target.late_unit(stage) {
                    LateUnit::Keys(unit) => u64::from(unit),
                    _ => NO_UNIT,
                })
                .map(|unit| Constant::new(unit.to_bits()))
                .collect(),
            no_answer: Constant::new(KeyAnswer::default()),
            nothing_written: Constant::new(TableWrite::default()),
            descriptor: Default::default(),
            _stages: stages..stages + 1,
            _before: before..before + before.min(1),
            headroom: Constant::new(u64::from(target.headroom_bytes).to_bits()),
            leaver: Default::default(),
            register0: Default::default(),
            aborted: Default::default(),
        }
    }
}

impl<const R: usize, const RB: usize, const WB: usize, const MB: usize, const BUS: usize> Logic
    for Ring<R, RB, WB, MB, BUS>
{
    #[hdl_gen]
    fn update(&mut self) {
        // Tags run round in step with the packets; the last one decides who stays.
        self.admission.clock.next = self.clock.val();
        self.admission.reset.next = self.reset.val();
        self.admission.waiting.next = self.waiting.val();
        self.choice_valid.next = self.admission.choice_valid.val();
        self.choice.next = self.admission.choice.val();
        self.admission.host_waits.next = self.table_request.val();
        self.admission.enter_valid.next = self.enter_valid.val();
        self.enter_ready.next = self.admission.enter_ready.val();
        self.admission.enter_slot.next = self.enter_slot.val();
        self.admission.enter_buffer.next = self.enter_buffer.val();
        self.admission.enter_length.next = self.enter_length.val();
        self.admission.program_write.next = self.program_write.val();
        self.admission.program_slot.next = self.program_slot.val();
        self.admission.program_passes.next = self.program_passes.val();
        self.admission.program_gap.next = self.program_gap.val();
        self.admission.program_moves_head.next = self.program_moves_head.val();
        // The last of these assignments holds.
        for i in 0..self.tag.len() {
            self.leaver.next = self.tag[i].q.val();
        }
        self.admission.returning.next = self.leaver.val();
        self.tag[0].clock.next = self.clock.val();
        self.tag[0].d.next = self.admission.tag.val();
        for i in 1..self.tag.len() {
            self.tag[i].clock.next = self.clock.val();
            self.tag[i].d.next = self.tag[i - 1].q.val();
            if self.reset.val() {
                self.tag[i].d.next = self.nobody.val();
            }
        }

        // Entry: a new packet, or who comes round.
        self.aborted.next = self.pad_aborted.q.val().any();
        self.entry.clock.next = self.clock.val();
        self.entry.entering.next = self.admission.entering.val();
        self.entry.window.next = self.enter_window.val();
        self.entry.length.next = self.enter_length.val();
        self.entry.ifindex.next = self.enter_ifindex.val();
        self.entry.queue.next = self.enter_queue.val();
        self.entry.timestamp.next = self.enter_timestamp.val();
        self.entry.random.next = self.enter_random.val();
        self.entry.registers.next = self.pad_registers.q.val();
        self.entry.predicates.next = self.pad_predicates.q.val();
        self.entry.memory.next = self.pad_memory.q.val();
        self.entry.aborted.next = self.aborted.val();

        // Stages: the tag in front of a stage fetches its word one clock ahead.
        self.stage[0].registers.next = self.entry.registers_out.val();
        self.stage[0].predicates.next = self.entry.predicates_out.val();
        self.stage[0].memory.next = self.entry.memory_out.val();
        self.stage[0].aborted.next = self.entry.aborted_out.val();
        self.stage[0].late.next = bits::<64>(0);
        self.stage[0].late_write.next = false;
        self.stage[0].late_dst.next = bits::<4>(0);
        self.words[0].tag.next = self.admission.tag.val();
        self.late[0].registers.next = self.entry.registers_out.val();
        self.late[0].predicates.next = self.entry.predicates_out.val();
        for i in 1..self.stage.len() {
            self.stage[i].registers.next = self.stage[i - 1].registers_out.val();
            self.stage[i].predicates.next = self.stage[i - 1].predicates_out.val();
            self.stage[i].memory.next = self.stage[i - 1].memory_out.val();
            self.stage[i].aborted.next = self.stage[i - 1].aborted_out.val();
            // One unit at most writes at the end of a stage; where there is none, there are zeros.
            self.stage[i].late.next = self.stage[i - 1].late_out.val() | self.late[i - 1].deep.val();
            self.stage[i].late_write.next =
                self.stage[i - 1].late_write_out.val() || self.late[i - 1].deep_write.val();
            self.stage[i].late_dst.next =
                self.stage[i - 1].late_dst_out.val() | self.late[i - 1].deep_dst.val();
            self.words[i].tag.next = self.tag[2 * i - 1].q.val();
            self.late[i].registers.next = self.stage[i - 1].registers_out.val();
            self.late[i].predicates.next = self.stage[i - 1].predicates_out.val();
        }
        // A key unit's result takes two stages longer.
        for i in 3..self.stage.len() {
            self.stage[i].late.next =
                self.stage[i - 1].late_out.val() | self.late[i - 1].deep.val() | self.late[i - 3].place.val();
            self.stage[i].late_write.next = self.stage[i - 1].late_write_out.val()
                || self.late[i - 1].deep_write.val()
                || self.late[i - 3].place_write.val();
            self.stage[i].late_dst.next = self.stage[i - 1].late_dst_out.val()
                | self.late[i - 1].deep_dst.val()
                | self.late[i - 3].place_dst.val();
        }
        self.key_ready.next = false;
        self.key_answered.next = false;
        self.key_answer.next = self.no_answer.val();
        self.table_ready.next = false;
        self.table_rvalid.next = false;
        self.table_rdata.next = bits::<64>(0);
        self.descriptor.next.slot = self.map_slot.val();
        self.descriptor.next.id = self.map_id.val();
        self.descriptor.next.base = self.map_base.val();
        self.descriptor.next.limit = self.map_limit.val();
        for i in 0..self.stage.len() {
            self.words[i].clock.next = self.clock.val();
            self.words[i].write.next =
                self.word_write.val() && (self.word_stage.val() == self.stage_number[i].val());
            self.words[i].write_slot.next = self.word_slot.val();
            self.words[i].write_pass.next = self.word_pass.val();
            self.words[i].write_data.next = self.word_data.val();
            self.stage[i].clock.next = self.clock.val();
            self.stage[i].tag.next = self.tag[2 * i].q.val();
            self.stage[i].word.next = self.words[i].word.val();
            self.late[i].clock.next = self.clock.val();
            self.late[i].tag.next = self.tag[2 * i].q.val();
            self.late[i].word.next = self.words[i].word.val();
            self.late[i].frame_write.next = self.frame_write.val();
            self.late[i].frame_buffer.next = self.frame_buffer.val();
            self.late[i].frame_beat.next = self.frame_beat.val();
            self.late[i].frame_data.next = self.frame_data.val();
            self.stage[i].map_write.next =
                self.map_write.val() && (self.map_unit.val() == self.unit_number[i].val());
            self.stage[i].map.next = self.descriptor.val();
            self.stage[i].copied.next = self.nothing_written.val();
            self.stage[i].host_request.next =
                self.table_request.val() && (self.table_unit.val() == self.unit_number[i].val());
            self.stage[i].host_write.next = self.table_write.val();
            self.late[i].key_request.next =
                self.key_request.val() && (self.key_unit.val() == self.key_unit_number[i].val());
            self.late[i].key_operation.next = self.key_operation.val();
            if self.late[i].key_ready.val() {
                self.key_ready.next = true;
            }
            if self.late[i].key_answered.val() {
                self.key_answered.next = true;
                self.key_answer.next = self.late[i].key_answer.val();
            }
            self.stage[i].host_address.next = self.table_address.val();
            self.stage[i].host_wdata.next = self.table_wdata.val();
            if self.stage[i].host_ready.val() {
                self.table_ready.next = true;
            }
            if self.stage[i].host_rvalid.val() {
                self.table_rvalid.next = true;
                self.table_rdata.next = self.stage[i].host_rdata.val();
            }
        }

        // What a table unit writes goes to the stage of its lookup port; other stages write nothing. In an index there can
        // only be variables of loops, so the two numbers are loops of one turn, or of none where there are no ports.
        for stages in self._stages.start..self._stages.end {
            for before in self._before.start..self._before.end {
                for i in 0..self.stage.len() {
                    self.stage[(i + stages - before) % stages].copied.next = self.stage[i].written.val();
                }
            }
        }

        self.deep_sum[0].next = bits::<4>(0);
        self.deep_loads.next = bits::<4>(0);
        for i in 0..self.late.len() {
            self.deep_sum[i + 1].next = self.deep_sum[i].val();
            if self.late[i].deep_write.val() {
                self.deep_sum[i + 1].next = self.deep_sum[i].val() + 1;
            }
            self.deep_loads.next = self.deep_sum[i + 1].val();
        }

        // Padding, and the way out.
        self.pad_registers.clock.next = self.clock.val();
        self.pad_predicates.clock.next = self.clock.val();
        self.pad_memory.clock.next = self.clock.val();
        self.pad_aborted.clock.next = self.clock.val();
        // Here, too, the last assignment holds.
        for i in 0..self.stage.len() {
            self.pad_registers.d.next = self.stage[i].registers_out.val();
            self.pad_predicates.d.next = self.stage[i].predicates_out.val();
            self.pad_memory.d.next = self.stage[i].memory_out.val();
            self.pad_aborted.d.next = bits::<1>(0);
            if self.stage[i].aborted_out.val() {
                self.pad_aborted.d.next = bits::<1>(1);
            }
        }
        self.exit_valid.next = self.admission.leaving.val();
        self.exit_memory.next = self.pad_memory.q.val();
        self.exit_start.next = self.headroom.val();
        if self.admission.moves_head.val() {
            self.exit_start.next = self.pad_registers.q.val().get_bits::<14>(128);
        }
        self.exit_slot.next = self.leaver.val().slot;
        self.exit_buffer.next = self.leaver.val().buffer;
        self.exit_length.next = self.leaver.val().length;
        self.exit_aborted.next = self.leaver.val().active && self.aborted.val();
        self.register0.next = self.pad_registers.q.val().get_bits::<32>(0);
        self.exit_verdict.next = self.register0.val();
        self.exit_redirect.next = self.pad_registers.q.val().get_bits::<32>(64);
        if !self.leaver.val().active {
            self.exit_verdict.next = bits::<32>(2);
        } else if self.aborted.val() {
            self.exit_verdict.next = bits::<32>(0);
        }
    }
}
