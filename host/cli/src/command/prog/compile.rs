// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The compiler as commands see it. It is not there yet, and everything that needs it says so.

use super::Loaded;
use crate::args::DumpStage;
use crate::failure::Failure;
use crate::report::DiagnosticReport;
use weir_bpf::Program;
use weir_pipeline::Pipeline;

/// What came of compiling a program.
pub struct Attempt {
    /// The pipeline, if the program is accepted.
    pub pipeline: Option<Pipeline>,
    /// Refusals and remarks.
    pub diagnostics: Vec<DiagnosticReport>,
    /// Wall-clock time in milliseconds.
    pub milliseconds: f64,
}

/// Compiles a program and takes the time.
pub fn attempt(_: &Loaded, program: &Program) -> Result<Attempt, Failure> {
    Err(Failure::new(format!("program `{}` cannot be compiled: there is no compiler yet", program.name)))
}

/// Compiles a program that must be accepted.
pub fn compile(loaded: &Loaded, program: &Program) -> Result<Pipeline, Failure> {
    attempt(loaded, program)?.pipeline.ok_or_else(|| Failure::new("refused"))
}

/// The text of a level within the compiler.
pub fn level(loaded: &Loaded, program: &Program, _: DumpStage) -> Result<String, Failure> {
    attempt(loaded, program).map(|_| String::new())
}
