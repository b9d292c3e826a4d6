// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Configuration spaces: `hdl/pcie.toml` parsed and checked, and what is made of it, constants and a reference.

use anyhow::{bail, ensure};
use serde::Deserialize;
use std::fmt::Write;

/// Bytes of a configuration space.
const SPACE_BYTES: u32 = 4096;

/// What a write does to the bits of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Access {
    /// Nothing.
    Ro,
    /// Sets them.
    Rw,
    /// Sets them; they survive Function Level Reset.
    Rws,
    /// A one clears.
    Rw1c,
    /// A one clears; they survive Function Level Reset.
    Rw1cs,
}

/// Bits of a dword with a meaning of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    name: String,
    low: u32,
    bits: u32,
    access: Access,
    description: String,
}

/// Four bytes of configuration space.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dword {
    name: String,
    offset: u32,
    #[serde(default)]
    reset: u32,
    description: String,
    #[serde(default)]
    fields: Vec<Field>,
}

/// The configuration space of one kind of function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Space {
    name: String,
    description: String,
    #[serde(rename = "dword")]
    dwords: Vec<Dword>,
}

/// All of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spaces {
    name: String,
    description: String,
    #[serde(rename = "space")]
    spaces: Vec<Space>,
}

impl Field {
    fn mask(&self) -> u32 {
        (u32::MAX >> (32 - self.bits)) << self.low
    }
}

impl Dword {
    /// Bits of the fields with one of these kinds of access.
    fn mask(&self, kinds: &[Access]) -> u32 {
        self.fields.iter().filter(|f| kinds.contains(&f.access)).fold(0, |mask, f| mask | f.mask())
    }
}

/// Parses and checks.
pub fn parse(text: &str) -> anyhow::Result<Spaces> {
    let spaces: Spaces = toml::from_str(text)?;
    for space in &spaces.spaces {
        let mut end = 0;
        let mut names: Vec<&str> = Vec::new();
        for dword in &space.dwords {
            let name = format!("{}.{}", space.name, dword.name);
            ensure!(dword.offset % 4 == 0 && dword.offset < SPACE_BYTES, "{name} is at {:#x}", dword.offset);
            ensure!(dword.offset >= end, "{name} does not stand in the order of offsets");
            end = dword.offset + 4;
            if names.contains(&dword.name.as_str()) {
                bail!("{name} stands twice");
            }
            names.push(&dword.name);
            let mut bit = 0;
            for field in &dword.fields {
                ensure!(field.bits > 0 && field.low >= bit, "field {name}.{} overlaps", field.name);
                bit = field.low + field.bits;
                ensure!(bit <= 32, "field {name}.{} ends beyond bit 31", field.name);
            }
        }
    }
    Ok(spaces)
}

/// Text of `host/regs/src/config.rs`.
pub fn rust(spaces: &Spaces) -> String {
    let mut out = String::from(
        "// SPDX-License-Identifier: Apache-2.0 OR MIT\n\
         // Generated from hdl/pcie.toml by `./x gen`; do not edit.\n\n",
    );
    let _ = writeln!(out, "//! {}\n\nuse crate::{{ConfigDword, Field}};", spaces.description);
    for space in &spaces.spaces {
        let _ = write!(
            out,
            "\n/// {}\npub mod {} {{\n    use super::{{ConfigDword, Field}};\n",
            space.description, space.name
        );
        for dword in &space.dwords {
            constant(&mut out, dword);
        }
        out.push_str("\n    /// All of them, ascending.\n    pub const ALL: &[ConfigDword] = &[\n");
        for dword in &space.dwords {
            let _ = writeln!(out, "        {},", dword.name.to_uppercase());
        }
        out.push_str("    ];\n}\n");
    }
    out
}

fn constant(out: &mut String, dword: &Dword) {
    use Access::{Rw, Rw1c, Rw1cs, Rws};
    let _ = writeln!(out, "\n    /// {}", dword.description);
    let _ = writeln!(out, "    pub const {}: ConfigDword = ConfigDword {{", dword.name.to_uppercase());
    let _ = writeln!(out, "        name: {:?},", dword.name);
    let _ = writeln!(out, "        offset: {:#05x},", dword.offset);
    let _ = writeln!(out, "        reset: {:#010x},", dword.reset);
    let _ = writeln!(out, "        rw: {:#010x},", dword.mask(&[Rw, Rws]));
    let _ = writeln!(out, "        rw1c: {:#010x},", dword.mask(&[Rw1c, Rw1cs]));
    let _ = writeln!(out, "        sticky: {:#010x},", dword.mask(&[Rws, Rw1cs]));
    out.push_str("        fields: &[\n");
    for Field { name, low, bits, .. } in &dword.fields {
        let _ = writeln!(out, "            Field {{ name: {name:?}, low: {low}, bits: {bits} }},");
    }
    out.push_str("        ],\n    };\n");
}

/// Text of `docs/reference/configuration-space.md`.
pub fn markdown(spaces: &Spaces) -> String {
    let mut out = String::from("<!-- SPDX-License-Identifier: Apache-2.0 OR MIT -->\n");
    out.push_str("<!-- Generated from hdl/pcie.toml by `./x gen`; do not edit. -->\n");
    let _ = write!(
        out,
        "\n# Configuration space: {}\n\n{} Offsets are bytes, dwords little-endian; what is not listed reads as zero \
         and ignores writes.\n\n\
         Access: `ro` read only, `rw` read and write, `rw1c` a one clears; with `s` Function Level Reset leaves the bits \
         alone. Bits of no field are read only.\n",
        spaces.name, spaces.description
    );
    for space in &spaces.spaces {
        let _ = write!(
            out,
            "\n## {}\n\n{}\n\n| offset | dword | reset | description |\n|---|---|---|---|\n",
            space.name, space.description
        );
        for dword in &space.dwords {
            let mut description = dword.description.clone();
            for field in &dword.fields {
                let bits = match field.bits {
                    1 => format!("bit {}", field.low),
                    bits => format!("bits {} to {}", field.low, field.low + bits - 1),
                };
                let access = format!("{:?}", field.access).to_lowercase();
                let _ = write!(description, "<br>`{}`, {bits}, {access}: {}", field.name, field.description);
            }
            let _ = writeln!(
                out,
                "| `{:#05x}` | `{}` | `{:#010x}` | {description} |",
                dword.offset, dword.name, dword.reset
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn space(dwords: &str) -> anyhow::Result<super::Spaces> {
        parse(&format!(
            "name = \"m\"\ndescription = \"\"\n[[space]]\nname = \"s\"\ndescription = \"\"\n{dwords}"
        ))
    }

    #[test]
    fn dwords_that_cannot_be_are_refused() {
        let dword = |name: &str, offset: u32, more: &str| {
            format!("[[space.dword]]\nname = \"{name}\"\noffset = {offset}\ndescription = \"\"\n{more}")
        };
        assert!(space(&format!("{}{}", dword("a", 0, ""), dword("b", 4, ""))).is_ok());
        assert!(space(&format!("{}{}", dword("a", 4, ""), dword("b", 0, ""))).is_err());
        assert!(space(&format!("{}{}", dword("a", 0, ""), dword("a", 4, ""))).is_err());
        assert!(space(&dword("odd", 2, "")).is_err());
        assert!(space(&dword("far", 4096, "")).is_err());
        let field = |low: u32, bits: u32| {
            format!(
                "fields = [{{ name = \"f\", low = {low}, bits = {bits}, access = \"rw1cs\", description = \"\" }}]\n"
            )
        };
        assert!(space(&dword("wide", 0, &field(0, 32))).is_ok());
        assert!(space(&dword("wide", 0, &field(1, 32))).is_err());
    }
}
