// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Maps of a compiled program: entries by name and key on one side, table indices on the other.
//!
//! A map that the object declares and the program never names has no table; its entries are kept aside, so that such
//! a map holds what was put into it, as it does in the kernel.

use crate::maps::{Entry, Maps, array_index};
use weir_bpf::Object;
use weir_pipeline::Pipeline;
use weir_pipeline::keys::{KEY_BYTES, Key};
use weir_pipeline::pipeline::MapKind;

/// A key of a hash map as a key unit has it: its bytes, then zeros.
fn to_key(bytes: &[u8]) -> Key {
    let mut padded = [0; KEY_BYTES as usize];
    padded.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let number = u128::from_le_bytes(padded);
    [number as u64, (number >> 64) as u64]
}

fn from_key(key: Key, size: u32) -> Vec<u8> {
    key.iter().flat_map(|word| word.to_le_bytes()).take(size as usize).collect()
}

/// Access to the tables of `model` or `rtl`, by a map's place in [`Pipeline::tables`] and an index.
pub trait TableAccess {
    /// What goes wrong with an access.
    type Error: ToString;
    /// The value of an entry.
    fn read(&mut self, map: usize, index: u32) -> Result<Vec<u8>, Self::Error>;
    /// Sets the value of an entry.
    fn write(&mut self, map: usize, index: u32, value: &[u8]) -> Result<(), Self::Error>;

    /// Gives a key of a hash map its place, at which its value is; `None` if there is no place left.
    fn insert(&mut self, _map: usize, _key: Key) -> Result<Option<u32>, String> {
        Err("this engine has no access to hash maps".into())
    }

    /// Keys of a hash map with their places.
    fn keys(&mut self, _map: usize) -> Result<Vec<(Key, u32)>, String> {
        Err("this engine has no access to hash maps".into())
    }
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
                    let index = match table.kind.is_hash() {
                        true => access.insert(map, to_key(&entry.key))?,
                        false => array_index(&entry.key).filter(|i| *i < table.max_entries),
                    };
                    let index = index.ok_or_else(|| format!("map `{name}`: no room for a key of it"))?;
                    if entry.value.len() != table.value_size as usize {
                        return Err(format!("map `{name}`: a value is not of its size"));
                    }
                    let mut value = entry.value.clone();
                    if table.kind == MapKind::Devmap {
                        // What follows the interface is a program to run there, of which there is none.
                        value.iter_mut().skip(4).for_each(|byte| *byte = 0);
                    }
                    access.write(map, index, &value).map_err(|e| e.to_string())?;
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
            let keys: Vec<(Vec<u8>, u32)> = match table.kind.is_hash() {
                true => {
                    let keys = access.keys(map)?.into_iter();
                    keys.map(|(key, place)| (from_key(key, table.key_size), place)).collect()
                }
                false => (0..table.max_entries).map(|index| (index.to_le_bytes().to_vec(), index)).collect(),
            };
            let entry = |(key, place)| {
                let value = access.read(map, place).map_err(|e| e.to_string())?;
                Ok(Entry { key, value })
            };
            let mut entries = keys.into_iter().map(entry).collect::<Result<Vec<_>, String>>()?;
            if table.kind == MapKind::Devmap {
                entries.retain(|entry| entry.value.iter().any(|byte| *byte != 0));
            }
            maps.insert(table.name.clone(), entries);
        }
        Ok(maps)
    }
}
