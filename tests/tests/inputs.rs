// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Programs that nobody here wrote ([`weir_tests::inputs`]): every one is compiled in nine ways and either refused by
//! code or run on all engines, which must agree. What becomes of each is kept in `tests/inputs/fates.txt`;
//! `WEIR_BLESS=1` writes it anew.

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use weir_bpf::{MapType, Object, Program};
use weir_engines::{EngineKind, Entry, Maps, Packet, Subject, run_all};
use weir_pipeline::Target;
use weir_random::Random;
use weir_tests::corpus::CorpusError;
use weir_tests::inputs::{self, Build, KernelSource, xdp_programs};
use weir_tests::packets::{Frame, Network, Transport, mixture, truncations};
use weir_tests::table::{self, Fate, Fates, Kept};
use weir_tests::{skip, xdp_filter};

/// Programs that must be accepted, and the verdicts that their packets must meet.
const NAMED: [(&str, &[u32]); 3] = [
    ("samples/bpf/xdp1_kern.c", &[1]),
    ("samples/bpf/xdp2_kern.c", &[1, 3]),
    ("samples/bpf/xdp_rxq_info_kern.c", &[0, 2]),
];

/// Programs that must be refused: what they do to the packet's tail is not possible here.
const REFUSED: [&str; 1] = ["samples/bpf/xdp_adjust_tail_kern.c"];

/// The way to build in which every accepted program runs on the RTL; those of [`NAMED`] do in all.
const ON_RTL: &str = "v3-O2";

/// The engines that need no pipeline.
const ORACLES: [EngineKind; 2] = [EngineKind::Interp, EngineKind::Kernel];

const ABOUT: &str =
    "What the compiler makes of programs that others wrote, for target `sim`. WEIR_BLESS=1 writes it anew.";

fn record(fates: &mut Fates, program: &str, build: &str, fate: Fate) {
    fates.entry(program.to_owned()).or_default().insert(build.to_owned(), fate);
}

/// What became of the programs of all trials so far.
#[derive(Clone, Default)]
struct Found(Arc<Mutex<Fates>>);

impl Found {
    /// Takes what became of the programs of one file, and compares it with what is kept of that file.
    fn take(&self, file: &str, fates: Fates) -> Result<(), Failed> {
        let lines = table::lines(&fates);
        self.0.lock().map_err(|_| "another trial has panicked")?.extend(fates);
        if blessing() {
            return Ok(());
        }
        let differences = kept().differences(&lines, file);
        if differences.is_empty() {
            return Ok(());
        }
        let advice =
            "an acceptance that is lost is a fault; for a new one, WEIR_BLESS=1 writes the table anew";
        Err(format!("{}\n{advice}", differences.join("\n")).into())
    }
}

fn kept() -> Kept {
    Kept::named("fates")
}

fn blessing() -> bool {
    std::env::var_os("WEIR_BLESS").is_some()
}

/// Whether to print why programs are refused.
fn wants_reasons() -> bool {
    std::env::var_os("WEIR_WHY").is_some()
}

/// A program, one way of building it, and what it is run on.
struct Run<'a> {
    name: String,
    object: &'a Object,
    program: &'a Program,
    maps: Maps,
    packets: Vec<Packet>,
    engines: &'a [EngineKind],
    /// Whether the interpreter and the kernel must agree on it even where the compiler refuses it.
    always: bool,
}

impl Run<'_> {
    /// What the compiler makes of it; if it is accepted, all engines must agree. Returns the verdicts met as well.
    fn judge(&self) -> Result<(Fate, BTreeSet<u32>), String> {
        let target = Target::named("sim").map_err(|e| e.to_string())?;
        let compiled = weir_compiler::compile(self.object, self.program, &target);
        let (fate, engines) = match &compiled {
            Ok(_) => (Fate::Accepted, self.engines),
            Err(diagnostics) => {
                let first = diagnostics.first().ok_or("refused without a diagnostic")?;
                if wants_reasons() {
                    let source = first.source.as_ref().map_or("", |line| line.text.trim());
                    println!(
                        "{}: {} at {:?}: {}: {source}",
                        self.name, first.code, first.insn, first.message
                    );
                }
                let fate = Fate::Refused(first.code.to_owned());
                if !self.always {
                    return Ok((fate, BTreeSet::new()));
                }
                (fate, &ORACLES[..])
            }
        };
        let Run { object, program, .. } = *self;
        let mut engines = engines.to_vec();
        if object
            .maps
            .iter()
            .any(|m| matches!(m.kind(), None | Some(MapType::ArrayOfMaps | MapType::HashOfMaps)))
        {
            skip(
                &format!("{} on kernel", self.name),
                "maps in maps and maps of unknown types are not set up there",
            );
            engines.retain(|engine| *engine != EngineKind::Kernel);
        }
        let pipeline = compiled.as_ref().ok().map(|compiled| &compiled.pipeline);
        let subject = Subject { object, program, target: &target, pipeline };
        let report = run_all(&subject, &engines, &self.maps, &self.packets)
            .map_err(|e| format!("{}: {e}", self.name))?;
        for (engine, reason) in &report.skipped {
            skip(&format!("{} on {engine}", self.name), reason);
        }
        if let [first, ..] = report.mismatches.as_slice() {
            let packet = first
                .packet
                .map_or(String::new(), |p| format!("; the packet: {:02x?}", self.packets[p].data));
            let (count, engine) = (report.mismatches.len(), first.engine);
            return Err(format!(
                "{}: {count} mismatches, the first, of {engine}: {first}{packet}",
                self.name
            ));
        }
        let reference = report.runs.first().ok_or("no engine ran")?;
        let verdicts = reference.packets.iter().filter_map(|p| p.outcome()).map(|o| o.verdict).collect();
        Ok((fate, verdicts))
    }
}

/// Contents for the maps of a program of which nothing more is known: a few entries with small numbers in arrays.
fn some_maps(object: &Object) -> Maps {
    let mut random = Random::new(object.maps.len() as u64);
    let arrays = object.maps.iter().filter(|map| weir_engines::maps::is_array(map) && map.initial.is_none());
    let entries = |map: &weir_bpf::MapDef, random: &mut Random| {
        let entry = |key: u32, random: &mut Random| {
            let value = (0..map.value_size).map(|i| if i % 4 == 0 { random.below(4) as u8 } else { 0 });
            Entry { key: key.to_le_bytes().to_vec(), value: value.collect() }
        };
        (0..map.max_entries.min(4)).map(|key| entry(key, random)).collect()
    };
    arrays.map(|map| (map.name.clone(), entries(map, &mut random))).collect()
}

fn maps(file: &str, object: &Object) -> Maps {
    let mut maps = some_maps(object);
    if file == "samples/bpf/xdp_rxq_info_kern.c" {
        // struct config {action, ifindex, options}: pass what comes from interface 1, with swapped addresses.
        let value = [2u32, 1, 3].iter().flat_map(|word| word.to_le_bytes()).collect();
        maps.insert("config_map".into(), vec![Entry { key: vec![0; 4], value }]);
    }
    maps
}

fn packets() -> Vec<Packet> {
    let mut packets = mixture(21, 120, &[80, 443, 4789]);
    let transport = Transport::Tcp(80);
    let network = Network::V4 { options: 4, fragment: 0 };
    packets.extend(truncations(&Frame { vlan: Some(5), network, transport, flow: 3, payload: 2 }.bytes()));
    packets.extend(truncations(&Frame { network: Network::V6, transport, ..Frame::default() }.bytes()));
    packets.into_iter().map(Packet::from).collect()
}

/// A file of the kernel's source in all ways.
fn kernel_file(source: &KernelSource, file: &str, found: &Found) -> Result<(), Failed> {
    let named = NAMED.iter().find(|(name, _)| *name == file);
    let mut problems = Vec::new();
    let mut fates = Fates::new();
    for build in Build::all() {
        let object = match source.object(file, build) {
            Ok(object) => object,
            Err(CorpusError::Missing(what)) => {
                skip(file, what);
                return Ok(());
            }
            Err(CorpusError::Clang { message, .. }) => {
                if wants_reasons() {
                    println!("{file}: {}", message.lines().find(|l| l.contains("error")).unwrap_or_default());
                }
                record(&mut fates, file, &build.to_string(), Fate::NotBuilt);
                continue;
            }
            Err(CorpusError::Load { .. }) => {
                record(&mut fates, file, &build.to_string(), Fate::NotLoaded);
                continue;
            }
        };
        let without_rtl = [EngineKind::Interp, EngineKind::Kernel, EngineKind::Model];
        let on_rtl = named.is_some() || build.to_string() == ON_RTL;
        let engines = if on_rtl { &EngineKind::ALL[..] } else { &without_rtl[..] };
        for program in xdp_programs(&object) {
            let name = format!("{file} {}", program.name);
            let (maps, packets) = (maps(file, &object), packets());
            let (label, always) = (format!("{name} {build}"), false);
            let run = Run { name: label, object: &object, program, maps, packets, engines, always };
            let (fate, verdicts) = match run.judge() {
                Ok(judged) => judged,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            if let (Fate::Accepted, Some((_, wanted))) = (&fate, named)
                && let Some(verdict) = wanted.iter().find(|v| !verdicts.contains(v))
            {
                problems.push(format!("{name} {build}: no packet met verdict {verdict}"));
            }
            if named.is_some() && fate != Fate::Accepted {
                problems.push(format!("{name} {build}: must be accepted, but is {fate}"));
            }
            if REFUSED.contains(&file) && fate == Fate::Accepted {
                problems.push(format!("{name} {build}: accepted, though it moves the packet's tail"));
            }
            record(&mut fates, &name, &build.to_string(), fate);
        }
        for refused in object.refused.iter().filter(|p| p.section.starts_with("xdp")) {
            if wants_reasons() {
                println!("{file} {} {build}: {}", refused.name, refused.error);
            }
            record(&mut fates, &format!("{file} {}", refused.name), &build.to_string(), Fate::NotLoaded);
        }
    }
    let taken = found.take(file, fates);
    if problems.is_empty() { taken } else { Err(problems.join("\n").into()) }
}

/// An object of xdp-filter as Debian has compiled it.
fn filter_object(name: &str, path: &Path, found: &Found) -> Result<(), Failed> {
    let bytes = std::fs::read(path)?;
    let object = Object::parse(&bytes)?;
    let program = object.select(None, None)?;
    let (maps, packets) = (xdp_filter::maps(&object), xdp_filter::packets());
    let engines = &EngineKind::ALL;
    let run = Run { name: name.to_owned(), object: &object, program, maps, packets, engines, always: true };
    let (fate, verdicts) = run.judge()?;
    let mut fates = Fates::new();
    record(&mut fates, &format!("libxdp1/{name} {}", program.name), "as packaged", fate);
    found.take(&format!("libxdp1/{name}"), fates)?;
    // Lookups hit and miss: both ways must have been taken.
    if !(verdicts.contains(&1) && verdicts.contains(&2)) {
        return Err(format!("the packets meet {verdicts:?} only, not both DROP and PASS").into());
    }
    Ok(())
}

fn trials(found: &Found) -> Vec<Trial> {
    let mut trials = Vec::new();
    let cannot = |name: &'static str, what: String| {
        Trial::test(name, move || {
            skip(name, what);
            Ok(())
        })
    };
    match inputs::xdp_filter() {
        Ok(objects) => trials.extend(objects.into_iter().map(|(name, path)| {
            let found = found.clone();
            Trial::test(name.clone(), move || filter_object(&name, &path, &found))
        })),
        Err(error) => trials.push(cannot("xdp_filter", error.to_string())),
    }
    let source = KernelSource::unpack(Path::new(env!("CARGO_TARGET_TMPDIR")));
    match source.and_then(|source| Ok((source.files()?, Arc::new(source)))) {
        Ok((files, source)) => {
            trials.extend(files.iter().cloned().map(|file| {
                let (source, found) = (source.clone(), found.clone());
                Trial::test(file.clone(), move || kernel_file(&source, &file, &found))
            }));
            trials.push(Trial::test("the_table_is_of_what_is_there", move || all_are_there(&files)));
        }
        Err(error) => trials.push(cannot("kernel_source", error.to_string())),
    }
    trials
}

/// Programs of which something is kept must still be there; only those of packages that are here count.
fn all_are_there(files: &[String]) -> Result<(), Failed> {
    let kept = kept().lines();
    let gone = |program: &&String| {
        let file = program.split(' ').next().unwrap_or_default();
        !file.starts_with("libxdp1/") && !files.iter().any(|f| f == file)
    };
    match kept.keys().find(gone) {
        Some(program) => {
            Err(format!("{program}: kept, but not there; WEIR_BLESS=1 writes the table anew").into())
        }
        None => Ok(()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let found = Found::default();
    let conclusion = libtest_mimic::run(&arguments, trials(&found));
    let Ok(fates) = found.0.lock() else { return ExitCode::FAILURE };
    println!("{} programs that others wrote:", fates.len());
    for (fate, count) in table::counts(&fates) {
        println!("{count:6} {fate}");
    }
    if blessing()
        && let Err(error) = kept().write(ABOUT, &table::lines(&fates))
    {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}
