// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The RTL of Weir in rust-hdl.

pub mod emit;
pub mod matchact;
pub mod primitives;
