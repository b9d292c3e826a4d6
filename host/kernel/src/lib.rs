// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The kernel as an engine: loads a program with bpf(2), with maps of its own, and runs it on packets with
//! BPF_PROG_TEST_RUN, once each.
//!
//! What a test run cannot show is skipped packet by packet, with the reason: frames under 14 bytes and over 3,520,
//! interfaces that cannot be made (that takes CAP_SYS_ADMIN) and queues beyond theirs. The target of a redirect is not
//! shown at all. Tail calls and maps in maps are not set up.

mod map;
mod namespace;
mod sys;

use std::ffi::CString;
use std::io;
use thiserror::Error;
use weir_bpf::insn::{PSEUDO_MAP_FD, PSEUDO_MAP_VALUE};
use weir_bpf::{MapType, Object, Program};

pub use map::Map;
use namespace::{Inside, Namespace};

/// Frames shorter than an Ethernet header are refused by BPF_PROG_TEST_RUN.
pub const MIN_FRAME_BYTES: usize = 14;

/// A linear XDP buffer in a test run: a page less headroom (256) and `skb_shared_info` (320).
pub const MAX_FRAME_BYTES: usize = 3520;

/// Most bytes asked back: a frame whose head has been moved 256 bytes down.
const MAX_OUTPUT_BYTES: usize = 4096;

/// What the kernel itself takes for the ingress: the loopback interface, queue 0.
const DEFAULT_INGRESS: (u32, u32) = (LOOPBACK, 0);

/// Number of the loopback interface, in every network namespace.
const LOOPBACK: u32 = 1;

/// Why the kernel cannot be asked, here or about one packet.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SkipReason(pub String);

/// Why a program was not loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// Nothing can be loaded here.
    #[error("the kernel engine is not available: {0}")]
    Unavailable(SkipReason),
    /// A map could not be created.
    #[error("the kernel did not create map `{map}` ({type_name}): {source}")]
    Map {
        /// Name of the map.
        map: String,
        /// Type of the map.
        type_name: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// A reference to a map that the object does not have.
    #[error("slot {insn}: reference to map number {map}, the object has {maps}")]
    MapReference {
        /// Slot of the instruction.
        insn: usize,
        /// Number of the map referred to.
        map: usize,
        /// Maps of the object.
        maps: usize,
    },
    /// The licence holds a zero byte.
    #[error("the licence string holds a zero byte")]
    License,
    /// The verifier refused the program.
    #[error("the kernel refused program `{program}`: {source}\n{log}")]
    Refused {
        /// Name of the program.
        program: String,
        /// What the kernel said.
        source: io::Error,
        /// The verifier's log.
        log: String,
    },
}

/// Why one packet has no outcome.
#[derive(Debug, Error)]
pub enum RunError {
    /// A test run cannot show this packet.
    #[error("skipped: {0}")]
    Skip(SkipReason),
    /// The run failed.
    #[error("BPF_PROG_TEST_RUN: {0}")]
    Failed(#[source] io::Error),
}

/// What the program did to one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its return value.
    pub verdict: u32,
    /// The packet's bytes after the run, whatever the verdict.
    pub data: Vec<u8>,
}

/// What is told about a packet's ingress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingress {
    /// `xdp_md.ingress_ifindex`
    pub ifindex: u32,
    /// `xdp_md.rx_queue_index`
    pub queue: u32,
}

impl Default for Ingress {
    /// The loopback interface, queue 0: what a test run takes unless told otherwise.
    fn default() -> Ingress {
        let (ifindex, queue) = DEFAULT_INGRESS;
        Ingress { ifindex, queue }
    }
}

/// A program in the kernel, with its maps.
pub struct KernelEngine {
    program: sys::ProgramHandle,
    maps: Vec<Map>,
    /// Where interfaces are made that this machine does not have; once it is needed.
    namespace: Option<Namespace>,
}

impl KernelEngine {
    /// Whether programs can be loaded and run here.
    pub fn probe() -> Result<(), SkipReason> {
        // r0 = XDP_PASS; exit
        let pass = [[0xb7, 0, 0, 0, 2, 0, 0, 0], [0x95, 0, 0, 0, 0, 0, 0, 0]];
        let unavailable = |what: &str, error: io::Error| {
            let reason = match error.raw_os_error() {
                Some(libc::EPERM) => {
                    format!("{what}: not permitted (needs CAP_BPF and CAP_NET_ADMIN, or root)")
                }
                Some(libc::ENOSYS) => format!("{what}: this kernel has no bpf(2)"),
                _ => format!("{what}: {error}"),
            };
            SkipReason(reason)
        };
        sys::possible_cpus().map_err(|e| unavailable("/sys/devices/system/cpu/possible", e))?;
        let cpu = sys::OnCpu0::enter().map_err(|e| unavailable("CPU 0", e))?;
        let program = sys::program_load("probe", &pass, c"Dual MIT/GPL", None)
            .map_err(|e| unavailable("BPF_PROG_LOAD", e))?;
        let run = program
            .test_run(&[0; MIN_FRAME_BYTES], None, MAX_OUTPUT_BYTES)
            .map_err(|e| unavailable("BPF_PROG_TEST_RUN", e))?;
        drop(cpu);
        if run.retval == 2 {
            Ok(())
        } else {
            Err(SkipReason(format!("BPF_PROG_TEST_RUN: `return XDP_PASS` gave {}", run.retval)))
        }
    }

    /// Creates the object's maps and loads one of its programs.
    pub fn new(object: &Object, program: &Program) -> Result<KernelEngine, LoadError> {
        KernelEngine::probe().map_err(LoadError::Unavailable)?;
        let create = |definition: &weir_bpf::MapDef| {
            Map::create(definition).map_err(|source| LoadError::Map {
                map: definition.name.clone(),
                type_name: definition.type_name(),
                source,
            })
        };
        let maps = object.maps.iter().map(create).collect::<Result<Vec<_>, _>>()?;
        let slots = patched(program, &maps)?;
        let license = CString::new(object.license.as_str()).map_err(|_| LoadError::License)?;
        let program = load(&program.name, &slots, &license)?;
        Ok(KernelEngine { program, maps, namespace: None })
    }

    /// Runs the program once.
    pub fn run(&mut self, packet: &[u8], ingress: Ingress) -> Result<Outcome, RunError> {
        let skip = |reason: String| Err(RunError::Skip(SkipReason(reason)));
        if packet.len() < MIN_FRAME_BYTES {
            return skip(format!("{} bytes, a test run takes at least {MIN_FRAME_BYTES}", packet.len()));
        }
        if packet.len() > MAX_FRAME_BYTES {
            return skip(format!("{} bytes, a test run shows at most {MAX_FRAME_BYTES}", packet.len()));
        }
        let inside = match ingress.ifindex {
            LOOPBACK => None,
            ifindex => match self.interface(ifindex) {
                Ok(inside) => Some(inside),
                Err(error) => {
                    return skip(format!("there is no interface {ifindex} and none can be made: {error}"));
                }
            },
        };
        let context = (ingress != Ingress::default()).then(|| xdp_md(packet.len(), ingress));
        let cpu = sys::OnCpu0::enter().map_err(RunError::Failed)?;
        let run = self.program.test_run(packet, context.as_ref().map(|c| &c[..]), MAX_OUTPUT_BYTES);
        drop((cpu, inside));
        match run {
            Ok(run) => Ok(Outcome { verdict: run.retval, data: run.data }),
            Err(error) if context.is_some() => match error.raw_os_error() {
                Some(libc::EINVAL) => skip(format!(
                    "interface {} has no receive queue {} for XDP",
                    ingress.ifindex, ingress.queue
                )),
                _ => Err(RunError::Failed(error)),
            },
            Err(error) => Err(RunError::Failed(error)),
        }
    }

    /// Moves the calling thread to where an interface is.
    fn interface(&mut self, ifindex: u32) -> io::Result<Inside> {
        let namespace = match &mut self.namespace {
            Some(namespace) => namespace,
            none => none.insert(Namespace::new()?),
        };
        namespace.provide(ifindex)?;
        namespace.enter()
    }

    /// Sets the value of a key; an interface that a map of devices refers to is made.
    pub fn update(&mut self, map: &str, key: &[u8], value: &[u8]) -> io::Result<()> {
        let index = self.maps.iter().position(|known| known.definition().name == map);
        let index = index.ok_or(io::ErrorKind::NotFound)?;
        let inside = match (self.maps[index].definition().kind(), value.first_chunk()) {
            (Some(MapType::Devmap | MapType::DevmapHash), Some(ifindex)) => {
                match u32::from_ne_bytes(*ifindex) {
                    0 | LOOPBACK => None,
                    ifindex => Some(self.interface(ifindex)?),
                }
            }
            _ => None,
        };
        let result = self.maps[index].update(key, value);
        drop(inside);
        result
    }

    /// A map by name.
    pub fn map(&self, name: &str) -> Option<&Map> {
        self.maps.iter().find(|map| map.definition().name == name)
    }

    /// All maps, in the order of the object.
    pub fn maps(&self) -> &[Map] {
        &self.maps
    }
}

/// `struct xdp_md` of linux/bpf.h as a test run takes it: offsets, not pointers.
fn xdp_md(length: usize, ingress: Ingress) -> [u8; 24] {
    let (data, data_end, data_meta, egress) = (0, length as u32, 0, 0);
    let mut context = [0; 24];
    let fields = [data, data_end, data_meta, ingress.ifindex, ingress.queue, egress];
    for (bytes, field) in context.as_chunks_mut::<4>().0.iter_mut().zip(fields) {
        *bytes = u32::to_ne_bytes(field);
    }
    context
}

/// The program's slots with the descriptors of its maps in place.
fn patched(program: &Program, maps: &[Map]) -> Result<Vec<[u8; 8]>, LoadError> {
    let mut insns = program.insns.clone();
    for reference in &program.relocations {
        let bad = LoadError::MapReference { insn: reference.insn, map: reference.map, maps: maps.len() };
        let (Some(map), Some([first, second])) =
            (maps.get(reference.map), insns.get_mut(reference.insn..).and_then(|i| i.first_chunk_mut()))
        else {
            return Err(bad);
        };
        first.imm = map.raw_fd();
        first.src = PSEUDO_MAP_FD;
        if let Some(offset) = reference.offset {
            first.src = PSEUDO_MAP_VALUE;
            second.imm = offset as i32;
        }
    }
    Ok(insns.into_iter().map(weir_bpf::Insn::encode).collect())
}

/// Loads a program; where that fails, once more with room for the verifier's log.
fn load(name: &str, slots: &[[u8; 8]], license: &CString) -> Result<sys::ProgramHandle, LoadError> {
    const LOG_BYTES: usize = 1 << 20;
    let first = match sys::program_load(name, slots, license, None) {
        Ok(program) => return Ok(program),
        Err(error) => error,
    };
    let mut log = vec![0; LOG_BYTES];
    match sys::program_load(name, slots, license, Some(&mut log)) {
        Ok(program) => Ok(program),
        Err(again) => {
            // ENOSPC says only that the log was too long for the buffer.
            let source = if again.raw_os_error() == Some(libc::ENOSPC) { first } else { again };
            let end = log.iter().position(|b| *b == 0).unwrap_or(log.len());
            let log = String::from_utf8_lossy(&log[..end]).into_owned();
            Err(LoadError::Refused { program: name.to_owned(), source, log })
        }
    }
}
