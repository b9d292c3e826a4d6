// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir explain CODE`

use crate::failure::Failure;
use crate::input::suggestion;
use crate::report::{ExplainReport, SCHEMA};
use weir_compiler::diag::codes::{self, CODES, Entry};

/// The page of a code.
pub fn run(code: &str) -> Result<ExplainReport, Failure> {
    match codes::find(code) {
        Some(entry) => Ok(ExplainReport { schema: SCHEMA, code: entry.code.0.to_owned(), text: page(entry) }),
        None => {
            let wanted = code.to_uppercase();
            let mut failure = Failure::usage(format!("unknown code `{code}`"));
            failure.help = suggestion(&wanted, CODES.iter().map(|entry| entry.code.0));
            Err(failure)
        }
    }
}

fn page(entry: &Entry) -> String {
    let mut text = format!("{}: {}\n\n{}\n", entry.code.0, entry.title, entry.explanation.trim());
    if let Some(example) = entry.example {
        text += "\nRefused, for example:\n\n";
        for line in example.trim().lines() {
            text += &format!("    {}\n", line.trim());
        }
    }
    if let Some(help) = entry.help {
        text += &format!("\nhelp: {help}\n");
    }
    text
}
