// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The engine against the running kernel, with programs written down slot by slot.

use weir_bpf::insn::{
    ADD, ALU64, CALL, DW, EXIT, IMM, JEQ, JMP, K, LD, LDX, MEM, MOV, PSEUDO_MAP_FD, ST, STX, W, X,
};
use weir_bpf::{Insn, MapDef, MapRef, Object, Program};
use weir_kernel::{Ingress, KernelEngine, LoadError, RunError, SkipReason};

fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    Insn { code, dst, src, off, imm }
}

fn program(insns: Vec<Insn>, relocations: Vec<MapRef>) -> Program {
    Program { name: "test".into(), section: "xdp".into(), insns, relocations, ..Program::default() }
}

/// Says why a test cannot run here.
fn skip(test: &str, reason: SkipReason) {
    eprintln!("WEIR-SKIP {test}: {reason}");
}

/// Loads the program; `None` and a line of why where the kernel is out of reach.
fn engine(test: &str, object: &Object, program: &Program) -> Option<KernelEngine> {
    if let Err(reason) = KernelEngine::probe() {
        skip(test, reason);
        return None;
    }
    Some(KernelEngine::new(object, program).expect("the kernel takes this program"))
}

#[test]
fn verdicts_come_back_raw() {
    let returns_77 = program(vec![insn(ALU64 | MOV | K, 0, 0, 0, 77), insn(JMP | EXIT, 0, 0, 0, 0)], vec![]);
    let Some(mut engine) = engine("verdicts_come_back_raw", &Object::default(), &returns_77) else { return };
    let packet: Vec<u8> = (0..60).collect();
    let outcome = engine.run(&packet, Ingress::default()).unwrap();
    assert_eq!((outcome.verdict, outcome.data), (77, packet));
}

#[test]
fn what_a_test_run_cannot_show_is_skipped() {
    let reads_ingress = program(
        vec![
            insn(LDX | MEM | W, 0, 1, 16, 0),
            insn(LDX | MEM | W, 2, 1, 12, 0),
            insn(ALU64 | ADD | X, 0, 2, 0, 0),
            insn(JMP | EXIT, 0, 0, 0, 0),
        ],
        vec![],
    );
    let name = "what_a_test_run_cannot_show_is_skipped";
    let Some(mut engine) = engine(name, &Object::default(), &reads_ingress) else { return };
    let mut reason =
        |bytes: usize, ifindex, queue| match engine.run(&vec![0; bytes], Ingress { ifindex, queue }) {
            Err(RunError::Skip(reason)) => reason.0,
            Err(RunError::Failed(error)) => panic!("{error}"),
            Ok(outcome) => format!("verdict {}, {} bytes", outcome.verdict, outcome.data.len()),
        };
    assert_eq!(reason(13, 1, 0), "13 bytes, a test run takes at least 14");
    assert_eq!(reason(14, 1, 0), "verdict 1, 14 bytes");
    assert_eq!(reason(3520, 1, 0), "verdict 1, 3520 bytes");
    assert_eq!(reason(3521, 1, 0), "3521 bytes, a test run shows at most 3520");
    assert_eq!(reason(60, 1, 9999), "interface 1 has no receive queue 9999 for XDP");
    let none = |ifindex: u32| format!("there is no interface {ifindex} and none can be made: ");
    for ifindex in [0, 0x8000_0000] {
        let reason = reason(60, ifindex, 0);
        assert!(reason.starts_with(&none(ifindex)), "{reason}");
    }
    // Interfaces are made where that is permitted.
    for ifindex in [7, 1, 0x7fff_0000] {
        for queue in [0, 5] {
            let reason = reason(60, ifindex, queue);
            match reason.split_once("be made: ") {
                Some((_, why)) => skip(name, SkipReason(format!("no interface can be made: {why}"))),
                None if (ifindex, queue) == (1, 5) => {
                    assert!(reason.contains("no receive queue 5"), "{reason}")
                }
                None => assert_eq!(reason, format!("verdict {}, 60 bytes", ifindex + queue)),
            }
        }
    }
}

#[test]
fn a_refusal_carries_the_verifiers_log() {
    // r0 = *(u32 *)(r10 + 4): beyond the stack.
    let bad = program(vec![insn(LDX | MEM | W, 0, 10, 4, 0), insn(JMP | EXIT, 0, 0, 0, 0)], vec![]);
    if let Err(reason) = KernelEngine::probe() {
        return skip("a_refusal_carries_the_verifiers_log", reason);
    }
    match KernelEngine::new(&Object::default(), &bad) {
        Err(LoadError::Refused { log, .. }) => assert!(log.contains("R10"), "{log}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the kernel took it"),
    }
}

#[test]
fn maps_of_devices_get_their_interfaces() {
    let map = MapDef {
        name: "ports".into(),
        map_type: 14,
        key_size: 4,
        value_size: 8,
        max_entries: 3,
        ..MapDef::default()
    };
    let object = Object { maps: vec![map], license: "GPL".into(), ..Object::default() };
    let passes = program(vec![insn(ALU64 | MOV | K, 0, 0, 0, 2), insn(JMP | EXIT, 0, 0, 0, 0)], vec![]);
    let name = "maps_of_devices_get_their_interfaces";
    let Some(mut engine) = engine(name, &object, &passes) else { return };
    let (keys, values) = ([0u32, 2].map(u32::to_le_bytes), [1u64, 77].map(u64::to_le_bytes));
    for (key, value) in keys.iter().zip(&values) {
        match engine.update("ports", key, value) {
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return skip(name, SkipReason(error.to_string()));
            }
            result => result.unwrap(),
        }
    }
    let entries = engine.map("ports").unwrap().entries().unwrap();
    let expected = keys.iter().zip(&values).map(|(key, value)| (key.to_vec(), value.to_vec()));
    assert_eq!(entries, expected.collect::<Vec<_>>());
    engine.update("ports", &keys[1], &[0; 8]).unwrap();
    assert_eq!(engine.map("ports").unwrap().entries().unwrap().len(), 1);
}

#[test]
fn values_per_cpu_are_those_of_cpu_0() {
    // A value of 12 bytes, which the kernel keeps in 16; the program adds 5 to its first 8 for key 2.
    let map = MapDef {
        name: "values".into(),
        map_type: 6,
        key_size: 4,
        value_size: 12,
        max_entries: 3,
        ..MapDef::default()
    };
    let adds = vec![
        insn(ST | MEM | W, 10, 0, -4, 2),
        insn(ALU64 | MOV | X, 2, 10, 0, 0),
        insn(ALU64 | ADD | K, 2, 0, 0, -4),
        insn(LD | IMM | DW, 1, PSEUDO_MAP_FD, 0, 0),
        insn(0, 0, 0, 0, 0),
        insn(JMP | CALL, 0, 0, 0, 1),
        insn(JMP | JEQ | K, 0, 0, 3, 0),
        insn(LDX | MEM | DW, 1, 0, 0, 0),
        insn(ALU64 | ADD | K, 1, 0, 0, 5),
        insn(STX | MEM | DW, 0, 1, 0, 0),
        insn(ALU64 | MOV | K, 0, 0, 0, 1),
        insn(JMP | EXIT, 0, 0, 0, 0),
    ];
    let object = Object { maps: vec![map], license: "GPL".into(), ..Object::default() };
    let program = program(adds, vec![MapRef { insn: 3, map: 0, offset: None }]);
    let Some(mut engine) = engine("values_per_cpu_are_those_of_cpu_0", &object, &program) else { return };
    let key = 2u32.to_le_bytes();
    let value = [250, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9, 10];
    engine.map("values").unwrap().update(&key, &value).unwrap();
    assert_eq!(engine.run(&[0; 60], Ingress::default()).unwrap().verdict, 1);
    let entries = engine.map("values").unwrap().entries().unwrap();
    let after = [255, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9, 10];
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[2], (key.to_vec(), after.to_vec()));
    assert!(entries[..2].iter().all(|(_, value)| *value == [0; 12]));
    assert!(engine.map("values").unwrap().update(&key, &value[..8]).is_err());
}
