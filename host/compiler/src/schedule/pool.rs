// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The registers, or the predicates, of a target: who holds which, and when they become free.

/// Number of a physical register or predicate.
pub type Physical = u8;

/// One kind of them.
#[derive(Clone, Debug)]
pub struct Pool {
    free: Vec<Physical>,
    /// By virtual number: what it holds.
    held: Vec<Option<Physical>>,
    /// By virtual number: reads and writes that are still to come.
    pending: Vec<u32>,
    /// Held ones whose last use is in the stage being filled.
    ending: Vec<u32>,
    /// Those that are written for the first time at the end of the stage being filled.
    beginning: Vec<u32>,
}

impl Pool {
    /// A pool of free ones, the last of `free` preferred; `pending` counts uses by virtual number.
    pub fn new(free: Vec<Physical>, pending: Vec<u32>) -> Pool {
        let held = vec![None; pending.len()];
        Pool { free, held, pending, ending: Vec::new(), beginning: Vec::new() }
    }

    /// Gives a certain one away before the start.
    pub fn fix(&mut self, virtual_number: u32, physical: Physical) {
        if self.pending[virtual_number as usize] > 0 {
            self.free.retain(|p| *p != physical);
            self.held[virtual_number as usize] = Some(physical);
        }
    }

    /// Adds a use that never comes, so that it is held to the end.
    pub fn keep(&mut self, virtual_number: u32) {
        self.pending[virtual_number as usize] += 1;
    }

    /// What a virtual one holds.
    pub fn held(&self, virtual_number: u32) -> Option<Physical> {
        self.held[virtual_number as usize]
    }

    /// How many more could be written at the end of this stage.
    pub fn available(&self) -> i64 {
        (self.free.len() + self.ending.len()) as i64 - self.beginning.len() as i64
    }

    /// How many of `uses` would be the last of theirs, and how many of `writes` would need a new one.
    pub fn effect(&self, uses: &[u32], writes: &[u32]) -> (i64, i64) {
        let mut ends = 0;
        for (index, v) in uses.iter().enumerate() {
            if uses[..index].contains(v) {
                continue;
            }
            let here = uses.iter().filter(|u| *u == v).count() + writes.iter().filter(|w| *w == v).count();
            let there = self.held[*v as usize].is_some() || self.beginning.contains(v);
            if there && self.pending[*v as usize] as usize == here {
                ends += 1;
            }
        }
        let new = |v: &&u32| self.held[**v as usize].is_none() && !self.beginning.contains(v);
        (ends, writes.iter().filter(new).count() as i64)
    }

    /// Records the uses and writes of a node placed in this stage.
    pub fn place(&mut self, uses: &[u32], writes: &[u32]) {
        for v in writes {
            self.pending[*v as usize] -= 1;
            if self.held[*v as usize].is_none() && !self.beginning.contains(v) {
                self.beginning.push(*v);
            }
        }
        for v in uses {
            self.pending[*v as usize] -= 1;
        }
        for v in uses.iter().chain(writes) {
            if self.pending[*v as usize] > 0 {
                continue;
            }
            if self.held[*v as usize].is_some() {
                if !self.ending.contains(v) {
                    self.ending.push(*v);
                }
            } else {
                // Made and used up within the stage.
                self.beginning.retain(|b| b != v);
            }
        }
    }

    /// Ends the stage: what it used last becomes free, what it wrote first gets one. `ties` must have theirs, `prefer`
    /// wishes for one.
    pub fn end_stage(
        &mut self,
        ties: &[(u32, Physical)],
        prefer: impl Fn(u32) -> Option<Physical>,
    ) -> Vec<(u32, Physical)> {
        let tied = |v: u32| ties.iter().find(|(w, _)| *w == v).map(|(_, p)| *p);
        self.beginning.sort_by_key(|v| tied(*v).is_none());
        for v in self.ending.drain(..) {
            self.free.extend(self.held[v as usize].take());
        }
        self.free.sort_unstable();
        let mut given = Vec::new();
        for v in self.beginning.drain(..) {
            let wish =
                tied(v).or_else(|| prefer(v)).and_then(|wish| self.free.iter().position(|p| *p == wish));
            let physical = match wish {
                Some(at) => Some(self.free.remove(at)),
                None => self.free.pop(),
            };
            if let Some(physical) = physical {
                self.held[v as usize] = Some(physical);
                given.push((v, physical));
            }
        }
        given
    }

    /// Virtual ones that are held and still wanted.
    pub fn live(&self) -> Vec<u32> {
        (0..self.held.len() as u32).filter(|v| self.held[*v as usize].is_some()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_is_free_at_the_end_of_the_stage_that_reads_it_last() {
        // 0 is written, read twice; 1 is written in the stage that reads 0 last, and gets its register.
        let mut pool = Pool::new(vec![5], vec![3, 2]);
        pool.place(&[], &[0]);
        assert_eq!(pool.available(), 0);
        assert_eq!(pool.end_stage(&[], |_| None), [(0, 5)]);
        pool.place(&[0], &[]);
        assert_eq!(pool.effect(&[0], &[1]), (1, 1));
        pool.place(&[0], &[1]);
        assert_eq!(pool.end_stage(&[], |_| None), [(1, 5)]);
        assert_eq!((pool.held(0), pool.held(1)), (None, Some(5)));
    }

    #[test]
    fn what_is_used_up_within_its_stage_takes_none() {
        let mut pool = Pool::new(vec![3], vec![2, 1]);
        pool.place(&[], &[0]);
        pool.place(&[0], &[]);
        assert_eq!(pool.available(), 1);
        assert_eq!(pool.end_stage(&[], |_| None), []);
    }

    #[test]
    fn a_wish_is_granted_where_it_can_be() {
        let mut pool = Pool::new(vec![0, 1, 2], vec![2, 2]);
        pool.place(&[], &[0, 1]);
        assert_eq!(pool.end_stage(&[], |v| (v == 1).then_some(0)), [(0, 2), (1, 0)]);
        assert_eq!(pool.live(), [0, 1]);
    }
}
