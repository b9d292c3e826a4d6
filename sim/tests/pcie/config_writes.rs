// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writes to configuration space of every size and alignment, against a plain model of masks.

use crate::{config, on_each};
use std::collections::BTreeMap;
use weir_random::Random;
use weir_regs::ConfigDword;
use weir_regs::config::{pf, vf};
use weir_sim::pcie::{EndpointSim, PciFunctions};

/// Bytes of configuration space with what writes do to them.
struct Golden {
    bytes: BTreeMap<u16, (u8, u8, u8)>,
}

impl Golden {
    fn new(layout: &[ConfigDword]) -> Golden {
        let mut bytes = BTreeMap::new();
        for dword in layout {
            let [value, rw, rw1c] = [dword.reset, dword.rw, dword.rw1c].map(u32::to_le_bytes);
            for byte in 0..4 {
                bytes.insert(dword.offset + byte as u16, (value[byte], rw[byte], rw1c[byte]));
            }
        }
        Golden { bytes }
    }

    fn write(&mut self, offset: u16, data: &[u8]) {
        for (at, new) in (offset..).zip(data) {
            if let Some((value, rw, rw1c)) = self.bytes.get_mut(&at) {
                *value = (*value & !*rw | new & *rw) & !(new & *rw1c);
            }
        }
    }

    fn dword(&self, offset: u16) -> u32 {
        let byte = |at| self.bytes.get(&(offset + at)).map_or(0, |(value, ..)| *value);
        u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
    }
}

/// Dwords whose writes do more than set bits, which tests of their own cover.
fn is_special(function: u8, offset: u16) -> bool {
    let pf_special = [
        pf::POWER_MANAGEMENT_CONTROL.offset,
        pf::DEVICE_CONTROL_STATUS.offset,
        pf::SRIOV_CONTROL.offset,
        pf::SRIOV_SYSTEM_PAGE_SIZE.offset,
        pf::SRIOV_VF_BAR_0.offset,
    ];
    let vf_special = [vf::DEVICE_CONTROL_STATUS.offset, vf::VIRTIO_WINDOW_DATA.offset];
    match function {
        0 => pf_special.contains(&(offset & !3)),
        _ => vf_special.contains(&(offset & !3)),
    }
}

fn whole_space(card: &mut EndpointSim, function: u8, golden: &Golden) {
    for offset in (0..0x1000).step_by(4) {
        if !is_special(function, offset) {
            assert_eq!(config(card, function, offset), golden.dword(offset), "{function}: {offset:#x}");
        }
    }
}

fn writes(card: &mut EndpointSim, random: &mut Random, function: u8, golden: &mut Golden) {
    whole_space(card, function, golden);
    // Every listed dword in every size and alignment, and as many anywhere.
    let mut places: Vec<u16> = golden.bytes.keys().copied().filter(|at| at % 4 == 0).collect();
    places.extend((0..20).map(|_| random.below(1024) as u16 * 4));
    for place in places {
        for (at, bytes) in [(0, 4), (0, 2), (2, 2), (0, 1), (1, 1), (2, 1), (3, 1)] {
            let offset = place + at;
            if is_special(function, offset) {
                continue;
            }
            let data: Vec<u8> = (0..bytes).map(|_| random.u64() as u8).collect();
            card.config_write(function, offset, &data).unwrap();
            golden.write(offset, &data);
            assert_eq!(config(card, function, place), golden.dword(place), "{data:02x?} to {offset:#x}");
            let mut part = vec![0; bytes];
            card.config_read(function, offset, &mut part).unwrap();
            assert_eq!(part, golden.dword(place).to_le_bytes()[at as usize..at as usize + bytes]);
        }
    }
    whole_space(card, function, golden);
}

#[test]
fn pf0() {
    on_each(|card, random| writes(card, random, 0, &mut Golden::new(pf::ALL)));
}

#[test]
fn vfs() {
    on_each(|card, random| {
        card.enable_vfs(2).unwrap();
        let mut one = Golden::new(vf::ALL);
        writes(card, random, 1, &mut one);
        // The other function has not noticed.
        whole_space(card, 2, &Golden::new(vf::ALL));
        writes(card, random, 2, &mut Golden::new(vf::ALL));
        whole_space(card, 1, &one);
    });
}

/// Function Level Reset: everything as after power-up, but what the layout calls sticky.
#[test]
fn function_level_reset() {
    on_each(|card, random| {
        card.enable_vfs(2).unwrap();
        let mut other = Golden::new(vf::ALL);
        writes(card, random, 2, &mut other);
        writes(card, random, 1, &mut Golden::new(vf::ALL));
        card.reset(1).unwrap();
        whole_space(card, 1, &Golden::new(vf::ALL));
        whole_space(card, 2, &other);
        // That of PF0 takes the VFs along, and keeps payload size, link control and the errors that were seen.
        card.config_write(0, pf::LINK_CONTROL_STATUS.offset, &[0x48]).unwrap();
        card.config_write(0, pf::UNCORRECTABLE_MASK.offset + 2, &[0x10]).unwrap();
        let mut golden = Golden::new(pf::ALL);
        golden.write(pf::LINK_CONTROL_STATUS.offset, &[0x48]);
        golden.write(pf::UNCORRECTABLE_MASK.offset + 2, &[0x10]);
        golden.write(pf::SRIOV_CONTROL.offset, &[0x10]);
        assert_eq!(config(card, 0, pf::DEVICE_CONTROL_STATUS.offset) & 0xffff, 0x2930);
        card.reset(0).unwrap();
        whole_space(card, 0, &golden);
        assert_eq!(config(card, 0, pf::DEVICE_CONTROL_STATUS.offset) & 0xffff, 0x2830);
        assert_eq!(config(card, 0, pf::SRIOV_CONTROL.offset), 0x10);
        assert!(card.config_read(1, 0, &mut [0; 4]).is_err());
    });
}
