// SPDX-License-Identifier: Apache-2.0 OR MIT
//! JSON: one object on standard output, for failures too. Talk stays on standard error.

use super::Text;
use crate::failure::Failure;
use crate::report::{DiagnosticReport, Report, SCHEMA};
use serde::Serialize;

#[derive(Serialize)]
struct FailureReport<'a> {
    schema: u32,
    error: ErrorReport<'a>,
}

#[derive(Serialize)]
struct ErrorReport<'a> {
    code: i32,
    message: &'a str,
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    diagnostics: &'a [DiagnosticReport],
}

/// The object for an outcome.
pub(super) fn render(outcome: &Result<Report, Failure>, pretty: bool) -> Text {
    let rendered = match outcome {
        Ok(report) => print(report, pretty),
        Err(failure) => {
            let error = ErrorReport {
                code: failure.exit as i32,
                message: &failure.message,
                help: failure.help.as_deref(),
                diagnostics: &failure.diagnostics,
            };
            print(&FailureReport { schema: SCHEMA, error }, pretty)
        }
    };
    match rendered {
        Ok(line) => Text { stdout: line + "\n", stderr: String::new() },
        Err(e) => Text { stdout: String::new(), stderr: format!("error: JSON: {e}\n") },
    }
}

fn print(value: &impl Serialize, pretty: bool) -> serde_json::Result<String> {
    if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) }
}
