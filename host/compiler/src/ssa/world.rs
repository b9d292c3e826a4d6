// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Helpers that ask, or tell, the world outside: random numbers and redirects. What the time is and which CPU this are
//! values that [`super::call`] has at hand.

use super::Cond;
use super::build::Builder;
use super::range::Range;
use super::state::Slot;
use super::values::{Def, Entry, Val};
use crate::diag::codes;
use weir_pipeline::model::{ABORTED, REDIRECT};
use weir_pipeline::random::{FACTORS, OCCURRENCE_STEP, SHIFTS, site_offset};
use weir_pipeline::words::{AluOp, CmpOp, Size};

/// Flags of `redirect_map`: the verdict where the map has no device for the key.
const ACTION_MASK: u64 = 3;
/// Flag of `redirect_map`: to all devices of the map.
const BROADCAST: u64 = 1 << 3;
/// Flag of `redirect_map` that means something with [`BROADCAST`] only.
const EXCLUDE_INGRESS: u64 = 1 << 4;

impl Builder<'_> {
    /// The number that [`weir_pipeline::random`] gives for this call.
    pub(super) fn random_number(&mut self) -> Val {
        let slot = self.slot as u32;
        let zero = self.constant(0);
        let occurrence = self.state.drawn.get(&slot).copied().unwrap_or(zero);
        let random = self.entry(Entry::Random);
        let (number, next) = self.make(|m| {
            let step = m.constant(OCCURRENCE_STEP);
            let site = m.constant(site_offset(slot, 0));
            let moved = m.mul(false, occurrence, step);
            let moved = m.alu(AluOp::Add, false, site, moved);
            let mut z = m.alu(AluOp::Add, false, random, moved);
            for (shift, factor) in SHIFTS.into_iter().zip(FACTORS.map(Some).into_iter().chain([None])) {
                let by = m.constant(shift.into());
                let high = m.alu(AluOp::Rsh, false, z, by);
                z = m.alu(AluOp::Xor, false, z, high);
                if let Some(factor) = factor {
                    let factor = m.constant(factor);
                    z = m.mul(false, z, factor);
                }
            }
            let one = m.constant(1);
            (m.zext(true, z), m.alu(AluOp::Add, false, occurrence, one))
        });
        self.state.drawn.insert(slot, next);
        number
    }

    pub(super) fn redirect(&mut self) -> Option<Slot> {
        let (interface, flags) = (self.number(1)?, self.number(2)?);
        let [zero, aborted, redirect] = [0, u64::from(ABORTED), REDIRECT.into()].map(|c| self.constant(c));
        let before = self.state.redirect.unwrap_or(zero);
        let plain = Cond { op: CmpOp::Eq, is32: false, a: flags, b: zero, negate: false };
        let (target, verdict) = self.make(|m| {
            let interface = m.zext(true, interface);
            (m.select(plain, interface, before), m.select(plain, redirect, aborted))
        });
        self.state.redirect = Some(target);
        Some(Slot::Scalar(verdict))
    }

    pub(super) fn redirect_map(&mut self) -> Option<Slot> {
        let (map, key, flags) = (self.map_argument(true)?, self.number(2)?, self.number(3)?);
        if self.state.ranges.get(&self.values, flags).possible() & BROADCAST != 0 {
            self.error(codes::ARGUMENT, "the flags may ask for a broadcast, which sends several packets");
            return None;
        }
        let [zero, aborted, redirect] = [0, u64::from(ABORTED), REDIRECT.into()].map(|c| self.constant(c));
        let before = self.state.redirect.unwrap_or(zero);
        let key = self.make(|m| m.zext(true, key));
        let inside = self.exists(map, key);
        // Whatever the key, the read is within the map.
        let last = u64::from(self.object.maps[map].max_entries) - 1;
        let decided = self.state.ranges.get(&self.values, key).umax <= last;
        let index = match decided {
            true => key,
            false => {
                self.values.intern(Def::Select { cond: inside, yes: key, no: zero }, Range::unsigned(0, last))
            }
        };
        let address = self.table_address(map, index, None, 0, (0, 4));
        let device = self.read_word(address, Size::B4);
        let known = self.constant(!(ACTION_MASK | BROADCAST | EXCLUDE_INGRESS));
        let unknown = Cond { op: CmpOp::Set, is32: false, a: flags, b: known, negate: false };
        let mask = self.constant(ACTION_MASK);
        let (target, verdict) = self.make(|m| {
            let device = m.select(inside, device, zero);
            let none = Cond { op: CmpOp::Eq, is32: false, a: device, b: zero, negate: false };
            let action = m.alu(AluOp::And, false, flags, mask);
            let verdict = m.select(none, action, redirect);
            (m.select(unknown, before, device), m.select(unknown, aborted, verdict))
        });
        self.state.redirect = Some(target);
        Some(Slot::Scalar(verdict))
    }
}
