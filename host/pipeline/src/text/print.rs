// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Printing: each word type has one line form, shared by the whole dump and by reports that show single units.

use crate::pipeline::{Part, Pipeline, Slot};
use crate::words::{AluWord, CmpWord, Guard, LateOp, LateWord, LsuWord, Operand, Source, StageWord, layout};
use std::fmt::{self, Display, Write};

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Register(r) => write!(f, "r{r}"),
            Source::Load => f.write_str("load"),
            Source::Zero => f.write_str("zero"),
            Source::Alu0 => f.write_str("alu0"),
            Source::Alu1 => f.write_str("alu1"),
        }
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Source(source) => source.fmt(f),
            Operand::Imm(imm) => imm.fmt(f),
        }
    }
}

/// Prints with a leading space, or nothing for never.
impl Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Guard::Never => Ok(()),
            Guard::Always => f.write_str(" if always"),
            Guard::If(p) => write!(f, " if p{p}"),
            Guard::Unless(p) => write!(f, " if !p{p}"),
        }
    }
}

/// Suffix of 32-bit operations.
fn width(is32: bool) -> &'static str {
    if is32 { "32" } else { "" }
}

impl Display for AluWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AluWord { op, a, b, is32, dst, guard } = self;
        // A dot keeps names that end in digits apart from the width: `swap32`, `mov.32`.
        let dot = if *is32 { "." } else { "" };
        write!(f, "r{dst} = {op}{dot}{} {a}, {b}{guard}", width(*is32))
    }
}

impl Display for LsuWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LsuWord::Load { base, offset, size, dst, guard } => {
                write!(f, "load r{dst} = {size} [{base} {offset:+}]{guard}")
            }
            LsuWord::Store { base, offset, size, data, guard } => {
                write!(f, "store {size} [{base} {offset:+}] = {data}{guard}")
            }
        }
    }
}

impl Display for CmpWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CmpWord { op, a, b, is32, p1, p2, dst0, table0, dst1, table1 } = self;
        let dot = if *is32 { "." } else { "" };
        write!(f, "{op}{dot}{} {a}, {b} (p{p1}, p{p2}) -> ", width(*is32))?;
        write!(f, "p{dst0}:{table0:02x}, p{dst1}:{table1:02x}")
    }
}

impl Display for LateWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LateWord { op, map, a, offset, size, b, is32, dst, guard } = self;
        match op {
            LateOp::None => f.write_str("none"),
            LateOp::Read => write!(f, "read.{size} r{dst} = {map}[{a} + {offset}]{guard}"),
            LateOp::Add => write!(f, "add.{size} {map}[{a} + {offset}] += {b}{guard}"),
            LateOp::Write => write!(f, "write.{size} {map}[{a} + {offset}] = {b}{guard}"),
            LateOp::Mul => {
                let dot = if *is32 { "." } else { "" };
                write!(f, "mul{dot}{} r{dst} = {a} * {b}{guard}", width(*is32))
            }
            LateOp::Deep => write!(f, "deep.{size} r{dst} = [{a} + {offset}]{guard}"),
            LateOp::Find | LateOp::Insert | LateOp::Delete => {
                write!(f, "{op} r{dst} = {map}[{a}, {b}]{guard}")
            }
        }
    }
}

/// A unit's index into [`layout::STAGE_WORD`], its name and its line.
pub type Units = Vec<(u8, &'static str, String)>;

/// The units of a stage word that do something.
pub fn units(word: &StageWord) -> Units {
    let lines = [
        word.alu[0].map(|w| w.to_string()),
        word.alu[1].map(|w| w.to_string()),
        word.lsu.map(|w| w.to_string()),
        word.cmp[0].map(|w| w.to_string()),
        word.cmp[1].map(|w| w.to_string()),
        word.late.map(|w| w.to_string()),
    ];
    (0..)
        .zip(lines)
        .filter_map(|(unit, line)| Some((unit, layout::STAGE_WORD[usize::from(unit)].0, line?)))
        .collect()
}

/// The text form of a pipeline.
pub fn print(pipeline: &Pipeline) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = print_to(&mut out, pipeline);
    out
}

fn print_to(out: &mut String, pipeline: &Pipeline) -> fmt::Result {
    writeln!(out, "pipeline {}", quoted(&pipeline.name))?;
    writeln!(out, "target {}", pipeline.target)?;
    writeln!(out, "tag {}", pipeline.tag)?;
    writeln!(out, "gap {}", pipeline.gap)?;
    writeln!(out, "passes {}", pipeline.passes())?;
    if pipeline.moves_head {
        writeln!(out, "moves_head")?;
    }
    for t in &pipeline.tables {
        write!(out, "table {} {} key {} value {}", quoted(&t.name), t.kind.name(), t.key_size, t.value_size)?;
        write!(out, " entries {} places {}", t.max_entries, t.places)?;
        write!(out, " unit {} id {} base {}", t.unit, t.id, t.base)?;
        if let Some(k) = &t.keys {
            write!(out, " keys unit {} id {} base {} buckets {}", k.unit, k.id, k.base, k.buckets)?;
        }
        for Part { first, end, home: h } in &t.parts {
            write!(out, " part {first} {end} unit {} id {} base {}", h.unit, h.id, h.base)?;
        }
        writeln!(out)?;
    }
    for (pass, stages) in (0..).zip(&pipeline.words) {
        for (stage, word) in (0..).zip(stages) {
            if word.is_empty() {
                continue;
            }
            writeln!(out, "pass {pass} stage {stage}")?;
            for (unit, name, line) in units(word) {
                write!(out, "  {name} {line}")?;
                let insns = pipeline.insns(Slot { pass, stage }, unit);
                if !insns.is_empty() {
                    let list: Vec<String> = insns.iter().map(u32::to_string).collect();
                    write!(out, " @{}", list.join(","))?;
                }
                writeln!(out)?;
            }
        }
    }
    writeln!(out, "end")
}

/// A name in double quotes; quotes, backslashes and everything not printable ASCII as `\xNN` of its UTF-8 bytes.
fn quoted(name: &str) -> String {
    let mut out = String::from("\"");
    for byte in name.bytes() {
        match byte {
            b' '..=b'~' if byte != b'"' && byte != b'\\' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}
