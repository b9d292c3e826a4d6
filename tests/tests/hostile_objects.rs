// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Objects that clang made, broken and bent. The loader and the compiler refuse or take them, but neither panics, runs
//! on, or takes memory without bound; what is taken runs as on the interpreter. `WEIR_SEED` chooses other seeds, `./x fuzz
//! --objects N` tries more.

use std::time::{Duration, Instant};
use weir_pipeline::Target;
use weir_random::Random;
use weir_tests::corpus::CorpusError;
use weir_tests::hostile::{Fate, bent, broken, originals, peak_memory, try_object};
use weir_tests::skip;

/// Objects of each kind; a compilation costs milliseconds.
const OBJECTS: u64 = 1000;

/// More than any object that is taken needs, on a busy machine and without optimisation.
const LONGEST: Duration = Duration::from_secs(60);

/// More than any needs: what a map declares is not set aside before somebody wants it.
const MOST_MEMORY: u64 = 1 << 30;

/// Tries objects that `change` has made; what became of all of them.
fn all(test: &str, change: fn(&[Vec<u8>], &mut Random) -> Vec<u8>) -> Option<(u64, Fate)> {
    let objects = match originals() {
        Ok(objects) => objects,
        Err(CorpusError::Missing(what)) => {
            skip(test, what);
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let target = Target::named("sim").expect("a built-in target");
    let first = std::env::var("WEIR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let (mut parsed, mut sum) = (0, Fate::default());
    for seed in first..first + OBJECTS {
        let bytes = change(&objects, &mut Random::new(seed));
        let since = Instant::now();
        let fate = try_object(&bytes, &target, seed).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        assert!(since.elapsed() < LONGEST, "seed {seed} takes {:?}", since.elapsed());
        parsed += u64::from(fate.parsed);
        sum.accepted += fate.accepted;
        sum.agreed += fate.agreed;
    }
    let memory = peak_memory().unwrap_or_default();
    println!(
        "seeds from {first}: {parsed} of {OBJECTS} parsed, {} programs accepted, {} run alike, at most {} MiB",
        sum.accepted,
        sum.agreed,
        memory >> 20
    );
    assert!(memory < MOST_MEMORY, "{memory} bytes of memory");
    Some((parsed, sum))
}

#[test]
fn broken_objects_are_refused_or_taken_in_time() {
    let Some((parsed, sum)) = all("broken_objects_are_refused_or_taken_in_time", broken) else { return };
    // Were all refused at once, nothing behind the first check would be tried.
    assert!(parsed > OBJECTS / 10 && parsed < OBJECTS, "{parsed} of {OBJECTS} parsed");
    assert!(sum.agreed > 100, "{sum:?}");
}

#[test]
fn bent_objects_are_refused_or_run_alike() {
    let Some((parsed, sum)) = all("bent_objects_are_refused_or_run_alike", bent) else { return };
    assert!(parsed > OBJECTS / 3, "{parsed} of {OBJECTS} parsed");
    assert!(sum.agreed > 500, "{sum:?}");
}
