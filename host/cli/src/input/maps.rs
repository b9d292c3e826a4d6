// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Map files, read with the name of the file in every error. Their form is [`weir_engines::maps`]'s.

use crate::failure::Failure;
use crate::input::{self, suggestion};
use std::path::Path;
use weir_bpf::MapDef;
use weir_engines::{MapFileError, Maps, parse_map_file};

/// Reads a map file and holds it against the maps of an object.
pub fn read(path: &Path, definitions: &[MapDef]) -> Result<Maps, Failure> {
    let bytes = input::read(path)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::in_file(path, "not a map file: not text"))?;
    parse_map_file(&text, definitions).map_err(|error| {
        let mut failure = Failure::in_file(path, one_line(&error.to_string()));
        failure.help = match &error {
            MapFileError::Yaml(_) => Some("maps: { NAME: [{ key: \"HEX\", value: \"HEX\" }] }".into()),
            MapFileError::UnknownMap { name, .. } => {
                suggestion(name, definitions.iter().map(|d| d.name.as_str()))
            }
            _ => None,
        };
        failure
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_bpf::MapType;

    fn parse(text: &[u8]) -> Result<Maps, Failure> {
        let rules = MapDef {
            name: "rules".into(),
            map_type: MapType::Array as u32,
            key_size: 4,
            value_size: 8,
            max_entries: 16,
            ..MapDef::default()
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path(), &[rules])
    }

    #[test]
    fn what_is_wrong_is_named_in_one_line() {
        let entry = |key: &str, value: &str| format!("maps: {{rules: [{{key: {key}, value: {value}}}]}}");
        assert!(parse(entry("'0f000000'", "'5000000000000000'").as_bytes()).is_ok());
        let unquoted = parse(entry("00000000", "5000000000000000").as_bytes()).unwrap();
        assert_eq!((&*unquoted["rules"][0].key, unquoted["rules"][0].value[0]), (&[0; 4][..], 0x50));
        for (text, part, help) in [
            (entry("'0000'", "'5000000000000000'"), "map `rules` entry 0: key of 2 bytes", ""),
            (entry("'00000000'", "'50'"), "value of 1 bytes", ""),
            (entry("'10000000'", "'5000000000000000'"), "16", ""),
            (entry("'0000000x'", "'5000000000000000'"), "0000000x", ""),
            (entry("[0]", "'5000000000000000'"), "expected a string", "HEX"),
            ("maps: {rule: []}".into(), "no map `rule`", "did you mean `rules`?"),
            ("map: {}".into(), "unknown field `map`", "NAME"),
            ("\u{0}".into(), "map file", ""),
        ] {
            let failure = parse(text.as_bytes()).unwrap_err();
            assert!(failure.message.contains(part), "{text}: {}", failure.message);
            assert!(!failure.message.contains('\n'), "{}", failure.message);
            assert!(failure.help.unwrap_or_default().contains(help), "{text}");
        }
        assert!(parse(&[0xff, 0xfe]).unwrap_err().message.contains("not text"));
    }
}
