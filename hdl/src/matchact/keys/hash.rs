// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Buckets of a key: [`weir_pipeline::keys::hash`] and [`weir_pipeline::keys::bucket`] in three clocks.

use crate::primitives::Multiply;
use rust_hdl::prelude::*;
use weir_pipeline::keys::FACTORS;

/// Clocks of a multiplication.
const CLOCKS: usize = 2;

/// The buckets of a key in all ways, three clocks after the key.
#[derive(LogicBlock)]
pub struct KeyHash {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Key.
    pub key: Signal<In, Bits<128>>,
    /// Logarithm of the map's buckets in each way, three clocks after the key.
    pub size: Signal<In, Bits<5>>,
    /// Bucket in each way, from the map's first, three clocks after the key.
    pub buckets: Vec<Signal<Out, Bits<16>>>,
    part0: Signal<Local, Bits<32>>,
    part1: Signal<Local, Bits<32>>,
    part2: Signal<Local, Bits<32>>,
    part3: Signal<Local, Bits<32>>,
    products: Vec<Multiply<64>>,
    factors: Vec<Constant<Bits<64>>>,
    hash: DFF<Bits<64>>,
    one: Constant<Bits<16>>,
    // Multiples of the step that make up that of a way.
    once: Vec<Constant<Bits<16>>>,
    twice: Vec<Constant<Bits<16>>>,
    four_times: Vec<Constant<Bits<16>>>,
    outside: Signal<Local, Bits<16>>,
    start: Signal<Local, Bits<16>>,
    step: Signal<Local, Bits<16>>,
    double: Signal<Local, Bits<16>>,
    quadruple: Signal<Local, Bits<16>>,
    at: Vec<Signal<Local, Bits<16>>>,
}

impl KeyHash {
    /// For so many ways.
    pub fn new(ways: u32) -> Self {
        let multiple = |bit: u32| {
            let mask = |way: u32| if way & bit != 0 { 0xffff_u64 } else { 0 };
            (0..ways).map(|way| Constant::new(mask(way).to_bits())).collect()
        };
        Self {
            clock: Default::default(),
            key: Default::default(),
            size: Default::default(),
            buckets: (0..ways).map(|_| Default::default()).collect(),
            part0: Default::default(),
            part1: Default::default(),
            part2: Default::default(),
            part3: Default::default(),
            products: FACTORS.iter().map(|_| Multiply::new(CLOCKS)).collect(),
            factors: FACTORS.iter().map(|factor| Constant::new(factor.to_bits())).collect(),
            hash: Default::default(),
            one: Constant::new(1u64.to_bits()),
            once: multiple(1),
            twice: multiple(2),
            four_times: multiple(4),
            outside: Default::default(),
            start: Default::default(),
            step: Default::default(),
            double: Default::default(),
            quadruple: Default::default(),
            at: (0..ways).map(|_| Default::default()).collect(),
        }
    }
}

impl Logic for KeyHash {
    #[hdl_gen]
    fn update(&mut self) {
        self.hash.clock.next = self.clock.val();
        for i in 0..self.products.len() {
            self.products[i].clock.next = self.clock.val();
            self.products[i].b.next = self.factors[i].val();
        }
        self.part0.next = self.key.val().get_bits::<32>(0);
        self.products[0].a.next = bit_cast::<64, 32>(self.part0.val());
        self.part1.next = self.key.val().get_bits::<32>(32);
        self.products[1].a.next = bit_cast::<64, 32>(self.part1.val());
        self.part2.next = self.key.val().get_bits::<32>(64);
        self.products[2].a.next = bit_cast::<64, 32>(self.part2.val());
        self.part3.next = self.key.val().get_bits::<32>(96);
        self.products[3].a.next = bit_cast::<64, 32>(self.part3.val());
        self.hash.d.next = self.products[0].q.val()
            + self.products[1].q.val()
            + self.products[2].q.val()
            + self.products[3].q.val();

        // Double hashing; what the map's size cuts off need not be there.
        self.start.next = self.hash.q.val().get_bits::<16>(44);
        self.step.next = self.hash.q.val().get_bits::<16>(24) | self.one.val();
        self.double.next = self.step.val() << 1;
        self.quadruple.next = self.step.val() << 2;
        self.outside.next = (!bits::<16>(0)) << self.size.val();
        for i in 0..self.buckets.len() {
            self.at[i].next = self.start.val()
                + (self.step.val() & self.once[i].val())
                + (self.double.val() & self.twice[i].val())
                + (self.quadruple.val() & self.four_times[i].val());
            self.buckets[i].next = self.at[i].val() & (!self.outside.val());
        }
    }
}
