// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where the Verilog of the models comes from.

use crate::{Kind, Model};
use std::error::Error;
use std::path::Path;
use weir_hdl::emit::{emit, emit_block, emit_endpoint};
use weir_hdl::primitives::bench::PrimitiveBench;
use weir_hdl::top::{ENDPOINTS, Endpoint};
use weir_pipeline::Target;

/// What is built in where nothing is asked for.
const DEFAULT: &str = "sim,endpoint";

/// Something to build that has a name in `WEIR_TARGETS`.
enum Wanted {
    /// The pipeline of a target.
    Pipeline(Box<Target>),
    /// A PCI Express endpoint.
    Endpoint(Endpoint),
}

/// The bench of the primitives and one model for each target and endpoint.
pub fn models() -> Result<Vec<Model>, Box<dyn Error>> {
    let given = given()?;
    let mut models = vec![Model {
        name: "primitives".into(),
        kind: Kind::Primitives,
        verilog: emit_block("Every primitive, for their equivalence test", PrimitiveBench::default)?.verilog,
    }];
    // Emitting a target keeps one processor busy for seconds.
    let emitted: Vec<Result<Model, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = wanted()?
            .into_iter()
            .map(|wanted| {
                let given = given.as_ref();
                scope.spawn(move || model(wanted, given).map_err(|e| e.to_string()))
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

/// Emits a model, unless its Verilog was given.
fn model(wanted: Wanted, given: Option<&(String, String)>) -> Result<Model, Box<dyn Error>> {
    let (name, kind) = match &wanted {
        Wanted::Pipeline(target) => (target.name.clone(), Kind::Pipeline),
        Wanted::Endpoint(endpoint) => (endpoint.name.to_owned(), Kind::Endpoint),
    };
    let verilog = match (given, wanted) {
        (Some((given, verilog)), _) if *given == name => verilog.clone(),
        (_, Wanted::Pipeline(target)) => emit(&target)?.verilog,
        (_, Wanted::Endpoint(endpoint)) => emit_endpoint(endpoint)?.verilog,
    };
    Ok(Model { name, kind, verilog })
}

/// What to build in.
fn wanted() -> Result<Vec<Wanted>, Box<dyn Error>> {
    let asked = std::env::var("WEIR_TARGETS").unwrap_or_default();
    let asked = if asked.trim().is_empty() { DEFAULT } else { asked.trim() };
    let names: Vec<&str> = match asked {
        "all" => Target::names().chain(ENDPOINTS.iter().map(|endpoint| endpoint.name)).collect(),
        names => names.split(',').map(str::trim).collect(),
    };
    let find = |name: &str| match ENDPOINTS.iter().find(|endpoint| endpoint.name == name) {
        Some(endpoint) => Ok(Wanted::Endpoint(*endpoint)),
        None => Target::named(name).map(|target| Wanted::Pipeline(Box::new(target))),
    };
    let wanted: Result<Vec<Wanted>, _> = names.into_iter().map(find).collect();
    Ok(wanted.map_err(|e| format!("WEIR_TARGETS: {e}"))?)
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
