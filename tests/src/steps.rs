// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random programs with state: maps, helpers, reads at variable places, moved heads, every verdict.
//!
//! A program is a list of steps, each of which is valid wherever it stands, so that any part of a program is a
//! program; that is how a failing one shrinks. Numbers lie in six slots of the stack, filled from the packet at the start
//! and written back to it at the end, so that nothing computed stays unseen. R6 is the context, R7 and R8 the packet's
//! start and end.

use std::fmt::Write;
use weir_bpf::op::{Op, Wide};
use weir_bpf::{Insn, MapDef, MapRef, MapType, Object, Program};
use weir_engines::{Entry, Maps, Packet};
use weir_random::Random;

/// Numbers that a program calculates with.
const NUMBERS: usize = 6;

/// Bytes that a packet must have for a program to do more than drop it.
pub const PACKET_BYTES: usize = 64;

/// Entries of each map, and values that keys take: more, so that lookups miss and tables fill to the brim.
const ENTRIES: u32 = 8;
const KEYS: usize = 12;

/// One in so many is of a kind that few programs have, and that a compiler may not take.
const RARELY: usize = 60;

/// The map of devices, by index; those before it hold values.
const DEVICES: usize = 4;

/// A part of a program. Numbers are named by their slot.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Arithmetic on two numbers, in R1 and R2, the result to a third.
    Alu { from: [usize; 2], to: usize, ops: Vec<String> },
    /// Steps that are skipped unless a condition on a number holds.
    If { number: usize, condition: String, steps: Vec<Step> },
    /// A load from a constant place of the packet.
    Load { bits: u32, at: usize, to: usize },
    /// A store to a constant place of the packet.
    Store { bits: u32, at: usize, from: usize },
    /// A load from a variable place, which may lie anywhere in the packet.
    Deep { bits: u32, index: usize, mask: u32, to: usize },
    /// A field of `xdp_md`.
    Context { field: u32, to: usize },
    /// Narrow stores to and loads from the stack.
    Stack { from: usize, bits: [u32; 2], at: [usize; 2], signed: bool, to: usize },
    /// A lookup, and an access to what it finds.
    Lookup { map: usize, key: usize, access: Access },
    /// `bpf_map_update_elem`
    Update { map: usize, key: usize, values: [usize; 2], flags: u32, to: usize },
    /// `bpf_map_delete_elem`
    Delete { map: usize, key: usize, to: usize },
    /// A helper without arguments: clock, random number, CPU.
    World { helper: u32, to: usize },
    /// `bpf_xdp_load_bytes` of constant length
    LoadBytes { at: usize, length: usize, to: usize },
    /// `bpf_xdp_store_bytes` of constant length
    StoreBytes { at: usize, length: usize, from: usize, to: usize },
    /// `bpf_xdp_adjust_head` by a constant, to which some bits of a number may be added.
    AdjustHead { by: i32, number: Option<(usize, u32)>, to: usize },
}

/// What is done to a map value of 16 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Access {
    /// Load of so many bits at a byte.
    Load(u32, usize, usize),
    /// Store of a number.
    Store(u32, usize, usize),
    /// Atomic addition of a number, to 32 or 64 bits.
    Count(u32, usize, usize),
    /// Another atomic operation, which may fetch.
    Atomic(&'static str, usize, usize),
    /// Read, change, write.
    Change(u32, usize, usize),
}

/// How a program ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// With a constant.
    Constant(u32),
    /// With two bits of a number.
    Number(usize),
    /// With `bpf_redirect`.
    Redirect { interface: u32, flags: u32 },
    /// With `bpf_redirect_map`.
    RedirectMap { index: usize, flags: u32 },
}

/// A program in steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    steps: Vec<Step>,
    end: End,
}

fn slot(number: usize) -> i32 {
    -8 * (number as i32 + 1)
}

/// Below the numbers: a key, a value, bytes for the helpers that copy.
const KEY: i32 = -56;
const VALUE: i32 = -72;
const BYTES: i32 = -104;

struct Text {
    text: String,
    labels: usize,
}

impl Text {
    fn lines(&mut self, lines: &str) {
        for line in lines.split("; ").filter(|line| !line.is_empty()) {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    fn label(&mut self) -> usize {
        self.labels += 1;
        self.labels
    }

    /// Leaves unless the packet has the bytes that every program needs.
    fn bounds(&mut self) {
        self.lines("r7 = *(u32 *)(r6 + 0); r8 = *(u32 *)(r6 + 4); r1 = r7");
        self.lines(&format!("r1 += {PACKET_BYTES}; r0 = 1; if r1 > r8 goto out"));
    }

    fn get(&mut self, register: u32, number: usize) {
        self.lines(&format!("r{register} = *(u64 *)(r10 - {})", -slot(number)));
    }

    fn set(&mut self, number: usize, register: u32) {
        self.lines(&format!("*(u64 *)(r10 - {}) = r{register}", -slot(number)));
    }

    /// The map in R1, a pointer to the key in R2.
    fn key(&mut self, map: usize, key: usize) {
        self.get(1, key);
        self.lines(&format!("r1 %= {KEYS}; *(u64 *)(r10 - {}) = r1", -KEY));
        self.lines(&format!("r2 = r10; r2 += {KEY}; r1 = map[{map}]"));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Alu { from, to, ops } => {
                self.get(1, from[0]);
                self.get(2, from[1]);
                ops.iter().for_each(|op| self.lines(op));
                self.set(*to, 1);
            }
            Step::If { number, condition, steps } => {
                let label = self.label();
                self.get(1, *number);
                self.lines(&format!("if {condition} goto l{label}"));
                steps.iter().for_each(|step| self.step(step));
                self.lines(&format!("l{label}:"));
            }
            Step::Load { bits, at, to } => {
                self.lines(&format!("r1 = *(u{bits} *)(r7 + {at})"));
                self.set(*to, 1);
            }
            Step::Store { bits, at, from } => {
                self.get(1, *from);
                self.lines(&format!("*(u{bits} *)(r7 + {at}) = r1"));
            }
            Step::Deep { bits, index, mask, to } => {
                let label = self.label();
                self.get(1, *index);
                self.lines(&format!("r1 &= {mask}; r2 = r7; r2 += r1; r3 = r2; r3 += {}", bits / 8));
                self.lines(&format!("if r3 > r8 goto l{label}; r1 = *(u{bits} *)(r2 + 0)"));
                self.set(*to, 1);
                self.lines(&format!("l{label}:"));
            }
            Step::Context { field, to } => {
                self.lines(&format!("r1 = *(u32 *)(r6 + {field})"));
                self.set(*to, 1);
            }
            Step::Stack { from, bits, at, signed, to } => {
                self.get(1, *from);
                let place =
                    |at: usize, bits: u32| -BYTES - (at as i32 / (bits as i32 / 8)) * (bits as i32 / 8);
                self.lines(&format!("*(u{} *)(r10 - {}) = r1", bits[0], place(at[0], bits[0])));
                let kind = if *signed && bits[1] < 64 { 's' } else { 'u' };
                self.lines(&format!("r1 = *({kind}{} *)(r10 - {})", bits[1], place(at[1], bits[1])));
                self.set(*to, 1);
            }
            Step::Lookup { map, key, access } => {
                let label = self.label();
                self.key(*map, *key);
                self.lines(&format!("call 1; if r0 == 0 goto l{label}"));
                self.access(access);
                self.lines(&format!("l{label}:"));
            }
            Step::Update { map, key, values, flags, to } => {
                for (index, value) in values.iter().enumerate() {
                    self.get(1, *value);
                    self.lines(&format!("*(u64 *)(r10 - {}) = r1", -VALUE - 8 * index as i32));
                }
                self.key(*map, *key);
                self.lines(&format!("r3 = r10; r3 += {VALUE}; r4 = {flags}; call 2"));
                self.set(*to, 0);
            }
            Step::Delete { map, key, to } => {
                self.key(*map, *key);
                self.lines("call 3");
                self.set(*to, 0);
            }
            Step::World { helper, to } => {
                self.lines(&format!("call {helper}"));
                self.set(*to, 0);
            }
            Step::LoadBytes { at, length, to } => {
                self.lines(&format!("r1 = r6; r2 = {at}; r3 = r10; r3 += {BYTES}; r4 = {length}; call 189"));
                self.lines(&format!("r1 = *(u64 *)(r10 - {}); r0 += r1", -BYTES));
                self.set(*to, 0);
            }
            Step::StoreBytes { at, length, from, to } => {
                self.get(1, *from);
                self.lines(&format!("*(u64 *)(r10 - {}) = r1", -BYTES));
                self.lines(&format!("r1 = r6; r2 = {at}; r3 = r10; r3 += {BYTES}; r4 = {length}; call 190"));
                self.set(*to, 0);
                self.bounds();
            }
            Step::AdjustHead { by, number, to } => {
                match number {
                    None => self.lines(&format!("r2 = {by}")),
                    Some((number, mask)) => {
                        self.get(2, *number);
                        self.lines(&format!("r2 &= {mask}; r2 += {by}"));
                    }
                }
                self.lines("r1 = r6; call 44");
                self.set(*to, 0);
                self.bounds();
            }
        }
    }

    fn access(&mut self, access: &Access) {
        match access {
            Access::Load(bits, at, to) => {
                self.lines(&format!("r1 = *(u{bits} *)(r0 + {at})"));
                self.set(*to, 1);
            }
            Access::Store(bits, at, from) => {
                self.get(1, *from);
                self.lines(&format!("*(u{bits} *)(r0 + {at}) = r1"));
            }
            Access::Count(bits, at, from) => {
                self.get(1, *from);
                let register = if *bits == 32 { "w1" } else { "r1" };
                self.lines(&format!("lock *(u{bits} *)(r0 + {at}) += {register}"));
            }
            Access::Atomic(op, at, number) => {
                self.get(1, *number);
                self.lines(&op.replace("AT", &at.to_string()));
                self.set(*number, 1);
            }
            Access::Change(bits, at, number) => {
                self.get(2, *number);
                self.lines(&format!(
                    "r1 = *(u{bits} *)(r0 + {at}); r1 ^= r2; r1 += 3; *(u{bits} *)(r0 + {at}) = r1"
                ));
            }
        }
    }

    fn end(&mut self, end: &End) {
        for number in 0..NUMBERS {
            self.get(1, number);
            self.lines(&format!("*(u64 *)(r7 + {}) = r1", 8 * number));
        }
        match end {
            End::Constant(verdict) => self.lines(&format!("r0 = {verdict}")),
            End::Number(number) => {
                self.get(0, *number);
                self.lines("r0 &= 3");
            }
            End::Redirect { interface, flags } => {
                self.lines(&format!("r1 = {interface}; r2 = {flags}; call 23"));
            }
            End::RedirectMap { index, flags } => {
                self.get(2, *index);
                self.lines(&format!("r2 &= 15; r1 = map[{DEVICES}]; r3 = {flags}; call 51"));
            }
        }
        self.lines("out:; exit");
    }
}

impl Steps {
    /// A random program of about so many steps.
    pub fn random(random: &mut Random, length: usize) -> Steps {
        let steps = (0..length).map(|_| step(random, true)).collect();
        let end = match random.below(8) {
            _ if random.one_in(RARELY) => {
                End::Redirect { interface: 1 + random.below(9) as u32, flags: u32::from(random.one_in(4)) }
            }
            _ if random.one_in(RARELY) => {
                End::RedirectMap { index: random.below(NUMBERS), flags: random.below(4) as u32 }
            }
            2..=4 => End::Number(random.below(NUMBERS)),
            _ => End::Constant(random.pick(&[0, 1, 2, 2, 3, 3, 77])),
        };
        Steps { steps, end }
    }

    /// As assembly.
    pub fn text(&self) -> String {
        let mut text = Text { text: String::new(), labels: 0 };
        text.lines("r6 = r1");
        text.bounds();
        for number in 0..NUMBERS {
            text.lines(&format!("r1 = *(u64 *)(r7 + {})", 8 * number));
            text.set(number, 1);
        }
        if self.uses_bytes() {
            text.lines("r1 = 0");
            (0..4).for_each(|word| text.lines(&format!("*(u64 *)(r10 - {}) = r1", -BYTES - 8 * word)));
        }
        self.steps.iter().for_each(|step| text.step(step));
        text.end(&self.end);
        text.text
    }

    fn uses_bytes(&self) -> bool {
        fn any(steps: &[Step]) -> bool {
            steps.iter().any(|step| match step {
                Step::If { steps, .. } => any(steps),
                step => matches!(step, Step::LoadBytes { .. } | Step::StoreBytes { .. } | Step::Stack { .. }),
            })
        }
        any(&self.steps)
    }

    /// As an object with its maps.
    pub fn object(&self) -> Result<Object, String> {
        let text = self.text();
        let insns = weir_bpf::asm::assemble(&text).map_err(|e| format!("{e}\n{text}"))?;
        Ok(object(insns, maps()))
    }

    /// Programs that are smaller: one step left out, or one condition.
    pub fn smaller(&self) -> Vec<Steps> {
        let steps = |steps| Steps { steps, end: self.end.clone() };
        let mut all: Vec<Steps> = smaller(&self.steps).into_iter().map(steps).collect();
        if self.end != End::Constant(2) {
            all.push(Steps { steps: self.steps.clone(), end: End::Constant(2) });
        }
        all
    }
}

fn smaller(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let with = |instead: Vec<Step>| {
            let mut copy = steps.to_vec();
            copy.splice(index..=index, instead);
            copy
        };
        all.push(with(Vec::new()));
        match step {
            Step::If { number, condition, steps } => {
                all.push(with(steps.clone()));
                let (number, condition) = (*number, condition);
                let inner = |steps| Step::If { number, condition: condition.clone(), steps };
                all.extend(smaller(steps).into_iter().map(|steps| with(vec![inner(steps)])));
            }
            Step::Alu { from, to, ops } => {
                for op in 0..ops.len() {
                    let mut ops = ops.clone();
                    ops.remove(op);
                    all.push(with(vec![Step::Alu { from: *from, to: *to, ops }]));
                }
            }
            _ => {}
        }
    }
    all
}

/// Instructions with their maps as an object.
pub fn object(insns: Vec<Insn>, maps: Vec<MapDef>) -> Object {
    let reference = |slot| match Op::at(&insns, slot) {
        Ok(Op::LoadWide { value: Wide::Map(map), .. }) => {
            Some(MapRef { insn: slot, map: map as usize, offset: None })
        }
        Ok(Op::LoadWide { value: Wide::MapValue(map, offset), .. }) => {
            Some(MapRef { insn: slot, map: map as usize, offset: Some(offset) })
        }
        _ => None,
    };
    let relocations = (0..insns.len()).filter_map(reference).collect();
    let program =
        Program { name: "random".into(), section: "xdp".into(), insns, relocations, ..Program::default() };
    Object { programs: vec![program], maps, license: "Dual MIT/GPL".into(), ..Object::default() }
}

/// The maps of every program.
pub fn maps() -> Vec<MapDef> {
    let map = |name: &str, kind: MapType, key_size, value_size| MapDef {
        name: name.into(),
        map_type: kind as u32,
        key_size,
        value_size,
        max_entries: ENTRIES,
        ..MapDef::default()
    };
    vec![
        map("array", MapType::Array, 4, 16),
        map("percpu_array", MapType::PercpuArray, 4, 16),
        map("hash", MapType::Hash, 8, 16),
        map("percpu_hash", MapType::PercpuHash, 4, 16),
        map("devices", MapType::Devmap, 4, 4),
    ]
}

/// Contents of the maps: some keys are there, some are not.
pub fn contents(random: &mut Random) -> Maps {
    let mut contents = Maps::new();
    for map in &maps()[..DEVICES] {
        let keys: Vec<u32> = (0..ENTRIES).filter(|_| random.one_in(2)).collect();
        let entry = |key: &u32| {
            let mut bytes = key.to_le_bytes().to_vec();
            bytes.resize(map.key_size as usize, 0);
            let value = [random.edgy(), random.edgy()].map(u64::to_le_bytes).concat();
            Entry { key: bytes, value }
        };
        contents.insert(map.name.clone(), keys.iter().map(entry).collect());
    }
    // The loopback interface is on every machine.
    let device = |key: u32| Entry { key: key.to_le_bytes().to_vec(), value: 1u32.to_le_bytes().to_vec() };
    contents.insert("devices".into(), [0, 2, 3, 7].map(device).to_vec());
    contents
}

/// A packet whose numbers have edges; some are too short, some reach far behind the window.
pub fn packet(random: &mut Random) -> Packet {
    let mut bytes: Vec<u8> = (0..PACKET_BYTES / 8).flat_map(|_| random.edgy().to_le_bytes()).collect();
    let length = match random.below(8) {
        0 => 14 + random.below(PACKET_BYTES - 14),
        1..=4 => PACKET_BYTES + random.below(140),
        _ => PACKET_BYTES + random.below(1200),
    };
    let more = length.saturating_sub(PACKET_BYTES);
    bytes.extend(random.bytes(more));
    bytes.truncate(length);
    let mut packet = Packet::from(bytes);
    packet.meta.timestamp = random.u64() >> 8;
    packet.meta.random = random.u64();
    packet
}

fn step(random: &mut Random, outermost: bool) -> Step {
    let number = |random: &mut Random| random.below(NUMBERS);
    let bits = |random: &mut Random| random.pick(&[8, 16, 32, 64]);
    let to = number(random);
    if random.one_in(RARELY) {
        return match random.below(4) {
            3 => adjust_head(random, to),
            helper => Step::World { helper: [5, 7, 8][helper], to },
        };
    }
    match random.below(if outermost { 22 } else { 18 }) {
        0..=4 => {
            let ops = (0..1 + random.below(4)).map(|_| alu(random)).collect();
            Step::Alu { from: [number(random), number(random)], to, ops }
        }
        5 => {
            let bits = bits(random);
            Step::Load { bits, at: random.below(PACKET_BYTES - bits as usize / 8 + 1), to }
        }
        6 => {
            let bits = bits(random);
            Step::Store { bits, at: random.below(PACKET_BYTES - bits as usize / 8 + 1), from: to }
        }
        7 | 8 => {
            let mask = random.pick(&[0x1f, 0x7f, 0xff, 0x3ff, 0x7ff]);
            Step::Deep { bits: bits(random), index: number(random), mask, to }
        }
        9 => Step::Context { field: random.pick(&[12, 16]), to },
        10 => {
            let at = [random.below(8), random.below(8)];
            let signed = random.one_in(3);
            Step::Stack { from: number(random), bits: [bits(random), bits(random)], at, signed, to }
        }
        11..=14 => Step::Lookup { map: random.below(DEVICES), key: number(random), access: access(random) },
        15 => {
            let (key, values) = (number(random), [number(random), number(random)]);
            Step::Update { map: random.below(DEVICES), key, values, flags: random.below(3) as u32, to }
        }
        16 => Step::Delete { map: 2 + random.below(2), key: number(random), to },
        17 => {
            let length = 1 + random.below(32);
            Step::LoadBytes { at: random.below(100), length, to }
        }
        19 => Step::World { helper: 8, to },
        20 => {
            Step::StoreBytes { at: random.below(100), length: 1 + random.below(8), from: number(random), to }
        }
        21 => adjust_head(random, to),
        _ => {
            let steps = (0..1 + random.below(3)).map(|_| step(random, false)).collect();
            Step::If { number: to, condition: condition(random), steps }
        }
    }
}

fn adjust_head(random: &mut Random, to: usize) -> Step {
    let number = random.one_in(3).then(|| (random.below(NUMBERS), random.pick(&[3, 7, 31])));
    let by = match random.below(12) {
        // Around the kernel's limit of 216 bytes, the target's of 64, and the end of packets.
        0 => random.pick(&[-1000, -217, -64, -65, -50, 0, 100, 160, 1400]),
        1..=5 => random.pick(&[-20, -4, 4, 20]),
        _ => random.below(45) - 22,
    };
    Step::AdjustHead { by, number, to }
}

fn access(random: &mut Random) -> Access {
    let number = random.below(NUMBERS);
    let bits = random.pick(&[8, 16, 32, 64]);
    let at = |random: &mut Random, bits: u32| {
        let bytes = bits as usize / 8;
        random.below(16 / bytes) * bytes
    };
    match random.below(8) {
        0..=2 => Access::Load(bits, at(random, bits), number),
        3 => Access::Store(bits, at(random, bits), number),
        4 | 5 => {
            let bits = random.pick(&[32, 64]);
            Access::Count(bits, at(random, bits), number)
        }
        6 => {
            const OPS: [&str; 5] = [
                "r1 = atomic_fetch_add((u64 *)(r0 + AT), r1)",
                "r1 = xchg_64(r0 + AT, r1)",
                "lock *(u64 *)(r0 + AT) |= r1",
                "lock *(u64 *)(r0 + AT) &= r1",
                "lock *(u64 *)(r0 + AT) ^= r1",
            ];
            Access::Atomic(random.pick(&OPS), at(random, 64), number)
        }
        _ => Access::Change(bits, at(random, bits), number),
    }
}

fn condition(random: &mut Random) -> String {
    let sign = random.pick(&["==", "!=", ">", ">=", "<", "<=", "s>", "s>=", "s<", "s<=", "&"]);
    let register = random.pick(&["r1", "w1"]);
    format!("{register} {sign} {}", random.edgy() as i32)
}

fn alu(random: &mut Random) -> String {
    let mut line = String::new();
    let (wide, register) = (random.one_in(2), random.one_in(2));
    let [dst, src] = if wide { ["r1", "r2"] } else { ["w1", "w2"] };
    let written = match random.below(8) {
        0 => write!(line, "{dst} = -{dst}"),
        1 => {
            let swap = random.pick(&["be", "le", "bswap"]);
            write!(line, "r1 = {swap}{} r1", random.pick(&[16, 32, 64]))
        }
        2 => write!(line, "{dst} = (s{}){src}", random.pick(&[8, 16])),
        3 => {
            let shift = random.pick(&["<<=", ">>=", "s>>="]);
            match register {
                true => write!(line, "{dst} {shift} {src}"),
                false => write!(line, "{dst} {shift} {}", random.below(if wide { 64 } else { 32 })),
            }
        }
        5 if random.one_in(4) => write!(line, "r2 = {:#x} ll; r1 ^= r2", random.edgy()),
        4 if random.one_in(3) => {
            let op = random.pick(&["*=", "/=", "%=", "s/=", "s%="]);
            match register {
                true => write!(line, "{dst} {op} {src}"),
                false => write!(line, "{dst} {op} {}", 1 + random.below(1000)),
            }
        }
        _ => {
            let op = random.pick(&["+=", "-=", "&=", "|=", "^=", "="]);
            match register {
                true => write!(line, "{dst} {op} {src}"),
                false => write!(line, "{dst} {op} {}", random.edgy() as i32),
            }
        }
    };
    written.expect("a string can be written to");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_can_be_assembled_and_so_can_what_is_smaller() {
        for seed in 0..300 {
            let mut random = Random::new(seed);
            let steps = Steps::random(&mut random, 6);
            steps.object().unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            for smaller in steps.smaller() {
                smaller.object().unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            }
        }
    }
}
