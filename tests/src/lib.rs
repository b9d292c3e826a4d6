// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the tests share: programs compiled by clang, packets made from a seed, and engines run on them.
//!
//! A test that cannot run here says so in one line on stderr, `WEIR-SKIP <test>: <reason>`, and returns; `./x test`
//! counts these lines as skipped.
#![forbid(unsafe_code)]

use weir_bpf::{Object, Program};
use weir_compiler::Compiled;
use weir_pipeline::Target;

pub mod campaign;
pub mod corpus;
pub mod coverage;
pub mod demo;
pub mod filetest;
pub mod hostile;
pub mod inputs;
pub mod instructions;
pub mod packets;
pub mod steps;
pub mod table;
pub mod xdp_filter;

/// Reports that a test, or a part of one, cannot run here.
pub fn skip(test: &str, reason: impl std::fmt::Display) {
    // In one piece, so that what other threads print cannot fall into the line.
    let line = format!("WEIR-SKIP {test}: {reason}\n");
    eprint!("{line}");
}

/// Compiles a program for a target; a refusal is an error with all that is wrong.
pub fn compile(object: &Object, program: &Program, target: &Target) -> Result<Compiled, String> {
    weir_compiler::compile(object, program, target).map_err(|diagnostics| {
        let line = |d: &weir_compiler::Diagnostic| {
            let source = d.source.as_ref().map_or(String::new(), |s| format!(" ({}:{})", s.file, s.line));
            format!("{}: {}{source} {}", d.code, d.message, d.notes.join("; "))
        };
        format!("refused: {}", diagnostics.iter().map(line).collect::<Vec<_>>().join("\n"))
    })
}
