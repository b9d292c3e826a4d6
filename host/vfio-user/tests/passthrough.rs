// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a client sees of a VF, against a card made of two arrays: configuration space as SR-IOV prescribes it for VFs,
//! and memory.

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use weir_vfio_user::passthrough::{Assignment, Bar, Endpoint, Message, Passthrough};
use weir_vfio_user::{Activity, ClientMemory, Clients, Device, DeviceError, Errno, Server, irq, region};

const PCIE: usize = 0x40;
const MSIX: usize = 0x80;
const TABLE: usize = 0x4000;
const VECTORS: usize = 3;
const BAR_BYTES: usize = 0x8000;

/// One VF: number 1.
struct Card {
    config: Vec<u8>,
    bar: Vec<u8>,
    resets: usize,
    writes: Vec<(u16, Vec<u8>)>,
    messages: Vec<Message>,
    broken: bool,
    memory: Option<ClientMemory>,
}

impl Card {
    fn new() -> Card {
        let mut card = Card {
            config: vec![],
            bar: vec![],
            resets: 0,
            writes: vec![],
            messages: vec![],
            broken: false,
            memory: None,
        };
        card.power_up();
        card
    }

    fn power_up(&mut self) {
        self.config = vec![0; 4096];
        self.bar = vec![0; BAR_BYTES];
        let mut put = |at: usize, bytes: &[u8]| self.config[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &[0xff; 4]);
        put(6, &[0x10, 0]);
        put(8, &[1, 0, 0, 2]);
        put(0x34, &[PCIE as u8]);
        put(PCIE, &[0x10, MSIX as u8, 2, 0]);
        put(MSIX, &[0x11, 0, VECTORS as u8 - 1, 0, 0x00, 0x40, 0, 0, 0x00, 0x50, 0, 0]);
        put(0x100, &[1, 0, 1, 0]);
        for vector in 0..VECTORS {
            self.bar[TABLE + 16 * vector + 12] = 1;
        }
    }

    fn entry(&self, vector: usize) -> (u64, u32, u32) {
        let word = |at: usize| {
            let at = TABLE + 16 * vector + 4 * at;
            u32::from_le_bytes(self.bar[at..at + 4].try_into().unwrap())
        };
        (u64::from(word(0)) | u64::from(word(1)) << 32, word(2), word(3))
    }
}

impl Endpoint for Card {
    fn config_read(&mut self, function: u8, offset: u16, data: &mut [u8]) -> Result<(), DeviceError> {
        assert_eq!(function, 1);
        assert!([1, 2, 4].contains(&data.len()) && usize::from(offset).is_multiple_of(data.len()));
        data.copy_from_slice(&self.config[offset as usize..][..data.len()]);
        Ok(())
    }

    fn config_write(&mut self, function: u8, offset: u16, data: &[u8]) -> Result<(), DeviceError> {
        assert_eq!(function, 1);
        assert!([1, 2, 4].contains(&data.len()) && usize::from(offset).is_multiple_of(data.len()));
        self.writes.push((offset, data.to_vec()));
        for (at, &byte) in (usize::from(offset)..).zip(data) {
            let writable = match at {
                4 => 0b100, // a VF has BME only
                0x48 | 0x83 | 0x104.. => 0xff,
                _ => 0,
            };
            self.config[at] = self.config[at] & !writable | byte & writable;
        }
        Ok(())
    }

    fn bar_read(&mut self, _: u8, bar: u8, offset: u64, data: &mut [u8]) -> Result<(), DeviceError> {
        assert_eq!(bar, 0);
        if self.broken {
            return Err("smoke".into());
        }
        data.copy_from_slice(&self.bar[offset as usize..][..data.len()]);
        Ok(())
    }

    fn bar_write(&mut self, _: u8, bar: u8, offset: u64, data: &[u8]) -> Result<(), DeviceError> {
        assert_eq!(bar, 0);
        self.bar[offset as usize..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    fn set_memory(&mut self, _: u8, memory: ClientMemory) {
        self.memory = Some(memory);
    }

    fn take_messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }

    fn reset(&mut self, _: u8) -> Result<(), DeviceError> {
        self.power_up();
        self.resets += 1;
        Ok(())
    }

    fn step(&mut self, _: u32) -> Result<Activity, DeviceError> {
        // A card that sends an interrupt per enabled vector when byte 0 of its BAR asks for it.
        let enabled = self.config[MSIX + 3] & 0xc0 == 0x80;
        if std::mem::take(&mut self.bar[0]) == 1 && enabled {
            for vector in 0..VECTORS {
                let (address, data, control) = self.entry(vector);
                if control & 1 == 0 {
                    self.messages.push(Message { function: 1, address, data });
                }
            }
        }
        Ok(Activity::Quiescent)
    }
}

fn assignment() -> Assignment {
    let mut bars = [Bar::default(); 6];
    bars[0] = Bar { size: BAR_BYTES as u64, flags: 0b1100 };
    Assignment { function: 1, name: "vf0".into(), vendor: 0x1af4, device: 0x1041, bars }
}

struct Bench {
    card: Passthrough<Card>,
    clients: Clients,
}

impl Bench {
    fn new() -> Bench {
        let card = Passthrough::new(Card::new(), vec![assignment()]).unwrap();
        let clients = Clients::new(&card.functions());
        Bench { card, clients }
    }

    fn read(&mut self, offset: u64, size: usize) -> Vec<u8> {
        let mut data = vec![0xa5; size];
        self.card.read(&mut self.clients, 0, region::CONFIG, offset, &mut data).unwrap();
        data
    }

    fn write(&mut self, offset: u64, data: &[u8]) {
        self.card.write(&mut self.clients, 0, region::CONFIG, offset, data).unwrap();
    }
}

#[test]
fn the_shape_comes_from_the_assignment_and_the_capability() {
    let bench = Bench::new();
    let functions = bench.card.functions();
    assert_eq!(functions[0].regions, [BAR_BYTES as u64, 0, 0, 0, 0, 0, 0, 4096, 0]);
    assert_eq!(functions[0].irqs, [0, 0, VECTORS as u32, 0, 0]);
}

#[test]
fn ids_bars_and_interrupt_line_are_the_hosts() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(0, 4), [0xf4, 0x1a, 0x41, 0x10]);
    assert_eq!(bench.read(1, 2), [0x1a, 0x41]);
    bench.write(0, &[1, 2, 3, 4]);
    assert_eq!(bench.read(0, 4), [0xf4, 0x1a, 0x41, 0x10]);
    // Sizing, as a guest does it: 64-bit, prefetchable, 32 KiB.
    assert_eq!(bench.read(0x10, 8), [0x0c, 0, 0, 0, 0, 0, 0, 0]);
    bench.write(0x10, &[0xff; 8]);
    assert_eq!(bench.read(0x10, 8), [0x0c, 0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    bench.write(0x10, &0xfeed_0000_1234_5678u64.to_le_bytes());
    assert_eq!(bench.read(0x10, 8), 0xfeed_0000_1234_000cu64.to_le_bytes());
    bench.write(0x12, &[0xab]);
    assert_eq!(bench.read(0x10, 4), 0x12ab_000cu32.to_le_bytes());
    bench.write(0x18, &[0xff; 16]);
    assert_eq!(bench.read(0x18, 16), [0; 16]);
    bench.write(0x30, &[0xff; 4]);
    assert_eq!(bench.read(0x30, 4), [0; 4]);
    bench.write(0x3c, &[11, 7]);
    assert_eq!(bench.read(0x3c, 2), [11, 0], "there is no pin");
    assert!(bench.card.endpoint().writes.is_empty(), "the VF has heard nothing of it");
}

#[test]
fn memory_enable_is_kept_and_bus_master_enable_is_the_vfs() {
    let mut bench = Bench::new();
    bench.write(4, &[0b111, 4]);
    assert_eq!(bench.read(4, 2), [0b110, 0]);
    assert_eq!(bench.card.endpoint().config[4], 0b100);
    bench.write(4, &[0b100]);
    assert_eq!(bench.read(4, 4), [0b100, 0, 0x10, 0]);
    // The upper byte alone does not touch it.
    bench.write(4, &[0b010]);
    bench.write(5, &[0]);
    assert_eq!(bench.read(4, 1), [0b010]);
}

#[test]
fn everything_else_is_the_vfs() {
    let mut bench = Bench::new();
    assert_eq!(bench.read(8, 4), [1, 0, 0, 2]);
    assert_eq!(bench.read(0x100, 4), [1, 0, 1, 0]);
    bench.write(0x105, &[1, 2, 3, 4, 5]);
    assert_eq!(bench.read(0x104, 8), [0, 1, 2, 3, 4, 5, 0, 0]);
    // All of it at once, as QEMU reads it.
    let all = bench.read(0, 4096);
    assert_eq!(all[0..4], [0xf4, 0x1a, 0x41, 0x10]);
    assert_eq!(all[0x40..], bench.card.endpoint().config[0x40..]);
}

#[test]
fn a_guest_resets_the_function_through_device_control() {
    let mut bench = Bench::new();
    bench.write(4, &[0b110]);
    bench.write(0x10, &[0xff; 8]);
    // Without the bit, in every size in which the register can be written.
    bench.write(0x48, &[0xff, 0x7f]);
    bench.write(0x48, &[0xff]);
    bench.write(0x49, &[0x7f]);
    bench.write(0x48, &[0xff, 0x7f, 0xff, 0xff]);
    assert_eq!(bench.card.endpoint().resets, 0);
    for (number, (offset, data)) in
        [(0x49u64, &[0x80u8][..]), (0x48, &[0, 0x80]), (0x48, &[0, 0x80, 0, 0])].into_iter().enumerate()
    {
        bench.write(offset, data);
        assert_eq!(bench.card.endpoint().resets, number + 1);
    }
    assert_eq!(bench.read(4, 2), [0, 0]);
    assert_eq!(bench.read(0x10, 8), [0x0c, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bench.read(0x49, 1)[0] & 0x80, 0);
}

#[test]
fn the_table_is_the_hosts() {
    let mut bench = Bench::new();
    let (clients, card) = (&mut bench.clients, &mut bench.card);
    let before = card.endpoint().bar.clone();
    let end = TABLE + 16 * VECTORS;
    card.write(clients, 0, 0, TABLE as u64 - 2, &[0x77; 16 * VECTORS + 4]).unwrap();
    let mut expected = before;
    for at in [TABLE - 2, TABLE - 1, end, end + 1] {
        expected[at] = 0x77;
    }
    assert_eq!(card.endpoint().bar, expected);
    let mut data = [0; 4];
    card.read(clients, 0, 0, TABLE as u64 - 2, &mut data).unwrap();
    assert_eq!(data, [0x77, 0x77, 0xff, 0xff]);
    // A client cannot switch MSI-X on behind the host's back.
    bench.write(MSIX as u64 + 2, &[0, 0xc0]);
    bench.write(MSIX as u64 + 3, &[0xc0]);
    bench.write(MSIX as u64, &[0; 4]);
    assert_eq!(bench.read(MSIX as u64 + 2, 2), [VECTORS as u8 - 1, 0]);
}

#[test]
fn a_broken_card_ends_the_server() {
    let mut card = Card::new();
    card.broken = true;
    let mut card = Passthrough::new(card, vec![assignment()]).unwrap();
    let mut clients = Clients::new(&card.functions());
    assert_eq!(card.read(&mut clients, 0, 0, 0, &mut [0]), Err(Errno::IO));
    assert_eq!(card.run(&mut clients).unwrap_err().to_string(), "smoke");
}

#[test]
fn a_list_of_capabilities_without_end_is_an_error() {
    let mut card = Card::new();
    card.config[MSIX + 1] = PCIE as u8;
    let error = Passthrough::new(card, vec![assignment()]).map(drop).unwrap_err();
    assert!(error.to_string().contains("no end"), "{error}");
}

/// Over a socket: eventfds go into the table, and what the card writes comes out of them.
#[test]
fn interrupts_find_their_eventfds_and_survive_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let (stop, stopped) = UnixStream::pair().unwrap();
    let path = folder.path().to_owned();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let card = Passthrough::new(Card::new(), vec![assignment()]).unwrap();
        let mut server = Server::new(card, &path, |_| {}).unwrap();
        ready.send(()).unwrap();
        use rustix::fd::AsFd;
        server.run(stopped.as_fd()).unwrap();
        let endpoint = server.device().endpoint();
        (
            endpoint.resets,
            (0..VECTORS).map(|v| endpoint.entry(v)).collect::<Vec<_>>(),
            endpoint.config[MSIX + 3],
        )
    });
    is_ready.recv().unwrap();
    let mut client = vfio_user::Client::new(Path::new(&folder.path().join("vf0.sock"))).unwrap();
    let events: Vec<OwnedFd> = (0..2).map(|_| eventfd(0, EventfdFlags::NONBLOCK).unwrap()).collect();
    let raw = |event: &OwnedFd| std::os::fd::AsRawFd::as_raw_fd(event);
    client.set_irqs(irq::MSIX, 0b100100, 1, 2, &[raw(&events[0]), raw(&events[1])]).unwrap();

    let fire = |client: &mut vfio_user::Client| {
        client.region_write(region::BAR0, 0, &[1]).unwrap();
        let mut byte = [1];
        while byte != [0] {
            client.region_read(region::BAR0, 0, &mut byte).unwrap();
        }
        events.iter().map(counted).collect::<Vec<u64>>()
    };
    assert_eq!(fire(&mut client), [1, 1]);
    client.set_irqs(irq::MSIX, 0b001001, 1, 1, &[]).unwrap();
    assert_eq!(fire(&mut client), [0, 1], "masked in the card");
    client.reset().unwrap();
    assert_eq!(fire(&mut client), [0, 1], "as before the reset");
    client.set_irqs(irq::MSIX, 0b010001, 1, 1, &[]).unwrap();
    assert_eq!(fire(&mut client), [1, 1]);
    client.set_irqs(irq::MSIX, 0b100001, 0, 0, &[]).unwrap();
    assert_eq!(fire(&mut client), [0, 0]);

    use std::io::Write;
    (&stop).write_all(b"x").unwrap();
    let (resets, entries, control) = thread.join().unwrap();
    assert_eq!((resets, control), (1, 0));
    assert_eq!(entries, [0, 1, 2].map(|vector| (0xfee0_0000, vector, 1)));
}

fn counted(event: &OwnedFd) -> u64 {
    let mut count = [0; 8];
    match rustix::io::read(event, &mut count) {
        Ok(8) => u64::from_ne_bytes(count),
        _ => 0,
    }
}
