// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Programs that no verifier has seen, on the engines that run bytecode: they end, and nothing panics.

use weir_bpf::{Insn, MapDef, MapType, Object, Op, Program};
use weir_engines::{EngineKind, Packet, Subject, open};
use weir_pipeline::Target;
use weir_pipeline::random::random_number;

const PROGRAMS: u32 = 600;

/// Numbers that break things more often than others.
const EDGES: [i32; 10] = [0, 1, -1, 2, 7, 64, 255, i32::MAX, i32::MIN, -512];

struct Random(u32, u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.1 += 1;
        random_number(self.0.into(), self.1, 0)
    }

    fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }
}

/// A slot that is mostly an instruction.
fn insn(random: &mut Random, length: u32) -> Insn {
    const HELPERS: [i32; 13] = [1, 2, 3, 5, 7, 8, 23, 44, 51, 189, 190, 12, 4];
    // Loads, stores, arithmetic and jumps with their usual registers, and whatever the bits say.
    const CODES: [u8; 16] =
        [0x18, 0x61, 0x71, 0x79, 0x63, 0x7b, 0x62, 0x07, 0x0f, 0xbf, 0xb7, 0x55, 0x1d, 0x85, 0x85, 0x95];
    let code = match random.below(4) {
        0 => random.next() as u8,
        _ => CODES[random.below(16) as usize],
    };
    let imm = match random.below(3) {
        0 => random.next() as i32,
        _ => EDGES[random.below(10) as usize],
    };
    let off = match random.below(4) {
        // Rarely back: whatever loops takes its whole budget.
        0 if random.below(20) == 0 => -(random.below(length) as i16),
        0 => random.next() as i16 & 0x7fff,
        1 => random.below(length) as i16,
        _ => [0, 4, -4, -8, 12, 16][random.below(6) as usize],
    };
    let (dst, src) = (random.below(11) as u8, random.below(11) as u8);
    match code {
        0x18 => Insn { code, dst, src: random.below(3) as u8, off: 0, imm: random.below(4) as i32 },
        0x85 => match random.below(3) {
            0 => Insn { code, dst: 0, src: 1, off: 0, imm: off.into() },
            _ => Insn { code, dst: 0, src: 0, off: 0, imm: HELPERS[random.below(13) as usize] },
        },
        0x07 | 0x0f | 0xbf | 0xb7 => {
            Insn { code, dst, src: if code & 8 == 0 { 0 } else { src }, off: 0, imm }
        }
        _ => Insn { code, dst, src, off, imm },
    }
}

fn object(seed: u32) -> Object {
    let mut random = Random(seed, 0);
    let length = 1 + random.below(30);
    // Without values in registers next to nothing would run.
    let mut set =
        |dst: u8| Insn { code: 0xb7, dst, imm: EDGES[random.below(10) as usize], ..Insn::default() };
    let mut insns: Vec<Insn> = [0, 2, 3, 4, 5, 7, 8, 9].map(&mut set).into();
    insns.push(Insn { code: 0x61, dst: 6, src: 1, ..Insn::default() });
    let end = insns.len() + length as usize;
    while insns.len() < end {
        let next = insn(&mut random, length);
        let legal = next.is_wide() || Op::at(&[next], 0).is_ok();
        if !legal && random.below(50) != 0 {
            continue;
        }
        insns.push(next);
        if next.is_wide() {
            insns.push(Insn {
                imm: if next.src == 2 { random.below(9) as i32 } else { 0 },
                ..Insn::default()
            });
        }
    }
    if random.below(8) != 0 {
        insns.push(Insn { code: 0x95, ..Insn::default() });
    }
    let map = |kind: MapType| MapDef {
        name: format!("m{}", kind as u32),
        map_type: kind as u32,
        key_size: 4,
        value_size: 8,
        max_entries: 3,
        ..MapDef::default()
    };
    let maps = [MapType::Array, MapType::Hash, MapType::Devmap, MapType::PercpuHash].map(map).into();
    Object { programs: vec![Program { insns, ..Program::default() }], maps, ..Object::default() }
}

#[test]
fn whatever_the_program_the_engines_come_back() {
    let target = Target::named("sim").expect("a built-in target");
    let (mut loaded, mut ran) = ([0; 2], [0; 2]);
    for seed in 0..PROGRAMS {
        let object = object(seed);
        let program = &object.programs[0];
        let subject = Subject { object: &object, program, target: &target, pipeline: None };
        for (place, kind) in [EngineKind::Interp, EngineKind::Rbpf].into_iter().enumerate() {
            let Ok(mut engine) = open(&subject, kind) else { continue };
            loaded[place] += 1;
            ran[place] += u32::from(engine.run(&[Packet::from(vec![7; 60])]).is_ok());
            engine.maps().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    }
    println!("of {PROGRAMS} programs interp and rbpf loaded {loaded:?} and ran {ran:?} to the end");
    assert!(ran.iter().all(|ran| *ran > PROGRAMS / 100), "{ran:?}");
}
