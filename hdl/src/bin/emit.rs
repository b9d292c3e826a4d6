// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writes the Verilog of a target, or of a PCI Express endpoint, into a folder: `weir.v`, Verilator's waivers and a manifest.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use weir_hdl::emit::{Design, WAIVERS, emit, emit_endpoint};
use weir_hdl::top::ENDPOINTS;
use weir_pipeline::Target;

const USAGE: &str = "usage: emit [--target NAME] DIR";

fn main() -> ExitCode {
    let Some((target, folder)) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&target, &folder) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("emit: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(mut arguments: impl Iterator<Item = String>) -> Option<(String, PathBuf)> {
    let (mut target, mut folder) = ("sim".to_owned(), None);
    while let Some(argument) = arguments.next() {
        if argument == "--target" {
            target = arguments.next()?;
        } else if argument.starts_with('-') || folder.replace(PathBuf::from(argument)).is_some() {
            return None;
        }
    }
    Some((target, folder?))
}

fn run(target: &str, folder: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let design = match ENDPOINTS.iter().find(|endpoint| endpoint.name == target) {
        Some(endpoint) => emit_endpoint(*endpoint)?,
        None => emit(&Target::named(target)?)?,
    };
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("weir.v"), &design.verilog)?;
    std::fs::write(folder.join("lint.vlt"), WAIVERS)?;
    std::fs::write(folder.join("manifest.yaml"), manifest(target, &design))?;
    let (modules, bytes) = (design.modules.len(), design.verilog.len());
    Ok(format!("{}: {modules} modules, {bytes} bytes", folder.join("weir.v").display()))
}

fn manifest(target: &str, design: &Design) -> String {
    let modules: String = design.modules.iter().map(|name| format!("  - {name}\n")).collect();
    format!(
        "# SPDX-License-Identifier: Apache-2.0 OR MIT\n\
         target: {}\n\
         emitter: {} {}\n\
         build: {:#010x}\n\
         top: {}\n\
         verilog: weir.v\n\
         waivers: lint.vlt\n\
         modules:\n{modules}",
        target,
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        design.build,
        design.top,
    )
}
