// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What an object holds: programs, maps, licence, and how one program is chosen among several.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::insn::{self, Insn};

/// An object file, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// Entry points, in the order of sections and then of addresses.
    pub programs: Vec<Program>,
    /// Entry points that cannot be had, and why; the others of the object are not hurt by them.
    pub refused: Vec<RefusedProgram>,
    /// Maps: declared ones in the order of their section, then the static data sections.
    pub maps: Vec<MapDef>,
    /// The `license` section, empty if there is none.
    pub license: String,
}

/// An entry point that was found but not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedProgram {
    /// Name of the function.
    pub name: String,
    /// Section it stands in.
    pub section: String,
    /// Why.
    pub error: ProgramError,
}

/// Why an entry point of an object is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// A call that does not go to the start of a function.
    #[error("`{function}`, slot {slot}: call of no function")]
    CallTarget {
        /// Function that holds the instruction.
        function: String,
        /// Slot within the function.
        slot: usize,
    },
    /// A call or an address of something that the object does not define.
    #[error("`{function}`, slot {slot}: `{symbol}` is not defined in this object")]
    Undefined {
        /// Function that holds the instruction.
        function: String,
        /// Slot within the function.
        slot: usize,
        /// What is missing.
        symbol: String,
    },
    /// A relocation of a kind that has no meaning here.
    #[error("`{function}`, slot {slot}: relocation against `{symbol}`: {reason}")]
    Relocation {
        /// Function that holds the instruction.
        function: String,
        /// Slot within the function.
        slot: usize,
        /// Symbol or section referred to.
        symbol: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// An instruction whose fields depend on the running kernel's types (CO-RE).
    #[error("`{function}`, slot {slot}: depends on the layout of the kernel's `{type_name}` (CO-RE)")]
    CoreRelocation {
        /// Function that holds the instruction.
        function: String,
        /// Slot within the function.
        slot: usize,
        /// Type referred to.
        type_name: String,
    },
    /// With its subprograms it is over [`MAX_SLOTS`].
    #[error("more than {MAX_SLOTS} instruction slots")]
    TooLong,
}

/// Most instruction slots of one program, and of all programs of one object together: the kernel's limit.
pub const MAX_SLOTS: usize = 1_000_000;

/// A program, self-contained: its subprograms are appended and calls go to them.
///
/// A `lddw` that refers to a map has [`insn::PSEUDO_MAP_FD`] or [`insn::PSEUDO_MAP_VALUE`] in its source field and the
/// index into [`Object::maps`] as its immediate; for the latter the second slot's immediate is the offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Name of the function.
    pub name: String,
    /// Section it stands in.
    pub section: String,
    /// Instruction slots.
    pub insns: Vec<Insn>,
    /// References to maps, by slot.
    pub relocations: Vec<MapRef>,
    /// Source lines, by slot; empty without BTF.
    pub lines: Vec<LineInfo>,
    /// The entry function, then the subprograms, by slot.
    pub functions: Vec<Function>,
}

/// A function within a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Name.
    pub name: Arc<str>,
    /// First slot.
    pub start: usize,
    /// Number of slots.
    pub len: usize,
}

/// A `lddw` that refers to a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapRef {
    /// First slot of the instruction.
    pub insn: usize,
    /// Index into [`Object::maps`].
    pub map: usize,
    /// Offset into the map's first value, if the address of that is loaded rather than the map.
    pub offset: Option<u32>,
}

/// Where instructions come from; holds from its slot to the next entry's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineInfo {
    /// First slot.
    pub insn: usize,
    /// File.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 if not known.
    pub column: u32,
    /// Text of the line, as the compiler kept it.
    pub text: Arc<str>,
}

impl Program {
    /// The kernel's tag, of Linux 6.18 and later: the first eight bytes of SHA-256 over the slots with the
    /// immediates of map references zeroed. (Earlier kernels took SHA-1 over the same bytes.)
    pub fn tag_bytes(&self) -> [u8; 8] {
        let mut hash = Sha256::new();
        let mut of_map = false;
        for insn in &self.insns {
            let second = of_map && *insn == (Insn { imm: insn.imm, ..Insn::default() });
            of_map =
                !of_map && insn.is_wide() && matches!(insn.src, insn::PSEUDO_MAP_FD | insn::PSEUDO_MAP_VALUE);
            let imm = if of_map || second { 0 } else { insn.imm };
            hash.update(Insn { imm, ..*insn }.encode());
        }
        let mut tag = [0; 8];
        tag.copy_from_slice(&hash.finalize()[..8]);
        tag
    }

    /// [`Program::tag_bytes`] in hexadecimal, as tools print it.
    pub fn tag(&self) -> String {
        self.tag_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Source line of a slot, if known.
    pub fn line(&self, slot: usize) -> Option<&LineInfo> {
        let after = self.lines.partition_point(|line| line.insn <= slot);
        let line = self.lines.get(after.checked_sub(1)?)?;
        // What the last line of one function says does not hold for the next.
        let function = self.function(slot)?;
        (line.insn >= function.start).then_some(line)
    }

    /// Function that holds a slot.
    pub fn function(&self, slot: usize) -> Option<&Function> {
        let after = self.functions.partition_point(|function| function.start <= slot);
        self.functions.get(after.checked_sub(1)?).filter(|f| slot - f.start < f.len)
    }

    /// The reference to a map that begins at a slot, if there is one.
    pub fn map_ref(&self, slot: usize) -> Option<&MapRef> {
        let index = self.relocations.binary_search_by_key(&slot, |reference| reference.insn).ok()?;
        self.relocations.get(index)
    }

    /// Whether the section is one of XDP programs: `xdp`, `xdp1`, `xdp/name`, `xdp.frags`, `xdp_mark` and so on.
    pub fn is_xdp(&self) -> bool {
        self.section.starts_with("xdp")
    }
}

/// A map as declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapDef {
    /// Name of the variable, or of the section for static data.
    pub name: String,
    /// The kernel's number for the type.
    pub map_type: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Most entries.
    pub max_entries: u32,
    /// The kernel's `BPF_F_*` flags.
    pub flags: u32,
    /// First value at load, for static data (`.rodata`, `.data`, `.bss`).
    pub initial: Option<Vec<u8>>,
}

/// Flag of a map that programs can only read.
pub const F_RDONLY_PROG: u32 = 1 << 7;

impl MapDef {
    /// Whether it is read-only data, whose values are known before any program runs.
    pub fn is_constant(&self) -> bool {
        self.initial.is_some() && self.flags & F_RDONLY_PROG != 0
    }

    /// The type, if its number is known.
    pub fn kind(&self) -> Option<MapType> {
        MapType::from_number(self.map_type)
    }

    /// Name of the type, or its number.
    pub fn type_name(&self) -> String {
        self.kind().map_or_else(|| format!("type {}", self.map_type), |kind| kind.name().to_string())
    }
}

macro_rules! map_types {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal),* $(,)?) => {
        /// Map types of the kernel that a program can be expected to declare.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum MapType { $($(#[$doc])* $variant = $number),* }
        impl MapType {
            /// All of them.
            pub const ALL: &'static [MapType] = &[$(MapType::$variant),*];
            /// From the kernel's number.
            pub fn from_number(number: u32) -> Option<MapType> {
                match number { $($number => Some(MapType::$variant),)* _ => None }
            }
            /// The kernel's name without its prefix.
            pub fn name(self) -> &'static str { match self { $(MapType::$variant => $name),* } }
        }
    };
}

map_types! {
    /// Hash table.
    Hash = 1 "HASH",
    /// Array.
    Array = 2 "ARRAY",
    /// Programs for tail calls.
    ProgArray = 3 "PROG_ARRAY",
    /// Events to user space through perf.
    PerfEventArray = 4 "PERF_EVENT_ARRAY",
    /// Hash table with a value per CPU.
    PercpuHash = 5 "PERCPU_HASH",
    /// Array with a value per CPU.
    PercpuArray = 6 "PERCPU_ARRAY",
    /// Stack traces.
    StackTrace = 7 "STACK_TRACE",
    /// Control groups.
    CgroupArray = 8 "CGROUP_ARRAY",
    /// Hash table that makes room by forgetting.
    LruHash = 9 "LRU_HASH",
    /// The same with a value per CPU.
    LruPercpuHash = 10 "LRU_PERCPU_HASH",
    /// Longest prefix match.
    LpmTrie = 11 "LPM_TRIE",
    /// Array of maps.
    ArrayOfMaps = 12 "ARRAY_OF_MAPS",
    /// Hash table of maps.
    HashOfMaps = 13 "HASH_OF_MAPS",
    /// Devices to redirect to.
    Devmap = 14 "DEVMAP",
    /// Sockets.
    Sockmap = 15 "SOCKMAP",
    /// CPUs to redirect to.
    Cpumap = 16 "CPUMAP",
    /// AF_XDP sockets to redirect to.
    Xskmap = 17 "XSKMAP",
    /// Sockets in a hash table.
    Sockhash = 18 "SOCKHASH",
    /// Queue.
    Queue = 22 "QUEUE",
    /// Stack.
    Stack = 23 "STACK",
    /// Devices in a hash table.
    DevmapHash = 25 "DEVMAP_HASH",
    /// Ring buffer to user space.
    Ringbuf = 27 "RINGBUF",
    /// Bloom filter.
    BloomFilter = 30 "BLOOM_FILTER",
}

/// Why no program could be chosen. `names` list what there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The object has no program at all.
    #[error("the object holds no program")]
    Empty,
    /// Nothing was asked for, and no section begins with `xdp`.
    #[error("no section begins with `xdp`; sections with programs: {}", list(names))]
    NoXdpSection {
        /// Sections that hold programs.
        names: Vec<String>,
    },
    /// No such name.
    #[error("no program `{name}`{}; programs: {}", nearest(name, names), list(names))]
    NoSuchProgram {
        /// Name asked for.
        name: String,
        /// Programs that there are.
        names: Vec<String>,
    },
    /// No such section.
    #[error("no section `{name}`{}; sections with programs: {}", nearest(name, names), list(names))]
    NoSuchSection {
        /// Section asked for.
        name: String,
        /// Sections that hold programs.
        names: Vec<String>,
    },
    /// More than one fits.
    #[error("several programs fit, name one: {}", list(names))]
    Ambiguous {
        /// Programs that fit.
        names: Vec<String>,
    },
    /// The one that was meant cannot be had.
    #[error("program `{name}` is refused: {error}")]
    Refused {
        /// Name of the program.
        name: String,
        /// Why.
        error: ProgramError,
    },
}

fn list(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn nearest(name: &str, names: &[String]) -> String {
    let near = names.iter().map(|other| (distance(name, other), other)).min();
    match near {
        Some((far, other)) if far <= name.chars().count().max(3) / 2 => format!(", did you mean `{other}`?"),
        _ => String::new(),
    }
}

/// Edit distance; both strings are cut to a length at which this is cheap.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

impl Object {
    /// Chooses a program by name, by section, or by both; by default the one in an `xdp` section.
    pub fn select(&self, program: Option<&str>, section: Option<&str>) -> Result<&Program, SelectError> {
        let all: Vec<(&str, &str)> = (self.programs.iter().map(|p| (&*p.name, &*p.section)))
            .chain(self.refused.iter().map(|p| (&*p.name, &*p.section)))
            .collect();
        if all.is_empty() {
            return Err(SelectError::Empty);
        }
        let sections = || {
            let mut names: Vec<String> = Vec::new();
            for (_, section) in &all {
                if !names.iter().any(|name| name == section) {
                    names.push(section.to_string());
                }
            }
            names
        };
        if let Some(wanted) = section
            && !all.iter().any(|(_, section)| *section == wanted)
        {
            return Err(SelectError::NoSuchSection { name: wanted.to_string(), names: sections() });
        }
        let in_section = |other: &str| match section {
            Some(wanted) => other == wanted,
            // A program asked for by name may stand in any section.
            None => program.is_some() || other.starts_with("xdp"),
        };
        let candidates: Vec<_> = all.iter().filter(|(_, section)| in_section(section)).collect();
        if candidates.is_empty() {
            return Err(SelectError::NoXdpSection { names: sections() });
        }
        let names = |of: &[&(&str, &str)]| of.iter().map(|(name, _)| name.to_string()).collect();
        let fit: Vec<_> =
            candidates.iter().copied().filter(|(name, _)| program.is_none_or(|p| p == *name)).collect();
        match (fit.as_slice(), program) {
            ([], Some(name)) => {
                Err(SelectError::NoSuchProgram { name: name.to_string(), names: names(&candidates) })
            }
            ([(name, section)], _) => self.named(name, section),
            _ => Err(SelectError::Ambiguous { names: names(&fit) }),
        }
    }

    fn named(&self, name: &str, section: &str) -> Result<&Program, SelectError> {
        if let Some(program) = self.programs.iter().find(|p| p.name == name && p.section == section) {
            return Ok(program);
        }
        match self.refused.iter().find(|p| p.name == name && p.section == section) {
            Some(p) => Err(SelectError::Refused { name: name.to_string(), error: p.error.clone() }),
            None => Err(SelectError::Empty),
        }
    }

    /// A map by name.
    pub fn map(&self, name: &str) -> Option<&MapDef> {
        self.maps.iter().find(|map| map.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(programs: &[(&str, &str)]) -> Object {
        let program = |&(name, section): &(&str, &str)| Program {
            name: name.to_string(),
            section: section.to_string(),
            ..Program::default()
        };
        Object { programs: programs.iter().map(program).collect(), ..Object::default() }
    }

    #[test]
    fn selection_names_what_there_is() {
        let two = object(&[("pass", "xdp"), ("tc_main", "tc"), ("helper", ".text")]);
        assert_eq!(two.select(None, None).map(|p| &*p.name), Ok("pass"));
        assert_eq!(two.select(Some("tc_main"), None).map(|p| &*p.name), Ok("tc_main"));
        assert_eq!(two.select(None, Some("tc")).map(|p| &*p.name), Ok("tc_main"));
        let message = two.select(Some("tc_mian"), None).map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            message,
            "no program `tc_mian`, did you mean `tc_main`?; programs: `pass`, `tc_main`, `helper`"
        );
        let message = two.select(None, Some("xpd")).map(|_| ()).unwrap_err().to_string();
        assert!(message.starts_with("no section `xpd`"), "{message}");
        assert!(matches!(two.select(Some("pass"), Some("tc")), Err(SelectError::NoSuchProgram { .. })));
        let none = object(&[("a", "tc")]);
        assert!(matches!(none.select(None, None), Err(SelectError::NoXdpSection { .. })));
        let several = object(&[("a", "xdp"), ("b", "xdp/b")]);
        assert!(matches!(several.select(None, None), Err(SelectError::Ambiguous { .. })));
        assert_eq!(object(&[]).select(None, None), Err(SelectError::Empty));
    }
}
