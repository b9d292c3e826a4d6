// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a compiled program takes of its target, and which lines of its source take it.
//!
//! All of it is read off the schedule and the words; nothing is estimated. A unit's word that carries out instructions
//! of several lines counts for each of them.

use crate::dag::{Dag, Kind};
use crate::schedule::gap;
use crate::schedule::place::Placement;
use std::collections::{BTreeMap, BTreeSet};
use weir_bpf::{MapDef, Program};
use weir_pipeline::words::StageWord;
use weir_pipeline::{LateUnit, Pipeline, Target};

/// Everything a program takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Clocks from admission until the packet has left the stages.
    pub latency_clocks: u32,
    /// Units by kind, in the order of a stage.
    pub units: Vec<Units>,
    /// Memory of maps, in the order of the object; one of which parts lie elsewhere has several.
    pub tables: Vec<Memory>,
    /// What the admission gap is for, if it is more than one clock.
    pub gap: Option<Gap>,
    /// Lines that something was made of, in the order of the source.
    pub lines: Vec<Line>,
}

/// Units of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// Which.
    pub kind: &'static str,
    /// Words that do something.
    pub used: u32,
    /// Words there are, in the passes that the program takes.
    pub available: u32,
}

/// Table memory of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Name of the map.
    pub map: String,
    /// Table unit.
    pub unit: u32,
    /// Bytes of its values there.
    pub bytes: u64,
    /// Bytes that the unit has.
    pub of: u64,
}

/// The two accesses that are furthest apart of those whose order shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The gap.
    pub clocks: u32,
    /// Name of the map.
    pub map: String,
    /// The accesses: what is done, instruction slot, stage counted over all passes.
    pub between: [(String, Option<u32>, u32); 2],
    /// What would shorten it.
    pub help: String,
}

/// One source line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Text of the line.
    pub text: String,
    /// Units' words that carry out something of it.
    pub units: u32,
    /// Stages, counted over all passes, in which they are.
    pub stages: BTreeSet<u32>,
}

/// The cost of a schedule.
pub fn cost(
    dag: &Dag,
    placement: &Placement,
    maps: &[MapDef],
    pipeline: &Pipeline,
    program: &Program,
    target: &Target,
) -> Cost {
    let words = u64::from(target.units.tables.words) * 8;
    let homes = pipeline.tables.iter().flat_map(|t| t.homes().map(move |home| (home, t)));
    let tables =
        homes.map(|(home, t)| Memory { map: t.name.clone(), unit: home.unit, bytes: t.bytes(), of: words });
    Cost {
        latency_clocks: pipeline.passes() * target.ring_clocks(),
        units: units(pipeline, target),
        tables: tables.collect(),
        gap: gap_of(dag, placement, maps, target),
        lines: lines(pipeline, program, target),
    }
}

fn units(pipeline: &Pipeline, target: &Target) -> Vec<Units> {
    let words = || pipeline.words.iter().flat_map(|stages| (0..).zip(stages));
    let count = |used: &dyn Fn(u32, &StageWord) -> u32| words().map(|(stage, word)| used(stage, word)).sum();
    let all = pipeline.passes() * target.stages;
    let mut units = vec![
        Units {
            kind: "ALU",
            used: count(&|_, w| w.alu.iter().flatten().count() as u32),
            available: all * target.units.alus,
        },
        Units { kind: "load/store", used: count(&|_, w| w.lsu.is_some().into()), available: all },
        Units {
            kind: "compare",
            used: count(&|_, w| w.cmp.iter().flatten().count() as u32),
            available: all * target.units.compares,
        },
    ];
    type Is = fn(LateUnit) -> bool;
    let late: [(&str, Is); 5] = [
        ("table", |u| matches!(u, LateUnit::Table(_))),
        ("lookup port", |u| matches!(u, LateUnit::Port(_))),
        ("multiplier", |u| matches!(u, LateUnit::Multiplier)),
        ("deep load", |u| matches!(u, LateUnit::Deep)),
        ("key", |u| matches!(u, LateUnit::Keys(_))),
    ];
    for (kind, is) in late {
        let here = |stage: u32| is(target.late_unit(stage));
        let used = count(&|stage, w| (w.late.is_some() && here(stage)).into());
        let available = pipeline.passes() * (0..target.stages).filter(|s| here(*s)).count() as u32;
        if available > 0 {
            units.push(Units { kind, used, available });
        }
    }
    units
}

fn gap_of(dag: &Dag, placement: &Placement, maps: &[MapDef], target: &Target) -> Option<Gap> {
    let (clocks, between) = gap::widest(dag, placement, target);
    let (a, b) = between?;
    let access = |node: usize| match dag.nodes[node].kind {
        Kind::Late { op, .. } => {
            (op.name().to_owned(), dag.nodes[node].insns.first().copied(), placement.places[node].stage)
        }
        _ => (String::new(), None, placement.places[node].stage),
    };
    let mut between = [access(a), access(b)];
    between.sort_by_key(|(_, _, stage)| *stage);
    let map = match dag.nodes[a].kind {
        Kind::Late { map: Some(map), .. } => maps.get(map).map(|def| def.name.clone()),
        _ => None,
    };
    let [(first, _, from), (last, _, to)] = &between;
    let turns = to / target.stages - from / target.stages;
    let mut help = match turns {
        0 if from == to => format!("the `{first}` itself takes that long"),
        0 => format!("less work between `{first}` and `{last}`"),
        // What no lookup port takes is at the stage of the table unit.
        1 => format!(
            "a turn of the ring, {} clocks, lies between `{first}` and `{last}`: a target of fewer stages has a shorter one",
            target.ring_clocks()
        ),
        _ => format!(
            "{turns} turns of the ring lie between `{first}` and `{last}`: less work between them saves turns"
        ),
    };
    if first == "read" {
        help += "; an addition whose result nothing reads needs no gap";
    }
    Some(Gap { clocks, map: map.unwrap_or_default(), between, help })
}

fn lines(pipeline: &Pipeline, program: &Program, target: &Target) -> Vec<Line> {
    let mut found: BTreeMap<(&str, u32), Line> = BTreeMap::new();
    for origin in &pipeline.origins {
        let stage = origin.slot.pass * target.stages + origin.slot.stage;
        let infos = origin.insns.iter().filter_map(|insn| program.line(*insn as usize));
        let mut seen = BTreeSet::new();
        for info in infos.filter(|info| seen.insert((&*info.file, info.line))) {
            let line = found.entry((&info.file, info.line)).or_insert_with(|| Line {
                file: info.file.to_string(),
                line: info.line,
                text: info.text.to_string(),
                units: 0,
                stages: BTreeSet::new(),
            });
            line.units += 1;
            line.stages.insert(stage);
        }
    }
    found.into_values().collect()
}
