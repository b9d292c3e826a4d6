// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Compiles the C programs beside these tests.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Name of an installed LLVM tool: the plain one, or the newest with a version in its name.
pub fn tool(name: &str) -> String {
    let candidates = std::iter::once(name.to_string()).chain((14..=21).rev().map(|n| format!("{name}-{n}")));
    let works = |tool: &String| Command::new(tool).arg("--version").output().is_ok();
    candidates.into_iter().find(works).unwrap_or_else(|| panic!("{name} is not installed"))
}

/// Compiles a C program and returns the object's path. `variant` keeps outputs of several tests apart.
pub fn compile(source: &Path, variant: &str, flags: &[&str]) -> PathBuf {
    let stem = source.file_stem().expect("a file").to_string_lossy();
    let object = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{stem}.{variant}.o"));
    let output = Command::new(tool("clang"))
        .args(["-target", "bpf", "-c", "-Wall", "-Werror"])
        .args(flags)
        .arg(source)
        .arg("-o")
        .arg(&object)
        .output()
        .expect("clang runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    object
}

/// Path of a program beside these tests.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/objects").join(name)
}

/// Bytes of a compiled program beside these tests.
pub fn object(name: &str, variant: &str, flags: &[&str]) -> Vec<u8> {
    std::fs::read(compile(&source(name), variant, flags)).expect("the object was written")
}
