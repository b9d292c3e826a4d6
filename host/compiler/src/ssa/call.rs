// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Helper calls: `map_lookup_elem` on arrays, which needs no hardware of its own. The entry is the index, null is an
//! index beyond the end.

use super::build::Builder;
use super::state::Slot;
use super::values::Val;
use crate::diag::{Diagnostic, codes};
use weir_bpf::{MapDef, MapType};

/// `BPF_FUNC_map_lookup_elem`
const MAP_LOOKUP_ELEM: u32 = 1;

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

/// `BPF_F_MMAPABLE` and `BPF_F_RDONLY`: they bind the host, not the program.
const HARMLESS_FLAGS: u32 = 1 << 10 | 1 << 3;

impl Builder<'_> {
    pub(super) fn call(&mut self, number: u32) {
        let result = if number == MAP_LOOKUP_ELEM {
            self.lookup()
        } else {
            let name = HELPERS.iter().find(|(n, _)| *n == number).map(|(_, name)| *name);
            let name = name.map_or(format!("number {number}"), |name| format!("bpf_{name}"));
            self.error(codes::HELPER, format!("helper {name} is not supported"));
            None
        };
        self.state.registers[0] = result.unwrap_or(Slot::Poison);
        self.state.registers[1..6].fill(Slot::Uninitialised);
    }

    fn lookup(&mut self) -> Option<Slot> {
        let (map, key) = (self.read(1), self.read(2));
        let map = match map {
            Slot::Map(map) => map,
            Slot::Poison => return None,
            other => {
                let message = format!("the first argument is {}, not a map", other.describe());
                self.error(codes::ARGUMENT, message);
                return None;
            }
        };
        let def = self.object.maps.get(map).cloned().unwrap_or_default();
        if !self.check_map(&def) {
            return None;
        }
        let key = self.load_at(key, 0, 4, "map key")?;
        Some(Slot::MapValue { map, index: key, var: None, offset: 0 })
    }

    fn check_map(&mut self, def: &MapDef) -> bool {
        let kind = def.kind();
        if !matches!(kind, Some(MapType::Array | MapType::PercpuArray)) {
            let message =
                format!("map `{}` has the type {}, which no table unit holds", def.name, def.type_name());
            self.report(Diagnostic::error(codes::MAP_TYPE, message));
            return false;
        }
        if def.initial.is_some() {
            self.error(codes::STATIC_DATA, format!("lookup in static data `{}`", def.name));
            return false;
        }
        let wrong = if def.key_size != 4 {
            Some(format!("keys of {} bytes, arrays have 4", def.key_size))
        } else if def.value_size == 0 || def.max_entries == 0 {
            Some("no entries or no bytes in them".to_owned())
        } else if i32::try_from(def.value_size).is_err() {
            Some(format!("values of {} bytes, the kernel's limit is {}", def.value_size, i32::MAX))
        } else if def.flags & !HARMLESS_FLAGS != 0 {
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

    /// Whether an index is known to be within its array.
    pub(super) fn entry_exists(&self, map: usize, index: Val) -> bool {
        let range = self.state.ranges.get(&self.values, index);
        self.state.present.contains(&(map, index))
            || range.umax < u64::from(self.object.maps[map].max_entries)
    }
}
