// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Programs that nobody here wrote, from Debian's packages: the objects of xdp-filter (`libxdp1`), and the XDP programs
//! among the samples and selftests of the kernel's source (`linux-source-6.1`), compiled here.
//!
//! What the kernel's programs take from the kernel's own headers comes from a shim in `tests/include`, their helpers
//! from `libbpf-dev`. Nothing of all that is kept in the repository; what is unpacked lies in the folder that the
//! caller names, by the package's version.

use crate::corpus::{CPUS, CorpusError, clang_for, run_clang};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use weir_bpf::{Object, Program};

/// Levels of optimisation that programs are compiled with.
pub const LEVELS: [&str; 3] = ["O1", "O2", "Os"];

const ARCHIVE: &str = "/usr/src/linux-source-6.1.tar.xz";
const SAMPLES: &str = "samples/bpf";
const SELFTESTS: &str = "tools/testing/selftests/bpf";

/// Programs whose section does not say that they are XDP programs; their loaders do.
const XDP_BY_LOADER: [&str; 2] = ["redirect_map_", "redirect_to_"];

/// One way to compile a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Build {
    /// Instruction set version, one of [`CPUS`].
    pub cpu: &'static str,
    /// One of [`LEVELS`].
    pub level: &'static str,
}

impl Build {
    /// All ways.
    pub fn all() -> impl Iterator<Item = Build> {
        CPUS.into_iter().flat_map(|cpu| LEVELS.into_iter().map(move |level| Build { cpu, level }))
    }
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.cpu, self.level)
    }
}

fn missing(what: impl Into<String>) -> CorpusError {
    CorpusError::Missing(what.into())
}

/// The ten objects of xdp-filter with their names (`xdpfilt_alw_all` and so on), sorted.
pub fn xdp_filter() -> Result<Vec<(String, PathBuf)>, CorpusError> {
    let folder = PathBuf::from(format!("/usr/lib/{}-linux-gnu/bpf", std::env::consts::ARCH));
    let entries = std::fs::read_dir(folder).map_err(|_| missing("no xdp-filter (package libxdp1)"))?;
    let mut objects: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.strip_suffix(".o")?.to_owned();
            name.starts_with("xdpfilt_").then_some((name, path))
        })
        .collect();
    objects.sort();
    if objects.is_empty() {
        return Err(missing("no xdp-filter (package libxdp1)"));
    }
    Ok(objects)
}

/// The XDP programs of an object; those too whose loader makes them XDP programs.
pub fn xdp_programs(object: &Object) -> Vec<&Program> {
    let by_loader = |section: &str| XDP_BY_LOADER.iter().any(|start| section.starts_with(start));
    object.programs.iter().filter(|p| p.is_xdp() || by_loader(&p.section)).collect()
}

/// The part of the kernel's source that has BPF programs, unpacked.
#[derive(Debug)]
pub struct KernelSource {
    root: PathBuf,
    /// Version of the package.
    pub version: String,
}

impl KernelSource {
    /// Unpacks the package's archive below `cache`, unless that has been done.
    pub fn unpack(cache: &Path) -> Result<KernelSource, CorpusError> {
        let absent = || missing("no kernel source (package linux-source-6.1)");
        if !Path::new(ARCHIVE).exists() {
            return Err(absent());
        }
        if !Path::new("/usr/include/bpf/bpf_helpers.h").exists() {
            return Err(missing("no bpf/bpf_helpers.h (package libbpf-dev)"));
        }
        let query = ["-W", "-f", "${Version}", "linux-source-6.1"];
        let output = Command::new("dpkg-query").args(query).stdin(Stdio::null()).output();
        let version = output.map_err(|_| absent())?.stdout;
        let version = String::from_utf8(version).map_err(|_| absent())?;
        let root = cache.join(format!("linux-source-{version}"));
        if !root.exists() {
            unpack(cache, &root)?;
        }
        Ok(KernelSource { root, version })
    }

    /// Paths of all files with XDP programs, sorted.
    pub fn files(&self) -> Result<Vec<String>, CorpusError> {
        let mut files = Vec::new();
        for folder in [SAMPLES.to_owned(), format!("{SELFTESTS}/progs")] {
            let path = self.root.join(&folder);
            let entries =
                std::fs::read_dir(&path).map_err(|e| missing(format!("{}: {e}", path.display())))?;
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                let by_loader = text.contains("SEC(\"redirect_");
                if name.ends_with(".c") && (text.contains("SEC(\"xdp") || by_loader) {
                    files.push(format!("{folder}/{name}"));
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// Compiles a file.
    pub fn compile(&self, file: &str, build: Build) -> Result<Vec<u8>, CorpusError> {
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
        let mut command = clang_for(build.cpu)?;
        command.arg(format!("-{}", build.level)).arg("-Wno-everything").arg("-include");
        command.arg(shim.join("kernel_names.h")).arg("-I").arg(&shim);
        for folder in [SAMPLES, SELFTESTS] {
            command.arg("-I").arg(self.root.join(folder));
        }
        let source = self.root.join(file);
        let text = std::fs::read_to_string(&source).unwrap_or_default();
        if text.contains("\"xdp_sample.bpf.h\"") {
            command.arg(format!("-DSAMPLE=\"{}\"", source.display()));
            command.arg("-c").arg(shim.join("with_counters.c"));
        } else {
            command.arg("-c").arg(source);
        }
        run_clang(&mut command, file, build.cpu)
    }

    /// Compiles and loads, and does what the loaders of the samples do before they load: maps without a size get one
    /// entry for each CPU, of which there is one.
    pub fn object(&self, file: &str, build: Build) -> Result<Object, CorpusError> {
        let bytes = self.compile(file, build)?;
        let mut object = Object::parse(&bytes).map_err(|e| CorpusError::Load {
            program: file.into(),
            cpu: build.cpu.into(),
            message: e.to_string(),
        })?;
        for map in object.maps.iter_mut().filter(|map| map.max_entries == 0) {
            map.max_entries = 1;
        }
        Ok(object)
    }
}

/// Unpacks into a folder of its own first, so that `root` is whole or not there.
fn unpack(cache: &Path, root: &Path) -> Result<(), CorpusError> {
    let failed = |what: &str| missing(format!("the kernel source cannot be unpacked: {what}"));
    let part = cache.join(format!("unpack-{}", std::process::id()));
    std::fs::create_dir_all(&part).map_err(|e| failed(&e.to_string()))?;
    let mut tar = Command::new("tar");
    tar.arg("-xJf").arg(ARCHIVE).arg("-C").arg(&part).args(["--strip-components=1", "--wildcards"]);
    for folder in [SAMPLES, SELFTESTS] {
        for kind in ["*.c", "*.h"] {
            tar.arg(format!("*/{folder}/{kind}"));
        }
    }
    let output = tar.stdin(Stdio::null()).output().map_err(|e| failed(&e.to_string()))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    match std::fs::rename(&part, root) {
        Err(e) if !root.exists() => Err(failed(&e.to_string())),
        _ => Ok(()),
    }
}
