// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a server serves.

use crate::clients::Clients;
use crate::irqs::{Changed, KINDS};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// Regions of a PCI function (`VFIO_PCI_NUM_REGIONS`).
pub const REGIONS: usize = 9;

/// Indices of regions that VFIO fixes for PCI.
pub mod region {
    /// BAR 0; the others follow.
    pub const BAR0: u32 = 0;
    /// Configuration space.
    pub const CONFIG: u32 = 7;
}

/// Indices of kinds of interrupts that VFIO fixes for PCI.
pub mod irq {
    /// The interrupt pin.
    pub const INTX: u32 = 0;
    /// MSI-X.
    pub const MSIX: u32 = 2;
}

/// The shape of a function. It does not change while it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// What it is called in the log, and the name of its socket without `.sock`.
    pub name: String,
    /// Bytes of each region; 0 where there is none.
    pub regions: [u64; REGIONS],
    /// Interrupts of each kind.
    pub irqs: [u32; KINDS],
}

/// Whether a device has something to do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It wants to run on.
    Busy,
    /// Nothing happens until a client or one of its sources asks for it.
    Quiescent,
}

/// A device that cannot go on.
pub type DeviceError = Box<dyn std::error::Error + Send + Sync>;

/// A device of several functions. Functions are counted from 0 in the order of [`Device::functions`].
///
/// Every method may read and write the memory of clients and trigger their interrupts; those of a function without a
/// client go nowhere.
pub trait Device {
    /// The functions.
    fn functions(&self) -> Vec<Function>;

    /// Reads from a region. The range lies within the region, and has any size and alignment.
    fn read(
        &mut self,
        clients: &mut Clients,
        function: usize,
        region: u32,
        offset: u64,
        data: &mut [u8],
    ) -> Result<(), Errno>;

    /// Writes to a region. The range lies within the region, and has any size and alignment. Writes of a client arrive
    /// in the order in which it has sent them, and before reads that it sent after them.
    fn write(
        &mut self,
        clients: &mut Clients,
        function: usize,
        region: u32,
        offset: u64,
        data: &[u8],
    ) -> Result<(), Errno>;

    /// A client has connected interrupts, taken them away or masked them; [`Clients::enabled`] says what holds now.
    fn irqs_changed(&mut self, clients: &mut Clients, function: usize, changed: &Changed);

    /// Resets a function.
    fn reset(&mut self, clients: &mut Clients, function: usize) -> Result<(), Errno>;

    /// A client has gone. When this returns, its memory and its interrupts go too, so nothing may be in flight.
    fn disconnected(&mut self, clients: &mut Clients, function: usize);

    /// Lets some time pass. Called after anything has happened, and again while the device is busy; how long a turn is
    /// is the device's choice, and clients wait meanwhile.
    fn run(&mut self, clients: &mut Clients) -> Result<Activity, DeviceError>;

    /// Descriptors that wake a quiescent device when they can be read.
    fn sources(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }
}
