// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Maps of a compiled program: entries by name and key on one side, table indices on the other.
//!
//! A map that the object declares and the program never names has no table; its entries are kept aside, so that such
//! a map holds what was put into it, as it does in the kernel.

use crate::maps::{Entry, Maps, array_index};
use weir_bpf::Object;
use weir_pipeline::Pipeline;

/// Access to the tables of `model` or `rtl`, by a map's place in [`Pipeline::tables`] and an index.
pub trait TableAccess {
    /// What goes wrong with an access.
    type Error: ToString;
    /// The value of an entry.
    fn read(&mut self, map: usize, index: u32) -> Result<Vec<u8>, Self::Error>;
    /// Sets the value of an entry.
    fn write(&mut self, map: usize, index: u32, value: &[u8]) -> Result<(), Self::Error>;
}

/// The maps of an object, those in tables and those aside.
pub struct Tables {
    pipeline: Pipeline,
    aside: Maps,
}

impl Tables {
    /// Maps of `object` as `pipeline` places them; static data gets its first value.
    pub fn new<A: TableAccess>(
        object: &Object,
        pipeline: &Pipeline,
        access: &mut A,
    ) -> Result<Tables, String> {
        let mut tables = Tables { pipeline: pipeline.clone(), aside: Maps::new() };
        for definition in &object.maps {
            if tables.place(&definition.name).is_none() {
                tables.aside.insert(definition.name.clone(), Vec::new());
            }
            if let Some(initial) = &definition.initial {
                let entry = Entry { key: vec![0; 4], value: initial.clone() };
                tables.set(&Maps::from([(definition.name.clone(), vec![entry])]), access)?;
            }
        }
        Ok(tables)
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.pipeline.tables.iter().position(|t| t.name == name)
    }

    /// Sets entries.
    pub fn set<A: TableAccess>(&mut self, maps: &Maps, access: &mut A) -> Result<(), String> {
        for (name, entries) in maps {
            for entry in entries {
                if let Some(map) = self.place(name) {
                    let table = &self.pipeline.tables[map];
                    let index = array_index(&entry.key).filter(|i| *i < table.max_entries);
                    let index = index.ok_or_else(|| format!("map `{name}`: a key is not an index of it"))?;
                    if entry.value.len() != table.value_size as usize {
                        return Err(format!("map `{name}`: a value is not of its size"));
                    }
                    access.write(map, index, &entry.value).map_err(|e| e.to_string())?;
                } else if let Some(known) = self.aside.get_mut(name) {
                    known.retain(|e| e.key != entry.key);
                    known.push(entry.clone());
                } else {
                    return Err(format!("no map `{name}`"));
                }
            }
        }
        Ok(())
    }

    /// All entries.
    pub fn get<A: TableAccess>(&self, access: &mut A) -> Result<Maps, String> {
        let mut maps = self.aside.clone();
        for (map, table) in self.pipeline.tables.iter().enumerate() {
            let entry = |index: u32| {
                let value = access.read(map, index).map_err(|e| e.to_string())?;
                Ok(Entry { key: index.to_le_bytes().to_vec(), value })
            };
            let entries = (0..table.max_entries).map(entry).collect::<Result<Vec<_>, String>>()?;
            maps.insert(table.name.clone(), entries);
        }
        Ok(maps)
    }
}
