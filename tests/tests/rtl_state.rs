// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Programs with state at full rate: packets back to back through the RTL leave verdicts, bytes and maps as the
//! interpreter does, which runs one after another. Streams are of one flow, of flows whose keys fall into one bucket,
//! and of many flows at random.
#![cfg(feature = "rtl")]

use weir_bpf::{Object, Program};
use weir_engines::{EngineKind, Maps, Packet, Subject, run_all};
use weir_pipeline::{Target, keys};
use weir_random::Random;
use weir_tests::corpus::{self, CorpusError};
use weir_tests::packets::{Frame, Network, Transport};
use weir_tests::steps::{self, Steps};
use weir_tests::{compile, inputs, skip, xdp_filter};

/// The interpreter against the RTL, `gap` in place of what the compiler says: clocks per packet.
fn agrees(
    object: &Object,
    program: &Program,
    maps: &Maps,
    packets: &[Packet],
    gap: Option<u32>,
) -> Result<f64, String> {
    let target = Target::named("sim").expect("a built-in target");
    let mut pipeline = compile(object, program, &target)?.pipeline;
    pipeline.gap = gap.unwrap_or(pipeline.gap);
    let subject = Subject { object, program, target: &target, pipeline: Some(&pipeline) };
    let engines = [EngineKind::Interp, EngineKind::Rtl];
    let report = run_all(&subject, &engines, maps, packets).map_err(|e| e.to_string())?;
    let [_, rtl] = &report.runs[..] else { panic!("not both engines run: {:?}", report.skipped) };
    match report.mismatches.first() {
        Some(mismatch) => Err(mismatch.to_string()),
        None => Ok(rtl.rtl.as_ref().expect("the RTL counts").cycles_per_packet),
    }
}

fn from_corpus(test: &str, file: &str) -> Option<Object> {
    match corpus::object(file, "v3") {
        Ok(object) => Some(object),
        Err(CorpusError::Missing(what)) => {
            skip(test, what);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Last bytes of addresses `192.0.2.x` that fall into the bucket of the first in its way 0.
fn one_bucket(buckets: u32) -> Vec<u8> {
    let bucket = |last: u8| {
        let address = u32::from_le_bytes([192, 0, 2, last]);
        keys::bucket(keys::hash([address.into(), 0]), 0, buckets)
    };
    (0..=255).filter(|last| bucket(*last) == bucket(0)).collect()
}

/// Packets of 60 bytes whose sources are drawn from these, a few hundred nanoseconds after each other.
fn from_sources(seed: u64, sources: &[u8], count: usize) -> Vec<Packet> {
    let mut random = Random::new(seed);
    let mut now = 1_000_000;
    let mut packet = || {
        let mut bytes = Frame { transport: Transport::Udp(9), ..Frame::default() }.bytes();
        bytes[26..30].copy_from_slice(&[192, 0, 2, random.pick(sources)]);
        let mut packet = Packet::from(bytes);
        now += random.below(1000) as u64;
        packet.meta.timestamp = now;
        packet
    };
    (0..count).map(|_| packet()).collect()
}

#[test]
fn a_token_bucket_counts_exactly() {
    let Some(object) = from_corpus("a_token_bucket_counts_exactly", "bucket") else { return };
    let program = &object.programs[0];
    let target = Target::named("sim").expect("a built-in target");
    let announced = compile(&object, program, &target).expect("it is accepted").report.cycles_per_packet;
    let colliding = one_bucket(keys::buckets_for(1024));
    let all: Vec<u8> = (0..=255).collect();
    for sources in [&[7][..], &[7, 8], &colliding, &all] {
        let packets = from_sources(3, sources, 600);
        let clocks = agrees(&object, program, &Maps::new(), &packets, None)
            .unwrap_or_else(|e| panic!("{sources:?}: {e}"));
        println!("bucket, {} sources: {clocks} clocks per packet", sources.len());
        assert_eq!(clocks, f64::from(announced));
    }
    // The comparison sees a gap that is too short.
    let packets = from_sources(3, &[7], 600);
    agrees(&object, program, &Maps::new(), &packets, Some(1)).expect_err("packets too close");
}

/// Keys inserted and deleted, values read, added to and written, from packets of few different bytes.
#[test]
fn flows_that_come_and_go_are_seen_exactly() {
    let test = "flows_that_come_and_go_are_seen_exactly";
    for file in ["update", "hash", "maps", "merged"] {
        let Some(object) = from_corpus(test, file) else { return };
        for program in &object.programs {
            for flows in [1, 3, 40] {
                let mut random = Random::new(flows as u64);
                let mut packet = || {
                    let flow = random.below(flows) as u8;
                    let length = 60;
                    let mut bytes: Vec<u8> = (0..length).map(|_| random.below(4) as u8).collect();
                    bytes[..12].fill(flow);
                    bytes[12..14].copy_from_slice(&[8, 0]);
                    bytes[22..30].fill(flow);
                    bytes[27] = random.below(16) as u8;
                    bytes.into()
                };
                let packets: Vec<Packet> = (0..300).map(|_| packet()).collect();
                agrees(&object, program, &Maps::new(), &packets, None)
                    .unwrap_or_else(|e| panic!("{} {flows} flows: {e}", program.name));
            }
        }
    }
}

/// Frames that fit into one beat, so that nothing but the program decides how close they follow each other.
#[test]
fn xdp_filter_runs_at_its_passes() {
    let test = "xdp_filter_runs_at_its_passes";
    let objects = match inputs::xdp_filter() {
        Ok(objects) => objects,
        Err(error) => return skip(test, error),
    };
    let target = Target::named("sim").expect("a built-in target");
    for (name, path) in objects {
        let bytes = std::fs::read(&path).expect("it can be read");
        let object = Object::parse(&bytes).expect("it is an object");
        let program = inputs::xdp_programs(&object)[0];
        let report = compile(&object, program, &target).expect("it is accepted").report;
        println!("{name}: {} passes, {} cycles per packet", report.passes, report.cycles_per_packet);
        assert_eq!(report.cycles_per_packet, report.passes, "{name}: its additions cost no gap");
        let maps = xdp_filter::maps(&object);
        let mut random = Random::new(1);
        let mut frame = |flows: u8| {
            let transport = match random.below(3) {
                0 => Transport::Tcp(random.pick(&[22, 80, 1000])),
                1 => Transport::Udp(random.pick(&[53, 4789, 1000])),
                _ => Transport::Echo,
            };
            let network = Network::V4 { options: 0, fragment: 0 };
            Frame { transport, network, flow: random.below(flows), payload: 4, vlan: None }.bytes()
        };
        for flows in [1, 3, 32] {
            let packets: Vec<Packet> = (0..200).map(|_| frame(flows).into()).collect();
            agrees(&object, program, &maps, &packets, None)
                .unwrap_or_else(|e| panic!("{name} {flows} flows: {e}"));
        }
    }
}

#[test]
fn random_programs_keep_their_state() {
    let target = Target::named("sim").expect("a built-in target");
    let mut with_gap = 0;
    for seed in 5000..5040 {
        let mut random = Random::new(seed);
        let length = 4 + random.below(8);
        let object = Steps::random(&mut random, length).object().expect("it can be assembled");
        let program = &object.programs[0];
        let Ok(compiled) = compile(&object, program, &target) else { continue };
        with_gap += u32::from(compiled.pipeline.gap > 1);
        let maps = steps::contents(&mut random);
        let few: Vec<Packet> = (0..3).map(|_| steps::packet(&mut random)).collect();
        let mut packets: Vec<Packet> = (0..60).map(|_| few[random.below(3)].clone()).collect();
        packets.iter_mut().for_each(|packet| packet.data.truncate(64));
        agrees(&object, program, &maps, &packets, None).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    }
    assert!(with_gap >= 10, "{with_gap} programs have a gap");
}
