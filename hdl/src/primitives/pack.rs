// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Concatenation.

use rust_hdl::prelude::*;

/// `o = {i[N-1], ..., i[1], i[0]}`; `T` must be `N * B`.
#[derive(LogicBlock)]
pub struct Pack<const N: usize, const B: usize, const T: usize> {
    /// Parts, the lowest first.
    pub i: [Signal<In, Bits<B>>; N],
    /// All of them.
    pub o: Signal<Out, Bits<T>>,
}

impl<const N: usize, const B: usize, const T: usize> Default for Pack<N, B, T> {
    fn default() -> Self {
        assert_eq!(N * B, T, "parts and whole differ in width");
        Self { i: std::array::from_fn(|_| Default::default()), o: Default::default() }
    }
}

impl<const N: usize, const B: usize, const T: usize> Logic for Pack<N, B, T> {
    fn update(&mut self) {
        let mut whole = Bits::<T>::default();
        for (index, part) in self.i.iter().enumerate() {
            whole.set_bits(index * B, part.val());
        }
        self.o.next = whole;
    }

    fn connect(&mut self) {
        self.o.connect();
    }

    fn hdl(&self) -> Verilog {
        let parts: Vec<String> = (0..N).rev().map(|index| format!("i${index}")).collect();
        Verilog::Custom(format!("always @(*) o = {{{}}};\n", parts.join(", ")))
    }
}
