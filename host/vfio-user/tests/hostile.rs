// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Clients that do not behave. Whatever they do, their socket closes or answers with an error, it serves the next
//! client, and the other function does not notice.

mod support;

use proptest::prelude::*;
use rustix::fd::OwnedFd;
use support::{Guest, Raw, Serving, event, raw_fd};
use weir_vfio_user::wire::{HEADER, Header, MAX_PAYLOAD, NO_REPLY, command};
use weir_vfio_user::{Errno, irq, region};
use zerocopy::IntoBytes;

fn header(command: u16, size: u32) -> Header {
    Header { id: 1, command, size, flags: 0, error: 0 }
}

/// What a client did, and what the log says when its socket is closed for it.
fn closes(act: impl FnOnce(&mut Raw), logged: &str) {
    let serving = Serving::new();
    let mut neighbour = serving.raw(1);
    let mut raw = serving.raw(0);
    act(&mut raw);
    drop(raw);
    serving.logged(logged);
    neighbour.in_step();
    serving.works(0);
}

#[test]
fn closing_in_the_middle() {
    let bytes = header(command::REGION_WRITE, 64);
    for cut in [1, 15] {
        closes(|raw| raw.bytes(&bytes.as_bytes()[..cut], &[]).unwrap(), "in the middle of a message");
    }
    closes(|raw| raw.bytes(bytes.as_bytes(), &[]).unwrap(), "in the middle of a message");
    closes(
        |raw| raw.bytes(&[bytes.as_bytes(), &[0; 20]].concat(), &[]).unwrap(),
        "in the middle of a message",
    );
    closes(|_| {}, "closed by the client");
}

#[test]
fn sizes_that_no_message_has() {
    for size in [0, 1, 15, (HEADER + MAX_PAYLOAD + 1) as u32, u32::MAX] {
        let closed = |raw: &mut Raw| {
            raw.bytes(header(command::REGION_WRITE, size).as_bytes(), &[]).unwrap();
            assert!(raw.reply().is_err(), "closed without an answer");
        };
        closes(closed, &format!("a message of {size} bytes"));
    }
}

#[test]
fn messages_that_are_no_commands() {
    for flags in [1, 2, 15] {
        let bytes = Header { flags, ..header(command::DEVICE_RESET, 16) };
        closes(|raw| raw.bytes(bytes.as_bytes(), &[]).unwrap(), &format!("type {flags}"));
    }
}

#[test]
fn payloads_of_the_wrong_length_are_refused_and_the_stream_stays_in_step() {
    let serving = Serving::new();
    let mut raw = serving.raw(0);
    for number in 0..40u16 {
        for length in [0, 1, 3, 5, 7, 15, 17, 19, 21, 23, 25, 31, 33, 100, MAX_PAYLOAD] {
            if (number, length) == (command::DEVICE_RESET, 0) {
                continue;
            }
            let errno = raw.errno(number, &vec![0xee; length], &[]);
            assert_ne!(errno, 0, "command {number} with {length} bytes");
            raw.in_step();
        }
    }
    assert_eq!(raw.errno(19, &[], &[]), Errno::NOSYS.raw_os_error());
    assert_eq!(raw.errno(command::DEVICE_RESET + 2, &[], &[]), Errno::OPNOTSUPP.raw_os_error());
    serving.works(1);
}

#[test]
fn a_client_that_does_not_introduce_itself() {
    let serving = Serving::new();
    let mut raw = serving.stranger(0);
    assert_eq!(raw.errno(command::DEVICE_RESET, &[], &[]), Errno::INVAL.raw_os_error());
    assert_eq!(raw.errno(command::VERSION, &[0, 0, 1, 0], &[]), 0);
    assert_eq!(
        raw.errno(command::VERSION, &[0, 0, 1, 0], &[]),
        Errno::INVAL.raw_os_error(),
        "once is enough"
    );
    raw.in_step();
    drop(raw);
    serving.logged("closed by the client");

    let mut raw = serving.stranger(0);
    assert_eq!(raw.errno(command::VERSION, &[1, 0, 0, 0], &[]), Errno::PROTONOSUPPORT.raw_os_error());
    assert!(raw.reply().is_err(), "there is nothing to talk about");
    serving.logged("no common version");
    serving.works(0);
}

#[test]
fn accesses_outside_a_region() {
    let serving = Serving::new();
    let mut raw = serving.raw(0);
    let access = |offset: u64, region: u32, count: u32| {
        let mut payload = offset.to_ne_bytes().to_vec();
        payload.extend_from_slice(&region.to_ne_bytes());
        payload.extend_from_slice(&count.to_ne_bytes());
        payload
    };
    for (offset, region, count) in [
        (0xfff, 0, 2),
        (0x1000, 0, 1),
        (u64::MAX, 0, 1),
        (u64::MAX - 1, 0, 4),
        (0, 1, 1),
        (0, 8, 1),
        (0, 9, 1),
        (0, u32::MAX, 1),
        (255, region::CONFIG, 2),
        (0, 0, 0x1001),
        (0, 0, u32::MAX),
    ] {
        let payload = access(offset, region, count);
        assert_eq!(
            raw.errno(command::REGION_READ, &payload, &[]),
            Errno::INVAL.raw_os_error(),
            "{offset:#x} {region}"
        );
        if count <= 0x1001 {
            let payload = [payload, vec![0; count as usize]].concat();
            let errno = raw.errno(command::REGION_WRITE, &payload, &[]);
            assert_eq!(errno, Errno::INVAL.raw_os_error());
        }
    }
    assert_eq!(raw.errno(command::REGION_READ, &access(0x1000, 0, 0), &[]), 0);
    raw.in_step();
}

#[test]
fn descriptors_nobody_wants() {
    let serving = Serving::new();
    let events: Vec<OwnedFd> = (0..40).map(|_| event()).collect();
    let all: Vec<&OwnedFd> = events.iter().collect();
    let mut raw = serving.raw(0);
    let info = [16u32, 0, 0, 0];
    for count in [1, 16, 17, 40] {
        let errno = raw.errno(command::DEVICE_GET_INFO, info.as_bytes(), &all[..count]);
        assert_eq!(errno, Errno::INVAL.raw_os_error(), "{count}");
        raw.in_step();
    }
    // Two for a mapping, too many and too few for interrupts, none that is an eventfd.
    let map = [32u32, 3, 0, 0, 0, 0, 0x1000, 0];
    assert_eq!(raw.errno(command::DMA_MAP, map.as_bytes(), &all[..2]), Errno::INVAL.raw_os_error());
    let set = |count: u32| [20u32, 0b100100, irq::MSIX, 0, count];
    assert_eq!(
        raw.errno(command::DEVICE_SET_IRQS, set(16).as_bytes(), &all[..17]),
        Errno::INVAL.raw_os_error()
    );
    assert_eq!(
        raw.errno(command::DEVICE_SET_IRQS, set(17).as_bytes(), &all[..17]),
        Errno::INVAL.raw_os_error()
    );
    assert_eq!(
        raw.errno(command::DEVICE_SET_IRQS, set(3).as_bytes(), &all[..2]),
        Errno::INVAL.raw_os_error()
    );
    let memory = Guest::new(0x1000);
    let refused = raw.errno(command::DEVICE_SET_IRQS, set(1).as_bytes(), &[&memory.file]);
    assert_eq!(refused, Errno::INVAL.raw_os_error());
    assert_eq!(raw.errno(command::DEVICE_SET_IRQS, set(16).as_bytes(), &all[..16]), 0);
    // In the middle of a payload they belong to the same message.
    let bytes = [header(command::DEVICE_GET_INFO, 32).as_bytes(), info.as_bytes()].concat();
    raw.bytes(&bytes[..20], &[]).unwrap();
    raw.bytes(&bytes[20..], &all[..1]).unwrap();
    assert_eq!(raw.reply().unwrap().0.error, Errno::INVAL.raw_os_error() as u32);
    raw.in_step();
}

/// Descriptors that the server took and did not want are closed: a thousand of them do not fill its table.
#[test]
fn descriptors_do_not_stay() {
    let serving = Serving::new();
    let mut raw = serving.raw(0);
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let events: Vec<OwnedFd> = (0..16).map(|_| event()).collect();
    let all: Vec<&OwnedFd> = events.iter().collect();
    raw.in_step();
    let before = open();
    for _ in 0..64 {
        raw.errno(command::DEVICE_RESET, &[], &all);
        raw.errno(99, &[0; 5], &all);
        let connect = [20u32, 0b100100, irq::MSIX, 0, 16];
        assert_eq!(raw.errno(command::DEVICE_SET_IRQS, connect.as_bytes(), &all), 0);
    }
    // Other tests of this program open and close some meanwhile.
    assert!(open() < before + 600, "{} descriptors, {before} before", open());
}

#[test]
fn a_flood_without_reading_holds_up_nobody() {
    let serving = Serving::new();
    let mut neighbour = serving.raw(1);
    let mut raw = serving.raw(0);
    raw.stream.set_nonblocking(true).unwrap();
    let mut read = [0; 16];
    read[12..].copy_from_slice(&4096u32.to_ne_bytes());
    let message = [header(command::REGION_READ, 32).as_bytes(), &read].concat();
    let flood = message.repeat(64);
    let mut sent = 0;
    // Until the server takes no more, because its answers are not read.
    let mut full = 0;
    while full < 20 {
        use std::io::Write;
        match raw.stream.write(&flood[sent % 32..]) {
            Ok(bytes) => sent += bytes,
            Err(_) => full += 1,
        }
        neighbour.in_step();
    }
    assert!(sent > 0);
    // Those who read then get all of it.
    raw.stream.set_nonblocking(false).unwrap();
    for _ in 0..sent / 32 {
        assert_eq!(raw.reply().unwrap().1.len(), 16 + 4096);
    }
    raw.in_step();
}

#[test]
fn a_flood_of_posted_writes_leaves_the_neighbour_its_turn() {
    let serving = Serving::new();
    let mut neighbour = serving.raw(1);
    let mut raw = serving.raw(0);
    let write = Header { flags: NO_REPLY, ..header(command::REGION_WRITE, 36) };
    let access = [0u32, 0, 0, 4, 7];
    let message = [write.as_bytes(), access.as_bytes()].concat();
    let flood = std::thread::spawn(move || {
        for _ in 0..200 {
            raw.bytes(&message.repeat(50), &[]).unwrap();
        }
        raw.in_step();
    });
    for _ in 0..100 {
        neighbour.in_step();
    }
    flood.join().unwrap();
    assert_eq!(serving.finish()[0].region_writes, 10_000);
}

#[test]
fn many_who_come_and_go() {
    let serving = Serving::new();
    let mut neighbour = serving.raw(1);
    for round in 0..300 {
        let mut raw = serving.stranger(0);
        if round % 3 == 0 {
            let _ = raw.bytes(&[0; 7], &[]);
        }
    }
    neighbour.in_step();
    // The last of them may still be there.
    while serving.seen.lock().unwrap().gone[0] == 0 {
        std::thread::yield_now();
    }
    drop(neighbour);
    serving.works(1);
}

/// One thing that a client does.
#[derive(Clone, Debug)]
enum Act {
    /// A message whose header is true.
    Message { command: u16, flags: u32, payload: Vec<u8>, descriptors: usize },
    /// Bytes that mean nothing.
    Noise(Vec<u8>),
    /// The begin of a message, then silence.
    Cut { command: u16, keep: usize },
    /// Comes again.
    Reconnect,
}

fn act() -> impl Strategy<Value = Act> {
    // Small numbers, so that offsets, counts and flags are often good.
    let word = prop_oneof![4 => 0u32..40, 1 => any::<u32>(), 2 => Just(0x1000u32), 1 => Just(0b100100)];
    let payload = prop_oneof![
        3 => prop::collection::vec(word, 0..10).prop_map(|words| words.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..100),
    ];
    let flags = prop_oneof![4 => Just(0u32), 1 => Just(NO_REPLY), 1 => Just(1u32 << 5)];
    prop_oneof![
        12 => (1u16..20, flags, payload, 0usize..4)
            .prop_map(|(command, flags, payload, descriptors)| Act::Message { command, flags, payload, descriptors }),
        1 => prop::collection::vec(any::<u8>(), 1..64).prop_map(Act::Noise),
        1 => (1u16..20, 1usize..40).prop_map(|(command, keep)| Act::Cut { command, keep }),
        1 => Just(Act::Reconnect),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever a client does, every true message that wants a reply has one as long as the socket is open, in order;
    /// the other function works all the time, and this one for the next client.
    #[test]
    fn whatever_a_client_does(acts in prop::collection::vec(act(), 1..40)) {
        let serving = Serving::new();
        let mut neighbour = serving.raw(1);
        let mut raw = serving.raw(0);
        let descriptors = [event(), Guest::new(0x4000).file, event()];
        for act in acts {
            match act {
                Act::Message { command, flags, payload, descriptors: count } => {
                    raw.id += 1;
                    let size = (HEADER + payload.len()) as u32;
                    let header = Header { id: raw.id, command, size, flags, error: 0 };
                    let with: Vec<&OwnedFd> = descriptors.iter().take(count).collect();
                    let id = raw.id;
                    if raw.bytes(&[header.as_bytes(), &payload].concat(), &with).is_err() {
                        raw = again(&serving, raw);
                    } else if flags & NO_REPLY == 0 {
                        match raw.reply() {
                            Ok((reply, _)) => prop_assert_eq!((reply.id, reply.command), (id, command)),
                            Err(_) => raw = again(&serving, raw),
                        }
                    }
                }
                Act::Noise(bytes) => {
                    let _ = raw.bytes(&bytes, &[]);
                    raw = again(&serving, raw);
                }
                Act::Cut { command, keep } => {
                    let bytes = [header(command, 40).as_bytes(), &[0; 24]].concat();
                    let _ = raw.bytes(&bytes[..keep], &[]);
                    raw = again(&serving, raw);
                }
                Act::Reconnect => raw = again(&serving, raw),
            }
            neighbour.in_step();
        }
        drop((raw, neighbour));
        let _ = raw_fd(&descriptors[0]);
    }
}

/// The next client of function 0: it is let in when the server has seen the one before go.
fn again(serving: &Serving, before: Raw) -> Raw {
    drop(before);
    loop {
        let mut raw = serving.stranger(0);
        if raw.bytes(&[header(command::VERSION, 20).as_bytes(), &[0, 0, 1, 0]].concat(), &[]).is_ok()
            && raw.reply().is_ok()
        {
            return raw;
        }
        std::thread::yield_now();
    }
}
