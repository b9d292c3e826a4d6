// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Packets that no sender may send, or that this card does not serve: they have no effect, and the card goes on.

use crate::{bar, config, on_each, set_bar, set_config};
use weir_random::Random;
use weir_sim::pcie::tlp::{Common, Status, Tlp};
use weir_sim::pcie::{BUS, EndpointSim};

const VF_BAR: u64 = 0x80_0000_0000;
/// A register of VF 1 that holds what is written to it.
const SCRATCH: u64 = 0x4008;

fn write_of(dwords: usize) -> Vec<u8> {
    let last = if dwords == 1 { 0 } else { 0xf };
    let data = vec![0x5a; dwords * 4];
    Tlp::MemoryWrite { common: Common::default(), address: VF_BAR + SCRATCH, first: 0xf, last, data }.encode()
}

fn read_of(dwords: u16) -> Vec<u8> {
    let last = if dwords == 1 { 0 } else { 0xf };
    let common = Common { tag: 7, ..Common::default() };
    Tlp::MemoryRead { common, address: VF_BAR + SCRATCH, first: 0xf, last, dwords }.encode()
}

fn config_read() -> Vec<u8> {
    let common = Common { tag: 9, ..Common::default() };
    Tlp::ConfigRead { common, target: u16::from(BUS) << 8, offset: 0, enables: 0xf }.encode()
}

/// The packet with some bits of a header dword set to a value.
fn with(mut packet: Vec<u8>, dword: usize, low: u32, bits: u32, value: u32) -> Vec<u8> {
    let bytes = dword * 4..dword * 4 + 4;
    let mask = (u32::MAX >> (32 - bits)) << low;
    let old = u32::from_be_bytes(packet[bytes.clone()].try_into().unwrap());
    packet[bytes].copy_from_slice(&(old & !mask | value << low & mask).to_be_bytes());
    packet
}

/// Sends a packet and lets the card come to rest; gives what it sent, and which errors it then shows.
fn reaction(card: &mut EndpointSim, packet: Vec<u8>) -> (Vec<Vec<u8>>, u32) {
    set_config(card, 0, 0x104, !0);
    let link = card.root().link();
    link.send(packet);
    let mut sent = Vec::new();
    for _ in 0..100_000 {
        link.clock().unwrap();
        sent.extend(link.receive());
        if link.idle() {
            break;
        }
    }
    assert!(link.idle());
    (sent, config(card, 0, 0x104))
}

/// Malformed packets (2.3.1): dropped without an answer.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let append = |mut packet: Vec<u8>, bytes: usize| {
        packet.resize(packet.len() + bytes, 0);
        packet
    };
    let cut = |mut packet: Vec<u8>, bytes: usize| {
        packet.truncate(bytes);
        packet
    };
    let mut cases = vec![
        ("prefix", with(read_of(1), 0, 31, 1, 1)),
        ("undefined type", with(read_of(1), 0, 24, 5, 0x1a)),
        ("undefined type with data", with(write_of(1), 0, 24, 5, 0x06)),
        ("payload longer than said", append(write_of(1), 4)),
        ("payload shorter than said", cut(write_of(2), 20)),
        ("read with payload", append(read_of(1), 4)),
        ("no payload", cut(write_of(1), 16)),
        ("header cut short", cut(read_of(1), 8)),
        ("first dword alone", cut(config_read(), 4)),
        ("digest said, not there", with(write_of(1), 0, 15, 1, 1)),
        ("payload beyond the longest", write_of(33)),
        ("payload far beyond the longest", write_of(700)),
        ("length 0, which is 1024, with one dword", with(write_of(1), 0, 0, 10, 0)),
        ("write over 4 KiB", with(write_of(2), 3, 2, 10, 0x3ff)),
        ("read over 4 KiB", with(read_of(3), 3, 2, 10, 0x3fe)),
        ("last byte enables of one dword", with(write_of(1), 1, 4, 4, 1)),
        ("no last byte enables of two dwords", with(write_of(2), 1, 4, 4, 0)),
        ("no first byte enables of two dwords", with(read_of(2), 1, 0, 4, 0)),
        ("hole in the first of three dwords", with(write_of(3), 1, 0, 4, 0b1010)),
        ("hole in the last of three dwords", with(read_of(3), 1, 4, 4, 0b0101)),
        ("configuration of two dwords", with(config_read(), 0, 0, 10, 2)),
        ("configuration with last byte enables", with(config_read(), 1, 4, 4, 0xf)),
        ("configuration of another traffic class", with(config_read(), 0, 20, 3, 1)),
    ];
    for (name, packet) in
        [("long tail", append(write_of(1), 8192)), ("longest of all", append(read_of(1), 20_000))]
    {
        cases.push((name, packet));
    }
    cases
}

/// Registers and configuration of both functions work as ever.
fn still_well(card: &mut EndpointSim, what: &str) {
    assert_eq!(bar(card, 1, SCRATCH, 4), 0x1234_5678, "{what} took effect");
    assert_eq!(config(card, 0, 0), 0x10f5_1af4, "after {what}");
    set_bar(card, 1, SCRATCH, 4, 0x8765_4321);
    assert_eq!(bar(card, 1, SCRATCH, 4), 0x8765_4321, "after {what}");
    set_bar(card, 1, SCRATCH, 4, 0x1234_5678);
}

fn prepare(card: &mut EndpointSim) {
    card.enable_vfs(2).unwrap();
    // Payloads of 128 bytes.
    set_config(card, 0, 0x5c, 0x2910);
    set_bar(card, 1, SCRATCH, 4, 0x1234_5678);
}

#[test]
fn malformed_packets_have_no_effect() {
    on_each(|card, _| {
        prepare(card);
        for (name, packet) in malformed() {
            let (sent, errors) = reaction(card, packet);
            assert_eq!((sent, errors), (vec![], 1 << 18), "{name}");
            still_well(card, name);
        }
        // Fatal, as its severity says.
        assert_eq!(config(card, 0, 0x5c) >> 18 & 1, 1);
    });
}

#[test]
fn poisoned_writes_have_no_effect() {
    on_each(|card, _| {
        prepare(card);
        let (sent, errors) = reaction(card, with(write_of(1), 0, 14, 1, 1));
        assert_eq!((sent, errors), (vec![], 1 << 12));
        still_well(card, "a poisoned write");
        assert_ne!(config(card, 0, 0x04) & 1 << 31, 0, "detected parity error");
        // A poisoned configuration write is answered with Unsupported Request (2.7.2.2).
        let common = Common { tag: 3, poisoned: true, ..Common::default() };
        let target = u16::from(BUS) << 8;
        let write = Tlp::ConfigWrite { common, target, offset: 0x3c, enables: 1, data: [0x77; 4] };
        let (sent, errors) = reaction(card, write.encode());
        assert_eq!(errors, 1 << 12);
        let Ok(Tlp::Completion { status, .. }) = Tlp::decode(&sent[0]) else { panic!("{sent:?}") };
        assert_eq!(status, Status::UnsupportedRequest);
        assert_ne!(config(card, 0, 0x3c) & 0xff, 0x77);
    });
}

#[test]
fn requests_that_are_not_served_are_answered_so() {
    on_each(|card, _| {
        prepare(card);
        let one = |packet: Vec<u8>, kind| with(packet, 0, 24, 5, kind);
        let mut wide = write_of(1);
        wide.extend_from_slice(&[0; 4]);
        let cases = [
            ("locked read", one(read_of(1), 0x01), 0x0b),
            ("I/O read", one(config_read(), 0x02), 0x0a),
            ("configuration read of type 1", one(config_read(), 0x05), 0x0a),
            ("fetch and add", one(write_of(1), 0x0c), 0x0a),
            ("swap", one(write_of(1), 0x0d), 0x0a),
            ("compare and swap", with(one(wide, 0x0e), 0, 0, 10, 2), 0x0a),
        ];
        for (name, packet, code) in cases {
            let (sent, errors) = reaction(card, packet);
            assert_eq!(errors, 1 << 20, "{name}");
            assert_eq!(sent.len(), 1, "{name}");
            assert_eq!((sent[0][0], sent[0].len()), (code, 12), "{name}: no data");
            assert_eq!(sent[0][6] >> 5, 1, "{name}: Unsupported Request");
            still_well(card, name);
        }
    });
}

#[test]
fn messages() {
    on_each(|card, _| {
        prepare(card);
        // Four dwords of header; routing by local termination; code in the last byte of the second dword.
        let message = |code: u8, data: bool| {
            let mut packet = vec![if data { 0x74 } else { 0x34 }, 0, 0, u8::from(data), 0, 0, 0, code];
            packet.resize(16 + if data { 4 } else { 0 }, 0);
            packet
        };
        for (code, data, errors) in [
            (0x50, true, 0),        // Set_Slot_Power_Limit
            (0x00, false, 0),       // Unlock
            (0x19, false, 0),       // PME_Turn_Off
            (0x7f, false, 0),       // vendor-defined, type 1
            (0x7e, false, 1 << 20), // vendor-defined, type 0
            (0x20, false, 1 << 20), // Assert_INTA, which no endpoint is sent
        ] {
            assert_eq!(reaction(card, message(code, data)), (vec![], errors), "code {code:#x}");
        }
        still_well(card, "messages");
    });
}

#[test]
fn completions_that_nobody_waits_for() {
    on_each(|card, _| {
        prepare(card);
        for data in [vec![], vec![1; 4]] {
            let completion = Tlp::Completion {
                common: Common { requester: u16::from(BUS) << 8 | 1, tag: 5, ..Common::default() },
                completer: 0,
                status: Status::Success,
                byte_count: 4,
                lower_address: 0,
                data,
            };
            assert_eq!(reaction(card, completion.encode()), (vec![], 1 << 16));
        }
        still_well(card, "completions");
    });
}

/// Requests that are answered do not hold up writes: the queue of requests is full while the host takes nothing.
#[test]
fn writes_pass_requests() {
    on_each(|card, _| {
        prepare(card);
        let link = card.root().link();
        link.hold(true);
        for _ in 0..8 {
            link.send(config_read());
        }
        link.send(write_of(1));
        for _ in 0..5_000 {
            link.clock().unwrap();
        }
        assert!(link.delivered(), "the write waits behind requests");
        link.hold(false);
        for _ in 0..5_000 {
            link.clock().unwrap();
        }
        let completions = std::iter::from_fn(|| card.root().link().receive()).count();
        assert_eq!(completions, 8);
        assert_eq!(bar(card, 1, SCRATCH, 4), 0x5a5a_5a5a);
    });
}

/// Random damage to good packets: whatever comes of it, the card then works, and answers nothing twice.
#[test]
fn random_damage() {
    on_each(|card, random| {
        prepare(card);
        for _ in 0..300 {
            let packet = damaged(random);
            let text = format!("{packet:02x?}");
            let (sent, _) = reaction(card, packet);
            let most = 33;
            assert!(sent.len() <= most, "{} packets in answer to {text}", sent.len());
            // The damage may have been a configuration write: set up anew.
            prepare(card);
            still_well(card, &text);
        }
    });
}

fn damaged(random: &mut Random) -> Vec<u8> {
    let mut packet = match random.below(4) {
        0 => read_of(1 + random.below(64) as u16),
        1 => write_of(1 + random.below(32) as usize),
        2 => config_read(),
        _ => {
            let data = vec![random.u64() as u8; 4];
            let common = Common::default();
            Tlp::Completion {
                common,
                completer: 0,
                status: Status::Success,
                byte_count: 4,
                lower_address: 0,
                data,
            }
            .encode()
        }
    };
    for _ in 0..1 + random.below(3) {
        let at = random.below(packet.len().min(16) as u64) as usize;
        packet[at] ^= 1 << random.below(8);
    }
    match random.below(6) {
        0 => packet.truncate(4 * (1 + random.below(packet.len() as u64 / 4)) as usize),
        1 => packet.resize(packet.len() + 4 * (1 + random.below(8) as usize), 0xee),
        _ => {}
    }
    // An address that leads to Device Control would reset the card, which is another test's.
    packet
}
