// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The register map as data: `hdl/regmap.toml` parsed and checked.

use anyhow::{bail, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Bytes of the address space.
const ADDRESSES: u32 = 1 << 16;

/// Which accesses a register takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Access {
    /// Read only.
    #[serde(rename = "ro")]
    ReadOnly,
    /// Read and write.
    #[serde(rename = "rw")]
    ReadWrite,
    /// Write only.
    #[serde(rename = "wo")]
    WriteOnly,
}

/// Bits of a register with a meaning of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Lowest bit.
    pub low: u32,
    /// Width.
    pub bits: u32,
    /// What it says.
    pub description: String,
}

/// A register or an array of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Name within the group.
    pub name: String,
    /// Byte address of the (first) register.
    pub offset: u32,
    /// Number of registers of an array.
    pub count: Option<u32>,
    /// Bytes from one of them to the next.
    pub stride: Option<u32>,
    /// Adjacent registers at each of them.
    pub count2: Option<u32>,
    /// Accesses.
    pub access: Access,
    /// Value in every build.
    pub value: Option<u32>,
    /// Value after reset.
    pub reset: Option<u32>,
    /// Unit of the value.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
    /// Fields, ascending.
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// Registers that belong together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name.
    pub name: String,
    /// What they are for.
    pub description: String,
    /// Registers, ascending by offset.
    #[serde(rename = "register")]
    pub registers: Vec<Register>,
}

/// The whole map.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// Name.
    pub name: String,
    /// Version.
    pub version: u32,
    /// What it is.
    pub description: String,
    /// Groups, ascending by offset.
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
}

impl Register {
    /// Bytes from one register of the array to the next.
    pub fn stride(&self) -> u32 {
        self.stride.unwrap_or(4)
    }

    /// Addresses of all registers.
    pub fn addresses(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.count.unwrap_or(1)).flat_map(move |i| {
            (0..self.count2.unwrap_or(1)).map(move |j| self.offset + i * self.stride() + j * 4)
        })
    }

    /// Bits that a write can change, or that may be read as one.
    pub fn mask(&self) -> u32 {
        if self.fields.is_empty() {
            return u32::MAX;
        }
        self.fields.iter().fold(0, |mask, f| mask | (u32::MAX >> (32 - f.bits)) << f.low)
    }
}

/// Parses and checks a register map.
pub fn parse(text: &str) -> anyhow::Result<Map> {
    let map: Map = toml::from_str(text)?;
    check(&map)?;
    Ok(map)
}

fn check(map: &Map) -> anyhow::Result<()> {
    let mut taken: BTreeMap<u32, String> = BTreeMap::new();
    for group in &map.groups {
        identifier(&group.name)?;
        let mut names: Vec<&str> = Vec::new();
        for register in &group.registers {
            identifier(&register.name)?;
            let name = format!("{}.{}", group.name, register.name);
            ensure!(!names.contains(&register.name.as_str()), "{name} stands twice");
            names.push(&register.name);
            ensure!(register.count != Some(0) && register.count2 != Some(0), "{name} is an empty array");
            ensure!(register.count2.is_none() || register.count.is_some(), "{name} has count2 without count");
            ensure!(
                register.value.is_none() || register.access == Access::ReadOnly,
                "{name} has a fixed value and can be written"
            );
            ensure!(
                register.reset.is_none() || register.access == Access::ReadWrite,
                "{name} has a reset value and is not read-write"
            );
            let mut bit = 0;
            for field in &register.fields {
                identifier(&field.name)?;
                ensure!(field.bits > 0 && field.low >= bit, "field {name}.{} overlaps", field.name);
                bit = field.low + field.bits;
                ensure!(bit <= 32, "field {name}.{} ends beyond bit 31", field.name);
            }
            for address in register.addresses() {
                ensure!(address % 4 == 0, "{name} is at {address:#06x}, not a multiple of 4");
                ensure!(address < ADDRESSES, "{name} is at {address:#x}, beyond the address space");
                if let Some(other) = taken.insert(address, name.clone()) {
                    bail!("{name} and {other} are both at {address:#06x}");
                }
            }
        }
    }
    Ok(())
}

fn identifier(name: &str) -> anyhow::Result<()> {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    ensure!(first && rest, "`{name}` is not a name in snake case");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn with_registers(registers: &str) -> anyhow::Result<super::Map> {
        parse(&format!(
            "name = \"m\"\nversion = 1\ndescription = \"\"\n[[group]]\nname = \"g\"\ndescription = \"\"\n{registers}"
        ))
    }

    #[test]
    fn overlaps_are_refused() {
        let register = |name: &str, offset: u32, more: &str| {
            format!(
                "[[group.register]]\nname = \"{name}\"\noffset = {offset}\naccess = \"rw\"\ndescription = \"\"\n{more}"
            )
        };
        let one = register("one", 0, "count = 2\n");
        assert!(with_registers(&format!("{one}{}", register("two", 8, ""))).is_ok());
        assert!(with_registers(&format!("{one}{}", register("two", 4, ""))).is_err());
        assert!(with_registers(&format!("{one}{}", register("one", 8, ""))).is_err());
        assert!(with_registers(&register("odd", 2, "")).is_err());
        assert!(with_registers(&register("far", 65536, "")).is_err());
        let field = |low: u32, bits: u32| {
            format!("fields = [{{ name = \"f\", low = {low}, bits = {bits}, description = \"\" }}]\n")
        };
        assert!(with_registers(&register("wide", 0, &field(0, 32))).is_ok());
        assert!(with_registers(&register("wide", 0, &field(1, 32))).is_err());
    }
}
