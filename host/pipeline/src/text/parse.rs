// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parsing the text form: a line at a time, every error with its line and what was expected there.
//!
//! Only the form is checked here; [`Pipeline::validate`] says whether a target can run what it describes.

use crate::pipeline::{Home, KeyPlace, MapKind, Origin, Part, Pipeline, Slot, Table};
use crate::words::{
    AluOp, AluWord, CmpOp, CmpWord, Guard, LateOp, LateWord, LsuWord, Operand, Size, Source, StageWord,
    layout,
};
use thiserror::Error;

/// Why a text is not a pipeline.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("line {line}: expected {expected}, found {found}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// What could stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

type Result<T> = std::result::Result<T, ParseError>;

/// Reads the text form. `stages` is the target's number of stages, which the text does not repeat.
pub fn parse(text: &str, stages: u32) -> Result<Pipeline> {
    let mut lines = Lines::new(text);
    let name = lines.header("pipeline", Line::string)?;
    let target = lines.header("target", |l| l.name().map(str::to_owned))?;
    let tag = lines.header("tag", |l| l.word().map(str::to_owned))?;
    let gap = lines.header("gap", Line::number)?;
    let passes: u32 = lines.header("passes", Line::number)?;
    if passes > 1024 {
        return Err(lines.line.error("at most 1024 passes"));
    }
    let mut pipeline = Pipeline {
        name,
        target,
        tag,
        gap,
        moves_head: false,
        tables: Vec::new(),
        words: vec![vec![StageWord::default(); stages as usize]; passes as usize],
        origins: Vec::new(),
    };
    let mut slot = None;
    loop {
        let mut line = lines.next()?;
        match line.word()? {
            "end" => {
                line.end()?;
                break;
            }
            "moves_head" => {
                line.end()?;
                pipeline.moves_head = true;
            }
            "table" => pipeline.tables.push(table(&mut line)?),
            "pass" => {
                let pass = line.number()?;
                line.expect("stage")?;
                let stage = line.number()?;
                if pass >= passes || stage >= stages {
                    return Err(line.error("a pass and stage that exist"));
                }
                slot = Some(Slot { pass, stage });
                line.end()?;
            }
            unit => {
                let index = layout::STAGE_WORD.iter().position(|(name, _)| *name == unit);
                let (Some(index), Some(slot)) = (index, slot) else {
                    return Err(line.error("`table`, `pass`, `end` or, after `pass`, a unit"));
                };
                let word = &mut pipeline.words[slot.pass as usize][slot.stage as usize];
                unit_word(&mut line, index, word)?;
                let insns = line.insns()?;
                line.end()?;
                if !insns.is_empty() {
                    pipeline.origins.push(Origin { slot, unit: index as u8, insns });
                }
            }
        }
    }
    pipeline.origins.sort_by_key(|o| (o.slot, o.unit));
    Ok(pipeline)
}

fn table(line: &mut Line<'_>) -> Result<Table> {
    let name = line.string()?;
    let kind = line.known("a map kind", MapKind::from_name)?;
    let mut field = |key: &str| {
        line.expect(key)?;
        line.number()
    };
    let (key_size, value_size) = (field("key")?, field("value")?);
    let (max_entries, places) = (field("entries")?, field("places")?);
    let (unit, id, base) = place(line)?;
    let keys = match line.peek() {
        "keys" => {
            line.expect("keys")?;
            let (unit, id, base) = place(line)?;
            line.expect("buckets")?;
            Some(KeyPlace { unit, id, base, buckets: line.number()? })
        }
        _ => None,
    };
    let mut parts = Vec::new();
    while line.peek() == "part" {
        line.expect("part")?;
        let (first, end) = (line.number()?, line.number()?);
        let (unit, id, base) = place(line)?;
        parts.push(Part { first, end, home: Home { unit, id, base } });
    }
    line.end()?;
    Ok(Table { name, kind, key_size, value_size, max_entries, unit, id, base, places, keys, parts })
}

/// Unit, id and base of a map.
fn place(line: &mut Line<'_>) -> Result<(u32, u8, u32)> {
    line.expect("unit")?;
    let unit = line.number()?;
    line.expect("id")?;
    let id = line.map_id()?;
    line.expect("base")?;
    Ok((unit, id, line.number()?))
}

fn unit_word(line: &mut Line<'_>, unit: usize, word: &mut StageWord) -> Result<()> {
    match layout::STAGE_WORD[unit].0 {
        "alu0" => word.alu[0] = Some(alu(line)?),
        "alu1" => word.alu[1] = Some(alu(line)?),
        "lsu" => word.lsu = Some(lsu(line)?),
        "cmp0" => word.cmp[0] = Some(cmp(line)?),
        "cmp1" => word.cmp[1] = Some(cmp(line)?),
        _ => word.late = Some(late(line)?),
    }
    Ok(())
}

fn alu(line: &mut Line<'_>) -> Result<AluWord> {
    let dst = line.numbered("r")?;
    line.expect("=")?;
    let op = line.known("an ALU operation", AluOp::from_name)?;
    let is32 = line.is32()?;
    let a = line.source()?;
    line.expect(",")?;
    Ok(AluWord { op, a, b: line.operand()?, is32, dst, guard: line.guard()? })
}

fn lsu(line: &mut Line<'_>) -> Result<LsuWord> {
    match line.word()? {
        "load" => {
            let dst = line.numbered("r")?;
            line.expect("=")?;
            let size = line.known("a size", Size::from_name)?;
            let (base, offset) = line.address()?;
            Ok(LsuWord::Load { base, offset, size, dst, guard: line.guard()? })
        }
        "store" => {
            let size = line.known("a size", Size::from_name)?;
            let (base, offset) = line.address()?;
            line.expect("=")?;
            Ok(LsuWord::Store { base, offset, size, data: line.source()?, guard: line.guard()? })
        }
        _ => Err(line.error("`load` or `store`")),
    }
}

fn cmp(line: &mut Line<'_>) -> Result<CmpWord> {
    let op = line.known("a relation", CmpOp::from_name)?;
    let is32 = line.is32()?;
    let a = line.source()?;
    line.expect(",")?;
    let b = line.operand()?;
    line.expect("(")?;
    let p1 = line.numbered("p")?;
    line.expect(",")?;
    let p2 = line.numbered("p")?;
    line.expect(")")?;
    line.expect("->")?;
    let (dst0, table0) = line.truth_table()?;
    line.expect(",")?;
    let (dst1, table1) = line.truth_table()?;
    Ok(CmpWord { op, a, b, is32, p1, p2, dst0, table0, dst1, table1 })
}

fn late(line: &mut Line<'_>) -> Result<LateWord> {
    let op = line.known("an operation of a late unit", LateOp::from_name)?;
    let mut word = LateWord {
        op,
        map: 0,
        a: Source::Zero,
        offset: 0,
        size: Size::B1,
        b: Operand::Source(Source::Register(0)),
        is32: false,
        dst: 0,
        guard: Guard::Never,
    };
    if op == LateOp::Mul {
        word.is32 = line.is32()?;
        word.dst = line.result()?;
        word.a = line.source()?;
        line.expect("*")?;
        word.b = line.operand()?;
    } else if op.is_key() {
        word.dst = line.result()?;
        word.map = line.map_id()?;
        line.expect("[")?;
        word.a = line.source()?;
        line.expect(",")?;
        word.b = line.operand()?;
        line.expect("]")?;
    } else {
        line.expect(".")?;
        word.size = line.known("a size", Size::from_name)?;
        if op.has_result() {
            word.dst = line.result()?;
        }
        if op.is_table() {
            word.map = line.map_id()?;
        }
        line.expect("[")?;
        word.a = line.source()?;
        line.expect("+")?;
        word.offset = line.number()?;
        line.expect("]")?;
        match op {
            LateOp::Add => line.expect("+=")?,
            LateOp::Write => line.expect("=")?,
            _ => (),
        }
        if matches!(op, LateOp::Add | LateOp::Write) {
            word.b = line.operand()?;
        }
    }
    word.guard = line.guard()?;
    Ok(word)
}

/// The lines that are neither empty nor comment.
struct Lines<'a> {
    rest: std::iter::Enumerate<std::str::Lines<'a>>,
    line: Line<'a>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Lines<'a> {
        Lines { rest: text.lines().enumerate(), line: Line { number: 0, rest: "", last: "" } }
    }

    fn next(&mut self) -> Result<Line<'a>> {
        for (index, text) in self.rest.by_ref() {
            self.line = Line { number: index + 1, rest: text, last: "" };
            if !self.line.token_is_missing() {
                return Ok(self.line.clone());
            }
        }
        self.line.last = "the end of the text";
        Err(self.line.error("another line, or `end`"))
    }

    fn header<T>(&mut self, key: &str, value: impl FnOnce(&mut Line<'a>) -> Result<T>) -> Result<T> {
        let mut line = self.next()?;
        line.expect(key)?;
        let value = value(&mut line)?;
        line.end()?;
        Ok(value)
    }
}

/// A line being read, token by token.
#[derive(Clone)]
struct Line<'a> {
    number: usize,
    rest: &'a str,
    last: &'a str,
}

impl<'a> Line<'a> {
    fn token_is_missing(&self) -> bool {
        let rest = self.rest.trim_start();
        rest.is_empty() || rest.starts_with('#')
    }

    fn error(&self, expected: &str) -> ParseError {
        let found =
            if self.last.is_empty() { "the end of the line".into() } else { format!("`{}`", self.last) };
        ParseError { line: self.number, expected: expected.into(), found }
    }

    /// The next token, empty at the end of the line.
    fn token(&mut self) -> &'a str {
        if self.token_is_missing() {
            self.last = "";
            return "";
        }
        let text = self.rest.trim_start();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = match text.as_bytes()[0] {
            b'"' => text[1..].find('"').map_or(text.len(), |end| end + 2),
            b'-' if text.starts_with("->") => 2,
            b'-' | b'+' if text[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                1 + text[1..].find(|c| !word(c)).unwrap_or(text.len() - 1)
            }
            b'+' if text.starts_with("+=") => 2,
            first if word(char::from(first)) => text.find(|c| !word(c)).unwrap_or(text.len()),
            _ => text.chars().next().map_or(0, char::len_utf8),
        };
        let (token, rest) = text.split_at(length);
        (self.last, self.rest) = (token, rest);
        token
    }

    fn peek(&self) -> &'a str {
        self.clone().token()
    }

    /// Everything up to the next space: a name that may have dashes in it.
    fn name(&mut self) -> Result<&'a str> {
        if self.token_is_missing() {
            return self.word();
        }
        let text = self.rest.trim_start();
        let (name, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        (self.last, self.rest) = (name, rest);
        Ok(name)
    }

    fn word(&mut self) -> Result<&'a str> {
        let token = self.token();
        if token.is_empty() { Err(self.error("a word")) } else { Ok(token) }
    }

    fn expect(&mut self, what: &str) -> Result<()> {
        if self.token() == what { Ok(()) } else { Err(self.error(&format!("`{what}`"))) }
    }

    fn end(&mut self) -> Result<()> {
        if self.token().is_empty() { Ok(()) } else { Err(self.error("the end of the line")) }
    }

    fn known<T>(&mut self, what: &str, f: impl Fn(&str) -> Option<T>) -> Result<T> {
        let token = self.token();
        f(token).ok_or_else(|| self.error(what))
    }

    fn number(&mut self) -> Result<u32> {
        self.known("a number", |t| t.parse().ok())
    }

    fn numbered(&mut self, prefix: &str) -> Result<u8> {
        let what = if prefix == "r" { "a register" } else { "a predicate" };
        self.known(what, |t| t.strip_prefix(prefix)?.parse().ok().filter(|n| *n < 16))
    }

    fn map_id(&mut self) -> Result<u8> {
        self.known("a map id below 256", |t| t.parse().ok())
    }

    /// The register that takes a result, and the equals sign.
    fn result(&mut self) -> Result<u8> {
        let register = self.numbered("r")?;
        self.expect("=").map(|()| register)
    }

    fn source(&mut self) -> Result<Source> {
        self.known("a source", source)
    }

    fn operand(&mut self) -> Result<Operand> {
        self.known("a source or a 32-bit number", |t| {
            source(t).map(Operand::Source).or_else(|| t.parse().ok().map(Operand::Imm))
        })
    }

    fn is32(&mut self) -> Result<bool> {
        if self.peek() != "." {
            return Ok(false);
        }
        self.token();
        self.expect("32").map(|()| true)
    }

    fn address(&mut self) -> Result<(Source, i16)> {
        self.expect("[")?;
        let base = self.source()?;
        let offset =
            self.known("a signed offset", |t| t.starts_with(['+', '-']).then(|| t.parse().ok())?)?;
        self.expect("]")?;
        Ok((base, offset))
    }

    fn truth_table(&mut self) -> Result<(u8, u8)> {
        let predicate = self.numbered("p")?;
        self.expect(":")?;
        let table = self.known("two hexadecimal digits", |t| u8::from_str_radix(t, 16).ok())?;
        Ok((predicate, table))
    }

    fn guard(&mut self) -> Result<Guard> {
        if self.peek() != "if" {
            return Ok(Guard::Never);
        }
        self.token();
        match self.peek() {
            "always" => {
                self.token();
                Ok(Guard::Always)
            }
            "!" => {
                self.token();
                self.numbered("p").map(Guard::Unless)
            }
            _ => self.numbered("p").map(Guard::If),
        }
    }

    fn insns(&mut self) -> Result<Vec<u32>> {
        let mut insns = Vec::new();
        if self.peek() == "@" {
            self.token();
            insns.push(self.number()?);
            while self.peek() == "," {
                self.token();
                insns.push(self.number()?);
            }
        }
        Ok(insns)
    }

    fn string(&mut self) -> Result<String> {
        self.known("a name in double quotes", |t| {
            let inner = t.strip_prefix('"')?.strip_suffix('"')?;
            let mut bytes = Vec::new();
            let mut rest = inner.as_bytes();
            while let [first, tail @ ..] = rest {
                rest = tail;
                if *first == b'\\' {
                    let hex = std::str::from_utf8(tail.strip_prefix(b"x")?.get(..2)?).ok()?;
                    bytes.push(u8::from_str_radix(hex, 16).ok()?);
                    rest = &tail[3..];
                } else {
                    bytes.push(*first);
                }
            }
            String::from_utf8(bytes).ok()
        })
    }
}

fn source(token: &str) -> Option<Source> {
    Some(match token {
        "load" => Source::Load,
        "zero" => Source::Zero,
        "alu0" => Source::Alu0,
        "alu1" => Source::Alu1,
        _ => Source::Register(token.strip_prefix('r')?.parse().ok().filter(|r| *r < 16)?),
    })
}
