// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilated RTL as a library.
//!
//! `build.rs` makes C++ of the Verilog that the RTL sources emit (or of a folder named by `WEIR_VERILOG`) and links
//! it; [`PipelineSim`] loads programs into it over its registers and runs frames through its ports. The model is
//! clocked only while something is in flight.
//!
//! Unsafe code stands in `ffi` alone.

#![deny(unsafe_code)]

mod card;
mod error;
#[allow(unsafe_code, reason = "calls into the Verilated models")]
mod ffi;
mod keys;
mod load;
pub mod pcie;
mod run;

pub use error::SimError;
pub use ffi::PrimitiveModel;
pub use load::PipelineSim;
pub use run::{Disturbance, FrameOutcome, RunOptions, RunReport, RxFrame};
