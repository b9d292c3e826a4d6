// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One line about a packet, for people: layers, addresses, ports. Nothing is decided by it.

use etherparse::{EtherType, LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, LinkSlice, TransportSlice};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The packet in a few words, as far as its bytes reach.
pub fn describe(packet: &[u8]) -> String {
    let Ok(layers) = LaxSlicedPacket::from_ethernet(packet) else {
        return "short frame".into();
    };
    let mut words = Vec::new();
    for ext in &layers.link_exts {
        if let LaxLinkExtSlice::Vlan(tag) = ext {
            words.push(format!("vlan {}", tag.vlan_identifier().value()));
        }
    }
    let fragment = layers.net.as_ref().and_then(|net| net.ip_payload_ref()).is_some_and(|p| p.fragmented);
    let (from, to, bracket, protocol) = match &layers.net {
        None => {
            words.push(match &layers.link {
                Some(LinkSlice::Ethernet2(link)) if layers.link_exts.is_empty() => {
                    ether_name(link.ether_type(), layers.stop_err.is_some())
                }
                _ => "not IP".into(),
            });
            return words.join(" ");
        }
        Some(LaxNetSlice::Arp(_)) => {
            words.push("ARP".into());
            return words.join(" ");
        }
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let address = |a: Ipv4Addr| a.to_string();
            (address(header.source_addr()), address(header.destination_addr()), false, ip.payload().ip_number)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let address = |a: Ipv6Addr| a.to_string();
            (address(header.source_addr()), address(header.destination_addr()), true, ip.payload().ip_number)
        }
    };
    let (name, ports) = match &layers.transport {
        Some(TransportSlice::Tcp(tcp)) => ("TCP".into(), Some((tcp.source_port(), tcp.destination_port()))),
        Some(TransportSlice::Udp(udp)) => ("UDP".into(), Some((udp.source_port(), udp.destination_port()))),
        Some(TransportSlice::Icmpv4(_)) => ("ICMP".into(), None),
        Some(TransportSlice::Icmpv6(_)) => ("ICMPv6".into(), None),
        Some(TransportSlice::Igmp(_)) => ("IGMP".into(), None),
        None => {
            let name = protocol.keyword_str().map_or(format!("protocol {}", protocol.0), str::to_owned);
            (name, None)
        }
    };
    words.push(name);
    words.push(match (ports, bracket) {
        (Some((source, destination)), false) => format!("{from}:{source} > {to}:{destination}"),
        (Some((source, destination)), true) => format!("[{from}]:{source} > [{to}]:{destination}"),
        (None, _) => format!("{from} > {to}"),
    });
    if fragment && ports.is_none() {
        words.push("(fragment)".into());
    } else if layers.stop_err.is_some() || (layers.transport.is_none() && is_transport(protocol.0)) {
        words.push("(cut)".into());
    }
    words.join(" ")
}

/// TCP, UDP, ICMP, ICMPv6: a packet of these without such a header is too short for it.
fn is_transport(protocol: u8) -> bool {
    matches!(protocol, 1 | 6 | 17 | 58)
}

fn ether_name(kind: EtherType, cut: bool) -> String {
    let name = match kind {
        EtherType::IPV4 => "IPv4".into(),
        EtherType::IPV6 => "IPv6".into(),
        EtherType::ARP => "ARP".into(),
        EtherType(number) if number < 0x600 => "802.3".into(),
        EtherType(number) => format!("ethertype {number:#06x}"),
    };
    if cut { format!("{name} (cut)") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    fn tcp() -> Vec<u8> {
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(1234, 80, 0, 100)
            .write(&mut bytes, &[])
            .unwrap();
        bytes
    }

    #[test]
    fn layers_and_ports() {
        assert_eq!(describe(&tcp()), "TCP 10.0.0.1:1234 > 10.0.0.2:80");
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .single_vlan(5.try_into().unwrap())
            .ipv6([0; 16], [1; 16], 64)
            .udp(53, 4000)
            .write(&mut bytes, &[1, 2])
            .unwrap();
        assert_eq!(describe(&bytes), "vlan 5 UDP [::]:53 > [101:101:101:101:101:101:101:101]:4000");
        assert_eq!(describe(&[0xff; 14]), "ethertype 0xffff");
    }

    #[test]
    fn cut_at_every_byte_says_so_and_does_not_panic() {
        let bytes = tcp();
        for cut in 0..bytes.len() {
            let words = describe(&bytes[..cut]);
            assert!(words.contains("cut") || words == "short frame", "cut at {cut}: {words}");
        }
    }
}
