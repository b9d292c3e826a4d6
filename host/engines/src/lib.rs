// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The engines that must agree on every (program, packet, map state), behind one trait, and the rules by which they
//! are compared:
//!
//! - the verdict;
//! - the packet's bytes where it goes on (PASS, TX, REDIRECT), and the redirect target where both engines show it;
//! - map contents, sorted by key, arrays without all-zero values, CPU 0's value of maps per CPU.
//!
//! [`run_all`] is all a caller needs: it runs packets on engines and returns what each has shown, who was skipped and
//! why, and every difference. Nothing here knows where packets, objects or pipelines come from.
#![forbid(unsafe_code)]

pub mod compare;
pub mod engine;
pub mod maps;
pub mod packet;
pub mod session;

mod interp;
mod kernel;
mod model;
mod rbpf;
mod tables;

#[cfg(feature = "rtl")]
pub mod rtl;

pub use compare::Mismatch;
pub use engine::{Engine, EngineError, EngineKind, RtlFigures, Subject};
pub use maps::{Entry, MapFileError, Maps, parse_map_file, print_map_file};
pub use packet::{Meta, Outcome, Packet, PacketResult, verdict_name};
pub use session::{EngineRun, Report, open, open_recording, run_all, run_all_recording};
