// SPDX-License-Identifier: Apache-2.0 OR MIT
//! bpf(2), thread affinity and network namespaces as safe functions: the only module of this crate with unsafe code.
//!
//! The attribute structures are prefixes of `union bpf_attr` (linux/bpf.h); the kernel takes a shorter one and reads
//! what is missing as zero. Only what the engine needs is here.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Commands of bpf(2).
#[derive(Clone, Copy)]
enum Command {
    MapCreate = 0,
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    MapNextKey = 4,
    ProgramLoad = 5,
    TestRun = 10,
    MapFreeze = 22,
}

/// `BPF_PROG_TYPE_XDP`
const PROGRAM_TYPE_XDP: u32 = 6;

/// Length of names in the kernel, the final zero included.
const NAME_BYTES: usize = 16;

#[repr(C)]
#[derive(Default)]
struct MapCreateAttr {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
    numa_node: u32,
    map_name: [u8; NAME_BYTES],
}

#[repr(C)]
#[derive(Default)]
struct MapElementAttr {
    map_fd: u32,
    padding: u32,
    key: u64,
    /// Value, or where the next key goes.
    value: u64,
    flags: u64,
}

#[repr(C)]
#[derive(Default)]
struct ProgramLoadAttr {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
    kern_version: u32,
    prog_flags: u32,
    prog_name: [u8; NAME_BYTES],
}

#[repr(C)]
#[derive(Default)]
struct TestRunAttr {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
}

/// Marks the types whose bytes bpf(2) may read and write.
///
/// # Safety
/// `repr(C)`, no padding bytes, and the layout of the same command's part of `union bpf_attr`.
unsafe trait Attr {}

// SAFETY: eleven u32 in the order of the kernel's BPF_MAP_CREATE structure.
unsafe impl Attr for MapCreateAttr {}
// SAFETY: two u32, then three u64 as in the kernel's BPF_MAP_*_ELEM structure, whose padding is a field here.
unsafe impl Attr for MapElementAttr {}
// SAFETY: the first fields of the kernel's BPF_PROG_LOAD structure, every u64 at a multiple of 8.
unsafe impl Attr for ProgramLoadAttr {}
// SAFETY: the first fields of the kernel's BPF_PROG_TEST_RUN structure, every u64 at a multiple of 8.
unsafe impl Attr for TestRunAttr {}

/// Calls bpf(2).
///
/// # Safety
/// Every pointer in `attr` must be valid for what `command` reads and writes through it.
unsafe fn bpf<T: Attr>(command: Command, attr: &mut T) -> io::Result<i32> {
    // SAFETY: `attr` is exclusively borrowed and its size is given; what it points to is the caller's promise.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command as libc::c_long, std::ptr::from_mut(attr), size_of::<T>())
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as i32) }
}

/// Owns the descriptor that a system call has returned.
fn owned(fd: i32) -> OwnedFd {
    // SAFETY: called only with the result of a call that opens a descriptor and hands it to nobody else.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn raw(fd: &OwnedFd) -> u32 {
    fd.as_raw_fd() as u32
}

/// The kernel's form of a name: letters, digits, `_` and `.`, at most 15 of them.
fn kernel_name(name: &str) -> [u8; NAME_BYTES] {
    let mut out = [0; NAME_BYTES];
    for (to, from) in out[..NAME_BYTES - 1].iter_mut().zip(name.bytes()) {
        *to = if from.is_ascii_alphanumeric() || from == b'_' || from == b'.' { from } else { b'_' };
    }
    out
}

/// What BPF_MAP_CREATE needs to know.
pub struct MapParameters<'a> {
    /// Name, shortened to what the kernel takes.
    pub name: &'a str,
    /// `BPF_MAP_TYPE_*`
    pub map_type: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Entries.
    pub max_entries: u32,
    /// `BPF_F_*`
    pub flags: u32,
}

/// Whether every CPU has its own value for a key (`BPF_MAP_TYPE_*PERCPU*`).
pub fn is_per_cpu(map_type: u32) -> bool {
    const PERCPU_HASH: u32 = 5;
    const PERCPU_ARRAY: u32 = 6;
    const LRU_PERCPU_HASH: u32 = 10;
    matches!(map_type, PERCPU_HASH | PERCPU_ARRAY | LRU_PERCPU_HASH)
}

/// Whether the kernel is known to copy `value_size` bytes for an entry, or that for every CPU: hash tables, arrays and
/// tries, and the arrays that hold descriptors or indices.
fn has_known_value_size(map_type: u32) -> bool {
    matches!(map_type, 1..=7 | 9 | 10 | 11 | 14 | 16 | 17 | 25)
}

/// Number of CPUs the kernel keeps values for: the last number in a list like `0-3,8-11`, plus one.
pub fn possible_cpus() -> io::Result<usize> {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/possible")?;
    let last = text.trim().rsplit(['-', ',']).next().and_then(|n| n.parse::<usize>().ok());
    last.map(|n| n + 1).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "list of possible CPUs"))
}

/// A map with the sizes that make its accesses sound.
pub struct MapHandle {
    fd: OwnedFd,
    key_bytes: usize,
    /// Bytes the kernel copies for one entry: all CPUs' slots of a per-CPU map.
    value_bytes: usize,
}

impl MapHandle {
    /// Creates a map. Types whose entries this module could not copy safely are refused as unsupported.
    pub fn create(map: &MapParameters<'_>) -> io::Result<MapHandle> {
        if !has_known_value_size(map.map_type) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let value = map.value_size as usize;
        let value_bytes =
            if is_per_cpu(map.map_type) { value.next_multiple_of(8) * possible_cpus()? } else { value };
        let mut attr = MapCreateAttr {
            map_type: map.map_type,
            key_size: map.key_size,
            value_size: map.value_size,
            max_entries: map.max_entries,
            map_flags: map.flags,
            map_name: kernel_name(map.name),
            ..MapCreateAttr::default()
        };
        // SAFETY: the structure holds no pointer.
        let fd = unsafe { bpf(Command::MapCreate, &mut attr) }.map(owned)?;
        Ok(MapHandle { fd, key_bytes: map.key_size as usize, value_bytes })
    }

    /// Descriptor, for `lddw` instructions that refer to the map.
    pub fn raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Bytes of a value as the kernel copies it.
    pub fn value_bytes(&self) -> usize {
        self.value_bytes
    }

    fn check(&self, key: &[u8], value: Option<&[u8]>) -> io::Result<()> {
        let fits = key.len() == self.key_bytes && value.is_none_or(|v| v.len() == self.value_bytes);
        if fits { Ok(()) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    /// The value of a key, `None` where the map does not have it.
    pub fn lookup(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.check(key, None)?;
        let mut value = vec![0; self.value_bytes];
        let mut attr = MapElementAttr {
            map_fd: raw(&self.fd),
            key: key.as_ptr() as u64,
            value: value.as_mut_ptr() as u64,
            ..MapElementAttr::default()
        };
        // SAFETY: `key` has the map's key size, `value` is a live buffer of what the kernel writes for an entry.
        match unsafe { bpf(Command::MapLookup, &mut attr) } {
            Ok(_) => Ok(Some(value)),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets the value of a key, whether the map has it or not.
    pub fn update(&self, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.check(key, Some(value))?;
        let mut attr = MapElementAttr {
            map_fd: raw(&self.fd),
            key: key.as_ptr() as u64,
            value: value.as_ptr() as u64,
            ..MapElementAttr::default()
        };
        // SAFETY: both buffers live during the call and have the sizes the kernel reads.
        unsafe { bpf(Command::MapUpdate, &mut attr) }.map(drop)
    }

    /// Removes a key; one that the map does not have is no error.
    pub fn delete(&self, key: &[u8]) -> io::Result<()> {
        self.check(key, None)?;
        let mut attr =
            MapElementAttr { map_fd: raw(&self.fd), key: key.as_ptr() as u64, ..MapElementAttr::default() };
        // SAFETY: `key` lives during the call and has the map's key size.
        match unsafe { bpf(Command::MapDelete, &mut attr) } {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
            _ => Ok(()),
        }
    }

    /// The key after `key`, or the first; `None` after the last.
    pub fn next_key(&self, key: Option<&[u8]>) -> io::Result<Option<Vec<u8>>> {
        if let Some(key) = key {
            self.check(key, None)?;
        }
        let mut next = vec![0; self.key_bytes];
        let mut attr = MapElementAttr {
            map_fd: raw(&self.fd),
            key: key.map_or(0, |k| k.as_ptr() as u64),
            value: next.as_mut_ptr() as u64,
            ..MapElementAttr::default()
        };
        // SAFETY: `key` is null (the first key is asked for) or of the map's key size, and so is `next`.
        match unsafe { bpf(Command::MapNextKey, &mut attr) } {
            Ok(_) => Ok(Some(next)),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the map read-only for user space, which lets the verifier read its values as constants.
    pub fn freeze(&self) -> io::Result<()> {
        let mut attr = MapElementAttr { map_fd: raw(&self.fd), ..MapElementAttr::default() };
        // SAFETY: BPF_MAP_FREEZE follows no pointer.
        unsafe { bpf(Command::MapFreeze, &mut attr) }.map(drop)
    }
}

/// A loaded program.
pub struct ProgramHandle(OwnedFd);

/// What BPF_PROG_TEST_RUN shows.
pub struct TestRun {
    /// Return value of the program.
    pub retval: u32,
    /// The packet after the run.
    pub data: Vec<u8>,
}

/// Loads an XDP program; `insns` are 8-byte slots with map descriptors in place. Into `log`, if there is one, goes the
/// verifier's log, which the kernel ends with a zero.
pub fn program_load(
    name: &str,
    insns: &[[u8; 8]],
    license: &std::ffi::CStr,
    log: Option<&mut [u8]>,
) -> io::Result<ProgramHandle> {
    let mut attr = ProgramLoadAttr {
        prog_type: PROGRAM_TYPE_XDP,
        insn_cnt: insns.len() as u32,
        insns: insns.as_ptr() as u64,
        license: license.as_ptr() as u64,
        prog_name: kernel_name(name),
        ..ProgramLoadAttr::default()
    };
    if let Some(log) = log {
        (attr.log_level, attr.log_size, attr.log_buf) = (1, log.len() as u32, log.as_mut_ptr() as u64);
    }
    // SAFETY: instructions, licence (zero-terminated) and log buffer live during the call and have the sizes given.
    unsafe { bpf(Command::ProgramLoad, &mut attr) }.map(|fd| ProgramHandle(owned(fd)))
}

impl ProgramHandle {
    /// Runs the program once on a packet, with an `xdp_md` if there is one; at most `capacity` bytes come back.
    pub fn test_run(&self, packet: &[u8], context: Option<&[u8]>, capacity: usize) -> io::Result<TestRun> {
        let mut data = vec![0; capacity];
        let mut attr = TestRunAttr {
            prog_fd: raw(&self.0),
            data_size_in: packet.len() as u32,
            data_in: packet.as_ptr() as u64,
            data_size_out: data.len() as u32,
            data_out: data.as_mut_ptr() as u64,
            repeat: 1,
            ..TestRunAttr::default()
        };
        if let Some(context) = context {
            (attr.ctx_in, attr.ctx_size_in) = (context.as_ptr() as u64, context.len() as u32);
        }
        // SAFETY: packet, context and output live during the call and have the sizes given.
        unsafe { bpf(Command::TestRun, &mut attr) }?;
        data.truncate(attr.data_size_out as usize);
        Ok(TestRun { retval: attr.retval, data })
    }
}

/// Moves the calling thread into a new network namespace.
pub fn new_network_namespace() -> io::Result<()> {
    // SAFETY: unshare(2) with this flag changes which network the thread sees and no memory.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Moves the calling thread into the network namespace that a file of `/proc/*/ns` stands for.
pub fn set_network_namespace(namespace: &std::fs::File) -> io::Result<()> {
    // SAFETY: the descriptor is open; setns(2) changes which network the thread sees and no memory.
    let result = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A socket for rtnetlink(7) in the calling thread's network namespace.
pub fn route_socket() -> io::Result<OwnedFd> {
    // SAFETY: socket(2) takes numbers only.
    let fd =
        unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE) };
    if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(owned(fd)) }
}

/// Keeps the calling thread on CPU 0 until it is dropped.
pub struct OnCpu0 {
    before: libc::cpu_set_t,
}

impl OnCpu0 {
    /// Moves the calling thread to CPU 0.
    pub fn enter() -> io::Result<OnCpu0> {
        // SAFETY: a cpu_set_t is an array of integers, for which zero bytes are a value.
        let (mut before, mut only0): (libc::cpu_set_t, libc::cpu_set_t) = unsafe { std::mem::zeroed() };
        // SAFETY: `before` is a live cpu_set_t of the size given; 0 is the calling thread.
        if unsafe { libc::sched_getaffinity(0, size_of_val(&before), &mut before) } < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `only0` is a cpu_set_t and CPU 0 within it.
        unsafe { libc::CPU_SET(0, &mut only0) };
        // SAFETY: `only0` is a live cpu_set_t of the size given.
        if unsafe { libc::sched_setaffinity(0, size_of_val(&only0), &only0) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OnCpu0 { before })
    }
}

impl Drop for OnCpu0 {
    fn drop(&mut self) {
        // SAFETY: `before` is a live cpu_set_t of the size given. That it fails (the CPUs allowed have changed
        // meanwhile) leaves the thread on CPU 0, which is slower and nothing worse.
        unsafe { libc::sched_setaffinity(0, size_of_val(&self.before), &self.before) };
    }
}
