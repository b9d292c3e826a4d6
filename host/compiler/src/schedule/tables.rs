// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which map lies in which table unit. A map is assigned when its first access is placed, to the unit there, as long as
//! the rest can still be accommodated.

use crate::diag::{Diagnostic, codes};
use crate::ssa::table_bytes;
use std::collections::BTreeMap;
use weir_bpf::{MapDef, MapType, Object, Program};
use weir_pipeline::{MapKind, Table, Target};

/// Maps and table units.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Words of 8 bytes by map.
    words: BTreeMap<usize, u64>,
    /// Unit by map.
    units: BTreeMap<usize, u32>,
    capacity: Vec<u64>,
    places: Vec<u32>,
}

impl Tables {
    /// The maps that a program refers to, not yet assigned.
    pub fn new(object: &Object, program: &Program, target: &Target) -> Result<Tables, Vec<Diagnostic>> {
        let words: BTreeMap<usize, u64> = program
            .relocations
            .iter()
            .filter_map(|r| Some((r.map, table_bytes(object.maps.get(r.map)?) / 8)))
            .collect();
        let units = target.table_units() as usize;
        let tables = Tables {
            words,
            units: BTreeMap::new(),
            capacity: vec![target.units.tables.words.into(); units],
            places: vec![target.units.tables.maps; units],
        };
        if tables.accommodates() {
            return Ok(tables);
        }
        let mut error = Diagnostic::error(
            codes::TABLE_MEMORY,
            format!("the maps do not fit into the table units of target `{}`", target.name),
        )
        .note(format!(
            "{units} table units, each for {} bytes and {} maps",
            u64::from(target.units.tables.words) * 8,
            target.units.tables.maps
        ));
        for (map, words) in &tables.words {
            error = error.note(format!("map `{}` takes {} bytes", object.maps[*map].name, words * 8));
        }
        Err(vec![error])
    }

    /// Unit of a map, if it has one.
    pub fn unit(&self, map: usize) -> Option<u32> {
        self.units.get(&map).copied()
    }

    /// Whether an access to a map can be in this unit.
    pub fn can_use(&self, map: usize, unit: u32) -> bool {
        match self.unit(map) {
            Some(known) => known == unit,
            None => {
                let mut trial = self.clone();
                trial.assign(map, unit) && trial.accommodates()
            }
        }
    }

    /// Puts a map into a unit; false if it has no room.
    pub fn assign(&mut self, map: usize, unit: u32) -> bool {
        if let Some(known) = self.unit(map) {
            return known == unit;
        }
        let words = self.words.get(&map).copied().unwrap_or(0);
        let (Some(capacity), Some(places)) =
            (self.capacity.get_mut(unit as usize), self.places.get_mut(unit as usize))
        else {
            return false;
        };
        if *capacity < words || *places == 0 {
            return false;
        }
        *capacity -= words;
        *places -= 1;
        self.units.insert(map, unit);
        true
    }

    /// Whether the maps without a unit find one, the largest first.
    fn accommodates(&self) -> bool {
        let mut trial = self.clone();
        trial.assign_rest()
    }

    /// Gives the maps that no access needs a unit too: the host sees them.
    pub fn assign_rest(&mut self) -> bool {
        let mut rest: Vec<(u64, usize)> =
            self.words.iter().filter(|(m, _)| !self.units.contains_key(m)).map(|(m, w)| (*w, *m)).collect();
        rest.sort_unstable_by_key(|(words, map)| (std::cmp::Reverse(*words), *map));
        rest.into_iter().all(|(_, map)| (0..self.capacity.len() as u32).any(|unit| self.assign(map, unit)))
    }

    /// The tables of a pipeline, in the order of the object, and their ids by map.
    pub fn finish(mut self, maps: &[MapDef]) -> (Vec<Table>, BTreeMap<usize, u8>) {
        self.assign_rest();
        let mut next: BTreeMap<u32, (u8, u32)> = BTreeMap::new();
        let mut ids = BTreeMap::new();
        let mut tables = Vec::new();
        for (map, unit) in &self.units {
            let def = &maps[*map];
            let (id, base) = next.entry(*unit).or_insert((0, 0));
            let percpu = def.kind() == Some(MapType::PercpuArray);
            tables.push(Table {
                name: def.name.clone(),
                kind: if percpu { MapKind::PercpuArray } else { MapKind::Array },
                key_size: def.key_size,
                value_size: def.value_size,
                max_entries: def.max_entries,
                unit: *unit,
                id: *id,
                base: *base,
                places: def.max_entries,
                keys: None,
            });
            ids.insert(*map, *id);
            *id += 1;
            *base += (table_bytes(def) / 8) as u32;
        }
        (tables, ids)
    }
}
