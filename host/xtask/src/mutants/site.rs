// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Places for faults in emitted Verilog: single operators, constants and conditions.
//!
//! The emitter writes one statement a line, which is all that is read here: assignments and conditions. What stands
//! in brackets (bit selections), declarations and initial values is left alone, and so is a cast, which rust-hdl
//! writes as a mask of ones.

use std::collections::BTreeMap;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Module it is in.
    pub module: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// Which kind of line.
    pub statement: Statement,
    /// What is replaced by what.
    pub what: String,
    /// The line as emitted, without blanks around it.
    pub before: String,
    /// The line with the fault.
    pub after: String,
}

/// A line that can carry a fault, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `head` `body` `tail`, the body an assignment with its semicolon: `always @(*) `, `o = a + b;`.
    Assignment(Parts),
    /// The body a condition without its parentheses: `end else if (`, `a < b`, `) begin`.
    Condition(Parts),
}

/// Three parts of a line; joined they are the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Before the body.
    pub head: String,
    /// What the fault changes.
    pub body: String,
    /// The body with the fault.
    pub faulty: String,
    /// Behind the body.
    pub tail: String,
}

/// Operators and what a fault makes of them; longer ones first. Both sides have the same width.
const OPERATORS: &[(&str, &str)] = &[
    (">>>", ">>"),
    ("<<", ">>"),
    (">>", "<<"),
    ("==", "!="),
    ("!=", "=="),
    ("<=", "<"),
    (">=", ">"),
    ("&&", "||"),
    ("||", "&&"),
    ("+", "-"),
    ("-", "+"),
    ("&", "|"),
    ("|", "&"),
    ("^", "|"),
    ("<", "<="),
    (">", ">="),
    ("~", ""),
    ("!", ""),
];

/// All places in a file.
pub fn find(verilog: &str) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut module = String::new();
    let mut initial = false;
    for (index, line) in verilog.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        if let Some(rest) = code.trim_start().strip_prefix("module ") {
            module = rest.split(['(', ' ', ';']).next().unwrap_or_default().to_owned();
        }
        let first = code.split_whitespace().next().unwrap_or_default();
        initial = first == "initial" && code.contains("begin") || initial && first != "end";
        if initial || matches!(first, "initial" | "localparam" | "parameter" | "assign" | "module") {
            continue;
        }
        let Some((head, body, tail, is_condition)) = take_apart(code) else { continue };
        for (what, faulty) in faults(body, is_condition) {
            let parts =
                Parts { head: head.into(), body: body.into(), faulty: faulty.clone(), tail: tail.into() };
            sites.push(Site {
                module: module.clone(),
                line: index + 1,
                statement: if is_condition {
                    Statement::Condition(parts)
                } else {
                    Statement::Assignment(parts)
                },
                what,
                before: code.trim().to_owned(),
                after: format!("{head}{faulty}{tail}").trim().to_owned(),
            });
        }
    }
    sites
}

/// Head, body and tail of a line that can carry a fault, and whether the body is a condition.
fn take_apart(code: &str) -> Option<(&str, &str, &str, bool)> {
    if let Some(at) = code.find("if (").filter(|at| *at == 0 || code.as_bytes()[at - 1] == b' ') {
        let start = at + "if (".len();
        let mut depth = 1;
        let length = code[start..].find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        })?;
        return Some((&code[..start], &code[start..start + length], &code[start + length..], true));
    }
    let start = match code.find("always @(*) ") {
        Some(at) => at + "always @(*) ".len(),
        None => code.len() - code.trim_start().len(),
    };
    let body = code[start..].trim_end();
    // One assignment and nothing else, with something on its right.
    let one = body.ends_with(';') && body.matches(';').count() == 1 && assignment(body).is_some();
    let plain = !body.contains("begin") && !body.contains('@') && !body.starts_with(['.', ')']);
    (one && plain).then(|| (&code[..start], body, &code[start + body.len()..], false))
}

/// Where the right side of an assignment starts.
fn assignment(body: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in body.char_indices() {
        match c {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth -= 1,
            '=' if depth == 0 => return Some(at + 1),
            ' ' | '<' | '$' | '_' => {}
            c if depth == 0 && !c.is_alphanumeric() => return None,
            _ => {}
        }
    }
    None
}

/// Every single fault of a body, with what it replaces.
fn faults(body: &str, is_condition: bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if is_condition {
        found.push(("condition negated".to_owned(), format!("!({body})")));
    }
    let mut at = if is_condition { 0 } else { assignment(body).unwrap_or(body.len()) };
    let mut brackets = 0;
    let mut before = ' ';
    while at < body.len() {
        let rest = &body[at..];
        let length = if let Some(constant) = constant(rest).filter(|_| !before.is_alphanumeric()) {
            if brackets == 0 {
                let last = u8::from_str_radix(&constant[constant.len() - 1..], 16).unwrap_or_default();
                let changed = format!("{}{:x}", &constant[..constant.len() - 1], last ^ 1);
                found.push(replaced(body, at, constant, &changed));
            }
            constant.len()
        } else if let Some((operator, other)) =
            OPERATORS.iter().find(|(operator, _)| rest.starts_with(operator))
        {
            if brackets == 0 && !is_cast(rest) && !is_sign(body, at) {
                found.push(replaced(body, at, operator, other));
            }
            operator.len()
        } else {
            let c = rest.chars().next().unwrap_or(' ');
            brackets += i32::from(c == '[') - i32::from(c == ']');
            c.len_utf8()
        };
        if is_cast(rest) {
            // The mask goes with its operator.
            let mask = rest[2..].find(')').unwrap_or(0);
            at += 2 + mask;
        } else {
            at += length;
        }
        before = body[..at].chars().next_back().unwrap_or(' ');
    }
    found
}

fn replaced(body: &str, at: usize, from: &str, to: &str) -> (String, String) {
    let what = if to.is_empty() { format!("`{from}` left out") } else { format!("`{from}` becomes `{to}`") };
    (what, format!("{}{to}{}", &body[..at], &body[at + from.len()..]))
}

/// A sized hexadecimal constant at the start.
fn constant(rest: &str) -> Option<&str> {
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let value = rest[digits..].strip_prefix("'h")?;
    let length = value.len() - value.trim_start_matches(|c: char| c.is_ascii_hexdigit()).len();
    (digits > 0 && length > 0).then(|| &rest[..digits + 2 + length])
}

/// `& 64'hffff…)`: a mask of ones, as rust-hdl writes a cast.
fn is_cast(rest: &str) -> bool {
    let Some(mask) = rest.strip_prefix("& ").and_then(constant) else { return false };
    let Some((width, value)) = mask.split_once("'h") else { return false };
    let Ok(width) = width.parse::<usize>() else { return false };
    let ones = value.trim_start_matches(['1', '3', '7']).chars().all(|c| c == 'f');
    ones && value.len() == width.div_ceil(4)
}

/// A minus or plus that no operand stands before.
fn is_sign(body: &str, at: usize) -> bool {
    let sign = body[at..].starts_with(['-', '+']);
    sign && body[..at].trim_end().ends_with(['(', '=', '<', '>', '?', ':', '&', '|', '+', '-', '*', ','])
}

/// Chooses faults: first a kind of line and module, then one of its places, so that what the generator unrolled many
/// times does not crowd out the rest.
pub fn choose(sites: Vec<Site>, seed: u64, count: usize) -> Vec<Site> {
    let mut kinds: BTreeMap<String, Vec<Site>> = BTreeMap::new();
    for site in sites {
        let shape: String = site.before.chars().filter(|c| !c.is_ascii_digit()).collect();
        kinds.entry(format!("{} {shape}", site.module)).or_default().push(site);
    }
    let mut kinds: Vec<Vec<Site>> = kinds.into_values().collect();
    let mut had_their_turn = Vec::new();
    let mut random = SplitMix(seed);
    let mut chosen = Vec::new();
    while chosen.len() < count {
        if kinds.is_empty() {
            kinds = std::mem::take(&mut had_their_turn);
        }
        if kinds.is_empty() {
            break;
        }
        let mut kind = kinds.swap_remove(random.below(kinds.len()));
        chosen.push(kind.swap_remove(random.below(kind.len())));
        if !kind.is_empty() {
            had_their_turn.push(kind);
        }
    }
    chosen
}

/// Sebastiano Vigna's SplitMix64: small, and the same everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn afters(line: &str) -> Vec<String> {
        find(&format!("module m(a);\n{line}\n")).into_iter().map(|site| site.after).collect()
    }

    #[test]
    fn operators_and_constants() {
        assert_eq!(afters("  d = a + b;"), ["d = a - b;"]);
        assert_eq!(
            afters("  d = (a << 64'h3) | b;"),
            ["d = (a >> 64'h3) | b;", "d = (a << 64'h2) | b;", "d = (a << 64'h3) & b;"]
        );
        assert_eq!(afters("always @(*) o = $signed(a) >>> n;"), ["always @(*) o = $signed(a) >> n;"]);
        assert_eq!(afters("  q <= a <= b;"), ["q <= a < b;"]);
        assert_eq!(afters("  d = ~a;"), ["d = a;"]);
    }

    #[test]
    fn conditions() {
        assert_eq!(
            afters("        if (word[(64'h14)+:(4)] == 32'h1) begin"),
            [
                "if (!(word[(64'h14)+:(4)] == 32'h1)) begin",
                "if (word[(64'h14)+:(4)] != 32'h1) begin",
                "if (word[(64'h14)+:(4)] == 32'h0) begin"
            ]
        );
        assert_eq!(afters("  if (write) memory[at] <= data;"), ["if (!(write)) memory[at] <= data;"]);
    }

    #[test]
    fn what_is_left_alone() {
        for line in [
            "  q <= d;",
            "  localparam  idx$1 = 5'h1;",
            "  d = a[(32'h0)+:(4)];",
            "  d = ((a[(64'h4)+:(4)]) & 10'h3ff);",
            "  d = ((m) & 128'hffffffffffffffffffffffffffffffff);",
            "  initial begin\n    q = 64'h0;\n  end",
            "  initial q = 4'h0;",
            "  case (word[(64'h0)+:(4)])",
            "  wire [4:0] a;",
            "  .a(b + c),",
            "  // d = a + b;",
        ] {
            assert_eq!(afters(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn the_choice_is_repeatable_and_spread() {
        let text = "module m(a);\n".to_owned() + &"d = a + b;\n".repeat(100) + "e = a & b;\nf = a ^ b;\n";
        let lines =
            |seed| choose(find(&text), seed, 3).iter().map(|site| site.before.clone()).collect::<Vec<_>>();
        assert_eq!(lines(7), lines(7));
        let mut all = lines(7);
        all.sort();
        assert_eq!(all, ["d = a + b;", "e = a & b;", "f = a ^ b;"]);
        assert_eq!(choose(find(&text), 7, 1000).len(), 102);
    }
}
