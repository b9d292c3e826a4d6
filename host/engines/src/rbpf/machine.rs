// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The memory of a program that rbpf runs, and the helpers that it calls.
//!
//! rbpf calls helpers as bare functions, so the machine of the running program stands in thread-local storage. rbpf
//! itself reaches the arena through the address that it is told; nothing here holds on to a part of it meanwhile.

use super::rewrite::FRAME;
use super::table::{Status, Table};
use crate::packet::{Meta, NOWHERE};
use rbpf::Helper;
use std::cell::RefCell;
use std::collections::HashMap;
use weir_bpf::Object;
use weir_bpf::interp::helper as number;
use weir_pipeline::random::random_number;

/// Below is no memory, so that no small number is an address.
pub const ORIGIN: usize = 4096;
/// Address of `struct xdp_md`.
pub const CONTEXT: usize = ORIGIN;
/// Address of the packet's buffer.
const BUFFER: usize = ORIGIN + 64;
/// What a program may take of the headroom.
const HEADROOM: usize = 216;
/// Most bytes of a packet.
pub const MAX_PACKET: usize = 0xffff;
/// Address of the stack.
const STACK: usize = 0x2_0000;
/// Address of the end of the first frame.
pub const FRAME_END: usize = STACK + 8 * FRAME;
/// Address of the first map's values.
const VALUES: usize = FRAME_END;
/// What stands for map n is this and n: behind all addresses.
const MAPS: usize = 0x7000_0000;

const ETHERNET_HEADER: usize = 14;
const XDP_ABORTED: u64 = 0;
const XDP_REDIRECT: u64 = 4;
const EFAULT: i64 = -14;
const EINVAL: i64 = -22;

/// Memory and maps of a program.
pub struct Machine {
    pub arena: Vec<u8>,
    pub tables: Vec<Option<Table>>,
    start: usize,
    end: usize,
    meta: Meta,
    redirect: u32,
    drawn: HashMap<u64, u32>,
    /// What a helper was called with that the verifier would not admit.
    error: Option<String>,
}

impl Machine {
    /// The maps of an object; those of kinds that are not here are left out.
    pub fn new(object: &Object) -> Result<Machine, String> {
        let (mut tables, mut end) = (Vec::new(), VALUES as u64);
        for definition in &object.maps {
            let table = Table::new(definition, end as usize);
            end += if table.is_some() { Table::bytes(definition) } else { 0 };
            if end > MAPS as u64 {
                return Err("its maps hold more than rbpf is given".into());
            }
            tables.push(table);
        }
        let mut machine = Machine {
            arena: vec![0; end as usize],
            tables,
            start: 0,
            end: 0,
            meta: Meta::default(),
            redirect: NOWHERE,
            drawn: HashMap::new(),
            error: None,
        };
        for (definition, table) in object.maps.iter().zip(&mut machine.tables) {
            if let (Some(initial), Some(table)) = (&definition.initial, table) {
                let set = table.update(&mut machine.arena, &[0; 4], initial, 0);
                set.map_err(|status| format!("map `{}`: first value: {status:?}", definition.name))?;
            }
        }
        Ok(machine)
    }

    /// What stands for a map in a register.
    pub fn handle(&self, map: u32) -> Option<i32> {
        self.tables.get(map as usize)?.as_ref()?;
        i32::try_from(MAPS + map as usize).ok()
    }

    /// Address of a byte of a map's first value.
    pub fn value(&self, map: u32, offset: u32) -> Option<i32> {
        let first = self.tables.get(map as usize)?.as_ref()?.find(&[0; 4])?;
        i32::try_from(first + offset as usize).ok()
    }

    /// Puts a packet into its buffer.
    pub fn receive(&mut self, packet: &[u8], meta: Meta) {
        (self.start, self.end) = (BUFFER + HEADROOM, BUFFER + HEADROOM + packet.len());
        self.arena[BUFFER..self.start].fill(0);
        self.arena[self.start..self.end].copy_from_slice(packet);
        (self.meta, self.redirect, self.error) = (meta, NOWHERE, None);
        self.drawn.clear();
        self.write_context();
    }

    /// The packet, and where it goes if it is redirected; or what was wrong with a call.
    pub fn send(&mut self) -> Result<(Vec<u8>, u32), String> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok((self.arena[self.start..self.end].to_vec(), self.redirect)),
        }
    }

    fn write_context(&mut self) {
        let (start, end) = (self.start as u32, self.end as u32);
        let fields = [start, end, start, self.meta.ingress_ifindex, self.meta.rx_queue_index, 0];
        for (field, bytes) in fields.iter().zip(self.arena[CONTEXT..].chunks_mut(4)) {
            bytes.copy_from_slice(&field.to_le_bytes());
        }
    }

    fn read(&self, address: u64, length: usize) -> Result<Vec<u8>, String> {
        let bytes = usize::try_from(address).ok().filter(|start| *start >= ORIGIN).and_then(|start| {
            let end = start.checked_add(length)?;
            self.arena.get(start..end)
        });
        bytes.map(<[u8]>::to_vec).ok_or_else(|| format!("{length} bytes at {address:#x} are not memory"))
    }

    fn map(&mut self, handle: u64) -> Result<(usize, &mut Table), String> {
        let map = usize::try_from(handle).ok().and_then(|handle| handle.checked_sub(MAPS));
        let table = map.and_then(|map| Some((map, self.tables.get_mut(map)?.as_mut()?)));
        table.ok_or_else(|| format!("{handle:#x} is no map"))
    }

    fn lookup(&mut self, map: u64, key: u64) -> Result<u64, String> {
        let size = self.map(map)?.1.definition.key_size as usize;
        let key = self.read(key, size)?;
        Ok(self.map(map)?.1.find(&key).unwrap_or(0) as u64)
    }

    fn change(&mut self, map: u64, key: u64, value: Option<(u64, u64)>) -> Result<u64, String> {
        let (index, table) = self.map(map)?;
        if !table.is_writable() {
            return Err(format!("map `{}` cannot be changed", table.definition.name));
        }
        let (key_size, value_size) = (table.definition.key_size, table.definition.value_size);
        let key = self.read(key, key_size as usize)?;
        let value =
            value.map(|(address, flags)| Ok::<_, String>((self.read(address, value_size as usize)?, flags)));
        let value = value.transpose()?;
        let Machine { arena, tables, .. } = self;
        let Some(Some(table)) = tables.get_mut(index) else { return Err("no map".into()) };
        Ok(status(match value {
            Some((value, flags)) => table.update(arena, &key, &value, flags),
            None => table.delete(&key),
        }))
    }

    fn redirect_map(&mut self, map: u64, key: u64, flags: u64) -> Result<u64, String> {
        const ACTION: u64 = 3;
        const BROADCAST: u64 = 8;
        const EXCLUDE_INGRESS: u64 = 16;
        let table = self.map(map)?.1;
        if !table.holds_devices() {
            return Err(format!("map `{}` holds no interfaces", table.definition.name));
        }
        let found = table.find(&(key as u32).to_le_bytes());
        if flags & !(ACTION | BROADCAST | EXCLUDE_INGRESS) != 0 {
            return Ok(XDP_ABORTED);
        }
        if flags & BROADCAST != 0 {
            return Err("a redirect to all interfaces of a map".into());
        }
        let Some(found) = found else {
            self.redirect = NOWHERE;
            return Ok(flags & ACTION);
        };
        let interface = self.read(found as u64, 4)?;
        self.redirect = interface.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte));
        Ok(XDP_REDIRECT)
    }

    fn adjust_head(&mut self, offset: u64) -> u64 {
        let start = self.start as i64 + i64::from(offset as i32);
        if start < BUFFER as i64 || start > self.end as i64 - ETHERNET_HEADER as i64 {
            return EINVAL as u64;
        }
        self.start = start as usize;
        self.write_context();
        0
    }

    /// `xdp_load_bytes` and `xdp_store_bytes`.
    fn copy(&mut self, offset: u64, address: u64, length: u64, to_packet: bool) -> Result<u64, String> {
        let (offset, length) = (offset as u32 as usize, length as u32 as usize);
        if offset > 0xffff {
            return Ok(EFAULT as u64);
        }
        if offset + length > self.end - self.start {
            return Ok(EINVAL as u64);
        }
        let packet = (self.start + offset) as u64;
        let (from, to) = if to_packet { (address, packet) } else { (packet, address) };
        let bytes = self.read(from, length)?;
        self.read(to, length)?;
        self.arena[to as usize..][..length].copy_from_slice(&bytes);
        Ok(0)
    }

    fn call(&mut self, helper: u32, [r1, r2, r3, r4]: [u64; 4]) -> Result<u64, String> {
        let with_context =
            matches!(helper, number::XDP_ADJUST_HEAD | number::XDP_LOAD_BYTES | number::XDP_STORE_BYTES);
        if with_context && r1 != CONTEXT as u64 {
            return Err(format!("{r1:#x} is not the context"));
        }
        match helper {
            number::LOOKUP => self.lookup(r1, r2),
            number::UPDATE => self.change(r1, r2, Some((r3, r4))),
            number::DELETE => self.change(r1, r2, None),
            number::KTIME_GET_NS => Ok(self.meta.timestamp),
            // The rewritten program says where it calls from.
            number::GET_PRANDOM_U32 => {
                let drawn = self.drawn.entry(r1).or_default();
                let occurrence = *drawn;
                *drawn += 1;
                Ok(random_number(self.meta.random, r1 as u32, occurrence).into())
            }
            number::GET_SMP_PROCESSOR_ID => Ok(0),
            number::REDIRECT if r2 != 0 => Ok(XDP_ABORTED),
            number::REDIRECT => {
                self.redirect = r1 as u32;
                Ok(XDP_REDIRECT)
            }
            number::REDIRECT_MAP => self.redirect_map(r1, r2, r3),
            number::XDP_ADJUST_HEAD => Ok(self.adjust_head(r2)),
            number::XDP_LOAD_BYTES => self.copy(r2, r3, r4, false),
            number::XDP_STORE_BYTES => self.copy(r2, r3, r4, true),
            _ => Err(format!("helper {helper} is not here")),
        }
    }
}

fn status(result: Result<(), Status>) -> u64 {
    match result {
        Ok(()) => 0,
        Err(status) => status as i64 as u64,
    }
}

thread_local! {
    /// The machine of the program that runs.
    static RUNNING: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

/// Lends the machine to the helpers while `run` runs.
pub fn with_helpers<R>(machine: Machine, run: impl FnOnce() -> R) -> (Option<Machine>, R) {
    RUNNING.with(|running| *running.borrow_mut() = Some(machine));
    let result = run();
    (RUNNING.with(|running| running.borrow_mut().take()), result)
}

fn call<const HELPER: u32>(r1: u64, r2: u64, r3: u64, r4: u64, _r5: u64) -> u64 {
    RUNNING.with(|running| {
        let mut running = running.borrow_mut();
        let Some(machine) = running.as_mut() else { return 0 };
        match machine.call(HELPER, [r1, r2, r3, r4]) {
            Ok(result) => result,
            Err(error) => {
                machine.error.get_or_insert(error);
                0
            }
        }
    })
}

/// The helpers as rbpf wants them.
pub const HELPERS: [(u32, Helper); 11] = [
    (number::LOOKUP, call::<{ number::LOOKUP }>),
    (number::UPDATE, call::<{ number::UPDATE }>),
    (number::DELETE, call::<{ number::DELETE }>),
    (number::KTIME_GET_NS, call::<{ number::KTIME_GET_NS }>),
    (number::GET_PRANDOM_U32, call::<{ number::GET_PRANDOM_U32 }>),
    (number::GET_SMP_PROCESSOR_ID, call::<{ number::GET_SMP_PROCESSOR_ID }>),
    (number::REDIRECT, call::<{ number::REDIRECT }>),
    (number::REDIRECT_MAP, call::<{ number::REDIRECT_MAP }>),
    (number::XDP_ADJUST_HEAD, call::<{ number::XDP_ADJUST_HEAD }>),
    (number::XDP_LOAD_BYTES, call::<{ number::XDP_LOAD_BYTES }>),
    (number::XDP_STORE_BYTES, call::<{ number::XDP_STORE_BYTES }>),
];
