// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From sections and symbols to self-contained programs: subprograms appended, calls and map references resolved.
//!
//! Subprograms are appended as libbpf does, each where its first call is met and followed at once by its own, so that a
//! program has the same tag here as when libbpf loads it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use object::elf::{R_BPF_64_32, R_BPF_64_64};
use object::{
    Object as _, ObjectSection, RelocationFlags, RelocationTarget, SectionIndex, SymbolIndex, SymbolKind,
};

use super::ext::Ext;
use super::maps::Maps;
use super::{Elf, MAX_RELOCATIONS, ObjectError, Section, Symbol, malformed};
use crate::insn::{self, Insn};
use crate::program::{Function, LineInfo, MAX_SLOTS, MapRef, Program, ProgramError, RefusedProgram};

/// What linking yields.
pub(super) struct Linked {
    pub programs: Vec<Program>,
    pub refused: Vec<RefusedProgram>,
}

/// A relocation: kind and symbol, by byte offset within its section.
struct Relocation {
    kind: u32,
    symbol: Option<SymbolIndex>,
}

/// A function in its section.
struct Code {
    name: Arc<str>,
    /// Place in the list of executable sections.
    section: usize,
    /// Byte range.
    bytes: Range<usize>,
    entry: bool,
}

struct Linker<'a, 'data> {
    sections: Vec<&'a Section<'data>>,
    /// Where a section stands in `sections`.
    places: HashMap<SectionIndex, usize>,
    relocations: Vec<HashMap<u64, Relocation>>,
    symbols: &'a HashMap<SymbolIndex, Symbol>,
    functions: Vec<Code>,
    by_place: HashMap<(usize, usize), usize>,
    maps: &'a Maps,
    ext: &'a Ext,
    /// Slots that may still be copied; not given back when a program is refused, so that work is bounded too.
    budget: usize,
}

/// Finds the entry points of an object and links each.
pub(super) fn link(
    elf: &Elf<'_>,
    sections: &[Section<'_>],
    symbols: &HashMap<SymbolIndex, Symbol>,
    maps: &Maps,
    ext: &Ext,
) -> Result<Linked, ObjectError> {
    let sections: Vec<_> =
        sections.iter().filter(|section| section.executable && !section.data.is_empty()).collect();
    let relocations = relocations(elf, &sections)?;
    let places = sections.iter().enumerate().map(|(place, section)| (section.index, place)).collect();
    let functions = functions(&sections, &places, symbols)?;
    let by_place =
        functions.iter().enumerate().map(|(i, code)| ((code.section, code.bytes.start), i)).collect();
    let mut linker =
        Linker { sections, places, relocations, symbols, functions, by_place, maps, ext, budget: MAX_SLOTS };

    let mut linked = Linked { programs: Vec::new(), refused: Vec::new() };
    for entry in 0..linker.functions.len() {
        let Code { name, section, entry: true, .. } = &linker.functions[entry] else { continue };
        let (name, section) = (name.to_string(), linker.sections[*section].name.clone());
        match linker.program(entry) {
            Ok(program) => linked.programs.push(Program { name, section, ..program }),
            Err(error) => linked.refused.push(RefusedProgram { name, section, error }),
        }
    }
    Ok(linked)
}

fn relocations(
    elf: &Elf<'_>,
    sections: &[&Section<'_>],
) -> Result<Vec<HashMap<u64, Relocation>>, ObjectError> {
    let (mut all, mut left) = (Vec::with_capacity(sections.len()), MAX_RELOCATIONS);
    for section in sections {
        let mut of_section = HashMap::new();
        for (offset, relocation) in elf.section_by_index(section.index)?.relocations() {
            left = left.checked_sub(1).ok_or(ObjectError::TooLarge("more than a million relocations"))?;
            if !relocation.has_implicit_addend() {
                return Err(malformed(&section.name, "relocations with addends (SHT_RELA)"));
            }
            let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
            let symbol = match relocation.target() {
                RelocationTarget::Symbol(symbol) => Some(symbol),
                _ => None,
            };
            of_section.insert(offset, Relocation { kind: r_type.0, symbol });
        }
        all.push(of_section);
    }
    Ok(all)
}

fn functions(
    sections: &[&Section<'_>],
    places: &HashMap<SectionIndex, usize>,
    symbols: &HashMap<SymbolIndex, Symbol>,
) -> Result<Vec<Code>, ObjectError> {
    // Hand-written objects may have labels without a type.
    let typed = symbols.values().any(|symbol| symbol.kind == SymbolKind::Text);
    let wanted = if typed { SymbolKind::Text } else { SymbolKind::Unknown };
    let mut found: Vec<(usize, u64, &Symbol)> = symbols
        .values()
        .filter(|symbol| symbol.kind == wanted && !symbol.name.is_empty())
        .filter_map(|symbol| Some((*places.get(&symbol.section?)?, symbol.value, symbol)))
        .collect();
    // Of several names of one place the first in the alphabet is taken, global ones before local ones.
    found.sort_by_key(|(section, value, symbol)| (*section, *value, symbol.local, symbol.name.as_str()));
    found.dedup_by_key(|(section, value, _)| (*section, *value));

    let mut functions = Vec::with_capacity(found.len());
    for (i, (section, value, symbol)) in found.iter().enumerate() {
        let whole = sections[*section];
        let next = found.get(i + 1).filter(|next| next.0 == *section);
        let end = match (symbol.size, next) {
            (0, Some(next)) => Some(next.1),
            (0, None) => Some(whole.data.len() as u64),
            (size, _) => value.checked_add(size),
        };
        let aligned = |end: &u64| end.is_multiple_of(8) && value.is_multiple_of(8);
        match end.filter(|end| *end <= whole.data.len() as u64 && end > value && aligned(end)) {
            Some(end) => functions.push(Code {
                name: symbol.name.as_str().into(),
                section: *section,
                bytes: *value as usize..end as usize,
                entry: !symbol.local && whole.name != ".text",
            }),
            None => {
                return Err(malformed(&whole.name, "a function lies outside or is no whole instructions"));
            }
        }
    }
    if !functions.iter().any(|code| code.entry) {
        let global = |place: usize, start: usize| {
            found.iter().any(|(s, v, symbol)| (*s, *v) == (place, start as u64) && !symbol.local)
        };
        let entries: Vec<bool> =
            functions.iter().map(|code: &Code| global(code.section, code.bytes.start)).collect();
        functions.iter_mut().zip(entries).for_each(|(code, entry)| code.entry = entry);
    }
    Ok(functions)
}

/// A program that is being put together.
#[derive(Default)]
struct Draft {
    program: Program,
    /// Where a function has been put, by its index.
    placed: HashMap<usize, usize>,
}

impl Linker<'_, '_> {
    fn program(&mut self, entry: usize) -> Result<Program, ProgramError> {
        let mut draft = Draft::default();
        // Functions whose calls are being resolved: index, and the slot to go on with.
        let mut open = vec![(entry, 0)];
        self.place(entry, &mut draft)?;
        while let Some((function, slot)) = open.pop() {
            if let Some((callee, next)) = self.resolve(function, slot, &mut draft)? {
                self.place(callee, &mut draft)?;
                open.push((function, next));
                open.push((callee, 0));
            }
        }
        draft.program.relocations.sort_by_key(|reference| reference.insn);
        Ok(draft.program)
    }

    /// Appends a function's slots as they are, with its source lines.
    fn place(&mut self, function: usize, draft: &mut Draft) -> Result<(), ProgramError> {
        let code = &self.functions[function];
        let section = self.sections[code.section];
        let (slots, _) = section.data[code.bytes.clone()].as_chunks::<8>();
        self.budget = self.budget.checked_sub(slots.len()).ok_or(ProgramError::TooLong)?;

        if let Some(core) = self.ext.core.get(&section.name) {
            let first = core.partition_point(|core| (core.offset as usize) < code.bytes.start);
            if let Some(core) = core.get(first).filter(|core| (core.offset as usize) < code.bytes.end) {
                return Err(ProgramError::CoreRelocation {
                    function: code.name.to_string(),
                    slot: (core.offset as usize - code.bytes.start) / 8,
                    type_name: core.type_name.clone(),
                });
            }
        }
        let base = draft.program.insns.len();
        draft.placed.insert(function, base);
        draft.program.insns.extend(slots.iter().map(|slot| Insn::decode(*slot)));
        draft.program.functions.push(Function { name: code.name.clone(), start: base, len: slots.len() });
        if let Some(lines) = self.ext.lines.get(&section.name) {
            let first = lines.partition_point(|line| (line.offset as usize) < code.bytes.start);
            let inside = lines[first..].iter().take_while(|line| (line.offset as usize) < code.bytes.end);
            for line in inside {
                let slot = base + (line.offset as usize - code.bytes.start) / 8;
                if draft.program.lines.last().is_none_or(|last| last.insn < slot) {
                    draft.program.lines.push(LineInfo {
                        insn: slot,
                        file: line.file.clone(),
                        line: line.line,
                        column: line.column,
                        text: line.text.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Resolves a placed function from a slot on; stops at a call of a function that is not placed yet, which it
    /// returns with the slot of that call.
    fn resolve(
        &self,
        function: usize,
        from: usize,
        draft: &mut Draft,
    ) -> Result<Option<(usize, usize)>, ProgramError> {
        let code = &self.functions[function];
        let base = draft.placed[&function];
        let len = code.bytes.len() / 8;
        let mut slot = from;
        while slot < len {
            let here = base + slot;
            let insn = draft.program.insns[here];
            let relocation = self.relocations[code.section].get(&((code.bytes.start + slot * 8) as u64));
            let context = Context { function: &code.name, slot };
            if insn.is_wide() {
                if let Some(relocation) = relocation {
                    if slot + 1 >= len {
                        return Err(context.relocation("", "the instruction is cut off"));
                    }
                    let (map, offset) = self.map_target(relocation, insn, &context)?;
                    let (first, second) = (&mut draft.program.insns[here..], offset.unwrap_or(0));
                    first[0].src =
                        if offset.is_some() { insn::PSEUDO_MAP_VALUE } else { insn::PSEUDO_MAP_FD };
                    first[0].imm = map as i32;
                    first[1].imm = second as i32;
                    draft.program.relocations.push(MapRef { insn: here, map, offset });
                } else if insn.src != 0 {
                    return Err(
                        context.relocation("", "the instruction refers to something, but names nothing")
                    );
                }
                slot += 2;
                continue;
            }
            let call = insn.code == insn::JMP | insn::CALL;
            if call && (insn.src == insn::PSEUDO_CALL || relocation.is_some()) {
                let callee = self.callee(relocation, code, insn, &context)?;
                let Some(&target) = draft.placed.get(&callee) else { return Ok(Some((callee, slot))) };
                let call = &mut draft.program.insns[here];
                call.src = insn::PSEUDO_CALL;
                // Both are below MAX_SLOTS.
                call.imm = (target as i64 - here as i64 - 1) as i32;
            } else if relocation.is_some_and(|relocation| relocation.kind != 0) {
                return Err(context.relocation("", "not at a call or a 64-bit immediate"));
            }
            slot += 1;
        }
        Ok(None)
    }

    fn symbol(&self, relocation: &Relocation, context: &Context<'_>) -> Result<&Symbol, ProgramError> {
        let symbol = relocation.symbol.and_then(|index| self.symbols.get(&index));
        symbol.ok_or_else(|| context.relocation("", "its symbol does not exist"))
    }

    fn map_target(
        &self,
        relocation: &Relocation,
        insn: Insn,
        context: &Context<'_>,
    ) -> Result<(usize, Option<u32>), ProgramError> {
        let symbol = self.symbol(relocation, context)?;
        let fail = |reason| context.relocation(&symbol.name, reason);
        if relocation.kind != R_BPF_64_64.0 {
            return Err(fail("not the kind for a 64-bit immediate"));
        }
        let section = symbol.section.ok_or_else(|| context.undefined(&symbol.name))?;
        let place =
            symbol.value.checked_add_signed(insn.imm.into()).ok_or_else(|| fail("negative offset"))?;
        if let Some(&map) = self.maps.declared.get(&(section, place)) {
            return Ok((map, None));
        }
        if let Some(&map) = self.maps.data.get(&section) {
            let size = u64::from(self.maps.defs[map].value_size);
            return match u32::try_from(place) {
                Ok(offset) if place < size => Ok((map, Some(offset))),
                _ => Err(fail("beyond the end of its section")),
            };
        }
        if self.places.contains_key(&section) {
            return Err(fail("the address of a subprogram is not supported"));
        }
        Err(fail("neither a map nor static data"))
    }

    fn callee(
        &self,
        relocation: Option<&Relocation>,
        code: &Code,
        insn: Insn,
        context: &Context<'_>,
    ) -> Result<usize, ProgramError> {
        let no_function =
            || ProgramError::CallTarget { function: context.function.to_string(), slot: context.slot };
        let distance = (i64::from(insn.imm) + 1) * 8;
        let (section, place) = match relocation {
            None => (code.section, (code.bytes.start + context.slot * 8) as i64 + distance),
            Some(relocation) => {
                let symbol = self.symbol(relocation, context)?;
                if relocation.kind != R_BPF_64_32.0 {
                    return Err(context.relocation(&symbol.name, "not the kind for a call"));
                }
                let index = symbol.section.ok_or_else(|| context.undefined(&symbol.name))?;
                let section = self.places.get(&index).copied();
                let value = i64::try_from(symbol.value).map_err(|_| no_function())?;
                // The immediate of a call of a function symbol is -1, of a section symbol the distance in it.
                (section.ok_or_else(no_function)?, value.checked_add(distance).ok_or_else(no_function)?)
            }
        };
        let place = usize::try_from(place).map_err(|_| no_function())?;
        self.by_place.get(&(section, place)).copied().ok_or_else(no_function)
    }
}

/// Where an error is.
struct Context<'a> {
    function: &'a str,
    slot: usize,
}

impl Context<'_> {
    fn relocation(&self, symbol: &str, reason: &'static str) -> ProgramError {
        let (function, symbol) = (self.function.to_string(), symbol.to_string());
        ProgramError::Relocation { function, slot: self.slot, symbol, reason }
    }

    fn undefined(&self, symbol: &str) -> ProgramError {
        let (function, symbol) = (self.function.to_string(), symbol.to_string());
        ProgramError::Undefined { function, slot: self.slot, symbol }
    }
}
