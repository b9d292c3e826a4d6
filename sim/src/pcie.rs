// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The card as a host sees it over PCI Express.
//!
//! [`PciFunctions`] is the face: accesses to the configuration space and the BARs of each function, the memory that a
//! function reaches by DMA, and the interrupts it writes. Who uses it names functions and offsets, never bus addresses,
//! tags or completions: a root complex model ([`RootComplex`]) stands behind it, and speaks transaction layer packets
//! ([`tlp`]) with the RTL over a [`Link`].

mod endpoint;
mod link;
mod memory;
mod root;
pub mod tlp;

pub use endpoint::{EndpointOptions, EndpointSim};
pub use link::{Link, LinkDisturbance};
pub use memory::{DmaFault, DmaMemory};
pub use root::{Answer, BUS, RootComplex};

use thiserror::Error;

/// First address of the window in which a memory write is an interrupt (Intel SDM, volume 3, "Message Address Register").
pub const MSI_WINDOW: u64 = 0xfee0_0000;

/// Bytes of that window.
pub const MSI_WINDOW_BYTES: u64 = 0x10_0000;

/// The functions of a card. Function 0 is PF0, the management function; function `n` is its VF `n`, a network device.
pub trait PciFunctions {
    /// Reads 1, 2 or 4 bytes of configuration space, which lie in one dword.
    fn config_read(&mut self, function: u8, offset: u16, data: &mut [u8]) -> Result<(), PcieError>;

    /// Writes 1, 2 or 4 bytes of configuration space, which lie in one dword.
    fn config_write(&mut self, function: u8, offset: u16, data: &[u8]) -> Result<(), PcieError>;

    /// Reads from a BAR; all earlier writes to the card have taken effect.
    fn bar_read(&mut self, function: u8, bar: u8, offset: u64, data: &mut [u8]) -> Result<(), PcieError>;

    /// Writes to a BAR. The write is posted: it is on its way to the card, in order with all other accesses.
    fn bar_write(&mut self, function: u8, bar: u8, offset: u64, data: &[u8]) -> Result<(), PcieError>;

    /// Gives a function the memory it reaches by DMA; without one, each of its requests is an Unsupported Request.
    fn set_dma(&mut self, function: u8, memory: Option<Box<dyn DmaMemory>>);

    /// The interrupts that were written since the last call, in order.
    fn take_interrupts(&mut self) -> Vec<Interrupt>;

    /// Function Level Reset; afterwards the function is as after power-up.
    fn reset(&mut self, function: u8) -> Result<(), PcieError>;

    /// Lets at most so many clocks pass, fewer where the card has nothing to do before that.
    fn step(&mut self, clocks: u32) -> Result<Activity, PcieError>;
}

/// Whether the card has something to do of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It has: more clocks are needed.
    Busy,
    /// It has not: nothing changes until somebody accesses it or a frame comes.
    Quiescent,
}

/// A memory write into the window of interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt {
    /// The function that wrote it.
    pub function: u8,
    /// Where to.
    pub address: u64,
    /// What: for MSI-X the data of the vector's table entry.
    pub data: u32,
}

/// Why an access failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PcieError {
    /// The completer does not know such a request: there is no such function or BAR, or it is not enabled.
    #[error("function {function}: {access} at {offset:#x} is an Unsupported Request")]
    UnsupportedRequest {
        /// The function.
        function: u8,
        /// What was tried.
        access: &'static str,
        /// Offset in the space.
        offset: u64,
    },
    /// The completer gave up on the request.
    #[error("function {function}: {access} at {offset:#x} ended with Completer Abort")]
    CompleterAbort {
        /// The function.
        function: u8,
        /// What was tried.
        access: &'static str,
        /// Offset in the space.
        offset: u64,
    },
    /// The access is not one that a host can make.
    #[error("function {function}: {bytes} bytes at {offset:#x}: {what}")]
    Access {
        /// The function.
        function: u8,
        /// Offset in the space.
        offset: u64,
        /// Size.
        bytes: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No completion came.
    #[error("function {function}: {access} at {offset:#x} was not completed within {clocks} clocks")]
    Timeout {
        /// The function.
        function: u8,
        /// What was tried.
        access: &'static str,
        /// Offset in the space.
        offset: u64,
        /// Clocks waited.
        clocks: u32,
    },
    /// The card sent what no card may send.
    #[error("the card broke the protocol: {0}")]
    Protocol(String),
    /// The model is not built into the simulation, or could not be made.
    #[error("the simulation has no model `{0}`: build it with WEIR_TARGETS={0}")]
    NotBuilt(String),
    /// The file for the waves cannot be written.
    #[error("cannot write waves to {0}")]
    Waves(String),
}
