// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir explain [CODE]`

use crate::failure::Failure;
use crate::input::suggestion;
use crate::report::{ExplainReport, SCHEMA};
use weir_compiler::diag::codes::{CODES, Code, Entry};

/// The one refusal that comes before the compiler: the loader's.
pub const UNREADABLE: Entry = Entry {
    code: Code("X0001"),
    title: "program cannot be loaded",
    explanation: "The object does not define the program completely: it refers to functions or data that are not in \
                  the object, or has relocations that only the running kernel could resolve, such as CO-RE's.",
    example: None,
    help: Some("link everything into one object, and use fixed types instead of CO-RE"),
};

/// The page of a code, or a list of all codes.
pub fn run(code: Option<&str>) -> Result<ExplainReport, Failure> {
    let Some(code) = code else {
        let text = entries().map(|entry| format!("{}  {}\n", entry.code.0, entry.title)).collect();
        return Ok(ExplainReport { schema: SCHEMA, code: None, text });
    };
    match entries().find(|entry| entry.code.0.eq_ignore_ascii_case(code)) {
        Some(entry) => {
            Ok(ExplainReport { schema: SCHEMA, code: Some(entry.code.0.to_owned()), text: page(entry) })
        }
        None => {
            let near =
                suggestion(&code.to_uppercase(), entries().map(|entry| entry.code.0).collect::<Vec<_>>());
            let help = near.unwrap_or_else(|| "`weir explain` lists all codes".into());
            Err(Failure::usage(format!("unknown code `{code}`")).help(help))
        }
    }
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    std::iter::once(&UNREADABLE).chain(CODES)
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
