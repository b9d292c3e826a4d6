// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The deep-load port by itself, against the model: loads anywhere in and around packets, one a clock.

use crate::emit::emit_block;
use crate::matchact::deep::DeepPort;
use crate::matchact::tag::Tag;
use crate::matchact::words::{StageWord, word_bits};
use rust_hdl::prelude::*;
use weir_pipeline::model::{Meta, Model};
use weir_pipeline::target::{Placement, Tables};
use weir_pipeline::words::{AluOp, AluWord, Guard, LateOp, LateWord, Operand, Size, Source};
use weir_pipeline::{Pipeline, Target};
use weir_random::Random;

/// A target of one pass of three stages, a deep-load port in the middle one.
fn small(bus_bytes: u32, headroom_bytes: u32) -> Target {
    let mut target = Target::named("sim").unwrap();
    target.name = "deep".into();
    target.bus_bytes = bus_bytes;
    target.headroom_bytes = headroom_bytes;
    target.stages = 3;
    target.packet_buffers = 4;
    target.packet_buffer_bytes = 256;
    target.max_frame_bytes = 250;
    target.units.tables = Tables { every: 0, ..target.units.tables };
    target.units.keys.every = 0;
    target.units.multipliers.every = 0;
    target.units.deep = Placement { every: 3, first: 1 };
    target
}

/// One load: whose packet, from where.
struct Load {
    buffer: usize,
    a: u64,
    word: LateWord,
}

/// What the model says is loaded: its program is the load alone, whose address the packet's random value gives.
fn expected(target: &Target, packet: &[u8], load: &Load) -> u64 {
    let stage = |alu, late| weir_pipeline::words::StageWord { alu: [alu, None], late, ..Default::default() };
    let random = Operand::Source(Source::Register(target.entry_random()));
    let address =
        AluWord { op: AluOp::Mov, a: Source::Zero, b: random, is32: false, dst: 1, guard: Guard::Always };
    let word = LateWord { a: Source::Register(1), dst: 2, guard: Guard::Always, ..load.word };
    let pipeline = Pipeline {
        name: "deep".into(),
        target: target.name.clone(),
        tag: String::new(),
        gap: 1,
        moves_head: false,
        tables: Vec::new(),
        words: vec![vec![stage(Some(address), None), stage(None, Some(word)), stage(None, None)]],
        origins: Vec::new(),
    };
    let mut value = 0;
    let meta = Meta { random: load.a, ..Meta::default() };
    Model::new(target, &pipeline).unwrap().run_traced(packet, meta, |_, registers, _| value = registers[2]);
    value
}

fn loads_as_the_model<const BUS: usize>(headroom_bytes: u32, seed: u64) {
    let target = small(BUS as u32 / 8, headroom_bytes);
    let mut random = Random::new(seed);
    let mut port = DeepPort::<1024, BUS>::new(&target);
    port.connect_all();
    let clock = |port: &mut DeepPort<1024, BUS>| {
        for level in [true, false] {
            port.clock.next = level.into();
            assert!(simulate(port, 100), "the port does not settle");
        }
    };
    assert!(simulate(&mut port, 100));

    // Buffers hold longer frames first, so that something stands behind the end of those that count.
    let mut packets = Vec::new();
    for length in [250, 60, 61, 250, 250, 14, 130, 63, 120].into_iter() {
        let packet: Vec<u8> = (0..length).map(|_| random.u64() as u8).collect();
        let buffer = packets.len() % 4;
        for (beat, bytes) in packet.chunks(BUS / 8).enumerate() {
            let mut data = Bits::<BUS>::default();
            for (at, byte) in bytes.iter().enumerate() {
                data.set_bits::<8>(at * 8, u64::from(*byte).to_bits());
            }
            port.frame_write.next = true;
            port.frame_buffer.next = (buffer as u64).to_bits();
            port.frame_beat.next = (beat as u64).to_bits();
            port.frame_data.next = data;
            clock(&mut port);
        }
        packets.push(packet);
    }
    port.frame_write.next = false;
    let packets = &packets[packets.len() - 4..];
    // The last frame went to the first buffer.
    let packet = |buffer: usize| &packets[(buffer + 3) % 4];

    let loads: Vec<Load> = (0..400)
        .map(|_| {
            let buffer = random.below(4) as usize;
            let length = packet(buffer).len() as u64;
            let near = u64::from(headroom_bytes) + random.pick(&[0, length]) + random.below(24u64);
            let a = [near.wrapping_sub(12), random.below(300), random.u64()];
            let a = random.pick(&a);
            let offset = if random.percent(50) { 0 } else { random.below(1 << 14) as u32 };
            let word = LateWord {
                op: random.pick(&[LateOp::Deep, LateOp::Deep, LateOp::Deep, LateOp::Mul, LateOp::Find]),
                map: 0,
                a: Source::Register(random.below(16) as u8),
                offset,
                size: random.pick(Size::ALL),
                b: Operand::Source(Source::Zero),
                is32: false,
                dst: random.below(16) as u8,
                guard: random.pick(&[Guard::Always, Guard::Always, Guard::If(3), Guard::Never]),
            };
            let a = if random.percent(85) { a.wrapping_sub(offset.into()) } else { a };
            Load { buffer, a, word }
        })
        .collect();
    let mut checked = 0;
    for now in 0..loads.len() + 3 {
        if let Some(load) = loads.get(now) {
            let Source::Register(register) = load.word.a else { panic!("no register") };
            let mut registers = Bits::<1024>::default();
            registers.set_bits::<64>(usize::from(register) * 64, load.a.to_bits());
            let encoded = weir_pipeline::words::StageWord { late: Some(load.word), ..Default::default() };
            port.registers.next = registers;
            port.word.next = StageWord::from_bits(&word_bits(&encoded.encode())).late;
            let length = packet(load.buffer).len() as u64;
            port.tag.next = Tag {
                valid: true,
                active: true,
                buffer: (load.buffer as u64).to_bits(),
                length: length.to_bits(),
                ..Tag::default()
            };
            assert!(simulate(&mut port, 100));
        }
        let writes = |load: &Load| load.word.op == LateOp::Deep && load.word.guard == Guard::Always;
        // Third clock of a load: whether and where it writes; fourth clock: what.
        if let Some(load) = now.checked_sub(2).and_then(|n| loads.get(n)) {
            assert_eq!(port.write.val(), writes(load), "load {now}");
            assert_eq!(port.dst.val().index(), usize::from(load.word.dst));
        }
        if let Some(load) = now.checked_sub(3).and_then(|n| loads.get(n)).filter(|l| writes(l)) {
            let wanted = expected(&target, packet(load.buffer), load);
            let found = port.result.val().to_u64();
            assert_eq!(
                found, wanted,
                "{found:#x}, not {wanted:#x}: {} bytes at {:#x}",
                load.word.size, load.a
            );
            checked += usize::from(wanted != 0);
        }
        clock(&mut port);
    }
    assert!(checked > 20, "only {checked} loads found anything");
}

#[test]
fn loads_are_those_of_the_model() {
    loads_as_the_model::<512>(0, 1);
    loads_as_the_model::<512>(64, 2);
    loads_as_the_model::<128>(8, 3);
    loads_as_the_model::<64>(16, 4);
}

#[test]
fn port_passes_the_gates() {
    let target = small(8, 64);
    let port = move || {
        let mut port = DeepPort::<1024, 64>::new(&target);
        port.clock.connect();
        port.tag.connect();
        port.word.connect();
        port.registers.connect();
        port.predicates.connect();
        port.frame_write.connect();
        port.frame_buffer.connect();
        port.frame_beat.connect();
        port.frame_data.connect();
        port
    };
    emit_block("Deep", port).unwrap();
}
