// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Builds the Verilated models: rust-hdl, then Verilog, then Verilator, then the C++ compiler.
//!
//! * `VERILATOR`: the Verilator to use, otherwise the one in the `PATH`; 5.006 to 5.048 are known to work.
//! * `WEIR_VERILOG`: a folder with a `weir.v`, as `./x emit` writes it, that is simulated instead of what the sources
//!   of the RTL emit.
//!
//! Verilator's lint runs with all warnings; whatever `lint.vlt` does not waive fails the build. Where nothing that
//! goes into the models has changed, the library of the last build is kept.

#[path = "build/compile.rs"]
mod compile;
#[path = "build/verilate.rs"]
mod verilate;

use std::error::Error;
use std::path::{Path, PathBuf};
use verilate::{Model, Verilator};
use weir_hdl::emit::{emit, emit_block};
use weir_hdl::primitives::bench::PrimitiveBench;
use weir_pipeline::Target;

/// The C interface to the models.
const SHIM: &str = "src/shim.cpp";

/// Waivers of Verilator's lint.
const WAIVERS: &str = "lint.vlt";

fn main() {
    if let Err(error) = run() {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    for path in ["build.rs", "build", WAIVERS, SHIM] {
        println!("cargo::rerun-if-changed={path}");
    }
    // Not PATH: it differs from shell to shell, and a build whenever it changes costs more than it tells.
    for variable in ["VERILATOR", "WEIR_VERILOG"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let verilator = Verilator::find()?;
    let primitives = emit_block("Every primitive, for their equivalence test", PrimitiveBench::default)?;
    let models = [
        Model { name: "primitives", verilog: primitives.verilog },
        Model { name: "pipeline", verilog: pipeline()? },
    ];
    let ingredients = ingredients(&verilator, &models)?;
    let stamp = out.join("ingredients");
    if std::fs::read_to_string(&stamp).is_ok_and(|last| last == ingredients) {
        compile::link(&out);
        return Ok(());
    }
    if stamp.exists() {
        std::fs::remove_file(&stamp)?;
    }
    let waivers = Path::new(WAIVERS).canonicalize()?;
    let built = models
        .iter()
        .map(|model| verilator.verilate(model, &waivers, &out))
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    compile::compile(&verilator, &built, Path::new(SHIM), &out)?;
    compile::link(&out);
    std::fs::write(stamp, ingredients)?;
    Ok(())
}

/// Everything that goes into the library.
fn ingredients(verilator: &Verilator, models: &[Model]) -> Result<String, Box<dyn Error>> {
    let mut text = format!("{}\n{}\n", verilator.version, verilator.include.display());
    for file in ["build/compile.rs", "build/verilate.rs", WAIVERS, SHIM] {
        text.push_str(&std::fs::read_to_string(file)?);
    }
    models.iter().for_each(|model| text.push_str(&model.verilog));
    Ok(text)
}

/// Verilog of the pipeline: from `WEIR_VERILOG`, or emitted here.
fn pipeline() -> Result<String, Box<dyn Error>> {
    match std::env::var_os("WEIR_VERILOG").filter(|folder| !folder.is_empty()) {
        Some(folder) => {
            let file = Path::new(&folder).join("weir.v");
            println!("cargo::rerun-if-changed={}", file.display());
            std::fs::read_to_string(&file)
                .map_err(|e| format!("WEIR_VERILOG: {}: {e}", file.display()).into())
        }
        None => Ok(emit(&Target::named("sim")?)?.verilog),
    }
}
