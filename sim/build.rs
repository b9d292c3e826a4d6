// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Builds the Verilated models, one for each target and each PCI Express endpoint: rust-hdl, then Verilog, then Verilator, then the C++ compiler.
//!
//! * `VERILATOR`: the Verilator to use, otherwise the one in the `PATH`; 5.006 to 5.048 are known to work.
//! * `WEIR_VERILOG`: a folder as `./x emit` writes it, whose `weir.v` is simulated instead of what the sources of the
//!   RTL emit for the target that its manifest names.
//! * `WEIR_TARGETS`: names of the targets and endpoints to build in, with commas between them, or `all`. Where it is not
//!   set that is `sim` and `endpoint`, since the others take minutes; `./x` asks for all.
//!
//! Verilator's lint runs with all warnings; whatever `lint.vlt` does not waive fails the build. Each model is built
//! again only where something that goes into it has changed, and once for all profiles: its objects stand in the
//! target folder.

#[path = "build/compile.rs"]
mod compile;
#[path = "build/source.rs"]
mod source;
#[path = "build/verilate.rs"]
mod verilate;

use compile::Part;
use std::error::Error;
use std::path::{Path, PathBuf};
use verilate::{Verilated, Verilator};

/// The C interface to the models.
const SHIM: &str = "src/shim.cpp";

/// Waivers of Verilator's lint.
const WAIVERS: &str = "lint.vlt";

/// What says how a model is built; all of it goes into every model.
const RECIPE: [&str; 3] = ["build/compile.rs", "build/verilate.rs", WAIVERS];

/// What a design is, which says the ports that the shim knows of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The bench of the primitives.
    Primitives,
    /// The pipeline of a target.
    Pipeline,
    /// A PCI Express endpoint.
    Endpoint,
}

/// A design to build.
struct Model {
    /// Name, also that of its folder.
    name: String,
    /// What it is.
    kind: Kind,
    /// Its text; the top module is `top`.
    verilog: String,
}

impl Model {
    /// Name of its C++ class.
    fn class(&self) -> String {
        format!("V{}", self.name.replace('-', "_"))
    }
}

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
    for variable in ["VERILATOR", "WEIR_VERILOG", "WEIR_TARGETS"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // OUT_DIR is <target>/<profile>/build/<package>/out. Two profiles may be built at the same time.
    let shared = out.ancestors().nth(4).ok_or("OUT_DIR is not below a target folder")?.join("verilated");
    std::fs::create_dir_all(&shared)?;
    let lock = std::fs::File::create(shared.join("lock"))?;
    lock.lock()?;
    let verilator = Verilator::find()?;
    let models = source::models()?;
    let pipelines = models.iter().filter(|model| model.kind == Kind::Pipeline);
    let names: Vec<&str> = pipelines.map(|model| model.name.as_str()).collect();
    println!("cargo::rustc-env=WEIR_BUILT_TARGETS={}", names.join(","));

    let mut recipe = format!("{}\n{}\n", verilator.version, verilator.include.display());
    for file in RECIPE {
        recipe.push_str(&std::fs::read_to_string(file)?);
    }
    let waivers = Path::new(WAIVERS).canonicalize()?;
    let verilated = verilate::all(&verilator, &models, &recipe, &waivers, &shared)?;
    let header = out.join("models.h");
    std::fs::write(&header, registry(&models))?;
    let mut parts: Vec<Part> = verilated
        .iter()
        .map(|model| Part {
            folder: model.folder.join("objects"),
            ingredients: model.ingredients.clone(),
            includes: vec![model.folder.clone()],
            fast: model.fast.clone(),
            slow: model.slow.clone(),
        })
        .collect();
    parts.push(runtime(&verilator, &verilated, &recipe, &shared));
    parts.push(shim(&verilated, &recipe, &out)?);
    compile::compile(&verilator, &parts, &out)?;
    compile::link(&out);
    Ok(())
}

/// Verilator's runtime.
fn runtime(verilator: &Verilator, models: &[Verilated], recipe: &str, shared: &Path) -> Part {
    let mut files: Vec<&String> = models.iter().flat_map(|m| &m.runtime).collect();
    files.sort();
    files.dedup();
    Part {
        folder: shared.join("runtime"),
        ingredients: format!("{recipe}{files:?}"),
        includes: Vec::new(),
        fast: files.iter().map(|name| verilator.include.join(format!("{name}.cpp"))).collect(),
        slow: Vec::new(),
    }
}

/// The C interface, which knows all models.
fn shim(models: &[Verilated], recipe: &str, out: &Path) -> Result<Part, Box<dyn Error>> {
    let mut ingredients = recipe.to_owned() + &std::fs::read_to_string(SHIM)?;
    models.iter().for_each(|model| ingredients.push_str(&model.ingredients));
    let mut includes: Vec<PathBuf> = models.iter().map(|model| model.folder.clone()).collect();
    includes.push(out.to_owned());
    Ok(Part { folder: out.join("shim"), ingredients, includes, fast: vec![SHIM.into()], slow: Vec::new() })
}

/// C++ that lists the models by kind and name.
fn registry(models: &[Model]) -> String {
    let classes: String = models.iter().map(|model| format!("#include \"{}.h\"\n", model.class())).collect();
    let list = |kind: Kind| -> String {
        let models = models.iter().filter(|model| model.kind == kind);
        models.map(|model| format!(" X(\"{}\", {})", model.name, model.class())).collect()
    };
    let (pipelines, endpoints) = (list(Kind::Pipeline), list(Kind::Endpoint));
    format!("{classes}#define WEIR_MODELS(X){pipelines}\n#define WEIR_ENDPOINTS(X){endpoints}\n")
}
