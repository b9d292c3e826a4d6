// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Virtio network devices, one per VF: what a driver finds in their configuration space and BAR.
//!
//! Rules and names from "Virtual I/O Device (VIRTIO) Version 1.3": PCI transport (4.1), device initialization (3.1),
//! network device (5.1).

mod common;
mod device_config;
mod function;
mod msix;
mod queue_registers;

pub use common::CommonConfig;
pub use device_config::DeviceConfig;
pub use function::VirtualFunction;
pub use msix::MsixTable;
pub use queue_registers::QueueRegisters;

/// Queues of a device: a receive queue and a transmit queue.
pub const QUEUES: usize = 2;

/// MSI-X vectors of a device: one for configuration changes, one for each queue.
pub const VECTORS: usize = 3;

/// Most entries of a queue.
pub const QUEUE_SIZE: u16 = 256;

/// Features that a device offers (5.1.3, 6).
pub mod feature {
    /// Bits of the features that are offered.
    pub const OFFERED: u64 =
        1 << MTU | 1 << MAC | 1 << STATUS | 1 << VERSION_1 | 1 << ACCESS_PLATFORM | 1 << ORDER_PLATFORM;
    /// The device says the largest MTU.
    pub const MTU: u32 = 3;
    /// The device has a MAC address.
    pub const MAC: u32 = 5;
    /// The device says whether the link is up.
    pub const STATUS: u32 = 16;
    /// The device is one of virtio 1; a driver must know that.
    pub const VERSION_1: u32 = 32;
    /// Addresses go through the platform's IOMMU.
    pub const ACCESS_PLATFORM: u32 = 33;
    /// Memory accesses are ordered as the platform orders those of devices.
    pub const ORDER_PLATFORM: u32 = 36;
}
