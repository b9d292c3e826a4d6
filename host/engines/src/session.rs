// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One run of packets on several engines.

use crate::compare::{Mismatch, Shown, compare};
use crate::engine::{Engine, EngineError, EngineKind, MAX_BYTES, MAX_ENTRIES, RtlFigures, Subject};
use crate::interp::Interp;
use crate::kernel::Kernel;
use crate::maps::{Maps, is_array, normalise};
use crate::model::ModelEngine;
use crate::packet::{MIN_FRAME_BYTES, Packet, PacketResult};
use crate::rbpf::Rbpf;
use std::collections::BTreeMap;
use std::path::Path;
use weir_bpf::MapDef;

/// What one engine has shown.
#[derive(Clone, Debug)]
pub struct EngineRun {
    /// Which engine.
    pub kind: EngineKind,
    /// One result for every packet.
    pub packets: Vec<PacketResult>,
    /// Map contents after the last packet, normalised.
    pub maps: Maps,
    /// Measurements of the RTL.
    pub rtl: Option<RtlFigures>,
}

impl EngineRun {
    fn shown(&self) -> Shown<'_> {
        Shown { kind: self.kind, packets: &self.packets, maps: &self.maps }
    }
}

/// What all engines have shown.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The engines that ran, in the order of [`EngineKind`]; the others are compared with the first.
    pub runs: Vec<EngineRun>,
    /// The engines that could not take part, and why.
    pub skipped: BTreeMap<EngineKind, String>,
    /// All differences; none where the engines agree.
    pub mismatches: Vec<Mismatch>,
}

impl Report {
    /// Whether no engine differs from another.
    pub fn agree(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// What an engine has shown, if it ran.
    pub fn run(&self, kind: EngineKind) -> Option<&EngineRun> {
        self.runs.iter().find(|run| run.kind == kind)
    }
}

/// Loads a program into an engine.
pub fn open(subject: &Subject<'_>, kind: EngineKind) -> Result<Box<dyn Engine>, EngineError> {
    open_recording(subject, kind, None)
}

/// Loads a program into an engine; `waves` names a VCD file in which the RTL records everything.
pub fn open_recording(
    subject: &Subject<'_>,
    kind: EngineKind,
    waves: Option<&Path>,
) -> Result<Box<dyn Engine>, EngineError> {
    #[cfg(not(feature = "rtl"))]
    let _ = waves;
    Ok(match kind {
        EngineKind::Rbpf => Box::new(Rbpf::new(subject)?),
        EngineKind::Kernel => Box::new(Kernel::new(subject)?),
        EngineKind::Model => Box::new(ModelEngine::new(subject)?),
        EngineKind::Interp => Box::new(Interp::new(subject)?),
        #[cfg(feature = "rtl")]
        EngineKind::Rtl => Box::new(crate::rtl::Rtl::new(subject, waves)?),
        #[cfg(not(feature = "rtl"))]
        EngineKind::Rtl => return Err(EngineError::Skipped("this build is without the simulation".into())),
    })
}

/// Runs packets, in order and on the same map contents, on every engine of `kinds`, and compares.
///
/// Frames that the card does not admit are no engine's business but the RTL's, which must drop them.
pub fn run_all(
    subject: &Subject<'_>,
    kinds: &[EngineKind],
    maps: &Maps,
    packets: &[Packet],
) -> Result<Report, EngineError> {
    run_all_recording(subject, kinds, maps, packets, None)
}

/// The same with a VCD file in which the RTL records everything.
pub fn run_all_recording(
    subject: &Subject<'_>,
    kinds: &[EngineKind],
    maps: &Maps,
    packets: &[Packet],
    waves: Option<&Path>,
) -> Result<Report, EngineError> {
    check_sizes(&subject.object.maps)?;
    let mut report = Report::default();
    let mut kinds = kinds.to_vec();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        let run = open_recording(subject, kind, waves)
            .and_then(|mut engine| run_one(subject, &mut *engine, maps, packets));
        match run {
            Ok(run) => report.runs.push(run),
            Err(EngineError::Skipped(reason)) => drop(report.skipped.insert(kind, reason)),
            Err(error) => return Err(error),
        }
    }
    if let Some((first, others)) = report.runs.split_first() {
        report.mismatches = others.iter().flat_map(|other| compare(&first.shown(), &other.shown())).collect();
    }
    Ok(report)
}

/// An object can declare maps of any size; its maps are read out several times.
fn check_sizes(maps: &[MapDef]) -> Result<(), EngineError> {
    let arrays = || maps.iter().filter(|map| is_array(map));
    let entries: u64 = arrays().map(|map| u64::from(map.max_entries)).sum();
    let size =
        |map: &MapDef| u64::from(map.max_entries) * (u64::from(map.key_size) + u64::from(map.value_size));
    let bytes = arrays().map(size).fold(0u64, u64::saturating_add);
    if bytes > MAX_BYTES || entries > MAX_ENTRIES {
        return Err(EngineError::MapsTooLarge { bytes, entries });
    }
    Ok(())
}

fn run_one(
    subject: &Subject<'_>,
    engine: &mut dyn Engine,
    maps: &Maps,
    packets: &[Packet],
) -> Result<EngineRun, EngineError> {
    engine.set_maps(maps)?;
    let results = match engine.kind() {
        // Back to back, as they come: that is what is to be shown of it.
        EngineKind::Rtl => engine.run(packets)?,
        _ => run_admitted(subject, engine, packets)?,
    };
    let mut maps = engine.maps()?;
    normalise(&mut maps, &subject.object.maps);
    Ok(EngineRun { kind: engine.kind(), packets: results, maps, rtl: engine.rtl_figures() })
}

fn run_admitted(
    subject: &Subject<'_>,
    engine: &mut dyn Engine,
    packets: &[Packet],
) -> Result<Vec<PacketResult>, EngineError> {
    let lengths = MIN_FRAME_BYTES..=subject.target.max_frame_bytes as usize;
    let admits = |packet: &&Packet| lengths.contains(&packet.data.len());
    let admitted: Vec<Packet> = packets.iter().filter(admits).cloned().collect();
    let mut ran = engine.run(&admitted)?.into_iter();
    let missing = || EngineError::Failed { engine: engine.kind(), what: "a packet has no result".into() };
    let result =
        |packet| if admits(&packet) { ran.next().ok_or_else(missing) } else { Ok(PacketResult::NotAdmitted) };
    packets.iter().map(result).collect()
}
