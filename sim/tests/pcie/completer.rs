// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Reads and writes of every alignment and length, and what the completer must answer to what it does not serve.

use crate::{bar, config, on_each, set_bar, set_config};
use weir_sim::pcie::tlp::{Common, Status, Tlp, byte_enables};
use weir_sim::pcie::{BUS, EndpointSim, PciFunctions};

/// Where the host puts the BARs of the VFs.
const VF_BAR: u64 = 0x80_0000_0000;

/// Registers of the MSI-X table of VF 1 are memory, as long as MSI-X is off: 3 vectors of 4 dwords.
const TABLE: u64 = 0x4000;

fn read(card: &mut EndpointSim, address: u64, bytes: usize) -> Tlp {
    let (first, last, dwords) = byte_enables(address, bytes);
    let common = card.root().next_common();
    Tlp::MemoryRead { common, address: address & !3, first, last, dwords: dwords as u16 }
}

/// What the table of VF 1 holds after a known pattern was written; vector control has one bit, addresses end in 00.
fn fill(card: &mut EndpointSim) -> Vec<u8> {
    let mut expected = Vec::new();
    for vector in 0..3_u64 {
        let values = [0x1111_2220 + vector * 16, 0x3333_4444 + vector, 0x5555_6667 + vector, vector & 1];
        for (field, value) in values.into_iter().enumerate() {
            set_bar(card, 1, TABLE + vector * 16 + field as u64 * 4, 4, value);
            expected.extend_from_slice(&(value as u32).to_le_bytes());
        }
    }
    // Behind the table there is nothing.
    expected.resize(4096, 0);
    expected
}

#[test]
fn reads_of_every_alignment() {
    on_each(|card, random| {
        card.enable_vfs(2).unwrap();
        let expected = fill(card);
        let mut cases: Vec<(usize, usize)> = (0..9).flat_map(|at| (1..=12).map(move |n| (at, n))).collect();
        cases.extend((0..40).map(|_| {
            let at = random.below(4096) as usize;
            (at, 1 + random.below(4096 - at as u64) as usize)
        }));
        cases.extend([(0, 4096), (1, 4095), (0, 4095), (124, 8), (128, 256), (100, 300)]);
        for size in [0, 1] {
            let control = u32::from(size == 1) << 5;
            set_config(card, 0, 0x5c, 0x2910 | control);
            for (at, bytes) in &cases {
                let mut data = vec![0xaa; *bytes];
                card.bar_read(1, 0, TABLE + *at as u64, &mut data).unwrap();
                assert_eq!(data, expected[*at..at + bytes], "{bytes} bytes at {at}, payload size {size}");
            }
        }
        // 4 KiB in payloads of 128 and 256 bytes; a read that starts off the boundary takes one more.
        for (size, at, completions) in [(0, 0, 32), (1, 0, 16), (0, 4, 32), (1, 132, 16)] {
            set_config(card, 0, 0x5c, 0x2910 | size << 5);
            let request = read(card, VF_BAR + TABLE + at, 4096 - at as usize);
            let answer = card.root().request(&request).unwrap().unwrap();
            assert_eq!(answer.completions, completions, "payload size {size} at {at}");
            assert_eq!(answer.completer, u16::from(BUS) << 8 | 1);
        }
    });
}

#[test]
fn a_read_of_no_bytes_is_a_flush() {
    on_each(|card, _| {
        card.enable_vfs(1).unwrap();
        let common = card.root().next_common();
        let request = Tlp::MemoryRead { common, address: VF_BAR + TABLE + 8, first: 0, last: 0, dwords: 1 };
        // The root complex sees to it that the byte count is 1 and the lower address that of the dword.
        let answer = card.root().request(&request).unwrap().unwrap();
        assert_eq!((answer.status, answer.data.len()), (Status::Success, 0));
    });
}

#[test]
fn writes_of_every_alignment() {
    on_each(|card, random| {
        card.enable_vfs(1).unwrap();
        let mut expected = fill(card);
        for _ in 0..200 {
            let at = random.below(48) as usize;
            let bytes = 1 + random.below(48 - at as u64) as usize;
            let data: Vec<u8> = (0..bytes).map(|_| random.u64() as u8).collect();
            card.bar_write(1, 0, TABLE + at as u64, &data).unwrap();
            for (place, byte) in (at..at + bytes).zip(&data) {
                expected[place] = match place % 16 {
                    0 => byte & !3,
                    12 => byte & 1,
                    13..16 => 0,
                    _ => *byte,
                };
            }
            let mut table = vec![0; 48];
            card.bar_read(1, 0, TABLE, &mut table).unwrap();
            assert_eq!(table, expected[..48], "{bytes} bytes at {at}");
        }
        // Byte enables with holes are legal in one dword and, aligned, in two.
        let common = Common::default();
        let data = vec![0xff; 8];
        let write = Tlp::MemoryWrite {
            common,
            address: VF_BAR + TABLE + 8,
            first: 0b0101,
            last: 0,
            data: data[..4].into(),
        };
        card.root().link().send(write.encode());
        expected[8] = 0xff;
        expected[10] = 0xff;
        assert_eq!(
            bar(card, 1, TABLE + 8, 4) as u32,
            u32::from_le_bytes(expected[8..12].try_into().unwrap())
        );
        let write = Tlp::MemoryWrite { common, address: VF_BAR + TABLE, first: 0b1001, last: 0b0110, data };
        card.root().link().send(write.encode());
        expected[0] = 0xfc;
        expected[3] = 0xff;
        expected[5] = 0xff;
        expected[6] = 0xff;
        assert_eq!(bar(card, 1, TABLE, 8), u64::from_le_bytes(expected[..8].try_into().unwrap()));
    });
}

#[test]
fn functions_do_not_share_registers() {
    on_each(|card, _| {
        card.enable_vfs(2).unwrap();
        set_bar(card, 1, TABLE + 8, 4, 0x1111);
        set_bar(card, 2, TABLE + 8, 4, 0x2222);
        set_bar(card, 0, 0x8008, 4, 0x3333);
        assert_eq!(bar(card, 1, TABLE + 8, 4), 0x1111);
        assert_eq!(bar(card, 2, TABLE + 8, 4), 0x2222);
        assert_eq!(bar(card, 0, 0x8008, 4), 0x3333);
        // All vectors are masked after reset, and none is pending.
        assert_eq!(bar(card, 0, 0x800c, 4), 1);
        assert_eq!(bar(card, 0, 0x9000, 8), 0);
    });
}

/// How a request ends, and the errors that PF0 then shows: uncorrectable status, device status.
fn outcome(card: &mut EndpointSim, request: &Tlp) -> (Option<Status>, u32, u32) {
    set_config(card, 0, 0x104, !0);
    set_config(card, 0, 0x5c, 0x000f_2910);
    let answer = card.root().request(request).unwrap();
    let errors = (config(card, 0, 0x104), config(card, 0, 0x5c) >> 16 & 0xf);
    (answer.map(|answer| answer.status), errors.0, errors.1)
}

/// AER: Unsupported Request. Device status: Unsupported Request, and correctable as it is advisory.
const UNSUPPORTED: (Option<Status>, u32, u32) = (Some(Status::UnsupportedRequest), 1 << 20, 0b1001);

#[test]
fn what_nobody_serves_is_an_unsupported_request() {
    on_each(|card, _| {
        card.enable_vfs(2).unwrap();
        let served = (Some(Status::Success), 0, 0);
        let at = |card: &mut EndpointSim, address| {
            let request = read(card, address, 4);
            outcome(card, &request)
        };
        assert_eq!(at(card, 0xe000_0000), served);
        assert_eq!(at(card, 0xdfff_fffc), UNSUPPORTED, "below the BAR of PF0");
        assert_eq!(at(card, 0xe001_0000), UNSUPPORTED, "behind it");
        assert_eq!(at(card, 0x1_e000_0000), UNSUPPORTED, "its address, 4 GiB higher");
        assert_eq!(at(card, VF_BAR + 0x1_fffc), served, "the last dword of the last VF");
        assert_eq!(at(card, VF_BAR + 0x2_0000), UNSUPPORTED, "behind the last VF");
        assert_eq!(at(card, VF_BAR - 4), UNSUPPORTED, "before the first");
        // Memory space of the VFs off, then that of PF0, then D3hot.
        set_config(card, 0, 0x158, 0x11);
        assert_eq!(at(card, VF_BAR), UNSUPPORTED);
        set_config(card, 0, 0x158, 0x19);
        assert_eq!(at(card, VF_BAR), served);
        set_config(card, 0, 0x04, 0x4);
        assert_eq!(at(card, 0xe000_0000), UNSUPPORTED);
        assert_eq!(at(card, VF_BAR), served, "VFs have an enable of their own");
        set_config(card, 0, 0x04, 0x6);
        set_config(card, 0, 0x44, 3);
        assert_eq!(config(card, 0, 0x44) & 3, 3);
        assert_eq!(at(card, 0xe000_0000), UNSUPPORTED, "asleep");
        assert_eq!(at(card, VF_BAR), UNSUPPORTED, "asleep");
        set_config(card, 0, 0x44, 0);
        assert_eq!(at(card, 0xe000_0000), served, "no soft reset");
        // Configuration of functions that there are not.
        let common = card.root().next_common();
        let target = u16::from(BUS) << 8 | 3;
        let request = Tlp::ConfigRead { common, target, offset: 0, enables: 0xf };
        assert_eq!(outcome(card, &request), UNSUPPORTED);
        let request = Tlp::ConfigWrite { common, target, offset: 4, enables: 0xf, data: [0; 4] };
        assert_eq!(outcome(card, &request), UNSUPPORTED);
    });
}

#[test]
fn the_first_error_keeps_its_header() {
    on_each(|card, _| {
        card.enable_vfs(1).unwrap();
        let first = read(card, 0x1234_5670, 8);
        let second = read(card, 0x2234_5670, 4);
        card.root().request(&first).unwrap();
        card.root().request(&second).unwrap();
        let bytes = first.encode();
        for dword in 0..3_u16 {
            let word = u32::from_be_bytes([0, 1, 2, 3].map(|byte| bytes[usize::from(dword) * 4 + byte]));
            assert_eq!(config(card, 0, 0x11c + dword * 4), word);
        }
        assert_eq!(config(card, 0, 0x118) & 0x1f, 20, "first error pointer");
        set_config(card, 0, 0x104, 1 << 20);
        assert_eq!(config(card, 0, 0x104), 0);
        card.root().request(&second).unwrap();
        assert_eq!(config(card, 0, 0x124), 0x2234_5670);
    });
}

/// The card answers with the bus number of the last configuration write, to whatever function.
#[test]
fn configuration_writes_tell_the_bus_number() {
    on_each(|card, _| {
        for bus in [0x17_u16, 0xfe, BUS.into()] {
            let common = card.root().next_common();
            let target = bus << 8;
            let write = Tlp::ConfigWrite { common, target, offset: 0x3c, enables: 1, data: [1, 0, 0, 0] };
            card.root().request(&write).unwrap();
            let common = card.root().next_common();
            let read = Tlp::ConfigRead { common, target: 0x5500, offset: 0, enables: 0xf };
            assert_eq!(card.root().request(&read).unwrap().unwrap().completer, bus << 8);
        }
    });
}
