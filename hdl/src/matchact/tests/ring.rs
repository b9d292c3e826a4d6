// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The ring against the model: random programs and packets, two slots at a time, at full rate.

use super::random::Programs;
use crate::matchact::ring::Ring;
use crate::matchact::words::word_bits;
use rust_hdl::prelude::*;
use std::collections::BTreeMap;
use weir_pipeline::model::{Meta, Model, Outcome};
use weir_pipeline::target::{PORT_CLOCKS, Placement, Ports, Tables};
use weir_pipeline::words::DEEP_SPACE;
use weir_pipeline::{Pipeline, Target};

type SmallRing = Ring<8, 512, 512, 704, 512>;

/// A small ring with everything in it: headroom, stack, a stage that cannot store, table unit, lookup port, multiplier.
fn small() -> Target {
    let mut target = Target::named("sim").unwrap();
    target.name = "small".into();
    target.stages = 4;
    target.passes = 4;
    target.program_slots = 2;
    target.registers = 8;
    target.headroom_bytes = 8;
    target.window_bytes = 64;
    target.stack_bytes = 16;
    target.units.stores = Placement { every: 1, first: 1 };
    target.units.tables = Tables { every: 4, first: 2, words: 32, maps: 4 };
    target.units.ports = Ports { before: 2 };
    target.units.multipliers = Placement { every: 4, first: 1 };
    target
}

/// A packet on its way in.
struct Packet {
    slot: u8,
    data: Vec<u8>,
    meta: Meta,
}

/// A packet that has left.
#[derive(Clone, Debug, PartialEq)]
struct Left {
    slot: u8,
    length: usize,
    window: Vec<u8>,
    /// Context address at which it starts.
    start: usize,
    verdict: u32,
    aborted: bool,
    /// Register 1 where the verdict redirects.
    redirect: u32,
    clocks: u64,
}

struct Bench {
    ring: Box<SmallRing>,
    target: Target,
    clocks: u64,
}

impl Bench {
    fn new(target: &Target) -> Bench {
        let mut ring = Box::new(SmallRing::new(target));
        ring.connect_all();
        let mut bench = Bench { ring, target: target.clone(), clocks: 0 };
        bench.settle();
        bench.ring.reset.next = true;
        bench.clock();
        bench.ring.reset.next = false;
        bench.settle();
        bench
    }

    fn settle(&mut self) {
        assert!(simulate(&mut *self.ring, 100), "the ring does not settle");
    }

    /// One clock; inputs are set, outputs read between two of these.
    fn clock(&mut self) {
        self.settle();
        for level in [true, false] {
            self.ring.clock.next = level.into();
            self.settle();
        }
        self.clocks += 1;
    }

    fn load(&mut self, slot: u8, pipeline: &Pipeline) {
        pipeline.validate(&self.target).unwrap();
        let slot = u64::from(slot);
        for (pass, stages) in (0u64..).zip(&pipeline.words) {
            for (stage, word) in (0u64..).zip(stages) {
                self.ring.word_write.next = true;
                self.ring.word_slot.next = slot.to_bits();
                self.ring.word_pass.next = pass.to_bits();
                self.ring.word_stage.next = stage.to_bits();
                self.ring.word_data.next = word_bits(&word.encode());
                self.clock();
            }
        }
        self.ring.word_write.next = false;
        for table in &pipeline.tables {
            self.ring.map_write.next = true;
            self.ring.map_slot.next = slot.to_bits();
            self.ring.map_unit.next = u64::from(table.unit).to_bits();
            self.ring.map_id.next = u64::from(table.id).to_bits();
            self.ring.map_base.next = u64::from(table.base).to_bits();
            self.ring.map_limit.next = table.bytes().to_bits();
            self.clock();
        }
        self.ring.map_write.next = false;
        self.ring.program_write.next = true;
        self.ring.program_slot.next = slot.to_bits();
        self.ring.program_passes.next = u64::from(pipeline.passes()).to_bits();
        self.ring.program_gap.next = u64::from(pipeline.gap).to_bits();
        self.ring.program_moves_head.next = pipeline.moves_head;
        self.clock();
        self.ring.program_write.next = false;
    }

    /// Puts in packets as fast as the ring takes them, and takes out all that leaves, by number.
    fn run(&mut self, packets: &[Packet]) -> Vec<Left> {
        let (mut next, mut left, mut since) = (0, BTreeMap::new(), vec![0; packets.len()]);
        let limit = self.clocks + 100 + packets.len() as u64 * 200;
        while left.len() < packets.len() {
            assert!(self.clocks < limit, "{} of {} packets have left", left.len(), packets.len());
            self.ring.enter_valid.next = next < packets.len();
            if let Some(packet) = packets.get(next) {
                let mut window = Bits::<512>::default();
                for (at, byte) in packet.data.iter().take(64).enumerate() {
                    window.set_bits::<8>(at * 8, u64::from(*byte).to_bits());
                }
                self.ring.enter_window.next = window;
                self.ring.enter_slot.next = u64::from(packet.slot).to_bits();
                self.ring.enter_buffer.next = (next as u64).to_bits();
                self.ring.enter_length.next = (packet.data.len() as u64).to_bits();
                self.ring.enter_ifindex.next = u64::from(packet.meta.ingress_ifindex).to_bits();
                self.ring.enter_queue.next = u64::from(packet.meta.rx_queue_index).to_bits();
                self.ring.enter_timestamp.next = packet.meta.timestamp.to_bits();
                self.ring.enter_random.next = packet.meta.random.to_bits();
            }
            self.settle();
            if self.ring.exit_valid.val() {
                let number = self.ring.exit_buffer.val().index();
                let memory = self.ring.exit_memory.val();
                let window = self.target.headroom_bytes as usize;
                let redirects = self.ring.exit_verdict.val() == 4;
                let before = left.insert(
                    number,
                    Left {
                        slot: self.ring.exit_slot.val().to_u8(),
                        length: self.ring.exit_length.val().index(),
                        window: (window..window + 64)
                            .map(|at| memory.get_bits::<8>(at * 8).to_u8())
                            .collect(),
                        start: self.ring.exit_start.val().index(),
                        verdict: self.ring.exit_verdict.val().to_u32(),
                        aborted: self.ring.exit_aborted.val(),
                        redirect: if redirects { self.ring.exit_redirect.val().to_u32() } else { 0 },
                        clocks: self.clocks - since[number],
                    },
                );
                assert!(before.is_none(), "packet {number} has left twice");
            }
            if next < packets.len() && self.ring.enter_ready.val() {
                since[next] = self.clocks;
                next += 1;
            }
            self.clock();
        }
        self.ring.enter_valid.next = false;
        left.into_values().collect()
    }

    /// Reads or writes a word of a table through the host port.
    fn host(&mut self, unit: u32, word: u32, write: Option<u64>) -> u64 {
        self.ring.table_request.next = true;
        self.ring.table_write.next = write.is_some();
        self.ring.table_unit.next = u64::from(unit).to_bits();
        self.ring.table_address.next = u64::from(word).to_bits();
        self.ring.table_wdata.next = write.unwrap_or_default().to_bits();
        self.settle();
        while !self.ring.table_ready.val() {
            self.clock();
        }
        self.clock();
        self.ring.table_request.next = false;
        self.settle();
        for _ in 0..4 {
            if self.ring.table_rvalid.val() {
                assert!(write.is_none(), "a write has an answer");
                return self.ring.table_rdata.val().to_u64();
            }
            self.clock();
        }
        assert!(write.is_some(), "a read has no answer");
        0
    }
}

fn expected(target: &Target, packet: &Packet, outcome: &Outcome, start: u64, passes: u32) -> Left {
    let mut window = outcome.data[..outcome.data.len().min(64)].to_vec();
    // What a program stores behind a short packet aborts it, so the rest stays as it came.
    window.resize(64, 0);
    Left {
        slot: packet.slot,
        length: packet.data.len(),
        window,
        start: start as usize,
        verdict: outcome.verdict,
        aborted: outcome.aborted,
        redirect: outcome.redirect,
        clocks: u64::from(target.ring_clocks() * passes),
    }
}

/// Two random programs side by side, values of their maps, packets.
struct Case {
    seed: u64,
    target: Target,
    pipelines: Vec<Pipeline>,
    /// Slot, map, entry, value.
    values: Vec<(usize, usize, u32, u64)>,
    packets: Vec<Packet>,
}

impl Case {
    fn new(seed: u64, passes: [u32; 2], packets: usize) -> Case {
        let target = small();
        let mut random = Programs::new(seed);
        let (mut pipelines, mut values) = (Vec::new(), Vec::new());
        for (slot, passes) in (0..).zip(passes) {
            let mut pipeline = random.pipeline(&target, passes, slot * 16);
            // One pass has one access to the table and one read before it, at its port. Otherwise one packet at a time is
            // always right.
            let once = target.site_clock(0, 2) + PORT_CLOCKS - target.site_clock(0, 0);
            pipeline.gap = if passes == 1 { once } else { passes * target.ring_clocks() };
            // Of one of them register 2 counts, whatever it is. What egress makes of that the model is not asked.
            pipeline.moves_head = slot == 1;
            for (map, table) in pipeline.tables.iter().enumerate() {
                values
                    .extend((0..table.max_entries).map(|entry| (slot as usize, map, entry, random.0.u64())));
            }
            pipelines.push(pipeline);
        }
        let packets = (0..packets)
            .map(|_| Packet {
                slot: random.0.below(2) as u8,
                data: random.packet(&target),
                meta: Meta {
                    ingress_ifindex: random.0.u64() as u32,
                    rx_queue_index: random.0.below(1 << 16) as u32,
                    timestamp: random.0.u64(),
                    random: random.0.u64(),
                },
            })
            .collect();
        Case { seed, target, pipelines, values, packets }
    }

    /// What the model says, and what it is left with.
    fn expected(&self) -> (Vec<Left>, Vec<Model>) {
        let model =
            |p: &Pipeline| Model::new(&self.target, &Pipeline { moves_head: false, ..p.clone() }).unwrap();
        let mut models: Vec<Model> = self.pipelines.iter().map(model).collect();
        for (slot, map, entry, value) in &self.values {
            models[*slot].set_value(*map, *entry, &value.to_le_bytes());
        }
        let run = |packet: &Packet| {
            let pipeline = &self.pipelines[usize::from(packet.slot)];
            let mut start = u64::from(self.target.headroom_bytes);
            let model = &mut models[usize::from(packet.slot)];
            let outcome = model.run_traced(&packet.data, packet.meta, |_, registers, _| {
                if pipeline.moves_head {
                    start = registers[2] % DEEP_SPACE;
                }
            });
            expected(&self.target, packet, &outcome, start, pipeline.passes())
        };
        let left = self.packets.iter().map(run).collect();
        (left, models)
    }

    /// Whether some packets are aborted, and some not.
    fn aborts_some(&self) -> bool {
        let aborted = self.expected().0.iter().filter(|left| left.aborted).count();
        aborted > 0 && aborted < self.packets.len()
    }

    fn compare(&self) {
        let (expected, models) = self.expected();
        let mut bench = Bench::new(&self.target);
        for (slot, pipeline) in (0..).zip(&self.pipelines) {
            bench.load(slot, pipeline);
        }
        let place = |slot: usize, map: usize| &self.pipelines[slot].tables[map];
        for (slot, map, entry, value) in &self.values {
            let table = place(*slot, *map);
            bench.host(table.unit, table.base + entry, Some(*value));
        }
        for (number, (left, expected)) in bench.run(&self.packets).iter().zip(&expected).enumerate() {
            assert_eq!(left, expected, "seed {} packet {number}", self.seed);
        }
        for (slot, map, entry, _) in &self.values {
            let table = place(*slot, *map);
            let value = bench.host(table.unit, table.base + entry, None);
            let expected = models[*slot].value(*map, *entry);
            assert_eq!(value.to_le_bytes(), *expected, "seed {} map {map} entry {entry}", self.seed);
        }
    }
}

/// In a thread with stack enough for the ring.
fn with_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(1 << 28).spawn(work).unwrap().join().unwrap()
}

#[test]
fn random_programs_run_as_in_the_model() {
    with_stack(|| {
        // Most random programs abort all packets, or none: those that do both show more.
        let passes = |seed: u64| [1 + seed as u32 % 2, 1 + seed as u32 % 3];
        let cases = (1..1000).map(|seed| Case::new(seed, passes(seed), 8)).filter(Case::aborts_some);
        let compared = cases.take(2).map(|case| case.compare()).count();
        assert_eq!(compared, 2);
    });
}

#[test]
fn packets_without_program_pass() {
    with_stack(|| {
        let target = small();
        let mut bench = Bench::new(&target);
        let mut random = Programs::new(3);
        let packets: Vec<Packet> = (0..10)
            .map(|n| Packet { slot: n % 8, data: random.packet(&target), meta: Meta::default() })
            .collect();
        let begin = bench.clocks;
        for (packet, left) in packets.iter().zip(bench.run(&packets)) {
            let outcome = Outcome { verdict: 2, data: packet.data.clone(), redirect: 0, aborted: false };
            assert_eq!(left, expected(&target, packet, &outcome, target.headroom_bytes.into(), 1));
        }
        // They enter clock by clock.
        assert_eq!(bench.clocks - begin, u64::from(target.ring_clocks()) + 10);
    });
}
