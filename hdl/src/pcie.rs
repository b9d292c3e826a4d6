// SPDX-License-Identifier: Apache-2.0 OR MIT
//! PCI Express transaction layer of an endpoint with SR-IOV.
//!
//! Packets come and go as the bytes of PCI Express Base Specification 5.0, chapter 2: the first byte of the header in the
//! lowest bits of the first beat, payload behind it, nothing beside it. Inside, one dword a clock is handled, whatever
//! the width of the link's stream:
//!
//! ```text
//!  rx beats ─ TlpReceive ─ PacketStore ─┬─ posted writes ────────────┐
//!                          (Decode)     ├─ queue of requests ─ Completer ─ access ─> configuration, registers
//!                                       └─ completions ─> requester  │
//!  tx beats <─ TlpTransmit <─ Arbiter <─┬─ completions <─────────────┘
//!                                       └─ requests, interrupts
//! ```
//!
//! Requests that need a completion wait in a queue of their own, and a completion is made in a buffer before any of it
//! is sent: so neither can hold up posted writes or completions for this card, whatever the other side does.
//!
//! Deliberately not here: link and physical layer with their credits (a hard block's), end-to-end CRC (a digest is cut
//! off unseen), TLP prefixes, I/O and locked requests, atomic operations, INTx.

mod arbiter;
mod bar_decode;
mod byte_swap;
mod completer;
mod config_space;
mod decode;
mod interrupt;
mod packet_store;
mod pf_config;
mod receive;
mod transmit;

pub use arbiter::Arbiter;
pub use bar_decode::BarDecode;
pub use byte_swap::ByteSwap;
pub use completer::Completer;
pub use config_space::ConfigSpace;
pub use decode::Decode;
pub use interrupt::InterruptWriter;
pub use packet_store::PacketStore;
pub use pf_config::PfConfig;
pub use receive::TlpReceive;
pub use transmit::TlpTransmit;

/// Requests that wait for their completion at a time: the non-posted header credits that the link layer may advertise.
pub const NONPOSTED_CREDITS: u32 = 8;
