// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The way into the ring: who takes the place that comes round, and when.
//!
//! A packet keeps its place until it has made the passes of its program. A free place goes to a packet that wants to
//! enter, if the admission gap of its slot has elapsed: then read-after-write and its kin cannot happen between
//! packets. Which slot sends the next packet is chosen here, one clock ahead: of those whose gap will have elapsed, the
//! one that owes least for the places its packets took. See `hdl/docs/ring.md`.

use super::tag::Tag;
use rust_hdl::prelude::*;
use weir_pipeline::Target;

/// Admission to the ring.
#[derive(LogicBlock)]
pub struct Admission {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, Bit>,
    /// Slots of which packets wait behind the one that wants to enter, a bit each.
    pub waiting: Signal<In, Bits<8>>,
    /// One of these slots may send the packet that wants to enter next.
    pub choice_valid: Signal<Out, Bit>,
    /// Which; it can be followed in a clock in which no packet is left wanting to enter.
    pub choice: Signal<Out, Bits<3>>,
    /// The host waits for a table.
    pub host_waits: Signal<In, Bit>,
    /// A packet wants to enter.
    pub enter_valid: Signal<In, Bit>,
    /// It enters if it wants to.
    pub enter_ready: Signal<Out, Bit>,
    /// Program slot.
    pub enter_slot: Signal<In, Bits<3>>,
    /// Packet buffer.
    pub enter_buffer: Signal<In, Bits<10>>,
    /// Length in bytes.
    pub enter_length: Signal<In, Bits<14>>,
    /// Sets passes and gap of a slot.
    pub program_write: Signal<In, Bit>,
    /// Which.
    pub program_slot: Signal<In, Bits<3>>,
    /// Passes; 0 for no program.
    pub program_passes: Signal<In, Bits<7>>,
    /// Clocks from one admission to the next.
    pub program_gap: Signal<In, Bits<16>>,
    /// Whether register 2 says at the end where the packet starts.
    pub program_moves_head: Signal<In, Bit>,
    /// Who comes round.
    pub returning: Signal<In, Tag>,
    /// Who comes round leaves.
    pub leaving: Signal<Out, Bit>,
    /// The program of who comes round moves heads.
    pub moves_head: Signal<Out, Bit>,
    /// A packet enters.
    pub entering: Signal<Out, Bit>,
    /// Who has the place in the next turn.
    pub tag: Signal<Out, Tag>,
    passes: Vec<DFF<Bits<7>>>,
    gap: Vec<DFF<Bits<16>>>,
    /// Only where there is headroom.
    moving: Vec<DFF<Bit>>,
    wait: Vec<DFF<Bits<16>>>,
    /// Turns of a place that packets of the slot took beyond what the slot has been given since.
    debt: Vec<DFF<Bits<9>>>,
    left: Vec<Signal<Local, Bits<9>>>,
    owes: Vec<Signal<Local, Bits<9>>>,
    cost: Signal<Local, Bits<9>>,
    /// Whether the gap will have elapsed in the next clock.
    elapses: Vec<Signal<Local, Bit>>,
    may_enter: Vec<Signal<Local, Bit>>,
    /// The best of the slots up to here: whether there is one, what it owes, which it is.
    found: Vec<Signal<Local, Bit>>,
    least: Vec<Signal<Local, Bits<9>>>,
    best: Vec<Signal<Local, Bits<3>>>,
    all_owe: Signal<Local, Bit>,
    /// Clocks for which the host has waited, up to when a place is kept free for it.
    patience: DFF<Bits<7>>,
    /// A place was kept free for the host.
    kept: DFF<Bit>,
    keep: Signal<Local, Bit>,
    number: Vec<Constant<Bits<3>>>,
    nobody: Constant<Tag>,
    window_bytes: Constant<Bits<14>>,
    headroom: Constant<Bits<11>>,
    window_end: Constant<Bits<11>>,
    made: Signal<Local, Bits<7>>,
    next_pass: Signal<Local, Bits<6>>,
    returning_passes: Signal<Local, Bits<7>>,
    enter_passes: Signal<Local, Bits<7>>,
    enter_wait: Signal<Local, Bits<16>>,
    stays: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    ready: Signal<Local, Bit>,
    enters: Signal<Local, Bit>,
    length_low: Signal<Local, Bits<11>>,
    packet_end: Signal<Local, Bits<11>>,
}

impl Admission {
    /// Admission to the ring of `target`.
    pub fn new(target: &Target) -> Self {
        let slots = target.program_slots;
        Self {
            clock: Default::default(),
            reset: Default::default(),
            waiting: Default::default(),
            choice_valid: Default::default(),
            choice: Default::default(),
            host_waits: Default::default(),
            enter_valid: Default::default(),
            enter_ready: Default::default(),
            enter_slot: Default::default(),
            enter_buffer: Default::default(),
            enter_length: Default::default(),
            program_write: Default::default(),
            program_slot: Default::default(),
            program_passes: Default::default(),
            program_gap: Default::default(),
            program_moves_head: Default::default(),
            returning: Default::default(),
            leaving: Default::default(),
            moves_head: Default::default(),
            entering: Default::default(),
            tag: Default::default(),
            passes: (0..slots).map(|_| Default::default()).collect(),
            gap: (0..slots).map(|_| Default::default()).collect(),
            moving: (0..if target.headroom_bytes == 0 { 0 } else { slots })
                .map(|_| Default::default())
                .collect(),
            wait: (0..slots).map(|_| Default::default()).collect(),
            debt: (0..slots).map(|_| Default::default()).collect(),
            cost: Default::default(),
            left: (0..slots).map(|_| Default::default()).collect(),
            owes: (0..slots).map(|_| Default::default()).collect(),
            elapses: (0..slots).map(|_| Default::default()).collect(),
            may_enter: (0..slots).map(|_| Default::default()).collect(),
            found: (0..=slots).map(|_| Default::default()).collect(),
            least: (0..=slots).map(|_| Default::default()).collect(),
            best: (0..=slots).map(|_| Default::default()).collect(),
            all_owe: Default::default(),
            patience: Default::default(),
            kept: Default::default(),
            keep: Default::default(),
            number: (0..slots).map(|slot| Constant::new(u64::from(slot).to_bits())).collect(),
            nobody: Constant::new(Tag::default()),
            window_bytes: Constant::new(u64::from(target.window_bytes).to_bits()),
            headroom: Constant::new(u64::from(target.headroom_bytes).to_bits()),
            window_end: Constant::new(u64::from(target.stack_base()).to_bits()),
            made: Default::default(),
            next_pass: Default::default(),
            returning_passes: Default::default(),
            enter_passes: Default::default(),
            enter_wait: Default::default(),
            stays: Default::default(),
            last: Default::default(),
            ready: Default::default(),
            enters: Default::default(),
            length_low: Default::default(),
            packet_end: Default::default(),
        }
    }
}

impl Logic for Admission {
    #[hdl_gen]
    fn update(&mut self) {
        self.returning_passes.next = bits::<7>(0);
        self.enter_passes.next = bits::<7>(0);
        self.enter_wait.next = bits::<16>(0);
        for i in 0..self.passes.len() {
            if self.returning.val().slot == self.number[i].val() {
                self.returning_passes.next = self.passes[i].q.val();
            }
            if self.enter_slot.val() == self.number[i].val() {
                self.enter_passes.next = self.passes[i].q.val();
                self.enter_wait.next = self.wait[i].q.val();
            }
        }

        // Who comes round leaves when it has made its passes, or stays.
        self.made.next = bit_cast::<7, 6>(self.returning.val().pass) + 1;
        self.next_pass.next = self.made.val().get_bits::<6>(0);
        self.last.next = (!self.returning.val().active) || (self.made.val() >= self.returning_passes.val());
        self.leaving.next = self.returning.val().valid && self.last.val();
        self.stays.next = self.returning.val().valid && (!self.last.val());

        // A host that has waited long gets one free place: no packet in it can want the table.
        self.patience.clock.next = self.clock.val();
        self.kept.clock.next = self.clock.val();
        self.patience.d.next = self.patience.q.val();
        self.keep.next =
            self.host_waits.val() && (self.patience.q.val() == bits::<7>(127)) && (!self.kept.q.val());
        self.kept.d.next = self.kept.q.val() || (self.keep.val() && (!self.stays.val()));
        if self.patience.q.val() != bits::<7>(127) {
            self.patience.d.next = self.patience.q.val() + 1;
        }
        if (!self.host_waits.val()) || self.reset.val() {
            self.patience.d.next = bits::<7>(0);
            self.kept.d.next = false;
        }

        // A free place is taken where the slot need not wait.
        self.ready.next =
            (!self.stays.val()) && (!self.reset.val()) && (!self.keep.val()) && (self.enter_wait.val() == 0);
        self.enter_ready.next = self.ready.val();
        self.enters.next = self.enter_valid.val() && self.ready.val();
        self.entering.next = self.enters.val();
        self.length_low.next = self.enter_length.val().get_bits::<11>(0);
        self.packet_end.next = self.window_end.val();
        if self.enter_length.val() < self.window_bytes.val() {
            self.packet_end.next = self.headroom.val() + self.length_low.val();
        }
        self.tag.next = self.nobody.val();
        if self.stays.val() && (!self.reset.val()) {
            self.tag.next = self.returning.val();
            self.tag.next.pass = self.next_pass.val();
        } else if self.enters.val() {
            self.tag.next.valid = true;
            self.tag.next.active = self.enter_passes.val() != 0;
            self.tag.next.slot = self.enter_slot.val();
            self.tag.next.buffer = self.enter_buffer.val();
            self.tag.next.length = self.enter_length.val();
            self.tag.next.packet_end = self.packet_end.val();
        }

        // Who may come next: the gap will have elapsed, and nobody who waits and may owes less.
        self.found[0].next = false;
        self.least[0].next = bits::<9>(0);
        self.best[0].next = bits::<3>(0);
        self.all_owe.next = true;
        for i in 0..self.passes.len() {
            self.elapses[i].next = self.wait[i].q.val() < 2;
            if self.enters.val() && (self.enter_slot.val() == self.number[i].val()) {
                self.elapses[i].next = self.gap[i].q.val() < 2;
            }
            self.may_enter[i].next = self.waiting.val().get_bit(i) && self.elapses[i].val();
            self.found[i + 1].next = self.found[i].val() || self.may_enter[i].val();
            self.least[i + 1].next = self.least[i].val();
            self.best[i + 1].next = self.best[i].val();
            if self.may_enter[i].val()
                && ((!self.found[i].val()) || (self.debt[i].q.val() < self.least[i].val()))
            {
                self.least[i + 1].next = self.debt[i].q.val();
                self.best[i + 1].next = self.number[i].val();
            }
            // The last of these assignments holds.
            self.choice_valid.next = self.found[i + 1].val();
            self.choice.next = self.best[i + 1].val();
            if self.waiting.val().get_bit(i) && (self.debt[i].q.val() == 0) {
                self.all_owe.next = false;
            }
        }

        // Debts: a packet costs the turns that it takes a place for; when all who wait owe, all are given one turn.
        self.cost.next = bit_cast::<9, 7>(self.enter_passes.val());
        if self.enter_passes.val() == 0 {
            self.cost.next = bits::<9>(1);
        }
        for i in 0..self.passes.len() {
            self.debt[i].clock.next = self.clock.val();
            self.left[i].next = self.debt[i].q.val();
            if self.all_owe.val() && (self.debt[i].q.val() != 0) {
                self.left[i].next = self.debt[i].q.val() - 1;
            }
            self.owes[i].next = self.left[i].val();
            if self.enters.val() && (self.enter_slot.val() == self.number[i].val()) {
                self.owes[i].next = self.left[i].val() + self.cost.val();
            }
            self.debt[i].d.next = self.owes[i].val();
            if self.owes[i].val().get_bit(8) {
                self.debt[i].d.next = bits::<9>(255);
            }
            if self.reset.val() {
                self.debt[i].d.next = bits::<9>(0);
            }
        }

        // Whose register 2 says where the packet starts.
        self.moves_head.next = false;
        for i in 0..self.moving.len() {
            self.moving[i].clock.next = self.clock.val();
            self.moving[i].d.next = self.moving[i].q.val();
            if self.moving[i].q.val() && (self.returning.val().slot == self.number[i].val()) {
                self.moves_head.next = self.returning.val().active;
            }
            if self.program_write.val() && (self.program_slot.val() == self.number[i].val()) {
                self.moving[i].d.next = self.program_moves_head.val();
            }
            if self.reset.val() {
                self.moving[i].d.next = false;
            }
        }

        // Programs, and how long each slot has to wait yet.
        for i in 0..self.passes.len() {
            self.passes[i].clock.next = self.clock.val();
            self.passes[i].d.next = self.passes[i].q.val();
            self.gap[i].clock.next = self.clock.val();
            self.gap[i].d.next = self.gap[i].q.val();
            self.wait[i].clock.next = self.clock.val();
            self.wait[i].d.next = self.wait[i].q.val();
            if self.wait[i].q.val() != 0 {
                self.wait[i].d.next = self.wait[i].q.val() - 1;
            }
            if self.enters.val()
                && (self.enter_slot.val() == self.number[i].val())
                && (self.gap[i].q.val() != 0)
            {
                self.wait[i].d.next = self.gap[i].q.val() - 1;
            }
            if self.program_write.val() && (self.program_slot.val() == self.number[i].val()) {
                self.passes[i].d.next = self.program_passes.val();
                self.gap[i].d.next = self.program_gap.val();
            }
            if self.reset.val() {
                self.passes[i].d.next = bits::<7>(0);
                self.gap[i].d.next = bits::<16>(0);
                self.wait[i].d.next = bits::<16>(0);
            }
        }
    }
}
