// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A table unit with its lookup port, an access of each in every clock: packets that follow each other at the least gap
//! must find the table as if they ran one after another, whichever of their accesses comes first, and however far apart
//! they are. One clock less must show.

use crate::matchact::table::{MapDescriptor, TablePort, TableUnit};
use crate::matchact::words::{LateWord as LateBits, StageWord, word_bits};
use rust_hdl::prelude::*;
use std::collections::BTreeMap;
use weir_pipeline::Target;
use weir_pipeline::target::PORT_CLOCKS;
use weir_pipeline::words::{Guard, LateOp, LateWord, Operand, Size, Source};
use weir_random::Random;

/// Words of the map, which lies behind others.
const WORDS: u64 = 4;
const BASE: u64 = 3;

/// A unit and its port.
#[derive(LogicBlock)]
struct Pair {
    clock: Signal<In, Clock>,
    unit: TableUnit<1024>,
    port: TablePort<1024>,
    unit_active: Signal<In, Bit>,
    port_active: Signal<In, Bit>,
    unit_word: Signal<In, LateBits>,
    port_word: Signal<In, LateBits>,
    registers: Signal<In, Bits<1024>>,
    map_write: Signal<In, Bit>,
    map: Signal<In, MapDescriptor>,
    host_request: Signal<In, Bit>,
    host_address: Signal<In, Bits<17>>,
    host_wdata: Signal<In, Bits<64>>,
    host_ready: Signal<Out, Bit>,
    abort: Signal<Out, Bit>,
    write: Signal<Out, Bit>,
    result: Signal<Out, Bits<64>>,
}

impl Logic for Pair {
    #[hdl_gen]
    fn update(&mut self) {
        self.unit.clock.next = self.clock.val();
        self.unit.active.next = self.unit_active.val();
        self.unit.slot.next = bits::<3>(1);
        self.unit.word.next = self.unit_word.val();
        self.unit.registers.next = self.registers.val();
        self.unit.predicates.next = bits::<16>(0);
        self.unit.map_write.next = self.map_write.val();
        self.unit.map.next = self.map.val();
        self.unit.host_request.next = self.host_request.val();
        self.unit.host_write.next = true;
        self.unit.host_address.next = self.host_address.val();
        self.unit.host_wdata.next = self.host_wdata.val();
        self.host_ready.next = self.unit.host_ready.val();
        self.port.clock.next = self.clock.val();
        self.port.active.next = self.port_active.val();
        self.port.slot.next = bits::<3>(1);
        self.port.word.next = self.port_word.val();
        self.port.registers.next = self.registers.val();
        self.port.predicates.next = bits::<16>(0);
        self.port.map_write.next = self.map_write.val();
        self.port.map.next = self.map.val();
        self.port.written.next = self.unit.written.val();
        self.abort.next = self.port.abort.val();
        self.write.next = self.port.write.val();
        self.result.next = self.port.result.val();
    }
}

fn target() -> Target {
    let mut target = Target::named("sim").unwrap();
    target.units.tables.words = 16;
    target
}

struct Bench {
    pair: Box<Pair>,
    clocks: u64,
}

impl Bench {
    fn new() -> Bench {
        let target = target();
        let pair = Pair {
            clock: Default::default(),
            unit: TableUnit::new(&target),
            port: TablePort::new(&target),
            unit_active: Default::default(),
            port_active: Default::default(),
            unit_word: Default::default(),
            port_word: Default::default(),
            registers: Default::default(),
            map_write: Default::default(),
            map: Default::default(),
            host_request: Default::default(),
            host_address: Default::default(),
            host_wdata: Default::default(),
            host_ready: Default::default(),
            abort: Default::default(),
            write: Default::default(),
            result: Default::default(),
        };
        let mut bench = Bench { pair: Box::new(pair), clocks: 0 };
        bench.pair.connect_all();
        bench.pair.map_write.next = true;
        bench.pair.map.next = MapDescriptor {
            slot: 1u64.to_bits(),
            id: 2u64.to_bits(),
            base: BASE.to_bits(),
            limit: (8 * WORDS).to_bits(),
        };
        bench.clock();
        bench.pair.map_write.next = false;
        for word in 0..WORDS {
            bench.host(word, 0);
        }
        bench
    }

    fn settle(&mut self) {
        assert!(simulate(&mut *self.pair, 100), "the pair does not settle");
    }

    fn clock(&mut self) {
        self.settle();
        for level in [true, false] {
            self.pair.clock.next = level.into();
            self.settle();
        }
        self.clocks += 1;
    }

    /// The host writes a word of the map.
    fn host(&mut self, word: u64, value: u64) {
        self.pair.host_request.next = true;
        self.pair.host_address.next = (BASE + word).to_bits();
        self.pair.host_wdata.next = value.to_bits();
        self.settle();
        assert!(self.pair.host_ready.val(), "no packet is there");
        self.clock();
        self.pair.host_request.next = false;
        (0..4).for_each(|_| self.clock());
    }

    /// Carries out accesses by the clock in which their stages are entered; says what the port's reads found.
    fn run(&mut self, unit: &BTreeMap<u64, LateWord>, port: &BTreeMap<u64, LateWord>) -> BTreeMap<u64, u64> {
        let mut found = BTreeMap::new();
        let last = unit.keys().chain(port.keys()).max().copied().unwrap_or(0);
        let bits = |word: LateWord| {
            let word = weir_pipeline::words::StageWord { late: Some(word), ..Default::default() };
            StageWord::from_bits(&word_bits(&word.encode())).late
        };
        for now in 0..last + 5 {
            let (at_unit, at_port) = (unit.get(&now), port.get(&now));
            self.pair.unit_active.next = at_unit.is_some();
            self.pair.unit_word.next = at_unit.copied().map(bits).unwrap_or_default();
            self.pair.port_active.next = at_port.is_some();
            self.pair.port_word.next = at_port.copied().map(bits).unwrap_or_default();
            self.settle();
            if let Some(begun) = now.checked_sub(1).filter(|begun| port.contains_key(begun)) {
                let beyond = u64::from(port[&begun].offset) >= 8 * WORDS;
                assert_eq!(self.pair.abort.val(), beyond, "clock {now}");
            }
            if let Some(begun) = now.checked_sub(2).filter(|begun| port.contains_key(begun)) {
                let inside = u64::from(port[&begun].offset) < 8 * WORDS;
                assert_eq!(self.pair.write.val(), inside, "clock {now}");
            }
            if let Some(begun) = now.checked_sub(3).filter(|begun| port.contains_key(begun)) {
                found.insert(begun, self.pair.result.val().to_u64());
            }
            self.clock();
        }
        found
    }
}

fn word(op: LateOp, word: u64, value: i32) -> LateWord {
    LateWord {
        op,
        map: 2,
        a: Source::Zero,
        offset: 8 * word as u32,
        size: Size::B8,
        b: Operand::Imm(value),
        is32: false,
        dst: 1,
        guard: Guard::Always,
    }
}

/// What a packet does: its change at the unit, the word it reads at the port.
type Packet = (LateWord, u64);

/// Reads of packets that run one after another.
fn one_after_another(packets: &[Packet], read_first: bool) -> Vec<u64> {
    let mut memory = [0u64; WORDS as usize];
    let change = |memory: &mut [u64; WORDS as usize], late: &LateWord| {
        let Operand::Imm(value) = late.b else { panic!("no constant") };
        let old = &mut memory[late.offset as usize / 8];
        *old = if late.op == LateOp::Add { old.wrapping_add(value as u64) } else { value as u64 };
    };
    let mut reads = Vec::new();
    for (late, read) in packets {
        if !read_first {
            change(&mut memory, late);
        }
        reads.push(memory[*read as usize]);
        if read_first {
            change(&mut memory, late);
        }
    }
    reads
}

/// Reads of packets that enter every `gap` clocks, change at `at` and read at `read`.
fn pipelined(packets: &[Packet], at: u64, read: u64, gap: u64) -> Vec<u64> {
    let enter = |number: usize| number as u64 * gap;
    let unit = packets.iter().enumerate().map(|(n, (late, _))| (enter(n) + at, *late)).collect();
    let port =
        packets.iter().enumerate().map(|(n, (_, w))| (enter(n) + read, word(LateOp::Read, *w, 0))).collect();
    Bench::new().run(&unit, &port).into_values().collect()
}

#[test]
fn packets_at_the_least_gap_run_as_one_after_another() {
    let mut random = Random::new(5);
    let packets: Vec<Packet> = (0..24)
        .map(|n| {
            let op = random.pick(&[LateOp::Add, LateOp::Add, LateOp::Write]);
            (word(op, random.below(2), n + 1), random.below(2))
        })
        .collect();
    let late = u64::from(PORT_CLOCKS);
    for (at, read) in (0..12).map(|r| (0, r)).chain((1..12).map(|w| (w, 0))) {
        // A packet reads before it changes, or sees what it has changed; in between, no target has a port.
        let read_first = read <= at;
        if !read_first && read < at + late {
            continue;
        }
        let gap = (at + late).saturating_sub(read).max((read + 1).saturating_sub(at + late)).max(1);
        let expected = one_after_another(&packets, read_first);
        assert_eq!(pipelined(&packets, at, read, gap), expected, "change {at}, read {read}, gap {gap}");
        if gap > 1 {
            assert_ne!(pipelined(&packets, at, read, gap - 1), expected, "change {at}, read {read}");
        }
    }
}

#[test]
fn reads_and_changes_in_every_clock_see_what_is_old_enough() {
    let mut random = Random::new(9);
    let mut bench = Bench::new();
    let clocks = 400;
    let (mut unit, mut port) = (BTreeMap::new(), BTreeMap::new());
    for clock in 0..clocks {
        if random.percent(90) {
            let op = random.pick(&[LateOp::Add, LateOp::Write, LateOp::Read]);
            unit.insert(clock, word(op, random.below(WORDS + 1), random.u64() as i32));
        }
        if random.percent(90) {
            port.insert(clock, word(LateOp::Read, random.below(WORDS + 1), 0));
        }
    }
    let found = bench.run(&unit, &port);
    let mut checked = 0;
    for (read, late) in port.iter().filter(|(_, late)| u64::from(late.offset) < 8 * WORDS) {
        let mut value = 0u64;
        for (_, change) in unit.range(..(read + 1).saturating_sub(PORT_CLOCKS.into())) {
            let Operand::Imm(by) = change.b else { panic!("no constant") };
            match change.op {
                _ if change.offset != late.offset => (),
                LateOp::Add => value = value.wrapping_add(by as u64),
                LateOp::Write => value = by as u64,
                _ => (),
            }
        }
        assert_eq!(found[read], value, "read in clock {read}");
        checked += usize::from(value != 0);
    }
    assert!(checked > 200, "only {checked} reads found anything");
}

#[test]
fn what_the_host_writes_is_in_the_copy() {
    let mut bench = Bench::new();
    bench.host(1, 77);
    let port = (0..WORDS).map(|w| (w, word(LateOp::Read, w, 0))).collect();
    let found: Vec<u64> = bench.run(&BTreeMap::new(), &port).into_values().collect();
    assert_eq!(found, [0, 77, 0, 0]);
}
