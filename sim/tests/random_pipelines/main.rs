// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random pipelines on the RTL and on the model, which must agree on verdicts, bytes and tables.
//!
//! Two programs share the card, their frames arrive mixed and under random gaps and backpressure. `WEIR_SEED` repeats a
//! run, `WEIR_PIPELINES` sets how many pairs are tried. A pair that fails is reduced before it is shown.

mod generator;

use generator::Generator;
use weir_pipeline::keys::Key;
use weir_pipeline::model::{Meta, Model};
use weir_pipeline::text::print;
use weir_pipeline::words::StageWord;
use weir_pipeline::{Pipeline, Target};
use weir_random::Random;
use weir_sim::{Disturbance, PipelineSim, RunOptions, RxFrame, SimError};

/// Pairs of pipelines, unless `WEIR_PIPELINES` says otherwise.
const PAIRS: u64 = 100;

/// Verdicts that send a frame out.
const SENT: std::ops::RangeInclusive<u32> = 2..=4;

/// What runs: one program a slot, start values of their maps, frames.
#[derive(Clone)]
struct Case {
    pipelines: Vec<Pipeline>,
    /// Slot, map, place, value.
    values: Vec<(u8, usize, u32, Vec<u8>)>,
    /// Slot, map, key that it has from the start.
    keys: Vec<(u8, usize, Key)>,
    frames: Vec<RxFrame>,
    options: RunOptions,
}

impl Case {
    fn random(target: &Target, random: &mut Random) -> Case {
        let mut generator = Generator::new(target, random);
        let pipelines: Vec<Pipeline> =
            (0..target.program_slots.min(2)).map(|_| generator.pipeline()).collect();
        let (mut values, mut keys) = (Vec::new(), Vec::new());
        for (slot, pipeline) in (0..).zip(&pipelines) {
            for (map, table) in pipeline.tables.iter().enumerate() {
                for _ in 0..if table.keys.is_some() { generator.random.below(8) } else { 0 } {
                    let key = [generator.random.below(8), 0u64.wrapping_sub(generator.random.below(3))];
                    keys.push((slot, map, key));
                }
                for index in 0..table.places {
                    let value = (0..table.value_size).map(|_| generator.random.u64() as u8).collect();
                    values.push((slot, map, index, value));
                }
            }
        }
        let frames = (0..1 + generator.random.below(48))
            .map(|_| RxFrame {
                data: generator.packet(),
                slot: generator.random.below(pipelines.len() as u64) as u8,
                meta: Meta {
                    ingress_ifindex: generator.random.u64() as u32,
                    rx_queue_index: generator.random.below(1 << 16) as u32,
                    timestamp: generator.random.u64(),
                    random: generator.random.u64(),
                },
            })
            .collect();
        let disturbance = random.chance(1, 2).then(|| Disturbance {
            seed: random.u64(),
            rx_gaps: random.u64() as u8,
            tx_stalls: random.below(240) as u8,
        });
        let options = RunOptions { one_at_a_time: random.chance(1, 8), disturbance, ..Default::default() };
        Case { pipelines, values, keys, frames, options }
    }

    /// Runs on both; says where they differ.
    fn difference(&self, sim: &mut PipelineSim) -> Result<Option<String>, SimError> {
        let target = sim.target().clone();
        let mut models = Vec::new();
        for (slot, pipeline) in (0..).zip(&self.pipelines) {
            sim.load(slot, pipeline)?;
            models.push(Model::new(&target, pipeline)?);
        }
        for (slot, map, index, value) in &self.values {
            sim.write_value(*slot, *map, *index, value)?;
            models[usize::from(*slot)].set_value(*map, *index, value);
        }
        for (slot, map, key) in &self.keys {
            let (model, rtl) =
                (models[usize::from(*slot)].insert(*map, *key), sim.insert(*slot, *map, *key)?);
            if model != rtl {
                return Ok(Some(format!("slot {slot} map {map} key {key:x?}: model {model:?}, RTL {rtl:?}")));
            }
        }
        let report = sim.run(&self.frames, self.options)?;
        for (number, (frame, rtl)) in self.frames.iter().zip(&report.frames).enumerate() {
            let model = models[usize::from(frame.slot)].run(&frame.data, frame.meta);
            let what = if rtl.dropped_at_ingress {
                "was dropped at ingress".to_owned()
            } else if (model.verdict, model.aborted) != (rtl.verdict, rtl.aborted) {
                let [model, rtl] = [(model.verdict, model.aborted), (rtl.verdict, rtl.aborted)];
                format!("(verdict, aborted): model {model:?}, RTL {rtl:?}")
            } else if model.redirect != rtl.redirect {
                format!("redirect: model {}, RTL {}", model.redirect, rtl.redirect)
            } else if let Some(data) = &rtl.data
                && *data != model.data
            {
                let at = data.iter().zip(&model.data).position(|(a, b)| a != b);
                let show = |d: &[u8]| d.iter().map(|b| format!("{b:02x}")).collect::<String>();
                format!("differs from byte {at:?}:\n model {}\n RTL   {}", show(&model.data), show(data))
            } else if rtl.data.is_some() != SENT.contains(&model.verdict) {
                "was not sent as its verdict says".to_owned()
            } else {
                continue;
            };
            return Ok(Some(format!(
                "frame {number} (slot {}, {} bytes) {what}",
                frame.slot,
                frame.data.len()
            )));
        }
        for (slot, pipeline) in (0..).zip(&self.pipelines) {
            for map in (0..pipeline.tables.len()).filter(|map| pipeline.tables[*map].keys.is_some()) {
                let (model, rtl) = (models[usize::from(slot)].keys(map), sim.keys(slot, map)?);
                if model != rtl {
                    let what = format!("slot {slot} keys of map {map}: model {model:x?}, RTL {rtl:x?}");
                    return Ok(Some(what));
                }
            }
        }
        for (slot, map, index, _) in &self.values {
            let model = models[usize::from(*slot)].value(*map, *index);
            let rtl = sim.read_value(*slot, *map, *index)?;
            if model != rtl {
                return Ok(Some(format!(
                    "slot {slot} map {map} entry {index}: model {model:02x?}, RTL {rtl:02x?}"
                )));
            }
        }
        Ok(None)
    }

    /// A fresh card of the target.
    fn card(&self) -> Result<PipelineSim, SimError> {
        PipelineSim::new(&self.pipelines[0].target, None)
    }

    /// On a fresh card.
    fn fails(&self) -> bool {
        let Ok(mut sim) = self.card() else { return false };
        !matches!(self.difference(&mut sim), Ok(None))
    }

    /// Takes away what is not needed to fail.
    fn reduce(mut self) -> Case {
        let attempt = |case: &mut Case, change: &dyn Fn(&mut Case)| {
            let mut smaller = case.clone();
            change(&mut smaller);
            if smaller.fails() {
                *case = smaller;
            }
        };
        attempt(&mut self, &|case| case.options.disturbance = None);
        for number in (0..self.frames.len()).rev() {
            attempt(&mut self, &|case| {
                case.frames.remove(number);
            });
        }
        for slot in 0..self.pipelines.len() {
            for pass in 0..self.pipelines[slot].words.len() {
                for stage in 0..self.pipelines[slot].words[pass].len() {
                    let units: [&dyn Fn(&mut StageWord); 7] = [
                        &|w| *w = StageWord::default(),
                        &|w| w.cmp[0] = None,
                        &|w| w.cmp[1] = None,
                        &|w| w.alu[0] = None,
                        &|w| w.alu[1] = None,
                        &|w| w.lsu = None,
                        &|w| w.late = None,
                    ];
                    for unit in units {
                        if self.pipelines[slot].words[pass][stage].is_empty() {
                            break;
                        }
                        attempt(&mut self, &|case| unit(&mut case.pipelines[slot].words[pass][stage]));
                    }
                }
            }
        }
        self
    }

    fn show(&self) -> String {
        let mut text = format!("{:?}\n", self.options);
        for pipeline in &self.pipelines {
            text.push_str(&print(pipeline));
        }
        for frame in &self.frames {
            let bytes: String = frame.data.iter().map(|b| format!("{b:02x}")).collect();
            text.push_str(&format!("slot {} {:?} {bytes}\n", frame.slot, frame.meta));
        }
        text
    }
}

#[test]
fn model_and_rtl_agree() {
    let seed = Random::seed();
    let pairs = std::env::var("WEIR_PIPELINES").ok().and_then(|n| n.parse().ok()).unwrap_or(PAIRS);
    println!("WEIR_SEED={seed}");
    for target in PipelineSim::targets() {
        // A clock of three times the stages takes several times as long to simulate.
        let stages = Target::named(target).expect("a built-in target").stages;
        let pairs = if stages > 16 { pairs.div_ceil(8) } else { pairs };
        // Each target has its own stream of random numbers, whichever others are built in.
        agree(target, seed, pairs);
        println!("{target}: {pairs} pairs");
    }
    for target in Target::names().filter(|name| !PipelineSim::targets().any(|built| built == *name)) {
        println!("WEIR-SKIP random pipelines on {target}: not built in (WEIR_TARGETS)");
    }
}

fn agree(target: &str, seed: u64, pairs: u64) {
    let mut random = Random::new(seed);
    let mut sim = PipelineSim::new(target, None).unwrap();
    let target = sim.target().clone();
    for pair in 0..pairs {
        let case = Case::random(&target, &mut random);
        let found = match case.difference(&mut sim) {
            Ok(None) => continue,
            Ok(Some(what)) => what,
            Err(error) => error.to_string(),
        };
        let reduced = case.reduce();
        let then = reduced.card().map(|mut sim| reduced.difference(&mut sim));
        let place = format!("target {}, pair {pair}, WEIR_SEED={seed}", target.name);
        panic!("{place}: {found}\nreduced: {then:?}\n{}", reduced.show());
    }
}
