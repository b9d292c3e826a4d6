// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The helpers that are interpreted, with the return values of the kernel's own (net/core/filter.c, kernel/bpf).
//!
//! Arguments are R1 to R5, the result is R0. Keys, values and buffers may lie on the stack, in a map or, but for
//! `xdp_load_bytes` and `xdp_store_bytes`, in the packet. The clock stands at the packet's time of arrival and random
//! numbers are a function of the packet's metadata and the call site ([`weir_pipeline::random`]), so that every engine
//! sees the same; there is one CPU, number 0.

use super::TrapKind;
use super::exec::Machine;
use super::map::Errno;
use super::memory;
pub use super::memory::HEADROOM;

/// Numbers of the helpers that are interpreted.
pub const SUPPORTED: &[u32] = &[
    LOOKUP,
    UPDATE,
    DELETE,
    KTIME_GET_NS,
    GET_PRANDOM_U32,
    GET_SMP_PROCESSOR_ID,
    REDIRECT,
    XDP_ADJUST_HEAD,
    REDIRECT_MAP,
    XDP_LOAD_BYTES,
    XDP_STORE_BYTES,
];

/// `map_lookup_elem`
pub const LOOKUP: u32 = 1;
/// `map_update_elem`
pub const UPDATE: u32 = 2;
/// `map_delete_elem`
pub const DELETE: u32 = 3;
/// `ktime_get_ns`
pub const KTIME_GET_NS: u32 = 5;
/// `get_prandom_u32`
pub const GET_PRANDOM_U32: u32 = 7;
/// `get_smp_processor_id`
pub const GET_SMP_PROCESSOR_ID: u32 = 8;
/// `redirect`
pub const REDIRECT: u32 = 23;
/// `xdp_adjust_head`
pub const XDP_ADJUST_HEAD: u32 = 44;
/// `redirect_map`
pub const REDIRECT_MAP: u32 = 51;
/// `xdp_load_bytes`
pub const XDP_LOAD_BYTES: u32 = 189;
/// `xdp_store_bytes`
pub const XDP_STORE_BYTES: u32 = 190;

const XDP_ABORTED: u32 = 0;
/// Verdict of a packet that goes to another interface.
pub(super) const XDP_REDIRECT: u32 = 4;

/// Flags of `redirect_map`: the verdict where nothing is found.
const ACTION_MASK: u64 = 3;
/// Flag of `redirect_map`: to all interfaces of the map.
const BROADCAST: u64 = 1 << 3;
/// Flag of `redirect_map`: but for the one that the packet came from.
const EXCLUDE_INGRESS: u64 = 1 << 4;

/// Calls a helper; the result goes to R0.
pub(super) fn call(number: u32, machine: &mut Machine<'_>) -> Result<u64, TrapKind> {
    match number {
        LOOKUP => {
            let (map, key) = map_and_key(machine)?;
            let found = machine.map(map).and_then(|found| found.lookup(&key));
            Ok(found.map_or(0, |offset| memory::value(map, offset)))
        }
        UPDATE => {
            let (map, key) = changeable(number, machine)?;
            let size = machine.map(map).map_or(0, |found| found.def().value_size as usize);
            let value = machine.read(3, size)?;
            let flags = machine.get(4)?;
            Ok(status(machine.map(map).map_or(Ok(()), |found| found.update(&key, &value, flags))))
        }
        DELETE => {
            let (map, key) = changeable(number, machine)?;
            Ok(status(machine.map(map).map_or(Ok(()), |found| found.delete(&key))))
        }
        KTIME_GET_NS => {
            machine.world().clock = true;
            Ok(machine.metadata().timestamp)
        }
        GET_PRANDOM_U32 => {
            let (slot, random) = (machine.slot(), machine.metadata().random);
            let drawn = machine.world().drawn.entry(slot).or_default();
            let occurrence = *drawn;
            *drawn += 1;
            Ok(weir_pipeline::random::random_number(random, slot as u32, occurrence).into())
        }
        GET_SMP_PROCESSOR_ID => Ok(0),
        REDIRECT => {
            let (interface, flags) = (machine.get(1)? as u32, machine.get(2)?);
            if flags != 0 {
                return Ok(XDP_ABORTED.into());
            }
            machine.world().redirect = Some(interface);
            Ok(XDP_REDIRECT.into())
        }
        REDIRECT_MAP => redirect_map(machine),
        XDP_ADJUST_HEAD => {
            context(machine)?;
            let offset = machine.get(2)? as i32;
            Ok(status(if machine.adjust_head(offset) { Ok(()) } else { Err(Errno::Invalid) }))
        }
        XDP_LOAD_BYTES => match bytes(machine)? {
            Ok(range) => {
                let read = machine.packet()[range].to_vec();
                machine.write(3, &read)?;
                Ok(0)
            }
            Err(errno) => Ok(status(Err(errno))),
        },
        XDP_STORE_BYTES => match bytes(machine)? {
            Ok(range) => {
                let written = machine.read(3, range.len())?;
                machine.packet()[range].copy_from_slice(&written);
                Ok(0)
            }
            Err(errno) => Ok(status(Err(errno))),
        },
        _ => Err(TrapKind::Helper { number }),
    }
}

fn redirect_map(machine: &mut Machine<'_>) -> Result<u64, TrapKind> {
    let map = map_argument(machine)?;
    // The kernel's lookup takes a 32-bit key.
    let (key, flags) = (machine.get(2)? as u32, machine.get(3)?);
    let devices = machine.map(map).filter(|found| found.holds_devices());
    let device = match devices {
        Some(devices) => devices.device(key),
        None => return Err(wrong_map(REDIRECT_MAP, map, machine)),
    };
    if flags & !(ACTION_MASK | BROADCAST | EXCLUDE_INGRESS) != 0 {
        return Ok(XDP_ABORTED.into());
    }
    if flags & BROADCAST != 0 {
        return Err(TrapKind::Broadcast);
    }
    machine.world().redirect = device;
    Ok(if device.is_some() { XDP_REDIRECT.into() } else { flags & ACTION_MASK })
}

/// The part of the packet that `xdp_load_bytes` and `xdp_store_bytes` name by offset (R2) and length (R4).
fn bytes(machine: &mut Machine<'_>) -> Result<Result<std::ops::Range<usize>, Errno>, TrapKind> {
    context(machine)?;
    let (offset, length) = (machine.get(2)? as u32, machine.get(4)? as u32);
    // Checked by the verifier whatever the packet is.
    machine.get(3)?;
    if offset > 0xffff {
        return Ok(Err(Errno::Fault));
    }
    let (start, end) = (offset as usize, offset as usize + length as usize);
    Ok(if end <= machine.packet().len() { Ok(start..end) } else { Err(Errno::Invalid) })
}

/// R1 must be the context.
fn context(machine: &Machine<'_>) -> Result<(), TrapKind> {
    if machine.get(1)? == memory::context() { Ok(()) } else { Err(TrapKind::NoContext(1)) }
}

/// Index of the map in R1.
fn map_argument(machine: &mut Machine<'_>) -> Result<usize, TrapKind> {
    let map = memory::map_of(machine.get(1)?).ok_or(TrapKind::NoMap(1))?;
    machine.map(map).map(|_| map).ok_or(TrapKind::NoMap(1))
}

/// Index of the map in R1 and the key at R2.
fn map_and_key(machine: &mut Machine<'_>) -> Result<(usize, Vec<u8>), TrapKind> {
    let map = map_argument(machine)?;
    let size = machine.map(map).map_or(0, |found| found.def().key_size as usize);
    Ok((map, machine.read(2, size)?))
}

/// The same for a map that programs may change.
fn changeable(number: u32, machine: &mut Machine<'_>) -> Result<(usize, Vec<u8>), TrapKind> {
    let (map, key) = map_and_key(machine)?;
    match machine.map(map).is_some_and(|found| found.writable()) {
        true => Ok((map, key)),
        false => Err(wrong_map(number, map, machine)),
    }
}

fn wrong_map(number: u32, map: usize, machine: &mut Machine<'_>) -> TrapKind {
    let map = machine.map(map).map_or_else(String::new, |found| found.def().name.clone());
    TrapKind::WrongMap { number, map }
}

fn status(result: Result<(), Errno>) -> u64 {
    match result {
        Ok(()) => 0,
        Err(errno) => -(errno as i64) as u64,
    }
}
