// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The human form of what a program takes of its target.

use super::table::{Align, Table};
use crate::report::{CostReport, LineReport};

/// A paragraph about one program, and, where `lines` says so, a table of its source lines.
pub(super) fn cost(program: &str, cost: &CostReport, lines: bool) -> String {
    let units: Vec<String> =
        cost.units.iter().map(|u| format!("{} {} of {}", u.kind, u.used, u.available)).collect();
    let mut text = format!("\n{program}\n  units     {}\n", units.join(", "));
    for table in &cost.tables {
        text += &format!(
            "  table     {}: {} of {} bytes of table unit {}\n",
            table.map, table.bytes, table.unit_bytes, table.unit
        );
    }
    text += &format!("  latency   {} clocks in the stages\n", cost.latency_clocks);
    if let Some(gap) = &cost.gap {
        let [first, last] = gap.between.each_ref().map(|access| {
            let insn = access.insn.map_or(String::new(), |insn| format!(" of instruction {insn}"));
            format!("`{}`{insn} in stage {}", access.operation, access.stage)
        });
        text += &format!("  gap       {} clocks for map `{}`: from {first} to {last}\n", gap.clocks, gap.map);
        text += &format!("            {}\n", gap.help);
    }
    if lines && !cost.lines.is_empty() {
        text += &source(&cost.lines);
    }
    text
}

fn source(lines: &[LineReport]) -> String {
    let mut table = Table::new(&[
        ("line", Align::Left),
        ("units", Align::Right),
        ("stages", Align::Right),
        ("", Align::Left),
    ]);
    let short = |file: &str| file.rsplit('/').next().unwrap_or(file).to_owned();
    for line in lines {
        let stages = match line.stages[..] {
            [] => String::new(),
            [only] => only.to_string(),
            [first, .., last] => format!("{first}-{last}"),
        };
        table.row(vec![
            format!("{}:{}", short(&line.file), line.line),
            line.units.to_string(),
            stages,
            line.text.trim().to_owned(),
        ]);
    }
    table.render(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{AccessReport, GapReport, MemoryReport, UnitsReport};

    #[test]
    fn everything_has_a_line() {
        let access =
            |operation: &str, stage| AccessReport { operation: operation.into(), insn: Some(7), stage };
        let report = CostReport {
            latency_clocks: 37,
            units: vec![UnitsReport { kind: "ALU".into(), used: 3, available: 32 }],
            tables: vec![MemoryReport { map: "m".into(), unit: 1, bytes: 64, unit_bytes: 65536 }],
            gap: Some(GapReport {
                clocks: 9,
                map: "m".into(),
                between: [access("read", 1), access("write", 5)],
                help: "less".into(),
            }),
            lines: vec![LineReport {
                file: "./a/b.c".into(),
                line: 4,
                text: "\tx = 1;".into(),
                units: 2,
                stages: vec![0, 3],
            }],
        };
        let text = cost("p", &report, true);
        for part in [
            "  units     ALU 3 of 32\n",
            "  table     m: 64 of 65536 bytes of table unit 1\n",
            "  latency   37 clocks",
            "  gap       9 clocks for map `m`: from `read` of instruction 7 in stage 1 to `write` of instruction 7 in",
            "  b.c:4      2     0-3  x = 1;\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!cost("p", &report, false).contains("b.c"));
    }
}
