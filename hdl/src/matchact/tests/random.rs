// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random programs that a target can run, made to touch what they find: registers, window, stack, tables.

use weir_pipeline::words::{
    AluOp, AluWord, CmpOp, CmpWord, Guard, LateOp, LateWord, LsuWord, Operand, Size, Source, StageWord,
};
use weir_pipeline::{LateUnit, MapKind, Pipeline, Table, Target};
use weir_random::Random;

/// A generator of programs.
pub struct Programs(pub Random);

impl Programs {
    /// From a seed.
    pub fn new(seed: u64) -> Programs {
        Programs(Random::new(seed))
    }

    fn register(&mut self, target: &Target) -> u8 {
        self.0.below(target.registers) as u8
    }

    fn guard(&mut self, target: &Target, always: u64) -> Guard {
        let predicate = 1 + self.0.below(u64::from(target.predicates) - 1) as u8;
        if self.0.percent(always) {
            Guard::Always
        } else {
            self.0.pick(&[Guard::Never, Guard::If(predicate), Guard::If(predicate), Guard::Unless(predicate)])
        }
    }

    fn source(&mut self, target: &Target, others: &[Source]) -> Source {
        if !others.is_empty() && self.0.percent(40) {
            self.0.pick(others)
        } else if self.0.percent(10) {
            Source::Zero
        } else {
            Source::Register(self.register(target))
        }
    }

    fn immediate(&mut self) -> i32 {
        let shift = self.0.below(32);
        let value = (self.0.u64() as i32) >> shift;
        self.0.pick(&[value, value, 0, 1, -1, i32::MIN, i32::MAX])
    }

    fn operand(&mut self, target: &Target, others: &[Source]) -> Operand {
        if self.0.percent(40) {
            Operand::Imm(self.immediate())
        } else {
            Operand::Source(self.source(target, others))
        }
    }

    /// Base and offset of a memory access: constant, or about the end of the packet, or anywhere.
    fn address(&mut self, target: &Target) -> (Source, i16) {
        match self.0.below(8) {
            0..=4 => (Source::Zero, self.0.below(u64::from(target.context_bytes()) + 4) as i16),
            5 | 6 => (Source::Register(target.entry_data_end()), self.0.below(40) as i16 - 36),
            _ => (Source::Register(self.register(target)), self.0.below(4096) as i16 - 2048),
        }
    }

    fn lsu(&mut self, target: &Target, stage: u32) -> LsuWord {
        let (base, offset) = self.address(target);
        let size = self.0.pick(Size::ALL);
        if target.can_store(stage) && self.0.percent(40) {
            let data = self.source(target, &[]);
            let guard = self.guard(target, 40);
            // Most stores go to the stack, so that most programs break no bound.
            if self.0.percent(80) {
                let span = u64::from(target.stack_bytes - size.bytes() + 1);
                let offset = (u64::from(target.stack_base()) + self.0.below(span)) as i16;
                return LsuWord::Store { base: Source::Zero, offset, size, data, guard };
            }
            LsuWord::Store { base, offset, size, data, guard }
        } else {
            let guard = self.guard(target, 70);
            LsuWord::Load { base, offset, size, dst: self.register(target), guard }
        }
    }

    fn late(&mut self, target: &Target, stage: u32, maps: &[(u8, u64)]) -> Option<LateWord> {
        let (op, size, map, a, offset) = match target.late_unit(stage) {
            LateUnit::None | LateUnit::Deep | LateUnit::Keys(_) => return None,
            LateUnit::Multiplier => (LateOp::Mul, Size::B8, 0, self.source(target, &[]), 0),
            unit @ (LateUnit::Table(_) | LateUnit::Port(_)) => {
                let op = match unit {
                    LateUnit::Port(_) => LateOp::Read,
                    _ => self.0.pick(&[LateOp::Read, LateOp::Add, LateOp::Add, LateOp::Write]),
                };
                let sizes = if op == LateOp::Add { &Size::ALL[2..] } else { Size::ALL };
                let size = self.0.pick(sizes);
                let (map, bytes) = self.0.pick(maps);
                let beyond = if self.0.percent(12) { 8 } else { 0 };
                let a = if self.0.percent(85) { Source::Zero } else { self.source(target, &[]) };
                (op, size, map, a, self.0.below(bytes + beyond) as u32)
            }
        };
        Some(LateWord {
            op,
            map,
            a,
            offset,
            size,
            b: self.operand(target, &[]),
            is32: op == LateOp::Mul && self.0.percent(50),
            dst: self.register(target),
            guard: self.guard(target, 50),
        })
    }

    /// A word for `stage`; `maps` are ids and bytes of the maps in its table unit, or in the one its lookup port copies.
    pub fn stage_word(&mut self, target: &Target, stage: u32, maps: &[(u8, u64)]) -> StageWord {
        let mut word = StageWord { lsu: Some(self.lsu(target, stage)), ..StageWord::default() };
        let mut others = Vec::new();
        if matches!(word.lsu, Some(LsuWord::Load { .. })) {
            others.push(Source::Load);
        }
        for index in 0..target.units.alus as usize {
            let shifts = target.alu_shifts(index as u32);
            let ops: Vec<AluOp> = AluOp::ALL.iter().copied().filter(|op| shifts || !op.shifts()).collect();
            word.alu[index] = Some(AluWord {
                op: self.0.pick(&ops),
                a: self.source(target, &others),
                b: self.operand(target, &others),
                is32: self.0.percent(40),
                dst: self.register(target),
                guard: self.guard(target, 60),
            });
        }
        others.extend([Source::Alu0, Source::Alu1].into_iter().take(target.units.alus as usize));
        for index in 0..target.units.compares as usize {
            let predicate = |random: &mut Programs| random.0.below(target.predicates) as u8;
            word.cmp[index] = Some(CmpWord {
                op: self.0.pick(CmpOp::ALL),
                a: self.source(target, &others),
                b: if index == 0 { self.operand(target, &others) } else { Operand::Imm(self.immediate()) },
                is32: self.0.percent(40),
                p1: predicate(self),
                p2: predicate(self),
                dst0: predicate(self),
                table0: self.0.u64() as u8,
                dst1: predicate(self),
                table1: self.0.u64() as u8,
            });
        }
        word.late = self.late(target, stage, maps);
        // Units that rest.
        if self.0.percent(5) {
            word.alu[0] = None;
            word.cmp = [None, None];
        }
        word
    }

    /// A program whose maps, two to a table unit, start at word `base` of each unit.
    pub fn pipeline(&mut self, target: &Target, passes: u32, base: u32) -> Pipeline {
        let mut tables = Vec::new();
        for unit in 0..target.table_units() {
            let mut at = base;
            for id in 0..2 {
                let entries = 3 + self.0.below(3) as u32;
                let table = Table {
                    name: format!("map_{unit}_{id}"),
                    kind: MapKind::Array,
                    key_size: 4,
                    value_size: 8,
                    max_entries: entries,
                    places: entries,
                    keys: None,
                    parts: Vec::new(),
                    unit,
                    id,
                    base: at,
                };
                at += table.bytes() as u32 / 8;
                tables.push(table);
            }
        }
        let words = (0..passes)
            .map(|_| {
                (0..target.stages)
                    .map(|stage| {
                        let maps: Vec<(u8, u64)> = tables
                            .iter()
                            .filter(|t| {
                                [LateUnit::Table(t.unit), LateUnit::Port(t.unit)]
                                    .contains(&target.late_unit(stage))
                            })
                            .map(|t| (t.id, t.bytes()))
                            .collect();
                        self.stage_word(target, stage, &maps)
                    })
                    .collect()
            })
            .collect();
        let mut words: Vec<Vec<StageWord>> = words;
        for stages in &mut words {
            // Where the result of a late unit arrives, no load may write.
            for stage in 0..stages.len() {
                let from = target.late_arrives(stage as u32);
                let late = from.and_then(|from| stages[from as usize].late);
                if let (Some(LsuWord::Load { guard, .. }), true) =
                    (&mut stages[stage].lsu, late.is_some_and(|late| late.op.has_result()))
                {
                    *guard = Guard::Never;
                }
            }
        }
        Pipeline {
            name: "random".into(),
            target: target.name.clone(),
            tag: "0".repeat(16),
            gap: 1,
            moves_head: false,
            tables,
            words,
            origins: Vec::new(),
        }
    }

    pub fn packet(&mut self, target: &Target) -> Vec<u8> {
        let length = match self.0.below(4) {
            0 => 14 + self.0.below(8),
            1 => self.0.below(u64::from(target.window_bytes) * 2) + 14,
            _ => self.0.below(u64::from(target.window_bytes)) + 14,
        };
        (0..length).map(|_| self.0.u64() as u8).collect()
    }
}
