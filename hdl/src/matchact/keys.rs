// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Key unit: gives the keys of hash maps their places, one operation a clock.
//!
//! What an operation does is specified by [`weir_pipeline::keys`]; the eight clocks that it takes here, those of its own
//! stage and of the three behind it, are shown in `hdl/docs/keys.md`. Operations on the same keys, of which one is no
//! find, must be [`weir_pipeline::target::KEY_HAZARD_CLOCKS`] apart: nothing is forwarded from one to the next.

mod hash;
mod host;
mod matches;
mod stash;
mod way;

pub use hash::KeyHash;
pub use host::{KeyAnswer, KeyOp, KeyRequest};
pub use stash::StashPosition;
pub use way::KeyWay;

use super::operand::{OperandFetch, SourceFetch};
use super::tag::Tag;
use super::words::LateWord;
use crate::primitives::{AsyncRam, Delay, EnableRegister, Pack};
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// An operation on its way: whose it is, and what.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct Step {
    op: Bits<4>,
    slot: Bits<3>,
    id: Bits<3>,
    dst: Bits<4>,
    host: Bit,
}

/// A map's descriptor; without entries there is no map.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct MapPlace {
    base: Bits<16>,
    size: Bits<5>,
    limit: Bits<20>,
}

/// A key unit.
#[derive(LogicBlock)]
pub struct KeyUnit<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whose operation; first clock.
    pub tag: Signal<In, Tag>,
    /// What to do; first clock.
    pub word: Signal<In, LateWord>,
    /// Registers on entry; first clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates on entry; first clock.
    pub predicates: Signal<In, Bits<16>>,
    /// Eight times the place, or all ones; second clock of the third stage behind this one.
    pub result: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock of that stage.
    pub write: Signal<Out, Bit>,
    /// To which; first clock of that stage.
    pub dst: Signal<Out, Bits<4>>,

    /// The host wants an operation; held, with what it is, until `host_ready`.
    pub host_request: Signal<In, Bit>,
    /// Which.
    pub host: Signal<In, KeyRequest>,
    /// It is taken in this clock.
    pub host_ready: Signal<Out, Bit>,
    /// It is done, six clocks later, ...
    pub host_answered: Signal<Out, Bit>,
    /// ... and this came of it.
    pub host_answer: Signal<Out, KeyAnswer>,

    fetch_a: SourceFetch<RB>,
    fetch_b: OperandFetch<RB>,
    fetched: Pack<2, 64, 128>,
    request: DFF<Step>,
    permitted: DFF<Bit>,
    steps: Vec<DFF<Step>>,
    key_line: Delay<128>,
    write_key_line: Delay<128>,
    bucket_line: Delay<16>,
    maps: AsyncRam<6, 41>,
    map_line: Delay<41>,
    map4: DFF<MapPlace>,
    map5: DFF<MapPlace>,
    map6: DFF<MapPlace>,
    used: AsyncRam<6, 20>,
    used6: DFF<Bits<20>>,
    full6: DFF<Bit>,
    hash: KeyHash,
    ways: Vec<KeyWay>,
    stash: Vec<StashPosition>,
    occupied5: DFF<Bit>,
    occupied: DFF<Bit>,
    shown: EnableRegister<128>,
    found: DFF<Bit>,
    place: DFF<Bits<20>>,

    cells: Vec<Constant<Bits<20>>>,
    cell_numbers: Vec<Constant<Bits<4>>>,
    stash_numbers: Vec<Constant<Bits<4>>>,
    positions: Vec<Constant<Bits<16>>>,
    first_stash: Constant<Bits<20>>,
    find: Constant<Bits<4>>,
    insert: Constant<Bits<4>>,
    delete: Constant<Bits<4>>,
    read: Constant<Bits<4>>,
    clear: Constant<Bits<4>>,
    clear_stash: Constant<Bits<4>>,
    set_map: Constant<Bits<4>>,

    now: Signal<Local, Step>,
    step3: Signal<Local, Step>,
    step4: Signal<Local, Step>,
    step5: Signal<Local, Step>,
    step6: Signal<Local, Step>,
    step7: Signal<Local, Step>,
    key_now: Signal<Local, Bits<128>>,
    map3: Signal<Local, Bits<41>>,
    addressed: Signal<Local, Bit>,
    reading: Signal<Local, Bit>,
    /// What the ways before this one hold: where a cell is read, all others show zero.
    way_shows: Vec<Signal<Local, Bits<128>>>,
    ways_show: Signal<Local, Bits<128>>,
    way_holds: Vec<Signal<Local, Bit>>,
    ways_hold: Signal<Local, Bit>,
    position_shows: Vec<Signal<Local, Bits<128>>>,
    position_holds: Vec<Signal<Local, Bit>>,
    present: Signal<Local, Bit>,
    hit: Signal<Local, Bit>,
    inserts: Signal<Local, Bit>,
    deletes: Signal<Local, Bit>,
    clears: Signal<Local, Bit>,
    clears_stash: Signal<Local, Bit>,
    placed: Signal<Local, Bit>,
    sets: Signal<Local, Bit>,
    /// Whether a way before this one is empty.
    way_taken: Vec<Signal<Local, Bit>>,
    ways_taken: Signal<Local, Bit>,
    position_taken: Vec<Signal<Local, Bit>>,
    any_taken: Signal<Local, Bit>,
    base6: Signal<Local, Bits<16>>,
    chosen: Signal<Local, Bits<20>>,
    within: Signal<Local, Bits<16>>,
    address: Signal<Local, Bits<16>>,
    entry5: Signal<Local, Bits<6>>,
    entry6: Signal<Local, Bits<6>>,
    shifted: Signal<Local, Bits<20>>,
}

impl<const RB: usize> KeyUnit<RB> {
    /// A key unit of `target`.
    pub fn new(target: &Target) -> Self {
        let sizes = &target.units.keys;
        let number = |from: u32, count: u32| {
            (from..from + count).map(|cell| Constant::new(u64::from(cell).to_bits())).collect()
        };
        let op = |op: KeyOp| Constant::new((op as u64).to_bits());
        let entries = 8 * target.program_slots as usize;
        Self {
            clock: Default::default(),
            tag: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            result: Default::default(),
            write: Default::default(),
            dst: Default::default(),
            host_request: Default::default(),
            host: Default::default(),
            host_ready: Default::default(),
            host_answered: Default::default(),
            host_answer: Default::default(),
            fetch_a: Default::default(),
            fetch_b: Default::default(),
            fetched: Default::default(),
            request: Default::default(),
            permitted: Default::default(),
            steps: (2..8).map(|_| Default::default()).collect(),
            key_line: Delay::new(3),
            write_key_line: Delay::new(2),
            bucket_line: Delay::new(2),
            maps: AsyncRam::new(entries),
            map_line: Delay::new(2),
            map4: Default::default(),
            map5: Default::default(),
            map6: Default::default(),
            used: AsyncRam::new(entries),
            used6: Default::default(),
            full6: Default::default(),
            hash: KeyHash::new(sizes.ways),
            ways: (0..sizes.ways).map(|_| KeyWay::new(sizes.buckets)).collect(),
            stash: (0..sizes.stash).map(|_| StashPosition::new(target.program_slots)).collect(),
            occupied5: Default::default(),
            occupied: Default::default(),
            shown: Default::default(),
            found: Default::default(),
            place: Default::default(),
            cells: (0..sizes.ways).map(|way| Constant::new(u64::from(way).to_bits())).collect(),
            cell_numbers: number(0, sizes.ways),
            stash_numbers: number(sizes.ways, sizes.stash),
            positions: (0..sizes.stash).map(|p| Constant::new(u64::from(p).to_bits())).collect(),
            first_stash: Constant::new(u64::from(sizes.ways).to_bits()),
            find: op(KeyOp::Find),
            insert: op(KeyOp::Insert),
            delete: op(KeyOp::Delete),
            read: op(KeyOp::Read),
            clear: op(KeyOp::Clear),
            clear_stash: op(KeyOp::ClearStash),
            set_map: op(KeyOp::SetMap),
            now: Default::default(),
            step3: Default::default(),
            step4: Default::default(),
            step5: Default::default(),
            step6: Default::default(),
            step7: Default::default(),
            key_now: Default::default(),
            map3: Default::default(),
            addressed: Default::default(),
            reading: Default::default(),
            way_shows: (0..=sizes.ways).map(|_| Default::default()).collect(),
            ways_show: Default::default(),
            way_holds: (0..=sizes.ways).map(|_| Default::default()).collect(),
            ways_hold: Default::default(),
            position_shows: (0..=sizes.stash).map(|_| Default::default()).collect(),
            position_holds: (0..=sizes.stash).map(|_| Default::default()).collect(),
            present: Default::default(),
            hit: Default::default(),
            inserts: Default::default(),
            deletes: Default::default(),
            clears: Default::default(),
            clears_stash: Default::default(),
            placed: Default::default(),
            sets: Default::default(),
            way_taken: (0..=sizes.ways).map(|_| Default::default()).collect(),
            ways_taken: Default::default(),
            position_taken: (0..=sizes.stash).map(|_| Default::default()).collect(),
            any_taken: Default::default(),
            base6: Default::default(),
            chosen: Default::default(),
            within: Default::default(),
            address: Default::default(),
            entry5: Default::default(),
            entry6: Default::default(),
            shifted: Default::default(),
        }
    }
}

impl<const RB: usize> Logic for KeyUnit<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, request, permitted, map4, map5, map6, used6, full6, occupied5, occupied, found,
            place
        );
        self.key_line.clock.next = self.clock.val();
        self.write_key_line.clock.next = self.clock.val();
        self.bucket_line.clock.next = self.clock.val();
        self.maps.clock.next = self.clock.val();
        self.map_line.clock.next = self.clock.val();
        self.used.clock.next = self.clock.val();
        self.hash.clock.next = self.clock.val();
        self.shown.clock.next = self.clock.val();

        // Clock 0: operands and guard.
        self.fetch_a.clock.next = self.clock.val();
        self.fetch_a.registers.next = self.registers.val();
        self.fetch_a.source.next = self.word.val().a;
        self.fetch_b.clock.next = self.clock.val();
        self.fetch_b.registers.next = self.registers.val();
        self.fetch_b.source.next = self.word.val().b;
        self.fetch_b.b_imm.next = self.word.val().b_imm;
        self.fetch_b.imm.next = self.word.val().imm;
        self.request.d.next.op = self.word.val().op;
        self.request.d.next.slot = self.tag.val().slot;
        self.request.d.next.id = self.word.val().map;
        self.request.d.next.dst = self.word.val().dst;
        self.request.d.next.host = false;
        self.permitted.d.next = self.tag.val().active
            && ((self.word.val().op == self.find.val())
                || (self.word.val().op == self.insert.val())
                || (self.word.val().op == self.delete.val()))
            && (self.predicates.val().get_bit(self.word.val().guard.index()) ^ (self.word.val().negate == 1));

        // Clock 1: the host comes in where the packet wants nothing. The map is looked up, the key is hashed.
        self.fetched.i[0].next = self.fetch_a.value.val();
        self.fetched.i[1].next = self.fetch_b.value.val();
        self.now.next = self.request.q.val();
        self.key_now.next = self.fetched.o.val();
        self.host_ready.next = self.host_request.val() && (!self.permitted.q.val());
        if !self.permitted.q.val() {
            self.now.next.op = bits::<4>(0);
            if self.host_request.val() {
                self.now.next.op = self.host.val().op;
            }
            self.now.next.slot = self.host.val().slot;
            self.now.next.id = self.host.val().id;
            self.now.next.host = self.host_request.val();
            self.key_now.next = self.host.val().key;
        }
        self.steps[0].clock.next = self.clock.val();
        self.steps[0].d.next = self.now.val();
        for i in 1..self.steps.len() {
            self.steps[i].clock.next = self.clock.val();
            self.steps[i].d.next = self.steps[i - 1].q.val();
        }
        self.step3.next = self.steps[1].q.val();
        self.step4.next = self.steps[2].q.val();
        self.step5.next = self.steps[3].q.val();
        self.step6.next = self.steps[4].q.val();
        self.step7.next = self.steps[5].q.val();
        self.key_line.d.next = self.key_now.val();
        self.bucket_line.d.next = self.host.val().bucket;
        self.maps.read_address.next =
            (bit_cast::<6, 3>(self.now.val().slot) << 3) | bit_cast::<6, 3>(self.now.val().id);
        self.map_line.d.next = self.maps.read_data.val();
        self.hash.key.next = self.key_now.val();

        // Clock 3: buckets, or the one that the host names.
        self.map3.next = self.map_line.q.val();
        self.hash.size.next = self.map3.val().get_bits::<5>(16);
        self.map4.d.next.base = self.map3.val().get_bits::<16>(0);
        self.map4.d.next.size = self.map3.val().get_bits::<5>(16);
        self.map4.d.next.limit = self.map3.val().get_bits::<20>(21);
        self.reading.next = self.step3.val().op == self.read.val();
        self.addressed.next = self.reading.val() || (self.step3.val().op == self.clear.val());
        for i in 0..self.ways.len() {
            self.ways[i].clock.next = self.clock.val();
            self.ways[i].read.next = self.step3.val().op != 0;
            self.ways[i].clear.next =
                self.reading.val() && (self.host.val().cell != self.cell_numbers[i].val());
            self.ways[i].address.next = self.map3.val().get_bits::<16>(0) + self.hash.buckets[i].val();
            if self.addressed.val() {
                self.ways[i].address.next = self.bucket_line.q.val();
            }
        }
        for i in 0..self.stash.len() {
            self.stash[i].clock.next = self.clock.val();
            self.stash[i].read.next = self.step3.val().op != 0;
            self.stash[i].clear.next =
                self.reading.val() && (self.host.val().cell != self.stash_numbers[i].val());
            self.stash[i].slot.next = self.step3.val().slot;
        }

        // Clock 4: every place that the key can have shows what it holds, and is compared.
        self.map5.d.next = self.map4.q.val();
        self.write_key_line.d.next = self.key_line.q.val();
        self.shown.enable.next = self.step4.val().op == self.read.val();
        self.way_shows[0].next = bits::<128>(0);
        self.ways_show.next = bits::<128>(0);
        self.way_holds[0].next = false;
        self.ways_hold.next = false;
        for i in 0..self.ways.len() {
            self.ways[i].key.next = self.key_line.q.val();
            self.way_shows[i + 1].next = self.way_shows[i].val() | self.ways[i].held.val();
            self.ways_show.next = self.way_shows[i + 1].val();
            self.way_holds[i + 1].next = self.way_holds[i].val() || self.ways[i].occupied.val();
            self.ways_hold.next = self.way_holds[i + 1].val();
        }
        self.position_shows[0].next = self.ways_show.val();
        self.shown.d.next = self.ways_show.val();
        self.position_holds[0].next = self.ways_hold.val();
        self.occupied5.d.next = self.ways_hold.val();
        for i in 0..self.stash.len() {
            self.stash[i].id.next = self.step4.val().id;
            self.stash[i].key.next = self.key_line.q.val();
            self.position_shows[i + 1].next = self.position_shows[i].val() | self.stash[i].held.val();
            self.shown.d.next = self.position_shows[i + 1].val();
            self.position_holds[i + 1].next = self.position_holds[i].val() || self.stash[i].occupied.val();
            self.occupied5.d.next = self.position_holds[i + 1].val();
        }

        // Clock 5: the comparison goes on. Keys of the map are counted.
        self.map6.d.next = self.map5.q.val();
        self.occupied.d.next = self.occupied5.q.val();
        self.entry5.next =
            (bit_cast::<6, 3>(self.step5.val().slot) << 3) | bit_cast::<6, 3>(self.step5.val().id);
        self.used.read_address.next = self.entry5.val();
        self.used6.d.next = self.used.read_data.val();
        self.full6.d.next = self.used.read_data.val() == self.map5.q.val().limit;

        // Clock 6: decision, and whatever it changes.
        self.base6.next = self.map6.q.val().base;
        self.present.next = self.map6.q.val().limit != 0;
        self.hit.next = false;
        self.way_taken[0].next = false;
        self.ways_taken.next = false;
        for i in 0..self.ways.len() {
            if self.ways[i].hit.val() {
                self.hit.next = true;
            }
            self.way_taken[i + 1].next = self.way_taken[i].val() || self.ways[i].empty.val();
            self.ways_taken.next = self.way_taken[i + 1].val();
        }
        self.position_taken[0].next = self.ways_taken.val();
        self.any_taken.next = self.ways_taken.val();
        for i in 0..self.stash.len() {
            if self.stash[i].hit.val() {
                self.hit.next = true;
            }
            self.position_taken[i + 1].next = self.position_taken[i].val() || self.stash[i].empty.val();
            self.any_taken.next = self.position_taken[i + 1].val();
        }
        self.inserts.next = (self.step6.val().op == self.insert.val())
            && self.present.val()
            && (!self.hit.val())
            && (!self.full6.q.val())
            && self.any_taken.val();
        self.deletes.next =
            (self.step6.val().op == self.delete.val()) && self.present.val() && self.hit.val();
        self.clears.next = self.step6.val().op == self.clear.val();
        self.clears_stash.next = self.step6.val().op == self.clear_stash.val();
        self.chosen.next = bits::<20>(0);
        self.address.next = bits::<16>(0);
        for i in 0..self.ways.len() {
            self.ways[i].write.next = self.clears.val()
                || (self.deletes.val() && self.ways[i].hit.val())
                || (self.inserts.val() && self.ways[i].empty.val() && (!self.way_taken[i].val()));
            self.ways[i].write_occupied.next = self.inserts.val();
            self.ways[i].write_key.next = self.write_key_line.q.val();
            if self.ways[i].hit.val()
                || (self.inserts.val() && self.ways[i].empty.val() && (!self.way_taken[i].val()))
            {
                self.chosen.next = self.cells[i].val();
                self.address.next = self.ways[i].address6.val();
            }
        }
        self.within.next = self.address.val() - self.base6.val();
        for i in 0..self.stash.len() {
            self.stash[i].write.next = self.clears_stash.val()
                || (self.deletes.val() && self.stash[i].hit.val())
                || (self.inserts.val() && self.stash[i].empty.val() && (!self.position_taken[i].val()));
            self.stash[i].write_occupied.next = self.inserts.val();
            self.stash[i].write_slot.next = self.step6.val().slot;
            self.stash[i].write_id.next = self.step6.val().id;
            self.stash[i].write_key.next = self.write_key_line.q.val();
            if self.stash[i].hit.val()
                || (self.inserts.val() && self.stash[i].empty.val() && (!self.position_taken[i].val()))
            {
                self.chosen.next = self.first_stash.val();
                self.within.next = self.positions[i].val();
            }
        }
        self.shifted.next = self.chosen.val() << self.map6.q.val().size;
        self.place.d.next = self.shifted.val() + bit_cast::<20, 16>(self.within.val());
        self.placed.next = (self.step6.val().op == self.find.val())
            || (self.step6.val().op == self.insert.val())
            || (self.step6.val().op == self.delete.val());
        self.found.d.next = (self.placed.val() && self.present.val() && self.hit.val())
            || self.inserts.val()
            || ((self.step6.val().op == self.read.val()) && self.occupied.q.val());
        self.write.next = self.placed.val() && self.present.val() && (!self.step6.val().host);
        self.dst.next = self.step6.val().dst;
        self.sets.next = self.step6.val().op == self.set_map.val();
        self.entry6.next =
            (bit_cast::<6, 3>(self.step6.val().slot) << 3) | bit_cast::<6, 3>(self.step6.val().id);
        self.used.write.next = self.inserts.val() || self.deletes.val() || self.sets.val();
        self.used.write_address.next = self.entry6.val();
        self.used.write_data.next = bits::<20>(0);
        if self.inserts.val() {
            self.used.write_data.next = self.used6.q.val() + 1;
        } else if self.deletes.val() {
            self.used.write_data.next = self.used6.q.val() - 1;
        }
        self.maps.write.next = self.sets.val();
        self.maps.write_address.next = self.entry6.val();
        self.maps.write_data.next = bit_cast::<41, 16>(self.host.val().base)
            | (bit_cast::<41, 5>(self.host.val().size) << 16)
            | (bit_cast::<41, 20>(self.host.val().limit) << 21);

        // Clock 7: the answer.
        self.result.next = !bits::<64>(0);
        if self.found.q.val() {
            self.result.next = bit_cast::<64, 20>(self.place.q.val()) << 3;
        }
        self.host_answered.next = self.step7.val().host && (self.step7.val().op != self.clear.val());
        self.host_answer.next.found = self.found.q.val();
        self.host_answer.next.place = self.place.q.val();
        self.host_answer.next.key = self.shown.q.val();
    }
}
