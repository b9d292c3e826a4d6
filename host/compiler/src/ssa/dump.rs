// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Text form of a program as values, for people.

use super::values::{Def, Val, Values};
use super::{Address, Cond, Effect, Function, TableAddress};
use std::fmt;

impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.var {
            Some(var) => write!(f, "[{var}{:+}]", self.offset),
            None => write!(f, "[{}]", self.offset),
        }
    }
}

impl fmt::Display for TableAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.var {
            Some(var) => write!(f, "map{}[{var}+{}]", self.map, self.offset),
            None => write!(f, "map{}[{}]", self.map, self.offset),
        }
    }
}

impl fmt::Display for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.negate { "not " } else { "" };
        let width = if self.is32 { "32" } else { "" };
        write!(f, "{not}{}{width} {}, {}", self.op, self.a, self.b)
    }
}

fn definition(values: &Values, value: Val) -> String {
    match values.def(value) {
        Def::Const(c) => format!("{:#x}", c),
        Def::Entry(entry) => format!("{entry:?}"),
        Def::Op { op, is32, a, b } => format!("{op:?}{} {a}, {b}", if *is32 { "32" } else { "" }),
        Def::Load { address, size, version } => format!("load {size} {address} @{version}"),
        Def::Deep { address, size } => format!("deep {size} {address}"),
        Def::Key { op, map, key: [low, high], version } => {
            format!("{op} map{map} {low}, {high} @{version}")
        }
        Def::Read { address, size, version, block } => {
            format!("read {size} {address} @{version} in block{block}")
        }
        Def::Phi { block, args } => {
            let args: Vec<String> = args.iter().map(Val::to_string).collect();
            format!("phi block{block} {}", args.join(", "))
        }
        Def::Select { cond, yes, no } => format!("select {cond}, {yes}, {no}"),
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for value in self.values.all() {
            let range = self.values.range(value);
            let range = format!("[{:#x}, {:#x}]", range.umin, range.umax);
            writeln!(
                f,
                "{value} = {} {range} {:?}",
                definition(&self.values, value),
                self.values.insns(value)
            )?;
        }
        for (index, block) in self.blocks.iter().enumerate() {
            if index > 0 && block.edges.is_empty() {
                continue;
            }
            let edges: Vec<String> = block
                .edges
                .iter()
                .map(|e| match e.when {
                    None => format!("block{}", e.from),
                    Some(when) => format!("block{} if {when}", e.from),
                })
                .collect();
            writeln!(f, "block{index}: from {}", if index == 0 { "entry".into() } else { edges.join(", ") })?;
            for site in self.sites.iter().filter(|s| s.block == index) {
                if let Some(when) = site.when {
                    writeln!(f, "  where {when}:")?;
                }
                match site.effect {
                    Effect::Load(value) | Effect::Read(value) | Effect::Key(value) => {
                        writeln!(f, "  {value} {}", definition(&self.values, value))?;
                    }
                    Effect::Store { address, size, data, .. } => {
                        writeln!(f, "  store {size} {address}, {data}")?;
                    }
                    Effect::Write { address, size, data } => {
                        writeln!(f, "  write {size} {address}, {data}")?;
                    }
                    Effect::Add { address, size, data } => writeln!(f, "  add {size} {address}, {data}")?,
                }
            }
            if let Some((cond, _)) = block.cond {
                writeln!(f, "  branch {cond}")?;
            }
            if let Some(super::Return { value, .. }) = block.result {
                writeln!(f, "  return {value}")?;
            }
        }
        Ok(())
    }
}
