// SPDX-License-Identifier: Apache-2.0 OR MIT
//! ELF objects as clang emits them for BPF, read into [`Object`].
//!
//! Follows the BPF psABI (relocations), the kernel's BTF document, and what libbpf accepts: an entry point is a
//! function outside `.text`, or in it if there is no other; local functions and those in `.text` are subprograms. Maps
//! stand in `maps` (`struct bpf_map_def` and longer forms) or in `.maps` (BTF); `.data*`, `.rodata*` and `.bss*` become
//! arrays of one value. Not done: `.kconfig` and `.ksyms` externs, CO-RE (but for types whose layout is fixed),
//! subprogram addresses. A program that needs them is refused, its object is not.
//!
//! Input is hostile: every length and offset is checked, and what is kept or repeated is bounded by constants.

mod btf;
mod ext;
mod link;
mod maps;

use std::collections::HashMap;

use object::elf::{EM_BPF, EM_NONE, ET_REL};
use object::read::elf::{ElfFile64, FileHeader};
use object::{LittleEndian, Object as _, ObjectSection, ObjectSymbol, SectionIndex, SymbolKind};

use crate::program::Object;

/// Longest name of a program, a section or a map.
const MAX_NAME: usize = 1024;
/// Most bytes of static data.
const MAX_DATA: u64 = 64 << 20;
/// Most relocations.
const MAX_RELOCATIONS: usize = 1_000_000;

type Elf<'data> = ElfFile64<'data, LittleEndian>;

/// Why a file is no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Does not begin as an ELF file does.
    #[error("not an ELF file")]
    NotElf,
    /// An ELF file, but for something else.
    #[error("an ELF file, but not a BPF object: {0}")]
    NotBpf(&'static str),
    /// The ELF structures contradict themselves or the file's length.
    #[error("broken ELF file: {0}")]
    Elf(object::read::Error),
    /// A section's contents are broken.
    #[error("section `{section}`: {reason}")]
    Malformed {
        /// Section.
        section: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Over one of the loader's bounds.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// A map's definition has no meaning.
    #[error("map `{name}`: {reason}")]
    Map {
        /// Name of the map.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
}

impl From<object::read::Error> for ObjectError {
    fn from(error: object::read::Error) -> ObjectError {
        ObjectError::Elf(error)
    }
}

fn malformed(section: &str, reason: &'static str) -> ObjectError {
    ObjectError::Malformed { section: section.to_string(), reason }
}

/// A section, as far as it is of interest.
struct Section<'data> {
    name: String,
    index: SectionIndex,
    data: &'data [u8],
    executable: bool,
}

/// A symbol that is defined in a section.
struct Symbol {
    name: String,
    section: Option<SectionIndex>,
    value: u64,
    size: u64,
    kind: SymbolKind,
    local: bool,
}

impl Object {
    /// Reads an object file.
    pub fn parse(bytes: &[u8]) -> Result<Object, ObjectError> {
        let elf = open(bytes)?;
        let sections = sections(&elf)?;
        let symbols = symbols(&elf)?;
        let find = |name: &str| sections.iter().find(|section| section.name == name).map(|s| s.data);

        let btf = find(".BTF").map(btf::Btf::parse).transpose()?;
        let ext = match (&btf, find(".BTF.ext")) {
            (Some(btf), Some(data)) => ext::Ext::parse(data, btf)?,
            _ => ext::Ext::default(),
        };
        let maps = maps::Maps::collect(&elf, &sections, &symbols, btf.as_ref())?;
        let license = match find("license") {
            Some(data) => text(data.split(|byte| *byte == 0).next().unwrap_or_default(), "license")?,
            None => String::new(),
        };
        let linked = link::link(&elf, &sections, &symbols, &maps, &ext)?;
        Ok(Object { programs: linked.programs, refused: linked.refused, maps: maps.defs, license })
    }
}

fn open(bytes: &[u8]) -> Result<Elf<'_>, ObjectError> {
    match bytes {
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => {}
        [0x7f, b'E', b'L', b'F', 2, 2, ..] => return Err(ObjectError::NotBpf("it is big-endian")),
        [0x7f, b'E', b'L', b'F', ..] => return Err(ObjectError::NotBpf("it is not 64-bit little-endian")),
        _ => return Err(ObjectError::NotElf),
    }
    let elf = Elf::parse(bytes)?;
    let header = elf.elf_header();
    let machine = header.e_machine(LittleEndian);
    // Objects from before 2017 have no machine number.
    if machine != EM_BPF && machine != EM_NONE {
        return Err(ObjectError::NotBpf("it is for another machine"));
    }
    if header.e_type(LittleEndian) != ET_REL {
        return Err(ObjectError::NotBpf("it is linked already"));
    }
    Ok(elf)
}

fn text(bytes: &[u8], what: &str) -> Result<String, ObjectError> {
    if bytes.len() > MAX_NAME {
        return Err(malformed(what, "a name is too long"));
    }
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

fn sections<'data>(elf: &Elf<'data>) -> Result<Vec<Section<'data>>, ObjectError> {
    let mut sections = Vec::new();
    for section in elf.sections() {
        let name = text(section.name_bytes()?, ".shstrtab")?;
        let object::SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
        let executable = sh_flags.contains(object::elf::SHF_EXECINSTR);
        sections.push(Section { name, index: section.index(), data: section.data()?, executable });
    }
    Ok(sections)
}

fn symbols(elf: &Elf<'_>) -> Result<HashMap<object::SymbolIndex, Symbol>, ObjectError> {
    let mut symbols = HashMap::new();
    for symbol in elf.symbols() {
        let (kind, section) = (symbol.kind(), symbol.section_index());
        let name = match section {
            // A section's symbol has no name of its own.
            Some(section) if kind == SymbolKind::Section => {
                text(elf.section_by_index(section)?.name_bytes()?, ".shstrtab")?
            }
            _ => text(symbol.name_bytes()?, ".strtab")?,
        };
        symbols.insert(
            symbol.index(),
            Symbol {
                name,
                section,
                value: symbol.address(),
                size: symbol.size(),
                kind,
                local: symbol.is_local(),
            },
        );
    }
    Ok(symbols)
}
