// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `map_update_elem` and `map_delete_elem`, with what the kernel returns.
//!
//! An update writes all words of the value, of which each is an access of its own. In a hash map a key that is new gets
//! its place first. In the kernel, an update of a HASH puts a new entry where the key's old one was, so pointers from
//! earlier lookups lead to what is no entry any more; a PERCPU_HASH and arrays are changed in place.

use super::build::Builder;
use super::state::Slot;
use super::values::{Val, decide};
use super::{Cond, Effect};
use crate::diag::codes;
use weir_pipeline::MapKind;
use weir_pipeline::words::{AluOp, CmpOp, LateOp, NO_PLACE, Size};

const NOEXIST: u64 = 1;
const EXIST: u64 = 2;
/// `BPF_F_LOCK`, for values with a spin lock, which no map here has.
const LOCK: u64 = 4;

const ENOENT: i64 = 2;
const E2BIG: i64 = 7;
const EEXIST: i64 = 17;
const EINVAL: i64 = 22;

impl Builder<'_> {
    pub(super) fn update(&mut self) -> Option<Slot> {
        let (map, key, value) = (self.map_argument(false)?, self.read(2), self.read(3));
        let flags = match self.read(4) {
            Slot::Scalar(flags) => flags,
            Slot::Poison => return None,
            other => {
                self.error(codes::ARGUMENT, format!("the flags are {}, not a number", other.describe()));
                return None;
            }
        };
        let words = self.value_argument(value, map)?;
        let result = match self.maps[map].is_hash() {
            true => {
                let key = self.key(key, map)?;
                self.update_hash(map, key, &words, flags)
            }
            false => {
                let index = self.load_at(key, 0, 4, "map key")?;
                self.update_array(map, index, &words, flags)
            }
        };
        Some(Slot::Scalar(result))
    }

    fn update_array(&mut self, map: usize, index: Val, words: &[Val], flags: Val) -> Val {
        // In the order in which the kernel looks at index and flags.
        let known = self.at_most(flags, !LOCK, EXIST);
        let inside = self.exists(map, index);
        let (no_exist, lock) = (self.has(flags, NOEXIST), self.has(flags, LOCK));
        let neither = self.at_most(flags, !EXIST, 0);
        let none = self.constant(NO_PLACE);
        let written = self.make(|m| m.select(neither, index, none));
        let when = self.exists(map, written);
        self.write_words(map, index, words, when);
        let [done, too_big, exists, invalid] = self.statuses([0, E2BIG, EEXIST, EINVAL]);
        self.make(|m| {
            let unlocked = m.select(lock, invalid, done);
            let there = m.select(no_exist, exists, unlocked);
            let status = m.select(inside, there, too_big);
            m.select(known, status, invalid)
        })
    }

    fn update_hash(&mut self, map: usize, key: [Val; 2], words: &[Val], flags: Val) -> Val {
        let known = self.known(flags);
        let result = match known {
            Some(0) => {
                let place = self.key_operation(LateOp::Insert, map, key, None);
                let made = self.exists(map, place);
                self.write_words(map, place, words, made);
                self.status_where(made, 0, E2BIG)
            }
            Some(EXIST) => {
                let place = self.key_operation(LateOp::Find, map, key, None);
                let found = self.exists(map, place);
                self.write_words(map, place, words, found);
                self.status_where(found, 0, ENOENT)
            }
            Some(flags) if flags > EXIST => return self.statuses([EINVAL])[0],
            _ => self.update_hash_by_flags(map, key, words, flags),
        };
        self.state.keys[map] = self.new_version();
        if known != Some(NOEXIST) && self.maps[map].kind == Some(MapKind::Hash) {
            self.forget_lookups(map);
        }
        result
    }

    /// An update that depends on whether the key is there: it is looked up first.
    fn update_hash_by_flags(&mut self, map: usize, key: [Val; 2], words: &[Val], flags: Val) -> Val {
        let old = self.key_operation(LateOp::Find, map, key, None);
        let found = self.exists(map, old);
        let may_insert = self.at_most(flags, !0, NOEXIST);
        let no_exist = self.is(flags, NOEXIST);
        let exist = self.is(flags, EXIST);
        let valid = self.at_most(flags, !0, EXIST);
        let none = self.constant(NO_PLACE);
        let zero = self.constant(0);
        let absent = self.make(|m| m.select(may_insert, old, zero));
        let when = Cond { negate: false, ..self.exists(map, absent) };
        let new = self.key_operation(LateOp::Insert, map, key, Some(when));
        // Where nothing was inserted, the result of the insert is anything, and is not taken.
        let place = self.make(|m| {
            let new = m.select(may_insert, new, none);
            let old = m.select(no_exist, none, old);
            let old = m.select(valid, old, none);
            m.select(found, old, new)
        });
        let made = self.exists(map, place);
        self.write_words(map, place, words, made);
        let [done, missing, too_big, exists, invalid] = self.statuses([0, ENOENT, E2BIG, EEXIST, EINVAL]);
        self.make(|m| {
            let there = m.select(no_exist, exists, done);
            let inserted = m.select(made, done, too_big);
            let not_there = m.select(exist, missing, inserted);
            let status = m.select(found, there, not_there);
            m.select(valid, status, invalid)
        })
    }

    /// Whether the flags, those of a mask, are at most a number.
    fn at_most(&mut self, flags: Val, mask: u64, most: u64) -> Cond {
        let (mask, b) = (self.constant(mask), self.constant(most));
        let a = self.make(|m| m.alu(AluOp::And, false, flags, mask));
        Cond { op: CmpOp::Ule, is32: false, a, b, negate: false }
    }

    fn has(&mut self, flags: Val, flag: u64) -> Cond {
        Cond { op: CmpOp::Set, is32: false, a: flags, b: self.constant(flag), negate: false }
    }

    fn is(&mut self, flags: Val, number: u64) -> Cond {
        Cond { op: CmpOp::Eq, is32: false, a: flags, b: self.constant(number), negate: false }
    }

    pub(super) fn delete(&mut self) -> Option<Slot> {
        let (map, key) = (self.map_argument(false)?, self.read(2));
        if !self.maps[map].is_hash() {
            self.load_at(key, 0, 4, "map key")?;
            return Some(Slot::Scalar(self.statuses([EINVAL])[0]));
        }
        let key = self.key(key, map)?;
        let place = self.key_operation(LateOp::Delete, map, key, None);
        let found = self.exists(map, place);
        let result = self.status_where(found, 0, ENOENT);
        self.state.keys[map] = self.new_version();
        self.forget_lookups(map);
        Some(Slot::Scalar(result))
    }

    /// What earlier lookups have found may be no entry any more.
    fn forget_lookups(&mut self, map: usize) {
        let found = self.state.found.iter().filter(|(m, _)| *m == map).copied();
        let null = |(_, place): &(usize, Val)| {
            self.state.ranges.get(&self.values, *place).as_constant() == Some(NO_PLACE)
        };
        let stale: Vec<(usize, Val)> = found.filter(|f| !null(f)).collect();
        self.state.stale.extend(stale);
    }

    /// The words of a value that an argument leads to, the last filled up with zeros.
    fn value_argument(&mut self, pointer: Slot, map: usize) -> Option<Vec<Val>> {
        let bytes = self.object.maps[map].value_size;
        (0..bytes.div_ceil(8))
            .map(|word| self.bytes_at(pointer, i64::from(word) * 8, (bytes - word * 8).min(8), "map value"))
            .collect()
    }

    fn write_words(&mut self, map: usize, index: Val, words: &[Val], when: Cond) {
        let when = match self.decided(when) {
            Some(true) => None,
            Some(false) => return,
            None => Some(when),
        };
        for (word, data) in (0..).zip(words) {
            let span = (word * 8, word * 8 + 8);
            let address = self.table_address(map, index, None, span.0.into(), span);
            self.site_when(Effect::Write { address, size: Size::B8, data: *data }, when);
        }
        self.state.maps[map] = self.new_version();
    }

    fn decided(&self, cond: Cond) -> Option<bool> {
        let range = |value| self.state.ranges.get(&self.values, value);
        decide(cond.op, cond.is32, &range(cond.a), &range(cond.b)).map(|holds| holds != cond.negate)
    }

    /// What a helper returns: 0, or negated errors.
    fn statuses<const N: usize>(&mut self, errors: [i64; N]) -> [Val; N] {
        errors.map(|error| self.constant(-error as u64))
    }

    fn status_where(&mut self, cond: Cond, holds: i64, otherwise: i64) -> Val {
        let [yes, no] = self.statuses([holds, otherwise]);
        self.make(|m| m.select(cond, yes, no))
    }
}
