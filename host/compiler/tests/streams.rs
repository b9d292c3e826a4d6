// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Packets of one flow, of few flows and of many, as close after each other as the gap lets them, on the model against
//! one at a time on the interpreter. Every other comparison of the two does the same for its own packets.

mod support;

use support::{Numbers, accepted, compare_stream, corpus, target};
use weir_bpf::Object;

/// IPv4 packets of so many flows; what programs take keys from are small numbers.
fn stream(seed: u64, flows: u64, count: usize) -> Vec<Vec<u8>> {
    let mut numbers = Numbers(seed);
    let mut packet = || {
        let flow = numbers.below(flows) as u8;
        let mut packet = vec![0; 60 + numbers.below(8) as usize];
        packet.iter_mut().for_each(|byte| *byte = numbers.below(4) as u8);
        packet[..12].fill(flow);
        packet[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
        packet[22..34].fill(flow);
        // What ends a flow, now and then.
        packet[27] = numbers.below(16) as u8;
        packet
    };
    (0..count).map(|_| packet()).collect()
}

fn holds(object: &Object, program: usize, gap: Option<u32>, packets: &[Vec<u8>]) -> Result<(), String> {
    let program = &object.programs[program];
    let compiled = accepted(object, program);
    let gap = gap.unwrap_or(compiled.report.gap);
    compare_stream(&target(), object, program, &compiled, gap, 5, packets)
}

#[test]
fn streams_find_the_maps_as_one_at_a_time_would() {
    for (file, most) in
        [("bucket", 60), ("hash", 40), ("maps", 40), ("merged", 40), ("update", 40), ("globals", 40)]
    {
        let object = corpus(file, &["-O2", "-mcpu=v3"]);
        for (index, program) in object.programs.iter().enumerate() {
            for flows in [1, 2, 5, 256] {
                let packets = stream(flows, flows, 4 * most);
                holds(&object, index, None, &packets)
                    .unwrap_or_else(|e| panic!("{} {flows} flows: {e}", program.name));
            }
        }
    }
}

/// The comparison sees a gap that is too short.
#[test]
fn half_the_gap_is_too_little() {
    for (file, name) in [("bucket", "bucket"), ("update", "track")] {
        let object = corpus(file, &["-O2", "-mcpu=v3"]);
        let index = object.programs.iter().position(|p| p.name == name).expect("it is there");
        let gap = accepted(&object, &object.programs[index]).report.gap;
        assert!(gap > 8, "{name} has a gap of {gap}");
        holds(&object, index, Some(gap / 2), &stream(1, 1, 200)).expect_err(name);
    }
}
