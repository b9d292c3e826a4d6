// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One command of a client, carried out.

use crate::clients::Clients;
use crate::device::{Device, Function, REGIONS};
use crate::irqs::KINDS;
use crate::version::negotiate;
use crate::wire::{
    DEVICE_PCI, DEVICE_RESET, DeviceInfo, IRQ_EVENTFD, IRQ_MASKABLE, IrqInfo, REGION_READ, REGION_WRITE,
    RegionAccess, RegionInfo, Request,
};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use zerocopy::IntoBytes;

/// What a session knows besides its client.
#[derive(Debug)]
pub struct Session {
    /// Which function.
    pub function: usize,
    /// Its shape.
    pub shape: Function,
    /// `VERSION` has been agreed on.
    pub negotiated: bool,
}

impl Session {
    /// Carries out a command and returns the payload of the reply.
    pub fn carry_out(
        &mut self,
        request: Request<'_>,
        mut descriptors: Vec<OwnedFd>,
        device: &mut dyn Device,
        clients: &mut Clients,
    ) -> Result<Vec<u8>, Errno> {
        let function = self.function;
        let is_version = matches!(request, Request::Version(..));
        if is_version == self.negotiated || (!descriptors.is_empty() && !request.takes_descriptors()) {
            return Err(Errno::INVAL);
        }
        match request {
            Request::Version(proposed, text) => {
                let (version, mut capabilities) = negotiate(proposed, text)?;
                self.negotiated = true;
                capabilities.splice(0..0, version.as_bytes().iter().copied());
                Ok(capabilities)
            }
            Request::DmaMap(map) => {
                let descriptor = descriptors.pop();
                if !descriptors.is_empty() {
                    return Err(Errno::INVAL);
                }
                clients.client(function).memory.change(|memory| memory.map(&map, descriptor))?;
                Ok(Vec::new())
            }
            Request::DmaUnmap(unmap) => {
                clients.client(function).memory.change(|memory| memory.unmap(&unmap))?;
                Ok(unmap.as_bytes().to_vec())
            }
            Request::DeviceInfo(_) => {
                let info = DeviceInfo {
                    argsz: size_of::<DeviceInfo>() as u32,
                    flags: DEVICE_PCI | DEVICE_RESET,
                    num_regions: REGIONS as u32,
                    num_irqs: KINDS as u32,
                };
                Ok(info.as_bytes().to_vec())
            }
            Request::RegionInfo(asked) => self.region_info(asked.index),
            Request::IrqInfo(asked) => self.irq_info(asked.index),
            Request::SetIrqs(set, booleans) => {
                let changed = clients.client(function).irqs.set(&set, booleans, descriptors)?;
                device.irqs_changed(clients, function, &changed);
                Ok(Vec::new())
            }
            Request::RegionRead(access) => {
                self.within(&access)?;
                let mut payload = access.as_bytes().to_vec();
                payload.resize(size_of::<RegionAccess>() + access.count as usize, 0);
                let data = &mut payload[size_of::<RegionAccess>()..];
                clients.client(function).statistics.region_reads += 1;
                device.read(clients, function, access.region, access.offset, data)?;
                Ok(payload)
            }
            Request::RegionWrite(access, data) => {
                self.within(&access)?;
                clients.client(function).statistics.region_writes += 1;
                device.write(clients, function, access.region, access.offset, data)?;
                Ok(access.as_bytes().to_vec())
            }
            Request::DeviceReset => {
                device.reset(clients, function)?;
                Ok(Vec::new())
            }
        }
    }

    fn region_info(&self, index: u32) -> Result<Vec<u8>, Errno> {
        let size = *self.shape.regions.get(index as usize).ok_or(Errno::INVAL)?;
        let info = RegionInfo {
            argsz: size_of::<RegionInfo>() as u32,
            flags: if size > 0 { REGION_READ | REGION_WRITE } else { 0 },
            index,
            cap_offset: 0,
            size,
            offset: 0,
        };
        Ok(info.as_bytes().to_vec())
    }

    fn irq_info(&self, index: u32) -> Result<Vec<u8>, Errno> {
        let count = *self.shape.irqs.get(index as usize).ok_or(Errno::INVAL)?;
        let info = IrqInfo {
            argsz: size_of::<IrqInfo>() as u32,
            flags: if count > 0 { IRQ_EVENTFD | IRQ_MASKABLE } else { 0 },
            index,
            count,
        };
        Ok(info.as_bytes().to_vec())
    }

    fn within(&self, access: &RegionAccess) -> Result<(), Errno> {
        let size = *self.shape.regions.get(access.region as usize).ok_or(Errno::INVAL)?;
        let end = access.offset.checked_add(access.count.into());
        if end.is_some_and(|end| end <= size) { Ok(()) } else { Err(Errno::INVAL) }
    }
}
