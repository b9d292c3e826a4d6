// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Text form of a dag, for people.

use super::{Dag, Input, Kind, Node};
use std::fmt;
use weir_pipeline::words::LateOp;

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Reg(r) => write!(f, "%{}", r.0),
            Input::Zero => f.write_str("0"),
            Input::Imm(imm) => write!(f, "#{imm}"),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dst) = self.dst {
            write!(f, "%{} = ", dst.0)?;
        }
        let width = |is32: bool| if is32 { "32" } else { "" };
        match &self.kind {
            Kind::Alu { op, is32, a, b } => write!(f, "{op}{} {a}, {b}", width(*is32))?,
            Kind::Load { base, offset, size } => write!(f, "load {size} [{base}{offset:+}]")?,
            Kind::Store { base, offset, size, data } => write!(f, "store {size} [{base}{offset:+}], {data}")?,
            Kind::Cmp { op, is32, a, b, p, out } => {
                for (pred, table) in out.iter().flatten() {
                    write!(f, "p{} = {table:08b} ", pred.0)?;
                }
                write!(f, "{op}{} {a}, {b}", width(*is32))?;
                for pred in p.iter().flatten() {
                    write!(f, " p{}", pred.0)?;
                }
            }
            Kind::Late { op, map, a, offset, size, b, is32, .. } => match map {
                Some(map) if op.is_key() => write!(f, "{op} map{map} {a}, {b}")?,
                Some(map) => write!(f, "{op} {size} map{map}[{a}+{offset}], {b}")?,
                None if *op == LateOp::Deep => write!(f, "{op} {size} [{a}+{offset}]")?,
                None => write!(f, "{op}{} {a}, {b}", width(*is32))?,
            },
        }
        if let Some(guard) = self.guard {
            write!(f, " {} p{}", if guard.negate { "unless" } else { "if" }, guard.pred.0)?;
        }
        write!(f, " {:?}", self.insns)
    }
}

impl fmt::Display for Dag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut from = vec![Vec::new(); self.nodes.len()];
        for d in &self.dependences {
            from[d.to].push(format!("{}{:+}", d.from, d.distance));
        }
        for (index, node) in self.nodes.iter().enumerate() {
            write!(f, "{index:4}: {node}")?;
            writeln!(f, "{}{}", if from[index].is_empty() { "" } else { " after " }, from[index].join(" "))?;
        }
        self.results.iter().try_for_each(|(target, result)| writeln!(f, "result r{target} = %{}", result.0))
    }
}
