// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `./x tidy`: house rules that neither rustc nor clippy checks.
//!
//! Every rule is a function from the files of the work tree to findings; all findings are printed, not only the
//! first. Also a cargo test, so that `cargo test` alone finds them.

mod book;
mod crates;
mod text;

use crate::repository::Repository;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// A text file of the work tree.
pub struct SourceFile {
    /// Path from the top of the work tree, with forward slashes.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl SourceFile {
    /// The part of the name behind the last dot, or the whole name.
    fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.rsplit('.').next().unwrap_or(name)
    }
}

/// Something that a rule does not like.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// File, and line where there is one.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

impl Finding {
    fn file(file: &SourceFile, what: impl Into<String>) -> Finding {
        Finding { place: file.path.clone(), what: what.into() }
    }

    fn line(file: &SourceFile, index: usize, what: impl Into<String>) -> Finding {
        Finding { place: format!("{}:{}", file.path, index + 1), what: what.into() }
    }
}

/// Checks the work tree.
pub fn run(repository: &Repository) -> Result<()> {
    let paths = repository.files()?;
    let files = read(repository, &paths)?;
    let mut findings = text::check(&files);
    findings.extend(crates::check(&files));
    findings.extend(book::check(&files, &paths));
    if findings.is_empty() {
        return Ok(());
    }
    for finding in &findings {
        eprintln!("{}: {}", finding.place, finding.what);
    }
    bail!("tidy has {} findings", findings.len())
}

/// The files that are text; captures and objects are not.
fn read(repository: &Repository, paths: &[PathBuf]) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for path in paths {
        let bytes = std::fs::read(repository.root.join(path)).with_context(|| path.display().to_string())?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if !text.contains('\0') {
            files.push(SourceFile { path: path.to_string_lossy().into_owned(), text });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_tree_is_tidy() {
        run(&Repository::find().unwrap()).unwrap();
    }
}
