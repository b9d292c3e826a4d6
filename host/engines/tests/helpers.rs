// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every helper on the interpreter, beside rbpf and in the kernel: what it returns, and what it does to maps and
//! packets.
//!
//! The programs are small machines that take a helper's arguments from the packet and write its result there, so that
//! random packets try arguments that nobody has thought of. A failure names the packet; packets come from fixed seeds.

use weir_bpf::asm::assemble;
use weir_bpf::{MapDef, MapRef, MapType, Object, Op, Program};
use weir_engines::packet::number;
use weir_engines::{EngineKind, Entry, Maps, Packet, PacketResult, Report, Subject, run_all};
use weir_pipeline::Target;
use weir_pipeline::random::random_number;

/// Numbers from a seed.
struct Random(u64, u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.1 += 1;
        random_number(self.0, self.1, 0)
    }

    fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

fn map(kind: MapType, value_size: u32, max_entries: u32, flags: u32) -> MapDef {
    MapDef {
        name: "m".into(),
        map_type: kind as u32,
        key_size: 4,
        value_size,
        max_entries,
        flags,
        ..MapDef::default()
    }
}

fn object(text: &str, maps: Vec<MapDef>) -> Object {
    let insns = assemble(text).expect("it assembles");
    let is_map = |slot: &usize| {
        matches!(Op::at(&insns, *slot), Ok(Op::LoadWide { value: weir_bpf::op::Wide::Map(_), .. }))
    };
    let relocations =
        (0..insns.len()).filter(is_map).map(|insn| MapRef { insn, map: 0, offset: None }).collect();
    let program =
        Program { name: "machine".into(), section: "xdp".into(), insns, relocations, ..Program::default() };
    Object { programs: vec![program], maps, license: "Dual MIT/GPL".into(), ..Object::default() }
}

/// Runs on the interpreter, on rbpf and in the kernel; `None` where the kernel cannot be asked.
fn run(test: &str, object: &Object, maps: &Maps, packets: &[Packet]) -> Option<Report> {
    let target = Target { max_frame_bytes: 3520, ..Target::named("sim").expect("a built-in target") };
    let subject = Subject { object, program: &object.programs[0], target: &target, pipeline: None };
    let kinds = [EngineKind::Interp, EngineKind::Rbpf, EngineKind::Kernel];
    let report = run_all(&subject, &kinds, maps, packets).unwrap_or_else(|error| panic!("{test}: {error}"));
    if let Some(reason) = report.skipped.get(&EngineKind::Kernel) {
        eprintln!("WEIR-SKIP {test}: {reason}");
        return None;
    }
    let without = report.skipped.get(&EngineKind::Rbpf);
    assert!(without.is_none_or(|why| why.contains("type LRU_")), "{test}: {without:?}");
    Some(report)
}

fn agree(test: &str, object: &Object, maps: &Maps, packets: &[Packet]) -> Option<Report> {
    let report = run(test, object, maps, packets)?;
    if let [first, ..] = report.mismatches.as_slice() {
        let packet = first.packet.map(|packet| format!("; the packet: {:02x?}", packets[packet].data));
        panic!("{test}: {first}{}", packet.unwrap_or_default());
    }
    Some(report)
}

/// Verdicts on the interpreter, each once.
fn verdicts(report: &Report) -> Vec<u32> {
    let outcomes = report.runs[0].packets.iter().filter_map(|packet| packet.outcome());
    let mut verdicts: Vec<u32> = outcomes.map(|outcome| outcome.verdict).collect();
    verdicts.sort();
    verdicts.dedup();
    verdicts
}

/// Packet: result at 0, operation at 14, flags at 16, key at 24, value at 32 (8 bytes).
///
/// Operations: 0 lookup, 1 update, 2 delete, 3 update between a lookup and the use of the pointer it gave, 4 delete
/// and insertion of the next key between the two.
const MAP_MACHINE: &str = "
    r6 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 4)
    r1 = r6
    r1 += 40
    if r1 > r2 goto drop
    r7 = *(u8 *)(r6 + 14)
    r8 = *(u64 *)(r6 + 16)
    r1 = *(u32 *)(r6 + 24)
    *(u32 *)(r10 - 4) = r1
    r1 += 1
    *(u32 *)(r10 - 20) = r1
    r1 = *(u64 *)(r6 + 32)
    *(u64 *)(r10 - 16) = r1
    r9 = 0
    if r7 == 1 goto update
    if r7 == 2 goto delete
    r2 = r10
    r2 += -4
    r1 = map[0]
    call 1
    if r0 == 0 goto missing
    r9 = r0
    if r7 == 3 goto update
    if r7 == 4 goto delete
    goto show
  update:
    r2 = r10
    r2 += -4
    r3 = r10
    r3 += -16
    r4 = r8
    r1 = map[0]
    call 2
    *(u64 *)(r6 + 0) = r0
    goto show
  delete:
    r2 = r10
    r2 += -4
    r1 = map[0]
    call 3
    *(u64 *)(r6 + 0) = r0
    if r7 != 4 goto show
    r2 = r10
    r2 += -20
    r3 = r10
    r3 += -16
    r4 = r8
    r1 = map[0]
    call 2
    *(u64 *)(r6 + 0) = r0
  show:
    if r9 == 0 goto pass
    r1 = *(u64 *)(r9 + 0)
    *(u64 *)(r6 + 32) = r1
  pass:
    r0 = 2
    exit
  missing:
    r0 = 3
    exit
  drop:
    r0 = 1
    exit";

#[test]
fn map_operations() {
    const NO_PREALLOC: u32 = 1;
    for (kind, max_entries, flags) in [
        (MapType::Array, 5, 0),
        (MapType::PercpuArray, 5, 0),
        (MapType::Hash, 5, 0),
        (MapType::Hash, 5, NO_PREALLOC),
        (MapType::PercpuHash, 5, 0),
        (MapType::PercpuHash, 5, NO_PREALLOC),
        // Too large to forget anything.
        (MapType::LruHash, 1024, 0),
        (MapType::LruPercpuHash, 1024, 0),
    ] {
        let object = object(MAP_MACHINE, vec![map(kind, 8, max_entries, flags)]);
        let mut random = Random(1, 0);
        let mut packet = || {
            let mut bytes = random.bytes(60);
            // Elsewhere the allocator or the LRU lists say which memory the next key gets.
            let known =
                flags & NO_PREALLOC == 0 && !matches!(kind, MapType::LruHash | MapType::LruPercpuHash);
            let reuse = if known { 4 } else { 3 };
            bytes[14] = random.of(&[0, 1, 1, 1, 2, 3, reuse]);
            let flags: u64 = random.of(&[0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1 << 32, u64::MAX]);
            bytes[16..24].copy_from_slice(&flags.to_le_bytes());
            bytes[24..28].copy_from_slice(&random.of(&[0u32, 1, 2, 3, 4, 5, 6, 7, u32::MAX]).to_le_bytes());
            Packet::from(bytes)
        };
        let packets: Vec<Packet> = (0..1000).map(|_| packet()).collect();
        let test = format!("map_operations {kind:?} {flags}");
        let Some(report) = agree(&test, &object, &Maps::new(), &packets) else { return };
        assert_eq!(verdicts(&report), [2, 3], "{test}");
        assert!(!report.runs[0].maps["m"].is_empty(), "{test}");
    }
}

/// Packet: argument at 14 (8 bytes), flags at 22 (8 bytes).
const REDIRECT_MACHINE: &str = "
    r6 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 4)
    r1 = r6
    r1 += 30
    r0 = 1
    if r1 > r2 goto out
    r2 = *(u64 *)(r6 + 14)
    r3 = *(u64 *)(r6 + 22)
    ";

fn redirect_packets(keys: &[u64], flags: &[u64]) -> Vec<Packet> {
    let packet = |key: u64, flags: u64| {
        let mut bytes = vec![0; 60];
        bytes[14..22].copy_from_slice(&key.to_le_bytes());
        bytes[22..30].copy_from_slice(&flags.to_le_bytes());
        Packet::from(bytes)
    };
    keys.iter().flat_map(|key| flags.iter().map(move |flags| packet(*key, *flags))).collect()
}

fn targets(report: &Report) -> Vec<(u32, Option<u32>)> {
    let outcomes = report.runs[0].packets.iter().filter_map(|packet| packet.outcome());
    outcomes.map(|outcome| (outcome.verdict, outcome.redirect)).collect()
}

#[test]
fn redirect() {
    let object = object(&format!("{REDIRECT_MACHINE}r1 = r2\nr2 = r3\ncall 23\nout:\nexit"), vec![]);
    let packets = redirect_packets(&[1, 0, 99, (7 << 32) + 5], &[0, 1, 1 << 40]);
    let Some(report) = agree("redirect", &object, &Maps::new(), &packets) else { return };
    let aborted = (0, None);
    let expected = [1, 0, 99, 5].map(|interface| [(4, Some(interface)), aborted, aborted]);
    assert_eq!(targets(&report), expected.as_flattened());
}

#[test]
fn redirect_map() {
    let text = format!("{REDIRECT_MACHINE}r1 = map[0]\ncall 51\nout:\nexit");
    for (kind, value) in [
        (MapType::Devmap, &[1u8, 0, 0, 0][..]),
        (MapType::Devmap, &[1, 0, 0, 0, 0, 0, 0, 0]),
        (MapType::DevmapHash, &[77, 0, 0, 0]),
    ] {
        let object = object(&text, vec![map(kind, value.len() as u32, 4, 0)]);
        let entry = Entry { key: vec![2, 0, 0, 0], value: value.into() };
        let maps = Maps::from([("m".into(), vec![entry.clone()])]);
        let keys = [2, 1, 4, (1 << 32) + 2];
        let flags = [0, 1, 2, 3, 16, 19, 4, 32, 1 << 63];
        let packets = redirect_packets(&keys, &flags);
        let Some(report) = agree("redirect_map", &object, &maps, &packets) else { return };
        let aborted = (0, None);
        let found = [(4, Some(value[0].into())); 6].into_iter().chain([aborted; 3]);
        let missed = [0, 1, 2, 3, 0, 3].map(|verdict| (verdict, None)).into_iter().chain([aborted; 3]);
        let all = [found.clone(), found].map(|found| found.collect::<Vec<_>>());
        let missed: Vec<_> = missed.collect();
        assert_eq!(targets(&report), [&all[0][..], &missed, &missed, &all[1]].concat(), "{kind:?}");
        assert_eq!(report.runs[0].maps["m"], [entry], "{kind:?}");
    }
}

#[test]
fn maps_of_devices_can_be_read() {
    let text = format!(
        "{REDIRECT_MACHINE}*(u32 *)(r10 - 4) = r2\nr2 = r10\nr2 += -4\nr1 = map[0]\ncall 1\nr1 = r0\nr0 = 3
         if r1 == 0 goto out\nr1 = *(u32 *)(r1 + 0)\n*(u32 *)(r6 + 0) = r1\nr0 = 2\nout:\nexit"
    );
    for kind in [MapType::Devmap, MapType::DevmapHash] {
        let object = object(&text, vec![map(kind, 4, 4, 0)]);
        let entries = [3, 0].map(|key| Entry { key: vec![key, 0, 0, 0], value: vec![1, 0, 0, 0] });
        let maps = Maps::from([("m".into(), entries.into())]);
        let packets = redirect_packets(&[0, 1, 2, 3, 4, 5], &[0]);
        let Some(report) = agree("maps_of_devices_can_be_read", &object, &maps, &packets) else { return };
        let verdicts: Vec<u32> = targets(&report).into_iter().map(|(verdict, _)| verdict).collect();
        assert_eq!(verdicts, [2, 3, 3, 2, 3, 3], "{kind:?}");
    }
}

/// Packet: two offsets at 6 and 10, by which the head moves one after the other; the results are written at 0 and 4
/// of what is then the packet.
const HEAD_MACHINE: &str = "
    r9 = r1
    r6 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 4)
    r1 = r6
    r1 += 14
    r0 = 1
    if r1 > r2 goto out
    r7 = *(u32 *)(r6 + 6)
    r8 = *(u32 *)(r6 + 10)
    r1 = r9
    r2 = r7
    call 44
    r7 = r0
    r1 = r9
    r2 = r8
    call 44
    r8 = r0
    r6 = *(u32 *)(r9 + 0)
    r2 = *(u32 *)(r9 + 4)
    r1 = r6
    r1 += 14
    r0 = 0
    if r1 > r2 goto out
    *(u32 *)(r6 + 0) = r7
    *(u32 *)(r6 + 4) = r8
    r0 = 2
  out:
    exit";

#[test]
fn adjust_head() {
    let object = object(HEAD_MACHINE, vec![]);
    let mut random = Random(2, 0);
    let mut packets = Vec::new();
    for length in [14, 15, 34, 60, 200, 1514, 3520] {
        let edge = length as i32 - 14;
        let offsets = [0, 1, -1, 4, -216, -217, -215, edge, edge + 1, edge - 1, i32::MIN, i32::MAX];
        for _ in 0..150 {
            let mut bytes = random.bytes(length);
            for at in [6, 10] {
                let near = random.below(240) as i32 - 220;
                let offset = if random.below(3) == 0 { near } else { random.of(&offsets) };
                bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
            }
            packets.push(Packet::from(bytes));
        }
    }
    let Some(report) = agree("adjust_head", &object, &Maps::new(), &packets) else { return };
    assert_eq!(verdicts(&report), [2]);
    let longest = report.runs[0].packets.iter().filter_map(|p| p.outcome()?.data.as_ref().map(Vec::len));
    assert_eq!(longest.max(), Some(3520 + 216));
}

/// Packet: offset at 14, length less one (16 at most) at 18, what is done at 19: even loads, odd stores.
const BYTES_MACHINE: &str = "
    r9 = r1
    r6 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 4)
    r1 = r6
    r1 += 20
    r0 = 1
    if r1 > r2 goto out
    r3 = 0x0102030405060708 ll
    *(u64 *)(r10 - 16) = r3
    *(u64 *)(r10 - 8) = r3
    r2 = *(u32 *)(r6 + 14)
    r4 = *(u8 *)(r6 + 18)
    r4 &= 15
    r4 += 1
    r5 = *(u8 *)(r6 + 19)
    r5 &= 1
    r1 = r9
    r3 = r10
    r3 += -16
    if r5 != 0 goto store
    call 189
    goto show
  store:
    call 190
  show:
    r7 = r0
    r6 = *(u32 *)(r9 + 0)
    r2 = *(u32 *)(r9 + 4)
    r1 = r6
    r1 += 20
    r0 = 0
    if r1 > r2 goto out
    *(u32 *)(r6 + 16) = r7
    r1 = *(u64 *)(r10 - 16)
    *(u64 *)(r6 + 0) = r1
    r1 = *(u64 *)(r10 - 8)
    *(u64 *)(r6 + 8) = r1
    r0 = 2
  out:
    exit";

#[test]
fn load_and_store_bytes() {
    let object = object(BYTES_MACHINE, vec![]);
    let mut random = Random(3, 0);
    let mut packet = || {
        let length = 20 + random.below(50);
        let mut bytes = random.bytes(length as usize);
        let near = length - random.below(20);
        let offset = random.of(&[near, near, 0, 5, length, length + 1, 0xffff, 0x1_0000, u32::MAX]);
        bytes[14..18].copy_from_slice(&offset.to_le_bytes());
        Packet::from(bytes)
    };
    let packets: Vec<Packet> = (0..1000).map(|_| packet()).collect();
    let Some(report) = agree("load_and_store_bytes", &object, &Maps::new(), &packets) else { return };
    assert_eq!(verdicts(&report), [2]);
}

#[test]
fn the_only_cpu_is_number_0() {
    let object = object("call 8\nr0 += 2\nexit", vec![]);
    let packets = [Packet::from(vec![0; 60])];
    let Some(report) = agree("the_only_cpu_is_number_0", &object, &Maps::new(), &packets) else { return };
    assert_eq!(verdicts(&report), [2]);
}

/// Byte 13 even: the packet is remembered in the map under byte 12, or forgotten if the map has it. Odd: the same with
/// the time and a random number as its value.
const WORLD_MACHINE: &str = "
    r6 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 4)
    r1 = r6
    r1 += 14
    r0 = 1
    if r1 > r2 goto out
    r7 = *(u8 *)(r6 + 13)
    r7 &= 1
    r1 = *(u8 *)(r6 + 12)
    *(u32 *)(r10 - 4) = r1
    *(u64 *)(r10 - 16) = r1
    if r7 == 0 goto known
    call 5
    r8 = r0
    call 7
    r0 ^= r8
    *(u64 *)(r10 - 16) = r0
  known:
    r2 = r10
    r2 += -4
    r1 = map[0]
    call 3
    if r0 == 0 goto forgotten
    r2 = r10
    r2 += -4
    r3 = r10
    r3 += -16
    r4 = 0
    r1 = map[0]
    call 2
    r0 = 2
    goto out
  forgotten:
    r0 = 3
  out:
    exit";

#[test]
fn what_depends_on_the_world_is_skipped_in_the_kernel_alone() {
    let object = object(WORLD_MACHINE, vec![map(MapType::Hash, 8, 16, 0)]);
    let mut random = Random(4, 0);
    let mut packets: Vec<Packet> = (0..300).map(|_| Packet::from(random.bytes(14))).collect();
    for (packet, time) in packets.iter_mut().zip(1_000_000_007..) {
        packet.data[12] %= 8;
        packet.meta.timestamp = time;
    }
    number(&mut packets, 99);
    let test = "what_depends_on_the_world_is_skipped_in_the_kernel_alone";
    let Some(report) = agree(test, &object, &Maps::new(), &packets) else { return };
    assert_eq!(verdicts(&report), [2, 3]);
    let skipped = PacketResult::Skipped("the outcome depends on the clock and random numbers".into());
    let kernel = report.run(EngineKind::Kernel).expect("it ran");
    for (packet, shown) in packets.iter().zip(&kernel.packets) {
        assert_eq!(packet.data[13] % 2 == 1, *shown == skipped, "{shown:?}");
    }
    let values = || kernel.maps["m"].iter().map(|entry| &entry.value[..]);
    assert!(values().any(|value| value[1..] == [0; 7]) && values().any(|value| value[1..] != [0; 7]));
}

#[test]
fn clock_and_random_numbers_come_with_the_packet() {
    // Draws at slot 6 three times and at slot 11 once, and writes what it got and the time over the packet.
    let text = "
        r6 = *(u32 *)(r1 + 0)
        r2 = *(u32 *)(r1 + 4)
        r1 = r6
        r1 += 24
        r7 = 0
        if r1 > r2 goto out
      again:
        call 7
        r6 += 4
        r7 += 1
        *(u32 *)(r6 - 4) = r0
        if r7 != 3 goto again
        call 7
        *(u32 *)(r6 + 0) = r0
        call 5
        *(u64 *)(r6 + 4) = r0
      out:
        r0 = 2
        exit";
    let object = object(text, vec![]);
    let target = Target::named("sim").expect("a built-in target");
    let subject = Subject { object: &object, program: &object.programs[0], target: &target, pipeline: None };
    let mut packets = vec![Packet::from(vec![0; 60]); 3];
    number(&mut packets, 5);
    packets[2].meta.timestamp = 0x0102_0304_0506_0708;
    let kinds = [EngineKind::Interp, EngineKind::Rbpf];
    let report = run_all(&subject, &kinds, &Maps::new(), &packets).expect("it runs");
    assert_eq!((report.runs.len(), &report.mismatches[..]), (2, &[][..]));
    let data = report.runs[0].packets[2].outcome().and_then(|o| o.data.clone()).expect("it passes");
    // The definition, written out once more.
    let random = |site: u64, occurrence: u64| {
        let mut z = 5u64
            .wrapping_add(2u64.wrapping_mul(0x9E37_79B9_7F4A_7C15))
            .wrapping_add((site + 1).wrapping_mul(0xD134_2543_DE82_EF95))
            .wrapping_add(occurrence.wrapping_mul(0xA076_1D64_78BD_642F));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as u32
    };
    let expected = [random(6, 0), random(6, 1), random(6, 2), random(11, 0), 0x0506_0708, 0x0102_0304];
    let expected: Vec<u8> = expected.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(data[..24], expected);
}

#[test]
fn static_data_keeps_its_value_in_the_form_of_a_map_file() {
    let text = format!(
        "{REDIRECT_MACHINE}r1 = map[0][0]+4\nr0 = *(u32 *)(r1 + 0)\nr1 = map[1][0]+0\nr2 = *(u32 *)(r1 + 0)
         r2 += 1\n*(u32 *)(r1 + 0) = r2\nr0 += r2\nout:\nexit"
    );
    let data = |name: &str, flags, initial: Vec<u8>| MapDef {
        name: name.into(),
        value_size: initial.len() as u32,
        initial: Some(initial),
        ..map(MapType::Array, 0, 1, flags)
    };
    let constants = data(".rodata", weir_bpf::program::F_RDONLY_PROG, vec![9, 9, 9, 9, 1, 0, 0, 0]);
    let mut object = object(&text, vec![constants, data(".data", 0, vec![1, 0, 0, 0])]);
    let insns = &object.programs[0].insns;
    let reference = |insn: usize| match Op::at(insns, insn) {
        Ok(Op::LoadWide { value: weir_bpf::op::Wide::MapValue(map, offset), .. }) => {
            Some(MapRef { insn, map: map as usize, offset: Some(offset) })
        }
        _ => None,
    };
    object.programs[0].relocations = (0..insns.len()).filter_map(reference).collect();
    let packets = redirect_packets(&[0], &[0, 0]);
    let test = "static_data_keeps_its_value_in_the_form_of_a_map_file";
    let Some(report) = agree(test, &object, &Maps::new(), &packets) else { return };
    assert_eq!(verdicts(&report), [3, 4]);
    let after = report.runs[0].maps.clone();
    assert!(weir_engines::maps::check_maps(&after, &object.maps).is_ok());
    let Some(report) = agree(test, &object, &after, &packets) else { return };
    assert_eq!(verdicts(&report), [5, 6]);
}
