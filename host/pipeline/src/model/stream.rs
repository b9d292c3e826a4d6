// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Several packets in the stages at a time: table and key operations of all of them in the order of their clocks.
//!
//! ```text
//!  packet 0   admitted ── site ───────── site ── ...
//!  packet 1   <─ interval ─> admitted ── site ───────── site ── ...
//! ```
//!
//! That shows whether a distance between packets is enough for each to find the maps as the one before left them. Every
//! operation is carried out at once, at the clock at which its stage is entered; that some take several clocks in the
//! RTL is not seen here. A lookup port is so much late behind its table that its reads come before what is written at
//! the same time: they are carried out that much earlier, which is as soon as the stage before has been.

use super::{Flight, Meta, Model, Outcome};
use crate::LateUnit;
use crate::target::PORT_CLOCKS;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

impl Model {
    /// Runs the program on packets that are admitted `interval` clocks after each other.
    pub fn run_stream(&mut self, packets: &[(Vec<u8>, Meta)], interval: u32) -> Vec<Outcome> {
        let (pipeline, target) = (Arc::clone(&self.pipeline), Arc::clone(&self.target));
        let stages: Vec<(u32, u32)> = (0..pipeline.passes())
            .flat_map(|pass| (0..target.stages).map(move |stage| (pass, stage)))
            .collect();
        if stages.is_empty() {
            return packets.iter().map(|(data, meta)| self.run(data, *meta)).collect();
        }
        let mut flights: BTreeMap<usize, Flight<'_>> = BTreeMap::new();
        let mut outcomes = Vec::with_capacity(packets.len());
        // By clock: packet, and its stage counted over all passes.
        let mut next = BinaryHeap::new();
        let clock = |packet: usize, stage: usize| {
            let (pass, stage) = stages[stage];
            let late = if matches!(target.late_unit(stage), LateUnit::Port(_)) { PORT_CLOCKS - 1 } else { 0 };
            packet as u64 * u64::from(interval)
                + u64::from(target.site_clock(pass, stage).saturating_sub(late))
        };
        (0..packets.len()).for_each(|packet| next.push(Reverse((clock(packet, 0), packet, 0))));
        while let Some(Reverse((_, packet, at))) = next.pop() {
            let (data, meta) = &packets[packet];
            let flight = flights.entry(packet).or_insert_with(|| Flight::admit(&target, data, *meta));
            let (pass, stage) = stages[at];
            self.step(flight, stage, &pipeline.words[pass as usize][stage as usize]);
            if at + 1 < stages.len() {
                next.push(Reverse((clock(packet, at + 1), packet, at + 1)));
            } else if let Some(flight) = flights.remove(&packet) {
                // All take the same way, so they leave in the order in which they came.
                outcomes.push(self.leave(flight));
            }
        }
        outcomes
    }
}
