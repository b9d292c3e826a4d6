// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One program written twice by hand, as bytecode and as a pipeline, on all engines: they agree, and where the pipeline
//! is wrong in one place, they do not.

use weir_bpf::asm::assemble;
use weir_bpf::{MapDef, MapRef, Object, Program};
use weir_engines::{EngineKind, Entry, Maps, Packet, Report, Subject, run_all};
use weir_pipeline::{Target, text};

/// Counts by the low bits of the EtherType, marks the packet, and passes it.
const BYTECODE: &str = "
    r6 = *(u32 *)(r1 + 0)
    r7 = *(u32 *)(r1 + 4)
    r2 = r6
    r2 += 14
    if r2 > r7 goto out
    r1 = *(u8 *)(r6 + 13)
    r1 &= 3
    *(u32 *)(r10 - 4) = r1
    *(u8 *)(r6 + 0) = r1
    r2 = r10
    r2 += -4
    r1 = map[0]
    call 1
    if r0 == 0 goto out
    r1 = 1
    lock *(u64 *)(r0 + 0) += r1
  out:
    r0 = 2
    exit";

/// Slot of `r1 = map[0]`.
const LOOKUP: usize = 11;

/// The packet starts at context address 64, behind the headroom.
const PIPELINE: &str = "\
pipeline \"count\"
target sim
tag 0000000000000000
gap 1
passes 1
table \"counts\" array key 4 value 8 entries 4 places 4 unit 1 id 2 base 16
pass 0 stage 0
  alu0 r2 = and load, 3 if always
  alu1 r0 = mov zero, 2 if always
  lsu load r1 = u8 [zero +77] if always
pass 0 stage 1
  alu1 r3 = lsh r2, 3 if always
  lsu store u8 [zero +64] = r2 if always
pass 0 stage 5
  late add.u64 2[r3 + 0] += 1 if always
end
";

fn report(pipeline: &str) -> Report {
    let map = |name: &str| MapDef {
        name: name.into(),
        map_type: 2,
        key_size: 4,
        value_size: 8,
        max_entries: 4,
        ..MapDef::default()
    };
    let program = Program {
        name: "count".into(),
        section: "xdp".into(),
        insns: assemble(BYTECODE).unwrap(),
        relocations: vec![MapRef { insn: LOOKUP, map: 0, offset: None }],
        ..Program::default()
    };
    let object = Object {
        programs: vec![program],
        maps: vec![map("counts"), map("unused")],
        license: "Dual MIT/GPL".into(),
        ..Object::default()
    };
    let target = Target::named("sim").unwrap();
    let pipeline = text::parse(pipeline, target.stages).unwrap();
    let subject =
        Subject { object: &object, program: &object.programs[0], target: &target, pipeline: Some(&pipeline) };
    let entry = |key: u8, value: u8| Entry { key: vec![key, 0, 0, 0], value: vec![value; 8] };
    let maps = Maps::from([
        ("counts".into(), vec![entry(1, 0xff), entry(2, 0x11)]),
        ("unused".into(), vec![entry(3, 7)]),
    ]);
    let packets: Vec<Packet> = (0..40u8).map(|i| vec![i; 10 + i as usize].into()).collect();
    let report = run_all(&subject, &EngineKind::ALL, &maps, &packets).unwrap();
    for (engine, reason) in &report.skipped {
        eprintln!("WEIR-SKIP by_hand on {engine}: {reason}");
    }
    report
}

#[test]
fn all_engines_agree() {
    let report = report(PIPELINE);
    assert_eq!(report.mismatches, []);
    // 36 packets are long enough: nine for each count. One count runs over.
    let maps = &report.run(EngineKind::Model).unwrap().maps;
    let counts: Vec<(u8, &[u8])> = maps["counts"].iter().map(|e| (e.key[0], &e.value[..])).collect();
    let nine = [9, 0, 0, 0, 0, 0, 0, 0];
    let from_minus_one = [8, 0, 0, 0, 0, 0, 0, 0];
    let from_elevens = [0x1a, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11];
    assert_eq!(counts, [(0, &nine[..]), (1, &from_minus_one), (2, &from_elevens), (3, &nine)]);
    assert_eq!(maps["unused"].len(), 1);
}

#[test]
fn a_wrong_pipeline_is_found() {
    let first = |from: &str, to: &str| {
        assert!(PIPELINE.contains(from));
        let report = report(&PIPELINE.replace(from, to));
        assert_eq!(report.mismatches[0].reference, "interp");
        report.mismatches.iter().find(|m| m.engine == "model").unwrap().to_string()
    };
    assert_eq!(first("mov zero, 2", "mov zero, 1"), "packet 4: XDP_PASS on interp, XDP_DROP on model");
    assert_eq!(
        first("u8 [zero +64] = r2", "u8 [zero +65] = r2"),
        "packet 4: byte 0: 00 on interp, 04 on model (2 bytes differ)"
    );
    assert_eq!(
        first("+= 1 if", "+= 2 if"),
        "map `counts`: key 00000000: 0900000000000000 on interp, 1200000000000000 on model"
    );
}
