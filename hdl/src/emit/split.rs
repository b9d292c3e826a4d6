// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Splits kernels into independent `always @(*)` blocks.
//!
//! rust-hdl prints a kernel as one block. A kernel that feeds a combinational child and reads its result is then a block
//! that depends on itself: no loop in hardware, but one for a simulator that schedules blocks (Verilator's UNOPTFLAT),
//! which costs speed and hides true loops. Statements stay together where order matters: those that assign the same
//! signal, and those that read a signal which the kernel assigns later.

use super::dedupe::Module;
use super::verilog::{ALWAYS, Kind, Statement, statement};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Splits every combinational block of a module; blocks in other words than rust-hdl's stay as they are.
pub(super) fn split(module: &Module) -> Module {
    let mut parts = module.text.split(ALWAYS);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match statement(part) {
            Ok(Statement { kind: Kind::Block(statements), span }) if statements.len() > 1 => {
                for group in groups(&statements) {
                    let _ = writeln!(text, "{ALWAYS} begin");
                    for statement in group {
                        let _ = writeln!(text, "        {}", &part[statement.span.clone()]);
                    }
                    text.push_str("    end\n    ");
                }
                text.push_str(part[span.end..].trim_start_matches([' ', '\n']));
            }
            _ => {
                text.push_str(ALWAYS);
                text.push_str(part);
            }
        }
    }
    Module { name: module.name.clone(), text }
}

/// Statements that must stay in one block, in their order; groups in the order of their first statements.
fn groups<'s, 'a>(statements: &'s [Statement<'a>]) -> Vec<Vec<&'s Statement<'a>>> {
    let mut group: Vec<usize> = (0..statements.len()).collect();
    let mut writers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        let mut writes = BTreeSet::new();
        statement.writes(&mut writes);
        for signal in writes {
            let writers = writers.entry(signal).or_default();
            if let Some(first) = writers.first() {
                unite(&mut group, *first, index);
            }
            writers.push(index);
        }
    }
    for (index, statement) in statements.iter().enumerate() {
        let mut reads = BTreeSet::new();
        statement.reads(&mut reads);
        for signal in reads {
            if let Some(last) = writers.get(signal).and_then(|w| w.last())
                && *last >= index
            {
                unite(&mut group, *last, index);
            }
        }
    }
    let mut out: BTreeMap<usize, Vec<&Statement<'a>>> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate() {
        out.entry(root(&group, index)).or_default().push(statement);
    }
    out.into_values().collect()
}

fn root(group: &[usize], mut index: usize) -> usize {
    while group[index] != index {
        index = group[index];
    }
    index
}

/// The root of a group is its first statement.
fn unite(group: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(group, a), root(group, b));
    group[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(kernel: &str) -> Vec<String> {
        let module = Module { name: "m".into(), text: format!("    always @(*) begin\n{kernel}\n    end\n") };
        let text = split(&module).text;
        text.split(ALWAYS).skip(1).map(|b| b.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn independent_statements_part() {
        assert_eq!(
            blocks("child$a = x;\n y = child$o;\n if (x) begin\n z = y;\n end\n else begin z = 1'h0; end"),
            [
                "begin child$a = x; end",
                "begin y = child$o; end",
                "begin if (x) begin z = y; end else begin z = 1'h0; end end"
            ]
        );
    }

    #[test]
    fn statements_whose_order_matters_stay_together() {
        assert_eq!(
            blocks("y = 1'h0;\n z = a;\n if (x) y = z;"),
            ["begin y = 1'h0; if (x) y = z; end", "begin z = a; end"]
        );
        // `y` is read between two assignments: the reader sees the first.
        assert_eq!(blocks("y = a;\n z = y;\n y[(3)+:(1)] = b;").len(), 1);
        assert_eq!(blocks("y[(0)+:(1)] = a;\n y[(1)+:(1)] = b;").len(), 1);
    }

    #[test]
    fn other_blocks_stay() {
        let text =
            "    always @(*) o = a;\n    always @(*) begin for (i = 0; i < 3; i = i + 1) o[i] = a; end\n";
        let module = Module { name: "m".into(), text: text.into() };
        assert_eq!(split(&module).text, text);
    }
}
