// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How far a command is that takes seconds: a bar on a terminal, nothing where nobody looks.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Steps of a command on standard error.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A command of so many steps.
    pub fn new(steps: usize) -> Progress {
        let target = match std::io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(steps as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:20}] {pos}/{len} {elapsed} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }

    /// The next step begins.
    pub fn step(&self, what: &str) {
        if !self.0.message().is_empty() {
            self.0.inc(1);
        }
        self.0.set_message(what.to_owned());
    }

    /// All is done, or has failed: the bar goes.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
