// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Reads the `always @(*)` blocks of emitted Verilog: of the language just what rust-hdl and the primitives write
//! there, which is blocks, `if`, `case` and blocking assignments to signals and slices of signals.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// How a combinational block begins.
pub(super) const ALWAYS: &str = "always @(*)";

/// Widths of everything declared in a module.
pub(super) type Widths<'a> = BTreeMap<&'a str, usize>;

/// Reads the declarations of a module.
pub(super) fn declared_widths(text: &str) -> Widths<'_> {
    let mut widths = Widths::new();
    for line in text.lines().map(str::trim) {
        let Some(declaration) = line.strip_suffix(';') else { continue };
        let mut words = declaration.split_whitespace();
        if !matches!(words.next(), Some("reg" | "wire" | "input" | "output")) {
            continue;
        }
        let range =
            words.clone().find_map(|w| w.strip_prefix('[')?.strip_suffix(":0]")?.parse::<usize>().ok());
        if let Some(name) = words.next_back() {
            widths.insert(name, range.map_or(1, |top| top + 1));
        }
    }
    widths
}

/// A statement and where it stands in the text.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    /// What it does.
    pub kind: Kind<'a>,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// Kinds of statements.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// `begin ... end`
    Block(Vec<Statement<'a>>),
    /// `if`, the condition's tokens, both branches.
    If(Vec<&'a str>, Box<Statement<'a>>, Option<Box<Statement<'a>>>),
    /// `case`, the tested expression's tokens, labels with branches.
    Case(Vec<&'a str>, Vec<(&'a str, Statement<'a>)>),
    /// `signal = value;` or `signal[offset +: width] = value;`
    Assign {
        /// The signal.
        signal: &'a str,
        /// Tokens of the offset, and the width, of a slice.
        slice: Option<(Vec<&'a str>, usize)>,
        /// Tokens of the value.
        value: Vec<&'a str>,
    },
}

impl<'a> Statement<'a> {
    /// Signals that are assigned on some path.
    pub fn writes(&self, into: &mut BTreeSet<&'a str>) {
        match &self.kind {
            Kind::Block(statements) => statements.iter().for_each(|s| s.writes(into)),
            Kind::If(_, then, otherwise) => {
                then.writes(into);
                otherwise.iter().for_each(|s| s.writes(into));
            }
            Kind::Case(_, branches) => branches.iter().for_each(|(_, s)| s.writes(into)),
            Kind::Assign { signal, .. } => {
                into.insert(signal);
            }
        }
    }

    /// Names that are read on some path; constants and literals may be among them.
    pub fn reads(&self, into: &mut BTreeSet<&'a str>) {
        match &self.kind {
            Kind::Block(statements) => statements.iter().for_each(|s| s.reads(into)),
            Kind::If(test, then, otherwise) => {
                into.extend(test);
                then.reads(into);
                otherwise.iter().for_each(|s| s.reads(into));
            }
            Kind::Case(test, branches) => {
                into.extend(test);
                branches.iter().for_each(|(_, s)| s.reads(into));
            }
            Kind::Assign { slice, value, .. } => {
                into.extend(slice.iter().flat_map(|(offset, _)| offset));
                into.extend(value);
            }
        }
    }
}

/// Reads one statement at the start of `text`; the error shows where it was not understood.
pub(super) fn statement(text: &str) -> Result<Statement<'_>, String> {
    let mut parser = Parser { text, at: 0 };
    parser.statement().ok_or_else(|| text[parser.at..].chars().take(80).collect())
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start().len();
            if !self.text[self.at..].starts_with("//") {
                return;
            }
            self.at += self.text[self.at..].find('\n').unwrap_or(self.text.len() - self.at);
        }
    }

    fn peek(&mut self) -> Option<&'a str> {
        self.skip();
        let rest = &self.text[self.at..];
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '\'');
        let end = match rest.find(|c| !word(c)) {
            Some(0) => rest.chars().next()?.len_utf8(),
            Some(end) => end,
            None => rest.len(),
        };
        (end > 0).then(|| &rest[..end])
    }

    fn next(&mut self) -> Option<&'a str> {
        let token = self.peek()?;
        self.at += token.len();
        Some(token)
    }

    fn expect(&mut self, tokens: &[&str]) -> Option<()> {
        tokens.iter().all(|token| self.peek() == Some(token) && self.next().is_some()).then_some(())
    }

    /// Tokens up to `end`, which is not within parentheses; it is read, too.
    fn until(&mut self, end: &str) -> Option<Vec<&'a str>> {
        let (mut tokens, mut depth) = (Vec::new(), 0);
        loop {
            let token = self.next()?;
            if depth == 0 && token == end {
                return Some(tokens);
            }
            match token {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => (),
            }
            tokens.push(token);
        }
    }

    fn parenthesised(&mut self) -> Option<Vec<&'a str>> {
        self.expect(&["("])?;
        self.until(")")
    }

    fn statement(&mut self) -> Option<Statement<'a>> {
        self.skip();
        let start = self.at;
        let kind = match self.next()? {
            "begin" => {
                let mut statements = Vec::new();
                while self.peek()? != "end" {
                    statements.push(self.statement()?);
                }
                self.next();
                Kind::Block(statements)
            }
            "if" => {
                let test = self.parenthesised()?;
                let then = Box::new(self.statement()?);
                let mut otherwise = None;
                if self.peek() == Some("else") {
                    self.next();
                    otherwise = Some(Box::new(self.statement()?));
                }
                Kind::If(test, then, otherwise)
            }
            "case" => {
                let test = self.parenthesised()?;
                let mut branches = Vec::new();
                while self.peek()? != "endcase" {
                    let label = self.next()?;
                    self.expect(&[":"])?;
                    branches.push((label, self.statement()?));
                }
                self.next();
                Kind::Case(test, branches)
            }
            signal if signal.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {
                let mut slice = None;
                if self.peek()? == "[" {
                    self.next();
                    let offset = self.parenthesised()?;
                    self.expect(&["+", ":"])?;
                    slice = Some((offset, self.parenthesised()?.first()?.parse().ok()?));
                    self.expect(&["]"])?;
                }
                self.expect(&["="])?;
                Kind::Assign { signal, slice, value: self.until(";")? }
            }
            _ => return None,
        };
        Some(Statement { kind, span: start..self.at })
    }
}
