// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Virtual functions of a card, handed to clients: what the host's kernel and its vfio-pci do for a real card.
//!
//! A VF's own configuration space is not what a driver expects: its ids read FFFF, it has no BARs, no memory enable and
//! no interrupt pin (SR-IOV 1.1, section 3.4.1). Their places are filled as vfio-pci fills them:
//!
//! | what | who |
//! |---|---|
//! | vendor and device id | from the host, as it knows them from the SR-IOV capability |
//! | BARs, command.MSE, interrupt line | kept here; the VF decodes where the host has put it, whatever the guest writes |
//! | expansion ROM, CardBus pointer, interrupt pin | 0 |
//! | command.BME and everything else | the VF's own |
//! | Device Control, Initiate Function Level Reset | a reset, after which the bit reads 0 |
//! | MSI-X control and table | the host's: a client says with `DEVICE_SET_IRQS` where interrupts go |
//!
//! For MSI-X the table of the card is programmed with an address in the window of interrupts and the number of the vector
//! as data. The card's writes to it are found again as [`Message`] and become writes to the client's eventfds.
//!
//! After a reset the table is programmed anew for vectors that are connected, as a kernel restores it.

mod config;
mod msix;

use crate::clients::{ClientMemory, Clients};
use crate::device::{Activity, Device, DeviceError, Function, REGIONS, irq, region};
use crate::irqs::Changed;
use config::{Action, Virtual};
use msix::Msix;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

/// Bytes of a PCI Express configuration space.
const CONFIG_BYTES: u64 = 4096;

/// Clocks before clients have their turn again.
const CLOCKS: u32 = 4096;

/// A memory write of the card to the window of interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Function that wrote it.
    pub function: u8,
    /// Where to.
    pub address: u64,
    /// What.
    pub data: u32,
}

/// A card whose VFs are enabled and have their places on the bus. Functions are numbered as the card numbers them: 0 is
/// PF0, `n` is VF `n`.
///
/// An error means that the card is broken. A request that nobody completes is none: such a read gives all ones, such a
/// write is lost, as on a real bus.
pub trait Endpoint {
    /// Reads 1, 2 or 4 bytes of configuration space, naturally aligned.
    fn config_read(&mut self, function: u8, offset: u16, data: &mut [u8]) -> Result<(), DeviceError>;

    /// Writes 1, 2 or 4 bytes of configuration space, naturally aligned.
    fn config_write(&mut self, function: u8, offset: u16, data: &[u8]) -> Result<(), DeviceError>;

    /// Reads any number of bytes of a BAR.
    fn bar_read(&mut self, function: u8, bar: u8, offset: u64, data: &mut [u8]) -> Result<(), DeviceError>;

    /// Writes any number of bytes to a BAR, in order with all other accesses.
    fn bar_write(&mut self, function: u8, bar: u8, offset: u64, data: &[u8]) -> Result<(), DeviceError>;

    /// What the function reaches by DMA from now on.
    fn set_memory(&mut self, function: u8, memory: ClientMemory);

    /// Interrupts that were written since the last call, in order.
    fn take_messages(&mut self) -> Vec<Message>;

    /// Function Level Reset. When it returns, the function has nothing in flight.
    fn reset(&mut self, function: u8) -> Result<(), DeviceError>;

    /// Lets at most so many clocks pass, fewer where there is nothing to do.
    fn step(&mut self, clocks: u32) -> Result<Activity, DeviceError>;

    /// Descriptors that wake a quiescent card when they can be read.
    fn sources(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }
}

/// A BAR as the host knows it from sizing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// Bytes, a power of two of at least 16; 0 if there is none, or if it is the upper half of the one before.
    pub size: u64,
    /// The low four bits of the register: 0 for 32-bit memory, 4 for 64-bit memory, 8 more if prefetchable.
    pub flags: u32,
}

/// A VF to be handed to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its number on the card.
    pub function: u8,
    /// Its name, and that of its socket.
    pub name: String,
    /// The vendor id that the guest sees.
    pub vendor: u16,
    /// The device id that the guest sees.
    pub device: u16,
    /// Its BARs.
    pub bars: [Bar; 6],
}

/// A VF with what is kept for it here.
#[derive(Debug)]
struct Vf {
    assignment: Assignment,
    config: Virtual,
    msix: Option<Msix>,
}

/// A card behind a [`Server`](crate::Server).
#[derive(Debug)]
pub struct Passthrough<E> {
    endpoint: E,
    vfs: Vec<Vf>,
    /// Clients' memory has been given to the card.
    attached: bool,
    failed: Option<DeviceError>,
}

impl<E: Endpoint> Passthrough<E> {
    /// Looks at the capabilities of the functions to be handed out.
    pub fn new(mut endpoint: E, assignments: Vec<Assignment>) -> Result<Passthrough<E>, DeviceError> {
        let mut vfs = Vec::new();
        for assignment in assignments {
            let capabilities = config::capabilities(&mut endpoint, assignment.function)?;
            let msix = match capabilities.msix {
                Some(at) => Some(Msix::find(&mut endpoint, assignment.function, at)?),
                None => None,
            };
            let config = Virtual::new(&assignment, &capabilities);
            vfs.push(Vf { assignment, config, msix });
        }
        Ok(Passthrough { endpoint, vfs, attached: false, failed: None })
    }

    /// The card.
    pub fn endpoint(&self) -> &E {
        &self.endpoint
    }

    /// The outcome of an access; a broken card is remembered and ends [`Device::run`].
    fn done(&mut self, outcome: Result<(), DeviceError>) -> Result<(), Errno> {
        outcome.map_err(|error| {
            self.failed = Some(error);
            Errno::IO
        })
    }

    /// Interrupts on their way to clients.
    fn deliver(&mut self, clients: &mut Clients) {
        for message in self.endpoint.take_messages() {
            let of = |vf: &Vf| vf.assignment.function == message.function;
            if let Some(number) = self.vfs.iter().position(of)
                && message.address == msix::ADDRESS
            {
                clients.trigger(number, irq::MSIX, message.data);
            }
        }
    }

    fn reset_vf(&mut self, clients: &mut Clients, number: usize) -> Result<(), DeviceError> {
        let vf = &mut self.vfs[number];
        self.endpoint.reset(vf.assignment.function)?;
        vf.config.reset();
        // Interrupts from before the reset are not to be taken for new ones.
        self.deliver(clients);
        let vf = &self.vfs[number];
        if let Some(msix) = &vf.msix {
            let all = 0..msix.vectors();
            msix.program(&mut self.endpoint, vf.assignment.function, all, |v| vector(clients, number, v))?;
            let enable = clients.connected(number, irq::MSIX) > 0;
            msix.enable(&mut self.endpoint, vf.assignment.function, enable)?;
        }
        Ok(())
    }

    fn config_write(
        &mut self,
        clients: &mut Clients,
        number: usize,
        offset: u16,
        data: &[u8],
    ) -> Result<(), DeviceError> {
        for (at, piece) in config::pieces(offset, data.len()) {
            let data = &data[piece];
            let vf = &mut self.vfs[number];
            match vf.config.write(at, data) {
                Action::Keep => {}
                Action::Forward => self.endpoint.config_write(vf.assignment.function, at, data)?,
                Action::Reset => self.reset_vf(clients, number)?,
            }
        }
        Ok(())
    }

    fn config_read(&mut self, number: usize, offset: u16, data: &mut [u8]) -> Result<(), DeviceError> {
        let vf = &self.vfs[number];
        for (at, piece) in config::pieces(offset, data.len()) {
            let data = &mut data[piece];
            self.endpoint.config_read(vf.assignment.function, at, data)?;
            vf.config.overlay(at, data);
        }
        Ok(())
    }
}

/// What the table is to say of a vector.
fn vector(clients: &Clients, number: usize, vector: u32) -> msix::State {
    match clients.enabled(number, irq::MSIX, vector) {
        true => msix::State::Enabled,
        false => msix::State::Masked,
    }
}

impl<E: Endpoint> Device for Passthrough<E> {
    fn functions(&self) -> Vec<Function> {
        let function = |vf: &Vf| {
            let mut regions = [0; REGIONS];
            for (size, bar) in regions.iter_mut().zip(vf.assignment.bars) {
                *size = bar.size;
            }
            regions[region::CONFIG as usize] = CONFIG_BYTES;
            let vectors = vf.msix.as_ref().map_or(0, Msix::vectors);
            Function { name: vf.assignment.name.clone(), regions, irqs: [0, 0, vectors, 0, 0] }
        };
        self.vfs.iter().map(function).collect()
    }

    fn read(
        &mut self,
        _: &mut Clients,
        function: usize,
        region: u32,
        offset: u64,
        data: &mut [u8],
    ) -> Result<(), Errno> {
        let outcome = match region {
            region::CONFIG => self.config_read(function, offset as u16, data),
            bar => {
                let vf = &self.vfs[function];
                let number = vf.assignment.function;
                let read = self.endpoint.bar_read(number, bar as u8, offset, data);
                // As vfio-pci has it: nobody but the host sees the table.
                if let Some(msix) = &vf.msix {
                    let table = msix.table_within(bar, offset, data.len());
                    data[table].fill(0xff);
                }
                read
            }
        };
        self.done(outcome)
    }

    fn write(
        &mut self,
        clients: &mut Clients,
        function: usize,
        region: u32,
        offset: u64,
        data: &[u8],
    ) -> Result<(), Errno> {
        let outcome = match region {
            region::CONFIG => self.config_write(clients, function, offset as u16, data),
            bar => {
                let vf = &self.vfs[function];
                let table = vf.msix.as_ref().map_or(0..0, |msix| msix.table_within(bar, offset, data.len()));
                let parts = if table.is_empty() {
                    [0..data.len(), 0..0]
                } else {
                    [0..table.start, table.end..data.len()]
                };
                parts.into_iter().filter(|part| !part.is_empty()).try_for_each(|part| {
                    let at = offset + part.start as u64;
                    self.endpoint.bar_write(vf.assignment.function, bar as u8, at, &data[part])
                })
            }
        };
        self.done(outcome)
    }

    fn irqs_changed(&mut self, clients: &mut Clients, function: usize, changed: &Changed) {
        let vf = &self.vfs[function];
        let Some(msix) = vf.msix.as_ref().filter(|_| changed.index == irq::MSIX) else { return };
        let range = changed.range.clone();
        let number = vf.assignment.function;
        let mut outcome = msix.program(&mut self.endpoint, number, range, |v| vector(clients, function, v));
        if outcome.is_ok() {
            let enable = clients.connected(function, irq::MSIX) > 0;
            outcome = msix.enable(&mut self.endpoint, number, enable);
        }
        // The client hears of it with its next access.
        let _ = self.done(outcome);
    }

    fn reset(&mut self, clients: &mut Clients, function: usize) -> Result<(), Errno> {
        let outcome = self.reset_vf(clients, function);
        self.done(outcome)
    }

    fn disconnected(&mut self, clients: &mut Clients, function: usize) {
        let number = self.vfs[function].assignment.function;
        let outcome = self.endpoint.reset(number);
        self.vfs[function].config.reset();
        self.deliver(clients);
        let _ = self.done(outcome);
    }

    fn run(&mut self, clients: &mut Clients) -> Result<Activity, DeviceError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if !std::mem::replace(&mut self.attached, true) {
            for (number, vf) in self.vfs.iter().enumerate() {
                self.endpoint.set_memory(vf.assignment.function, clients.memory(number).clone());
            }
        }
        let activity = self.endpoint.step(CLOCKS)?;
        self.deliver(clients);
        Ok(activity)
    }

    fn sources(&self) -> Vec<BorrowedFd<'_>> {
        self.endpoint.sources()
    }
}
