// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the tests share: programs compiled by clang, packets made from a seed, and engines run on them.
//!
//! A test that cannot run here says so in one line on stderr, `WEIR-SKIP <test>: <reason>`, and returns; `./x test`
//! counts these lines as skipped.
#![forbid(unsafe_code)]

pub mod corpus;
pub mod demo;
pub mod instructions;
pub mod packets;
pub mod random;

use std::io::Write;

/// Reports that a test, or a part of one, cannot run here.
pub fn skip(test: &str, reason: impl std::fmt::Display) {
    // Not by `eprintln!`, whose output libtest keeps to itself. Where stderr is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "WEIR-SKIP {test}: {reason}");
}
