// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Chores of the repository behind `./x`: what is better written in Rust than in shell.
//!
//! `./x` installs the tools that a chore needs before it calls this program; nothing here installs anything.
#![forbid(unsafe_code)]

mod r#gen;
mod mutants;
mod process;
mod repository;
mod synth;
mod test;
mod tidy;
mod verilog;

use anyhow::{Result, bail};
use repository::Repository;
use std::process::ExitCode;

const USAGE: &str = "usage: xtask test | guest | tidy | lint | gen [--check] | synth [TARGET] | mutants [--seed N] [--count M]";

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("x: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    let repository = Repository::find()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test"] => test::run(&repository),
        ["guest"] => test::guest(&repository),
        ["tidy"] => tidy::run(&repository),
        ["lint"] => test::lint(&repository),
        ["gen"] => r#gen::run(&repository.root, false),
        ["gen", "--check"] => r#gen::run(&repository.root, true),
        ["synth"] => synth::run(&repository, synth::TARGET),
        ["synth", target] => synth::run(&repository, target),
        ["mutants", options @ ..] => {
            mutants::run(&repository, &mutants::Options::parse(options)?)?;
            Ok(())
        }
        _ => bail!(USAGE),
    }
}
