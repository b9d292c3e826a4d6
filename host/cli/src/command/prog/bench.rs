// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir prog bench`: a program at full rate on the simulated hardware.

use super::check::mpps;
use super::compile;
use super::run::{SEED, read_packets};
use crate::args::BenchArgs;
use crate::failure::Failure;
use crate::input::maps;
use crate::output::Progress;
use crate::report::{BenchReport, MixReport, SCHEMA};
use etherparse::PacketBuilder;
use weir_engines::packet::number;
use weir_engines::session::open;
use weir_engines::{EngineError, EngineKind, Maps, Packet, Subject};

/// Packets of a run at least: enough that filling the ring at its start does not show.
const PACKETS: usize = 2048;

/// Flows in the packets made here; a power of two.
const FLOWS: usize = 256;

/// Runs the program on the RTL and measures.
pub fn run(args: &BenchArgs) -> Result<BenchReport, Failure> {
    let loaded = super::load(&args.selection)?;
    let program = super::select(&loaded.object, &args.selection)?;
    let (name, once) = match &args.packets {
        Some(path) => (path.display().to_string(), read_packets(Some(path), &[], &loaded.target)?.0),
        None => (format!("{FLOWS} flows"), (0..FLOWS).map(udp).collect::<Result<_, _>>()?),
    };
    let before = match &args.maps {
        Some(path) => maps::read(path, &loaded.object.maps)?,
        None => Maps::new(),
    };
    let pipeline = compile::compile(&loaded, program)?;
    let subject =
        Subject { object: &loaded.object, program, target: &loaded.target, pipeline: Some(&pipeline) };
    // Packets of one flow meet in the same entries of maps, one right behind the other.
    let single = once.first().cloned().ok_or_else(|| Failure::new("there are no packets"))?;
    let mixes = [(name, once), ("the first alone".to_owned(), vec![single])];
    let progress = Progress::new(mixes.len());
    let mixes: Result<Vec<MixReport>, Failure> = mixes
        .into_iter()
        .map(|(name, once)| {
            progress.step(&name);
            measure(&subject, name, once, &before)
        })
        .collect();
    progress.finish();
    let mixes = mixes?;
    let [first, one_flow] = &mixes[..] else { return Err(Failure::new("a mix was not measured")) };
    Ok(BenchReport {
        schema: SCHEMA,
        program: super::describe_program(program),
        target: loaded.target.name.clone(),
        packets: first.packets,
        announced_cycles_per_packet: loaded.target.interval(pipeline.passes(), pipeline.gap),
        mpps: first.mpps,
        simulated_khz: first.simulated_khz,
        rtl: first.rtl.clone(),
        one_flow: one_flow.rtl.clone(),
        mixes,
    })
}

/// Sends packets again and again, back to back; what the RTL counted.
fn measure(
    subject: &Subject<'_>,
    name: String,
    once: Vec<Packet>,
    before: &Maps,
) -> Result<MixReport, Failure> {
    let (different, count) = (once.len(), PACKETS.next_multiple_of(once.len()));
    let mut packets: Vec<Packet> = once.into_iter().cycle().take(count).collect();
    number(&mut packets, SEED);
    let figures = open(subject, EngineKind::Rtl)
        .and_then(|mut engine| {
            engine.set_maps(before)?;
            engine.run(&packets)?;
            Ok(engine.rtl_figures())
        })
        .map_err(|e| match e {
            EngineError::Skipped(why) => Failure::new(format!("engine `rtl` cannot run: {why}")),
            failed => Failure::new(failed.to_string()),
        })?;
    let rtl = figures.ok_or_else(|| Failure::new("engine `rtl` has measured nothing"))?;
    let mpps = (rtl.cycles_per_packet > 0.0).then(|| mpps(subject.target, rtl.cycles_per_packet));
    let simulated_khz = rtl.simulated_khz;
    Ok(MixReport { name, different, packets: count, rtl, mpps, simulated_khz })
}

/// A UDP packet of 60 bytes, the shortest frame without its FCS.
fn udp(flow: usize) -> Result<Packet, Failure> {
    let low = (flow % FLOWS) as u8;
    let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 1])
        .ipv4([10, 0, 0, low], [10, 1, 0, 1], 64)
        .udp(1024 + u16::from(low), 9);
    let mut data = Vec::with_capacity(60);
    builder.write(&mut data, &[0; 18]).map_err(|e| Failure::new(format!("packet {flow}: {e}")))?;
    Ok(Packet::from(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_made_here_are_the_shortest_and_differ() {
        let packets: Vec<Packet> = (0..FLOWS).map(|flow| udp(flow).unwrap()).collect();
        assert!(packets.iter().all(|p| p.data.len() == 60));
        assert_ne!(packets[0].data, packets[FLOWS - 1].data);
    }
}
