// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Management: the register bus, as `hdl/regmap.toml` lays it out, and the counters.
//!
//! A write is taken at once, a read answered two clocks later. What the ring is told (words, descriptors) leaves here
//! one clock after the commit. Theory of operation: `hdl/docs/management.md`.
//!
//! Not done here: double-buffered words. A program must be loaded into a slot that no packet is using.

mod constants;
mod counters;

pub use constants::constants;
pub use counters::Counters;

use crate::matchact::keys::{KeyAnswer, KeyOp, KeyRequest};
use crate::primitives::{EnableRegister, Pack};
use rust_hdl::prelude::*;
use weir_pipeline::Target;
use weir_pipeline::words::STAGE_WORD_U32S;
use weir_pipeline::words::layout;
use weir_regs::{Register, counter, key, map, program, table, word};

/// Bits of a stage word.
const STAGE_WORD_BITS: usize = layout::STAGE_WORD_BITS as usize;
/// Bits of the registers that hold one.
const WORD_DATA_BITS: usize = STAGE_WORD_U32S * 32;
/// The command that reads buckets until one holds a key; key units know only the single read.
const SCAN: u64 = 13;
/// What `identity.build` shows before the emitter has put the hash of the text in its place.
pub const NO_BUILD: u32 = 0xb01d_0b01;
/// Read-write registers, in the order of [`Management::fields`].
const FIELDS: [Register; 30] = [
    word::SLOT,
    word::PASS,
    word::STAGE,
    program::SLOT,
    program::PASSES,
    program::GAP,
    map::SLOT,
    map::UNIT,
    map::ID,
    map::BASE,
    map::LIMIT,
    table::UNIT,
    table::ADDRESS,
    table::DATA_LOW,
    table::DATA_HIGH,
    table::COUNT,
    key::UNIT,
    key::SLOT,
    key::ID,
    key::BASE,
    key::SIZE,
    key::LIMIT,
    key::BUCKET,
    key::COUNT,
    key::CELL,
    key::DATA_0,
    key::DATA_1,
    key::DATA_2,
    key::DATA_3,
    key::PLACE,
];
/// Counters of one slot, in an array of eight.
const VERDICTS: [Register; 7] = [
    counter::ABORTED,
    counter::DROPPED,
    counter::PASSED,
    counter::TRANSMITTED,
    counter::REDIRECTED,
    counter::UNKNOWN_VERDICT,
    counter::BOUNDS_ABORTED,
];

/// Register bus, descriptors and counters.
#[derive(LogicBlock)]
pub struct Management {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Sets registers and counters to their reset values.
    pub reset: Signal<In, Bit>,
    /// Reset is through: frames may come.
    pub ready: Signal<Out, Bit>,

    /// An access; it stays until `reg_ready`.
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

    /// Stores a stage word, ...
    pub word_write: Signal<Out, Bit>,
    /// ... of this slot, ...
    pub word_slot: Signal<Out, Bits<3>>,
    /// ... pass ...
    pub word_pass: Signal<Out, Bits<6>>,
    /// ... and stage.
    pub word_stage: Signal<Out, Bits<8>>,
    /// The word.
    pub word_data: Signal<Out, Bits<STAGE_WORD_BITS>>,
    /// Stores a program descriptor, ...
    pub program_write: Signal<Out, Bit>,
    /// ... of this slot.
    pub program_slot: Signal<Out, Bits<3>>,
    /// Passes, 0 for no program.
    pub program_passes: Signal<Out, Bits<7>>,
    /// Least clocks between two admissions.
    pub program_gap: Signal<Out, Bits<16>>,
    /// Whether the program moves heads.
    pub program_moves_head: Signal<Out, Bit>,
    /// Stores a map descriptor, ...
    pub map_write: Signal<Out, Bit>,
    /// ... of this slot, ...
    pub map_slot: Signal<Out, Bits<3>>,
    /// ... table unit ...
    pub map_unit: Signal<Out, Bits<6>>,
    /// ... and id.
    pub map_id: Signal<Out, Bits<3>>,
    /// First word.
    pub map_base: Signal<Out, Bits<17>>,
    /// Bytes.
    pub map_limit: Signal<Out, Bits<21>>,
    /// A table access waits.
    pub table_request: Signal<Out, Bit>,
    /// It is a write.
    pub table_write: Signal<Out, Bit>,
    /// Table unit.
    pub table_unit: Signal<Out, Bits<6>>,
    /// Word.
    pub table_address: Signal<Out, Bits<17>>,
    /// Value to write.
    pub table_wdata: Signal<Out, Bits<64>>,
    /// The access is taken in this clock.
    pub table_ready: Signal<In, Bit>,
    /// The value that was read is there.
    pub table_rvalid: Signal<In, Bit>,
    /// It.
    pub table_rdata: Signal<In, Bits<64>>,

    /// An operation on keys waits.
    pub key_request: Signal<Out, Bit>,
    /// Key unit.
    pub key_unit: Signal<Out, Bits<6>>,
    /// The operation.
    pub key_operation: Signal<Out, KeyRequest>,
    /// It is taken in this clock.
    pub key_ready: Signal<In, Bit>,
    /// It is done, ...
    pub key_answered: Signal<In, Bit>,
    /// ... and this came of it.
    pub key_answer: Signal<In, KeyAnswer>,

    /// A frame has ended, ...
    pub frame_count: Signal<In, Bit>,
    /// ... and was 0: admitted, 1: too short, 2: too long.
    pub frame_class: Signal<In, Bits<2>>,
    /// A packet has left the ring.
    pub report_valid: Signal<In, Bit>,
    /// Its slot.
    pub report_slot: Signal<In, Bits<3>>,
    /// Its verdict.
    pub report_verdict: Signal<In, Bits<32>>,
    /// It broke a bound.
    pub report_aborted: Signal<In, Bit>,
    /// Free packet buffers.
    pub buffers_free: Signal<In, Bits<11>>,
    /// Deep loads that were done in this clock.
    pub deep_loads: Signal<In, Bits<4>>,

    // The bus: 0 idle, 1 counters and address are read, 2 the value is there.
    phase: DFF<Bits<2>>,
    rdata: DFF<Bits<32>>,
    write: Signal<Local, Bit>,

    /// Read-write registers, with addresses and masks.
    fields: Vec<DFF<Bits<32>>>,
    field_addresses: Vec<Constant<Bits<16>>>,
    field_masks: Vec<Constant<Bits<32>>>,
    field_resets: Vec<Constant<Bits<32>>>,
    fixed_addresses: Vec<Constant<Bits<16>>>,
    fixed_values: Vec<Constant<Bits<32>>>,

    word_parts: Vec<EnableRegister<32>>,
    word_addresses: Vec<Constant<Bits<16>>>,
    word_pack: Pack<STAGE_WORD_U32S, 32, WORD_DATA_BITS>,
    word_commit: Constant<Bits<16>>,
    program_commit: Constant<Bits<16>>,
    map_commit: Constant<Bits<16>>,
    word_strobe: DFF<Bit>,
    program_strobe: DFF<Bit>,
    map_strobe: DFF<Bit>,

    table_command: Constant<Bits<16>>,
    table_status: Constant<Bits<16>>,
    // Access under way: waits to be taken, or for the value.
    requesting: DFF<Bit>,
    reading: DFF<Bit>,
    writes: DFF<Bit>,
    clears: DFF<Bit>,
    // The same for keys.
    key_command: Constant<Bits<16>>,
    key_status: Constant<Bits<16>>,
    key_requesting: DFF<Bit>,
    // Operations that are taken and not yet answered: several of a scan.
    key_open: DFF<Bits<4>>,
    key_found: DFF<Bit>,
    key_op: DFF<Bits<4>>,
    // A scan: bucket to read next, how many are left, and clocks to go until the next read.
    scanning: DFF<Bit>,
    scan_bucket: DFF<Bits<16>>,
    scan_left: DFF<Bits<32>>,
    scan_pause: DFF<Bits<2>>,
    key_taken: Signal<Local, Bit>,
    key_opened: Signal<Local, Bit>,
    key_busy: Signal<Local, Bit>,
    key_pack: Pack<4, 32, 128>,
    key_shown: Signal<Local, Bits<128>>,
    read_op: Constant<Bits<4>>,
    clear_op: Constant<Bits<4>>,
    scan_op: Constant<Bits<4>>,

    free_address: Constant<Bits<16>>,
    frames: Counters<2>,
    verdicts: Counters<6>,
    verdict_class: Signal<Local, Bits<3>>,
    frames_base: Constant<Bits<16>>,
    frames_mask: Constant<Bits<16>>,
    verdicts_base: Constant<Bits<16>>,
    verdicts_mask: Constant<Bits<16>>,
    is_frames: Signal<Local, Bit>,
    is_verdicts: Signal<Local, Bit>,
    counter_value: Signal<Local, Bits<64>>,
    high_half: DFF<Bits<32>>,
    deep: DFF<Bits<64>>,
    deep_low: Constant<Bits<16>>,
    deep_high: Constant<Bits<16>>,
    index_of_unknown: Constant<Bits<3>>,
    index_of_bounds: Constant<Bits<3>>,
}

impl Management {
    /// Management of a target; `build` is what the register `identity.build` shows.
    pub fn new(target: &Target, build: u32) -> Self {
        check_counter_addresses();
        let address = |register: &Register| Constant::new(register.offset.to_bits());
        let fixed = constants(target, build);
        Self {
            clock: Default::default(),
            reset: Default::default(),
            ready: Default::default(),
            reg_valid: Default::default(),
            reg_write: Default::default(),
            reg_address: Default::default(),
            reg_wdata: Default::default(),
            reg_ready: Default::default(),
            reg_rdata: Default::default(),
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
            frame_count: Default::default(),
            frame_class: Default::default(),
            report_valid: Default::default(),
            report_slot: Default::default(),
            report_verdict: Default::default(),
            report_aborted: Default::default(),
            buffers_free: Default::default(),
            deep_loads: Default::default(),
            phase: Default::default(),
            rdata: Default::default(),
            write: Default::default(),
            fields: FIELDS.iter().map(|_| Default::default()).collect(),
            field_addresses: FIELDS.iter().map(address).collect(),
            field_masks: FIELDS.iter().map(|r| Constant::new(r.mask.to_bits())).collect(),
            field_resets: FIELDS.iter().map(|r| Constant::new(r.reset.to_bits())).collect(),
            fixed_addresses: fixed.iter().map(|(address, _)| Constant::new(address.to_bits())).collect(),
            fixed_values: fixed.iter().map(|(_, value)| Constant::new(value.to_bits())).collect(),
            word_parts: (0..STAGE_WORD_U32S).map(|_| Default::default()).collect(),
            word_addresses: (0..STAGE_WORD_U32S)
                .map(|part| Constant::new(word::DATA.at(part as u16).to_bits()))
                .collect(),
            word_pack: Default::default(),
            word_commit: address(&word::COMMIT),
            program_commit: address(&program::COMMIT),
            map_commit: address(&map::COMMIT),
            word_strobe: Default::default(),
            program_strobe: Default::default(),
            map_strobe: Default::default(),
            table_command: address(&table::COMMAND),
            table_status: address(&table::STATUS),
            requesting: Default::default(),
            reading: Default::default(),
            writes: Default::default(),
            clears: Default::default(),
            key_command: address(&key::COMMAND),
            key_status: address(&key::STATUS),
            key_requesting: Default::default(),
            key_open: Default::default(),
            key_found: Default::default(),
            key_op: Default::default(),
            scanning: Default::default(),
            scan_bucket: Default::default(),
            scan_left: Default::default(),
            scan_pause: Default::default(),
            key_taken: Default::default(),
            key_opened: Default::default(),
            key_busy: Default::default(),
            key_pack: Default::default(),
            key_shown: Default::default(),
            read_op: Constant::new((KeyOp::Read as u64).to_bits()),
            clear_op: Constant::new((KeyOp::Clear as u64).to_bits()),
            scan_op: Constant::new(SCAN.to_bits()),
            free_address: address(&counter::BUFFERS_FREE),
            frames: Default::default(),
            verdicts: Default::default(),
            verdict_class: Default::default(),
            frames_base: address(&counter::RECEIVED),
            frames_mask: Constant::new((!FRAMES_SPAN).to_bits()),
            verdicts_base: address(&counter::ABORTED),
            verdicts_mask: Constant::new((!VERDICTS_SPAN).to_bits()),
            is_frames: Default::default(),
            is_verdicts: Default::default(),
            counter_value: Default::default(),
            high_half: Default::default(),
            deep: Default::default(),
            deep_low: Constant::new(counter::DEEP_LOADS.at(0).to_bits()),
            deep_high: Constant::new(counter::DEEP_LOADS.at(1).to_bits()),
            index_of_unknown: Constant::new(class(&counter::UNKNOWN_VERDICT).to_bits()),
            index_of_bounds: Constant::new(class(&counter::BOUNDS_ABORTED).to_bits()),
        }
    }
}

/// Addresses of the frame counters differ from the first in these bits only.
const FRAMES_SPAN: u16 = 0x1f;
/// Addresses of the verdict counters differ from the first in these bits only.
const VERDICTS_SPAN: u16 = 0x1ff;

/// Which of the eight counters of a slot this is.
const fn class(register: &Register) -> u32 {
    (register.offset as u32 - counter::ABORTED.offset as u32) / 8
}

/// The counters are decoded by address bits (bit 2: half, above it: counter, above it: slot), and a verdict up to
/// XDP_REDIRECT is the index of its counter. A register map that says otherwise cannot be built.
fn check_counter_addresses() {
    let frames = [counter::RECEIVED, counter::DROPPED_SHORT, counter::DROPPED_LONG];
    for (index, register) in (0..).zip(frames) {
        assert_eq!(register.offset, counter::RECEIVED.offset + index * 8, "{}", register.name);
    }
    for (index, register) in (0..).zip(VERDICTS) {
        assert_eq!(class(&register), index, "{}", register.name);
        assert_eq!((register.count, register.stride, register.count2), (8, 64, 2), "{}", register.name);
    }
    assert_eq!(counter::RECEIVED.offset & FRAMES_SPAN, 0);
    assert_eq!(counter::ABORTED.offset & VERDICTS_SPAN, 0);
}

impl Logic for Management {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            phase,
            rdata,
            word_strobe,
            program_strobe,
            map_strobe,
            requesting,
            reading,
            writes,
            clears,
            key_requesting,
            key_open,
            key_found,
            key_op,
            scanning,
            scan_bucket,
            scan_left,
            scan_pause,
            high_half,
            deep
        );

        // The bus.
        self.write.next = self.reg_valid.val() && self.reg_write.val();
        self.reg_ready.next = self.write.val() || (self.phase.q.val() == 2);
        self.reg_rdata.next = self.rdata.q.val();
        if self.phase.q.val() == 0 {
            if self.reg_valid.val() && !self.reg_write.val() {
                self.phase.d.next = 1.into();
            }
        } else if self.phase.q.val() == 1 {
            self.phase.d.next = 2.into();
        } else {
            self.phase.d.next = 0.into();
        }

        // Read-write registers, read.
        self.rdata.d.next = 0.into();
        for i in 0..self.fixed_values.len() {
            if self.reg_address.val() == self.fixed_addresses[i].val() {
                self.rdata.d.next = self.fixed_values[i].val();
            }
        }
        for i in 0..self.fields.len() {
            self.fields[i].clock.next = self.clock.val();
            self.fields[i].d.next = self.fields[i].q.val();
            if self.reg_address.val() == self.field_addresses[i].val() {
                self.rdata.d.next = self.fields[i].q.val();
                if self.write.val() {
                    self.fields[i].d.next = self.reg_wdata.val() & self.field_masks[i].val();
                }
            }
        }
        if self.reg_address.val() == self.free_address.val() {
            self.rdata.d.next = bit_cast::<32, 11>(self.buffers_free.val());
        }

        // Stage words and descriptors: held in registers, handed over with a strobe.
        for i in 0..self.word_parts.len() {
            self.word_parts[i].clock.next = self.clock.val();
            self.word_parts[i].enable.next =
                self.write.val() && (self.reg_address.val() == self.word_addresses[i].val());
            self.word_parts[i].d.next = self.reg_wdata.val();
            self.word_pack.i[i].next = self.word_parts[i].q.val();
        }
        self.word_strobe.d.next = self.write.val() && (self.reg_address.val() == self.word_commit.val());
        self.program_strobe.d.next =
            self.write.val() && (self.reg_address.val() == self.program_commit.val());
        self.map_strobe.d.next = self.write.val() && (self.reg_address.val() == self.map_commit.val());
        self.word_write.next = self.word_strobe.q.val();
        self.word_slot.next = self.fields[0].q.val().get_bits::<3>(0);
        self.word_pass.next = self.fields[1].q.val().get_bits::<6>(0);
        self.word_stage.next = self.fields[2].q.val().get_bits::<8>(0);
        self.word_data.next = self.word_pack.o.val().get_bits::<STAGE_WORD_BITS>(0);
        self.program_write.next = self.program_strobe.q.val();
        self.program_slot.next = self.fields[3].q.val().get_bits::<3>(0);
        self.program_passes.next = self.fields[4].q.val().get_bits::<7>(0);
        self.program_gap.next = self.fields[5].q.val().get_bits::<16>(0);
        self.program_moves_head.next = self.fields[4].q.val().get_bit(8);
        self.map_write.next = self.map_strobe.q.val();
        self.map_slot.next = self.fields[6].q.val().get_bits::<3>(0);
        self.map_unit.next = self.fields[7].q.val().get_bits::<6>(0);
        self.map_id.next = self.fields[8].q.val().get_bits::<3>(0);
        self.map_base.next = self.fields[9].q.val().get_bits::<17>(0);
        self.map_limit.next = self.fields[10].q.val().get_bits::<21>(0);

        // Table access: requested until taken; a read then waits for its value.
        self.table_request.next = self.requesting.q.val();
        self.table_write.next = self.writes.q.val();
        self.table_unit.next = self.fields[11].q.val().get_bits::<6>(0);
        self.table_address.next = self.fields[12].q.val().get_bits::<17>(0);
        self.table_wdata.next =
            bit_cast::<64, 32>(self.fields[13].q.val()) | (bit_cast::<64, 32>(self.fields[14].q.val()) << 32);
        if self.write.val()
            && (self.reg_address.val() == self.table_command.val())
            && !self.requesting.q.val()
            && !self.reading.q.val()
        {
            self.requesting.d.next = true;
            self.writes.d.next = self.reg_wdata.val().get_bit(0) || self.reg_wdata.val().get_bit(1);
            self.clears.d.next = self.reg_wdata.val().get_bit(1);
        }
        if self.clears.q.val() {
            self.table_wdata.next = bits::<64>(0);
        }
        if self.requesting.q.val() && self.table_ready.val() {
            self.requesting.d.next = false;
            self.reading.d.next = !self.writes.q.val();
            self.fields[12].d.next = (self.fields[12].q.val() + 1) & self.field_masks[12].val();
            if self.clears.q.val() {
                self.fields[15].d.next = bits::<32>(0);
                if self.fields[15].q.val() > 1 {
                    self.fields[15].d.next = self.fields[15].q.val() - 1;
                    self.requesting.d.next = true;
                }
            }
        }
        if self.reading.q.val() && self.table_rvalid.val() {
            self.reading.d.next = false;
            self.fields[13].d.next = self.table_rdata.val().get_bits::<32>(0);
            self.fields[14].d.next = self.table_rdata.val().get_bits::<32>(32);
        }
        if (self.reg_address.val() == self.table_status.val())
            && (self.requesting.q.val() || self.reading.q.val())
        {
            self.rdata.d.next = 1.into();
        }

        // Operations on keys: requested until taken, then done when there is an answer. What empties buckets has none.
        self.key_request.next = self.key_requesting.q.val() && (self.scan_pause.q.val() == 0);
        self.key_unit.next = self.fields[16].q.val().get_bits::<6>(0);
        self.key_operation.next.op = self.key_op.q.val();
        self.key_operation.next.slot = self.fields[17].q.val().get_bits::<3>(0);
        self.key_operation.next.id = self.fields[18].q.val().get_bits::<3>(0);
        self.key_operation.next.base = self.fields[19].q.val().get_bits::<16>(0);
        self.key_operation.next.size = self.fields[20].q.val().get_bits::<5>(0);
        self.key_operation.next.limit = self.fields[21].q.val().get_bits::<20>(0);
        self.key_operation.next.bucket = self.fields[22].q.val().get_bits::<16>(0);
        if self.scanning.q.val() {
            self.key_operation.next.bucket = self.scan_bucket.q.val();
        }
        self.key_operation.next.cell = self.fields[24].q.val().get_bits::<4>(0);
        for i in 0..4 {
            self.key_pack.i[i].next = self.fields[i + 25].q.val();
        }
        self.key_operation.next.key = self.key_pack.o.val();
        self.key_busy.next = self.key_requesting.q.val() || (self.key_open.q.val() != 0);
        if self.write.val() && (self.reg_address.val() == self.key_command.val()) && !self.key_busy.val() {
            self.key_requesting.d.next = true;
            self.key_found.d.next = false;
            self.key_op.d.next = self.reg_wdata.val().get_bits::<4>(0);
            self.scanning.d.next = false;
            self.scan_bucket.d.next = self.fields[22].q.val().get_bits::<16>(0);
            self.scan_left.d.next = self.fields[23].q.val();
            if self.reg_wdata.val().get_bits::<4>(0) == self.scan_op.val() {
                self.scanning.d.next = true;
                self.key_op.d.next = self.read_op.val();
            }
        }
        self.key_taken.next = self.key_request.val() && self.key_ready.val();
        self.key_opened.next = self.key_taken.val() && (self.key_op.q.val() != self.clear_op.val());
        // What a key unit has read is overwritten by a read that follows within three clocks.
        if self.scan_pause.q.val() != 0 {
            self.scan_pause.d.next = self.scan_pause.q.val() - 1;
        }
        if self.key_taken.val() && self.scanning.q.val() {
            self.scan_pause.d.next = 2.into();
        }
        if self.key_taken.val() {
            self.key_requesting.d.next = false;
            if self.key_op.q.val() == self.clear_op.val() {
                self.fields[22].d.next = (self.fields[22].q.val() + 1) & self.field_masks[22].val();
                self.fields[23].d.next = bits::<32>(0);
                if self.fields[23].q.val() > 1 {
                    self.fields[23].d.next = self.fields[23].q.val() - 1;
                    self.key_requesting.d.next = true;
                }
            }
            if self.scanning.q.val() && (self.scan_left.q.val() > 1) {
                self.key_requesting.d.next = true;
            }
            self.scan_bucket.d.next = self.scan_bucket.q.val() + 1;
            self.scan_left.d.next = self.scan_left.q.val() - 1;
        }
        if self.key_opened.val() && !self.key_answered.val() {
            self.key_open.d.next = self.key_open.q.val() + 1;
        }
        if self.key_answered.val() && !self.key_opened.val() {
            self.key_open.d.next = self.key_open.q.val() - 1;
        }
        self.key_shown.next = self.key_answer.val().key;
        // A scan has more buckets under way when it has found a key; the next one reads those again.
        if self.key_answered.val() && !self.key_found.q.val() {
            self.key_found.d.next = self.key_answer.val().found;
            if self.key_op.q.val() == self.read_op.val() {
                self.fields[25].d.next = self.key_shown.val().get_bits::<32>(0);
                self.fields[26].d.next = self.key_shown.val().get_bits::<32>(32);
                self.fields[27].d.next = self.key_shown.val().get_bits::<32>(64);
                self.fields[28].d.next = self.key_shown.val().get_bits::<32>(96);
            } else {
                self.fields[29].d.next = bit_cast::<32, 20>(self.key_answer.val().place);
            }
            if self.scanning.q.val() {
                self.fields[22].d.next = (self.fields[22].q.val() + 1) & self.field_masks[22].val();
                self.fields[23].d.next = bits::<32>(0);
                if self.fields[23].q.val() > 1 {
                    self.fields[23].d.next = self.fields[23].q.val() - 1;
                }
                if self.key_answer.val().found {
                    self.key_requesting.d.next = false;
                }
            }
        }
        if self.reg_address.val() == self.key_status.val() {
            if self.key_found.q.val() {
                self.rdata.d.next = 2.into();
            }
            if self.key_busy.val() {
                self.rdata.d.next = 1.into();
            }
        }

        // Counters.
        self.ready.next = self.frames.ready.val() && self.verdicts.ready.val();
        self.frames.clock.next = self.clock.val();
        self.frames.reset.next = self.reset.val();
        self.frames.count.next = self.frame_count.val();
        self.frames.index.next = self.frame_class.val();
        self.frames.read_index.next = self.reg_address.val().get_bits::<2>(3);
        self.verdict_class.next = self.report_verdict.val().get_bits::<3>(0);
        if self.report_verdict.val() > 4 {
            self.verdict_class.next = self.index_of_unknown.val();
        }
        if self.report_aborted.val() {
            self.verdict_class.next = self.index_of_bounds.val();
        }
        self.verdicts.clock.next = self.clock.val();
        self.verdicts.reset.next = self.reset.val();
        self.verdicts.count.next = self.report_valid.val();
        self.verdicts.index.next =
            (bit_cast::<6, 3>(self.report_slot.val()) << 3) | bit_cast::<6, 3>(self.verdict_class.val());
        self.verdicts.read_index.next = self.reg_address.val().get_bits::<6>(3);
        self.is_frames.next = (self.reg_address.val() & self.frames_mask.val()) == self.frames_base.val();
        self.is_verdicts.next =
            (self.reg_address.val() & self.verdicts_mask.val()) == self.verdicts_base.val();
        self.counter_value.next = self.frames.value.val();
        if self.is_verdicts.val() {
            self.counter_value.next = self.verdicts.value.val();
        }
        if self.is_frames.val() || self.is_verdicts.val() {
            self.rdata.d.next = self.high_half.q.val();
            if !self.reg_address.val().get_bit(2) {
                self.rdata.d.next = self.counter_value.val().get_bits::<32>(0);
                if self.phase.q.val() == 1 {
                    self.high_half.d.next = self.counter_value.val().get_bits::<32>(32);
                }
            }
        }

        self.deep.d.next = self.deep.q.val() + bit_cast::<64, 4>(self.deep_loads.val());
        if self.reg_address.val() == self.deep_low.val() {
            self.rdata.d.next = self.deep.q.val().get_bits::<32>(0);
            if self.phase.q.val() == 1 {
                self.high_half.d.next = self.deep.q.val().get_bits::<32>(32);
            }
        }
        if self.reg_address.val() == self.deep_high.val() {
            self.rdata.d.next = self.high_half.q.val();
        }

        if self.reset.val() {
            self.phase.d.next = 0.into();
            self.word_strobe.d.next = false;
            self.program_strobe.d.next = false;
            self.map_strobe.d.next = false;
            self.requesting.d.next = false;
            self.reading.d.next = false;
            self.key_requesting.d.next = false;
            self.key_open.d.next = 0.into();
            self.scan_pause.d.next = 0.into();
            self.deep.d.next = 0.into();
            for i in 0..self.fields.len() {
                self.fields[i].d.next = self.field_resets[i].val();
            }
        }
    }
}

#[cfg(test)]
mod tests;
