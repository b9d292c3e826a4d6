// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The reference interpreter behind the engine trait.

use crate::engine::{Engine, EngineError, EngineKind, Subject};
use crate::maps::{Entry, Maps};
use crate::packet::{Outcome, Packet, PacketResult};
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
            let metadata = Metadata {
                ingress_ifindex: packet.meta.ingress_ifindex,
                rx_queue_index: packet.meta.rx_queue_index,
                ..Metadata::default()
            };
            let outcome = self.0.run(&packet.data, &metadata).map_err(failed)?;
            let redirect = outcome.redirect;
            Ok(PacketResult::Ran(Outcome { redirect, ..Outcome::new(outcome.verdict, outcome.data) }))
        };
        packets.iter().map(&mut run).collect()
    }

    fn maps(&mut self) -> Result<Maps, EngineError> {
        let entries = |name: &str| {
            let entries = self.0.entries(name).map_err(failed)?.into_iter();
            Ok((name.to_owned(), entries.map(|(key, value)| Entry { key, value }).collect()))
        };
        self.0.map_names().map(entries).collect()
    }
}
