// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where the Verilog of the models comes from.

use crate::Model;
use std::error::Error;
use std::path::Path;
use weir_hdl::emit::{emit, emit_block};
use weir_hdl::primitives::bench::PrimitiveBench;
use weir_pipeline::Target;

/// What is built in where nothing is asked for.
const DEFAULT: &str = "sim";

/// The bench of the primitives and one model for each target.
pub fn models() -> Result<Vec<Model>, Box<dyn Error>> {
    let given = given()?;
    let mut models = vec![Model {
        name: "primitives".into(),
        target: None,
        verilog: emit_block("Every primitive, for their equivalence test", PrimitiveBench::default)?.verilog,
    }];
    // Emitting a target keeps one processor busy for seconds.
    let emitted: Vec<Result<Model, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = targets()?
            .into_iter()
            .map(|target| {
                let given = given.as_ref().filter(|(name, _)| *name == target.name);
                scope.spawn(move || {
                    let verilog = match given {
                        Some((_, verilog)) => verilog.clone(),
                        None => emit(&target).map_err(|e| e.to_string())?.verilog,
                    };
                    Ok(Model { name: target.name.clone(), target: Some(target.name), verilog })
                })
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("the emitter panicked".into()))
        };
        Ok::<_, Box<dyn Error>>(threads.into_iter().map(join).collect())
    })?;
    for model in emitted {
        models.push(model?);
    }
    Ok(models)
}

/// The targets to build in.
fn targets() -> Result<Vec<Target>, Box<dyn Error>> {
    let asked = std::env::var("WEIR_TARGETS").unwrap_or_default();
    let asked = if asked.trim().is_empty() { DEFAULT } else { asked.trim() };
    let names: Vec<&str> = match asked {
        "all" => Target::names().collect(),
        names => names.split(',').map(str::trim).collect(),
    };
    let targets: Result<Vec<Target>, _> = names.into_iter().map(Target::named).collect();
    Ok(targets.map_err(|e| format!("WEIR_TARGETS: {e}"))?)
}

/// Target and Verilog of the folder in `WEIR_VERILOG`.
fn given() -> Result<Option<(String, String)>, Box<dyn Error>> {
    let Some(folder) = std::env::var_os("WEIR_VERILOG").filter(|folder| !folder.is_empty()) else {
        return Ok(None);
    };
    let read = |name: &str| {
        let file = Path::new(&folder).join(name);
        println!("cargo::rerun-if-changed={}", file.display());
        std::fs::read_to_string(&file).map_err(|e| format!("WEIR_VERILOG: {}: {e}", file.display()))
    };
    let manifest = read("manifest.yaml")?;
    let target = manifest.lines().find_map(|line| line.strip_prefix("target: "));
    let target = target.ok_or("WEIR_VERILOG: the manifest names no target")?.trim().to_owned();
    Ok(Some((target, read("weir.v")?)))
}
