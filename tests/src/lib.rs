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

/// Reports that a test, or a part of one, cannot run here.
pub fn skip(test: &str, reason: impl std::fmt::Display) {
    // In one piece, so that what other threads print cannot fall into the line.
    let line = format!("WEIR-SKIP {test}: {reason}\n");
    eprint!("{line}");
}
