// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The kernel behind the engine trait.

use crate::engine::{Engine, EngineError, EngineKind, Subject};
use crate::maps::{Entry, Maps};
use crate::packet::{Outcome, Packet, PacketResult};
use weir_kernel::{Ingress, KernelEngine, LoadError, RunError};

/// A program loaded into the running kernel.
pub struct Kernel(KernelEngine);

fn failed(what: impl ToString) -> EngineError {
    EngineError::Failed { engine: EngineKind::Kernel, what: what.to_string() }
}

impl Kernel {
    /// Loads the subject's program.
    pub fn new(subject: &Subject<'_>) -> Result<Kernel, EngineError> {
        match KernelEngine::new(subject.object, subject.program) {
            Ok(engine) => Ok(Kernel(engine)),
            Err(LoadError::Unavailable(reason)) => Err(EngineError::Skipped(reason.to_string())),
            Err(error) => Err(failed(error)),
        }
    }
}

impl Engine for Kernel {
    fn kind(&self) -> EngineKind {
        EngineKind::Kernel
    }

    fn set_maps(&mut self, maps: &Maps) -> Result<(), EngineError> {
        for (name, entries) in maps {
            let map = self.0.map(name).ok_or_else(|| failed(format!("no map `{name}`")))?;
            for entry in entries {
                map.update(&entry.key, &entry.value).map_err(|e| failed(format!("map `{name}`: {e}")))?;
            }
        }
        Ok(())
    }

    fn run(&mut self, packets: &[Packet]) -> Result<Vec<PacketResult>, EngineError> {
        let mut results = Vec::with_capacity(packets.len());
        for packet in packets {
            let ingress = Ingress { ifindex: packet.meta.ingress_ifindex, queue: packet.meta.rx_queue_index };
            results.push(match self.0.run(&packet.data, ingress) {
                Ok(outcome) => PacketResult::Ran(Outcome::new(outcome.verdict, outcome.data)),
                Err(RunError::Skip(reason)) => PacketResult::Skipped(reason.to_string()),
                Err(error) => return Err(failed(error)),
            });
        }
        Ok(results)
    }

    fn maps(&mut self) -> Result<Maps, EngineError> {
        let mut maps = Maps::new();
        for map in self.0.maps() {
            let name = &map.definition().name;
            let entries = map.entries().map_err(|e| failed(format!("map `{name}`: {e}")))?;
            let entries = entries.into_iter().map(|(key, value)| Entry { key, value }).collect();
            maps.insert(name.clone(), entries);
        }
        Ok(maps)
    }
}
