// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir explain CODE`

use crate::failure::Failure;
use crate::report::ExplainReport;

/// The page of a code.
pub fn run(code: &str) -> Result<ExplainReport, Failure> {
    Err(Failure::usage(format!("unknown code `{code}`")))
}
