// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A Debian system with QEMU and a kernel, built once with mmdebstrap.
//!
//! It lies under `$XDG_CACHE_HOME/weir` (`~/.cache/weir`), named by a hash of its recipe: a new recipe is a new tree. A
//! build that does not finish leaves nothing that could be taken for a tree.

use crate::{GuestError, archive};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first Debian release whose QEMU has `vfio-user-pci`.
const SUITE: &str = "forky";

/// What is in the tree: QEMU and its firmware, a kernel, and the programs that guests use.
const PACKAGES: &[&str] = &[
    "qemu-system-x86",
    "seabios",
    "linux-image-amd64",
    "busybox-static",
    "kmod",
    "zstd",
    "iproute2",
    "bpftool",
    "ethtool",
    "pciutils",
    "iperf3",
    "iputils-ping",
];

/// Options of mmdebstrap: a frozen archive is not to be refused as out of date, and nothing that is not needed comes.
const OPTIONS: &[&str] = &[
    "--variant=apt",
    "--quiet",
    "--aptopt=Acquire::Check-Valid-Until \"false\"",
    "--aptopt=Acquire::Check-Date \"false\"",
    "--aptopt=APT::Install-Recommends \"false\"",
];

/// A built tree.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The tree of this recipe; builds it if there is none. Others who want it wait meanwhile.
    pub fn get() -> Result<Tree, GuestError> {
        let unavailable = |what: &str| Err(GuestError::Unavailable(what.to_owned()));
        if std::env::consts::ARCH != "x86_64" {
            return unavailable("the guest's QEMU is for x86-64 machines");
        }
        if !rustix::process::geteuid().is_root() {
            return unavailable("not root, so there is no chroot");
        }
        let cache = cache();
        std::fs::create_dir_all(&cache).map_err(GuestError::file(&cache))?;
        let name = format!("guest-{}", recipe_hash());
        let root = cache.join(&name);
        let lock_path = cache.join(format!("{name}.lock"));
        let lock = File::create(&lock_path).map_err(GuestError::file(&lock_path))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|e| GuestError::file(&lock_path)(e.into()))?;
        if !root.exists() {
            build(&cache, &name)?;
        }
        Ok(Tree { root })
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path as seen from inside, where it is.
    pub fn inside(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// A program of the tree, run in it.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.root).arg(program).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
        command
    }

    /// The version of its kernel.
    pub fn kernel(&self) -> Result<String, GuestError> {
        let modules = self.inside("/lib/modules");
        let entries = std::fs::read_dir(&modules).map_err(GuestError::file(&modules))?;
        let mut versions: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        versions.sort();
        versions.pop().ok_or_else(|| GuestError::Unavailable("the tree has no kernel".into()))
    }
}

fn cache() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("weir")
}

fn recipe_hash() -> String {
    let mut hash = Sha256::new();
    for word in [SUITE].iter().chain(PACKAGES).chain(OPTIONS) {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn build(cache: &Path, name: &str) -> Result<(), GuestError> {
    let archive = archive::address(Path::new("/")).ok_or_else(|| {
        GuestError::Unavailable("no Debian archive among this machine's package sources".into())
    })?;
    let partial = cache.join(format!("{name}.partial"));
    if partial.exists() {
        std::fs::remove_dir_all(&partial).map_err(GuestError::file(&partial))?;
    }
    eprintln!("building {} with mmdebstrap, once", cache.join(name).display());
    let output = Command::new("mmdebstrap")
        .args(OPTIONS)
        .arg(format!("--include={}", PACKAGES.join(",")))
        .arg(SUITE)
        .arg(&partial)
        .arg(format!("deb {archive} {SUITE} main"))
        .output()
        .map_err(|error| GuestError::Unavailable(format!("mmdebstrap does not start: {error}")))?;
    if !output.status.success() {
        let talk = String::from_utf8_lossy(&output.stderr);
        let last = talk.lines().rev().find(|line| line.starts_with('E')).unwrap_or("it says nothing of use");
        return Err(GuestError::Unavailable(format!("mmdebstrap ({}): {last}", output.status)));
    }
    let root = cache.join(name);
    std::fs::rename(&partial, &root).map_err(GuestError::file(&root))
}
