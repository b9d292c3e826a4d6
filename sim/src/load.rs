// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Loading programs and reaching their maps, over the card's registers.
//!
//! Where the maps of several programs lie in one table unit or key unit is the host's choice: those of a slot are moved
//! as a block behind those of the other slots.

use crate::card::Card;
use crate::error::SimError;
use std::path::Path;
use weir_pipeline::pipeline::Home;
use weir_pipeline::words::STAGE_WORD_U32S;
use weir_pipeline::{Pipeline, Table, Target};
use weir_regs::{MAP_VERSION, Registers, identity, program, table};

/// Polls of a table access before it counts as stuck.
const TABLE_POLLS: u32 = 100_000;

/// Commands to a table unit: see the register `table.command`.
const READ: u32 = 0;
const WRITE: u32 = 1;
const CLEAR: u32 = 2;

/// What a map takes of a unit: which unit, where it begins, how long it is.
type Taken = (u32, u32, u32);

/// A program in a slot.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) tables: Vec<Table>,
    /// Words by which its maps lie behind where the pipeline has them, for each table unit.
    shift: Vec<u32>,
    /// Buckets by which its keys do, for each key unit.
    pub(crate) key_shift: Vec<u32>,
    /// Whether the program may move the heads of packets.
    moves_head: bool,
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

    /// What the card says about its build: a hash of the Verilog that it is made of.
    pub fn build(&mut self) -> Result<u32, SimError> {
        self.registers.read_identity_build()
    }

    /// Loads that the deep-load ports have done since reset.
    pub fn deep_loads(&mut self) -> Result<u64, SimError> {
        let low = self.registers.read_counter_deep_loads(0)?;
        let high = self.registers.read_counter_deep_loads(1)?;
        Ok(u64::from(low) | u64::from(high) << 32)
    }

    /// Loads a program into a slot in place of what was there; its maps start as zeros.
    pub fn load(&mut self, slot: u8, pipeline: &Pipeline) -> Result<(), SimError> {
        self.check_slot(slot)?;
        pipeline.validate(&self.target)?;
        let loaded = Loaded { moves_head: pipeline.moves_head, ..self.place(slot, &pipeline.tables)? };
        self.unload(slot)?;
        self.write_words(slot, pipeline)?;
        self.set_key_maps(slot, &loaded)?;
        for map in &loaded.tables {
            for home in map.homes() {
                let base = home.base + loaded.shift[home.unit as usize];
                self.write_descriptor(slot, home, base, map.bytes() as u32)?;
                self.clear_table_words(home.unit, base, map.bytes() as u32 / 8)?;
            }
        }
        // Evenly spaced from the first packet on, not a burst while the ring is empty and a wait after it.
        let interval = self.target.interval(pipeline.passes(), pipeline.gap);
        self.write_program(slot, pipeline.passes(), interval, pipeline.moves_head)?;
        self.slots[slot as usize] = Some(loaded);
        Ok(())
    }

    /// Takes the program out of a slot: its packets pass unchanged, its map descriptors admit nothing.
    pub fn unload(&mut self, slot: u8) -> Result<(), SimError> {
        self.check_slot(slot)?;
        self.write_program(slot, 0, 1, false)?;
        if let Some(loaded) = self.slots[slot as usize].take() {
            for home in loaded.tables.iter().flat_map(Table::homes) {
                self.write_descriptor(slot, home, 0, 0)?;
            }
        }
        self.forget_key_maps(slot)
    }

    /// The value at `place` of a map, by the map's place in the pipeline's tables: an array's entry, or where a key is.
    pub fn read_value(&mut self, slot: u8, map: usize, place: u32) -> Result<Vec<u8>, SimError> {
        let (words, size) = self.words_of(slot, map, place)?;
        let mut value = Vec::new();
        let mut next = None;
        for (unit, word) in words {
            if next != Some((unit, word)) {
                self.registers.write_table_unit(unit)?;
                self.registers.write_table_address(word)?;
            }
            next = Some((unit, word + 1));
            self.table_access(READ)?;
            value.extend(self.registers.read_table_data_low()?.to_le_bytes());
            value.extend(self.registers.read_table_data_high()?.to_le_bytes());
        }
        value.truncate(size);
        Ok(value)
    }

    /// Sets the value at `place` of a map; `value` has the map's value size.
    pub fn write_value(&mut self, slot: u8, map: usize, place: u32, value: &[u8]) -> Result<(), SimError> {
        let (words, size) = self.words_of(slot, map, place)?;
        if value.len() != size {
            let what = format!("a value has {size} bytes, not {}", value.len());
            return Err(SimError::Value { map, index: place, what });
        }
        for ((unit, address), bytes) in words.into_iter().zip(value.chunks(8)) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            let word = u64::from_le_bytes(word);
            self.registers.write_table_unit(unit)?;
            self.registers.write_table_address(address)?;
            self.registers.write_table_data_low(word as u32)?;
            self.registers.write_table_data_high((word >> 32) as u32)?;
            self.table_access(WRITE)?;
        }
        Ok(())
    }

    fn check_slot(&self, slot: u8) -> Result<(), SimError> {
        if u32::from(slot) < self.target.program_slots {
            Ok(())
        } else {
            Err(SimError::Slot { slot, slots: self.target.program_slots })
        }
    }

    /// Slots whose program may move the heads of packets.
    pub(crate) fn moves_head(&self) -> [bool; 8] {
        std::array::from_fn(|slot| {
            self.slots.get(slot).and_then(Option::as_ref).is_some_and(|loaded| loaded.moves_head)
        })
    }

    /// The program in a slot.
    pub(crate) fn loaded(&self, slot: u8) -> Result<&Loaded, SimError> {
        self.check_slot(slot)?;
        self.slots[slot as usize].as_ref().ok_or(SimError::Empty(slot))
    }

    /// Where the maps of a slot come to lie.
    fn place(&self, slot: u8, tables: &[Table]) -> Result<Loaded, SimError> {
        let words = |t: &Table| t.homes().map(|h| (h.unit, h.base, t.bytes() as u32 / 8)).collect();
        let buckets = |t: &Table| t.keys.iter().map(|keys| (keys.unit, keys.base, keys.buckets)).collect();
        let units = &self.target.units;
        let shift = (0..self.target.table_units()).map(|unit| {
            let shifts = |loaded: &Loaded| loaded.shift[unit as usize];
            self.shift(slot, tables, units.tables.words, unit, &words, &shifts)
        });
        let shift: Option<Vec<u32>> = shift.collect();
        let key_shift = (0..self.target.key_units()).map(|unit| {
            let shifts = |loaded: &Loaded| loaded.key_shift[unit as usize];
            self.shift(slot, tables, units.keys.buckets, unit, &buckets, &shifts)
        });
        let key_shift: Option<Vec<u32>> = key_shift.collect();
        match (shift, key_shift) {
            (Some(shift), Some(key_shift)) => {
                Ok(Loaded { tables: tables.to_vec(), shift, key_shift, moves_head: false })
            }
            (None, _) => Err(SimError::TableSpace { slot }),
            (_, None) => Err(SimError::KeySpace { slot }),
        }
    }

    /// How far what a slot has in one unit of `size` must be moved to lie behind what the other slots have there.
    /// `ranges` gives unit, begin and length of what a map has, `shifts` how far a loaded program's was moved.
    fn shift(
        &self,
        slot: u8,
        tables: &[Table],
        size: u32,
        unit: u32,
        ranges: &dyn Fn(&Table) -> Vec<Taken>,
        shifts: &dyn Fn(&Loaded) -> u32,
    ) -> Option<u32> {
        let end = |tables: &[Table]| {
            let here = tables.iter().flat_map(ranges).filter(|(of, _, _)| *of == unit);
            here.map(|(_, begin, length)| begin + length).max()
        };
        let Some(own) = end(tables) else { return Some(0) };
        let others = self.slots.iter().enumerate().filter(|(other, _)| *other != usize::from(slot));
        let loaded = others.filter_map(|(_, loaded)| loaded.as_ref());
        let shift = loaded.filter_map(|l| Some(end(&l.tables)? + shifts(l))).max().unwrap_or(0);
        (u64::from(own) + u64::from(shift) <= u64::from(size)).then_some(shift)
    }

    /// Words, each with its table unit, and size of the value at a place of a map.
    fn words_of(&self, slot: u8, map: usize, place: u32) -> Result<(Vec<(u32, u32)>, usize), SimError> {
        let loaded = self.loaded(slot)?;
        let fail = |what: String| Err(SimError::Value { map, index: place, what });
        let Some(table) = loaded.tables.get(map) else {
            return fail(format!("the program has {} maps", loaded.tables.len()));
        };
        if place >= table.places {
            return fail(format!("the map has {} places", table.places));
        }
        let words = (0..table.stride() / 8).map(|word| {
            let home = table.home_of(word);
            (home.unit, home.base + loaded.shift[home.unit as usize] + table.word(place, word))
        });
        Ok((words.collect(), table.value_size as usize))
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

    fn write_program(&mut self, slot: u8, passes: u32, gap: u32, moves_head: bool) -> Result<(), SimError> {
        let moves_head = u32::from(moves_head) << program::PASSES.fields[1].low;
        self.registers.write_program_slot(slot.into())?;
        self.registers.write_program_passes(passes | moves_head)?;
        self.registers.write_program_gap(gap)?;
        self.registers.write_program_commit(1)
    }

    fn write_descriptor(&mut self, slot: u8, home: Home, base: u32, limit: u32) -> Result<(), SimError> {
        self.registers.write_map_slot(slot.into())?;
        self.registers.write_map_unit(home.unit)?;
        self.registers.write_map_id(home.id.into())?;
        self.registers.write_map_base(base)?;
        self.registers.write_map_limit(limit)?;
        self.registers.write_map_commit(1)
    }

    fn clear_table_words(&mut self, unit: u32, address: u32, count: u32) -> Result<(), SimError> {
        self.registers.write_table_unit(unit)?;
        self.registers.write_table_address(address)?;
        self.registers.write_table_count(count)?;
        self.table_access(CLEAR)
    }

    /// Starts a table access and waits for its end.
    fn table_access(&mut self, command: u32) -> Result<(), SimError> {
        self.registers.write_table_command(command)?;
        for _ in 0..TABLE_POLLS {
            if self.registers.read_table_status()? & 1 == 0 {
                return Ok(());
            }
        }
        Err(SimError::Register { address: table::STATUS.offset, clocks: TABLE_POLLS })
    }
}
