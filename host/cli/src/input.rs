// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What commands read: objects, packets, map files. Every error names the file and the place in it.

pub mod maps;
pub mod packets;

use crate::failure::Failure;
use std::io::Read;
use std::path::Path;

/// All bytes of a file; `-` is standard input.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let result = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    result.map_err(|e| Failure::in_file(path, format!("cannot be read: {}", os_text(&e))))
}

/// The text of an operating system error without the number that Rust appends.
pub fn os_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// The name among `known` that `wanted` was probably meant to be.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wanted, name), name))
        .filter(|(distance, name)| *distance <= 1.max(name.len().max(wanted.len()) / 3))
        .min()
        .map(|(_, name)| name)
}

/// Names that a help line lists at most.
const LISTED: usize = 8;

/// A help line for a name that does not exist.
pub fn suggestion<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(name) = nearest(wanted, known.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let names: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    (1..=LISTED).contains(&names.len()).then(|| format!("there are {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_found_and_far_ones_are_not() {
        let known = ["xdp_firewall", "xdp_pass"];
        assert_eq!(nearest("xdp_fierwall", known), Some("xdp_firewall"));
        assert_eq!(nearest("xdp_pas", known), Some("xdp_pass"));
        assert_eq!(nearest("main", known), None);
        assert_eq!(suggestion("main", known).unwrap(), "there are `xdp_firewall`, `xdp_pass`");
        assert_eq!(suggestion("main", []), None);
    }
}
