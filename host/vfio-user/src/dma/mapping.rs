// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memory of a client, mapped into this process: the only unsafe code of the package.
//!
//! The client and its guest change the bytes at any time, so no reference to them exists: they are read and written
//! with atomic operations of the widest naturally aligned size up to eight bytes. A 16-bit ring index therefore never
//! appears half old and half new.
//!
//! A file that shrinks below its mapping would raise SIGBUS on the next access; [`Mapping::new`] is to be used only
//! with files whose seals forbid that.

use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence};

/// A shared mapping.
#[derive(Debug)]
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and every access to it is atomic.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Maps `length` bytes of a file whose seals forbid that it shrinks, and which has these bytes.
    pub fn new(file: BorrowedFd<'_>, offset: u64, length: usize, writable: bool) -> Result<Mapping, Errno> {
        let protection = if writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
        // SAFETY: the kernel chooses the address, so nothing that exists is mapped over.
        let start =
            unsafe { mmap(std::ptr::null_mut(), length, protection, MapFlags::SHARED, file, offset) }?;
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        Ok(Mapping { start, length })
    }

    /// Copies bytes out; the range must lie inside.
    pub fn read(&self, offset: usize, data: &mut [u8]) {
        self.inside(offset, data.len());
        let mut done = 0;
        while done < data.len() {
            let at = offset + done;
            let size = widest(at, data.len() - done);
            let to = &mut data[done..done + size];
            // SAFETY: `inside` has checked that `at..at + size` lies in the mapping, which lives as long as `self`; the
            // mapping begins at a page and `widest` makes `at` a multiple of `size`, so the access is aligned. Other
            // processes may access the bytes at the same time, which is why it is atomic.
            unsafe {
                let from = self.start.as_ptr().add(at);
                match size {
                    8 => to.copy_from_slice(
                        &AtomicU64::from_ptr(from.cast()).load(Ordering::Relaxed).to_ne_bytes(),
                    ),
                    4 => to.copy_from_slice(
                        &AtomicU32::from_ptr(from.cast()).load(Ordering::Relaxed).to_ne_bytes(),
                    ),
                    2 => to.copy_from_slice(
                        &AtomicU16::from_ptr(from.cast()).load(Ordering::Relaxed).to_ne_bytes(),
                    ),
                    _ => to[0] = AtomicU8::from_ptr(from).load(Ordering::Relaxed),
                }
            }
            done += size;
        }
        // What is read later must not be older than this.
        fence(Ordering::Acquire);
    }

    /// Copies bytes in; the range must lie inside, and the mapping be writable.
    pub fn write(&self, offset: usize, data: &[u8]) {
        self.inside(offset, data.len());
        // Who sees these bytes must see all that was written before: ring entries before the index that counts them.
        fence(Ordering::Release);
        let mut done = 0;
        while done < data.len() {
            let at = offset + done;
            let size = widest(at, data.len() - done);
            let from = &data[done..done + size];
            // SAFETY: as in `read`. The owner of this type keeps read-only mappings from being written.
            unsafe {
                let to = self.start.as_ptr().add(at);
                match from {
                    &[a, b, c, d, e, f, g, h] => {
                        let word = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
                        AtomicU64::from_ptr(to.cast()).store(word, Ordering::Relaxed);
                    }
                    &[a, b, c, d] => {
                        let word = u32::from_ne_bytes([a, b, c, d]);
                        AtomicU32::from_ptr(to.cast()).store(word, Ordering::Relaxed);
                    }
                    &[a, b] => {
                        let word = u16::from_ne_bytes([a, b]);
                        AtomicU16::from_ptr(to.cast()).store(word, Ordering::Relaxed);
                    }
                    rest => AtomicU8::from_ptr(to).store(rest[0], Ordering::Relaxed),
                }
            }
            done += size;
        }
    }

    fn inside(&self, offset: usize, length: usize) {
        let end = offset.checked_add(length);
        assert!(
            end.is_some_and(|end| end <= self.length),
            "{offset:#x} + {length:#x} is outside the mapping"
        );
    }
}

/// The widest access that is aligned at `at` and no longer than `left`, which is not 0.
fn widest(at: usize, left: usize) -> usize {
    [8, 4, 2].into_iter().find(|&size| at.is_multiple_of(size) && size <= left).unwrap_or(1)
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours alone and no pointer into it outlives a method of `self`.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
        debug_assert!(unmapped.is_ok(), "munmap of what mmap gave");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fd::AsFd;
    use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
    use rustix::io::{pread, pwrite};

    #[test]
    fn every_offset_and_length_reads_and_writes_what_the_file_has() {
        let file = memfd_create("memory", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, 4096).unwrap();
        let mapping = Mapping::new(file.as_fd(), 0, 4096, true).unwrap();
        let ramp: Vec<u8> = (0..=255).collect();
        for offset in 0..20 {
            for length in 0..40 {
                pwrite(&file, &ramp, 0).unwrap();
                let mut data = vec![0; length];
                mapping.read(offset, &mut data);
                assert_eq!(data, ramp[offset..offset + length]);

                mapping.write(offset, &vec![0xee; length]);
                let mut expected = ramp.clone();
                expected[offset..offset + length].fill(0xee);
                let mut all = vec![0; 256];
                pread(&file, &mut all, 0).unwrap();
                assert_eq!(all, expected);
            }
        }
    }
}
