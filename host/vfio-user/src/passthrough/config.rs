// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Configuration space of a VF, as its client sees it.
//!
//! Offsets are those of PCI 3.0, section 6.1, and PCI Express 4.0, section 7.5.

use super::{Assignment, Endpoint};
use crate::device::DeviceError;
use std::ops::Range;

const IDS: u16 = 0x00;
const COMMAND: u16 = 0x04;
const BARS: Range<u16> = 0x10..0x28;
const CARDBUS: u16 = 0x28;
const ROM: u16 = 0x30;
const CAPABILITIES: u16 = 0x34;
const INTERRUPT: u16 = 0x3c;

/// Memory Space Enable in the command register.
const MSE: u8 = 1 << 1;

/// Device Control within the PCI Express capability, and its bit 15 as that of its upper byte.
const DEVICE_CONTROL: u16 = 8;
const INITIATE_FLR: u8 = 1 << 7;

/// Capability ids.
const CAPABILITY_PCIE: u8 = 0x10;
const CAPABILITY_MSIX: u8 = 0x11;

/// Most capabilities that fit into 192 bytes.
const MOST_CAPABILITIES: usize = 48;

/// Where the capabilities are with which something is done here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Capabilities {
    /// PCI Express.
    pub pcie: Option<u16>,
    /// MSI-X.
    pub msix: Option<u16>,
}

/// Walks the list of capabilities.
pub fn capabilities<E: Endpoint>(endpoint: &mut E, function: u8) -> Result<Capabilities, DeviceError> {
    let mut found = Capabilities::default();
    let mut pointer = [0];
    endpoint.config_read(function, CAPABILITIES, &mut pointer)?;
    for _ in 0..MOST_CAPABILITIES {
        let at = u16::from(pointer[0] & !3);
        if at == 0 {
            return Ok(found);
        }
        let mut head = [0; 2];
        endpoint.config_read(function, at, &mut head)?;
        match head[0] {
            CAPABILITY_PCIE => found.pcie = Some(at),
            CAPABILITY_MSIX => found.msix = Some(at),
            _ => {}
        }
        pointer = [head[1]];
    }
    Err(format!("function {function}: the list of capabilities has no end").into())
}

/// The parts of an access that a bus can carry: 1, 2 or 4 bytes, naturally aligned. Each with its offset and the bytes
/// of the access that it is.
pub fn pieces(offset: u16, length: usize) -> impl Iterator<Item = (u16, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset as usize + done;
        let fits = |&size: &usize| at.is_multiple_of(size) && size <= length - done;
        let size = [4, 2, 1].into_iter().find(fits)?;
        done += size;
        Some((at as u16, done - size..done))
    })
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is kept here, or dropped.
    Keep,
    /// The VF gets it.
    Forward,
    /// The VF is reset.
    Reset,
}

/// What is kept here instead of in the VF.
#[derive(Clone, Debug)]
pub struct Virtual {
    ids: [u8; 4],
    /// Writable bits of each BAR register, and its constant ones.
    bar_masks: [u32; 6],
    bar_flags: [u32; 6],
    bars: [u32; 6],
    mse: u8,
    interrupt_line: u8,
    capabilities: Capabilities,
}

impl Virtual {
    pub fn new(assignment: &Assignment, capabilities: &Capabilities) -> Virtual {
        let ids = u32::from(assignment.vendor) | u32::from(assignment.device) << 16;
        let (mut bar_masks, mut bar_flags) = ([0; 6], [0; 6]);
        for (number, bar) in assignment.bars.iter().enumerate().filter(|(_, bar)| bar.size != 0) {
            let mask = !(bar.size - 1);
            bar_masks[number] = mask as u32 & !0xf;
            bar_flags[number] = bar.flags;
            if bar.flags & 0b110 == 0b100 && number < 5 {
                bar_masks[number + 1] = (mask >> 32) as u32;
            }
        }
        Virtual {
            ids: ids.to_le_bytes(),
            bar_masks,
            bar_flags,
            bars: bar_flags,
            mse: 0,
            interrupt_line: 0,
            capabilities: *capabilities,
        }
    }

    /// As after power-up.
    pub fn reset(&mut self) {
        self.bars = self.bar_flags;
        (self.mse, self.interrupt_line) = (0, 0);
    }

    /// Puts what is kept here over what the VF says; an access lies within one dword.
    pub fn overlay(&self, offset: u16, data: &mut [u8]) {
        let (dword, byte) = (offset & !3, usize::from(offset & 3));
        let kept = match dword {
            IDS => self.ids,
            dword if BARS.contains(&dword) => self.bars[bar_number(dword)].to_le_bytes(),
            CARDBUS | ROM => [0; 4],
            INTERRUPT => [self.interrupt_line, 0, 0, 0],
            COMMAND => {
                if byte == 0 {
                    data[0] = data[0] & !MSE | self.mse;
                }
                return;
            }
            _ => return,
        };
        data.copy_from_slice(&kept[byte..byte + data.len()]);
    }

    /// A write; it lies within one dword.
    pub fn write(&mut self, offset: u16, data: &[u8]) -> Action {
        let (dword, byte) = (offset & !3, usize::from(offset & 3));
        match dword {
            IDS | CARDBUS | ROM => Action::Keep,
            COMMAND => {
                if byte == 0 {
                    self.mse = data[0] & MSE;
                }
                Action::Forward
            }
            dword if BARS.contains(&dword) => {
                let number = bar_number(dword);
                let mut bytes = self.bars[number].to_le_bytes();
                bytes[byte..byte + data.len()].copy_from_slice(data);
                let (mask, flags) = (self.bar_masks[number], self.bar_flags[number]);
                self.bars[number] = u32::from_le_bytes(bytes) & mask | flags;
                Action::Keep
            }
            INTERRUPT => {
                if byte == 0 {
                    self.interrupt_line = data[0];
                }
                Action::Keep
            }
            // Its control; the rest cannot be written anyway.
            dword if self.capabilities.msix == Some(dword) => Action::Keep,
            dword if self.capabilities.pcie.is_some_and(|at| at + DEVICE_CONTROL == dword) => {
                let upper = 1usize.checked_sub(byte).and_then(|at| data.get(at));
                match upper {
                    Some(upper) if upper & INITIATE_FLR != 0 => Action::Reset,
                    _ => Action::Forward,
                }
            }
            _ => Action::Forward,
        }
    }
}

fn bar_number(dword: u16) -> usize {
    usize::from(dword - BARS.start) / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_are_taken_apart_at_natural_boundaries() {
        let of =
            |offset, length| pieces(offset, length).map(|(at, piece)| (at, piece.len())).collect::<Vec<_>>();
        assert_eq!(of(0, 4), [(0, 4)]);
        assert_eq!(of(1, 8), [(1, 1), (2, 2), (4, 4), (8, 1)]);
        assert_eq!(of(2, 4), [(2, 2), (4, 2)]);
        assert_eq!(of(7, 0), []);
        assert_eq!(of(0xffc, 4), [(0xffc, 4)]);
    }
}
