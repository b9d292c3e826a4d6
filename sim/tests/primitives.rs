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
fn expected(history: &[[u32; 8]], memory: &[u64; 16], read: u64, held: u64) -> [u64; 14] {
    let now = history[history.len() - 1];
    let ago = |clocks: usize| history.len().checked_sub(clocks + 1).map(|index| history[index]);
    let low = |clocks: usize| ago(clocks).map_or(0, |s| field(&s, 0, 64));
    let product = |clocks: usize, bits: usize| {
        ago(clocks)
            .map_or(0, |s| field(&s, 0, bits).wrapping_mul(field(&s, 64, bits)) & (u64::MAX >> (64 - bits)))
    };
    let enabled = history[..history.len() - 1].iter().rfind(|s| field(s, 134, 1) == 1);
    let (a, n) = (field(&now, 0, 64), field(&now, 128, 6));
    let shifted = match (field(&now, 184, 1), field(&now, 185, 1)) {
        (1, _) => a << n,
        (_, 0) => a >> n,
        // Ones come in: shift zeros into the complement.
        _ => !(!a >> n),
    };
    let context = u128::from(a) | u128::from(field(&now, 64, 64)) << 64;
    let (address, data, mut written) = (field(&now, 160, 12) as u32, field(&now, 64, 64), context);
    for byte in (0..8).filter(|byte| field(&now, 176 + *byte as usize, 1) == 1 && address + byte < 16) {
        let at = 8 * (address + byte);
        written = written & !(0xff << at) | u128::from(data >> (8 * byte) & 0xff) << at;
    }
    [
        field(&now, 0, 8) << 16 | field(&now, 8, 8) << 8 | field(&now, 16, 8),
        shifted,
        low(0),
        low(1),
        low(3),
        enabled.map_or(0, |s| field(s, 0, 64)),
        product(1, 64),
        product(3, 32),
        read,
        memory[field(&now, 140, 4) as usize],
        held,
        context.checked_shr(8 * address).unwrap_or(0) as u64,
        written as u64,
        (written >> 64) as u64,
    ]
}

fn compare() {
    let seed = Random::seed();
    println!("WEIR_SEED={seed}");
    let mut random = Random::new(seed);
    let mut bench = Box::new(PrimitiveBench::default());
    bench.connect_all();
    let mut model = PrimitiveModel::new().expect("a model");
    let (mut history, mut memory, mut last_read, mut held) = (Vec::new(), [0; 16], 0, 0);
    for clock in 0..CLOCKS {
        let mut stimulus: [u32; 8] = std::array::from_fn(|_| random.bits() as u32);
        if clock < 16 {
            // Memories are undefined until written: write all words.
            stimulus[4] = stimulus[4] & !0x0f80 | 0x0080 | (clock as u32) << 8;
        }
        if clock == 16 {
            // What was read before is undefined: read once more.
            stimulus[5] |= 1 << 26;
        }
        if random.chance(7, 8) {
            // Addresses in or near the context.
            stimulus[5] &= !0x0fe0;
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
            bench.held_read.val().to_u64(),
            bench.context.val().to_u64(),
            bench.context_low.val().to_u64(),
            bench.context_high.val().to_u64(),
        ];
        let verilog = model.step(&stimulus);
        let plain = expected(&history, &memory, last_read, held);
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
        last_read = memory[read];
        if field(&stimulus, 186, 1) == 1 {
            held = if field(&stimulus, 187, 1) == 1 { 0 } else { memory[read] };
        }
        if field(&stimulus, 135, 1) == 1 {
            memory[write] = data;
        }
    }
}

#[test]
fn verilog_and_update_agree() {
    // `Bits` is wide by value.
    std::thread::Builder::new().stack_size(64 << 20).spawn(compare).unwrap().join().unwrap();
}
