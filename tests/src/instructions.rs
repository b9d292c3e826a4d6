// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random programs of arithmetic, jumps, stack accesses and atomics: no pointers but the packet's and the stack's, every
//! register a number that comes from the packet and goes back into it, so that nothing computed stays unseen.

use weir_bpf::insn::{
    ADD, ALU, ALU64, AND, ARSH, ATOMIC, B, CMPXCHG, DIV, DW, END, EXIT, FETCH, H, JA, JEQ, JGE, JGT, JLE,
    JLT, JMP, JMP32, JNE, JSET, JSGE, JSGT, JSLE, JSLT, K, LDX, LSH, MEM, MEMSX, MOD, MOV, MUL, NEG, OR, RSH,
    ST, STX, SUB, W, X, XCHG, XOR,
};
use weir_bpf::{Insn, Program};
use weir_random::Random;

/// Registers with numbers, R0 and up; the next one holds the packet's address.
const NUMBERS: u8 = 9;

/// Bytes of the stack that programs use.
const STACK_BYTES: i16 = 32;

/// Bytes at the start of a packet that a program reads its numbers from and writes its results to.
pub const PACKET_BYTES: usize = 8 * NUMBERS as usize + STACK_BYTES as usize;

/// Which instructions there are to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Arithmetic and jumps, no division, no stack: what the pipeline's units do.
    Pipeline,
    /// All of `cpu=v3`, atomics included.
    V3,
    /// All of `cpu=v4`: signed division, sign extension, unconditional byte swaps.
    V4,
}

fn insn(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Insn {
    Insn { code, dst, src, off, imm }
}

/// A program of about `length` random instructions between its loads and its stores, with at most `max_jumps`
/// conditional jumps; few, since the kernel's verifier follows every way through a program.
///
/// Atomics that fetch occur only in programs without jumps: Linux 6.18 runs them otherwise than RFC 9669 says where ways
/// join. (A 32-bit CMPXCHG does not zero-extend R0 if the rest of the program was verified before on another way; and a
/// branch on a fetched value may be taken for decided because it was so on another way, with another value in memory.)
pub fn program(random: &mut Random, isa: Isa, length: usize, max_jumps: usize) -> Program {
    let pointer = NUMBERS;
    let mut insns = vec![
        // R9 = data; leave with XDP_DROP if the packet is shorter than what is read.
        insn(LDX | MEM | W, 2, 1, 4, 0),
        insn(LDX | MEM | W, pointer, 1, 0, 0),
        insn(ALU64 | MOV | X, 3, pointer, 0, 0),
        insn(ALU64 | ADD | K, 3, 0, 0, PACKET_BYTES as i32),
        insn(ALU64 | MOV | K, 0, 0, 0, 1),
        insn(JMP | JLE | X, 3, 2, 1, 0),
        insn(JMP | EXIT, 0, 0, 0, 0),
    ];
    let stack: Vec<i16> = if isa == Isa::Pipeline { vec![] } else { (0..STACK_BYTES).step_by(8).collect() };
    for at in &stack {
        insns.push(insn(LDX | MEM | DW, 0, pointer, 8 * i16::from(NUMBERS) + at, 0));
        insns.push(insn(STX | MEM | DW, 10, 0, at - STACK_BYTES, 0));
    }
    insns.extend((0..NUMBERS).map(|r| insn(LDX | MEM | DW, r, pointer, 8 * i16::from(r), 0)));
    let (mut jumps, end) = (0, insns.len() + length);
    while insns.len() < end {
        let left = end - insns.len() - 1;
        if jumps < max_jumps && left > 1 && random.one_in(5) {
            jumps += 1;
            let jump = jump_insn(random, left);
            insns.push(jump);
            // After a jump over one instruction, a jump that is always taken leaves nothing unreachable.
            if jump.off == 1 && random.one_in(2) {
                insns.push(insn(JMP | JA, 0, 0, random.below(left) as i16, 0));
            }
        } else {
            insns.push(plain_insn(random, isa, max_jumps == 0));
        }
    }
    insns.extend((0..NUMBERS).map(|r| insn(STX | MEM | DW, pointer, r, 8 * i16::from(r), 0)));
    for at in &stack {
        insns.push(insn(LDX | MEM | DW, 0, 10, at - STACK_BYTES, 0));
        insns.push(insn(STX | MEM | DW, pointer, 0, 8 * i16::from(NUMBERS) + at, 0));
    }
    insns.push(insn(ALU64 | MOV | K, 0, 0, 0, 3));
    insns.push(insn(JMP | EXIT, 0, 0, 0, 0));
    Program { name: "random".into(), section: "xdp".into(), insns, ..Program::default() }
}

fn register(random: &mut Random) -> u8 {
    random.below(NUMBERS)
}

/// A jump over at most `left` instructions.
fn jump_insn(random: &mut Random, left: usize) -> Insn {
    const OPS: [u8; 11] = [JEQ, JGT, JGE, JSET, JNE, JSGT, JSGE, JLT, JLE, JSLT, JSLE];
    let over = random.below(left.min(6) + 1) as i16;
    let (class, op) = (random.pick(&[JMP, JMP32]), random.pick(&OPS));
    let (dst, src) = (register(random), register(random));
    if random.one_in(2) {
        insn(class | op | X, dst, src, over, 0)
    } else {
        insn(class | op | K, dst, 0, over, random.edgy() as i32)
    }
}

fn plain_insn(random: &mut Random, isa: Isa, fetch: bool) -> Insn {
    match random.below(10) {
        0 if isa != Isa::Pipeline => memory_insn(random, isa),
        1 if isa != Isa::Pipeline => atomic_insn(random, fetch),
        2 => swap_insn(random, isa),
        3 => insn(random.pick(&[ALU, ALU64]) | NEG, register(random), 0, 0, 0),
        _ => alu_insn(random, isa),
    }
}

fn alu_insn(random: &mut Random, isa: Isa) -> Insn {
    const OPS: [u8; 12] = [ADD, SUB, MUL, OR, AND, LSH, RSH, XOR, MOV, ARSH, DIV, MOD];
    let ops = if isa == Isa::Pipeline { &OPS[..10] } else { &OPS[..] };
    let (class, op) = (random.pick(&[ALU, ALU64]), random.pick(ops));
    let (dst, src) = (register(random), register(random));
    // In v4, division by offset 1 is signed and a move's offset the width it extends from.
    let off = match op {
        DIV | MOD if isa == Isa::V4 => random.pick(&[0, 1]),
        MOV if isa == Isa::V4 && class == ALU64 => random.pick(&[0, 8, 16, 32]),
        MOV if isa == Isa::V4 => random.pick(&[0, 8, 16]),
        _ => 0,
    };
    if random.one_in(2) || (op == MOV && off != 0) {
        return insn(class | op | X, dst, src, off, 0);
    }
    let width = if class == ALU { 32 } else { 64 };
    let imm = match op {
        LSH | RSH | ARSH => random.below(width),
        // The verifier refuses division by the constant zero.
        DIV | MOD => (random.edgy() as i32).max(1).wrapping_mul(random.pick(&[1, -1])),
        _ => random.edgy() as i32,
    };
    insn(class | op | K, dst, 0, off, imm)
}

fn swap_insn(random: &mut Random, isa: Isa) -> Insn {
    let width = random.pick(&[16, 32, 64]);
    if isa == Isa::V4 && random.one_in(2) {
        return insn(ALU64 | END, register(random), 0, 0, width);
    }
    insn(ALU | END | random.pick(&[K, X]), register(random), 0, 0, width)
}

/// A load from or a store to the stack, aligned or not.
fn memory_insn(random: &mut Random, isa: Isa) -> Insn {
    let (size, bytes) = random.pick(&[(B, 1), (H, 2), (W, 4), (DW, 8)]);
    // The kernel takes accesses of the stack at multiples of their size only.
    let at = random.below((STACK_BYTES / bytes) as usize) as i16 * bytes - STACK_BYTES;
    match random.below(4) {
        0 => insn(ST | MEM | size, 10, 0, at, random.edgy() as i32),
        1 => insn(STX | MEM | size, 10, register(random), at, 0),
        2 if isa == Isa::V4 && size != DW => insn(LDX | MEMSX | size, register(random), 10, at, 0),
        _ => insn(LDX | MEM | size, register(random), 10, at, 0),
    }
}

fn atomic_insn(random: &mut Random, fetch: bool) -> Insn {
    const OPS: [u8; 4] = [ADD, OR, AND, XOR];
    let (size, bytes) = random.pick(&[(W, 4), (DW, 8)]);
    let at = random.below((STACK_BYTES / bytes) as usize) as i16 * bytes - STACK_BYTES;
    let op = match if fetch { random.below(4) } else { 0 } {
        0 => i32::from(random.pick(&OPS)),
        1 => i32::from(random.pick(&OPS)) | FETCH,
        2 => XCHG,
        _ => CMPXCHG,
    };
    insn(STX | ATOMIC | size, 10, register(random), at, op)
}

/// A packet whose numbers have edges; some are equal to each other.
pub fn packet(random: &mut Random) -> Vec<u8> {
    let mut numbers: Vec<u64> = (0..PACKET_BYTES / 8).map(|_| random.edgy()).collect();
    if random.one_in(2) {
        let (from, to) = (random.below(NUMBERS), random.below(NUMBERS));
        numbers[usize::from(to)] = numbers[usize::from(from)];
    }
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}
