// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model: stage words executed in Rust, one packet after another, as [`crate::words`] specifies them.
//!
//! It knows what a word means and nothing of how the RTL does it: no pipelining, no admission. In [`stream`] packets
//! follow each other at a distance in clocks.

mod stream;

use crate::LateUnit;
use crate::keys::{Key, Keys, Stash};
use crate::pipeline::{InvalidPipeline, Pipeline, Slot, Table};
use crate::target::Target;
use crate::words::{
    ADDRESS_SPACE, AluOp, AluWord, CmpOp, DEEP_SPACE, Guard, LateOp, LateWord, LsuWord, NO_PLACE, Operand,
    Source, StageWord, TABLE_SPACE,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// Verdict of a program that broke a bound the hardware checks: `XDP_ABORTED`.
pub const ABORTED: u32 = 0;

/// Verdict that sends the packet to another interface: `XDP_REDIRECT`.
pub const REDIRECT: u32 = 4;

/// Bytes that a packet whose head has moved has at least, as for `bpf_xdp_adjust_head`: an Ethernet header.
pub const LEAST_BYTES: u32 = 14;

/// What a program is told about a packet beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// `xdp_md.ingress_ifindex`
    pub ingress_ifindex: u32,
    /// `xdp_md.rx_queue_index`
    pub rx_queue_index: u32,
    /// Time of reception in ns: what `bpf_ktime_get_ns` returns.
    pub timestamp: u64,
    /// The packet's random value, see [`crate::random`].
    pub random: u64,
}

impl Default for Meta {
    /// What BPF_PROG_TEST_RUN gives a program by default: the loopback interface, queue 0.
    fn default() -> Meta {
        Meta { ingress_ifindex: 1, rx_queue_index: 0, timestamp: 0, random: 0 }
    }
}

/// Outcome of one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Low half of the program's return value.
    pub verdict: u32,
    /// The packet's bytes after the program.
    pub data: Vec<u8>,
    /// Interface index to which [`REDIRECT`] sends it, otherwise 0.
    pub redirect: u32,
    /// A bound was broken; the verdict is [`ABORTED`].
    pub aborted: bool,
}

/// A loaded program with its tables.
#[derive(Clone, Debug)]
pub struct Model {
    target: Arc<Target>,
    pipeline: Arc<Pipeline>,
    /// Bytes of each table unit.
    tables: Vec<Vec<u8>>,
    /// Keys of the hash maps, by place in [`Pipeline::tables`].
    keys: Vec<Option<Keys>>,
    /// Stash of each key unit.
    stashes: Vec<Stash>,
}

/// Registers, predicates and memory of one packet.
struct Context<'a> {
    target: &'a Target,
    registers: [u64; 16],
    predicates: [bool; 16],
    memory: Vec<u8>,
    packet_end: u64,
    aborted: bool,
}

/// A packet between its stages.
struct Flight<'a> {
    /// As it was received.
    packet: &'a [u8],
    context: Context<'a>,
    /// Results of late units, by the stages they still have to go.
    late: VecDeque<Option<(u8, u64)>>,
}

/// Register writes of one stage in the order in which the last wins.
type Writes = Vec<(u8, u64)>;

impl Model {
    /// Loads a program; its tables start as zeros.
    pub fn new(target: &Target, pipeline: &Pipeline) -> Result<Model, InvalidPipeline> {
        pipeline.validate(target)?;
        let bytes = target.units.tables.words as usize * 8;
        let tables = vec![vec![0; bytes]; target.table_units() as usize];
        let sizes = &target.units.keys;
        let keys = |t: &Table| t.keys.map(|place| Keys::new(sizes, place.buckets, t.max_entries));
        Ok(Model {
            keys: pipeline.tables.iter().map(keys).collect(),
            stashes: vec![vec![None; sizes.stash as usize]; target.key_units() as usize],
            target: Arc::new(target.clone()),
            pipeline: Arc::new(pipeline.clone()),
            tables,
        })
    }

    /// The value at `place` of map `map` (its place in [`Pipeline::tables`]): an array's entry, or where a key unit put
    /// a key.
    pub fn value(&self, map: usize, place: u32) -> Vec<u8> {
        let table = &self.pipeline.tables[map];
        let words = (0..table.stride() / 8).flat_map(|word| {
            let home = table.home_of(word);
            let at = ((home.base + table.word(place, word)) * 8) as usize;
            self.tables[home.unit as usize][at..at + 8].iter().copied()
        });
        words.take(table.value_size as usize).collect()
    }

    /// Sets the value at `place` of map `map`; `value` has the map's value size.
    pub fn set_value(&mut self, map: usize, place: u32, value: &[u8]) {
        let table = &self.pipeline.tables[map];
        for (word, bytes) in (0..).zip(value.chunks(8)) {
            let home = table.home_of(word);
            let at = ((home.base + table.word(place, word)) * 8) as usize;
            self.tables[home.unit as usize][at..at + bytes.len()].copy_from_slice(bytes);
        }
    }

    /// Gives a key of hash map `map` its place. `None` if the map is no hash map or has no place left.
    pub fn insert(&mut self, map: usize, key: Key) -> Option<u32> {
        self.key_operation(map, LateOp::Insert, key)
    }

    /// Takes the place of a key of hash map `map` away. `None` if there is no such key.
    pub fn delete(&mut self, map: usize, key: Key) -> Option<u32> {
        self.key_operation(map, LateOp::Delete, key)
    }

    /// The keys of hash map `map` with their places.
    pub fn keys(&self, map: usize) -> Vec<(Key, u32)> {
        let table = &self.pipeline.tables[map];
        let (Some(keys), Some(place)) = (&self.keys[map], table.keys) else { return Vec::new() };
        let stash = &self.stashes[place.unit as usize];
        (0..table.places).filter_map(|at| Some((keys.at(stash, place.id, at)?, at))).collect()
    }

    fn key_operation(&mut self, map: usize, op: LateOp, key: Key) -> Option<u32> {
        let (Some(keys), Some(place)) = (&mut self.keys[map], self.pipeline.tables[map].keys) else {
            return None;
        };
        let stash = &mut self.stashes[place.unit as usize];
        match op {
            LateOp::Insert => keys.insert(stash, place.id, key),
            LateOp::Delete => keys.delete(stash, place.id, key),
            _ => keys.find(stash, place.id, key),
        }
    }

    /// Runs the program on one packet.
    pub fn run(&mut self, packet: &[u8], meta: Meta) -> Outcome {
        self.run_traced(packet, meta, |_, _, _| ())
    }

    /// Runs the program on one packet and shows registers and predicates after every stage.
    pub fn run_traced(
        &mut self,
        packet: &[u8],
        meta: Meta,
        mut trace: impl FnMut(Slot, &[u64; 16], &[bool; 16]),
    ) -> Outcome {
        let pipeline = Arc::clone(&self.pipeline);
        let target = Arc::clone(&self.target);
        let mut flight = Flight::admit(&target, packet, meta);
        for (pass, stages) in (0..).zip(&pipeline.words) {
            for (stage, word) in (0..).zip(stages) {
                self.step(&mut flight, stage, word);
                trace(Slot { pass, stage }, &flight.context.registers, &flight.context.predicates);
            }
        }
        self.leave(flight)
    }

    /// One packet through one stage.
    fn step(&mut self, flight: &mut Flight<'_>, stage: u32, word: &StageWord) {
        let Flight { packet, context, late } = flight;
        let unit = self.target.late_unit(stage);
        let next = word.late.and_then(|w| self.late(context, &w, unit, packet));
        let broke = matches!(next, Some(Late::Bound));
        let mut writes = context.stage(word);
        writes.extend(late.pop_front().flatten());
        for (register, value) in writes {
            context.registers[register as usize] = value;
        }
        context.aborted |= broke;
        if let Some(Late::Result(dst, value)) = next {
            let arrival = unit.latency() as usize - 1;
            late.resize(late.len().max(arrival + 1), None);
            late[arrival] = Some((dst, value));
        }
    }

    /// What becomes of a packet behind the last stage.
    fn leave(&self, flight: Flight<'_>) -> Outcome {
        let Flight { packet, mut context, .. } = flight;
        let start = match self.pipeline.moves_head {
            true => context.registers[2] % DEEP_SPACE,
            false => self.target.headroom_bytes.into(),
        };
        if self.pipeline.moves_head && start + u64::from(LEAST_BYTES) > context.packet_end {
            context.aborted = true;
        }
        let verdict = if context.aborted { ABORTED } else { context.registers[0] as u32 };
        let redirect = if verdict == REDIRECT { context.registers[1] as u32 } else { 0 };
        Outcome { verdict, data: context.packet(packet, start), redirect, aborted: context.aborted }
    }

    fn late(
        &mut self,
        context: &Context<'_>,
        word: &LateWord,
        unit: LateUnit,
        packet: &[u8],
    ) -> Option<Late> {
        if !context.guard(word.guard) {
            return None;
        }
        let a = context.source(word.a, 0, [0; 2]);
        let b = context.operand(word.b, 0, [0; 2]);
        let result = match (word.op, unit) {
            (LateOp::Mul, _) => {
                let mask = if word.is32 { 0xffff_ffff } else { u64::MAX };
                (a & mask).wrapping_mul(b & mask) & mask
            }
            (LateOp::Deep, _) => self.deep_load(a, word, packet),
            (LateOp::Find | LateOp::Insert | LateOp::Delete, LateUnit::Keys(unit)) => {
                let here = |t: &Table| t.keys.is_some_and(|k| k.unit == unit && k.id == word.map);
                let map = self.pipeline.tables.iter().position(here)?;
                self.key_operation(map, word.op, [a, b]).map_or(NO_PLACE, |place| 8 * u64::from(place))
            }
            (LateOp::Read | LateOp::Add | LateOp::Write, LateUnit::Table(unit)) => {
                return table_access(a, b, word, &self.pipeline, unit as usize, &mut self.tables);
            }
            // One packet at a time, a copy always is what it copies.
            (LateOp::Read, LateUnit::Port(unit)) => {
                return table_access(a, b, word, &self.pipeline, unit as usize, &mut self.tables);
            }
            _ => return None,
        };
        Some(Late::Result(word.dst, result))
    }

    fn deep_load(&self, a: u64, word: &LateWord, packet: &[u8]) -> u64 {
        let address = a.wrapping_add(word.offset.into()) % DEEP_SPACE;
        let byte = |i: u32| {
            let at = (address + u64::from(i)).checked_sub(self.target.headroom_bytes.into())?;
            packet.get(at as usize).copied()
        };
        (0..word.size.bytes()).map(|i| u64::from(byte(i).unwrap_or(0)) << (8 * i)).sum()
    }
}

impl<'a> Flight<'a> {
    fn admit(target: &'a Target, packet: &'a [u8], meta: Meta) -> Flight<'a> {
        Flight { packet, context: Context::admit(target, packet, meta), late: VecDeque::new() }
    }
}

impl Context<'_> {
    fn admit<'a>(target: &'a Target, packet: &[u8], meta: Meta) -> Context<'a> {
        let mut memory = vec![0; target.context_bytes() as usize];
        let start = target.headroom_bytes as usize;
        let seen = packet.len().min(target.window_bytes as usize);
        memory[start..start + seen].copy_from_slice(&packet[..seen]);
        let packet_end = u64::from(target.headroom_bytes) + packet.len() as u64;
        let mut registers = [0; 16];
        registers[target.entry_data_end() as usize] = packet_end;
        registers[target.entry_ingress_ifindex() as usize] = meta.ingress_ifindex.into();
        registers[target.entry_rx_queue_index() as usize] = meta.rx_queue_index.into();
        registers[target.entry_timestamp() as usize] = meta.timestamp;
        registers[target.entry_random() as usize] = meta.random;
        Context { target, registers, predicates: [false; 16], memory, packet_end, aborted: false }
    }

    /// The packet as it leaves: what the context holds of it, then what it never held.
    fn packet(&self, received: &[u8], start: u64) -> Vec<u8> {
        let byte = |address: u64| match self.memory.get(address as usize) {
            Some(byte) if address < self.target.stack_base().into() => *byte,
            _ => received[(address - u64::from(self.target.headroom_bytes)) as usize],
        };
        (start..self.packet_end).map(byte).collect()
    }

    fn guard(&self, guard: Guard) -> bool {
        match guard {
            Guard::Never => false,
            Guard::Always => true,
            Guard::If(p) => self.predicates[p as usize],
            Guard::Unless(p) => !self.predicates[p as usize],
        }
    }

    /// A source as seen before the ALUs; ALU results are handed over by the caller.
    fn source(&self, source: Source, load: u64, alu: [u64; 2]) -> u64 {
        match source {
            Source::Register(r) => self.registers[r as usize],
            Source::Load => load,
            Source::Zero => 0,
            Source::Alu0 => alu[0],
            Source::Alu1 => alu[1],
        }
    }

    fn operand(&self, operand: Operand, load: u64, alu: [u64; 2]) -> u64 {
        match operand {
            Operand::Source(source) => self.source(source, load, alu),
            Operand::Imm(imm) => i64::from(imm) as u64,
        }
    }

    /// Carries out one stage but for its late unit: predicates and memory change, register writes are returned.
    fn stage(&mut self, word: &StageWord) -> Writes {
        let mut load = 0;
        let mut load_write = None;
        let mut store = None;
        match word.lsu {
            Some(LsuWord::Load { base, offset, size, dst, guard }) => {
                let address = self.address(base, offset);
                load = self.load(address, size.bytes());
                load_write = self.guard(guard).then_some((dst, load));
            }
            Some(LsuWord::Store { base, offset, size, data, guard }) => {
                let address = self.address(base, offset);
                let data = self.source(data, 0, [0; 2]);
                store = self.guard(guard).then_some((address, size.bytes(), data));
            }
            None => (),
        }
        let mut writes = Writes::new();
        let mut alu = [0; 2];
        for (index, w) in word.alu.iter().enumerate() {
            if let Some(w) = w {
                alu[index] = alu_result(w, self.source(w.a, load, [0; 2]), self.operand(w.b, load, [0; 2]));
                if self.guard(w.guard) {
                    writes.push((w.dst, alu[index]));
                }
            }
        }
        writes.extend(load_write);
        let before = self.predicates;
        for w in word.cmp.iter().flatten() {
            let c = compare(w.op, w.is32, self.source(w.a, load, alu), self.operand(w.b, load, alu));
            let index =
                4 * u32::from(c) + 2 * u32::from(before[w.p2 as usize]) + u32::from(before[w.p1 as usize]);
            for (dst, table) in [(w.dst0, w.table0), (w.dst1, w.table1)] {
                if dst != 0 {
                    self.predicates[dst as usize] = table >> index & 1 == 1;
                }
            }
        }
        if let Some((address, bytes, data)) = store {
            self.store(address, bytes, data);
        }
        writes
    }

    fn address(&self, base: Source, offset: i16) -> u64 {
        self.source(base, 0, [0; 2]).wrapping_add(i64::from(offset) as u64) % ADDRESS_SPACE
    }

    fn load(&self, address: u64, bytes: u32) -> u64 {
        (0..bytes).map(|i| u64::from(self.byte(address + u64::from(i))) << (8 * i)).sum()
    }

    fn byte(&self, address: u64) -> u8 {
        usize::try_from(address).ok().and_then(|a| self.memory.get(a)).copied().unwrap_or(0)
    }

    fn store(&mut self, address: u64, bytes: u32, data: u64) {
        let end = address + u64::from(bytes);
        let stack = u64::from(self.target.stack_base());
        // The headroom is the packet's too: its head may have moved there.
        let in_packet = end <= self.packet_end.min(stack);
        let in_stack = address >= stack && end <= self.target.context_bytes().into();
        if !(in_packet || in_stack) {
            self.aborted = true;
            return;
        }
        for i in 0..bytes {
            self.memory[address as usize + i as usize] = (data >> (8 * i)) as u8;
        }
    }
}

fn alu_result(word: &AluWord, a: u64, b: u64) -> u64 {
    let (a, b) = if word.is32 { (a & 0xffff_ffff, b & 0xffff_ffff) } else { (a, b) };
    let shift = (b & if word.is32 { 31 } else { 63 }) as u32;
    let result = match word.op {
        AluOp::Mov => b,
        AluOp::Add => a.wrapping_add(b),
        AluOp::Sub => a.wrapping_sub(b),
        AluOp::And => a & b,
        AluOp::Or => a | b,
        AluOp::Xor => a ^ b,
        AluOp::Lsh => a << shift,
        AluOp::Rsh => a >> shift,
        AluOp::Arsh if word.is32 => ((a as u32 as i32) >> shift) as u32 as u64,
        AluOp::Arsh => ((a as i64) >> shift) as u64,
        AluOp::Swap16 => (b as u16).swap_bytes().into(),
        AluOp::Swap32 => (b as u32).swap_bytes().into(),
        AluOp::Swap64 => b.swap_bytes(),
        AluOp::Sext8 => i64::from(b as i8) as u64,
        AluOp::Sext16 => i64::from(b as i16) as u64,
        AluOp::Sext32 => i64::from(b as i32) as u64,
    };
    if word.is32 { result & 0xffff_ffff } else { result }
}

fn compare(op: CmpOp, is32: bool, a: u64, b: u64) -> bool {
    let (a, b) = if is32 { (a & 0xffff_ffff, b & 0xffff_ffff) } else { (a, b) };
    let signed = |x: u64| if is32 { i64::from(x as u32 as i32) } else { x as i64 };
    match op {
        CmpOp::Eq => a == b,
        CmpOp::Ult => a < b,
        CmpOp::Ule => a <= b,
        CmpOp::Slt => signed(a) < signed(b),
        CmpOp::Sle => signed(a) <= signed(b),
        CmpOp::Set => a & b != 0,
    }
}

/// What a late unit hands to the next stage.
enum Late {
    Result(u8, u64),
    Bound,
}

fn table_access(
    a: u64,
    b: u64,
    word: &LateWord,
    pipeline: &Pipeline,
    unit: usize,
    tables: &mut [Vec<u8>],
) -> Option<Late> {
    let mut homes = pipeline.tables.iter().flat_map(|t| t.homes().map(move |home| (home, t)));
    let (home, table) = homes.find(|(home, _)| home.unit as usize == unit && home.id == word.map)?;
    let bytes = word.size.bytes();
    let at = a.wrapping_add(word.offset.into()) % TABLE_SPACE;
    // An access is naturally aligned: whatever is below its size in the address is dropped, as the RTL does.
    let at = at & !u64::from(bytes - 1);
    if at >= table.bytes() {
        return Some(Late::Bound);
    }
    let at = at as usize + home.base as usize * 8;
    let memory = &mut tables[unit][at..at + bytes as usize];
    let mut old = [0; 8];
    old[..bytes as usize].copy_from_slice(memory);
    let old = u64::from_le_bytes(old);
    match word.op {
        LateOp::Read => return Some(Late::Result(word.dst, old)),
        LateOp::Add => memory.copy_from_slice(&old.wrapping_add(b).to_le_bytes()[..bytes as usize]),
        LateOp::Write => memory.copy_from_slice(&b.to_le_bytes()[..bytes as usize]),
        _ => (),
    }
    None
}
