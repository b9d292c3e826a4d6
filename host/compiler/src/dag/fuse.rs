// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Load, addition and store of one word of a map's value become one addition in the table unit: it needs one access
//! instead of two, and no gap between packets.

use super::reads::part;
use crate::ssa::values::{Def, Operation, Val};
use crate::ssa::{Effect, Function, TableAddress};
use weir_pipeline::words::{AluOp, Size};

/// Replaces what can be replaced.
pub fn fuse(function: &mut Function) {
    for index in 0..function.sites.len() {
        let Effect::Write { address, size, data } = function.sites[index].effect else { continue };
        if size.bytes() < Size::B4.bytes() {
            continue;
        }
        let Some((word, read, addend)) = sum(function, data, address, size) else { continue };
        if !unchanged(function, word, index, address, size) {
            continue;
        }
        let values = [word, read, data];
        let insns: Vec<u32> = values.iter().flat_map(|v| function.values.insns(*v).to_vec()).collect();
        let site = &mut function.sites[index];
        site.effect = Effect::Add { address, size, data: addend };
        site.insns.extend(insns);
        site.insns.sort_unstable();
        site.insns.dedup();
    }
}

/// If a value is the sum of what stood at a place and a number: the read, what of it is that place, and the number.
fn sum(function: &Function, value: Val, address: TableAddress, size: Size) -> Option<(Val, Val, Val)> {
    let Def::Op { op: Operation::Alu(AluOp::Add), is32, a, b } = *function.values.def(value) else {
        return None;
    };
    // The low 32 bits of a sum are the same in both widths; all 64 only in the wide one.
    if is32 && size != Size::B4 {
        return None;
    }
    let at_address = |v: Val| {
        part(&function.values, v)
            .filter(|p| {
                (p.address.map, p.address.var, p.address.offset, p.size)
                    == (address.map, address.var, address.offset, size)
            })
            .map(|p| p.read)
    };
    match (at_address(a), at_address(b)) {
        (Some(read), _) => Some((read, a, b)),
        (None, Some(read)) => Some((read, b, a)),
        (None, None) => None,
    }
}

/// Whether nothing else of the program can have changed a place between its read and a write.
fn unchanged(function: &Function, read: Val, write: usize, address: TableAddress, size: Size) -> bool {
    let Some(first) = function.sites.iter().position(|s| s.effect == Effect::Read(read)) else {
        return false;
    };
    function.sites[first..write].iter().all(|site| match site.effect {
        Effect::Write { address: other, size: bytes, .. }
        | Effect::Add { address: other, size: bytes, .. } => !address.overlaps(size, &other, bytes),
        Effect::Load(_) | Effect::Read(_) | Effect::Key(_) | Effect::Store { .. } => true,
    })
}
