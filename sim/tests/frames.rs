// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Frames through the RTL under programs written by hand. Expected outcomes are those of the model, or follow from
//! what the program plainly says.

use weir_pipeline::model::{Meta, Model};
use weir_pipeline::text::parse;
use weir_pipeline::{Pipeline, Target};
use weir_sim::{Disturbance, FrameOutcome, PipelineSim, RunOptions, RxFrame};

const PASS: u32 = 2;

/// Drops IPv4, counts it in entry 1 of a map, passes everything else.
const DROP_IPV4: &str = r#"
pipeline "drop_ipv4"
target TARGET
tag 0000000000000000
gap 1
passes 1
table "drops" array key 4 value 8 entries 4 places 4 unit 0 id 0 base 3
pass 0 stage 0
  lsu load r1 = u16 [zero +ETHERTYPE] if always
  alu1 r2 = swap16 zero, load if always
  cmp0 eq.32 alu1, 2048 (p0, p0) -> p1:f0, p2:0f
pass 0 stage 1
  late add.u64 0[zero + 8] += 1 if p1
pass 0 stage 2
  alu0 r0 = mov zero, 2 if p2
  alu1 r0 = mov zero, 1 if p1
end
"#;

/// Moves the head of everything to a context address and sends it back.
const MOVE: &str = r#"
pipeline "move"
target TARGET
tag 0000000000000000
gap 1
passes 1
moves_head
pass 0 stage 0
  alu0 r2 = mov zero, START if always
  alu1 r0 = mov zero, 3 if always
end
"#;

/// Passes everything after two passes through the stages.
const TWO_PASSES: &str = r#"
pipeline "two_passes"
target TARGET
tag 0000000000000000
gap 1
passes 2
pass 1 stage 7
  alu0 r0 = mov zero, 2 if always
end
"#;

/// Reads a counter and writes it back one higher, in two stages far apart: the gap keeps packets apart.
const READ_MODIFY_WRITE: &str = r#"
pipeline "read_modify_write"
target TARGET
tag 0000000000000000
gap 9
passes 1
table "count" array key 4 value 8 entries 1 places 1 unit 0 id 0 base 0
table "same" array key 4 value 8 entries 1 places 1 unit 1 id 2 base 7
pass 0 stage 1
  late read.u64 r3 = 0[zero + 0] if always
pass 0 stage 5
  late add.u64 2[zero + 0] += r3 if always
pass 0 stage 6
  alu0 r0 = mov zero, 3 if always
end
"#;

fn pipeline(target: &str, text: &str) -> Pipeline {
    let sizes = Target::named(target).unwrap();
    let ethertype = (sizes.headroom_bytes + 12).to_string();
    parse(&text.replace("TARGET", target).replace("ETHERTYPE", &ethertype), sizes.stages).unwrap()
}

fn sim(target: &str, programs: &[&str]) -> PipelineSim {
    let mut sim = PipelineSim::new(target, None).unwrap();
    for (slot, text) in (0..).zip(programs) {
        sim.load(slot, &pipeline(target, text)).unwrap();
    }
    sim
}

fn frame(length: usize, ethertype: u16) -> RxFrame {
    let mut data: Vec<u8> = (0..length).map(|i| (i * 7 + length) as u8).collect();
    if length >= 14 {
        data[12..14].copy_from_slice(&ethertype.to_be_bytes());
    }
    RxFrame { data, slot: 0, meta: Meta::default() }
}

/// Clocks from one frame to the next: the ring's, or those that the frame takes on the bus.
fn interval(target: &Target, program: &Pipeline, length: u32) -> u32 {
    target.interval(program.passes(), program.gap).max(length.div_ceil(target.bus_bytes))
}

/// Runs a test on all targets that are built in.
fn on_every_target(test: impl Fn(&str)) {
    for target in PipelineSim::targets() {
        println!("target {target}");
        test(target);
    }
    for target in Target::names().filter(|name| !PipelineSim::targets().any(|built| built == *name)) {
        println!("WEIR-SKIP frames on {target}: not built in (WEIR_TARGETS)");
    }
}

#[test]
fn every_length_passes_unchanged_where_no_program_is_loaded() {
    on_every_target(|target| {
        let mut sim = sim(target, &[]);
        let longest = sim.target().max_frame_bytes as usize;
        let lengths = (14..=200).chain((200..=longest).step_by(61)).chain([longest - 1, longest]);
        let frames: Vec<RxFrame> = lengths.map(|length| frame(length, 0x0800)).collect();
        let disturbances = [None, Some(Disturbance { seed: 7, rx_gaps: 90, tx_stalls: 150 })];
        for disturbance in disturbances {
            let report = sim.run(&frames, RunOptions { disturbance, ..Default::default() }).unwrap();
            for (frame, outcome) in frames.iter().zip(&report.frames) {
                assert_eq!(outcome.verdict, PASS);
                assert_eq!(outcome.data.as_ref(), Some(&frame.data), "{} bytes", frame.data.len());
            }
        }
    });
}

#[test]
fn illegal_lengths_are_dropped_at_ingress() {
    on_every_target(|target| {
        let mut sim = sim(target, &[]);
        let longest = sim.target().max_frame_bytes as usize;
        let lengths = [1, 13, 14, 60, longest, longest + 1, 64, 5 * longest, 12, 14];
        let frames: Vec<RxFrame> = lengths.iter().map(|length| frame(*length, 0x0800)).collect();
        let report = sim.run(&frames, RunOptions::default()).unwrap();
        for (length, outcome) in lengths.iter().zip(&report.frames) {
            let legal = (14..=longest).contains(length);
            let dropped = FrameOutcome { dropped_at_ingress: true, ..Default::default() };
            assert!(
                if legal { outcome.verdict == PASS } else { *outcome == dropped },
                "{length} bytes: {outcome:?}"
            );
        }
    });
}

#[test]
fn program_drops_counts_and_passes() {
    on_every_target(|target| {
        let mut sim = sim(target, &[DROP_IPV4]);
        let kinds = [0x0800, 0x86dd, 0x0800, 0x0806, 0x0008];
        let frames: Vec<RxFrame> = (0..200).map(|i| frame(14 + i, kinds[i % kinds.len()])).collect();
        let report = sim.run(&frames, RunOptions::default()).unwrap();
        for (frame, outcome) in frames.iter().zip(&report.frames) {
            let ipv4 = frame.data[12..14] == [8, 0];
            assert_eq!(outcome.verdict, if ipv4 { 1 } else { PASS });
            assert_eq!(outcome.data.as_ref(), (!ipv4).then_some(&frame.data));
        }
        let counts: Vec<Vec<u8>> = (0..4).map(|index| sim.read_value(0, 0, index).unwrap()).collect();
        assert_eq!(counts, [0u64, 80, 0, 0].map(|count| count.to_le_bytes().to_vec()));
    });
}

/// The claim of the architecture: one packet per clock where the bus can bring it, and counters cost no gap.
#[test]
fn one_pass_takes_one_packet_per_clock_and_counts_all() {
    on_every_target(|target| {
        let mut sim = sim(target, &[DROP_IPV4]);
        let frames = vec![frame(60, 0x0800); 2000];
        let report = sim.run(&frames, RunOptions::default()).unwrap();
        let clocks = interval(sim.target(), &pipeline(target, DROP_IPV4), 60);
        assert_eq!(report.cycles_per_packet, f64::from(clocks));
        assert!(report.cycles < (2000 * clocks + 300).into(), "{} cycles", report.cycles);
        assert_eq!(sim.read_value(0, 0, 1).unwrap(), 2000u64.to_le_bytes());
        println!("{:.1} kHz simulated", report.simulated_khz);
    });
}

/// The same with everything sent out again, so that egress keeps pace.
#[test]
fn one_packet_per_clock_from_port_to_port() {
    on_every_target(|target| {
        let mut sim = sim(target, &[DROP_IPV4]);
        let frames = vec![frame(60, 0x86dd); 2000];
        let report = sim.run(&frames, RunOptions::default()).unwrap();
        assert!(report.frames.iter().all(|outcome| outcome.data.is_some()));
        let clocks = interval(sim.target(), &pipeline(target, DROP_IPV4), 60);
        assert_eq!(report.cycles_per_packet, f64::from(clocks));
        assert!(report.cycles < (2000 * clocks + 300).into(), "{} cycles", report.cycles);
    });
}

/// Frames that grow into the headroom, that shrink, and that would shrink to less than an Ethernet header.
#[test]
fn heads_move_by_any_number_of_bytes() {
    on_every_target(|target| {
        let mut sim = sim(target, &[]);
        let headroom = sim.target().headroom_bytes as usize;
        if headroom == 0 {
            let moving = pipeline(target, &MOVE.replace("START", "0"));
            assert!(sim.load(0, &moving).is_err(), "{target} has no headroom");
            return;
        }
        let longest = sim.target().max_frame_bytes as usize;
        let lengths = (14..=34).chain((60..=200).step_by(7)).chain([longest - 1, longest]);
        let frames: Vec<RxFrame> = lengths.map(|length| frame(length, 0x0800)).collect();
        let disturbance = Some(Disturbance { seed: 11, rx_gaps: 40, tx_stalls: 120 });
        for start in (0..=headroom + 70).chain([headroom + 500, headroom + longest - 14, 5000]) {
            sim.load(0, &pipeline(target, &MOVE.replace("START", &start.to_string()))).unwrap();
            let disturbance = disturbance.filter(|_| start % 2 == 1);
            let report = sim.run(&frames, RunOptions { disturbance, ..Default::default() }).unwrap();
            for (frame, outcome) in frames.iter().zip(&report.frames) {
                let with_headroom = [vec![0; headroom], frame.data.clone()].concat();
                let there = start + 14 <= with_headroom.len();
                assert_eq!((outcome.verdict, outcome.aborted), if there { (3, false) } else { (0, true) });
                let expected = there.then(|| with_headroom[start..].to_vec());
                assert_eq!(outcome.data, expected, "{} bytes from {start}", frame.data.len());
            }
        }
    });
}

/// A frame costs egress a clock per beat that it touches, wherever it starts.
#[test]
fn moved_heads_cost_no_clock_where_the_bus_has_room() {
    on_every_target(|target| {
        let mut sim = sim(target, &[]);
        let (headroom, bus) = (sim.target().headroom_bytes, sim.target().bus_bytes);
        if headroom == 0 {
            return;
        }
        // The last byte stays in its beat, the first moves within the beat before.
        let frames = vec![frame(2 * bus as usize, 0x0800); 1000];
        let moving = pipeline(target, &MOVE.replace("START", &(headroom + 1).to_string()));
        sim.load(0, &moving).unwrap();
        let report = sim.run(&frames, RunOptions::default()).unwrap();
        let clocks = interval(sim.target(), &moving, 2 * bus);
        assert_eq!(report.cycles_per_packet, f64::from(clocks));
        assert!(report.cycles < (1000 * clocks + 300).into(), "{} cycles", report.cycles);
    });
}

#[test]
fn passes_and_gap_set_the_distance_of_packets() {
    on_every_target(|target| {
        for text in [TWO_PASSES, READ_MODIFY_WRITE] {
            let mut sim = sim(target, &[text]);
            // Whole turns of the ring, so that the mean is that of the pattern.
            let frames = vec![frame(60, 0x0800); 20 * sim.target().ring_clocks() as usize + 1];
            let report = sim.run(&frames, RunOptions::default()).unwrap();
            let interval = f64::from(interval(sim.target(), &pipeline(target, text), 60));
            assert!((report.cycles_per_packet - interval).abs() < 0.01, "{}", report.cycles_per_packet);
        }
    });
}

#[test]
fn slots_have_their_own_programs_and_maps() {
    on_every_target(|target| {
        let mut sim = sim(target, &[DROP_IPV4, READ_MODIFY_WRITE]);
        let mut models: Vec<Model> = [DROP_IPV4, READ_MODIFY_WRITE]
            .map(|text| Model::new(sim.target(), &pipeline(target, text)).unwrap())
            .into();
        sim.write_value(1, 0, 0, &5u64.to_le_bytes()).unwrap();
        models[1].set_value(0, 0, &5u64.to_le_bytes());
        let frames: Vec<RxFrame> =
            (0..300).map(|i| RxFrame { slot: (i % 3 == 0).into(), ..frame(60 + i % 9, 0x0800) }).collect();
        let report = sim.run(&frames, RunOptions::default()).unwrap();
        for (frame, outcome) in frames.iter().zip(&report.frames) {
            let expected = models[usize::from(frame.slot)].run(&frame.data, Meta::default());
            assert_eq!(outcome.verdict, expected.verdict);
        }
        for (slot, map, index) in [(0, 0, 1), (1, 0, 0), (1, 1, 0)] {
            let expected = models[usize::from(slot)].value(map, index).to_vec();
            assert_eq!(sim.read_value(slot, map, index).unwrap(), expected, "slot {slot} map {map}");
        }
    });
}

/// Packets of a slot that may rarely enter come first; those of the other slot do not wait for them.
#[test]
fn a_slot_that_waits_holds_nobody_back() {
    on_every_target(|target| {
        let rare = READ_MODIFY_WRITE.replace("gap 9", "gap 200");
        let mut sim = sim(target, &[DROP_IPV4, &rare]);
        let slot = |number| u8::from(number < 10);
        let frames: Vec<RxFrame> =
            (0..40).map(|number| RxFrame { slot: slot(number), ..frame(60, 0x0800) }).collect();
        let report = sim.run(&frames, RunOptions::default()).unwrap();
        assert!(report.cycles > 9 * 200);
        let limit = sim.target().ring_clocks() + 64;
        let others = report.frames[10..].iter().map(|outcome| outcome.latency_clocks).max().unwrap();
        assert!(others < limit, "{others} clocks");
    });
}

#[test]
fn program_can_be_replaced_and_unloaded() {
    on_every_target(|target| {
        let mut sim = sim(target, &[DROP_IPV4]);
        let frames = [frame(60, 0x0800)];
        let verdict =
            |sim: &mut PipelineSim| sim.run(&frames, RunOptions::default()).unwrap().frames[0].verdict;
        assert_eq!(verdict(&mut sim), 1);
        sim.load(0, &pipeline(target, READ_MODIFY_WRITE)).unwrap();
        assert_eq!(verdict(&mut sim), 3);
        sim.unload(0).unwrap();
        assert_eq!(verdict(&mut sim), PASS);
    });
}

#[test]
fn waves_are_written_on_request() {
    on_every_target(|target| {
        let folder = std::env::temp_dir().join(format!("weir-waves-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("run.vcd");
        let mut sim = PipelineSim::new(target, Some(&file)).unwrap();
        sim.run(&[frame(60, 0x0800)], RunOptions::default()).unwrap();
        drop(sim);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("$enddefinitions") && text.contains(" report_verdict "));
        std::fs::remove_dir_all(&folder).unwrap();
    });
}
