// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Ingress, packet buffers and egress in rust-hdl's simulator, with a ring of the test's own whose packets take different
//! ways, and streams with gaps and backpressure.
//!
//! What comes out is compared with what a plain queue would give: nothing lost, doubled, or reordered within a slot.
//! `WEIR_SEED` chooses the random numbers; a failing run shows its seed.

use super::Loopback;
use rust_hdl::core::simulate::simulate;
use rust_hdl::prelude::*;
use std::collections::{HashMap, VecDeque};
use weir_pipeline::Target;
use weir_random::Random;

struct Frame {
    data: Vec<u8>,
    slot: u32,
    ifindex: u32,
    queue: u32,
    timestamp: u64,
    random: u64,
}

/// What the test's ring makes of a frame.
struct Result {
    verdict: u32,
    aborted: bool,
}

impl Frame {
    fn random(random: &mut Random, length: usize) -> Frame {
        Frame {
            data: (0..length).map(|_| random.u64() as u8).collect(),
            slot: random.below(2) as u32,
            ifindex: random.u64() as u32,
            queue: random.below(1 << 16) as u32,
            timestamp: random.u64(),
            random: random.u64(),
        }
    }

    /// The verdict comes from the frame, so that it can be foretold.
    fn result(&self) -> Result {
        match self.data[12] % 8 {
            verdict @ 0..=4 => Result { verdict: verdict.into(), aborted: false },
            5 => Result { verdict: 77, aborted: false },
            6 => Result { verdict: 0, aborted: true },
            _ => Result { verdict: 2, aborted: false },
        }
    }

    /// Register 1 when the packet leaves the ring.
    fn register1(&self) -> u32 {
        self.random as u32
    }

    /// Context address at which the frame starts when it leaves the ring: where it came, at any place, or behind the
    /// last one that is possible.
    fn start(&self, target: &Target) -> usize {
        let (headroom, last) = (target.headroom_bytes as usize, self.last_start(target));
        let place = self.timestamp as usize;
        match self.data[13] % 8 {
            _ if headroom == 0 => 0,
            0 | 1 => headroom,
            2 => place % (headroom + 1),
            3 => 0,
            4 => place % (last + 1),
            5 => last - place % 3,
            6 => last + 1 + place % 3 * 5000,
            // A whole beat of the bus less.
            _ => headroom - target.bus_bytes as usize,
        }
    }

    /// The last place that leaves an Ethernet header.
    fn last_start(&self, target: &Target) -> usize {
        target.headroom_bytes as usize + self.data.len() - 14
    }

    /// Whether its head is behind that.
    fn is_lost(&self, target: &Target) -> bool {
        self.start(target) > self.last_start(target)
    }

    /// Verdict that is reported.
    fn reported(&self, target: &Target) -> u32 {
        if self.is_lost(target) { 0 } else { self.result().verdict }
    }

    fn forwarded(&self, target: &Target) -> bool {
        !self.result().aborted && (2..=4).contains(&self.reported(target))
    }

    /// Headroom and frame when it leaves the ring: a program has changed what it sees of it.
    fn changed(&self, target: &Target) -> Vec<u8> {
        let (headroom, window) = (target.headroom_bytes as usize, target.window_bytes as usize);
        let mut bytes: Vec<u8> = (0..headroom).map(|at| self.timestamp as u8 ^ at as u8).collect();
        let changed = |(at, byte): (usize, &u8)| if at < window { byte ^ 0x5a } else { *byte };
        bytes.extend(self.data.iter().enumerate().map(changed));
        bytes
    }
}

/// A packet in the test's ring.
struct Flight {
    leaves: u64,
    window: Vec<u8>,
    number: usize,
    buffer: u64,
}

/// How often, in per cent, whoever may choose is willing.
struct Willing {
    rx: usize,
    ring: usize,
    tx: usize,
    /// Nothing is received in the middle until all buffers are free: then they are all in the free list's queue.
    pause: bool,
}

struct Outcome {
    clocks: u64,
    rx_stalled: u64,
    tx_beats: u64,
}

fn to_bits<const N: usize>(bytes: &[u8]) -> Bits<N> {
    let mut bits = Bits::default();
    for (index, byte) in bytes.iter().enumerate() {
        bits.set_bits::<8>(index * 8, (*byte).to_bits());
    }
    bits
}

fn to_bytes<const N: usize>(bits: Bits<N>) -> Vec<u8> {
    (0..N / 8).map(|index| bits.get_bits::<8>(index * 8).to_u8()).collect()
}

/// Sends the frames, plays the ring, and checks all that comes out.
fn run<const BUS: usize, const KEEP: usize, const WINDOW: usize, const BANKS: usize, const MB: usize>(
    target: &Target,
    frames: &[Frame],
    willing: &Willing,
    random: &mut Random,
) -> Outcome {
    const TURN: [u64; 2] = [37, 74];
    let window_bytes = WINDOW / 8;
    assert_eq!((WINDOW / 8, MB / 8), (target.window_bytes as usize, target.context_bytes() as usize));
    let mut block = Loopback::<BUS, KEEP, WINDOW, BANKS, MB>::new(target);
    let good = |frame: &Frame| (14..=target.max_frame_bytes as usize).contains(&frame.data.len());
    let limit = 2000
        + frames.iter().map(|f| 20 + (f.data.len() + 64) / KEEP).sum::<usize>() as u64 * 100
            / willing.rx.min(willing.tx).min(willing.ring) as u64;

    let mut sending = 0;
    let mut beat = 0;
    let mut offered = false;
    let mut classes = [0_usize; 3];
    let mut flights: VecDeque<Flight> = VecDeque::new();
    let mut inside: HashMap<u64, usize> = HashMap::new();
    let mut entered: Vec<usize> = Vec::new();
    let mut reported: Vec<usize> = Vec::new();
    let mut sent: Vec<usize> = Vec::new();
    let mut quiet = 0;
    let mut partial: Vec<u8> = Vec::new();
    let mut outcome = Outcome { clocks: 0, rx_stalled: 0, tx_beats: 0 };

    for clock in 0.. {
        assert!(clock < limit, "{} of {} frames reported after {clock} clocks", reported.len(), frames.len());
        let reset = clock < 2;
        block.clock.next = false.into();
        block.reset.next = reset;
        // Receive: a beat that was offered stays.
        let frame = frames.get(sending);
        let pause = willing.pause
            && sending == frames.len() / 2
            && beat == 0
            && block.free.val() != u64::from(target.packet_buffers);
        offered = !reset && frame.is_some() && (offered || (!pause && random.percent(willing.rx)));
        block.rx_valid.next = offered;
        if let (true, Some(frame)) = (offered, frame) {
            let rest = &frame.data[beat * KEEP..];
            let now = rest.len().min(KEEP);
            block.rx_data.next = to_bits(&rest[..now]);
            let mut keep = Bits::<KEEP>::default();
            for lane in 0..now {
                keep.set_bits::<1>(lane, true.into());
            }
            block.rx_keep.next = keep;
            block.rx_last.next = rest.len() <= KEEP;
            // The side band counts with the first beat only.
            let garbage = if beat == 0 { 0 } else { random.u64() as u32 };
            block.rx_slot.next = ((frame.slot ^ garbage) & 7).to_bits();
            block.rx_ifindex.next = (frame.ifindex ^ garbage).to_bits();
            block.rx_queue.next = ((frame.queue ^ garbage) & 0xffff).to_bits();
            block.rx_number.next = (sending as u32 ^ garbage).to_bits();
            block.rx_timestamp.next = (frame.timestamp ^ u64::from(garbage)).to_bits();
            block.rx_random.next = (frame.random ^ u64::from(garbage)).to_bits();
        }
        block.tx_ready.next = random.percent(willing.tx);
        // The ring gives out what is due, whether or not anybody waits.
        let due = flights.iter().position(|f| f.leaves == clock).and_then(|i| flights.remove(i));
        block.exit_valid.next = due.is_some();
        if let Some(due) = due {
            let frame = &frames[due.number];
            let mut memory = frame.changed(target);
            memory.truncate(target.headroom_bytes as usize);
            memory.extend(due.window.iter().map(|b| b ^ 0x5a));
            // What is on the stack goes nowhere.
            memory.resize(target.context_bytes() as usize, 0xcc);
            block.exit_memory.next = to_bits(&memory);
            block.exit_start.next = frame.start(target).to_bits();
            block.exit_slot.next = frame.slot.to_bits();
            block.exit_buffer.next = due.buffer.to_bits();
            block.exit_length.next = frame.data.len().to_bits();
            block.exit_verdict.next = frame.result().verdict.to_bits();
            block.exit_aborted.next = frame.result().aborted;
            block.exit_redirect.next = frame.register1().to_bits();
        }
        // A slot of those that wait, if it likes one.
        let waiting: Vec<usize> = (0..2).filter(|slot| block.waiting.val().get_bit(*slot)).collect();
        block.choice_valid.next = !waiting.is_empty() && random.percent(willing.ring.max(90));
        if !waiting.is_empty() {
            block.choice.next = waiting[random.below(waiting.len())].to_bits();
        }
        let room = |slot: usize| !flights.iter().any(|f| f.leaves == clock + TURN[slot]);
        block.enter_ready.next = room(0) && room(1) && random.percent(willing.ring);
        assert!(simulate(&mut block, 100));

        // What happens on the clock edge.
        if offered && block.rx_ready.val() {
            offered = false;
            beat += 1;
            if beat * KEEP >= frames[sending].data.len() {
                assert!(block.count.val());
                classes[block.count_class.val().index()] += 1;
                sending += 1;
                beat = 0;
            }
        } else {
            assert!(!block.count.val());
            outcome.rx_stalled += u64::from(offered && sending > 0);
        }
        if !reset && block.enter_valid.val() && block.enter_ready.val() {
            let number = block.enter_number.val().index();
            let frame = &frames[number];
            let window = to_bytes(block.enter_window.val());
            let mut wanted = frame.data[..frame.data.len().min(window_bytes)].to_vec();
            wanted.resize(window_bytes, 0);
            assert_eq!(window, wanted, "window of frame {number}");
            assert_eq!(block.enter_length.val().index(), frame.data.len());
            assert_eq!(block.enter_slot.val().index() as u32, frame.slot);
            assert_eq!(block.enter_ifindex.val().index() as u32, frame.ifindex);
            assert_eq!(block.enter_queue.val().index() as u32, frame.queue);
            assert_eq!(block.enter_timestamp.val().to_u64(), frame.timestamp);
            assert_eq!(block.enter_random.val().to_u64(), frame.random);
            entered.push(number);
            let buffer = block.enter_buffer.val().index() as u64;
            assert_eq!(inside.insert(buffer, number), None, "buffer {buffer} is in the ring twice");
            flights.push_back(Flight { leaves: clock + TURN[frame.slot as usize], window, number, buffer });
        }
        if !reset && block.report_valid.val() {
            let number = block.report_number.val().index();
            let frame = &frames[number];
            assert_eq!(block.report_verdict.val().index() as u32, frame.reported(target));
            let length = match frame.is_lost(target) || frame.result().aborted {
                true => frame.data.len(),
                false => frame.data.len() + target.headroom_bytes as usize - frame.start(target),
            };
            assert_eq!(block.report_length.val().index(), length, "frame {number}");
            inside.retain(|_, inside| *inside != number);
            reported.push(number);
        }
        if !reset && block.tx_valid.val() && block.tx_ready.val() {
            let number = block.tx_number.val().index();
            let frame = &frames[number];
            assert_eq!(block.tx_slot.val().index() as u32, frame.slot);
            assert_eq!(block.tx_verdict.val().index() as u32, frame.result().verdict);
            let redirect = if frame.result().verdict == 4 { frame.register1() } else { 0 };
            assert_eq!(block.tx_redirect.val().to_u32(), redirect);
            let keep = block.tx_keep.val();
            let kept = (0..KEEP).take_while(|lane| keep.get_bit(*lane)).count();
            assert!((kept..KEEP).all(|lane| !keep.get_bit(lane)));
            partial.extend(&to_bytes(block.tx_data.val())[..kept]);
            outcome.tx_beats += 1;
            if block.tx_last.val() {
                let start = frame.start(target);
                assert_eq!(partial, frame.changed(target)[start..], "frame {number} from byte {start} on");
                partial.clear();
                sent.push(number);
            } else {
                assert_eq!(kept, KEEP);
            }
        }
        let idle = sending == frames.len() && block.free.val() == u64::from(target.packet_buffers);
        quiet = if idle && !block.tx_valid.val() { quiet + 1 } else { 0 };
        block.clock.next = true.into();
        assert!(simulate(&mut block, 100));
        if quiet == 4 {
            outcome.clocks = clock;
            break;
        }
    }

    let all: Vec<usize> = (0..frames.len()).filter(|n| good(&frames[*n])).collect();
    let short = frames.iter().filter(|f| f.data.len() < 14).count();
    assert!(partial.is_empty() && flights.is_empty());
    assert_eq!(classes, [all.len(), short, frames.len() - all.len() - short]);
    for slot in 0..2 {
        let of_slot = |numbers: &[usize]| -> Vec<usize> {
            numbers.iter().copied().filter(|n| frames[*n].slot == slot).collect()
        };
        assert_eq!(of_slot(&entered), of_slot(&all));
        assert_eq!(of_slot(&reported), of_slot(&all));
    }
    let forwarded: Vec<usize> = reported.iter().copied().filter(|n| frames[*n].forwarded(target)).collect();
    assert_eq!(sent, forwarded);
    outcome
}

fn seeds() -> Vec<u64> {
    match std::env::var("WEIR_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => vec![1],
    }
}

/// Runs in a thread with a stack for wide values.
fn with_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(test).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn wide() -> Target {
    Target { headroom_bytes: 0, ..Target::named("sim").unwrap() }
}

/// A bus of 8 bytes and a window of 32, few buffers and short frames.
fn narrow() -> Target {
    Target {
        bus_bytes: 8,
        window_bytes: 32,
        packet_buffers: 8,
        packet_buffer_bytes: 256,
        max_frame_bytes: 203,
        ..wide()
    }
}

/// As `wide` with a quarter of the bytes in a beat, which simulates faster and takes as many clocks.
fn quarter() -> Target {
    Target { bus_bytes: 16, window_bytes: 32, max_frame_bytes: 384, packet_buffer_bytes: 512, ..wide() }
}

/// Frames of random lengths up to a little more than is admitted, and of the lengths at the limits.
fn random_frames(random: &mut Random, target: &Target, count: usize) -> Vec<Frame> {
    let longest = target.max_frame_bytes as usize;
    let limits = [13, 14, longest, longest + 1, longest + 1, longest, 14, 13];
    let length = |index: usize| match limits.get(index) {
        Some(limit) => *limit,
        None => {
            let bound = [20, 130, longest + 90][random.below(3)];
            1 + random.below(bound)
        }
    };
    let lengths: Vec<usize> = (0..count).map(length).collect();
    lengths.into_iter().map(|length| Frame::random(random, length)).collect()
}

#[test]
fn random_frames_come_out_as_from_a_queue() {
    with_stack(|| {
        for seed in seeds() {
            println!("seed {seed}");
            let random = &mut Random::new(seed);
            let willing = Willing { rx: 70, ring: 40, tx: 80, pause: true };
            let frames = random_frames(random, &narrow(), 60);
            run::<64, 8, 256, 4, 512>(&narrow(), &frames, &willing, random);
            let slow = Willing { rx: 100, ring: 100, tx: 30, pause: true };
            run::<64, 8, 256, 4, 512>(&narrow(), &frames, &slow, random);
            let frames = random_frames(random, &wide(), 25);
            let few = Target { packet_buffers: 8, ..wide() };
            run::<512, 64, 1024, 2, 1280>(&few, &frames, &willing, random);
        }
    });
}

#[test]
fn frames_start_where_their_heads_are() {
    with_stack(|| {
        for seed in seeds() {
            println!("seed {seed}");
            let random = &mut Random::new(seed);
            let willing = Willing { rx: 70, ring: 60, tx: 70, pause: false };
            let with = |target: Target, bytes| Target { headroom_bytes: bytes, packet_buffers: 8, ..target };
            let target = with(narrow(), 24);
            let frames = random_frames(random, &target, 60);
            run::<64, 8, 256, 4, 704>(&target, &frames, &willing, random);
            let always = Willing { rx: 100, ring: 100, tx: 100, pause: false };
            run::<64, 8, 256, 4, 704>(&target, &frames, &always, random);
            let target = with(quarter(), 16);
            let frames = random_frames(random, &target, 60);
            run::<128, 16, 256, 2, 640>(&target, &frames, &willing, random);
            let target = with(wide(), 64);
            let frames = random_frames(random, &target, 40);
            run::<512, 64, 1024, 2, 1792>(&target, &frames, &willing, random);
        }
    });
}

/// Frames of these lengths, all of them passed, everybody always willing.
fn at_full_rate(target: &Target, lengths: &[usize]) -> Outcome {
    let random = &mut Random::new(3);
    let frame = |length: &usize| {
        let mut frame = Frame { slot: 0, ..Frame::random(random, *length) };
        frame.data[12] = 2;
        frame
    };
    let frames: Vec<Frame> = lengths.iter().map(frame).collect();
    let always = Willing { rx: 100, ring: 100, tx: 100, pause: false };
    let outcome = run::<128, 16, 256, 2, 512>(target, &frames, &always, random);
    let beats: usize = lengths.iter().map(|length| length.div_ceil(16)).sum();
    assert_eq!(outcome.tx_beats, beats as u64);
    outcome
}

#[test]
fn one_small_frame_per_clock_is_sustained() {
    with_stack(|| {
        let outcome = at_full_rate(&quarter(), &[15; 120]);
        assert_eq!(outcome.rx_stalled, 0);
        // Reset, the frames, one turn of the ring, and the registers on the way.
        assert!(outcome.clocks <= 2 + 120 + 37 + 12, "{} clocks", outcome.clocks);
    });
}

#[test]
fn long_frames_among_small_ones_pause_the_stream_only_for_want_of_buffers() {
    with_stack(|| {
        let mut lengths = vec![15; 50];
        lengths.push(380);
        lengths.extend([15; 90]);
        let few = at_full_rate(&quarter(), &lengths).rx_stalled;
        assert!(few <= 8, "{few} clocks");
        let many = Target { packet_buffers: 128, ..quarter() };
        assert_eq!(at_full_rate(&many, &lengths).rx_stalled, 0);
        println!("{few} clocks lost with {} buffers", quarter().packet_buffers);
    });
}
