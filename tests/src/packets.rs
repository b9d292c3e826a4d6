// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Packets for tests: well-formed ones built by etherparse, the same cut short or bent, and noise; all from a seed.

use etherparse::{
    IpFragOffset, IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv6Extensions, Ipv6Header, PacketBuilder,
    VlanId,
};
use weir_random::Random;

/// The shortest frame that is admitted.
pub const MIN_FRAME_BYTES: usize = 14;

/// Network layer of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// IPv4 with that many bytes of options (a multiple of 4, at most 40) and that fragment offset.
    V4 {
        /// Bytes of options.
        options: usize,
        /// Fragment offset in units of 8 bytes.
        fragment: u16,
    },
    /// IPv6 without extension headers.
    V6,
}

/// Transport layer of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP to that port.
    Tcp(u16),
    /// UDP to that port.
    Udp(u16),
    /// An echo request, of ICMP or ICMPv6.
    Echo,
    /// Another protocol number, nothing but payload.
    Other(u8),
}

/// An IPv6 extension header (RFC 8200, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its number: one of [`Extension::KINDS`], or what no header has.
    pub kind: u8,
    /// Bytes, a multiple of 8 from 8 to 2,048; a fragment header always has 8.
    pub length: usize,
}

impl Extension {
    /// Hop-by-hop options, routing, fragment, authentication, destination options, mobility.
    pub const KINDS: [u8; 6] = [0, 43, 44, 51, 60, 135];

    fn bytes(self, next: u8) -> Vec<u8> {
        const FRAGMENT: u8 = 44;
        const AUTHENTICATION: u8 = 51;
        let (length, field) = match self.kind {
            FRAGMENT => (8, 0),
            // In units of 4 bytes, less 2 (RFC 4302).
            AUTHENTICATION => (self.length, (self.length / 4 - 2) as u8),
            _ => (self.length, (self.length / 8 - 1) as u8),
        };
        let mut bytes = vec![0; length];
        (bytes[0], bytes[1]) = (next, field);
        bytes
    }

    /// A chain of that many random headers, of at most so many bytes each.
    pub fn chain(random: &mut Random, count: usize, most: usize) -> Vec<Extension> {
        let extension = |random: &mut Random| {
            let kind = random.pick(&Extension::KINDS);
            let length = 8 + 8 * random.below(most / 8);
            Extension { kind, length: if kind == 51 { length.min(1024) } else { length } }
        };
        (0..count).map(|_| extension(random)).collect()
    }
}

/// A well-formed frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// VLAN tag, 0..=4095.
    pub vlan: Option<u16>,
    /// Network layer.
    pub network: Network,
    /// Transport layer.
    pub transport: Transport,
    /// Last byte of the addresses and start of the payload's pattern, so that frames differ.
    pub flow: u8,
    /// Bytes of payload.
    pub payload: usize,
}

impl Default for Frame {
    /// 60 bytes of UDP to the discard port.
    fn default() -> Frame {
        let network = Network::V4 { options: 0, fragment: 0 };
        Frame { vlan: None, network, transport: Transport::Udp(9), flow: 1, payload: 18 }
    }
}

impl Frame {
    /// The bytes, without FCS and without padding to 60 bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let payload: Vec<u8> = (0..self.payload).map(|i| self.flow.wrapping_add(i as u8)).collect();
        let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, self.flow], [2, 0, 0, 0, 1, 1]);
        let headers = self.headers();
        let builder = match self.vlan {
            Some(tag) => ethernet.single_vlan(VlanId::try_new(tag & 0xfff).expect("12 bits")).ip(headers),
            None => ethernet.ip(headers),
        };
        let mut out = Vec::new();
        let source_port = 40_000 + u16::from(self.flow);
        let written = match (self.transport, self.network) {
            (Transport::Tcp(port), _) => {
                builder.tcp(source_port, port, 0x0102_0304, 64240).syn().write(&mut out, &payload)
            }
            (Transport::Udp(port), _) => builder.udp(source_port, port).write(&mut out, &payload),
            (Transport::Echo, Network::V4 { .. }) => {
                builder.icmpv4_echo_request(7, self.flow.into()).write(&mut out, &payload)
            }
            (Transport::Echo, Network::V6) => {
                builder.icmpv6_echo_request(7, self.flow.into()).write(&mut out, &payload)
            }
            (Transport::Other(number), _) => builder.write(&mut out, IpNumber(number), &payload),
        };
        written.expect("headers and payload fit");
        out
    }

    fn headers(&self) -> IpHeaders {
        match self.network {
            Network::V4 { options, fragment } => {
                let (source, destination) = ([192, 0, 2, self.flow], [198, 51, 100, 1]);
                // Length and protocol are the builder's to fill in.
                let mut header =
                    Ipv4Header::new(0, 64, IpNumber(0), source, destination).expect("no payload");
                // No operation (1), as often as needed, and the end of the list (0).
                let mut bytes = vec![1; options];
                if let Some(last) = bytes.last_mut() {
                    *last = 0;
                }
                header.options = bytes.as_slice().try_into().expect("a multiple of 4, at most 40");
                header.fragment_offset = IpFragOffset::try_new(fragment).expect("13 bits");
                IpHeaders::Ipv4(header, Ipv4Extensions::default())
            }
            Network::V6 => {
                let mut header = Ipv6Header { hop_limit: 64, ..Ipv6Header::default() };
                header.source = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, self.flow];
                header.destination = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
                IpHeaders::Ipv6(header, Ipv6Extensions::default())
            }
        }
    }

    /// The bytes with a chain of extension headers behind the IPv6 header; the frame as it is without one.
    pub fn with_extensions(&self, chain: &[Extension]) -> Vec<u8> {
        let mut bytes = self.bytes();
        let ip = if self.vlan.is_some() { 18 } else { 14 };
        if self.network != Network::V6 {
            return bytes;
        }
        let mut next = bytes[ip + 6];
        let mut headers = Vec::new();
        for extension in chain.iter().rev() {
            headers.splice(0..0, extension.bytes(next));
            next = extension.kind;
        }
        bytes[ip + 6] = next;
        let payload = u16::from_be_bytes([bytes[ip + 4], bytes[ip + 5]]) + headers.len() as u16;
        bytes[ip + 4..ip + 6].copy_from_slice(&payload.to_be_bytes());
        bytes.splice(ip + 40..ip + 40, headers);
        bytes
    }

    /// A random frame; its port is one of `ports` as often as not.
    pub fn random(random: &mut Random, ports: &[u16]) -> Frame {
        let port =
            if ports.is_empty() || random.one_in(2) { random.u64() as u16 } else { random.pick(ports) };
        let options = if random.one_in(3) { 4 * random.below(11) } else { 0 };
        let fragment = if random.one_in(12) { 1 + random.below(0x1fff) as u16 } else { 0 };
        Frame {
            vlan: random.one_in(4).then(|| random.below(4096) as u16),
            network: if random.one_in(6) { Network::V6 } else { Network::V4 { options, fragment } },
            transport: match random.below(8) {
                0..=2 => Transport::Tcp(port),
                3..=5 => Transport::Udp(port),
                6 => Transport::Echo,
                // No extension headers of IPv6: those are headers, not payload.
                _ => Transport::Other(random.pick(&[2, 4, 41, 47, 89, 112, 132, 253])),
            },
            flow: random.u64() as u8,
            payload: if random.one_in(8) { random.below(1400) } else { random.below(64) },
        }
    }
}

/// A frame cut after every byte, from the shortest that is admitted to the whole.
pub fn truncations(frame: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (MIN_FRAME_BYTES..=frame.len()).map(|length| frame[..length].to_vec())
}

/// The frame with some bytes of its headers replaced.
pub fn bent(mut frame: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let headers = frame.len().min(64);
    for _ in 0..=random.below(3) {
        frame[random.below(headers)] = random.u64() as u8;
    }
    frame
}

/// A mixture: mostly well-formed frames, some cut short, some bent, some noise; every one admitted.
pub fn mixture(seed: u64, count: usize, ports: &[u16]) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    let packet = |random: &mut Random| {
        let frame = Frame::random(random, ports).bytes();
        match random.below(8) {
            0 => frame[..MIN_FRAME_BYTES + random.below(frame.len() - MIN_FRAME_BYTES + 1)].to_vec(),
            1 => bent(frame, random),
            2 => {
                let length = MIN_FRAME_BYTES + random.below(120);
                random.bytes(length)
            }
            _ => frame,
        }
    };
    (0..count).map(|_| packet(&mut random)).collect()
}

/// Noise whose first bytes are operands with edges, for programs that calculate with them.
pub fn operands(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    let packet = |random: &mut Random| {
        let words = 2 + random.below(10);
        let mut bytes: Vec<u8> = (0..words).flat_map(|_| random.edgy().to_le_bytes()).collect();
        if random.one_in(3) {
            // Equal operands.
            bytes.copy_within(0..8, 8);
        }
        let length = random.below(7);
        bytes.extend(random.bytes(length));
        bytes
    };
    (0..count).map(|_| packet(&mut random)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::SlicedPacket;

    #[test]
    fn frames_are_what_they_say() {
        let vlan = Frame {
            vlan: Some(7),
            network: Network::V4 { options: 8, fragment: 0 },
            transport: Transport::Tcp(443),
            ..Frame::default()
        };
        let bytes = vlan.bytes();
        let sliced = SlicedPacket::from_ethernet(&bytes).unwrap();
        assert_eq!(sliced.vlan_ids().len(), 1);
        let Some(etherparse::TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no TCP") };
        assert_eq!((tcp.destination_port(), tcp.payload().len()), (443, 18));
        assert_eq!(bytes.len(), 14 + 4 + 28 + 20 + 18);
        assert_eq!(Frame::default().bytes().len(), 60);
    }

    #[test]
    fn extension_headers_are_what_they_say() {
        let frame = Frame { network: Network::V6, transport: Transport::Udp(53), ..Frame::default() };
        let kinds = [(0, 16), (43, 1400), (44, 8), (51, 24), (60, 8)];
        let chain = kinds.map(|(kind, length)| Extension { kind, length });
        let bytes = frame.with_extensions(&chain);
        let sliced = SlicedPacket::from_ethernet(&bytes).unwrap();
        assert_eq!(bytes.len(), 14 + 40 + 16 + 1400 + 8 + 24 + 8 + 8 + 18);
        let Some(etherparse::TransportSlice::Udp(udp)) = sliced.transport else { panic!("no UDP") };
        assert_eq!(udp.destination_port(), 53);
    }

    #[test]
    fn a_seed_gives_the_same_packets() {
        assert_eq!(mixture(3, 50, &[80]), mixture(3, 50, &[80]));
        assert_ne!(mixture(3, 50, &[80]), mixture(4, 50, &[80]));
        assert!(mixture(5, 500, &[]).iter().all(|p| (14..=1518).contains(&p.len())));
    }
}
