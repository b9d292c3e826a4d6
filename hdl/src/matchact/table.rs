// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Table unit: a memory of 8-byte words that packets read, write and add to, one a clock.
//!
//! Its four clocks are those of its own stage and of the next one; `hdl/docs/table.md` shows them. Operations are
//! those of [`weir_pipeline::words::LateOp`]; the numbers below are its codes.

use super::operand::{OperandFetch, SourceFetch};
use super::words::LateWord;
use crate::primitives::{AsyncRam, RamStyle, SyncRam};
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// What the memory is asked for, as it is known behind the first clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct Request {
    op: Bits<4>,
    offset: Bits<20>,
    size: Bits<2>,
    dst: Bits<4>,
}

/// One access on its way through the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, LogicStruct)]
struct Access {
    word: Bits<17>,
    lane: Bits<3>,
    size: Bits<2>,
    dst: Bits<4>,
    read: Bit,
    add: Bit,
    write: Bit,
    host_read: Bit,
}

/// A table unit.
#[derive(LogicBlock)]
pub struct TableUnit<const RB: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Whether a program runs here; first clock.
    pub active: Signal<In, Bit>,
    /// Program slot of the packet; first clock.
    pub slot: Signal<In, Bits<3>>,
    /// What to do; first clock.
    pub word: Signal<In, LateWord>,
    /// Registers on entry; first clock.
    pub registers: Signal<In, Bits<RB>>,
    /// Predicates on entry; first clock.
    pub predicates: Signal<In, Bits<16>>,
    /// A guarded access beyond the map; second clock.
    pub abort: Signal<Out, Bit>,
    /// What a read has found; second clock of the next stage.
    pub result: Signal<Out, Bits<64>>,
    /// Whether it is written to a register; first clock of the next stage.
    pub write: Signal<Out, Bit>,
    /// To which; first clock of the next stage.
    pub dst: Signal<Out, Bits<4>>,

    /// Sets base and limit of a map.
    pub map_write: Signal<In, Bit>,
    /// Its program slot.
    pub map_slot: Signal<In, Bits<3>>,
    /// Its id.
    pub map_id: Signal<In, Bits<3>>,
    /// First word.
    pub map_base: Signal<In, Bits<17>>,
    /// Bytes.
    pub map_limit: Signal<In, Bits<21>>,

    /// The host wants to access a word; held until `host_ready`.
    pub host_request: Signal<In, Bit>,
    /// Write, not read.
    pub host_write: Signal<In, Bit>,
    /// Word.
    pub host_address: Signal<In, Bits<17>>,
    /// What is written.
    pub host_wdata: Signal<In, Bits<64>>,
    /// The request is taken in this clock.
    pub host_ready: Signal<Out, Bit>,
    /// What a read has found is there.
    pub host_rvalid: Signal<Out, Bit>,
    /// What a read has found.
    pub host_rdata: Signal<Out, Bits<64>>,

    fetch_a: SourceFetch<RB>,
    fetch_b: OperandFetch<RB>,
    maps: AsyncRam<6, 38>,
    request: DFF<Request>,
    permitted: DFF<Bit>,
    base: DFF<Bits<17>>,
    limit: DFF<Bits<21>>,
    access: DFF<Access>,
    operand: DFF<Bits<64>>,
    mask: DFF<Bits<64>>,
    memory: SyncRam<17, 64>,
    last_written: DFF<Bit>,
    last_word: DFF<Bits<17>>,
    last_value: DFF<Bits<64>>,
    found: DFF<Bits<64>>,
    found_access: DFF<Access>,

    map: Signal<Local, Bits<38>>,
    start: Signal<Local, Bits<21>>,
    at: Signal<Local, Bits<21>>,
    in_bounds: Signal<Local, Bit>,
    lane: Signal<Local, Bits<3>>,
    row: Signal<Local, Bits<18>>,
    row_low: Signal<Local, Bits<17>>,
    turn: Signal<Local, Bits<6>>,
    size_mask: Signal<Local, Bits<64>>,
    old: Signal<Local, Bits<64>>,
    changed: Signal<Local, Bits<64>>,
    merged: Signal<Local, Bits<64>>,
    changes: Signal<Local, Bit>,
    back: Signal<Local, Bits<6>>,
    low: Signal<Local, Bits<64>>,
    low8: Signal<Local, Bits<8>>,
    low16: Signal<Local, Bits<16>>,
    low32: Signal<Local, Bits<32>>,
}

impl<const RB: usize> TableUnit<RB> {
    /// A table unit of `target`.
    pub fn new(target: &Target) -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            slot: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            abort: Default::default(),
            result: Default::default(),
            write: Default::default(),
            dst: Default::default(),
            map_write: Default::default(),
            map_slot: Default::default(),
            map_id: Default::default(),
            map_base: Default::default(),
            map_limit: Default::default(),
            host_request: Default::default(),
            host_write: Default::default(),
            host_address: Default::default(),
            host_wdata: Default::default(),
            host_ready: Default::default(),
            host_rvalid: Default::default(),
            host_rdata: Default::default(),
            fetch_a: Default::default(),
            fetch_b: Default::default(),
            maps: AsyncRam::new(8 * target.program_slots as usize),
            request: Default::default(),
            permitted: Default::default(),
            base: Default::default(),
            limit: Default::default(),
            access: Default::default(),
            operand: Default::default(),
            mask: Default::default(),
            memory: SyncRam::new(target.units.tables.words as usize, RamStyle::Block),
            last_written: Default::default(),
            last_word: Default::default(),
            last_value: Default::default(),
            found: Default::default(),
            found_access: Default::default(),
            map: Default::default(),
            start: Default::default(),
            at: Default::default(),
            in_bounds: Default::default(),
            lane: Default::default(),
            row: Default::default(),
            row_low: Default::default(),
            turn: Default::default(),
            size_mask: Default::default(),
            old: Default::default(),
            changed: Default::default(),
            merged: Default::default(),
            changes: Default::default(),
            back: Default::default(),
            low: Default::default(),
            low8: Default::default(),
            low16: Default::default(),
            low32: Default::default(),
        }
    }
}

impl<const RB: usize> Logic for TableUnit<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.maps.clock.next = self.clock.val();
        self.request.clock.next = self.clock.val();
        self.permitted.clock.next = self.clock.val();
        self.base.clock.next = self.clock.val();
        self.limit.clock.next = self.clock.val();
        self.access.clock.next = self.clock.val();
        self.operand.clock.next = self.clock.val();
        self.mask.clock.next = self.clock.val();
        self.memory.clock.next = self.clock.val();
        self.last_written.clock.next = self.clock.val();
        self.last_word.clock.next = self.clock.val();
        self.last_value.clock.next = self.clock.val();
        self.found.clock.next = self.clock.val();
        self.found_access.clock.next = self.clock.val();

        // First clock: operands, guard, base and limit of the map.
        self.fetch_a.clock.next = self.clock.val();
        self.fetch_a.registers.next = self.registers.val();
        self.fetch_a.source.next = self.word.val().a;
        self.fetch_b.clock.next = self.clock.val();
        self.fetch_b.registers.next = self.registers.val();
        self.fetch_b.source.next = self.word.val().b;
        self.fetch_b.b_imm.next = self.word.val().b_imm;
        self.fetch_b.imm.next = self.word.val().imm;
        self.request.d.next.op = self.word.val().op;
        self.request.d.next.offset = self.word.val().offset;
        self.request.d.next.size = self.word.val().size;
        self.request.d.next.dst = self.word.val().dst;
        self.permitted.d.next = self.active.val()
            && (self.word.val().op != 0)
            && (self.word.val().op < 4)
            && (self.predicates.val().get_bit(self.word.val().guard.index()) ^ (self.word.val().negate == 1));
        self.maps.write.next = self.map_write.val();
        self.maps.write_address.next =
            (bit_cast::<6, 3>(self.map_slot.val()) << 3) | bit_cast::<6, 3>(self.map_id.val());
        self.maps.write_data.next =
            (bit_cast::<38, 17>(self.map_base.val()) << 21) | bit_cast::<38, 21>(self.map_limit.val());
        self.maps.read_address.next =
            (bit_cast::<6, 3>(self.slot.val()) << 3) | bit_cast::<6, 3>(self.word.val().map);
        self.map.next = self.maps.read_data.val();
        self.base.d.next = self.map.val().get_bits::<17>(21);
        self.limit.d.next = self.map.val().get_bits::<21>(0);

        // Second clock: address and bounds; the host gets the memory where the packet does not want it.
        self.start.next =
            self.fetch_a.value.val().get_bits::<21>(0) + bit_cast::<21, 20>(self.request.q.val().offset);
        self.at.next = self.start.val();
        self.size_mask.next = !bits::<64>(0);
        if self.request.q.val().size == 0 {
            self.size_mask.next = bits::<64>(0xff);
        } else if self.request.q.val().size == 1 {
            self.at.next = self.start.val() & (!bits::<21>(1));
            self.size_mask.next = bits::<64>(0xffff);
        } else if self.request.q.val().size == 2 {
            self.at.next = self.start.val() & (!bits::<21>(3));
            self.size_mask.next = (!bits::<64>(0)) >> 32;
        } else {
            self.at.next = self.start.val() & (!bits::<21>(7));
        }
        self.in_bounds.next = self.at.val() < self.limit.q.val();
        self.abort.next = self.permitted.q.val() && (!self.in_bounds.val());
        self.lane.next = self.at.val().get_bits::<3>(0);
        self.row.next = self.at.val().get_bits::<18>(3);
        self.row_low.next = self.row.val().get_bits::<17>(0);
        self.turn.next = bit_cast::<6, 3>(self.lane.val()) << 3;
        self.access.d.next.word = self.base.q.val() + self.row_low.val();
        self.memory.read_address.next = self.base.q.val() + self.row_low.val();
        self.access.d.next.lane = self.lane.val();
        self.access.d.next.size = self.request.q.val().size;
        self.access.d.next.dst = self.request.q.val().dst;
        self.access.d.next.read =
            self.permitted.q.val() && self.in_bounds.val() && (self.request.q.val().op == 1);
        self.access.d.next.add =
            self.permitted.q.val() && self.in_bounds.val() && (self.request.q.val().op == 2);
        self.access.d.next.write =
            self.permitted.q.val() && self.in_bounds.val() && (self.request.q.val().op == 3);
        self.access.d.next.host_read = false;
        self.operand.d.next = self.fetch_b.value.val() << bit_cast::<64, 6>(self.turn.val());
        self.mask.d.next = self.size_mask.val() << bit_cast::<64, 6>(self.turn.val());
        self.host_ready.next = self.host_request.val() && (!self.permitted.q.val());
        if !self.permitted.q.val() {
            self.memory.read_address.next = self.host_address.val();
            self.access.d.next.word = self.host_address.val();
            self.access.d.next.write = self.host_request.val() && self.host_write.val();
            self.access.d.next.host_read = self.host_request.val() && (!self.host_write.val());
            self.operand.d.next = self.host_wdata.val();
            self.mask.d.next = !bits::<64>(0);
        }

        // Third clock: the word is here, changed, and on its way back; the one before may have been it.
        self.old.next = self.memory.read_data.val();
        if self.last_written.q.val() && (self.last_word.q.val() == self.access.q.val().word) {
            self.old.next = self.last_value.q.val();
        }
        self.changed.next = self.operand.q.val();
        if self.access.q.val().add {
            self.changed.next = self.old.val() + self.operand.q.val();
        }
        self.merged.next = (self.old.val() & (!self.mask.q.val())) | (self.changed.val() & self.mask.q.val());
        self.changes.next = self.access.q.val().add || self.access.q.val().write;
        self.memory.write.next = self.changes.val();
        self.memory.write_address.next = self.access.q.val().word;
        self.memory.write_data.next = self.merged.val();
        self.last_written.d.next = self.changes.val();
        self.last_word.d.next = self.access.q.val().word;
        self.last_value.d.next = self.merged.val();
        self.write.next = self.access.q.val().read;
        self.dst.next = self.access.q.val().dst;
        self.found.d.next = self.old.val();
        self.found_access.d.next = self.access.q.val();

        // Fourth clock: what was read is taken out of its word.
        self.back.next = bit_cast::<6, 3>(self.found_access.q.val().lane) << 3;
        self.low.next = self.found.q.val() >> bit_cast::<64, 6>(self.back.val());
        self.low8.next = self.low.val().get_bits::<8>(0);
        self.low16.next = self.low.val().get_bits::<16>(0);
        self.low32.next = self.low.val().get_bits::<32>(0);
        self.result.next = self.found.q.val();
        if self.found_access.q.val().size == 0 {
            self.result.next = bit_cast::<64, 8>(self.low8.val());
        } else if self.found_access.q.val().size == 1 {
            self.result.next = bit_cast::<64, 16>(self.low16.val());
        } else if self.found_access.q.val().size == 2 {
            self.result.next = bit_cast::<64, 32>(self.low32.val());
        }
        self.host_rvalid.next = self.found_access.q.val().host_read;
        self.host_rdata.next = self.found.q.val();
    }
}
