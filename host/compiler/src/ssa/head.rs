// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `xdp_adjust_head`: where the packet starts becomes another context address. Its bytes stay where they are, so that
//! accesses after a move are accesses like any other, and copies of packet bytes stay good.
//!
//! The call returns what it returns in the kernel. Only growth beyond the headroom of the target is refused: there the
//! kernel would still succeed. Not done here: the end of the packet, which does not move.

use super::build::Builder;
use super::range::Range;
use super::state::{Slot, State};
use super::values::{Def, Operation, Val};
use crate::diag::{Diagnostic, codes};
use std::rc::Rc;
use weir_bpf::interp::helper::HEADROOM;
use weir_bpf::op::JumpOp;
use weir_pipeline::model::LEAST_BYTES;
use weir_pipeline::words::AluOp;

/// What the helper returns if the head cannot be there: `-EINVAL`.
const INVALID: i64 = -22;

/// How far back it is looked how a distance was computed.
const DEPTH: u32 = 8;

/// Where the head goes if the call succeeds.
struct Move {
    to: Slot,
    /// It succeeds for any packet.
    always: bool,
    /// It fails for any packet.
    never: bool,
}

impl Builder<'_> {
    /// Ends the block: what follows is run for success and failure apart, until the program itself looks at the result.
    pub(super) fn adjust_head(&mut self, next: usize) {
        let moved = self.head_arguments().and_then(|by| self.head_move(by));
        self.state.registers[1..6].fill(Slot::Uninitialised);
        self.state.registers[0] = Slot::Poison;
        // As for the kernel's verifier, whatever comes of the call.
        forget_pointers(&mut self.state);
        let Some(Move { to, always, never }) = moved else {
            let state = self.state.clone();
            self.leave(None, next, state);
            return;
        };
        let mut outcomes = vec![(!never, self.state.clone())];
        let mut both = false;
        if !always && !never {
            let Slot::Packet { var, offset } = to else { return };
            let header = Slot::Packet { var, offset: offset + i64::from(LEAST_BYTES) };
            let Some((cond, learns)) = self.pointers(JumpOp::Le, false, header, Slot::PacketEnd) else {
                return;
            };
            let cond = self.canonical(cond);
            outcomes = self.outcomes(cond, &learns);
            both = outcomes.len() == 2;
            if both {
                let cond = self.make(|m| m.cond(cond));
                self.set_cond(cond);
            }
        }
        for (succeeds, mut state) in outcomes {
            let result = if succeeds { 0 } else { INVALID };
            state.registers[0] = Slot::Scalar(self.constant(result as u64));
            // The program has not compared its pointers with the end.
            state.packet.clear();
            if succeeds {
                self.moves_head |= state.head != to;
                state.head = to;
            }
            self.leave_apart(both.then_some(succeeds), next, u32::from(!succeeds), self.block, state);
        }
    }

    /// By how many bytes the head is to move.
    fn head_arguments(&mut self) -> Option<Val> {
        let (context, by) = (self.read(1), self.number(2)?);
        match context {
            Slot::Context(0) => {
                let range = self.signed32(by, DEPTH);
                let by = self.make(|m| m.sign_extend(AluOp::Sext32, false, by));
                self.state.ranges.narrow(&self.values, by, &Range::signed(range.0, range.1));
                Some(by)
            }
            Slot::Poison => None,
            other => {
                let message = format!("the first argument is {}, not the context", other.describe());
                self.error(codes::ARGUMENT, message);
                None
            }
        }
    }

    /// Least and greatest number that the low half of a value is, read with its sign. Ranges are those of whole values:
    /// a small negative number in the low half is a large one there, so how it was computed tells more.
    fn signed32(&self, value: Val, depth: u32) -> (i64, i64) {
        let range = self.state.ranges.get(&self.values, value).sext32();
        let known = (range.smin, range.smax);
        let Some(depth) = depth.checked_sub(1) else { return known };
        let shift = |v: Val| self.values.constant_of(v) == Some(32);
        let of = |v: Val| self.signed32(v, depth);
        let computed = match self.values.def(value) {
            Def::Phi { args, .. } => args.iter().map(|v| of(*v)).reduce(union),
            Def::Select { yes, no, .. } => Some(union(of(*yes), of(*no))),
            Def::Op { op: Operation::Alu(op), a, b, .. } => match op {
                AluOp::Add => Some((of(*a).0 + of(*b).0, of(*a).1 + of(*b).1)),
                AluOp::Sub => Some((of(*a).0 - of(*b).1, of(*a).1 - of(*b).0)),
                AluOp::Mov | AluOp::Sext32 => Some(of(*b)),
                // An extension in two shifts.
                AluOp::Arsh | AluOp::Rsh if shift(*b) => match self.values.def(*a) {
                    Def::Op { op: Operation::Alu(AluOp::Lsh), is32: false, a, b } if shift(*b) => {
                        Some(of(*a))
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        // What does not fit wraps around.
        let fits = |(least, most): &(i64, i64)| i32::try_from(*least).is_ok() && i32::try_from(*most).is_ok();
        computed.filter(fits).map_or(known, |(least, most)| (least.max(known.0), most.min(known.1)))
    }

    fn head_move(&mut self, by: Val) -> Option<Move> {
        let Slot::Packet { var, offset } = self.state.head else { return None };
        let headroom = i64::from(self.target.headroom_bytes);
        if headroom == 0 {
            let message = format!("target `{}` has no headroom, so that heads do not move", self.target.name);
            self.error(codes::HEADROOM, message);
            return None;
        }
        let range = |v| self.state.ranges.get(&self.values, v);
        let start = var.map_or(Range::constant(0), range);
        let distance = range(by);
        let least = start.smin.saturating_add(distance.smin).saturating_add(offset);
        let most = start.smax.saturating_add(distance.smax).saturating_add(offset);
        let to = match distance.as_constant() {
            Some(by) => Slot::Packet { var, offset: offset.saturating_add(by as i64) },
            None => {
                let var = self.make(|m| {
                    let var = var.unwrap_or_else(|| m.constant(0));
                    m.alu(AluOp::Add, false, var, by)
                });
                Slot::Packet { var: Some(var), offset }
            }
        };
        if most < headroom - HEADROOM as i64 {
            return Some(Move { to, always: false, never: true });
        }
        if least < 0 {
            let grows = (headroom - least).min(1 << 31);
            let message = format!(
                "the packet can grow by {grows} bytes at its head, the headroom of target `{}` is {headroom}",
                self.target.name
            );
            let note = match (start.as_constant(), offset.saturating_add(start.smin) - headroom) {
                (Some(_), 0) => None,
                (Some(_), moved) => Some(format!("the head has moved by {moved} bytes before")),
                (None, _) => Some("how far the head has moved before depends on the path".to_owned()),
            };
            let error = Diagnostic::error(codes::HEADROOM, message);
            self.report(note.into_iter().fold(error, Diagnostic::note));
            return None;
        }
        // Each packet has an Ethernet header from its start on.
        Some(Move { to, always: distance.smax <= 0, never: false })
    }

    /// How far `var` lies behind `head` at least, where that can be told from how it was computed.
    pub(super) fn least_above(&self, var: Val, head: Val) -> Option<i64> {
        if var == head {
            return Some(0);
        }
        let (a, b) = self.values.summands(var)?;
        let least = |v: Val| self.state.ranges.get(&self.values, v).smin;
        let (above, other) = match self.least_above(a, head) {
            Some(above) => (above, b),
            None => (self.least_above(b, head)?, a),
        };
        above.checked_add(least(other))
    }
}

fn union(a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// Pointers into the packet and to its end cannot be used any more.
fn forget_pointers(state: &mut State) {
    let forget = |slot: &mut Slot| {
        if matches!(slot, Slot::Packet { .. } | Slot::PacketEnd) {
            *slot = Slot::Moved;
        }
    };
    state.registers.iter_mut().for_each(forget);
    for frame in &mut state.frames {
        frame.saved.iter_mut().for_each(forget);
        if !frame.spilled.is_empty() {
            Rc::make_mut(&mut frame.spilled).values_mut().for_each(forget);
        }
    }
}
