// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir prog run`: packets through a program on several engines, compared.

use super::compile;
use crate::args::{EngineArg, RunArgs};
use crate::describe::describe;
use crate::failure::Failure;
use crate::file::OutputFile;
use crate::input::{maps, packets};
use crate::report::{PacketReport, RunReport, SCHEMA};
use std::collections::BTreeMap;
use std::path::Path;
use weir_engines::maps::hex;
use weir_engines::packet::number;
use weir_engines::session::{EngineRun, run_all_recording};
use weir_engines::{EngineKind, Maps, Packet, PacketResult, Subject, print_map_file, verdict_name};
use weir_pipeline::Target;

/// Which engine's packets and maps a report shows: the hardware's, else what is nearest to it.
const SHOWN: [EngineKind; 5] =
    [EngineKind::Rtl, EngineKind::Model, EngineKind::Kernel, EngineKind::Interp, EngineKind::Rbpf];

/// Where random numbers start, so that every run is the same.
pub const SEED: u64 = 0;

/// Runs the program on the packets.
pub fn run(args: &RunArgs) -> Result<RunReport, Failure> {
    let loaded = super::load(&args.selection)?;
    let program = super::select(&loaded.object, &args.selection)?;
    let (inputs, notes) = read_packets(args.packets.as_deref(), &args.data_in, &loaded.target)?;
    let before = match &args.maps {
        Some(path) => maps::read(path, &loaded.object.maps)?,
        None => Maps::new(),
    };
    let kinds = kinds(&args.engine);
    let wave = args.wave.as_deref().map(OutputFile::create).transpose()?;
    let maps_out = args.maps_out.as_deref().map(OutputFile::create).transpose()?;
    let compiled = kinds.iter().any(|kind| matches!(kind, EngineKind::Model | EngineKind::Rtl));
    let pipeline = compiled.then(|| compile::compile(&loaded, program)).transpose()?;
    let subject =
        Subject { object: &loaded.object, program, target: &loaded.target, pipeline: pipeline.as_ref() };
    let recording = wave.as_ref().map(OutputFile::temporary_path);
    let session = run_all_recording(&subject, &kinds, &before, &inputs, recording)
        .map_err(|e| Failure::new(e.to_string()))?;
    refuse_missing(&args.engine, &session.skipped)?;
    if wave.is_some() && session.run(EngineKind::Rtl).is_none() {
        let why = session.skipped.get(&EngineKind::Rtl).map_or("--engine leaves it out", String::as_str);
        return Err(Failure::new(format!("--wave: engine `rtl` does not run: {why}")));
    }
    let shown = SHOWN.iter().find_map(|kind| session.run(*kind));
    let shown = shown.ok_or_else(|| Failure::new("no engine could run"))?;
    if let Some(mut file) = maps_out {
        let text = print_map_file(&shown.maps).map_err(|e| Failure::new(e.to_string()))?;
        file.write(text.as_bytes())?;
        file.finish()?;
    }
    if let Some(file) = wave {
        file.finish()?;
    }
    Ok(RunReport {
        schema: SCHEMA,
        program: super::describe_program(program),
        target: loaded.target.name.clone(),
        engines: session.runs.iter().map(|run| run.kind.name().to_owned()).collect(),
        skipped: session.skipped.iter().map(|(kind, why)| (kind.name().to_owned(), why.clone())).collect(),
        agree: session.agree(),
        packets: (0..inputs.len()).map(|index| packet(index, &inputs[index], &session.runs, shown)).collect(),
        maps: shown.maps.clone(),
        rtl: session.run(EngineKind::Rtl).and_then(|run| run.rtl.clone()),
        mismatches: session.mismatches,
        notes,
    })
}

/// Packets of a capture, then those of the command line, as engines want them; and remarks about them. The clock of a
/// program stands at the time of capture.
pub fn read_packets(
    capture: Option<&Path>,
    arguments: &[String],
    target: &Target,
) -> Result<(Vec<Packet>, Vec<String>), Failure> {
    let mut inputs = capture.map(packets::read_capture).transpose()?.unwrap_or_default();
    for argument in arguments {
        inputs.push(packets::from_argument(argument)?);
    }
    for input in &inputs {
        packets::check_length(input, target)?;
    }
    let snapped = inputs.iter().filter(|input| input.snapped).count();
    let notes = if snapped > 0 {
        vec![format!(
            "{snapped} packets are shorter in the capture than they were on the wire; they run as captured"
        )]
    } else {
        Vec::new()
    };
    let packet = |input: packets::Packet| {
        let mut packet = Packet::from(input.data);
        packet.meta.timestamp = input.timestamp;
        packet
    };
    let mut packets: Vec<Packet> = inputs.into_iter().map(packet).collect();
    number(&mut packets, SEED);
    Ok((packets, notes))
}

fn kinds(wanted: &[EngineArg]) -> Vec<EngineKind> {
    let named =
        |kind: EngineKind| wanted.iter().any(|arg| *arg == EngineArg::All || arg.kind() == Some(kind));
    EngineKind::ALL.into_iter().filter(|kind| named(*kind)).collect()
}

/// An engine that was asked for by name and cannot run is a failure, not a remark.
fn refuse_missing(wanted: &[EngineArg], skipped: &BTreeMap<EngineKind, String>) -> Result<(), Failure> {
    match wanted.iter().filter_map(|arg| arg.kind()).find_map(|kind| Some((kind, skipped.get(&kind)?))) {
        Some((kind, why)) => Err(Failure::new(format!("engine `{kind}` cannot run: {why}"))
            .help("--engine all runs those that can")),
        None => Ok(()),
    }
}

fn packet(index: usize, input: &Packet, runs: &[EngineRun], shown: &EngineRun) -> PacketReport {
    let of = |run: &EngineRun| run.packets.get(index).cloned();
    // Where the engine shown has skipped this packet, another has not.
    let result = std::iter::once(shown)
        .chain(runs)
        .filter_map(of)
        .find(|result| !matches!(result, PacketResult::Skipped(_)));
    let outcome = result.as_ref().and_then(PacketResult::outcome);
    let bytes = outcome.and_then(|o| o.data.as_deref()).unwrap_or_default();
    PacketReport {
        index,
        verdict: result.as_ref().and_then(name).unwrap_or_else(|| "not run".into()),
        code: outcome.map(|o| o.verdict),
        redirect: runs.iter().filter_map(of).find_map(|r| r.outcome()?.redirect),
        length: bytes.len(),
        data: hex(bytes),
        verdicts: runs
            .iter()
            .map(|run| (run.kind.name().to_owned(), of(run).as_ref().and_then(name)))
            .collect(),
        description: describe(&input.data),
        input_length: input.data.len(),
    }
}

fn name(result: &PacketResult) -> Option<String> {
    match result {
        PacketResult::Ran(outcome) => Some(verdict_name(outcome.verdict)),
        PacketResult::NotAdmitted => Some("not admitted".into()),
        PacketResult::Skipped(_) => None,
    }
}

impl EngineArg {
    fn kind(self) -> Option<EngineKind> {
        match self {
            EngineArg::Interp => Some(EngineKind::Interp),
            EngineArg::Rbpf => Some(EngineKind::Rbpf),
            EngineArg::Model => Some(EngineKind::Model),
            EngineArg::Rtl => Some(EngineKind::Rtl),
            EngineArg::Kernel => Some(EngineKind::Kernel),
            EngineArg::All => None,
        }
    }
}
