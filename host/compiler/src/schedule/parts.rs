// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which words of a map's values can lie apart from the others, each in a table unit of their own choice.
//!
//! A table unit changes one word in a pass. Words that no access of the program can meet together need not be in one unit:
//! they lie in another one as if the whole map were there. So addresses do not change, and memory is what it costs.

use crate::dag::{Dag, Kind};

/// Words of the values of one map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The map.
    pub map: usize,
    /// First word.
    pub first: u32,
    /// The one behind the last.
    pub end: u32,
}

/// The parts of maps that lie apart. Each is numbered behind the maps, as if it were one.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    maps: usize,
    list: Vec<Words>,
}

impl Parts {
    /// No parts of so many maps.
    pub fn new(maps: usize) -> Parts {
        Parts { maps, list: Vec::new() }
    }

    /// Adds a part and numbers it.
    pub fn push(&mut self, words: Words) -> usize {
        self.list.push(words);
        self.maps + self.list.len() - 1
    }

    /// The number of what an access to a map meets, by the bytes of the value that it can meet.
    pub fn of(&self, map: usize, span: (u32, u32)) -> usize {
        let meets =
            |w: &Words| w.map == map && 8 * w.first <= span.0 && span.0 < span.1 && span.1 <= 8 * w.end;
        self.list.iter().position(meets).map_or(map, |part| self.maps + part)
    }

    /// The words of a part; `None` for the number of a map.
    pub fn words(&self, number: usize) -> Option<Words> {
        self.list.get(number.checked_sub(self.maps)?).copied()
    }
}

/// The words of a map that accesses meet together, ascending: whatever an access can meet is within one of these.
pub fn meetings(dag: &Dag, map: usize) -> Vec<Words> {
    let mut spans: Vec<(u32, u32)> = dag
        .nodes
        .iter()
        .filter_map(|node| match node.kind {
            Kind::Late { op, map: Some(of), span, .. } if of == map && op.is_table() => {
                Some((span.0 / 8, span.1.div_ceil(8)))
            }
            _ => None,
        })
        .collect();
    spans.sort_unstable();
    let mut found: Vec<Words> = Vec::new();
    for (first, end) in spans {
        match found.last_mut() {
            Some(last) if first < last.end => last.end = last.end.max(end),
            _ => found.push(Words { map, first, end }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_meets_the_part_that_it_lies_in() {
        let mut parts = Parts::new(2);
        assert_eq!(parts.push(Words { map: 1, first: 1, end: 3 }), 2);
        assert_eq!(parts.of(1, (0, 8)), 1);
        assert_eq!(parts.of(1, (8, 16)), 2);
        assert_eq!(parts.of(1, (20, 24)), 2);
        assert_eq!(parts.of(1, (24, 32)), 1);
        assert_eq!(parts.of(0, (8, 16)), 0);
        // Key operations meet no value.
        assert_eq!(parts.of(1, (8, 8)), 1);
        assert_eq!(parts.words(2), Some(Words { map: 1, first: 1, end: 3 }));
        assert_eq!(parts.words(1), None);
    }
}
