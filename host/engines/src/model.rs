// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model behind the engine trait.

use crate::engine::{Engine, EngineError, EngineKind, Subject};
use crate::maps::Maps;
use crate::packet::{Outcome, Packet, PacketResult};
use crate::tables::{TableAccess, Tables};

/// A pipeline loaded into the model.
pub struct Model {
    model: weir_pipeline::model::Model,
    tables: Tables,
}

impl TableAccess for weir_pipeline::model::Model {
    type Error = std::convert::Infallible;

    fn read(&mut self, map: usize, index: u32) -> Result<Vec<u8>, Self::Error> {
        Ok(self.value(map, index).to_vec())
    }

    fn write(&mut self, map: usize, index: u32, value: &[u8]) -> Result<(), Self::Error> {
        self.set_value(map, index, value);
        Ok(())
    }
}

fn failed(what: impl ToString) -> EngineError {
    EngineError::Failed { engine: EngineKind::Model, what: what.to_string() }
}

impl Model {
    /// Loads the subject's pipeline.
    pub fn new(subject: &Subject<'_>) -> Result<Model, EngineError> {
        let pipeline = subject.compiled()?;
        let mut model = weir_pipeline::model::Model::new(subject.target, pipeline).map_err(failed)?;
        let tables = Tables::new(subject.object, pipeline, &mut model).map_err(failed)?;
        Ok(Model { model, tables })
    }
}

impl Engine for Model {
    fn kind(&self) -> EngineKind {
        EngineKind::Model
    }

    fn set_maps(&mut self, maps: &Maps) -> Result<(), EngineError> {
        self.tables.set(maps, &mut self.model).map_err(failed)
    }

    fn run(&mut self, packets: &[Packet]) -> Result<Vec<PacketResult>, EngineError> {
        let run = |packet: &Packet| {
            let outcome = self.model.run(&packet.data, packet.meta);
            PacketResult::Ran(Outcome::new(outcome.verdict, outcome.data))
        };
        Ok(packets.iter().map(run).collect())
    }

    fn maps(&mut self) -> Result<Maps, EngineError> {
        self.tables.get(&mut self.model).map_err(failed)
    }
}
