// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Builds the Verilated models: rust-hdl, then Verilog, then Verilator, then the C++ compiler.
//!
//! * `VERILATOR`: the Verilator to use, otherwise the one in the `PATH`; 5.006 to 5.048 are known to work.
//! * `WEIR_VERILOG`: a folder with a `weir.v`, as `./x emit` writes it, that is simulated instead of what the sources
//!   of the RTL emit.
//!
//! Verilator's lint runs with all warnings; whatever `lint.vlt` does not waive fails the build.

#[path = "build/verilate.rs"]
mod verilate;

use std::error::Error;
use std::path::{Path, PathBuf};
use verilate::{Model, Verilator};
use weir_hdl::emit::{emit, emit_block};
use weir_hdl::primitives::bench::PrimitiveBench;
use weir_pipeline::Target;

fn main() {
    if let Err(error) = run() {
        println!("cargo::error={}", error.to_string().replace('\n', "\ncargo::error="));
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    for path in ["build.rs", "build", "lint.vlt", "src/shim.cpp"] {
        println!("cargo::rerun-if-changed={path}");
    }
    for variable in ["VERILATOR", "WEIR_VERILOG", "PATH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let verilator = Verilator::find()?;
    let primitives = emit_block("Every primitive, for their equivalence test", PrimitiveBench::default)?;
    let models = [
        Model { name: "primitives", top: "top", verilog: primitives.verilog },
        Model { name: "pipeline", top: "top", verilog: pipeline()? },
    ];
    let waivers = Path::new("lint.vlt").canonicalize()?;
    let mut built = Vec::new();
    for model in &models {
        built.push(verilator.verilate(model, &waivers, &out)?);
    }
    verilate::compile(&verilator, &built, Path::new("src/shim.cpp"))
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
