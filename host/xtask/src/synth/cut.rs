// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Cutting a design into blocks that are synthesised one by one.
//!
//! From the outermost module down: a module that stands several times inside a block becomes a block of its own, if
//! it is large enough to matter; everything else is flattened into the block it stands in. Inside a repeated block
//! nothing is cut, so the units of a stage are optimised together.

use anyhow::{Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Bits of operators and registers below which a repeated module is not worth a run of its own.
const SMALLEST: usize = 500;

/// Something that is synthesised once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Name of its module.
    pub name: String,
    /// How often it stands in the design.
    pub instances: usize,
    /// Bits of operators and registers in it, a measure of how long yosys takes.
    pub weight: usize,
}

/// What `stat -width -json` of yosys writes for a design that is read but not mapped.
#[derive(Deserialize)]
pub struct Survey {
    modules: BTreeMap<String, Module>,
}

#[derive(Deserialize)]
struct Module {
    num_cells_by_type: BTreeMap<String, usize>,
}

impl Survey {
    fn module(&self, name: &str) -> Option<&Module> {
        self.modules.get(&format!("\\{name}"))
    }

    /// The modules that stand in a module, with how often.
    fn children<'a>(&'a self, module: &'a Module) -> impl Iterator<Item = (&'a str, usize)> {
        let cells = module.num_cells_by_type.iter();
        cells
            .map(|(kind, count)| (kind.trim_start_matches('\\'), *count))
            .filter(|(kind, _)| self.module(kind).is_some())
    }

    /// Bits of all operators and registers in a module and below.
    fn weight(&self, name: &str) -> usize {
        let Some(module) = self.module(name) else { return 0 };
        let own: usize = module.num_cells_by_type.iter().map(|(kind, count)| count * width(kind)).sum();
        own + self.children(module).map(|(child, count)| count * self.weight(child)).sum::<usize>()
    }
}

/// `$add_64` is 64 bits wide.
fn width(kind: &str) -> usize {
    let digits = kind.starts_with('$').then(|| kind.rsplit('_').next()).flatten();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The blocks of a design, the outermost one first.
pub fn cut(survey: &Survey, top: &str) -> Result<Vec<Block>> {
    let Some(module) = survey.module(top) else { bail!("yosys read no module `{top}`") };
    let mut repeated: BTreeMap<String, usize> = BTreeMap::new();
    repeats(survey, module, &mut repeated);
    let weight = |name: &str| survey.weight(name);
    let inside: usize = repeated.iter().map(|(name, count)| count * weight(name)).sum();
    let mut blocks = vec![Block { name: top.to_owned(), instances: 1, weight: weight(top) - inside }];
    for (name, instances) in repeated {
        blocks.push(Block { weight: weight(&name), name, instances });
    }
    Ok(blocks)
}

/// Finds what stands several times in a module, looking through what stands there once.
fn repeats(survey: &Survey, module: &Module, found: &mut BTreeMap<String, usize>) {
    for (child, count) in survey.children(module) {
        if count > 1 && survey.weight(child) >= SMALLEST {
            *found.entry(child.to_owned()).or_default() += count;
        } else if let Some(module) = survey.module(child).filter(|_| count == 1) {
            repeats(survey, module, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_modules_become_blocks() {
        let survey: Survey = serde_json::from_str(
            r#"{"modules": {
                "\\top": {"num_cells_by_type": {"ring": 1, "$add_64": 2, "pack": 9}},
                "\\ring": {"num_cells_by_type": {"stage": 3, "last": 1}},
                "\\stage": {"num_cells_by_type": {"alu": 2, "$dff_1024": 1}},
                "\\last": {"num_cells_by_type": {"alu": 1}},
                "\\alu": {"num_cells_by_type": {"$add_64": 10}},
                "\\pack": {"num_cells_by_type": {}}
            }}"#,
        )
        .unwrap();
        let block = |name: &str, instances, weight| Block { name: name.into(), instances, weight };
        let expected = [block("top", 1, 128 + 640), block("stage", 3, 2 * 640 + 1024)];
        assert_eq!(cut(&survey, "top").unwrap(), expected);
    }
}
