// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The text form of a pipeline: what `weir prog dump --stage words` prints and tests write by hand.
//!
//! ```text
//! pipeline "drop_port"
//! target sim
//! tag 0123456789abcdef
//! gap 1
//! passes 1
//! table "rules" array key 4 value 8 entries 1024 places 1024 unit 1 id 0 base 0
//! table "hosts" hash key 4 value 8 entries 40 places 132 unit 1 id 1 base 1024 keys unit 0 id 0 base 0 buckets 16
//! pass 0 stage 0
//!   lsu load r1 = u16 [zero +12] if always
//!   alu0 r2 = swap16 zero, load if always @4,5
//!   cmp0 eq.32 alu0, 2048 (p0, p0) -> p1:f0, p2:0f @6
//! pass 0 stage 5
//!   late read.u32 r3 = 0[r1 + 4] if p1
//! pass 0 stage 6
//!   late deep.u16 r4 = [r3 + 128] if always
//! pass 0 stage 8
//!   late find r5 = 0[r4, 0] if p1
//! end
//! ```
//! One line a unit, in the order of the stage word; stages without work are left out; `#` starts a comment. A guard
//! is `if always`, `if pN`, `if !pN`, or absent for never. `@` lists the instructions a unit's word carries out. A line
//! `moves_head` behind `passes` says that register 2 tells where the packet starts in the end.

mod parse;
mod print;

pub use parse::{ParseError, parse};
pub use print::{Units, print, units};

#[cfg(test)]
mod tests;
