// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Conditional jumps: what each way out of a block learns from its condition.

use super::Cond;
use super::build::Builder;
use super::range::Range;
use super::state::{Slot, State};
use super::values::{Val, decide};
use crate::diag::codes;
use weir_bpf::op::{JumpOp, Operand, Width};
use weir_pipeline::words::CmpOp;

/// A relation with its negation.
fn relation(op: JumpOp, signed: bool) -> (CmpOp, bool) {
    let (less, less_or_equal) = if signed { (CmpOp::Slt, CmpOp::Sle) } else { (CmpOp::Ult, CmpOp::Ule) };
    match op {
        JumpOp::Eq => (CmpOp::Eq, false),
        JumpOp::Ne => (CmpOp::Eq, true),
        JumpOp::Set => (CmpOp::Set, false),
        JumpOp::Lt | JumpOp::Slt => (less, false),
        JumpOp::Le | JumpOp::Sle => (less_or_equal, false),
        JumpOp::Gt | JumpOp::Sgt => (less_or_equal, true),
        JumpOp::Ge | JumpOp::Sge => (less, true),
    }
}

/// What a condition teaches beside the ranges of its operands.
pub(super) enum Learns {
    Nothing,
    /// `var + offset` against the end of the packet; the end is the first operand if `swapped`.
    PacketEnd {
        var: Option<Val>,
        offset: i64,
        swapped: bool,
    },
    /// An entry exists where the condition has this outcome.
    Entry {
        map: usize,
        index: Val,
        when: bool,
    },
}

impl Builder<'_> {
    pub(super) fn branch(
        &mut self,
        op: JumpOp,
        width: Width,
        dst: u8,
        src: Operand,
        taken: usize,
        fall: usize,
    ) {
        let (a, b) = (self.read(dst), self.operand(src));
        let is32 = width == Width::W32;
        let signed = matches!(op, JumpOp::Sgt | JumpOp::Sge | JumpOp::Slt | JumpOp::Sle);
        let (cond, learns) = match (a, b) {
            (Slot::Scalar(a), Slot::Scalar(b)) => {
                let (op, negate) = relation(op, signed);
                (Some(Cond { op, is32, a, b, negate }), Learns::Nothing)
            }
            (Slot::Poison, _) | (_, Slot::Poison) => (None, Learns::Nothing),
            (a, b) => match self.pointers(op, is32, a, b) {
                Some((cond, learns)) => (Some(cond), learns),
                None => (None, Learns::Nothing),
            },
        };
        let Some(cond) = cond.map(|cond| self.canonical(cond)) else {
            // After an error, or without outcome: both ways, to find what else is wrong.
            for to in [taken, fall] {
                let state = self.state.clone();
                self.leave(None, to, state);
            }
            return;
        };
        let ways: Vec<_> = self
            .outcomes(cond, &learns)
            .into_iter()
            .map(|(outcome, state)| (outcome, if outcome { taken } else { fall }, state))
            .collect();
        let both = ways.len() == 2;
        if both {
            // The ways learn from the condition as the program has it; the stages get the form that is best for them.
            let cond = self.make(|m| m.cond(cond));
            self.set_cond(cond);
        }
        for (outcome, to, state) in ways {
            self.leave(both.then_some(outcome), to, state);
        }
    }

    /// The outcomes that a condition can have, with what is known then.
    pub(super) fn outcomes(&mut self, cond: Cond, learns: &Learns) -> Vec<(bool, State)> {
        let (ra, rb) =
            (self.state.ranges.get(&self.values, cond.a), self.state.ranges.get(&self.values, cond.b));
        let decided = decide(cond.op, cond.is32, &ra, &rb).map(|holds| holds != cond.negate);
        let mut ways = Vec::new();
        for outcome in [true, false] {
            if decided == Some(!outcome) {
                continue;
            }
            let mut state = self.state.clone();
            if self.learn(&mut state, &cond, learns, outcome) {
                ways.push((outcome, state));
            }
        }
        ways
    }

    /// Brings a constant into the second place, where units take one.
    pub(super) fn canonical(&self, cond: Cond) -> Cond {
        if self.values.constant_of(cond.a).is_none() || self.values.constant_of(cond.b).is_some() {
            return cond;
        }
        let (op, turned) = match cond.op {
            CmpOp::Eq | CmpOp::Set => (cond.op, false),
            CmpOp::Ult => (CmpOp::Ule, true),
            CmpOp::Ule => (CmpOp::Ult, true),
            CmpOp::Slt => (CmpOp::Sle, true),
            CmpOp::Sle => (CmpOp::Slt, true),
        };
        Cond { op, is32: cond.is32, a: cond.b, b: cond.a, negate: cond.negate != turned }
    }

    pub(super) fn pointers(&mut self, op: JumpOp, is32: bool, a: Slot, b: Slot) -> Option<(Cond, Learns)> {
        let null = |slot: Slot, this: &Self| match slot {
            Slot::Scalar(value) => this.values.constant_of(value) == Some(0),
            _ => false,
        };
        let equality = matches!(op, JumpOp::Eq | JumpOp::Ne);
        if !is32
            && equality
            && let Slot::MapValue { map, index, var: None, offset: 0 } = a
            && null(b, self)
        {
            let cond = self.exists(map, index);
            let negate = op == JumpOp::Eq;
            let cond = Cond { negate: cond.negate != negate, ..cond };
            return Some((cond, Learns::Entry { map, index, when: !negate }));
        }
        let inside = |slot: Slot| {
            matches!(slot, Slot::Packet { .. } | Slot::PacketEnd | Slot::Stack { .. } | Slot::Context(_))
        };
        if !is32 && equality && inside(a) && null(b, self) {
            // Such a pointer is never null.
            let (zero, one) = (self.constant(0), self.constant(1));
            let negate = op == JumpOp::Ne;
            return Some((Cond { op: CmpOp::Eq, is32: false, a: one, b: zero, negate }, Learns::Nothing));
        }
        if !is32
            && op != JumpOp::Set
            && let Some((x, y)) = self.places_of(a, b)
        {
            // In the kernel both are addresses in one buffer or frame: signed and unsigned comparisons agree there, and
            // with signed ones of context addresses here.
            let (op, negate) = relation(op, true);
            let learns = match (a, b) {
                (Slot::Packet { var, offset }, Slot::PacketEnd) => {
                    Learns::PacketEnd { var, offset, swapped: false }
                }
                (Slot::PacketEnd, Slot::Packet { var, offset }) => {
                    Learns::PacketEnd { var, offset, swapped: true }
                }
                _ => Learns::Nothing,
            };
            let cond = Cond { op, is32: false, a: x, b: y, negate };
            // `learn` sees the condition turned if its constant was in first place.
            let learns = match learns {
                Learns::PacketEnd { var, offset, swapped } => {
                    let turns = self.values.constant_of(x).is_some();
                    Learns::PacketEnd { var, offset, swapped: swapped != turns }
                }
                other => other,
            };
            return Some((cond, learns));
        }
        let message = format!("comparison of {} with {}", a.describe(), b.describe());
        self.error(codes::POINTER_COMPARISON, message);
        None
    }

    /// Narrows a state by the outcome of a condition; false if it cannot have it.
    fn learn(&self, state: &mut State, cond: &Cond, learns: &Learns, outcome: bool) -> bool {
        match *learns {
            Learns::Nothing => (),
            Learns::Entry { map, index, when } => {
                if outcome == when {
                    state.present.insert((map, index));
                    if self.maps[map].is_hash() {
                        let last = self.maps[map].last_place();
                        let places = Range { umax: last, unknown: !7, ..Range::FULL };
                        state.ranges.narrow(&self.values, index, &places);
                    }
                }
            }
            Learns::PacketEnd { var, offset, swapped } => {
                let holds = outcome != cond.negate;
                // Pointer minus end is at most this.
                let most = match (cond.op, holds, swapped) {
                    (CmpOp::Eq, true, _) | (CmpOp::Sle, true, false) | (CmpOp::Slt, false, true) => Some(0),
                    (CmpOp::Slt, true, false) | (CmpOp::Sle, false, true) => Some(-1),
                    _ => None,
                };
                if let Some(most) = most {
                    let known = state.packet.entry(var).or_insert(i64::MIN);
                    *known = (*known).max(offset - most);
                }
            }
        }
        let values = &self.values;
        let (a, b) = (state.ranges.get(values, cond.a), state.ranges.get(values, cond.b));
        let signed = matches!(cond.op, CmpOp::Slt | CmpOp::Sle);
        // A 32-bit comparison tells about the whole value where the high half is known.
        let top = if signed { i32::MAX as u64 } else { u32::MAX.into() };
        if cond.is32 && (a.umax > top || b.umax > top) {
            return true;
        }
        let (a, b) = narrowed(cond.op, outcome != cond.negate, &a, &b);
        let feasible = state.ranges.narrow(values, cond.a, &a);
        state.ranges.narrow(values, cond.b, &b) && feasible
    }
}

/// Ranges of both operands where a relation holds, or does not.
fn narrowed(op: CmpOp, holds: bool, a: &Range, b: &Range) -> (Range, Range) {
    let without = |r: &Range, c: u64| Range {
        umin: if r.umin == c { r.umin.saturating_add(1) } else { r.umin },
        umax: if r.umax == c { r.umax.saturating_sub(1) } else { r.umax },
        ..Range::FULL
    };
    match (op, holds) {
        (CmpOp::Eq, true) => (*b, *a),
        (CmpOp::Eq, false) => (
            b.as_constant().map_or(Range::FULL, |c| without(a, c)),
            a.as_constant().map_or(Range::FULL, |c| without(b, c)),
        ),
        (CmpOp::Ult, true) => (
            Range { umax: b.umax.saturating_sub(1), ..Range::FULL },
            Range { umin: a.umin.saturating_add(1), ..Range::FULL },
        ),
        (CmpOp::Ule, true) => (Range { umax: b.umax, ..Range::FULL }, Range { umin: a.umin, ..Range::FULL }),
        (CmpOp::Slt, true) => (
            Range { smax: b.smax.saturating_sub(1), ..Range::FULL },
            Range { smin: a.smin.saturating_add(1), ..Range::FULL },
        ),
        (CmpOp::Sle, true) => (Range { smax: b.smax, ..Range::FULL }, Range { smin: a.smin, ..Range::FULL }),
        (CmpOp::Ult, false) => swapped(narrowed(CmpOp::Ule, true, b, a)),
        (CmpOp::Ule, false) => swapped(narrowed(CmpOp::Ult, true, b, a)),
        (CmpOp::Slt, false) => swapped(narrowed(CmpOp::Sle, true, b, a)),
        (CmpOp::Sle, false) => swapped(narrowed(CmpOp::Slt, true, b, a)),
        (CmpOp::Set, false) => {
            let clear = |mask: &Range| match mask.as_constant() {
                Some(mask) => Range { ones: 0, unknown: !mask, ..Range::FULL },
                None => Range::FULL,
            };
            (clear(b), clear(a))
        }
        (CmpOp::Set, true) => (Range::FULL, Range::FULL),
    }
}

fn swapped((a, b): (Range, Range)) -> (Range, Range) {
    (b, a)
}
