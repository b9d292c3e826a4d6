// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Deep loads that lie next to each other become one: ports to the packet buffer are rare.

use super::live::Live;
use crate::ssa::Function;
use crate::ssa::values::{Def, Val};
use std::collections::{BTreeMap, HashMap};
use weir_pipeline::words::Size;

/// A place in the packet that is loaded at a time: context address `var + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// The part that is not constant.
    pub var: Option<Val>,
    /// The constant part.
    pub offset: i64,
    /// Width.
    pub size: Size,
}

/// The word of every deep load that is needed.
pub type Words = HashMap<Val, Word>;

/// Loads by their constant part: width, and least context address at which the load begins.
type Loads = Vec<(i64, u32, i64, Val)>;

/// Covers the deep loads with words of 8 bytes at most, from the lowest up.
pub fn words(function: &Function, live: &Live) -> Words {
    let mut by_var: BTreeMap<Option<Val>, Loads> = BTreeMap::new();
    for value in function.values.all().filter(|v| live.uses[v.0 as usize] > 0) {
        if let Def::Deep { address, size } = *function.values.def(value) {
            let least = function.values.load_bounds(value).0;
            by_var.entry(address.var).or_default().push((address.offset, size.bytes(), least, value));
        }
    }
    let mut words = Words::new();
    for (var, mut loads) in by_var {
        loads.sort_unstable();
        let mut rest = &loads[..];
        while let Some((first, _, _, _)) = rest.first().copied() {
            // Off its own path a load may begin anywhere. Where it is done, the word must not begin before address 0,
            // from where addresses wrap around.
            let fits = |(offset, bytes, least, _): &&(i64, u32, i64, Val)| {
                offset + i64::from(*bytes) <= first + 8 && *least >= offset - first
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (taken, others) = rest.split_at(count);
            let end =
                taken.iter().map(|(offset, bytes, ..)| offset + i64::from(*bytes)).max().unwrap_or(first);
            let bytes = ((end - first) as u32).next_power_of_two();
            let word = Word { var, offset: first, size: Size::from_bytes(bytes).unwrap_or(Size::B8) };
            words.extend(taken.iter().map(|(.., value)| (*value, word)));
            rest = others;
        }
    }
    words
}
