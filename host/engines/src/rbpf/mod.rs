// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The rbpf crate behind the engine trait: an interpreter of eBPF that others wrote.
//!
//! Only the instructions are rbpf's; it has no maps, no `xdp_md` and no helpers, so these are here, apart from those of
//! the reference interpreter. Programs that rbpf lacks instructions for are skipped with the reason.

mod machine;
mod rewrite;
mod table;

use crate::engine::{Engine, EngineError, EngineKind, Subject};
use crate::maps::{Entry, Maps};
use crate::packet::{Outcome, Packet, PacketResult};
use machine::Machine;
use rbpf::EbpfVmNoData;
use rewrite::Layout;
use weir_bpf::Op;

/// A program loaded into rbpf.
pub struct Rbpf {
    program: Vec<u8>,
    /// Lent to the helpers while a program runs.
    machine: Option<Machine>,
}

fn failed(what: impl ToString) -> EngineError {
    EngineError::Failed { engine: EngineKind::Rbpf, what: what.to_string() }
}

impl Rbpf {
    /// Loads the subject's program.
    pub fn new(subject: &Subject<'_>) -> Result<Rbpf, EngineError> {
        let skipped = EngineError::Skipped;
        let insns = &subject.program.insns;
        for slot in 0..insns.len() {
            if let Ok(Op::CallHelper(number)) = Op::at(insns, slot)
                && !machine::HELPERS.iter().any(|(known, _)| *known == number)
            {
                return Err(skipped(format!("slot {slot}: helper {number} is not provided to rbpf")));
            }
        }
        let machine = Machine::new(subject.object).map_err(skipped)?;
        let not_given = |map: u32| match subject.object.maps.get(map as usize) {
            Some(map) => format!("map `{}`: type {} is not provided to rbpf", map.name, map.type_name()),
            None => format!("no map {map}"),
        };
        let layout = Layout {
            arena: machine.arena.as_ptr() as u64,
            context: machine::CONTEXT as i32,
            frame_end: machine::FRAME_END as i32,
            value: &|map, offset| machine.value(map, offset).ok_or_else(|| not_given(map)),
            map: &|map| machine.handle(map).ok_or_else(|| not_given(map)),
        };
        let program = rewrite::rewrite(insns, &layout).map_err(skipped)?;
        Ok(Rbpf { program, machine: Some(machine) })
    }

    fn machine(&mut self) -> Result<&mut Machine, EngineError> {
        self.machine.as_mut().ok_or_else(|| failed("its memory was lost in a panic"))
    }

    fn run_one(&mut self, vm: &EbpfVmNoData<'_>, packet: &Packet) -> Result<PacketResult, EngineError> {
        if packet.data.len() > machine::MAX_PACKET {
            return Err(failed(format!("a packet of {} bytes", packet.data.len())));
        }
        let mut machine = self.machine.take().ok_or_else(|| failed("its memory was lost in a panic"))?;
        machine.receive(&packet.data, packet.meta);
        let (machine, result) = machine::with_helpers(machine, || vm.execute_program());
        self.machine = machine;
        let (data, redirect) = self.machine()?.send().map_err(failed)?;
        let verdict = result.map_err(failed)? as u32;
        Ok(PacketResult::Ran(Outcome::new(verdict, data).with_redirect(redirect)))
    }
}

impl Engine for Rbpf {
    fn kind(&self) -> EngineKind {
        EngineKind::Rbpf
    }

    fn set_maps(&mut self, maps: &Maps) -> Result<(), EngineError> {
        let Machine { arena, tables, .. } = self.machine()?;
        for (name, entries) in maps {
            let found = tables.iter_mut().flatten().find(|table| table.definition.name == *name);
            let table = found.ok_or_else(|| failed(format!("no map `{name}` of a kind that is here")))?;
            for entry in entries {
                let sizes = (table.definition.key_size as usize, table.definition.value_size as usize);
                if (entry.key.len(), entry.value.len()) != sizes {
                    return Err(failed(format!("map `{name}`: a key or value is not of its size")));
                }
                let set = table.update(arena, &entry.key, &entry.value, 0);
                set.map_err(|status| failed(format!("map `{name}`: {status:?}")))?;
            }
        }
        Ok(())
    }

    fn run(&mut self, packets: &[Packet]) -> Result<Vec<PacketResult>, EngineError> {
        let program = self.program.clone();
        let mut vm = EbpfVmNoData::new(Some(&program)).map_err(failed)?;
        // The program keeps its frames itself.
        vm.set_stack_usage_calculator(|_, _, _| 0, Box::new(())).map_err(failed)?;
        for (number, helper) in machine::HELPERS {
            vm.register_helper(number, helper).map_err(failed)?;
        }
        let arena = &self.machine()?.arena;
        let start = arena.as_ptr() as u64;
        vm.register_allowed_memory(start + machine::ORIGIN as u64..start + arena.len() as u64);
        packets.iter().map(|packet| self.run_one(&vm, packet)).collect()
    }

    fn maps(&mut self) -> Result<Maps, EngineError> {
        let Machine { arena, tables, .. } = self.machine()?;
        let contents = |table: &table::Table| {
            let size = table.definition.value_size as usize;
            let entries = table.entries().into_iter();
            let entry = |(key, at): (Vec<u8>, usize)| Entry { key, value: arena[at..at + size].to_vec() };
            (table.definition.name.clone(), entries.map(entry).collect())
        };
        Ok(tables.iter().flatten().map(contents).collect())
    }
}
