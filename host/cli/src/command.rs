// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The commands. Each takes its arguments and returns a report; none prints.

mod completions;
mod explain;
mod man;
mod prog;

use crate::args::{Command, ProgCommand};
use crate::failure::Failure;
use crate::report::Report;

/// Carries out a command.
pub fn run(command: Command) -> Result<Report, Failure> {
    match command {
        Command::Prog(command) => match *command {
            ProgCommand::Check(args) => prog::check::run(&args).map(Report::Check),
            ProgCommand::Dump(args) => prog::dump::run(&args).map(Report::Dump),
            ProgCommand::Run(args) => prog::run::run(&args).map(Report::Run),
            ProgCommand::Bench(args) => prog::bench::run(&args).map(Report::Bench),
        },
        Command::Explain { code } => explain::run(code.as_deref()).map(Report::Explain),
        Command::Completions { shell } => completions::run(shell).map(Report::Script),
        Command::Man { directory } => man::run(&directory).map(Report::Files),
    }
}
