// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Reference interpreter: runs a program on one packet after another, with maps that live on between them.
//!
//! It is the whole instruction set of RFC 9669 in its plainest form, made to be believed rather than fast. Every access
//! is checked; what the kernel's verifier would have to prove (no uninitialised register, no access outside memory, no
//! endless loop) ends a run with a [`Trap`] here. It does not verify: a bad instruction that is never reached does no
//! harm.
//!
//! Maps: ARRAY, HASH, LRU_HASH and their per-CPU forms with one CPU, DEVMAP and DEVMAP_HASH. Helpers: see [`helper`]. Others are refused when
//! called, other maps when a program refers to them.

pub mod alu;
mod exec;
pub mod helper;
pub mod map;
mod memory;

use crate::insn::Insn;
use crate::op::{IllegalInsn, Op, Wide};
use crate::program::{MapDef, Object, Program};
use map::{Entry, Map, MapError};

/// Instructions that a run may take unless told otherwise: the kernel's verifier looks at as many.
pub const DEFAULT_BUDGET: u64 = 1_000_000;

/// What the context says about a packet beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `ingress_ifindex`
    pub ingress_ifindex: u32,
    /// `rx_queue_index`
    pub rx_queue_index: u32,
    /// `egress_ifindex`
    pub egress_ifindex: u32,
    /// Time of arrival in nanoseconds: what `ktime_get_ns` returns.
    pub timestamp: u64,
    /// From what random numbers are made; see [`weir_pipeline::random`].
    pub random: u64,
}

impl Default for Metadata {
    /// Received on interface 1, queue 0, as the kernel's test runs are by default.
    fn default() -> Metadata {
        Metadata { ingress_ifindex: 1, rx_queue_index: 0, egress_ifindex: 0, timestamp: 0, random: 0 }
    }
}

/// What a run yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// R0 at the end.
    pub value: u64,
    /// Its lower half, which is what counts for an XDP program.
    pub verdict: u32,
    /// The packet.
    pub data: Vec<u8>,
    /// Interface to which `XDP_REDIRECT` goes: that of the last redirecting helper that found one, if no later one
    /// looked for another in vain.
    pub redirect: Option<u32>,
    /// Instructions executed.
    pub executed: u64,
    /// Whether the program has read the clock.
    pub asked_clock: bool,
    /// Whether the program has drawn a random number.
    pub asked_random: bool,
}

/// Why a program cannot be run at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InterpreterError {
    /// A map that the program refers to.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The program has no instruction.
    #[error("the program is empty")]
    Empty,
    /// An instruction refers to a map that is not there.
    #[error("slot {slot}: no map {map}")]
    NoMap {
        /// Slot of the instruction.
        slot: usize,
        /// Number of the map.
        map: u32,
    },
}

/// Why a run ended before the program's end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("slot {slot}: {kind}")]
pub struct Trap {
    /// Slot of the instruction.
    pub slot: usize,
    /// What is wrong with it.
    pub kind: TrapKind,
}

/// What can be wrong with an instruction at the time it is executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrapKind {
    /// It is none.
    #[error(transparent)]
    Illegal(#[from] IllegalInsn),
    /// A register is read that was never written, or lost its value in a call.
    #[error("R{0} has no value")]
    Uninitialised(u8),
    /// An access that does not lie within one object that may be so accessed.
    #[error("{access} of {length} bytes at {address:#x} is outside memory")]
    Memory {
        /// "load", "store" or "atomic operation".
        access: &'static str,
        /// Address.
        address: u64,
        /// Bytes.
        length: usize,
    },
    /// A jump or a call, or running on, leaves the program.
    #[error("control leaves the program")]
    OutOfProgram,
    /// More nested calls than the kernel allows.
    #[error("more than 8 nested calls")]
    CallDepth,
    /// A helper that is not interpreted.
    #[error("helper {number}{} is not supported by the interpreter", named(*number))]
    Helper {
        /// Its number.
        number: u32,
    },
    /// A helper's argument that is no map.
    #[error("R{0} is no map")]
    NoMap(u8),
    /// A helper's argument that is not the context.
    #[error("R{0} is not the context")]
    NoContext(u8),
    /// A helper that cannot be used on the map.
    #[error("helper {number}{} cannot be used on map `{map}`", named(*number))]
    WrongMap {
        /// Number of the helper.
        number: u32,
        /// Name of the map.
        map: String,
    },
    /// A redirect to all interfaces of a map.
    #[error("a redirect to all interfaces of a map (BPF_F_BROADCAST) is not supported by the interpreter")]
    Broadcast,
    /// The budget is used up.
    #[error("more than {0} instructions executed")]
    Budget(u64),
}

fn named(number: u32) -> String {
    crate::disasm::helper_name(number).map(|name| format!(" (`{name}`)")).unwrap_or_default()
}

/// A program with its maps.
#[derive(Clone)]
pub struct Interpreter {
    /// Decoded by slot; the second slot of a wide instruction decodes to an error.
    ops: Vec<Result<Op, IllegalInsn>>,
    maps: Vec<Option<Map>>,
    names: Vec<MapDef>,
    budget: u64,
}

impl Interpreter {
    /// Makes the maps of an object and readies one of its programs.
    pub fn new(object: &Object, program: &Program) -> Result<Interpreter, InterpreterError> {
        Interpreter::from_insns(&program.insns, &object.maps)
    }

    /// Readies bare instructions; a `lddw` refers to a map by its index.
    pub fn from_insns(insns: &[Insn], maps: &[MapDef]) -> Result<Interpreter, InterpreterError> {
        if insns.is_empty() {
            return Err(InterpreterError::Empty);
        }
        let mut ops: Vec<_> = (0..insns.len()).map(|slot| Op::at(insns, slot)).collect();
        let mut referred = vec![false; maps.len()];
        let mut slot = 0;
        while slot < ops.len() {
            let op = ops[slot];
            if let Ok(Op::LoadWide { value: Wide::Map(map) | Wide::MapValue(map, _), .. }) = op {
                let known = referred.get_mut(map as usize);
                *known.ok_or(InterpreterError::NoMap { slot, map })? = true;
            }
            let slots = op.map_or(1, Op::slots);
            if let Some(second) = ops.get_mut(slot + 1).filter(|_| slots == 2) {
                *second = Err(IllegalInsn::HalfWide);
            }
            slot += slots;
        }
        let maps_made = maps.iter().zip(&referred).map(|(def, referred)| match Map::new(def) {
            Ok(map) => Ok(Some(map)),
            // Somebody else's map does no harm.
            Err(_) if !referred => Ok(None),
            Err(error) => Err(error),
        });
        let maps_made = maps_made.collect::<Result<_, _>>()?;
        Ok(Interpreter { ops, maps: maps_made, names: maps.to_vec(), budget: DEFAULT_BUDGET })
    }

    /// Sets how many instructions a run may take.
    pub fn set_budget(&mut self, instructions: u64) {
        self.budget = instructions;
    }

    /// Runs the program on a packet.
    pub fn run(&mut self, packet: &[u8], metadata: &Metadata) -> Result<Outcome, Trap> {
        exec::run(&self.ops, &mut self.maps, self.budget, packet, metadata)
    }

    fn index(&self, name: &str) -> Result<usize, MapError> {
        let found = self.names.iter().position(|def| def.name == name);
        found.ok_or_else(|| MapError::NoSuchMap(name.to_string()))
    }

    fn unsupported(&self, index: usize) -> MapError {
        let def = &self.names[index];
        MapError::Unsupported { name: def.name.clone(), kind: def.type_name() }
    }

    /// A map by name.
    pub fn map(&self, name: &str) -> Result<&Map, MapError> {
        let index = self.index(name)?;
        self.maps[index].as_ref().ok_or_else(|| self.unsupported(index))
    }

    /// A copy of the value of a key, as user space would look it up.
    pub fn lookup(&self, map: &str, key: &[u8]) -> Result<Option<Vec<u8>>, MapError> {
        let map = self.map(map)?;
        map.check_key(key)?;
        Ok(map.get(key))
    }

    /// Sets the value of a key, as user space would.
    pub fn update(&mut self, map: &str, key: &[u8], value: &[u8]) -> Result<(), MapError> {
        let index = self.index(map)?;
        let Some(found) = &mut self.maps[index] else { return Err(self.unsupported(index)) };
        found.check_key(key)?;
        found.check_value(value)?;
        let refused = |errno| MapError::Refused { name: map.to_string(), errno };
        found.update(key, value, 0).map_err(refused)
    }

    /// All entries of a map, sorted by key: arrays by index, others by bytes.
    pub fn entries(&self, map: &str) -> Result<Vec<Entry>, MapError> {
        self.map(map).map(Map::entries)
    }

    /// Names of the maps that there are, in the order of the object; unsupported ones are left out.
    pub fn map_names(&self) -> impl Iterator<Item = &str> {
        self.maps.iter().zip(&self.names).filter(|(map, _)| map.is_some()).map(|(_, def)| def.name.as_str())
    }
}
