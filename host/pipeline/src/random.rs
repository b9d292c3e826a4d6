// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What `bpf_get_prandom_u32` returns: a hash of (seed, packet number, call site, occurrence), so that neither
//! speculation nor the engine can change it.
//!
//! Every packet carries a random value; a number is the low half of the finalizer of splitmix64 (Steele, Lea, Flood:
//! Fast splittable pseudorandom number generators, OOPSLA 2014) over that value, moved by the call. No cryptography.

/// Distance between the random values of two packets that follow each other.
pub const PACKET_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Distance between two call sites.
pub const SITE_STEP: u64 = 0xd134_2543_de82_ef95;

/// Distance between two executions of one call site for one packet.
pub const OCCURRENCE_STEP: u64 = 0xa076_1d64_78bd_642f;

/// Factors of the finalizer.
pub const FACTORS: [u64; 2] = [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];

/// Shifts of the finalizer, before and after the factors.
pub const SHIFTS: [u32; 3] = [30, 27, 31];

/// The random value that packet `number` (from 0) of a program slot carries.
pub fn packet_random(seed: u64, number: u64) -> u64 {
    seed.wrapping_add(number.wrapping_mul(PACKET_STEP))
}

/// What the call at instruction `site` returns when it is executed for the `occurrence`-th time (from 0) for a packet.
pub fn random_number(packet_random: u64, site: u32, occurrence: u32) -> u32 {
    let mut z = packet_random.wrapping_add(site_offset(site, occurrence));
    z = (z ^ (z >> SHIFTS[0])).wrapping_mul(FACTORS[0]);
    z = (z ^ (z >> SHIFTS[1])).wrapping_mul(FACTORS[1]);
    (z ^ (z >> SHIFTS[2])) as u32
}

/// What a call adds to the packet's random value.
pub fn site_offset(site: u32, occurrence: u32) -> u64 {
    let site = (u64::from(site) + 1).wrapping_mul(SITE_STEP);
    site.wrapping_add(u64::from(occurrence).wrapping_mul(OCCURRENCE_STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of splitmix64 from seed 1234567, as published with its reference implementation.
    #[test]
    fn finalizer_is_that_of_splitmix64() {
        let published = [6457827717110365317u64, 3203168211198807973, 9817491932198370423];
        for (number, expected) in (1..).zip(published) {
            // Undo what the first call adds: what remains is splitmix64's own state.
            let state = packet_random(1234567, number).wrapping_sub(site_offset(0, 0));
            assert_eq!(random_number(state, 0, 0), expected as u32);
        }
    }
}
