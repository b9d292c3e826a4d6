// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The kernel behind the engine trait.
//!
//! What a test run cannot show is skipped packet by packet: frames and interfaces that it does not take, and outcomes
//! that depend on the kernel's own clock or random numbers. The interpreter stands in for it on such a packet, on the
//! kernel's maps.

use crate::engine::{Engine, EngineError, EngineKind, Subject};
use crate::interp::{contents, metadata};
use crate::maps::{Entry, Maps, is_constant};
use crate::packet::{Outcome, Packet, PacketResult};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use weir_bpf::interp::helper::{GET_PRANDOM_U32, KTIME_GET_NS};
use weir_bpf::{Interpreter, InterpreterError, MapType, Op};
use weir_kernel::{Ingress, KernelEngine, LoadError, Map, RunError};

/// A program loaded into the running kernel.
pub struct Kernel {
    engine: KernelEngine,
    /// With the maps as they are at load.
    stand_in: Result<Interpreter, InterpreterError>,
    /// Whether the program calls a helper whose result is another one in the kernel.
    asks: bool,
}

fn failed(what: impl ToString) -> EngineError {
    EngineError::Failed { engine: EngineKind::Kernel, what: what.to_string() }
}

impl Kernel {
    /// Loads the subject's program.
    pub fn new(subject: &Subject<'_>) -> Result<Kernel, EngineError> {
        let engine = match KernelEngine::new(subject.object, subject.program) {
            Ok(engine) => engine,
            Err(LoadError::Unavailable(reason)) => return Err(EngineError::Skipped(reason.to_string())),
            Err(error) => return Err(failed(error)),
        };
        let insns = &subject.program.insns;
        let asks = |slot| matches!(Op::at(insns, slot), Ok(Op::CallHelper(KTIME_GET_NS | GET_PRANDOM_U32)));
        let stand_in = Interpreter::new(subject.object, subject.program);
        Ok(Kernel { engine, stand_in, asks: (0..insns.len()).any(asks) })
    }

    fn run_one(&mut self, packet: &Packet) -> Result<PacketResult, EngineError> {
        if self.asks {
            let before = self.maps()?;
            let (stand_in, outcome) = self.stand_in(&before, packet)?;
            let of = match (outcome.asked_clock, outcome.asked_random) {
                (false, false) => None,
                (true, false) => Some("the clock"),
                (false, true) => Some("random numbers"),
                (true, true) => Some("the clock and random numbers"),
            };
            if let Some(of) = of {
                self.replace(&before, &contents(&stand_in).map_err(failed)?)?;
                return Ok(PacketResult::Skipped(format!("the outcome depends on {of}")));
            }
        }
        let ingress = Ingress { ifindex: packet.meta.ingress_ifindex, queue: packet.meta.rx_queue_index };
        match self.engine.run(&packet.data, ingress) {
            Ok(outcome) => Ok(PacketResult::Ran(Outcome::new(outcome.verdict, outcome.data))),
            Err(RunError::Skip(reason)) => {
                let before = self.maps()?;
                let (stand_in, _) = self.stand_in(&before, packet)?;
                self.replace(&before, &contents(&stand_in).map_err(failed)?)?;
                Ok(PacketResult::Skipped(reason.to_string()))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The interpreter after a packet that met the kernel's maps.
    fn stand_in(
        &self,
        maps: &Maps,
        packet: &Packet,
    ) -> Result<(Interpreter, weir_bpf::Outcome), EngineError> {
        let mut stand_in = self.stand_in.clone().map_err(failed)?;
        for (name, entry) in maps.iter().flat_map(|(name, all)| all.iter().map(move |entry| (name, entry))) {
            stand_in.update(name, &entry.key, &entry.value).map_err(failed)?;
        }
        let outcome = stand_in.run(&packet.data, &metadata(packet)).map_err(failed)?;
        Ok((stand_in, outcome))
    }

    /// Writes what has changed.
    fn replace(&mut self, before: &Maps, after: &Maps) -> Result<(), EngineError> {
        for (name, new) in after {
            let map = self.engine.map(name).ok_or_else(|| failed(format!("no map `{name}`")))?;
            let old = before.get(name).map_or(&[][..], Vec::as_slice);
            let values = |entries: &[Entry]| -> BTreeMap<Vec<u8>, Vec<u8>> {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
            };
            let (old, new) = (values(old), values(new));
            let broken = |e| failed(format!("map `{name}`: {e}"));
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                map.delete(key).map_err(broken)?;
            }
            for (key, value) in new.iter().filter(|(key, value)| old.get(*key) != Some(value)) {
                map.update(key, value).map_err(broken)?;
            }
        }
        Ok(())
    }
}

/// Whether a map's values are interfaces.
fn of_devices(map: &Map) -> bool {
    matches!(map.definition().kind(), Some(MapType::Devmap | MapType::DevmapHash))
}

impl Engine for Kernel {
    fn kind(&self) -> EngineKind {
        EngineKind::Kernel
    }

    fn set_maps(&mut self, maps: &Maps) -> Result<(), EngineError> {
        for (name, entries) in maps {
            // It is frozen, with the only value that it can have.
            if self.engine.map(name).is_some_and(|map| is_constant(map.definition())) {
                continue;
            }
            for entry in entries {
                let set = self.engine.update(name, &entry.key, &entry.value);
                set.map_err(|error| match error.kind() {
                    ErrorKind::PermissionDenied if self.engine.map(name).is_some_and(of_devices) => {
                        EngineError::Skipped(format!("map `{name}`: its interface cannot be made: {error}"))
                    }
                    _ => failed(format!("map `{name}`: {error}")),
                })?;
            }
        }
        Ok(())
    }

    fn run(&mut self, packets: &[Packet]) -> Result<Vec<PacketResult>, EngineError> {
        packets.iter().map(|packet| self.run_one(packet)).collect()
    }

    fn maps(&mut self) -> Result<Maps, EngineError> {
        let mut maps = Maps::new();
        for map in self.engine.maps() {
            let name = &map.definition().name;
            let entries = map.entries().map_err(|e| failed(format!("map `{name}`: {e}")))?;
            let entries = entries.into_iter().map(|(key, value)| Entry { key, value }).collect();
            maps.insert(name.clone(), entries);
        }
        Ok(maps)
    }
}
