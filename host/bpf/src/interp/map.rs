// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Maps as the kernel keeps them, with one CPU: arrays and hash tables, what calls on them return included.
//!
//! Values live in slots, and a program's pointer to a value is a slot's. As in the kernel, an update of a plain hash
//! table puts the new value into another slot, so that an older pointer still sees the old value, while per-CPU
//! values and arrays are written in place; a deleted slot keeps its bytes until it is used again. The oldest entry
//! makes room in an LRU table, where the kernel's choice is only approximately that. Maps of devices hold interface
//! numbers; whether such an interface exists is not asked.

use std::collections::{BTreeMap, HashMap};

use crate::program::{F_RDONLY_PROG, MapDef, MapType};

/// Most bytes of values in one map.
const MAX_BYTES: u64 = 1 << 30;

/// Flag of an update: the key must not exist.
pub const NOEXIST: u64 = 1;
/// Flag of an update: the key must exist.
pub const EXIST: u64 = 2;
/// Flag of an update: under the value's lock, which no value here has.
const LOCK: u64 = 4;

/// Errors of map operations, by the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Errno {
    /// No such entry.
    #[error("no such entry (ENOENT)")]
    NoEntry = 2,
    /// No room, or index out of range.
    #[error("no room for the key (E2BIG)")]
    TooBig = 7,
    /// An offset that no packet reaches.
    #[error("bad address (EFAULT)")]
    Fault = 14,
    /// The entry exists.
    #[error("the entry exists (EEXIST)")]
    Exists = 17,
    /// The arguments have no meaning for this map.
    #[error("not possible with this map (EINVAL)")]
    Invalid = 22,
}

/// Why there is no map to work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// No map has that name.
    #[error("no map `{0}`")]
    NoSuchMap(String),
    /// Not a type that is interpreted.
    #[error("map `{name}`: type {kind} is not supported by the interpreter")]
    Unsupported {
        /// Name of the map.
        name: String,
        /// Its type.
        kind: String,
    },
    /// The kernel would not create it.
    #[error("map `{name}`: {reason}")]
    Definition {
        /// Name of the map.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A key or value of the wrong length.
    #[error("map `{name}`: the {what} has {got} bytes, not {expected}")]
    Length {
        /// Name of the map.
        name: String,
        /// "key" or "value".
        what: &'static str,
        /// Bytes given.
        got: usize,
        /// Bytes of the map's keys or values.
        expected: usize,
    },
    /// The map refuses.
    #[error("map `{name}`: {errno}")]
    Refused {
        /// Name of the map.
        name: String,
        /// Why.
        errno: Errno,
    },
}

/// An entry of a map: key and value.
pub type Entry = (Vec<u8>, Vec<u8>);

#[derive(Clone)]
enum Index {
    Array,
    Hash {
        slots: HashMap<Vec<u8>, usize>,
        /// Used slots by time of last use, for LRU tables only.
        by_age: Option<Ages>,
        free: Vec<usize>,
        /// Takes the new value of a key that exists; the old value's slot is the next spare one.
        spare: Option<usize>,
        in_place: bool,
    },
}

#[derive(Clone, Default)]
struct Ages {
    clock: u64,
    of_key: HashMap<Vec<u8>, u64>,
    keys: BTreeMap<u64, Vec<u8>>,
}

impl Ages {
    fn touch(&mut self, key: &[u8]) {
        self.remove(key);
        self.clock += 1;
        self.of_key.insert(key.to_vec(), self.clock);
        self.keys.insert(self.clock, key.to_vec());
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(age) = self.of_key.remove(key) {
            self.keys.remove(&age);
        }
    }
}

/// A map with its contents.
#[derive(Clone)]
pub struct Map {
    def: MapDef,
    index: Index,
    values: Vec<u8>,
    /// Distance of slots in `values`.
    stride: usize,
}

impl Map {
    /// An empty map (or one with its initial value).
    pub fn new(def: &MapDef) -> Result<Map, MapError> {
        let broken = |reason| MapError::Definition { name: def.name.clone(), reason };
        let hash = |lru: bool, in_place| Index::Hash {
            slots: HashMap::new(),
            by_age: lru.then(Ages::default),
            free: Vec::new(),
            spare: None,
            in_place,
        };
        let index = match def.kind() {
            Some(MapType::Array | MapType::PercpuArray) => Index::Array,
            Some(MapType::Hash) => hash(false, false),
            Some(MapType::PercpuHash) => hash(false, true),
            Some(MapType::LruHash) => hash(true, false),
            Some(MapType::LruPercpuHash) => hash(true, true),
            Some(MapType::Devmap | MapType::DevmapHash) => hash(false, true),
            _ => return Err(MapError::Unsupported { name: def.name.clone(), kind: def.type_name() }),
        };
        if def.key_size == 0 || def.value_size == 0 || def.max_entries == 0 {
            return Err(broken("a size of zero"));
        }
        if matches!(index, Index::Array) && def.key_size != 4 {
            return Err(broken("the keys of an array have 4 bytes"));
        }
        let devices = matches!(def.kind(), Some(MapType::Devmap | MapType::DevmapHash));
        if devices && !(def.key_size == 4 && matches!(def.value_size, 4 | 8)) {
            return Err(broken("the keys of a map of devices have 4 bytes, its values 4 or 8"));
        }
        let stride = u64::from(def.value_size).next_multiple_of(8);
        let bytes = stride * u64::from(def.max_entries);
        if bytes > MAX_BYTES || u64::from(def.max_entries) * u64::from(def.key_size) > MAX_BYTES {
            return Err(broken("more than 1 GiB of values or keys"));
        }
        let mut map = Map { def: def.clone(), index, values: Vec::new(), stride: stride as usize };
        if matches!(map.index, Index::Array) {
            map.values = vec![0; bytes as usize];
        }
        if let Some(initial) = &def.initial {
            let first =
                map.values.get_mut(..initial.len()).filter(|_| initial.len() <= def.value_size as usize);
            first.ok_or_else(|| broken("the initial value is too long"))?.copy_from_slice(initial);
        }
        Ok(map)
    }

    /// How it was declared.
    pub fn def(&self) -> &MapDef {
        &self.def
    }

    /// Whether programs may write to values.
    pub fn writable(&self) -> bool {
        self.def.flags & F_RDONLY_PROG == 0 && !self.holds_devices()
    }

    /// Whether it is a map of devices.
    pub fn holds_devices(&self) -> bool {
        matches!(self.def.kind(), Some(MapType::Devmap | MapType::DevmapHash))
    }

    fn slot_of_index(&self, key: &[u8]) -> Option<usize> {
        let index = key.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))?;
        (index < self.def.max_entries).then_some(index as usize)
    }

    /// The slot of a key, as seen by somebody who only looks.
    fn find(&self, key: &[u8]) -> Option<usize> {
        match &self.index {
            Index::Array => self.slot_of_index(key),
            Index::Hash { slots, .. } => slots.get(key).copied(),
        }
    }

    /// Byte offset of a key's value, for `map_lookup_elem`.
    pub fn lookup(&mut self, key: &[u8]) -> Option<usize> {
        let slot = self.find(key)?;
        if let Index::Hash { by_age: Some(ages), .. } = &mut self.index {
            ages.touch(key);
        }
        Some(slot * self.stride)
    }

    /// Bytes of a value, if `offset..offset + length` lies in one.
    pub fn bytes(&self, offset: usize, length: usize) -> Option<&[u8]> {
        let end = offset.checked_add(length)?;
        if offset % self.stride + length > self.def.value_size as usize {
            return None;
        }
        self.values.get(offset..end)
    }

    /// The same, to be written.
    pub fn bytes_mut(&mut self, offset: usize, length: usize) -> Option<&mut [u8]> {
        self.bytes(offset, length)?;
        self.values.get_mut(offset..offset + length)
    }

    fn write(&mut self, slot: usize, value: &[u8]) {
        let start = slot * self.stride;
        if self.values.len() < start + self.stride {
            self.values.resize(start + self.stride, 0);
        }
        self.values[start..start + value.len()].copy_from_slice(value);
    }

    /// `map_update_elem`. Key and value have the lengths of the definition.
    pub fn update(&mut self, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno> {
        if self.holds_devices() {
            return self.set_device(key, value, flags);
        }
        let locks = matches!(self.index, Index::Array) && flags & LOCK != 0;
        if flags > EXIST && !(locks && flags & !LOCK <= EXIST) {
            return Err(Errno::Invalid);
        }
        let found = self.find(key);
        let max_entries = self.def.max_entries as usize;
        let slot = match &mut self.index {
            Index::Array => match found {
                None => return Err(Errno::TooBig),
                Some(_) if flags & NOEXIST != 0 => return Err(Errno::Exists),
                Some(_) if locks => return Err(Errno::Invalid),
                Some(slot) => slot,
            },
            Index::Hash { slots, by_age, free, spare, in_place } => {
                match (found, flags) {
                    (Some(_), NOEXIST) => return Err(Errno::Exists),
                    (None, EXIST) => return Err(Errno::NoEntry),
                    (None, _) if slots.len() >= max_entries => {
                        let Some(ages) = by_age else { return Err(Errno::TooBig) };
                        if let Some((_, oldest)) = ages.keys.pop_first() {
                            ages.of_key.remove(&oldest);
                            free.extend(slots.remove(&oldest));
                        }
                    }
                    _ => {}
                }
                let unused = slots.len() + free.len() + usize::from(spare.is_some());
                let slot = match found {
                    Some(slot) if *in_place => slot,
                    Some(old) => spare.replace(old).unwrap_or(unused),
                    None => free.pop().unwrap_or(unused),
                };
                slots.insert(key.to_vec(), slot);
                if let Some(ages) = by_age {
                    ages.touch(key);
                }
                slot
            }
        };
        self.write(slot, value);
        Ok(())
    }

    /// What user space does to a map of devices; programs cannot change it.
    fn set_device(&mut self, key: &[u8], value: &[u8], flags: u64) -> Result<(), Errno> {
        let (interface, program) = (number(value, 0), number(value, 4) as i32);
        let (found, hash) = (self.find(key), self.def.kind() == Some(MapType::DevmapHash));
        if flags > EXIST || (hash && interface == 0) {
            return Err(Errno::Invalid);
        }
        if !hash && number(key, 0) >= self.def.max_entries {
            return Err(Errno::TooBig);
        }
        if flags == NOEXIST && (found.is_some() || !hash) {
            return Err(Errno::Exists);
        }
        // A program that would run for the entry: there are none here.
        if program > 0 {
            return Err(Errno::Invalid);
        }
        let Index::Hash { slots, free, .. } = &mut self.index else { return Err(Errno::Invalid) };
        if interface == 0 {
            free.extend(slots.remove(key));
            return Ok(());
        }
        if found.is_none() && slots.len() >= self.def.max_entries as usize {
            return Err(Errno::TooBig);
        }
        let unused = slots.len() + free.len();
        let slot = found.or_else(|| free.pop()).unwrap_or(unused);
        slots.insert(key.to_vec(), slot);
        let mut stored = interface.to_le_bytes().to_vec();
        stored.resize(value.len(), 0);
        self.write(slot, &stored);
        Ok(())
    }

    /// The interface that a map of devices has for a key.
    pub fn device(&self, key: u32) -> Option<u32> {
        self.get(&key.to_le_bytes()).map(|value| number(&value, 0))
    }

    /// `map_delete_elem`.
    pub fn delete(&mut self, key: &[u8]) -> Result<(), Errno> {
        if self.def.kind() == Some(MapType::Devmap) {
            let inside = number(key, 0) < self.def.max_entries;
            return if inside { self.set_device(key, &[0; 8], 0) } else { Err(Errno::Invalid) };
        }
        let Index::Hash { slots, by_age, free, .. } = &mut self.index else { return Err(Errno::Invalid) };
        let slot = slots.remove(key).ok_or(Errno::NoEntry)?;
        free.push(slot);
        if let Some(ages) = by_age {
            ages.remove(key);
        }
        Ok(())
    }

    /// A copy of the value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let slot = self.find(key)?;
        self.bytes(slot * self.stride, self.def.value_size as usize).map(<[u8]>::to_vec)
    }

    /// All entries: of an array by index, of a hash table sorted by the bytes of the keys.
    pub fn entries(&self) -> Vec<Entry> {
        let value = |slot: usize| {
            let start = slot * self.stride;
            self.values[start..start + self.def.value_size as usize].to_vec()
        };
        match &self.index {
            Index::Array => (0..self.def.max_entries)
                .map(|index| (index.to_le_bytes().to_vec(), value(index as usize)))
                .collect(),
            Index::Hash { slots, .. } => {
                let mut entries: Vec<Entry> =
                    slots.iter().map(|(key, slot)| (key.clone(), value(*slot))).collect();
                entries.sort();
                entries
            }
        }
    }

    fn check(&self, what: &'static str, bytes: &[u8], expected: u32) -> Result<(), MapError> {
        if bytes.len() == expected as usize {
            return Ok(());
        }
        let name = self.def.name.clone();
        Err(MapError::Length { name, what, got: bytes.len(), expected: expected as usize })
    }

    pub(super) fn check_key(&self, key: &[u8]) -> Result<(), MapError> {
        self.check("key", key, self.def.key_size)
    }

    pub(super) fn check_value(&self, value: &[u8]) -> Result<(), MapError> {
        self.check("value", value, self.def.value_size)
    }
}

/// The 32-bit number at an offset; 0 where there is none.
fn number(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(kind: MapType, max_entries: u32) -> Map {
        let def = MapDef {
            name: "m".to_string(),
            map_type: kind as u32,
            key_size: 4,
            value_size: 4,
            max_entries,
            ..MapDef::default()
        };
        Map::new(&def).expect("a good definition")
    }

    fn at(map: &Map, offset: usize) -> u32 {
        u32::from_le_bytes(map.bytes(offset, 4).and_then(|b| b.first_chunk().copied()).expect("inside"))
    }

    /// The kernel's return values, from kernel/bpf/{arraymap,hashtab}.c.
    #[test]
    fn errors_are_the_kernels() {
        let (one, two, three) = (1u32.to_le_bytes(), 2u32.to_le_bytes(), 3u32.to_le_bytes());
        let mut array = map(MapType::Array, 2);
        assert_eq!(array.update(&two, &one, 0), Err(Errno::TooBig));
        assert_eq!(array.update(&one, &one, NOEXIST), Err(Errno::Exists));
        assert_eq!(array.update(&one, &one, EXIST), Ok(()));
        assert_eq!(array.update(&one, &one, 4), Err(Errno::Invalid));
        assert_eq!(array.delete(&one), Err(Errno::Invalid));
        assert_eq!(array.lookup(&two), None);
        let mut hash = map(MapType::Hash, 2);
        assert_eq!(hash.update(&one, &one, EXIST), Err(Errno::NoEntry));
        assert_eq!(hash.update(&one, &one, NOEXIST), Ok(()));
        assert_eq!(hash.update(&one, &one, NOEXIST), Err(Errno::Exists));
        assert_eq!(hash.update(&two, &one, 0), Ok(()));
        assert_eq!(hash.update(&three, &one, 0), Err(Errno::TooBig));
        assert_eq!(hash.update(&two, &three, 0), Ok(()), "a full table can be updated");
        assert_eq!(hash.delete(&three), Err(Errno::NoEntry));
        assert_eq!(hash.delete(&one), Ok(()));
        assert_eq!(hash.update(&three, &one, 0), Ok(()));
        assert_eq!(hash.entries(), [(two.to_vec(), three.to_vec()), (three.to_vec(), one.to_vec())]);
        let mut lru = map(MapType::LruHash, 2);
        for key in [one, two] {
            assert_eq!(lru.update(&key, &one, 0), Ok(()));
        }
        assert!(lru.lookup(&one).is_some());
        assert_eq!(lru.update(&three, &one, 0), Ok(()));
        assert_eq!(lru.get(&two), None, "the oldest makes room");
    }

    #[test]
    fn an_older_pointer_sees_the_older_value_but_per_cpu() {
        let (key, one, two) = (7u32.to_le_bytes(), 1u32.to_le_bytes(), 2u32.to_le_bytes());
        for (kind, seen) in [(MapType::Hash, 1), (MapType::PercpuHash, 2), (MapType::LruHash, 1)] {
            let mut map = map(kind, 1);
            assert_eq!(map.update(&key, &one, 0), Ok(()));
            let pointer = map.lookup(&key).expect("it is there");
            assert_eq!(map.update(&key, &two, 0), Ok(()));
            assert_eq!(at(&map, pointer), seen, "{kind:?}");
            assert_eq!(map.get(&key), Some(two.to_vec()));
        }
    }

    #[test]
    fn every_slot_is_its_own() {
        let mut map = map(MapType::Hash, 3);
        let mut seed = 1u32;
        let mut expected = std::collections::BTreeMap::new();
        for round in 0..2000u32 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = ((seed >> 16) % 5).to_le_bytes();
            if seed >> 31 == 0 {
                let room = expected.len() < 3 || expected.contains_key(&key);
                assert_eq!(map.update(&key, &round.to_le_bytes(), 0).is_ok(), room);
                if room {
                    expected.insert(key, round.to_le_bytes());
                }
            } else {
                assert_eq!(map.delete(&key).is_ok(), expected.remove(&key).is_some());
            }
            let entries: Vec<Entry> = expected.iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect();
            assert_eq!(map.entries(), entries);
            assert!(map.values.len() <= 4 * map.stride, "no slot is lost");
        }
    }
}
