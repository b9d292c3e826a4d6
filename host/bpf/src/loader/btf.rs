// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `.BTF`: types and strings, as far as map definitions and source lines need them.
//!
//! Follows the kernel's document "BPF Type Format". Types are indexed, not interpreted; who wants one asks for it.

use super::{ObjectError, malformed};

const MAGIC: u16 = 0xeb9f;

/// A little-endian `u32`, if it lies inside.
pub(super) fn u32_at(data: &[u8], offset: usize) -> Option<u32> {
    data.get(offset..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Checks magic and version and splits the header off: (header, rest).
pub(super) fn split_header<'a>(data: &'a [u8], section: &str) -> Result<(&'a [u8], &'a [u8]), ObjectError> {
    let magic = data.first_chunk().map(|bytes| u16::from_le_bytes(*bytes));
    if magic != Some(MAGIC) {
        return Err(malformed(section, "does not begin with BTF's magic number"));
    }
    if data.get(2) != Some(&1) {
        return Err(malformed(section, "not BTF version 1"));
    }
    let header = u32_at(data, 4).map(|length| length as usize);
    match header {
        Some(length) if (24..=data.len()).contains(&length) => Ok(data.split_at(length)),
        _ => Err(malformed(section, "the header's length is wrong")),
    }
}

/// The part of `rest` that a header's pair of words (offset, length) names.
pub(super) fn part<'a>(
    header: &[u8],
    at: usize,
    rest: &'a [u8],
    section: &str,
) -> Result<&'a [u8], ObjectError> {
    let offset = u32_at(header, at).map(|word| word as usize);
    let length = u32_at(header, at + 4).map(|word| word as usize);
    (offset.zip(length))
        .and_then(|(offset, length)| rest.get(offset..offset.checked_add(length)?))
        .ok_or_else(|| malformed(section, "a part lies outside the section"))
}

/// Kinds of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Ptr,
    Array,
    Struct,
    Union,
    Enum,
    /// Typedef, const, volatile, restrict and tags: names for another type.
    Alias,
    Var,
    Datasec,
    Float,
    Enum64,
    /// Forward declarations, functions and the like, which have no size.
    Other,
}

/// A type: its head and the bytes that follow it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type<'data> {
    pub name: u32,
    pub kind: Kind,
    /// Size in bytes, or the id of another type.
    pub size_or_type: u32,
    pub rest: &'data [u8],
}

/// The section, indexed.
pub(super) struct Btf<'data> {
    strings: &'data [u8],
    types: Vec<Type<'data>>,
}

/// Longest chain of names and arrays that is followed.
const MAX_DEPTH: usize = 32;

impl<'data> Btf<'data> {
    /// Indexes the types.
    pub fn parse(data: &'data [u8]) -> Result<Btf<'data>, ObjectError> {
        let (header, rest) = split_header(data, ".BTF")?;
        let strings = part(header, 16, rest, ".BTF")?;
        let mut left = part(header, 8, rest, ".BTF")?;
        let mut types = Vec::new();
        while !left.is_empty() {
            let short = || malformed(".BTF", "a type is cut off");
            let (head, body) = left.split_first_chunk::<12>().ok_or_else(short)?;
            let word = |at| u32_at(head, at).unwrap_or_default();
            let (info, vlen) = (word(4), (word(4) & 0xffff) as usize);
            let (kind, length) = match (info >> 24) & 31 {
                1 => (Kind::Int, 4),
                2 => (Kind::Ptr, 0),
                3 => (Kind::Array, 12),
                4 => (Kind::Struct, 12 * vlen),
                5 => (Kind::Union, 12 * vlen),
                6 => (Kind::Enum, 8 * vlen),
                7 | 12 => (Kind::Other, 0),
                8..=11 | 18 => (Kind::Alias, 0),
                13 => (Kind::Other, 8 * vlen),
                14 => (Kind::Var, 4),
                15 => (Kind::Datasec, 12 * vlen),
                16 => (Kind::Float, 0),
                17 => (Kind::Other, 4),
                19 => (Kind::Enum64, 12 * vlen),
                _ => return Err(malformed(".BTF", "unknown kind of type")),
            };
            let (rest, next) = body.split_at_checked(length).ok_or_else(short)?;
            types.push(Type { name: word(0), kind, size_or_type: word(8), rest });
            left = next;
        }
        Ok(Btf { strings, types })
    }

    /// A string by its offset, cut to a length.
    pub fn bounded_string(&self, offset: u32, limit: usize) -> Option<&'data [u8]> {
        let tail = self.strings.get(offset as usize..)?;
        tail[..tail.len().min(limit)].split(|byte| *byte == 0).next()
    }

    /// A name by its offset.
    pub fn string(&self, offset: u32) -> Option<&'data [u8]> {
        self.bounded_string(offset, super::MAX_NAME)
    }

    /// A type by its id; id 0 is `void` and has none.
    pub fn get(&self, id: u32) -> Option<Type<'data>> {
        self.types.get((id as usize).checked_sub(1)?).copied()
    }

    /// A type by its id, with aliases followed.
    pub fn resolve(&self, mut id: u32) -> Option<Type<'data>> {
        for _ in 0..MAX_DEPTH {
            let found = self.get(id)?;
            if found.kind != Kind::Alias {
                return Some(found);
            }
            id = found.size_or_type;
        }
        None
    }

    /// Size of a type in bytes.
    pub fn size(&self, mut id: u32) -> Option<u32> {
        let mut count = 1u32;
        for _ in 0..MAX_DEPTH {
            let found = self.resolve(id)?;
            match found.kind {
                Kind::Int | Kind::Struct | Kind::Union | Kind::Enum | Kind::Float | Kind::Enum64 => {
                    return count.checked_mul(found.size_or_type);
                }
                Kind::Ptr => return count.checked_mul(8),
                Kind::Array => {
                    count = count.checked_mul(u32_at(found.rest, 8)?)?;
                    id = u32_at(found.rest, 0)?;
                }
                _ => return None,
            }
        }
        None
    }

    /// What a pointer points to.
    pub fn pointee(&self, id: u32) -> Option<u32> {
        self.resolve(id).filter(|found| found.kind == Kind::Ptr).map(|found| found.size_or_type)
    }

    /// The number that `__uint(name, number)` hides in a pointer to an array.
    pub fn hidden_number(&self, id: u32) -> Option<u32> {
        let array = self.resolve(self.pointee(id)?).filter(|found| found.kind == Kind::Array)?;
        u32_at(array.rest, 8)
    }

    /// The variables of a data section, as type ids.
    pub fn variables(&self, section: &str) -> Vec<u32> {
        let named =
            |t: &&Type<'_>| t.kind == Kind::Datasec && self.string(t.name) == Some(section.as_bytes());
        let Some(found) = self.types.iter().find(named) else { return Vec::new() };
        found.rest.as_chunks::<12>().0.iter().filter_map(|entry| u32_at(entry, 0)).collect()
    }
}
