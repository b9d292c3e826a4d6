// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The maps of a loaded program: created as the object declares them, never pinned.
//!
//! The kernel holds values per CPU rounded up to 8 bytes, one slot for every possible CPU. Programs run on CPU 0 here,
//! so its slot is what a map per CPU holds; setting a value sets it on all CPUs.

use crate::sys::{MapHandle, MapParameters, is_per_cpu};
use std::io;
use weir_bpf::MapDef;
use weir_bpf::program::F_RDONLY_PROG;

/// A map of the kernel.
pub struct Map {
    handle: MapHandle,
    definition: MapDef,
}

impl Map {
    /// Creates a map with the value that its definition gives it.
    pub fn create(definition: &MapDef) -> io::Result<Map> {
        let handle = MapHandle::create(&MapParameters {
            name: &definition.name,
            map_type: definition.map_type,
            key_size: definition.key_size,
            value_size: definition.value_size,
            max_entries: definition.max_entries,
            flags: definition.flags,
        })?;
        let map = Map { handle, definition: definition.clone() };
        if let Some(initial) = &definition.initial {
            map.update(&0u32.to_le_bytes(), initial)?;
            if definition.flags & F_RDONLY_PROG != 0 {
                map.handle.freeze()?;
            }
        }
        Ok(map)
    }

    /// What the object declares.
    pub fn definition(&self) -> &MapDef {
        &self.definition
    }

    /// Descriptor, for `lddw` instructions that refer to the map.
    pub fn raw_fd(&self) -> i32 {
        self.handle.raw_fd()
    }

    /// The value of a key, as CPU 0 sees it.
    pub fn lookup(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut value = self.handle.lookup(key)?;
        if let Some(value) = &mut value {
            value.truncate(self.definition.value_size as usize);
        }
        Ok(value)
    }

    /// Sets the value of a key, on all CPUs.
    pub fn update(&self, key: &[u8], value: &[u8]) -> io::Result<()> {
        if value.len() != self.definition.value_size as usize {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if !is_per_cpu(self.definition.map_type) {
            return self.handle.update(key, value);
        }
        let mut slot = value.to_vec();
        slot.resize(value.len().next_multiple_of(8), 0);
        let cpus = self.handle.value_bytes() / slot.len();
        self.handle.update(key, &slot.repeat(cpus))
    }

    /// Removes a key.
    pub fn delete(&self, key: &[u8]) -> io::Result<()> {
        self.handle.delete(key)
    }

    /// All keys with their values as CPU 0 sees them, sorted by key.
    pub fn entries(&self) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut entries = Vec::new();
        let mut key = self.handle.next_key(None)?;
        while let Some(current) = key {
            if let Some(value) = self.lookup(&current)? {
                entries.push((current.clone(), value));
            }
            key = self.handle.next_key(Some(&current))?;
        }
        entries.sort();
        Ok(entries)
    }
}
