// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What can go wrong in a simulation.

use std::path::PathBuf;
use thiserror::Error;
use weir_pipeline::InvalidPipeline;

/// Why a simulation failed. The last ones are faults of the RTL, never of a program or a packet.
#[derive(Debug, Error)]
pub enum SimError {
    /// There is no memory for the model.
    #[error("the Verilated model could not be made")]
    Model,
    /// There is no model of the target.
    #[error("target `{target}` is not built into the simulation, which has {built}")]
    NotBuilt {
        /// The target.
        target: String,
        /// The targets that are, comma separated.
        built: String,
    },
    /// The file for the waves cannot be written.
    #[error("cannot write waves to {}", .0.display())]
    Waves(PathBuf),
    /// The model was built from other Verilog than that of this target.
    #[error("the simulated card is not target `{target}`: {what}")]
    OtherTarget {
        /// The target.
        target: String,
        /// What differs.
        what: String,
    },
    /// There is no such program slot.
    #[error("program slot {slot} does not exist, the target has {slots}")]
    Slot {
        /// Slot asked for.
        slot: u8,
        /// Slots of the target.
        slots: u32,
    },
    /// The queue index of a frame has more bits than the port.
    #[error("frame {0}: the receive queue index has more than 16 bits")]
    Queue(usize),
    /// No program is loaded in the slot.
    #[error("no program is loaded in slot {0}")]
    Empty(u8),
    /// The target cannot run the pipeline.
    #[error(transparent)]
    Pipeline(#[from] InvalidPipeline),
    /// A table unit is too small for the maps of all loaded programs.
    #[error("the table units have no room for the maps of slot {slot} beside those of other slots")]
    TableSpace {
        /// Program slot.
        slot: u8,
    },
    /// A key unit is too small for the keys of all loaded programs.
    #[error("the key units have no room for the hash maps of slot {slot} beside those of other slots")]
    KeySpace {
        /// Program slot.
        slot: u8,
    },
    /// There is no such map, entry, or the value has another size.
    #[error("map {map}, entry {index}: {what}")]
    Value {
        /// Place of the map in the pipeline.
        map: usize,
        /// Entry.
        index: u32,
        /// What is wrong.
        what: String,
    },
    /// A register access or a table access was not finished.
    #[error("register {address:#06x} did not answer within {clocks} clocks")]
    Register {
        /// Byte address.
        address: u16,
        /// Clocks waited.
        clocks: u32,
    },
    /// Nothing moved any more although frames were in flight.
    #[error(
        "nothing moved for {clocks} clocks: {reported} of {expected} frames have a verdict, {waiting} still to be sent out"
    )]
    Stall {
        /// Clocks waited.
        clocks: u32,
        /// Frames with a verdict.
        reported: usize,
        /// Frames that must get one.
        expected: usize,
        /// Frames whose verdict sends them out and that have not come.
        waiting: usize,
    },
    /// The RTL did what it must not do.
    #[error("frame {number}: {what}")]
    Protocol {
        /// Number of the frame.
        number: u32,
        /// What it did.
        what: String,
    },
    /// Packet buffers were not given back.
    #[error("{free} of {buffers} packet buffers are free after the last frame")]
    Leak {
        /// Free buffers.
        free: u32,
        /// All buffers.
        buffers: u32,
    },
}
