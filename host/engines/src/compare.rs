// SPDX-License-Identifier: Apache-2.0 OR MIT
//! When two engines agree: verdict, bytes of packets that go on, redirect target where both show it, map contents.

use crate::engine::EngineKind;
use crate::maps::{Entry, Maps, hex};
use crate::packet::{PacketResult, verdict_name};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One difference between two engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The engine compared with.
    pub reference: &'static str,
    /// The engine that differs.
    pub engine: &'static str,
    /// Number of the packet, for differences of packets.
    pub packet: Option<usize>,
    /// Name of the map, for differences of map contents.
    pub map: Option<String>,
    /// What differs, in words.
    pub what: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.packet, &self.map) {
            (Some(packet), _) => write!(f, "packet {packet}: {}", self.what),
            (None, Some(map)) => write!(f, "map `{map}`: {}", self.what),
            (None, None) => f.write_str(&self.what),
        }
    }
}

/// What an engine has shown.
pub struct Shown<'a> {
    /// Which engine.
    pub kind: EngineKind,
    /// Its result for every packet.
    pub packets: &'a [PacketResult],
    /// Its map contents after the last, normalised.
    pub maps: &'a Maps,
}

/// All differences between two engines; packets that either has skipped are not compared.
pub fn compare(reference: &Shown<'_>, engine: &Shown<'_>) -> Vec<Mismatch> {
    let mut out = Vec::new();
    let mut differs = |packet, map, what| {
        let (reference, engine) = (reference.kind.name(), engine.kind.name());
        out.push(Mismatch { reference, engine, packet, map, what });
    };
    if reference.packets.len() != engine.packets.len() {
        let (ours, theirs) = (reference.packets.len(), engine.packets.len());
        differs(None, None, format!("{ours} results on {}, {theirs} on {}", reference.kind, engine.kind));
    }
    for (index, (a, b)) in reference.packets.iter().zip(engine.packets).enumerate() {
        if let Some(what) = compare_packet((reference.kind, a), (engine.kind, b)) {
            differs(Some(index), None, what);
        }
    }
    let names: std::collections::BTreeSet<&String> =
        reference.maps.keys().chain(engine.maps.keys()).collect();
    for name in names {
        let entries = |maps: &Maps| by_key(maps.get(name).map_or(&[][..], Vec::as_slice));
        let (ours, theirs) = (entries(reference.maps), entries(engine.maps));
        let keys: std::collections::BTreeSet<&Vec<u8>> = ours.keys().chain(theirs.keys()).collect();
        for key in keys {
            let (a, b) = (ours.get(key), theirs.get(key));
            if a != b {
                let show = |v: Option<&Vec<u8>>| v.map_or("nothing".to_owned(), |v| hex(v));
                let what = format!(
                    "key {}: {} on {}, {} on {}",
                    hex(key),
                    show(a),
                    reference.kind,
                    show(b),
                    engine.kind
                );
                differs(None, Some(name.clone()), what);
            }
        }
    }
    out
}

fn by_key(entries: &[Entry]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    entries.iter().map(|e| (e.key.clone(), e.value.clone())).collect()
}

fn compare_packet(
    (ours, a): (EngineKind, &PacketResult),
    (theirs, b): (EngineKind, &PacketResult),
) -> Option<String> {
    let describe = |r: &PacketResult| match r {
        PacketResult::Ran(outcome) => verdict_name(outcome.verdict),
        PacketResult::NotAdmitted => "not admitted".to_owned(),
        PacketResult::Skipped(reason) => format!("skipped ({reason})"),
    };
    let (x, y) = match (a, b) {
        (PacketResult::Skipped(_), _) | (_, PacketResult::Skipped(_)) => return None,
        (PacketResult::NotAdmitted, PacketResult::NotAdmitted) => return None,
        (PacketResult::Ran(x), PacketResult::Ran(y)) if x.verdict == y.verdict => (x, y),
        _ => return Some(format!("{} on {ours}, {} on {theirs}", describe(a), describe(b))),
    };
    if let (Some(x), Some(y)) = (x.redirect, y.redirect)
        && x != y
    {
        return Some(format!("redirect to interface {x} on {ours}, {y} on {theirs}"));
    }
    let (x, y) = (x.data.as_deref().unwrap_or_default(), y.data.as_deref().unwrap_or_default());
    if x.len() != y.len() {
        return Some(format!("{} bytes on {ours}, {} on {theirs}", x.len(), y.len()));
    }
    let at = x.iter().zip(y).position(|(x, y)| x != y)?;
    let differing = x.iter().zip(y).filter(|(x, y)| x != y).count();
    Some(format!("byte {at}: {:02x} on {ours}, {:02x} on {theirs} ({differing} bytes differ)", x[at], y[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Outcome;

    fn mismatches(a: &[PacketResult], b: &[PacketResult], maps_b: &Maps) -> Vec<String> {
        let maps_a = Maps::from([("m".into(), vec![Entry { key: vec![0; 4], value: vec![1] }])]);
        let a = Shown { kind: EngineKind::Interp, packets: a, maps: &maps_a };
        let b = Shown { kind: EngineKind::Rtl, packets: b, maps: maps_b };
        compare(&a, &b).iter().map(ToString::to_string).collect()
    }

    fn ran(verdict: u32, data: &[u8]) -> PacketResult {
        PacketResult::Ran(Outcome::new(verdict, data.to_vec()))
    }

    #[test]
    fn differences_are_found_and_named() {
        let same = Maps::from([("m".into(), vec![Entry { key: vec![0; 4], value: vec![1] }])]);
        let other = Maps::from([("m".into(), vec![Entry { key: vec![1, 0, 0, 0], value: vec![1] }])]);
        let skipped = PacketResult::Skipped("why".into());
        assert_eq!(
            mismatches(&[ran(1, &[1])], &[ran(1, &[2])], &same),
            [""; 0],
            "dropped bytes do not count"
        );
        assert_eq!(mismatches(&[skipped], &[ran(1, &[2])], &same), [""; 0]);
        assert_eq!(
            mismatches(&[ran(2, &[1, 2])], &[ran(2, &[1, 3])], &same),
            ["packet 0: byte 1: 02 on interp, 03 on rtl (1 bytes differ)"]
        );
        assert_eq!(
            mismatches(&[ran(2, &[1])], &[ran(3, &[1])], &same),
            ["packet 0: XDP_PASS on interp, XDP_TX on rtl"]
        );
        assert_eq!(
            mismatches(&[ran(2, &[1])], &[PacketResult::NotAdmitted], &same),
            ["packet 0: XDP_PASS on interp, not admitted on rtl"]
        );
        assert_eq!(
            mismatches(&[], &[], &other),
            [
                "map `m`: key 00000000: 01 on interp, nothing on rtl",
                "map `m`: key 01000000: nothing on interp, 01 on rtl"
            ]
        );
    }
}
