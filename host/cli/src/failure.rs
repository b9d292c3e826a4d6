// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What goes wrong in a command, and the exit code that says so.

use crate::report::DiagnosticReport;
use std::fmt;
use std::path::Path;

/// Exit codes of `weir`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Good = 0,
    /// Something failed: an input that cannot be read, an engine that cannot run.
    Failure = 1,
    /// The command line asks for something that does not exist. clap uses the same number.
    Usage = 2,
    /// The program is refused.
    Refused = 3,
    /// Engines disagree about a packet or a map.
    Disagree = 5,
}

/// A command that did not come to a report: one line, and where there is one, a way out.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub exit: Exit,
    /// What and where, in one line without full stop.
    pub message: String,
    /// What would help.
    pub help: Option<String>,
    /// Why the program is refused; empty for all other failures.
    pub diagnostics: Vec<DiagnosticReport>,
}

impl Failure {
    /// A failure of the run.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { exit: Exit::Failure, message: message.into(), help: None, diagnostics: Vec::new() }
    }

    /// A failure of whoever wrote the command line.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { exit: Exit::Usage, ..Failure::new(message) }
    }

    /// A file that does not hold what it should.
    pub fn in_file(path: &Path, what: impl fmt::Display) -> Failure {
        Failure::new(format!("`{}`: {what}", path.display()))
    }

    /// Adds what would help.
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }
}
