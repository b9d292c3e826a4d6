// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Running other programs: say what runs, how long it took, and whether it went well.

use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::{Duration, Instant};

/// Whole seconds below a minute and a half, minutes above.
pub fn human(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 90.0 { format!("{seconds:.1} s") } else { format!("{:.1} min", seconds / 60.0) }
}

/// Says what starts.
pub fn announce(what: &str) -> Instant {
    eprintln!("==> {what}");
    Instant::now()
}

/// Says what has ended, and how.
pub fn conclude(what: &str, since: Instant, good: bool) {
    eprintln!("    {} in {}: {what}", if good { "done" } else { "FAILED" }, human(since.elapsed()));
}

/// Runs a command with its output going where ours goes.
pub fn succeed(what: &str, command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{what} does not start"))?;
    if !status.success() {
        bail!("{what}: {status}");
    }
    Ok(())
}
