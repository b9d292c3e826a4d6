// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What table units and lookup ports hand on and are handed.

#![allow(missing_docs, reason = "accessors are made by LogicStruct")]

use rust_hdl::prelude::*;

/// What is set for a map: where it lies in its unit, and how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct MapDescriptor {
    /// Its program slot.
    pub slot: Bits<3>,
    /// Its id.
    pub id: Bits<3>,
    /// First word.
    pub base: Bits<17>,
    /// Bytes.
    pub limit: Bits<21>,
}

/// A place in the memory, and what is wanted there.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct TablePlace {
    /// Code of a [`weir_pipeline::words::LateOp`].
    pub op: Bits<4>,
    /// Word.
    pub word: Bits<17>,
    /// First byte in it.
    pub lane: Bits<3>,
    /// Code of a [`weir_pipeline::words::Size`].
    pub size: Bits<2>,
    /// Register.
    pub dst: Bits<4>,
}

/// A word that a table unit has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct TableWrite {
    /// Whether it has.
    pub write: Bit,
    /// Which.
    pub word: Bits<17>,
    /// To what.
    pub value: Bits<64>,
}
