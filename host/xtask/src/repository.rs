// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where the repository is, which files belong to it and which tree is checked out.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The work tree that this program was started for.
pub struct Repository {
    /// Top of the work tree.
    pub root: PathBuf,
}

impl Repository {
    /// Finds the work tree above the package that cargo runs.
    pub fn find() -> Result<Repository> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").context("run this through ./x or cargo run")?;
        let root =
            Path::new(&package).join("../..").canonicalize().context("the package has no workspace")?;
        Ok(Repository { root })
    }

    /// Where cargo puts what it builds.
    pub fn target_dir(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.root.join("target"),
        }
    }

    /// A command that runs at the top of the work tree.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// `cargo`, the one that started this program.
    pub fn cargo(&self) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Files of the work tree that are tracked or could be: everything that `.gitignore` does not name.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let list = self.git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut files: Vec<PathBuf> = list
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            .filter(|name| self.root.join(name).is_file())
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// Hash of the tree of the commit that is checked out, and whether the work tree is exactly that.
    pub fn tree(&self) -> Result<(String, bool)> {
        let hash = self.git(&["rev-parse", "HEAD^{tree}"])?.trim().to_owned();
        let clean = self.git(&["status", "--porcelain"])?.is_empty();
        Ok((hash, clean))
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command("git").args(arguments).output().context("git does not start")?;
        if !output.status.success() {
            bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8(output.stdout).context("git printed something that is not UTF-8")
    }
}
