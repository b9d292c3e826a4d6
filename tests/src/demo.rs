// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The capture and the rules of the demo, made here and kept in `tests/packets`, so that they need not be made first.

use crate::packets::{Frame, Network, Transport};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, Endianness, PcapError};
use std::time::Duration;
use weir_engines::{Entry, Maps};

/// A rule of the firewall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Destination port.
    pub port: u16,
    /// 1 for TCP, 2 for UDP, 3 for both.
    pub protocols: u8,
    /// Dropped, or counted only.
    pub refuse: bool,
}

/// The demo's rules: TELNET, SMB, SSDP and a database are refused, HTTPS is counted.
pub const RULES: [Rule; 5] = [
    Rule { port: 23, protocols: 1, refuse: true },
    Rule { port: 445, protocols: 3, refuse: true },
    Rule { port: 1900, protocols: 2, refuse: true },
    Rule { port: 5432, protocols: 1, refuse: true },
    Rule { port: 443, protocols: 3, refuse: false },
];

impl Rule {
    /// The entry of the map `rules` in `firewall.bpf.c`.
    pub fn entry(&self) -> Entry {
        let index = u32::from(self.port) % 1024;
        let [low, high] = self.port.to_le_bytes();
        let value = vec![low, high, self.protocols, u8::from(self.refuse), 0, 0, 0, 0];
        Entry { key: index.to_le_bytes().to_vec(), value }
    }
}

/// The demo's map contents.
pub fn maps() -> Maps {
    let mut rules: Vec<Entry> = RULES.iter().map(Rule::entry).collect();
    rules.sort();
    Maps::from([("rules".to_owned(), rules)])
}

/// The demo's packets: every case of the firewall at least once.
pub fn packets() -> Vec<Vec<u8>> {
    let plain = Network::V4 { options: 0, fragment: 0 };
    let mut packets = Vec::new();
    let mut flow = 0;
    let mut add = |vlan, network, transport, payload| {
        flow += 1;
        packets.push(Frame { vlan, network, transport, flow, payload }.bytes());
        packets.len() - 1
    };
    let ports = [22, 23, 53, 80, 443, 445, 1900, 5432, 8080, 23 + 1024, 445 + 2048];
    for port in ports {
        add(None, plain, Transport::Tcp(port), 6);
        add(None, plain, Transport::Udp(port), 18);
    }
    for (options, port) in [(4, 23), (12, 80), (40, 445), (40, 443)] {
        add(None, Network::V4 { options, fragment: 0 }, Transport::Tcp(port), 6);
        add(Some(100), Network::V4 { options, fragment: 0 }, Transport::Udp(port), 40);
    }
    for port in [23, 443, 1900] {
        add(Some(42), plain, Transport::Tcp(port), 0);
        add(Some(42), plain, Transport::Udp(port), 200);
        add(None, Network::V6, Transport::Tcp(port), 0);
        add(Some(42), Network::V6, Transport::Udp(port), 0);
    }
    add(None, plain, Transport::Echo, 56);
    add(None, Network::V6, Transport::Echo, 56);
    add(None, plain, Transport::Other(47), 64);
    add(None, Network::V4 { options: 0, fragment: 185 }, Transport::Tcp(23), 64);
    add(None, plain, Transport::Tcp(443), 1400);
    let short = add(None, Network::V4 { options: 8, fragment: 0 }, Transport::Tcp(23), 0);
    let bad_ihl = add(None, plain, Transport::Udp(53), 18);
    let long_ihl = add(None, plain, Transport::Udp(53), 0);
    let bad_version = add(None, plain, Transport::Udp(53), 18);
    packets[bad_ihl][14] = 0x44;
    packets[long_ihl][14] = 0x4f;
    packets[bad_version][14] = 0x65;
    // Cut within the Ethernet payload, the IPv4 header, its options, and the ports.
    let whole = packets[short].clone();
    packets.extend([14, 15, 33, 34, 41, 42, 43, 45, 46].map(|length| whole[..length].to_vec()));
    packets
}

/// The demo's packets as a capture file.
pub fn capture() -> Result<Vec<u8>, PcapError> {
    let header =
        PcapHeader { datalink: DataLink::ETHERNET, endianness: Endianness::Little, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(Vec::new(), header)?;
    for (index, packet) in (0..).zip(packets()) {
        let time = Duration::from_secs(1_700_000_000) + Duration::from_micros(10 * index);
        writer.write_packet(&PcapPacket::new_owned(time, packet.len() as u32, packet))?;
    }
    Ok(writer.into_writer())
}
