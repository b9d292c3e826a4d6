// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The compiler from eBPF to match-action stages: bytes in, [`Pipeline`] or diagnostics out.
//!
//! Four levels, each with a text form ([`Dump`]):
//! [`cfg`] (basic blocks) -> [`ssa`] (values with ranges, proved accesses) -> [`dag`] (no control flow, predicates)
//! -> [`schedule`] (stages, units, registers). What cannot be run exactly is refused with a code of
//! [`diag::codes`]; it is never run nearly right.
//!
//! No I/O, no clock, no randomness: the same bytes in give the same words out.
#![forbid(unsafe_code)]

pub mod cfg;
pub mod cost;
pub mod dag;
pub mod diag;
pub mod schedule;
pub mod ssa;

pub use cost::Cost;
pub use diag::{Diagnostic, Level, SourceLine};

use dag::Dag;
use dag::conditions::Shape;
use diag::codes::{self, Code};
use schedule::place::Failure;
use schedule::tables::Tables;
use weir_bpf::{Object, Program};
use weir_pipeline::{Pipeline, Target};

/// A program that the target runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The words and tables.
    pub pipeline: Pipeline,
    /// What it costs, in short.
    pub report: Report,
    /// What it takes of the target.
    pub cost: Cost,
    /// Findings that do not keep it from running.
    pub warnings: Vec<Diagnostic>,
}

/// What a program costs on its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Stages from the first to the last that does something, over all passes.
    pub stages: u32,
    /// Passes through the physical stages.
    pub passes: u32,
    /// Admission gap in clocks.
    pub gap: u32,
    /// Clocks between two packets at full rate.
    pub cycles_per_packet: u32,
    /// Operations of stage units.
    pub operations: u32,
}

/// A level of the compiler whose text can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dump {
    /// Basic blocks.
    Cfg,
    /// Values.
    Ssa,
    /// Nodes and dependences.
    Dag,
    /// Nodes by stage and unit.
    Schedule,
}

impl Dump {
    /// All levels in the order in which they are run.
    pub const ALL: [Dump; 4] = [Dump::Cfg, Dump::Ssa, Dump::Dag, Dump::Schedule];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Dump::Cfg => "cfg",
            Dump::Ssa => "ssa",
            Dump::Dag => "dag",
            Dump::Schedule => "schedule",
        }
    }

    /// From the name on the command line.
    pub fn from_name(name: &str) -> Option<Dump> {
        Dump::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// Compiles a program, or says everything that was found wrong with it.
pub fn compile(object: &Object, program: &Program, target: &Target) -> Result<Compiled, Vec<Diagnostic>> {
    compile_with(object, program, target, |_, _| ())
}

/// Compiles a program and shows the text of every level that was reached, also of a program that is refused later.
pub fn compile_with(
    object: &Object,
    program: &Program,
    target: &Target,
    mut show: impl FnMut(Dump, &dyn Fn() -> String),
) -> Result<Compiled, Vec<Diagnostic>> {
    let cfg = cfg::Cfg::build(program)?;
    show(Dump::Cfg, &|| cfg.to_string());
    let mut function = ssa::build(object, program, target, &cfg)?;
    dag::fuse::fuse(&mut function);
    let carried = dag::wide::widen(&mut function);
    show(Dump::Ssa, &|| function.to_string());
    let mut sets = dag::predicates::Sets::new(&function);
    let live = dag::live::live(&function, &mut sets);
    let compares = target.units.compares;
    let mut dag = dag::lower(&function, &live, &mut sets, &carried, compares, Shape::Trees);
    let tables = Tables::new(object, program, target, &function.maps, &dag)
        .inspect_err(|_| show(Dump::Dag, &|| dag.to_string()))?;
    let mut placement = schedule::schedule(&mut dag, &tables, target);
    if placement.is_err() {
        // Trees hold more predicates at a time than chains do.
        dag = dag::lower(&function, &live, &mut sets, &carried, compares, Shape::Chains);
        placement = schedule::schedule(&mut dag, &tables, target);
    }
    show(Dump::Dag, &|| dag.to_string());
    let placement = placement.map_err(|failure| vec![refusal(&failure, &dag, program, target)])?;
    show(Dump::Schedule, &|| schedule::dump::dump(&dag, &placement, target));
    let names = schedule::emit::Names { program: program.name.clone(), tag: program.tag() };
    let pipeline = schedule::emit::emit(&dag, &placement, &object.maps, target, names);
    // A schedule that its target cannot run would be the compiler's mistake: it must not reach a card.
    pipeline.validate(target).map_err(|e| vec![Diagnostic::error(codes::INTERNAL, e.to_string())])?;
    let report = Report {
        stages: pipeline.stages_used(),
        passes: pipeline.passes(),
        gap: pipeline.gap,
        cycles_per_packet: target.interval(pipeline.passes(), pipeline.gap),
        operations: dag.nodes.len() as u32,
    };
    let cost = cost::cost(&dag, &placement, &object.maps, &pipeline, program, target);
    Ok(Compiled { pipeline, report, cost, warnings: Vec::new() })
}

fn refusal(failure: &Failure, dag: &Dag, program: &Program, target: &Target) -> Diagnostic {
    let at = |code: Code, node: usize, message: String| {
        let error = Diagnostic::error(code, message);
        match dag.nodes.get(node).and_then(|n| n.insns.first()) {
            Some(insn) => error.at(program, *insn as usize),
            None => error,
        }
    };
    match failure {
        Failure::Passes => Diagnostic::error(
            codes::PASSES,
            format!("more passes are needed than target `{}` has, which is {}", target.name, target.passes),
        ),
        Failure::Registers { live, at: node } => at(
            codes::REGISTERS,
            *node,
            format!("more values are needed at a time than target `{}` can hold", target.name),
        )
        .note(format!("{} registers, {} bytes for spilled values", target.registers, target.stack_bytes))
        .note(format!("{} values are held here", live.len())),
        Failure::Predicates { at: node } => at(
            codes::PREDICATES,
            *node,
            format!(
                "more conditions are needed at a time than target `{}` has predicates for, which is {}",
                target.name,
                target.predicates - 1
            ),
        ),
        Failure::Undefined { node } => {
            at(codes::INTERNAL, *node, "an operation reads what none before it has written".into())
        }
        Failure::Stuck { node } => {
            at(codes::UNITS, *node, format!("target `{}` has no stage with the unit this needs", target.name))
        }
    }
}
