// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The reference interpreter behind the engine trait.

use crate::engine::{Engine, EngineError, EngineKind, Subject};
use crate::maps::{Entry, Maps};
use crate::packet::{Meta, NOWHERE, Outcome, Packet, PacketResult};
use weir_bpf::interp::map::MapError;
use weir_bpf::{Interpreter, Metadata};

/// A program loaded into the interpreter.
pub struct Interp(Interpreter);

fn failed(what: impl ToString) -> EngineError {
    EngineError::Failed { engine: EngineKind::Interp, what: what.to_string() }
}

impl Interp {
    /// Loads the subject's program.
    pub fn new(subject: &Subject<'_>) -> Result<Interp, EngineError> {
        Interpreter::new(subject.object, subject.program).map(Interp).map_err(failed)
    }
}

/// What the interpreter is told about a packet.
pub fn metadata(packet: &Packet) -> Metadata {
    let Meta { ingress_ifindex, rx_queue_index, timestamp, random } = packet.meta;
    Metadata { ingress_ifindex, rx_queue_index, timestamp, random, ..Metadata::default() }
}

/// Contents of all maps.
pub fn contents(interpreter: &Interpreter) -> Result<Maps, MapError> {
    let entries = |name: &str| {
        let entries = interpreter.entries(name)?.into_iter();
        Ok((name.to_owned(), entries.map(|(key, value)| Entry { key, value }).collect()))
    };
    interpreter.map_names().map(entries).collect()
}

impl Engine for Interp {
    fn kind(&self) -> EngineKind {
        EngineKind::Interp
    }

    fn set_maps(&mut self, maps: &Maps) -> Result<(), EngineError> {
        for (name, entries) in maps {
            for entry in entries {
                self.0.update(name, &entry.key, &entry.value).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn run(&mut self, packets: &[Packet]) -> Result<Vec<PacketResult>, EngineError> {
        let mut run = |packet: &Packet| {
            let outcome = self.0.run(&packet.data, &metadata(packet)).map_err(failed)?;
            let target = outcome.redirect.unwrap_or(NOWHERE);
            Ok(PacketResult::Ran(Outcome::new(outcome.verdict, outcome.data).with_redirect(target)))
        };
        packets.iter().map(&mut run).collect()
    }

    fn maps(&mut self) -> Result<Maps, EngineError> {
        contents(&self.0).map_err(failed)
    }
}
