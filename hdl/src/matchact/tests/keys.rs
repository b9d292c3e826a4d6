// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The key unit by itself against [`weir_pipeline::keys`]: an operation a clock, two slots with maps of equal ids.

use crate::emit::emit_block;
use crate::matchact::keys::{KeyAnswer, KeyOp, KeyRequest, KeyUnit};
use crate::matchact::tag::Tag;
use crate::matchact::words::{StageWord, word_bits};
use rust_hdl::prelude::*;
use std::collections::BTreeMap;
use weir_pipeline::keys::{Key, Keys, Stash};
use weir_pipeline::target::KEY_HAZARD_CLOCKS;
use weir_pipeline::words::{Guard, LateOp, LateWord, NO_PLACE, Operand, Size, Source};
use weir_pipeline::{Target, target};
use weir_random::Random;

/// Slot, id, first bucket, logarithm of the buckets, entries. So small that keys go to the stash, and beyond.
const MAPS: [(u8, u8, u32, u32, u32); 4] =
    [(0, 0, 0, 2, 100), (0, 1, 4, 1, 100), (1, 0, 8, 2, 6), (1, 3, 12, 0, 100)];

fn small() -> Target {
    let mut target = Target::named("sim").unwrap();
    target.units.keys = target::Keys { ways: 3, buckets: 16, stash: 2, ..target.units.keys };
    target
}

struct Bench {
    unit: Box<KeyUnit<1024>>,
    /// What is expected some clocks later: write, register and value.
    due: BTreeMap<u64, (bool, u8, u64)>,
    clocks: u64,
}

impl Bench {
    fn new(target: &Target) -> Bench {
        let mut unit = Box::new(KeyUnit::new(target));
        unit.connect_all();
        let mut bench = Bench { unit, due: BTreeMap::new(), clocks: 0 };
        bench.settle();
        bench
    }

    fn settle(&mut self) {
        assert!(simulate(&mut *self.unit, 100), "the unit does not settle");
    }

    fn clock(&mut self) {
        self.settle();
        // Whether and where is there a clock before what.
        let (write, dst, _) = self.due.get(&(self.clocks + 1)).copied().unwrap_or_default();
        assert_eq!(self.unit.write.val(), write, "clock {}", self.clocks);
        if write {
            assert_eq!(self.unit.dst.val().to_u8(), dst);
        }
        if let Some((true, _, value)) = self.due.remove(&self.clocks) {
            assert_eq!(self.unit.result.val().to_u64(), value, "clock {}", self.clocks);
        }
        for level in [true, false] {
            self.unit.clock.next = level.into();
            self.settle();
        }
        self.clocks += 1;
    }

    /// What a packet does in the next clock.
    fn packet(&mut self, slot: u8, word: LateWord, key: Key) {
        let mut registers = Bits::<1024>::default();
        registers.set_bits::<64>(64, key[0].to_bits());
        registers.set_bits::<64>(128, key[1].to_bits());
        let encoded = weir_pipeline::words::StageWord { late: Some(word), ..Default::default() };
        self.unit.registers.next = registers;
        self.unit.word.next = StageWord::from_bits(&word_bits(&encoded.encode())).late;
        self.unit.tag.next =
            Tag { valid: true, active: true, slot: u64::from(slot).to_bits(), ..Tag::default() };
    }

    fn host(&mut self, op: KeyOp, request: KeyRequest) -> KeyAnswer {
        self.unit.tag.next = Tag::default();
        self.unit.host_request.next = true;
        self.unit.host.next = KeyRequest { op: (op as u64).to_bits(), ..request };
        self.settle();
        while !self.unit.host_ready.val() {
            self.clock();
        }
        self.clock();
        self.unit.host_request.next = false;
        for _ in 0..8 {
            self.settle();
            if self.unit.host_answered.val() {
                return self.unit.host_answer.val();
            }
            self.clock();
        }
        assert!(op == KeyOp::Clear, "no answer");
        KeyAnswer::default()
    }
}

fn request(slot: u8, id: u8) -> KeyRequest {
    KeyRequest { slot: u64::from(slot).to_bits(), id: u64::from(id).to_bits(), ..KeyRequest::default() }
}

fn key_bits(key: Key) -> Bits<128> {
    let mut bits = Bits::default();
    bits.set_bits::<64>(0, key[0].to_bits());
    bits.set_bits::<64>(64, key[1].to_bits());
    bits
}

fn operation(keys: &mut Keys, stash: &mut Stash, op: LateOp, id: u8, key: Key) -> Option<u32> {
    match op {
        LateOp::Insert => keys.insert(stash, id, key),
        LateOp::Delete => keys.delete(stash, id, key),
        _ => keys.find(stash, id, key),
    }
}

fn word(op: LateOp, id: u8, guard: Guard, dst: u8) -> LateWord {
    let (a, b) = (Source::Register(1), Operand::Source(Source::Register(2)));
    LateWord { op, map: id, a, offset: 0, size: Size::B1, b, is32: false, dst, guard }
}

#[test]
fn places_are_those_of_the_contract() {
    let target = small();
    let sizes = &target.units.keys;
    let mut bench = Bench::new(&target);
    let mut random = Random::new(5);
    for bucket in 0..16u64 {
        bench.host(KeyOp::Clear, KeyRequest { bucket: bucket.to_bits(), ..request(0, 0) });
    }
    let mut keys = Vec::new();
    for (slot, id, base, size, entries) in MAPS {
        bench.host(KeyOp::ClearStash, request(slot, 0));
        keys.push(Keys::new(sizes, 1 << size, entries));
        let (base, size, limit) = (u64::from(base), u64::from(size), u64::from(entries));
        let map = KeyRequest {
            base: base.to_bits(),
            size: size.to_bits(),
            limit: limit.to_bits(),
            ..request(slot, id)
        };
        bench.host(KeyOp::SetMap, map);
    }
    let mut stashes: Vec<Stash> = vec![vec![None; sizes.stash as usize]; 2];

    // An operation in almost every clock; those of one map that conflict keep their distance.
    let (mut inserted, mut refused, mut stashed) = (0, 0, 0);
    let mut last = [(0, 0); 4];
    for _ in 0..1500 {
        let map = random.below(4) as usize;
        let (slot, id, _, size, _) = MAPS[map];
        let op = random.pick(&[LateOp::Find, LateOp::Insert, LateOp::Insert, LateOp::Delete, LateOp::Mul]);
        let key = [random.below(5u64) << 32 | random.below(2u64), random.below(2u64) << 62];
        let guard = if random.percent(90) { Guard::Always } else { Guard::Never };
        let dst = random.below(16) as u8;
        let (found, changed) = last[map];
        let since =
            bench.clocks.saturating_sub(if op == LateOp::Find { changed } else { found.max(changed) });
        if since < u64::from(KEY_HAZARD_CLOCKS) && bench.clocks > 0 {
            bench.unit.tag.next = Tag::default();
            bench.clock();
            continue;
        }
        bench.packet(slot, word(op, id, guard, dst), key);
        if guard == Guard::Always && op != LateOp::Mul {
            *if op == LateOp::Find { &mut last[map].0 } else { &mut last[map].1 } = bench.clocks;
            let place = operation(&mut keys[map], &mut stashes[usize::from(slot)], op, id, key);
            let value = place.map_or(NO_PLACE, |place| 8 * u64::from(place));
            bench.due.insert(bench.clocks + 7, (true, dst, value));
            inserted += u32::from(op == LateOp::Insert && place.is_some());
            refused += u32::from(op == LateOp::Insert && place.is_none());
            stashed += u32::from(place.is_some_and(|place| place >= sizes.ways << size));
        }
        bench.clock();
    }
    bench.unit.tag.next = Tag::default();
    (0..8).for_each(|_| bench.clock());
    assert!(inserted > 50 && refused > 10 && stashed > 10, "{inserted} {refused} {stashed}");

    // The host finds the same, and reads the same out of the cells.
    for (map, (slot, id, base, size, _)) in MAPS.into_iter().enumerate() {
        let (keys, stash) = (&mut keys[map], &mut stashes[usize::from(slot)]);
        for place in 0..(sizes.ways << size) + sizes.stash {
            let way = (place >> size).min(sizes.ways);
            let within = place - (way << size);
            let position = if way == sizes.ways { within } else { 0 };
            let cell = KeyRequest {
                bucket: u64::from(base + within).to_bits(),
                cell: u64::from(way + position).to_bits(),
                ..request(slot, id)
            };
            let answer = bench.host(KeyOp::Read, cell);
            let key = answer.found.then_some(answer.key);
            assert_eq!(key, keys.at(stash, id, place).map(key_bits), "map {map} place {place}");
        }
        for low in 0..5 {
            let key = [low << 32, 0];
            for (op, late) in [
                (KeyOp::Find, LateOp::Find),
                (KeyOp::Insert, LateOp::Insert),
                (KeyOp::Delete, LateOp::Delete),
            ] {
                let answer = bench.host(op, KeyRequest { key: key_bits(key), ..request(slot, id) });
                let place = answer.found.then_some(answer.place.to_u32());
                assert_eq!(place, operation(keys, stash, late, id, key), "map {map} {op:?} {low}");
            }
        }
    }
}

#[test]
fn words_without_map_do_nothing() {
    let target = small();
    let mut bench = Bench::new(&target);
    for id in 0..8 {
        for op in [LateOp::Find, LateOp::Insert, LateOp::Delete] {
            bench.packet(1, word(op, id, Guard::Always, 3), [7, 7]);
            // The bench expects no write.
            bench.clock();
        }
    }
    bench.unit.tag.next = Tag::default();
    (0..8).for_each(|_| bench.clock());
    for cell in 0..5u64 {
        for bucket in 0..16u64 {
            let cell = KeyRequest { cell: cell.to_bits(), bucket: bucket.to_bits(), ..request(1, 0) };
            assert!(!bench.host(KeyOp::Read, cell).found);
        }
    }
}

#[test]
fn unit_passes_the_gates() {
    let unit = || {
        let mut unit = KeyUnit::<1024>::new(&small());
        unit.clock.connect();
        unit.tag.connect();
        unit.word.connect();
        unit.registers.connect();
        unit.predicates.connect();
        unit.host_request.connect();
        unit.host.connect();
        unit
    };
    emit_block("Keys", unit).unwrap();
}
