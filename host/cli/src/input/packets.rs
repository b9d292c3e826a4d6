// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Packets: captures (pcap, pcapng) and single packets as hexadecimal digits or files of raw bytes.
//!
//! A capture is taken whole or not at all: a file that ends in the middle of a packet is an error, not a shorter
//! capture.

use crate::failure::Failure;
use crate::input;
use pcap_file::pcap::PcapParser;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{Block, PcapNgParser};
use pcap_file::{DataLink, Endianness, PcapError, TsResolution};
use std::path::Path;
use weir_engines::maps::unhex;
use weir_pipeline::Target;

/// A packet to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Bytes from the destination address on, without FCS.
    pub data: Vec<u8>,
    /// Whether the capture holds fewer bytes than were on the wire.
    pub snapped: bool,
    /// When it was captured, in nanoseconds since 1970; 0 where that is not known.
    pub timestamp: u64,
    /// Where it comes from, for messages.
    pub origin: String,
}

/// First bytes of pcap files: microseconds and nanoseconds, either byte order.
const PCAP_MAGIC: [[u8; 4]; 4] =
    [[0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1]];

/// Nanoseconds of a second.
const NANOSECONDS: u64 = 1_000_000_000;

/// First bytes of pcapng files: the type of a section header block.
const PCAPNG_MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Reads a capture; `-` is standard input.
pub fn read_capture(path: &Path) -> Result<Vec<Packet>, Failure> {
    let bytes = input::read(path)?;
    let packets = match bytes.first_chunk::<4>() {
        Some(magic) if PCAP_MAGIC.contains(magic) => parse_pcap(path, &bytes)?,
        Some(&PCAPNG_MAGIC) => parse_pcapng(path, &bytes)?,
        _ if bytes.is_empty() => return Err(Failure::in_file(path, "the file is empty, not a capture")),
        _ => return Err(Failure::in_file(path, "neither pcap nor pcapng")),
    };
    if packets.is_empty() {
        return Err(Failure::in_file(path, "the capture holds no packets"));
    }
    Ok(packets)
}

/// One packet from the command line: hexadecimal digits, else the name of a file of raw bytes.
pub fn from_argument(argument: &str) -> Result<Packet, Failure> {
    if let Some(data) = unhex(argument) {
        return Ok(Packet { data, snapped: false, timestamp: 0, origin: "--data-in".into() });
    }
    let path = Path::new(argument);
    if argument != "-" && !path.exists() {
        return Err(Failure::new(format!("--data-in `{argument}`: neither hexadecimal digits nor a file"))
            .help("two hexadecimal digits for each byte, or a file of raw bytes"));
    }
    Ok(Packet { data: input::read(path)?, snapped: false, timestamp: 0, origin: format!("`{argument}`") })
}

/// Checks that the card could receive a packet at all.
pub fn check_length(packet: &Packet, target: &Target) -> Result<(), Failure> {
    let most = target.max_frame_bytes as usize;
    match packet.data.len() {
        0 => Err(Failure::new(format!("{}: the packet is empty", packet.origin))),
        length if length > most => Err(Failure::new(format!(
            "{}: the packet has {length} bytes, target `{}` admits {most}",
            packet.origin, target.name
        ))),
        _ => Ok(()),
    }
}

fn parse_pcap(path: &Path, bytes: &[u8]) -> Result<Vec<Packet>, Failure> {
    let (mut rest, parser) = PcapParser::new(bytes).map_err(|e| broken(path, "the file header", 0, &e))?;
    check_link(path, parser.header().datalink)?;
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        // The raw form: the cooked one refuses packets longer on the wire than the snap length, which are ordinary.
        let (after, raw) = parser
            .next_raw_packet(rest)
            .map_err(|e| broken(path, &format!("packet {}", packets.len()), at, &e))?;
        let fraction = match parser.header().ts_resolution {
            TsResolution::MicroSecond => u64::from(raw.ts_frac) * 1000,
            TsResolution::NanoSecond => raw.ts_frac.into(),
        };
        let timestamp = u64::from(raw.ts_sec) * NANOSECONDS + fraction;
        let packet = captured(path, packets.len(), &raw.data, raw.orig_len);
        packets.push(Packet { timestamp, ..packet });
        rest = after;
    }
    Ok(packets)
}

fn parse_pcapng(path: &Path, bytes: &[u8]) -> Result<Vec<Packet>, Failure> {
    let (mut rest, mut parser) =
        PcapNgParser::new(bytes).map_err(|e| broken(path, "the section header", 0, &e))?;
    let mut packets: Vec<Packet> = Vec::new();
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let what = format!("the block after packet {}", packets.len().wrapping_sub(1));
        let what = if packets.is_empty() { "a block before the first packet" } else { &what };
        let (after, block) = parser.next_block(rest).map_err(|e| broken(path, what, at, &e))?;
        rest = after;
        let (interface, data, wire, ticks) = match &block {
            // The library takes ticks for nanoseconds, whatever the interface says.
            Block::EnhancedPacket(p) => {
                (p.interface_id as usize, &p.data, p.original_len, p.timestamp.as_nanos() as u64)
            }
            Block::SimplePacket(p) => (0, &p.data, p.original_len, 0),
            // And two words, the upper one first, for one.
            Block::Packet(p) => {
                let ticks = match parser.section().endianness {
                    Endianness::Little => p.timestamp.rotate_left(32),
                    Endianness::Big => p.timestamp,
                };
                (usize::from(p.interface_id), &p.data, p.original_len, ticks)
            }
            _ => continue,
        };
        let Some(description) = parser.interfaces().get(interface) else {
            return Err(Failure::in_file(
                path,
                format!("packet {}: interface {interface} is not described", packets.len()),
            ));
        };
        check_link(path, description.linktype)?;
        let timestamp = nanoseconds(ticks, description);
        packets.push(Packet { timestamp, ..captured(path, packets.len(), data, wire) });
    }
    Ok(packets)
}

/// A time of an interface, whose ticks are microseconds unless it says otherwise: a power of 10, or of 2 with the
/// highest bit set.
fn nanoseconds(ticks: u64, interface: &InterfaceDescriptionBlock<'_>) -> u64 {
    let said = interface.options.iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
        _ => None,
    });
    let resolution = said.unwrap_or(6);
    let (base, power) = if resolution & 0x80 == 0 { (10u128, resolution) } else { (2, resolution & 0x7f) };
    // More ticks a second than this number has bits for: none of them is a nanosecond.
    let each_second = base.checked_pow(power.into()).unwrap_or(u128::MAX);
    (u128::from(ticks) * u128::from(NANOSECONDS) / each_second) as u64
}

fn captured(path: &Path, index: usize, data: &[u8], wire: u32) -> Packet {
    Packet {
        data: data.to_vec(),
        snapped: (data.len() as u64) < u64::from(wire),
        timestamp: 0,
        origin: format!("`{}`: packet {index}", path.display()),
    }
}

fn check_link(path: &Path, link: DataLink) -> Result<(), Failure> {
    match link {
        DataLink::ETHERNET => Ok(()),
        other => Err(Failure::in_file(path, format!("link type is {other:?}, must be ETHERNET"))),
    }
}

fn broken(path: &Path, what: &str, at: usize, error: &PcapError) -> Failure {
    let why = match error {
        PcapError::IncompleteBuffer => "the file ends in the middle of it".to_owned(),
        other => other.to_string(),
    };
    Failure::in_file(path, format!("{what} (at byte {at}) cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pcap of two packets, written by hand from the format's description (draft-ietf-opsawg-pcap).
    fn pcap() -> Vec<u8> {
        let mut bytes =
            vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0];
        bytes.extend([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 0xaa, 0xbb, 0xcc]);
        bytes.extend([1, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 60, 0, 0, 0, 1, 2, 3, 4]);
        bytes
    }

    /// A pcapng with one interface and one enhanced packet block, from draft-ietf-opsawg-pcapng.
    fn pcapng() -> Vec<u8> {
        let mut bytes = vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
        bytes.extend([0xff; 8]);
        bytes.extend([28, 0, 0, 0]);
        bytes.extend([1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0, 20, 0, 0, 0]);
        bytes.extend([6, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        bytes.extend([3, 0, 0, 0, 3, 0, 0, 0, 0xaa, 0xbb, 0xcc, 0, 36, 0, 0, 0]);
        bytes
    }

    /// The same with options: a comment in the section, a time resolution in the interface, flags in the packet.
    fn pcapng_with_options() -> Vec<u8> {
        let option = |code: u8, value: &[u8]| {
            let mut bytes = vec![code, 0, value.len() as u8, 0];
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let plain = pcapng();
        let mut bytes = Vec::new();
        for (range, options) in [
            (0..28, option(1, b"hello")),
            (28..48, [option(9, &[9]), option(2, b"eth0"), option(14, &[0; 8])].concat()),
            (48..84, option(2, &[1, 0, 0, 0])),
        ] {
            let block = &plain[range];
            let length = (block.len() + options.len() + 4) as u32;
            bytes.extend(&block[..4]);
            bytes.extend(length.to_le_bytes());
            bytes.extend(&block[8..block.len() - 4]);
            bytes.extend(options);
            bytes.extend([0; 4]);
            bytes.extend(length.to_le_bytes());
        }
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Vec<Packet>, Failure> {
        let path = Path::new("x");
        if bytes.starts_with(&PCAPNG_MAGIC) { parse_pcapng(path, bytes) } else { parse_pcap(path, bytes) }
    }

    #[test]
    fn both_formats_give_the_bytes() {
        let packets: [Packet; 2] = parse(&pcap()).unwrap().try_into().unwrap();
        assert_eq!(packets[0].data, [0xaa, 0xbb, 0xcc]);
        assert!(!packets[0].snapped);
        assert_eq!(packets[1].data, [1, 2, 3, 4]);
        assert!(packets[1].snapped);
        assert_eq!(packets.map(|packet| packet.timestamp), [1_000_002_000, 1_000_003_000]);
        // One tick: of the default resolution, a microsecond, and of the resolution in the options, a nanosecond.
        for (bytes, timestamp) in [(pcapng(), 1000), (pcapng_with_options(), 1)] {
            let packets = parse(&bytes).unwrap();
            assert_eq!(packets.len(), 1);
            assert_eq!(packets[0].data, [0xaa, 0xbb, 0xcc]);
            assert_eq!(packets[0].timestamp, timestamp);
        }
        let resolution = |resolution| InterfaceDescriptionBlock {
            linktype: DataLink::ETHERNET,
            snaplen: 0,
            options: vec![InterfaceDescriptionOption::IfTsResol(resolution)],
        };
        for (code, expected) in
            [(0, 3_000_000_000), (9, 3), (10, 0), (0x81, 1_500_000_000), (0xff, 0), (127, 0)]
        {
            assert_eq!(nanoseconds(3, &resolution(code)), expected, "resolution {code}");
        }
        assert_eq!(nanoseconds(1_700_000_000_000_000, &resolution(6)), 1_700_000_000_000_000_000);
    }

    #[test]
    fn cut_anywhere_but_between_packets_is_an_error() {
        for (bytes, whole) in [(pcap(), vec![24, 43]), (pcapng(), vec![28, 48])] {
            for cut in 1..bytes.len() {
                assert_eq!(parse(&bytes[..cut]).is_ok(), whole.contains(&cut), "cut at {cut}");
            }
        }
    }

    #[test]
    fn damaged_captures_do_not_panic() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for bytes in [pcap(), pcapng(), pcapng_with_options()] {
            for _ in 0..20_000 {
                let mut damaged = bytes.clone();
                for _ in 0..1 + random(4) {
                    damaged[random(bytes.len())] =
                        [0, 1, 2, 3, 0x7f, 0x80, 0xff, random(256) as u8][random(8)];
                }
                let _ = parse(&damaged);
            }
        }
    }

    #[test]
    fn other_link_types_are_named() {
        let mut bytes = pcap();
        bytes[20] = 101;
        assert!(parse(&bytes).unwrap_err().message.contains("RAW"));
    }

    #[test]
    fn lengths_are_held_against_the_target() {
        let target = Target::named("sim").unwrap();
        let packet =
            |length| Packet { data: vec![0; length], snapped: false, timestamp: 0, origin: "here".into() };
        let most = target.max_frame_bytes as usize;
        assert!(check_length(&packet(most), &target).is_ok());
        assert!(check_length(&packet(most + 1), &target).unwrap_err().message.contains("1519 bytes"));
        assert!(check_length(&packet(0), &target).unwrap_err().message.contains("empty"));
    }
}
