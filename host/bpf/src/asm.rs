// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Text to instructions: what [`crate::disasm`] prints, with labels, so that tests can be written and read.
//!
//! One instruction or `label:` a line; `;` and `#` begin a comment. Jumps go to a label or a distance (`goto +2`), calls
//! to a helper's number, a label or a distance (`call pc+2`). Maps are named by index: `r1 = map[0]`, and a byte of
//! the first value of one `r1 = map[0][0]+8`.

use std::collections::HashMap;

use crate::insn::Insn;
use crate::op::{AluOp, AtomicOp, JumpOp, Op, Operand, Size, Swap, Wide, Width};

/// A line that cannot be assembled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}: `{text}`")]
pub struct AsmError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
    /// The line.
    pub text: String,
}

/// Assembles a program.
pub fn assemble(text: &str) -> Result<Vec<Insn>, AsmError> {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.split([';', '#']).next().unwrap_or_default().trim()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let (mut labels, mut slot) = (HashMap::new(), 0i64);
    for (_, line) in &lines {
        match line.strip_suffix(':') {
            Some(label) => _ = labels.insert(label, slot),
            None => slot += if wide(line) { 2 } else { 1 },
        }
    }
    let mut insns: Vec<Insn> = Vec::new();
    for (number, line) in lines {
        if line.ends_with(':') {
            continue;
        }
        let fail = |reason| AsmError { line: number, reason, text: line.to_string() };
        let labels = Labels { places: &labels, here: insns.len() as i64 };
        let op = parse(line, &labels).ok_or_else(|| fail("not an instruction"))?;
        let mut slots = op.encode();
        if let (Op::Goto { offset }, true) = (op, line.starts_with("gotol")) {
            slots = vec![Insn { code: crate::insn::JMP32 | crate::insn::JA, imm: offset, ..Insn::default() }];
        }
        if Op::at(&slots, 0) != Ok(op) {
            return Err(fail("not possible with these registers or widths"));
        }
        insns.extend(slots);
    }
    Ok(insns)
}

fn wide(line: &str) -> bool {
    line.ends_with(" ll") || line.contains("= map[")
}

struct Labels<'a> {
    places: &'a HashMap<&'a str, i64>,
    here: i64,
}

impl Labels<'_> {
    fn distance(&self, target: &str) -> Option<i32> {
        // A listing names the slot behind the distance.
        let target = target.split('<').next()?.trim();
        match self.places.get(target) {
            Some(place) => i32::try_from(place - self.here - 1).ok(),
            None => target.strip_prefix('+').unwrap_or(target).parse().ok(),
        }
    }
}

fn parse(line: &str, labels: &Labels<'_>) -> Option<Op> {
    if line == "exit" {
        return Some(Op::Exit);
    }
    if let Some(target) = line.strip_prefix("gotol ").or_else(|| line.strip_prefix("goto ")) {
        return Some(Op::Goto { offset: labels.distance(target)? });
    }
    if let Some(target) = line.strip_prefix("call ") {
        if let Ok(number) = target.parse() {
            return Some(Op::CallHelper(number));
        }
        let target = target.strip_prefix("pc").filter(|rest| rest.starts_with(['+', '-'])).unwrap_or(target);
        return Some(Op::CallLocal { offset: labels.distance(target)? });
    }
    if let Some(condition) = line.strip_prefix("if ") {
        let (condition, target) = condition.split_once(" goto ")?;
        let [left, sign, right] = words(condition)?;
        let ((dst, width), op) = (register(left)?, jump_op(sign)?);
        let offset = i16::try_from(labels.distance(target)?).ok()?;
        return Some(Op::Jump { op, width, dst, src: operand(right, width)?, offset });
    }
    if let Some(rest) = line.strip_prefix("lock ") {
        let (place, rest) = rest.split_once(')').and_then(|(a, rest)| {
            let (b, rest) = rest.split_once(')')?;
            Some((format!("{a}){b})"), rest))
        })?;
        let [sign, src] = words(rest)?;
        let (size, false, base, off) = memory(&place)? else { return None };
        return Some(Op::Atomic {
            op: atomic_op(sign.strip_suffix('=')?)?,
            size,
            fetch: false,
            base,
            off,
            src: sized_register(src, size)?,
        });
    }
    if line.starts_with('*') {
        let (place, value) = line.split_once(") = ")?;
        let (size, false, base, off) = memory(&format!("{place})"))? else { return None };
        return Some(Op::Store { size, base, off, src: operand(value.trim(), Width::W64)? });
    }
    let (left, rest) = line.split_once(' ')?;
    let (sign, value) = rest.trim_start().split_once(' ')?;
    let ((dst, width), value) = (register(left)?, value.trim());
    if sign != "=" {
        let op = alu_op(sign.strip_suffix('=')?)?;
        return Some(Op::Alu { op, width, dst, src: operand(value, width)? });
    }
    assignment(dst, width, value)
}

fn assignment(dst: u8, width: Width, value: &str) -> Option<Op> {
    if let Some(number) = value.strip_suffix(" ll") {
        return Some(Op::LoadWide { dst, value: Wide::Value(wide_number(number.trim())?) });
    }
    if let Some(rest) = value.strip_prefix("map[") {
        let value = match rest.split_once("][0]+") {
            Some((map, offset)) => Wide::MapValue(map.parse().ok()?, offset.parse().ok()?),
            None => Wide::Map(rest.strip_suffix(']')?.parse().ok()?),
        };
        return Some(Op::LoadWide { dst, value });
    }
    if value.starts_with('*') {
        let (size, signed, base, off) = memory(value)?;
        return (width == Width::W64).then_some(Op::Load { size, signed, dst, base, off });
    }
    if let Some(rest) = value.strip_prefix("(s") {
        let (bits, src) = rest.split_once(')')?;
        let (src, same) = register(src.trim())?;
        return (same == width).then_some(Op::MovSigned { width, dst, src, bits: bits.parse().ok()? });
    }
    if let Some(negated) = value.strip_prefix('-').and_then(register) {
        return (negated == (dst, width)).then_some(Op::Neg { width, dst });
    }
    for (name, swap) in [("le", Swap::Le), ("be", Swap::Be), ("bswap", Swap::Bswap)] {
        if let Some((bits, same)) = value.strip_prefix(name).and_then(|rest| rest.split_once(' ')) {
            let bits = bits.parse().ok()?;
            return (register(same)? == (dst, Width::W64)).then_some(Op::Swap { swap, dst, bits });
        }
    }
    if let Some((name, arguments)) = value.strip_suffix(')').and_then(|value| value.split_once('(')) {
        return fetching(dst, name, arguments);
    }
    Some(Op::Alu { op: AluOp::Mov, width, dst, src: operand(value, width)? })
}

/// `atomic_fetch_add((u64 *)(r0 + 0), r1)`, `xchg_64(r0 + 0, r1)`, `cmpxchg_64(r1 + 0, r0, r2)`
fn fetching(dst: u8, name: &str, arguments: &str) -> Option<Op> {
    let (place, operands) = arguments.split_once(", ")?;
    if let Some(op) = name.strip_prefix("atomic_fetch_") {
        let op = match op {
            "add" => AtomicOp::Add,
            "or" => AtomicOp::Or,
            "and" => AtomicOp::And,
            "xor" => AtomicOp::Xor,
            _ => return None,
        };
        let (size, false, base, off) = memory(&format!("*{place}"))? else { return None };
        let src = sized_register(operands, size)?;
        return (src == dst).then_some(Op::Atomic { op, size, fetch: true, base, off, src });
    }
    let (base, off) = address(place)?;
    let (op, size) = match name {
        "xchg_64" => (AtomicOp::Xchg, Size::Dw),
        "xchg_32_32" => (AtomicOp::Xchg, Size::W),
        "cmpxchg_64" => (AtomicOp::Cmpxchg, Size::Dw),
        "cmpxchg_32_32" => (AtomicOp::Cmpxchg, Size::W),
        _ => return None,
    };
    let src = match op {
        AtomicOp::Cmpxchg => {
            let (expected, src) = operands.split_once(", ")?;
            if sized_register(expected, size)? != 0 || dst != 0 {
                return None;
            }
            sized_register(src, size)?
        }
        _ => Some(sized_register(operands, size)?).filter(|src| *src == dst)?,
    };
    Some(Op::Atomic { op, size, fetch: true, base, off, src })
}

fn words<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split_whitespace().collect::<Vec<_>>().try_into().ok()
}

fn register(text: &str) -> Option<(u8, Width)> {
    let width = match text.get(..1)? {
        "r" => Width::W64,
        "w" => Width::W32,
        _ => return None,
    };
    Some((text[1..].parse().ok()?, width))
}

fn sized_register(text: &str, size: Size) -> Option<u8> {
    let expected = if size == Size::W { Width::W32 } else { Width::W64 };
    register(text.trim()).filter(|(_, width)| *width == expected).map(|(register, _)| register)
}

fn wide_number(text: &str) -> Option<u64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(if negative { number.wrapping_neg() } else { number })
}

/// An immediate: signed, or unsigned with 32 bits.
fn number(text: &str) -> Option<i32> {
    let value = wide_number(text)? as i64;
    i32::try_from(value).ok().or_else(|| u32::try_from(value).ok().map(|value| value as i32))
}

fn operand(text: &str, width: Width) -> Option<Operand> {
    match register(text) {
        Some((register, same)) => (same == width).then_some(Operand::Reg(register)),
        None => number(text).map(Operand::Imm),
    }
}

/// `r1 + 4`
fn address(text: &str) -> Option<(u8, i16)> {
    let [base, sign, off] = words(text)?;
    let (base, Width::W64) = register(base)? else { return None };
    let off: i32 = off.parse().ok()?;
    let off = match sign {
        "+" => off,
        "-" => -off,
        _ => return None,
    };
    Some((base, i16::try_from(off).ok()?))
}

/// `*(u32 *)(r1 + 4)`: size, signedness and address.
fn memory(text: &str) -> Option<(Size, bool, u8, i16)> {
    let (kind, rest) = text.strip_prefix("*(")?.split_once(" *)(")?;
    let (base, off) = address(rest.strip_suffix(')')?)?;
    let size = match kind.get(1..)? {
        "8" => Size::B,
        "16" => Size::H,
        "32" => Size::W,
        "64" => Size::Dw,
        _ => return None,
    };
    match &kind[..1] {
        "u" => Some((size, false, base, off)),
        "s" => Some((size, true, base, off)),
        _ => None,
    }
}

fn alu_op(sign: &str) -> Option<AluOp> {
    Some(match sign {
        "+" => AluOp::Add,
        "-" => AluOp::Sub,
        "*" => AluOp::Mul,
        "/" => AluOp::Div,
        "s/" => AluOp::Sdiv,
        "%" => AluOp::Mod,
        "s%" => AluOp::Smod,
        "|" => AluOp::Or,
        "&" => AluOp::And,
        "^" => AluOp::Xor,
        "<<" => AluOp::Lsh,
        ">>" => AluOp::Rsh,
        "s>>" => AluOp::Arsh,
        _ => return None,
    })
}

fn atomic_op(sign: &str) -> Option<AtomicOp> {
    Some(match sign {
        "+" => AtomicOp::Add,
        "|" => AtomicOp::Or,
        "&" => AtomicOp::And,
        "^" => AtomicOp::Xor,
        _ => return None,
    })
}

fn jump_op(sign: &str) -> Option<JumpOp> {
    Some(match sign {
        "==" => JumpOp::Eq,
        "!=" => JumpOp::Ne,
        "&" => JumpOp::Set,
        ">" => JumpOp::Gt,
        ">=" => JumpOp::Ge,
        "<" => JumpOp::Lt,
        "<=" => JumpOp::Le,
        "s>" => JumpOp::Sgt,
        "s>=" => JumpOp::Sge,
        "s<" => JumpOp::Slt,
        "s<=" => JumpOp::Sle,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disasm;
    use crate::insn;

    /// Every legal slot survives decode and encode, and print and parse. Walks all opcodes with varied fields.
    #[test]
    fn text_and_slots_say_the_same() {
        let mut seen = 0;
        for code in 0..=255u8 {
            for off in [0, 1, 8, 16, 32, -7, 300] {
                for imm in [0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1, 16, 32, 64, -1, i32::MIN] {
                    for (dst, src) in [(0, 0), (3, 0), (3, 1), (2, 2), (10, 4), (4, 10)] {
                        let second = if code == insn::LD | insn::DW {
                            Insn { imm: 7, ..Insn::default() }
                        } else {
                            Insn::default()
                        };
                        let slots = [Insn { code, dst, src, off, imm }, second];
                        let Ok(op) = Op::at(&slots, 0) else { continue };
                        let slots = &slots[..op.slots()];
                        let text = disasm::insn(slots, 0);
                        assert_eq!(assemble(&text).as_deref(), Ok(slots), "{text}");
                        if !matches!(op, Op::Goto { .. }) {
                            assert_eq!(op.encode(), slots, "{text}");
                        }
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 5000, "{seen}");
    }

    #[test]
    fn labels_are_distances() {
        let insns =
            assemble("top:\n r0 = 1 ll\n if r0 == 2 goto end ; two slots back\n goto top\nend: \n exit");
        let texts: Vec<_> = insns
            .as_deref()
            .map(|insns| (2..5).map(|slot| disasm::insn(insns, slot)).collect())
            .unwrap_or_default();
        assert_eq!(texts, ["if r0 == 2 goto +1 <4>", "goto -4 <0>", "exit"]);
        assert_eq!(assemble("r0 = 1\nr10 = 1").map_err(|error| error.line), Err(2));
        assert_eq!(assemble("r0 += w1").map_err(|error| error.reason), Err("not an instruction"));
    }
}
