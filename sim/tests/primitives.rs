// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilog of every primitive against its `update()`, and both against plain Rust, on random stimulus.
//!
//! `WEIR_SEED` repeats a run.

use rust_hdl::prelude::*;
use weir_hdl::primitives::bench::PrimitiveBench;
use weir_sim::{PrimitiveModel, Random};

const CLOCKS: usize = 4000;

/// Lets changes run through the block until nothing changes.
fn settle(bench: &mut PrimitiveBench) {
    loop {
        bench.update_all();
        if !bench.has_changed() {
            return;
        }
    }
}

/// Bits `low..low + width` of the stimulus, at most 64.
fn field(stimulus: &[u32; 8], low: usize, width: usize) -> u64 {
    (0..width).map(|bit| u64::from(stimulus[(low + bit) / 32] >> ((low + bit) % 32) & 1) << bit).sum()
}

/// What the outputs of a clock have to be, from the stimuli up to it; the last is that of the clock.
fn expected(history: &[[u32; 8]], memory: &[[u64; 16]; 2], held: &[u64; 2]) -> [u64; 11] {
    let now = history[history.len() - 1];
    let ago = |clocks: usize| history.len().checked_sub(clocks + 1).map(|index| history[index]);
    let low = |clocks: usize| ago(clocks).map_or(0, |s| field(&s, 0, 64));
    let product = |clocks: usize, bits: usize| {
        ago(clocks)
            .map_or(0, |s| field(&s, 0, bits).wrapping_mul(field(&s, 64, bits)) & (u64::MAX >> (64 - bits)))
    };
    let enabled = history[..history.len() - 1].iter().rfind(|s| field(s, 134, 1) == 1);
    [
        field(&now, 0, 8) << 16 | field(&now, 8, 8) << 8 | field(&now, 16, 8),
        (field(&now, 0, 64) as i64 >> field(&now, 128, 6)) as u64,
        low(0),
        low(1),
        low(3),
        enabled.map_or(0, |s| field(s, 0, 64)),
        product(1, 64),
        product(3, 32),
        held[0],
        memory[0][field(&now, 140, 4) as usize],
        held[1],
    ]
}

fn compare() {
    let seed = Random::seed();
    println!("WEIR_SEED={seed}");
    let mut random = Random::new(seed);
    let mut bench = Box::new(PrimitiveBench::default());
    bench.connect_all();
    let mut model = PrimitiveModel::new().expect("a model");
    let (mut history, mut memory, mut held) = (Vec::new(), [[0; 16]; 2], [0; 2]);
    for clock in 0..CLOCKS {
        let mut stimulus: [u32; 8] = std::array::from_fn(|_| random.bits() as u32);
        if clock < 16 {
            // Memories are undefined until written: write all words, all bytes.
            stimulus[4] = stimulus[4] & !0x00ff_0f80 | 0x00ff_0080 | (clock as u32) << 8;
        }
        history.push(stimulus);
        let mut wide = Bits::<256>::default();
        stimulus.iter().enumerate().for_each(|(index, word)| wide.set_bits(index * 32, word.to_bits::<32>()));
        bench.stimulus.next = wide;
        bench.clock.next = Clock { clk: false };
        settle(&mut bench);
        let rust = [
            bench.packed.val().to_u32().into(),
            bench.shifted.val().to_u64(),
            bench.delayed_0.val().to_u64(),
            bench.delayed_1.val().to_u64(),
            bench.delayed_3.val().to_u64(),
            bench.enabled.val().to_u64(),
            bench.product_1.val().to_u64(),
            bench.product_3.val().to_u32().into(),
            bench.sync_read.val().to_u64(),
            bench.async_read.val().to_u64(),
            bench.byte_read.val().to_u64(),
        ];
        let verilog = model.step(&stimulus);
        let plain = expected(&history, &memory, &held);
        for (index, name) in PrimitiveModel::OUTPUTS.iter().enumerate() {
            if clock < 17 && name.ends_with("_read") {
                continue;
            }
            assert_eq!(verilog[index], plain[index], "Verilog of {name} in clock {clock}, WEIR_SEED={seed}");
            assert_eq!(rust[index], plain[index], "update() of {name} in clock {clock}, WEIR_SEED={seed}");
        }
        bench.clock.next = Clock { clk: true };
        settle(&mut bench);
        let (data, write, read) =
            (field(&stimulus, 0, 64), field(&stimulus, 136, 4) as usize, field(&stimulus, 140, 4) as usize);
        held = [memory[0][read], memory[1][read]];
        if field(&stimulus, 135, 1) == 1 {
            memory[0][write] = data;
        }
        for byte in (0..8).filter(|byte| field(&stimulus, 144 + byte, 1) == 1) {
            let mask = 0xff << (8 * byte);
            memory[1][write] = memory[1][write] & !mask | data & mask;
        }
    }
}

#[test]
fn verilog_and_update_agree() {
    // `Bits` is wide by value.
    std::thread::Builder::new().stack_size(64 << 20).spawn(compare).unwrap().join().unwrap();
}
