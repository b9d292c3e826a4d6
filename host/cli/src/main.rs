// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The `weir` command.
//!
//! [`args`] is the command line, [`command`] does the work and returns a [`report::Report`], [`output`] prints it.
//! Nothing else prints, and nothing else decides on the exit code.

#![forbid(unsafe_code)]

mod args;
mod command;
mod describe;
mod failure;
mod file;
mod input;
mod output;
mod report;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let outcome = command::run(cli.command);
    ExitCode::from(output::finish(cli.output, outcome) as u8)
}
