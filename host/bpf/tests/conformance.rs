// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every instruction on edge values: `tests/conformance/*.data`.
//!
//! A file is a list of groups. `-- asm` is a piece of program that finds its operands in R0 and R1 (and the packet in
//! R6) and leaves its result in R0; `-- functions`, if there, are subprograms; each line under `-- cases` is R0, R1
//! and the result, in hexadecimal. The results are the Linux kernel's (6.18, x86-64, `BPF_PROG_TEST_RUN` of the very
//! program that [`wrap`] makes), so they are no echo of this interpreter.

use std::collections::BTreeSet;
use std::path::Path;

use weir_bpf::asm::assemble;
use weir_bpf::op::Operand;
use weir_bpf::{Interpreter, Metadata, Op};

#[derive(Default)]
struct Group {
    asm: String,
    functions: String,
    cases: Vec<[u64; 3]>,
}

fn groups(text: &str) -> Vec<Group> {
    let (mut groups, mut part) = (Vec::<Group>::new(), "");
    for line in text.lines().filter(|line| !line.starts_with("//") && !line.is_empty()) {
        if let Some(name) = line.strip_prefix("-- ") {
            part = name;
            if part == "asm" {
                groups.push(Group::default());
            }
            continue;
        }
        let group = groups.last_mut().expect("a file begins with `-- asm`");
        match part {
            "asm" => group.asm += &format!("{line}\n"),
            "functions" => group.functions += &format!("{line}\n"),
            "cases" => {
                let numbers: Vec<u64> =
                    line.split(' ').map(|n| u64::from_str_radix(n, 16).expect("a number")).collect();
                group.cases.push(numbers.try_into().expect("three numbers"));
            }
            part => panic!("unknown part `{part}`"),
        }
    }
    groups
}

/// A whole program: operands from the packet's bytes 0 and 8, result to byte 16.
fn wrap(group: &Group) -> String {
    format!(
        "r6 = *(u32 *)(r1 + 0)\n\
         r2 = *(u32 *)(r1 + 4)\n\
         r3 = r6\n\
         r3 += 64\n\
         r0 = 1\n\
         if r3 > r2 goto out\n\
         r0 = *(u64 *)(r6 + 0)\n\
         r1 = *(u64 *)(r6 + 8)\n\
         {}\
         *(u64 *)(r6 + 16) = r0\n\
         r0 = 2\n\
         out:\n\
         exit\n\
         {}",
        group.asm, group.functions
    )
}

#[test]
fn every_instruction_does_what_the_kernels_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let (mut cases, mut failures, mut covered) = (0, Vec::new(), BTreeSet::new());
    for entry in std::fs::read_dir(folder).expect("it exists") {
        let path = entry.expect("readable").path();
        for group in groups(&std::fs::read_to_string(&path).expect("readable")) {
            let insns = assemble(&wrap(&group)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            covered.extend(
                Op::decode_all(&insns).expect("it was assembled").into_iter().map(|(_, op)| kind(op)),
            );
            let mut run = Interpreter::from_insns(&insns, &[]).expect("no maps");
            for [a, b, expected] in &group.cases {
                let mut packet = vec![0; 64];
                packet[..8].copy_from_slice(&a.to_le_bytes());
                packet[8..16].copy_from_slice(&b.to_le_bytes());
                let outcome = run.run(&packet, &Metadata::default()).expect("no trap");
                let result = u64::from_le_bytes(outcome.data[16..24].try_into().expect("8 bytes"));
                if result != *expected || outcome.verdict != 2 {
                    failures.push(format!("{}{a:x} {b:x} gives {result:x}, not {expected:x}", group.asm));
                }
                cases += 1;
            }
        }
    }
    assert!(failures.is_empty(), "{} of {cases} cases fail:\n{}", failures.len(), failures.join("\n"));
    // 14 operations and neg, two widths, two sources; 5 sign extensions; 9 swaps; 11 relations, two widths, two
    // sources; 2 gotos; local call, exit; 64-bit immediate; 7 loads; 8 stores; 10 atomics, two widths.
    let expected = (14 * 2 + 1) * 2 + 5 + 9 + 11 * 2 * 2 + 1 + 2 + 1 + 7 + 8 + 10 * 2;
    assert_eq!(covered.len(), expected, "instructions covered: {covered:#?}");
}

/// What of an instruction makes it another one, without registers and numbers.
fn kind(op: Op) -> String {
    let source = |operand| if matches!(operand, Operand::Reg(_)) { "register" } else { "immediate" };
    match op {
        Op::Alu { op, width, src, .. } => format!("{op:?} {width:?} {}", source(src)),
        Op::Neg { width, .. } => format!("neg {width:?}"),
        Op::MovSigned { width, bits, .. } => format!("mov s{bits} {width:?}"),
        Op::Swap { swap, bits, .. } => format!("{swap:?}{bits}"),
        Op::Jump { op, width, src, .. } => format!("jump {op:?} {width:?} {}", source(src)),
        Op::Goto { .. } => "goto".to_string(),
        Op::CallHelper(_) => "call of a helper".to_string(),
        Op::CallLocal { .. } => "call".to_string(),
        Op::Exit => "exit".to_string(),
        Op::LoadWide { .. } => "lddw".to_string(),
        Op::Load { size, signed, .. } => format!("load {size:?} {signed}"),
        Op::Store { size, src, .. } => format!("store {size:?} {}", source(src)),
        Op::Atomic { op, size, fetch, .. } => format!("atomic {op:?} {size:?} {fetch}"),
    }
}
