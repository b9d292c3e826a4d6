// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Keys of hash maps, over the card's registers. Only while no packets of the slot are in flight, which is so between
//! two runs.

use crate::error::SimError;
use crate::load::{Loaded, PipelineSim};
use weir_pipeline::keys::Key;
use weir_pipeline::pipeline::KeyPlace;
use weir_pipeline::words::LateOp;
use weir_regs::key;

/// Polls of an operation before it counts as stuck: emptying a whole unit is the longest.
const POLLS: u32 = 100_000;

/// Operations that stage words do not have: see the register `key.command`.
const CLEAR: u32 = 10;
const CLEAR_STASH: u32 = 11;
const SET_MAP: u32 = 12;
const SCAN: u32 = 13;

impl PipelineSim {
    /// Place of a key of a hash map, by the map's place in the pipeline's tables.
    pub fn find(&mut self, slot: u8, map: usize, key: Key) -> Result<Option<u32>, SimError> {
        self.key_operation(slot, map, LateOp::Find, key)
    }

    /// Gives a key of a hash map its place; `None` if there is none left. The value there is what it was.
    pub fn insert(&mut self, slot: u8, map: usize, key: Key) -> Result<Option<u32>, SimError> {
        self.key_operation(slot, map, LateOp::Insert, key)
    }

    /// Takes a key's place away; `None` if there is no such key.
    pub fn delete(&mut self, slot: u8, map: usize, key: Key) -> Result<Option<u32>, SimError> {
        self.key_operation(slot, map, LateOp::Delete, key)
    }

    /// The keys of a hash map with their places.
    pub fn keys(&mut self, slot: u8, map: usize) -> Result<Vec<(Key, u32)>, SimError> {
        let (place, first) = self.key_place(slot, map)?;
        let words = self.loaded(slot)?.tables[map].key_size.div_ceil(4);
        let sizes = self.target.units.keys;
        self.select(slot, &place)?;
        let mut keys = Vec::new();
        for way in 0..sizes.ways {
            self.scan((way, first), place.buckets, words, way * place.buckets, &mut keys)?;
        }
        for position in 0..sizes.stash {
            let number = sizes.ways * place.buckets + position;
            self.scan((sizes.ways + position, first), 1, words, number, &mut keys)?;
        }
        Ok(keys)
    }

    /// The keys in a range of buckets of one cell, each of so many words. The place of the first bucket is `number`.
    fn scan(
        &mut self,
        (cell, first): (u32, u32),
        buckets: u32,
        words: u32,
        number: u32,
        keys: &mut Vec<(Key, u32)>,
    ) -> Result<(), SimError> {
        self.registers.write_key_cell(cell)?;
        self.registers.write_key_bucket(first)?;
        self.registers.write_key_count(buckets)?;
        while self.key_command(SCAN)? {
            let mut halves = [0; 4];
            for (index, half) in (0..words).zip(&mut halves) {
                *half = match index {
                    0 => self.registers.read_key_data_0()?,
                    1 => self.registers.read_key_data_1()?,
                    2 => self.registers.read_key_data_2()?,
                    _ => self.registers.read_key_data_3()?,
                };
            }
            let word = |low: usize| u64::from(halves[low]) | u64::from(halves[low + 1]) << 32;
            let left = self.registers.read_key_count()?;
            keys.push(([word(0), word(2)], number + buckets - 1 - left));
            if left == 0 {
                break;
            }
        }
        Ok(())
    }

    fn key_operation(&mut self, slot: u8, map: usize, op: LateOp, key: Key) -> Result<Option<u32>, SimError> {
        let (place, _) = self.key_place(slot, map)?;
        self.select(slot, &place)?;
        self.registers.write_key_data_0(key[0] as u32)?;
        self.registers.write_key_data_1((key[0] >> 32) as u32)?;
        self.registers.write_key_data_2(key[1] as u32)?;
        self.registers.write_key_data_3((key[1] >> 32) as u32)?;
        match self.key_command(op as u32)? {
            true => self.registers.read_key_place().map(Some),
            false => Ok(None),
        }
    }

    /// Where the keys of a map lie, and its first bucket in the unit.
    fn key_place(&self, slot: u8, map: usize) -> Result<(KeyPlace, u32), SimError> {
        let loaded = self.loaded(slot)?;
        match loaded.tables.get(map).and_then(|table| table.keys) {
            Some(place) => Ok((place, place.base + loaded.key_shift[place.unit as usize])),
            None => Err(SimError::Value { map, index: 0, what: "it is no hash map of the program".into() }),
        }
    }

    /// Makes the key units ready for the maps of a program: no keys, and no maps but these.
    pub(crate) fn set_key_maps(&mut self, slot: u8, loaded: &Loaded) -> Result<(), SimError> {
        self.forget_key_maps(slot)?;
        for table in &loaded.tables {
            let Some(place) = table.keys else { continue };
            self.select(slot, &place)?;
            self.registers.write_key_bucket(place.base + loaded.key_shift[place.unit as usize])?;
            self.registers.write_key_count(place.buckets)?;
            self.key_command(CLEAR)?;
            self.registers.write_key_base(place.base + loaded.key_shift[place.unit as usize])?;
            self.registers.write_key_size(place.buckets.ilog2())?;
            // A map never has more keys than places, and they can be counted.
            self.registers.write_key_limit(table.max_entries.min(key::LIMIT.mask))?;
            self.key_command(SET_MAP)?;
        }
        Ok(())
    }

    /// Takes all hash maps of a slot away.
    pub(crate) fn forget_key_maps(&mut self, slot: u8) -> Result<(), SimError> {
        for unit in 0..self.target.key_units() {
            self.registers.write_key_limit(0)?;
            for id in 0..self.target.units.keys.maps {
                self.select(slot, &KeyPlace { unit, id: id as u8, base: 0, buckets: 1 })?;
                self.key_command(SET_MAP)?;
            }
            self.key_command(CLEAR_STASH)?;
        }
        Ok(())
    }

    fn select(&mut self, slot: u8, place: &KeyPlace) -> Result<(), SimError> {
        self.registers.write_key_unit(place.unit)?;
        self.registers.write_key_slot(slot.into())?;
        self.registers.write_key_id(place.id.into())
    }

    /// Starts an operation and waits for its end; whether it found something.
    fn key_command(&mut self, op: u32) -> Result<bool, SimError> {
        self.registers.write_key_command(op)?;
        for _ in 0..POLLS {
            let status = self.registers.read_key_status()?;
            if status & 1 == 0 {
                return Ok(status & 2 != 0);
            }
        }
        Err(SimError::Register { address: key::STATUS.offset, clocks: POLLS })
    }
}
