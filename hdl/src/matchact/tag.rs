// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What goes round with a packet besides what its program sees.

#![allow(missing_docs, reason = "accessors are made by LogicStruct")]

use rust_hdl::prelude::*;

/// One place of the ring: who is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
pub struct Tag {
    /// Somebody is there.
    pub valid: Bit,
    /// A program runs on it: words have an effect.
    pub active: Bit,
    /// Program slot.
    pub slot: Bits<3>,
    /// Pass.
    pub pass: Bits<6>,
    /// Packet buffer.
    pub buffer: Bits<10>,
    /// Length in bytes.
    pub length: Bits<14>,
    /// Context address behind the last byte of the packet in the window.
    pub packet_end: Bits<11>,
}
