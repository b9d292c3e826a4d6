// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Running frames through the streaming ports.
//!
//! The runner is the neighbour of the card on both sides and checks what it may rely on: every legal frame gets one
//! verdict, in the order of its slot; frames with verdict PASS, TX or REDIRECT come out once, whole, after their
//! verdict; all packet buffers are free at the end.

use crate::card::Card;
use crate::error::SimError;
use crate::load::PipelineSim;
use std::time::Instant;
use weir_pipeline::Target;
use weir_pipeline::model::{Meta, REDIRECT};
use weir_random::Random;

/// Shortest frame that ingress admits: an Ethernet header.
const MIN_FRAME_BYTES: usize = 14;

/// Verdicts that send a frame out: XDP_PASS, XDP_TX, XDP_REDIRECT.
const SENT: std::ops::RangeInclusive<u32> = 2..=4;

/// A frame to receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RxFrame {
    /// Its bytes.
    pub data: Vec<u8>,
    /// Program slot.
    pub slot: u8,
    /// What its program is told about it.
    pub meta: Meta,
}

/// How the neighbours of the card disturb the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// Seed of the random numbers.
    pub seed: u64,
    /// Clocks of 256 in which no beat is offered on the receive side.
    pub rx_gaps: u8,
    /// Clocks of 256 in which no beat is taken on the transmit side.
    pub tx_stalls: u8,
}

/// How to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// Sends a frame when all before it are done with, rather than at full rate.
    pub one_at_a_time: bool,
    /// Gaps and backpressure; none where absent.
    pub disturbance: Option<Disturbance>,
    /// Clocks without any movement after which the run fails.
    pub stall_clocks: u32,
}

impl Default for RunOptions {
    fn default() -> RunOptions {
        RunOptions { one_at_a_time: false, disturbance: None, stall_clocks: 200_000 }
    }
}

/// What became of a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameOutcome {
    /// Verdict; 0 where the frame was dropped at ingress.
    pub verdict: u32,
    /// Bytes that came out, for verdicts PASS, TX and REDIRECT.
    pub data: Option<Vec<u8>>,
    /// The hardware aborted the program because it broke a bound.
    pub aborted: bool,
    /// Interface index to which verdict REDIRECT sends it, otherwise 0.
    pub redirect: u32,
    /// Clocks from the first beat's arrival to the verdict.
    pub latency_clocks: u32,
    /// Too short or too long: no program saw it.
    pub dropped_at_ingress: bool,
}

/// Result of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    /// Outcomes in the order of the frames.
    pub frames: Vec<FrameOutcome>,
    /// Clocks from the first beat offered to the last movement.
    pub cycles: u64,
    /// Mean distance of two admissions to the ring; where there are not two, all cycles.
    pub cycles_per_packet: f64,
    /// Least latency, 0 without a packet.
    pub latency_min: u32,
    /// Greatest latency.
    pub latency_max: u32,
    /// Speed of the simulation: clocks per millisecond of wall time.
    pub simulated_khz: f64,
}

/// A frame on its way.
#[derive(Clone, Debug, Default)]
struct Flight {
    outcome: FrameOutcome,
    arrived: Option<u64>,
    reported: bool,
    /// Bytes that the card says it has.
    length: usize,
    sent: bool,
}

impl PipelineSim {
    /// Receives the frames, which get their index as number, until all are done with.
    pub fn run(&mut self, frames: &[RxFrame], options: RunOptions) -> Result<RunReport, SimError> {
        let started = Instant::now();
        let before = self.registers.bus().clocks;
        let mut run = Run::new(&self.target, self.moves_head(), frames, options)?;
        let card = self.registers.bus();
        let outcome = run.clocks(card);
        card.inputs.rx_valid = 0;
        card.inputs.tx_ready = 0;
        outcome?;
        let cycles = run.moved - before;
        self.check_buffers(options.stall_clocks)?;
        let clocks = self.registers.bus().clocks - before;
        Ok(run.report(cycles, clocks as f64 / started.elapsed().as_secs_f64() / 1000.0))
    }

    /// Waits until all packet buffers are free.
    fn check_buffers(&mut self, polls: u32) -> Result<(), SimError> {
        let buffers = self.target.packet_buffers;
        let mut free = 0;
        for _ in 0..polls {
            free = self.registers.read_counter_buffers_free()?;
            if free == buffers {
                return Ok(());
            }
        }
        Err(SimError::Leak { free, buffers })
    }
}

struct Run<'a> {
    frames: &'a [RxFrame],
    options: RunOptions,
    /// Slots whose program may make frames longer or shorter.
    moves_head: [bool; 8],
    bus: usize,
    legal: std::ops::RangeInclusive<usize>,
    random: Random,
    flights: Vec<Flight>,
    /// Frame and byte that are offered next.
    next: (usize, usize),
    /// Whether a beat is being offered, which then stays until it is taken.
    offered: bool,
    /// Last number reported in each slot.
    last: [Option<u32>; 8],
    /// Frame that is coming out.
    coming: Option<u32>,
    expected: usize,
    reported: usize,
    waiting: usize,
    admitted: Vec<u64>,
    /// Clock of the last movement.
    moved: u64,
}

impl<'a> Run<'a> {
    fn new(
        target: &Target,
        moves_head: [bool; 8],
        frames: &'a [RxFrame],
        options: RunOptions,
    ) -> Result<Run<'a>, SimError> {
        let legal = MIN_FRAME_BYTES..=target.max_frame_bytes as usize;
        if let Some(frame) = frames.iter().find(|f| u32::from(f.slot) >= target.program_slots) {
            return Err(SimError::Slot { slot: frame.slot, slots: target.program_slots });
        }
        if let Some(number) = frames.iter().position(|f| f.meta.rx_queue_index > u16::MAX.into()) {
            return Err(SimError::Queue(number));
        }
        let expected = frames.iter().filter(|f| legal.contains(&f.data.len())).count();
        Ok(Run {
            frames,
            options,
            moves_head,
            bus: target.bus_bytes as usize,
            legal,
            random: Random::new(options.disturbance.map_or(0, |d| d.seed)),
            flights: vec![Flight::default(); frames.len()],
            next: (0, 0),
            offered: false,
            last: [None; 8],
            coming: None,
            expected,
            reported: 0,
            waiting: 0,
            admitted: Vec::new(),
            moved: 0,
        })
    }

    /// Clocks the card until everything is done.
    fn clocks(&mut self, card: &mut Card) -> Result<(), SimError> {
        self.moved = card.clocks;
        while self.next.0 < self.frames.len() || self.reported < self.expected || self.waiting > 0 {
            self.offer(card);
            card.inputs.tx_ready = (!self.disturbed(|d| d.tx_stalls)).into();
            card.clock();
            self.receive(card);
            self.watch(card)?;
            self.transmit(card)?;
            if card.clocks - self.moved > self.options.stall_clocks.into() {
                return Err(SimError::Stall {
                    clocks: self.options.stall_clocks,
                    reported: self.reported,
                    expected: self.expected,
                    waiting: self.waiting,
                });
            }
        }
        Ok(())
    }

    fn disturbed(&mut self, rate: impl Fn(&Disturbance) -> u8) -> bool {
        let rate = self.options.disturbance.as_ref().map_or(0, rate);
        rate != 0 && self.random.chance(rate.into(), 256)
    }

    /// Puts the next beat on the receive stream.
    fn offer(&mut self, card: &mut Card) {
        if self.offered {
            return;
        }
        let inputs = &mut card.inputs;
        inputs.rx_valid = 0;
        let (number, at) = self.next;
        let busy = at == 0 && self.options.one_at_a_time && (self.waiting > 0 || !self.all_reported(number));
        if number >= self.frames.len() || busy || self.disturbed(|d| d.rx_gaps) {
            return;
        }
        let frame = &self.frames[number];
        let beat = &frame.data[at..frame.data.len().min(at + self.bus)];
        inputs.rx_data = [0; 64];
        inputs.rx_data[..beat.len()].copy_from_slice(beat);
        let keep = if beat.len() == 64 { u64::MAX } else { (1 << beat.len()) - 1 };
        inputs.rx_keep = keep.to_le_bytes();
        inputs.rx_last = (at + beat.len() == frame.data.len()).into();
        // The sideband counts with the first beat only; afterwards it says something else.
        let sideband = |value: u32| if at == 0 { value } else { !value };
        let wide_sideband = |value: u64| if at == 0 { value } else { !value };
        inputs.rx_slot = sideband(frame.slot.into()) as u8 & 7;
        inputs.rx_ifindex = sideband(frame.meta.ingress_ifindex);
        inputs.rx_queue = sideband(frame.meta.rx_queue_index) & 0xffff;
        inputs.rx_number = sideband(number as u32);
        inputs.rx_timestamp = wide_sideband(frame.meta.timestamp);
        inputs.rx_random = wide_sideband(frame.meta.random);
        inputs.rx_valid = 1;
        self.offered = true;
    }

    /// Whether all legal frames before `number` have a verdict.
    fn all_reported(&self, number: usize) -> bool {
        // Of one at a time only the last can be on its way.
        number == 0
            || self.flights[number - 1].reported
            || !self.legal.contains(&self.frames[number - 1].data.len())
    }

    /// Looks whether the offered beat was taken.
    fn receive(&mut self, card: &Card) {
        if !self.offered || card.outputs.rx_ready == 0 {
            return;
        }
        self.offered = false;
        self.moved = card.clocks;
        let (number, at) = self.next;
        if at == 0 {
            self.flights[number].arrived = Some(card.clocks);
        }
        let end = at + self.bus;
        self.next = if end >= self.frames[number].data.len() { (number + 1, 0) } else { (number, end) };
    }

    /// Takes what the ring says about packets that enter and leave it.
    fn watch(&mut self, card: &Card) -> Result<(), SimError> {
        let outputs = &card.outputs;
        if outputs.admit_valid != 0 {
            self.admitted.push(card.clocks);
            self.moved = card.clocks;
        }
        if outputs.report_valid == 0 {
            return Ok(());
        }
        self.moved = card.clocks;
        let number = outputs.report_number;
        let flight = self.flight(number, "has a verdict")?;
        let Some(arrived) = flight.arrived else { return fault(number, "has a verdict before it arrived") };
        if flight.reported {
            return fault(number, "has two verdicts");
        }
        flight.reported = true;
        flight.length = outputs.report_length.into();
        flight.outcome.verdict = outputs.report_verdict;
        flight.outcome.aborted = outputs.report_aborted != 0;
        flight.outcome.latency_clocks = (card.clocks - arrived) as u32;
        self.reported += 1;
        self.waiting += usize::from(SENT.contains(&outputs.report_verdict));
        let frame = &self.frames[number as usize];
        let changed = frame.data.len() != usize::from(outputs.report_length);
        let may_change = self.moves_head[frame.slot as usize] && outputs.report_aborted == 0;
        if frame.slot != outputs.report_slot || (changed && !may_change) {
            let (slot, length) = (outputs.report_slot, outputs.report_length);
            return fault(number, &format!("is reported with slot {slot} and {length} bytes"));
        }
        if self.last[frame.slot as usize].replace(number).is_some_and(|last| last > number) {
            return fault(number, "was overtaken");
        }
        Ok(())
    }

    /// Takes a beat of the transmit stream.
    fn transmit(&mut self, card: &Card) -> Result<(), SimError> {
        let outputs = &card.outputs;
        if outputs.tx_valid == 0 || card.inputs.tx_ready == 0 {
            return Ok(());
        }
        self.moved = card.clocks;
        let number = outputs.tx_number;
        if self.coming.is_some_and(|coming| coming != number) {
            return fault(number, "comes out within another frame");
        }
        let (bus, slot) = (self.bus, self.frames.get(number as usize).map(|f| f.slot));
        let flight = self.flight(number, "comes out")?;
        if !flight.reported || !SENT.contains(&flight.outcome.verdict) || flight.sent {
            return fault(number, "comes out unbidden");
        }
        if flight.outcome.verdict != outputs.tx_verdict || slot != Some(outputs.tx_slot) {
            return fault(number, "comes out with another verdict or slot than reported");
        }
        if outputs.tx_verdict != REDIRECT && outputs.tx_redirect != 0 {
            return fault(number, "comes out with a redirect target that its verdict does not use");
        }
        flight.outcome.redirect = outputs.tx_redirect;
        let keep = u64::from_le_bytes(outputs.tx_keep);
        let bytes = keep.trailing_ones() as usize;
        let whole = bytes == bus && outputs.tx_last == 0;
        if keep.count_ones() as usize != bytes || bytes > bus || !(whole || outputs.tx_last != 0) {
            return fault(number, &format!("comes out with a hole: keep {keep:#x}"));
        }
        flight.outcome.data.get_or_insert_default().extend_from_slice(&outputs.tx_data[..bytes]);
        flight.sent = outputs.tx_last != 0;
        let (sent, length) = (flight.outcome.data.as_ref().map_or(0, Vec::len), flight.length);
        if sent > length || (flight.sent && sent != length) {
            return fault(number, &format!("comes out with {sent} bytes and was reported with {length}"));
        }
        self.coming = (!flight.sent).then_some(number);
        self.waiting -= usize::from(self.coming.is_none());
        Ok(())
    }

    fn flight(&mut self, number: u32, does: &str) -> Result<&mut Flight, SimError> {
        let legal = self.frames.get(number as usize).is_some_and(|f| self.legal.contains(&f.data.len()));
        match self.flights.get_mut(number as usize) {
            Some(flight) if legal => Ok(flight),
            _ => Err(SimError::Protocol { number, what: format!("{does} although it was not admitted") }),
        }
    }

    fn report(self, cycles: u64, simulated_khz: f64) -> RunReport {
        let latencies = self.flights.iter().filter(|f| f.reported).map(|f| f.outcome.latency_clocks);
        let cycles_per_packet = match &self.admitted[..] {
            [first, .., last] => (last - first) as f64 / (self.admitted.len() - 1) as f64,
            _ => cycles as f64,
        };
        RunReport {
            cycles,
            cycles_per_packet,
            latency_min: latencies.clone().min().unwrap_or(0),
            latency_max: latencies.max().unwrap_or(0),
            simulated_khz,
            frames: self
                .flights
                .into_iter()
                .map(|f| FrameOutcome { dropped_at_ingress: !f.reported, ..f.outcome })
                .collect(),
        }
    }
}

fn fault<T>(number: u32, what: &str) -> Result<T, SimError> {
    Err(SimError::Protocol { number, what: what.to_owned() })
}
