// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir prog dump`: a program at one level, down to where every instruction landed.

use super::compile;
use crate::args::{DumpArgs, DumpStage};
use crate::failure::Failure;
use crate::report::{DumpReport, InsnReport, PlaceReport, SCHEMA};
use clap::ValueEnum;
use std::collections::BTreeMap;
use weir_bpf::{Object, Program, disasm};
use weir_compiler::Dump;
use weir_pipeline::{Pipeline, Slot, text};

/// Shows the program.
pub fn run(args: &DumpArgs) -> Result<DumpReport, Failure> {
    let loaded = super::load(&args.selection)?;
    let program = super::select(&loaded.object, &args.selection)?;
    let stage = args.stage.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned());
    let mut report = DumpReport {
        schema: SCHEMA,
        program: super::describe_program(program),
        target: loaded.target.name.clone(),
        stage,
        text: None,
        insns: Vec::new(),
        extra: Vec::new(),
        linum: args.linum,
    };
    match args.stage {
        DumpStage::Bpf => report.insns = insns(&loaded.object, program),
        DumpStage::Cfg => report.text = Some(compile::level(&loaded, program, Dump::Cfg)?),
        DumpStage::Ssa => report.text = Some(compile::level(&loaded, program, Dump::Ssa)?),
        DumpStage::Dag => report.text = Some(compile::level(&loaded, program, Dump::Dag)?),
        DumpStage::Schedule => report.text = Some(compile::level(&loaded, program, Dump::Schedule)?),
        DumpStage::Pipeline => {
            let pipeline = compile::compile(&loaded, program)?;
            report.insns = insns(&loaded.object, program);
            report.extra = place(&pipeline, &mut report.insns);
        }
        DumpStage::Words => {
            let pipeline = compile::compile(&loaded, program)?;
            report.text = Some(text::print(&pipeline));
        }
    }
    Ok(report)
}

fn insns(object: &Object, program: &Program) -> Vec<InsnReport> {
    disasm::program(object, program)
        .into_iter()
        .map(|line| InsnReport {
            insn: line.slot,
            source: super::source_of(program, line.slot),
            text: line.text,
            places: None,
        })
        .collect()
}

/// Says at every instruction where it landed; returns the units that carry out none.
fn place(pipeline: &Pipeline, insns: &mut [InsnReport]) -> Vec<PlaceReport> {
    let mut places: BTreeMap<usize, Vec<PlaceReport>> = BTreeMap::new();
    let mut extra = Vec::new();
    for (pass, stages) in (0..).zip(&pipeline.words) {
        for (stage, word) in (0..).zip(stages) {
            let slot = Slot { pass, stage };
            for (unit, name, line) in text::units(word) {
                let place = PlaceReport { pass, stage, unit: name.to_owned(), word: line };
                let behind = pipeline.insns(slot, unit);
                if behind.is_empty() {
                    extra.push(place.clone());
                }
                for insn in behind {
                    places.entry(*insn as usize).or_default().push(place.clone());
                }
            }
        }
    }
    for insn in insns.iter_mut() {
        insn.places = Some(places.remove(&insn.insn).unwrap_or_default());
    }
    extra
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_says_where_it_landed() {
        let text = "\
pipeline \"p\"
target sim
tag 0123456789abcdef
gap 1
passes 1
pass 0 stage 0
  alu0 r2 = mov zero, 1 if always @4,5
  cmp0 eq alu0, 1 (p0, p0) -> p1:f0, p2:0f
end
";
        let pipeline = text::parse(text, 16).unwrap();
        let insn = |insn| InsnReport { insn, text: String::new(), source: None, places: None };
        let mut insns = [insn(3), insn(4), insn(5)];
        let extra = place(&pipeline, &mut insns);
        assert_eq!(insns[0].places.as_ref().unwrap().len(), 0);
        for insn in &insns[1..] {
            let place = &insn.places.as_ref().unwrap()[0];
            assert_eq!((place.pass, place.stage, place.unit.as_str()), (0, 0, "alu0"));
        }
        assert_eq!(extra.len(), 1);
        assert_eq!(extra[0].unit, "cmp0");
    }
}
