// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilog that chores work on: what the emitter writes for the target that the tests simulate.

use crate::process::{announce, conclude, succeed};
use crate::repository::Repository;
use anyhow::{Context, Result};
use std::path::Path;

/// The target that tests and CI simulate.
pub const TARGET: &str = "sim";

/// Name of the file with all modules.
pub const FILE: &str = "weir.v";

/// Name of the outermost module.
pub const TOP: &str = "top";

/// Writes the Verilog of a target into a folder.
pub fn emit(repository: &Repository, target: &str, dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let what = format!("emit the Verilog of target {target}");
    let since = announce(&what);
    let arguments = ["run", "-q", "-p", "weir-hdl", "--bin", "emit", "--", "--target", target];
    let outcome = succeed(&what, repository.cargo().args(arguments).arg(dir));
    conclude(&what, since, outcome.is_ok());
    outcome
}
