// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `./x test`: everything that must hold, in one run, counted in one line.
//!
//! Checks that are not cargo tests (formatting, clippy, tidy, generated files) count as one test each. A test that
//! cannot run where it is prints `WEIR-SKIP <name>: <reason>`; those are counted and listed, never hidden. The
//! counts and the hash of the tree go to `test-summary` in the target folder.

mod output;

use crate::r#gen;
use crate::process::{announce, conclude, succeed};
use crate::repository::Repository;
use crate::synth;
use crate::tidy;
use anyhow::{Context, Result, bail};
use output::{Counts, Report};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

/// Test programs that boot a guest.
const GUEST_TESTS: &[&str] =
    &["-p", "weir-guest", "-p", "weir-vfio-user", "--test", "boot", "--test", "guest"];

/// `./x lint`: formatting and clippy, every finding an error.
pub fn lint(repository: &Repository) -> Result<()> {
    formatting(repository)?;
    clippy(repository)
}

fn formatting(repository: &Repository) -> Result<()> {
    succeed("cargo fmt", repository.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(repository: &Repository) -> Result<()> {
    let arguments = ["clippy", "-q", "--workspace", "--all-targets", "--", "-D", "warnings"];
    succeed("cargo clippy", repository.cargo().args(arguments))
}

/// Runs everything, prints the closing line and writes the summary.
pub fn run(repository: &Repository) -> Result<()> {
    let mut report = Report::default();
    check(&mut report, "formatting", || formatting(repository));
    check(&mut report, "clippy", || clippy(repository));
    check(&mut report, "tidy", || tidy::run(repository));
    check(&mut report, "generated files", || r#gen::run(&repository.root, true));
    check(&mut report, "the Verilog has no latch", || synth::check(repository));
    cargo_test(repository, &["--workspace"], &mut report)?;
    finish(repository, &report)
}

/// `./x guest`: the tests that boot a guest, and nothing else.
pub fn guest(repository: &Repository) -> Result<()> {
    let mut report = Report::default();
    cargo_test(repository, GUEST_TESTS, &mut report)?;
    close(&report)
}

/// A check that is not a cargo test: one test, passed or failed.
fn check(report: &mut Report, name: &str, run: impl FnOnce() -> Result<()>) {
    let since = announce(name);
    let outcome = run();
    conclude(name, since, outcome.is_ok());
    match outcome {
        Ok(()) => report.pass(),
        Err(error) => {
            eprintln!("{error:#}");
            report.fail(name);
        }
    }
}

/// The chosen cargo tests, doc tests included, with their output passed through and counted.
fn cargo_test(repository: &Repository, chosen: &[&str], report: &mut Report) -> Result<()> {
    let what = &format!("cargo test {}", chosen.join(" "));
    let since = announce(what);
    // `--show-output` shows what passing tests print, which is where the skips are.
    let mut child = repository
        .cargo()
        .arg("test")
        .args(chosen)
        .args(["--no-fail-fast", "--", "--show-output"])
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo test does not start")?;
    let stdout = child.stdout.take().context("cargo test has no output")?;
    let failed_before = report.counts().failed;
    let mut parser = output::Parser::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("reading what cargo test prints")?;
        let line = String::from_utf8_lossy(&line);
        if parser.line(&line, report) {
            println!("{line}");
        }
    }
    let status = child.wait().context("waiting for cargo test")?;
    if !status.success() && report.counts().failed == failed_before {
        report.fail("cargo test (a package did not build, or a test program ended early)");
    }
    conclude(what, since, status.success());
    Ok(())
}

fn finish(repository: &Repository, report: &Report) -> Result<()> {
    let counts = report.counts();
    let (tree, clean) = repository.tree()?;
    let state = if clean { "clean" } else { "with uncommitted changes" };
    let mut summary = format!("tree {tree}\nwork tree {state}\n{counts}\n");
    for (name, reason) in report.skips() {
        println!("skipped {name}: {reason}");
        summary += &format!("skipped {name}: {reason}\n");
    }
    for name in report.failures() {
        println!("failed {name}");
        summary += &format!("failed {name}\n");
    }
    let path = repository.target_dir().join("test-summary");
    std::fs::write(&path, summary).with_context(|| format!("writing {}", path.display()))?;
    close(report)
}

/// The closing line, which also decides how this program ends.
fn close(report: &Report) -> Result<()> {
    let counts = report.counts();
    println!("{counts}");
    std::io::stdout().flush()?;
    if counts == Counts::default() {
        bail!("no test ran");
    }
    // The closing line says it; a backtrace of this program would only push it away.
    if counts.failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}
