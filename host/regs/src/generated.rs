// SPDX-License-Identifier: Apache-2.0 OR MIT
// Generated from hdl/regmap.toml by `./x gen`; do not edit.

use crate::{Access, Bus, Field, Register, Registers};

/// Version of the register map these constants are of.
pub const MAP_VERSION: u32 = 1;

/// What this is.
pub mod identity {
    use super::{Access, Register};

    /// The bytes `WEIR`.
    pub const MAGIC: Register = Register {
        name: "magic",
        offset: 0x0000,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: Some(0x52494557),
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Version of this register map. It grows when a register changes meaning or goes away.
    pub const MAP_VERSION: Register = Register {
        name: "map_version",
        offset: 0x0004,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: Some(0x1),
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// FNV-1a (32 bits) over the target's name registers and all capability registers in ascending order, each as four little-endian bytes.
    pub const TARGET_FINGERPRINT: Register = Register {
        name: "target_fingerprint",
        offset: 0x0008,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Build: the first 32 bits of the SHA-256 of the Verilog of the pipeline with `0xb01d0b01` in this place. Equal builds are equal designs. The manifest of the emitted Verilog names it.
    pub const BUILD: Register = Register {
        name: "build",
        offset: 0x000c,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Name of the target, padded with zero bytes to 16.
    pub const TARGET_NAME: Register = Register {
        name: "target_name",
        offset: 0x0010,
        access: Access::ReadOnly,
        count: 4,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };
}

/// Sizes of the pipeline, as in the target's description.
pub mod capability {
    use super::{Access, Field, Register};

    /// Nominal clock. Unit: MHz.
    pub const CLOCK_MHZ: Register = Register {
        name: "clock_mhz",
        offset: 0x0040,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Width of the streaming ports. Unit: bytes.
    pub const BUS_BYTES: Register = Register {
        name: "bus_bytes",
        offset: 0x0044,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Physical stages.
    pub const STAGES: Register = Register {
        name: "stages",
        offset: 0x0048,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Passes a packet may make.
    pub const PASSES: Register = Register {
        name: "passes",
        offset: 0x004c,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Programs that can be loaded at a time.
    pub const PROGRAM_SLOTS: Register = Register {
        name: "program_slots",
        offset: 0x0050,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// 64-bit registers of the packet context.
    pub const REGISTERS: Register = Register {
        name: "registers",
        offset: 0x0054,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Predicate bits, of which number 0 is constant false.
    pub const PREDICATES: Register = Register {
        name: "predicates",
        offset: 0x0058,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Room in front of the packet. Unit: bytes.
    pub const HEADROOM_BYTES: Register = Register {
        name: "headroom_bytes",
        offset: 0x005c,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// First bytes of the packet that the stages see. Unit: bytes.
    pub const WINDOW_BYTES: Register = Register {
        name: "window_bytes",
        offset: 0x0060,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Scratch behind the window. Unit: bytes.
    pub const STACK_BYTES: Register = Register {
        name: "stack_bytes",
        offset: 0x0064,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Longest frame, without FCS, that is admitted. Unit: bytes.
    pub const MAX_FRAME_BYTES: Register = Register {
        name: "max_frame_bytes",
        offset: 0x0068,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Frames held at a time.
    pub const PACKET_BUFFERS: Register = Register {
        name: "packet_buffers",
        offset: 0x006c,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Size of one packet buffer. Unit: bytes.
    pub const PACKET_BUFFER_BYTES: Register = Register {
        name: "packet_buffer_bytes",
        offset: 0x0070,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// One turn of the ring. Unit: clocks.
    pub const RING_CLOCKS: Register = Register {
        name: "ring_clocks",
        offset: 0x0074,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// ALUs in every stage.
    pub const ALUS: Register = Register {
        name: "alus",
        offset: 0x0078,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Compare units in every stage.
    pub const COMPARES: Register = Register {
        name: "compares",
        offset: 0x007c,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Stages whose load/store unit can store.
    pub const STORE_PLACEMENT: Register = Register {
        name: "store_placement",
        offset: 0x0080,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[
            Field { name: "first", low: 0, bits: 16 },
            Field { name: "every", low: 16, bits: 16 },
        ],
    };

    /// Stages with a multiplier; a stage with a table unit has none.
    pub const MULTIPLIER_PLACEMENT: Register = Register {
        name: "multiplier_placement",
        offset: 0x0084,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[
            Field { name: "first", low: 0, bits: 16 },
            Field { name: "every", low: 16, bits: 16 },
        ],
    };

    /// Stages with a table unit.
    pub const TABLE_PLACEMENT: Register = Register {
        name: "table_placement",
        offset: 0x0088,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[
            Field { name: "first", low: 0, bits: 16 },
            Field { name: "every", low: 16, bits: 16 },
        ],
    };

    /// Table units.
    pub const TABLE_UNITS: Register = Register {
        name: "table_units",
        offset: 0x008c,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Size of one table unit. Unit: 8-byte words.
    pub const TABLE_WORDS: Register = Register {
        name: "table_words",
        offset: 0x0090,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Maps that one program slot can hold in one table unit.
    pub const TABLE_MAPS: Register = Register {
        name: "table_maps",
        offset: 0x0094,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Width of a stage word. Unit: bits.
    pub const STAGE_WORD_BITS: Register = Register {
        name: "stage_word_bits",
        offset: 0x0098,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Stages with a deep-load port.
    pub const DEEP_PLACEMENT: Register = Register {
        name: "deep_placement",
        offset: 0x009c,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[
            Field { name: "first", low: 0, bits: 16 },
            Field { name: "every", low: 16, bits: 16 },
        ],
    };

    /// Stages with a key unit.
    pub const KEY_PLACEMENT: Register = Register {
        name: "key_placement",
        offset: 0x00a0,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[
            Field { name: "first", low: 0, bits: 16 },
            Field { name: "every", low: 16, bits: 16 },
        ],
    };

    /// Key units.
    pub const KEY_UNITS: Register = Register {
        name: "key_units",
        offset: 0x00a4,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Ways of a key unit.
    pub const KEY_WAYS: Register = Register {
        name: "key_ways",
        offset: 0x00a8,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Buckets in each way.
    pub const KEY_BUCKETS: Register = Register {
        name: "key_buckets",
        offset: 0x00ac,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Keys beside the ways, for each program slot.
    pub const KEY_STASH: Register = Register {
        name: "key_stash",
        offset: 0x00b0,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Maps that one program slot can hold in one key unit.
    pub const KEY_MAPS: Register = Register {
        name: "key_maps",
        offset: 0x00b4,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Stages from a lookup port to its table unit, counted round; 0: no ports. The last stage has none.
    pub const PORT_DISTANCE: Register = Register {
        name: "port_distance",
        offset: 0x00b8,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };
}

/// Stage words: select a place, write the word's data, commit. What was selected and written stays, so equal words need only a new place.
pub mod word {
    use super::{Access, Field, Register};

    /// Program slot.
    pub const SLOT: Register = Register {
        name: "slot",
        offset: 0x0100,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x7,
        fields: &[
            Field { name: "slot", low: 0, bits: 3 },
        ],
    };

    /// Pass.
    pub const PASS: Register = Register {
        name: "pass",
        offset: 0x0104,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x3f,
        fields: &[
            Field { name: "pass", low: 0, bits: 6 },
        ],
    };

    /// Stage.
    pub const STAGE: Register = Register {
        name: "stage",
        offset: 0x0108,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xff,
        fields: &[
            Field { name: "stage", low: 0, bits: 8 },
        ],
    };

    /// A write of any value stores the word.
    pub const COMMIT: Register = Register {
        name: "commit",
        offset: 0x010c,
        access: Access::WriteOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// The word, its lowest 32 bits first.
    pub const DATA: Register = Register {
        name: "data",
        offset: 0x0140,
        access: Access::WriteOnly,
        count: 13,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };
}

/// What the ring needs to know of a program: select a slot, set, commit.
pub mod program {
    use super::{Access, Field, Register};

    /// Program slot.
    pub const SLOT: Register = Register {
        name: "slot",
        offset: 0x0200,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x7,
        fields: &[
            Field { name: "slot", low: 0, bits: 3 },
        ],
    };

    /// Passes of the program; 0: no program, packets of this slot leave with verdict PASS.
    pub const PASSES: Register = Register {
        name: "passes",
        offset: 0x0204,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x17f,
        fields: &[
            Field { name: "passes", low: 0, bits: 7 },
            Field { name: "moves_head", low: 8, bits: 1 },
        ],
    };

    /// Least distance between two admissions of the slot. Unit: clocks.
    pub const GAP: Register = Register {
        name: "gap",
        offset: 0x0208,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x1,
        mask: 0xffff,
        fields: &[
            Field { name: "gap", low: 0, bits: 16 },
        ],
    };

    /// A write of any value takes effect for packets admitted after it.
    pub const COMMIT: Register = Register {
        name: "commit",
        offset: 0x020c,
        access: Access::WriteOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };
}

/// Where the maps of a program lie in the table units: select, set, commit.
pub mod map {
    use super::{Access, Field, Register};

    /// Program slot.
    pub const SLOT: Register = Register {
        name: "slot",
        offset: 0x0240,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x7,
        fields: &[
            Field { name: "slot", low: 0, bits: 3 },
        ],
    };

    /// Table unit.
    pub const UNIT: Register = Register {
        name: "unit",
        offset: 0x0244,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x3f,
        fields: &[
            Field { name: "unit", low: 0, bits: 6 },
        ],
    };

    /// Id of the map within program slot and table unit: what stage words carry.
    pub const ID: Register = Register {
        name: "id",
        offset: 0x0248,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x7,
        fields: &[
            Field { name: "id", low: 0, bits: 3 },
        ],
    };

    /// First word of the map in the table unit. Unit: 8-byte words.
    pub const BASE: Register = Register {
        name: "base",
        offset: 0x024c,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x1ffff,
        fields: &[
            Field { name: "base", low: 0, bits: 17 },
        ],
    };

    /// Size of the map; an access at or beyond it aborts the program. Unit: bytes.
    pub const LIMIT: Register = Register {
        name: "limit",
        offset: 0x0250,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x1fffff,
        fields: &[
            Field { name: "limit", low: 0, bits: 21 },
        ],
    };

    /// A write of any value stores the descriptor.
    pub const COMMIT: Register = Register {
        name: "commit",
        offset: 0x0254,
        access: Access::WriteOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };
}

/// Words of the table units: set unit, address (and data), write the command, wait until `status` shows no `busy`. The address then stands on the next word.
pub mod table {
    use super::{Access, Field, Register};

    /// Table unit.
    pub const UNIT: Register = Register {
        name: "unit",
        offset: 0x0280,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x3f,
        fields: &[
            Field { name: "unit", low: 0, bits: 6 },
        ],
    };

    /// Word in the table unit; one more after every finished access. Unit: 8-byte words.
    pub const ADDRESS: Register = Register {
        name: "address",
        offset: 0x0284,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x1ffff,
        fields: &[
            Field { name: "address", low: 0, bits: 17 },
        ],
    };

    /// Bytes 0 to 3 of the word to write, or that was read.
    pub const DATA_LOW: Register = Register {
        name: "data_low",
        offset: 0x0288,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Bytes 4 to 7 of the word to write, or that was read.
    pub const DATA_HIGH: Register = Register {
        name: "data_high",
        offset: 0x028c,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Starts an access. Ignored while one is under way.
    pub const COMMAND: Register = Register {
        name: "command",
        offset: 0x0290,
        access: Access::WriteOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x3,
        fields: &[
            Field { name: "write", low: 0, bits: 1 },
            Field { name: "clear", low: 1, bits: 1 },
        ],
    };

    /// State of the access.
    pub const STATUS: Register = Register {
        name: "status",
        offset: 0x0294,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x1,
        fields: &[
            Field { name: "busy", low: 0, bits: 1 },
        ],
    };

    /// Words to clear; 0 when that is done. Unit: 8-byte words.
    pub const COUNT: Register = Register {
        name: "count",
        offset: 0x0298,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x3ffff,
        fields: &[
            Field { name: "count", low: 0, bits: 18 },
        ],
    };
}

/// Keys of hash maps: set what the operation needs, write the command, wait until `status` shows no `busy`. Only for maps of a slot that has no packets in the ring.
pub mod key {
    use super::{Access, Field, Register};

    /// Key unit.
    pub const UNIT: Register = Register {
        name: "unit",
        offset: 0x0300,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x3f,
        fields: &[
            Field { name: "unit", low: 0, bits: 6 },
        ],
    };

    /// Program slot.
    pub const SLOT: Register = Register {
        name: "slot",
        offset: 0x0304,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x7,
        fields: &[
            Field { name: "slot", low: 0, bits: 3 },
        ],
    };

    /// Id of the map within program slot and key unit: what stage words carry.
    pub const ID: Register = Register {
        name: "id",
        offset: 0x0308,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x7,
        fields: &[
            Field { name: "id", low: 0, bits: 3 },
        ],
    };

    /// First bucket of a map that is set.
    pub const BASE: Register = Register {
        name: "base",
        offset: 0x030c,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffff,
        fields: &[
            Field { name: "base", low: 0, bits: 16 },
        ],
    };

    /// Logarithm to base 2 of its buckets in each way.
    pub const SIZE: Register = Register {
        name: "size",
        offset: 0x0310,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x1f,
        fields: &[
            Field { name: "size", low: 0, bits: 5 },
        ],
    };

    /// Its entries: an insert beyond them finds no place. 0: there is no such map, words with its id do nothing.
    pub const LIMIT: Register = Register {
        name: "limit",
        offset: 0x0314,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xfffff,
        fields: &[
            Field { name: "limit", low: 0, bits: 20 },
        ],
    };

    /// Bucket in the unit that is read, or the first that is scanned or emptied; then, but for a single read, the one behind the last.
    pub const BUCKET: Register = Register {
        name: "bucket",
        offset: 0x0318,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffff,
        fields: &[
            Field { name: "bucket", low: 0, bits: 16 },
        ],
    };

    /// How many buckets are scanned or emptied; then those that are left, which is 0 unless a scan has found a key.
    pub const COUNT: Register = Register {
        name: "count",
        offset: 0x031c,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x1ffff,
        fields: &[
            Field { name: "count", low: 0, bits: 17 },
        ],
    };

    /// What is read: a way of the bucket, or behind the ways a position of the slot's stash.
    pub const CELL: Register = Register {
        name: "cell",
        offset: 0x0320,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xf,
        fields: &[
            Field { name: "cell", low: 0, bits: 4 },
        ],
    };

    /// Bytes 0 to 3 of the key to find, insert or delete, or of the key that was read.
    pub const DATA_0: Register = Register {
        name: "data_0",
        offset: 0x0330,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Bytes 4 to 7 of the key to find, insert or delete, or of the key that was read.
    pub const DATA_1: Register = Register {
        name: "data_1",
        offset: 0x0334,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Bytes 8 to 11 of the key to find, insert or delete, or of the key that was read.
    pub const DATA_2: Register = Register {
        name: "data_2",
        offset: 0x0338,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Bytes 12 to 15 of the key to find, insert or delete, or of the key that was read.
    pub const DATA_3: Register = Register {
        name: "data_3",
        offset: 0x033c,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// The place that find, insert or delete gave.
    pub const PLACE: Register = Register {
        name: "place",
        offset: 0x0340,
        access: Access::ReadWrite,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xfffff,
        fields: &[
            Field { name: "place", low: 0, bits: 20 },
        ],
    };

    /// Starts an operation. Ignored while one is under way.
    pub const COMMAND: Register = Register {
        name: "command",
        offset: 0x0344,
        access: Access::WriteOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xf,
        fields: &[
            Field { name: "op", low: 0, bits: 4 },
        ],
    };

    /// State of the operation.
    pub const STATUS: Register = Register {
        name: "status",
        offset: 0x0348,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0x3,
        fields: &[
            Field { name: "busy", low: 0, bits: 1 },
            Field { name: "found", low: 1, bits: 1 },
        ],
    };
}

/// 64-bit counters: reading a low half keeps the high half that belongs to it for the next read of a high half. They are zero after reset.
pub mod counter {
    use super::{Access, Register};

    /// Packet buffers that hold no frame. All of `packet_buffers` when nothing is in flight. Unit: buffers.
    pub const BUFFERS_FREE: Register = Register {
        name: "buffers_free",
        offset: 0x0400,
        access: Access::ReadOnly,
        count: 1,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Frames that were received and admitted to a packet buffer; low and high half. Unit: frames.
    pub const RECEIVED: Register = Register {
        name: "received",
        offset: 0x0440,
        access: Access::ReadOnly,
        count: 2,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Frames of under 14 bytes, dropped at ingress; low and high half. Unit: frames.
    pub const DROPPED_SHORT: Register = Register {
        name: "dropped_short",
        offset: 0x0448,
        access: Access::ReadOnly,
        count: 2,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Frames over `max_frame_bytes`, dropped at ingress; low and high half. Unit: frames.
    pub const DROPPED_LONG: Register = Register {
        name: "dropped_long",
        offset: 0x0450,
        access: Access::ReadOnly,
        count: 2,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Loads that deep-load ports have done for packets of all slots, low and high half. Unit: loads.
    pub const DEEP_LOADS: Register = Register {
        name: "deep_loads",
        offset: 0x0460,
        access: Access::ReadOnly,
        count: 2,
        stride: 0x4,
        count2: 1,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Packets that the program of a slot ended with XDP_ABORTED, bounds not among them; slot, then low and high half. Unit: packets.
    pub const ABORTED: Register = Register {
        name: "aborted",
        offset: 0x1000,
        access: Access::ReadOnly,
        count: 8,
        stride: 0x40,
        count2: 2,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Packets with verdict XDP_DROP; slot, then low and high half. Unit: packets.
    pub const DROPPED: Register = Register {
        name: "dropped",
        offset: 0x1008,
        access: Access::ReadOnly,
        count: 8,
        stride: 0x40,
        count2: 2,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Packets with verdict XDP_PASS; slot, then low and high half. Unit: packets.
    pub const PASSED: Register = Register {
        name: "passed",
        offset: 0x1010,
        access: Access::ReadOnly,
        count: 8,
        stride: 0x40,
        count2: 2,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Packets with verdict XDP_TX; slot, then low and high half. Unit: packets.
    pub const TRANSMITTED: Register = Register {
        name: "transmitted",
        offset: 0x1018,
        access: Access::ReadOnly,
        count: 8,
        stride: 0x40,
        count2: 2,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Packets with verdict XDP_REDIRECT; slot, then low and high half. Unit: packets.
    pub const REDIRECTED: Register = Register {
        name: "redirected",
        offset: 0x1020,
        access: Access::ReadOnly,
        count: 8,
        stride: 0x40,
        count2: 2,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Packets with a verdict beyond XDP_REDIRECT, which are dropped; slot, then low and high half. Unit: packets.
    pub const UNKNOWN_VERDICT: Register = Register {
        name: "unknown_verdict",
        offset: 0x1028,
        access: Access::ReadOnly,
        count: 8,
        stride: 0x40,
        count2: 2,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };

    /// Packets aborted because an access broke a bound that the hardware checks; slot, then low and high half. Unit: packets.
    pub const BOUNDS_ABORTED: Register = Register {
        name: "bounds_aborted",
        offset: 0x1030,
        access: Access::ReadOnly,
        count: 8,
        stride: 0x40,
        count2: 2,
        value: None,
        reset: 0x0,
        mask: 0xffffffff,
        fields: &[],
    };
}

/// All registers with their groups, ascending.
pub const ALL: &[(&str, Register)] = &[
    ("identity", identity::MAGIC),
    ("identity", identity::MAP_VERSION),
    ("identity", identity::TARGET_FINGERPRINT),
    ("identity", identity::BUILD),
    ("identity", identity::TARGET_NAME),
    ("capability", capability::CLOCK_MHZ),
    ("capability", capability::BUS_BYTES),
    ("capability", capability::STAGES),
    ("capability", capability::PASSES),
    ("capability", capability::PROGRAM_SLOTS),
    ("capability", capability::REGISTERS),
    ("capability", capability::PREDICATES),
    ("capability", capability::HEADROOM_BYTES),
    ("capability", capability::WINDOW_BYTES),
    ("capability", capability::STACK_BYTES),
    ("capability", capability::MAX_FRAME_BYTES),
    ("capability", capability::PACKET_BUFFERS),
    ("capability", capability::PACKET_BUFFER_BYTES),
    ("capability", capability::RING_CLOCKS),
    ("capability", capability::ALUS),
    ("capability", capability::COMPARES),
    ("capability", capability::STORE_PLACEMENT),
    ("capability", capability::MULTIPLIER_PLACEMENT),
    ("capability", capability::TABLE_PLACEMENT),
    ("capability", capability::TABLE_UNITS),
    ("capability", capability::TABLE_WORDS),
    ("capability", capability::TABLE_MAPS),
    ("capability", capability::STAGE_WORD_BITS),
    ("capability", capability::DEEP_PLACEMENT),
    ("capability", capability::KEY_PLACEMENT),
    ("capability", capability::KEY_UNITS),
    ("capability", capability::KEY_WAYS),
    ("capability", capability::KEY_BUCKETS),
    ("capability", capability::KEY_STASH),
    ("capability", capability::KEY_MAPS),
    ("capability", capability::PORT_DISTANCE),
    ("word", word::SLOT),
    ("word", word::PASS),
    ("word", word::STAGE),
    ("word", word::COMMIT),
    ("word", word::DATA),
    ("program", program::SLOT),
    ("program", program::PASSES),
    ("program", program::GAP),
    ("program", program::COMMIT),
    ("map", map::SLOT),
    ("map", map::UNIT),
    ("map", map::ID),
    ("map", map::BASE),
    ("map", map::LIMIT),
    ("map", map::COMMIT),
    ("table", table::UNIT),
    ("table", table::ADDRESS),
    ("table", table::DATA_LOW),
    ("table", table::DATA_HIGH),
    ("table", table::COMMAND),
    ("table", table::STATUS),
    ("table", table::COUNT),
    ("key", key::UNIT),
    ("key", key::SLOT),
    ("key", key::ID),
    ("key", key::BASE),
    ("key", key::SIZE),
    ("key", key::LIMIT),
    ("key", key::BUCKET),
    ("key", key::COUNT),
    ("key", key::CELL),
    ("key", key::DATA_0),
    ("key", key::DATA_1),
    ("key", key::DATA_2),
    ("key", key::DATA_3),
    ("key", key::PLACE),
    ("key", key::COMMAND),
    ("key", key::STATUS),
    ("counter", counter::BUFFERS_FREE),
    ("counter", counter::RECEIVED),
    ("counter", counter::DROPPED_SHORT),
    ("counter", counter::DROPPED_LONG),
    ("counter", counter::DEEP_LOADS),
    ("counter", counter::ABORTED),
    ("counter", counter::DROPPED),
    ("counter", counter::PASSED),
    ("counter", counter::TRANSMITTED),
    ("counter", counter::REDIRECTED),
    ("counter", counter::UNKNOWN_VERDICT),
    ("counter", counter::BOUNDS_ABORTED),
];

impl<B: Bus> Registers<B> {
    /// Reads: The bytes `WEIR`.
    pub fn read_identity_magic(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(identity::MAGIC.offset)
    }

    /// Reads: Version of this register map. It grows when a register changes meaning or goes away.
    pub fn read_identity_map_version(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(identity::MAP_VERSION.offset)
    }

    /// Reads: FNV-1a (32 bits) over the target's name registers and all capability registers in ascending order, each as four little-endian bytes.
    pub fn read_identity_target_fingerprint(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(identity::TARGET_FINGERPRINT.offset)
    }

    /// Reads: Build: the first 32 bits of the SHA-256 of the Verilog of the pipeline with `0xb01d0b01` in this place. Equal builds are equal designs. The manifest of the emitted Verilog names it.
    pub fn read_identity_build(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(identity::BUILD.offset)
    }

    /// Reads: Name of the target, padded with zero bytes to 16.
    pub fn read_identity_target_name(&mut self, index: u16) -> Result<u32, B::Error> {
        self.bus.read_register(identity::TARGET_NAME.at(index))
    }

    /// Reads: Nominal clock. Unit: MHz.
    pub fn read_capability_clock_mhz(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::CLOCK_MHZ.offset)
    }

    /// Reads: Width of the streaming ports. Unit: bytes.
    pub fn read_capability_bus_bytes(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::BUS_BYTES.offset)
    }

    /// Reads: Physical stages.
    pub fn read_capability_stages(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::STAGES.offset)
    }

    /// Reads: Passes a packet may make.
    pub fn read_capability_passes(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::PASSES.offset)
    }

    /// Reads: Programs that can be loaded at a time.
    pub fn read_capability_program_slots(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::PROGRAM_SLOTS.offset)
    }

    /// Reads: 64-bit registers of the packet context.
    pub fn read_capability_registers(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::REGISTERS.offset)
    }

    /// Reads: Predicate bits, of which number 0 is constant false.
    pub fn read_capability_predicates(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::PREDICATES.offset)
    }

    /// Reads: Room in front of the packet. Unit: bytes.
    pub fn read_capability_headroom_bytes(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::HEADROOM_BYTES.offset)
    }

    /// Reads: First bytes of the packet that the stages see. Unit: bytes.
    pub fn read_capability_window_bytes(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::WINDOW_BYTES.offset)
    }

    /// Reads: Scratch behind the window. Unit: bytes.
    pub fn read_capability_stack_bytes(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::STACK_BYTES.offset)
    }

    /// Reads: Longest frame, without FCS, that is admitted. Unit: bytes.
    pub fn read_capability_max_frame_bytes(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::MAX_FRAME_BYTES.offset)
    }

    /// Reads: Frames held at a time.
    pub fn read_capability_packet_buffers(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::PACKET_BUFFERS.offset)
    }

    /// Reads: Size of one packet buffer. Unit: bytes.
    pub fn read_capability_packet_buffer_bytes(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::PACKET_BUFFER_BYTES.offset)
    }

    /// Reads: One turn of the ring. Unit: clocks.
    pub fn read_capability_ring_clocks(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::RING_CLOCKS.offset)
    }

    /// Reads: ALUs in every stage.
    pub fn read_capability_alus(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::ALUS.offset)
    }

    /// Reads: Compare units in every stage.
    pub fn read_capability_compares(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::COMPARES.offset)
    }

    /// Reads: Stages whose load/store unit can store.
    pub fn read_capability_store_placement(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::STORE_PLACEMENT.offset)
    }

    /// Reads: Stages with a multiplier; a stage with a table unit has none.
    pub fn read_capability_multiplier_placement(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::MULTIPLIER_PLACEMENT.offset)
    }

    /// Reads: Stages with a table unit.
    pub fn read_capability_table_placement(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::TABLE_PLACEMENT.offset)
    }

    /// Reads: Table units.
    pub fn read_capability_table_units(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::TABLE_UNITS.offset)
    }

    /// Reads: Size of one table unit. Unit: 8-byte words.
    pub fn read_capability_table_words(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::TABLE_WORDS.offset)
    }

    /// Reads: Maps that one program slot can hold in one table unit.
    pub fn read_capability_table_maps(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::TABLE_MAPS.offset)
    }

    /// Reads: Width of a stage word. Unit: bits.
    pub fn read_capability_stage_word_bits(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::STAGE_WORD_BITS.offset)
    }

    /// Reads: Stages with a deep-load port.
    pub fn read_capability_deep_placement(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::DEEP_PLACEMENT.offset)
    }

    /// Reads: Stages with a key unit.
    pub fn read_capability_key_placement(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::KEY_PLACEMENT.offset)
    }

    /// Reads: Key units.
    pub fn read_capability_key_units(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::KEY_UNITS.offset)
    }

    /// Reads: Ways of a key unit.
    pub fn read_capability_key_ways(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::KEY_WAYS.offset)
    }

    /// Reads: Buckets in each way.
    pub fn read_capability_key_buckets(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::KEY_BUCKETS.offset)
    }

    /// Reads: Keys beside the ways, for each program slot.
    pub fn read_capability_key_stash(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::KEY_STASH.offset)
    }

    /// Reads: Maps that one program slot can hold in one key unit.
    pub fn read_capability_key_maps(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::KEY_MAPS.offset)
    }

    /// Reads: Stages from a lookup port to its table unit, counted round; 0: no ports. The last stage has none.
    pub fn read_capability_port_distance(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(capability::PORT_DISTANCE.offset)
    }

    /// Reads: Program slot.
    pub fn read_word_slot(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(word::SLOT.offset)
    }

    /// Writes: Program slot.
    pub fn write_word_slot(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(word::SLOT.offset, value)
    }

    /// Reads: Pass.
    pub fn read_word_pass(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(word::PASS.offset)
    }

    /// Writes: Pass.
    pub fn write_word_pass(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(word::PASS.offset, value)
    }

    /// Reads: Stage.
    pub fn read_word_stage(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(word::STAGE.offset)
    }

    /// Writes: Stage.
    pub fn write_word_stage(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(word::STAGE.offset, value)
    }

    /// Writes: A write of any value stores the word.
    pub fn write_word_commit(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(word::COMMIT.offset, value)
    }

    /// Writes: The word, its lowest 32 bits first.
    pub fn write_word_data(&mut self, index: u16, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(word::DATA.at(index), value)
    }

    /// Reads: Program slot.
    pub fn read_program_slot(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(program::SLOT.offset)
    }

    /// Writes: Program slot.
    pub fn write_program_slot(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(program::SLOT.offset, value)
    }

    /// Reads: Passes of the program; 0: no program, packets of this slot leave with verdict PASS.
    pub fn read_program_passes(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(program::PASSES.offset)
    }

    /// Writes: Passes of the program; 0: no program, packets of this slot leave with verdict PASS.
    pub fn write_program_passes(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(program::PASSES.offset, value)
    }

    /// Reads: Least distance between two admissions of the slot. Unit: clocks.
    pub fn read_program_gap(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(program::GAP.offset)
    }

    /// Writes: Least distance between two admissions of the slot. Unit: clocks.
    pub fn write_program_gap(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(program::GAP.offset, value)
    }

    /// Writes: A write of any value takes effect for packets admitted after it.
    pub fn write_program_commit(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(program::COMMIT.offset, value)
    }

    /// Reads: Program slot.
    pub fn read_map_slot(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(map::SLOT.offset)
    }

    /// Writes: Program slot.
    pub fn write_map_slot(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(map::SLOT.offset, value)
    }

    /// Reads: Table unit.
    pub fn read_map_unit(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(map::UNIT.offset)
    }

    /// Writes: Table unit.
    pub fn write_map_unit(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(map::UNIT.offset, value)
    }

    /// Reads: Id of the map within program slot and table unit: what stage words carry.
    pub fn read_map_id(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(map::ID.offset)
    }

    /// Writes: Id of the map within program slot and table unit: what stage words carry.
    pub fn write_map_id(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(map::ID.offset, value)
    }

    /// Reads: First word of the map in the table unit. Unit: 8-byte words.
    pub fn read_map_base(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(map::BASE.offset)
    }

    /// Writes: First word of the map in the table unit. Unit: 8-byte words.
    pub fn write_map_base(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(map::BASE.offset, value)
    }

    /// Reads: Size of the map; an access at or beyond it aborts the program. Unit: bytes.
    pub fn read_map_limit(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(map::LIMIT.offset)
    }

    /// Writes: Size of the map; an access at or beyond it aborts the program. Unit: bytes.
    pub fn write_map_limit(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(map::LIMIT.offset, value)
    }

    /// Writes: A write of any value stores the descriptor.
    pub fn write_map_commit(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(map::COMMIT.offset, value)
    }

    /// Reads: Table unit.
    pub fn read_table_unit(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(table::UNIT.offset)
    }

    /// Writes: Table unit.
    pub fn write_table_unit(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(table::UNIT.offset, value)
    }

    /// Reads: Word in the table unit; one more after every finished access. Unit: 8-byte words.
    pub fn read_table_address(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(table::ADDRESS.offset)
    }

    /// Writes: Word in the table unit; one more after every finished access. Unit: 8-byte words.
    pub fn write_table_address(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(table::ADDRESS.offset, value)
    }

    /// Reads: Bytes 0 to 3 of the word to write, or that was read.
    pub fn read_table_data_low(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(table::DATA_LOW.offset)
    }

    /// Writes: Bytes 0 to 3 of the word to write, or that was read.
    pub fn write_table_data_low(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(table::DATA_LOW.offset, value)
    }

    /// Reads: Bytes 4 to 7 of the word to write, or that was read.
    pub fn read_table_data_high(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(table::DATA_HIGH.offset)
    }

    /// Writes: Bytes 4 to 7 of the word to write, or that was read.
    pub fn write_table_data_high(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(table::DATA_HIGH.offset, value)
    }

    /// Writes: Starts an access. Ignored while one is under way.
    pub fn write_table_command(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(table::COMMAND.offset, value)
    }

    /// Reads: State of the access.
    pub fn read_table_status(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(table::STATUS.offset)
    }

    /// Reads: Words to clear; 0 when that is done. Unit: 8-byte words.
    pub fn read_table_count(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(table::COUNT.offset)
    }

    /// Writes: Words to clear; 0 when that is done. Unit: 8-byte words.
    pub fn write_table_count(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(table::COUNT.offset, value)
    }

    /// Reads: Key unit.
    pub fn read_key_unit(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::UNIT.offset)
    }

    /// Writes: Key unit.
    pub fn write_key_unit(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::UNIT.offset, value)
    }

    /// Reads: Program slot.
    pub fn read_key_slot(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::SLOT.offset)
    }

    /// Writes: Program slot.
    pub fn write_key_slot(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::SLOT.offset, value)
    }

    /// Reads: Id of the map within program slot and key unit: what stage words carry.
    pub fn read_key_id(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::ID.offset)
    }

    /// Writes: Id of the map within program slot and key unit: what stage words carry.
    pub fn write_key_id(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::ID.offset, value)
    }

    /// Reads: First bucket of a map that is set.
    pub fn read_key_base(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::BASE.offset)
    }

    /// Writes: First bucket of a map that is set.
    pub fn write_key_base(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::BASE.offset, value)
    }

    /// Reads: Logarithm to base 2 of its buckets in each way.
    pub fn read_key_size(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::SIZE.offset)
    }

    /// Writes: Logarithm to base 2 of its buckets in each way.
    pub fn write_key_size(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::SIZE.offset, value)
    }

    /// Reads: Its entries: an insert beyond them finds no place. 0: there is no such map, words with its id do nothing.
    pub fn read_key_limit(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::LIMIT.offset)
    }

    /// Writes: Its entries: an insert beyond them finds no place. 0: there is no such map, words with its id do nothing.
    pub fn write_key_limit(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::LIMIT.offset, value)
    }

    /// Reads: Bucket in the unit that is read, or the first that is scanned or emptied; then, but for a single read, the one behind the last.
    pub fn read_key_bucket(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::BUCKET.offset)
    }

    /// Writes: Bucket in the unit that is read, or the first that is scanned or emptied; then, but for a single read, the one behind the last.
    pub fn write_key_bucket(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::BUCKET.offset, value)
    }

    /// Reads: How many buckets are scanned or emptied; then those that are left, which is 0 unless a scan has found a key.
    pub fn read_key_count(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::COUNT.offset)
    }

    /// Writes: How many buckets are scanned or emptied; then those that are left, which is 0 unless a scan has found a key.
    pub fn write_key_count(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::COUNT.offset, value)
    }

    /// Reads: What is read: a way of the bucket, or behind the ways a position of the slot's stash.
    pub fn read_key_cell(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::CELL.offset)
    }

    /// Writes: What is read: a way of the bucket, or behind the ways a position of the slot's stash.
    pub fn write_key_cell(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::CELL.offset, value)
    }

    /// Reads: Bytes 0 to 3 of the key to find, insert or delete, or of the key that was read.
    pub fn read_key_data_0(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::DATA_0.offset)
    }

    /// Writes: Bytes 0 to 3 of the key to find, insert or delete, or of the key that was read.
    pub fn write_key_data_0(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::DATA_0.offset, value)
    }

    /// Reads: Bytes 4 to 7 of the key to find, insert or delete, or of the key that was read.
    pub fn read_key_data_1(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::DATA_1.offset)
    }

    /// Writes: Bytes 4 to 7 of the key to find, insert or delete, or of the key that was read.
    pub fn write_key_data_1(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::DATA_1.offset, value)
    }

    /// Reads: Bytes 8 to 11 of the key to find, insert or delete, or of the key that was read.
    pub fn read_key_data_2(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::DATA_2.offset)
    }

    /// Writes: Bytes 8 to 11 of the key to find, insert or delete, or of the key that was read.
    pub fn write_key_data_2(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::DATA_2.offset, value)
    }

    /// Reads: Bytes 12 to 15 of the key to find, insert or delete, or of the key that was read.
    pub fn read_key_data_3(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::DATA_3.offset)
    }

    /// Writes: Bytes 12 to 15 of the key to find, insert or delete, or of the key that was read.
    pub fn write_key_data_3(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::DATA_3.offset, value)
    }

    /// Reads: The place that find, insert or delete gave.
    pub fn read_key_place(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::PLACE.offset)
    }

    /// Writes: The place that find, insert or delete gave.
    pub fn write_key_place(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::PLACE.offset, value)
    }

    /// Writes: Starts an operation. Ignored while one is under way.
    pub fn write_key_command(&mut self, value: u32) -> Result<(), B::Error> {
        self.bus.write_register(key::COMMAND.offset, value)
    }

    /// Reads: State of the operation.
    pub fn read_key_status(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(key::STATUS.offset)
    }

    /// Reads: Packet buffers that hold no frame. All of `packet_buffers` when nothing is in flight. Unit: buffers.
    pub fn read_counter_buffers_free(&mut self) -> Result<u32, B::Error> {
        self.bus.read_register(counter::BUFFERS_FREE.offset)
    }

    /// Reads: Frames that were received and admitted to a packet buffer; low and high half. Unit: frames.
    pub fn read_counter_received(&mut self, index: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::RECEIVED.at(index))
    }

    /// Reads: Frames of under 14 bytes, dropped at ingress; low and high half. Unit: frames.
    pub fn read_counter_dropped_short(&mut self, index: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::DROPPED_SHORT.at(index))
    }

    /// Reads: Frames over `max_frame_bytes`, dropped at ingress; low and high half. Unit: frames.
    pub fn read_counter_dropped_long(&mut self, index: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::DROPPED_LONG.at(index))
    }

    /// Reads: Loads that deep-load ports have done for packets of all slots, low and high half. Unit: loads.
    pub fn read_counter_deep_loads(&mut self, index: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::DEEP_LOADS.at(index))
    }

    /// Reads: Packets that the program of a slot ended with XDP_ABORTED, bounds not among them; slot, then low and high half. Unit: packets.
    pub fn read_counter_aborted(&mut self, index: u16, part: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::ABORTED.at2(index, part))
    }

    /// Reads: Packets with verdict XDP_DROP; slot, then low and high half. Unit: packets.
    pub fn read_counter_dropped(&mut self, index: u16, part: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::DROPPED.at2(index, part))
    }

    /// Reads: Packets with verdict XDP_PASS; slot, then low and high half. Unit: packets.
    pub fn read_counter_passed(&mut self, index: u16, part: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::PASSED.at2(index, part))
    }

    /// Reads: Packets with verdict XDP_TX; slot, then low and high half. Unit: packets.
    pub fn read_counter_transmitted(&mut self, index: u16, part: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::TRANSMITTED.at2(index, part))
    }

    /// Reads: Packets with verdict XDP_REDIRECT; slot, then low and high half. Unit: packets.
    pub fn read_counter_redirected(&mut self, index: u16, part: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::REDIRECTED.at2(index, part))
    }

    /// Reads: Packets with a verdict beyond XDP_REDIRECT, which are dropped; slot, then low and high half. Unit: packets.
    pub fn read_counter_unknown_verdict(&mut self, index: u16, part: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::UNKNOWN_VERDICT.at2(index, part))
    }

    /// Reads: Packets aborted because an access broke a bound that the hardware checks; slot, then low and high half. Unit: packets.
    pub fn read_counter_bounds_aborted(&mut self, index: u16, part: u16) -> Result<u32, B::Error> {
        self.bus.read_register(counter::BOUNDS_ABORTED.at2(index, part))
    }
}
