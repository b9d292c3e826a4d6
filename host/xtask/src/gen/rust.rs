// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The register map as Rust: constants per group and typed accessors over a bus.

use super::regmap::{Access, Map, Register};
use std::fmt::Write;

/// Text of `host/regs/src/generated.rs`.
pub fn render(map: &Map) -> String {
    let mut out = String::from(
        "// SPDX-License-Identifier: Apache-2.0 OR MIT\n\
         // Generated from hdl/regmap.toml by `./x gen`; do not edit.\n\n\
         use crate::{Access, Bus, Field, Register, Registers};\n\n",
    );
    line(&mut out, 0, "/// Version of the register map these constants are of.");
    line(&mut out, 0, &format!("pub const MAP_VERSION: u32 = {};", map.version));
    for group in &map.groups {
        out.push('\n');
        doc(&mut out, 0, &group.description);
        line(&mut out, 0, &format!("pub mod {} {{", group.name));
        let fields = group.registers.iter().any(|r| !r.fields.is_empty());
        line(
            &mut out,
            1,
            &format!("use super::{{Access, {}Register}};", if fields { "Field, " } else { "" }),
        );
        for register in &group.registers {
            out.push('\n');
            constant(&mut out, register);
        }
        line(&mut out, 0, "}");
    }
    line(&mut out, 0, "\n/// All registers with their groups, ascending.");
    line(&mut out, 0, "pub const ALL: &[(&str, Register)] = &[");
    for group in &map.groups {
        for register in &group.registers {
            line(
                &mut out,
                1,
                &format!("({:?}, {}::{}),", group.name, group.name, register.name.to_uppercase()),
            );
        }
    }
    line(&mut out, 0, "];");
    line(&mut out, 0, "\nimpl<B: Bus> Registers<B> {");
    let mut first = true;
    for group in &map.groups {
        for register in &group.registers {
            accessors(&mut out, &group.name, register, &mut first);
        }
    }
    line(&mut out, 0, "}");
    out
}

fn line(out: &mut String, indent: usize, text: &str) {
    out.push_str(&"    ".repeat(indent));
    out.push_str(text);
    out.push('\n');
}

/// Doc comment; the text is one paragraph, however long.
fn doc(out: &mut String, indent: usize, text: &str) {
    line(out, indent, &format!("/// {text}"));
}

fn with_unit(register: &Register) -> String {
    match &register.unit {
        Some(unit) => format!("{} Unit: {unit}.", register.description),
        None => register.description.clone(),
    }
}

fn constant(out: &mut String, register: &Register) {
    doc(out, 1, &with_unit(register));
    line(out, 1, &format!("pub const {}: Register = Register {{", register.name.to_uppercase()));
    line(out, 2, &format!("name: {:?},", register.name));
    line(out, 2, &format!("offset: {:#06x},", register.offset));
    line(out, 2, &format!("access: Access::{:?},", register.access));
    line(out, 2, &format!("count: {},", register.count.unwrap_or(1)));
    line(out, 2, &format!("stride: {:#x},", register.stride()));
    line(out, 2, &format!("count2: {},", register.count2.unwrap_or(1)));
    match register.value {
        Some(value) => line(out, 2, &format!("value: Some({value:#x}),")),
        None => line(out, 2, "value: None,"),
    }
    line(out, 2, &format!("reset: {:#x},", register.reset.unwrap_or(0)));
    line(out, 2, &format!("mask: {:#x},", register.mask()));
    if register.fields.is_empty() {
        line(out, 2, "fields: &[],");
    } else {
        line(out, 2, "fields: &[");
        for field in &register.fields {
            let Field { name, low, bits } = Field { name: &field.name, low: field.low, bits: field.bits };
            line(out, 3, &format!("Field {{ name: {name:?}, low: {low}, bits: {bits} }},"));
        }
        line(out, 2, "],");
    }
    line(out, 1, "};");
}

/// What is printed of a field.
struct Field<'a> {
    name: &'a str,
    low: u32,
    bits: u32,
}

fn accessors(out: &mut String, group: &str, register: &Register, first: &mut bool) {
    let constant = format!("{group}::{}", register.name.to_uppercase());
    let (parameters, register_at) = match (register.count, register.count2) {
        (None, _) => ("", constant),
        (Some(_), None) => (", index: u16", format!("{constant}.at(index)")),
        (Some(_), Some(_)) => (", index: u16, part: u16", format!("{constant}.at2(index, part)")),
    };
    let offset = match register.count {
        None => format!("{register_at}.offset"),
        Some(_) => register_at,
    };
    let mut function = |doc_text: &str, signature: &str, body: &str| {
        if !std::mem::take(first) {
            out.push('\n');
        }
        doc(out, 1, doc_text);
        line(out, 1, &format!("{signature} {{"));
        line(out, 2, body);
        line(out, 1, "}");
    };
    let name = format!("{group}_{}", register.name);
    if register.access != Access::WriteOnly {
        let mut signature = String::new();
        let _ = write!(signature, "pub fn read_{name}(&mut self{parameters}) -> Result<u32, B::Error>");
        function(
            &format!("Reads: {}", with_unit(register)),
            &signature,
            &format!("self.bus.read_register({offset})"),
        );
    }
    if register.access != Access::ReadOnly {
        let mut signature = String::new();
        let _ = write!(
            signature,
            "pub fn write_{name}(&mut self{parameters}, value: u32) -> Result<(), B::Error>"
        );
        function(
            &format!("Writes: {}", with_unit(register)),
            &signature,
            &format!("self.bus.write_register({offset}, value)"),
        );
    }
}
