// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the host can ask of a key unit, and what it hears.

#![allow(missing_docs, reason = "accessors are made by LogicStruct")]

use rust_hdl::prelude::*;
use weir_pipeline::words::LateOp;

/// Operations of a key unit: those of stage words, with their codes, and those of the host alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOp {
    /// Place of a key.
    Find = LateOp::Find as isize,
    /// The same, after giving it one.
    Insert = LateOp::Insert as isize,
    /// The same, then taking it away.
    Delete = LateOp::Delete as isize,
    /// What a cell holds.
    Read = 9,
    /// Empties a bucket in all ways.
    Clear = 10,
    /// Empties the stash of a slot.
    ClearStash = 11,
    /// Sets the range and the entries of a map, which then counts no keys.
    SetMap = 12,
}

/// An operation of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct KeyRequest {
    /// A [`KeyOp`].
    pub op: Bits<4>,
    /// Program slot.
    pub slot: Bits<3>,
    /// Id of the map.
    pub id: Bits<3>,
    /// Bucket in the unit to read or to clear.
    pub bucket: Bits<16>,
    /// Cell to read: a way, or behind the ways a position of the stash.
    pub cell: Bits<4>,
    /// Key to find, insert or delete.
    pub key: Bits<128>,
    /// First bucket of a map that is set.
    pub base: Bits<16>,
    /// Logarithm of its buckets in each way.
    pub size: Bits<5>,
    /// Its entries; 0 for no map.
    pub limit: Bits<20>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct KeyAnswer {
    /// There is a place, or the cell that was read holds a key of the map.
    pub found: Bit,
    /// The place.
    pub place: Bits<20>,
    /// The key in the cell that was read.
    pub key: Bits<128>,
}
