// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Results of late units that nobody reads arrive all the same: what else is written to their register in that stage
//! would be lost. A random program (seed 904) found that for the result of a delete.

mod support;

use std::fmt::Write;
use support::{Numbers, accepted, agree, assembled};
use weir_bpf::MapDef;

/// Chains of so many registers run past the arrival of a dead result, at every distance from it.
#[test]
fn a_dead_result_of_a_delete_overwrites_nothing() {
    let map = [MapDef {
        name: "map".into(),
        map_type: 1,
        key_size: 4,
        value_size: 8,
        max_entries: 16,
        ..MapDef::default()
    }];
    let mut numbers = Numbers(904);
    let mut packets: Vec<Vec<u8>> = (0..24).map(|_| numbers.bytes(64)).collect();
    packets.iter_mut().for_each(|packet| packet[0] &= 3);
    for width in 1..=5 {
        for before in 0..6 {
            let mut text = String::from(
                "r7 = *(u32 *)(r1 + 0)\nr8 = *(u32 *)(r1 + 4)\nr6 = r7\nr6 += 48\nr0 = 2\nif r6 > r8 goto out\n\
                 r1 = *(u8 *)(r7 + 0)\n*(u32 *)(r10 - 4) = r1\n",
            );
            // Numbers in the stack, which are registers of the stages.
            for slot in 0..width {
                let _ = writeln!(
                    text,
                    "r1 = *(u64 *)(r7 + {})\n*(u64 *)(r10 - {}) = r1",
                    8 * slot,
                    8 * slot + 16
                );
            }
            let mut rounds = |text: &mut String, count: u64| {
                for round in 0..count {
                    for slot in 0..width {
                        let (own, other) = (8 * slot + 16, 8 * ((slot + 1) % width) + 16);
                        let op = ["+", "^"][(round % 2) as usize];
                        let _ = writeln!(
                            text,
                            "r1 = *(u64 *)(r10 - {own})\nr2 = *(u64 *)(r10 - {other})\nr1 {op}= r2\nr1 += {}\n\
                             *(u64 *)(r10 - {own}) = r1",
                            numbers.below(1000)
                        );
                    }
                }
            };
            rounds(&mut text, before);
            text += "r2 = r10\nr2 += -4\nr1 = map[0]\ncall 3\n";
            rounds(&mut text, 12);
            for slot in 0..width {
                let _ = writeln!(
                    text,
                    "r1 = *(u64 *)(r10 - {})\n*(u64 *)(r7 + {}) = r1",
                    8 * slot + 16,
                    8 * slot
                );
            }
            text += "r0 = 3\nout:\nexit";
            let object = assembled(&text, &map);
            let compiled = accepted(&object, &object.programs[0]);
            agree(&object, &object.programs[0], &compiled, before, &packets);
        }
    }
}
