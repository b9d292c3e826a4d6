// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What enumeration finds. Numbers from PCI Express Base Specification 5.0, chapter 7, SR-IOV 1.1, chapter 3, and virtio
//! 1.3, 4.1.

use crate::{bar, config, on_each, set_config};
use weir_sim::pcie::{EndpointSim, PciFunctions};

/// Capabilities in the first 256 bytes: id and offset.
fn capabilities(card: &mut EndpointSim, function: u8) -> Vec<(u8, u16)> {
    // Status, bit 4: there is a list.
    assert_ne!(config(card, function, 0x04) & 1 << 20, 0);
    let mut found = Vec::new();
    let mut at = config(card, function, 0x34) as u16 & 0xff;
    while at != 0 {
        assert!(at >= 0x40 && at.is_multiple_of(4) && found.len() < 48, "{at:#x} after {found:x?}");
        let head = config(card, function, at);
        found.push((head as u8, at));
        at = (head >> 8) as u16 & 0xff;
    }
    found
}

/// Extended capabilities: id and offset.
fn extended(card: &mut EndpointSim, function: u8) -> Vec<(u16, u16)> {
    let mut found = Vec::new();
    let mut at: u16 = 0x100;
    while at != 0 {
        assert!(at >= 0x100 && at.is_multiple_of(4) && found.len() < 64, "{at:#x} after {found:x?}");
        let head = config(card, function, at);
        found.push((head as u16, at));
        at = (head >> 20) as u16;
    }
    found
}

fn offset_of<T: PartialEq + Copy>(list: &[(T, u16)], id: T) -> u16 {
    list.iter().find(|(found, _)| *found == id).unwrap().1
}

#[test]
fn pf0_is_the_management_function() {
    on_each(|card, _| {
        assert_eq!(config(card, 0, 0x00), 0x10f5_1af4);
        assert_eq!(config(card, 0, 0x08) >> 16, 0x1200, "processing accelerator");
        assert_eq!(config(card, 0, 0x0c) >> 16 & 0xff, 0, "header type 0, one function");
        let list = capabilities(card, 0);
        assert_eq!(list.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0x01, 0x11, 0x10]);
        let express = offset_of(&list, 0x10);
        assert_eq!(config(card, 0, express) >> 16 & 0xff, 0x02, "version 2, endpoint");
        let device = config(card, 0, express + 4);
        assert_ne!(device & 1 << 15, 0, "role-based error reporting");
        assert_ne!(device & 1 << 28, 0, "function level reset");
        // Relaxed ordering and no snoop on, reads of 512 bytes, payloads of 128.
        assert_eq!(config(card, 0, express + 8) & 0xffff, 0x2810);
        let link = config(card, 0, express + 0x10) >> 16;
        assert!(link & 0xf != 0 && link >> 4 & 0x3f != 0, "a link with speed and width");
        let list = extended(card, 0);
        assert_eq!(list.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0x0001, 0x000e, 0x0010]);
        // Malformed TLP is fatal, poisoned and Unsupported Request are not (7.8.4.4).
        let errors = offset_of(&list, 0x0001);
        let severity = config(card, 0, errors + 0xc);
        assert_eq!(severity & (1 << 18 | 1 << 12 | 1 << 20), 1 << 18);
        assert_eq!(config(card, 0, errors + 0x14), 1 << 13, "advisory errors are masked");
        let virtualization = offset_of(&list, 0x0010);
        assert_eq!(config(card, 0, virtualization + 0xc), 2 | 2 << 16, "InitialVFs, TotalVFs");
        assert_eq!(config(card, 0, virtualization + 0x14), 1 | 1 << 16, "offset, stride");
        assert_eq!(config(card, 0, virtualization + 0x18) >> 16, 0x1041);
        assert_eq!(config(card, 0, virtualization + 0x1c) & 0x553, 0x553, "page sizes that must be");
    });
}

#[test]
fn bars_say_their_size() {
    on_each(|card, _| {
        set_config(card, 0, 0x10, !0);
        assert_eq!(config(card, 0, 0x10), 0xffff_0000, "64 KiB, 32-bit, not prefetchable");
        for other in [0x14, 0x18, 0x1c, 0x20, 0x24, 0x30] {
            set_config(card, 0, other, !0);
            assert_eq!(config(card, 0, other), 0);
        }
        let list = extended(card, 0);
        let sriov = offset_of(&list, 0x0010);
        // The aperture grows with the host's page size: bit n stands for 4 KiB << n.
        for (page, size) in [(0, 16), (1, 16), (4, 16), (6, 18), (8, 20), (10, 22)] {
            set_config(card, 0, sriov + 0x20, 1 << page);
            set_config(card, 0, sriov + 0x24, !0);
            set_config(card, 0, sriov + 0x28, !0);
            assert_eq!(config(card, 0, sriov + 0x24), (!0 << size) | 4, "64-bit, page size {page}");
            assert_eq!(config(card, 0, sriov + 0x28), !0);
        }
    });
}

#[test]
fn num_vfs_stands_while_vfs_are_enabled() {
    on_each(|card, _| {
        assert_eq!(card.enable_vfs(1).unwrap(), 1);
        let sriov = offset_of(&extended(card, 0), 0x0010);
        set_config(card, 0, sriov + 0x10, 2);
        assert_eq!(config(card, 0, sriov + 0x10), 1);
        let mut data = [0; 4];
        assert!(card.config_read(1, 0, &mut data).is_ok());
        assert!(card.config_read(2, 0, &mut data).is_err(), "VF 2 is not there");
        set_config(card, 0, sriov + 0x8, 0);
        assert!(card.config_read(1, 0, &mut data).is_err(), "VF 1 is gone");
        set_config(card, 0, sriov + 0x10, 2);
        assert_eq!(config(card, 0, sriov + 0x10), 2);
    });
}

#[test]
fn vfs_are_virtio_network_devices() {
    on_each(|card, _| {
        assert_eq!(card.enable_vfs(9).unwrap(), 2, "no more than there are");
        for vf in 1..=2 {
            assert_eq!(config(card, vf, 0x00), !0, "a VF shows no ids");
            assert_eq!(config(card, vf, 0x08) >> 8, 0x02_0000, "Ethernet");
            assert!(config(card, vf, 0x08) & 0xff >= 1, "a revision of virtio 1");
            for at in (0x10..=0x24).step_by(4) {
                assert_eq!(config(card, vf, at), 0, "a VF's BARs are its PF's");
            }
            let list = capabilities(card, vf);
            let ids: Vec<u8> = list.iter().map(|(id, _)| *id).collect();
            assert_eq!(ids, [0x11, 0x10, 0x09, 0x09, 0x09, 0x09, 0x09]);
            let msix = offset_of(&list, 0x11);
            assert_eq!(config(card, vf, msix) >> 16 & 0x7ff, 2, "three vectors");
            assert_eq!(config(card, vf, msix + 4), 0x4000);
            assert_eq!(config(card, vf, msix + 8), 0x5000);
            let express = offset_of(&list, 0x10);
            assert_ne!(config(card, vf, express + 4) & 1 << 28, 0, "function level reset");
            // type: BAR, offset, length as virtio 1.3 places them (4.1.4).
            let virtio: Vec<[u32; 5]> = list
                .iter()
                .filter(|(id, _)| *id == 0x09)
                .map(|(_, at)| {
                    let [head, bar, offset, length, more] =
                        [0, 4, 8, 12, 16].map(|d| config(card, vf, at + d));
                    let bytes = head >> 16 & 0xff;
                    let more = if bytes >= 20 { more } else { 0 };
                    [head >> 24, bar & 0xff, offset, length, more]
                })
                .collect();
            let expected = [
                [1, 0, 0x0000, 0x40, 0],
                [2, 0, 0x3000, 0x1000, 4],
                [3, 0, 0x1000, 1, 0],
                [4, 0, 0x2000, 0x18, 0],
                [5, 0, 0, 0, 0],
            ];
            assert_eq!(virtio, expected);
            assert_eq!(extended(card, vf), [(0x000e, 0x100)]);
            // MAC address: locally administered, one for each VF.
            assert_eq!(bar(card, vf, 0x2000, 6), 0x0052_4945_5702 | u64::from(vf) << 40);
        }
    });
}
