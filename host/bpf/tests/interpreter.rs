// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The interpreter on compiled programs; what is expected follows from reading their C sources.

mod common;

use weir_bpf::asm::assemble;
use weir_bpf::interp::map::{Errno, MapError};
use weir_bpf::{Interpreter, InterpreterError, MapDef, MapType, Metadata, Object, TrapKind};

const DROP: u32 = 1;
const PASS: u32 = 2;

fn interpreter(source: &str, variant: &str, program: &str) -> Interpreter {
    let object = Object::parse(&common::object(source, variant, &["-O2", "-g"])).expect("it loads");
    let program = object.select(Some(program), None).expect("it is there");
    Interpreter::new(&object, program).expect("its maps are supported")
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("8 bytes"))
}

#[test]
fn static_data_subprograms_and_counters_live_on() {
    for cpu in ["-mcpu=v1", "-mcpu=v2", "-mcpu=v3"] {
        let object =
            Object::parse(&common::object("legacy.c", &format!("run{cpu}"), &["-O2", cpu])).expect("loads");
        let first = object.select(Some("first"), None).expect("it is there");
        let mut run = Interpreter::new(&object, first).expect("its maps are supported");
        let metadata = Metadata { ingress_ifindex: 200, rx_queue_index: 9, ..Metadata::default() };
        for length in [0, 60, 1500] {
            let outcome = run.run(&vec![7; length], &metadata).expect("no trap");
            assert_eq!((outcome.verdict, outcome.data), (PASS, vec![7; length]), "{cpu} {length}");
        }
        assert_eq!(run.run(&[0; 1501], &metadata).map(|outcome| outcome.verdict), Ok(DROP));
        let beyond = Metadata { ingress_ifindex: 256, ..metadata };
        assert_eq!(run.run(&[0; 60], &beyond).map(|outcome| outcome.verdict), Ok(0), "no such counter");
        let entries = run.entries("counters").expect("it is there");
        let counted: Vec<_> = entries.iter().filter(|(_, value)| u64_at(value, 0) != 0).collect();
        assert_eq!(counted, [&(200u32.to_le_bytes().to_vec(), 3u64.to_le_bytes().to_vec())]);
        let data = run.lookup(".data", &[0; 4]).expect("it is there").expect("it has one value");
        assert_eq!((u64_at(&data, 0), u64_at(&data, 8)), (4, 5 + 4 * 3));
        let bss = run.lookup(".bss", &[0; 4]).expect("it is there").expect("it has one value");
        assert_eq!(bss, [0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]);
    }
}

#[test]
fn hash_tables_learn_from_packets_and_from_outside() {
    let mut run = interpreter("modern.c", "hash", "modern");
    assert_eq!(run.map_names().collect::<Vec<_>>(), ["flows", "counters"]);
    let other = Metadata { ingress_ifindex: 5, ..Metadata::default() };
    assert_eq!(run.run(&[0; 60], &other).map(|outcome| outcome.verdict), Ok(PASS), "a new flow");
    assert_eq!(run.run(&[0; 61], &other).map(|outcome| outcome.verdict), Ok(DROP), "a known one");
    let key = |interface: u8| [interface, 0, 0, 0, 2, 0, 0, 0, 3, 0, 4, 0];
    let value = run.lookup("flows", &key(5)).expect("it is there").expect("it was learnt");
    assert_eq!((u64_at(&value, 0), u64_at(&value, 8)), (2, 60));
    run.update("flows", &key(1), &[0; 16]).expect("there is room");
    assert_eq!(run.run(&[0; 60], &Metadata::default()).map(|outcome| outcome.verdict), Ok(DROP));
    let keys: Vec<_> = run.entries("flows").expect("it is there").into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [key(1), key(5)]);

    let wrong = run.update("flows", &[0; 4], &[0; 16]).expect_err("a short key");
    assert_eq!(wrong.to_string(), "map `flows`: the key has 4 bytes, not 12");
    assert_eq!(run.lookup("flow", &[]), Err(MapError::NoSuchMap("flow".to_string())));
    let wrong = run.update("outer", &[0; 4], &[0; 4]).expect_err("a map of maps");
    assert_eq!(wrong.to_string(), "map `outer`: type ARRAY_OF_MAPS is not supported by the interpreter");
    let beyond = run.update("counters", &4u32.to_le_bytes(), &[0; 24]);
    assert_eq!(beyond, Err(MapError::Refused { name: "counters".to_string(), errno: Errno::TooBig }));
}

fn trap(text: &str) -> (usize, TrapKind) {
    let maps = [
        MapDef {
            name: "m".into(),
            map_type: 2,
            key_size: 4,
            value_size: 12,
            max_entries: 2,
            ..MapDef::default()
        },
        MapDef {
            name: "c".into(),
            map_type: 2,
            key_size: 4,
            value_size: 8,
            max_entries: 1,
            flags: weir_bpf::program::F_RDONLY_PROG,
            initial: Some(vec![1; 8]),
        },
    ];
    let insns = assemble(text).expect("it assembles");
    let mut run = Interpreter::from_insns(&insns, &maps).expect("the maps are supported");
    run.set_budget(1000);
    let trap = run.run(&[0; 64], &Metadata::default()).expect_err("it traps");
    (trap.slot, trap.kind)
}

#[test]
fn what_the_verifier_would_refuse_traps() {
    let memory = |text: &str, wanted: &'static str, bytes: usize| {
        let (slot, kind) = trap(text);
        let last = text.lines().filter(|line| !line.contains("exit")).count() - 1;
        match kind {
            TrapKind::Memory { access, length, .. } => {
                assert_eq!((access, length), (wanted, bytes), "{text}")
            }
            kind => panic!("{text}: {kind}"),
        }
        assert!(slot >= last, "{text}: slot {slot}");
    };
    memory("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 64)\nexit", "load", 1);
    memory("r2 = *(u32 *)(r1 + 0)\nr0 = *(u32 *)(r2 + 61)\nexit", "load", 4);
    memory("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 - 1)\nexit", "load", 1);
    memory("r2 = *(u32 *)(r1 + 4)\n*(u8 *)(r2 + 0) = 1\nexit", "store", 1);
    memory("*(u64 *)(r10 - 520) = 1\nexit", "store", 8);
    memory("*(u64 *)(r10 - 7) = 1\nexit", "store", 8);
    memory("r0 = *(u64 *)(r1 + 0)\nexit", "load", 8);
    memory("r0 = *(u32 *)(r1 + 24)\nexit", "load", 4);
    memory("r0 = *(u32 *)(r1 + 2)\nexit", "load", 4);
    memory("*(u32 *)(r1 + 16) = 1\nexit", "store", 4);
    memory("r2 = 0\nr0 = *(u64 *)(r2 + 0)\nexit", "load", 8);
    memory("r2 = map[0][0]+8\nr0 = *(u64 *)(r2 + 0)\nexit", "load", 8);
    memory("r2 = map[0][0]+12\nr0 = *(u8 *)(r2 + 0)\nexit", "load", 1);
    memory("r2 = map[0][0]+16\nr0 = *(u64 *)(r2 + 16)\nexit", "load", 8);
    memory("r2 = map[1][0]+0\n*(u64 *)(r2 + 0) = 1\nexit", "store", 8);
    memory("r2 = map[0]\nr0 = *(u64 *)(r2 + 0)\nexit", "load", 8);
    memory("r2 = *(u32 *)(r1 + 0)\nr3 = 1\nlock *(u64 *)(r2 + 0) += r3\nexit", "atomic operation", 8);
    memory("r3 = 1\nlock *(u64 *)(r10 - 12) += r3\nexit", "atomic operation", 8);

    assert_eq!(trap("exit"), (0, TrapKind::Uninitialised(0)));
    assert_eq!(trap("r0 = r6\nexit"), (0, TrapKind::Uninitialised(6)));
    assert_eq!(trap("goto -1"), (0, TrapKind::Budget(1000)));
    assert_eq!(trap("goto +5"), (0, TrapKind::OutOfProgram));
    assert_eq!(trap("r0 = 0"), (1, TrapKind::OutOfProgram));
    assert_eq!(trap("call 12"), (0, TrapKind::Helper { number: 12 }));
    assert_eq!(trap("again:\ncall again\nexit"), (0, TrapKind::CallDepth));
    assert_eq!(trap("r1 = 5\nr2 = r10\ncall 1\nexit"), (2, TrapKind::NoMap(1)));
    // A helper's call and a subprogram's leave no arguments behind.
    let lookup = "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[0]\ncall 1\nr0 = r2\nexit";
    assert_eq!(trap(lookup), (6, TrapKind::Uninitialised(2)));
    assert_eq!(trap("call f\nr0 = r1\nexit\nf:\nr0 = 0\nexit"), (1, TrapKind::Uninitialised(1)));
    assert_eq!(trap("r6 = 1\ncall f\nexit\nf:\nr0 = r6\nexit"), (3, TrapKind::Uninitialised(6)));
    // Second half of a wide instruction.
    assert!(matches!(trap("goto +1\nr0 = 1 ll\nexit"), (2, TrapKind::Illegal(_))));
}

#[test]
fn a_map_that_is_needed_must_be_supported() {
    let sockets = MapDef {
        name: "d".into(),
        map_type: MapType::Xskmap as u32,
        key_size: 4,
        value_size: 4,
        max_entries: 2,
        ..MapDef::default()
    };
    let uses = assemble("r1 = map[0]\nr0 = 2\nexit").expect("it assembles");
    let refused = Interpreter::from_insns(&uses, std::slice::from_ref(&sockets)).map(|_| ());
    assert!(matches!(refused, Err(InterpreterError::Map(MapError::Unsupported { .. }))), "{refused:?}");
    let refused = Interpreter::from_insns(&uses, &[]).map(|_| ());
    assert_eq!(refused, Err(InterpreterError::NoMap { slot: 0, map: 0 }));
    let plain = assemble("r0 = 2\nexit").expect("it assembles");
    assert!(Interpreter::from_insns(&plain, &[sockets]).is_ok());
}
