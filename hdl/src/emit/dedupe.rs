// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One module for all instances with the same text.
//!
//! Works bottom-up on the generated text: once the children of two modules have become the same, the modules
//! themselves can. Comparison is of whole texts, so nothing depends on a hash.

use super::EmitError;
use std::collections::{BTreeMap, HashMap};

/// A module of the emitted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// Its name.
    pub name: String,
    /// Its text, from `module` to `endmodule`, ending in a newline.
    pub text: String,
}

/// Splits generated Verilog into modules and merges those that are equal; the first name of equals survives.
pub(super) fn deduplicate(verilog: &str) -> Result<Vec<Module>, EmitError> {
    let bodies = split(verilog)?;
    let mut merge = Merge { bodies: &bodies, renamed: HashMap::new(), by_body: HashMap::new() };
    for name in bodies.keys() {
        merge.module(name);
    }
    let mut kept: Vec<Module> = merge
        .by_body
        .iter()
        .map(|(body, name)| Module { name: name.clone(), text: format!("module {name}{body}endmodule\n") })
        .collect();
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(kept)
}

/// Text between the name and `endmodule`, by name.
fn split(verilog: &str) -> Result<BTreeMap<String, String>, EmitError> {
    let mut bodies = BTreeMap::new();
    let mut open: Option<(String, String)> = None;
    for line in verilog.lines() {
        let line = line.trim_end();
        let bad = || EmitError::Text(format!("unexpected line `{line}`"));
        if let Some(rest) = line.strip_prefix("module ") {
            let (name, ports) = rest.split_once('(').ok_or_else(bad)?;
            if open.replace((name.to_owned(), format!("({ports}\n"))).is_some() {
                return Err(bad());
            }
        } else if line.starts_with("endmodule") {
            let (name, body) = open.take().ok_or_else(bad)?;
            bodies.insert(name, body);
        } else if let Some((_, body)) = &mut open {
            if !line.is_empty() {
                body.push_str(line);
                body.push('\n');
            }
        } else if !line.is_empty() {
            return Err(bad());
        }
    }
    match open {
        Some((name, _)) => Err(EmitError::Text(format!("module {name} does not end"))),
        None => Ok(bodies),
    }
}

/// Module name in a line that opens an instance: `module instance(`.
fn instantiated(line: &str) -> Option<&str> {
    let (module, rest) = line.trim_start().split_once(' ')?;
    let instance = rest.strip_suffix('(')?;
    let is_name =
        |s: &str| !s.is_empty() && s.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'$'));
    (is_name(module) && is_name(instance)).then_some(module)
}

struct Merge<'a> {
    bodies: &'a BTreeMap<String, String>,
    renamed: HashMap<String, String>,
    by_body: HashMap<String, String>,
}

impl Merge<'_> {
    /// Merges a module after its children; returns the name it now has.
    fn module(&mut self, name: &str) -> String {
        if let Some(now) = self.renamed.get(name) {
            return now.clone();
        }
        let mut body = String::new();
        for line in self.bodies[name].lines() {
            match instantiated(line).filter(|child| self.bodies.contains_key(*child)) {
                Some(child) => {
                    let now = self.module(child);
                    body.push_str(&line.replacen(child, &now, 1));
                }
                None => body.push_str(line),
            }
            body.push('\n');
        }
        let now = self.by_body.entry(body).or_insert_with(|| name.to_owned()).clone();
        self.renamed.insert(name.to_owned(), now.clone());
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(verilog: &str) -> Vec<String> {
        deduplicate(verilog).unwrap().into_iter().map(|m| m.name).collect()
    }

    #[test]
    fn equal_modules_become_one_through_levels() {
        let text = "module top(a);\n x$0 i0(\n .a(a)\n );\n x$1 i1(\n .a(a)\n );\nendmodule // top\n\
                    module x$0(a);\n leaf$0 l(\n .a(a)\n );\nendmodule // x$0\n\
                    module x$1(a);\n leaf$1 l(\n .a(a)\n );\nendmodule // x$1\n\
                    module leaf$0(a);\n input wire a;\nendmodule\nmodule leaf$1(a);\n input wire a;\nendmodule\n";
        assert_eq!(names(text), ["leaf$0", "top", "x$0"]);
        let merged = deduplicate(text).unwrap();
        assert!(merged[1].text.contains("x$0 i0(") && merged[1].text.contains("x$0 i1("));
    }

    #[test]
    fn one_differing_character_keeps_both() {
        let text =
            "module a(x);\n input wire [7:0] x;\nendmodule\nmodule b(x);\n input wire [6:0] x;\nendmodule\n";
        assert_eq!(names(text), ["a", "b"]);
    }

    #[test]
    fn text_outside_modules_is_refused() {
        assert!(deduplicate("module a(x);\nendmodule\nassign y = x;\n").is_err());
        assert!(deduplicate("module a(x);\n").is_err());
    }
}
