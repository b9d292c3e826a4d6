// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir prog check`: what programs cost on a target, or why they are refused.

use super::Loaded;
use super::compile;
use crate::args::CheckArgs;
use crate::failure::Failure;
use crate::report::{
    AccessReport, CheckReport, CheckedProgram, CostReport, GapReport, LineReport, MemoryReport, SCHEMA,
    UnitsReport,
};
use std::path::Path;
use weir_bpf::{Program, RefusedProgram};
use weir_compiler::Cost;
use weir_pipeline::Target;

/// Checks the named program, or all XDP programs.
pub fn run(args: &CheckArgs) -> Result<CheckReport, Failure> {
    let selection = &args.selection;
    let loaded = super::load(selection)?;
    let programs = if selection.program.is_some() || selection.section.is_some() {
        let chosen = loaded.object.select(selection.program.as_deref(), selection.section.as_deref());
        match chosen {
            Ok(program) => vec![check(&loaded, program)],
            Err(weir_bpf::SelectError::Refused { name, .. }) => loaded
                .object
                .refused
                .iter()
                .filter(|r| r.name == name)
                .map(|r| unreadable(&loaded.path, r))
                .collect(),
            Err(e) => return Err(super::selection_failure(&selection.object, &e)),
        }
    } else {
        all(&loaded, args)?
    };
    Ok(CheckReport {
        schema: SCHEMA,
        target: loaded.target.name.clone(),
        object: selection.object.clone(),
        programs,
    })
}

fn all(loaded: &Loaded, args: &CheckArgs) -> Result<Vec<CheckedProgram>, Failure> {
    let xdp = loaded.object.programs.iter().filter(|program| program.is_xdp());
    let refused = loaded.object.refused.iter().filter(|program| program.section.starts_with("xdp"));
    let programs: Vec<CheckedProgram> = xdp
        .map(|program| check(loaded, program))
        .chain(refused.map(|r| unreadable(&loaded.path, r)))
        .collect();
    if programs.is_empty() {
        // Nothing to look at: the reason is the same as for commands about one program.
        super::select(&loaded.object, &args.selection)?;
    }
    Ok(programs)
}

fn check(loaded: &Loaded, program: &Program) -> CheckedProgram {
    let attempt = compile::attempt(loaded, program);
    let cost = attempt.compiled.as_ref().map(|compiled| compiled.report);
    CheckedProgram {
        name: program.name.clone(),
        section: program.section.clone(),
        insns: program.insns.len(),
        accepted: cost.is_some(),
        stages: cost.map(|c| c.stages),
        passes: cost.map(|c| c.passes),
        admission_gap: cost.map(|c| c.gap),
        cycles_per_packet: cost.map(|c| c.cycles_per_packet),
        mpps: cost.map(|c| mpps(&loaded.target, c.cycles_per_packet.into())),
        cost: attempt.compiled.map(|compiled| details(compiled.cost)),
        compile_ms: attempt.milliseconds,
        diagnostics: attempt.diagnostics,
    }
}

fn details(cost: Cost) -> CostReport {
    let units = cost.units.into_iter().map(|u| UnitsReport {
        kind: u.kind.to_owned(),
        used: u.used,
        available: u.available,
    });
    let tables = cost.tables.into_iter().map(|t| MemoryReport {
        map: t.map,
        unit: t.unit,
        bytes: t.bytes,
        unit_bytes: t.of,
    });
    let gap = cost.gap.map(|g| GapReport {
        clocks: g.clocks,
        map: g.map,
        between: g.between.map(|(operation, insn, stage)| AccessReport { operation, insn, stage }),
        help: g.help,
    });
    let lines = cost.lines.into_iter().map(|l| LineReport {
        file: l.file,
        line: l.line,
        text: l.text,
        units: l.units,
        stages: l.stages.into_iter().collect(),
    });
    CostReport {
        latency_clocks: cost.latency_clocks,
        units: units.collect(),
        tables: tables.collect(),
        gap,
        lines: lines.collect(),
    }
}

/// Millions of packets a second at the nominal clock, one packet every so many cycles.
pub fn mpps(target: &Target, cycles_per_packet: f64) -> f64 {
    f64::from(target.clock_mhz) / cycles_per_packet
}

fn unreadable(path: &Path, program: &RefusedProgram) -> CheckedProgram {
    CheckedProgram {
        name: program.name.clone(),
        section: program.section.clone(),
        insns: 0,
        accepted: false,
        stages: None,
        passes: None,
        admission_gap: None,
        cycles_per_packet: None,
        mpps: None,
        cost: None,
        compile_ms: 0.0,
        diagnostics: vec![super::unreadable(path, &program.error)],
    }
}
