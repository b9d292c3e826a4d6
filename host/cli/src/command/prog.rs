// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir prog`: what its commands share, from the file to a compiled program.

pub mod bench;
pub mod check;
pub mod compile;
pub mod dump;
pub mod run;

use crate::args::Selection;
use crate::command::explain::UNREADABLE;
use crate::failure::{Exit, Failure};
use crate::input::{self, suggestion};
use crate::report::{DiagnosticReport, ProgramReport, SourceReport};
use std::path::{Path, PathBuf};
use weir_bpf::{Object, Program, ProgramError, SelectError};
use weir_compiler::diag::render::Shown;
use weir_compiler::{Diagnostic, Level};
use weir_pipeline::Target;

/// An object and the target that its programs are compiled for.
pub struct Loaded {
    /// The object.
    pub object: Object,
    /// The target.
    pub target: Target,
    /// Where the object was read from.
    pub path: PathBuf,
}

/// Reads the object and the target that a command names.
pub fn load(selection: &Selection) -> Result<Loaded, Failure> {
    let target = Target::named(&selection.target).map_err(|e| {
        let mut failure = Failure::usage(e.to_string());
        failure.help = suggestion(&selection.target, Target::names().collect::<Vec<_>>());
        failure
    })?;
    let bytes = input::read(&selection.object)?;
    let object = Object::parse(&bytes).map_err(|e| Failure::in_file(&selection.object, e))?;
    Ok(Loaded { object, target, path: selection.object.clone() })
}

/// The one program that a command is about.
pub fn select<'a>(object: &'a Object, selection: &Selection) -> Result<&'a Program, Failure> {
    object
        .select(selection.program.as_deref(), selection.section.as_deref())
        .map_err(|e| selection_failure(&selection.object, &e))
}

/// A failed choice: the object's fault, or the command line's.
pub fn selection_failure(path: &Path, error: &SelectError) -> Failure {
    let failure = Failure::in_file(path, error);
    match error {
        SelectError::Empty => failure,
        SelectError::NoXdpSection { .. } => failure.help("name one with --section or --program"),
        SelectError::Refused { error, .. } => {
            Failure { exit: Exit::Refused, diagnostics: vec![unreadable(path, error)], ..failure }
        }
        SelectError::Ambiguous { .. } => {
            Failure { exit: Exit::Usage, ..failure.help("--program NAME chooses one") }
        }
        SelectError::NoSuchProgram { .. } | SelectError::NoSuchSection { .. } => {
            Failure { exit: Exit::Usage, ..failure }
        }
    }
}

/// Why a program is refused before any compiler sees it.
pub fn unreadable(path: &Path, error: &ProgramError) -> DiagnosticReport {
    let diagnostic = Diagnostic {
        code: UNREADABLE.code.0,
        level: Level::Error,
        message: error.to_string(),
        insn: None,
        source: None,
        help: UNREADABLE.help.map(str::to_owned),
        notes: Vec::new(),
    };
    Shown { diagnostic, object: path.display().to_string(), disassembly: None }.into()
}

/// A program in reports.
pub fn describe_program(program: &Program) -> ProgramReport {
    ProgramReport {
        name: program.name.clone(),
        section: program.section.clone(),
        tag: program.tag(),
        insns: program.insns.len(),
    }
}

/// The source line behind an instruction slot.
pub fn source_of(program: &Program, slot: usize) -> Option<SourceReport> {
    program.line(slot).map(|line| SourceReport {
        file: line.file.to_string(),
        line: line.line,
        column: line.column,
        text: line.text.to_string(),
    })
}
