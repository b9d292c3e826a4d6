// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilated RTL behind the engine trait.

use crate::engine::{Engine, EngineError, EngineKind, RtlFigures, Subject};
use crate::maps::Maps;
use crate::packet::{Outcome, Packet, PacketResult};
use crate::tables::{TableAccess, Tables};
use std::path::Path;
use weir_pipeline::keys::Key;
use weir_pipeline::model::REDIRECT;
use weir_sim::{PipelineSim, RxFrame, SimError};

pub use weir_sim::{Disturbance, RunOptions};

/// The program slot that is used.
const SLOT: u8 = 0;

/// A pipeline loaded into the simulated card.
pub struct Rtl {
    sim: PipelineSim,
    tables: Tables,
    options: RunOptions,
    gap: u32,
    figures: Option<RtlFigures>,
}

impl TableAccess for PipelineSim {
    type Error = SimError;

    fn read(&mut self, map: usize, index: u32) -> Result<Vec<u8>, SimError> {
        self.read_value(SLOT, map, index)
    }

    fn write(&mut self, map: usize, index: u32, value: &[u8]) -> Result<(), SimError> {
        self.write_value(SLOT, map, index, value)
    }

    fn insert(&mut self, map: usize, key: Key) -> Result<Option<u32>, String> {
        PipelineSim::insert(self, SLOT, map, key).map_err(|e| e.to_string())
    }

    fn keys(&mut self, map: usize) -> Result<Vec<(Key, u32)>, String> {
        PipelineSim::keys(self, SLOT, map).map_err(|e| e.to_string())
    }
}

fn failed(what: impl ToString) -> EngineError {
    EngineError::Failed { engine: EngineKind::Rtl, what: what.to_string() }
}

impl Rtl {
    /// Loads the subject's pipeline; `waves` names a VCD file to record everything in.
    pub fn new(subject: &Subject<'_>, waves: Option<&Path>) -> Result<Rtl, EngineError> {
        let pipeline = subject.compiled()?;
        let name = &subject.target.name;
        let mut sim = PipelineSim::new(name, waves).map_err(|error| match error {
            SimError::NotBuilt { .. } => EngineError::Skipped(error.to_string()),
            error => failed(error),
        })?;
        if sim.target() != subject.target {
            let what = "the simulated card of that name has other sizes";
            return Err(EngineError::Skipped(format!("target `{name}`: {what}")));
        }
        sim.load(SLOT, pipeline).map_err(failed)?;
        let tables = Tables::new(subject.object, pipeline, &mut sim).map_err(failed)?;
        Ok(Rtl { sim, tables, options: RunOptions::default(), gap: pipeline.gap, figures: None })
    }

    /// How packets are sent from now on: by default back to back and without disturbance.
    pub fn set_options(&mut self, options: RunOptions) {
        self.options = options;
    }
}

impl Engine for Rtl {
    fn kind(&self) -> EngineKind {
        EngineKind::Rtl
    }

    fn set_maps(&mut self, maps: &Maps) -> Result<(), EngineError> {
        self.tables.set(maps, &mut self.sim).map_err(failed)
    }

    fn run(&mut self, packets: &[Packet]) -> Result<Vec<PacketResult>, EngineError> {
        let frame = |packet: &Packet| RxFrame { data: packet.data.clone(), slot: SLOT, meta: packet.meta };
        let frames: Vec<RxFrame> = packets.iter().map(frame).collect();
        let before = self.sim.deep_loads().map_err(failed)?;
        let report = self.sim.run(&frames, self.options).map_err(failed)?;
        let deep_loads = self.sim.deep_loads().map_err(failed)? - before;
        self.figures = Some(RtlFigures {
            cycles: report.cycles,
            cycles_per_packet: report.cycles_per_packet,
            admission_gap: self.gap,
            deep_loads,
            latency_min: report.latency_min.into(),
            latency_max: report.latency_max.into(),
            simulated_khz: report.simulated_khz,
        });
        let result = |frame: weir_sim::FrameOutcome| match frame.dropped_at_ingress {
            true => PacketResult::NotAdmitted,
            false => PacketResult::Ran(Outcome {
                verdict: frame.verdict,
                data: frame.data,
                redirect: (frame.verdict == REDIRECT).then_some(frame.redirect),
            }),
        };
        Ok(report.frames.into_iter().map(result).collect())
    }

    fn maps(&mut self) -> Result<Maps, EngineError> {
        self.tables.get(&mut self.sim).map_err(failed)
    }

    fn rtl_figures(&self) -> Option<RtlFigures> {
        self.figures.clone()
    }
}
