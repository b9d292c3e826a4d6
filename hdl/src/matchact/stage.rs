// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One stage: two clocks in which the units do what the stage word says.
//!
//! In the first clock the units fetch operands, guards are decided and the load reads. In the second the ALUs, then
//! the compares work, the store is merged and everything is written back. Units that a target does not have are not
//! there. The word is an input: what holds it, a memory or a constant, stands outside.

use super::alu::Alu;
use super::compare::Compare;
use super::lsu::Lsu;
use super::multiplier::Multiplier;
use super::table::{MapDescriptor, TablePort, TableUnit, TableWrite};
use super::tag::Tag;
use super::words::StageWord;
use super::write_back::WriteBack;
use rust_hdl::prelude::*;
use weir_pipeline::{LateUnit, Target};

/// A stage of `R` registers.
#[derive(LogicBlock)]
pub struct Stage<const R: usize, const RB: usize, const MB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Who is here; first clock, as are all inputs but `late`.
    pub tag: Signal<In, Tag>,
    /// What to do.
    pub word: Signal<In, StageWord>,
    /// Registers.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates.
    pub predicates: Signal<In, Bits<16>>,
    /// Headroom, window and stack.
    pub memory: Signal<In, Bits<MB>>,
    /// A bound was broken before.
    pub aborted: Signal<In, Bit>,
    /// Result of the late unit of the stage before; second clock.
    pub late: Signal<In, Bits<64>>,
    /// Whether it is written to a register; first clock.
    pub late_write: Signal<In, Bit>,
    /// To which; first clock.
    pub late_dst: Signal<In, Bits<4>>,

    /// Registers behind the stage.
    pub registers_out: Signal<Out, Bits<RB>>,
    /// Predicates behind the stage.
    pub predicates_out: Signal<Out, Bits<16>>,
    /// Headroom, window and stack behind the stage.
    pub memory_out: Signal<Out, Bits<MB>>,
    /// A bound was broken up to here.
    pub aborted_out: Signal<Out, Bit>,
    /// Result of the late unit; second clock of the next stage.
    pub late_out: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock of the next stage.
    pub late_write_out: Signal<Out, Bit>,
    /// To which; first clock of the next stage.
    pub late_dst_out: Signal<Out, Bits<4>>,

    /// Ports of the table unit or the lookup port, see [`TableUnit`].
    pub map_write: Signal<In, Bit>,
    /// See [`TableUnit`].
    pub map: Signal<In, MapDescriptor>,
    /// See [`TableUnit`], nothing without one.
    pub written: Signal<Out, TableWrite>,
    /// See [`TablePort`].
    pub copied: Signal<In, TableWrite>,
    /// See [`TableUnit`].
    pub host_request: Signal<In, Bit>,
    /// See [`TableUnit`].
    pub host_write: Signal<In, Bit>,
    /// See [`TableUnit`].
    pub host_address: Signal<In, Bits<17>>,
    /// See [`TableUnit`].
    pub host_wdata: Signal<In, Bits<64>>,
    /// See [`TableUnit`].
    pub host_ready: Signal<Out, Bit>,
    /// See [`TableUnit`].
    pub host_rvalid: Signal<Out, Bit>,
    /// See [`TableUnit`].
    pub host_rdata: Signal<Out, Bits<64>>,

    lsu: Lsu<RB, MB>,
    alu0: Alu<RB>,
    alu1: Vec<Alu<RB>>,
    cmp0: Compare<RB>,
    cmp1: Vec<Compare<RB>>,
    table: Vec<TableUnit<RB>>,
    port: Vec<TablePort<RB>>,
    nothing_written: Constant<TableWrite>,
    multiplier: Vec<Multiplier<RB>>,
    write_back: WriteBack<R, RB>,
    held_registers: DFF<Bits<RB>>,
    held_predicates: DFF<Bits<16>>,
    held_aborted: DFF<Bit>,
    next_registers: DFF<Bits<RB>>,
    next_predicates: DFF<Bits<16>>,
    next_aborted: DFF<Bit>,
    alu1_result: Signal<Local, Bits<64>>,
    broken: Signal<Local, Bit>,
    predicates0: Signal<Local, Bits<16>>,
    predicates1: Signal<Local, Bits<16>>,
}

impl<const R: usize, const RB: usize, const MB: usize> Stage<R, RB, MB> {
    /// Stage `index` of `target`.
    pub fn new(target: &Target, index: u32) -> Self {
        let second = |units: u32| 1..units;
        let late = target.late_unit(index);
        Self {
            clock: Default::default(),
            tag: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            memory: Default::default(),
            aborted: Default::default(),
            late: Default::default(),
            late_write: Default::default(),
            late_dst: Default::default(),
            registers_out: Default::default(),
            predicates_out: Default::default(),
            memory_out: Default::default(),
            aborted_out: Default::default(),
            late_out: Default::default(),
            late_write_out: Default::default(),
            late_dst_out: Default::default(),
            map_write: Default::default(),
            map: Default::default(),
            written: Default::default(),
            copied: Default::default(),
            host_request: Default::default(),
            host_write: Default::default(),
            host_address: Default::default(),
            host_wdata: Default::default(),
            host_ready: Default::default(),
            host_rvalid: Default::default(),
            host_rdata: Default::default(),
            lsu: Lsu::new(target, target.can_store(index)),
            alu0: Alu::new(target.alu_shifts(0)),
            alu1: second(target.units.alus).map(|_| Alu::new(true)).collect(),
            cmp0: Compare::new(false),
            cmp1: second(target.units.compares).map(|_| Compare::new(true)).collect(),
            table: match late {
                LateUnit::Table(_) => vec![TableUnit::new(target)],
                _ => Vec::new(),
            },
            port: match late {
                LateUnit::Port(_) => vec![TablePort::new(target)],
                _ => Vec::new(),
            },
            nothing_written: Constant::new(TableWrite::default()),
            multiplier: match late {
                LateUnit::Multiplier => vec![Multiplier::default()],
                _ => Vec::new(),
            },
            write_back: WriteBack::new(target.late_arrives(index).is_some()),
            held_registers: Default::default(),
            held_predicates: Default::default(),
            held_aborted: Default::default(),
            next_registers: Default::default(),
            next_predicates: Default::default(),
            next_aborted: Default::default(),
            alu1_result: Default::default(),
            broken: Default::default(),
            predicates0: Default::default(),
            predicates1: Default::default(),
        }
    }
}

impl<const R: usize, const RB: usize, const MB: usize> Logic for Stage<R, RB, MB> {
    #[hdl_gen]
    fn update(&mut self) {
        // What only has to wait for the second clock.
        self.held_registers.clock.next = self.clock.val();
        self.held_predicates.clock.next = self.clock.val();
        self.held_aborted.clock.next = self.clock.val();
        self.held_registers.d.next = self.registers.val();
        self.held_predicates.d.next = self.predicates.val();
        self.held_aborted.d.next = self.aborted.val();

        // Load/store unit.
        self.lsu.clock.next = self.clock.val();
        self.lsu.active.next = self.tag.val().active;
        self.lsu.packet_end.next = self.tag.val().packet_end;
        self.lsu.word.next = self.word.val().lsu;
        self.lsu.registers.next = self.registers.val();
        self.lsu.predicates.next = self.predicates.val();
        self.lsu.memory.next = self.memory.val();
        self.memory_out.next = self.lsu.memory_out.val();

        // ALUs.
        self.alu0.clock.next = self.clock.val();
        self.alu0.active.next = self.tag.val().active;
        self.alu0.word.next = self.word.val().alu0;
        self.alu0.registers.next = self.registers.val();
        self.alu0.predicates.next = self.predicates.val();
        self.alu0.load.next = self.lsu.load.val();
        self.alu1_result.next = bits::<64>(0);
        self.write_back.alu1_write.next = false;
        self.write_back.alu1_dst.next = bits::<4>(0);
        for i in 0..self.alu1.len() {
            self.alu1[i].clock.next = self.clock.val();
            self.alu1[i].active.next = self.tag.val().active;
            self.alu1[i].word.next = self.word.val().alu1;
            self.alu1[i].registers.next = self.registers.val();
            self.alu1[i].predicates.next = self.predicates.val();
            self.alu1[i].load.next = self.lsu.load.val();
            self.alu1_result.next = self.alu1[i].result.val();
            self.write_back.alu1_write.next = self.alu1[i].write.val();
            self.write_back.alu1_dst.next = self.alu1[i].dst.val();
        }

        // Compares; predicate 0 stays false.
        self.cmp0.clock.next = self.clock.val();
        self.cmp0.word.next = self.word.val().cmp0;
        self.cmp0.registers.next = self.registers.val();
        self.cmp0.predicates.next = self.predicates.val();
        self.cmp0.load.next = self.lsu.load.val();
        self.cmp0.alu0.next = self.alu0.result.val();
        self.cmp0.alu1.next = self.alu1_result.val();
        self.predicates0.next =
            (self.held_predicates.q.val() & (!self.cmp0.written.val())) | self.cmp0.values.val();
        self.predicates1.next = self.predicates0.val();
        for i in 0..self.cmp1.len() {
            self.cmp1[i].clock.next = self.clock.val();
            self.cmp1[i].word.next = self.word.val().cmp1;
            self.cmp1[i].registers.next = self.registers.val();
            self.cmp1[i].predicates.next = self.predicates.val();
            self.cmp1[i].load.next = self.lsu.load.val();
            self.cmp1[i].alu0.next = self.alu0.result.val();
            self.cmp1[i].alu1.next = self.alu1_result.val();
            self.predicates1.next =
                (self.predicates0.val() & (!self.cmp1[i].written.val())) | self.cmp1[i].values.val();
        }
        self.next_predicates.clock.next = self.clock.val();
        self.next_predicates.d.next = self.predicates1.val() & 0xfffe;
        self.predicates_out.next = self.next_predicates.q.val();

        // Late unit.
        self.broken.next = self.held_aborted.q.val() || self.lsu.abort.val();
        self.late_out.next = bits::<64>(0);
        self.late_write_out.next = false;
        self.late_dst_out.next = bits::<4>(0);
        self.host_ready.next = false;
        self.host_rvalid.next = false;
        self.host_rdata.next = bits::<64>(0);
        self.written.next = self.nothing_written.val();
        for i in 0..self.multiplier.len() {
            self.multiplier[i].clock.next = self.clock.val();
            self.multiplier[i].active.next = self.tag.val().active;
            self.multiplier[i].word.next = self.word.val().late;
            self.multiplier[i].registers.next = self.registers.val();
            self.multiplier[i].predicates.next = self.predicates.val();
            self.late_out.next = self.multiplier[i].result.val();
            self.late_write_out.next = self.multiplier[i].write.val();
            self.late_dst_out.next = self.multiplier[i].dst.val();
        }
        for i in 0..self.table.len() {
            self.table[i].clock.next = self.clock.val();
            self.table[i].active.next = self.tag.val().active;
            self.table[i].slot.next = self.tag.val().slot;
            self.table[i].word.next = self.word.val().late;
            self.table[i].registers.next = self.registers.val();
            self.table[i].predicates.next = self.predicates.val();
            self.table[i].map_write.next = self.map_write.val();
            self.table[i].map.next = self.map.val();
            self.table[i].host_request.next = self.host_request.val();
            self.table[i].host_write.next = self.host_write.val();
            self.table[i].host_address.next = self.host_address.val();
            self.table[i].host_wdata.next = self.host_wdata.val();
            self.broken.next = self.held_aborted.q.val() || self.lsu.abort.val() || self.table[i].abort.val();
            self.late_out.next = self.table[i].result.val();
            self.late_write_out.next = self.table[i].write.val();
            self.late_dst_out.next = self.table[i].dst.val();
            self.host_ready.next = self.table[i].host_ready.val();
            self.host_rvalid.next = self.table[i].host_rvalid.val();
            self.host_rdata.next = self.table[i].host_rdata.val();
            self.written.next = self.table[i].written.val();
        }
        for i in 0..self.port.len() {
            self.port[i].clock.next = self.clock.val();
            self.port[i].active.next = self.tag.val().active;
            self.port[i].slot.next = self.tag.val().slot;
            self.port[i].word.next = self.word.val().late;
            self.port[i].registers.next = self.registers.val();
            self.port[i].predicates.next = self.predicates.val();
            self.port[i].map_write.next = self.map_write.val();
            self.port[i].map.next = self.map.val();
            self.port[i].written.next = self.copied.val();
            self.broken.next = self.held_aborted.q.val() || self.lsu.abort.val() || self.port[i].abort.val();
            self.late_out.next = self.port[i].result.val();
            self.late_write_out.next = self.port[i].write.val();
            self.late_dst_out.next = self.port[i].dst.val();
        }
        self.next_aborted.clock.next = self.clock.val();
        self.next_aborted.d.next = self.broken.val();
        self.aborted_out.next = self.next_aborted.q.val();

        // Write-back.
        self.write_back.clock.next = self.clock.val();
        self.write_back.registers.next = self.held_registers.q.val();
        self.write_back.alu0_write.next = self.alu0.write.val();
        self.write_back.alu0_dst.next = self.alu0.dst.val();
        self.write_back.alu0.next = self.alu0.result.val();
        self.write_back.alu1.next = self.alu1_result.val();
        self.write_back.load_write.next = self.lsu.write.val();
        self.write_back.load_dst.next = self.lsu.dst.val();
        self.write_back.load.next = self.lsu.load.val();
        self.write_back.late_write.next = self.late_write.val();
        self.write_back.late_dst.next = self.late_dst.val();
        self.write_back.late.next = self.late.val();
        self.next_registers.clock.next = self.clock.val();
        self.next_registers.d.next = self.write_back.o.val();
        self.registers_out.next = self.next_registers.q.val();
    }
}
