// SPDX-License-Identifier: Apache-2.0 OR MIT
//! File tests in the manner of Cranelift's: a file in `tests/filetests` holds a program, what is done with it, and what is
//! expected, in the comments of the program.
//!
//! ```text
//! ; test: dag                     what is looked at: cfg, ssa, dag, schedule, pipeline, diag or run
//! ; map: hits ARRAY key 4 value 8 entries 4
//! ; check: add u64 map0           a line holds this; the line behind it is looked at next
//! ; nextln: result r0             ... and the line right behind that one holds this
//! ; not: mul                      no line between the two neighbours holds this
//! ```
//!
//! A program is BPF assembly (`*.bpf`) or C (`*.c`). How to write one: `docs/contributing/testing.md`. Not done here: any
//! knowledge of what the compiler does; a level is text, compared with text.

mod check;
mod level;
mod parse;
mod run;

pub use parse::{FileTest, Section};

use std::path::Path;

/// Runs all tests of a file. With `bless`, whole texts that are expected are replaced by what is there now.
pub fn run_file(path: &Path, bless: bool) -> Result<(), String> {
    let read = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let leader = leader(path)?;
    let test = FileTest::parse(&read, leader).map_err(|e| format!("{}:{e}", path.display()))?;
    let object = level::object(&test, path, &read)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut text = read.clone();
    // From the end, so that what is replaced moves nothing that is still to be looked at.
    for section in test.sections.iter().rev() {
        let at =
            |what: String| format!("{}:{}: test {}: {what}", path.display(), section.line, section.level);
        if section.level == "run" {
            run::run(&test, section, &object, &name).map_err(at)?;
            continue;
        }
        let shown = level::show(&test, section, &object, &name).map_err(at)?;
        match &section.text {
            Some(whole) if bless && path.extension().is_some_and(|e| e == "bpf") => {
                replace(&mut text, whole.clone(), leader, &shown);
            }
            _ => check::check(section, &shown).map_err(|e| format!("{}:{e}", path.display()))?,
        }
    }
    if text != read {
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// What a comment begins with.
fn leader(path: &Path) -> Result<&'static str, String> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("bpf") => Ok(";"),
        Some("c") => Ok("//"),
        _ => Err(format!("{}: neither `.bpf` nor `.c`", path.display())),
    }
}

/// Puts a text, as comments, in the place of the lines with these numbers (from 0).
fn replace(file: &mut String, lines: std::ops::Range<usize>, leader: &str, text: &str) {
    let old: Vec<&str> = file.lines().collect();
    let new = text.lines().map(|line| format!("{leader}   {line}").trim_end().to_owned());
    let kept = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let all = [kept(&old[..lines.start]), new.collect(), kept(&old[lines.end..])].concat();
    *file = all.join("\n") + "\n";
}
