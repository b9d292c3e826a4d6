// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Whose packet is sent next.

use rust_hdl::prelude::*;

/// Two streams of packets into one, a whole packet at a time: completions and writes.
///
/// A completion may not overtake a write (PCI Express Base Specification 5.0, table 2-40, D2a), so the write that waits
/// when a completion comes goes first; later ones do not.
#[derive(LogicBlock, Default)]
pub struct Arbiter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Signal<In, Bit>,
    /// A dword of a completion.
    pub a_dword: Signal<In, Bits<32>>,
    /// Last of a packet.
    pub a_last: Signal<In, Bit>,
    /// There is one.
    pub a_valid: Signal<In, Bit>,
    /// It is taken.
    pub a_ready: Signal<Out, Bit>,
    /// A dword of a write.
    pub b_dword: Signal<In, Bits<32>>,
    /// Last of a packet.
    pub b_last: Signal<In, Bit>,
    /// There is one.
    pub b_valid: Signal<In, Bit>,
    /// It is taken.
    pub b_ready: Signal<Out, Bit>,
    /// A dword.
    pub dword: Signal<Out, Bits<32>>,
    /// Last of a packet.
    pub last: Signal<Out, Bit>,
    /// There is one.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    /// A packet is under way.
    inside: DFF<Bit>,
    /// It is, or the last one was, a write.
    of_b: DFF<Bit>,
    /// The completion waited in the clock before.
    seen: DFF<Bit>,
    /// There is a write before it.
    behind: DFF<Bit>,
    now_behind: Signal<Local, Bit>,
    chosen_b: Signal<Local, Bit>,
    there: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
}

impl Logic for Arbiter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, inside, of_b, seen, behind);
        self.now_behind.next = self.behind.q.val();
        if !self.seen.q.val() {
            self.now_behind.next = self.b_valid.val();
        }
        self.seen.d.next = self.a_valid.val();
        self.behind.d.next = self.now_behind.val();
        self.chosen_b.next = self.b_valid.val() && (!self.a_valid.val() || self.now_behind.val());
        if self.inside.q.val() {
            self.chosen_b.next = self.of_b.q.val();
        }
        self.there.next = self.a_valid.val();
        self.ends.next = self.a_last.val();
        self.dword.next = self.a_dword.val();
        if self.chosen_b.val() {
            self.there.next = self.b_valid.val();
            self.ends.next = self.b_last.val();
            self.dword.next = self.b_dword.val();
        }
        self.valid.next = self.there.val();
        self.last.next = self.ends.val();
        self.a_ready.next = self.ready.val() && !self.chosen_b.val();
        self.b_ready.next = self.ready.val() && self.chosen_b.val();
        if self.there.val() && self.ready.val() {
            self.inside.d.next = !self.ends.val();
            self.of_b.d.next = self.chosen_b.val();
            if self.ends.val() {
                self.behind.d.next = false;
                if !self.chosen_b.val() {
                    self.seen.d.next = false;
                }
            }
        }
        if self.reset.val() {
            self.inside.d.next = false;
            self.of_b.d.next = false;
            self.seen.d.next = false;
        }
    }
}
