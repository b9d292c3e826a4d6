// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How long compilation takes and how much memory: `cargo bench -p weir-compiler`.
//!
//! The programs are made here, of pieces that packet programs are made of: fields that are compared, counters in maps,
//! headers that are rewritten with their checksum, port ranges, hashes. They are cut at 300 and at 4,096 instructions;
//! the target is `sim` with 48 stages and 64 passes, so that the long one is scheduled to its end. Prints a table
//! of what was seen, and fails where a limit is exceeded.

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write;
use std::time::{Duration, Instant};
use support::{Numbers, array, assembled};
use weir_bpf::MapDef;
use weir_pipeline::Target;

/// Instructions, runs, and what the median of the runs may take.
const SIZES: [(usize, usize, Duration); 2] =
    [(300, 61, Duration::from_millis(5)), (4096, 9, Duration::from_millis(100))];

/// Peak memory of the whole benchmark.
const MEBIBYTES: u64 = 200;

fn maps() -> Vec<MapDef> {
    vec![array("counters", 8, 256), array("rules", 16, 64)]
}

/// One piece; the accumulator is R9, R7 the packet, R1 to R5 are free.
fn piece(text: &mut String, number: usize, random: &mut Numbers) {
    let field = 14 + 2 * random.below(32);
    let value = random.below(1 << 16);
    // Writing to a string cannot fail.
    // One piece in twelve looks something up, which is more than most programs do.
    let kind = if random.below(12) == 0 { random.below(2) } else { 2 + random.below(4) };
    let _ = match kind {
        // A field is compared, and a counter counts.
        0 => writeln!(
            text,
            "r1 = *(u16 *)(r7 + {field})\nif r1 != {value} goto l{number}\n*(u32 *)(r10 - 4) = {}\n\
             r2 = r10\nr2 += -4\nr1 = map[0]\ncall 1\nif r0 == 0 goto l{number}\n\
             r1 = 1\nlock *(u64 *)(r0 + 0) += r1\nl{number}:",
            value % 256
        ),
        // A rule is looked up by a part of the packet.
        1 => writeln!(
            text,
            "r1 = *(u8 *)(r7 + {field})\nr1 &= 63\n*(u32 *)(r10 - 4) = r1\nr2 = r10\nr2 += -4\nr1 = map[1]\n\
             call 1\nif r0 == 0 goto l{number}\nr1 = *(u32 *)(r0 + 0)\nr9 ^= r1\nl{number}:"
        ),
        // A byte is counted down and the checksum next to it mended.
        2 => writeln!(
            text,
            "r1 = *(u8 *)(r7 + {field})\nif r1 == 0 goto l{number}\nr1 += -1\n*(u8 *)(r7 + {field}) = r1\n\
             r2 = *(u16 *)(r7 + {})\nr2 += 1\nr3 = r2\nr3 >>= 16\nr2 += r3\nr2 &= 65535\n\
             *(u16 *)(r7 + {}) = r2\nl{number}:",
            field + 2,
            field + 2
        ),
        // A range of ports.
        3 => writeln!(
            text,
            "r1 = *(u16 *)(r7 + {field})\nr1 = be16 r1\nif r1 < {} goto l{number}\nif r1 > {value} goto l{number}\n\
             r9 += {}\nl{number}:",
            value / 2,
            value % 7
        ),
        // Part of a hash.
        4 => writeln!(
            text,
            "r1 = *(u32 *)(r7 + {field})\nr1 ^= r9\nr2 = r1\nr2 <<= 5\nr1 >>= 27\nr1 |= r2\nr9 += r1"
        ),
        // A flag.
        _ => writeln!(
            text,
            "r1 = *(u8 *)(r7 + {field})\nr1 >>= 4\nif r1 & {} goto l{number}\nr9 |= {}\nl{number}:",
            1 << (value % 4),
            1 << (value % 16)
        ),
    };
}

/// A program of so many instructions: pieces, and as many no-operations as are missing.
fn program(insns: usize) -> String {
    let mut random = Numbers(7);
    let mut text = String::from(
        "r6 = r1\nr7 = *(u32 *)(r6 + 0)\nr8 = *(u32 *)(r6 + 4)\nr0 = 2\nr1 = r7\nr1 += 96\n\
         if r1 > r8 goto end\nr9 = 0\n",
    );
    let slots = |text: &str| weir_bpf::asm::assemble(&format!("{text}end:\nexit\n")).map_or(0, |i| i.len());
    let mut number = 0;
    loop {
        let before = text.len();
        piece(&mut text, number, &mut random);
        number += 1;
        if slots(&text) + 2 > insns {
            text.truncate(before);
            break;
        }
    }
    text += "r9 &= 1\n";
    text += "r0 = r9\n";
    while slots(&text) < insns {
        text += "r0 ^= 1\n";
    }
    text + "end:\nexit\n"
}

/// Peak resident memory of this process in MiB, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}

fn main() {
    let target = Target { stages: 48, passes: 64, ..support::target() };
    let mut failed = false;
    println!("instructions  operations  stages  passes  median ms  fastest ms  limit ms");
    for (insns, runs, limit) in SIZES {
        let object = assembled(&program(insns), &maps());
        assert_eq!(object.programs[0].insns.len(), insns);
        let mut times = Vec::new();
        let mut report = None;
        for _ in 0..runs {
            let start = Instant::now();
            let outcome = weir_compiler::compile(&object, &object.programs[0], &target);
            times.push(start.elapsed());
            match outcome {
                Ok(compiled) => report = Some(compiled.report),
                Err(refused) => {
                    println!("{insns}: refused, {} {}", refused[0].code, refused[0].message);
                    failed = true;
                    break;
                }
            }
        }
        times.sort_unstable();
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let (median, fastest) = (times[times.len() / 2], times[0]);
        if let Some(report) = report {
            println!(
                "{insns:12}  {:10}  {:6}  {:6}  {:9.2}  {:10.2}  {:8.0}",
                report.operations,
                report.stages,
                report.passes,
                milliseconds(median),
                milliseconds(fastest),
                milliseconds(limit)
            );
        }
        failed |= median > limit;
    }
    if let Some(peak) = peak() {
        println!("peak memory {peak} MiB, limit {MEBIBYTES} MiB");
        failed |= peak > MEBIBYTES;
    }
    if failed {
        std::process::exit(1);
    }
}
