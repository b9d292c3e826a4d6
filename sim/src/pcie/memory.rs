// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memory that a function reaches by DMA.

use thiserror::Error;

/// Memory of one function's owner, at the addresses that the owner gives the function.
pub trait DmaMemory: Send {
    /// Reads bytes, all or none.
    fn read(&self, address: u64, data: &mut [u8]) -> Result<(), DmaFault>;

    /// Writes bytes, all or none; in order with other writes, as other observers see them.
    fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaFault>;
}

/// An address where there is no memory, or none that may be accessed so.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("no memory for {bytes} bytes at {address:#x}")]
pub struct DmaFault {
    /// The address.
    pub address: u64,
    /// Size of the access.
    pub bytes: usize,
}
