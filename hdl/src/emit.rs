// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From blocks to Verilog: generation, gates, deduplication.
//!
//! rust-hdl accepts a few constructs that mean one thing in Rust and another in Verilog; the gates here refuse them, so
//! that what is emitted is what was written:
//! * [`kernel`] walks the kernels: casts of expressions, indices within indices, slices of expressions;
//! * [`width`] compares the width at which Rust and Verilog evaluate every expression, and their operator precedence;
//! * [`latch`] reads the emitted text: a signal that a kernel assigns on some paths only.
//!
//! Then modules with equal text become one ([`dedupe`]): rust-hdl makes a module of every instance; and kernels are
//! split into independent blocks ([`split`]), so that what is no loop looks like none. Module and signal
//! names are those of the first instance in alphabetical order and so are stable; the same target always gives the
//! same bytes.

mod dedupe;
mod kernel;
mod latch;
mod split;
mod verilog;
mod width;

use crate::management::NO_BUILD;
use crate::top::{Endpoint, TopError, Visitor, with_endpoint, with_top};
use rust_hdl::core::check_error::CheckError;
use rust_hdl::prelude::*;
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use weir_pipeline::Target;

/// Stack of the thread that generates: `Bits` is wide by value, and blocks are built by value.
const STACK_BYTES: usize = 1 << 30;

/// Verilator's waivers that go with the emitted Verilog.
pub const WAIVERS: &str = include_str!("../../sim/lint.vlt");

/// An emitted design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// Name of the top module.
    pub top: String,
    /// Verilog 2001 text of all modules.
    pub verilog: String,
    /// Names of the modules, in the order of the text.
    pub modules: Vec<String>,
    /// What the register `identity.build` shows; 0 for a block that is no pipeline.
    pub build: u32,
}

impl Design {
    /// Puts the build into a pipeline: the first four bytes of the SHA-256 of the text that has the placeholder, so that
    /// equal designs have equal builds.
    fn stamp(mut self) -> Result<Design, EmitError> {
        let placeholder = format!("{NO_BUILD:x}");
        let found = self.verilog.matches(&placeholder).count();
        if found != 1 {
            return Err(EmitError::Text(format!("the place of the build stands there {found} times")));
        }
        let digest = Sha256::digest(self.verilog.as_bytes());
        self.build = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        self.verilog = self.verilog.replace(&placeholder, &format!("{:08x}", self.build));
        Ok(self)
    }
}

/// A construct that a gate refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which gate.
    pub gate: Gate,
    /// Path of the instance, or name of the module.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

/// The gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// A cast of an expression: Rust truncates the operand first, Verilog does not.
    Cast,
    /// An index within an indexed path: the generator emits garbage.
    NestedIndex,
    /// A slice of something that is no signal: not Verilog.
    SliceOfExpression,
    /// Rust and Verilog evaluate an operator at different widths, and the difference shows.
    Width,
    /// Rust and Verilog group operators differently.
    Precedence,
    /// A signal that keeps its value on some path through a kernel.
    Latch,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {}: {}", self.gate, self.place, self.what)
    }
}

/// Why a design was not emitted.
#[derive(Debug, Error)]
pub enum EmitError {
    /// rust-hdl's own checks: unconnected signals, loops, written inputs.
    #[error("rust-hdl refuses the design: {0}")]
    Check(String),
    /// A gate refuses it.
    #[error("the design would not mean in Verilog what it means in Rust:\n{}",
        .0.iter().map(|v| format!("  {v}")).collect::<Vec<_>>().join("\n"))]
    Gates(Vec<Violation>),
    /// The generated text is not of the form that the emitter reads.
    #[error("generated Verilog: {0}")]
    Text(String),
    /// There is no RTL for this target.
    #[error(transparent)]
    Top(#[from] TopError),
    /// There is no endpoint with a bus of so many bytes.
    #[error("no endpoint is built in with a bus of {0} bytes")]
    Width(usize),
    /// The thread that generates could not be started, or panicked.
    #[error("generation failed: {0}")]
    Thread(String),
}

/// Emits the design of `target`.
pub fn emit(target: &Target) -> Result<Design, EmitError> {
    with_top(target, Emit(format!("Pipeline of target `{}`", target.name)))??.stamp()
}

/// Emits the design of a PCI Express endpoint.
pub fn emit_endpoint(endpoint: Endpoint) -> Result<Design, EmitError> {
    let emitted = with_endpoint(endpoint, Emit(format!("PCI Express endpoint `{}`", endpoint.name)));
    emitted.unwrap_or(Err(EmitError::Width(endpoint.bus_bytes)))
}

/// Emits what it visits, under this title.
struct Emit(String);

impl Visitor for Emit {
    type Output = Result<Design, EmitError>;
    fn visit<B: Block + 'static>(self, build: impl FnOnce() -> B + Send + 'static) -> Self::Output {
        emit_block(&self.0, build)
    }
}

/// Emits the block that `build` makes as module `top`; `title` says in the first line what it is.
///
/// Building, checks and generation run in a thread with a large stack.
pub fn emit_block<B: Block>(
    title: &str,
    build: impl FnOnce() -> B + Send + 'static,
) -> Result<Design, EmitError> {
    let text = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || generate(build()))
        .map_err(|e| EmitError::Thread(e.to_string()))?
        .join()
        .map_err(|panic| EmitError::Thread(panic_message(&*panic)))??;
    let modules = dedupe::deduplicate(&text)?;
    let latches: Vec<Violation> = modules.iter().flat_map(latch::check).collect();
    if !latches.is_empty() {
        return Err(EmitError::Gates(latches));
    }
    let mut verilog = format!(
        "// SPDX-License-Identifier: Apache-2.0 OR MIT\n\
         // {title}.\n\
         // Emitted by {} {} from the rust-hdl sources in hdl/src; do not edit.\n",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    );
    for module in &modules {
        verilog.push('\n');
        verilog.push_str(&split::split(module).text);
    }
    Ok(Design {
        top: "top".into(),
        verilog,
        modules: modules.into_iter().map(|m| m.name).collect(),
        build: 0,
    })
}

fn generate<B: Block>(mut block: B) -> Result<String, EmitError> {
    block.connect_all();
    check_all(&block).map_err(|e| EmitError::Check(check_message(&e)))?;
    let mut violations = kernel::check(&block);
    violations.extend(width::check(&block));
    if violations.is_empty() {
        Ok(generate_verilog_unchecked(&block))
    } else {
        Err(EmitError::Gates(violations))
    }
}

fn check_message(error: &CheckError) -> String {
    let (what, mut names): (_, Vec<String>) = match error {
        CheckError::OpenSignal(open) => {
            ("not connected", open.values().map(|n| format!("{}${}", n.path, n.name)).collect())
        }
        CheckError::LogicLoops(names) => {
            ("in a loop", names.iter().map(|n| format!("{}${}", n.path, n.name)).collect())
        }
        CheckError::WritesToInputs(names) => {
            ("inputs that are written", names.iter().map(|n| format!("{}${}", n.path, n.name)).collect())
        }
    };
    names.sort();
    format!("{what}: {}", names.join(", "))
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panic").to_owned()
}

#[cfg(test)]
mod tests;
