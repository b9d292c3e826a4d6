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

/// A key as the two operands of a key operation.
pub type Key = [u64; 2];

/// For each bit of the hash, the lowest first, the bits of the folded key whose parity it is: 16 of them, drawn at random.
pub const ROWS: [u64; 32] = [
    0x1850_9c42_0a20_8208,
    0x0805_1630_00c1_b041,
    0x0182_2702_8450_4228,
    0x1805_8100_2340_c04b,
    0x20b0_a1a2_8006_4500,
    0x1008_10c0_0c11_12dc,
    0x0085_420a_9361_0101,
    0xa114_3113_0200_200e,
    0x80a0_430e_0801_8c21,
    0x1041_2e02_200e_02a8,
    0x0d01_4181_9614_1002,
    0x2001_d283_13a2_4000,
    0x160d_6902_0210_4220,
    0x0a52_00bd_0b08_0080,
    0x644c_0b20_400a_3010,
    0x0890_a0c8_054a_0111,
    0x2034_0280_401a_ac21,
    0x9400_00aa_6a80_2803,
    0x08aa_d282_0820_0a04,
    0x092a_0040_8178_44c0,
    0x4034_9206_01a2_0608,
    0x0088_00e1_9246_1320,
    0x4348_1441_b208_0011,
    0x2290_2511_0104_9c80,
    0x69a0_0041_408e_2024,
    0x848c_0a5c_4004_8480,
    0x8200_6015_2426_42a0,
    0x0209_0606_08c0_c192,
    0x28a1_001b_0546_2080,
    0x0a12_1085_0868_8203,
    0x5139_5101_2801_0090,
    0x0208_a260_8228_403c,
];

/// A key folded to 64 parities of 6 bits each. Keys that differ in one operand only fold differently: a sum of three
/// rotations can be inverted.
pub fn fold(key: Key) -> u64 {
    let [a, b] = key;
    (a ^ a.rotate_left(19) ^ a.rotate_left(45)) ^ (b.rotate_left(5) ^ b.rotate_left(31) ^ b.rotate_left(54))
}

/// Hash of a key: each of its bits is the parity of some bits of the key, about half of them (the class H3 of Carter
/// and Wegman, Universal classes of hash functions, 1979, with a matrix that takes few gates).
pub fn hash(key: Key) -> u32 {
    let folded = fold(key);
    ROWS.iter().rev().fold(0, |hash, row| hash << 1 | (folded & row).count_ones() & 1)
}

/// Bucket of a key in a way, among `buckets` (a power of two): double hashing with the upper and the lower 16 bits.
pub fn bucket(hash: u32, way: u32, buckets: u32) -> u32 {
    let (start, step) = (hash >> 16, hash & 0xffff | 1);
    start.wrapping_add(way.wrapping_mul(step)) & (buckets - 1)
}

/// Least buckets in each way for a map of so many entries: three eighths of them, as a power of two, and 64.
///
/// `docs/reference/hash-maps.md` shows why an insert then fails less often than once in 10^9, and why there are 64.
pub fn buckets_for(max_entries: u32) -> u32 {
    ((u64::from(max_entries) * 3).div_ceil(8) as u32).next_power_of_two().max(64)
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

    fn cell(&self, hash: u32, way: u32) -> u32 {
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

    /// A basis of what the vectors span.
    fn rank(vectors: impl IntoIterator<Item = u64>) -> usize {
        let mut basis: Vec<u64> = Vec::new();
        for vector in vectors {
            // The element with the highest bit in common is the only one that makes it smaller.
            let rest = basis.iter().fold(vector, |rest, element| rest.min(rest ^ element));
            if rest != 0 {
                basis.push(rest);
                basis.sort_unstable_by(|a, b| b.cmp(a));
            }
        }
        basis.len()
    }

    #[test]
    fn no_bit_of_key_or_hash_is_lost() {
        assert_eq!(rank((0..64).map(|at| fold([1 << at, 0]))), 64);
        assert_eq!(rank((0..64).map(|at| fold([0, 1 << at]))), 64);
        assert_eq!(rank((0..64).map(|at| hash([1 << at, 0]).into())), 32);
        assert_eq!(rank(ROWS), 32);
        assert!(ROWS.iter().all(|row| row.count_ones() == 16));
        assert_eq!(hash([5, 7]), hash([5, 0]) ^ hash([0, 7]));
    }

    #[test]
    fn keys_of_many_kinds_find_places_to_the_brim() {
        let mixed =
            |round: u64| crate::random::packet_random(round, 7).wrapping_mul(crate::random::FACTORS[0]);
        churn(|round| [round, 0], 10_000, 100_000);
        churn(|round| [round << 24, 0], 10_000, 100_000);
        churn(|round| [(round as u32).swap_bytes().into(), 0], 10_000, 100_000);
        churn(|round| [0x8000_0000_0000_fe80, round << 32], 10_000, 100_000);
        churn(|round| [0x1234, round.swap_bytes()], 10_900, 100_000);
        churn(|round| [((round % 256) << 16) | (round / 256), 0], 10_900, 100_000);
        churn(
            |round| [mixed(round / 64) | 0xffff, (mixed(round) & 0xffff) | ((round % 64) << 32)],
            10_900,
            100_000,
        );
        churn(|round| [mixed(round), mixed(!round)], 10_900, 300_000);
        churn(|round| [mixed(round), 0], 170, 500_000);
        churn(|round| [mixed(round), 0], 42, 100_000);
        churn(|round| [round, round], 1, 1_000);
    }
}
