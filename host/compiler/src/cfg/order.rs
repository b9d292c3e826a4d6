// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Places of blocks among loops: strongly connected components in topological order, and within each, without the
//! edges back to its header, the same again.

use super::Block;
use std::collections::{BTreeSet, HashMap};

/// Loops within each other; more would not be unrolled within any limit.
const MOST_NESTED: usize = 32;

/// Blocks that reach each other, or one block, in one region.
struct Region {
    blocks: Vec<usize>,
    header: Option<usize>,
    /// Place of the region.
    place: Vec<u32>,
}

/// The place of every block. Fails with the header of a loop that is nested too deep.
pub fn places(blocks: &[Block]) -> Result<Vec<Vec<u32>>, usize> {
    let mut places = vec![Vec::new(); blocks.len()];
    // All functions are one region: no edge joins them, and their order does not matter.
    let mut regions = vec![Region { blocks: (0..blocks.len()).collect(), header: None, place: Vec::new() }];
    let mut member = vec![0usize; blocks.len()];
    let mut number = 0;
    while let Some(region) = regions.pop() {
        number += 1;
        region.blocks.iter().for_each(|b| member[*b] = number);
        let inside = |b: usize| -> Vec<usize> {
            let within = |s: &usize| member[*s] == number && Some(*s) != region.header;
            blocks[b].exit.successors().filter(within).collect()
        };
        let components = components(&region.blocks, &inside);
        for (position, component) in ordered(&components, region.header, &inside) {
            let mut place = region.place.clone();
            place.push(position);
            let alone = component.len() == 1 && !inside(component[0]).contains(&component[0]);
            if alone {
                places[component[0]] = place;
                continue;
            }
            let header = header(component, &region, blocks, &inside);
            if place.len() > MOST_NESTED {
                return Err(header);
            }
            regions.push(Region { blocks: component.to_vec(), header: Some(header), place });
        }
    }
    Ok(places)
}

/// The first block of a loop that is entered from outside of it.
fn header(
    component: &[usize],
    region: &Region,
    blocks: &[Block],
    inside: &impl Fn(usize) -> Vec<usize>,
) -> usize {
    let own: BTreeSet<usize> = component.iter().copied().collect();
    let mut entered = BTreeSet::new();
    for block in region.blocks.iter().filter(|b| !own.contains(b)) {
        entered.extend(inside(*block).into_iter().filter(|s| own.contains(s)));
    }
    // A function may begin with a loop.
    let called = |block: &usize| {
        *block == 0
            || blocks.iter().any(|b| matches!(b.exit, super::Exit::Call { callee, .. } if callee == *block))
    };
    let first = entered.first().copied().or_else(|| own.iter().copied().find(called));
    first.unwrap_or(component[0])
}

/// Strongly connected components (Tarjan's algorithm without recursion), members ascending.
fn components(of: &[usize], inside: &impl Fn(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
    const NEW: u32 = u32::MAX;
    let local: HashMap<usize, usize> = of.iter().enumerate().map(|(at, block)| (*block, at)).collect();
    let inside = |at: usize| -> Vec<usize> { inside(of[at]).iter().map(|s| local[s]).collect() };
    let mut index = vec![NEW; of.len()];
    let mut low = vec![0u32; of.len()];
    let mut held = vec![false; of.len()];
    let (mut stack, mut found, mut next) = (Vec::new(), Vec::new(), 0u32);
    for root in 0..of.len() {
        if index[root] != NEW {
            continue;
        }
        let mut work = vec![(root, inside(root), 0)];
        while let Some((block, successors, at)) = work.last_mut() {
            let block = *block;
            if *at == 0 && index[block] == NEW {
                (index[block], low[block]) = (next, next);
                next += 1;
                stack.push(block);
                held[block] = true;
            }
            if let Some(successor) = successors.get(*at).copied() {
                if index[successor] == NEW {
                    work.push((successor, inside(successor), 0));
                    continue;
                }
                if held[successor] {
                    low[block] = low[block].min(low[successor]);
                }
                *at += 1;
                continue;
            }
            work.pop();
            if let Some((parent, _, _)) = work.last() {
                low[*parent] = low[*parent].min(low[block]);
            }
            if low[block] == index[block] {
                let mut component = Vec::new();
                while let Some(member) = stack.pop() {
                    held[member] = false;
                    component.push(of[member]);
                    if member == block {
                        break;
                    }
                }
                component.sort_unstable();
                found.push(component);
            }
        }
    }
    found
}

/// Kahn's order, the header first, then the smallest slot: where control only runs forward this is the order of the
/// program.
fn ordered<'a>(
    components: &'a [Vec<usize>],
    header: Option<usize>,
    inside: &impl Fn(usize) -> Vec<usize>,
) -> Vec<(u32, &'a [usize])> {
    let mut component_of = HashMap::new();
    for (index, component) in components.iter().enumerate() {
        component_of.extend(component.iter().map(|b| (*b, index)));
    }
    let successors = |component: usize| -> Vec<usize> {
        let all = components[component].iter().flat_map(|b| inside(*b));
        all.map(|s| component_of[&s]).filter(|s| *s != component).collect()
    };
    let mut pending = vec![0usize; components.len()];
    for component in 0..components.len() {
        successors(component).into_iter().for_each(|s| pending[s] += 1);
    }
    let rank = |component: usize| {
        let first = components[component][0];
        (Some(first) != header, first, component)
    };
    let mut ready: BTreeSet<_> = (0..components.len()).filter(|c| pending[*c] == 0).map(rank).collect();
    let mut order = Vec::with_capacity(components.len());
    while let Some((_, _, component)) = ready.pop_first() {
        order.push((order.len() as u32, &components[component][..]));
        for successor in successors(component) {
            pending[successor] -= 1;
            if pending[successor] == 0 {
                ready.insert(rank(successor));
            }
        }
    }
    order
}
