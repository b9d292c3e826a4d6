// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The virtio structures of a VF, as a driver uses them. Rules from virtio 1.3: device initialization (3.1), common
//! configuration (4.1.4.3), configuration access capability (4.1.4.9), network device (5.1).

use crate::{bar, config, on_each, set_bar, set_config};
use weir_sim::pcie::{EndpointSim, PciFunctions};

// Offsets in the common configuration.
const DEVICE_FEATURE_SELECT: u64 = 0x00;
const DEVICE_FEATURE: u64 = 0x04;
const DRIVER_FEATURE_SELECT: u64 = 0x08;
const DRIVER_FEATURE: u64 = 0x0c;
const CONFIG_VECTOR: u64 = 0x10;
const NUM_QUEUES: u64 = 0x12;
const STATUS: u64 = 0x14;
const QUEUE_SELECT: u64 = 0x16;
const QUEUE_SIZE: u64 = 0x18;
const QUEUE_VECTOR: u64 = 0x1a;
const QUEUE_ENABLE: u64 = 0x1c;
const QUEUE_NOTIFY_OFF: u64 = 0x1e;
const QUEUE_DESC: u64 = 0x20;
const QUEUE_DRIVER: u64 = 0x28;
const QUEUE_DEVICE: u64 = 0x30;

const ACKNOWLEDGE: u64 = 1;
const DRIVER: u64 = 2;
const DRIVER_OK: u64 = 4;
const FEATURES_OK: u64 = 8;

/// MTU, MAC, STATUS, VERSION_1, ACCESS_PLATFORM, ORDER_PLATFORM.
const OFFERED: u64 = 1 << 3 | 1 << 5 | 1 << 16 | 1 << 32 | 1 << 33 | 1 << 36;

fn features(card: &mut EndpointSim, vf: u8) -> u64 {
    set_bar(card, vf, DEVICE_FEATURE_SELECT, 4, 0);
    let low = bar(card, vf, DEVICE_FEATURE, 4);
    set_bar(card, vf, DEVICE_FEATURE_SELECT, 4, 1);
    low | bar(card, vf, DEVICE_FEATURE, 4) << 32
}

/// Takes a device as far as FEATURES_OK; gives the status that is then read.
fn negotiate(card: &mut EndpointSim, vf: u8, features: u64) -> u64 {
    set_bar(card, vf, STATUS, 1, 0);
    while bar(card, vf, STATUS, 1) != 0 {}
    set_bar(card, vf, STATUS, 1, ACKNOWLEDGE);
    set_bar(card, vf, STATUS, 1, ACKNOWLEDGE | DRIVER);
    set_bar(card, vf, DRIVER_FEATURE_SELECT, 4, 0);
    set_bar(card, vf, DRIVER_FEATURE, 4, features & 0xffff_ffff);
    set_bar(card, vf, DRIVER_FEATURE_SELECT, 4, 1);
    set_bar(card, vf, DRIVER_FEATURE, 4, features >> 32);
    set_bar(card, vf, STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    bar(card, vf, STATUS, 1)
}

#[test]
fn features_are_negotiated() {
    on_each(|card, random| {
        card.enable_vfs(2).unwrap();
        assert_eq!(features(card, 1), OFFERED);
        set_bar(card, 1, DEVICE_FEATURE_SELECT, 4, 2);
        assert_eq!(bar(card, 1, DEVICE_FEATURE, 4), 0);
        assert_eq!(negotiate(card, 1, OFFERED), ACKNOWLEDGE | DRIVER | FEATURES_OK);
        assert_eq!(bar(card, 2, STATUS, 1), 0, "the other function");
        // What was accepted is read back, and stands.
        assert_eq!(bar(card, 1, DRIVER_FEATURE, 4), OFFERED >> 32);
        set_bar(card, 1, DRIVER_FEATURE, 4, 1);
        assert_eq!(bar(card, 1, DRIVER_FEATURE, 4), OFFERED >> 32);
        // Without VERSION_1, or with a feature that was not offered, FEATURES_OK does not stay.
        assert_eq!(negotiate(card, 1, OFFERED & !(1 << 32)), ACKNOWLEDGE | DRIVER);
        for _ in 0..20 {
            let extra = 1 << random.below(64);
            let good = OFFERED & extra != 0;
            let expected = ACKNOWLEDGE | DRIVER | if good { FEATURES_OK } else { 0 };
            assert_eq!(negotiate(card, 1, OFFERED | extra), expected, "{extra:#x}");
        }
        // DRIVER_OK does not stay without FEATURES_OK.
        negotiate(card, 1, 0);
        set_bar(card, 1, STATUS, 1, ACKNOWLEDGE | DRIVER | DRIVER_OK);
        assert_eq!(bar(card, 1, STATUS, 1), ACKNOWLEDGE | DRIVER);
        negotiate(card, 1, 1 << 32);
        set_bar(card, 1, STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
        assert_eq!(bar(card, 1, STATUS, 1), ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
        // Bits of the status cannot be taken back but by reset.
        set_bar(card, 1, STATUS, 1, ACKNOWLEDGE);
        assert_eq!(bar(card, 1, STATUS, 1), ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    });
}

/// Values of the registers of a queue.
fn queue(card: &mut EndpointSim, vf: u8, number: u64) -> [u64; 7] {
    set_bar(card, vf, QUEUE_SELECT, 2, number);
    [
        bar(card, vf, QUEUE_SIZE, 2),
        bar(card, vf, QUEUE_VECTOR, 2),
        bar(card, vf, QUEUE_ENABLE, 2),
        bar(card, vf, QUEUE_NOTIFY_OFF, 2),
        bar(card, vf, QUEUE_DESC, 8),
        bar(card, vf, QUEUE_DRIVER, 8),
        bar(card, vf, QUEUE_DEVICE, 8),
    ]
}

const NONE: u64 = 0xffff;

#[test]
fn queues_are_set_up() {
    on_each(|card, random| {
        card.enable_vfs(1).unwrap();
        assert_eq!(bar(card, 1, NUM_QUEUES, 2), 2);
        for number in 0..2 {
            assert_eq!(queue(card, 1, number), [256, NONE, 0, number, 0, 0, 0]);
        }
        assert_eq!(queue(card, 1, 2)[0], 0, "there is no such queue");
        set_bar(card, 1, QUEUE_SIZE, 2, 64);
        set_bar(card, 1, QUEUE_ENABLE, 2, 1);
        assert_eq!((queue(card, 1, 2)[0], queue(card, 1, 2)[2]), (0, 0));
        let addresses = [random.u64(), random.u64(), random.u64()];
        set_bar(card, 1, QUEUE_SELECT, 2, 1);
        set_bar(card, 1, QUEUE_SIZE, 2, 32);
        set_bar(card, 1, QUEUE_VECTOR, 2, 2);
        // Drivers write addresses as two dwords.
        for (offset, address) in [QUEUE_DESC, QUEUE_DRIVER, QUEUE_DEVICE].into_iter().zip(addresses) {
            set_bar(card, 1, offset, 4, address & 0xffff_ffff);
            set_bar(card, 1, offset + 4, 4, address >> 32);
        }
        let [desc, driver, device] = addresses;
        assert_eq!(queue(card, 1, 1), [32, 2, 0, 1, desc, driver, device]);
        assert_eq!(queue(card, 1, 0), [256, NONE, 0, 0, 0, 0, 0], "the other queue");
        set_bar(card, 1, QUEUE_SELECT, 2, 1);
        // Sizes that a split queue cannot have; vectors that there are not.
        for size in [0, 3, 48, 257, 512, 0x8000] {
            set_bar(card, 1, QUEUE_SIZE, 2, size);
            assert_eq!(bar(card, 1, QUEUE_SIZE, 2), 32, "size {size}");
        }
        for vector in [3, 4, 0x8000, NONE] {
            set_bar(card, 1, QUEUE_VECTOR, 2, vector);
            assert_eq!(bar(card, 1, QUEUE_VECTOR, 2), NONE, "vector {vector}");
            set_bar(card, 1, CONFIG_VECTOR, 2, vector);
            assert_eq!(bar(card, 1, CONFIG_VECTOR, 2), NONE, "vector {vector}");
        }
        set_bar(card, 1, CONFIG_VECTOR, 2, 0);
        assert_eq!(bar(card, 1, CONFIG_VECTOR, 2), 0);
        // An enabled queue stays as it is.
        set_bar(card, 1, QUEUE_ENABLE, 2, 1);
        set_bar(card, 1, QUEUE_SIZE, 2, 16);
        set_bar(card, 1, QUEUE_DESC, 8, 0);
        set_bar(card, 1, QUEUE_ENABLE, 2, 0);
        assert_eq!(queue(card, 1, 1), [32, NONE, 1, 1, desc, driver, device]);
        // Reset.
        set_bar(card, 1, STATUS, 1, 0);
        assert_eq!(queue(card, 1, 1), [256, NONE, 0, 1, 0, 0, 0]);
        assert_eq!(bar(card, 1, CONFIG_VECTOR, 2), NONE);
    });
}

#[test]
fn device_configuration() {
    on_each(|card, _| {
        card.enable_vfs(2).unwrap();
        for vf in 1..=2 {
            let mut mac = [0; 6];
            card.bar_read(vf, 0, 0x2000, &mut mac).unwrap();
            assert_eq!(mac, [0x02, 0x57, 0x45, 0x49, 0x52, vf]);
            assert_eq!(bar(card, vf, 0x2006, 2), 1, "link up");
            assert_eq!(bar(card, vf, 0x2008, 2), 1, "queue pairs");
            assert_eq!(bar(card, vf, 0x200a, 2), 1500, "MTU");
            // Read only.
            set_bar(card, vf, 0x2000, 8, !0);
            assert_eq!(bar(card, vf, 0x2000, 1), 0x02);
        }
    });
}

/// A change of the link sets the configuration bit of the ISR status, which reading clears; and, with MSI-X, sends the
/// vector of configuration changes once it is not masked.
#[test]
fn link_changes_are_told() {
    on_each(|card, _| {
        card.enable_vfs(2).unwrap();
        assert_eq!(bar(card, 1, 0x1000, 1), 0);
        card.root().link().set_network(false);
        assert_eq!(bar(card, 1, 0x2006, 2), 0, "link down");
        assert_eq!(bar(card, 1, 0x1000, 1), 2);
        assert_eq!(bar(card, 1, 0x1000, 1), 0, "read once");
        assert_eq!(card.take_interrupts(), []);

        set_config(card, 1, 0x04, 0x4);
        set_config(card, 1, 0x40, 0x8000_0000);
        set_bar(card, 1, CONFIG_VECTOR, 2, 1);
        set_bar(card, 1, 0x4010, 8, 0xfee0_1000);
        set_bar(card, 1, 0x4018, 4, 0x41);
        card.step(1000).unwrap();
        card.root().link().set_network(true);
        card.step(1000).unwrap();
        assert_eq!((bar(card, 1, 0x5000, 8), card.take_interrupts()), (0b10, vec![]), "the vector is masked");
        set_bar(card, 1, 0x401c, 4, 0);
        card.step(1000).unwrap();
        assert_eq!(bar(card, 1, 0x5000, 8), 0);
        let interrupts = card.take_interrupts();
        assert_eq!(interrupts.len(), 1, "VF 2 has no MSI-X");
        assert_eq!(
            (interrupts[0].function, interrupts[0].address, interrupts[0].data),
            (1, 0xfee0_1000, 0x41)
        );
        // The mask of the function, then the lack of bus mastering.
        for (offset, stop, go) in [(0x40, 0xc000_0000_u32, 0x8000_0000), (0x04, 0, 4)] {
            set_config(card, 1, offset, stop);
            card.root().link().set_network(false);
            card.step(1000).unwrap();
            assert_eq!((bar(card, 1, 0x5000, 8), card.take_interrupts()), (0b10, vec![]), "{offset:#x}");
            card.root().link().set_network(true);
            set_config(card, 1, offset, go);
            card.step(1000).unwrap();
            assert_eq!(card.take_interrupts().len(), 1, "{offset:#x}");
        }
    });
}

/// The window of configuration space to the BAR: what it reads and writes is what the BAR holds.
#[test]
fn the_configuration_window() {
    on_each(|card, random| {
        card.enable_vfs(1).unwrap();
        let window = 0xcc;
        let aim = |card: &mut EndpointSim, bar: u32, offset: u32, length: u32| {
            set_config(card, 1, window + 4, bar);
            set_config(card, 1, window + 8, offset);
            set_config(card, 1, window + 12, length);
        };
        // Drivers read and write as many bytes of the window as they said.
        for _ in 0..60 {
            let bytes = random.pick(&[1, 2, 4_usize]);
            let offset = 0x20 + bytes as u64 * random.below(24 / bytes as u64);
            let before = bar(card, 1, 0x20, 8);
            aim(card, 0, offset as u32, bytes as u32);
            let mut data = vec![0; bytes];
            card.config_read(1, window + 16, &mut data).unwrap();
            let mut direct = vec![0; bytes];
            card.bar_read(1, 0, offset, &mut direct).unwrap();
            assert_eq!(data, direct, "{bytes} at {offset:#x}");
            let new: Vec<u8> = (0..bytes).map(|_| random.u64() as u8).collect();
            card.config_write(1, window + 16, &new).unwrap();
            card.bar_read(1, 0, offset, &mut direct).unwrap();
            assert_eq!(direct, new, "{bytes} at {offset:#x}");
            if offset >= 0x28 {
                assert_eq!(bar(card, 1, 0x20, 8), before, "only there");
            }
        }
        // Lengths, alignments, BARs and offsets that there are not: nothing is read, nothing written.
        set_bar(card, 1, 0x20, 4, 0x1111_1111);
        for (bar_number, offset, length) in [
            (1, 0x20, 4),
            (0, 0x21, 4),
            (0, 0x21, 2),
            (0, 0x20, 3),
            (0, 0x20, 0),
            (0, 0x20, 8),
            (0, 0x8020, 4),
        ] {
            aim(card, bar_number, offset, length);
            assert_eq!(config(card, 1, window + 16), 0, "{bar_number} {offset:#x} {length}");
            set_config(card, 1, window + 16, !0);
            assert_eq!(bar(card, 1, 0x20, 4), 0x1111_1111, "{bar_number} {offset:#x} {length}");
        }
    });
}
