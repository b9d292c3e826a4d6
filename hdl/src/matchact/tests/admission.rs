// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Admission alone: the test plays queues and ring, and counts who gets which share of it.

use crate::matchact::admission::Admission;
use crate::matchact::tag::Tag;
use rust_hdl::core::simulate::simulate;
use rust_hdl::prelude::*;
use std::collections::VecDeque;
use weir_pipeline::Target;

/// What one slot offers and is to be given.
#[derive(Clone, Copy)]
struct Load {
    passes: u64,
    gap: u64,
    /// One packet comes every so many clocks.
    every: u64,
}

/// What one slot was given.
#[derive(Clone, Debug, Default)]
struct Given {
    /// Clocks of its admissions.
    admitted: Vec<u64>,
    /// Longest time from a packet's arrival to its admission.
    longest: u64,
}

struct Bench {
    block: Box<Admission>,
    ring: VecDeque<Tag>,
}

impl Bench {
    fn new(target: &Target) -> Bench {
        let mut block = Box::new(Admission::new(target));
        block.connect_all();
        let places = target.ring_clocks() as usize;
        let mut bench = Bench { block, ring: vec![Tag::default(); places].into() };
        bench.block.reset.next = true;
        bench.clock();
        bench.block.reset.next = false;
        bench
    }

    fn clock(&mut self) {
        for level in [false, true] {
            self.block.clock.next = level.into();
            assert!(simulate(&mut *self.block, 100));
        }
    }

    fn load(&mut self, loads: &[Load]) {
        for (slot, load) in (0_u64..).zip(loads) {
            self.block.program_write.next = true;
            self.block.program_slot.next = slot.to_bits();
            self.block.program_passes.next = load.passes.to_bits();
            self.block.program_gap.next = load.gap.to_bits();
            self.clock();
        }
        self.block.program_write.next = false;
    }

    /// Offers packets for some clocks, with a queue for each slot and one register behind them, as ingress has.
    fn run(&mut self, loads: &[Load], clocks: u64) -> Vec<Given> {
        let mut given = vec![Given::default(); loads.len()];
        let mut queues: Vec<VecDeque<u64>> = vec![VecDeque::new(); loads.len()];
        let mut entry: Option<(usize, u64)> = None;
        for clock in 0..clocks {
            self.block.clock.next = false.into();
            let mut waiting = 0_u64;
            for (slot, load) in loads.iter().enumerate() {
                if clock % load.every == 0 {
                    queues[slot].push_back(clock);
                }
                waiting |= u64::from(!queues[slot].is_empty()) << slot;
            }
            self.block.waiting.next = waiting.to_bits();
            self.block.enter_valid.next = entry.is_some();
            self.block.enter_slot.next = entry.map_or(0, |(slot, _)| slot as u64).to_bits();
            self.block.enter_length.next = 60_u64.to_bits();
            self.block.returning.next = self.ring[self.ring.len() - 1];
            assert!(simulate(&mut *self.block, 100));
            let entered = entry.is_some() && self.block.enter_ready.val();
            assert_eq!(self.block.entering.val(), entered);
            if let (true, Some((slot, since))) = (entered, entry) {
                let own = &mut given[slot];
                if let Some(last) = own.admitted.last() {
                    assert!(clock - last >= loads[slot].gap, "slot {slot} is admitted within its gap");
                }
                own.admitted.push(clock);
                own.longest = own.longest.max(clock - since);
                entry = None;
            }
            if entry.is_none() && self.block.choice_valid.val() {
                let slot = self.block.choice.val().index();
                let since = queues[slot].pop_front().expect("a slot without packets is chosen");
                entry = Some((slot, since));
            }
            let tag = self.block.tag.val();
            self.block.clock.next = true.into();
            assert!(simulate(&mut *self.block, 100));
            self.ring.pop_back();
            self.ring.push_front(tag);
        }
        given
    }
}

fn run(loads: &[Load], clocks: u64) -> Vec<Given> {
    let mut bench = Bench::new(&Target::named("sim-narrow").unwrap());
    bench.load(loads);
    bench.run(loads, clocks)
}

#[test]
fn alone_a_slot_gets_every_place() {
    for (passes, gap) in [(1, 1), (3, 3), (1, 9)] {
        let given = run(&[Load { passes, gap, every: 1 }], 400);
        let distances = given[0].admitted.windows(2).map(|w| w[1] - w[0]);
        assert!(distances.clone().all(|d| d == passes.max(gap)), "{:?}", given[0].admitted);
    }
}

/// Both always have packets: each gets half of the turns, whatever a packet of it takes.
#[test]
fn slots_share_the_places() {
    for passes in [1, 2, 8, 16] {
        let loads = [Load { passes: 1, gap: 1, every: 1 }, Load { passes, gap: passes, every: 1 }];
        let given = run(&loads, 4000);
        let turns = [given[0].admitted.len() as f64, given[1].admitted.len() as f64 * passes as f64];
        let share = turns[0] / (turns[0] + turns[1]);
        assert!((share - 0.5).abs() < 0.05, "{passes} passes: {turns:?}");
        assert!(turns[0] + turns[1] > 0.9 * 4000.0, "{passes} passes: {turns:?}");
    }
}

/// A slot that may rarely enter holds nobody back, and is let in when it may.
#[test]
fn a_slot_that_waits_for_its_gap_holds_nobody_back() {
    let loads = [Load { passes: 1, gap: 1, every: 2 }, Load { passes: 1, gap: 50, every: 1 }];
    let given = run(&loads, 2000);
    assert!(given[0].longest <= 3, "{} clocks", given[0].longest);
    let distances = given[1].admitted.windows(2).map(|w| w[1] - w[0]);
    assert!(distances.clone().all(|d| (50..=52).contains(&d)), "{:?}", given[1].admitted);
}

/// Two slots that ask for much and one that asks for little: it does not wait behind their packets.
#[test]
fn a_modest_slot_waits_for_a_place_only() {
    let loads = [Load { passes: 16, gap: 1, every: 1 }, Load { passes: 1, gap: 1, every: 40 }];
    let given = run(&loads, 4000);
    // The ring of 17 places is full of packets that leave after 16 turns: one place in 16 clocks on average.
    let turns = 17 * 16;
    assert!(given[1].longest <= turns, "{} clocks", given[1].longest);
    // The last of them may still be waiting.
    assert!(given[1].admitted.len() >= 99, "{} packets", given[1].admitted.len());
    println!("at most {} clocks", given[1].longest);
}

/// Packets come in every clock, yet the host finds a place without a packet.
#[test]
fn a_waiting_host_gets_one_place() {
    let loads = [Load { passes: 1, gap: 1, every: 1 }];
    let mut bench = Bench::new(&Target::named("sim-narrow").unwrap());
    bench.load(&loads);
    bench.run(&loads, 100);
    bench.block.host_waits.next = true;
    let given = bench.run(&loads, 400);
    let gaps: Vec<u64> = given[0].admitted.windows(2).map(|w| w[1] - w[0]).filter(|d| *d != 1).collect();
    assert_eq!(gaps, [2], "one place was kept free for the host, and no more");
    assert_eq!(given[0].admitted[100] - given[0].admitted[0], 100, "the host waits at first");
    bench.block.host_waits.next = false;
    let given = bench.run(&loads, 200);
    assert!(given[0].admitted.windows(2).all(|w| w[1] - w[0] == 1));
}
