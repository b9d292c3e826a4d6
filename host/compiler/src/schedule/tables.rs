// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which map lies in which table unit, and which one's keys in which key unit. A map is assigned when its first access is
//! placed, to the unit there, as long as the rest can still be accommodated. So are parts of maps that lie apart.

use super::parts::{self, Parts};
use crate::dag::{Dag, Kind};
use crate::diag::{Diagnostic, codes};
use crate::ssa::layout::Layout;
use std::collections::{BTreeMap, BTreeSet};
use weir_bpf::{MapDef, Object, Program};
use weir_pipeline::pipeline::{self, KeyPlace, Part};
use weir_pipeline::words::LateOp;
use weir_pipeline::{MapKind, Table, Target};

/// A unit that holds values, or keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Table unit.
    Table(u32),
    /// Key unit.
    Keys(u32),
}

/// Units of one kind and what they hold. Sizes are words of a table unit, or buckets of a key unit.
#[derive(Clone, Debug)]
struct Units {
    /// Size by map.
    sizes: BTreeMap<usize, u64>,
    /// Unit by map.
    homes: BTreeMap<usize, u32>,
    capacity: Vec<u64>,
    places: Vec<u32>,
}

impl Units {
    fn new(sizes: BTreeMap<usize, u64>, units: u32, capacity: u32, places: u32) -> Units {
        let units = units as usize;
        let (capacity, places) = (vec![capacity.into(); units], vec![places; units]);
        Units { sizes, homes: BTreeMap::new(), capacity, places }
    }

    fn can_use(&self, map: usize, unit: u32) -> bool {
        match self.homes.get(&map) {
            Some(known) => *known == unit,
            None => {
                let mut trial = self.clone();
                trial.assign(map, unit) && trial.accommodates()
            }
        }
    }

    fn assign(&mut self, map: usize, unit: u32) -> bool {
        if let Some(known) = self.homes.get(&map) {
            return *known == unit;
        }
        let size = self.sizes.get(&map).copied().unwrap_or(0);
        let (Some(capacity), Some(places)) =
            (self.capacity.get_mut(unit as usize), self.places.get_mut(unit as usize))
        else {
            return false;
        };
        if *capacity < size || *places == 0 {
            return false;
        }
        *capacity -= size;
        *places -= 1;
        self.homes.insert(map, unit);
        true
    }

    /// Whether the maps without a unit find one, the largest first.
    fn accommodates(&self) -> bool {
        self.clone().assign_rest()
    }

    fn assign_rest(&mut self) -> bool {
        let mut rest: Vec<(u64, usize)> =
            self.sizes.iter().filter(|(m, _)| !self.homes.contains_key(m)).map(|(m, s)| (*s, *m)).collect();
        rest.sort_unstable_by_key(|(size, map)| (std::cmp::Reverse(*size), *map));
        rest.into_iter().all(|(_, map)| (0..self.capacity.len() as u32).any(|unit| self.assign(map, unit)))
    }

    /// Unit, id and first word or bucket by map: in each unit the largest first, which aligns powers of two.
    fn finish(&self) -> BTreeMap<usize, (u32, u8, u32)> {
        let mut order: Vec<(usize, u32)> = self.homes.iter().map(|(map, unit)| (*map, *unit)).collect();
        order.sort_by_key(|(map, _)| std::cmp::Reverse(self.sizes[map]));
        let mut next: BTreeMap<u32, (u8, u32)> = BTreeMap::new();
        let place = |(map, unit): (usize, u32)| {
            let (id, base) = next.entry(unit).or_insert((0, 0));
            let place = (unit, *id, *base);
            *id += 1;
            *base += self.sizes[&map] as u32;
            (map, place)
        };
        order.into_iter().map(place).collect()
    }
}

/// Maps, table units and key units.
#[derive(Clone, Debug)]
pub struct Tables {
    layouts: Vec<Layout>,
    values: Units,
    keys: Units,
    /// Maps and parts of maps whose first read waits for a lookup port.
    patient: BTreeSet<usize>,
    parts: Parts,
}

/// Ids of maps, as words carry them.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    values: BTreeMap<usize, u8>,
    keys: BTreeMap<usize, u8>,
    parts: Parts,
}

impl Ids {
    /// Id of a map in the unit that does `op`, which can meet these bytes of its values.
    pub fn of(&self, op: LateOp, map: usize, span: (u32, u32)) -> u8 {
        let ids = if op.is_key() { &self.keys } else { &self.values };
        ids.get(&self.parts.of(map, span)).copied().unwrap_or(0)
    }
}

impl Tables {
    /// The maps that a program refers to, not yet assigned.
    pub fn new(
        object: &Object,
        program: &Program,
        target: &Target,
        layouts: &[Layout],
        dag: &Dag,
    ) -> Result<Tables, Vec<Diagnostic>> {
        // Read-only data of which every load has become a constant needs no place.
        let needed = |map: &usize| {
            object.maps.get(*map).is_none_or(|def| !def.is_constant())
                || dag.nodes.iter().any(|n| matches!(n.kind, Kind::Late { map: Some(m), .. } if m == *map))
        };
        let used = || {
            let maps = program.relocations.iter().map(|r| r.map).filter(needed);
            maps.filter_map(|map| Some((map, *layouts.get(map)?)))
        };
        let words = used().map(|(map, layout)| (map, layout.bytes() / 8)).collect();
        let hashes = used().filter(|(_, layout)| layout.is_hash());
        let buckets = hashes.map(|(map, layout)| (map, layout.buckets.into())).collect();
        let (tables, keys) = (target.units.tables, target.units.keys);
        let tables = Tables {
            layouts: layouts.to_vec(),
            values: Units::new(words, target.table_units(), tables.words, tables.maps),
            keys: Units::new(buckets, target.key_units(), keys.buckets, keys.maps),
            patient: BTreeSet::new(),
            parts: Parts::new(layouts.len()),
        };
        let refusals: Vec<Diagnostic> = [
            (!tables.values.accommodates()).then(|| values_refused(&tables.values, object, target)),
            (!tables.keys.accommodates()).then(|| keys_refused(&tables.keys, object, target)),
        ]
        .into_iter()
        .flatten()
        .collect();
        if refusals.is_empty() { Ok(tables) } else { Err(refusals) }
    }

    /// Unit of a map's keys, if it has one.
    pub fn key_unit(&self, map: usize) -> Option<u32> {
        self.keys.homes.get(&map).copied()
    }

    /// The number that stands for what an access meets: that of the map, or of a part of it that lies apart.
    pub fn part(&self, map: usize, span: (u32, u32)) -> usize {
        self.parts.of(map, span)
    }

    /// The same with words apart that no access meets together, the smallest maps first, as long as there is room; `None`
    /// if there are none.
    pub fn apart(&self, dag: &Dag) -> Option<Tables> {
        let mut maps: Vec<(u64, usize)> = self.values.sizes.iter().map(|(map, size)| (*size, *map)).collect();
        maps.sort_unstable();
        let mut best = None;
        for (size, map) in maps {
            let mut trial = best.as_ref().unwrap_or(self).clone();
            let meetings = parts::meetings(dag, map);
            for words in meetings.iter().skip(1) {
                let part = trial.parts.push(*words);
                trial.values.sizes.insert(part, size);
            }
            if meetings.len() > 1 && trial.values.accommodates() {
                best = Some(trial);
            }
        }
        best
    }

    /// The same for a schedule that reads maps at a lookup port first if it changes them later; `None` if there is no such
    /// map.
    pub fn patient(&self, dag: &Dag) -> Option<Tables> {
        let accesses = |wanted: fn(LateOp) -> bool| {
            let maps = dag.nodes.iter().filter_map(|node| match node.kind {
                Kind::Late { op, map: Some(map), span, .. } if wanted(op) => Some(self.part(map, span)),
                _ => None,
            });
            maps.collect::<BTreeSet<usize>>()
        };
        let read = accesses(|op| op == LateOp::Read);
        let changed = accesses(|op| matches!(op, LateOp::Add | LateOp::Write));
        let patient: BTreeSet<usize> = read.intersection(&changed).copied().collect();
        (!patient.is_empty()).then(|| Tables { patient, ..self.clone() })
    }

    /// Whether an access to a map can be in this table unit, not a port of it.
    pub fn can_use_table(&self, map: usize, op: LateOp, unit: u32) -> bool {
        let waits =
            op == LateOp::Read && self.patient.contains(&map) && !self.values.homes.contains_key(&map);
        !waits && self.values.can_use(map, unit)
    }

    /// Whether an access to a map can be in this unit, or a port of it.
    pub fn can_use(&self, map: usize, home: Home) -> bool {
        match home {
            Home::Table(unit) => self.values.can_use(map, unit),
            Home::Keys(unit) => self.keys.can_use(map, unit),
        }
    }

    /// Puts a map into a unit; false if it has no room.
    pub fn assign(&mut self, map: usize, home: Home) -> bool {
        match home {
            Home::Table(unit) => self.values.assign(map, unit),
            Home::Keys(unit) => self.keys.assign(map, unit),
        }
    }

    /// The tables of a pipeline, in the order of the object, and their ids. Maps that no access needs get a unit too:
    /// the host sees them.
    pub fn finish(mut self, maps: &[MapDef]) -> (Vec<Table>, Ids) {
        self.values.assign_rest();
        self.keys.assign_rest();
        let (values, keys) = (self.values.finish(), self.keys.finish());
        let mut ids = Ids { parts: self.parts.clone(), ..Ids::default() };
        let mut apart: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
        for (number, (unit, id, base)) in &values {
            let home = pipeline::Home { unit: *unit, id: *id, base: *base };
            if let Some(words) = self.parts.words(*number) {
                let part = Part { first: words.first, end: words.end, home };
                apart.entry(words.map).or_default().push(part);
                ids.values.insert(*number, *id);
            }
        }
        let mut tables = Vec::new();
        for (map, (unit, id, base)) in values.into_iter().filter(|(map, _)| *map < maps.len()) {
            let (def, layout) = (&maps[map], self.layouts[map]);
            ids.values.insert(map, id);
            let keys = keys.get(&map).map(|(unit, id, base)| {
                ids.keys.insert(map, *id);
                KeyPlace { unit: *unit, id: *id, base: *base, buckets: layout.buckets }
            });
            tables.push(Table {
                name: def.name.clone(),
                kind: layout.kind.unwrap_or(MapKind::Array),
                key_size: def.key_size,
                value_size: def.value_size,
                max_entries: def.max_entries,
                unit,
                id,
                base,
                places: layout.places,
                keys,
                parts: apart.remove(&map).unwrap_or_default(),
            });
        }
        (tables, ids)
    }
}

fn values_refused(units: &Units, object: &Object, target: &Target) -> Diagnostic {
    let mut error = Diagnostic::error(
        codes::TABLE_MEMORY,
        format!("the maps do not fit into the table units of target `{}`", target.name),
    )
    .note(format!(
        "{} table units, each for {} bytes and {} maps",
        units.capacity.len(),
        u64::from(target.units.tables.words) * 8,
        target.units.tables.maps
    ));
    for (map, words) in &units.sizes {
        error = error.note(format!("map `{}` takes {} bytes", object.maps[*map].name, words * 8));
    }
    error
}

fn keys_refused(units: &Units, object: &Object, target: &Target) -> Diagnostic {
    let keys = target.units.keys;
    let mut error = Diagnostic::error(
        codes::TABLE_MEMORY,
        format!("the keys do not fit into the key units of target `{}`", target.name),
    )
    .note(format!(
        "{} key units, each for {} buckets and {} maps",
        units.capacity.len(),
        keys.buckets,
        keys.maps
    ));
    for (map, buckets) in &units.sizes {
        let def = &object.maps[*map];
        let (name, entries) = (&def.name, def.max_entries);
        error = error.note(format!("map `{name}` of {entries} entries takes {buckets} buckets"));
    }
    error
}
