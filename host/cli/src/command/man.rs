// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir man DIR`

use crate::args::Cli;
use crate::failure::Failure;
use crate::file;
use crate::report::{FilesReport, SCHEMA};
use clap::{Command, CommandFactory};
use std::path::{Path, PathBuf};

/// Writes a page for each command: `weir.1`, `weir-prog.1`, `weir-prog-run.1`, ...
pub fn run(directory: &Path) -> Result<FilesReport, Failure> {
    if !directory.is_dir() {
        return Err(Failure::in_file(directory, "not a directory"));
    }
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut written = Vec::new();
    pages(&command, "weir", directory, &mut written)?;
    Ok(FilesReport { schema: SCHEMA, written })
}

fn pages(command: &Command, name: &str, directory: &Path, written: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let path = directory.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(|e| Failure::in_file(&path, e))?;
    file::write(&path, &page)?;
    written.push(path);
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        pages(inner, &format!("{name}-{}", inner.get_name()), directory, written)?;
    }
    Ok(())
}
