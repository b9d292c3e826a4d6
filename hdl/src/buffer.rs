// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Packet buffers: the memory that holds whole frames, what is known of each frame, and who holds which buffer.
//!
//! # Why no buffer is lost or freed twice
//! A buffer number is a token, and at every clock it is in exactly one of these places:
//! ```text
//!  free list ──> ingress ──> entry queue ──> entry register ──> ring ──> exit register ──> exit queue ──┐
//!      ^                                                                                                │
//!      └────────────────────────────────── egress has issued the frame's last read ─────────────────────┘
//! ```
//! * Every step is one clock edge on which one place gives the token away and the next takes it; no step copies.
//! * After reset all tokens are in the free list: as numbers not yet handed out, which a counter gives each once.
//! * Ingress does not take a token before the last beat of a good frame: until then it writes to the number at the head
//!   of the free list. A dropped frame thus never held a buffer and there is nothing to give back.
//! * There is one way out: dropped, aborted and forwarded packets all pass the exit queue and are freed by egress, in
//!   one place, when it removes the token from that queue. So there is one `give` port and nothing to arbitrate.
//! * Every queue has as many places as there are tokens, so a push never meets a full queue: nothing is lost.
//! * The ring gives each packet out once with the buffer it entered with (it is a shift register with a round trip).
//!
//! The number of free buffers is a register (`counter.buffers_free`), computed from what the free list holds: with
//! nothing in flight it equals the number of buffers, and every test of the whole pipeline ends by checking that.

mod free_list;
mod packet_buffer;
mod token_queue;

pub use free_list::FreeList;
pub use packet_buffer::PacketBuffer;
pub use token_queue::TokenQueue;

/// Width of a buffer number; targets have at most 1024 buffers.
pub const BUFFER_BITS: usize = 10;
