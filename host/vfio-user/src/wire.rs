// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Messages of the vfio-user protocol, major version 0, and nothing but their layout.
//!
//! Source: the vfio-user protocol specification (QEMU, `docs/interop/vfio-user.rst`) and, for structures that it takes
//! over from VFIO, `linux/vfio.h`. Numbers have the endianness of the host. A payload is what follows the header.
//!
//! What is deliberately not here: commands from server to client (`DMA_READ`, `DMA_WRITE`), migration, dirty pages,
//! `REGION_WRITE_MULTI` and descriptors for region access. They are answered with an error.

use rustix::io::Errno;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of a header.
pub const HEADER: usize = size_of::<Header>();

/// Most bytes that one region access carries (capability `max_data_xfer_size`).
pub const MAX_TRANSFER: usize = 64 << 10;

/// Most bytes of a payload: the largest region write.
pub const MAX_PAYLOAD: usize = size_of::<RegionAccess>() + MAX_TRANSFER;

/// Most descriptors that one message carries (capability `max_msg_fds`).
pub const MAX_DESCRIPTORS: usize = 16;

/// What every message begins with. 16 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Header {
    /// Chosen by the client, repeated in the reply.
    pub id: u16,
    /// Number of the command.
    pub command: u16,
    /// Bytes of the whole message, header included.
    pub size: u32,
    /// [`TYPE`], [`NO_REPLY`], [`ERROR`].
    pub flags: u32,
    /// Errno of a reply with [`ERROR`].
    pub error: u32,
}

/// Bits of the type of a message in [`Header::flags`]: 0 is a command.
pub const TYPE: u32 = 0xf;
/// Type of a reply.
pub const REPLY: u32 = 1;
/// The client waits for no reply.
pub const NO_REPLY: u32 = 1 << 4;
/// The command failed.
pub const ERROR: u32 = 1 << 5;

impl Header {
    /// The header of a reply with a payload of so many bytes.
    pub fn reply(&self, payload: usize) -> Header {
        // A payload is at most MAX_PAYLOAD, so this fits.
        let size = (HEADER + payload) as u32;
        Header { size, flags: REPLY, error: 0, ..*self }
    }

    /// The header of a reply that says why there is none; such a reply has no payload.
    pub fn refusal(&self, errno: Errno) -> Header {
        Header { size: HEADER as u32, flags: REPLY | ERROR, error: errno.raw_os_error() as u32, ..*self }
    }
}

/// Numbers of the commands that are served.
pub mod command {
    #![allow(missing_docs, reason = "the names are those of the specification")]
    pub const VERSION: u16 = 1;
    pub const DMA_MAP: u16 = 2;
    pub const DMA_UNMAP: u16 = 3;
    pub const DEVICE_GET_INFO: u16 = 4;
    pub const DEVICE_GET_REGION_INFO: u16 = 5;
    pub const DEVICE_GET_IRQ_INFO: u16 = 7;
    pub const DEVICE_SET_IRQS: u16 = 8;
    pub const REGION_READ: u16 = 9;
    pub const REGION_WRITE: u16 = 10;
    pub const DEVICE_RESET: u16 = 13;
    /// The first number that the specification does not give; the last that it gives is `MIG_DATA_WRITE`.
    pub const AFTER_LAST: u16 = 19;
}

/// Begin of the payload of `VERSION`; JSON and a NUL follow.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Version {
    /// Changes with the format of messages.
    pub major: u16,
    /// Changes with additions.
    pub minor: u16,
}

/// Payload of `DMA_MAP`; the memory comes as a descriptor.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct DmaMap {
    /// Bytes of this structure.
    pub argsz: u32,
    /// [`DMA_READABLE`], [`DMA_WRITABLE`].
    pub flags: u32,
    /// Where the memory begins in the file.
    pub offset: u64,
    /// Where the device sees it.
    pub address: u64,
    /// Bytes.
    pub size: u64,
}

/// The device may read.
pub const DMA_READABLE: u32 = 1;
/// The device may write.
pub const DMA_WRITABLE: u32 = 2;

/// Payload of `DMA_UNMAP`, and of its reply.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct DmaUnmap {
    /// Bytes that the reply may have.
    pub argsz: u32,
    /// [`DMA_UNMAP_ALL`].
    pub flags: u32,
    /// Begin, as it was mapped.
    pub address: u64,
    /// Bytes, as they were mapped.
    pub size: u64,
}

/// All that is mapped; address and size are 0.
pub const DMA_UNMAP_ALL: u32 = 2;

/// Payload of `DEVICE_GET_INFO` and of its reply.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct DeviceInfo {
    /// Request: bytes that the reply may have. Reply: bytes that it needs.
    pub argsz: u32,
    /// [`DEVICE_RESET`], [`DEVICE_PCI`].
    pub flags: u32,
    /// Regions.
    pub num_regions: u32,
    /// Kinds of interrupts.
    pub num_irqs: u32,
}

/// The device can be reset.
pub const DEVICE_RESET: u32 = 1;
/// The device is a PCI function.
pub const DEVICE_PCI: u32 = 2;

/// Payload of `DEVICE_GET_REGION_INFO` and of its reply.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct RegionInfo {
    /// Request: bytes that the reply may have. Reply: bytes that it needs.
    pub argsz: u32,
    /// [`REGION_READ`], [`REGION_WRITE`].
    pub flags: u32,
    /// Which region.
    pub index: u32,
    /// Offset of the first capability; 0, as there is none.
    pub cap_offset: u32,
    /// Bytes.
    pub size: u64,
    /// Offset for mmap(2); 0, as no region can be mapped.
    pub offset: u64,
}

/// The region can be read.
pub const REGION_READ: u32 = 1;
/// The region can be written.
pub const REGION_WRITE: u32 = 2;

/// Payload of `DEVICE_GET_IRQ_INFO` and of its reply.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct IrqInfo {
    /// Request: bytes that the reply may have. Reply: bytes that it needs.
    pub argsz: u32,
    /// [`IRQ_EVENTFD`], [`IRQ_MASKABLE`].
    pub flags: u32,
    /// Which kind.
    pub index: u32,
    /// Interrupts of this kind.
    pub count: u32,
}

/// An interrupt can be delivered through an eventfd.
pub const IRQ_EVENTFD: u32 = 1;
/// An interrupt can be masked and unmasked.
pub const IRQ_MASKABLE: u32 = 2;

/// Begin of the payload of `DEVICE_SET_IRQS`; booleans follow for [`SET_DATA_BOOL`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct SetIrqs {
    /// Bytes of the payload.
    pub argsz: u32,
    /// One of the data bits and one of the action bits.
    pub flags: u32,
    /// Which kind.
    pub index: u32,
    /// First interrupt.
    pub start: u32,
    /// How many.
    pub count: u32,
}

/// All interrupts of the range.
pub const SET_DATA_NONE: u32 = 1;
/// Those whose byte is not 0.
pub const SET_DATA_BOOL: u32 = 1 << 1;
/// Each gets the eventfd at its place among the descriptors.
pub const SET_DATA_EVENTFD: u32 = 1 << 2;
/// Mask.
pub const SET_ACTION_MASK: u32 = 1 << 3;
/// Unmask.
pub const SET_ACTION_UNMASK: u32 = 1 << 4;
/// Deliver, or say how to deliver.
pub const SET_ACTION_TRIGGER: u32 = 1 << 5;

/// Begin of the payload of `REGION_READ`, `REGION_WRITE` and their replies; the data of a write request and of a read
/// reply follow.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct RegionAccess {
    /// Where in the region.
    pub offset: u64,
    /// Which region.
    pub region: u32,
    /// Bytes.
    pub count: u32,
}

/// A command with its payload, all lengths checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// `VERSION` with the JSON, without its NUL; empty if there is none.
    Version(Version, &'a [u8]),
    /// `DMA_MAP`.
    DmaMap(DmaMap),
    /// `DMA_UNMAP`.
    DmaUnmap(DmaUnmap),
    /// `DEVICE_GET_INFO`.
    DeviceInfo(DeviceInfo),
    /// `DEVICE_GET_REGION_INFO`.
    RegionInfo(RegionInfo),
    /// `DEVICE_GET_IRQ_INFO`.
    IrqInfo(IrqInfo),
    /// `DEVICE_SET_IRQS` with its booleans.
    SetIrqs(SetIrqs, &'a [u8]),
    /// `REGION_READ`.
    RegionRead(RegionAccess),
    /// `REGION_WRITE` with its data.
    RegionWrite(RegionAccess, &'a [u8]),
    /// `DEVICE_RESET`.
    DeviceReset,
}

impl<'a> Request<'a> {
    /// Takes a payload apart. `ENOSYS` for commands that the specification does not have, `EOPNOTSUPP` for those that
    /// it has and this server has not, `EINVAL` for lengths that do not belong to the command.
    pub fn parse(number: u16, payload: &'a [u8]) -> Result<Request<'a>, Errno> {
        match number {
            command::VERSION => {
                let (version, json) = prefix::<Version>(payload)?;
                match json.split_last() {
                    None => Ok(Request::Version(version, json)),
                    Some((0, json)) => Ok(Request::Version(version, json)),
                    Some(_) => Err(Errno::INVAL),
                }
            }
            command::DMA_MAP => whole(payload).map(Request::DmaMap),
            command::DMA_UNMAP => whole(payload).map(Request::DmaUnmap),
            command::DEVICE_GET_INFO => {
                let info: DeviceInfo = whole(payload)?;
                room::<DeviceInfo>(info.argsz).map(|()| Request::DeviceInfo(info))
            }
            command::DEVICE_GET_REGION_INFO => {
                let info: RegionInfo = whole(payload)?;
                room::<RegionInfo>(info.argsz).map(|()| Request::RegionInfo(info))
            }
            command::DEVICE_GET_IRQ_INFO => {
                let info: IrqInfo = whole(payload)?;
                room::<IrqInfo>(info.argsz).map(|()| Request::IrqInfo(info))
            }
            command::DEVICE_SET_IRQS => {
                let (set, booleans) = prefix::<SetIrqs>(payload)?;
                let expected = if set.flags & SET_DATA_BOOL != 0 { set.count as usize } else { 0 };
                if booleans.len() == expected {
                    Ok(Request::SetIrqs(set, booleans))
                } else {
                    Err(Errno::INVAL)
                }
            }
            command::REGION_READ => {
                let access: RegionAccess = whole(payload)?;
                let fits = access.count as usize <= MAX_TRANSFER;
                if fits { Ok(Request::RegionRead(access)) } else { Err(Errno::INVAL) }
            }
            command::REGION_WRITE => {
                let (access, data) = prefix::<RegionAccess>(payload)?;
                let fits = access.count as usize == data.len();
                if fits { Ok(Request::RegionWrite(access, data)) } else { Err(Errno::INVAL) }
            }
            command::DEVICE_RESET if payload.is_empty() => Ok(Request::DeviceReset),
            command::DEVICE_RESET => Err(Errno::INVAL),
            0 | command::AFTER_LAST.. => Err(Errno::NOSYS),
            _ => Err(Errno::OPNOTSUPP),
        }
    }

    /// Whether descriptors belong to this command.
    pub fn takes_descriptors(&self) -> bool {
        matches!(self, Request::DmaMap(_) | Request::SetIrqs(..))
    }
}

/// The structure that the payload is, no byte more.
fn whole<T: FromBytes>(payload: &[u8]) -> Result<T, Errno> {
    T::read_from_bytes(payload).map_err(|_| Errno::INVAL)
}

/// The structure that the payload begins with, and the rest.
fn prefix<T: FromBytes>(payload: &[u8]) -> Result<(T, &[u8]), Errno> {
    T::read_from_prefix(payload).map_err(|_| Errno::INVAL)
}

/// Whether the client has room for a reply of this form.
fn room<T>(argsz: u32) -> Result<(), Errno> {
    if argsz as usize >= size_of::<T>() { Ok(()) } else { Err(Errno::INVAL) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // Offsets and sizes as the tables of the specification state them.
    #[test]
    fn layouts() {
        assert_eq!(HEADER, 16);
        let header = Header { id: 0x1122, command: 9, size: 32, flags: NO_REPLY, error: 5 };
        let bytes = header.as_bytes();
        assert_eq!(bytes[0..2], 0x1122u16.to_ne_bytes());
        assert_eq!(bytes[2..4], 9u16.to_ne_bytes());
        assert_eq!(bytes[4..8], 32u32.to_ne_bytes());
        assert_eq!(bytes[8..12], 16u32.to_ne_bytes());
        assert_eq!(bytes[12..16], 5u32.to_ne_bytes());
        assert_eq!(size_of::<DmaMap>(), 32);
        assert_eq!(std::mem::offset_of!(DmaMap, address), 16);
        assert_eq!(size_of::<DmaUnmap>(), 24);
        assert_eq!(size_of::<DeviceInfo>(), 16);
        assert_eq!(size_of::<RegionInfo>(), 32);
        assert_eq!(std::mem::offset_of!(RegionInfo, size), 16);
        assert_eq!(size_of::<IrqInfo>(), 16);
        assert_eq!(size_of::<SetIrqs>(), 20);
        assert_eq!(size_of::<RegionAccess>(), 16);
    }

    #[test]
    fn errors_of_commands() {
        assert_eq!(Request::parse(0, &[]), Err(Errno::NOSYS));
        assert_eq!(Request::parse(19, &[]), Err(Errno::NOSYS));
        assert_eq!(Request::parse(6, &[]), Err(Errno::OPNOTSUPP));
        assert_eq!(Request::parse(15, &[]), Err(Errno::OPNOTSUPP));
        assert_eq!(Request::parse(command::DEVICE_RESET, &[]), Ok(Request::DeviceReset));
        assert_eq!(Request::parse(command::DEVICE_RESET, &[0]), Err(Errno::INVAL));
    }

    #[test]
    fn a_version_ends_in_nul_or_has_no_text() {
        let version = Version { major: 0, minor: 1 };
        let parse = |text: &[u8]| {
            let payload = [version.as_bytes(), text].concat();
            Request::parse(command::VERSION, &payload).map(|r| match r {
                Request::Version(_, json) => json.to_vec(),
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(parse(b""), Ok(vec![]));
        assert_eq!(parse(b"{}\0"), Ok(b"{}".to_vec()));
        assert_eq!(parse(b"{}"), Err(Errno::INVAL));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_taken_or_refused(number in 0u16..24, payload in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(request) = Request::parse(number, &payload) {
                // What is taken says all that was sent.
                let again: Vec<u8> = match request {
                    Request::Version(v, json) if json.is_empty() && payload.len() == 4 => v.as_bytes().to_vec(),
                    Request::Version(v, json) => [v.as_bytes(), json, &[0]].concat(),
                    Request::DmaMap(p) => p.as_bytes().to_vec(),
                    Request::DmaUnmap(p) => p.as_bytes().to_vec(),
                    Request::DeviceInfo(p) => p.as_bytes().to_vec(),
                    Request::RegionInfo(p) => p.as_bytes().to_vec(),
                    Request::IrqInfo(p) => p.as_bytes().to_vec(),
                    Request::SetIrqs(p, rest) => [p.as_bytes(), rest].concat(),
                    Request::RegionRead(p) => p.as_bytes().to_vec(),
                    Request::RegionWrite(p, rest) => [p.as_bytes(), rest].concat(),
                    Request::DeviceReset => vec![],
                };
                prop_assert_eq!(again, payload);
            }
        }

        #[test]
        fn a_write_carries_what_it_counts(count in 0u32..64, length in 0usize..64) {
            let access = RegionAccess { offset: 8, region: 0, count };
            let payload = [access.as_bytes(), &vec![7; length]].concat();
            let taken = Request::parse(command::REGION_WRITE, &payload).is_ok();
            prop_assert_eq!(taken, count as usize == length);
        }
    }
}
