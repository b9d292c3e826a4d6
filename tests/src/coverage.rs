// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a campaign of random programs has covered: a table of opcode classes, helpers, map types, verdicts, deep loads and
//! conflicts between packets, of accepted programs only.

use std::collections::BTreeMap;
use weir_bpf::op::{AluOp, Op, Width};
use weir_bpf::{MapType, Object, Program};
use weir_compiler::Compiled;
use weir_pipeline::words::LateOp;

/// Helpers that a program may call, by number.
const HELPERS: [(u32, &str); 11] = [
    (1, "map_lookup_elem"),
    (2, "map_update_elem"),
    (3, "map_delete_elem"),
    (5, "ktime_get_ns"),
    (7, "get_prandom_u32"),
    (8, "get_smp_processor_id"),
    (23, "redirect"),
    (44, "xdp_adjust_head"),
    (51, "redirect_map"),
    (189, "xdp_load_bytes"),
    (190, "xdp_store_bytes"),
];

const MAP_TYPES: [MapType; 5] =
    [MapType::Array, MapType::PercpuArray, MapType::Hash, MapType::PercpuHash, MapType::Devmap];

const CLASSES: [&str; 20] = [
    "add, sub",
    "and, or, xor",
    "move",
    "negate",
    "shift",
    "multiply",
    "divide, modulo",
    "byte swap",
    "sign extension",
    "64-bit arithmetic",
    "32-bit arithmetic",
    "64-bit jump",
    "32-bit jump",
    "load",
    "sign-extending load",
    "store",
    "store of a constant",
    "atomic",
    "atomic that fetches",
    "64-bit constant",
];

const VERDICTS: [&str; 6] = ["aborted", "drop", "pass", "tx", "redirect", "invalid"];

const EFFECTS: [&str; 5] =
    ["deep load", "conflict between packets", "more than one pass", "counter without a gap", "moved head"];

/// How many accepted programs have what, and how many packets met which verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    rows: BTreeMap<(u8, String), u64>,
    /// Programs made.
    pub programs: u64,
    /// Of these, accepted by the compiler.
    pub accepted: u64,
    /// (program, packet) pairs run.
    pub pairs: u64,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
}

impl Coverage {
    /// A table whose rows are all empty.
    pub fn new() -> Coverage {
        let mut coverage = Coverage::default();
        let maps = MAP_TYPES.map(|kind| kind.name());
        let groups = [&CLASSES[..], &HELPERS.map(|(_, name)| name), &maps, &VERDICTS, &EFFECTS];
        for (group, names) in (0..).zip(groups) {
            coverage.rows.extend(names.iter().map(|name| ((group, (*name).to_owned()), 0)));
        }
        coverage
    }

    fn count(&mut self, group: u8, name: &str) {
        *self.rows.entry((group, name.to_owned())).or_default() += 1;
    }

    /// Takes in an accepted program.
    pub fn program(&mut self, object: &Object, program: &Program, compiled: &Compiled) {
        let mut seen = std::collections::BTreeSet::new();
        for slot in 0..program.insns.len() {
            let Ok(op) = Op::at(&program.insns, slot) else { continue };
            seen.extend(classes(op).into_iter().map(|class| (0, class.to_owned())));
            if let Op::CallHelper(number) = op
                && let Some((_, name)) = HELPERS.iter().find(|(n, _)| *n == number)
            {
                seen.insert((1, (*name).to_owned()));
            }
        }
        for reference in &program.relocations {
            seen.extend(object.maps.get(reference.map).map(|map| (2, map.type_name())));
        }
        let words = || compiled.pipeline.words.iter().flatten().filter_map(|word| word.late.as_ref());
        let deep = words().any(|late| late.op == LateOp::Deep);
        let adds = words().any(|late| late.op == LateOp::Add);
        let gap = compiled.report.gap > 1;
        let effects = [deep, gap, compiled.report.passes > 1, adds && !gap, compiled.pipeline.moves_head];
        let had = EFFECTS.iter().zip(effects).filter(|(_, had)| *had);
        seen.extend(had.map(|(name, _)| (4, (*name).to_owned())));
        seen.iter().for_each(|(group, name)| self.count(*group, name));
    }

    /// Takes in a packet's verdict.
    pub fn verdict(&mut self, verdict: u32) {
        self.count(3, VERDICTS[(verdict as usize).min(VERDICTS.len() - 1)]);
    }

    /// Rows that nothing has met.
    pub fn empty(&self) -> Vec<&str> {
        self.rows.iter().filter(|(_, count)| **count == 0).map(|((_, name), _)| name.as_str()).collect()
    }

    /// The table.
    pub fn table(&self) -> String {
        const GROUPS: [&str; 5] =
            ["opcode classes", "helpers", "map types", "verdicts (packets)", "in the pipeline"];
        let mut text = format!(
            "{} of {} programs accepted, {} (program, packet) pairs\n",
            self.accepted, self.programs, self.pairs
        );
        let mut last = None;
        for ((group, name), count) in &self.rows {
            if last.replace(group) != Some(group) {
                text += &format!("  {}\n", GROUPS[*group as usize]);
            }
            text += &format!("    {count:>9} {name}\n");
        }
        let refused: Vec<String> =
            self.refused.iter().map(|(code, count)| format!("{count} {code}")).collect();
        text + &format!("  refused: {}\n", refused.join(", "))
    }
}

fn classes(op: Op) -> Vec<&'static str> {
    let arithmetic = |width: Width| match width {
        Width::W64 => "64-bit arithmetic",
        Width::W32 => "32-bit arithmetic",
    };
    match op {
        Op::Alu { op, width, .. } => {
            let class = match op {
                AluOp::Add | AluOp::Sub => "add, sub",
                AluOp::And | AluOp::Or | AluOp::Xor => "and, or, xor",
                AluOp::Mov => "move",
                AluOp::Lsh | AluOp::Rsh | AluOp::Arsh => "shift",
                AluOp::Mul => "multiply",
                _ => "divide, modulo",
            };
            vec![class, arithmetic(width)]
        }
        Op::Neg { width, .. } => vec!["negate", arithmetic(width)],
        Op::Swap { .. } => vec!["byte swap"],
        Op::MovSigned { .. } => vec!["sign extension"],
        Op::Jump { width: Width::W64, .. } => vec!["64-bit jump"],
        Op::Jump { width: Width::W32, .. } => vec!["32-bit jump"],
        Op::Load { signed: true, .. } => vec!["sign-extending load"],
        Op::Load { .. } => vec!["load"],
        Op::Store { src: weir_bpf::op::Operand::Reg(_), .. } => vec!["store"],
        Op::Store { .. } => vec!["store of a constant"],
        Op::Atomic { fetch: true, .. } => vec!["atomic that fetches"],
        Op::Atomic { .. } => vec!["atomic"],
        Op::LoadWide { value: weir_bpf::op::Wide::Value(_), .. } => vec!["64-bit constant"],
        _ => vec![],
    }
}
