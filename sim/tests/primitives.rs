// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilog of every primitive against its `update()`, and both against plain Rust, on random stimulus.
//!
//! `WEIR_SEED` repeats a run.

use rust_hdl::prelude::*;
use weir_hdl::primitives::bench::PrimitiveBench;
use weir_random::Random;
use weir_sim::PrimitiveModel;

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
fn expected(history: &[[u32; 8]], memory: &[u64; 16], read: u64, held: u64) -> [u64; 19] {
    let now = history[history.len() - 1];
    let ago = |clocks: usize| history.len().checked_sub(clocks + 1).map(|index| history[index]);
    let low = |clocks: usize| ago(clocks).map_or(0, |s| field(&s, 0, 64));
    let product = |clocks: usize, bits: usize| {
        ago(clocks)
            .map_or(0, |s| field(&s, 0, bits).wrapping_mul(field(&s, 64, bits)) & (u64::MAX >> (64 - bits)))
    };
    // Before the first clock all codes are zero: sums, and equality of the sources that have the code 1 here.
    let mut zero = [0; 8];
    zero[6] = 0x5000;
    let before = ago(1).unwrap_or(zero);
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
        ago(1).map_or(0, |s| loaded(&s)),
        written as u64,
        (written >> 64) as u64,
        ago(1).map_or(0, |s| match (field(&s, 191, 1), field(&s, 190, 1), field(&s, 128, 1)) {
            (1, _, _) => 0,
            (_, 1, _) => field(&s, 192, 64),
            (_, _, part) => field(&s, 64 * part as usize, 64),
        }),
        computed(&before, &now),
        if field(&before, 192, 5) < 6 { computed(&before, &now) } else { 0 },
        related(&before, &now).into(),
        (context >> (8 * field(&now, 141, 3))) as u64,
    ]
}

/// What a read of up to 8 bytes gives.
fn loaded(s: &[u32; 8]) -> u64 {
    let context = u128::from(field(s, 0, 64)) | u128::from(field(s, 64, 64)) << 64;
    let bits = 8 << field(s, 188, 2);
    context.checked_shr(8 * field(s, 160, 12) as u32).unwrap_or(0) as u64 & (u64::MAX >> (64 - bits))
}

/// Result of the operation that `then` asks for on the operands of `now`.
fn computed(then: &[u32; 8], now: &[u32; 8]) -> u64 {
    let load = field(now, 192, 64);
    let operand = |low, bit| field(now, low, 64) | (load * field(then, bit, 1));
    let (x, y, is32) = (operand(0, 198), operand(64, 199), field(then, 197, 1) == 1);
    let (low_x, low_y) = (x as u32, y as u32);
    let bytes = x.to_le_bytes();
    let result = match (field(then, 192, 5), is32) {
        (0 | 1, _) => x.wrapping_add(y),
        (2, _) => x.wrapping_sub(y),
        (3, _) => x & y,
        (4, _) => x | y,
        (5, _) => x ^ y,
        (6, false) => x.wrapping_shl(low_y),
        (6, true) => low_x.wrapping_shl(low_y).into(),
        (7, false) => x.wrapping_shr(low_y),
        (7, true) => low_x.wrapping_shr(low_y).into(),
        (8, false) => (x as i64).wrapping_shr(low_y) as u64,
        (8, true) => (low_x as i32).wrapping_shr(low_y) as u64,
        (9, _) => u16::from_be_bytes([bytes[0], bytes[1]]).into(),
        (10, _) => u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).into(),
        (11, false) => u64::from_be_bytes(bytes),
        // The upper half of the operand is zero, and with it the lower half of what is swapped.
        (11, true) => 0,
        (12, _) => x as i8 as u64,
        (13, _) => x as i16 as u64,
        (14, _) => x as i32 as u64,
        _ => x,
    };
    if is32 { u64::from(result as u32) } else { result }
}

/// Whether the relation that `then` asks for holds between the operands of `now`.
fn related(then: &[u32; 8], now: &[u32; 8]) -> bool {
    let (load, alu0, alu1) = (field(now, 192, 64), field(now, 32, 64), field(now, 96, 64));
    let a = [load, field(now, 0, 64), alu0, alu1][field(then, 204, 2) as usize];
    let second = [load, field(now, 64, 64), alu0, alu1];
    let b = second[if field(then, 208, 1) == 1 { 1 } else { field(then, 206, 2) as usize }];
    let (a, b) = if field(then, 203, 1) == 1 { (a as u32 as u64, b as u32 as u64) } else { (a, b) };
    let signed = |value: u64| if field(then, 203, 1) == 1 { value as i32 as i64 } else { value as i64 };
    match field(then, 200, 3) {
        0 => a == b,
        1 => a < b,
        2 => a <= b,
        3 => signed(a) < signed(b),
        4 => signed(a) <= signed(b),
        _ => a & b != 0,
    }
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
        let mut stimulus: [u32; 8] = std::array::from_fn(|_| random.u64() as u32);
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
            bench.chosen.val().to_u64(),
            bench.computed.val().to_u64(),
            bench.computed_plain.val().to_u64(),
            bench.related.val().into(),
            bench.realigned.val().to_u64(),
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
