// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Keys of hash maps over the management registers, and what the card says about itself.

use std::collections::BTreeMap;
use weir_pipeline::keys::Key;
use weir_pipeline::text::parse;
use weir_sim::PipelineSim;

/// Does nothing with a map of 10,000 entries and 8-byte keys that takes half a key unit, beside a small one there.
const TWO_MAPS: &str = r#"
pipeline "two_maps"
target TARGET
tag 0000000000000000
gap 1
passes 1
table "few" hash key 4 value 8 entries 4 places FEW unit 0 id 0 base 0 keys unit 0 id 0 base 0 buckets 4
table "flows" hash key 8 value 8 entries 10000 places PLACES unit 0 id 1 base FEW keys unit 0 id 1 base 4 buckets BUCKETS
pass 0 stage 6
  alu0 r0 = mov zero, 2 if always
end
"#;

/// Keys that the hash of the key unit spreads like others.
fn key(number: u64) -> Key {
    [number.wrapping_mul(0x9e37_79b9_7f4a_7c15), 0]
}

/// What is listed is what the inserts said, whether there are few keys or many; `WEIR_KEYS` says how many, at most 10,000.
/// Clocks are exact: an empty bucket costs three, a key what the host needs to fetch it.
#[test]
fn keys_are_listed_with_their_places() {
    for target in PipelineSim::targets() {
        let mut sim = PipelineSim::new(target, None).unwrap();
        let (stages, keys) = (sim.target().stages, sim.target().units.keys);
        let buckets = keys.buckets / 2;
        let places = |buckets: u32| keys.ways * buckets + keys.stash;
        let (few, places) = (places(4), places(buckets));
        let text = TWO_MAPS
            .replace("TARGET", target)
            .replace("FEW", &few.to_string())
            .replace("PLACES", &places.to_string())
            .replace("BUCKETS", &buckets.to_string());
        sim.load(0, &parse(&text, stages).unwrap()).unwrap();
        assert_eq!(sim.insert(0, 0, [7, 0]).unwrap().map(|place| place < few), Some(true));
        let mut inserted = BTreeMap::new();
        let many = std::env::var("WEIR_KEYS").ok().and_then(|keys| keys.parse().ok()).unwrap_or(2000);
        for count in if stages == 16 { vec![100, many] } else { vec![100] } {
            for number in inserted.len() as u64..count {
                inserted.insert(key(number), sim.insert(0, 1, key(number)).unwrap().expect("a place"));
            }
            let before = sim.clocks();
            let listed = sim.keys(0, 1).unwrap();
            let clocks = sim.clocks() - before;
            println!("{target}: {count} keys of {places} places listed in {clocks} clocks");
            assert_eq!(listed.len(), inserted.len());
            assert_eq!(listed.into_iter().collect::<BTreeMap<_, _>>(), inserted);
            assert!(clocks < 3 * u64::from(places) + 200 + 30 * count, "{clocks} clocks for {count} keys");
        }
        assert_eq!(sim.keys(0, 0).unwrap().iter().map(|(key, _)| *key).collect::<Vec<_>>(), [[7, 0]]);
    }
}

/// The Verilog's hash, which the emitter computes; that it is one is tested there.
#[test]
fn a_card_says_its_build() {
    let builds =
        PipelineSim::targets().map(|target| PipelineSim::new(target, None).unwrap().build().unwrap());
    let builds: Vec<u32> = builds.collect();
    for (index, build) in builds.iter().enumerate() {
        assert!(![0, 0xb01d_0b01].contains(build) && !builds[..index].contains(build), "{builds:08x?}");
    }
}
