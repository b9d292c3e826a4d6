// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Tests of the header path.

mod admission;
mod deep;
mod emission;
mod keys;
mod ports;
mod random;
mod ring;
mod words;
