// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Gate on latches: in every `always @(*)` of the emitted text, each signal assigned on some path must be assigned in
//! full on all.
//!
//! A `case` without default counts as complete where its labels are as many as the tested signal has values. Where this
//! gate is stricter than synthesis (it knows nothing of exclusive conditions), a default assignment at the top of the
//! kernel satisfies it.

use super::dedupe::Module;
use super::verilog::{ALWAYS, Kind, Statement, Widths, declared_widths, statement};
use super::{Gate, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// Bits of signals that are certain to be assigned.
type Assigned = BTreeMap<String, Vec<bool>>;

/// Checks all combinational blocks of a module.
pub(super) fn check(module: &Module) -> Vec<Violation> {
    let widths = declared_widths(&module.text);
    let mut violations = Vec::new();
    for part in module.text.split(ALWAYS).skip(1) {
        let what = match statement(part) {
            Ok(statement) => {
                let certain = assigned(&statement, &widths);
                let mut touched = BTreeSet::new();
                statement.writes(&mut touched);
                touched.retain(|name| certain.get(*name).is_none_or(|bits| bits.contains(&false)));
                if touched.is_empty() {
                    continue;
                }
                format!("{touched:?} keep their values on some path")
            }
            Err(text) => format!("this text was not understood: {text}"),
        };
        violations.push(Violation { gate: Gate::Latch, place: module.name.clone(), what });
    }
    violations
}

/// What a statement assigns whatever path is taken.
fn assigned(statement: &Statement<'_>, widths: &Widths<'_>) -> Assigned {
    match &statement.kind {
        Kind::Block(statements) => {
            let mut certain = Assigned::new();
            statements.iter().for_each(|s| join(&mut certain, assigned(s, widths)));
            certain
        }
        Kind::If(_, then, Some(otherwise)) => meet(assigned(then, widths), &assigned(otherwise, widths)),
        Kind::If(_, _, None) => Assigned::new(),
        Kind::Case(test, branches) => {
            let bits = match test[..] {
                [name] => widths.get(name).copied(),
                [.., "+", ":", "(", width, ")", "]"] => width.parse().ok(),
                _ => None,
            };
            let all = bits.is_some_and(|bits| bits < 32 && branches.len() == 1 << bits);
            if !all && !branches.iter().any(|(label, _)| *label == "default") {
                return Assigned::new();
            }
            let branches = branches.iter().map(|(_, branch)| assigned(branch, widths));
            branches.reduce(|one, other| meet(one, &other)).unwrap_or_default()
        }
        Kind::Assign { signal, slice, .. } => {
            let mut bits = vec![true; widths.get(signal).copied().unwrap_or(1)];
            if let Some((offset, width)) = slice {
                // An offset that is computed makes nothing certain.
                let from = match offset[..] {
                    [literal] => literal_value(literal),
                    _ => None,
                };
                for (bit, assigned) in bits.iter_mut().enumerate() {
                    *assigned = from.is_some_and(|from| (from..from + width).contains(&bit));
                }
            }
            Assigned::from([((*signal).to_owned(), bits)])
        }
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
