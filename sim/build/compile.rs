// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The C++ compiler: models, Verilator's runtime and the shim become one static library.

use crate::verilate::Verilator;
use std::error::Error;
use std::path::{Path, PathBuf};

/// Optimisation of what runs in every clock, whatever the profile of the crate.
const FAST: u32 = 2;

/// Optimisation of what does not; compiling it takes longer than it ever runs.
const SLOW: u32 = 0;

/// Files that are compiled together, and again together when one of them has changed.
pub struct Part {
    /// Where its objects go.
    pub folder: PathBuf,
    /// Everything that goes into them.
    pub ingredients: String,
    /// Folders of headers.
    pub includes: Vec<PathBuf>,
    /// What runs in every clock.
    pub fast: Vec<PathBuf>,
    /// What does not.
    pub slow: Vec<PathBuf>,
}

impl Part {
    fn stamp(&self) -> PathBuf {
        self.folder.join("ingredients")
    }

    fn list(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// The objects of the last build, if they still hold.
    fn kept(&self) -> Option<Vec<PathBuf>> {
        let last = std::fs::read_to_string(self.stamp()).ok()?;
        let objects = std::fs::read_to_string(self.list()).ok()?;
        (last == self.ingredients).then(|| objects.lines().map(PathBuf::from).collect())
    }

    /// Notes what was built.
    fn keep(&self, objects: &[PathBuf]) -> std::io::Result<()> {
        let list: Vec<String> = objects.iter().map(|object| object.display().to_string()).collect();
        std::fs::write(self.list(), list.join("\n"))?;
        std::fs::write(self.stamp(), &self.ingredients)
    }
}

/// A file to compile: its part, and how far to optimise it.
struct Job {
    part: usize,
    file: PathBuf,
    level: u32,
}

/// Compiles everything into the static library `weir_model` in `out`.
pub fn compile(verilator: &Verilator, parts: &[Part], out: &Path) -> Result<(), Box<dyn Error>> {
    let mut objects: Vec<Option<Vec<PathBuf>>> = parts.iter().map(Part::kept).collect();
    let library = out.join("libweir_model.a");
    if library.exists() && objects.iter().all(Option::is_some) {
        return Ok(());
    }
    // What an older library holds beside the objects would stay in it.
    if library.exists() {
        std::fs::remove_file(&library)?;
    }
    let mut jobs = Vec::new();
    for (part, files) in parts.iter().enumerate().filter(|(part, _)| objects[*part].is_none()) {
        if files.folder.exists() {
            std::fs::remove_dir_all(&files.folder)?;
        }
        let job = |file: &PathBuf, level| Job { part, file: file.clone(), level };
        jobs.extend(files.fast.iter().map(|file| job(file, FAST)));
        jobs.extend(files.slow.iter().map(|file| job(file, SLOW)));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let built = std::thread::scope(|scope| {
        let workers: Vec<_> = share(jobs, cores)
            .into_iter()
            .enumerate()
            .map(|(number, jobs)| scope.spawn(move || build(verilator, parts, jobs, number)))
            .collect();
        let mut built = Vec::new();
        for worker in workers {
            built.extend(worker.join().map_err(|_| "a compilation panicked".to_owned())??);
        }
        Ok::<_, String>(built)
    })?;
    for (part, files) in built {
        objects[part].get_or_insert_default().extend(files);
    }
    for (part, objects) in parts.iter().zip(&objects) {
        part.keep(objects.as_deref().unwrap_or_default())?;
    }
    base(verilator).objects(objects.into_iter().flatten().flatten()).try_compile("weir_model")?;
    Ok(())
}

/// Says to link the library in `out`.
pub fn link(out: &Path) {
    println!("cargo::rustc-link-search=native={}", out.display());
    println!("cargo::rustc-link-lib=static=weir_model");
    let apple = std::env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple");
    println!("cargo::rustc-link-lib={}", if apple { "c++" } else { "stdc++" });
    println!("cargo::rustc-link-lib=pthread");
}

/// Splits jobs into as many shares of about equal work as there are cores.
fn share(mut jobs: Vec<Job>, cores: usize) -> Vec<Vec<Job>> {
    // Optimising costs about four times as much as not.
    let work = |job: &Job| {
        let bytes = std::fs::metadata(&job.file).map_or(0, |m| m.len());
        if job.level == SLOW { bytes } else { 4 * bytes }
    };
    jobs.sort_by_key(|job| std::cmp::Reverse(work(job)));
    let mut shares: Vec<(u64, Vec<Job>)> = (0..cores).map(|_| (0, Vec::new())).collect();
    for job in jobs {
        if let Some(least) = shares.iter_mut().min_by_key(|(total, _)| *total) {
            least.0 += work(&job);
            least.1.push(job);
        }
    }
    shares.into_iter().map(|(_, jobs)| jobs).collect()
}

/// Compiles the share of one worker; tells which objects belong to which part.
fn build(
    verilator: &Verilator,
    parts: &[Part],
    jobs: Vec<Job>,
    worker: usize,
) -> Result<Vec<(usize, Vec<PathBuf>)>, String> {
    let mut objects = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        for level in [FAST, SLOW] {
            let mine = jobs.iter().filter(|job| (job.part, job.level) == (index, level));
            let files: Vec<&PathBuf> = mine.map(|job| &job.file).collect();
            if !files.is_empty() {
                let mut build = base(verilator);
                let folder = part.folder.join(format!("{worker}-{level}"));
                build.opt_level(level).out_dir(folder).includes(&part.includes).files(files);
                objects.push((index, build.try_compile_intermediates().map_err(|e| e.to_string())?));
            }
        }
    }
    Ok(objects)
}

fn base(verilator: &Verilator) -> cc::Build {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .debug(false)
        .warnings(false)
        .cargo_metadata(false)
        .define("VM_TRACE", "1")
        .define("VM_TRACE_VCD", "1")
        .define("VM_COVERAGE", "0")
        .define("VM_SC", "0")
        .include(&verilator.include)
        .include(verilator.include.join("vltstd"));
    // Verilator's runtime writes objects through pointers of other types; the rest is speed.
    for flag in ["-fno-strict-aliasing", "-fno-stack-protector", "-fcf-protection=none", "-pthread", "-w"] {
        build.flag_if_supported(flag);
    }
    build
}
