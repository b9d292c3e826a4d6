// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every program of the corpus, compiled for every instruction set version, on every engine: all must agree on all
//! packets and on the maps they leave.
//!
//! What is expected of a program is what the other engines show, so a case also names the verdicts that its packets
//! must meet: packets that all take the same way would agree too easily.

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeSet;
use std::process::ExitCode;
use weir_engines::{EngineKind, Entry, Maps, Packet, Subject, run_all};
use weir_pipeline::Target;
use weir_random::Random;
use weir_tests::corpus::{self, CorpusError};
use weir_tests::packets::{Frame, Network, Transport, mixture, operands, truncations};
use weir_tests::{demo, skip};

/// A program and what it is run on.
struct Case {
    file: &'static str,
    program: &'static str,
    packets: fn() -> Vec<Packet>,
    maps: fn() -> Maps,
    /// Verdicts that must occur.
    verdicts: &'static [u32],
}

const CASES: [Case; 51] = [
    case("firewall", "firewall", firewall_packets, demo::maps, &[0, 1, 2]),
    case("drop_port", "drop_port", drop_port_packets, Maps::new, &[1, 2]),
    case("correlated", "result", noise_packets, Maps::new, &[0, 2, 3]),
    case("correlated", "flag", noise_packets, Maps::new, &[0, 2, 3]),
    case("merged", "lookups", noise_packets, merged_maps, &[0, 1, 2]),
    case("merged", "late_check", noise_packets, merged_maps, &[0, 2, 3]),
    case("merged", "spaces", noise_packets, Maps::new, &[0, 2, 3]),
    case("reflect", "reflect", plain_packets, Maps::new, &[3]),
    case("alu", "alu64", operand_packets, Maps::new, &[1, 3]),
    case("alu", "alu32", operand_packets, Maps::new, &[1, 3]),
    case("alu", "multiply", operand_packets, Maps::new, &[1, 3]),
    case("alu", "byte_order", operand_packets, Maps::new, &[1, 3]),
    case("jump", "jump64", operand_packets, Maps::new, &[1, 2, 3]),
    case("jump", "jump32", operand_packets, Maps::new, &[1, 2, 3]),
    case("jump", "verdicts", noise_packets, Maps::new, &[0, 1, 2, 3, 77]),
    case("calls", "calls", noise_packets, Maps::new, &[0, 1, 2, 3]),
    case("copies", "parse", noise_packets, Maps::new, &[0, 1, 2, 3]),
    case("copies", "swap", noise_packets, Maps::new, &[1, 3]),
    case("copies", "move", noise_packets, Maps::new, &[0, 1, 2, 3]),
    case("copies", "array", noise_packets, Maps::new, &[1, 2, 3]),
    case("globals", "globals", noise_packets, Maps::new, &[1, 2, 3]),
    case("globals", "constants", noise_packets, Maps::new, &[1, 2, 3]),
    case("loops", "sum", noise_packets, Maps::new, &[1, 2, 3]),
    case("loops", "until", noise_packets, Maps::new, &[1, 2, 3]),
    case("loops", "extensions", noise_packets, Maps::new, &[1, 2, 3]),
    case("context", "context", context_packets, Maps::new, &[2, 3]),
    case("stack", "stack", operand_packets, Maps::new, &[2, 3]),
    case("protocols", "count", protocol_packets, Maps::new, &[1]),
    case("protocols", "bounce", protocol_packets, Maps::new, &[1, 3]),
    case("maps", "count_all", plain_packets, seeded_maps, &[2]),
    case("maps", "count_bytes", noise_packets, seeded_maps, &[1, 2]),
    case("maps", "atomic", noise_packets, seeded_maps, &[1, 2]),
    case("maps", "value_loads", noise_packets, seeded_maps, &[0, 1, 2, 3, 77]),
    case("deep", "options", long_packets, Maps::new, &[1, 2, 3]),
    case("deep", "trailer", long_packets, Maps::new, &[2, 3]),
    case("deep", "straddle", long_packets, Maps::new, &[0, 1, 2, 3]),
    case("head", "push_ipv4", tunnel_packets, Maps::new, &[2, 3]),
    case("head", "pop_ipv4", tunnel_packets, Maps::new, &[0, 1, 2, 3]),
    case("head", "push_vlan", tunnel_packets, Maps::new, &[3]),
    case("head", "pop_vlan", tunnel_packets, Maps::new, &[1, 2, 3]),
    case("head", "push_ipv6", tunnel_packets, Maps::new, &[1, 2, 3]),
    case("head", "choose", long_packets, Maps::new, &[1, 2, 3]),
    case("head", "back", long_packets, Maps::new, &[1, 2, 3]),
    case("head", "limits", noise_packets, Maps::new, &[1, 2, 3]),
    case("hash", "station", few_values, seeded_hashes, &[0, 1, 2, 3]),
    case("hash", "address", few_values, seeded_hashes, &[1, 2, 3]),
    case("hash", "kind", few_values, seeded_hashes, &[1, 2, 3]),
    case("update", "track", few_values, Maps::new, &[1, 2, 3]),
    case("update", "flags", few_values, Maps::new, &[2, 3]),
    case("update", "in_place", few_values, Maps::new, &[1, 2, 3]),
    case("bucket", "bucket", from_few_sources, Maps::new, &[1, 2]),
];

const fn case(
    file: &'static str,
    program: &'static str,
    packets: fn() -> Vec<Packet>,
    maps: fn() -> Maps,
    verdicts: &'static [u32],
) -> Case {
    Case { file, program, packets, maps, verdicts }
}

fn admitted(packets: impl IntoIterator<Item = Vec<u8>>) -> Vec<Packet> {
    packets.into_iter().map(Packet::from).collect()
}

fn firewall_packets() -> Vec<Packet> {
    let ports: Vec<u16> = demo::RULES.iter().map(|rule| rule.port).collect();
    let mut packets = demo::packets();
    packets.extend(mixture(1, 200, &ports));
    let transport = Transport::Tcp(23);
    for (vlan, options) in [(None, 0), (Some(5), 40)] {
        let network = Network::V4 { options, fragment: 0 };
        packets.extend(truncations(&Frame { vlan, network, transport, flow: 3, payload: 2 }.bytes()));
    }
    // Not admitted: too short, and one byte longer than the longest frame.
    packets.extend([vec![], vec![8; 13], vec![8; 1519]]);
    packets.push(vec![0; 1518]);
    admitted(packets)
}

fn drop_port_packets() -> Vec<Packet> {
    let refused = Frame { transport: Transport::Udp(4789), payload: 0, ..Frame::default() };
    let mut packets = mixture(2, 200, &[4789]);
    packets.extend(truncations(&refused.bytes()));
    admitted(packets)
}

fn protocol_packets() -> Vec<Packet> {
    let mut packets = mixture(8, 200, &[]);
    let transport = Transport::Udp(9);
    let tagged = Frame { vlan: Some(5), transport, payload: 4, ..Frame::default() }.bytes();
    packets.extend(truncations(&tagged));
    // A provider's tag in front of the customer's.
    packets.extend(truncations(&[&tagged[..12], &[0x88, 0xa8, 0, 1], &tagged[12..]].concat()));
    admitted(packets)
}

fn plain_packets() -> Vec<Packet> {
    admitted(mixture(3, 60, &[]))
}

fn operand_packets() -> Vec<Packet> {
    let mut packets = operands(4, 150);
    packets.extend(truncations(&operands(5, 1)[0]));
    admitted(packets)
}

fn noise_packets() -> Vec<Packet> {
    let mut random = Random::new(6);
    let mut packet = || {
        let length = 14 + random.below(60);
        random.bytes(length)
    };
    admitted((0..200).map(|_| packet()).collect::<Vec<_>>())
}

/// IPv4 in IPv4 with outer headers of all lengths, other frames plain and tagged, all of them cut after every byte of
/// their headers, and frames of the greatest length.
fn tunnel_packets() -> Vec<Packet> {
    let inner = |vlan, network, payload| Frame { vlan, network, payload, ..Frame::default() }.bytes();
    let v4 = |options| Network::V4 { options, fragment: 0 };
    let tunnel = |options: usize, network, payload| {
        let outer =
            Frame { transport: Transport::Other(4), network: v4(options), payload: 0, ..Frame::default() };
        [outer.bytes(), inner(None, network, payload)[14..].to_vec()].concat()
    };
    let mut packets = mixture(12, 150, &[]);
    packets.extend((0..=40).step_by(4).map(|options| tunnel(options, v4(0), 40)));
    packets.extend(truncations(&tunnel(0, v4(8), 4)));
    packets.extend(truncations(&tunnel(24, Network::V6, 0)));
    packets.extend(truncations(&inner(Some(9), v4(0), 10)));
    packets.extend(truncations(&inner(None, Network::V6, 2)));
    packets.extend([1476, 1475, 1440].map(|payload| inner(None, v4(0), payload)));
    packets.extend([1470, 1409].map(|payload| tunnel(0, v4(0), payload - 40)));
    admitted(packets)
}

/// Of all lengths, with small numbers at the places where programs take lengths from.
fn long_packets() -> Vec<Packet> {
    let mut random = Random::new(9);
    let mut packet = || {
        let length = 14 + if random.below(2) == 0 { random.below(120) } else { random.below(1504) };
        let mut packet = random.bytes(length);
        packet[14..].iter_mut().for_each(|byte| *byte %= [3, 60, 255][random.below(3)]);
        packet
    };
    let mut packets: Vec<Vec<u8>> = (0..400).map(|_| packet()).collect();
    // Options of every length in front of the one that decides, and one of the packets cut after every byte.
    packets.extend((8..=1400).step_by(8).map(|length| chain_of_options(length, (length / 8 % 3) as u8)));
    packets.extend(truncations(&chain_of_options(300, 1)));
    admitted(packets)
}

/// An Ethernet header, options of so many bytes in all, and one more.
fn chain_of_options(length: usize, last: u8) -> Vec<u8> {
    const MOST: usize = 250;
    let mut packet = vec![0x11; 14];
    let mut left = length;
    while left > 0 {
        // None is shorter than its head of two bytes.
        let take = if left > MOST { MOST.min(left - 2) } else { left };
        packet.extend([1, (take - 2) as u8]);
        packet.extend((0..take - 2).map(|i| i as u8));
        left -= take;
    }
    packet.extend([last, 7, 0]);
    packet
}

/// Packets of few different bytes, so that keys meet again.
fn few_values() -> Vec<Packet> {
    let mut random = Random::new(10);
    let mut packet = || {
        let length = 14 + random.below(80);
        let most = [2, 4, 40][random.below(3)];
        random.bytes(length).into_iter().map(|byte| byte % most).collect()
    };
    admitted((0..500).map(|_| packet()).collect::<Vec<_>>())
}

/// IPv4 of three sources, faster than each is let through, and what is no IPv4.
fn from_few_sources() -> Vec<Packet> {
    let mut random = Random::new(12);
    let mut now = 0;
    let mut packet = || {
        let mut bytes = Frame { transport: Transport::Udp(9), ..Frame::default() }.bytes();
        bytes[29] = random.below(3) as u8;
        if random.one_in(10) {
            bytes[12] = 0x86;
        }
        bytes.truncate(if random.one_in(10) { 14 + random.below(46) } else { 60 });
        let mut packet = Packet::from(bytes);
        now += random.below(400) as u64;
        packet.meta.timestamp = now;
        packet
    };
    (0..400).map(|_| packet()).collect()
}

/// Keys for `hash.bpf.c` of the bytes that [`few_values`] has.
fn seeded_hashes() -> Maps {
    let mut random = Random::new(11);
    let mut entries = |count: usize, key: usize, value: usize| {
        let entry = |_| Entry {
            key: random.bytes(key).into_iter().map(|byte| byte % 2).collect(),
            value: random.bytes(value),
        };
        (0..count).map(entry).collect::<Vec<_>>()
    };
    let stations = entries(60, 6, 24);
    let met = few_values().iter().find(|p| p.data.len() >= 54).map(|p| p.data[22..38].to_vec());
    let addresses = [vec![0; 16], met.unwrap_or_default()].map(|key| Entry { key, value: vec![0xff; 8] });
    let kinds =
        vec![Entry { key: vec![0], value: random.bytes(20) }, Entry { key: vec![1], value: vec![0xff; 20] }];
    Maps::from([
        ("stations".into(), stations),
        ("kinds".into(), kinds),
        ("addresses".into(), addresses.to_vec()),
    ])
}

/// Some of these come from interfaces and queues that the machine of the test does not have.
fn context_packets() -> Vec<Packet> {
    let mut packets = admitted(mixture(7, 60, &[]));
    for (index, packet) in (0..).zip(&mut packets) {
        if index % 5 == 4 {
            packet.meta.ingress_ifindex = 0x7000_0000 + index;
            packet.meta.rx_queue_index = index;
        }
    }
    packets
}

/// Values for `maps.bpf.c`: settings with all verdicts, and counters about to carry.
fn seeded_maps() -> Maps {
    let mut random = Random::new(8);
    let key = |index: u32| index.to_le_bytes().to_vec();
    let setting = |index: u32| {
        let mut value = random.bytes(16);
        value[0] = [0, 1, 2, 3, 77][index as usize % 5];
        Entry { key: key(index), value }
    };
    let settings = (0..15).map(setting).collect();
    let almost = |bytes: usize| vec![0xff; bytes];
    let per_cpu = vec![Entry { key: key(3), value: [almost(8), vec![0; 8]].concat() }];
    let shared = vec![Entry { key: key(1), value: almost(4) }];
    Maps::from([("settings".into(), settings), ("per_cpu".into(), per_cpu), ("shared".into(), shared)])
}

/// Values for `merged.bpf.c`, of which some have the bits set that the program looks for.
fn merged_maps() -> Maps {
    let mut random = Random::new(9);
    let mut entries = |count: u32| {
        (0..count).map(|i| Entry { key: i.to_le_bytes().to_vec(), value: random.bytes(16) }).collect()
    };
    Maps::from([("first".into(), entries(4)), ("second".into(), entries(3))])
}

fn run(name: &str, case: &Case, cpu: &str) -> Result<(), Failed> {
    let object = match corpus::object(case.file, cpu) {
        Err(CorpusError::Missing(what)) => {
            skip(name, what);
            return Ok(());
        }
        other => other?,
    };
    let program = object.select(Some(case.program), None)?;
    let target = Target::named("sim")?;
    let compiled = weir_tests::compile(&object, program, &target)?;
    let subject = Subject { object: &object, program, target: &target, pipeline: Some(&compiled.pipeline) };
    let packets = (case.packets)();
    let report = run_all(&subject, &EngineKind::ALL, &(case.maps)(), &packets)?;

    for (engine, reason) in &report.skipped {
        skip(&format!("{name} on {engine}"), reason);
    }
    if let [first, ..] = report.mismatches.as_slice() {
        let packet =
            first.packet.map_or(String::new(), |p| format!("; the packet: {:02x?}", packets[p].data));
        return Err(format!("{} mismatches, the first: {first}{packet}", report.mismatches.len()).into());
    }
    let Some(reference) = report.runs.first() else { return Err("no engine ran".into()) };
    let met: BTreeSet<u32> =
        reference.packets.iter().filter_map(|p| p.outcome()).map(|outcome| outcome.verdict).collect();
    match case.verdicts.iter().find(|v| !met.contains(v)) {
        Some(verdict) => Err(format!("no packet of the case met verdict {verdict}").into()),
        None => Ok(()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = CASES.iter().flat_map(|case| {
        corpus::CPUS.iter().map(move |cpu| {
            let name = format!("{}_{}_agrees_{cpu}", case.file, case.program);
            Trial::test(name.clone(), move || run(&name, case, cpu))
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
