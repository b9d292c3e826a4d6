// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Runs one program on the interpreter and, compiled, on the model of the stages, and compares what comes out.
#![allow(dead_code, reason = "every test binary uses its own part of this")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use weir_bpf::{Interpreter, MapDef, MapRef, Metadata, Object, Op, Program};
use weir_compiler::{Compiled, Diagnostic, compile};
use weir_pipeline::keys::{KEY_BYTES, Key};
use weir_pipeline::model::{Meta, Model, REDIRECT};
use weir_pipeline::pipeline::MapKind;
use weir_pipeline::{Table, Target};

/// The simulated target.
pub fn target() -> Target {
    Target::named("sim").expect("the target is built in")
}

/// Compiles a C program of the corpus with clang.
pub fn corpus(name: &str, options: &[&str]) -> Object {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs");
    clang(&programs.join(format!("{name}.bpf.c")), options)
}

/// Compiles a C program with clang.
pub fn clang(source: &Path, options: &[&str]) -> Object {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let object = folder.path().join("program.o");
    let status = Command::new("clang")
        .args(["-g", "-target", "bpf", "-I/usr/include/x86_64-linux-gnu"])
        .args(options)
        .arg("-I")
        .arg(programs.join("include"))
        .arg("-c")
        .arg(source)
        .arg("-o")
        .arg(&object)
        .status()
        .expect("clang runs");
    assert!(status.success(), "clang {}", source.display());
    Object::parse(&std::fs::read(object).expect("clang wrote an object")).expect("clang's objects parse")
}

/// A program in assembly with its maps.
pub fn assembled(text: &str, maps: &[MapDef]) -> Object {
    let insns = weir_bpf::asm::assemble(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    from_insns(insns, maps)
}

/// Bare instructions as an object.
pub fn from_insns(insns: Vec<weir_bpf::Insn>, maps: &[MapDef]) -> Object {
    let mut relocations = Vec::new();
    for slot in 0..insns.len() {
        if let Ok(Op::LoadWide { value: weir_bpf::op::Wide::Map(map), .. }) = Op::at(&insns, slot) {
            relocations.push(MapRef { insn: slot, map: map as usize, offset: None });
        }
    }
    let program =
        Program { name: "test".into(), section: "xdp".into(), insns, relocations, ..Program::default() };
    Object { programs: vec![program], maps: maps.to_vec(), ..Object::default() }
}

/// An array.
pub fn array(name: &str, value_size: u32, max_entries: u32) -> MapDef {
    MapDef { name: name.into(), map_type: 2, key_size: 4, value_size, max_entries, ..MapDef::default() }
}

/// Numbers that look random and are the same every time (SplitMix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next() as u8).collect()
    }
}

/// Compiles, or shows why not.
pub fn accepted(object: &Object, program: &Program) -> Compiled {
    compile(object, program, &target()).unwrap_or_else(|d| panic!("{} is refused: {d:#?}", program.name))
}

/// What is refused, by code.
pub fn refused(object: &Object) -> Vec<Diagnostic> {
    compile(object, &object.programs[0], &target()).expect_err("the program is refused")
}

/// Runs the packets one after another on both engines, then again as close after each other as the gap lets them; maps
/// start with the same random values.
pub fn agree(object: &Object, program: &Program, compiled: &Compiled, seed: u64, packets: &[Vec<u8>]) {
    if let Err(difference) = compare(object, program, compiled, seed, packets) {
        panic!("{}: {difference}", program.name);
    }
}

/// The same, as a result.
pub fn compare(
    object: &Object,
    program: &Program,
    compiled: &Compiled,
    seed: u64,
    packets: &[Vec<u8>],
) -> Result<(), String> {
    compare_on(&target(), object, program, compiled, seed, packets)
}

/// The same on another target than `sim`.
pub fn compare_on(
    target: &Target,
    object: &Object,
    program: &Program,
    compiled: &Compiled,
    seed: u64,
    packets: &[Vec<u8>],
) -> Result<(), String> {
    let mut numbers = Numbers(seed);
    let Engines { mut interpreter, mut model } =
        engines(target, object, program, compiled, &mut numbers, packets)?;
    let tables = &compiled.pipeline.tables;
    for (number, packet) in packets.iter().enumerate() {
        let meta = random_meta(&mut numbers);
        let expected = interpreter
            .run(packet, &metadata(meta))
            .map_err(|trap| format!("accepted, but the interpreter stops: {trap} on packet {number}"))?;
        let got = model.run(packet, meta);
        if got.aborted {
            return Err(format!("packet {number}: the stages found a broken bound ({packet:02x?})"));
        }
        let redirect = expected.redirect.filter(|_| expected.verdict == REDIRECT).unwrap_or(0);
        if (got.verdict, &got.data, got.redirect) != (expected.verdict, &expected.data, redirect) {
            return Err(format!(
                "packet {number} {packet:02x?}\n verdict {:#x}, expected {:#x}\n data {:02x?}\n expected {:02x?}",
                got.verdict, expected.verdict, got.data, expected.data
            ));
        }
        let last = number + 1 == packets.len();
        for (map, table) in tables.iter().enumerate().filter(|(_, t)| last || t.max_entries <= 256) {
            let expected: BTreeMap<_, _> =
                interpreter.entries(&table.name).map_err(|e| e.to_string())?.into_iter().collect();
            let entries = entries(&model, map, table);
            if entries != expected {
                let all = expected.keys().chain(entries.keys());
                let key = all.into_iter().find(|k| expected.get(*k) != entries.get(*k));
                let of = |entries: &BTreeMap<Vec<u8>, Vec<u8>>| key.and_then(|k| entries.get(k)).cloned();
                return Err(format!(
                    "packet {number}: {}[{key:02x?}] is {:02x?}, expected {:02x?}",
                    table.name,
                    of(&entries),
                    of(&expected)
                ));
            }
        }
    }
    compare_stream(target, object, program, compiled, compiled.report.gap, seed, packets)
}

/// Runs the packets through the stages `gap` clocks after each other, many at a time, and compares with the interpreter,
/// which runs one after another.
pub fn compare_stream(
    target: &Target,
    object: &Object,
    program: &Program,
    compiled: &Compiled,
    gap: u32,
    seed: u64,
    packets: &[Vec<u8>],
) -> Result<(), String> {
    let mut numbers = Numbers(seed);
    let Engines { mut interpreter, mut model } =
        engines(target, object, program, compiled, &mut numbers, packets)?;
    let mut timestamp = 0;
    let mut meta = || {
        timestamp += numbers.below(1000);
        Meta { timestamp, ..random_meta(&mut numbers) }
    };
    let packets: Vec<(Vec<u8>, Meta)> = packets.iter().map(|p| (p.clone(), meta())).collect();
    let outcomes = model.run_stream(&packets, gap);
    for (number, ((packet, meta), got)) in packets.iter().zip(outcomes).enumerate() {
        let expected = interpreter.run(packet, &metadata(*meta)).map_err(|trap| trap.to_string())?;
        if (got.verdict, &got.data) != (expected.verdict, &expected.data) {
            return Err(format!(
                "{gap} clocks apart, packet {number} {packet:02x?}\n verdict {:#x}, expected {:#x}\n data {:02x?}\n expected {:02x?}",
                got.verdict, expected.verdict, got.data, expected.data
            ));
        }
    }
    for (map, table) in compiled.pipeline.tables.iter().enumerate() {
        let expected = interpreter.entries(&table.name).map_err(|e| e.to_string())?;
        if entries(&model, map, table) != expected.into_iter().collect() {
            return Err(format!("{gap} clocks apart, map {} differs", table.name));
        }
    }
    Ok(())
}

fn random_meta(numbers: &mut Numbers) -> Meta {
    Meta {
        ingress_ifindex: numbers.next() as u32,
        rx_queue_index: numbers.below(4) as u32,
        timestamp: numbers.next(),
        random: numbers.next(),
    }
}

fn metadata(meta: Meta) -> Metadata {
    Metadata {
        ingress_ifindex: meta.ingress_ifindex,
        rx_queue_index: meta.rx_queue_index,
        timestamp: meta.timestamp,
        random: meta.random,
        ..Metadata::default()
    }
}

struct Engines {
    interpreter: Interpreter,
    model: Model,
}

/// Both engines, their maps with the same contents.
fn engines(
    target: &Target,
    object: &Object,
    program: &Program,
    compiled: &Compiled,
    numbers: &mut Numbers,
    packets: &[Vec<u8>],
) -> Result<Engines, String> {
    let mut interpreter = Interpreter::new(object, program).map_err(|e| e.to_string())?;
    let mut model = Model::new(target, &compiled.pipeline).map_err(|e| e.to_string())?;
    let tables = &compiled.pipeline.tables;
    for (map, table) in tables.iter().enumerate() {
        for (place, key) in seeded(numbers, table, packets) {
            // Every other entry is zero, as most are in practice.
            let bytes = numbers.bytes(table.value_size as usize);
            let value = if numbers.below(2) == 0 { bytes } else { vec![0; bytes.len()] };
            let initial = object.map(&table.name).and_then(|def| def.initial.clone());
            let value = initial.unwrap_or(value);
            let place = match table.kind.is_hash() {
                true => model.insert(map, to_key(&key)).ok_or("no place for a key")?,
                false => place,
            };
            // Of devices there are those that exist.
            if table.kind == MapKind::Devmap && value.iter().all(|byte| *byte == 0) {
                continue;
            }
            model.set_value(map, place, &value);
            interpreter.update(&table.name, &key, &value).map_err(|e| e.to_string())?;
        }
    }
    Ok(Engines { interpreter, model })
}

/// Keys with which a map starts, and the places of an array's: all of an array, about half as many as fit into a hash
/// map, most of them taken from the packets.
fn seeded(numbers: &mut Numbers, table: &Table, packets: &[Vec<u8>]) -> Vec<(u32, Vec<u8>)> {
    if !table.kind.is_hash() {
        return (0..table.max_entries).map(|index| (index, index.to_le_bytes().to_vec())).collect();
    }
    let size = table.key_size as usize;
    let mut keys = BTreeSet::new();
    for _ in 0..table.max_entries.div_ceil(2).min(2000) {
        let packet = &packets[numbers.below(packets.len() as u64) as usize];
        let from = numbers.below(64) as usize;
        keys.insert(match packet.get(from..from + size) {
            Some(bytes) if numbers.below(4) > 0 => bytes.to_vec(),
            _ => numbers.bytes(size).iter().map(|byte| byte % 4).collect(),
        });
    }
    (0..).zip(keys).collect()
}

fn entries(model: &Model, map: usize, table: &Table) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let array = |index: u32| (index.to_le_bytes().to_vec(), model.value(map, index));
    match table.kind.is_hash() {
        true => model
            .keys(map)
            .into_iter()
            .map(|(key, at)| (from_key(key, table), model.value(map, at)))
            .collect(),
        false => {
            let there = |(_, value): &(Vec<u8>, Vec<u8>)| {
                table.kind != MapKind::Devmap || value.iter().any(|byte| *byte != 0)
            };
            (0..table.max_entries).map(array).filter(there).collect()
        }
    }
}

fn to_key(bytes: &[u8]) -> Key {
    let mut padded = [0; KEY_BYTES as usize];
    padded[..bytes.len()].copy_from_slice(bytes);
    let word = |at: usize| u64::from_le_bytes(padded[at..at + 8].try_into().expect("8 bytes"));
    [word(0), word(8)]
}

fn from_key(key: Key, table: &Table) -> Vec<u8> {
    key.iter().flat_map(|word| word.to_le_bytes()).take(table.key_size as usize).collect()
}
