// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What test programs print, counted: the format of libtest, which libtest-mimic shares.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What the closing line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that held.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
    /// Tests that could not run here, or are marked as ignored.
    pub skipped: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Everything that ran.
#[derive(Debug, Default)]
pub struct Report {
    counts: Counts,
    skips: BTreeMap<String, String>,
    failures: Vec<String>,
}

impl Report {
    /// One more test that held.
    pub fn pass(&mut self) {
        self.counts.passed += 1;
    }

    /// One more test that did not hold.
    pub fn fail(&mut self, name: &str) {
        self.counts.failed += 1;
        self.failures.push(name.to_owned());
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Names of what was skipped, with the reasons.
    pub fn skips(&self) -> impl Iterator<Item = (&str, &str)> {
        self.skips.iter().map(|(name, reason)| (name.as_str(), reason.as_str()))
    }

    /// Names of what failed.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }
}

/// Reads the output of `cargo test -- --show-output` line by line.
#[derive(Debug, Default)]
pub struct Parser {
    /// Tests of the running program that libtest calls ok.
    ok: BTreeSet<String>,
    /// What the running program says it skipped.
    skipped: BTreeSet<String>,
    /// Inside the part that repeats what passing tests printed.
    successes: bool,
}

impl Parser {
    /// Takes one line into the report; says whether a reader wants to see it.
    pub fn line(&mut self, line: &str, report: &mut Report) -> bool {
        let line = line.trim_end();
        // A program without capture may print this behind `test name ... `.
        if let Some((_, skip)) = line.split_once("WEIR-SKIP ") {
            let (name, reason) = skip.split_once(": ").unwrap_or((skip, "no reason given"));
            self.skipped.insert(name.to_owned());
            if report.skips.insert(name.to_owned(), reason.to_owned()).is_none() {
                report.counts.skipped += 1;
            }
            return true;
        }
        if let Some(result) = line.strip_prefix("test result: ") {
            return std::mem::take(self).result(result, report);
        }
        match line {
            "successes:" => self.successes = true,
            "failures:" => self.successes = false,
            _ => {}
        }
        if let Some(name) = test_with_outcome(line, "ok") {
            self.ok.insert(name.to_owned());
            return false;
        }
        if let Some(name) = test_with_outcome(line, "FAILED") {
            report.failures.push(name.to_owned());
        }
        !self.successes && !line.is_empty() && !line.starts_with("running ")
    }

    /// The end of a program: `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
    fn result(self, result: &str, report: &mut Report) -> bool {
        let number = |what: &str| {
            let mut parts = result.split(['.', ';']).map(str::trim);
            parts.find_map(|part| part.strip_suffix(what)?.trim().parse::<usize>().ok()).unwrap_or(0)
        };
        let (passed, failed, ignored) = (number("passed"), number("failed"), number("ignored"));
        // A test that ran only to say that it cannot do its work has not passed.
        report.counts.passed += passed.saturating_sub(self.ok.intersection(&self.skipped).count());
        report.counts.failed += failed;
        report.counts.skipped += ignored;
        passed + failed + ignored > 0
    }
}

/// The name in `test name ... outcome`.
fn test_with_outcome<'a>(line: &'a str, outcome: &str) -> Option<&'a str> {
    let name = line.strip_prefix("test ")?.strip_suffix(outcome)?.strip_suffix(" ... ")?;
    Some(name.strip_suffix(" - should panic").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Report, String) {
        let (mut report, mut parser) = (Report::default(), Parser::default());
        let shown: Vec<&str> = text.lines().filter(|line| parser.line(line, &mut report)).collect();
        (report, shown.join("\n"))
    }

    // Printed by `cargo test -- --show-output` of Rust 1.95 for four tests made for this.
    const OUTPUT: &str = "
running 4 tests
test ignored ... ignored
test kernel_agrees ... ok
test holds ... ok
test breaks ... FAILED

successes:

---- kernel_agrees stdout ----
chatter
WEIR-SKIP kernel_agrees: bpf(2) is not permitted


successes:
    holds
    kernel_agrees

failures:

---- breaks stdout ----

thread 'breaks' panicked at src/lib.rs:3:5:
2 is not 3

failures:
    breaks

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn counts_and_names() {
        let (report, shown) = parse(OUTPUT);
        assert_eq!(report.counts(), Counts { passed: 1, failed: 1, skipped: 2 });
        assert_eq!(report.failures(), ["breaks"]);
        assert_eq!(report.skips().collect::<Vec<_>>(), [("kernel_agrees", "bpf(2) is not permitted")]);
        assert!(shown.contains("2 is not 3") && !shown.contains("chatter"), "{shown}");
    }

    #[test]
    fn a_skip_that_is_not_a_test_of_its_own_leaves_the_passed_alone() {
        let (report, _) = parse(
            "test all_engines ... ok\nWEIR-SKIP kernel: no privileges\nWEIR-SKIP kernel: no privileges\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        assert_eq!(report.counts(), Counts { passed: 1, failed: 0, skipped: 1 });
    }

    #[test]
    fn the_closing_line() {
        let counts = Counts { passed: 12, failed: 0, skipped: 3 };
        assert_eq!(counts.to_string(), "12 passed, 0 failed, 3 skipped");
    }
}
