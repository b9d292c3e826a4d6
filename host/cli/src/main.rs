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

use args::{Cli, Color, OutputArgs};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (output, outcome) = match Cli::try_parse() {
        Ok(cli) => (cli.output, command::run(cli.command)),
        Err(error) => match wants_json().filter(|_| error.use_stderr()) {
            Some(output) => (output, Err(usage(&error))),
            // Help, or an error for people: clap knows best how to print it.
            None => error.exit(),
        },
    };
    ExitCode::from(output::finish(output, outcome) as u8)
}

/// Whether a command line that cannot be understood asks for JSON.
fn wants_json() -> Option<OutputArgs> {
    let has = |names: &[&str]| std::env::args().skip(1).any(|arg| names.contains(&&*arg));
    let pretty = has(&["-p", "--pretty", "-jp", "-pj"]);
    (pretty || has(&["-j", "--json"])).then_some(OutputArgs { json: true, pretty, color: Color::Never })
}

/// The message of clap's error without its usage lines.
fn usage(error: &clap::Error) -> failure::Failure {
    let text = error.to_string();
    let message: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let message = message.join(" ");
    let failure = failure::Failure::usage(message.strip_prefix("error: ").unwrap_or(&message));
    failure.help("`--help` shows what there is")
}
