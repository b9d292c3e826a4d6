// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilated card behind the face of [`PciFunctions`], and the host software that sets it up.

use super::link::{Link, LinkDisturbance};
use super::memory::DmaMemory;
use super::root::{Answer, BUS, RootComplex};
use super::tlp::{Status, Tlp, byte_enables};
use super::{Activity, Interrupt, PciFunctions, PcieError};
use std::path::PathBuf;
use weir_regs::config::{pf, vf};

/// Where the host puts BAR 0 of PF0.
const PF_BAR: u64 = 0xe000_0000;

/// Where the host puts the BARs of the VFs: above 4 GiB.
const VF_BAR: u64 = 0x80_0000_0000;

/// Longest payload and read request in bytes that the host uses towards the card.
const MAX_PAYLOAD: usize = 256;

/// Clocks that the card may take to become quiet.
const QUIET_CLOCKS: u32 = 1_000_000;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct EndpointOptions {
    /// Name of the model.
    pub model: String,
    /// Waves from the first clock on.
    pub waves: Option<PathBuf>,
    /// Pauses on the link.
    pub disturbance: LinkDisturbance,
}

impl Default for EndpointOptions {
    fn default() -> Self {
        EndpointOptions { model: "endpoint".into(), waves: None, disturbance: LinkDisturbance::default() }
    }
}

/// The simulated card.
#[derive(Debug)]
pub struct EndpointSim {
    root: RootComplex,
    /// Bytes from the BAR of one VF to that of the next.
    aperture: u64,
    vfs: u8,
}

impl EndpointSim {
    /// The card after reset, as a host finds it.
    pub fn new(options: &EndpointOptions) -> Result<EndpointSim, PcieError> {
        let link = Link::new(&options.model, options.disturbance, options.waves.as_deref())?;
        Ok(EndpointSim { root: RootComplex::new(link), aperture: 0, vfs: 0 })
    }

    /// The root complex, for what only tests do.
    pub fn root(&mut self) -> &mut RootComplex {
        &mut self.root
    }

    /// VFs that are enabled.
    pub fn vfs(&self) -> u8 {
        self.vfs
    }

    /// Does what the host's kernel does: places the BARs, lets PF0 answer and send, and enables so many VFs, at most as
    /// many as there are. Gives their number.
    pub fn enable_vfs(&mut self, vfs: u8) -> Result<u8, PcieError> {
        // Every configuration write tells the card its bus number.
        self.write_dword(0, pf::COMMAND_STATUS.offset, 0)?;
        self.write_dword(0, pf::BAR_0.offset, PF_BAR as u32)?;
        self.write_dword(0, pf::COMMAND_STATUS.offset, 0x6)?;
        // Tags of 8 bits; payloads of 256 bytes, reads of 512.
        self.write_dword(0, pf::DEVICE_CONTROL_STATUS.offset, 0x2930)?;
        self.write_dword(0, pf::SRIOV_SYSTEM_PAGE_SIZE.offset, 1)?;
        self.write_dword(0, pf::SRIOV_VF_BAR_0.offset, !0)?;
        let size = self.read_dword(0, pf::SRIOV_VF_BAR_0.offset)? & !0xf;
        self.aperture = u64::from(size.wrapping_neg());
        self.write_dword(0, pf::SRIOV_VF_BAR_0.offset, VF_BAR as u32)?;
        self.write_dword(0, pf::SRIOV_VF_BAR_1.offset, (VF_BAR >> 32) as u32)?;
        let total = (self.read_dword(0, pf::SRIOV_VFS.offset)? >> 16) as u8;
        self.vfs = vfs.min(total);
        self.write_dword(0, pf::SRIOV_NUM_VFS.offset, self.vfs.into())?;
        // VF Enable, VF MSE, ARI.
        self.write_dword(0, pf::SRIOV_CONTROL.offset, 0x19)?;
        Ok(self.vfs)
    }

    fn read_dword(&mut self, function: u8, offset: u16) -> Result<u32, PcieError> {
        let mut data = [0; 4];
        self.config_read(function, offset, &mut data)?;
        Ok(u32::from_le_bytes(data))
    }

    fn write_dword(&mut self, function: u8, offset: u16, value: u32) -> Result<(), PcieError> {
        self.config_write(function, offset, &value.to_le_bytes())
    }

    /// Sends a request and waits for its answer.
    fn ask(
        &mut self,
        function: u8,
        access: &'static str,
        offset: u64,
        request: &Tlp,
    ) -> Result<Answer, PcieError> {
        let before = self.root.link().clocks();
        match self.root.request(request)? {
            None => {
                let clocks = (self.root.link().clocks() - before) as u32;
                Err(PcieError::Timeout { function, access, offset, clocks })
            }
            Some(Answer { status: Status::UnsupportedRequest, .. }) => {
                Err(PcieError::UnsupportedRequest { function, access, offset })
            }
            Some(Answer { status: Status::CompleterAbort, .. }) => {
                Err(PcieError::CompleterAbort { function, access, offset })
            }
            Some(answer) => Ok(answer),
        }
    }

    /// Bus address of an offset in a BAR.
    fn address(&self, function: u8, bar: u8, offset: u64, bytes: usize) -> Result<u64, PcieError> {
        let refuse = |what| Err(PcieError::Access { function, offset, bytes, what });
        let (base, size) = match function {
            0 => (PF_BAR, 0x1_0000),
            vf if vf <= self.vfs => (VF_BAR + u64::from(vf - 1) * self.aperture, self.aperture),
            _ => return refuse("there is no such function"),
        };
        if bar != 0 {
            return refuse("there is no such BAR");
        }
        if bytes == 0 || offset.checked_add(bytes as u64).is_none_or(|end| end > size) {
            return refuse("this is not inside the BAR");
        }
        Ok(base + offset)
    }
}

/// Whether the bytes lie in one dword of configuration space.
fn check_config(function: u8, offset: u16, bytes: usize) -> Result<(), PcieError> {
    let inside = offset < 4096 && usize::from(offset % 4) + bytes <= 4;
    match matches!(bytes, 1 | 2 | 4) && inside {
        true => Ok(()),
        false => Err(PcieError::Access {
            function,
            offset: offset.into(),
            bytes,
            what: "a configuration access is 1, 2 or 4 bytes in one dword below 4096",
        }),
    }
}

/// Parts of an access, each of which one request may carry: none over a boundary of 4 KiB, none longer than `longest`.
fn parts(address: u64, bytes: usize, longest: usize) -> Vec<(u64, std::ops::Range<usize>)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < bytes {
        let here = address + at as u64;
        // Aligned to `longest`, which divides 4 KiB.
        let room = longest - (here % longest as u64) as usize;
        let end = bytes.min(at + room);
        parts.push((here, at..end));
        at = end;
    }
    parts
}

impl PciFunctions for EndpointSim {
    fn config_read(&mut self, function: u8, offset: u16, data: &mut [u8]) -> Result<(), PcieError> {
        check_config(function, offset, data.len())?;
        let (enables, ..) = byte_enables(offset.into(), data.len());
        let target = u16::from(BUS) << 8 | u16::from(function);
        let common = self.root.next_common();
        let request = Tlp::ConfigRead { common, target, offset, enables };
        let answer = self.ask(function, "configuration read", offset.into(), &request)?;
        let start = usize::from(offset % 4);
        data.copy_from_slice(&answer.data[start..start + data.len()]);
        Ok(())
    }

    fn config_write(&mut self, function: u8, offset: u16, data: &[u8]) -> Result<(), PcieError> {
        check_config(function, offset, data.len())?;
        let (enables, ..) = byte_enables(offset.into(), data.len());
        let start = usize::from(offset % 4);
        let mut dword = [0; 4];
        dword[start..start + data.len()].copy_from_slice(data);
        let target = u16::from(BUS) << 8 | u16::from(function);
        let common = self.root.next_common();
        let request = Tlp::ConfigWrite { common, target, offset, enables, data: dword };
        self.ask(function, "configuration write", offset.into(), &request)?;
        Ok(())
    }

    fn bar_read(&mut self, function: u8, bar: u8, offset: u64, data: &mut [u8]) -> Result<(), PcieError> {
        let address = self.address(function, bar, offset, data.len())?;
        for (address, part) in parts(address, data.len(), 4096) {
            let (first, last, dwords) = byte_enables(address, part.len());
            let common = self.root.next_common();
            let address = address & !3;
            let request = Tlp::MemoryRead { common, address, first, last, dwords: dwords as u16 };
            let answer = self.ask(function, "memory read", offset + part.start as u64, &request)?;
            data[part].copy_from_slice(&answer.data);
        }
        Ok(())
    }

    fn bar_write(&mut self, function: u8, bar: u8, offset: u64, data: &[u8]) -> Result<(), PcieError> {
        let address = self.address(function, bar, offset, data.len())?;
        for (address, part) in parts(address, data.len(), MAX_PAYLOAD) {
            let (first, last, dwords) = byte_enables(address, part.len());
            let start = (address % 4) as usize;
            let mut payload = vec![0; dwords * 4];
            payload[start..start + part.len()].copy_from_slice(&data[part]);
            let common = self.root.next_common();
            let write = Tlp::MemoryWrite { common, address: address & !3, first, last, data: payload };
            self.root.link().send(write.encode());
        }
        Ok(())
    }

    fn set_dma(&mut self, function: u8, memory: Option<Box<dyn DmaMemory>>) {
        self.root.set_memory(function, memory);
    }

    fn take_interrupts(&mut self) -> Vec<Interrupt> {
        self.root.take_interrupts()
    }

    fn reset(&mut self, function: u8) -> Result<(), PcieError> {
        let offset = match function {
            0 => pf::DEVICE_CONTROL_STATUS.offset,
            _ => vf::DEVICE_CONTROL_STATUS.offset,
        };
        // The reset bit is in the second byte of Device Control.
        self.config_write(function, offset + 1, &[0x80])?;
        if function == 0 {
            self.vfs = 0;
        }
        match self.step(QUIET_CLOCKS)? {
            Activity::Quiescent => Ok(()),
            Activity::Busy => Err(PcieError::Timeout {
                function,
                access: "function level reset",
                offset: offset.into(),
                clocks: QUIET_CLOCKS,
            }),
        }
    }

    fn step(&mut self, clocks: u32) -> Result<Activity, PcieError> {
        for _ in 0..clocks {
            if self.root.idle() {
                return Ok(Activity::Quiescent);
            }
            self.root.clock()?;
        }
        Ok(if self.root.idle() { Activity::Quiescent } else { Activity::Busy })
    }
}
