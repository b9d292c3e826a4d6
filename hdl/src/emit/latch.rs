// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Gate on latches: in every `always @(*)` of the emitted text, each signal assigned on some path must be assigned in
//! full on all.
//!
//! A `case` without default counts as complete where its labels are as many as the tested signal has values. Where this
//! gate is stricter than synthesis (it knows nothing of exclusive conditions), a default assignment at the top of the
//! kernel satisfies it.

use super::dedupe::Module;
use super::{Gate, Violation};
use std::collections::BTreeMap;

/// Bits of signals that are certain to be assigned.
type Assigned = BTreeMap<String, Vec<bool>>;

/// Checks all combinational blocks of a module.
pub(super) fn check(module: &Module) -> Vec<Violation> {
    let widths = declared_widths(&module.text);
    let mut violations = Vec::new();
    for part in module.text.split("always @(*)").skip(1) {
        let mut parser = Parser { tokens: tokens(part), at: 0, widths: &widths, touched: Assigned::new() };
        let what = match parser.statement() {
            Some(certain) => {
                let keeps = |name: &String| certain.get(name).is_none_or(|bits| bits.contains(&false));
                let kept: Vec<&String> = parser.touched.keys().filter(|name| keeps(name)).collect();
                if kept.is_empty() {
                    continue;
                }
                format!("{kept:?} keep their values on some path")
            }
            None => format!("this text was not understood: {}", parser.around()),
        };
        violations.push(Violation { gate: Gate::Latch, place: module.name.clone(), what });
    }
    violations
}

/// Widths of everything declared in a module.
fn declared_widths(text: &str) -> BTreeMap<&str, usize> {
    let mut widths = BTreeMap::new();
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

fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for line in text.lines() {
        let mut rest = line.split("//").next().unwrap_or_default().trim_start();
        while !rest.is_empty() {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '\'');
            let end = match rest.find(|c| !word(c)) {
                Some(0) => rest.chars().next().map_or(1, char::len_utf8),
                Some(end) => end,
                None => rest.len(),
            };
            out.push(&rest[..end]);
            rest = rest[end..].trim_start();
        }
    }
    out
}

/// Reads statements; `None` means that the text is not of the form that rust-hdl or the primitives write.
struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    widths: &'a BTreeMap<&'a str, usize>,
    touched: Assigned,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.at += 1;
        self.tokens.get(self.at - 1).copied()
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn around(&self) -> String {
        let from = self.at.saturating_sub(8).min(self.tokens.len());
        self.tokens[from..(from + 16).min(self.tokens.len())].join(" ")
    }

    /// Reads over a parenthesised expression and returns its tokens.
    fn parenthesised(&mut self) -> Option<Vec<&'a str>> {
        if self.next()? != "(" {
            return None;
        }
        let from = self.at;
        let mut depth = 1;
        while depth > 0 {
            match self.next()? {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => (),
            }
        }
        Some(self.tokens[from..self.at - 1].to_vec())
    }

    fn statement(&mut self) -> Option<Assigned> {
        match self.peek()? {
            "begin" => {
                self.next();
                let mut certain = Assigned::new();
                while self.peek()? != "end" {
                    let more = self.statement()?;
                    join(&mut certain, more);
                }
                self.next();
                Some(certain)
            }
            "if" => {
                self.next();
                self.parenthesised()?;
                let then = self.statement()?;
                if self.peek() == Some("else") {
                    self.next();
                    let otherwise = self.statement()?;
                    Some(meet(then, &otherwise))
                } else {
                    Some(Assigned::new())
                }
            }
            "case" => self.case(),
            _ => self.assignment(),
        }
    }

    fn case(&mut self) -> Option<Assigned> {
        self.next();
        let test = self.parenthesised()?;
        let (mut labels, mut default, mut certain) = (0u32, false, None);
        while self.peek()? != "endcase" {
            let label = self.next()?;
            if self.next()? != ":" {
                return None;
            }
            default |= label == "default";
            labels += 1;
            let branch = self.statement()?;
            certain = Some(match certain {
                Some(certain) => meet(certain, &branch),
                None => branch,
            });
        }
        self.next();
        let bits = match test[..] {
            [name] => self.widths.get(name).copied(),
            [.., "+", ":", "(", width, ")", "]"] => width.parse().ok(),
            _ => None,
        };
        let complete = default || bits.is_some_and(|bits| bits < 32 && labels == 1 << bits);
        Some(certain.filter(|_| complete).unwrap_or_default())
    }

    /// `name = ...;`, `name[(offset)+:(width)] = ...;`
    fn assignment(&mut self) -> Option<Assigned> {
        let name = self.next()?;
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        let mut bits = vec![true; self.widths.get(name).copied().unwrap_or(1)];
        if self.peek()? == "[" {
            self.next();
            let offset = self.parenthesised()?;
            if (self.next()?, self.next()?) != ("+", ":") {
                return None;
            }
            let width: usize = self.parenthesised()?.first()?.parse().ok()?;
            if self.next()? != "]" {
                return None;
            }
            // An offset that is computed makes nothing certain.
            let from = match offset[..] {
                [literal] => literal_value(literal),
                _ => None,
            };
            for (bit, assigned) in bits.iter_mut().enumerate() {
                *assigned = from.is_some_and(|from| (from..from + width).contains(&bit));
            }
        }
        if self.next()? != "=" {
            return None;
        }
        while self.next()? != ";" {}
        let assigned = Assigned::from([(name.to_owned(), bits)]);
        join(&mut self.touched, assigned.clone());
        Some(assigned)
    }
}

fn literal_value(text: &str) -> Option<usize> {
    match text.split_once('\'') {
        None => text.parse().ok(),
        Some((_, digits)) if digits.starts_with('h') => usize::from_str_radix(&digits[1..], 16).ok(),
        Some((_, digits)) if digits.starts_with('b') => usize::from_str_radix(&digits[1..], 2).ok(),
        Some(_) => None,
    }
}

/// Both happen.
fn join(certain: &mut Assigned, more: Assigned) {
    for (name, bits) in more {
        match certain.get_mut(&name) {
            Some(old) => old.iter_mut().zip(bits).for_each(|(old, new)| *old |= new),
            None => {
                certain.insert(name, bits);
            }
        }
    }
}

/// One of the two happens.
fn meet(mut one: Assigned, other: &Assigned) -> Assigned {
    one.retain(|name, bits| match other.get(name) {
        Some(others) => {
            bits.iter_mut().zip(others).for_each(|(bit, other)| *bit &= other);
            true
        }
        None => false,
    });
    one
}
