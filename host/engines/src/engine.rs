// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What an engine is.

use crate::maps::Maps;
use crate::packet::{Packet, PacketResult};
use std::fmt;
use thiserror::Error;
use weir_bpf::{Object, Program};
use weir_pipeline::{Pipeline, Target};

/// The engines there are. The first that takes part is the one others are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EngineKind {
    /// Reference interpreter of the bytecode.
    Interp,
    /// Interpreter of the bytecode that others wrote.
    Rbpf,
    /// The kernel's BPF_PROG_TEST_RUN.
    Kernel,
    /// Stage words executed in Rust.
    Model,
    /// The Verilated RTL.
    Rtl,
}

impl EngineKind {
    /// All of them.
    pub const ALL: [EngineKind; 5] =
        [EngineKind::Interp, EngineKind::Rbpf, EngineKind::Kernel, EngineKind::Model, EngineKind::Rtl];

    /// Name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Interp => "interp",
            EngineKind::Rbpf => "rbpf",
            EngineKind::Kernel => "kernel",
            EngineKind::Model => "model",
            EngineKind::Rtl => "rtl",
        }
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<EngineKind> {
        EngineKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is run: a program of an object, and its pipeline where it compiled.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The object, for its maps.
    pub object: &'a Object,
    /// The program.
    pub program: &'a Program,
    /// The card.
    pub target: &'a Target,
    /// The compiled program; without it `model` and `rtl` are skipped.
    pub pipeline: Option<&'a Pipeline>,
}

impl<'a> Subject<'a> {
    /// The pipeline, for engines that run nothing else.
    pub fn compiled(&self) -> Result<&'a Pipeline, EngineError> {
        self.pipeline.ok_or_else(|| EngineError::Skipped("the program was not compiled".into()))
    }
}

/// Most bytes of arrays, which are read out whole, on every engine.
pub const MAX_BYTES: u64 = 256 << 20;
/// Most entries of arrays.
pub const MAX_ENTRIES: u64 = 4 << 20;

/// Why an engine does not take part, or failed.
#[derive(Debug, Error)]
pub enum EngineError {
    /// It cannot take part here; nothing is wrong with the program.
    #[error("skipped: {0}")]
    Skipped(String),
    /// Its maps are larger than what is read out and compared.
    #[error(
        "the arrays have {bytes} bytes in {entries} entries; at most {MAX_BYTES} in {MAX_ENTRIES} are compared"
    )]
    MapsTooLarge {
        /// Keys and values of all arrays.
        bytes: u64,
        /// Entries of all arrays.
        entries: u64,
    },
    /// It could not load the program or broke down while running it.
    #[error("{engine}: {what}")]
    Failed {
        /// Which engine.
        engine: EngineKind,
        /// What went wrong.
        what: String,
    },
}

/// What a run on the RTL has measured.
#[derive(Clone, Debug, PartialEq, Default, serde::Serialize)]
pub struct RtlFigures {
    /// Clocks from the first admission to the last verdict.
    pub cycles: u64,
    /// Clocks from one admission to the next, on average.
    pub cycles_per_packet: f64,
    /// Admission gap of the program in clocks.
    pub admission_gap: u32,
    /// Deep loads done.
    pub deep_loads: u64,
    /// Least clocks from admission to verdict.
    pub latency_min: u64,
    /// Most clocks from admission to verdict.
    pub latency_max: u64,
    /// Simulated clocks per millisecond of the run.
    #[serde(skip)]
    pub simulated_khz: f64,
}

/// A program loaded into an engine, with its maps. Map contents live on from packet to packet and from run to run.
pub trait Engine {
    /// Which engine this is.
    fn kind(&self) -> EngineKind;

    /// Sets entries; entries that `maps` does not name keep their values.
    fn set_maps(&mut self, maps: &Maps) -> Result<(), EngineError>;

    /// Runs packets in order; one result for each. A packet that the engine skips leaves the maps as it would have left
    /// them, so that later packets meet the state they would have met.
    fn run(&mut self, packets: &[Packet]) -> Result<Vec<PacketResult>, EngineError>;

    /// Contents of all maps; [`crate::maps::normalise`] makes them comparable.
    fn maps(&mut self) -> Result<Maps, EngineError>;

    /// What the last run has measured, if this engine has clocks.
    fn rtl_figures(&self) -> Option<RtlFigures> {
        None
    }
}
