// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Clients that behave: the one of the `vfio_user` crate, in the manner of cloud-hypervisor (it is its client) and of
//! QEMU, and a bare one for what that client cannot do.

mod support;

use rustix::fd::{AsFd, OwnedFd};
use std::path::Path;
use support::{BAR_BYTES, Guest, ORDER, Registers, Serving, VECTORS, copy, counted, event, raw_fd};
use weir_vfio_user::wire::{Header, NO_REPLY, RegionAccess, command};
use weir_vfio_user::{Server, irq, region};
use zerocopy::IntoBytes;

const CONNECT: u32 = 0b100100;
const NONE_TRIGGER: u32 = 0b100001;

#[test]
fn the_shape_is_what_the_device_says() {
    let serving = Serving::new();
    let mut client = serving.client(0);
    let sizes: Vec<u64> = (0..9).map(|index| client.region(index).unwrap().size).collect();
    assert_eq!(sizes, [BAR_BYTES as u64, 0, 0, 0, 0, 0, 0, 256, 0]);
    assert_eq!(client.region(0).unwrap().flags, 3, "readable and writable, not to be mapped");
    for index in 0..5 {
        let info = client.get_irq_info(index).unwrap();
        let expected = if index == irq::MSIX { (VECTORS, 3) } else { (0, 0) };
        assert_eq!((info.count, info.flags), expected);
    }
}

#[test]
fn regions_are_read_and_written_with_any_size() {
    let serving = Serving::new();
    let mut client = serving.client(1);
    for size in [1, 2, 4, 8, 3, 256] {
        let mut data = vec![0; size];
        client.region_read(region::CONFIG, 0, &mut data).unwrap();
        assert!(data.iter().enumerate().all(|(at, &byte)| byte == at as u8));
    }
    client.region_write(region::BAR0, 0x13, &[1, 2, 3, 4, 5]).unwrap();
    let mut data = [0; 7];
    client.region_read(region::BAR0, 0x12, &mut data).unwrap();
    assert_eq!(data, [0, 1, 2, 3, 4, 5, 0]);
}

/// cloud-hypervisor resets when it attaches, connects all vectors in batches of 16 and waits for every reply.
#[test]
fn in_the_manner_of_cloud_hypervisor() {
    let serving = Serving::new();
    let mut client = serving.client(0);
    client.reset().unwrap();
    assert_eq!(serving.seen.lock().unwrap().resets, [1, 0]);
    let memory = Guest::new(1 << 20);
    client.dma_map(0, 0, 0xa0000, raw_fd(&memory.file)).unwrap();
    client.dma_map(0xc0000, 0xc0000, 0x40000, raw_fd(&memory.file)).unwrap();
    let events: Vec<OwnedFd> = (0..VECTORS).map(|_| event()).collect();
    for (batch, events) in events.chunks(16).enumerate() {
        let descriptors: Vec<i32> = events.iter().map(raw_fd).collect();
        client.set_irqs(irq::MSIX, CONNECT, 16 * batch as u32, 16, &descriptors).unwrap();
    }
    assert_eq!(serving.seen.lock().unwrap().vectors, [32, 0]);
    memory.put(0x9fff0, &[7; 16]);
    assert_eq!(copy(&mut client, 31, 0x9fff0, 0xc0008, 16), 1);
    assert_eq!(memory.get(0xc0008, 16), [7; 16]);
    assert_eq!(events.iter().map(counted).sum::<u64>(), 1);
    client.set_irqs(irq::MSIX, NONE_TRIGGER, 0, 0, &[]).unwrap();
    assert_eq!(serving.seen.lock().unwrap().vectors, [0, 0]);
}

/// QEMU maps RAM in pieces, takes them away while firmware shadows its ROM, and maps them anew.
#[test]
fn memory_comes_and_goes() {
    let serving = Serving::new();
    let mut client = serving.client(0);
    let memory = Guest::new(1 << 20);
    assert_eq!(copy(&mut client, 0, 0x1000, 0x2000, 4), 2, "there is no memory yet");
    for round in 0..3u8 {
        client.dma_map(0, 0, 1 << 20, raw_fd(&memory.file)).unwrap();
        memory.put(0x1000, &[round + 1; 4]);
        assert_eq!(copy(&mut client, 0, 0x1000, 0x2000, 4), 1);
        assert_eq!(memory.get(0x2000, 4), [round + 1; 4]);
        client.dma_unmap(0, 1 << 20).unwrap();
        assert_eq!(copy(&mut client, 0, 0x1000, 0x2000, 4), 2, "what is unmapped cannot be reached");
    }
    let statistics = serving.finish();
    assert_eq!((statistics[0].dma_faults, statistics[0].dma_read_bytes), (4, 12));
}

#[test]
fn posted_writes_keep_their_order_and_come_before_a_later_read() {
    let serving = Serving::new();
    let mut raw = serving.raw(0);
    let mut message = |offset: u64, number: u16, flags: u32, read: bool| {
        let access = RegionAccess { offset, region: 0, count: 1 };
        let data: &[u8] = if read { &[] } else { &[number as u8] };
        let command = if read { command::REGION_READ } else { command::REGION_WRITE };
        let size = 32 + data.len() as u32;
        let header = Header { id: 100 + number, command, size, flags, error: 0 };
        raw.bytes(&[header.as_bytes(), access.as_bytes(), data].concat(), &[]).unwrap();
    };
    for number in 0..200 {
        message(ORDER, number, NO_REPLY, false);
    }
    message(ORDER, 0, 0, true);
    // The first reply is that of the read: posted writes have none.
    let (header, payload) = raw.reply().unwrap();
    assert_eq!((header.id, header.command, header.error), (100, command::REGION_READ, 0));
    assert_eq!(payload[16], 199);
    assert_eq!(serving.seen.lock().unwrap().order[0], (0..200).map(|n| n as u8).collect::<Vec<_>>());
}

#[test]
fn a_posted_write_that_fails_has_no_reply_either() {
    let serving = Serving::new();
    let mut raw = serving.raw(0);
    let access = RegionAccess { offset: 0, region: region::CONFIG, count: 1 };
    let header = Header { id: 9, command: command::REGION_WRITE, size: 33, flags: NO_REPLY, error: 0 };
    raw.bytes(&[header.as_bytes(), access.as_bytes(), &[0]].concat(), &[]).unwrap();
    raw.in_step();
    assert_eq!(serving.finish()[0].refused, 1);
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let serving = Serving::new();
    let mut raw = serving.raw(0);
    let mut bytes = Vec::new();
    for id in 0..300u16 {
        let header = Header { id, command: command::DEVICE_GET_INFO, size: 32, flags: 0, error: 0 };
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice([16u32, 0, 0, 0].as_bytes());
    }
    // In pieces that fit no boundary.
    for piece in bytes.chunks(37) {
        raw.bytes(piece, &[]).unwrap();
    }
    for id in 0..300 {
        let (header, payload) = raw.reply().unwrap();
        assert_eq!((header.id, payload.len()), (id, 16));
    }
}

#[test]
fn a_client_that_goes_takes_everything_along_and_another_may_come() {
    let serving = Serving::new();
    for round in 1..4 {
        let mut client = serving.client(0);
        // A second client has to wait for the first to go.
        let mut second = serving.stranger(0);
        assert!(second.reply().is_err(), "turned away");
        let memory = Guest::new(0x1000);
        client.dma_map(0, 0, 0x1000, raw_fd(&memory.file)).unwrap();
        assert_eq!(copy(&mut client, 0, 0, 8, 8), 1);
        client.shutdown().unwrap();
        drop(client);
        while serving.seen.lock().unwrap().gone[0] < round {
            std::thread::yield_now();
        }
    }
    let mut client = serving.client(0);
    assert_eq!(copy(&mut client, 0, 0, 8, 8), 2, "the memory of the client before is gone");
    serving.logged("has a client");
}

#[test]
fn a_quiescent_device_costs_nothing() {
    let serving = Serving::new();
    let mut client = serving.client(0);
    client.region_write(region::BAR0, 0, &[1]).unwrap();
    let before = serving.seen.lock().unwrap().turns;
    std::thread::sleep(std::time::Duration::from_millis(300));
    let after = serving.seen.lock().unwrap().turns;
    assert!(after - before <= 1, "{} turns while nothing happened", after - before);
}

#[test]
fn sockets_go_with_the_server_and_are_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::new(Registers::default(), folder.path(), |_| {}).unwrap();
    assert!(server.paths().all(Path::exists));
    let second = Server::new(Registers::default(), folder.path(), |_| {}).map(drop).unwrap_err();
    assert!(second.to_string().contains("vf0.sock"), "{second}");
    assert!(server.paths().all(Path::exists), "those of the first are still there");
    let paths: Vec<_> = server.paths().map(Path::to_owned).collect();
    drop(server);
    assert!(!paths.iter().any(|path| path.exists()));
    let missing = Server::new(Registers::default(), &folder.path().join("missing"), |_| {}).map(drop);
    assert!(missing.unwrap_err().to_string().contains("missing"));
}

#[test]
fn a_stopped_server_leaves_a_clean_folder() {
    let serving = Serving::new();
    let socket = serving.socket(0);
    let _client = serving.client(0);
    serving.finish();
    assert!(!socket.exists());
}

#[test]
fn a_copy_by_descriptor_of_a_file_that_is_not_sealed() {
    let serving = Serving::new();
    let mut client = serving.client(0);
    let file = rustix::fs::memfd_create("unsealed", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::ftruncate(&file, 0x2000).unwrap();
    client.dma_map(0, 0, 0x2000, raw_fd(&file)).unwrap();
    rustix::io::pwrite(file.as_fd(), b"unsealed", 0x1800).unwrap();
    assert_eq!(copy(&mut client, 0, 0x1800, 0x10, 8), 1);
    let mut data = [0; 8];
    rustix::io::pread(file.as_fd(), &mut data, 0x10).unwrap();
    assert_eq!(&data, b"unsealed");
    // The client pulls the ground away: a fault of its function, and no more.
    rustix::fs::ftruncate(&file, 0x1000).unwrap();
    assert_eq!(copy(&mut client, 0, 0x1800, 0x10, 8), 2);
    serving.works(1);
}
