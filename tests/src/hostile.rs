// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Objects that clang made, broken: what a guest that means no good could hand over.
//!
//! [`broken`] changes bytes anywhere, so that most objects end in the loader; [`bent`] knows the sections and changes
//! whole instructions, relocations, symbols and words of BTF, so that most objects reach the compiler. Whatever is taken
//! runs as on the interpreter ([`try_object`]).

use crate::corpus::{self, CorpusError};
use crate::{compile, inputs, packets};
use object::{Object as _, ObjectSection};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use weir_bpf::Object;
use weir_engines::{EngineError, EngineKind, Maps, Packet, Subject, run_all};
use weir_pipeline::Target;
use weir_random::Random;

/// Packets that an accepted program is run on.
const PACKETS: usize = 12;

/// Sizes and offsets at which arithmetic overflows.
const ABSURD: [u64; 8] = [0, 1, 0x7fff_ffff, 0xffff_ffff, 1 << 32, i64::MAX as u64, 1 << 63, u64::MAX];

/// What became of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// The loader took it.
    pub parsed: bool,
    /// Programs that the compiler took.
    pub accepted: usize,
    /// Of these, those that ran on the interpreter and on the stages alike.
    pub agreed: usize,
}

/// The objects to be broken: some of the corpus and of xdp-filter.
pub fn originals() -> Result<Vec<Vec<u8>>, CorpusError> {
    let names = ["firewall", "maps", "stack", "loops", "calls", "hash", "deep"];
    let mut objects: Vec<Vec<u8>> =
        names.into_iter().map(|name| corpus::compile(name, "v3")).collect::<Result<_, _>>()?;
    let packaged = inputs::xdp_filter().unwrap_or_default();
    let names = ["xdpfilt_dny_eth", "xdpfilt_dny_udp"];
    let packaged = packaged.iter().filter(|(name, _)| names.contains(&name.as_str()));
    objects.extend(packaged.filter_map(|(_, path)| std::fs::read(path).ok()));
    Ok(objects)
}

/// Breaks an object in one to four ways, anywhere.
pub fn broken(objects: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = objects[random.below(objects.len())].clone();
    for _ in 0..=random.below(4) {
        if bytes.len() < 16 {
            break;
        }
        let at = random.below(bytes.len() - 8);
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.u64() as u8,
            2 => bytes.truncate(at),
            3 => {
                let other = &objects[random.below(objects.len())];
                let from = random.below(other.len() - 8);
                let length = (8 << random.below(6)).min(other.len() - from).min(bytes.len() - at);
                bytes[at..at + length].copy_from_slice(&other[from..from + length]);
            }
            // The header and the section headers, which stand at the end, hold most sizes and offsets.
            4 => {
                let headers = bytes.len().saturating_sub(64 * 30);
                let at = if random.one_in(4) {
                    random.below(56)
                } else {
                    headers + random.below(bytes.len() - headers - 8)
                };
                bytes[at / 8 * 8..at / 8 * 8 + 8].copy_from_slice(&random.pick(&ABSURD).to_le_bytes());
            }
            _ => bytes[at / 4 * 4..at / 4 * 4 + 4]
                .copy_from_slice(&(random.pick(&ABSURD) as u32).to_le_bytes()),
        }
    }
    bytes
}

/// Parts of an object by what their bytes are.
struct Parts {
    code: Vec<Range<usize>>,
    relocations: Vec<Range<usize>>,
    btf: Vec<Range<usize>>,
    symbols: Vec<Range<usize>>,
}

impl Parts {
    fn of(bytes: &[u8]) -> Option<Parts> {
        let file = object::File::parse(bytes).ok()?;
        let sections = |wanted: &dyn Fn(&str) -> bool| -> Vec<Range<usize>> {
            let ranges = file.sections().filter(|section| section.name().is_ok_and(wanted));
            let range = ranges.filter_map(|section| section.file_range());
            range
                .filter(|(_, size)| *size >= 24)
                .map(|(at, size)| at as usize..(at + size) as usize)
                .collect()
        };
        Some(Parts {
            code: sections(&|name| name == ".text" || name.starts_with("xdp")),
            relocations: sections(&|name| name.starts_with(".rel")),
            btf: sections(&|name| name.starts_with(".BTF")),
            symbols: sections(&|name| name == ".symtab"),
        })
    }
}

/// Bends an object in one to three ways: it stays an object, with other instructions, relocations, symbols or types.
pub fn bent(objects: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = objects[random.below(objects.len())].clone();
    let Some(parts) = Parts::of(&bytes) else { return bytes };
    for _ in 0..=random.below(3) {
        // Twice as many in the code as anywhere else.
        let (ranges, size) = match random.below(5) {
            0 | 1 => (&parts.code, 8),
            2 => (&parts.relocations, 16),
            3 => (&parts.btf, 4),
            _ => (&parts.symbols, 24),
        };
        let Some(range) = ranges.get(random.below(ranges.len().max(1))) else { continue };
        let mut item = || {
            let at = range.start + random.below(range.len() / size) * size;
            at..at + size
        };
        let (to, from) = (item(), item());
        match (size, random.below(6)) {
            // Another one of the same kind in its place, or both exchanged.
            (_, 0) => bytes.copy_within(from, to.start),
            (_, 1) => (0..size).for_each(|i| bytes.swap(to.start + i, from.start + i)),
            // An instruction with another opcode, other registers, another offset or immediate.
            (8, 2) => bytes[to.start] = random.u64() as u8,
            (8, 3) => bytes[to.start + 1] = random.u64() as u8 & 0x77,
            (8, 4) => {
                let offset = random.below(33) as i16 - 16;
                bytes[to.start + 2..to.start + 4].copy_from_slice(&offset.to_le_bytes());
            }
            (8, _) => {
                let immediate = (random.edgy() as u32).to_le_bytes();
                bytes[to.start + 4..to.end].copy_from_slice(&immediate);
            }
            // A word of anything else: small, or absurd.
            (_, kind) => {
                let at = to.start + random.below(size / 4) * 4;
                let word = match kind {
                    2 => random.pick(&ABSURD) as u32,
                    3 => random.below(64) as u32,
                    _ => u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
                        .wrapping_add(random.below(17) as u32)
                        .wrapping_sub(8),
                };
                bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
            }
        }
    }
    bytes
}

/// Loads an object and compiles its programs; those that are accepted must do on the stages what they do on the
/// interpreter. An error is what must not be: a panic, or engines that differ.
pub fn try_object(bytes: &[u8], target: &Target, seed: u64) -> Result<Fate, String> {
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let Ok(object) = Object::parse(bytes) else { return Ok(Fate::default()) };
        let mut fate = Fate { parsed: true, ..Fate::default() };
        for program in &object.programs {
            let Ok(compiled) = compile(&object, program, target) else { continue };
            fate.accepted += 1;
            let pipeline = Some(&compiled.pipeline);
            let subject = Subject { object: &object, program, target, pipeline };
            let packets: Vec<Packet> =
                packets::mixture(seed, PACKETS, &[80]).into_iter().map(Packet::from).collect();
            let kinds = [EngineKind::Interp, EngineKind::Model];
            match run_all(&subject, &kinds, &Maps::new(), &packets) {
                Ok(report) if report.agree() => fate.agreed += 1,
                Ok(report) => return Err(format!("{}: {}", program.name, report.mismatches[0])),
                Err(EngineError::MapsTooLarge { .. }) => (),
                Err(error) => return Err(format!("{}: accepted, but {error}", program.name)),
            }
        }
        Ok(fate)
    }));
    tried.unwrap_or_else(|_| Err("it panics".into()))
}

/// Most memory that this process has had, in bytes, where the system says so.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}
