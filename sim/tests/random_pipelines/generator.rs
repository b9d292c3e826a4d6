// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random pipelines that a target can run, and packets for them.
//!
//! Purely random words would mostly abort and see zeros. So some registers only ever hold small values and serve as
//! addresses, offsets are mostly inside, and a program may end by storing all registers into the packet.

use std::collections::BTreeMap;
use weir_pipeline::keys::Keys;
use weir_pipeline::pipeline::{Home, KeyPlace, Part};
use weir_pipeline::target::{KEY_HAZARD_CLOCKS, PORT_CLOCKS};
use weir_pipeline::words::{
    AluOp, AluWord, CmpOp, CmpWord, Guard, LateOp, LateWord, LsuWord, Operand, Size, Source, StageWord,
};
use weir_pipeline::{LateUnit, MapKind, Pipeline, Table, Target};
use weir_random::Random;

/// Registers that only hold values below 256.
const SMALL: [u8; 3] = [1, 2, 3];

/// Makes pipelines for a target.
pub struct Generator<'a> {
    target: &'a Target,
    pub random: &'a mut Random,
    /// Registers that have been written so far and so may hold something.
    live: Vec<u8>,
    /// Registers that were given places of keys, with the name of their map.
    places: Vec<(u8, String)>,
}

impl<'a> Generator<'a> {
    /// A generator that draws from `random`.
    pub fn new(target: &'a Target, random: &'a mut Random) -> Generator<'a> {
        Generator { target, random, live: Vec::new(), places: Vec::new() }
    }

    /// A pipeline that validates.
    pub fn pipeline(&mut self) -> Pipeline {
        self.live = vec![
            self.target.entry_data_end(),
            self.target.entry_ingress_ifindex(),
            self.target.entry_timestamp(),
            self.target.entry_random(),
        ];
        self.places.clear();
        let passes = match self.random.below(10) {
            0..6 => 1,
            6..8 => 2,
            8 => 3,
            _ => 1 + self.random.below(self.target.passes) as usize,
        }
        .min(self.target.passes as usize);
        let tables = self.tables();
        let density = 1 + self.random.below(4);
        let dump = self.random.chance(3, 4);
        let loads = if self.random.chance(3, 4) { 4 } else { 0 };
        let loads: Vec<LsuWord> = (0..loads).map(|_| self.fill()).collect();
        let mut words: Vec<Vec<StageWord>> = (0..passes)
            .map(|_| (0..self.target.stages).map(|stage| self.word(stage, &tables, density)).collect())
            .collect();
        for (word, load) in words[0].iter_mut().zip(loads) {
            word.lsu = Some(load);
        }
        if dump {
            words.push(self.dump());
            words.truncate(self.target.passes as usize);
        }
        if self.random.chance(3, 4) {
            self.verdict(&mut words);
        }
        for stages in &mut words {
            self.clear_arrivals(stages);
        }
        let gap = self.gap(&words);
        let name = "random".to_owned();
        let pipeline = Pipeline {
            name,
            target: self.target.name.clone(),
            tag: "0".repeat(16),
            gap,
            // Register 2 is one of those with small values.
            moves_head: self.target.headroom_bytes != 0 && self.random.chance(1, 2),
            tables,
            words,
            origins: Vec::new(),
        };
        pipeline.validate(self.target).expect("the generator makes valid pipelines");
        pipeline
    }

    /// Where the result of a late unit arrives, no load may write.
    fn clear_arrivals(&self, stages: &mut [StageWord]) {
        for stage in 0..stages.len() {
            let from = self.target.late_arrives(stage as u32);
            let late = from.and_then(|from| stages[from as usize].late);
            if let (Some(LsuWord::Load { guard, .. }), true) =
                (&mut stages[stage].lsu, late.is_some_and(|late| late.op.has_result()))
            {
                *guard = Guard::Never;
            }
        }
    }

    fn tables(&mut self) -> Vec<Table> {
        let mut tables = Vec::new();
        // In each key unit: maps, buckets.
        let mut taken = vec![(0, 0); self.target.key_units() as usize];
        for unit in 0..self.target.table_units() {
            let mut base = 0;
            for id in 0..self.random.below(u64::from(self.target.units.tables.maps) + 1) {
                base += self.random.below(4) as u32;
                let entries = 1 + self.random.below(8) as u32;
                let mut table = Table {
                    name: format!("map{}", tables.len()),
                    kind: MapKind::Array,
                    key_size: 4,
                    value_size: 1 + self.random.below(24) as u32,
                    max_entries: entries,
                    places: entries,
                    keys: None,
                    parts: Vec::new(),
                    unit,
                    id: id as u8,
                    base,
                };
                if !taken.is_empty() && self.random.chance(1, 2) {
                    self.hash(&mut table, &mut taken);
                }
                base += (table.bytes() / 8) as u32;
                tables.push(table);
            }
        }
        for table in 0..tables.len() {
            if self.random.chance(1, 3) {
                self.part(&mut tables, table);
            }
        }
        tables
    }

    /// Lays some words of a map's values elsewhere, if there is an id left.
    fn part(&mut self, tables: &mut [Table], map: usize) {
        let unit = self.random.below(self.target.table_units());
        let homes = || tables.iter().flat_map(|t| t.homes().map(move |home| (home, t)));
        let here = || homes().filter(|(home, _)| home.unit == unit);
        let id = here().map(|(home, _)| home.id + 1).max().unwrap_or(0);
        let base = here().map(|(home, t)| home.base + (t.bytes() / 8) as u32).max().unwrap_or(0);
        let table = &mut tables[map];
        let words = table.stride() / 8;
        if u32::from(id) == self.target.units.tables.maps || words < 2 {
            return;
        }
        let first = self.random.below(words);
        let end = first + 1 + self.random.below(u64::from(words - first)) as u32;
        table.parts.push(Part { first, end, home: Home { unit, id, base } });
    }

    /// Makes a hash map of a table, if there is a key unit with an id left. It is so small that keys collide.
    fn hash(&mut self, table: &mut Table, taken: &mut [(u32, u32)]) {
        let keys = &self.target.units.keys;
        let unit = self.random.below(taken.len() as u64) as usize;
        let (id, buckets) = (taken[unit].0, 1 << self.random.below(3));
        let base = taken[unit].1 + self.random.below(3) as u32;
        if id == keys.maps {
            return;
        }
        taken[unit] = (id + 1, base + buckets);
        table.kind = MapKind::Hash;
        table.key_size = 16;
        table.max_entries = 1 + self.random.below(24) as u32;
        table.places = Keys::places(keys, buckets);
        table.keys = Some(KeyPlace { unit: unit as u32, id: id as u8, base, buckets });
    }

    /// Least gap with which packets do not see each other's half-done work: of conflicting accesses to one map, those of
    /// the later packet must take effect later. Reads commute, and adds of one width. A read at a lookup port sees what
    /// one at the table unit itself would have seen some clocks earlier.
    fn gap(&self, words: &[Vec<StageWord>]) -> u32 {
        type Sites = Vec<(LateOp, Size, u32)>;
        let mut sites: BTreeMap<(u32, u8), Sites> = BTreeMap::new();
        for (pass, stages) in (0..).zip(words) {
            for (stage, word) in (0..).zip(stages) {
                let (unit, delay) = match self.target.late_unit(stage) {
                    LateUnit::Table(unit) => (unit, PORT_CLOCKS - 1),
                    LateUnit::Port(unit) => (unit, 0),
                    _ => continue,
                };
                if let Some(late) = word.late {
                    let effect = self.target.site_clock(pass, stage) + delay;
                    sites.entry((unit, late.map)).or_default().push((late.op, late.size, effect));
                }
            }
        }
        let apart = |a: &(LateOp, Size, u32), b: &(LateOp, Size, u32)| match (a.0, b.0) {
            (LateOp::Read, LateOp::Read) => 1,
            (LateOp::Add, LateOp::Add) if a.1 == b.1 => 1,
            _ => a.2.abs_diff(b.2) + 1,
        };
        let pairs = sites.values().flat_map(|s| s.iter().flat_map(move |a| s.iter().map(move |b| (a, b))));
        pairs.map(|(a, b)| apart(a, b)).max().unwrap_or(1).max(self.key_gap(words))
    }

    /// The same for key units, whose maps share the stash.
    fn key_gap(&self, words: &[Vec<StageWord>]) -> u32 {
        let gap = |unit: u32| {
            let (mut first, mut last, mut changes) = (u32::MAX, 0, false);
            for (pass, stages) in (0..).zip(words) {
                let stage = self.target.key_stage(unit);
                if let Some(late) = stages[stage as usize].late {
                    let clock = self.target.site_clock(pass, stage);
                    (first, last) = (first.min(clock), last.max(clock));
                    changes |= late.op != LateOp::Find;
                }
            }
            if changes { last - first + KEY_HAZARD_CLOCKS } else { 1 }
        };
        (0..self.target.key_units()).map(gap).max().unwrap_or(1)
    }

    fn word(&mut self, stage: u32, tables: &[Table], density: u64) -> StageWord {
        let mut word = StageWord::default();
        if self.random.chance(density, 4) {
            word.lsu = Some(self.lsu(stage));
        }
        let load = matches!(word.lsu, Some(LsuWord::Load { .. }));
        for index in 0..self.target.units.alus as usize {
            if self.random.chance(density, 4) {
                word.alu[index] = Some(self.alu(index as u32, load));
            }
        }
        for index in 0..self.target.units.compares as usize {
            if self.random.chance(density, 4) {
                word.cmp[index] = Some(self.cmp(index, load, [word.alu[0].is_some(), word.alu[1].is_some()]));
            }
        }
        if self.random.chance(density, 4) {
            word.late = self.late(stage, tables);
        }
        word
    }

    /// Loads 8 bytes of the packet, so that there is something to work with.
    fn fill(&mut self) -> LsuWord {
        let (offset, dst) = (self.random.below(64) as i16, self.large());
        LsuWord::Load { base: Source::Zero, offset, size: Size::B8, dst, guard: Guard::Always }
    }

    /// Any register, more often one that has been written.
    fn register(&mut self) -> u8 {
        if !self.live.is_empty() && self.random.chance(3, 4) {
            return self.random.pick(&self.live);
        }
        self.random.below(self.target.registers) as u8
    }

    /// A register that may hold anything.
    fn large(&mut self) -> u8 {
        loop {
            let register = self.random.below(self.target.registers) as u8;
            if !SMALL.contains(&register) {
                self.live.push(register);
                return register;
            }
        }
    }

    fn guard(&mut self) -> Guard {
        let predicate = 1 + self.random.below(u64::from(self.target.predicates) - 1) as u8;
        match self.random.below(8) {
            0..4 => Guard::Always,
            4 | 5 => Guard::If(predicate),
            6 => Guard::Unless(predicate),
            _ => Guard::Never,
        }
    }

    fn size(&mut self) -> Size {
        self.random.pick(Size::ALL)
    }

    fn immediate(&mut self) -> i32 {
        let bits = self.random.u64() as i32;
        match self.random.below(6) {
            0 => bits,
            1 => bits & 0xff,
            2 => -(bits & 0xf),
            3 => self.random.pick(&[0, 1, 31, 32, 63, 64, i32::MAX, i32::MIN, -1]),
            _ => bits & 0x3f,
        }
    }

    /// Register or zero.
    fn plain(&mut self) -> Source {
        if self.random.chance(1, 8) { Source::Zero } else { Source::Register(self.register()) }
    }

    fn source(&mut self, load: bool, alu: [bool; 2]) -> Source {
        match self.random.below(5) {
            0 if load => Source::Load,
            1 if alu[0] => Source::Alu0,
            2 if alu[1] => Source::Alu1,
            _ => self.plain(),
        }
    }

    fn operand(&mut self, load: bool, alu: [bool; 2]) -> Operand {
        if self.random.chance(1, 3) {
            Operand::Imm(self.immediate())
        } else {
            Operand::Source(self.source(load, alu))
        }
    }

    fn alu(&mut self, unit: u32, load: bool) -> AluWord {
        let (a, is32, guard) = (self.source(load, [false; 2]), self.random.chance(1, 3), self.guard());
        if self.random.chance(1, 5) {
            let b = Operand::Imm(self.random.pick(&[0x7, 0x1f, 0x3f, 0x7f]));
            return AluWord { op: AluOp::And, a, b, is32, dst: self.random.pick(&SMALL), guard };
        }
        let shifts = self.target.alu_shifts(unit);
        let ops: Vec<AluOp> = AluOp::ALL.iter().copied().filter(|op| shifts || !op.shifts()).collect();
        let op = self.random.pick(&ops);
        AluWord { op, a, b: self.operand(load, [false; 2]), is32, dst: self.large(), guard }
    }

    /// Base and offset, mostly inside the context.
    fn address(&mut self) -> (Source, i16) {
        let context = u64::from(self.target.context_bytes());
        match self.random.below(16) {
            0 => (self.plain(), (self.random.below(4096) as i16) - 2048),
            1 => (Source::Zero, context as i16 - self.random.below(12) as i16),
            2 => (Source::Register(self.target.entry_data_end()), -(self.random.below(10) as i16)),
            3..8 => (Source::Register(self.random.pick(&SMALL)), self.random.below(16) as i16),
            8 | 9 => (Source::Zero, self.target.stack_base() as i16 + self.random.below(25) as i16),
            _ => (Source::Zero, self.random.below(120) as i16),
        }
    }

    fn lsu(&mut self, stage: u32) -> LsuWord {
        let ((base, offset), size, guard) = (self.address(), self.size(), self.guard());
        if self.target.can_store(stage) && self.random.chance(2, 5) {
            return LsuWord::Store { base, offset, size, data: self.plain(), guard };
        }
        if size == Size::B1 && self.random.chance(1, 2) {
            return LsuWord::Load { base, offset, size, dst: self.random.pick(&SMALL), guard };
        }
        LsuWord::Load { base, offset, size, dst: self.large(), guard }
    }

    fn cmp(&mut self, unit: usize, load: bool, alu: [bool; 2]) -> CmpWord {
        let predicates = u64::from(self.target.predicates);
        let (a, b) = (self.source(load, alu), self.operand(load, alu));
        // Equality of random values is rare: compare a value with itself now and then.
        let b = if self.random.chance(1, 8) { Operand::Source(a) } else { b };
        let b = if unit == 0 { b } else { Operand::Imm(self.immediate()) };
        let mut predicate = || self.random.below(predicates) as u8;
        let (p1, p2, dst0, dst1) = (predicate(), predicate(), predicate(), predicate());
        CmpWord {
            op: self.random.pick(CmpOp::ALL),
            a,
            b,
            is32: self.random.chance(1, 3),
            p1,
            p2,
            dst0,
            table0: self.random.u64() as u8,
            dst1,
            table1: self.random.u64() as u8,
        }
    }

    fn late(&mut self, stage: u32, tables: &[Table]) -> Option<LateWord> {
        let guard = self.guard();
        match self.target.late_unit(stage) {
            LateUnit::None => None,
            LateUnit::Keys(unit) => {
                let maps: Vec<&Table> =
                    tables.iter().filter(|t| t.keys.is_some_and(|k| k.unit == unit)).collect();
                if maps.is_empty() {
                    return None;
                }
                let map = self.random.pick(&maps);
                let op = self.random.pick(&[
                    LateOp::Find,
                    LateOp::Find,
                    LateOp::Insert,
                    LateOp::Insert,
                    LateOp::Delete,
                ]);
                // Few keys, so that they meet again, or any.
                let a = match self.random.below(8) {
                    0 => self.plain(),
                    1 => Source::Zero,
                    _ => Source::Register(self.random.pick(&SMALL)),
                };
                let b = match self.random.below(8) {
                    0 => self.operand(false, [false; 2]),
                    1 => Operand::Source(Source::Register(self.random.pick(&SMALL))),
                    _ => Operand::Imm(-self.random.below(3)),
                };
                let dst = self.large();
                self.places.push((dst, map.name.clone()));
                let id = map.keys.map_or(0, |k| k.id);
                Some(LateWord { op, map: id, a, offset: 0, size: Size::B1, b, is32: false, dst, guard })
            }
            LateUnit::Deep => {
                let length = Source::Register(self.target.entry_data_end());
                let longest = u64::from(self.target.max_frame_bytes);
                let (a, offset) = match self.random.below(8) {
                    0 => (self.plain(), self.random.below(1 << 14) as u32),
                    // About the end of the packet, the second one by way of the address space's end.
                    1 => (length, self.random.below(4) as u32),
                    2 => (length, (1 << 14) - 1 - self.random.below(24) as u32),
                    3 => (Source::Zero, (1 << 14) - 1 - self.random.below(12) as u32),
                    4 => (Source::Zero, self.random.below(longest) as u32),
                    _ => (Source::Register(self.random.pick(&SMALL)), self.random.below(16) as u32),
                };
                let (size, dst) = (self.size(), self.large());
                let b = Operand::Source(Source::Zero);
                Some(LateWord { op: LateOp::Deep, map: 0, a, offset, size, b, is32: false, dst, guard })
            }
            LateUnit::Multiplier => Some(LateWord {
                op: LateOp::Mul,
                map: 0,
                a: self.plain(),
                offset: 0,
                size: Size::B1,
                b: self.operand(false, [false; 2]),
                is32: self.random.chance(1, 3),
                dst: self.large(),
                guard,
            }),
            LateUnit::Table(unit) | LateUnit::Port(unit) => {
                let homes = tables.iter().flat_map(|t| t.homes().map(move |home| (home, t)));
                let maps: Vec<(Home, &Table)> = homes.filter(|(home, _)| home.unit == unit).collect();
                if maps.is_empty() {
                    return None;
                }
                let (home, map) = self.random.pick(&maps);
                let op = match self.target.late_unit(stage) {
                    LateUnit::Port(_) => LateOp::Read,
                    _ => self.random.pick(&[LateOp::Read, LateOp::Add, LateOp::Add, LateOp::Write]),
                };
                let size = match op {
                    LateOp::Add => self.random.pick(&[Size::B4, Size::B8]),
                    _ => self.size(),
                };
                let place =
                    self.places.iter().rfind(|(_, name)| *name == map.name).map(|(register, _)| *register);
                let (a, offset) = match (place, self.random.below(16)) {
                    (Some(register), 0..12) => {
                        let word = self.random.below(u64::from(map.stride() / 8)) as u32;
                        (Source::Register(register), 8 * map.word(0, word))
                    }
                    (_, 0) => (self.plain(), self.random.below(1 << 20) as u32),
                    (_, 1) => (Source::Zero, map.bytes() as u32),
                    (_, 2..6) => (Source::Register(self.random.pick(&SMALL)), 0),
                    _ => (Source::Zero, self.random.below(map.bytes()) as u32),
                };
                let b = self.operand(false, [false; 2]);
                Some(LateWord { op, map: home.id, a, offset, size, b, is32: false, dst: self.large(), guard })
            }
        }
    }

    /// A pass that stores every register somewhere in the window, as far as there are stages that store.
    fn dump(&mut self) -> Vec<StageWord> {
        let guard = if self.random.chance(3, 4) { Guard::Always } else { self.guard() };
        let registers = self.target.registers;
        (0..self.target.stages)
            .map(|stage| {
                let register = stage % registers;
                let store = LsuWord::Store {
                    base: Source::Zero,
                    offset: (self.target.headroom_bytes + 8 * (registers - 1 - register)) as i16,
                    size: Size::B8,
                    data: Source::Register(register as u8),
                    guard,
                };
                StageWord { lsu: self.target.can_store(stage).then_some(store), ..Default::default() }
            })
            .collect()
    }

    /// Lets the last stage choose a verdict, mostly one that sends the packet out.
    fn verdict(&mut self, words: &mut [Vec<StageWord>]) {
        let Some(last) = words.last_mut().and_then(|stages| stages.last_mut()) else { return };
        let guards = [Guard::Always, self.guard()];
        for (index, guard) in guards.into_iter().enumerate().take(self.target.units.alus as usize) {
            let b = Operand::Imm(self.random.pick(&[2, 2, 2, 3, 4, 1, 0, 5, 77]));
            last.alu[index] =
                Some(AluWord { op: AluOp::Mov, a: Source::Zero, b, is32: false, dst: 0, guard });
        }
        if let Some(LsuWord::Load { dst: 0, .. }) = last.lsu {
            last.lsu = None;
        }
        for cmp in last.cmp.iter_mut().flatten() {
            let plain = |s: Source| if let Source::Register(_) = s { s } else { Source::Zero };
            cmp.a = plain(cmp.a);
            if let Operand::Source(b) = cmp.b {
                cmp.b = Operand::Source(plain(b));
            }
        }
    }

    /// A packet that ingress admits.
    pub fn packet(&mut self) -> Vec<u8> {
        let length = match self.random.below(8) {
            0 => 14 + self.random.below(51),
            1 => 14 + self.random.below(u64::from(self.target.max_frame_bytes) - 13),
            2 if self.random.chance(1, 2) => 60,
            _ => 128 + self.random.below(72),
        };
        let style = self.random.below(4);
        (0..length)
            .map(|_| match style {
                0 => self.random.below(4) as u8,
                1 => self.random.pick(&[0, 0xff, 0x7f, 0x80]),
                _ => self.random.u64() as u8,
            })
            .collect()
    }
}
