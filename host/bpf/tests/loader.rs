// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The loader on objects that clang makes on the spot, and on broken ones.

mod common;

use std::process::Command;

use weir_bpf::op::Wide;
use weir_bpf::program::MAX_SLOTS;
use weir_bpf::{
    Insn, Interpreter, MapDef, MapType, Metadata, Object, ObjectError, Op, ProgramError, SelectError, disasm,
    insn,
};

fn map(name: &str, kind: MapType, sizes: [u32; 3], flags: u32) -> MapDef {
    let [key_size, value_size, max_entries] = sizes;
    let name = name.to_string();
    MapDef { name, map_type: kind as u32, key_size, value_size, max_entries, flags, initial: None }
}

#[test]
fn legacy_maps_static_data_and_subprograms() {
    for (variant, flags) in [("plain", &["-O2"][..]), ("debug", &["-O2", "-g"])] {
        let object = Object::parse(&common::object("legacy.c", variant, flags)).expect("it loads");
        assert_eq!(object.license, "GPL");
        assert_eq!(object.refused, []);
        let names: Vec<_> = object.programs.iter().map(|p| (&*p.name, &*p.section)).collect();
        assert_eq!(names, [("first", "xdp"), ("second", "xdp"), ("third", "tc")]);

        assert_eq!(object.maps[0], map("counters", MapType::Array, [4, 8, 256], 0));
        assert_eq!(object.maps[1], map("flows", MapType::Hash, [8, 16, 1000], 1));
        let initial =
            |name: &str| object.map(name).expect("it is there").initial.clone().expect("it is data");
        assert_eq!(initial(".rodata"), 1500u32.to_le_bytes());
        assert_eq!(initial(".data"), [4u64.to_le_bytes(), 5u64.to_le_bytes()].concat());
        assert_eq!(initial(".bss"), [0; 12]);
        assert_eq!(object.map(".rodata").map(|def| def.flags), Some(weir_bpf::program::F_RDONLY_PROG));

        let first = object.select(Some("first"), None).expect("it is there");
        let functions: Vec<_> = first.functions.iter().map(|f| &*f.name).collect();
        assert_eq!(functions, ["first", "count", "counter"]);
        let offsets: Vec<_> =
            first.relocations.iter().map(|r| (&*object.maps[r.map].name, r.offset)).collect();
        assert!(offsets.contains(&(".data", Some(8))), "{offsets:?}");
        assert!(offsets.contains(&("counters", None)), "{offsets:?}");
        for reference in &first.relocations {
            let expected = match reference.offset {
                Some(offset) => Wide::MapValue(reference.map as u32, offset),
                None => Wide::Map(reference.map as u32),
            };
            let op = Op::at(&first.insns, reference.insn);
            assert!(matches!(op, Ok(Op::LoadWide { value, .. }) if value == expected), "{op:?}");
            assert_eq!(first.map_ref(reference.insn), Some(reference));
        }
        // Each call goes to the start of a function.
        let calls = Op::decode_all(&first.insns).expect("all are instructions");
        let targets: Vec<_> = (calls.iter())
            .filter_map(|(slot, op)| match op {
                Op::CallLocal { offset } => Some(*slot as i64 + 1 + i64::from(*offset)),
                _ => None,
            })
            .collect();
        let starts: Vec<_> = first.functions[1..].iter().map(|f| f.start as i64).collect();
        assert_eq!(targets, starts);

        assert_eq!(first.lines.is_empty(), variant == "plain");
        if variant == "debug" {
            let call = first.functions[1].start;
            let line = first.line(call).expect("it has a line");
            assert!(line.file.ends_with("legacy.c"), "{line:?}");
            let source = std::fs::read_to_string(common::source("legacy.c")).expect("readable");
            for line in &first.lines {
                let index = (line.line as usize).saturating_sub(1);
                assert_eq!(source.lines().nth(index), Some(&*line.text), "{line:?}");
            }
        }
    }
}

#[test]
fn maps_described_by_btf() {
    let object = Object::parse(&common::object("modern.c", "debug", &["-O2", "-g"])).expect("it loads");
    assert_eq!(
        object.maps,
        [
            map("flows", MapType::Hash, [12, 16, 4096], 1),
            map("counters", MapType::PercpuArray, [4, 24, 4], 0),
            map("outer", MapType::ArrayOfMaps, [4, 4, 8], 0),
        ]
    );
    assert_eq!(object.select(None, None).map(|p| &*p.name), Ok("modern"));
    // Without BTF the definitions cannot be had.
    let bare = Object::parse(&common::object("modern.c", "plain", &["-O2"]));
    assert!(matches!(bare, Err(ObjectError::Malformed { section, .. }) if section == ".maps"));
}

/// LLVM's own disassembler says the same, but for what relocation and linking have changed.
#[test]
fn the_listing_is_llvms() {
    for (name, cpu) in [("legacy.c", "v1"), ("legacy.c", "v2"), ("legacy.c", "v3"), ("modern.c", "v3")] {
        let flags = ["-O2", "-g", &format!("-mcpu={cpu}")];
        let path = common::compile(&common::source(name), &format!("objdump-{cpu}"), &flags);
        let object = Object::parse(&std::fs::read(&path).expect("readable")).expect("it loads");
        let mut compared = 0;
        for program in &object.programs {
            let arguments = ["-d", "--no-show-raw-insn", "-j", &program.section];
            let output = Command::new(common::tool("llvm-objdump"))
                .args(arguments)
                .arg(&path)
                .output()
                .expect("it runs");
            let text = String::from_utf8_lossy(&output.stdout);
            let heading = format!("<{}>:", program.name);
            let theirs = text.lines().skip_while(|line| !line.ends_with(&heading)).skip(1);
            let theirs = theirs.take_while(|line| !line.trim().is_empty());
            let ours = disasm::program(&object, program);
            for (line, ours) in theirs.zip(&ours) {
                let theirs = line.split_once(":\t").expect("slot and text").1.trim();
                let ours = ours.text.split([';', '<']).next().unwrap_or_default().trim();
                if !ours.contains("map[") && !ours.starts_with("call pc") {
                    let theirs = theirs.split('<').next().unwrap_or_default().trim();
                    assert_eq!(ours, theirs, "{name} {cpu} {}", program.name);
                    compared += 1;
                }
            }
        }
        assert!(compared > 20, "{name} {cpu}: only {compared} lines compared");
    }
}

#[test]
fn a_program_that_cannot_be_had_does_not_hurt_the_others() {
    let object = Object::parse(&common::object("refused.c", "debug", &["-O2", "-g"])).expect("it loads");
    assert_eq!(object.programs.iter().map(|p| &*p.name).collect::<Vec<_>>(), ["fixed_layout"]);
    let reasons: Vec<_> = object.refused.iter().map(|p| p.error.to_string()).collect();
    assert_eq!(
        reasons,
        [
            "`kernel_layout`, slot 0: depends on the layout of the kernel's `net_device` (CO-RE)",
            "`undefined_function`, slot 1: `elsewhere` is not defined in this object",
            "`undefined_data`, slot 0: `setting` is not defined in this object",
            "`callback`, slot 1: relocation against `.text`: the address of a subprogram is not supported",
        ]
    );
    let chosen = object.select(Some("callback"), None);
    assert!(matches!(chosen, Err(SelectError::Refused { .. })), "{chosen:?}");
}

/// Functions may overlap, so a small file can ask for a large object.
#[test]
fn work_and_memory_are_bounded() {
    let (count, mut text) = (3000, ".section xdp,\"ax\",@progbits\n".to_string());
    for i in 0..count {
        text += &format!(".globl f{i}\n.type f{i},@function\nf{i}:\nr0 = {i}\n");
    }
    text += "exit\nend:\n";
    for i in 0..count {
        text += &format!(".size f{i}, end-f{i}\n");
    }
    let source = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("overlap.s");
    std::fs::write(&source, text).expect("writable");
    let bytes = std::fs::read(common::compile(&source, "overlap", &[])).expect("readable");
    let object = Object::parse(&bytes).expect("it loads");
    assert_eq!(object.programs.len() + object.refused.len(), count);
    let slots: usize = object.programs.iter().map(|program| program.insns.len()).sum();
    assert!(slots <= MAX_SLOTS && slots > MAX_SLOTS / 2, "{slots}");
    assert!(object.refused.iter().all(|program| program.error == ProgramError::TooLong));
}

#[test]
fn what_is_no_object_is_named() {
    assert_eq!(Object::parse(b""), Err(ObjectError::NotElf));
    assert_eq!(
        Object::parse(b"\x7fELF\x01\x01\x01"),
        Err(ObjectError::NotBpf("it is not 64-bit little-endian"))
    );
    let own = std::fs::read(std::env::current_exe().expect("running")).expect("readable");
    assert_eq!(Object::parse(&own), Err(ObjectError::NotBpf("it is for another machine")));
    let object = Object::parse(&common::object("legacy.c", "select", &["-O2"])).expect("it loads");
    assert!(matches!(object.select(None, None), Err(SelectError::Ambiguous { .. })));
    assert_eq!(object.select(None, Some("tc")).map(|p| &*p.name), Ok("third"));
}

/// Truncation at every byte and random damage give an error or an object, quickly, and never a panic.
#[test]
fn damage_never_panics() {
    let objects = [
        common::object("legacy.c", "damage", &["-O2", "-g"]),
        common::object("legacy.c", "damage-bare", &["-O2"]),
        common::object("modern.c", "damage", &["-O2", "-g"]),
    ];
    for object in &objects {
        for length in 0..object.len() {
            exercise(&object[..length]);
        }
        let mut seed = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        for round in 0..3000 {
            let mut damaged = object.clone();
            for _ in 0..=random(4) {
                let (place, byte) = (random(damaged.len()), random(256) as u8);
                match random(3) {
                    0 => damaged[place] = byte,
                    1 => damaged[place] ^= 1 << (byte & 7),
                    _ => {
                        let word = [0u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x10000][random(6)];
                        let end = (place + 4).min(damaged.len());
                        damaged[place..end].copy_from_slice(&word.to_le_bytes()[..end - place]);
                    }
                }
            }
            let result = std::panic::catch_unwind(|| exercise(&damaged));
            assert!(result.is_ok(), "round {round} panics");
        }
    }
}

fn exercise(bytes: &[u8]) {
    if let Ok(object) = Object::parse(bytes) {
        for program in &object.programs {
            let _ = disasm::listing(&object, program);
            let _ = program.tag();
            if let Ok(mut run) = Interpreter::new(&object, program) {
                run.set_budget(1000);
                let _ = run.run(&[0x45; 60], &Metadata::default());
            }
            for reference in &program.relocations {
                assert!(reference.map < object.maps.len());
                assert!(program.insns[reference.insn].is_wide());
            }
        }
    }
}

#[test]
fn the_tag_leaves_out_where_maps_are() {
    let object = Object::parse(&common::object("legacy.c", "tag", &["-O2"])).expect("it loads");
    let program = object.select(Some("first"), None).expect("it is there");
    let (mut moved, mut changed) = (program.clone(), program.clone());
    for reference in &program.relocations {
        moved.insns[reference.insn].imm = 99;
    }
    assert_eq!(program.tag(), moved.tag());
    let exit =
        changed.insns.iter().position(|i| *i == Insn { code: insn::JMP | insn::EXIT, ..Insn::default() });
    changed.insns[exit.expect("it returns")].off = 1;
    assert_ne!(program.tag(), changed.tag());
}
