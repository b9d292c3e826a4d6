// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One design that carries many faults, of which the environment variable [`VARIABLE`] switches on one.
//!
//! A module with faults gets a number, read when the model is made; every faulty line chooses by it:
//! ```text
//! d = a + b;        begin if (weir_fault == 32'd3) d = a - b; else d = a + b; end
//! if (c) begin      if ((weir_fault == 32'd4) ? (!(c)) : (c)) begin
//! ```

use super::site::{Parts, Site, Statement};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Number of the fault that is on; absent or 0 for none.
pub const VARIABLE: &str = "WEIR_FAULT";

/// The design with all faults; the first has number 1.
pub fn apply(verilog: &str, faults: &[Site]) -> String {
    let mut lines: BTreeMap<usize, Vec<(usize, &Site)>> = BTreeMap::new();
    for (index, site) in faults.iter().enumerate() {
        lines.entry(site.line).or_default().push((index + 1, site));
    }
    let modules: BTreeSet<&str> = faults.iter().map(|site| site.module.as_str()).collect();
    let mut out = String::with_capacity(verilog.len());
    // The port list of a module may go over several lines.
    let mut wants_number = false;
    for (index, line) in verilog.lines().enumerate() {
        match lines.get(&(index + 1)) {
            Some(faults) => out.push_str(&faulty_line(faults)),
            None => out.push_str(line),
        }
        out.push('\n');
        if let Some(rest) = line.trim_start().strip_prefix("module ") {
            wants_number = modules.contains(rest.split(['(', ' ', ';']).next().unwrap_or_default());
        }
        if wants_number && line.contains(");") {
            let _ = writeln!(out, "reg [31:0] weir_fault;\ninitial weir_fault = $c32(\"{}\");", number());
            wants_number = false;
        }
    }
    out
}

/// C++ that Verilator copies into the model.
fn number() -> String {
    let lookup = format!("const char* n = std::getenv(\\\"{VARIABLE}\\\");");
    format!("([]{{ {lookup} return n ? std::atoi(n) : 0; }}())")
}

fn faulty_line(faults: &[(usize, &Site)]) -> String {
    let parts = |site: &Site| match &site.statement {
        Statement::Assignment(parts) | Statement::Condition(parts) => parts.clone(),
    };
    let Parts { head, body, tail, .. } = parts(faults[0].1);
    let is_condition = matches!(faults[0].1.statement, Statement::Condition(_));
    let mut out = head;
    if is_condition {
        for (number, site) in faults {
            let _ = write!(out, "(weir_fault == 32'd{number}) ? ({}) : ", parts(site).faulty);
        }
        let _ = write!(out, "({body})");
    } else {
        out.push_str("begin ");
        for (number, site) in faults {
            let _ = write!(out, "if (weir_fault == 32'd{number}) {} else ", parts(site).faulty);
        }
        let _ = write!(out, "{body} end");
    }
    out + &tail
}

#[cfg(test)]
mod tests {
    use super::super::site;
    use super::*;

    #[test]
    fn faults_stand_behind_their_number() {
        let text = "module m(a,b,d);\n  d = a + b;\n  if (a < b) begin\nendmodule\nmodule n(a);\nendmodule\n";
        let faulty = apply(text, &site::find(text));
        let lines: Vec<&str> = faulty.lines().collect();
        assert_eq!(lines[1], "reg [31:0] weir_fault;");
        assert_eq!(lines[3], "  begin if (weir_fault == 32'd1) d = a - b; else d = a + b; end");
        assert_eq!(
            lines[4],
            "  if ((weir_fault == 32'd2) ? (!(a < b)) : (weir_fault == 32'd3) ? (a <= b) : (a < b)) begin"
        );
        assert_eq!(lines[6..], ["module n(a);", "endmodule"]);
    }
}
