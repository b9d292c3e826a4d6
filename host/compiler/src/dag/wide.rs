// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Narrow stores side by side become wide ones, copied bytes travel in wide loads, and what would be stored where it
//! came from is not stored.
//!
//! Stores of one block are collected byte by byte until something may look at one of the bytes; then the bytes are put
//! together again in as few stores as their values allow: bytes of one value, constants, bytes that lie side by side in
//! the packet as well. All of it stays within what the program was proved to access.

use crate::ssa::range::Range;
use crate::ssa::values::{Def, Operation, Val, Values};
use crate::ssa::{Address, Effect, Function, Site};
use std::collections::{BTreeMap, HashMap};
use weir_pipeline::words::{AluOp, Size};

/// Wide loads by the narrow ones whose bytes they read: their accesses are also theirs.
pub type Carried = HashMap<Val, Vec<Val>>;

/// How deep the origin of a byte is looked for.
const DEPTH: u32 = 8;

/// Where a byte of a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Byte {
    Const(u8),
    /// A byte of the packet, as a load has read it.
    Packet {
        var: Option<Val>,
        at: i64,
        load: Val,
    },
    /// A byte of some other value, counted from the least significant.
    Of(Val, u8),
}

/// Stores that nothing has looked at yet.
#[derive(Debug, Default)]
struct Group {
    var: Option<Val>,
    sites: Vec<usize>,
    /// By offset: the value stored, and which byte of it.
    bytes: BTreeMap<i64, (Val, u8)>,
    bounds: (i64, i64),
}

/// A store in place of others.
#[derive(Debug)]
struct Wide {
    offset: i64,
    size: Size,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Value(Val),
    Const(u64),
    /// The bytes that these loads read, the first of which is the earliest, from an offset on.
    Copy {
        at: i64,
        loads: Vec<Val>,
    },
}

/// Replaces what gets better by it.
pub fn widen(function: &mut Function) -> Carried {
    let mut plans: Vec<(Group, Vec<Wide>)> = Vec::new();
    let mut first_site: HashMap<Val, usize> = HashMap::new();
    for (index, site) in function.sites.iter().enumerate() {
        if let Effect::Load(load) = site.effect {
            first_site.entry(load).or_insert(index);
        }
    }
    let widening = Widening { function, first_site };
    let mut group = Group::default();
    for (index, site) in function.sites.iter().enumerate() {
        let apart = group.sites.first().is_some_and(|first| {
            let first = &function.sites[*first];
            let store = matches!(site.effect, Effect::Store { .. });
            first.block != site.block || (store && first.when != site.when)
        });
        if apart || widening.ends(&group, &site.effect) {
            plans.extend(widening.plan(std::mem::take(&mut group)));
        }
        if let Effect::Store { address, size, data, bounds } = site.effect {
            group.add(index, address, size, data, bounds);
        }
    }
    plans.extend(widening.plan(group));
    apply(function, plans)
}

impl Group {
    fn add(&mut self, site: usize, address: Address, size: Size, data: Val, bounds: (i64, i64)) {
        // From the first byte of the group's stores to the last.
        let end = bounds.1 + i64::from(size.bytes());
        let (least, most) = if self.sites.is_empty() { (bounds.0, end) } else { self.bounds };
        self.bounds = (least.min(bounds.0), most.max(end));
        self.var = address.var;
        self.sites.push(site);
        for byte in 0..size.bytes() as u8 {
            self.bytes.insert(address.offset + i64::from(byte), (data, byte));
        }
    }
}

struct Widening<'a> {
    function: &'a Function,
    first_site: HashMap<Val, usize>,
}

impl Widening<'_> {
    /// Whether an effect must find the stores of a group done.
    fn ends(&self, group: &Group, effect: &Effect) -> bool {
        if group.sites.is_empty() {
            return false;
        }
        match *effect {
            Effect::Store { address, .. } => address.var != group.var,
            Effect::Load(load) => match *self.function.values.def(load) {
                Def::Load { address, size, .. } if address.var == group.var => {
                    (0..i64::from(size.bytes())).any(|i| group.bytes.contains_key(&(address.offset + i)))
                }
                Def::Load { size, .. } => {
                    let (least, most) = self.function.values.load_bounds(load);
                    least < group.bounds.1 && group.bounds.0 < most.saturating_add(size.bytes().into())
                }
                _ => true,
            },
            Effect::Read(_) | Effect::Key(_) | Effect::Write { .. } | Effect::Add { .. } => false,
        }
    }

    /// Whether a store between two places of the program, `except` some, can change a byte that a load reads.
    fn changed(&self, load: Val, at: i64, bytes: i64, from: usize, to: usize, except: &[usize]) -> bool {
        let Def::Load { address: loaded, size, .. } = *self.function.values.def(load) else { return true };
        let (least, most) = self.function.values.load_bounds(load);
        let most = most.saturating_add(size.bytes().into());
        let sites = self.function.sites.iter().enumerate().take(to).skip(from);
        sites.filter(|(index, _)| !except.contains(index)).any(|(_, site)| match site.effect {
            Effect::Store { address, size, bounds, .. } => {
                let width = i64::from(size.bytes());
                if address.var == loaded.var {
                    address.offset < at + bytes && at < address.offset + width
                } else {
                    bounds.0 < most && least < bounds.1.saturating_add(width)
                }
            }
            _ => false,
        })
    }

    fn plan(&self, group: Group) -> Option<(Group, Vec<Wide>)> {
        let last = *group.sites.last()?;
        let mut wides = Vec::new();
        let mut runs: Vec<Vec<(i64, Val, u8)>> = Vec::new();
        for (offset, (value, index)) in &group.bytes {
            if self.is_there_already(&group, *offset, *value, *index, last) {
                continue;
            }
            match runs.last_mut() {
                Some(run) if run.last().is_some_and(|(at, ..)| at + 1 == *offset) => {
                    run.push((*offset, *value, *index));
                }
                _ => runs.push(vec![(*offset, *value, *index)]),
            }
        }
        for run in runs {
            let mut rest = &run[..];
            while let Some((offset, ..)) = rest.first() {
                let tile = [Size::B8, Size::B4, Size::B2, Size::B1].into_iter().find_map(|size| {
                    let bytes = rest.get(..size.bytes() as usize)?;
                    Some((size, self.data(bytes, size)?))
                });
                let (size, data) = tile?;
                wides.push(Wide { offset: *offset, size, data });
                rest = &rest[size.bytes() as usize..];
            }
        }
        (wides.len() < group.sites.len()).then_some((group, wides))
    }

    /// Whether a byte is stored where it has been read.
    fn is_there_already(&self, group: &Group, offset: i64, value: Val, index: u8, last: usize) -> bool {
        match byte(&self.function.values, value, index, DEPTH) {
            Byte::Packet { var, at, load } if var == group.var && at == offset => {
                let from = self.first_site.get(&load).copied();
                from.is_some_and(|from| !self.changed(load, at, 1, from, last, &group.sites))
            }
            _ => false,
        }
    }

    /// What the bytes are as one value, if they are.
    fn data(&self, bytes: &[(i64, Val, u8)], size: Size) -> Option<Data> {
        let (_, value, _) = bytes[0];
        if (0..).zip(bytes).all(|(i, (_, v, index))| *v == value && *index == i) {
            return Some(Data::Value(value));
        }
        let values = &self.function.values;
        let origins: Vec<Byte> = bytes.iter().map(|(_, v, i)| byte(values, *v, *i, DEPTH)).collect();
        if let Some(constants) = all(&origins, |b| if let Byte::Const(c) = b { Some(c) } else { None }) {
            let mut word = constants.iter().rev().fold(0u64, |word, c| word << 8 | u64::from(*c));
            if size != Size::B8 {
                let unused = 64 - 8 * size.bytes();
                word = ((word << unused) as i64 >> unused) as u64;
            }
            return i32::try_from(word as i64).is_ok().then_some(Data::Const(word));
        }
        let of = |b| if let Byte::Of(v, i) = b { Some((v, i)) } else { None };
        if let Some(parts) = all(&origins, of) {
            let same = (0..).zip(&parts).all(|(i, (v, index))| *v == parts[0].0 && *index == i);
            return same.then(|| Data::Value(parts[0].0));
        }
        let packet = |b| if let Byte::Packet { var, at, load } = b { Some((var, at, load)) } else { None };
        let parts = all(&origins, packet)?;
        let (var, at, _) = parts[0];
        if !(0..).zip(&parts).all(|(i, (v, a, _))| *v == var && *a == at + i) {
            return None;
        }
        // All of them at the place of the first: nothing may have changed until their own.
        let place =
            |(_, _, load): &(Option<Val>, i64, Val)| Some((self.first_site.get(load).copied()?, *load));
        let mut loads = parts.iter().map(place).collect::<Option<Vec<(usize, Val)>>>()?;
        loads.sort_unstable();
        loads.dedup();
        let from = loads.first()?.0;
        let kept = parts.iter().all(|(_, a, load)| {
            let to = self.first_site.get(load).copied().unwrap_or(usize::MAX);
            !self.changed(*load, *a, 1, from, to, &[])
        });
        kept.then(|| Data::Copy { at, loads: loads.into_iter().map(|(_, load)| load).collect() })
    }
}

fn all<T>(bytes: &[Byte], part: impl Fn(Byte) -> Option<T>) -> Option<Vec<T>> {
    bytes.iter().map(|b| part(*b)).collect()
}

/// Where a byte of a value comes from.
fn byte(values: &Values, value: Val, index: u8, depth: u32) -> Byte {
    let own = Byte::Of(value, index);
    let Some(depth) = depth.checked_sub(1) else { return own };
    match *values.def(value) {
        Def::Const(c) => Byte::Const((c >> (8 * index)) as u8),
        Def::Load { address, size, .. } if u32::from(index) < size.bytes() => {
            Byte::Packet { var: address.var, at: address.offset + i64::from(index), load: value }
        }
        Def::Load { .. } => Byte::Const(0),
        Def::Op { op: Operation::Alu(op), is32, a, b } => {
            if is32 && index >= 4 {
                return Byte::Const(0);
            }
            let width: u8 = if is32 { 4 } else { 8 };
            let constant = values.constant_of(b);
            let shift =
                constant.map(|c| c % (8 * u64::from(width))).filter(|c| c % 8 == 0).map(|c| (c / 8) as u8);
            let swapped = |bytes: u8| match bytes.checked_sub(index + 1) {
                Some(from) => byte(values, b, from, depth),
                None => Byte::Const(0),
            };
            match (op, shift) {
                (AluOp::Mov, _) => byte(values, b, index, depth),
                (AluOp::Rsh, Some(by)) if index + by >= width => Byte::Const(0),
                (AluOp::Rsh, Some(by)) => byte(values, a, index + by, depth),
                (AluOp::Lsh, Some(by)) => match index.checked_sub(by) {
                    Some(from) => byte(values, a, from, depth),
                    None => Byte::Const(0),
                },
                (AluOp::And, _) => match constant.map(|mask| (mask >> (8 * index)) as u8) {
                    Some(0) => Byte::Const(0),
                    Some(0xff) => byte(values, a, index, depth),
                    _ => own,
                },
                (AluOp::Swap16, _) => swapped(2),
                (AluOp::Swap32, _) => swapped(4),
                (AluOp::Swap64, _) => swapped(8),
                (AluOp::Or, _) => match (byte(values, a, index, depth), byte(values, b, index, depth)) {
                    (Byte::Const(0), other) | (other, Byte::Const(0)) => other,
                    _ => own,
                },
                _ => own,
            }
        }
        _ => own,
    }
}

fn apply(function: &mut Function, plans: Vec<(Group, Vec<Wide>)>) -> Carried {
    let mut carried = Carried::new();
    let mut instead: HashMap<usize, Vec<Site>> = HashMap::new();
    for (group, wides) in plans {
        let mut insns: Vec<u32> = group.sites.iter().flat_map(|s| function.sites[*s].insns.clone()).collect();
        insns.sort_unstable();
        insns.dedup();
        let Some(last) = group.sites.last().copied() else { continue };
        let mut sites = Vec::new();
        for Wide { offset, size, data } in wides {
            let data = match data {
                Data::Value(value) => value,
                Data::Const(value) => function.values.constant(value),
                Data::Copy { at, loads } => copy(function, at, size, &loads, &mut carried),
            };
            let address = Address { var: group.var, offset };
            let Site { block, at, when, .. } = function.sites[last];
            let bounds = (group.bounds.0, group.bounds.1 - i64::from(size.bytes()));
            let effect = Effect::Store { address, size, data, bounds };
            sites.push(Site { block, effect, when, insns: insns.clone(), at });
        }
        for site in &group.sites {
            instead.insert(*site, Vec::new());
        }
        instead.insert(last, sites);
    }
    if !instead.is_empty() {
        let sites = std::mem::take(&mut function.sites);
        for (index, site) in sites.into_iter().enumerate() {
            match instead.remove(&index) {
                Some(sites) => function.sites.extend(sites),
                None => function.sites.push(site),
            }
        }
    }
    carried
}

/// One load in place of several, at the place of the first.
fn copy(function: &mut Function, at: i64, size: Size, loads: &[Val], carried: &mut Carried) -> Val {
    let first = loads[0];
    let Def::Load { address, version, .. } = *function.values.def(first) else { return first };
    let (least, most) = function.values.load_bounds(first);
    let moved = at - address.offset;
    let range = Range::unsigned(0, u64::MAX >> (64 - 8 * size.bytes()));
    let address = Address { offset: at, ..address };
    let wide = function.values.intern(Def::Load { address, size, version }, range);
    function.values.note_load_bounds(wide, (least + moved, most + moved));
    for load in loads {
        for insn in function.values.insns(*load).to_vec() {
            function.values.credit(wide, insn);
        }
        if *load != wide {
            carried.entry(*load).or_default().push(wide);
        }
    }
    wide
}
