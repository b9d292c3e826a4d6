// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The ring: entry, stages with their words, padding, and the way round or out.

use rust_hdl::prelude::*;
use weir_pipeline::Target;
use weir_pipeline::words::layout::STAGE_WORD_BITS;

/// Bits of an encoded stage word.
pub const WORD_BITS: usize = STAGE_WORD_BITS as usize;

/// The ring of a target.
///
/// `R` registers, `RB` bits of registers (`64 * R`), `WB` bits of the window, `MB` bits of headroom, window and stack.
#[derive(LogicBlock)]
pub struct Ring<const R: usize, const RB: usize, const WB: usize, const MB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset: empties the ring and forgets the programs.
    pub reset: Signal<In, Bit>,

    /// A packet wants to enter.
    pub enter_valid: Signal<In, Bit>,
    /// It enters if it wants to: the place is free and the gap of its slot has elapsed. Depends on `enter_slot`.
    pub enter_ready: Signal<Out, Bit>,
    /// Its first bytes, byte 0 lowest, zero beyond its end.
    pub enter_window: Signal<In, Bits<WB>>,
    /// Program slot.
    pub enter_slot: Signal<In, Bits<3>>,
    /// Packet buffer, carried along.
    pub enter_buffer: Signal<In, Bits<10>>,
    /// Length in bytes.
    pub enter_length: Signal<In, Bits<14>>,
    /// `xdp_md.ingress_ifindex`
    pub enter_ifindex: Signal<In, Bits<32>>,
    /// `xdp_md.rx_queue_index`
    pub enter_queue: Signal<In, Bits<16>>,

    /// A packet leaves.
    pub exit_valid: Signal<Out, Bit>,
    /// Its first bytes after the program.
    pub exit_window: Signal<Out, Bits<WB>>,
    /// Program slot.
    pub exit_slot: Signal<Out, Bits<3>>,
    /// Packet buffer.
    pub exit_buffer: Signal<Out, Bits<10>>,
    /// Length in bytes.
    pub exit_length: Signal<Out, Bits<14>>,
    /// Low half of register 0, 0 if aborted, 2 if no program was there.
    pub exit_verdict: Signal<Out, Bits<32>>,
    /// The program broke a bound.
    pub exit_aborted: Signal<Out, Bit>,

    /// Writes a stage word.
    pub word_write: Signal<In, Bit>,
    /// Its program slot.
    pub word_slot: Signal<In, Bits<3>>,
    /// Its pass.
    pub word_pass: Signal<In, Bits<6>>,
    /// Its stage.
    pub word_stage: Signal<In, Bits<8>>,
    /// The word, as `weir_pipeline::StageWord::encode` lays it out.
    pub word_data: Signal<In, Bits<WORD_BITS>>,

    /// Sets passes and gap of a slot.
    pub program_write: Signal<In, Bit>,
    /// Which.
    pub program_slot: Signal<In, Bits<3>>,
    /// Passes; 0 for no program.
    pub program_passes: Signal<In, Bits<7>>,
    /// Clocks from one admission to the next, at least 1.
    pub program_gap: Signal<In, Bits<16>>,

    /// Sets base and limit of a map.
    pub map_write: Signal<In, Bit>,
    /// Its program slot.
    pub map_slot: Signal<In, Bits<3>>,
    /// Its table unit.
    pub map_unit: Signal<In, Bits<6>>,
    /// Its id within slot and unit.
    pub map_id: Signal<In, Bits<3>>,
    /// First word in the unit.
    pub map_base: Signal<In, Bits<17>>,
    /// Bytes.
    pub map_limit: Signal<In, Bits<21>>,

    /// Wants to access a table; held until `table_ready`.
    pub table_request: Signal<In, Bit>,
    /// Write, not read.
    pub table_write: Signal<In, Bit>,
    /// Table unit.
    pub table_unit: Signal<In, Bits<6>>,
    /// Word in the unit.
    pub table_address: Signal<In, Bits<17>>,
    /// What is written.
    pub table_wdata: Signal<In, Bits<64>>,
    /// The request is taken in this clock.
    pub table_ready: Signal<Out, Bit>,
    /// What a read has found, some clocks after it was taken.
    pub table_rvalid: Signal<Out, Bit>,
    /// The word.
    pub table_rdata: Signal<Out, Bits<64>>,
}

impl<const R: usize, const RB: usize, const WB: usize, const MB: usize> Ring<R, RB, WB, MB> {
    /// The ring of `target`, whose sizes the parameters must match.
    pub fn new(target: &Target) -> Self {
        assert_eq!(
            (R, RB, WB, MB),
            (
                target.registers as usize,
                target.registers as usize * 64,
                target.window_bytes as usize * 8,
                target.context_bytes() as usize * 8
            ),
            "the parameters of the ring are not those of target {}",
            target.name
        );
        Self {
            clock: Default::default(),
            reset: Default::default(),
            enter_valid: Default::default(),
            enter_ready: Default::default(),
            enter_window: Default::default(),
            enter_slot: Default::default(),
            enter_buffer: Default::default(),
            enter_length: Default::default(),
            enter_ifindex: Default::default(),
            enter_queue: Default::default(),
            exit_valid: Default::default(),
            exit_window: Default::default(),
            exit_slot: Default::default(),
            exit_buffer: Default::default(),
            exit_length: Default::default(),
            exit_verdict: Default::default(),
            exit_aborted: Default::default(),
            word_write: Default::default(),
            word_slot: Default::default(),
            word_pass: Default::default(),
            word_stage: Default::default(),
            word_data: Default::default(),
            program_write: Default::default(),
            program_slot: Default::default(),
            program_passes: Default::default(),
            program_gap: Default::default(),
            map_write: Default::default(),
            map_slot: Default::default(),
            map_unit: Default::default(),
            map_id: Default::default(),
            map_base: Default::default(),
            map_limit: Default::default(),
            table_request: Default::default(),
            table_write: Default::default(),
            table_unit: Default::default(),
            table_address: Default::default(),
            table_wdata: Default::default(),
            table_ready: Default::default(),
            table_rvalid: Default::default(),
            table_rdata: Default::default(),
        }
    }
}

impl<const R: usize, const RB: usize, const WB: usize, const MB: usize> Logic for Ring<R, RB, WB, MB> {
    fn update(&mut self) {}
}
