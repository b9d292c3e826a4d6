// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The helpers that are interpreted: `map_lookup_elem`, `map_update_elem`, `map_delete_elem`.
//!
//! Arguments are R1 to R5, the result is R0. Keys and values may lie on the stack, in the packet or in a map.

use super::TrapKind;
use super::exec::Machine;
use super::map::Errno;
use super::memory;

/// Numbers of the helpers that are interpreted.
pub const SUPPORTED: &[u32] = &[1, 2, 3];

/// Calls a helper; the result goes to R0.
pub(super) fn call(number: u32, machine: &mut Machine<'_>) -> Result<u64, TrapKind> {
    match number {
        1 => {
            let (map, key) = map_and_key(machine)?;
            let found = machine.map(map).and_then(|found| found.lookup(&key));
            Ok(found.map_or(0, |offset| memory::value(map, offset)))
        }
        2 => {
            let (map, key) = map_and_key(machine)?;
            let size = machine.map(map).map_or(0, |found| found.def().value_size as usize);
            let value = machine.read(3, size)?;
            let flags = machine.get(4)?;
            Ok(status(machine.map(map).map_or(Ok(()), |found| found.update(&key, &value, flags))))
        }
        3 => {
            let (map, key) = map_and_key(machine)?;
            Ok(status(machine.map(map).map_or(Ok(()), |found| found.delete(&key))))
        }
        _ => Err(TrapKind::Helper { number }),
    }
}

/// Index of the map in R1 and the key at R2.
fn map_and_key(machine: &mut Machine<'_>) -> Result<(usize, Vec<u8>), TrapKind> {
    let map = memory::map_of(machine.get(1)?).ok_or(TrapKind::NoMap(1))?;
    let size = machine.map(map).ok_or(TrapKind::NoMap(1))?.def().key_size as usize;
    Ok((map, machine.read(2, size)?))
}

fn status(result: Result<(), Errno>) -> u64 {
    match result {
        Ok(()) => 0,
        Err(errno) => -(errno as i64) as u64,
    }
}
