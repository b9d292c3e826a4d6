// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random programs on the interpreter and, compiled, on the model. Every kind of instruction that the compiler takes is
//! generated; what fails shrinks and prints its text and seed.

mod support;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;
use std::fmt::Write;
use support::{Numbers, array, assembled, compare, compare_on, from_insns, target};
use weir_bpf::MapDef;
use weir_pipeline::Target;
use weir_pipeline::target::Placement;

/// Packet bytes that every program checks for first.
const BYTES: u64 = 48;

/// One step of a program: a kind, and numbers that it interprets.
type Step = (u8, u64, u64);

/// Numbers stand in R0 to R5 and R9; R6 is the context, R7 and R8 are the packet's ends.
const NUMBERS: [u64; 7] = [0, 1, 2, 3, 4, 5, 9];

struct Generator {
    text: String,
    labels: u32,
}

struct Digits(u64);

impl Digits {
    /// A digit from 0 below `n`.
    fn take(&mut self, n: u64) -> u64 {
        let digit = self.0 % n;
        self.0 /= n;
        digit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.take(from.len() as u64) as usize]
    }
}

impl Generator {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("label{}", self.labels)
    }

    fn steps(&mut self, steps: &[Step]) {
        let mut at = 0;
        while at < steps.len() {
            let (kind, a, b) = steps[at];
            at += 1;
            let mut digits = Digits(a);
            match kind % 17 {
                0..=4 => self.arithmetic(&mut digits, b),
                5 => self.unary(&mut digits),
                6 => self.load(&mut digits),
                7 => self.store(&mut digits, b),
                8 => self.stack(&mut digits),
                9 => self.variable(&mut digits),
                10 | 11 => self.map(&mut digits, b),
                12 => self.context(&mut digits),
                13 => self.arithmetic_on_constant(&mut digits, b),
                14 => self.side_by_side(&mut digits, b),
                _ => {
                    // A branch over the next steps, sometimes with the rest of them on the other side.
                    let inside = (1 + digits.take(5) as usize).min(steps.len() - at);
                    let (then, other) = (self.label(), self.label());
                    self.branch(&mut digits, b, &then);
                    if digits.take(6) == 0 {
                        let verdict = digits.take(5);
                        let _ = writeln!(self.text, "r0 = {verdict}\nexit");
                    } else {
                        self.steps(&steps[at..at + inside / 2]);
                        self.line(&format!("goto {other}"));
                    }
                    self.line(&format!("{then}:"));
                    self.steps(&steps[at + inside / 2..at + inside]);
                    self.line(&format!("{other}:"));
                    at += inside;
                }
            }
        }
    }

    /// Stores side by side: copies that may overlap, swaps, constants, and the parts of a number.
    fn side_by_side(&mut self, digits: &mut Digits, b: u64) {
        let size = digits.pick(&[8u64, 8, 16, 32]);
        let (bytes, count) = (size / 8, 2 + digits.take(7));
        let room = BYTES - bytes * count + 1;
        let (from, to) = (digits.take(room), digits.take(room));
        let (kind, other) = (digits.take(6), digits.pick(&NUMBERS));
        for i in 0..count {
            let (source, sink) = (from + i * bytes, to + i * bytes);
            match kind {
                0 | 1 => {
                    self.line(&format!("r1 = *(u{size} *)(r7 + {source})"));
                    self.line(&format!("*(u{size} *)(r7 + {sink}) = r1"));
                }
                2 => {
                    self.line(&format!("r1 = *(u{size} *)(r7 + {source})"));
                    self.line(&format!("r2 = *(u{size} *)(r7 + {sink})"));
                    self.line(&format!("*(u{size} *)(r7 + {sink}) = r1"));
                    self.line(&format!("*(u{size} *)(r7 + {source}) = r2"));
                }
                3 => self.line(&format!("*(u{size} *)(r7 + {sink}) = {}", (b >> i) as i32)),
                4 => {
                    self.line(&format!("*(u{size} *)(r7 + {sink}) = r{other}"));
                    self.line(&format!("r{other} >>= {size}"));
                }
                _ => {
                    // A number, part of which is replaced.
                    self.line(&format!("*(u64 *)(r7 + {}) = r{other}", to.min(BYTES - 8)));
                    self.line(&format!("*(u{size} *)(r7 + {sink}) = r2"));
                    self.line(&format!("r1 = *(u{size} *)(r7 + {source})"));
                }
            }
        }
    }

    fn arithmetic(&mut self, digits: &mut Digits, b: u64) {
        let width = digits.pick(&["r", "w"]);
        let dst = digits.pick(&NUMBERS);
        let ops = ["+", "-", "*", "|", "&", "^", "<<", ">>", "s>>", ""];
        let op = digits.pick(&ops);
        let bits = if width == "r" { 63 } else { 31 };
        if digits.take(2) == 0 {
            let src = digits.pick(&NUMBERS);
            self.line(&format!("{width}{dst} {op}= {width}{src}"));
        } else {
            let imm = if op.ends_with('<') || op.ends_with('>') { (b % bits) as i32 } else { constant(b) };
            self.line(&format!("{width}{dst} {op}= {imm}"));
        }
    }

    /// Division, mostly of few bits, which takes fewer stages.
    fn arithmetic_on_constant(&mut self, digits: &mut Digits, b: u64) {
        let width = digits.pick(&["r", "w"]);
        let dst = digits.pick(&NUMBERS);
        let op = digits.pick(&["/", "%", "s/", "s%"]);
        if digits.take(4) > 0 {
            let mask = digits.pick(&[7, 0xff, 0xfff]);
            self.line(&format!("{width}{dst} &= {mask}"));
        }
        if digits.take(3) > 0 {
            let imm = digits.pick(&[1, 2, 3, 7, 10, 16, 100, 255, 1024, -1, -8]);
            self.line(&format!("{width}{dst} {op}= {imm}"));
        } else {
            let src = digits.pick(&NUMBERS);
            self.line(&format!("{width}{src} &= {}", b % 256));
            self.line(&format!("{width}{dst} {op}= {width}{src}"));
        }
    }

    fn unary(&mut self, digits: &mut Digits) {
        let (dst, src) = (digits.pick(&NUMBERS), digits.pick(&NUMBERS));
        let bits = digits.pick(&[16, 32, 64]);
        let line = match digits.take(8) {
            0 => format!("r{dst} = -r{dst}"),
            1 => format!("w{dst} = -w{dst}"),
            2 => format!("r{dst} = be{bits} r{dst}"),
            3 => format!("r{dst} = le{bits} r{dst}"),
            4 => format!("r{dst} = bswap{bits} r{dst}"),
            5 => format!("r{dst} = (s{})r{src}", digits.pick(&[8, 16, 32])),
            6 => format!("w{dst} = (s{})w{src}", digits.pick(&[8, 16])),
            _ => format!("r{dst} = {:#x} ll", digits.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        };
        self.line(&line);
    }

    fn load(&mut self, digits: &mut Digits) {
        let (dst, size) = (digits.pick(&NUMBERS), digits.pick(&[8, 16, 32, 64]));
        let offset = digits.take(BYTES - size / 8 + 1);
        let sign = if size < 64 && digits.take(4) == 0 { "s" } else { "u" };
        self.line(&format!("r{dst} = *({sign}{size} *)(r7 + {offset})"));
    }

    fn store(&mut self, digits: &mut Digits, b: u64) {
        let (src, size) = (digits.pick(&NUMBERS), digits.pick(&[8, 16, 32, 64]));
        let offset = digits.take(BYTES - size / 8 + 1);
        let value = if digits.take(3) == 0 { constant(b).to_string() } else { format!("r{src}") };
        self.line(&format!("*(u{size} *)(r7 + {offset}) = {value}"));
    }

    /// The lowest 32 bytes of what is used of the stack are always written.
    fn stack(&mut self, digits: &mut Digits) {
        let (register, size) = (digits.pick(&NUMBERS), digits.pick(&[8, 16, 32, 64]));
        let offset = 40 - digits.take(256 / size) * (size / 8);
        match digits.take(3) {
            0 => self.line(&format!("*(u{size} *)(r10 - {offset}) = r{register}")),
            1 => self.line(&format!("r{register} = *(u{size} *)(r10 - {offset})")),
            _ => self.line(&format!("lock *(u64 *)(r10 - 40) += r{register}")),
        }
    }

    /// A packet access at a variable offset, within what is known or behind a comparison of its own.
    fn variable(&mut self, digits: &mut Digits) {
        let (index, size) = (digits.pick(&[1, 2, 3, 4]), digits.pick(&[8, 16, 32]));
        let (mask, extra) = (digits.pick(&[3, 15, 31, 63]), digits.take(20));
        let skip = self.label();
        self.line(&format!("r{index} &= {mask}"));
        self.line("r5 = r7");
        self.line(&format!("r5 += r{index}"));
        self.line("r0 = r5");
        self.line(&format!("r0 += {}", extra + size / 8));
        let compared = digits.take(3);
        self.line(&match compared {
            0 => format!("if r0 > r8 goto {skip}"),
            1 => format!("if r8 < r0 goto {skip}"),
            _ => format!("if r8 <= r0 goto {skip}"),
        });
        let access = match digits.take(3) {
            0 => format!("*(u{size} *)(r5 + {extra}) = r{index}"),
            _ => format!("r{index} = *(u{size} *)(r5 + {extra})"),
        };
        self.line(&access);
        self.line(&format!("{skip}:"));
        self.line(&format!("r0 = {}", digits.take(9)));
        self.line(&format!("r5 = r{index}"));
    }

    /// A lookup, and what may be done with the value.
    fn map(&mut self, digits: &mut Digits, b: u64) {
        let (map, key) = (digits.take(3), digits.pick(&NUMBERS));
        let (value_size, entries) = MAPS[map as usize];
        let skip = self.label();
        match digits.take(3) {
            0 => self.line(&format!("*(u32 *)(r10 - 4) = {}", b % u64::from(entries))),
            1 => {
                self.line(&format!("r{key} &= {}", entries.next_power_of_two() * 2 - 1));
                self.line(&format!("*(u32 *)(r10 - 4) = r{key}"));
            }
            _ => self.line(&format!("*(u32 *)(r10 - 4) = r{key}")),
        }
        self.line("r2 = r10\nr2 += -4");
        self.line(&format!("r1 = map[{map}]"));
        self.line("call 1");
        self.line(&format!("if r0 == 0 goto {skip}"));
        let mut size = digits.pick(&[8u64, 16, 32, 64]);
        if size / 8 > u64::from(value_size) {
            size = 32;
        }
        let place = |digits: &mut Digits, size: u64| digits.take(u64::from(value_size) * 8 / size) * size / 8;
        let offset = place(digits, size);
        match digits.take(6) {
            0 => self.line(&format!("r9 = *(u{size} *)(r0 + {offset})")),
            1 => self.line(&format!("*(u{size} *)(r0 + {offset}) = r9")),
            2 => {
                let size = if value_size >= 8 { digits.pick(&[32, 64]) } else { 32 };
                let offset = place(digits, size);
                let w = if size == 32 { "w" } else { "r" };
                self.line(&format!("lock *(u{size} *)(r0 + {offset}) += {w}9"));
            }
            3 => {
                let (w, amount) = (digits.pick(&["r", "w"]), constant(b));
                self.line(&format!("r1 = *(u{size} *)(r0 + {offset})"));
                self.line(&format!("{w}1 += {amount}"));
                self.line(&format!("*(u{size} *)(r0 + {offset}) = r1"));
            }
            4 => {
                let size = if value_size >= 8 { digits.pick(&[32, 64]) } else { 32 };
                let offset = place(digits, size);
                let w = if size == 32 { "w" } else { "r" };
                let op = digits.pick(&["add", "or", "and", "xor"]);
                self.line(&format!("r9 = atomic_fetch_{op}((u{size} *)(r0 + {offset}), {w}9)"));
            }
            _ => {
                self.line(&format!("r1 = *(u{size} *)(r0 + {offset})"));
                let other = place(digits, size);
                self.line(&format!("r9 = *(u{size} *)(r0 + {other})"));
                self.line("r9 ^= r1");
            }
        }
        self.line(&format!("{skip}:"));
        for register in 0..6 {
            let value = digits.take(3);
            self.line(&format!("r{register} = {}", [register * 77, 1, 0xffff][value as usize]));
        }
        self.line("r1 = r9");
    }

    fn context(&mut self, digits: &mut Digits) {
        let (dst, offset) = (digits.pick(&NUMBERS), digits.pick(&[12, 16]));
        match digits.take(4) {
            0 => {
                let _ = writeln!(self.text, "r{dst} = r8\nr{dst} -= r7");
            }
            _ => self.line(&format!("r{dst} = *(u32 *)(r6 + {offset})")),
        }
    }

    fn branch(&mut self, digits: &mut Digits, b: u64, to: &str) {
        let width = digits.pick(&["r", "w"]);
        let op = digits.pick(&["==", "!=", "&", ">", ">=", "<", "<=", "s>", "s>=", "s<", "s<="]);
        let (dst, src) = (digits.pick(&NUMBERS), digits.pick(&NUMBERS));
        let second = if digits.take(3) == 0 { format!("{width}{src}") } else { constant(b).to_string() };
        self.line(&format!("if {width}{dst} {op} {second} goto {to}"));
    }
}

/// Constants that meet, and constants of all sizes.
fn constant(b: u64) -> i32 {
    match b % 4 {
        0 => (b >> 2) as i32 % 16,
        1 => 1 << ((b >> 2) % 32),
        2 => [0, -1, i32::MAX, i32::MIN, 255, 65535][(b >> 2) as usize % 6],
        _ => (b >> 2) as i32,
    }
}

/// Value size and entries.
const MAPS: [(u32, u32); 3] = [(8, 16), (4, 5), (24, 7)];

/// Codes that say that a valid program does not fit a target.
const ROOM: [&str; 3] = ["X0502", "X0503", "X0504"];

fn maps() -> Vec<MapDef> {
    (0..).zip(MAPS).map(|(i, (size, entries))| array(&format!("map{i}"), size, entries)).collect()
}

fn program(steps: &[Step]) -> String {
    let mut generator = Generator { text: String::new(), labels: 0 };
    let start = format!(
        "r6 = r1\nr7 = *(u32 *)(r6 + 0)\nr8 = *(u32 *)(r6 + 4)\nr0 = 3\nr1 = r7\nr1 += {BYTES}\n\
         if r1 <= r8 goto start\nexit\nstart:"
    );
    generator.line(&start);
    for (index, register) in NUMBERS.iter().enumerate() {
        generator.line(&format!("r{register} = *(u32 *)(r7 + {})", index * 4));
    }
    for offset in [40, 32, 24, 16] {
        generator.line(&format!("*(u64 *)(r10 - {offset}) = r{}", offset / 8 - 1));
    }
    generator.steps(steps);
    // Everything is seen in the packet at the end.
    for (index, register) in NUMBERS.iter().enumerate().take(5) {
        generator.line(&format!("*(u64 *)(r7 + {}) = r{register}", index * 8));
    }
    generator.line("r0 ^= r5\nr0 ^= r9\nexit");
    generator.text
}

fn packets(seed: u64) -> Vec<Vec<u8>> {
    let mut numbers = Numbers(seed);
    (0..12)
        .map(|_| {
            let length =
                if numbers.below(4) == 0 { numbers.below(BYTES + 40) } else { BYTES + numbers.below(80) };
            let mut packet = numbers.bytes(length.max(14) as usize);
            // Small numbers and equal ones take more branches.
            for byte in &mut packet {
                if numbers.below(3) == 0 {
                    *byte = [0, 0, 1, 255][numbers.below(4) as usize];
                }
            }
            packet
        })
        .collect()
}

/// Valid programs with one field of one or two instructions changed: most are refused, none may bring the compiler
/// down, and what is accepted must still do what the interpreter does, without a trap.
#[test]
fn damaged_programs_are_refused_or_agree() {
    let count = std::env::var("WEIR_RANDOM_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(3000);
    let accepted = Cell::new(0u32);
    let config = Config { cases: count, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let steps = prop::collection::vec((any::<u8>(), any::<u64>(), any::<u64>()), 0..16);
    let damage = prop::collection::vec((any::<u16>(), any::<u8>(), any::<u64>()), 1..3);
    let outcome = runner.run(&(steps, damage, any::<u64>()), |(steps, damage, seed)| {
        let text = program(&steps);
        let mut insns = weir_bpf::asm::assemble(&text).expect("the generator writes assembly");
        for (at, field, value) in damage {
            let at = at as usize % insns.len();
            let small = (value % 23) as i32 - 8;
            let insn = &mut insns[at];
            match field % 8 {
                0 => insn.dst = (value % 11) as u8,
                1 => insn.src = (value % 11) as u8,
                2 => insn.off = insn.off.wrapping_add(small as i16),
                3 => insn.imm = insn.imm.wrapping_add(small),
                4 => insn.imm = constant(value),
                5 => insn.code = value as u8,
                6 => insn.off = value as i16,
                _ => _ = insns.remove(at),
            }
        }
        let object = from_insns(insns.clone(), &maps());
        let Ok(compiled) = weir_compiler::compile(&object, &object.programs[0], &target()) else {
            return Ok(());
        };
        accepted.set(accepted.get() + 1);
        compare(&object, &object.programs[0], &compiled, seed, &packets(seed))
            .map_err(|difference| TestCaseError::fail(format!("{difference}\n{}", listing(&insns))))
    });
    println!("{} of {count} accepted", accepted.get());
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn listing(insns: &[weir_bpf::Insn]) -> String {
    let mut text = String::new();
    for slot in 0..insns.len() {
        let _ = writeln!(text, "{slot}: {}", weir_bpf::disasm::insn(insns, slot));
    }
    text
}

/// Targets that differ from `sim` in what the scheduler looks at.
fn other_targets() -> Vec<Target> {
    let mut small = target();
    (small.headroom_bytes, small.window_bytes) = (64, 192);
    (small.registers, small.predicates, small.passes) = (12, 10, 64);
    small.units.stores = Placement { every: 2, first: 1 };
    let mut thin = target();
    (thin.units.alus, thin.units.compares, thin.passes) = (1, 1, 64);
    let mut wide = target();
    (wide.stages, wide.passes) = (48, 8);
    wide.units.tables.every = 6;
    let odd = Target { stages: 15, stack_bytes: 128, passes: 64, ..target() };
    vec![small, thin, wide, odd]
}

#[test]
fn random_programs_agree_on_other_targets() {
    let targets = other_targets();
    let count = std::env::var("WEIR_RANDOM_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let accepted = Cell::new(0u32);
    let config = Config { cases: count, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let steps = prop::collection::vec((any::<u8>(), any::<u64>(), any::<u64>()), 0..30);
    let outcome = runner.run(&(steps, any::<u64>(), 0..targets.len()), |(steps, seed, which)| {
        let text = program(&steps);
        let object = assembled(&text, &maps());
        match weir_compiler::compile(&object, &object.programs[0], &targets[which]) {
            Ok(compiled) => {
                accepted.set(accepted.get() + 1);
                let packets = packets(seed);
                compare_on(&targets[which], &object, &object.programs[0], &compiled, seed, &packets)
                    .map_err(|difference| TestCaseError::fail(format!("{difference}\n{text}")))
            }
            Err(diagnostics) => match diagnostics.iter().find(|d| !ROOM.contains(&d.code)) {
                Some(d) => Err(TestCaseError::fail(format!("{d:#?}\n{text}"))),
                None => Ok(()),
            },
        }
    });
    println!("{} accepted of {count}", accepted.get());
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(accepted.get() * 10 >= count * 7, "only {} of {count} accepted", accepted.get());
}

#[test]
fn random_programs_agree_with_with_the_interpreter() {
    let count = std::env::var("WEIR_RANDOM_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(600);
    let (accepted, refused) = (Cell::new(0u32), Cell::new(0u32));
    let config = Config { cases: count, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let steps = prop::collection::vec((any::<u8>(), any::<u64>(), any::<u64>()), 0..40);
    let outcome = runner.run(&(steps, any::<u64>()), |(steps, seed)| {
        let text = program(&steps);
        let object = assembled(&text, &maps());
        let packets = packets(seed);
        match weir_compiler::compile(&object, &object.programs[0], &target()) {
            Ok(compiled) => {
                accepted.set(accepted.get() + 1);
                compare(&object, &object.programs[0], &compiled, seed, &packets)
                    .map_err(|difference| TestCaseError::fail(format!("{difference}\n{text}")))
            }
            Err(diagnostics) => {
                refused.set(refused.get() + 1);

                // What the target lacks room for is refused in order; everything else here is valid.
                match diagnostics.iter().find(|d| !ROOM.contains(&d.code)) {
                    Some(d) => Err(TestCaseError::fail(format!("{d:#?}\n{text}"))),
                    None => Ok(()),
                }
            }
        }
    });
    println!("{} accepted, {} refused for room", accepted.get(), refused.get());
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(accepted.get() * 10 >= count * 7, "only {} of {count} accepted", accepted.get());
}
