// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The RTL of Weir in rust-hdl.
#![forbid(unsafe_code)]

pub mod buffer;
pub mod egress;
pub mod emit;
pub mod ingress;
pub mod management;
pub mod matchact;
pub mod pcie;
pub mod primitives;
pub mod top;
pub mod virtio;
