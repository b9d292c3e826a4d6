// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Paths that meet and bring different kinds of things in one register: the block is run for each kind apart, and the
//! blocks after it as well, as long as the register can still be read. So an access through a pointer that comes from
//! several lookups becomes one access per lookup, each under the predicate of its paths.
//!
//! Where that did not suffice (see [`super::build`]), paths are run apart as well that differ in what is known of the
//! packet's start, its end, of entries or of the stack, if a number tells the program later which of them it is on.

use super::Edge;
use super::build::Builder;
use super::state::{Byte, Slot, State};
use super::unroll::Pending;

/// Most kinds that are run apart; where there are more, the register is of several kinds, and cannot be read.
const MOST_KINDS: usize = 8;

/// Most entries of one map that are run apart. They could be one access at a variable place, but the fused adder of
/// a table wants to see the read that an addition belongs to.
const MOST_ENTRIES: usize = 4;

impl Builder<'_> {
    /// Takes from a waiting instance the states that cannot meet its first one, to be run apart.
    pub(super) fn divide(&mut self, pending: &mut Pending) {
        if pending.states.len() < 2 {
            return;
        }
        let (live, after) = self.cfg.blocks[pending.instance.block].live;
        let states = &pending.states;
        let mut groups = self.groups(states, live, live & !after);
        if groups.len() > MOST_ENTRIES {
            groups = self.groups(states, live, 0);
        }
        if !(2..=MOST_KINDS).contains(&groups.len()) {
            return;
        }
        let mut states: Vec<Option<(Edge, State)>> =
            std::mem::take(&mut pending.states).into_iter().map(Some).collect();
        for (which, group) in groups.iter().enumerate().rev() {
            let members: Vec<(Edge, State)> = group.iter().filter_map(|i| states[*i].take()).collect();
            if which == 0 {
                pending.states = members;
                continue;
            }
            let instance = pending.instance.again(which as u32);
            let mut other = Pending::new(instance);
            other.states = members;
            other.from = pending.from;
            self.pending.insert(other.instance.key.clone(), other);
        }
    }

    /// States that can meet, by number, in the order of their first members. `strict` are the registers in which
    /// entries of one map are kept apart.
    fn groups(&self, states: &[(Edge, State)], live: u16, strict: u16) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (index, (_, state)) in states.iter().enumerate() {
            let fits = |group: &&mut Vec<usize>| {
                group.iter().all(|member| {
                    let other = &states[*member].1;
                    if self.apart && self.differ(state, other, live) {
                        return false;
                    }
                    (0..10).filter(|r| live >> r & 1 == 1).all(|r| {
                        self.can_meet(
                            state,
                            &state.registers[r],
                            other,
                            &other.registers[r],
                            strict >> r & 1 == 1,
                        )
                    })
                })
            };
            match groups.iter_mut().find(fits) {
                Some(group) => group.push(index),
                None => groups.push(vec![index]),
            }
        }
        groups
    }

    /// Whether something is known on one of two paths only, and the program can tell them apart.
    fn differ(&self, a: &State, b: &State, live: u16) -> bool {
        let told = (0..10).filter(|r| live >> r & 1 == 1).any(|r| {
            let range = |state: &State| match state.registers[r] {
                Slot::Scalar(value) => Some(state.ranges.get(&self.values, value)),
                _ => None,
            };
            let (one, other) = (range(a), range(b));
            one.zip(other).is_some_and(|(one, other)| one.intersect(&other).is_empty())
        });
        let written = |state: &State| -> Vec<bool> {
            let bytes = state.frames.iter().flat_map(|frame| frame.bytes.iter());
            bytes.map(|byte| *byte == Byte::Uninitialised).collect()
        };
        told && (a.head != b.head
            || a.packet != b.packet
            || a.present != b.present
            || written(a) != written(b))
    }

    fn can_meet(&self, state: &State, a: &Slot, other: &State, b: &Slot, strict: bool) -> bool {
        if a == b {
            return true;
        }
        let null = |slot: &Slot| matches!(slot, Slot::Scalar(v) if self.values.constant_of(*v) == Some(0));
        match (a, b) {
            (Slot::Poison, _) | (_, Slot::Poison) => true,
            (Slot::Scalar(_), Slot::Scalar(_)) | (Slot::Packet { .. }, Slot::Packet { .. }) => true,
            (Slot::Stack { frame: a, .. }, Slot::Stack { frame: b, .. }) => a == b,
            (
                Slot::MapValue { map, index, var, offset },
                Slot::MapValue { map: n, index: i, var: v, offset: o },
            ) => {
                let both = state.present.contains(&(*map, *index)) && other.present.contains(&(*n, *i));
                (map, var, offset) == (n, v, o) && !(strict && both)
            }
            (Slot::MapValue { var: None, offset: 0, .. }, number)
            | (number, Slot::MapValue { var: None, offset: 0, .. }) => null(number),
            _ => false,
        }
    }
}
