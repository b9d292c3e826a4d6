// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Targets: the sizes of one build of the pipeline, read from `hdl/targets/<name>.yaml`.
//!
//! The RTL is instantiated from a target, the compiler schedules onto it, the model executes it. A target says
//! nothing about boards, pins or PCIe.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The targets built into this crate: name and YAML text.
const BUILT_IN: &[(&str, &str)] = &[
    ("sim", include_str!("../../../hdl/targets/sim.yaml")),
    ("sim-wide", include_str!("../../../hdl/targets/sim-wide.yaml")),
    ("sim-lean", include_str!("../../../hdl/targets/sim-lean.yaml")),
    ("sim-narrow", include_str!("../../../hdl/targets/sim-narrow.yaml")),
];

/// Clocks a packet spends in one stage: operands are fetched in the first, results written in the second.
pub const STAGE_CLOCKS: u32 = 2;

/// Which stages carry a unit: `first`, `first + every`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Distance between two such stages.
    pub every: u32,
    /// The first such stage.
    pub first: u32,
}

impl Placement {
    /// Whether `stage` carries the unit.
    pub fn at(self, stage: u32) -> bool {
        self.every != 0 && stage >= self.first && (stage - self.first).is_multiple_of(self.every)
    }
}

/// Table units: where they are and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// Distance between two stages with a table unit.
    pub every: u32,
    /// The first stage with a table unit.
    pub first: u32,
    /// Words of 8 bytes in one table unit.
    pub words: u32,
    /// Maps that one program slot can hold in one table unit.
    pub maps: u32,
}

/// Lookup ports: copies of the memories of table units at other stages, which packets only read.
///
/// The port of a table unit stands `before` stages before it, counted round: before the first stage comes the last one.
/// The last stage itself has none, since no stage is left for the result to arrive in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// Stages from a lookup port to its table unit; 0 for no ports.
    pub before: u32,
}

/// Key units: where they are and how large. They give the keys of hash maps their places; values lie in table units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Distance between two stages with a key unit; 0 for none.
    pub every: u32,
    /// The first stage with a key unit.
    pub first: u32,
    /// Ways: memories that are looked up side by side.
    pub ways: u32,
    /// Buckets, of one key each, in every way.
    pub buckets: u32,
    /// Keys beside the ways, for each program slot.
    pub stash: u32,
    /// Maps that one program slot can hold in one key unit.
    pub maps: u32,
}

/// The unit mix of the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// ALUs in every stage, 1 or 2.
    pub alus: u32,
    /// Compare units in every stage, 1 or 2.
    pub compares: u32,
    /// Stages whose load/store unit can store; every stage can load.
    pub stores: Placement,
    /// Stages with a table unit.
    pub tables: Tables,
    /// Lookup ports of the table units.
    #[serde(default)]
    pub ports: Ports,
    /// Stages with a multiplier.
    pub multipliers: Placement,
    /// Stages with a deep-load port.
    pub deep: Placement,
    /// Stages with a key unit.
    pub keys: Keys,
}

/// The unit of a stage whose result arrives at the end of a later stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LateUnit {
    /// The stage has none.
    None,
    /// Table unit with this index, counted from 0 along the stages.
    Table(u32),
    /// Lookup port: a copy of the table unit with this index, to be read only.
    Port(u32),
    /// 64-bit multiplier.
    Multiplier,
    /// Port to the packet buffer.
    Deep,
    /// Key unit with this index, counted from 0 along the stages.
    Keys(u32),
}

impl LateUnit {
    /// At the end of which stage, counted from its own, a result is written.
    pub fn latency(self) -> u32 {
        match self {
            LateUnit::None
            | LateUnit::Table(_)
            | LateUnit::Port(_)
            | LateUnit::Multiplier
            | LateUnit::Deep => 1,
            LateUnit::Keys(_) => 3,
        }
    }
}

/// Clocks from a write in a table unit to the first read of a lookup port that sees it, both counted where their stages
/// are entered: the unit changes the word in its third clock, keeps it, and then writes it into the copy.
pub const PORT_CLOCKS: u32 = 3;

/// Clocks by which two key operations must be apart, if one of them is not a find, for the later to see the earlier.
pub const KEY_HAZARD_CLOCKS: u32 = 8;

/// One build of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Name, also the name of its YAML file.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// Nominal clock in MHz, for reports only.
    pub clock_mhz: u32,
    /// Width of the streaming ports in bytes.
    pub bus_bytes: u32,
    /// Physical stages.
    pub stages: u32,
    /// Passes a packet may make through the stages.
    pub passes: u32,
    /// Programs that can be loaded at a time.
    pub program_slots: u32,
    /// 64-bit registers of the packet context.
    pub registers: u32,
    /// Predicate bits, of which number 0 is constant false.
    pub predicates: u32,
    /// Bytes in front of the packet into which its head can grow.
    pub headroom_bytes: u32,
    /// First bytes of the packet that the stages see.
    pub window_bytes: u32,
    /// Scratch bytes behind the window.
    pub stack_bytes: u32,
    /// Longest frame, without FCS, that is admitted.
    pub max_frame_bytes: u32,
    /// Frames the card holds at a time.
    pub packet_buffers: u32,
    /// Bytes for each of them.
    pub packet_buffer_bytes: u32,
    /// Units of the stages.
    pub units: Units,
}

/// Why a target cannot be used.
#[derive(Debug, Error)]
pub enum TargetError {
    /// Not one of the built-in names.
    #[error("unknown target `{name}`; known targets: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names that exist, comma separated.
        known: String,
    },
    /// The YAML does not describe a target.
    #[error("target description: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// A number is outside what RTL and words can express.
    #[error("target `{name}`: {what}")]
    Range {
        /// Name of the target.
        name: String,
        /// Which number and what it may be.
        what: String,
    },
}

impl Target {
    /// Names of the built-in targets.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A built-in target by name.
    pub fn named(name: &str) -> Result<Target, TargetError> {
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((_, yaml)) => Target::from_yaml(yaml),
            None => Err(TargetError::Unknown {
                name: name.to_owned(),
                known: Target::names().collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// Reads and checks a target description.
    pub fn from_yaml(yaml: &str) -> Result<Target, TargetError> {
        let target: Target = serde_yaml::from_str(yaml)?;
        target.check()?;
        Ok(target)
    }

    fn check(&self) -> Result<(), TargetError> {
        let units = &self.units;
        let power_of_two = [
            ("bus_bytes", self.bus_bytes, 8, 64),
            ("program_slots", self.program_slots, 1, 8),
            ("passes", self.passes, 1, 64),
            ("packet_buffers", self.packet_buffers, 2, 1024),
            ("packet_buffer_bytes", self.packet_buffer_bytes, 256, 16384),
            ("units.tables.words", units.tables.words, 16, 1 << 17),
            ("units.tables.maps", units.tables.maps, 1, 8),
            ("units.keys.ways", units.keys.ways, 1, 8),
            ("units.keys.buckets", units.keys.buckets, 16, 1 << 16),
            ("units.keys.maps", units.keys.maps, 1, 8),
        ];
        let range = [
            ("stages", self.stages, 2, 256),
            ("registers", self.registers, 8, 16),
            ("units.keys.stash", units.keys.stash, 1, 8),
            ("predicates", self.predicates, 2, 16),
            ("clock_mhz", self.clock_mhz, 1, 2000),
            ("window_bytes", self.window_bytes, 64, 512),
            ("units.alus", units.alus, 1, 2),
            ("units.compares", units.compares, 1, 2),
            ("max_frame_bytes", self.max_frame_bytes, 64, self.packet_buffer_bytes),
        ];
        let fail = |what: String| Err(TargetError::Range { name: self.name.clone(), what });
        for (what, value, low, high) in power_of_two {
            if !value.is_power_of_two() || value < low || value > high {
                return fail(format!("{what} is {value}, must be a power of two from {low} to {high}"));
            }
        }
        for (what, value, low, high) in range {
            if value < low || value > high {
                return fail(format!("{what} is {value}, must be from {low} to {high}"));
            }
        }
        for (what, value) in [
            ("headroom_bytes", self.headroom_bytes),
            ("window_bytes", self.window_bytes),
            ("stack_bytes", self.stack_bytes),
        ] {
            if value % 8 != 0 {
                return fail(format!("{what} is {value}, must be a multiple of 8"));
            }
        }
        if self.context_bytes() > 1024 {
            return fail(format!(
                "headroom, window and stack are {} bytes, at most 1024",
                self.context_bytes()
            ));
        }
        if units.ports.before >= self.stages {
            return fail(format!("units.ports.before is {}, must be below stages", units.ports.before));
        }
        // A packet's own write is to be seen behind it.
        let behind = (self.stages - units.ports.before) * STAGE_CLOCKS;
        if behind < PORT_CLOCKS {
            return fail("lookup ports are too close behind their table units".into());
        }
        let mut results = Vec::new();
        for stage in 0..self.stages {
            let placed = self.late_units_at(stage).count();
            if placed > 1 {
                return fail(format!("stage {stage} has {placed} late units, one at most is possible"));
            }
            let unit = self.late_unit(stage);
            if unit != LateUnit::None {
                results.push(stage + unit.latency());
            }
        }
        results.sort_unstable();
        if let Some(twice) = results.windows(2).find(|w| w[0] == w[1]) {
            return fail(format!("two late units write at the end of stage {}", twice[0]));
        }
        if results.last().is_some_and(|last| *last >= self.stages) {
            return fail("a late unit would write behind the last stage".into());
        }
        Ok(())
    }

    /// Bytes of headroom, window and stack together: what load/store addresses span.
    pub fn context_bytes(&self) -> u32 {
        self.headroom_bytes + self.window_bytes + self.stack_bytes
    }

    /// Context address of the first stack byte.
    pub fn stack_base(&self) -> u32 {
        self.headroom_bytes + self.window_bytes
    }

    /// Register that holds `data_end` when a packet is admitted, as context address of the byte after the last.
    pub fn entry_data_end(&self) -> u8 {
        self.registers as u8 - 1
    }

    /// Register that holds the ingress interface index when a packet is admitted.
    pub fn entry_ingress_ifindex(&self) -> u8 {
        self.registers as u8 - 2
    }

    /// Register that holds the receive queue index when a packet is admitted.
    pub fn entry_rx_queue_index(&self) -> u8 {
        self.registers as u8 - 3
    }

    /// Register that holds the time of reception, in ns, when a packet is admitted.
    pub fn entry_timestamp(&self) -> u8 {
        self.registers as u8 - 4
    }

    /// Register that holds the packet's random value (see [`crate::random`]) when it is admitted.
    pub fn entry_random(&self) -> u8 {
        self.registers as u8 - 5
    }

    /// Whether the load/store unit of `stage` can store.
    pub fn can_store(&self, stage: u32) -> bool {
        self.units.stores.at(stage)
    }

    /// The late unit of `stage`.
    pub fn late_unit(&self, stage: u32) -> LateUnit {
        self.late_units_at(stage).next().unwrap_or(LateUnit::None)
    }

    fn late_units_at(&self, stage: u32) -> impl Iterator<Item = LateUnit> {
        let (tables, keys) = (self.units.tables, self.units.keys);
        let index = |every, first| {
            let place = Placement { every, first };
            place.at(stage).then(|| (stage - first) / every)
        };
        [
            index(tables.every, tables.first).map(LateUnit::Table),
            self.port_at(stage).map(LateUnit::Port),
            index(keys.every, keys.first).map(LateUnit::Keys),
            self.units.multipliers.at(stage).then_some(LateUnit::Multiplier),
            self.units.deep.at(stage).then_some(LateUnit::Deep),
        ]
        .into_iter()
        .flatten()
    }

    /// The table unit that a lookup port in `stage` copies.
    fn port_at(&self, stage: u32) -> Option<u32> {
        let (tables, before) = (self.units.tables, self.units.ports.before);
        let home = (stage + before) % self.stages;
        let place = Placement { every: tables.every, first: tables.first };
        let exists = before != 0 && stage + 1 < self.stages && place.at(home);
        exists.then(|| (home - tables.first) / tables.every)
    }

    /// The stage whose late unit has its result written at the end of `stage`.
    pub fn late_arrives(&self, stage: u32) -> Option<u32> {
        (0..stage).find(|from| {
            let unit = self.late_unit(*from);
            unit != LateUnit::None && from + unit.latency() == stage
        })
    }

    /// Whether ALU `unit` of a stage has a shifter: the last one.
    pub fn alu_shifts(&self, unit: u32) -> bool {
        unit + 1 == self.units.alus
    }

    /// Number of table units.
    pub fn table_units(&self) -> u32 {
        (0..self.stages).filter(|s| matches!(self.late_unit(*s), LateUnit::Table(_))).count() as u32
    }

    /// Number of key units.
    pub fn key_units(&self) -> u32 {
        (0..self.stages).filter(|s| matches!(self.late_unit(*s), LateUnit::Keys(_))).count() as u32
    }

    /// Stage of a key unit.
    pub fn key_stage(&self, unit: u32) -> u32 {
        self.units.keys.first + unit * self.units.keys.every
    }

    /// Stage of a table unit.
    pub fn table_stage(&self, unit: u32) -> u32 {
        self.units.tables.first + unit * self.units.tables.every
    }

    /// Clocks of one turn of the ring: entry register, stages, and padding up to a prime.
    ///
    /// A prime makes the places that packets take, `i * interval mod ring`, all different before the first repeats,
    /// so that one packet enters every `max(passes, gap)` clocks without a hole (see [`Target::interval`]).
    pub fn ring_clocks(&self) -> u32 {
        (1 + STAGE_CLOCKS * self.stages..).find(|n| is_prime(*n)).expect("there is always a larger prime")
    }

    /// Clock, counted from admission, at which a stage is entered in a pass.
    pub fn site_clock(&self, pass: u32, stage: u32) -> u32 {
        pass * self.ring_clocks() + 1 + STAGE_CLOCKS * stage
    }

    /// Clocks between two packets of one program when it has the card to itself.
    pub fn interval(&self, passes: u32, gap: u32) -> u32 {
        let interval = passes.max(gap).max(1);
        let ring = self.ring_clocks();
        // Only a multiple of the ring meets the place of the packet before, still taken for `passes` turns.
        if interval.is_multiple_of(ring) && interval / ring < passes { interval + 1 } else { interval }
    }
}

fn is_prime(n: u32) -> bool {
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Greedy admission, clock by clock, as the ring does it.
    fn admitted(ring: u32, passes: u32, gap: u32, clocks: u32) -> Vec<u32> {
        let mut free_at = vec![0u32; ring as usize];
        let mut out: Vec<u32> = Vec::new();
        for clock in 0..clocks {
            let place = &mut free_at[(clock % ring) as usize];
            if *place <= clock && out.last().is_none_or(|last| clock - last >= gap) {
                *place = clock + passes * ring;
                out.push(clock);
            }
        }
        out
    }

    #[test]
    fn interval_is_what_greedy_admission_reaches() {
        let target = Target::named("sim").unwrap();
        let ring = target.ring_clocks();
        for passes in 1..=target.passes {
            for gap in 1..=3 * ring {
                let interval = target.interval(passes, gap);
                let packets = admitted(ring, passes, interval, 3 * interval * ring);
                assert!(packets.windows(2).all(|w| w[1] - w[0] == interval), "passes {passes} gap {gap}");
            }
        }
    }

    #[test]
    fn ports_stand_before_their_table_units_counted_round() {
        let ports = |target: &Target| {
            let at = |stage| match target.late_unit(stage) {
                LateUnit::Port(unit) => Some((stage, unit)),
                _ => None,
            };
            (0..target.stages).filter_map(at).collect::<Vec<_>>()
        };
        let mut target = Target::named("sim").unwrap();
        assert_eq!(ports(&target), [(3, 2), (7, 3), (11, 0)]);
        // A read a stage behind its table unit would come too early for the packet's own write.
        target.units.ports.before = 15;
        assert!(target.check().unwrap_err().to_string().contains("too close"));
        target.units.ports.before = 16;
        assert!(target.check().unwrap_err().to_string().contains("below stages"));
        target.units.ports.before = 0;
        assert_eq!(ports(&target), []);
    }

    #[test]
    fn built_in_targets_are_sound() {
        for name in Target::names() {
            assert_eq!(Target::named(name).unwrap().name, name);
        }
        assert!(matches!(Target::named("sin"), Err(TargetError::Unknown { .. })));
    }
}
