// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How a map lies in the tables of a target: the arithmetic between places, words and bytes that
//! [`weir_pipeline::Table`] specifies.

use weir_bpf::{MapDef, MapType};
use weir_pipeline::keys::{Keys, buckets_for};
use weir_pipeline::{MapKind, Target};

/// The layout of one map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Kind, if the tables can hold the map.
    pub kind: Option<MapKind>,
    /// Buckets in each way of the key unit; 0 for arrays.
    pub buckets: u32,
    /// Values there is room for.
    pub places: u32,
    /// Words of 8 bytes in a value.
    pub words: u32,
}

impl Layout {
    /// The layout of a map on a target.
    pub fn new(def: &MapDef, target: &Target) -> Layout {
        let kind = match def.kind() {
            Some(MapType::Array) => Some(MapKind::Array),
            Some(MapType::PercpuArray) => Some(MapKind::PercpuArray),
            Some(MapType::Hash) => Some(MapKind::Hash),
            Some(MapType::PercpuHash) => Some(MapKind::PercpuHash),
            Some(MapType::Devmap) => Some(MapKind::Devmap),
            _ => None,
        };
        let words = def.value_size.div_ceil(8);
        // What is larger than every key unit is refused for its size; the numbers only must not overflow before.
        let hash = kind.is_some_and(MapKind::is_hash);
        let most = target.units.keys.buckets.saturating_mul(2);
        let buckets = if hash { buckets_for(def.max_entries.min(most * 2)) } else { 0 };
        let places = if hash { Keys::places(&target.units.keys, buckets) } else { def.max_entries };
        Layout { kind, buckets, places, words }
    }

    /// Whether a key unit gives the keys their places.
    pub fn is_hash(&self) -> bool {
        self.buckets != 0
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> u64 {
        8 * u64::from(self.words) * u64::from(self.places)
    }

    /// Bytes from one word of a value to the next.
    pub fn plane(&self) -> u64 {
        if self.is_hash() { 8 * u64::from(self.places) } else { 8 }
    }

    /// Where byte `at` of a value lies, from byte 0 of its word 0.
    pub fn byte(&self, at: u64) -> u64 {
        at / 8 * self.plane() + at % 8
    }

    /// The greatest result of a key operation that is a place.
    pub fn last_place(&self) -> u64 {
        8 * u64::from(self.places.saturating_sub(1))
    }
}
