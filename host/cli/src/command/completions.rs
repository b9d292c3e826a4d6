// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir completions SHELL`

use crate::args::Cli;
use crate::failure::Failure;
use crate::report::{SCHEMA, ScriptReport};
use clap::CommandFactory;
use clap_complete::Shell;

/// The completion script for a shell.
pub fn run(shell: Shell) -> Result<ScriptReport, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "weir", &mut script);
    let script = String::from_utf8(script).map_err(|e| Failure::new(format!("completion script: {e}")))?;
    Ok(ScriptReport { schema: SCHEMA, script })
}
