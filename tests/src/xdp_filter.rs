// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What xdp-filter is run on: maps filled so that lookups hit and miss, and packets for both.
//!
//! Sizes of keys and values are those of the object's BTF. A value holds flags in its low six bits (source 1,
//! destination 2, TCP 4, UDP 8) and a count of hits above.

use crate::packets::{Extension, Frame, Network, Transport, bent, truncations};
use weir_bpf::{MapDef, Object};
use weir_engines::{Entry, Maps, Packet};
use weir_random::Random;

/// Ports that have entries.
const PORTS: [u16; 6] = [22, 53, 80, 443, 4789, 8080];

/// Flags of the entries, in turn.
const FLAGS: [u64; 8] = [0b1111, 0b0001, 0b0010, 0b0101, 0b1010, 0b1110, 0b1011, 0];

/// Addresses whose last byte is below this have entries.
const LISTED: u8 = 16;

/// Contents of the maps that an object has.
pub fn maps(object: &Object) -> Maps {
    let filters = object.maps.iter().filter(|map| map.name.starts_with("filter_"));
    filters.map(|map| (map.name.clone(), entries(map))).collect()
}

fn entries(map: &MapDef) -> Vec<Entry> {
    let keys: Vec<Vec<u8>> = match map.name.as_str() {
        // The port as it is in the packet, in a 32-bit index.
        "filter_ports" => PORTS.iter().map(|port| u32::from(port.to_be()).to_le_bytes().to_vec()).collect(),
        _ => (0..LISTED).map(|last| address(map.key_size as usize, last)).collect(),
    };
    let entry = |(key, flags): (Vec<u8>, &u64)| {
        let mut value = vec![0; map.value_size as usize];
        value[..8].copy_from_slice(&flags.to_le_bytes());
        Entry { key, value }
    };
    keys.into_iter().zip(FLAGS.iter().cycle()).map(entry).collect()
}

/// The addresses that [`packet`] makes, by their size: Ethernet, IPv4, IPv6.
fn address(bytes: usize, last: u8) -> Vec<u8> {
    let mut address = match bytes {
        6 => vec![2, 0, 0, 0, 0, 0],
        4 => vec![192, 0, 2, 0],
        _ => vec![0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    };
    address[bytes - 1] = last;
    address
}

/// The bytes of a frame, its addresses and source port replaced: about half of them have entries.
fn packet(frame: &Frame, chain: &[Extension], random: &mut Random) -> Vec<u8> {
    let mut bytes = frame.with_extensions(chain);
    let mut last = || if random.one_in(2) { random.below(LISTED) } else { 200 };
    for at in [0, 6] {
        bytes[at..at + 6].copy_from_slice(&address(6, last()));
    }
    let ip = if frame.vlan.is_some() { 18 } else { 14 };
    let (places, size) = match frame.network {
        Network::V4 { .. } => ([12, 16], 4),
        Network::V6 => ([8, 24], 16),
    };
    for at in places {
        bytes[ip + at..ip + at + size].copy_from_slice(&address(size, last()));
    }
    bytes
}

/// Packets: plain and tagged, IPv4 with and without options, fragments, IPv6 with none to seven extension headers of 8
/// to 1,400 bytes, cut after every byte, bent.
pub fn packets() -> Vec<Packet> {
    let mut random = Random::new(31);
    let mut packets = Vec::new();
    for round in 0..240 {
        let mut frame = Frame::random(&mut random, &PORTS);
        let mut chain = Vec::new();
        if round % 2 == 0 {
            frame.network = Network::V6;
            frame.payload = random.below(40);
            let count = random.below(8);
            let most = if random.one_in(3) { 1400 / count.max(1) } else { 48 };
            chain = Extension::chain(&mut random, count, most);
        }
        let bytes = packet(&frame, &chain, &mut random);
        packets.push(if round % 9 == 8 { bent(bytes, &mut random) } else { bytes });
    }
    // One header of every length, with a port behind it that has an entry.
    for length in (8..=1400).step_by(8) {
        let frame =
            Frame { network: Network::V6, transport: Transport::Tcp(443), flow: 1, payload: 0, vlan: None };
        let kind = random.pick(&[0, 43, 60, 135]);
        packets.push(packet(&frame, &[Extension { kind, length }], &mut random));
    }
    let chain = Extension::KINDS.map(|kind| Extension { kind, length: 16 });
    for (vlan, network, transport) in [
        (None, Network::V6, Transport::Udp(53)),
        (Some(7), Network::V4 { options: 8, fragment: 0 }, Transport::Tcp(22)),
    ] {
        let frame = Frame { vlan, network, transport, flow: 2, payload: 3 };
        packets.extend(truncations(&packet(&frame, &chain, &mut random)));
    }
    packets.retain(|packet| packet.len() <= 1518);
    packets.into_iter().map(Packet::from).collect()
}
