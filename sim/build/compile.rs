// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The C++ compiler: models, Verilator's runtime and the shim become one static library.

use crate::verilate::{Verilated, Verilator};
use std::error::Error;
use std::path::{Path, PathBuf};

/// Optimisation of what runs in every clock, whatever the profile of the crate.
const FAST: u32 = 2;

/// Optimisation of what does not; compiling it takes longer than it ever runs.
const SLOW: u32 = 0;

/// A file to compile, and how far to optimise it.
type Job = (PathBuf, u32);

/// Compiles everything into the static library `weir_model` in `out`.
pub fn compile(
    verilator: &Verilator,
    models: &[Verilated],
    shim: &Path,
    out: &Path,
) -> Result<(), Box<dyn Error>> {
    let mut runtime: Vec<&String> = models.iter().flat_map(|m| &m.runtime).collect();
    runtime.sort();
    runtime.dedup();
    let mut jobs: Vec<Job> = vec![(shim.to_owned(), FAST)];
    jobs.extend(runtime.iter().map(|name| (verilator.include.join(format!("{name}.cpp")), FAST)));
    for model in models {
        jobs.extend(model.fast.iter().map(|file| (file.clone(), FAST)));
        jobs.extend(model.slow.iter().map(|file| (file.clone(), SLOW)));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let objects = std::thread::scope(|scope| {
        let shares = share(jobs, cores);
        let workers: Vec<_> = shares
            .into_iter()
            .enumerate()
            .map(|(number, jobs)| {
                let folder = out.join(format!("objects{number}"));
                scope.spawn(move || objects(verilator, models, jobs, &folder))
            })
            .collect();
        let mut objects = Vec::new();
        for worker in workers {
            objects.extend(worker.join().map_err(|_| "a compilation panicked".to_owned())??);
        }
        Ok::<_, String>(objects)
    })?;
    let mut library = base(verilator, models);
    library.objects(objects).try_compile("weir_model")?;
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
    let work = |(file, level): &Job| {
        let bytes = std::fs::metadata(file).map_or(0, |m| m.len());
        if *level == SLOW { bytes } else { 4 * bytes }
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

fn objects(
    verilator: &Verilator,
    models: &[Verilated],
    jobs: Vec<Job>,
    folder: &Path,
) -> Result<Vec<PathBuf>, String> {
    let mut objects = Vec::new();
    for level in [FAST, SLOW] {
        let files: Vec<&PathBuf> = jobs.iter().filter(|(_, l)| *l == level).map(|(file, _)| file).collect();
        if !files.is_empty() {
            let mut build = base(verilator, models);
            build.opt_level(level).out_dir(folder.join(level.to_string())).files(files);
            objects.extend(build.try_compile_intermediates().map_err(|e| e.to_string())?);
        }
    }
    Ok(objects)
}

fn base(verilator: &Verilator, models: &[Verilated]) -> cc::Build {
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
        .include(verilator.include.join("vltstd"))
        .includes(models.iter().map(|m| &m.folder));
    // Verilator's runtime writes objects through pointers of other types; the rest is speed.
    for flag in ["-fno-strict-aliasing", "-fno-stack-protector", "-fcf-protection=none", "-pthread", "-w"] {
        build.flag_if_supported(flag);
    }
    build
}
