// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What holds at one point of the program: contents of registers and stack, ranges, proved bounds; and the merge of
//! several paths.

use super::Edge;
use super::copies::{Copied, load_at};
use super::range::Range;
use super::values::{Val, Values};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use weir_pipeline::words::{AluOp, NO_PLACE};

/// Bytes of the stack of a BPF program.
pub const STACK_BYTES: usize = 512;

/// Ranges that hold at one point beyond those that always hold.
#[derive(Clone, Debug, Default)]
pub struct Ranges(BTreeMap<Val, Range>);

impl Ranges {
    /// Everything known of a value.
    pub fn get(&self, values: &Values, value: Val) -> Range {
        match self.0.get(&value) {
            Some(range) => *range,
            None => *values.range(value),
        }
    }

    /// Learns that a value is in `range`; false if it cannot be.
    pub fn narrow(&mut self, values: &Values, value: Val, range: &Range) -> bool {
        let known = self.get(values, value);
        let now = known.intersect(range);
        if now != known {
            self.0.insert(value, now);
        }
        !now.is_empty()
    }
}

/// What a register or an aligned stack slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Nothing yet.
    Uninitialised,
    /// Something that an earlier error left unknown: no further errors about it.
    Poison,
    /// Different kinds of things, depending on the path.
    Mixed,
    /// A number.
    Scalar(Val),
    /// The context, plus an offset.
    Context(i64),
    /// The end of the packet.
    PacketEnd,
    /// Into the packet, or its end, from before its head moved.
    Moved,
    /// Into the packet: context address `var + offset`.
    Packet {
        /// Variable part.
        var: Option<Val>,
        /// Constant part.
        offset: i64,
    },
    /// Frame pointer of a function plus an offset.
    Stack {
        /// Frame, counted from that of the program.
        frame: usize,
        /// Variable part of the offset.
        var: Option<Val>,
        /// Constant part of the offset from its end.
        offset: i64,
    },
    /// A map, by its index in the object.
    Map(usize),
    /// Into an entry of a map, or null if there is none.
    MapValue {
        /// Map.
        map: usize,
        /// Of an array the index of the entry, beyond the end for null; of a hash map eight times the place, or all
        /// ones for null.
        index: Val,
        /// Variable part of the offset into the value.
        var: Option<Val>,
        /// Constant part.
        offset: i64,
    },
}

impl Slot {
    /// Words for messages.
    pub fn describe(&self) -> &'static str {
        match self {
            Slot::Uninitialised => "an uninitialised value",
            Slot::Poison => "an unknown value",
            Slot::Mixed => "a value of several kinds",
            Slot::Scalar(_) => "a number",
            Slot::Context(_) => "the context pointer",
            Slot::PacketEnd => "the packet end pointer",
            Slot::Moved => "a packet pointer from before `bpf_xdp_adjust_head`",
            Slot::Packet { .. } => "a packet pointer",
            Slot::Stack { .. } => "a stack pointer",
            Slot::Map(_) => "a map",
            Slot::MapValue { .. } => "a map value pointer",
        }
    }

    /// What it is without the names of its values, those values, and what is known of the packet behind it.
    pub fn anonymous(&self, state: &State) -> (Option<Slot>, Vec<Val>, Option<i64>) {
        match *self {
            Slot::Scalar(value) => (None, vec![value], None),
            Slot::Packet { var, offset } => {
                let fact = state.packet.get(&var).copied();
                (Some(Slot::Packet { var: None, offset }), var.into_iter().collect(), fact)
            }
            Slot::Stack { frame, var, offset } => {
                (Some(Slot::Stack { frame, var: None, offset }), var.into_iter().collect(), None)
            }
            Slot::MapValue { map, index, var, offset } => {
                let slot = Slot::MapValue { map, index: Val(0), var: None, offset };
                let present = state.present.contains(&(map, index));
                (Some(slot), [index].into_iter().chain(var).collect(), Some(present.into()))
            }
            other => (Some(other), Vec::new(), None),
        }
    }

    /// Whether it is known to be a pointer.
    pub fn is_pointer(&self) -> bool {
        !matches!(self, Slot::Uninitialised | Slot::Poison | Slot::Mixed | Slot::Scalar(_))
    }
}

/// A byte of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Byte {
    /// Never written.
    Uninitialised,
    /// Byte of a value, counted from the least significant.
    Of(Val, u8),
    /// Byte of a copy of packet bytes, which the packet still has.
    Copied {
        /// Number of the copy.
        copy: u32,
        /// Byte of it.
        index: u16,
    },
    /// Byte of a spilled pointer, which is in [`Frame::spilled`].
    Pointer,
}

impl Byte {
    /// The byte that follows `count` bytes later in the same value or copy.
    pub fn plus(self, count: usize) -> Option<Byte> {
        match self {
            Byte::Of(value, index) => Some(Byte::Of(value, index.checked_add(count.try_into().ok()?)?)),
            Byte::Copied { copy, index } => {
                Some(Byte::Copied { copy, index: index.checked_add(count.try_into().ok()?)? })
            }
            Byte::Uninitialised | Byte::Pointer => None,
        }
    }
}

/// The stack frame of a function that is active.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its bytes, lowest address first.
    pub bytes: Rc<Vec<Byte>>,
    /// Pointers spilled into aligned slots, by slot.
    pub spilled: Rc<BTreeMap<usize, Slot>>,
    /// R6 to R9 of the function while it calls another.
    pub saved: [Slot; 4],
}

impl Default for Frame {
    fn default() -> Frame {
        Frame {
            bytes: Rc::new(vec![Byte::Uninitialised; STACK_BYTES]),
            spilled: Rc::default(),
            saved: [Slot::Uninitialised; 4],
        }
    }
}

/// Everything that holds at one point.
#[derive(Clone, Debug)]
pub struct State {
    /// R0 to R10.
    pub registers: [Slot; 11],
    /// Stack frames of the active functions, that of the program first.
    pub frames: Vec<Frame>,
    /// Narrowed ranges.
    pub ranges: Ranges,
    /// `var + k <= data_end` holds, k by var.
    pub packet: BTreeMap<Option<Val>, i64>,
    /// Entries, by map and index, that are known to exist.
    pub present: BTreeSet<(usize, Val)>,
    /// State of the packet's bytes.
    pub version: u32,
    /// Where the packet starts.
    pub head: Slot,
    /// Interface that a helper has chosen for the packet, if one was called.
    pub redirect: Option<Val>,
    /// How many random numbers the calls at a slot have drawn.
    pub drawn: BTreeMap<u32, Val>,
    /// Context addresses between which bytes have been stored: the first, and the one after the last.
    pub stored: Option<(i64, i64)>,
    /// State of the maps' values, by index in the object.
    pub maps: Vec<u32>,
    /// State of the maps' keys, by index in the object.
    pub keys: Vec<u32>,
    /// Results of lookups in hash maps, by map and place.
    pub found: BTreeSet<(usize, Val)>,
    /// Those whose entry the program may have replaced or deleted since.
    pub stale: BTreeSet<(usize, Val)>,
}

impl State {
    /// At the start of a program.
    pub fn entry(maps: usize) -> State {
        let mut registers = [Slot::Uninitialised; 11];
        registers[1] = Slot::Context(0);
        registers[10] = Slot::Stack { frame: 0, var: None, offset: 0 };
        State {
            registers,
            frames: vec![Frame::default()],
            ranges: Ranges::default(),
            packet: BTreeMap::new(),
            present: BTreeSet::new(),
            version: 0,
            head: Slot::Packet { var: None, offset: 0 },
            redirect: None,
            drawn: BTreeMap::new(),
            stored: None,
            maps: vec![0; maps],
            keys: vec![0; maps],
            found: BTreeSet::new(),
            stale: BTreeSet::new(),
        }
    }
}

/// Index that no array has, and what a key without a place gives: null.
const NO_ENTRY: u64 = NO_PLACE;

/// Merges the states at the ends of the edges into a block.
pub struct Merge<'a> {
    /// All values.
    pub values: &'a mut Values,
    /// The block.
    pub block: usize,
    /// States by edge.
    pub states: Vec<(Edge, State)>,
    /// Next unused version of packet or map.
    pub next_version: &'a mut u32,
    /// Copies of packet bytes.
    pub copies: &'a [Copied],
    /// Loads made by the merge.
    pub loads: Vec<Val>,
}

impl Merge<'_> {
    /// The merged state and the loads that it takes.
    pub fn run(mut self) -> (State, Vec<Val>) {
        if self.states.len() == 1 {
            return (self.states.remove(0).1, self.loads);
        }
        let mut merged = State::entry(0);
        // Facts first: those about phis are added as the phis are made.
        merged.version = self.version(|s| s.version);
        merged.maps = (0..self.states[0].1.maps.len()).map(|m| self.version(|s| s.maps[m])).collect();
        merged.keys = (0..self.states[0].1.keys.len()).map(|m| self.version(|s| s.keys[m])).collect();
        merged.head = self.slot(&mut merged, |s| s.head);
        merged.redirect = self.number(&mut merged, |s| s.redirect);
        let drawn: BTreeSet<u32> = self.states.iter().flat_map(|(_, s)| s.drawn.keys().copied()).collect();
        for slot in drawn {
            let count = self.number(&mut merged, |s| s.drawn.get(&slot).copied());
            merged.drawn.extend(count.map(|count| (slot, count)));
        }
        let stored = self.states.iter().filter_map(|(_, s)| s.stored);
        merged.stored = stored.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        merged.found = self.states.iter().flat_map(|(_, s)| s.found.iter().copied()).collect();
        merged.stale = self.states.iter().flat_map(|(_, s)| s.stale.iter().copied()).collect();
        let (first, rest) = (&self.states[0].1, &self.states[1..]);
        for (value, range) in &first.ranges.0 {
            let union = rest.iter().fold(*range, |r, (_, s)| r.union(&s.ranges.get(self.values, *value)));
            if union != *self.values.range(*value) {
                merged.ranges.0.insert(*value, union);
            }
        }
        for (var, k) in &first.packet {
            let known = rest.iter().map(|(_, s)| s.packet.get(var).copied()).collect::<Option<Vec<i64>>>();
            if let Some(known) = known {
                merged.packet.insert(*var, known.into_iter().fold(*k, i64::min));
            }
        }
        merged.present = first
            .present
            .iter()
            .filter(|p| rest.iter().all(|(_, s)| s.present.contains(p)))
            .copied()
            .collect();
        for register in 0..11 {
            merged.registers[register] = self.slot(&mut merged, |s| s.registers[register]);
        }
        merged.frames = self.states[0].1.frames.clone();
        for frame in 0..merged.frames.len() {
            self.stack(&mut merged, frame);
        }
        (merged, self.loads)
    }

    fn version(&mut self, of: impl Fn(&State) -> u32) -> u32 {
        let first = of(&self.states[0].1);
        if self.states.iter().all(|(_, s)| of(s) == first) {
            return first;
        }
        *self.next_version += 1;
        *self.next_version
    }

    fn slot(&mut self, merged: &mut State, of: impl Fn(&State) -> Slot) -> Slot {
        let slots: Vec<Slot> = self.states.iter().map(|(_, s)| of(s)).collect();
        let first = slots[0];
        if slots.iter().all(|s| *s == first) {
            return first;
        }
        if slots.contains(&Slot::Poison) {
            return Slot::Poison;
        }
        if slots.contains(&Slot::Uninitialised) {
            return Slot::Uninitialised;
        }
        let scalars: Option<Vec<Val>> =
            slots.iter().map(|s| if let Slot::Scalar(v) = s { Some(*v) } else { None }).collect();
        if let Some(args) = scalars {
            return Slot::Scalar(self.phi(merged, args));
        }
        if slots.iter().all(|s| matches!(s, Slot::Packet { .. })) {
            return self.packet(merged, &slots);
        }
        if let Some(pointer) = self.stack_pointer(merged, &slots) {
            return pointer;
        }
        self.map_value(merged, &slots).unwrap_or(Slot::Mixed)
    }

    /// Pointers into one frame.
    fn stack_pointer(&mut self, merged: &mut State, slots: &[Slot]) -> Option<Slot> {
        let Slot::Stack { frame: into, .. } = slots[0] else { return None };
        let part = |slot: &Slot| match *slot {
            Slot::Stack { frame, var, offset } if frame == into => Some((var, offset)),
            _ => None,
        };
        let parts = slots.iter().map(part).collect::<Option<Vec<_>>>()?;
        let offset = parts.iter().map(|(_, offset)| *offset).min()?;
        let args = self.sums(&parts, offset);
        Some(Slot::Stack { frame: into, var: Some(self.phi(merged, args)), offset })
    }

    /// What remains of variable and constant parts, by path, when a constant is taken off.
    fn sums(&mut self, parts: &[(Option<Val>, i64)], offset: i64) -> Vec<Val> {
        let mut args = Vec::new();
        for (index, (var, at)) in parts.iter().enumerate() {
            let constant = self.values.constant((at - offset) as u64);
            let arg = match var {
                None => constant,
                Some(var) if *at == offset => *var,
                Some(var) => {
                    let op = super::values::Operation::Alu(AluOp::Add);
                    let sum = self.values.raw_op(op, false, *var, constant);
                    let state = &mut self.states[index].1;
                    let known = Range::alu(
                        AluOp::Add,
                        false,
                        &state.ranges.get(self.values, *var),
                        self.values.range(constant),
                    );
                    state.ranges.narrow(self.values, sum, &known);
                    sum
                }
            };
            args.push(arg);
        }
        args
    }

    /// A number that is 0 where it is none.
    fn number(&mut self, merged: &mut State, of: impl Fn(&State) -> Option<Val>) -> Option<Val> {
        let numbers: Vec<Option<Val>> = self.states.iter().map(|(_, s)| of(s)).collect();
        if numbers.iter().all(|n| *n == numbers[0]) {
            return numbers[0];
        }
        let zero = self.values.constant(0);
        Some(self.phi(merged, numbers.into_iter().map(|n| n.unwrap_or(zero)).collect()))
    }

    /// A phi, and what the paths know of its arguments.
    fn phi(&mut self, merged: &mut State, args: Vec<Val>) -> Val {
        let mut range: Option<Range> = None;
        for (arg, (_, state)) in args.iter().zip(&self.states) {
            let known = state.ranges.get(self.values, *arg);
            range = Some(range.map_or(known, |r| r.union(&known)));
        }
        let value = self.values.phi(self.block, args);
        if let Some(range) = range {
            merged.ranges.narrow(self.values, value, &range);
        }
        value
    }

    fn packet(&mut self, merged: &mut State, slots: &[Slot]) -> Slot {
        let parts: Vec<(Option<Val>, i64)> = slots
            .iter()
            .filter_map(|s| if let Slot::Packet { var, offset } = s { Some((*var, *offset)) } else { None })
            .collect();
        // Where only the variable parts differ, the constant part stays one.
        let same_offset = parts.iter().all(|p| p.1 == parts[0].1) && parts.iter().all(|p| p.0.is_some());
        let offset = if same_offset { parts[0].1 } else { 0 };
        let args = self.sums(&parts, offset);
        let value = self.phi(merged, args);
        let facts: Option<Vec<i64>> = parts
            .iter()
            .zip(&self.states)
            .map(|((var, at), (_, state))| state.packet.get(var).map(|k| k - (at - offset)))
            .collect();
        if let Some(k) = facts.and_then(|f| f.into_iter().min()) {
            let known = merged.packet.entry(Some(value)).or_insert(k);
            *known = (*known).max(k);
        }
        Slot::Packet { var: Some(value), offset }
    }

    /// Entries of one map, or null on some paths.
    fn map_value(&mut self, merged: &mut State, slots: &[Slot]) -> Option<Slot> {
        let (map, var, offset) = slots.iter().find_map(|s| match s {
            Slot::MapValue { map, var, offset, .. } => Some((*map, *var, *offset)),
            _ => None,
        })?;
        let mut args = Vec::new();
        let mut present = true;
        for (slot, (_, state)) in slots.iter().zip(&self.states) {
            match slot {
                Slot::MapValue { map: m, index, var: v, offset: o } if (*m, *v, *o) == (map, var, offset) => {
                    present &= state.present.contains(&(map, *index));
                    args.push(*index);
                }
                Slot::Scalar(value) if self.values.constant_of(*value) == Some(0) && offset == 0 => {
                    present = false;
                    args.push(self.values.constant(NO_ENTRY));
                }
                _ => return None,
            }
        }
        let stale = args.iter().zip(&self.states).any(|(arg, (_, state))| {
            let null = state.ranges.get(self.values, *arg).as_constant() == Some(NO_ENTRY);
            state.stale.contains(&(map, *arg)) && !null
        });
        let index = self.phi(merged, args);
        merged.found.insert((map, index));
        if stale {
            merged.stale.insert((map, index));
        }
        if present {
            merged.present.insert((map, index));
        }
        Some(Slot::MapValue { map, index, var, offset })
    }

    fn stack(&mut self, merged: &mut State, frame: usize) {
        let frames: Vec<Frame> = self.states.iter().map(|(_, s)| s.frames[frame].clone()).collect();
        let first = &frames[0];
        if frames.iter().all(|f| Rc::ptr_eq(&f.bytes, &first.bytes) && Rc::ptr_eq(&f.spilled, &first.spilled))
        {
            return;
        }
        let mut bytes = vec![Byte::Uninitialised; STACK_BYTES];
        let mut spilled = BTreeMap::new();
        let mut at = 0;
        while at < STACK_BYTES {
            let here = || frames.iter().map(|f| f.bytes[at]);
            if here().any(|b| b == Byte::Uninitialised) {
                at += 1;
                continue;
            }
            if here().any(|b| b == Byte::Pointer) {
                let slot = at / 8;
                if at % 8 == 0 && here().all(|b| b == Byte::Pointer) {
                    let of = |s: &State| s.frames[frame].spilled.get(&slot).copied().unwrap_or(Slot::Mixed);
                    spilled.insert(slot, self.slot(merged, of));
                    bytes[at..at + 8].fill(Byte::Pointer);
                    at += 8;
                } else {
                    at += 1;
                }
                continue;
            }
            if here().all(|b| b == first.bytes[at]) {
                bytes[at] = first.bytes[at];
                at += 1;
                continue;
            }
            // The longest run that is consecutive bytes of one value on every path becomes one phi.
            let mut len = 1;
            while len < 8 && at + len < STACK_BYTES && continues(&frames, at, len) {
                len += 1;
            }
            if here().any(|b| matches!(b, Byte::Copied { .. })) {
                // One load of each copy.
                len = 1 << len.ilog2();
            }
            let mut args = Vec::new();
            for (index, frame) in frames.iter().enumerate() {
                match frame.bytes[at] {
                    Byte::Of(value, from) => args.push(self.piece(index, value, from, len)),
                    Byte::Copied { copy, index } => args.push(self.copied(merged, copy, index, len)),
                    Byte::Uninitialised | Byte::Pointer => (),
                }
            }
            let value = self.phi(merged, args);
            for i in 0..len {
                bytes[at + i] = Byte::Of(value, i as u8);
            }
            at += len;
        }
        merged.frames[frame].bytes = Rc::new(bytes);
        merged.frames[frame].spilled = Rc::new(spilled);
    }

    /// Copied bytes, loaded where the paths meet: where they are asked for, the packet still has them.
    fn copied(&mut self, merged: &mut State, copy: u32, index: u16, len: usize) -> Val {
        let copied = self.copies[copy as usize];
        let mut maker = super::simplify::Maker {
            values: self.values,
            ranges: &mut merged.ranges,
            version: merged.version,
            insn: super::values::NO_INSN,
            loads: &mut self.loads,
        };
        load_at(&mut maker, &copied, index, len)
    }

    /// `len` bytes of a value from byte `from` on, as a value of their own at the end of a path.
    fn piece(&mut self, state: usize, value: Val, from: u8, len: usize) -> Val {
        let (_, state) = &mut self.states[state];
        extract(self.values, &mut state.ranges, value, from, len)
    }
}

/// Whether byte `at + len` follows on byte `at` in one value on every path.
fn continues(frames: &[Frame], at: usize, len: usize) -> bool {
    let continues = frames.iter().all(|f| f.bytes[at].plus(len) == Some(f.bytes[at + len]));
    let first = frames[0].bytes[at + len];
    continues && !frames.iter().all(|f| f.bytes[at + len] == first)
}

/// `len` bytes of a value from byte `from` on, zero-extended.
pub fn extract(values: &mut Values, ranges: &mut Ranges, value: Val, from: u8, len: usize) -> Val {
    let mut loads = Vec::new();
    let mut maker = super::simplify::Maker {
        values,
        ranges,
        version: u32::MAX,
        insn: super::values::NO_INSN,
        loads: &mut loads,
    };
    let by = maker.constant(8 * u64::from(from));
    let mut piece = maker.alu(AluOp::Rsh, false, value, by);
    if len < 8 {
        let mask = maker.constant(u64::MAX >> (64 - 8 * len));
        piece = maker.alu(AluOp::And, false, piece, mask);
    }
    piece
}
