// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The only place that prints: data on standard output, talk on standard error.

mod diagnostic;
mod human;
mod json;
mod table;

use crate::args::{Color, OutputArgs};
use crate::failure::{Exit, Failure};
use crate::report::Report;
use std::io::{ErrorKind, IsTerminal, Write};

/// What goes where.
#[derive(Debug, Default)]
struct Text {
    stdout: String,
    stderr: String,
}

/// Prints the outcome of a command; returns the exit code.
pub fn finish(args: OutputArgs, outcome: Result<Report, Failure>) -> Exit {
    let exit = match &outcome {
        Ok(report) => exit_of(report),
        Err(failure) => failure.exit,
    };
    let text = if args.json || args.pretty {
        json::render(&outcome, args.pretty)
    } else {
        let on = |is_terminal: bool| match args.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        human::render(&outcome, on(std::io::stderr().is_terminal()))
    };
    // Where nobody listens to talk, nothing is lost.
    let _ = std::io::stderr().write_all(text.stderr.as_bytes());
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.stdout.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => exit,
        // `weir ... | head`: whoever reads has seen enough.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => exit,
        Err(_) => Exit::Failure,
    }
}

fn exit_of(report: &Report) -> Exit {
    match report {
        Report::Check(check) if check.programs.iter().any(|p| !p.accepted) => Exit::Refused,
        Report::Run(run) if !run.agree => Exit::Disagree,
        _ => Exit::Good,
    }
}
