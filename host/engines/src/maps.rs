// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Map contents in the one form in which engines are compared, and the map file.
//!
//! A map file is YAML: `maps: {<name>: [{key: "<hex>", value: "<hex>"}]}`, bytes as they are in memory.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::BTreeMap;
use thiserror::Error;
use weir_bpf::MapDef;

/// One entry of a map. For a map per CPU, the value is that of CPU 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Key, as in memory.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub key: Vec<u8>,
    /// Value, as in memory.
    #[serde(serialize_with = "to_hex", deserialize_with = "from_hex")]
    pub value: Vec<u8>,
}

/// Contents of maps by name.
pub type Maps = BTreeMap<String, Vec<Entry>>;

/// Why a map file cannot be used.
#[derive(Debug, Error)]
pub enum MapFileError {
    /// Not YAML of this shape.
    #[error("map file: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// The program's object has no such map.
    #[error("map file: no map `{name}` in the object; it has: {known}")]
    UnknownMap {
        /// Name in the file.
        name: String,
        /// Names in the object, comma separated.
        known: String,
    },
    /// A key or value of another size.
    #[error("map file: map `{map}` entry {index}: {what} of {found} bytes, must be {expected}")]
    Size {
        /// Name of the map.
        map: String,
        /// Number of the entry, from 0.
        index: usize,
        /// `key` or `value`.
        what: &'static str,
        /// Bytes in the file.
        found: usize,
        /// Bytes in the map's definition.
        expected: u32,
    },
    /// An index that an array does not have.
    #[error("map file: map `{map}` entry {index}: key {key} is beyond the array of {max_entries}")]
    Index {
        /// Name of the map.
        map: String,
        /// Number of the entry, from 0.
        index: usize,
        /// Key, as the number it is.
        key: u32,
        /// Entries of the array.
        max_entries: u32,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MapFile {
    maps: Maps,
}

/// Reads a map file and checks it against the maps of an object.
pub fn parse_map_file(text: &str, definitions: &[MapDef]) -> Result<Maps, MapFileError> {
    let MapFile { maps } = serde_yaml::from_str(text)?;
    check_maps(&maps, definitions)?;
    Ok(maps)
}

/// Writes a map file.
pub fn print_map_file(maps: &Maps) -> Result<String, MapFileError> {
    Ok(serde_yaml::to_string(&MapFile { maps: maps.clone() })?)
}

/// Checks that contents fit the maps of an object: names, sizes, array indices.
pub fn check_maps(maps: &Maps, definitions: &[MapDef]) -> Result<(), MapFileError> {
    for (name, entries) in maps {
        let definition = definitions.iter().find(|d| d.name == *name).ok_or_else(|| {
            let known: Vec<&str> = definitions.iter().map(|d| d.name.as_str()).collect();
            MapFileError::UnknownMap { name: name.clone(), known: known.join(", ") }
        })?;
        for (index, entry) in entries.iter().enumerate() {
            for (what, bytes, expected) in
                [("key", &entry.key, definition.key_size), ("value", &entry.value, definition.value_size)]
            {
                if bytes.len() != expected as usize {
                    let (map, found) = (name.clone(), bytes.len());
                    return Err(MapFileError::Size { map, index, what, found, expected });
                }
            }
            if let (true, Some(key)) = (is_array(definition), array_index(&entry.key))
                && key >= definition.max_entries
            {
                let (map, max_entries) = (name.clone(), definition.max_entries);
                return Err(MapFileError::Index { map, index, key, max_entries });
            }
        }
    }
    Ok(())
}

/// Whether every key of this map always exists: ARRAY and PERCPU_ARRAY.
pub fn is_array(definition: &MapDef) -> bool {
    const ARRAY: u32 = 2;
    const PERCPU_ARRAY: u32 = 6;
    matches!(definition.map_type, ARRAY | PERCPU_ARRAY)
}

/// The index that is an array's key.
pub fn array_index(key: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(key.try_into().ok()?))
}

/// The form in which contents are compared: every map of the object, sorted by key, arrays without all-zero values.
pub fn normalise(maps: &mut Maps, definitions: &[MapDef]) {
    for definition in definitions {
        let entries = maps.entry(definition.name.clone()).or_default();
        if is_array(definition) {
            entries.retain(|e| e.value.iter().any(|b| *b != 0));
        }
        entries.sort();
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Bytes from hexadecimal digits; `None` where there is anything else or half a byte.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits?;
    (digits.len() % 2 == 0).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn to_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex(bytes))
}

fn from_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    unhex(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a row of hexadecimal bytes")))
}
