// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Loading programs and reaching their maps, over the card's registers.
//!
//! Where the maps of several programs lie in one table unit is the host's choice: the map descriptors of a slot are
//! moved as a block behind those of the other slots.

use crate::card::Card;
use crate::error::SimError;
use std::path::Path;
use weir_pipeline::words::STAGE_WORD_U32S;
use weir_pipeline::{Pipeline, Table, Target};
use weir_regs::{MAP_VERSION, Registers, identity, table};

/// Polls of a table access before it counts as stuck.
const TABLE_POLLS: u32 = 100_000;

/// A program in a slot.
#[derive(Clone, Debug)]
struct Loaded {
    tables: Vec<Table>,
    /// Words by which its maps lie behind where the pipeline has them, for each table unit.
    shift: Vec<u32>,
}

/// The simulated pipeline with its programs.
#[derive(Debug)]
pub struct PipelineSim {
    pub(crate) registers: Registers<Card>,
    pub(crate) target: Target,
    slots: Vec<Option<Loaded>>,
}

impl PipelineSim {
    /// Names of the targets whose RTL is built in.
    pub fn targets() -> impl Iterator<Item = &'static str> {
        env!("WEIR_BUILT_TARGETS").split(',').filter(|name| !name.is_empty())
    }

    /// The card of a target after reset, without programs; `waves` names a VCD file to record everything in.
    pub fn new(target: &str, waves: Option<&Path>) -> Result<PipelineSim, SimError> {
        if !PipelineSim::targets().any(|built| built == target) {
            let built = PipelineSim::targets().collect::<Vec<_>>().join(", ");
            return Err(SimError::NotBuilt { target: target.to_owned(), built });
        }
        let other = |what: String| SimError::OtherTarget { target: target.to_owned(), what };
        let target = Target::named(target).map_err(|e| other(e.to_string()))?;
        let mut registers = Registers::new(Card::new(&target.name, waves)?);
        let magic = registers.read_identity_magic()?;
        let version = registers.read_identity_map_version()?;
        if Some(magic) != identity::MAGIC.value || version != MAP_VERSION {
            return Err(other(format!("magic {magic:#010x}, register map version {version}")));
        }
        let mut name = Vec::new();
        for index in 0..identity::TARGET_NAME.count {
            name.extend(registers.read_identity_target_name(index)?.to_le_bytes());
        }
        let name = String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned();
        if name != target.name {
            return Err(other(format!("it says `{name}`")));
        }
        let slots = vec![None; target.program_slots as usize];
        Ok(PipelineSim { registers, target, slots })
    }

    /// The target whose RTL this is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Clocks simulated so far.
    pub fn clocks(&mut self) -> u64 {
        self.registers.bus().clocks
    }

    /// Loads a program into a slot in place of what was there; its maps start as zeros.
    pub fn load(&mut self, slot: u8, pipeline: &Pipeline) -> Result<(), SimError> {
        self.check_slot(slot)?;
        pipeline.validate(&self.target)?;
        let shift = self.place(slot, &pipeline.tables)?;
        self.unload(slot)?;
        self.write_words(slot, pipeline)?;
        for map in &pipeline.tables {
            let base = map.base + shift[map.unit as usize];
            self.write_descriptor(slot, map.unit, map.id, base, map.bytes() as u32)?;
            self.write_table_words(map.unit, base, (0..map.bytes() / 8).map(|_| 0))?;
        }
        // Evenly spaced from the first packet on, not a burst while the ring is empty and a wait after it.
        let interval = self.target.interval(pipeline.passes(), pipeline.gap);
        self.write_program(slot, pipeline.passes(), interval)?;
        self.slots[slot as usize] = Some(Loaded { tables: pipeline.tables.clone(), shift });
        Ok(())
    }

    /// Takes the program out of a slot: its packets pass unchanged, its map descriptors admit nothing.
    pub fn unload(&mut self, slot: u8) -> Result<(), SimError> {
        self.check_slot(slot)?;
        self.write_program(slot, 0, 1)?;
        if let Some(loaded) = self.slots[slot as usize].take() {
            for map in &loaded.tables {
                self.write_descriptor(slot, map.unit, map.id, 0, 0)?;
            }
        }
        Ok(())
    }

    /// The bytes of entry `index` of a map, by its place in the pipeline's tables.
    pub fn read_value(&mut self, slot: u8, map: usize, index: u32) -> Result<Vec<u8>, SimError> {
        let (unit, address, size) = self.entry(slot, map, index)?;
        self.registers.write_table_unit(unit)?;
        self.registers.write_table_address(address)?;
        let mut value = Vec::new();
        while value.len() < size {
            self.table_access(false)?;
            value.extend(self.registers.read_table_data_low()?.to_le_bytes());
            value.extend(self.registers.read_table_data_high()?.to_le_bytes());
        }
        value.truncate(size);
        Ok(value)
    }

    /// Sets entry `index` of a map; `value` has the map's value size.
    pub fn write_value(&mut self, slot: u8, map: usize, index: u32, value: &[u8]) -> Result<(), SimError> {
        let (unit, address, size) = self.entry(slot, map, index)?;
        if value.len() != size {
            let what = format!("a value has {size} bytes, not {}", value.len());
            return Err(SimError::Value { map, index, what });
        }
        let words = value.chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(word)
        });
        self.write_table_words(unit, address, words)
    }

    fn check_slot(&self, slot: u8) -> Result<(), SimError> {
        if u32::from(slot) < self.target.program_slots {
            Ok(())
        } else {
            Err(SimError::Slot { slot, slots: self.target.program_slots })
        }
    }

    /// By how many words the maps of a slot are moved, for each table unit.
    fn place(&self, slot: u8, tables: &[Table]) -> Result<Vec<u32>, SimError> {
        let words = u64::from(self.target.units.tables.words);
        let end = |t: &Table| u64::from(t.base) + t.bytes() / 8;
        (0..self.target.table_units())
            .map(|unit| {
                let own = tables.iter().filter(|t| t.unit == unit).map(end).max().unwrap_or(0);
                let others = self.slots.iter().enumerate().filter(|(other, _)| *other != usize::from(slot));
                let loaded = others.filter_map(|(_, loaded)| loaded.as_ref());
                let taken = loaded.flat_map(|l| {
                    let tables = l.tables.iter().filter(|t| t.unit == unit);
                    tables.map(|t| end(t) + u64::from(l.shift[unit as usize]))
                });
                let shift = taken.max().unwrap_or(0);
                match own == 0 || own + shift <= words {
                    true => Ok(shift as u32),
                    false => Err(SimError::TableSpace { unit, slot }),
                }
            })
            .collect()
    }

    /// Table unit, first word and value size of a map's entry.
    fn entry(&self, slot: u8, map: usize, index: u32) -> Result<(u32, u32, usize), SimError> {
        self.check_slot(slot)?;
        let loaded = self.slots[slot as usize].as_ref().ok_or(SimError::Empty(slot))?;
        let fail = |what: String| Err(SimError::Value { map, index, what });
        let Some(table) = loaded.tables.get(map) else {
            return fail(format!("the program has {} maps", loaded.tables.len()));
        };
        if index >= table.max_entries {
            return fail(format!("the map has {} entries", table.max_entries));
        }
        let address = table.base + loaded.shift[table.unit as usize] + table.word(index, 0);
        Ok((table.unit, address, table.value_size as usize))
    }

    fn write_words(&mut self, slot: u8, pipeline: &Pipeline) -> Result<(), SimError> {
        // Data registers keep what was written: only those that change are.
        let mut written = [None; STAGE_WORD_U32S];
        self.registers.write_word_slot(slot.into())?;
        for (pass, stages) in (0..).zip(&pipeline.words) {
            self.registers.write_word_pass(pass)?;
            for (stage, word) in (0..).zip(stages) {
                self.registers.write_word_stage(stage)?;
                for (index, (data, old)) in (0..).zip(word.encode().into_iter().zip(&mut written)) {
                    if *old != Some(data) {
                        self.registers.write_word_data(index, data)?;
                        *old = Some(data);
                    }
                }
                self.registers.write_word_commit(1)?;
            }
        }
        Ok(())
    }

    fn write_program(&mut self, slot: u8, passes: u32, gap: u32) -> Result<(), SimError> {
        self.registers.write_program_slot(slot.into())?;
        self.registers.write_program_passes(passes)?;
        self.registers.write_program_gap(gap)?;
        self.registers.write_program_commit(1)
    }

    fn write_descriptor(
        &mut self,
        slot: u8,
        unit: u32,
        id: u8,
        base: u32,
        limit: u32,
    ) -> Result<(), SimError> {
        self.registers.write_map_slot(slot.into())?;
        self.registers.write_map_unit(unit)?;
        self.registers.write_map_id(id.into())?;
        self.registers.write_map_base(base)?;
        self.registers.write_map_limit(limit)?;
        self.registers.write_map_commit(1)
    }

    fn write_table_words(
        &mut self,
        unit: u32,
        address: u32,
        words: impl Iterator<Item = u64>,
    ) -> Result<(), SimError> {
        self.registers.write_table_unit(unit)?;
        self.registers.write_table_address(address)?;
        let mut written = None;
        for word in words {
            if written != Some(word) {
                self.registers.write_table_data_low(word as u32)?;
                self.registers.write_table_data_high((word >> 32) as u32)?;
                written = Some(word);
            }
            self.table_access(true)?;
        }
        Ok(())
    }

    /// Starts a table access and waits for its end.
    fn table_access(&mut self, write: bool) -> Result<(), SimError> {
        self.registers.write_table_command(write.into())?;
        for _ in 0..TABLE_POLLS {
            if self.registers.read_table_status()? & 1 == 0 {
                return Ok(());
            }
        }
        Err(SimError::Register { address: table::STATUS.offset, clocks: TABLE_POLLS })
    }
}
