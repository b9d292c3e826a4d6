// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The header path: a ring of match-action stages that executes the stage words of [`weir_pipeline::words`].
//!
//! What a word means is specified there and modelled by [`weir_pipeline::Model`]; this module does the same with
//! clocks. Packets enter at [`ring::Ring`], go round one or more times and leave with a verdict. Nothing in here
//! ever stalls. The payload path, the buffers and the register bus are other modules.

pub mod admission;
pub mod alu;
pub mod compare;
pub mod deep;
pub mod entry;
pub mod keys;
pub mod late;
pub mod lsu;
pub mod multiplier;
pub mod operand;
pub mod ring;
pub mod stage;
pub mod table;
pub mod tag;
pub mod word_store;
pub mod words;
pub mod write_back;

#[cfg(test)]
mod tests;
