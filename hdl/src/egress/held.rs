// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The beat before the one that was just read: together they hold a beat of a frame that starts at any byte.
//!
//! Targets without headroom have none of this.

use crate::primitives::{EnableRegister, Realign};
use rust_hdl::prelude::*;

/// Bits of what is known of a frame: verdict (2 to 4), slot, number, redirect target.
pub const KNOWN_BITS: usize = 70;

/// One beat of `BUS` bits that goes out, aligned, when the next has been read.
#[derive(LogicBlock)]
pub struct HeldBeat<const BUS: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Holds nothing.
    pub reset: Signal<In, Bit>,
    /// What is held goes out, or nothing is held: the beat that was read takes its place.
    pub enable: Signal<In, Bit>,
    /// A beat was read, with which a beat of the frame begins.
    pub begins: Signal<In, Bit>,
    /// The beat that was read.
    pub data: Signal<In, Bits<BUS>>,
    /// Byte of it at which the beat of the frame begins.
    pub from: Signal<In, Bits<6>>,
    /// That is the last beat of the frame.
    pub last: Signal<In, Bits<1>>,
    /// Its bytes that are not there.
    pub empty: Signal<In, Bits<6>>,
    /// What is known of the frame.
    pub known: Signal<In, Bits<KNOWN_BITS>>,
    /// A beat of a frame can go out; with it the following.
    pub valid: Signal<Out, Bit>,
    /// The beat: the end of what is held, then the begin of what was read.
    pub beat: Signal<Out, Bits<BUS>>,
    /// It is the last of its frame.
    pub last_out: Signal<Out, Bits<1>>,
    /// Its bytes that are not there.
    pub empty_out: Signal<Out, Bits<6>>,
    /// What is known of the frame.
    pub known_out: Signal<Out, Bits<KNOWN_BITS>>,
    held: DFF<Bit>,
    held_data: EnableRegister<BUS>,
    held_from: EnableRegister<6>,
    held_last: EnableRegister<1>,
    held_empty: EnableRegister<6>,
    held_known: EnableRegister<KNOWN_BITS>,
    realign: Realign<BUS>,
}

impl<const BUS: usize> Default for HeldBeat<BUS> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            enable: Default::default(),
            begins: Default::default(),
            data: Default::default(),
            from: Default::default(),
            last: Default::default(),
            empty: Default::default(),
            known: Default::default(),
            valid: Default::default(),
            beat: Default::default(),
            last_out: Default::default(),
            empty_out: Default::default(),
            known_out: Default::default(),
            held: Default::default(),
            held_data: Default::default(),
            held_from: Default::default(),
            held_last: Default::default(),
            held_empty: Default::default(),
            held_known: Default::default(),
            realign: Default::default(),
        }
    }
}

impl<const BUS: usize> Logic for HeldBeat<BUS> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        self.held_data.clock.next = self.clock.val();
        self.held_data.enable.next = self.enable.val();
        self.held_data.d.next = self.data.val();
        self.held_from.clock.next = self.clock.val();
        self.held_from.enable.next = self.enable.val();
        self.held_from.d.next = self.from.val();
        self.held_last.clock.next = self.clock.val();
        self.held_last.enable.next = self.enable.val();
        self.held_last.d.next = self.last.val();
        self.held_empty.clock.next = self.clock.val();
        self.held_empty.enable.next = self.enable.val();
        self.held_empty.d.next = self.empty.val();
        self.held_known.clock.next = self.clock.val();
        self.held_known.enable.next = self.enable.val();
        self.held_known.d.next = self.known.val();
        if self.enable.val() {
            self.held.d.next = self.begins.val();
        }
        if self.reset.val() {
            self.held.d.next = false;
        }
        self.realign.low.next = self.held_data.q.val();
        self.realign.high.next = self.data.val();
        self.realign.from.next = self.held_from.q.val();
        self.valid.next = self.held.q.val();
        self.beat.next = self.realign.o.val();
        self.last_out.next = self.held_last.q.val();
        self.empty_out.next = self.held_empty.q.val();
        self.known_out.next = self.held_known.q.val();
    }
}
