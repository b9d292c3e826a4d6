// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Packets as they go into engines and what comes out for each.

pub use weir_pipeline::model::Meta;
use weir_pipeline::random::packet_random;

/// Frames shorter than this are dropped before any program sees them.
pub const MIN_FRAME_BYTES: usize = 14;

/// A packet with what a program is told about it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Packet {
    /// The frame, without FCS.
    pub data: Vec<u8>,
    /// Where it came from.
    pub meta: Meta,
}

impl From<Vec<u8>> for Packet {
    /// A packet with default metadata.
    fn from(data: Vec<u8>) -> Packet {
        Packet { data, meta: Meta::default() }
    }
}

/// Gives packets the random values that a card gives them whose generator starts at `seed`.
pub fn number(packets: &mut [Packet], seed: u64) {
    for (number, packet) in (0..).zip(packets) {
        packet.meta.random = packet_random(seed, number);
    }
}

/// What an engine says about one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PacketResult {
    /// The program ran.
    Ran(Outcome),
    /// The frame is too short or too long for the card and was dropped before the program.
    NotAdmitted,
    /// This engine cannot run this packet; the others can.
    Skipped(String),
}

impl PacketResult {
    /// The outcome, if the program ran.
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            PacketResult::Ran(outcome) => Some(outcome),
            _ => None,
        }
    }
}

/// What a program did to one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its return value.
    pub verdict: u32,
    /// The packet's bytes; `None` where the verdict gives the packet up.
    pub data: Option<Vec<u8>>,
    /// Interface index that a redirect goes to ([`NOWHERE`] without one), where the engine shows it.
    pub redirect: Option<u32>,
}

/// Where a packet goes whose program returns `XDP_REDIRECT` without having named an interface.
pub const NOWHERE: u32 = 0;

impl Outcome {
    /// An outcome whose bytes are kept only where they count.
    pub fn new(verdict: u32, data: Vec<u8>) -> Outcome {
        Outcome { verdict, data: forwards(verdict).then_some(data), redirect: None }
    }

    /// The same on an engine that shows where a redirect goes.
    pub fn with_redirect(self, interface: u32) -> Outcome {
        Outcome { redirect: (self.verdict == XDP_REDIRECT).then_some(interface), ..self }
    }
}

/// Verdict that sends a packet to another interface.
pub const XDP_REDIRECT: u32 = weir_pipeline::model::REDIRECT;

/// Whether a packet with this verdict goes on: PASS, TX, REDIRECT.
pub fn forwards(verdict: u32) -> bool {
    (2..=XDP_REDIRECT).contains(&verdict)
}

/// Name of a verdict as in linux/bpf.h; an unknown one is shown as the kernel treats it, with its number.
pub fn verdict_name(verdict: u32) -> String {
    match verdict {
        0 => "XDP_ABORTED".into(),
        1 => "XDP_DROP".into(),
        2 => "XDP_PASS".into(),
        3 => "XDP_TX".into(),
        4 => "XDP_REDIRECT".into(),
        other => format!("invalid ({other})"),
    }
}
