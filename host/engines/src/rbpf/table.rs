// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Maps for rbpf: values at fixed places of the arena, keys aside. Written for itself, not after the interpreter's, so
//! that the two can disagree.

use std::collections::BTreeMap;
use weir_bpf::{MapDef, MapType};

const NOEXIST: u64 = 1;
const EXIST: u64 = 2;
const LOCK: u64 = 4;

/// What an operation on a map returns instead of 0, as in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    NoEntry = -2,
    TooBig = -7,
    Exists = -17,
    Invalid = -22,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Array,
    /// Preallocated, an existing key's new value in another place than the old.
    Hash,
    /// Values written over.
    PercpuHash,
    /// Interfaces by index.
    Devices,
    /// Interfaces by key.
    DeviceHash,
}

/// A map.
pub struct Table {
    pub definition: MapDef,
    kind: Kind,
    /// Where its first value lies in the arena.
    base: usize,
    stride: usize,
    /// Places of the keys that there are, but for arrays.
    keys: BTreeMap<Vec<u8>, usize>,
    /// Places that are free, the next one last.
    free: Vec<usize>,
    /// First place that was never used.
    unused: usize,
    /// Place for the next new value of a key that exists.
    spare: Option<usize>,
}

impl Table {
    /// A map with its values from `base` on; `None` if it is of a kind that is not here.
    pub fn new(definition: &MapDef, base: usize) -> Option<Table> {
        let kind = match definition.kind()? {
            MapType::Array | MapType::PercpuArray => Kind::Array,
            MapType::Hash => Kind::Hash,
            MapType::PercpuHash => Kind::PercpuHash,
            MapType::Devmap => Kind::Devices,
            MapType::DevmapHash => Kind::DeviceHash,
            _ => return None,
        };
        Some(Table {
            definition: definition.clone(),
            kind,
            base,
            stride: (definition.value_size as usize).next_multiple_of(8),
            keys: BTreeMap::new(),
            free: Vec::new(),
            unused: 0,
            spare: None,
        })
    }

    /// Bytes of the arena that a map takes.
    pub fn bytes(definition: &MapDef) -> u64 {
        let places = u64::from(definition.max_entries) + 1;
        places * u64::from(definition.value_size).next_multiple_of(8)
    }

    /// Whether programs can change it.
    pub fn is_writable(&self) -> bool {
        let read_only = self.definition.flags & weir_bpf::program::F_RDONLY_PROG != 0;
        !read_only && !self.holds_devices()
    }

    /// Whether its values are interfaces.
    pub fn holds_devices(&self) -> bool {
        matches!(self.kind, Kind::Devices | Kind::DeviceHash)
    }

    fn place(&self, key: &[u8]) -> Option<usize> {
        match self.kind {
            Kind::Array => self.index(key),
            _ => self.keys.get(key).copied(),
        }
    }

    fn index(&self, key: &[u8]) -> Option<usize> {
        let index = u32::from_le_bytes(key.try_into().ok()?);
        (index < self.definition.max_entries).then_some(index as usize)
    }

    /// Address of the value of a key.
    pub fn find(&self, key: &[u8]) -> Option<usize> {
        self.place(key).map(|place| self.base + place * self.stride)
    }

    fn new_place(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.unused += 1;
            self.unused - 1
        })
    }

    /// Sets the value of a key, as a program or, for interfaces, as user space does.
    pub fn update(&mut self, arena: &mut [u8], key: &[u8], value: &[u8], flags: u64) -> Result<(), Status> {
        let known = match self.kind {
            Kind::Array => flags & !LOCK,
            _ => flags,
        };
        if known > EXIST {
            return Err(Status::Invalid);
        }
        let old = self.place(key);
        if matches!(self.kind, Kind::Array | Kind::Devices) && self.index(key).is_none() {
            return Err(Status::TooBig);
        }
        let mut value = value.to_vec();
        if self.holds_devices() {
            let (interface, program) = value.split_at_mut(4);
            program.fill(0);
            match (self.kind, interface.iter().all(|byte| *byte == 0)) {
                (Kind::Devices, true) => {
                    self.free.extend(self.keys.remove(key));
                    return Ok(());
                }
                (_, true) => return Err(Status::Invalid),
                _ => {}
            }
        }
        match (old, known) {
            (Some(_), NOEXIST) => return Err(Status::Exists),
            (None, EXIST) if matches!(self.kind, Kind::Hash | Kind::PercpuHash) => {
                return Err(Status::NoEntry);
            }
            _ if flags & LOCK != 0 => return Err(Status::Invalid),
            _ => {}
        }
        let place = match (self.kind, old) {
            (Kind::Hash, Some(old)) => {
                let place = self.spare.take().unwrap_or_else(|| {
                    self.unused += 1;
                    self.unused - 1
                });
                self.spare = Some(old);
                place
            }
            (_, Some(old)) => old,
            (_, None) if self.keys.len() >= self.definition.max_entries as usize => {
                return Err(Status::TooBig);
            }
            (_, None) => self.new_place(),
        };
        if self.kind != Kind::Array {
            self.keys.insert(key.to_vec(), place);
        }
        let start = self.base + place * self.stride;
        arena[start..start + value.len()].copy_from_slice(&value);
        Ok(())
    }

    /// Removes a key.
    pub fn delete(&mut self, key: &[u8]) -> Result<(), Status> {
        if self.kind == Kind::Array {
            return Err(Status::Invalid);
        }
        self.free.push(self.keys.remove(key).ok_or(Status::NoEntry)?);
        Ok(())
    }

    /// All keys with the addresses of their values.
    pub fn entries(&self) -> Vec<(Vec<u8>, usize)> {
        let address = |place: usize| self.base + place * self.stride;
        match self.kind {
            Kind::Array => {
                let index = |index: u32| (index.to_le_bytes().to_vec(), address(index as usize));
                (0..self.definition.max_entries).map(index).collect()
            }
            _ => self.keys.iter().map(|(key, place)| (key.clone(), address(*place))).collect(),
        }
    }
}
