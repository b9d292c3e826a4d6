// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `weir prog bench`: a program at full rate on the simulated hardware.

use super::check::mpps;
use super::compile;
use super::run::{SEED, read_packets};
use crate::args::BenchArgs;
use crate::failure::Failure;
use crate::input::maps;
use crate::report::{BenchReport, SCHEMA};
use etherparse::PacketBuilder;
use weir_engines::packet::number;
use weir_engines::session::open;
use weir_engines::{EngineError, EngineKind, Maps, Packet, RtlFigures, Subject};

/// Packets of a run at least: enough that filling the ring at its start does not show.
const PACKETS: usize = 2048;

/// Flows in the packets made here; a power of two.
const FLOWS: usize = 256;

/// Runs the program on the RTL and measures.
pub fn run(args: &BenchArgs) -> Result<BenchReport, Failure> {
    let loaded = super::load(&args.selection)?;
    let program = super::select(&loaded.object, &args.selection)?;
    let once = match &args.packets {
        Some(path) => read_packets(Some(path), &[], &loaded.target)?.0,
        None => (0..FLOWS).map(udp).collect::<Result<_, _>>()?,
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
    let one_flow = measure(&subject, vec![single], &before)?.1;
    let (packets, rtl) = measure(&subject, once, &before)?;
    Ok(BenchReport {
        schema: SCHEMA,
        program: super::describe_program(program),
        target: loaded.target.name.clone(),
        packets,
        announced_cycles_per_packet: loaded.target.interval(pipeline.passes(), pipeline.gap),
        mpps: (rtl.cycles_per_packet > 0.0).then(|| mpps(&loaded.target, rtl.cycles_per_packet)),
        simulated_khz: rtl.simulated_khz,
        rtl,
        one_flow,
    })
}

/// Sends packets again and again, back to back; how many there were, and what the RTL counted.
fn measure(subject: &Subject<'_>, once: Vec<Packet>, before: &Maps) -> Result<(usize, RtlFigures), Failure> {
    let count = PACKETS.next_multiple_of(once.len());
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
    let figures = figures.ok_or_else(|| Failure::new("engine `rtl` has measured nothing"))?;
    Ok((packets.len(), figures))
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
