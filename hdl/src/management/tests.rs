// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The register bus as software sees it, over the accessors generated from the register map.

use super::Management;
use crate::matchact::keys::{KeyAnswer, KeyRequest};
use rust_hdl::core::simulate::simulate;
use rust_hdl::prelude::*;
use std::convert::Infallible;
use weir_pipeline::Target;
use weir_pipeline::words::layout::STAGE_WORD_BITS;
use weir_regs::{ALL, Access, Bus, Registers};

struct Harness {
    block: Box<Management>,
    /// Clocks of the last access.
    clocks: u32,
    /// Words, programs and maps that were handed over: selectors and lowest data bits.
    strobes: Vec<(&'static str, [u64; 4])>,
}

impl Harness {
    fn new() -> Registers<Harness> {
        let mut block = Box::new(Management::new(&Target::named("sim").unwrap(), 0x1234));
        block.connect_all();
        let mut harness = Harness { block, clocks: 0, strobes: Vec::new() };
        harness.block.buffers_free.next = 64.into();
        harness.block.reset.next = true;
        harness.clock();
        harness.block.reset.next = false;
        Registers::new(harness)
    }

    fn settle(&mut self) {
        assert!(simulate(&mut *self.block, 100));
    }

    /// Settles, notes what is handed over, and goes through the clock edge.
    fn clock(&mut self) {
        self.settle();
        let b = &self.block;
        if b.word_write.val() {
            let place: [u64; 3] =
                [b.word_slot.val().into(), b.word_pass.val().into(), b.word_stage.val().into()];
            let data = b.word_data.val().get_bits::<64>(0).to_u64();
            self.strobes.push(("word", [place[0], place[1], place[2], data]));
        }
        if b.program_write.val() {
            let values: [u64; 3] =
                [b.program_slot.val().into(), b.program_passes.val().into(), b.program_gap.val().into()];
            let moves_head = b.program_moves_head.val().into();
            self.strobes.push(("program", [values[0], values[1], values[2], moves_head]));
        }
        if b.map_write.val() {
            let place = u64::from(b.map_slot.val()) << 16
                | u64::from(b.map_unit.val()) << 8
                | u64::from(b.map_id.val());
            self.strobes.push(("map", [place, b.map_base.val().into(), b.map_limit.val().into(), 0]));
        }
        self.block.clock.next = true.into();
        self.settle();
        self.block.clock.next = false.into();
    }

    fn access(&mut self, offset: u16, write: Option<u32>) -> u32 {
        self.block.reg_valid.next = true;
        self.block.reg_write.next = write.is_some();
        self.block.reg_address.next = offset.to_bits();
        self.block.reg_wdata.next = write.unwrap_or(0).to_bits();
        for clocks in 1..10 {
            self.settle();
            let (ready, value) = (self.block.reg_ready.val(), self.block.reg_rdata.val().index());
            self.clock();
            if ready {
                self.block.reg_valid.next = false;
                self.settle();
                self.clocks = clocks;
                return value as u32;
            }
        }
        panic!("no answer from {offset:#06x}");
    }
}

impl Bus for Harness {
    type Error = Infallible;
    fn read_register(&mut self, offset: u16) -> Result<u32, Infallible> {
        Ok(self.access(offset, None))
    }
    fn write_register(&mut self, offset: u16, value: u32) -> Result<(), Infallible> {
        self.access(offset, Some(value));
        Ok(())
    }
}

#[test]
fn registers_read_as_the_map_says() {
    let mut registers = Harness::new();
    let mut taken = Vec::new();
    for (group, register) in ALL {
        for index in 0..register.count {
            for part in 0..register.count2 {
                let offset = register.at2(index, part);
                taken.push(offset);
                let name = format!("{group}.{}", register.name);
                let bus = registers.bus();
                let before = bus.access(offset, None);
                assert_eq!(bus.clocks, 3);
                if let Some(value) = register.value {
                    assert_eq!(before, value, "{name}");
                }
                if register.access == Access::ReadWrite {
                    assert_eq!(before, register.reset, "{name}");
                    bus.access(offset, Some(!0));
                    assert_eq!(bus.clocks, 1);
                    assert_eq!(bus.access(offset, None), register.mask, "{name}");
                    bus.access(offset, Some(0));
                    assert_eq!(bus.access(offset, None), 0, "{name}");
                    bus.access(offset, Some(register.reset));
                } else if register.access == Access::WriteOnly {
                    assert_eq!(before, 0, "{name}");
                } else {
                    bus.access(offset, Some(!before));
                    assert_eq!(bus.access(offset, None), before, "{name}");
                }
            }
        }
    }
    for offset in (0..0x300).step_by(4).filter(|offset| !taken.contains(offset)) {
        assert_eq!(registers.bus().access(offset, None), 0, "{offset:#06x}");
    }
    assert_eq!(registers.read_identity_build(), Ok(0x1234));
    let name: Vec<u8> =
        (0..4).flat_map(|i| registers.read_identity_target_name(i).unwrap().to_le_bytes()).collect();
    assert_eq!(&name, b"sim\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(registers.read_capability_stages(), Ok(16));
    assert_eq!(registers.read_capability_table_placement(), Ok(1 | 4 << 16));
    assert_eq!(registers.read_capability_stage_word_bits(), Ok(STAGE_WORD_BITS));
    assert_eq!(registers.read_counter_buffers_free(), Ok(64));
}

#[test]
fn commits_hand_over_what_was_set() {
    let mut registers = Harness::new();
    registers.write_word_slot(1).unwrap();
    registers.write_word_pass(31).unwrap();
    registers.write_word_stage(15).unwrap();
    for part in 0..13 {
        registers.write_word_data(part, 0x0101_0101 * u32::from(part + 1)).unwrap();
    }
    registers.write_word_commit(0).unwrap();
    // The next word may follow at once.
    registers.write_word_stage(3).unwrap();
    let bus = registers.bus();
    bus.clock();
    let wide = bus.block.word_data.val();
    for part in 0..12 {
        assert_eq!(wide.get_bits::<32>(32 * part).to_u32(), 0x0101_0101 * (part as u32 + 1));
    }
    assert_eq!(wide.get_bits::<6>(384).to_u8(), 0x0d);
    registers.write_program_slot(1).unwrap();
    registers.write_program_passes(32).unwrap();
    registers.write_program_gap(70).unwrap();
    registers.write_program_commit(0).unwrap();
    registers.write_program_passes(1 << 8 | 5).unwrap();
    registers.write_program_commit(0).unwrap();
    registers.write_map_slot(1).unwrap();
    registers.write_map_unit(2).unwrap();
    registers.write_map_id(3).unwrap();
    registers.write_map_base(0x1_2345).unwrap();
    registers.write_map_limit(0x1f_ffff).unwrap();
    registers.write_map_commit(0).unwrap();
    registers.bus().clock();
    registers.bus().clock();
    assert_eq!(
        registers.bus().strobes,
        [
            ("word", [1, 31, 15, 0x0202_0202_0101_0101]),
            ("program", [1, 32, 70, 0]),
            ("program", [1, 5, 70, 1]),
            ("map", [0x1_02_03, 0x1_2345, 0x1f_ffff, 0]),
        ]
    );
}

#[test]
fn tables_are_read_and_written() {
    let mut registers = Harness::new();
    registers.write_table_unit(2).unwrap();
    registers.write_table_address(0x1fff).unwrap();
    registers.write_table_data_low(0x89ab_cdef).unwrap();
    registers.write_table_data_high(0x0123_4567).unwrap();
    registers.write_table_command(1).unwrap();
    assert_eq!(registers.read_table_status(), Ok(1));
    // A second command is ignored while the first is under way.
    registers.write_table_command(0).unwrap();
    let bus = registers.bus();
    bus.settle();
    assert!(bus.block.table_request.val() && bus.block.table_write.val());
    assert_eq!(bus.block.table_unit.val(), 2);
    assert_eq!(bus.block.table_address.val(), 0x1fff);
    assert_eq!(bus.block.table_wdata.val().to_u64(), 0x0123_4567_89ab_cdef);
    bus.block.table_ready.next = true;
    bus.clock();
    bus.block.table_ready.next = false;
    assert_eq!(registers.read_table_status(), Ok(0));
    assert_eq!(registers.read_table_address(), Ok(0x2000));
    registers.write_table_command(0).unwrap();
    let bus = registers.bus();
    bus.block.table_ready.next = true;
    bus.clock();
    bus.block.table_ready.next = false;
    assert!(!bus.block.table_request.val());
    assert_eq!(registers.read_table_status(), Ok(1));
    let bus = registers.bus();
    bus.block.table_rdata.next = 0xfedc_ba98_7654_3210_u64.to_bits();
    bus.block.table_rvalid.next = true;
    bus.clock();
    bus.block.table_rvalid.next = false;
    assert_eq!(registers.read_table_status(), Ok(0));
    assert_eq!(registers.read_table_data_low(), Ok(0x7654_3210));
    assert_eq!(registers.read_table_data_high(), Ok(0xfedc_ba98));
}

/// Lets the units take whatever is asked of them for so many clocks; how often each was asked.
fn taken(registers: &mut Registers<Harness>, clocks: u32) -> (Vec<u64>, Vec<KeyRequest>) {
    let (mut words, mut keys) = (Vec::new(), Vec::new());
    let bus = registers.bus();
    bus.block.table_ready.next = true;
    bus.block.key_ready.next = true;
    for _ in 0..clocks {
        bus.settle();
        if bus.block.table_request.val() {
            assert!(bus.block.table_write.val() && bus.block.table_wdata.val() == 0);
            words.push(bus.block.table_address.val().into());
        }
        if bus.block.key_request.val() {
            keys.push(bus.block.key_operation.val());
        }
        bus.clock();
    }
    bus.block.table_ready.next = false;
    bus.block.key_ready.next = false;
    (words, keys)
}

#[test]
fn ranges_are_cleared_a_word_a_clock() {
    let mut registers = Harness::new();
    registers.write_table_address(0x100).unwrap();
    registers.write_table_data_low(77).unwrap();
    registers.write_table_count(5).unwrap();
    registers.write_table_command(2).unwrap();
    registers.write_key_bucket(0x30).unwrap();
    registers.write_key_count(3).unwrap();
    registers.write_key_command(10).unwrap();
    assert_eq!((registers.read_table_status(), registers.read_key_status()), (Ok(1), Ok(1)));
    let (words, keys) = taken(&mut registers, 8);
    assert_eq!(words, [0x100, 0x101, 0x102, 0x103, 0x104]);
    let buckets: Vec<u64> = keys.iter().map(|k| k.bucket.into()).collect();
    assert_eq!(buckets, [0x30, 0x31, 0x32]);
    assert_eq!((registers.read_table_status(), registers.read_key_status()), (Ok(0), Ok(0)));
    assert_eq!((registers.read_table_count(), registers.read_key_count()), (Ok(0), Ok(0)));
    // Without a count it is one.
    registers.write_table_command(2).unwrap();
    assert_eq!(taken(&mut registers, 8).0, [0x105]);
}

#[test]
fn keys_are_asked_for_and_answered() {
    let mut registers = Harness::new();
    registers.write_key_unit(1).unwrap();
    registers.write_key_slot(2).unwrap();
    registers.write_key_id(3).unwrap();
    registers.write_key_base(0x1234).unwrap();
    registers.write_key_size(13).unwrap();
    registers.write_key_limit(0x9_8765).unwrap();
    registers.write_key_cell(11).unwrap();
    registers.write_key_data_0(0x0123_4567).unwrap();
    registers.write_key_data_3(0x89ab_cdef).unwrap();
    registers.write_key_command(7).unwrap();
    assert_eq!(registers.bus().block.key_unit.val(), 1);
    let (_, keys) = taken(&mut registers, 3);
    let [key] = keys[..] else { panic!("{} requests", keys.len()) };
    assert_eq!((key.op.to_u8(), key.slot.to_u8(), key.id.to_u8()), (7, 2, 3));
    assert_eq!((key.base.to_u32(), key.size.to_u32(), key.limit.to_u32()), (0x1234, 13, 0x9_8765));
    assert_eq!(key.cell.to_u32(), 11);
    assert_eq!(key.key.get_bits::<32>(0).to_u32(), 0x0123_4567);
    assert_eq!(key.key.get_bits::<32>(96).to_u32(), 0x89ab_cdef);
    assert_eq!(registers.read_key_status(), Ok(1));
    // What an insert gives is a place, what a read gives is a key.
    let mut answer = KeyAnswer { found: true, place: 0x5432.into(), ..KeyAnswer::default() };
    answer.key.set_bits::<32>(64, 0x7777_u64.to_bits());
    let answered = |registers: &mut Registers<Harness>| {
        let bus = registers.bus();
        bus.block.key_answered.next = true;
        bus.block.key_answer.next = answer;
        bus.clock();
        bus.block.key_answered.next = false;
    };
    answered(&mut registers);
    assert_eq!((registers.read_key_status(), registers.read_key_place()), (Ok(2), Ok(0x5432)));
    assert_eq!(registers.read_key_data_2(), Ok(0));
    registers.write_key_command(9).unwrap();
    taken(&mut registers, 3);
    answered(&mut registers);
    assert_eq!((registers.read_key_data_2(), registers.read_key_data_0()), (Ok(0x7777), Ok(0)));
}

/// Answers each read six clocks after it was taken, as key units do: which buckets hold a key is given.
fn scan(registers: &mut Registers<Harness>, held: &[u64]) -> Vec<u64> {
    let (mut read, mut under_way) = (Vec::new(), std::collections::VecDeque::from([None; 6]));
    let bus = registers.bus();
    for clock in 0..60 {
        // Packets use the unit in some clocks.
        bus.block.key_ready.next = clock % 5 != 2;
        bus.settle();
        let request = bus.block.key_operation.val();
        let taken = bus.block.key_request.val() && bus.block.key_ready.val();
        assert!(!taken || request.op == 9, "only single reads go to the unit");
        // A read overwrites what the last but one is answered with.
        assert!(
            !taken || under_way.iter().rev().take(2).all(Option::is_none),
            "reads are three clocks apart"
        );
        under_way.push_back(taken.then(|| u64::from(request.bucket)));
        read.extend(taken.then(|| u64::from(request.bucket)));
        let answered = under_way.pop_front().flatten();
        bus.block.key_answered.next = answered.is_some();
        let bucket = answered.unwrap_or_default();
        let mut answer = KeyAnswer { found: held.contains(&bucket), ..KeyAnswer::default() };
        answer.key.set_bits::<32>(0, (bucket + 7).to_bits());
        bus.block.key_answer.next = answer;
        bus.clock();
    }
    bus.block.key_answered.next = false;
    bus.block.key_ready.next = false;
    read
}

#[test]
fn scans_stop_at_each_key() {
    let mut registers = Harness::new();
    registers.write_key_bucket(0x40).unwrap();
    registers.write_key_count(12).unwrap();
    let held = [0x42, 0x43, 0x4b];
    let mut found = Vec::new();
    loop {
        registers.write_key_command(13).unwrap();
        assert_eq!(registers.read_key_status(), Ok(1));
        let read = scan(&mut registers, &held);
        assert!(read.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{read:x?}");
        if registers.read_key_status() != Ok(2) {
            break;
        }
        found.push(u64::from(registers.read_key_data_0().unwrap()) - 7);
        let (bucket, left) = (registers.read_key_bucket().unwrap(), registers.read_key_count().unwrap());
        assert_eq!((bucket, left), (*found.last().unwrap() as u32 + 1, 0x4c - bucket));
        if left == 0 {
            break;
        }
    }
    assert_eq!(found, held);
    // Where there is none, the scan goes to the end.
    registers.write_key_bucket(0x50).unwrap();
    registers.write_key_count(5).unwrap();
    registers.write_key_command(13).unwrap();
    assert_eq!(scan(&mut registers, &[]), [0x50, 0x51, 0x52, 0x53, 0x54]);
    assert_eq!((registers.read_key_status(), registers.read_key_count()), (Ok(0), Ok(0)));
    // What follows is a single operation again.
    registers.write_key_command(9).unwrap();
    assert_eq!(scan(&mut registers, &[0x55]), [0x55]);
    assert_eq!((registers.read_key_status(), registers.read_key_bucket()), (Ok(2), Ok(0x55)));
}

#[test]
fn deep_loads_are_counted() {
    let mut registers = Harness::new();
    for loads in [2, 0, 1, 15, 2] {
        registers.bus().block.deep_loads.next = loads.into();
        registers.bus().clock();
    }
    registers.bus().block.deep_loads.next = 0.into();
    assert_eq!((registers.read_counter_deep_loads(0), registers.read_counter_deep_loads(1)), (Ok(20), Ok(0)));
}

#[test]
fn frames_and_verdicts_are_counted() {
    let mut registers = Harness::new();
    let bus = registers.bus();
    while !bus.block.ready.val() {
        bus.clock();
    }
    for class in [0, 0, 1, 2, 2, 2, 0] {
        bus.block.frame_count.next = true;
        bus.block.frame_class.next = class.into();
        bus.clock();
    }
    bus.block.frame_count.next = false;
    for (slot, verdict, aborted, times) in [
        (0, 0, false, 1),
        (0, 1, false, 2),
        (1, 2, false, 3),
        (7, 3, false, 4),
        (1, 4, false, 5),
        (1, 5, false, 6),
        (1, 0x8000_0001, false, 1),
        (0, 0, true, 7),
    ] {
        bus.block.report_valid.next = true;
        bus.block.report_slot.next = slot.into();
        bus.block.report_verdict.next = verdict.into();
        bus.block.report_aborted.next = aborted;
        for _ in 0..times {
            bus.clock();
        }
    }
    bus.block.report_valid.next = false;
    assert_eq!(registers.read_counter_received(0), Ok(3));
    assert_eq!(registers.read_counter_received(1), Ok(0));
    assert_eq!(registers.read_counter_dropped_short(0), Ok(1));
    assert_eq!(registers.read_counter_dropped_long(0), Ok(3));
    assert_eq!(registers.read_counter_aborted(0, 0), Ok(1));
    assert_eq!(registers.read_counter_dropped(0, 0), Ok(2));
    assert_eq!(registers.read_counter_passed(1, 0), Ok(3));
    assert_eq!(registers.read_counter_passed(0, 0), Ok(0));
    assert_eq!(registers.read_counter_transmitted(7, 0), Ok(4));
    assert_eq!(registers.read_counter_redirected(1, 0), Ok(5));
    assert_eq!(registers.read_counter_unknown_verdict(1, 0), Ok(7));
    assert_eq!(registers.read_counter_bounds_aborted(0, 0), Ok(7));
    // Reset clears them.
    let bus = registers.bus();
    bus.block.reset.next = true;
    bus.clock();
    bus.block.reset.next = false;
    bus.clock();
    assert!(!bus.block.ready.val());
    while !bus.block.ready.val() {
        bus.clock();
    }
    assert_eq!(registers.read_counter_bounds_aborted(0, 0), Ok(0));
    assert_eq!(registers.read_counter_received(0), Ok(0));
}
