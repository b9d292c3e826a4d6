// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `test: run`: packets on all engines, held against what the file says, and the engines against each other.

use super::level;
use super::parse::{Expected, FileTest, Section};
use crate::skip;
use weir_bpf::Object;
use weir_engines::maps::{check_maps, hex};
use weir_engines::packet::{forwards, number};
use weir_engines::session::EngineRun;
use weir_engines::{EngineKind, Packet, PacketResult, Subject, run_all, verdict_name};

/// Where random numbers start.
const SEED: u64 = 0;

/// Runs the section's packets on every engine.
pub fn run(test: &FileTest, section: &Section, object: &Object, file: &str) -> Result<(), String> {
    if section.packets.is_empty() {
        return Err("no packets".into());
    }
    if !test.options.is_empty() {
        return Err("a target that is changed has no RTL".into());
    }
    check_maps(&test.entries, &object.maps).map_err(|e| e.to_string())?;
    let (program, target) = (level::program(test, object)?, level::target(test)?);
    let compiled = crate::compile(object, program, &target)?;
    let subject = Subject { object, program, target: &target, pipeline: Some(&compiled.pipeline) };
    let mut packets: Vec<Packet> = section.packets.iter().map(|expected| expected.packet.clone()).collect();
    number(&mut packets, SEED);
    let report = run_all(&subject, &EngineKind::ALL, &test.entries, &packets).map_err(|e| e.to_string())?;
    for (engine, reason) in &report.skipped {
        skip(&format!("{file} on {engine}"), reason);
    }
    if report.runs.is_empty() {
        return Err("no engine ran".into());
    }
    for run in &report.runs {
        for (expected, result) in section.packets.iter().zip(&run.packets) {
            compare(expected, result)
                .map_err(|e| format!("packet of line {} on {}: {e}", expected.line, run.kind))?;
        }
        after(section, run).map_err(|e| format!("on {}: {e}", run.kind))?;
    }
    match report.mismatches.first() {
        Some(first) => Err(first.to_string()),
        None => Ok(()),
    }
}

fn compare(expected: &Expected, result: &PacketResult) -> Result<(), String> {
    let outcome = match result {
        PacketResult::Skipped(_) => return Ok(()),
        PacketResult::NotAdmitted => return Err("not admitted".into()),
        PacketResult::Ran(outcome) => outcome,
    };
    if outcome.verdict != expected.verdict {
        return Err(format!(
            "{} instead of {}",
            verdict_name(outcome.verdict),
            verdict_name(expected.verdict)
        ));
    }
    let wanted = expected.data.as_ref().unwrap_or(&expected.packet.data);
    let bytes = outcome.data.as_deref().unwrap_or_default();
    if forwards(expected.verdict) && bytes != wanted {
        return Err(format!("{} instead of {}", hex(bytes), hex(wanted)));
    }
    match (expected.redirect, outcome.redirect) {
        (Some(wanted), Some(found)) if wanted != found => {
            Err(format!("redirected to {found} instead of {wanted}"))
        }
        _ => Ok(()),
    }
}

fn after(section: &Section, run: &EngineRun) -> Result<(), String> {
    for (map, key, value) in &section.after {
        let entries = run.maps.get(map).ok_or_else(|| format!("no map `{map}`"))?;
        let found = entries.iter().find(|entry| entry.key == *key).map(|entry| &entry.value);
        if found != value.as_ref() {
            let show = |value: Option<&Vec<u8>>| value.map_or("none".to_owned(), |value| hex(value));
            let (found, wanted) = (show(found), show(value.as_ref()));
            return Err(format!("map `{map}` key {}: {found} instead of {wanted}", hex(key)));
        }
    }
    Ok(())
}
