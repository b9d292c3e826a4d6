// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Map contents in the one form in which engines are compared, and the map file.
//!
//! A map file is YAML: `maps: {<name>: [{key: "<hex>", value: "<hex>"}]}`, bytes as they are in memory.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use weir_bpf::program::F_RDONLY_PROG;
use weir_bpf::{MapDef, MapType};

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
    /// Data that is constant once the program is loaded.
    #[error("map file: map `{0}` is read-only data of the program and cannot have another value")]
    ReadOnly(String),
    /// More keys than a map holds.
    #[error("map file: map `{map}`: {found} keys, it holds {max_entries}")]
    Full {
        /// Name of the map.
        map: String,
        /// Keys in the file.
        found: usize,
        /// Entries of the map.
        max_entries: u32,
    },
}

/// Whether entries of this map come and go with their keys, up to a limit.
fn is_bounded(definition: &MapDef) -> bool {
    matches!(definition.kind(), Some(MapType::Hash | MapType::PercpuHash | MapType::DevmapHash))
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
        // Its own value is no change: files that were written have it.
        if is_constant(definition)
            && entries.iter().any(|entry| Some(&entry.value) != definition.initial.as_ref())
        {
            return Err(MapFileError::ReadOnly(name.clone()));
        }
        for (index, entry) in entries.iter().enumerate() {
            for (what, bytes, expected) in
                [("key", &entry.key, definition.key_size), ("value", &entry.value, definition.value_size)]
            {
                if bytes.len() != expected as usize {
                    let (map, found) = (name.clone(), bytes.len());
                    return Err(MapFileError::Size { map, index, what, found, expected });
                }
            }
            let indexed = is_array(definition) || definition.kind() == Some(MapType::Devmap);
            if let (true, Some(key)) = (indexed, array_index(&entry.key))
                && key >= definition.max_entries
            {
                let (map, max_entries) = (name.clone(), definition.max_entries);
                return Err(MapFileError::Index { map, index, key, max_entries });
            }
        }
        let keys: BTreeSet<&Vec<u8>> = entries.iter().map(|entry| &entry.key).collect();
        if is_bounded(definition) && keys.len() > definition.max_entries as usize {
            let (map, max_entries) = (name.clone(), definition.max_entries);
            return Err(MapFileError::Full { map, found: keys.len(), max_entries });
        }
    }
    Ok(())
}

/// Whether every key of this map always exists: ARRAY and PERCPU_ARRAY.
pub fn is_array(definition: &MapDef) -> bool {
    matches!(definition.kind(), Some(MapType::Array | MapType::PercpuArray))
}

/// Whether this is static data that nobody can change once the program is loaded.
pub fn is_constant(definition: &MapDef) -> bool {
    definition.initial.is_some() && definition.flags & F_RDONLY_PROG != 0
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

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions() -> Vec<MapDef> {
        let map = |name: &str, map_type, value_size| MapDef {
            name: name.into(),
            map_type,
            key_size: 4,
            value_size,
            max_entries: 4,
            ..MapDef::default()
        };
        vec![map("array", 2, 2), map("hash", 1, 1)]
    }

    #[test]
    fn a_map_file_survives_reading_and_writing() {
        let text =
            "maps: {array: [{key: '03000000', value: 'FF00'}], hash: [{key: '1e100000', value: 'a0'}]}";
        let maps = parse_map_file(text, &definitions()).unwrap();
        assert_eq!(maps["array"], [Entry { key: vec![3, 0, 0, 0], value: vec![0xff, 0] }]);
        assert_eq!(maps["hash"], [Entry { key: vec![0x1e, 0x10, 0, 0], value: vec![0xa0] }]);
        let printed = print_map_file(&maps).unwrap();
        assert_eq!(parse_map_file(&printed, &definitions()).unwrap(), maps, "{printed}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = |text: &str| parse_map_file(text, &definitions()).unwrap_err().to_string();
        assert_eq!(error("maps: {nat: []}"), "map file: no map `nat` in the object; it has: array, hash");
        assert_eq!(
            error("maps: {array: [{key: '00000000', value: 'ffff'}, {key: '00', value: 'ffff'}]}"),
            "map file: map `array` entry 1: key of 1 bytes, must be 4"
        );
        assert_eq!(
            error("maps: {hash: [{key: '00000000', value: 'ffff'}]}"),
            "map file: map `hash` entry 0: value of 2 bytes, must be 1"
        );
        assert_eq!(
            error("maps: {array: [{key: '04000000', value: 'ffff'}]}"),
            "map file: map `array` entry 0: key 4 is beyond the array of 4"
        );
        let data = MapDef {
            name: ".rodata".into(),
            flags: F_RDONLY_PROG,
            initial: Some(vec![1, 2]),
            ..definitions().remove(0)
        };
        let text = "maps: {.rodata: [{key: '00000000', value: '0100'}]}";
        let refused = parse_map_file(text, std::slice::from_ref(&data)).unwrap_err().to_string();
        let what = "is read-only data of the program and cannot have another value";
        assert_eq!(refused, format!("map file: map `.rodata` {what}"));
        assert!(parse_map_file(&text.replace("0100", "0102"), &[data]).is_ok());
        let five: Vec<String> = (0..5).map(|key| format!("{{key: '0{key}000000', value: 'ff'}}")).collect();
        assert_eq!(
            error(&format!("maps: {{hash: [{}]}}", five.join(", "))),
            "map file: map `hash`: 5 keys, it holds 4"
        );
        assert!(error("maps: {hash: [{key: '0000000', value: 'ff'}]}").contains("`0000000` is not a row of"));
        assert!(error("map: {}").contains("unknown field `map`"));
    }

    #[test]
    fn normal_form_has_every_map_and_no_zeros_in_arrays() {
        let zero = Entry { key: vec![1, 0, 0, 0], value: vec![0, 0] };
        let last = Entry { key: vec![2, 0, 0, 0], value: vec![0, 1] };
        let first = Entry { key: vec![0; 4], value: vec![1, 0] };
        let mut maps = Maps::from([("array".into(), vec![last.clone(), zero, first.clone()])]);
        normalise(&mut maps, &definitions());
        assert_eq!(maps, Maps::from([("array".into(), vec![first, last]), ("hash".into(), vec![])]));
    }
}
