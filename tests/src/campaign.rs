// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random programs, compiled and run on engines, one seed after another; one that fails is made smaller first.

use crate::coverage::Coverage;
use crate::instructions::{self, Isa};
use crate::steps::{self, Steps};
use weir_bpf::{Object, disasm};
use weir_engines::{EngineKind, Maps, Packet, Subject, run_all};
use weir_pipeline::Target;
use weir_random::Random;

/// Most attempts to make a failing program smaller.
const ATTEMPTS: usize = 4000;

/// A run over many seeds.
pub struct Campaign {
    target: Target,
    kinds: Vec<EngineKind>,
    packets: usize,
    /// What has been covered so far.
    pub coverage: Coverage,
}

/// What a seed stands for.
#[derive(Clone)]
struct Case {
    source: Source,
    maps: Maps,
    packets: Vec<Packet>,
}

#[derive(Clone)]
enum Source {
    /// With maps and helpers.
    Steps(Steps),
    /// Arithmetic, jumps and stack.
    Instructions(Object),
}

impl Case {
    fn new(seed: u64, packets: usize) -> Case {
        let mut random = Random::new(seed);
        if random.one_in(4) {
            let (isa, length) = (random.pick(&[Isa::Pipeline, Isa::V4]), 4 + random.below(24));
            let program = instructions::program(&mut random, isa, length, 8);
            let object =
                Object { programs: vec![program], license: "Dual MIT/GPL".into(), ..Object::default() };
            let packets = (0..packets).map(|_| instructions::packet(&mut random).into()).collect();
            return Case { source: Source::Instructions(object), maps: Maps::new(), packets };
        }
        let length = 1 + random.below(9);
        let source = Source::Steps(Steps::random(&mut random, length));
        let maps = steps::contents(&mut random);
        let packets = (0..packets).map(|_| steps::packet(&mut random)).collect();
        Case { source, maps, packets }
    }

    fn object(&self) -> Result<Object, String> {
        match &self.source {
            Source::Steps(steps) => steps.object(),
            Source::Instructions(object) => Ok(object.clone()),
        }
    }

    /// Cases that are smaller: with a part of the program or of the packets left out.
    fn smaller(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        let count = self.packets.len();
        let mut size = count / 2;
        while size > 0 {
            for start in (0..count).step_by(size) {
                let mut packets = self.packets.clone();
                packets.drain(start..(start + size).min(count));
                cases.push(Case { packets, ..self.clone() });
            }
            size /= 2;
        }
        if let Source::Steps(steps) = &self.source {
            let with = |steps| Case { source: Source::Steps(steps), ..self.clone() };
            cases.extend(steps.smaller().into_iter().map(with));
        }
        cases
    }
}

/// What is wrong with a case.
enum Wrong {
    /// The compiler refuses it, with this code.
    Refused(String),
    /// Engines differ, or one of them fails.
    Failed(String),
}

impl Campaign {
    /// A campaign on engines, with so many packets for each program.
    pub fn new(target: Target, kinds: &[EngineKind], packets: usize) -> Campaign {
        Campaign { target, kinds: kinds.to_vec(), packets, coverage: Coverage::new() }
    }

    /// Runs the program of one seed. An error says all about it, made as small as it gets.
    pub fn run(&mut self, seed: u64) -> Result<(), String> {
        let case = Case::new(seed, self.packets);
        self.coverage.programs += 1;
        let mut coverage = self.coverage.clone();
        match self.judge(&case, &mut coverage) {
            Ok(()) => {
                coverage.accepted += 1;
                coverage.pairs += case.packets.len() as u64;
                self.coverage = coverage;
                Ok(())
            }
            Err(Wrong::Refused(code)) => {
                *self.coverage.refused.entry(code).or_default() += 1;
                Ok(())
            }
            Err(Wrong::Failed(what)) => Err(self.report(seed, case, what)),
        }
    }

    fn judge(&self, case: &Case, coverage: &mut Coverage) -> Result<(), Wrong> {
        let object = case.object().map_err(Wrong::Failed)?;
        let program = object.programs.first().ok_or_else(|| Wrong::Failed("no program".into()))?;
        let compiled = match weir_compiler::compile(&object, program, &self.target) {
            Ok(compiled) => compiled,
            Err(diagnostics) => {
                let first = diagnostics.first();
                if std::env::var_os("WEIR_WHY").is_some() {
                    println!("{:?}", first.map(|d| (d.code, &d.message, &d.notes)));
                }
                return Err(Wrong::Refused(first.map_or("nothing", |d| d.code).to_owned()));
            }
        };
        coverage.program(&object, program, &compiled);
        let subject =
            Subject { object: &object, program, target: &self.target, pipeline: Some(&compiled.pipeline) };
        let report = run_all(&subject, &self.kinds, &case.maps, &case.packets)
            .map_err(|e| Wrong::Failed(e.to_string()))?;
        if let [first, ..] = report.mismatches.as_slice() {
            return Err(Wrong::Failed(format!("{} against {}: {first}", first.engine, first.reference)));
        }
        let reference = report.runs.first().ok_or_else(|| Wrong::Failed("no engine ran".into()))?;
        for outcome in reference.packets.iter().filter_map(|p| p.outcome()) {
            coverage.verdict(outcome.verdict);
        }
        Ok(())
    }

    fn report(&self, seed: u64, mut case: Case, mut what: String) -> String {
        let mut attempts = 0;
        'smaller: loop {
            for smaller in case.smaller() {
                attempts += 1;
                if attempts > ATTEMPTS {
                    break 'smaller;
                }
                if let Err(Wrong::Failed(still)) = self.judge(&smaller, &mut Coverage::default()) {
                    (case, what) = (smaller, still);
                    continue 'smaller;
                }
            }
            break;
        }
        let text = match (&case.source, case.object()) {
            (Source::Steps(steps), _) => steps.text(),
            (_, Ok(object)) => disasm::listing(&object, &object.programs[0]),
            (_, Err(error)) => error,
        };
        let packets: Vec<String> = case
            .packets
            .iter()
            .map(|p| format!("{} {:?}", weir_engines::maps::hex(&p.data), p.meta))
            .collect();
        format!("seed {seed}: {what}\n{text}maps {:?}\npackets\n{}", case.maps, packets.join("\n"))
    }
}
