// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Objects that clang made, broken: bits flipped, cut short, parts of one in another, sizes that are absurd. The loader
//! and the compiler refuse or take them, but neither panics nor runs on. `WEIR_SEED` chooses other seeds.

use std::time::{Duration, Instant};
use weir_bpf::Object;
use weir_pipeline::Target;
use weir_random::Random;
use weir_tests::corpus::{self, CorpusError};
use weir_tests::{inputs, skip};

/// Broken objects; a compilation costs milliseconds.
const OBJECTS: u64 = 1500;

/// More than any object that is taken needs, on a busy machine and without optimisation.
const LONGEST: Duration = Duration::from_secs(60);

/// Sizes and offsets at which arithmetic overflows.
const ABSURD: [u64; 8] = [0, 1, 0x7fff_ffff, 0xffff_ffff, 1 << 32, i64::MAX as u64, 1 << 63, u64::MAX];

/// The objects to be broken, those of the corpus and those of xdp-filter; `None` where there is no clang.
fn objects(test: &str) -> Option<Vec<Vec<u8>>> {
    let mut objects = Vec::new();
    for name in ["firewall", "maps", "stack"] {
        match corpus::compile(name, "v3") {
            Ok(object) => objects.push(object),
            Err(CorpusError::Missing(what)) => {
                skip(test, what);
                return None;
            }
            Err(error) => panic!("{error}"),
        }
    }
    let packaged = inputs::xdp_filter().unwrap_or_default();
    let names = ["xdpfilt_dny_eth", "xdpfilt_dny_udp"];
    let packaged = packaged.iter().filter(|(name, _)| names.contains(&name.as_str()));
    objects.extend(packaged.map(|(_, path)| std::fs::read(path).expect("a file that was listed")));
    Some(objects)
}

/// Breaks an object in one to four ways.
fn broken(objects: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = objects[random.below(objects.len())].clone();
    for _ in 0..=random.below(4) {
        if bytes.len() < 16 {
            break;
        }
        let at = random.below(bytes.len() - 8);
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.u64() as u8,
            2 => bytes.truncate(at),
            3 => {
                let other = &objects[random.below(objects.len())];
                let from = random.below(other.len() - 8);
                let length = (8 << random.below(6)).min(other.len() - from).min(bytes.len() - at);
                bytes[at..at + length].copy_from_slice(&other[from..from + length]);
            }
            // The header and the section headers, which stand at the end, hold most sizes and offsets.
            4 => {
                let headers = bytes.len().saturating_sub(64 * 30);
                let at = if random.one_in(4) {
                    random.below(56)
                } else {
                    headers + random.below(bytes.len() - headers - 8)
                };
                bytes[at / 8 * 8..at / 8 * 8 + 8].copy_from_slice(&random.pick(&ABSURD).to_le_bytes());
            }
            _ => bytes[at / 4 * 4..at / 4 * 4 + 4]
                .copy_from_slice(&(random.pick(&ABSURD) as u32).to_le_bytes()),
        }
    }
    bytes
}

#[test]
fn broken_objects_are_refused_or_taken_in_time() {
    let test = "broken_objects_are_refused_or_taken_in_time";
    let Some(objects) = objects(test) else { return };
    let target = Target::named("sim").expect("a built-in target");
    let first = std::env::var("WEIR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let (mut parsed, mut accepted) = (0, 0);
    for seed in first..first + OBJECTS {
        let bytes = broken(&objects, &mut Random::new(seed));
        let since = Instant::now();
        let outcome = std::panic::catch_unwind(|| {
            let object = Object::parse(&bytes).ok()?;
            let compile = |program| weir_compiler::compile(&object, program, &target).is_ok();
            Some(object.programs.iter().filter(|program| compile(program)).count())
        });
        let taken = outcome.unwrap_or_else(|_| panic!("seed {seed} makes it panic"));
        assert!(since.elapsed() < LONGEST, "seed {seed} takes {:?}", since.elapsed());
        parsed += u64::from(taken.is_some());
        accepted += taken.unwrap_or(0);
    }
    println!("seeds from {first}: {parsed} of {OBJECTS} parsed, {accepted} programs accepted");
    // Were all refused at once, nothing behind the first check would be tried.
    assert!(parsed > OBJECTS / 10 && parsed < OBJECTS, "{parsed} of {OBJECTS} parsed");
}
