// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From a schedule to stage words.

use super::place::{Place, Placement};
use super::tables::Ids;
use crate::dag::{Dag, Input, Kind, Literal, Node};
use std::collections::BTreeMap;
use weir_bpf::MapDef;
use weir_pipeline::pipeline::Origin;
use weir_pipeline::words::{AluOp, AluWord, CmpWord, Guard, LateWord, LsuWord, Operand, Source, StageWord};
use weir_pipeline::{Pipeline, Slot, Target};

/// What names a pipeline.
#[derive(Clone, Debug)]
pub struct Names {
    /// Of the program.
    pub program: String,
    /// Tag of the program.
    pub tag: String,
}

/// The words of a schedule.
pub fn emit(dag: &Dag, placement: &Placement, maps: &[MapDef], target: &Target, names: Names) -> Pipeline {
    let (tables, ids) = placement.tables.clone().finish(maps);
    let passes = placement.stages.div_ceil(target.stages).max(1);
    let mut words = vec![vec![StageWord::default(); target.stages as usize]; passes as usize];
    let mut origins: BTreeMap<(Slot, u8), Vec<u32>> = BTreeMap::new();
    for (node, place) in dag.nodes.iter().zip(&placement.places) {
        let slot = Slot { pass: place.stage / target.stages, stage: place.stage % target.stages };
        let word = &mut words[slot.pass as usize][slot.stage as usize];
        put(word, node, place, &ids);
        if !node.insns.is_empty() {
            origins.insert((slot, place.unit), node.insns.clone());
        }
    }
    let first = placement.stages - placement.moves.len() as u32;
    for (stage, (dst, from)) in (first..).zip(&placement.moves) {
        let word = &mut words[(stage / target.stages) as usize][(stage % target.stages) as usize];
        let (a, b) = (Source::Zero, Operand::Source(Source::Register(*from)));
        let (op, guard) = (AluOp::Mov, Guard::Always);
        word.alu[0] = Some(AluWord { op, a, b, is32: false, dst: *dst, guard });
    }
    let mut pipeline = Pipeline {
        name: names.program,
        target: target.name.clone(),
        tag: names.tag,
        gap: 1,
        moves_head: dag.moves_head,
        tables,
        words,
        origins: origins.into_iter().map(|((slot, unit), insns)| Origin { slot, unit, insns }).collect(),
    };
    pipeline.gap = super::gap::gap(dag, placement, target);
    pipeline
}

fn guard(guard: Option<Literal>, physical: u8) -> Guard {
    match guard {
        None => Guard::Always,
        Some(Literal { negate: false, .. }) => Guard::If(physical),
        Some(Literal { negate: true, .. }) => Guard::Unless(physical),
    }
}

fn put(word: &mut StageWord, node: &Node, place: &Place, ids: &Ids) {
    let guard = guard(node.guard, place.inputs[2]);
    let [a, second] = place.sources;
    let operand = |b: &Input| match b {
        Input::Imm(imm) => Operand::Imm(*imm),
        Input::Reg(_) | Input::Zero => Operand::Source(second),
    };
    // A result that nobody takes from a register is not written.
    let (dst, written) = (place.dst.unwrap_or(0), if place.dst.is_some() { guard } else { Guard::Never });
    match &node.kind {
        Kind::Alu { op, is32, b, .. } => {
            word.alu[usize::from(place.unit)] =
                Some(AluWord { op: *op, a, b: operand(b), is32: *is32, dst, guard: written });
        }
        Kind::Load { offset, size, .. } => {
            word.lsu = Some(LsuWord::Load { base: a, offset: *offset, size: *size, dst, guard: written });
        }
        Kind::Store { offset, size, .. } => {
            word.lsu = Some(LsuWord::Store { base: a, offset: *offset, size: *size, data: second, guard });
        }
        Kind::Cmp { op, is32, b, out, .. } => {
            let table = |index: usize| out[index].map_or(0, |(_, table)| table);
            word.cmp[usize::from(place.unit) - 3] = Some(CmpWord {
                op: *op,
                a,
                b: operand(b),
                is32: *is32,
                p1: place.inputs[0],
                p2: place.inputs[1],
                dst0: place.out[0],
                table0: table(0),
                dst1: place.out[1],
                table1: table(1),
            });
        }
        Kind::Late { op, map, offset, span, size, b, is32, .. } => {
            word.late = Some(LateWord {
                op: *op,
                map: map.map_or(0, |m| ids.of(*op, m, *span)),
                a,
                offset: *offset,
                size: *size,
                b: operand(b),
                is32: *is32,
                dst,
                guard,
            });
        }
    }
}
