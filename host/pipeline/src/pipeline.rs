// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A compiled program: stage words for every (pass, stage), its maps in the table units, its admission gap.

use crate::keys::{self, KEY_BYTES};
use crate::target::{LateUnit, Target};
use crate::words::{
    AluWord, CmpWord, DEEP_SPACE, Guard, LateOp, LateWord, LsuWord, Operand, Size, Source, StageWord,
};
use thiserror::Error;

/// One stage in one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// Pass, from 0.
    pub pass: u32,
    /// Physical stage, from 0.
    pub stage: u32,
}

/// Kinds of maps that table and key units can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapKind {
    /// `BPF_MAP_TYPE_ARRAY`
    Array,
    /// `BPF_MAP_TYPE_PERCPU_ARRAY`; the device is the one CPU.
    PercpuArray,
    /// `BPF_MAP_TYPE_HASH`
    Hash,
    /// `BPF_MAP_TYPE_PERCPU_HASH`; the device is the one CPU.
    PercpuHash,
    /// `BPF_MAP_TYPE_DEVMAP`: an array of interface indices, 0 where there is none.
    Devmap,
}

impl MapKind {
    /// All of them.
    pub const ALL: &'static [MapKind] =
        &[MapKind::Array, MapKind::PercpuArray, MapKind::Hash, MapKind::PercpuHash, MapKind::Devmap];

    /// Name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            MapKind::Array => "array",
            MapKind::PercpuArray => "percpu_array",
            MapKind::Hash => "hash",
            MapKind::PercpuHash => "percpu_hash",
            MapKind::Devmap => "devmap",
        }
    }

    /// From the name in the text form.
    pub fn from_name(name: &str) -> Option<MapKind> {
        MapKind::ALL.iter().copied().find(|k| k.name() == name)
    }

    /// Whether a key unit gives the keys their places.
    pub fn is_hash(self) -> bool {
        matches!(self, MapKind::Hash | MapKind::PercpuHash)
    }
}

/// Where the keys of a hash map lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// Key unit.
    pub unit: u32,
    /// Id of the map within (program slot, key unit): what the words carry.
    pub id: u8,
    /// First bucket, the same in all ways.
    pub base: u32,
    /// Buckets in each way, a power of two.
    pub buckets: u32,
}

/// Where a map, or a part of its values, lies in a table unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// Table unit.
    pub unit: u32,
    /// Id within (program slot, unit): what the words carry.
    pub id: u8,
    /// First word (8 bytes) in the unit.
    pub base: u32,
}

/// Words of every value of a map that lie apart, so that one pass can change them and others of the same map.
///
/// The home has room for the whole map, laid out as it is; of that only these words count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// First word of a value.
    pub first: u32,
    /// The one behind the last.
    pub end: u32,
    /// Where they lie.
    pub home: Home,
}

/// A map and its place.
///
/// The values of an array lie one behind the other. Those of a hash map lie in planes: word `w` of all values, by place,
/// then word `w + 1`; so eight times the place, which is what a key unit gives, addresses every word of a value by a
/// constant more. [`Table::word`] says where a word is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Name of the map in the object.
    pub name: String,
    /// Kind.
    pub kind: MapKind,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Entries.
    pub max_entries: u32,
    /// Table unit.
    pub unit: u32,
    /// Id of the map within (program slot, unit): what the words carry.
    pub id: u8,
    /// First word (8 bytes) in the unit.
    pub base: u32,
    /// Values there is room for: the entries of an array, the places of a hash map.
    pub places: u32,
    /// Hash maps only: where their keys lie.
    pub keys: Option<KeyPlace>,
    /// Parts that lie elsewhere, ascending.
    pub parts: Vec<Part>,
}

impl Table {
    /// Bytes from one entry to the next.
    pub fn stride(&self) -> u32 {
        self.value_size.next_multiple_of(8)
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> u64 {
        u64::from(self.stride()) * u64::from(self.places)
    }

    /// Where the map lies, but for its parts.
    pub fn home(&self) -> Home {
        Home { unit: self.unit, id: self.id, base: self.base }
    }

    /// Where the map and its parts lie.
    pub fn homes(&self) -> impl Iterator<Item = Home> {
        std::iter::once(self.home()).chain(self.parts.iter().map(|part| part.home))
    }

    /// Where word `word` of every value lies.
    pub fn home_of(&self, word: u32) -> Home {
        let part = self.parts.iter().find(|part| (part.first..part.end).contains(&word));
        part.map_or(self.home(), |part| part.home)
    }

    /// Where word `word` of the value at `place` is, in words from the map's first.
    pub fn word(&self, place: u32, word: u32) -> u32 {
        if self.keys.is_some() { word * self.places + place } else { place * (self.stride() / 8) + word }
    }
}

/// Instructions that a unit's word in a slot carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where.
    pub slot: Slot,
    /// Unit, as index into [`crate::words::layout::STAGE_WORD`].
    pub unit: u8,
    /// Instruction numbers (8-byte slots of the program), ascending.
    pub insns: Vec<u32>,
}

/// A compiled program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Name of the program.
    pub name: String,
    /// Name of the target.
    pub target: String,
    /// Tag of the program: first 8 bytes of the hash of its instructions, as hexadecimal digits.
    pub tag: String,
    /// Least distance in clocks between two packets.
    pub gap: u32,
    /// Whether register 2 says at the end where the packet starts (see [`crate::words`]).
    pub moves_head: bool,
    /// Maps in the order of the object.
    pub tables: Vec<Table>,
    /// Words by pass and stage; every pass has all stages of the target. What they leave behind: [`crate::words`].
    pub words: Vec<Vec<StageWord>>,
    /// What came from where, ascending by slot and unit.
    pub origins: Vec<Origin>,
}

/// A pipeline that its target cannot run.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidPipeline {
    /// A word asks for what its stage lacks or cannot express.
    #[error("pass {} stage {}: {what}", slot.pass, slot.stage)]
    Word {
        /// Which word.
        slot: Slot,
        /// What is wrong.
        what: String,
    },
    /// Something about the whole.
    #[error("{0}")]
    Whole(String),
}

impl Pipeline {
    /// Passes a packet makes.
    pub fn passes(&self) -> u32 {
        self.words.len() as u32
    }

    /// Stages up to the last that does something, over all passes.
    pub fn stages_used(&self) -> u32 {
        let flat: Vec<&StageWord> = self.words.iter().flatten().collect();
        flat.iter().rposition(|w| !w.is_empty()).map_or(0, |i| i as u32 + 1)
    }

    /// Instructions behind a unit's word.
    pub fn insns(&self, slot: Slot, unit: u8) -> &[u32] {
        match self.origins.binary_search_by_key(&(slot, unit), |o| (o.slot, o.unit)) {
            Ok(i) => &self.origins[i].insns,
            Err(_) => &[],
        }
    }

    /// Checks that `target` can run this: units, registers, predicates, tables, passes.
    pub fn validate(&self, target: &Target) -> Result<(), InvalidPipeline> {
        let whole = |what: String| Err(InvalidPipeline::Whole(what));
        if self.target != target.name {
            return whole(format!("compiled for target `{}`, not `{}`", self.target, target.name));
        }
        if self.words.is_empty() || self.passes() > target.passes {
            return whole(format!("{} passes, the target has 1 to {}", self.passes(), target.passes));
        }
        if self.moves_head && target.headroom_bytes == 0 {
            return whole(format!("the program moves heads, and target `{}` has no headroom", target.name));
        }
        for index in 0..self.tables.len() {
            self.check_homes(target, index)?;
            self.check_places(target, index)?;
        }
        for (pass, stages) in (0..).zip(&self.words) {
            if stages.len() != target.stages as usize {
                return whole(format!(
                    "pass {pass} has {} stages, the target {}",
                    stages.len(),
                    target.stages
                ));
            }
            for (stage, word) in (0..).zip(stages) {
                self.check_word(target, stage, word)
                    .and_then(|()| check_arrival(target, stage, stages))
                    .map_err(|what| InvalidPipeline::Word { slot: Slot { pass, stage }, what })?;
            }
        }
        Ok(())
    }

    fn check_homes(&self, target: &Target, index: usize) -> Result<(), InvalidPipeline> {
        let whole = |what: String| Err(InvalidPipeline::Whole(what));
        let table = &self.tables[index];
        let name = &table.name;
        let end = |home: &Home, table: &Table| u64::from(home.base) * 8 + table.bytes();
        let before = self.tables[..index].iter().flat_map(|t| t.homes().map(move |home| (home, t)));
        let mut taken: Vec<(Home, &Table)> = before.collect();
        for home in table.homes() {
            if home.unit >= target.table_units()
                || end(&home, table) > u64::from(target.units.tables.words) * 8
            {
                return whole(format!("map `{name}` lies outside the table units"));
            }
            if u32::from(home.id) >= target.units.tables.maps {
                return whole(format!("map `{name}` has id {}, too large", home.id));
            }
            for (other, of) in taken.iter().filter(|(other, _)| other.unit == home.unit) {
                let apart = end(&home, table) <= u64::from(other.base) * 8
                    || end(other, of) <= u64::from(home.base) * 8;
                if !apart || other.id == home.id {
                    return whole(format!("maps `{}` and `{name}` collide", of.name));
                }
            }
            taken.push((home, table));
        }
        let mut next = 0;
        for part in &table.parts {
            if part.first < next || part.end <= part.first || part.end > table.stride() / 8 {
                return whole(format!("map `{name}` has parts that are none"));
            }
            next = part.end;
        }
        Ok(())
    }

    fn check_places(&self, target: &Target, index: usize) -> Result<(), InvalidPipeline> {
        let table = &self.tables[index];
        let fail = |what: &str| Err(InvalidPipeline::Whole(format!("map `{}` {what}", table.name)));
        let Some(place) = table.keys else {
            return match table.kind.is_hash() || table.places != table.max_entries {
                true => fail("needs a place for its keys, or has other than one place for each entry"),
                false => Ok(()),
            };
        };
        let keys = &target.units.keys;
        let end = |k: &KeyPlace| u64::from(k.base) + u64::from(k.buckets);
        if !table.kind.is_hash() || table.key_size > KEY_BYTES {
            return fail("has keys that no key unit can hold");
        }
        if !place.buckets.is_power_of_two() || table.places != keys::Keys::places(keys, place.buckets) {
            return fail("has not the places of its buckets");
        }
        if place.unit >= target.key_units()
            || end(&place) > keys.buckets.into()
            || u32::from(place.id) >= keys.maps
        {
            return fail("lies outside the key units");
        }
        let others = self.tables[..index].iter().filter_map(|t| t.keys);
        for other in others.filter(|o| o.unit == place.unit) {
            let apart = end(&other) <= place.base.into() || end(&place) <= other.base.into();
            if !apart || other.id == place.id {
                return fail("collides with another in its key unit");
            }
        }
        Ok(())
    }

    fn check_word(&self, target: &Target, stage: u32, word: &StageWord) -> Result<(), String> {
        let register = |r: u8| {
            (u32::from(r) < target.registers).then_some(()).ok_or(format!("register r{r} does not exist"))
        };
        let predicate = |p: u8| {
            (u32::from(p) < target.predicates).then_some(()).ok_or(format!("predicate p{p} does not exist"))
        };
        let guard = |g: Guard| match g {
            Guard::If(0) | Guard::Unless(0) => Err("predicate 0 as guard is Never or Always".into()),
            Guard::If(p) | Guard::Unless(p) => predicate(p),
            Guard::Never | Guard::Always => Ok(()),
        };
        // How far along the chain load -> ALU -> compare a unit stands decides what it can take.
        let source = |s: Source, chain: u32| match s {
            Source::Register(r) => register(r),
            Source::Zero => Ok(()),
            Source::Load if chain >= 1 && matches!(word.lsu, Some(LsuWord::Load { .. })) => Ok(()),
            Source::Alu0 if chain >= 2 && word.alu[0].is_some() => Ok(()),
            Source::Alu1 if chain >= 2 && word.alu[1].is_some() => Ok(()),
            _ => Err(format!("operand {s:?} is not there for this unit")),
        };
        let operand = |o: Operand, chain: u32| match o {
            Operand::Source(s) => source(s, chain),
            Operand::Imm(_) => Ok(()),
        };
        for (index, alu) in (0..).zip(&word.alu) {
            if let Some(AluWord { op, a, b, dst, guard: g, .. }) = alu {
                if index >= target.units.alus {
                    return Err(format!("alu{index} does not exist"));
                }
                if op.shifts() && !target.alu_shifts(index) {
                    return Err(format!("`{op}` on alu{index}, which has no shifter"));
                }
                source(*a, 1)?;
                operand(*b, 1)?;
                register(*dst)?;
                guard(*g)?;
            }
        }
        match word.lsu {
            Some(LsuWord::Load { base, dst, guard: g, offset, .. }) => {
                source(base, 0)?;
                register(dst)?;
                guard(g)?;
                check_offset(offset)?;
            }
            Some(LsuWord::Store { base, data, guard: g, offset, .. }) => {
                if !target.can_store(stage) {
                    return Err("this stage has no store unit".into());
                }
                source(base, 0)?;
                source(data, 0)?;
                guard(g)?;
                check_offset(offset)?;
            }
            None => (),
        }
        for (index, cmp) in (0..).zip(&word.cmp) {
            if let Some(CmpWord { a, b, p1, p2, dst0, dst1, .. }) = cmp {
                if index >= target.units.compares {
                    return Err(format!("cmp{index} does not exist"));
                }
                source(*a, 2)?;
                operand(*b, 2)?;
                if index > 0 && !matches!(b, Operand::Imm(_) | Operand::Source(Source::Zero)) {
                    return Err(format!("cmp{index} compares with constants only"));
                }
                for p in [p1, p2, dst0, dst1] {
                    predicate(*p)?;
                }
            }
        }
        if let Some(late) = &word.late {
            source(late.a, 0)?;
            operand(late.b, 0)?;
            register(late.dst)?;
            guard(late.guard)?;
            self.check_late(target.late_unit(stage), late)?;
        }
        Ok(())
    }

    fn check_late(&self, unit: LateUnit, late: &LateWord) -> Result<(), String> {
        match (late.op, unit) {
            (LateOp::None, _) => Err("a late word without operation".into()),
            (LateOp::Mul, LateUnit::Multiplier) => Ok(()),
            (LateOp::Deep, LateUnit::Deep) if u64::from(late.offset) < DEEP_SPACE => Ok(()),
            (LateOp::Find | LateOp::Insert | LateOp::Delete, LateUnit::Keys(unit)) => {
                let places = self.tables.iter().filter_map(|t| t.keys);
                match places.into_iter().any(|k| k.unit == unit && k.id == late.map) {
                    true => Ok(()),
                    false => Err(format!("key unit {unit} holds no map with id {}", late.map)),
                }
            }
            (LateOp::Read | LateOp::Add | LateOp::Write, LateUnit::Table(unit))
            | (LateOp::Read, LateUnit::Port(unit)) => {
                if !self.tables.iter().any(|t| t.homes().any(|h| h.unit == unit && h.id == late.map)) {
                    return Err(format!("table unit {unit} holds no map with id {}", late.map));
                }
                if late.offset >= 1 << 20 {
                    return Err(format!("table offset {} is not below 2^20", late.offset));
                }
                if late.op == LateOp::Add && late.size.bytes() < Size::B4.bytes() {
                    return Err("tables add 4 or 8 bytes".into());
                }
                Ok(())
            }
            (op, unit) => Err(format!("`{op}` on a stage with {unit:?}")),
        }
    }
}

/// A load and the late result that arrives in its stage take the same way into the registers.
fn check_arrival(target: &Target, stage: u32, stages: &[StageWord]) -> Result<(), String> {
    let Some(from) = target.late_arrives(stage) else { return Ok(()) };
    let arrives =
        stages[from as usize].late.is_some_and(|late| late.op.has_result() && late.guard != Guard::Never);
    match stages[stage as usize].lsu {
        Some(LsuWord::Load { guard, .. }) if arrives && guard != Guard::Never => {
            Err(format!("the load writes a register where the late result of stage {from} does"))
        }
        _ => Ok(()),
    }
}

fn check_offset(offset: i16) -> Result<(), String> {
    if (-2048..2048).contains(&offset) {
        Ok(())
    } else {
        Err(format!("offset {offset} has more than 12 bits"))
    }
}
