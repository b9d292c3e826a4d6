// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model behind the engine trait.

use crate::engine::{Engine, EngineError, EngineKind, Subject};
use crate::maps::Maps;
use crate::packet::{Outcome, Packet, PacketResult};
use crate::tables::{TableAccess, Tables};
use weir_pipeline::keys::Key;
use weir_pipeline::model::Model;

/// A pipeline loaded into the model.
pub struct ModelEngine {
    model: Model,
    tables: Tables,
}

impl TableAccess for Model {
    type Error = std::convert::Infallible;

    fn read(&mut self, map: usize, index: u32) -> Result<Vec<u8>, Self::Error> {
        Ok(self.value(map, index))
    }

    fn write(&mut self, map: usize, index: u32, value: &[u8]) -> Result<(), Self::Error> {
        self.set_value(map, index, value);
        Ok(())
    }

    fn insert(&mut self, map: usize, key: Key) -> Result<Option<u32>, String> {
        Ok(Model::insert(self, map, key))
    }

    fn keys(&mut self, map: usize) -> Result<Vec<(Key, u32)>, String> {
        Ok(Model::keys(self, map))
    }
}

fn failed(what: impl ToString) -> EngineError {
    EngineError::Failed { engine: EngineKind::Model, what: what.to_string() }
}

impl ModelEngine {
    /// Loads the subject's pipeline.
    pub fn new(subject: &Subject<'_>) -> Result<ModelEngine, EngineError> {
        let pipeline = subject.compiled()?;
        let mut model = Model::new(subject.target, pipeline).map_err(failed)?;
        let tables = Tables::new(subject.object, pipeline, &mut model).map_err(failed)?;
        Ok(ModelEngine { model, tables })
    }
}

impl Engine for ModelEngine {
    fn kind(&self) -> EngineKind {
        EngineKind::Model
    }

    fn set_maps(&mut self, maps: &Maps) -> Result<(), EngineError> {
        self.tables.set(maps, &mut self.model).map_err(failed)
    }

    fn run(&mut self, packets: &[Packet]) -> Result<Vec<PacketResult>, EngineError> {
        let run = |packet: &Packet| {
            let outcome = self.model.run(&packet.data, packet.meta);
            PacketResult::Ran(Outcome::new(outcome.verdict, outcome.data).with_redirect(outcome.redirect))
        };
        Ok(packets.iter().map(run).collect())
    }

    fn maps(&mut self) -> Result<Maps, EngineError> {
        self.tables.get(&mut self.model).map_err(failed)
    }
}
