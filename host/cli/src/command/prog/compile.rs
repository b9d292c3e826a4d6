// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The compiler as commands see it: a pipeline, or diagnostics in the form of reports.

use super::Loaded;
use crate::failure::{Exit, Failure};
use crate::report::DiagnosticReport;
use std::time::Instant;
use weir_bpf::Program;
use weir_compiler::diag::render::Shown;
use weir_compiler::{Compiled, Diagnostic, Dump};
use weir_pipeline::Pipeline;

/// What came of compiling a program.
pub struct Attempt {
    /// Pipeline and costs, if the program is accepted.
    pub compiled: Option<Compiled>,
    /// Refusals and remarks.
    pub diagnostics: Vec<DiagnosticReport>,
    /// Wall-clock time in milliseconds.
    pub milliseconds: f64,
}

/// Compiles a program and takes the time.
pub fn attempt(loaded: &Loaded, program: &Program) -> Attempt {
    let before = Instant::now();
    let outcome = weir_compiler::compile(&loaded.object, program, &loaded.target);
    let milliseconds = before.elapsed().as_secs_f64() * 1e3;
    let (compiled, diagnostics) = match outcome {
        Ok(mut compiled) => {
            let warnings = std::mem::take(&mut compiled.warnings);
            (Some(compiled), reports(loaded, program, warnings))
        }
        Err(diagnostics) => (None, reports(loaded, program, diagnostics)),
    };
    Attempt { compiled, diagnostics, milliseconds }
}

/// Compiles a program that must be accepted.
pub fn compile(loaded: &Loaded, program: &Program) -> Result<Pipeline, Failure> {
    let Attempt { compiled, diagnostics, .. } = attempt(loaded, program);
    compiled.map(|c| c.pipeline).ok_or_else(|| refused(loaded, program, diagnostics))
}

/// The text of a level within the compiler; of a refused program too, if it came that far.
pub fn level(loaded: &Loaded, program: &Program, level: Dump) -> Result<String, Failure> {
    let mut text = None;
    let outcome = weir_compiler::compile_with(&loaded.object, program, &loaded.target, |shown, print| {
        if shown == level {
            text = Some(print());
        }
    });
    match (text, outcome) {
        (Some(text), _) => Ok(text),
        (None, Err(diagnostics)) => Err(refused(loaded, program, reports(loaded, program, diagnostics))),
        (None, Ok(_)) => Err(Failure::new(format!("the compiler has not shown level `{}`", level.name()))),
    }
}

fn refused(loaded: &Loaded, program: &Program, diagnostics: Vec<DiagnosticReport>) -> Failure {
    let message = format!("program `{}` is refused for target `{}`", program.name, loaded.target.name);
    let failure = Failure { exit: Exit::Refused, diagnostics, ..Failure::new(message) };
    match failure.diagnostics.first().map(|d| d.code.clone()) {
        Some(code) => failure.help(format!("`weir explain {code}` says more")),
        None => failure,
    }
}

fn reports(loaded: &Loaded, program: &Program, diagnostics: Vec<Diagnostic>) -> Vec<DiagnosticReport> {
    let object = loaded.path.display().to_string();
    diagnostics.into_iter().map(|d| Shown::new(d, program, object.clone()).into()).collect()
}
