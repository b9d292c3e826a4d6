// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One run of QEMU: its command line, and what the guest says on its console.
//!
//! QEMU emulates the processor (TCG), so no KVM is needed. The guest's memory is a memfd that is shared, which is what
//! makes QEMU hand it to a vfio-user server. Sockets lie inside the tree, because QEMU runs in it.

use crate::initramfs::{Contents, MARK, pack};
use crate::{GuestError, Tree};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Lines of console that an error shows.
const SHOWN: usize = 60;

/// A machine to be started.
#[derive(Debug)]
pub struct Machine {
    tree: Tree,
    /// A folder of this run inside the tree, removed at the end.
    folder: PathBuf,
    /// Sockets of devices, by name in the folder.
    sockets: Vec<String>,
    /// MiB of memory.
    memory: u32,
    /// How long the guest may stay silent.
    patience: Duration,
    /// How many times it may boot.
    boots: usize,
}

/// A check of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// `Err` with what the command printed if it did not hold.
    pub outcome: Result<(), String>,
}

/// What a guest has said.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Checks in their order.
    pub checks: Vec<Check>,
    /// Facts by name; the last one counts.
    pub facts: BTreeMap<String, String>,
    /// From the start of QEMU to the first line of init.
    pub boot: Duration,
    /// From the start of QEMU to its end.
    pub whole: Duration,
    /// How many times init has begun.
    pub boots: usize,
    /// Everything on the console.
    pub console: Vec<String>,
}

impl Report {
    /// The fact of this name.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name).map(String::as_str)
    }

    /// Names of checks that did not hold, with what was printed.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.checks.iter().filter_map(|check| Some((&*check.name, check.outcome.as_ref().err()?.as_str())))
    }
}

impl Machine {
    /// A machine that runs in a tree, with a folder of its own for this name.
    pub fn new(tree: &Tree, name: &str) -> Result<Machine, GuestError> {
        let folder = tree.inside("/tmp").join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(GuestError::file(&folder))?;
        let (sockets, patience) = (Vec::new(), Duration::from_secs(120));
        Ok(Machine { tree: tree.clone(), folder, sockets, memory: 512, patience, boots: 1 })
    }

    /// Where sockets of devices are to be.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds the device behind a socket `NAME` of the folder; devices get addresses 3.0, 4.0 and so on.
    pub fn device(&mut self, socket: &str) -> &mut Machine {
        self.sockets.push(socket.to_owned());
        self
    }

    /// How many times the guest may boot: with one, a reboot is its end.
    pub fn boots(&mut self, boots: usize) -> &mut Machine {
        self.boots = boots;
        self
    }

    /// Boots Linux with an initramfs and waits until its script is done.
    pub fn run(&self, contents: &Contents<'_>) -> Result<Report, GuestError> {
        let initramfs = self.folder.join("initramfs");
        std::fs::write(&initramfs, pack(&self.tree, contents)?).map_err(GuestError::file(&initramfs))?;
        let started = Instant::now();
        let failed =
            |error: std::io::Error| GuestError::Program { program: "qemu".into(), what: error.to_string() };
        let mut child = Running(self.command()?.spawn().map_err(failed)?);
        let mut stdin = child.0.stdin.take();
        let lines =
            console(
                child.0.stdout.take().into_iter().map(|out| Box::new(out) as Box<dyn Read + Send>).chain(
                    child.0.stderr.take().into_iter().map(|err| Box::new(err) as Box<dyn Read + Send>),
                ),
            );
        let mut report = Report::default();
        let mut ended = false;
        loop {
            let line = match lines.recv_timeout(self.patience) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let what = format!("has been silent for {} s", self.patience.as_secs());
                    return Err(GuestError::Guest { what, console: tail(&report.console) });
                }
            };
            report.console.push(line.clone());
            let Some((_, said)) = line.split_once(MARK) else { continue };
            let (what, rest) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
            match what {
                "boot" => {
                    report.boots += 1;
                    if report.boots == 1 {
                        report.boot = started.elapsed();
                    }
                    if let Some(stdin) = &mut stdin {
                        // A guest that does not listen any more will say so itself.
                        let _ = writeln!(stdin, "{}", report.boots);
                    }
                }
                "ok" => report.checks.push(Check { name: rest.to_owned(), outcome: Ok(()) }),
                "failed" => report.checks.push(Check { name: rest.to_owned(), outcome: Err(String::new()) }),
                "said" => {
                    if let Some(Check { outcome: Err(text), .. }) = report.checks.last_mut() {
                        *text += &format!("{rest}\n");
                    }
                }
                "fact" => {
                    let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                    report.facts.insert(name.to_owned(), value.trim().to_owned());
                }
                "end" => ended = true,
                _ => {}
            }
        }
        report.whole = started.elapsed();
        if !ended {
            return Err(GuestError::Guest {
                what: "ended before its script".into(),
                console: tail(&report.console),
            });
        }
        Ok(report)
    }

    fn command(&self) -> Result<Command, GuestError> {
        let kernel = self.tree.kernel()?;
        let inside = self.folder.strip_prefix(self.tree.root()).unwrap_or(&self.folder);
        let inside = format!("/{}", inside.display());
        let mut command = self.tree.command("qemu-system-x86_64");
        command.args(["-M", "q35", "-accel", "tcg", "-nographic", "-nic", "none"]);
        command.args(["-m", &self.memory.to_string(), "-numa", "node,memdev=memory", "-object"]);
        command.arg(format!("memory-backend-memfd,id=memory,size={}M,share=on", self.memory));
        command.arg("-kernel").arg(format!("/boot/vmlinuz-{kernel}"));
        command.arg("-initrd").arg(format!("{inside}/initramfs"));
        command.args(["-append", "console=ttyS0 panic=-1 quiet"]);
        if self.boots == 1 {
            command.arg("-no-reboot");
        }
        for (number, socket) in self.sockets.iter().enumerate() {
            let device = format!(
                r#"{{"driver":"vfio-user-pci","addr":"{:02x}.0","socket":{{"type":"unix","path":"{inside}/{socket}"}}}}"#,
                3 + number
            );
            command.arg("-device").arg(device);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // What remains is small, and goes with the tree.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// QEMU, which does not outlive the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lines of all the streams, until all have ended.
fn console(streams: impl Iterator<Item = Box<dyn Read + Send>>) -> Receiver<String> {
    let (sender, receiver) = channel();
    for stream in streams {
        let sender = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
    }
    receiver
}

fn tail(console: &[String]) -> String {
    console[console.len().saturating_sub(SHOWN)..].join("\n")
}
