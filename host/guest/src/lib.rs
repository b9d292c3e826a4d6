// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A stock Linux under QEMU, for tests of what it does with a device behind a vfio-user socket.
//!
//! [`Tree`] is a Debian system with QEMU and a kernel in it, built once and kept outside the repository; [`initramfs`]
//! packs what a guest needs from it; [`Machine`] runs QEMU in it, without KVM, and listens to the guest's console.
//!
//! ```text
//!  Tree (mmdebstrap, cached) ──> kernel, QEMU ──────> Machine ──> console ──> Report: checks, facts, times
//!                           └──> modules, programs ─> initramfs
//!                    test's script ────────────────────┘
//! ```
//!
//! Needs root (chroot) and a Debian package archive on the first run. Where it cannot run, [`GuestError::Unavailable`]
//! says why, and tests are skipped.

#![forbid(unsafe_code)]

mod archive;
pub mod initramfs;
mod machine;
mod tree;

pub use machine::{Check, Machine, Report};
pub use tree::Tree;

use std::path::PathBuf;

/// Why there is no guest.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// Not on this machine.
    #[error("{0}")]
    Unavailable(String),
    /// A file cannot be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A program cannot be run, or fails.
    #[error("{program}: {what}")]
    Program {
        /// Which.
        program: String,
        /// What happened.
        what: String,
    },
    /// The kernel of the tree has no such module.
    #[error("the kernel has no module `{0}`")]
    Module(String),
    /// The guest ended or went silent before its checks were done.
    #[error("the guest {what}; its console:\n{console}")]
    Guest {
        /// What happened.
        what: String,
        /// The end of what it wrote.
        console: String,
    },
}

impl GuestError {
    fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> GuestError {
        let path = path.into();
        |source| GuestError::File { path, source }
    }
}
