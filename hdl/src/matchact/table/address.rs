// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The first two clocks of a table access: who wants what of which map, and whether the map has it.
//!
//! Base and limit of the maps lie here, so each table unit and each lookup port of it has them. The memory is not here.

use super::super::operand::SourceFetch;
use super::super::words::LateWord;
use super::signals::{MapDescriptor, TablePlace};
use crate::primitives::AsyncRam;
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

/// Address and bounds of table accesses.
#[derive(LogicBlock)]
pub struct TableAddress<const RB: usize> {
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
    /// Sets base and limit of a map.
    pub map_write: Signal<In, Bit>,
    /// To what.
    pub map: Signal<In, MapDescriptor>,

    /// There is an access whose guard holds; second clock.
    pub permitted: Signal<Out, Bit>,
    /// It lies within its map; second clock.
    pub in_bounds: Signal<Out, Bit>,
    /// Where; second clock.
    pub place: Signal<Out, TablePlace>,

    fetch: SourceFetch<RB>,
    maps: AsyncRam<6, 38>,
    request: DFF<Request>,
    guarded: DFF<Bit>,
    base: DFF<Bits<17>>,
    limit: DFF<Bits<21>>,
    found: Signal<Local, Bits<38>>,
    start: Signal<Local, Bits<21>>,
    at: Signal<Local, Bits<21>>,
    row: Signal<Local, Bits<18>>,
    row_low: Signal<Local, Bits<17>>,
}

impl<const RB: usize> TableAddress<RB> {
    /// That of a table unit, or lookup port, of `target`.
    pub fn new(target: &Target) -> Self {
        Self {
            clock: Default::default(),
            active: Default::default(),
            slot: Default::default(),
            word: Default::default(),
            registers: Default::default(),
            predicates: Default::default(),
            map_write: Default::default(),
            map: Default::default(),
            permitted: Default::default(),
            in_bounds: Default::default(),
            place: Default::default(),
            fetch: Default::default(),
            maps: AsyncRam::new(8 * target.program_slots as usize),
            request: Default::default(),
            guarded: Default::default(),
            base: Default::default(),
            limit: Default::default(),
            found: Default::default(),
            start: Default::default(),
            at: Default::default(),
            row: Default::default(),
            row_low: Default::default(),
        }
    }
}

impl<const RB: usize> Logic for TableAddress<RB> {
    #[hdl_gen]
    fn update(&mut self) {
        self.maps.clock.next = self.clock.val();
        self.request.clock.next = self.clock.val();
        self.guarded.clock.next = self.clock.val();
        self.base.clock.next = self.clock.val();
        self.limit.clock.next = self.clock.val();

        // First clock: operand, guard, base and limit of the map.
        self.fetch.clock.next = self.clock.val();
        self.fetch.registers.next = self.registers.val();
        self.fetch.source.next = self.word.val().a;
        self.request.d.next.op = self.word.val().op;
        self.request.d.next.offset = self.word.val().offset;
        self.request.d.next.size = self.word.val().size;
        self.request.d.next.dst = self.word.val().dst;
        self.guarded.d.next = self.active.val()
            && (self.word.val().op != 0)
            && (self.word.val().op < 4)
            && (self.predicates.val().get_bit(self.word.val().guard.index()) ^ (self.word.val().negate == 1));
        self.maps.write.next = self.map_write.val();
        self.maps.write_address.next =
            (bit_cast::<6, 3>(self.map.val().slot) << 3) | bit_cast::<6, 3>(self.map.val().id);
        self.maps.write_data.next =
            (bit_cast::<38, 17>(self.map.val().base) << 21) | bit_cast::<38, 21>(self.map.val().limit);
        self.maps.read_address.next =
            (bit_cast::<6, 3>(self.slot.val()) << 3) | bit_cast::<6, 3>(self.word.val().map);
        self.found.next = self.maps.read_data.val();
        self.base.d.next = self.found.val().get_bits::<17>(21);
        self.limit.d.next = self.found.val().get_bits::<21>(0);

        // Second clock: address and bounds.
        self.start.next =
            self.fetch.value.val().get_bits::<21>(0) + bit_cast::<21, 20>(self.request.q.val().offset);
        self.at.next = self.start.val();
        if self.request.q.val().size == 1 {
            self.at.next = self.start.val() & (!bits::<21>(1));
        } else if self.request.q.val().size == 2 {
            self.at.next = self.start.val() & (!bits::<21>(3));
        } else if self.request.q.val().size == 3 {
            self.at.next = self.start.val() & (!bits::<21>(7));
        }
        self.permitted.next = self.guarded.q.val();
        self.in_bounds.next = self.at.val() < self.limit.q.val();
        self.row.next = self.at.val().get_bits::<18>(3);
        self.row_low.next = self.row.val().get_bits::<17>(0);
        self.place.next.op = self.request.q.val().op;
        self.place.next.word = self.base.q.val() + self.row_low.val();
        self.place.next.lane = self.at.val().get_bits::<3>(0);
        self.place.next.size = self.request.q.val().size;
        self.place.next.dst = self.request.q.val().dst;
    }
}
