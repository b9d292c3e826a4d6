// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `.BTF.ext`: source lines, and which instructions want CO-RE relocation.
//!
//! Offsets here are bytes within a section; [`super::link`] turns them into slots of a program.

use std::collections::HashMap;
use std::sync::Arc;

use super::btf::{Btf, part, split_header, u32_at};
use super::{ObjectError, malformed};

/// Longest text of a source line that is kept; the rest of a longer one is cut off.
const MAX_LINE: usize = 1024;
/// Most bytes of source text.
const MAX_TEXT: usize = 64 << 20;

/// Types whose layout is part of the kernel's interface or of a wire format, so that CO-RE has nothing to adapt.
const FIXED_TYPES: [&str; 13] = [
    "xdp_md",
    "ethhdr",
    "vlan_hdr",
    "vlan_ethhdr",
    "arphdr",
    "iphdr",
    "ipv6hdr",
    "ipv6_opt_hdr",
    "in6_addr",
    "tcphdr",
    "udphdr",
    "icmphdr",
    "icmp6hdr",
];

/// The source line of the instruction at a byte offset.
#[derive(Clone)]
pub(super) struct Line {
    pub offset: u32,
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
    pub text: Arc<str>,
}

/// An instruction whose value depends on the running kernel.
pub(super) struct Core {
    pub offset: u32,
    pub type_name: String,
}

/// By section name, each sorted by offset.
#[derive(Default)]
pub(super) struct Ext {
    pub lines: HashMap<String, Vec<Line>>,
    pub core: HashMap<String, Vec<Core>>,
}

/// Strings by offset, so that a file's name is kept once and not once per line.
struct Strings<'a> {
    btf: &'a Btf<'a>,
    known: HashMap<u32, Arc<str>>,
    total: usize,
}

impl Strings<'_> {
    fn get(&mut self, offset: u32) -> Result<Arc<str>, ObjectError> {
        if let Some(text) = self.known.get(&offset) {
            return Ok(text.clone());
        }
        let bytes = self.btf.bounded_string(offset, MAX_LINE);
        let bytes = bytes.ok_or_else(|| malformed(".BTF.ext", "a string lies outside `.BTF`"))?;
        self.total += bytes.len();
        if self.total > MAX_TEXT {
            return Err(ObjectError::TooLarge("more than 64 MiB of source text"));
        }
        let text: Arc<str> = String::from_utf8_lossy(bytes).into();
        self.known.insert(offset, text.clone());
        Ok(text)
    }
}

impl Ext {
    /// Reads the section.
    pub fn parse(data: &[u8], btf: &Btf<'_>) -> Result<Ext, ObjectError> {
        let (header, rest) = split_header(data, ".BTF.ext")?;
        let mut strings = Strings { btf, known: HashMap::new(), total: 0 };
        let mut ext = Ext::default();

        for_each_record(part(header, 16, rest, ".BTF.ext")?, &mut strings, |section, record, strings| {
            let [offset, file, text, position] = record;
            // Line 0: the compiler made the instruction up, so it goes with the line before.
            if position >> 10 == 0 {
                return Ok(());
            }
            ext.lines.entry(section.to_string()).or_default().push(Line {
                offset,
                file: strings.get(file)?,
                line: position >> 10,
                column: position & 0x3ff,
                text: strings.get(text)?,
            });
            Ok(())
        })?;
        // Objects from before CO-RE have a shorter header.
        if header.len() >= 32 {
            for_each_record(
                part(header, 24, rest, ".BTF.ext")?,
                &mut strings,
                |section, record, strings| {
                    let [offset, id, ..] = record;
                    let name = btf.resolve(id).map_or(Ok("".into()), |found| strings.get(found.name))?;
                    // `struct iphdr___local` stands for `struct iphdr`.
                    let name = name.split("___").next().unwrap_or_default();
                    if !FIXED_TYPES.contains(&name) {
                        let core = Core { offset, type_name: name.to_string() };
                        ext.core.entry(section.to_string()).or_default().push(core);
                    }
                    Ok(())
                },
            )?;
        }
        ext.lines.values_mut().for_each(|lines| lines.sort_by_key(|line| line.offset));
        ext.core.values_mut().for_each(|core| core.sort_by_key(|core| core.offset));
        Ok(ext)
    }
}

/// Calls `each` with the section's name and the first four words of every record.
fn for_each_record<'a>(
    data: &[u8],
    strings: &mut Strings<'a>,
    mut each: impl FnMut(&str, [u32; 4], &mut Strings<'a>) -> Result<(), ObjectError>,
) -> Result<(), ObjectError> {
    if data.is_empty() {
        return Ok(());
    }
    let broken = || malformed(".BTF.ext", "a record is cut off");
    let size = u32_at(data, 0).filter(|size| (16..=4096).contains(size)).ok_or_else(broken)? as usize;
    let mut left = &data[4..];
    while !left.is_empty() {
        let name = u32_at(left, 0).ok_or_else(broken)?;
        let count = u32_at(left, 4).ok_or_else(broken)? as usize;
        let length = count.checked_mul(size).ok_or_else(broken)?;
        let (records, next) = left[8..].split_at_checked(length).ok_or_else(broken)?;
        let section = strings.get(name)?;
        for record in records.chunks_exact(size) {
            let word = |at| u32_at(record, at).unwrap_or_default();
            each(&section, [word(0), word(4), word(8), word(12)], strings)?;
        }
        left = next;
    }
    Ok(())
}
