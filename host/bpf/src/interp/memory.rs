// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Addresses of the interpreted machine: a region in the upper half, an offset in the lower.
//!
//! A pointer is an ordinary 64-bit number with which a program can reckon as it likes; every access is checked against
//! the region it names. Regions are far apart, so no arithmetic that stays within 2 GiB of its object reaches another.
//! Region 0 is nothing, so null and small numbers are no addresses. Bit 63 is never set, and offsets start in the
//! middle of the lower half, so that pointers compare as the kernel's do, signed or not.

use super::map::Map;

/// Bytes of a stack frame.
pub const FRAME: usize = 512;
/// Most frames.
pub const FRAMES: usize = 8;
/// Bytes before the packet that a program may take with `xdp_adjust_head`: the kernel's headroom of 256, of which its
/// `xdp_frame` takes 40.
pub const HEADROOM: usize = 216;

/// Distance of frames: what lies between two is no memory.
const FRAME_DISTANCE: u64 = 4096;
/// Offset of the first byte of every region.
const ORIGIN: u64 = 1 << 31;

const CONTEXT: u64 = 1;
const PACKET: u64 = 2;
const STACK: u64 = 3;
/// A map as such, as helpers take it.
const MAP: u64 = 0x100_0000;
/// Values of a map.
const VALUES: u64 = 0x200_0000;

/// Where an address points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The context, at an offset.
    Context(usize),
    /// The packet's buffer, at an offset from the start of its headroom.
    Packet(usize),
    /// A frame of the stack, at an offset from its lowest byte.
    Stack(usize, usize),
    /// The values of a map, at an offset.
    Value(usize, usize),
}

fn address(region: u64, offset: u64) -> u64 {
    (region << 32) + ORIGIN + offset
}

/// Address of the context.
pub fn context() -> u64 {
    address(CONTEXT, 0)
}

/// Address of a byte of the packet's buffer, counted from the start of its headroom.
pub fn packet(offset: usize) -> u64 {
    address(PACKET, offset as u64)
}

/// Address of the end of a frame, which is where R10 points.
pub fn frame_end(frame: usize) -> u64 {
    address(STACK, frame as u64 * FRAME_DISTANCE + FRAME as u64)
}

/// Address of a map as such.
pub fn map(index: usize) -> u64 {
    address(MAP + index as u64, 0)
}

/// Address of a byte of a map's values.
pub fn value(map: usize, offset: usize) -> u64 {
    address(VALUES + map as u64, offset as u64)
}

/// The map that an address stands for as such.
pub fn map_of(address: u64) -> Option<usize> {
    let index = (address >> 32).checked_sub(MAP).filter(|index| *index < VALUES - MAP)?;
    (address == map(index as usize)).then_some(index as usize)
}

/// Where an address points; nothing is said about how far one may go from there.
pub fn place(address: u64) -> Option<Place> {
    let offset = (address & 0xffff_ffff).checked_sub(ORIGIN)?;
    Some(match address >> 32 {
        CONTEXT => Place::Context(offset as usize),
        PACKET => Place::Packet(offset as usize),
        STACK => Place::Stack((offset / FRAME_DISTANCE) as usize, (offset % FRAME_DISTANCE) as usize),
        region @ VALUES.. => Place::Value((region - VALUES) as usize, offset as usize),
        _ => return None,
    })
}

/// Memory of one run: what is not the context.
pub struct Memory<'m> {
    /// The packet's buffer: what the program may use of its headroom, then the packet as it came in.
    pub buffer: Vec<u8>,
    /// Where in the buffer the packet begins.
    pub start: usize,
    /// The stack, frame after frame.
    pub stack: Vec<u8>,
    /// Maps; one that no instruction refers to may be missing.
    pub maps: &'m mut [Option<Map>],
}

impl<'m> Memory<'m> {
    /// Memory at the start of a run; the headroom is zeros.
    pub fn new(packet: &[u8], maps: &'m mut [Option<Map>]) -> Memory<'m> {
        let mut buffer = vec![0; HEADROOM];
        buffer.extend_from_slice(packet);
        Memory { buffer, start: HEADROOM, stack: vec![0; FRAME * FRAMES], maps }
    }

    /// The range of the buffer, if it lies in the packet.
    fn packet(&self, offset: usize, length: usize) -> Option<std::ops::Range<usize>> {
        let end = offset.checked_add(length).filter(|end| *end <= self.buffer.len())?;
        (offset >= self.start).then_some(offset..end)
    }

    /// Bytes at an address, if all of them are memory that can be read.
    pub fn read(&self, address: u64, length: usize) -> Option<&[u8]> {
        match place(address)? {
            Place::Context(_) => None,
            Place::Packet(offset) => self.packet(offset, length).map(|range| &self.buffer[range]),
            Place::Stack(frame, offset) => self.stack.get(stack_range(frame, offset, length)?),
            Place::Value(map, offset) => self.maps.get(map)?.as_ref()?.bytes(offset, length),
        }
    }

    /// Bytes at an address, if all of them are memory that can be written.
    pub fn write(&mut self, address: u64, length: usize) -> Option<&mut [u8]> {
        match place(address)? {
            Place::Context(_) => None,
            Place::Packet(offset) => self.packet(offset, length).map(|range| &mut self.buffer[range]),
            Place::Stack(frame, offset) => self.stack.get_mut(stack_range(frame, offset, length)?),
            Place::Value(map, offset) => {
                let map = self.maps.get_mut(map)?.as_mut()?;
                if map.writable() { map.bytes_mut(offset, length) } else { None }
            }
        }
    }
}

fn stack_range(frame: usize, offset: usize, length: usize) -> Option<std::ops::Range<usize>> {
    if frame >= FRAMES || offset.checked_add(length)? > FRAME {
        return None;
    }
    let start = frame * FRAME + offset;
    Some(start..start + length)
}
