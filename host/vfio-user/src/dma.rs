// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memory that a client lets a function reach: what `DMA_MAP` brings and `DMA_UNMAP` takes away.
//!
//! Two kinds of files can stand behind it. A memfd whose seals forbid that it shrinks (QEMU's `memory-backend-memfd`
//! seals it so) is mapped. Any other file on tmpfs is read and written with pread(2) and pwrite(2): a client that
//! truncates it gets a fault on its own function, where a mapping would end this process with SIGBUS. Files elsewhere
//! are refused, because reading them may take as long as the client likes (FUSE). Memory without a descriptor is taken
//! note of, and every access to it is a fault: messages from server to client are not served.
//!
//! What remains: a memfd of huge pages raises SIGBUS if the client punches a hole into it and the machine has no huge
//! page left; and a small aligned write with pwrite(2) may be seen byte by byte.

mod mapping;

use crate::version::MAX_DMA_MAPS;
use crate::wire::{DMA_READABLE, DMA_UNMAP_ALL, DMA_WRITABLE, DmaMap, DmaUnmap};
use mapping::Mapping;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, OFlags, SealFlags, fcntl_get_seals, fcntl_getfl, fstat, fstatfs};
use rustix::io::{Errno, pread, pwrite};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most bytes that a client may map, so that one client cannot use up the address space of all.
const MAX_BYTES: u64 = 1 << 40;

/// `f_type` of tmpfs (`linux/magic.h`).
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Size of a page; offsets and sizes of mappings are multiples of it.
const PAGE: u64 = 4096;

/// An access to memory that the client does not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no memory for {length} bytes at {address:#x}")]
pub struct DmaFault {
    /// Where.
    pub address: u64,
    /// How much.
    pub length: usize,
}

/// What stands behind a range of addresses.
#[derive(Debug)]
enum Backing {
    Mapped(Mapping),
    File { file: Arc<File>, offset: u64 },
    Nothing,
}

/// A file that is not mapped, shared by the ranges that lie in it.
#[derive(Debug)]
struct File {
    descriptor: OwnedFd,
    /// Device and inode.
    identity: (u64, u64),
    writable: bool,
}

#[derive(Debug)]
struct Range {
    size: u64,
    readable: bool,
    writable: bool,
    backing: Backing,
}

/// Memory of one client, by the addresses that the device uses.
#[derive(Debug, Default)]
pub struct Memory {
    ranges: BTreeMap<u64, Range>,
    bytes: u64,
}

impl Memory {
    /// `DMA_MAP`. `EEXIST` if something is mapped there, `ENOSPC` if there are too many ranges, `ENOMEM` if there is too
    /// much, `EINVAL` for what makes no sense, `EOPNOTSUPP` for files that could hold up everybody.
    pub fn map(&mut self, map: &DmaMap, descriptor: Option<OwnedFd>) -> Result<(), Errno> {
        let last =
            map.size.checked_sub(1).and_then(|most| map.address.checked_add(most)).ok_or(Errno::INVAL)?;
        let flags_known = map.flags & !(DMA_READABLE | DMA_WRITABLE) == 0;
        let aligned = [map.offset, map.address, map.size].iter().all(|n| n.is_multiple_of(PAGE));
        if !flags_known || !aligned {
            return Err(Errno::INVAL);
        }
        let before = self.ranges.range(..=last).next_back();
        if before.is_some_and(|(&address, range)| address + (range.size - 1) >= map.address) {
            return Err(Errno::EXIST);
        }
        if self.ranges.len() >= MAX_DMA_MAPS {
            return Err(Errno::NOSPC);
        }
        if map.size > MAX_BYTES - self.bytes {
            return Err(Errno::NOMEM);
        }
        let writable = map.flags & DMA_WRITABLE != 0;
        let backing = match descriptor {
            None => Backing::Nothing,
            Some(descriptor) => self.backing(map, descriptor, writable)?,
        };
        let readable = map.flags & DMA_READABLE != 0;
        self.ranges.insert(map.address, Range { size: map.size, readable, writable, backing });
        self.bytes += map.size;
        Ok(())
    }

    fn backing(&self, map: &DmaMap, descriptor: OwnedFd, writable: bool) -> Result<Backing, Errno> {
        let status = fstat(&descriptor)?;
        let size = u64::try_from(status.st_size).map_err(|_| Errno::INVAL)?;
        let end = map.offset.checked_add(map.size).ok_or(Errno::INVAL)?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile || end > size {
            return Err(Errno::INVAL);
        }
        let seals = fcntl_get_seals(&descriptor).unwrap_or(SealFlags::empty());
        if seals.contains(SealFlags::SHRINK) {
            let length = usize::try_from(map.size).map_err(|_| Errno::NOMEM)?;
            return Mapping::new(descriptor.as_fd(), map.offset, length, writable).map(Backing::Mapped);
        }
        #[allow(clippy::unnecessary_cast, reason = "the type of f_type differs between machines")]
        if fstatfs(&descriptor)?.f_type as i64 != TMPFS_MAGIC {
            return Err(Errno::OPNOTSUPP);
        }
        let access = fcntl_getfl(&descriptor)? & OFlags::ACCMODE;
        if access == OFlags::WRONLY || (writable && access != OFlags::RDWR) {
            return Err(Errno::ACCESS);
        }
        let identity = (status.st_dev as u64, status.st_ino as u64);
        let same = self.ranges.values().find_map(|range| match &range.backing {
            Backing::File { file, .. } if file.identity == identity && file.writable >= writable => {
                Some(file.clone())
            }
            _ => None,
        });
        let file = same.unwrap_or_else(|| Arc::new(File { descriptor, identity, writable }));
        Ok(Backing::File { file, offset: map.offset })
    }

    /// `DMA_UNMAP`: everything, or the ranges that lie wholly inside, as VFIO does it. `ENOENT` if there is none,
    /// `EINVAL` if a range lies there only in part.
    pub fn unmap(&mut self, unmap: &DmaUnmap) -> Result<(), Errno> {
        if unmap.flags == DMA_UNMAP_ALL && unmap.address == 0 && unmap.size == 0 {
            *self = Memory::default();
            return Ok(());
        }
        let last =
            unmap.size.checked_sub(1).and_then(|most| unmap.address.checked_add(most)).ok_or(Errno::INVAL)?;
        if unmap.flags != 0 {
            return Err(Errno::INVAL);
        }
        let straddles = |address: u64| {
            let before = self.ranges.range(..address).next_back();
            before.is_some_and(|(&start, range)| start + (range.size - 1) >= address)
        };
        if straddles(unmap.address) || last.checked_add(1).is_some_and(straddles) {
            return Err(Errno::INVAL);
        }
        let inside: Vec<u64> = self.ranges.range(unmap.address..=last).map(|(&start, _)| start).collect();
        if inside.is_empty() {
            return Err(Errno::NOENT);
        }
        for start in inside {
            self.bytes -= self.ranges.remove(&start).map_or(0, |range| range.size);
        }
        Ok(())
    }

    /// Reads memory; ranges may follow each other within `data`. After a fault `data` holds anything.
    pub fn read(&self, address: u64, data: &mut [u8]) -> Result<(), DmaFault> {
        let fault = DmaFault { address, length: data.len() };
        let mut done = 0;
        while done < data.len() {
            let (range, offset, length) = self.piece(address, done, data.len()).ok_or(fault)?;
            if !range.readable {
                return Err(fault);
            }
            let piece = &mut data[done..done + length];
            match &range.backing {
                Backing::Mapped(mapping) => mapping.read(offset as usize, piece),
                Backing::File { file, offset: start } => {
                    let read = pread(&file.descriptor, &mut *piece, start + offset);
                    if read != Ok(length) {
                        return Err(fault);
                    }
                }
                Backing::Nothing => return Err(fault),
            }
            done += length;
        }
        Ok(())
    }

    /// Writes memory: all of it, or nothing and a fault.
    pub fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaFault> {
        let fault = DmaFault { address, length: data.len() };
        let mut done = 0;
        while done < data.len() {
            let (range, _, length) = self.piece(address, done, data.len()).ok_or(fault)?;
            if !range.writable || matches!(range.backing, Backing::Nothing) {
                return Err(fault);
            }
            done += length;
        }
        let mut done = 0;
        while done < data.len() {
            let (range, offset, length) = self.piece(address, done, data.len()).ok_or(fault)?;
            let piece = &data[done..done + length];
            match &range.backing {
                Backing::Mapped(mapping) => mapping.write(offset as usize, piece),
                Backing::File { file, offset: start } => {
                    let written = pwrite(&file.descriptor, piece, start + offset);
                    if written != Ok(length) {
                        return Err(fault);
                    }
                }
                Backing::Nothing => return Err(fault),
            }
            done += length;
        }
        Ok(())
    }

    /// The range that holds the byte `done` of an access, where that is in the range, and how many bytes of the access
    /// it holds from there.
    fn piece(&self, address: u64, done: usize, length: usize) -> Option<(&Range, u64, usize)> {
        let at = address.checked_add(done as u64)?;
        let (&start, range) = self.ranges.range(..=at).next_back()?;
        let offset = at - start;
        let there = range.size.checked_sub(offset).filter(|&left| left > 0)?;
        let length = usize::try_from(there).unwrap_or(usize::MAX).min(length - done);
        Some((range, offset, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustix::fs::{MemfdFlags, fcntl_add_seals, ftruncate, memfd_create};

    const BOTH: u32 = DMA_READABLE | DMA_WRITABLE;

    fn map(address: u64, size: u64, offset: u64) -> DmaMap {
        DmaMap { argsz: 32, flags: BOTH, offset, address, size }
    }

    fn unmap(address: u64, size: u64) -> DmaUnmap {
        DmaUnmap { argsz: 24, flags: 0, address, size }
    }

    fn memfd(size: u64, sealed: bool) -> OwnedFd {
        let file = memfd_create("guest", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&file, size).unwrap();
        if sealed {
            fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW).unwrap();
        }
        file
    }

    fn with(size: u64, sealed: bool) -> (OwnedFd, Memory) {
        let (file, mut memory) = (memfd(size, sealed), Memory::default());
        memory.map(&map(0x1000, size, 0), Some(file.try_clone().unwrap())).unwrap();
        (file, memory)
    }

    #[test]
    fn accesses_reach_the_file_and_nothing_else() {
        for sealed in [false, true] {
            let (file, memory) = with(0x2000, sealed);
            memory.write(0x1ffe, &[1, 2, 3, 4]).unwrap();
            let mut there = [0; 4];
            pread(&file, &mut there, 0xffe).unwrap();
            assert_eq!(there, [1, 2, 3, 4]);
            let mut back = [0; 4];
            memory.read(0x1ffe, &mut back).unwrap();
            assert_eq!(back, [1, 2, 3, 4]);
            for address in [0, 0xffd, 0x2ffd, 0x3000, u64::MAX - 2, u64::MAX] {
                let fault = DmaFault { address, length: 4 };
                assert_eq!(memory.read(address, &mut [0; 4]), Err(fault));
                assert_eq!(memory.write(address, &[0xff; 4]), Err(fault));
            }
            // A write that faults leaves nothing behind.
            let mut end = [9; 2];
            memory.read(0x2ffe, &mut end).unwrap();
            assert_eq!(end, [0, 0]);
        }
    }

    #[test]
    fn a_file_that_shrinks_is_a_fault() {
        let (file, memory) = with(0x2000, false);
        ftruncate(&file, 0x1000).unwrap();
        assert!(memory.read(0x1ff8, &mut [0; 8]).is_ok());
        assert!(memory.read(0x2000, &mut [0; 8]).is_err());
        let (file, _memory) = with(0x2000, true);
        assert_eq!(ftruncate(&file, 0x1000), Err(Errno::PERM));
    }

    #[test]
    fn what_is_refused() {
        let (file, mut memory) = with(0x4000, true);
        let mut errno = |m: DmaMap| memory.map(&m, Some(file.try_clone().unwrap())).unwrap_err();
        assert_eq!(errno(map(0x4000, 0x1000, 0)), Errno::EXIST);
        assert_eq!(errno(map(0, 0x2000, 0)), Errno::EXIST);
        assert_eq!(errno(map(0, 0x10000, 0)), Errno::EXIST);
        assert_eq!(errno(map(0x10000, 0, 0)), Errno::INVAL);
        assert_eq!(errno(map(u64::MAX - 0xfff, 0x2000, 0)), Errno::INVAL);
        assert_eq!(errno(map(0x10000, 0x5000, 0)), Errno::INVAL);
        assert_eq!(errno(map(0x10000, 0x1000, 0x4000)), Errno::INVAL);
        assert_eq!(errno(map(0x10000, 0x1000, u64::MAX - 0xfff)), Errno::INVAL);
        assert_eq!(errno(map(0x10001, 0x1000, 0)), Errno::INVAL);
        assert_eq!(errno(map(0x10000, 1 << 41, 0)), Errno::NOMEM);
        assert_eq!(errno(DmaMap { flags: 4, ..map(0x10000, 0x1000, 0) }), Errno::INVAL);
        let socket = std::os::unix::net::UnixStream::pair().unwrap().0;
        assert_eq!(memory.map(&map(0x10000, 0x1000, 0), Some(socket.into())), Err(Errno::INVAL));
        let disk = std::fs::File::open("/proc/self/exe").unwrap();
        let refused = memory.map(&map(0x10000, 0x1000, 0), Some(disk.into())).unwrap_err();
        assert!([Errno::OPNOTSUPP, Errno::ACCESS].contains(&refused), "{refused}");
        // The last page of the address space is as good as any.
        assert_eq!(memory.map(&map(u64::MAX - 0xfff, 0x1000, 0), Some(file)), Ok(()));
        assert_eq!(memory.write(u64::MAX - 1, &[1, 2]), Ok(()));
        assert!(memory.write(u64::MAX - 1, &[1, 2, 3]).is_err());
        assert_eq!(memory.map(&map(0, 0x1000, 0), None), Ok(()));
        assert!(memory.read(0, &mut [0]).is_err());
    }

    #[test]
    fn unmapping() {
        let file = memfd(0x4000, true);
        let mut memory = Memory::default();
        for page in 0..4 {
            let page = page * 0x1000;
            memory.map(&map(page, 0x1000, page), Some(file.try_clone().unwrap())).unwrap();
        }
        // Neighbours serve one access.
        memory.write(0xffe, &[1; 0x2004]).unwrap();
        assert_eq!(memory.unmap(&unmap(0x800, 0x1000)), Err(Errno::INVAL));
        assert_eq!(memory.unmap(&unmap(0x1000, 0x800)), Err(Errno::INVAL));
        assert_eq!(memory.unmap(&unmap(0x4000, 0x1000)), Err(Errno::NOENT));
        assert_eq!(memory.unmap(&unmap(0, 0)), Err(Errno::INVAL));
        assert_eq!(memory.unmap(&unmap(0x1000, 0x2000)), Ok(()));
        assert!(memory.read(0xffe, &mut [0; 4]).is_err());
        assert!(memory.read(0x3000, &mut [0; 4]).is_ok());
        assert_eq!(memory.unmap(&DmaUnmap { flags: DMA_UNMAP_ALL, ..unmap(0, 0) }), Ok(()));
        assert!(memory.read(0x3000, &mut [0; 4]).is_err());
        assert_eq!(memory.bytes, 0);
    }

    #[test]
    fn a_client_cannot_take_everything() {
        let file = memfd(0x1000, false);
        let mut memory = Memory::default();
        for page in 0..MAX_DMA_MAPS as u64 {
            memory.map(&map(page * 0x1000, 0x1000, 0), Some(file.try_clone().unwrap())).unwrap();
        }
        assert_eq!(memory.map(&map(1 << 40, 0x1000, 0), None), Err(Errno::NOSPC));
        // They share one descriptor.
        let Backing::File { file, .. } = &memory.ranges[&0].backing else { panic!("mapped") };
        assert_eq!(Arc::strong_count(file), MAX_DMA_MAPS);
    }

    proptest! {
        // Against a plain list of pages that are there.
        #[test]
        fn agrees_with_a_list_of_pages(
            steps in prop::collection::vec((any::<bool>(), 0u64..12, 1u64..5), 1..40),
            probe in (0u64..0xc000, 1usize..0x3000),
        ) {
            let file = memfd(0x10000, true);
            let mut memory = Memory::default();
            let mut pages: BTreeMap<u64, u64> = BTreeMap::new();
            for (number, (is_map, page, count)) in steps.into_iter().enumerate() {
                let covers = page..page + count;
                if is_map {
                    let free = covers.clone().all(|p| !pages.contains_key(&p));
                    let mapped = memory.map(&map(page << 12, count << 12, 0), Some(file.try_clone().unwrap()));
                    prop_assert_eq!(mapped, if free { Ok(()) } else { Err(Errno::EXIST) });
                    if free {
                        pages.extend(covers.map(|p| (p, number as u64)));
                    }
                } else {
                    let hit: Vec<u64> = covers.clone().filter_map(|p| pages.get(&p).copied()).collect();
                    let partial = pages.iter().any(|(p, owner)| hit.contains(owner) && !covers.contains(p));
                    let expected = match (hit.is_empty(), partial) {
                        (true, _) => Err(Errno::NOENT),
                        (_, true) => Err(Errno::INVAL),
                        _ => Ok(()),
                    };
                    prop_assert_eq!(memory.unmap(&unmap(page << 12, count << 12)), expected);
                    if expected.is_ok() {
                        pages.retain(|p, _| !covers.contains(p));
                    }
                }
            }
            let (address, length) = probe;
            let there = (address >> 12..=(address + length as u64 - 1) >> 12).all(|p| pages.contains_key(&p));
            prop_assert_eq!(memory.read(address, &mut vec![0; length]).is_ok(), there);
            prop_assert_eq!(memory.write(address, &vec![0; length]).is_ok(), there);
        }
    }
}
