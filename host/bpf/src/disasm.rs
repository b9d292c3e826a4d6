// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Instructions as text, in the form of the kernel and LLVM: `r0 = *(u32 *)(r1 + 4)`.
//!
//! Jumps name the slot they go to (`if r2 > r3 goto +5 <7>`), references to maps the map, calls of known helpers the
//! helper. What is no instruction is printed as bytes with the reason, so that a listing is never cut short.

use std::fmt::{self, Write};

use crate::insn::{self, Insn};
use crate::op::{AluOp, AtomicOp, JumpOp, Op, Operand, Size, Swap, Wide, Width};
use crate::program::{Object, Program};

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Slot of the instruction.
    pub slot: usize,
    /// Its slots, as hexadecimal bytes.
    pub bytes: String,
    /// Its text.
    pub text: String,
}

/// The instruction at a slot as text, without the names of an object.
pub fn insn(insns: &[Insn], slot: usize) -> String {
    render(insns, slot, &|map| format!("map[{map}]"), &|_| None)
}

/// The instructions of a program with the names of its object.
pub fn program(object: &Object, program: &Program) -> Vec<Line> {
    let map_name = |map: u32| match object.maps.get(map as usize) {
        Some(def) => format!("map[{}]", def.name),
        None => format!("map[{map}]"),
    };
    let function_name = |slot: usize| {
        let starts = program.function(slot).filter(|function| function.start == slot)?;
        Some(starts.name.to_string())
    };
    let (mut lines, mut slot) = (Vec::new(), 0);
    while let Some(here) = program.insns.get(slot..).filter(|rest| !rest.is_empty()) {
        let slots = Op::at(&program.insns, slot).map_or(1, Op::slots);
        let bytes = Insn::encode_all(&here[..slots]).iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push(Line { slot, bytes, text: render(&program.insns, slot, &map_name, &function_name) });
        slot += slots;
    }
    lines
}

/// A whole listing: functions, source lines as comments, slots and instructions.
pub fn listing(object: &Object, chosen: &Program) -> String {
    let (mut text, mut source) = (String::new(), 0);
    for line in program(object, chosen) {
        if let Some(function) = chosen.functions.iter().find(|function| function.start == line.slot) {
            text.push_str(&function.name);
            text.push_str(":\n");
        }
        while let Some(info) = chosen.lines.get(source).filter(|info| info.insn <= line.slot) {
            let comment = format!("; {}:{} {}", info.file, info.line, info.text.trim());
            text.push_str(comment.trim_end());
            text.push('\n');
            source += 1;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:8}: {}", line.slot, line.text);
    }
    text
}

fn render(
    insns: &[Insn],
    slot: usize,
    map_name: &dyn Fn(u32) -> String,
    function_name: &dyn Fn(usize) -> Option<String>,
) -> String {
    let op = match Op::at(insns, slot) {
        Ok(op) => op,
        Err(error) => {
            let insn = insns.get(slot).copied().unwrap_or_default();
            return format!(".8byte {:#018x} ; {error}", u64::from_le_bytes(insn.encode()));
        }
    };
    let target = |offset: i32| slot as i64 + 1 + i64::from(offset);
    match op {
        Op::Alu { op, width, dst, src } => {
            format!("{} {}= {}", reg(dst, width), alu_sign(op), operand(src, width))
        }
        Op::Neg { width, dst } => format!("{0} = -{0}", reg(dst, width)),
        Op::MovSigned { width, dst, src, bits } => {
            format!("{} = (s{bits}){}", reg(dst, width), reg(src, width))
        }
        Op::Swap { swap, dst, bits } => {
            let name = match swap {
                Swap::Le => "le",
                Swap::Be => "be",
                Swap::Bswap => "bswap",
            };
            format!("r{dst} = {name}{bits} r{dst}")
        }
        Op::Jump { op, width, dst, src, offset } => {
            let (left, right) = (reg(dst, width), operand(src, width));
            format!("if {left} {} {right} goto {offset:+} <{}>", jump_sign(op), target(offset.into()))
        }
        Op::Goto { offset } => {
            let name = if insns[slot].class() == insn::JMP { "goto" } else { "gotol" };
            format!("{name} {offset:+} <{}>", target(offset))
        }
        Op::CallHelper(number) => match helper_name(number) {
            Some(name) => format!("call {number} ; {name}"),
            None => format!("call {number}"),
        },
        Op::CallLocal { offset } => {
            let name = usize::try_from(target(offset)).ok().and_then(function_name);
            format!("call pc{offset:+} <{}>", name.unwrap_or_else(|| target(offset).to_string()))
        }
        Op::Exit => "exit".to_string(),
        Op::LoadWide { dst, value } => match value {
            Wide::Value(value) => format!("r{dst} = {value:#x} ll"),
            Wide::Map(map) => format!("r{dst} = {}", map_name(map)),
            Wide::MapValue(map, offset) => format!("r{dst} = {}[0]+{offset}", map_name(map)),
        },
        Op::Load { size, signed, dst, base, off } => {
            let sign = if signed { 's' } else { 'u' };
            format!("r{dst} = *({sign}{} *)({})", size.bytes() * 8, Address(base, off))
        }
        Op::Store { size, base, off, src } => {
            format!("*(u{} *)({}) = {}", size.bytes() * 8, Address(base, off), operand(src, Width::W64))
        }
        Op::Atomic { op, size, fetch, base, off, src } => atomic(op, size, fetch, Address(base, off), src),
    }
}

fn atomic(op: AtomicOp, size: Size, fetch: bool, address: Address, src: u8) -> String {
    let width = if size == Size::W { Width::W32 } else { Width::W64 };
    let (bits, src) = (size.bytes() * 8, reg(src, width));
    let suffix = if size == Size::W { "32_32" } else { "64" };
    let (sign, name) = match op {
        AtomicOp::Add => ("+", "add"),
        AtomicOp::Or => ("|", "or"),
        AtomicOp::And => ("&", "and"),
        AtomicOp::Xor => ("^", "xor"),
        AtomicOp::Xchg => return format!("{src} = xchg_{suffix}({address}, {src})"),
        AtomicOp::Cmpxchg => {
            let old = reg(0, width);
            return format!("{old} = cmpxchg_{suffix}({address}, {old}, {src})");
        }
    };
    if fetch {
        format!("{src} = atomic_fetch_{name}((u{bits} *)({address}), {src})")
    } else {
        format!("lock *(u{bits} *)({address}) {sign}= {src}")
    }
}

fn reg(register: u8, width: Width) -> String {
    format!("{}{register}", if width == Width::W32 { 'w' } else { 'r' })
}

fn operand(operand: Operand, width: Width) -> String {
    match operand {
        Operand::Reg(register) => reg(register, width),
        Operand::Imm(imm) => imm.to_string(),
    }
}

struct Address(u8, i16);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address(base, off) = *self;
        let sign = if off < 0 { '-' } else { '+' };
        write!(f, "r{base} {sign} {}", off.unsigned_abs())
    }
}

fn alu_sign(op: AluOp) -> &'static str {
    match op {
        AluOp::Add => "+",
        AluOp::Sub => "-",
        AluOp::Mul => "*",
        AluOp::Div => "/",
        AluOp::Sdiv => "s/",
        AluOp::Mod => "%",
        AluOp::Smod => "s%",
        AluOp::Or => "|",
        AluOp::And => "&",
        AluOp::Xor => "^",
        AluOp::Lsh => "<<",
        AluOp::Rsh => ">>",
        AluOp::Arsh => "s>>",
        AluOp::Mov => "",
    }
}

fn jump_sign(op: JumpOp) -> &'static str {
    match op {
        JumpOp::Eq => "==",
        JumpOp::Ne => "!=",
        JumpOp::Set => "&",
        JumpOp::Gt => ">",
        JumpOp::Ge => ">=",
        JumpOp::Lt => "<",
        JumpOp::Le => "<=",
        JumpOp::Sgt => "s>",
        JumpOp::Sge => "s>=",
        JumpOp::Slt => "s<",
        JumpOp::Sle => "s<=",
    }
}

/// Name of a helper that an XDP program is likely to call.
pub fn helper_name(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "map_lookup_elem",
        2 => "map_update_elem",
        3 => "map_delete_elem",
        5 => "ktime_get_ns",
        6 => "trace_printk",
        7 => "get_prandom_u32",
        8 => "get_smp_processor_id",
        12 => "tail_call",
        23 => "redirect",
        25 => "perf_event_output",
        28 => "csum_diff",
        44 => "xdp_adjust_head",
        51 => "redirect_map",
        54 => "xdp_adjust_meta",
        65 => "xdp_adjust_tail",
        69 => "fib_lookup",
        87 => "map_push_elem",
        88 => "map_pop_elem",
        89 => "map_peek_elem",
        93 => "spin_lock",
        94 => "spin_unlock",
        125 => "ktime_get_boot_ns",
        130 => "ringbuf_output",
        131 => "ringbuf_reserve",
        132 => "ringbuf_submit",
        133 => "ringbuf_discard",
        181 => "loop",
        188 => "xdp_get_buff_len",
        189 => "xdp_load_bytes",
        190 => "xdp_store_bytes",
        208 => "ktime_get_tai_ns",
        _ => return None,
    })
}
