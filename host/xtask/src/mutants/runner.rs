// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The test programs that run the Verilated model, started again and again with another fault switched on.

use super::schema::VARIABLE;
use crate::repository::Repository;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Packages whose tests run the model.
const PACKAGES: &[&str] = &["weir-sim", "weir-engines", "weir-tests"];

/// How the tests ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of them held.
    Passed,
    /// The first sign that something is wrong.
    Failed(String),
}

/// Built test programs.
pub struct Runner {
    programs: Vec<Program>,
}

struct Program {
    name: String,
    executable: PathBuf,
    package: PathBuf,
}

/// What cargo says of a program it has built.
#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    executable: Option<PathBuf>,
    target: ArtifactTarget,
    profile: ArtifactProfile,
}

#[derive(Deserialize)]
struct ArtifactTarget {
    name: String,
}

#[derive(Deserialize)]
struct ArtifactProfile {
    test: bool,
}

impl Runner {
    /// Builds the tests on the Verilog of a folder, in a target folder of its own: the usual one keeps its model.
    pub fn build(repository: &Repository, verilog: &Path, target_dir: &Path) -> Result<Runner> {
        let mut cargo = repository.cargo();
        cargo.args(["test", "--no-run", "--message-format=json-render-diagnostics"]);
        for package in PACKAGES {
            cargo.args(["-p", package]);
        }
        cargo.env("WEIR_VERILOG", verilog).env("CARGO_TARGET_DIR", target_dir);
        cargo.env("WEIR_TARGETS", crate::verilog::TARGET);
        let output = cargo.stderr(Stdio::inherit()).output().context("cargo test does not start")?;
        if !output.status.success() {
            bail!("the tests do not build on the faulty Verilog");
        }
        let mut programs = Vec::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            // Cargo prints messages of other kinds too.
            let Ok(artifact) = serde_json::from_str::<Artifact>(line) else { continue };
            if let (true, Some(executable)) = (artifact.profile.test, artifact.executable) {
                let package =
                    artifact.manifest_path.parent().context("a manifest without a folder")?.to_owned();
                programs.push(Program { name: artifact.target.name, executable, package });
            }
        }
        if programs.is_empty() {
            bail!("{} have no tests", PACKAGES.join(" and "));
        }
        Ok(Runner { programs })
    }

    /// Runs the programs one after another with a fault switched on, until the first sign of it.
    pub fn run(&self, fault: usize, limit: Duration) -> Result<Outcome> {
        let end = Instant::now() + limit;
        for program in &self.programs {
            let outcome = program.run(fault, end)?;
            if outcome != Outcome::Passed {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Passed)
    }
}

impl Program {
    fn run(&self, fault: usize, end: Instant) -> Result<Outcome> {
        let mut child = Command::new(&self.executable)
            .current_dir(&self.package)
            .env("CARGO_MANIFEST_DIR", &self.package)
            .env(VARIABLE, fault.to_string())
            .env("PROPTEST_FAILURE_PERSISTENCE", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", self.executable.display()))?;
        let outcome = self.watch(&mut child, end);
        // What is already known to fail need not finish.
        let _ = child.kill();
        let status = child.wait()?;
        Ok(match outcome? {
            Outcome::Passed if !status.success() => {
                Outcome::Failed(format!("{} ended with {status}", self.name))
            }
            outcome => outcome,
        })
    }

    /// Reads what a program prints until it says that a test failed, ends, or has had its time.
    fn watch(&self, child: &mut Child, end: Instant) -> Result<Outcome> {
        let stdout = child.stdout.take().context("a test program without output")?;
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        loop {
            match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) if line.starts_with("test ") && line.ends_with("FAILED") => {
                    let name =
                        line.trim_start_matches("test ").trim_end_matches("FAILED").trim_end_matches(" ... ");
                    return Ok(Outcome::Failed(format!("{} fails", name.trim())));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(Outcome::Failed(format!("{} hangs", self.name))),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        child.wait()?;
        Ok(Outcome::Passed)
    }
}
