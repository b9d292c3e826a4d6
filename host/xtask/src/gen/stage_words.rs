// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The stage word as a reference for people, from its layout in `weir-pipeline`.

use std::fmt::{Display, Write};
use weir_pipeline::words::layout::{self, STAGE_WORD, UNIT_WORDS};
use weir_pipeline::words::{AluOp, CmpOp, LateOp, Size, Source};

/// What comes before the tables.
const PROSE: &str = "\
# Stage words

What the units of one stage do, for one pass of one program. An all-zero word does nothing: predicate 0 is constant
false and guards everything. The module documentation of `weir-pipeline` (`host/pipeline/src/words.rs`) says what the
fields mean, in which order a stage does things, and which write wins.
";

/// Text of `docs/reference/stage-words.md`.
pub fn render() -> String {
    let mut out = String::from("<!-- SPDX-License-Identifier: Apache-2.0 OR MIT -->\n");
    out.push_str("<!-- Generated from host/pipeline/src/words.rs by `./x gen`; do not edit. -->\n\n");
    out.push_str(PROSE);
    stage(&mut out);
    units(&mut out);
    codes(&mut out, "ALU operations", AluOp::ALL.iter().map(|op| (*op as u64, op)));
    codes(&mut out, "Relations", CmpOp::ALL.iter().map(|op| (*op as u64, op)));
    codes(&mut out, "Operations of the late unit", LateOp::ALL.iter().map(|op| (*op as u64, op)));
    codes(&mut out, "Sizes", Size::ALL.iter().map(|size| (*size as u64, size)));
    sources(&mut out);
    out
}

/// Which unit word is where.
fn stage(out: &mut String) {
    let _ = write!(
        out,
        "\n## The stage word: {} bits\n\n| bits | unit | word |\n|---|---|---|\n",
        layout::STAGE_WORD_BITS
    );
    let mut low = 0;
    for (unit, word) in STAGE_WORD {
        let bits = layout::unit_bits(*word);
        let _ = writeln!(out, "| {} to {} | `{unit}` | `{}` |", low, low + bits - 1, UNIT_WORDS[*word].0);
        low += bits;
    }
}

/// The fields of every unit word.
fn units(out: &mut String) {
    for (name, fields) in UNIT_WORDS {
        let _ = write!(out, "\n## `{name}`\n\n| bits | field |\n|---|---|\n");
        let mut low = 0;
        for field in *fields {
            let _ = match field.bits {
                1 => writeln!(out, "| {low} | `{}` |", field.name),
                bits => writeln!(out, "| {low} to {} | `{}` |", low + bits - 1, field.name),
            };
            low += field.bits;
        }
    }
}

/// Names by code.
fn codes(out: &mut String, what: &str, names: impl Iterator<Item = (u64, impl Display)>) {
    let _ = write!(out, "\n## {what}\n\n| code | name |\n|---|---|\n");
    for (code, name) in names {
        let _ = writeln!(out, "| {code} | `{name}` |");
    }
}

fn sources(out: &mut String) {
    let first = Source::Register(0).code();
    let last = Source::Register(15).code();
    let _ = write!(out, "\n## Sources\n\n| code | source |\n|---|---|\n| {first} to {last} | register |\n");
    let rest = [
        (Source::Load, "what the load of this stage has read (ALUs, compares)"),
        (Source::Zero, "constant zero"),
        (Source::Alu0, "result of ALU 0 of this stage (compares)"),
        (Source::Alu1, "result of ALU 1 of this stage (compares)"),
    ];
    for (source, what) in rest {
        let _ = writeln!(out, "| {} | {what} |", source.code());
    }
}
