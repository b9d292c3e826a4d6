// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Diagnostics: why a program is refused, where, and what would help.

pub mod codes;
pub mod render;

use codes::Code;
use weir_bpf::Program;

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// The program is refused.
    Error,
    /// The program runs; something about it is worth knowing.
    Warning,
}

impl Level {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// A place in the source, from the object's line table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 if not known.
    pub column: u32,
    /// Text of the line.
    pub text: String,
}

/// One finding about a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Code, with an entry in [`codes::CODES`].
    pub code: &'static str,
    /// Gravity.
    pub level: Level,
    /// One line: what is wrong.
    pub message: String,
    /// Instruction, as 8-byte slot of the program.
    pub insn: Option<usize>,
    /// Source line of the instruction.
    pub source: Option<SourceLine>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What would help.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error about the program as a whole.
    pub fn error(code: Code, message: impl Into<String>) -> Diagnostic {
        let help = codes::entry(code).and_then(|entry| entry.help).map(str::to_owned);
        let message = message.into();
        Diagnostic {
            code: code.0,
            level: Level::Error,
            message,
            insn: None,
            source: None,
            notes: Vec::new(),
            help,
        }
    }

    /// The same, at an instruction.
    pub fn at(mut self, program: &Program, slot: usize) -> Diagnostic {
        self.insn = Some(slot);
        self.source = program.line(slot).map(|line| SourceLine {
            file: line.file.to_string(),
            line: line.line,
            column: line.column,
            text: line.text.to_string(),
        });
        self
    }

    /// Adds a fact.
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }
}
