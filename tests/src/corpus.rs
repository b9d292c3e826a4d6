// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The programs in `tests/programs`, compiled by clang as users compile theirs. Nothing compiled is kept.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use thiserror::Error;
use weir_bpf::Object;

/// Instruction set versions that programs are compiled for.
pub const CPUS: [&str; 3] = ["v1", "v2", "v3"];

/// Why there is no object.
#[derive(Debug, Error)]
pub enum CorpusError {
    /// Something that is needed is not installed.
    #[error("{0}")]
    Missing(String),
    /// clang does not take the program.
    #[error("clang on {program} for {cpu}: {message}")]
    Clang {
        /// Name of the program.
        program: String,
        /// Instruction set version.
        cpu: String,
        /// What clang says.
        message: String,
    },
    /// The loader does not take what clang made.
    #[error("{program} for {cpu}: {message}")]
    Load {
        /// Name of the program.
        program: String,
        /// Instruction set version.
        cpu: String,
        /// What the loader says.
        message: String,
    },
}

/// Folder of the programs.
pub fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
}

/// A clang that compiles for BPF: `WEIR_CLANG`, `clang`, or a Debian-style `clang-N`.
pub fn clang() -> Result<&'static str, CorpusError> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let versions = (14..=21).rev().map(|n| format!("clang-{n}"));
        let names = std::env::var("WEIR_CLANG").into_iter().chain(["clang".to_owned()]).chain(versions);
        names.into_iter().find(|name| compiles_for_bpf(name))
    });
    let missing = || CorpusError::Missing("no clang with the BPF target (package clang)".into());
    found.as_deref().ok_or_else(missing)
}

fn compiles_for_bpf(name: &str) -> bool {
    let output = Command::new(name).arg("--print-targets").stdin(Stdio::null()).output();
    output.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).lines().any(|l| l.trim().starts_with("bpfel ")))
}

/// Where Debian keeps `asm/types.h`; elsewhere it is on the default path.
fn multiarch_include() -> Result<Option<PathBuf>, CorpusError> {
    if !Path::new("/usr/include/linux/bpf.h").exists() {
        return Err(CorpusError::Missing("no linux/bpf.h (package linux-libc-dev)".into()));
    }
    let folder = PathBuf::from(format!("/usr/include/{}-linux-gnu", std::env::consts::ARCH));
    Ok(folder.exists().then_some(folder))
}

/// clang for BPF at an instruction set version, with the kernel's user headers.
pub fn clang_for(cpu: &str) -> Result<Command, CorpusError> {
    let mut command = Command::new(clang()?);
    command.args(["-target", "bpf", "-g"]).arg(format!("-mcpu={cpu}")).stdin(Stdio::null());
    if let Some(include) = multiarch_include()? {
        command.arg("-I").arg(include);
    }
    Ok(command)
}

/// Runs clang; what it writes to its standard output is the object file.
pub fn run_clang(command: &mut Command, program: &str, cpu: &str) -> Result<Vec<u8>, CorpusError> {
    let output = command.args(["-o", "-"]).output();
    let output = output.map_err(|e| CorpusError::Missing(format!("clang does not start: {e}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(CorpusError::Clang { program: program.into(), cpu: cpu.into(), message })
}

/// Compiles `tests/programs/<name>.bpf.c` for an instruction set version and returns the object file.
pub fn compile(name: &str, cpu: &str) -> Result<Vec<u8>, CorpusError> {
    let folder = programs();
    let mut command = clang_for(cpu)?;
    command.args(["-O2", "-Wall", "-Wextra", "-Werror", "-I"]).arg(folder.join("include"));
    command.arg("-c").arg(folder.join(format!("{name}.bpf.c")));
    run_clang(&mut command, name, cpu)
}

/// Compiles and loads.
pub fn object(name: &str, cpu: &str) -> Result<Object, CorpusError> {
    let bytes = compile(name, cpu)?;
    Object::parse(&bytes).map_err(|e| {
        let message = e.to_string();
        CorpusError::Load { program: name.into(), cpu: cpu.into(), message }
    })
}
