// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random numbers for tests and for what disturbs a simulation: the same on every machine and in every year for the same
//! seed. SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). No cryptography,
//! and not the numbers that programs draw: those are `weir_pipeline::random`.
#![forbid(unsafe_code)]

use std::time::{SystemTime, UNIX_EPOCH};

/// A generator.
#[derive(Clone, Debug)]
pub struct Random(u64);

/// Whole numbers that are drawn up to a bound, none of them negative.
pub trait Number: Copy {
    /// As 64 bits.
    fn wide(self) -> u64;
    /// From 64 bits that fit.
    fn narrow(value: u64) -> Self;
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Number for $number {
            fn wide(self) -> u64 {
                self as u64
            }
            fn narrow(value: u64) -> Self {
                value as $number
            }
        })*
    };
}

numbers!(u8, u16, u32, u64, usize, i32);

impl Random {
    /// A generator; every seed gives another sequence.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The seed in the environment variable `WEIR_SEED`, otherwise a new one.
    pub fn seed() -> u64 {
        let given = std::env::var("WEIR_SEED").ok().and_then(|text| text.parse().ok());
        given.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            now.map_or(1, |now| now.as_nanos() as u64 % 1_000_000_000)
        })
    }

    /// 64 random bits.
    pub fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below<N: Number>(&mut self, bound: N) -> N {
        N::narrow(self.u64() % bound.wide())
    }

    /// True `part` times of `whole`.
    pub fn chance(&mut self, part: u64, whole: u64) -> bool {
        self.below(whole) < part
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, part: impl Number) -> bool {
        self.chance(part.wide(), 100)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.u64() as u8).collect()
    }

    /// A number that is more often than chance would have it where carries, signs and shifts have their edges.
    pub fn edgy(&mut self) -> u64 {
        const EDGES: [u64; 14] = [
            0,
            1,
            2,
            31,
            32,
            63,
            64,
            0x7f,
            0xffff,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            0x7fff_ffff_ffff_ffff,
            0x8000_0000_0000_0000,
        ];
        let edge = self.pick(&EDGES);
        match self.below(6) {
            0 => edge,
            1 => edge.wrapping_neg(),
            2 => edge.wrapping_sub(1),
            3 => !edge,
            4 => self.u64() >> self.below(64),
            _ => self.u64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers from seed 1234567, as published with the reference implementation.
    #[test]
    fn numbers_are_those_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(published.map(|_| random.u64()), published);
        assert!((0..1000).all(|_| random.below(7u8) < 7));
    }
}
