// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Load, addition and store of one word of a map's value become one addition in the table unit: it needs one access
//! instead of two, and no gap between packets.
//!
//! Paths may meet between load and store: then the word that is added to is a phi, and so may its place be. What matters
//! is that on each path the word was read where the sum is stored, and that nothing on the way has changed it.

use super::reads::part;
use crate::ssa::values::{Def, Operation, Val, Values, evaluate};
use crate::ssa::{Effect, Function, Site, TableAddress};
use weir_pipeline::words::{AluOp, Size};

/// How many reads the summand of one addition may come from.
const MOST_READS: usize = 64;

/// How many operations deep a place is followed back to where paths meet.
const DEPTH: u32 = 8;

/// Replaces what can be replaced.
pub fn fuse(function: &mut Function) {
    let reach = function.reach();
    for index in 0..function.sites.len() {
        let Effect::Write { address, size, data } = function.sites[index].effect else { continue };
        if size.bytes() < Size::B4.bytes() {
            continue;
        }
        let Some(sum) = sum(&function.values, data, address, size) else { continue };
        if !sum.reads.iter().all(|read| unchanged(function, &reach, *read, index, address, size)) {
            continue;
        }
        let values = sum.reads.iter().copied().chain([sum.word, data]);
        let insns: Vec<u32> = values.flat_map(|v| function.values.insns(v).to_vec()).collect();
        let site = &mut function.sites[index];
        site.effect = Effect::Add { address, size, data: sum.addend };
        site.insns.extend(insns);
        site.insns.sort_unstable();
        site.insns.dedup();
    }
}

/// A sum of what stands at a place and of something else.
struct Sum {
    /// What stood at the place.
    word: Val,
    addend: Val,
    /// The reads that have found it there, on one path or another.
    reads: Vec<Val>,
}

/// The sum that a value is, if one of its summands is what stood at a place.
fn sum(values: &Values, value: Val, address: TableAddress, size: Size) -> Option<Sum> {
    let Def::Op { op: Operation::Alu(AluOp::Add), is32, a, b } = *values.def(value) else {
        return None;
    };
    // The low 32 bits of a sum are the same in both widths; all 64 only in the wide one.
    if is32 && size != Size::B4 {
        return None;
    }
    [(a, b), (b, a)].into_iter().find_map(|(word, addend)| {
        let mut reads = Vec::new();
        found_at(values, word, address, size, &mut reads).then_some(Sum { word, addend, reads })
    })
}

/// Whether a value is what was read at a place on every path. Where paths meet, value and place may both be those of
/// the path.
fn found_at(values: &Values, value: Val, address: TableAddress, size: Size, reads: &mut Vec<Val>) -> bool {
    if let Some(part) = part(values, value) {
        let there = part.address;
        reads.push(part.read);
        return (there.map, there.var, there.offset, part.size)
            == (address.map, address.var, address.offset, size);
    }
    let Def::Phi { block, args } = values.def(value) else { return false };
    reads.len() < MOST_READS
        && args.iter().enumerate().all(|(edge, arg)| {
            let var = address.var.map(|var| along(values, var, *block, edge, DEPTH));
            let there = match var {
                Some(Along::Value(var)) => TableAddress { var: Some(var), ..address },
                Some(Along::Constant(c)) => {
                    TableAddress { var: None, offset: address.offset.wrapping_add(c), ..address }
                }
                None => address,
            };
            found_at(values, *arg, there, size, reads)
        })
}

/// What a value is on an edge into a block.
#[derive(Clone, Copy)]
enum Along {
    Value(Val),
    Constant(u64),
}

/// What a value is on an edge into a block, as far as it can be told. What depends on the block in a way that is not
/// seen here stays as it is: no value of the edge equals that.
fn along(values: &Values, value: Val, block: usize, edge: usize, depth: u32) -> Along {
    let known = |v: Val| values.constant_of(v).map_or(Along::Value(v), Along::Constant);
    match values.def(value) {
        Def::Phi { block: own, args } if *own == block => known(args[edge]),
        Def::Op { op, is32, a, b } if depth > 0 => {
            let operand = |v| along(values, v, block, edge, depth - 1);
            let found = |there| match there {
                Along::Value(v) => Some(v),
                Along::Constant(c) => values.find(&Def::Const(c)),
            };
            match (operand(*a), operand(*b)) {
                (Along::Constant(a), Along::Constant(b)) => Along::Constant(evaluate(*op, *is32, a, b)),
                (a, b) => {
                    let def = found(a).zip(found(b)).map(|(a, b)| Def::Op { op: *op, is32: *is32, a, b });
                    known(def.and_then(|def| values.find(&def)).unwrap_or(value))
                }
            }
        }
        _ => known(value),
    }
}

/// Whether nothing else of the program can have changed a place between its read and a write.
fn unchanged(
    function: &Function,
    reach: &[Vec<u64>],
    read: Val,
    write: usize,
    address: TableAddress,
    size: Size,
) -> bool {
    let sites = &function.sites;
    let Some(first) = sites.iter().position(|s| s.effect == Effect::Read(read)) else {
        return false;
    };
    let leads = |from: &Site, to: &Site| {
        from.block == to.block || reach[from.block][to.block / 64] >> (to.block % 64) & 1 == 1
    };
    sites[first..write].iter().all(|site| match site.effect {
        Effect::Write { address: other, size: bytes, .. }
        | Effect::Add { address: other, size: bytes, .. } => {
            let between = leads(&sites[first], site) && leads(site, &sites[write]);
            !between || !address.overlaps(size, &other, bytes)
        }
        Effect::Load(_) | Effect::Read(_) | Effect::Key(_) | Effect::Store { .. } => true,
    })
}
