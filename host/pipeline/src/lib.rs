// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The contract between compiler, model, RTL and tools, as plain data.
//!
//! - [`target`]: what a card's pipeline consists of (stages, units, widths), read from YAML.
//! - [`words`]: the words that tell the units of one stage what to do in one pass, and their bit layout.
//! - [`pipeline`]: a compiled program: words for every (pass, stage), its maps, its admission gap.
//! - [`text`]: the text form of a pipeline; `parse(print(p)) == p`.
//! - [`model`]: the words executed in Rust, one packet after another.
//!
//! Nothing here does I/O, knows eBPF, or knows the RTL.
#![forbid(unsafe_code)]

pub mod keys;
pub mod model;
pub mod pipeline;
pub mod random;
pub mod target;
pub mod text;
pub mod words;

pub use pipeline::{InvalidPipeline, MapKind, Pipeline, Slot, Table};
pub use target::{LateUnit, Target, TargetError};
