// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The register map as a reference for people.

use super::regmap::{Access, Map, Register};
use std::fmt::Write;

/// Text of `docs/reference/registers.md`.
pub fn render(map: &Map) -> String {
    let mut out = String::from("<!-- SPDX-License-Identifier: Apache-2.0 OR MIT -->\n");
    out.push_str("<!-- Generated from hdl/regmap.toml by `./x gen`; do not edit. -->\n");
    let _ = writeln!(out, "\n# Registers: {}\n", map.name);
    let _ = writeln!(
        out,
        "{} Version {}. Addresses are bytes, registers 32 bits, little-endian. What is not listed reads as zero and \
         ignores writes.\n",
        map.description, map.version
    );
    out.push_str("Access: `ro` read only, `rw` read and write, `wo` write only (reads as zero). ");
    out.push_str("Reset: value after reset; `target` where it follows the target's description.\n");
    for group in &map.groups {
        let _ = writeln!(out, "\n## {}\n\n{}\n", group.name, group.description);
        out.push_str("| address | register | access | reset | description |\n|---|---|---|---|---|\n");
        for register in &group.registers {
            row(&mut out, register);
        }
    }
    out
}

fn row(out: &mut String, register: &Register) {
    let mut address = format!("`{:#06x}`", register.offset);
    let mut name = register.name.clone();
    if let Some(count) = register.count {
        let _ = write!(address, " + {:#x} i", register.stride());
        let _ = write!(name, "[{count}]");
    }
    if let Some(count) = register.count2 {
        address.push_str(" + 0x4 j");
        let _ = write!(name, "[{count}]");
    }
    let access = match register.access {
        Access::ReadOnly => "ro",
        Access::ReadWrite => "rw",
        Access::WriteOnly => "wo",
    };
    let reset = match (register.access, register.value) {
        (Access::ReadOnly, Some(value)) => format!("`{value:#x}`"),
        (Access::ReadOnly, None) => "target".to_owned(),
        (Access::ReadWrite, _) => format!("`{:#x}`", register.reset.unwrap_or(0)),
        (Access::WriteOnly, _) => String::new(),
    };
    let mut description = register.description.clone();
    if let Some(unit) = &register.unit {
        let _ = write!(description, " Unit: {unit}.");
    }
    for field in &register.fields {
        let bits = match field.bits {
            1 => format!("bit {}", field.low),
            bits => format!("bits {} to {}", field.low, field.low + bits - 1),
        };
        let _ = write!(description, "<br>`{}`, {bits}: {}", field.name, field.description);
    }
    let _ = writeln!(out, "| {address} | `{name}` | {access} | {reset} | {description} |");
}
