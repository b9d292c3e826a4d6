// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The only place that prints: data on standard output, talk on standard error.

mod cost;
mod human;
mod json;
mod progress;
mod table;

pub use progress::Progress;

use crate::args::{Color, OutputArgs};
use crate::failure::{Exit, Failure};
use crate::report::Report;
use std::io::{ErrorKind, IsTerminal, Write};

/// What goes where.
#[derive(Debug, Default)]
struct Text {
    stdout: String,
    stderr: String,
}

/// Prints the outcome of a command; returns the exit code.
pub fn finish(args: OutputArgs, outcome: Result<Report, Failure>) -> Exit {
    let exit = match &outcome {
        Ok(report) => exit_of(report),
        Err(failure) => failure.exit,
    };
    let text = if args.json || args.pretty {
        json::render(&outcome, args.pretty)
    } else {
        let on = |is_terminal: bool| match args.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        human::render(&outcome, on(std::io::stderr().is_terminal()))
    };
    // Where nobody listens to talk, nothing is lost.
    let _ = std::io::stderr().write_all(text.stderr.as_bytes());
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.stdout.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => exit,
        // `weir ... | head`: whoever reads has seen enough.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => exit,
        Err(_) => Exit::Failure,
    }
}

fn exit_of(report: &Report) -> Exit {
    match report {
        Report::Check(check) if check.programs.iter().any(|p| !p.accepted) => Exit::Refused,
        Report::Run(run) if !run.agree => Exit::Disagree,
        _ => Exit::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{PacketReport, ProgramReport, RunReport, SCHEMA};
    use std::collections::BTreeMap;
    use weir_engines::{Maps, Mismatch};

    /// A run in which the RTL drops what the interpreter passes.
    fn disagreement() -> Report {
        let program = ProgramReport { name: "p".into(), section: "xdp".into(), tag: "0".into(), insns: 2 };
        let verdict = |engine: &str, verdict: &str| (engine.to_owned(), Some(verdict.to_owned()));
        Report::Run(RunReport {
            schema: SCHEMA,
            program,
            target: "sim".into(),
            engines: vec!["interp".into(), "rtl".into()],
            skipped: BTreeMap::new(),
            agree: false,
            packets: vec![PacketReport {
                index: 0,
                verdict: "XDP_DROP".into(),
                code: Some(1),
                redirect: None,
                length: 0,
                data: String::new(),
                verdicts: BTreeMap::from([verdict("interp", "XDP_PASS"), verdict("rtl", "XDP_DROP")]),
                description: "UDP".into(),
                input_length: 60,
            }],
            maps: Maps::new(),
            rtl: None,
            notes: vec![],
            mismatches: vec![Mismatch {
                reference: "interp",
                engine: "rtl",
                packet: Some(0),
                map: None,
                what: "XDP_PASS on interp, XDP_DROP on rtl".into(),
            }],
        })
    }

    #[test]
    fn engines_that_disagree_are_shown_side_by_side_and_exit_with_five() {
        let report = disagreement();
        assert_eq!(exit_of(&report) as u8, 5);
        let text = human::render(&Ok(report), false);
        let row: Vec<&str> = text.stdout.lines().nth(2).expect("a row").split_whitespace().collect();
        assert_eq!(row, ["0", "UDP", "60", "XDP_DROP", "XDP_PASS", "NO"]);
        assert!(text.stderr.contains("error: packet 0: XDP_PASS on interp, XDP_DROP on rtl\n"));
        assert!(text.stdout.contains("interp, rtl DISAGREE"));
    }

    #[test]
    fn json_says_the_same() {
        let text = json::render(&Ok(disagreement()), false);
        let value: serde_json::Value = serde_json::from_str(&text.stdout).expect("JSON");
        assert_eq!(value["agree"], false);
        assert_eq!(value["mismatches"][0]["packet"], 0);
        assert!(text.stderr.is_empty());
    }
}
