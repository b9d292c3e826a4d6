// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Buckets of a key: [`weir_pipeline::keys::hash`] and [`weir_pipeline::keys::bucket`] in two clocks.
//!
//! ```text
//! clock  0               1                    2
//!        fold ──> hash   start, step ──> at   bucket in the map
//!        XOR      XOR    adders               AND
//! ```
//! A bit of the hash is the parity of some bits of the key, which takes no multiplier. The ways share multiples of the
//! step, so that each has one adder of its own.

use crate::primitives::Pack;
use rust_hdl::prelude::*;
use weir_pipeline::keys::{ROWS, fold};

/// Bits of a hash.
const HASH_BITS: usize = 32;

/// The buckets of a key in all ways, two clocks after the key.
#[derive(LogicBlock)]
pub struct KeyHash {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Key.
    pub key: Signal<In, Bits<128>>,
    /// Logarithm of the map's buckets in each way, two clocks after the key.
    pub size: Signal<In, Bits<5>>,
    /// Bucket in each way, from the map's first, two clocks after the key.
    pub buckets: Vec<Signal<Out, Bits<16>>>,
    /// For each bit of the folded key the bits of the key whose parity it is.
    folds: Vec<Constant<Bits<128>>>,
    fold_pack: Pack<64, 1, 64>,
    /// For each bit of the hash the bits of the folded key.
    rows: Vec<Constant<Bits<64>>>,
    hash_pack: Pack<HASH_BITS, 1, HASH_BITS>,
    hash: DFF<Bits<32>>,
    one: Constant<Bits<16>>,
    // What makes up the bucket of a way: start or start + 4 * step, and up to three times the step.
    near: Vec<Constant<Bits<16>>>,
    far: Vec<Constant<Bits<16>>>,
    once: Vec<Constant<Bits<16>>>,
    twice: Vec<Constant<Bits<16>>>,
    thrice: Vec<Constant<Bits<16>>>,
    start: Signal<Local, Bits<16>>,
    distant: Signal<Local, Bits<16>>,
    step: Signal<Local, Bits<16>>,
    triple: Signal<Local, Bits<16>>,
    double: Signal<Local, Bits<16>>,
    at: Vec<DFF<Bits<16>>>,
    outside: Signal<Local, Bits<16>>,
}

impl KeyHash {
    /// For so many ways, up to 8.
    pub fn new(ways: u32) -> Self {
        let mask = |holds: &dyn Fn(u32) -> bool| -> Vec<Constant<Bits<16>>> {
            let mask = |way: u32| if holds(way) { 0xffff_u64 } else { 0 };
            (0..ways).map(|way| Constant::new(mask(way).to_bits())).collect()
        };
        Self {
            clock: Default::default(),
            key: Default::default(),
            size: Default::default(),
            buckets: (0..ways).map(|_| Default::default()).collect(),
            folds: (0..64).map(|bit| Constant::new(parts(bit))).collect(),
            fold_pack: Default::default(),
            rows: ROWS.iter().map(|row| Constant::new(row.to_bits())).collect(),
            hash_pack: Default::default(),
            hash: Default::default(),
            one: Constant::new(1u64.to_bits()),
            near: mask(&|way| way < 4),
            far: mask(&|way| way >= 4),
            once: mask(&|way| way % 4 == 1),
            twice: mask(&|way| way % 4 == 2),
            thrice: mask(&|way| way % 4 == 3),
            start: Default::default(),
            distant: Default::default(),
            step: Default::default(),
            triple: Default::default(),
            double: Default::default(),
            at: (0..ways).map(|_| Default::default()).collect(),
            outside: Default::default(),
        }
    }
}

/// The bits of a key whose parity is a bit of the folded key: those that are folded to it.
fn parts(bit: usize) -> Bits<128> {
    let folded_to = |key| fold(key) >> bit & 1 != 0;
    let mut parts = Bits::default();
    for word in 0..2 {
        let one = |at: u32| std::array::from_fn(|index| if index == word { 1 << at } else { 0 });
        let bits = (0..64).filter(|at| folded_to(one(*at))).fold(0u64, |bits, at| bits | 1 << at);
        parts.set_bits::<64>(word * 64, bits.to_bits());
    }
    parts
}

impl Logic for KeyHash {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, hash);
        for i in 0..self.folds.len() {
            self.fold_pack.i[i].next = bits::<1>(0);
            if (self.key.val() & self.folds[i].val()).xor() {
                self.fold_pack.i[i].next = bits::<1>(1);
            }
        }
        for i in 0..self.rows.len() {
            self.hash_pack.i[i].next = bits::<1>(0);
            if (self.fold_pack.o.val() & self.rows[i].val()).xor() {
                self.hash_pack.i[i].next = bits::<1>(1);
            }
        }
        self.hash.d.next = self.hash_pack.o.val();

        // What the ways share.
        self.start.next = self.hash.q.val().get_bits::<16>(16);
        self.step.next = self.hash.q.val().get_bits::<16>(0) | self.one.val();
        self.double.next = self.step.val() << 1;
        self.triple.next = self.step.val() + self.double.val();
        self.distant.next = self.start.val() + (self.double.val() << 1);

        // Double hashing; what the map's size cuts off need not be there.
        self.outside.next = (!bits::<16>(0)) << self.size.val();
        for i in 0..self.at.len() {
            self.at[i].clock.next = self.clock.val();
            self.at[i].d.next = ((self.start.val() & self.near[i].val())
                | (self.distant.val() & self.far[i].val()))
                + ((self.step.val() & self.once[i].val())
                    | (self.double.val() & self.twice[i].val())
                    | (self.triple.val() & self.thrice[i].val()));
            self.buckets[i].next = self.at[i].q.val() & (!self.outside.val());
        }
    }
}
