// SPDX-License-Identifier: Apache-2.0 OR MIT
//! MSI-X of a VF: its table and its control, which are the host's.
//!
//! Layouts are those of PCI 3.0, section 6.8.2.

use super::Endpoint;
use crate::device::DeviceError;
use std::ops::Range;

/// What the host puts as the address of every vector: the begin of the window of interrupts.
pub const ADDRESS: u64 = 0xfee0_0000;

/// Bytes of an entry of the table.
const ENTRY: u64 = 16;

/// Message Control within the capability, and its bits.
const CONTROL: u16 = 2;
const TABLE_SIZE: u16 = 0x7ff;
const FUNCTION_MASK: u16 = 1 << 14;
const ENABLE: u16 = 1 << 15;

/// Offset of the table within the capability: BAR in the low three bits.
const TABLE: u16 = 4;

/// What an entry of the table is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Interrupts are sent.
    Enabled,
    /// Interrupts wait in the PBA.
    Masked,
}

/// Where the table is.
#[derive(Clone, Copy, Debug)]
pub struct Msix {
    capability: u16,
    vectors: u32,
    bar: u8,
    offset: u64,
}

impl Msix {
    /// Reads the capability.
    pub fn find<E: Endpoint>(endpoint: &mut E, function: u8, capability: u16) -> Result<Msix, DeviceError> {
        let (mut control, mut table) = ([0; 2], [0; 4]);
        endpoint.config_read(function, capability + CONTROL, &mut control)?;
        endpoint.config_read(function, capability + TABLE, &mut table)?;
        let vectors = u32::from(u16::from_le_bytes(control) & TABLE_SIZE) + 1;
        let table = u32::from_le_bytes(table);
        Ok(Msix { capability, vectors, bar: (table & 7) as u8, offset: u64::from(table & !7) })
    }

    /// How many vectors there are.
    pub fn vectors(&self) -> u32 {
        self.vectors
    }

    /// The bytes of an access that lie in the table.
    pub fn table_within(&self, bar: u32, offset: u64, length: usize) -> Range<usize> {
        let end = self.offset + u64::from(self.vectors) * ENTRY;
        let (from, to) = (self.offset.max(offset), end.min(offset + length as u64));
        match bar == u32::from(self.bar) && from < to {
            true => (from - offset) as usize..(to - offset) as usize,
            false => 0..0,
        }
    }

    /// Writes entries of the table.
    pub fn program<E: Endpoint>(
        &self,
        endpoint: &mut E,
        function: u8,
        vectors: Range<u32>,
        state: impl Fn(u32) -> State,
    ) -> Result<(), DeviceError> {
        for vector in vectors {
            let masked = u32::from(state(vector) == State::Masked);
            let at = self.offset + u64::from(vector) * ENTRY;
            for (word, value) in
                [ADDRESS as u32, (ADDRESS >> 32) as u32, vector, masked].into_iter().enumerate()
            {
                endpoint.bar_write(function, self.bar, at + 4 * word as u64, &value.to_le_bytes())?;
            }
        }
        Ok(())
    }

    /// Switches MSI-X on or off.
    pub fn enable<E: Endpoint>(&self, endpoint: &mut E, function: u8, on: bool) -> Result<(), DeviceError> {
        let at = self.capability + CONTROL;
        let mut control = [0; 2];
        endpoint.config_read(function, at, &mut control)?;
        let before = u16::from_le_bytes(control);
        let after = before & !(ENABLE | FUNCTION_MASK) | if on { ENABLE } else { 0 };
        if after == before { Ok(()) } else { endpoint.config_write(function, at, &after.to_le_bytes()) }
    }
}
