// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A device of two functions that is nothing but registers, a server for it in a thread, and a client that can misbehave.
#![allow(dead_code, reason = "each test program uses a part of it")]

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::{IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use weir_vfio_user::wire::{HEADER, Header, command};
use weir_vfio_user::{
    Activity, Changed, Clients, Device, DeviceError, Errno, Function, Server, Statistics, irq, region,
};
use zerocopy::{FromBytes, IntoBytes};

/// Bytes of BAR 0.
pub const BAR_BYTES: usize = 0x1000;
/// Interrupts of kind MSI-X.
pub const VECTORS: u32 = 32;

/// A write here copies memory: source, destination and length are in the registers behind it.
pub const COPY: u64 = 0x800;
/// 0: not yet. 1: copied. 2: fault.
pub const STATUS: u64 = 0x820;
/// Values written here are kept in their order.
pub const ORDER: u64 = 0x900;

/// What a test can see of the device from outside.
#[derive(Debug, Default)]
pub struct Seen {
    /// Values written to [`ORDER`], per function.
    pub order: [Vec<u8>; 2],
    /// Resets, per function.
    pub resets: [usize; 2],
    /// Clients that have gone, per function.
    pub gone: [usize; 2],
    /// Connected vectors after the last change, per function.
    pub vectors: [usize; 2],
    /// Turns of [`Device::run`].
    pub turns: usize,
}

/// Two functions of registers.
#[derive(Debug)]
pub struct Registers {
    config: [Vec<u8>; 2],
    bar: [Vec<u8>; 2],
    copies: Vec<usize>,
    pub seen: Arc<Mutex<Seen>>,
}

impl Default for Registers {
    fn default() -> Registers {
        let config: Vec<u8> = (0..256).map(|byte| byte as u8).collect();
        Registers {
            config: [config.clone(), config],
            bar: [vec![0; BAR_BYTES], vec![0; BAR_BYTES]],
            copies: vec![],
            seen: Arc::default(),
        }
    }
}

impl Registers {
    /// The same with a configuration space that a PCI core understands: vendor 1234, device 5678, BAR 0 of 8 KiB of
    /// memory with the registers, the MSI-X table and the PBA.
    pub fn pci() -> Registers {
        let mut config = vec![0; 256];
        let mut put = |at: usize, bytes: &[u8]| config[at..at + bytes.len()].copy_from_slice(bytes);
        put(0x00, &[0x34, 0x12, 0x78, 0x56]);
        put(0x06, &[0x10, 0]); // capabilities
        put(0x08, &[0x42, 0, 0, 0xff]); // revision, class: unassigned
        put(0x2c, &[0xcd, 0xab, 0x01, 0x00]); // subsystem
        put(0x34, &[0x40]);
        put(0x40, &[0x11, 0, VECTORS as u8 - 1, 0, 0x00, 0x10, 0, 0, 0x00, 0x18, 0, 0]); // MSI-X
        let bar = vec![0; 2 * BAR_BYTES];
        Registers { config: [config.clone(), config], bar: [bar.clone(), bar], ..Registers::default() }
    }

    fn register(&self, function: usize, offset: u64) -> u64 {
        let bytes = &self.bar[function][offset as usize..][..8];
        u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
    }

    fn copy(&self, clients: &mut Clients, function: usize) -> u8 {
        let [from, to, length] = [8, 16, 24].map(|at| self.register(function, COPY + at));
        let memory = clients.memory(function);
        let mut data = vec![0; length.min(4096) as usize];
        let copied = memory.read(from, &mut data).and_then(|()| memory.write(to, &data));
        clients.trigger(function, irq::MSIX, self.bar[function][COPY as usize].into());
        if copied.is_ok() { 1 } else { 2 }
    }
}

impl Device for Registers {
    fn functions(&self) -> Vec<Function> {
        let mut regions = [0; weir_vfio_user::REGIONS];
        regions[region::BAR0 as usize] = self.bar[0].len() as u64;
        regions[region::CONFIG as usize] = 256;
        let function = |name: &str| Function { name: name.into(), regions, irqs: [0, 0, VECTORS, 0, 0] };
        vec![function("vf0"), function("vf1")]
    }

    fn read(
        &mut self,
        _: &mut Clients,
        function: usize,
        region: u32,
        offset: u64,
        data: &mut [u8],
    ) -> Result<(), Errno> {
        let from = if region == region::CONFIG { &self.config } else { &self.bar };
        data.copy_from_slice(&from[function][offset as usize..][..data.len()]);
        Ok(())
    }

    fn write(
        &mut self,
        _: &mut Clients,
        function: usize,
        region: u32,
        offset: u64,
        data: &[u8],
    ) -> Result<(), Errno> {
        if region == region::CONFIG {
            // The ramp that tests read stays as it is.
            let is_ramp = self.config[function][1] == 1;
            if is_ramp {
                return Err(Errno::ROFS);
            }
            self.config[function][offset as usize..][..data.len()].copy_from_slice(data);
            return Ok(());
        }
        self.bar[function][offset as usize..][..data.len()].copy_from_slice(data);
        match offset {
            ORDER => self.seen.lock().unwrap().order[function].push(data[0]),
            COPY => {
                self.bar[function][STATUS as usize] = 0;
                self.copies.push(function);
            }
            _ => {}
        }
        Ok(())
    }

    fn irqs_changed(&mut self, clients: &mut Clients, function: usize, changed: &Changed) {
        self.seen.lock().unwrap().vectors[function] = clients.connected(function, changed.index);
    }

    fn reset(&mut self, _: &mut Clients, function: usize) -> Result<(), Errno> {
        self.bar[function].fill(0);
        self.seen.lock().unwrap().resets[function] += 1;
        Ok(())
    }

    fn disconnected(&mut self, _: &mut Clients, function: usize) {
        self.copies.retain(|&copy| copy != function);
        self.seen.lock().unwrap().gone[function] += 1;
    }

    fn run(&mut self, clients: &mut Clients) -> Result<Activity, DeviceError> {
        self.seen.lock().unwrap().turns += 1;
        if let Some(function) = self.copies.pop() {
            self.bar[function][STATUS as usize] = self.copy(clients, function);
        }
        Ok(if self.copies.is_empty() { Activity::Quiescent } else { Activity::Busy })
    }
}

/// A server in a thread. Ends, and fails the test if the server did, when dropped.
pub struct Serving {
    folder: tempfile::TempDir,
    pub seen: Arc<Mutex<Seen>>,
    pub log: Arc<Mutex<Vec<String>>>,
    stop: UnixStream,
    thread: Option<JoinHandle<Vec<Statistics>>>,
}

impl Serving {
    pub fn new() -> Serving {
        Serving::start(Registers::default, tempfile::tempdir().unwrap())
    }

    /// Serves a device in a folder.
    pub fn start(device: fn() -> Registers, folder: tempfile::TempDir) -> Serving {
        let (stop, stopped) = UnixStream::pair().unwrap();
        let path = folder.path().to_owned();
        let (seen, log): (Arc<Mutex<Seen>>, Arc<Mutex<Vec<String>>>) = Default::default();
        let (device_seen, server_log) = (seen.clone(), log.clone());
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let device = Registers { seen: device_seen, ..device() };
            let log = move |event: &weir_vfio_user::Event| server_log.lock().unwrap().push(event.to_string());
            let mut server = Server::new(device, &path, log).unwrap();
            ready.send(()).unwrap();
            server.run(stopped.as_fd()).unwrap();
            server.statistics().map(|(_, statistics)| statistics).collect()
        });
        is_ready.recv().unwrap();
        Serving { folder, seen, log, stop, thread: Some(thread) }
    }

    pub fn socket(&self, function: usize) -> PathBuf {
        self.folder.path().join(format!("vf{function}.sock"))
    }

    pub fn client(&self, function: usize) -> vfio_user::Client {
        vfio_user::Client::new(&self.socket(function)).unwrap()
    }

    /// A client that has agreed on a version and nothing else.
    pub fn raw(&self, function: usize) -> Raw {
        let mut raw = self.stranger(function);
        raw.send(command::VERSION, &[0, 0, 1, 0], &[]);
        assert_eq!(raw.reply().unwrap().0.error, 0);
        raw
    }

    /// A client that has not said anything.
    pub fn stranger(&self, function: usize) -> Raw {
        let stream = UnixStream::connect(self.socket(function)).unwrap();
        // A server that hangs fails the test instead of hanging it.
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
        Raw { stream, id: 0 }
    }

    /// Whether a function works for a client that behaves.
    pub fn works(&self, function: usize) {
        let mut client = self.client(function);
        let memory = Guest::new(0x2000);
        client.dma_map(0, 0x10000, 0x2000, raw_fd(&memory.file)).unwrap();
        let event = event();
        client.set_irqs(irq::MSIX, 0b100100, 3, 1, &[raw_fd(&event)]).unwrap();
        memory.put(0x100, b"works");
        assert_eq!(copy(&mut client, 3, 0x10100, 0x11100, 5), 1);
        assert_eq!(memory.get(0x1100, 5), b"works");
        assert_eq!(counted(&event), 1);
        client.shutdown().unwrap();
    }

    /// Waits until something is in the log, as what is to come has no other sign.
    pub fn logged(&self, what: &str) {
        for _ in 0..6000 {
            if self.log.lock().unwrap().iter().any(|line| line.contains(what)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("`{what}` is not in the log: {:?}", self.log.lock().unwrap());
    }

    /// Ends the server.
    pub fn finish(mut self) -> Vec<Statistics> {
        self.end().unwrap()
    }

    fn end(&mut self) -> Option<Vec<Statistics>> {
        self.stop.write_all(b"x").unwrap();
        Some(self.thread.take()?.join().expect("the server ends well"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.thread.is_some() && !std::thread::panicking() {
            self.end();
        }
    }
}

/// Memory of a guest.
pub struct Guest {
    pub file: OwnedFd,
}

impl Guest {
    pub fn new(size: u64) -> Guest {
        let file = memfd_create("guest", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        ftruncate(&file, size).unwrap();
        fcntl_add_seals(&file, SealFlags::SHRINK).unwrap();
        Guest { file }
    }

    pub fn put(&self, at: u64, data: &[u8]) {
        assert_eq!(rustix::io::pwrite(&self.file, data, at), Ok(data.len()));
    }

    pub fn get(&self, at: u64, length: usize) -> Vec<u8> {
        let mut data = vec![0; length];
        assert_eq!(rustix::io::pread(&self.file, &mut data, at), Ok(length));
        data
    }
}

pub fn event() -> OwnedFd {
    eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).unwrap()
}

/// Takes the counter of an eventfd.
pub fn counted(event: &OwnedFd) -> u64 {
    let mut count = [0; 8];
    match rustix::io::read(event, &mut count) {
        Ok(8) => u64::from_ne_bytes(count),
        _ => 0,
    }
}

pub fn raw_fd(file: &OwnedFd) -> i32 {
    use std::os::fd::AsRawFd;
    file.as_raw_fd()
}

/// Has the device copy memory and trigger a vector; returns the status.
pub fn copy(client: &mut vfio_user::Client, vector: u8, from: u64, to: u64, length: u64) -> u8 {
    for (at, value) in [(8, from), (16, to), (24, length)] {
        client.region_write(region::BAR0, COPY + at, &value.to_le_bytes()).unwrap();
    }
    client.region_write(region::BAR0, COPY, &[vector]).unwrap();
    let mut status = [0];
    while status == [0] {
        client.region_read(region::BAR0, STATUS, &mut status).unwrap();
    }
    status[0]
}

/// A client that sends whatever it is told to.
pub struct Raw {
    pub stream: UnixStream,
    pub id: u16,
}

impl Raw {
    /// A message with the right header.
    pub fn send(&mut self, command: u16, payload: &[u8], descriptors: &[&OwnedFd]) {
        self.id += 1;
        let size = (HEADER + payload.len()) as u32;
        let header = Header { id: self.id, command, size, flags: 0, error: 0 };
        self.bytes(&[header.as_bytes(), payload].concat(), descriptors).unwrap();
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8], descriptors: &[&OwnedFd]) -> std::io::Result<()> {
        let descriptors: Vec<_> = descriptors.iter().map(|file| file.as_fd()).collect();
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(64))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
        }
        let sent = sendmsg(&self.stream, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
        self.stream.write_all(&bytes[sent..])
    }

    /// The next reply; an error if the server has closed the socket.
    pub fn reply(&mut self) -> std::io::Result<(Header, Vec<u8>)> {
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header)?;
        let header = Header::read_from_bytes(&header).unwrap();
        let mut payload = vec![0; header.size as usize - HEADER];
        self.stream.read_exact(&mut payload)?;
        Ok((header, payload))
    }

    /// Sends a message and returns the errno of its reply, which must be to this message.
    pub fn errno(&mut self, command: u16, payload: &[u8], descriptors: &[&OwnedFd]) -> i32 {
        self.send(command, payload, descriptors);
        let (header, payload) = self.reply().unwrap();
        assert_eq!((header.id, header.command), (self.id, command));
        if header.error != 0 {
            assert_eq!(header.flags, weir_vfio_user::wire::REPLY | weir_vfio_user::wire::ERROR);
            assert!(payload.is_empty(), "an error has no payload");
        }
        header.error as i32
    }

    /// Whether the server still answers, in step.
    pub fn in_step(&mut self) {
        let info = [16u32, 0, 0, 0];
        self.send(command::DEVICE_GET_INFO, info.as_bytes(), &[]);
        let (header, payload) = self.reply().unwrap();
        assert_eq!((header.id, header.error, payload.len()), (self.id, 0, 16));
    }
}
