// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What only the RTL has: clocks, and neighbours that are not always ready. The results are the interpreter's whatever
//! the neighbours do, and the clocks a packet costs are those that the compiler announces.
#![cfg(feature = "rtl")]

use weir_bpf::{Object, Program};
use weir_engines::rtl::{Disturbance, Rtl, RunOptions};
use weir_engines::{Engine, EngineKind, Maps, Packet, PacketResult, Subject, maps::normalise, run_all};
use weir_pipeline::Target;
use weir_pipeline::words::{Guard, LateOp};
use weir_tests::corpus::{self, CorpusError};
use weir_tests::packets::{Frame, Transport, mixture};
use weir_tests::{compile, demo, skip};

/// The object, unless there is no clang.
fn object(test: &str, file: &str) -> Option<Object> {
    match corpus::object(file, "v3") {
        Ok(object) => Some(object),
        Err(CorpusError::Missing(what)) => {
            skip(test, what);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Clocks from one admission to the next in the RTL, and as announced, for frames of 60 bytes.
fn clocks_per_packet(object: &Object, program: &Program, maps: &Maps) -> (f64, u32, u32) {
    let target = Target::named("sim").expect("a built-in target");
    let compiled = compile(object, program, &target).expect("it is accepted");
    let subject = Subject { object, program, target: &target, pipeline: Some(&compiled.pipeline) };
    let mut rtl = Rtl::new(&subject, None).expect("it loads");
    rtl.set_maps(maps).expect("they fit");
    let frame = |flow: u8| {
        let ports = [9, 23, 4789, 443];
        Frame { flow, transport: Transport::Udp(ports[flow as usize % 4]), ..Frame::default() }.bytes()
    };
    let packets: Vec<Packet> = (0..2048).map(|i| frame(i as u8).into()).collect();
    assert!(packets.iter().all(|p| p.data.len() == 60));
    rtl.run(&packets).expect("it runs");
    let figures = rtl.rtl_figures().expect("the RTL counts");
    (figures.cycles_per_packet, compiled.report.passes, compiled.report.cycles_per_packet)
}

#[test]
fn one_packet_per_clock_for_one_pass() {
    let Some(object) = object("one_packet_per_clock_for_one_pass", "drop_port") else { return };
    assert_eq!(clocks_per_packet(&object, &object.programs[0], &Maps::new()), (1.0, 1, 1));
}

#[test]
fn counters_cost_no_clocks() {
    let Some(object) = object("counters_cost_no_clocks", "maps") else { return };
    let program = object.select(Some("count_all"), None).expect("it is there");
    assert_eq!(clocks_per_packet(&object, program, &Maps::new()), (1.0, 1, 1));
}

#[test]
fn a_firewall_costs_its_passes() {
    let Some(object) = object("a_firewall_costs_its_passes", "firewall") else { return };
    let (measured, passes, announced) = clocks_per_packet(&object, &object.programs[0], &demo::maps());
    assert_eq!(measured, f64::from(announced));
    assert_eq!(announced, passes, "counters cost no gap");
}

#[test]
fn neighbours_change_nothing() {
    let test = "neighbours_change_nothing";
    let Some(object) = object(test, "firewall") else { return };
    let target = Target::named("sim").expect("a built-in target");
    let program = &object.programs[0];
    let compiled = compile(&object, program, &target).expect("it is accepted");
    let subject = Subject { object: &object, program, target: &target, pipeline: Some(&compiled.pipeline) };
    let ports: Vec<u16> = demo::RULES.iter().map(|rule| rule.port).collect();
    let packets: Vec<Packet> = mixture(11, 300, &ports).into_iter().map(Packet::from).collect();
    let reference = run_all(&subject, &[EngineKind::Interp], &demo::maps(), &packets).expect("it runs");
    let reference = &reference.runs[0];
    let of_seed =
        |seed: u64| Disturbance { seed, rx_gaps: 40 * seed as u8, tx_stalls: 200 - 50 * seed as u8 };
    let disturbed =
        (0..4).map(|seed| RunOptions { disturbance: Some(of_seed(seed)), ..RunOptions::default() });
    let alone = RunOptions { one_at_a_time: true, ..RunOptions::default() };
    for options in disturbed.chain([alone]) {
        let mut rtl = Rtl::new(&subject, None).expect("it loads");
        rtl.set_options(options);
        rtl.set_maps(&demo::maps()).expect("they fit");
        let results = rtl.run(&packets).expect("it runs");
        let first = results.iter().zip(&reference.packets).position(|(a, b): (&PacketResult, _)| a != b);
        assert_eq!(first, None, "{options:?}");
        let mut maps = rtl.maps().expect("they can be read");
        normalise(&mut maps, &object.maps);
        assert_eq!(maps, reference.maps, "{options:?}");
    }
}

/// Reads two bytes at an offset that the packet's first byte gives: one load, whatever the packet.
const ONE_DEEP_LOAD: &str = "
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 1
  r0 = 1
  if r4 > r3 goto out
  r5 = *(u8 *)(r2 + 0)
  r5 <<= 2
  r2 += r5
  r4 = r2
  r4 += 2
  if r4 > r3 goto out
  r0 = *(u16 *)(r2 + 0)
out:
  exit";

#[test]
fn deep_loads_are_counted() {
    let insns = weir_bpf::asm::assemble(ONE_DEEP_LOAD).expect("it assembles");
    let program = Program { name: "deep".into(), section: "xdp".into(), insns, ..Program::default() };
    let object = Object { programs: vec![program], ..Object::default() };
    let (program, target) = (&object.programs[0], Target::named("sim").expect("a built-in target"));
    let compiled = compile(&object, program, &target).expect("it is accepted");
    let words = compiled.pipeline.words.iter().flatten();
    let deep = words.filter_map(|word| word.late).filter(|late| late.op == LateOp::Deep);
    assert_eq!(deep.map(|late| late.guard).collect::<Vec<_>>(), [Guard::Always]);
    let subject = Subject { object: &object, program, target: &target, pipeline: Some(&compiled.pipeline) };
    let mut rtl = Rtl::new(&subject, None).expect("it loads");
    for count in [30, 7] {
        let packets: Vec<Packet> = mixture(5, count, &[80]).into_iter().map(Packet::from).collect();
        rtl.run(&packets).expect("it runs");
        assert_eq!(rtl.rtl_figures().expect("the RTL counts").deep_loads, count as u64);
    }
}
