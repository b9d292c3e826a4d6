// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A vfio-user server: PCI functions behind UNIX sockets, for QEMU's `vfio-user-pci`, cloud-hypervisor's `--user-device`
//! and whoever else speaks the protocol.
//!
//! One thread, one poll(2) over all sockets and whatever the device waits for; the device stands behind the trait
//! [`Device`]. A client is trusted with nothing: [`wire`] checks every length, [`dma`](Memory) keeps it within the memory
//! that it gave, [`irqs`](Irqs) within its interrupts, and whatever it does, it does to its own function.
//!
//! ```text
//!  vf0.sock ──> Connection ──┐                       ┌──> Device::read, write, reset, irqs_changed, run
//!  vf1.sock ──> Connection ──┼──> Server (poll) ─────┤
//!  signals, wire ────────────┘                       └<── Clients: memory and eventfds of every client
//! ```
//!
//! What it deliberately does not do: commands from server to client (memory comes as descriptors, or not at all),
//! regions that the client maps, migration.
//!
//! Unsafe code stands in `dma::mapping` alone.

#![deny(unsafe_code)]

mod clients;
mod connection;
mod device;
#[allow(unsafe_code, reason = "memory of other processes is mapped in dma::mapping")]
mod dma;
mod irqs;
pub mod passthrough;
mod server;
mod session;
mod version;
#[allow(unsafe_code, reason = "the layouts are derived; the derive states that any bytes are valid")]
pub mod wire;

pub use clients::{ClientMemory, Clients, Statistics};
pub use device::{Activity, Device, DeviceError, Function, REGIONS, irq, region};
pub use dma::{DmaFault, Memory};
pub use irqs::{Changed, Irqs, KINDS};
pub use rustix::io::Errno;
pub use server::{Event, Server, ServerError};
