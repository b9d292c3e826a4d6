// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Helper calls: `map_lookup_elem`. The entry of an array is its index, null is an index beyond the end; the entry of a
//! hash map is the place that a key unit finds, and null is none.

use super::build::Builder;
use super::layout::Layout;
use super::range::Range;
use super::state::Slot;
use super::values::{Def, Entry, Val};
use super::{Cond, Effect};
use crate::diag::{Diagnostic, codes};
use weir_bpf::interp::helper::{
    DELETE as MAP_DELETE_ELEM, GET_PRANDOM_U32, GET_SMP_PROCESSOR_ID, KTIME_GET_NS,
    LOOKUP as MAP_LOOKUP_ELEM, REDIRECT, REDIRECT_MAP, UPDATE as MAP_UPDATE_ELEM,
};
use weir_bpf::{MapDef, MapType};
use weir_pipeline::keys::KEY_BYTES;
use weir_pipeline::words::{AluOp, CmpOp, LateOp, NO_PLACE};

/// Names of the helpers that XDP programs call, for messages.
const HELPERS: &[(u32, &str)] = &[
    (1, "map_lookup_elem"),
    (2, "map_update_elem"),
    (3, "map_delete_elem"),
    (5, "ktime_get_ns"),
    (6, "trace_printk"),
    (7, "get_prandom_u32"),
    (8, "get_smp_processor_id"),
    (12, "tail_call"),
    (23, "redirect"),
    (25, "perf_event_output"),
    (28, "csum_diff"),
    (44, "xdp_adjust_head"),
    (51, "redirect_map"),
    (54, "xdp_adjust_meta"),
    (65, "xdp_adjust_tail"),
    (69, "fib_lookup"),
    (93, "spin_lock"),
    (94, "spin_unlock"),
    (118, "jiffies64"),
    (125, "ktime_get_boot_ns"),
    (130, "ringbuf_output"),
    (131, "ringbuf_reserve"),
    (132, "ringbuf_submit"),
    (133, "ringbuf_discard"),
    (181, "loop"),
    (188, "xdp_get_buff_len"),
    (189, "xdp_load_bytes"),
    (190, "xdp_store_bytes"),
];

/// Of arrays `BPF_F_MMAPABLE` and `BPF_F_RDONLY`: they bind the host, not the program.
const ARRAY_FLAGS: u32 = 1 << 10 | 1 << 3;

/// Of hash maps `BPF_F_RDONLY` and `BPF_F_NO_PREALLOC`: how the kernel allocates entries does not show.
const HASH_FLAGS: u32 = 1 << 3 | 1;

impl Builder<'_> {
    pub(super) fn call(&mut self, number: u32) {
        let result = match number {
            MAP_LOOKUP_ELEM => self.lookup(),
            MAP_UPDATE_ELEM => self.update(),
            MAP_DELETE_ELEM => self.delete(),
            KTIME_GET_NS => Some(Slot::Scalar(self.entry(Entry::Timestamp))),
            GET_PRANDOM_U32 => Some(Slot::Scalar(self.random_number())),
            // The device is the one CPU.
            GET_SMP_PROCESSOR_ID => Some(Slot::Scalar(self.constant(0))),
            REDIRECT => self.redirect(),
            REDIRECT_MAP => self.redirect_map(),
            _ => {
                let name = HELPERS.iter().find(|(n, _)| *n == number).map(|(_, name)| *name);
                let name = name.map_or(format!("number {number}"), |name| format!("bpf_{name}"));
                self.error(codes::HELPER, format!("helper {name} is not supported"));
                None
            }
        };
        self.state.registers[0] = result.unwrap_or(Slot::Poison);
        self.state.registers[1..6].fill(Slot::Uninitialised);
    }

    fn lookup(&mut self) -> Option<Slot> {
        let (map, key) = (self.map_argument(false)?, self.read(2));
        let index = match self.maps[map].is_hash() {
            true => {
                let key = self.key(key, map)?;
                let place = self.key_operation(LateOp::Find, map, key, None);
                self.state.found.insert((map, place));
                place
            }
            false => self.load_at(key, 0, 4, "map key")?,
        };
        Some(Slot::MapValue { map, index, var: None, offset: 0 })
    }

    /// The map that the first argument is, if the tables can hold it: one of devices, or one of values.
    pub(super) fn map_argument(&mut self, devices: bool) -> Option<usize> {
        let map = match self.read(1) {
            Slot::Map(map) => map,
            Slot::Poison => return None,
            other => {
                let message = format!("the first argument is {}, not a map", other.describe());
                self.error(codes::ARGUMENT, message);
                return None;
            }
        };
        let def = self.object.maps.get(map).cloned().unwrap_or_default();
        if devices != (def.kind() == Some(MapType::Devmap)) && self.maps[map].kind.is_some() {
            self.error(codes::ARGUMENT, format!("map `{}` is a {}", def.name, def.type_name()));
            return None;
        }
        self.check_map(&def).then_some(map)
    }

    /// The bytes of a key as the two operands of a key operation.
    pub(super) fn key(&mut self, pointer: Slot, map: usize) -> Option<[Val; 2]> {
        let bytes = self.object.maps[map].key_size;
        let low = self.bytes_at(pointer, 0, bytes.min(8), "map key")?;
        let high = match bytes > 8 {
            true => self.bytes_at(pointer, 8, bytes - 8, "map key")?,
            false => self.constant(0),
        };
        Some([low, high])
    }

    /// Up to 8 bytes from memory, whatever their number, zero-extended.
    pub(super) fn bytes_at(&mut self, pointer: Slot, off: i64, bytes: u32, what: &str) -> Option<Val> {
        let mut result = None;
        let mut at = 0;
        while at < bytes {
            let size = 1 << (bytes - at).ilog2();
            let piece = self.load_at(pointer, off + i64::from(at), size, what)?;
            result = Some(self.make(|m| {
                let by = m.constant(8 * u64::from(at));
                let piece = m.alu(AluOp::Lsh, false, piece, by);
                result.map_or(piece, |lower| m.alu(AluOp::Or, false, lower, piece))
            }));
            at += size;
        }
        result
    }

    /// An operation of a key unit, done only where `when` holds as well.
    pub(super) fn key_operation(&mut self, op: LateOp, map: usize, key: [Val; 2], when: Option<Cond>) -> Val {
        // A find can be shared; what changes keys is an operation of its own, each time.
        let version = if op == LateOp::Find { self.state.keys[map] } else { self.new_version() };
        let insn = self.slot as u32;
        let value = self.values.intern(Def::Key { op, map, key, version }, Range::FULL);
        self.values.credit(value, insn);
        self.site_when(Effect::Key(value), when);
        value
    }

    /// The condition under which a lookup's result is not null.
    pub(super) fn exists(&mut self, map: usize, index: Val) -> Cond {
        match self.maps[map].is_hash() {
            true => {
                let none = self.constant(NO_PLACE);
                Cond { op: CmpOp::Eq, is32: false, a: index, b: none, negate: true }
            }
            // The index is below the number of entries.
            false => {
                let entries = self.constant(self.object.maps[map].max_entries.into());
                Cond { op: CmpOp::Ult, is32: false, a: index, b: entries, negate: false }
            }
        }
    }

    fn check_map(&mut self, def: &MapDef) -> bool {
        let kind = def.kind();
        let hash = matches!(kind, Some(MapType::Hash | MapType::PercpuHash));
        if Layout::new(def, self.target).kind.is_none() {
            let message =
                format!("map `{}` has the type {}, which no table unit holds", def.name, def.type_name());
            self.report(Diagnostic::error(codes::MAP_TYPE, message));
            return false;
        }
        if def.initial.is_some() {
            self.error(codes::STATIC_DATA, format!("lookup in static data `{}`", def.name));
            return false;
        }
        let flags = if hash { HASH_FLAGS } else { ARRAY_FLAGS };
        let wrong = if !hash && def.key_size != 4 {
            Some(format!("keys of {} bytes, arrays have 4", def.key_size))
        } else if hash && !(1..=KEY_BYTES).contains(&def.key_size) {
            Some(format!("keys of {} bytes, key units hold 1 to {KEY_BYTES}", def.key_size))
        } else if kind == Some(MapType::Devmap) && ![4, 8].contains(&def.value_size) {
            Some(format!("values of {} bytes, those of a DEVMAP have 4 or 8", def.value_size))
        } else if def.value_size == 0 || def.max_entries == 0 {
            Some("no entries or no bytes in them".to_owned())
        } else if i32::try_from(def.value_size).is_err() {
            Some(format!("values of {} bytes, the kernel's limit is {}", def.value_size, i32::MAX))
        } else if def.flags & !flags != 0 {
            Some(format!("flags {:#x}", def.flags))
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.error(codes::MAP_DEFINITION, format!("map `{}`: {wrong}", def.name));
            return false;
        }
        true
    }

    /// Whether a lookup is known to have found an entry.
    pub(super) fn entry_exists(&self, map: usize, index: Val) -> bool {
        let range = self.state.ranges.get(&self.values, index);
        let inside = !self.maps[map].is_hash() && range.umax < u64::from(self.object.maps[map].max_entries);
        self.state.present.contains(&(map, index)) || inside
    }
}
