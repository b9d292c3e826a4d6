// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `./x gen`: text that is generated and checked in. `check` writes nothing and fails where a file is stale.
//!
//! Generated today: register constants and accessors (`host/regs/src/generated.rs`) and the registers' reference
//! (`docs/reference/registers.md`), both from `hdl/regmap.toml`; configuration spaces (`host/regs/src/config.rs` and
//! `docs/reference/configuration-space.md`) from `hdl/pcie.toml`; and the stage words' reference
//! (`docs/reference/stage-words.md`) from their layout in `weir-pipeline`.

mod config_space;
mod markdown;
mod regmap;
mod rust;
mod stage_words;

use anyhow::{Context, bail};
use std::path::Path;

/// Generates everything below the repository's root, or checks that it is what would be generated.
pub fn run(root: &Path, check: bool) -> anyhow::Result<()> {
    let map = source(root, "hdl/regmap.toml", regmap::parse)?;
    let spaces = source(root, "hdl/pcie.toml", config_space::parse)?;
    let outputs = [
        ("host/regs/src/generated.rs", rust::render(&map)),
        ("docs/reference/registers.md", markdown::render(&map)),
        ("host/regs/src/config.rs", config_space::rust(&spaces)),
        ("docs/reference/configuration-space.md", config_space::markdown(&spaces)),
        ("docs/reference/stage-words.md", stage_words::render()),
    ];
    let mut stale = Vec::new();
    for (name, wanted) in outputs {
        let path = root.join(name);
        let present = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("reading {name}")),
        };
        if present.as_deref() == Some(wanted.as_str()) {
            continue;
        }
        if check {
            stale.push(name);
        } else {
            std::fs::write(&path, wanted).with_context(|| format!("writing {name}"))?;
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; run `./x gen` and commit", stale.join(", "));
    }
    Ok(())
}

/// Reads and parses a source.
fn source<T>(root: &Path, name: &str, parse: impl Fn(&str) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(root.join(name)).with_context(|| format!("reading {name}"))?;
    parse(&text).with_context(|| format!("in {name}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn checked_in_text_is_what_the_sources_generate() {
        super::run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), true).unwrap();
    }
}
