// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The owned layer under every block: what the kernel language of rust-hdl lacks.
//!
//! Each primitive has its Verilog written by hand (`Verilog::Custom`) and an `update()` that says the same in Rust; a
//! test of the simulation crate runs the two side by side on random stimulus. Nothing else in this crate may carry
//! Verilog of its own.
//!
//! Registers start as zero. The contents of memories are undefined until written: FPGAs differ in what they can
//! initialise.

mod arithmetic;
mod async_ram;
pub mod bench;
mod choose;
mod context_read;
mod context_write;
mod delay;
mod enable_register;
mod hold_ram;
mod multiply;
mod pack;
mod realign;
mod relation;
mod shift64;
mod sync_ram;

pub use arithmetic::Arithmetic;
pub use async_ram::AsyncRam;
pub use choose::Choose;
pub use context_read::ContextRead;
pub use context_write::ContextWrite;
pub use delay::Delay;
pub use enable_register::EnableRegister;
pub use hold_ram::HoldRam;
pub use multiply::Multiply;
pub use pack::Pack;
pub use realign::Realign;
pub use relation::Relation;
pub use shift64::Shift64;
pub use sync_ram::SyncRam;

/// What a memory is to be built of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RamStyle {
    /// The synthesis tool chooses.
    #[default]
    Any,
    /// Look-up tables.
    Distributed,
    /// Block RAM.
    Block,
}

impl RamStyle {
    /// The attribute as yosys and vendor tools know it, in front of the declaration.
    fn attribute(self) -> &'static str {
        match self {
            RamStyle::Any => "",
            RamStyle::Distributed => "(* ram_style = \"distributed\" *) ",
            RamStyle::Block => "(* ram_style = \"block\" *) ",
        }
    }
}

/// Panics unless a memory of `depth` words can be addressed by `address_bits`: a mistake in the design, not in data.
fn check_depth(depth: usize, address_bits: usize) {
    assert!(
        depth > 0 && depth <= 1 << address_bits,
        "{depth} words cannot be addressed by {address_bits} bits"
    );
}
