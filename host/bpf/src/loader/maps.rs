// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Map definitions: legacy `maps`, BTF-defined `.maps`, and static data sections.
//!
//! A legacy definition is `struct bpf_map_def` (type, key size, value size, entries, flags); what longer forms append
//! (iproute2's id, pinning and inner map) does not change the map and is left out. So are `pinning`, `values` and
//! unknown members of a BTF definition.

use std::collections::{HashMap, HashSet};

use object::{Object as _, ObjectSection, SectionIndex, SymbolIndex, SymbolKind};

use super::btf::{Btf, Kind, u32_at};
use super::{Elf, MAX_DATA, ObjectError, Section, Symbol, malformed};
use crate::program::{F_RDONLY_PROG, MapDef, MapType};

/// Members of a BTF map definition; more is no map definition.
const MAX_MEMBERS: usize = 64;

/// All maps of an object, and where symbols find them.
#[derive(Default)]
pub(super) struct Maps {
    pub defs: Vec<MapDef>,
    /// Declared maps by section and offset.
    pub declared: HashMap<(SectionIndex, u64), usize>,
    /// Static data by section.
    pub data: HashMap<SectionIndex, usize>,
}

impl Maps {
    /// Finds all maps.
    pub fn collect(
        elf: &Elf<'_>,
        sections: &[Section<'_>],
        symbols: &HashMap<SymbolIndex, Symbol>,
        btf: Option<&Btf<'_>>,
    ) -> Result<Maps, ObjectError> {
        let mut maps = Maps::default();
        for section in sections {
            match section.name.as_str() {
                "maps" => maps.legacy(section, symbols)?,
                ".maps" => {
                    let btf = btf.ok_or_else(|| malformed(".maps", "the object has no `.BTF`"))?;
                    maps.described(section, symbols, btf)?;
                }
                _ => {}
            }
        }
        let mut left = MAX_DATA;
        for section in sections {
            let base = |name: &str| {
                section.name == name
                    || section.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
            };
            if section.executable || !(base(".data") || base(".rodata") || base(".bss")) {
                continue;
            }
            let size = elf.section_by_index(section.index)?.size();
            left = left.checked_sub(size).ok_or(ObjectError::TooLarge("more than 64 MiB of static data"))?;
            if size == 0 {
                continue;
            }
            let mut initial = section.data.to_vec();
            initial.resize(size as usize, 0);
            maps.data.insert(section.index, maps.defs.len());
            maps.defs.push(MapDef {
                name: section.name.clone(),
                map_type: MapType::Array as u32,
                key_size: 4,
                value_size: size as u32,
                max_entries: 1,
                flags: if base(".rodata") { F_RDONLY_PROG } else { 0 },
                initial: Some(initial),
            });
        }
        let mut names = HashSet::new();
        match maps.defs.iter().find(|def| !names.insert(def.name.as_str())) {
            Some(twice) => Err(ObjectError::Map { name: twice.name.clone(), reason: "defined twice" }),
            None => Ok(maps),
        }
    }

    fn declare(&mut self, section: &Section<'_>, offset: u64, def: MapDef) -> Result<(), ObjectError> {
        if self.declared.insert((section.index, offset), self.defs.len()).is_some() {
            return Err(ObjectError::Map { name: def.name, reason: "shares its place with another map" });
        }
        self.defs.push(def);
        Ok(())
    }

    fn legacy(
        &mut self,
        section: &Section<'_>,
        symbols: &HashMap<SymbolIndex, Symbol>,
    ) -> Result<(), ObjectError> {
        let mut symbols = in_section(section, symbols);
        symbols.sort_by_key(|symbol| symbol.value);
        let starts: Vec<u64> = symbols.iter().map(|symbol| symbol.value).collect();
        for (i, symbol) in symbols.iter().enumerate() {
            let broken = |reason| ObjectError::Map { name: symbol.name.clone(), reason };
            let start = usize::try_from(symbol.value).ok().filter(|start| *start <= section.data.len());
            let start = start.ok_or_else(|| broken("lies outside its section"))?;
            let next = starts.get(i + 1).map_or(section.data.len(), |next| *next as usize);
            let length = match usize::try_from(symbol.size) {
                Ok(0) => next.saturating_sub(start),
                Ok(size) => size,
                Err(_) => return Err(broken("lies outside its section")),
            };
            let end = start.checked_add(length).ok_or_else(|| broken("lies outside its section"))?;
            let bytes = section.data.get(start..end).ok_or_else(|| broken("lies outside its section"))?;
            let word = |index: usize| u32_at(bytes, 4 * index);
            let (Some(map_type), Some(key_size), Some(value_size), Some(max_entries)) =
                (word(0), word(1), word(2), word(3))
            else {
                return Err(broken("its definition is shorter than 16 bytes"));
            };
            let flags = word(4).unwrap_or(0);
            let name = symbol.name.clone();
            let def = MapDef { name, map_type, key_size, value_size, max_entries, flags, initial: None };
            self.declare(section, symbol.value, def)?;
        }
        Ok(())
    }

    fn described(
        &mut self,
        section: &Section<'_>,
        symbols: &HashMap<SymbolIndex, Symbol>,
        btf: &Btf<'_>,
    ) -> Result<(), ObjectError> {
        // Offsets in the BTF of an object file are not filled in; the symbols have them.
        let symbols = in_section(section, symbols);
        let places: HashMap<&[u8], u64> =
            symbols.iter().map(|symbol| (symbol.name.as_bytes(), symbol.value)).collect();
        let mut found = Vec::new();
        for variable in btf.variables(".maps") {
            let variable = btf.get(variable).filter(|found| found.kind == Kind::Var);
            let variable =
                variable.ok_or_else(|| malformed(".BTF", "`.maps` holds something else than maps"))?;
            let name = btf.string(variable.name).unwrap_or_default();
            let text = String::from_utf8_lossy(name).into_owned();
            let Some(&place) = places.get(name) else {
                return Err(ObjectError::Map { name: text, reason: "has no symbol" });
            };
            found.push((place, definition(text, variable.size_or_type, btf)?));
        }
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().try_for_each(|(place, def)| self.declare(section, place, def))
    }
}

/// The symbols that name something in a section, in the order of the symbol table.
fn in_section<'s>(section: &Section<'_>, symbols: &'s HashMap<SymbolIndex, Symbol>) -> Vec<&'s Symbol> {
    let mut of_section: Vec<_> = symbols
        .iter()
        .filter(|(_, symbol)| {
            let names_something = !matches!(symbol.kind, SymbolKind::Section | SymbolKind::File);
            symbol.section == Some(section.index) && names_something && !symbol.name.is_empty()
        })
        .collect();
    of_section.sort_by_key(|(index, _)| index.0);
    of_section.into_iter().map(|(_, symbol)| symbol).collect()
}

/// Reads a map's definition out of the type of its variable.
fn definition(name: String, id: u32, btf: &Btf<'_>) -> Result<MapDef, ObjectError> {
    let broken = |reason| ObjectError::Map { name: name.clone(), reason };
    let found = btf.resolve(id).filter(|found| found.kind == Kind::Struct);
    let members = found.ok_or_else(|| broken("its type is no structure"))?.rest.as_chunks::<12>().0;
    if members.len() > MAX_MEMBERS {
        return Err(broken("its definition has too many members"));
    }
    let mut def = MapDef { name: name.clone(), ..MapDef::default() };
    for member in members {
        let (Some(member_name), Some(id)) = (u32_at(member, 0), u32_at(member, 4)) else { continue };
        let number = || btf.hidden_number(id).ok_or_else(|| broken("a member is no `__uint`"));
        let size = || {
            let size = btf.pointee(id).and_then(|pointee| btf.size(pointee));
            size.ok_or_else(|| broken("the type of its keys or values has no size"))
        };
        match btf.string(member_name).unwrap_or_default() {
            b"type" => def.map_type = number()?,
            b"max_entries" => def.max_entries = number()?,
            b"map_flags" => def.flags = number()?,
            b"key_size" => def.key_size = number()?,
            b"value_size" => def.value_size = number()?,
            b"key" => def.key_size = size()?,
            b"value" => def.value_size = size()?,
            // An array of pointers to maps or programs: each is a number of four bytes.
            b"values" => def.value_size = 4,
            _ => {}
        }
    }
    if def.map_type == 0 {
        return Err(broken("has no type"));
    }
    Ok(def)
}
