// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The registers whose value is fixed when the pipeline is built: identity and capabilities.

use weir_pipeline::Target;
use weir_pipeline::words::layout::STAGE_WORD_BITS;
use weir_regs::{capability, fingerprint, identity};

/// Addresses and values of all registers with a fixed value, ascending. `build` is `identity.build`.
pub fn constants(target: &Target, build: u32) -> Vec<(u16, u32)> {
    let named = named(target);
    let mut all = vec![
        (identity::MAGIC.offset, identity::MAGIC.value.unwrap_or_default()),
        (identity::MAP_VERSION.offset, weir_regs::MAP_VERSION),
        (identity::TARGET_FINGERPRINT.offset, fingerprint(named.iter().map(|(_, value)| *value))),
        (identity::BUILD.offset, build),
    ];
    all.extend(named);
    all
}

/// Name and capability registers, ascending: what the fingerprint covers.
fn named(target: &Target) -> Vec<(u16, u32)> {
    let mut name = target.name.as_bytes().to_vec();
    name.resize(16, 0);
    let words = name.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let mut all: Vec<(u16, u32)> =
        (0..).zip(words).map(|(index, word)| (identity::TARGET_NAME.at(index), word)).collect();
    let placement = |first: u32, every: u32| first | every << 16;
    let units = &target.units;
    all.extend([
        (capability::CLOCK_MHZ.offset, target.clock_mhz),
        (capability::BUS_BYTES.offset, target.bus_bytes),
        (capability::STAGES.offset, target.stages),
        (capability::PASSES.offset, target.passes),
        (capability::PROGRAM_SLOTS.offset, target.program_slots),
        (capability::REGISTERS.offset, target.registers),
        (capability::PREDICATES.offset, target.predicates),
        (capability::HEADROOM_BYTES.offset, target.headroom_bytes),
        (capability::WINDOW_BYTES.offset, target.window_bytes),
        (capability::STACK_BYTES.offset, target.stack_bytes),
        (capability::MAX_FRAME_BYTES.offset, target.max_frame_bytes),
        (capability::PACKET_BUFFERS.offset, target.packet_buffers),
        (capability::PACKET_BUFFER_BYTES.offset, target.packet_buffer_bytes),
        (capability::RING_CLOCKS.offset, target.ring_clocks()),
        (capability::ALUS.offset, units.alus),
        (capability::COMPARES.offset, units.compares),
        (capability::STORE_PLACEMENT.offset, placement(units.stores.first, units.stores.every)),
        (
            capability::MULTIPLIER_PLACEMENT.offset,
            placement(units.multipliers.first, units.multipliers.every),
        ),
        (capability::TABLE_PLACEMENT.offset, placement(units.tables.first, units.tables.every)),
        (capability::TABLE_UNITS.offset, target.table_units()),
        (capability::TABLE_WORDS.offset, units.tables.words),
        (capability::TABLE_MAPS.offset, units.tables.maps),
        (capability::STAGE_WORD_BITS.offset, STAGE_WORD_BITS),
        (capability::DEEP_PLACEMENT.offset, placement(units.deep.first, units.deep.every)),
        (capability::KEY_PLACEMENT.offset, placement(units.keys.first, units.keys.every)),
        (capability::KEY_UNITS.offset, target.key_units()),
        (capability::KEY_WAYS.offset, units.keys.ways),
        (capability::KEY_BUCKETS.offset, units.keys.buckets),
        (capability::KEY_STASH.offset, units.keys.stash),
        (capability::KEY_MAPS.offset, units.keys.maps),
        (capability::PORT_DISTANCE.offset, units.ports.before),
    ]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixed_register_has_its_value() {
        let target = Target::named("sim").unwrap();
        let have: Vec<u16> = constants(&target, 0).iter().map(|(address, _)| *address).collect();
        let want: Vec<u16> = weir_regs::ALL
            .iter()
            .filter(|(group, _)| ["identity", "capability"].contains(group))
            .flat_map(|(_, register)| (0..register.count).map(|index| register.at(index)))
            .collect();
        assert_eq!(have, want);
    }
}
