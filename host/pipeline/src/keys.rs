// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Key units: how the keys of hash maps find their places. The RTL does the same, bit by bit.
//!
//! A unit has several ways, memories of buckets with room for one key each, and a small stash. All ways are looked up
//! at a time, each at an address of its own; a new key takes its bucket in the first way where that is empty, else a
//! place of the stash (d-left hashing with one cell to a bucket; Broder and Mitzenmacher, INFOCOM 2001). A map has its
//! own range of buckets, the same in all ways, and the place of a key says where its value lies:
//! ```text
//! place = way * buckets + bucket       or, in the stash,  ways * buckets + position
//! ```
//! Keys never move, so a place stays valid until its key is deleted. Values are no concern of a key unit.

use crate::target;

/// Bytes of the longest key; shorter ones are padded with zeros.
pub const KEY_BYTES: u32 = 16;

/// Odd factors of the hash, one for each 32-bit word of the key from byte 0 up.
pub const FACTORS: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0x27d4_eb2f_1656_67c5];

/// A key as the two operands of a key operation.
pub type Key = [u64; 2];

/// Multilinear hash of a key (Lemire and Kaser, Strongly universal string hashing is fast, 2014), modulo 2^64.
pub fn hash(key: Key) -> u64 {
    let words = [key[0] & 0xffff_ffff, key[0] >> 32, key[1] & 0xffff_ffff, key[1] >> 32];
    words.iter().zip(FACTORS).fold(0, |sum: u64, (word, factor)| sum.wrapping_add(word.wrapping_mul(factor)))
}

/// Bucket of a key in a way, among `buckets` (a power of two): double hashing with the upper two times 20 bits.
pub fn bucket(hash: u64, way: u32, buckets: u32) -> u32 {
    let (start, step) = ((hash >> 44) as u32, (hash >> 24) as u32 & 0xf_ffff | 1);
    start.wrapping_add(way.wrapping_mul(step)) & (buckets - 1)
}

/// Least buckets in each way for a map of so many entries: three eighths of them, as a power of two.
///
/// `docs/reference/hash-maps.md` shows why an insert then fails less often than once in 10^9.
pub fn buckets_for(max_entries: u32) -> u32 {
    ((u64::from(max_entries) * 3).div_ceil(8) as u32).next_power_of_two().max(16)
}

/// The keys of one map.
#[derive(Clone, Debug)]
pub struct Keys {
    ways: u32,
    buckets: u32,
    max_entries: u32,
    used: u32,
    cells: Vec<Option<Key>>,
}

/// The stash that the maps of one program slot share in one unit, by position: map id and key.
pub type Stash = Vec<Option<(u8, Key)>>;

impl Keys {
    /// No keys, for a map of `max_entries` with `buckets` in each way.
    pub fn new(target: &target::Keys, buckets: u32, max_entries: u32) -> Keys {
        let cells = vec![None; (target.ways * buckets) as usize];
        Keys { ways: target.ways, buckets, max_entries, used: 0, cells }
    }

    /// Places of a map, those in the stash included.
    pub fn places(target: &target::Keys, buckets: u32) -> u32 {
        target.ways * buckets + target.stash
    }

    /// How many keys there are.
    pub fn used(&self) -> u32 {
        self.used
    }

    /// The key at a place.
    pub fn at(&self, stash: &Stash, id: u8, place: u32) -> Option<Key> {
        match self.cells.get(place as usize) {
            Some(cell) => *cell,
            None => stash
                .get(place as usize - self.cells.len())
                .copied()
                .flatten()
                .and_then(|(owner, key)| (owner == id).then_some(key)),
        }
    }

    fn cell(&self, hash: u64, way: u32) -> u32 {
        way * self.buckets + bucket(hash, way, self.buckets)
    }

    /// Place of a key.
    pub fn find(&self, stash: &Stash, id: u8, key: Key) -> Option<u32> {
        let hash = hash(key);
        let cells = (0..self.ways).map(|way| self.cell(hash, way));
        let in_way = cells.into_iter().find(|cell| self.cells[*cell as usize] == Some(key));
        let in_stash = || stash.iter().position(|s| *s == Some((id, key)));
        in_way.or_else(|| in_stash().map(|position| self.cells.len() as u32 + position as u32))
    }

    /// Place of a key, which gets one if it has none. `None` if the map is full, or no place can be found.
    pub fn insert(&mut self, stash: &mut Stash, id: u8, key: Key) -> Option<u32> {
        if let Some(place) = self.find(stash, id, key) {
            return Some(place);
        }
        if self.used == self.max_entries {
            return None;
        }
        let hash = hash(key);
        let empty =
            (0..self.ways).map(|way| self.cell(hash, way)).find(|c| self.cells[*c as usize].is_none());
        let place = match empty {
            Some(cell) => {
                self.cells[cell as usize] = Some(key);
                cell
            }
            None => {
                let position = stash.iter().position(Option::is_none)?;
                stash[position] = Some((id, key));
                self.cells.len() as u32 + position as u32
            }
        };
        self.used += 1;
        Some(place)
    }

    /// Takes a key's place away and says which it was.
    pub fn delete(&mut self, stash: &mut Stash, id: u8, key: Key) -> Option<u32> {
        let place = self.find(stash, id, key)?;
        match self.cells.get_mut(place as usize) {
            Some(cell) => *cell = None,
            None => stash[place as usize - self.cells.len()] = None,
        }
        self.used -= 1;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet, VecDeque};

    fn sizes() -> target::Keys {
        target::Keys { every: 8, first: 0, ways: 8, buckets: 8192, stash: 4, maps: 4 }
    }

    /// Fills a map to the brim, then replaces keys for a long time; no insert may fail.
    fn churn(key_of: impl Fn(u64) -> Key, max_entries: u32, rounds: u64) {
        let sizes = sizes();
        let mut keys = Keys::new(&sizes, buckets_for(max_entries), max_entries);
        let mut stash: Stash = vec![None; sizes.stash as usize];
        let mut places = BTreeMap::new();
        let mut live = VecDeque::new();
        for round in 0..rounds {
            let key = key_of(round);
            if live.len() as u32 == max_entries {
                assert_eq!(keys.insert(&mut stash, 0, key), None, "the map is full");
                let old: Key = live.pop_front().expect("the map is full");
                assert_eq!(keys.delete(&mut stash, 0, old), places.remove(&old));
                assert_eq!(keys.find(&stash, 0, old), None);
            }
            let place =
                keys.insert(&mut stash, 0, key).unwrap_or_else(|| panic!("round {round} finds no place"));
            places.insert(key, place);
            live.push_back(key);
            assert_eq!(keys.find(&stash, 0, key), Some(place));
        }
        let distinct: BTreeSet<u32> = places.values().copied().collect();
        assert_eq!(distinct.len(), places.len());
        assert!(places.iter().all(|(key, place)| keys.at(&stash, 0, *place) == Some(*key)));
    }

    #[test]
    fn keys_of_many_kinds_find_places_to_the_brim() {
        let mixed =
            |round: u64| crate::random::packet_random(round, 7).wrapping_mul(crate::random::FACTORS[0]);
        churn(|round| [round, 0], 10_000, 100_000);
        churn(|round| [round << 24, 0], 10_000, 100_000);
        churn(|round| [(round as u32).swap_bytes().into(), 0], 10_000, 100_000);
        churn(|round| [0x8000_0000_0000_fe80, round << 32], 10_000, 100_000);
        churn(|round| [mixed(round), mixed(!round)], 10_900, 300_000);
        churn(|round| [mixed(round), 0], 42, 100_000);
        churn(|round| [round, round], 1, 1_000);
    }
}
