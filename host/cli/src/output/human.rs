// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Text for people.

use super::table::{Align, Table};
use super::{Text, cost};
use crate::failure::Failure;
use crate::report::{
    BenchReport, CheckReport, CheckedProgram, DiagnosticReport, DumpReport, PlaceReport, ProgramReport,
    Report, RunReport, SourceReport,
};
use std::collections::BTreeMap;
use weir_engines::maps::hex;
use weir_engines::packet::NOWHERE;
use weir_engines::{Entry, RtlFigures};

/// Map entries shown of one map.
const ENTRIES_SHOWN: usize = 16;

/// Differences between engines shown; `-j` has all.
const MISMATCHES_SHOWN: usize = 20;

/// The text for an outcome.
pub(super) fn render(outcome: &Result<Report, Failure>, color: bool) -> Text {
    match outcome {
        Ok(Report::Check(report)) => check(report, color),
        Ok(Report::Dump(report)) => Text { stdout: dump(report), stderr: String::new() },
        Ok(Report::Run(report)) => run(report),
        Ok(Report::Bench(report)) => Text { stdout: bench(report), stderr: String::new() },
        Ok(Report::Explain(report)) => Text { stdout: report.text.clone(), stderr: String::new() },
        Ok(Report::Script(report)) => Text { stdout: report.script.clone(), stderr: String::new() },
        Ok(Report::Files(report)) => Text {
            stdout: report.written.iter().map(|path| format!("{}\n", path.display())).collect(),
            stderr: String::new(),
        },
        Err(failure) => Text { stdout: String::new(), stderr: error(failure, color) },
    }
}

fn error(failure: &Failure, color: bool) -> String {
    let mut text = diagnostics(&failure.diagnostics, color);
    let (on, off) = if color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    text += &format!("{on}error{off}: {}\n", failure.message);
    if let Some(help) = &failure.help {
        text += &format!("help: {help}\n");
    }
    text
}

fn diagnostics(reports: &[DiagnosticReport], color: bool) -> String {
    let shown: Vec<_> = reports.iter().map(|report| report.shown.clone()).collect();
    weir_compiler::diag::render::render(&shown, color)
}

fn check(report: &CheckReport, color: bool) -> Text {
    let mut text = Text::default();
    let mut table = Table::new(&[
        ("program", Align::Left),
        ("section", Align::Left),
        ("insns", Align::Right),
        ("stages", Align::Right),
        ("passes", Align::Right),
        ("gap", Align::Right),
        ("cycles/packet", Align::Right),
        ("Mpps", Align::Right),
        ("compile ms", Align::Right),
        ("", Align::Left),
    ]);
    for program in &report.programs {
        let number = |n: Option<u32>| n.map_or("-".into(), |n| n.to_string());
        table.row(vec![
            program.name.clone(),
            program.section.clone(),
            program.insns.to_string(),
            number(program.stages),
            number(program.passes),
            number(program.admission_gap),
            number(program.cycles_per_packet),
            program.mpps.map_or("-".into(), |mpps| format!("{mpps:.1}")),
            format!("{:.2}", program.compile_ms),
            verdict(program),
        ]);
        text.stderr += &diagnostics(&program.diagnostics, color);
    }
    text.stdout = format!("{} on target {}\n{}", report.object.display(), report.target, table.render(0));
    for program in &report.programs {
        if let Some(taken) = &program.cost {
            text.stdout += &cost::cost(&program.name, taken, report.programs.len() == 1);
        }
    }
    let refused = report.programs.iter().filter(|p| !p.accepted).count();
    if refused > 0 {
        text.stderr += &format!("error: {refused} of {} programs refused\n", report.programs.len());
    }
    text
}

fn verdict(program: &CheckedProgram) -> String {
    if program.accepted {
        return "accepted".into();
    }
    let mut codes: Vec<&str> = program.diagnostics.iter().map(|d| d.code.as_str()).collect();
    codes.dedup();
    format!("refused {}", codes.join(" ")).trim_end().to_owned()
}

fn headline(program: &ProgramReport, target: &str) -> String {
    format!(
        "{} (section {}, {} instructions, tag {}) on target {target}\n",
        program.name, program.section, program.insns, program.tag
    )
}

fn dump(report: &DumpReport) -> String {
    if let Some(text) = &report.text {
        return text.clone();
    }
    let mut text = headline(&report.program, &report.target);
    let landed = report.insns.iter().any(|insn| insn.places.is_some());
    if landed {
        text += "instruction, then pass/stage/unit; `folded` where it costs no unit of its own\n";
    }
    let width = report.insns.iter().map(|insn| insn.text.chars().count()).max().unwrap_or(0);
    let mut shown: Option<&SourceReport> = None;
    for insn in &report.insns {
        // clang records several columns of one line; the line is shown once.
        let same = |a: &SourceReport, b: &SourceReport| a.file == b.file && a.line == b.line;
        if let Some(source) = insn.source.as_ref().filter(|s| shown.is_none_or(|old| !same(old, s))) {
            if landed || report.linum {
                let file = source.file.rsplit('/').next().unwrap_or_default();
                text += &format!("{file}:{}: {}\n", source.line, source.text.trim());
            }
            shown = Some(source);
        }
        let Some(places) = &insn.places else {
            text += &format!("{:5}: {}\n", insn.insn, insn.text);
            continue;
        };
        let places = match places.as_slice() {
            [] => "folded".into(),
            places => places.iter().map(place).collect::<Vec<_>>().join(", "),
        };
        text += &format!("{:5}: {:<width$}  {places}\n", insn.insn, insn.text);
    }
    if !report.extra.is_empty() {
        text += "made by the compiler:\n";
        for extra in &report.extra {
            text += &format!("       {:<width$}  {}\n", extra.word, place(extra));
        }
    }
    text
}

fn place(place: &PlaceReport) -> String {
    format!("{}/{}/{}", place.pass, place.stage, place.unit)
}

fn run(report: &RunReport) -> Text {
    let shown = engines_shown(&report.engines);
    let mut columns = vec![("#", Align::Right), ("packet", Align::Left), ("bytes", Align::Right)];
    columns.extend(shown.iter().map(|name| (*name, Align::Left)));
    columns.push(("agree", Align::Left));
    let mut table = Table::new(&columns);
    for packet in &report.packets {
        let mut row =
            vec![packet.index.to_string(), short(&packet.description), packet.input_length.to_string()];
        row.extend(shown.iter().map(|name| match packet.verdicts.get(*name) {
            Some(Some(verdict)) => with_target(verdict, name, packet.redirect),
            _ => "-".into(),
        }));
        row.push(agreement(report, packet.index));
        table.row(row);
    }
    let mut text = Text::default();
    for note in &report.notes {
        text.stderr += &format!("note: {note}\n");
    }
    for (engine, reason) in &report.skipped {
        text.stderr += &format!("note: engine {engine} is skipped: {reason}\n");
    }
    text.stdout = headline(&report.program, &report.target) + &table.render(0);
    for (name, entries) in &report.maps {
        text.stdout += &map(name, entries);
    }
    text.stdout += &format!("\n{}\n", totals(report));
    if let Some(rtl) = &report.rtl {
        text.stdout += &rtl_lines(rtl);
    }
    for mismatch in report.mismatches.iter().take(MISMATCHES_SHOWN) {
        text.stderr += &format!("error: {mismatch}\n");
    }
    if !report.agree {
        text.stderr += &format!("error: engines disagree, {} differences\n", report.mismatches.len());
    }
    text
}

/// A verdict with the interface that a redirect goes to, on engines that show it.
fn with_target(verdict: &str, engine: &str, redirect: Option<u32>) -> String {
    match redirect {
        Some(interface) if verdict == "XDP_REDIRECT" && engine != "kernel" => match interface {
            NOWHERE => format!("{verdict} nowhere"),
            interface => format!("{verdict} to {interface}"),
        },
        _ => verdict.to_owned(),
    }
}

/// Two engines to stand side by side: what runs the words, and what knows nothing of them.
fn engines_shown(engines: &[String]) -> Vec<&str> {
    let first = |order: [&'static str; 5], not: Option<&str>| {
        order.into_iter().find(|name| Some(*name) != not && engines.iter().any(|engine| engine == name))
    };
    let left = first(["rtl", "model", "kernel", "interp", "rbpf"], None);
    let right = first(["kernel", "interp", "rbpf", "model", "rtl"], left);
    left.into_iter().chain(right).collect()
}

/// A description in the width of a column.
fn short(description: &str) -> String {
    const WIDTH: usize = 60;
    if description.chars().count() <= WIDTH {
        return description.to_owned();
    }
    description.chars().take(WIDTH - 3).chain("...".chars()).collect()
}

fn agreement(report: &RunReport, index: usize) -> String {
    if report.mismatches.iter().any(|m| m.packet == Some(index)) {
        return "NO".into();
    }
    let packet = report.packets.iter().find(|p| p.index == index);
    let compared = packet.map_or(0, |p| p.verdicts.values().flatten().count());
    if compared > 1 { "yes".into() } else { "-".into() }
}

fn map(name: &str, entries: &[Entry]) -> String {
    let mut text = format!("\nmap {name}\n");
    let mut table = Table::new(&[("key", Align::Left), ("value", Align::Left)]);
    for entry in entries.iter().take(ENTRIES_SHOWN) {
        table.row(vec![hex(&entry.key), hex(&entry.value)]);
    }
    if entries.is_empty() {
        text += "  nothing but zeros\n";
    } else {
        text += &table.render(2);
    }
    if let Some(more) = entries.len().checked_sub(ENTRIES_SHOWN).filter(|more| *more > 0) {
        text += &format!("  and {more} more; --maps-out FILE writes all\n");
    }
    text
}

fn totals(report: &RunReport) -> String {
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    for packet in &report.packets {
        *verdicts.entry(&packet.verdict).or_default() += 1;
    }
    let counts: Vec<String> = verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let engines = report.engines.join(", ");
    let agree = match (report.engines.len(), report.agree) {
        (1, _) => format!("{engines} alone, nothing compared"),
        (_, true) => format!("{engines} agree"),
        (_, false) => format!("{engines} DISAGREE"),
    };
    format!("{} packets: {}; {agree}", report.packets.len(), counts.join(", "))
}

fn rtl_lines(rtl: &RtlFigures) -> String {
    format!(
        "cycles per packet {:.2}, admission gap {}, latency {} to {} clocks, deep loads {}, {} clocks in all\n",
        rtl.cycles_per_packet,
        rtl.admission_gap,
        rtl.latency_min,
        rtl.latency_max,
        rtl.deep_loads,
        rtl.cycles
    )
}

fn bench(report: &BenchReport) -> String {
    let mut table = Table::new(&[
        ("packets", Align::Left),
        ("sent", Align::Right),
        ("cycles/packet", Align::Right),
        ("Mpps", Align::Right),
        ("latency, clocks", Align::Right),
        ("deep loads", Align::Right),
        ("simulated kHz", Align::Right),
    ]);
    for mix in &report.mixes {
        table.row(vec![
            mix.name.clone(),
            mix.packets.to_string(),
            format!("{:.2}", mix.rtl.cycles_per_packet),
            mix.mpps.map_or("-".into(), |mpps| format!("{mpps:.1}")),
            format!("{} to {}", mix.rtl.latency_min, mix.rtl.latency_max),
            mix.rtl.deep_loads.to_string(),
            format!("{:.1}", mix.simulated_khz),
        ]);
    }
    format!(
        "{}announced: {} cycles per packet, admission gap {}\n{}simulated at {:.1} kHz\n",
        headline(&report.program, &report.target),
        report.announced_cycles_per_packet,
        report.rtl.admission_gap,
        table.render(0),
        report.simulated_khz
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardware_stands_beside_the_best_reference() {
        let shown = |engines: &[&str]| {
            let engines: Vec<String> = engines.iter().map(|e| (*e).to_owned()).collect();
            engines_shown(&engines).join(" ")
        };
        assert_eq!(shown(&["interp", "kernel", "model", "rtl"]), "rtl kernel");
        assert_eq!(shown(&["interp", "model"]), "model interp");
        assert_eq!(shown(&["interp", "kernel"]), "kernel interp");
        assert_eq!(shown(&["model", "rtl"]), "rtl model");
        assert_eq!(shown(&["interp"]), "interp");
    }
}
