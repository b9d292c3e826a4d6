// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Splits kernels into independent `always @(*)` blocks.
//!
//! rust-hdl prints a kernel as one block. A kernel that feeds a combinational child and reads its result is then a block
//! that depends on itself: no loop in hardware, but one for a simulator that schedules blocks (Verilator's UNOPTFLAT),
//! which costs speed and hides true loops. Statements stay together where order matters: those that assign the same
//! signal, and those that read a signal which the kernel assigns later.
//!
//! A block that reads no signal would never run (`@(*)` waits for a change of nothing), so constants become continuous
//! assignments to wires.

use super::dedupe::Module;
use super::verilog::{ALWAYS, Kind, Statement, Widths, declared_widths, statement};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Splits every combinational block of a module; blocks in other words than rust-hdl's stay as they are.
pub(super) fn split(module: &Module) -> Module {
    let widths = declared_widths(&module.text);
    let mut wires = BTreeSet::new();
    let mut parts = module.text.split(ALWAYS);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match statement(part) {
            Ok(Statement { kind: Kind::Block(statements), span }) => {
                for group in groups(&statements, &widths) {
                    if let Some(signal) = constant(&group, &widths) {
                        wires.insert(signal);
                        let _ = writeln!(text, "assign {}", &part[group[0].span.clone()]);
                        text.push_str("    ");
                        continue;
                    }
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
    Module { name: module.name.clone(), text: declare_wires(&text, &wires) }
}

/// Whether statements read any signal.
fn reads_nothing(statements: &[&Statement<'_>], widths: &Widths<'_>) -> bool {
    let mut reads = BTreeSet::new();
    statements.iter().for_each(|s| s.reads(&mut reads));
    !reads.iter().any(|name| widths.contains_key(name))
}

/// The signal to which a group does nothing but assign a constant.
fn constant<'a>(group: &[&Statement<'a>], widths: &Widths<'_>) -> Option<&'a str> {
    match group {
        [only] => match &only.kind {
            Kind::Assign { signal, slice: None, .. } if reads_nothing(group, widths) => Some(signal),
            _ => None,
        },
        _ => None,
    }
}

/// Turns the declarations of these signals from `reg` to `wire`.
fn declare_wires(text: &str, wires: &BTreeSet<&str>) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let declaration = line.trim_start();
        let declares = declaration.starts_with("reg ") || declaration.starts_with("output reg ");
        let name = declaration.strip_suffix(';').and_then(|d| d.split_whitespace().next_back());
        if declares && name.is_some_and(|name| wires.contains(name)) {
            out.push_str(&line.replacen("reg ", "wire ", 1));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Statements that must stay in one block, in their order; groups in the order of their first statements.
fn groups<'s, 'a>(statements: &'s [Statement<'a>], widths: &Widths<'_>) -> Vec<Vec<&'s Statement<'a>>> {
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
    let mut out: Vec<Vec<&Statement<'a>>> = out.into_values().collect();
    // What reads nothing and is no plain constant runs with a group that reads something.
    let lost =
        |group: &Vec<&Statement<'a>>| reads_nothing(group, widths) && constant(group, widths).is_none();
    let (orphans, mut kept): (Vec<_>, Vec<_>) = out.drain(..).partition(lost);
    match kept.iter_mut().find(|group| !reads_nothing(group, widths)) {
        Some(host) => host.extend(orphans.into_iter().flatten()),
        None => kept.extend(orphans),
    }
    kept
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

    fn emitted(kernel: &str) -> String {
        let declared: String = ["child$a", "child$o", "x", "y", "z", "a", "b"]
            .map(|name| format!("    reg [7:0] {name};\n"))
            .concat();
        let text = format!("{declared}    always @(*) begin\n{kernel}\n    end\n");
        split(&Module { name: "m".into(), text }).text
    }

    fn blocks(kernel: &str) -> Vec<String> {
        let text = emitted(kernel);
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

    /// IEEE 1364-2001, 9.7.5: `@(*)` waits for a change of what is read.
    #[test]
    fn constants_are_assigned_continuously() {
        let text = emitted("y = 8'h3;\n z = a;");
        assert!(text.contains("wire [7:0] y;") && text.contains("reg [7:0] z;"));
        assert!(text.contains("assign y = 8'h3;"));
        assert_eq!(blocks("y[(0)+:(4)] = 4'h3;\n y[(4)+:(4)] = 4'h4;\n z = a;").len(), 1);
    }

    #[test]
    fn other_blocks_stay() {
        let text =
            "    always @(*) o = a;\n    always @(*) begin for (i = 0; i < 3; i = i + 1) o[i] = a; end\n";
        let module = Module { name: "m".into(), text: text.into() };
        assert_eq!(split(&module).text, text);
    }
}
