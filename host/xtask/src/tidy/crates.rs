// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Rules about the packages: who may depend on whom, where `unsafe` may stand, and the top-level folders.

use super::{Finding, SourceFile};

/// For every package the packages of this workspace that it may depend on; nothing else is allowed.
///
/// `weir-pipeline` and `weir-regs` are the bottom. The RTL never sees the compiler or objects, the compiler never sees
/// the RTL or a device.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("weir-pipeline", &[]),
    ("weir-random", &[]),
    ("weir-regs", &[]),
    ("weir-bpf", &["weir-pipeline"]),
    ("weir-kernel", &["weir-bpf"]),
    ("weir-compiler", &["weir-bpf", "weir-pipeline"]),
    ("weir-hdl", &["weir-pipeline", "weir-random", "weir-regs"]),
    ("weir-sim", &["weir-hdl", "weir-pipeline", "weir-random", "weir-regs"]),
    ("weir-vfio-user", &["weir-guest"]),
    ("weir-guest", &[]),
    ("weir-engines", &["weir-bpf", "weir-compiler", "weir-kernel", "weir-pipeline", "weir-regs", "weir-sim"]),
    (
        "weir-cli",
        &[
            "weir-bpf",
            "weir-compiler",
            "weir-engines",
            "weir-kernel",
            "weir-pipeline",
            "weir-regs",
            "weir-sim",
            "weir-vfio-user",
        ],
    ),
    (
        "weir-tests",
        &[
            "weir-bpf",
            "weir-cli",
            "weir-compiler",
            "weir-engines",
            "weir-guest",
            "weir-hdl",
            "weir-kernel",
            "weir-pipeline",
            "weir-random",
            "weir-regs",
            "weir-sim",
            "weir-vfio-user",
        ],
    ),
    ("xtask", &["weir-pipeline"]),
];

/// Packages that call foreign functions.
const MAY_BE_UNSAFE: &[&str] = &["sim/", "host/kernel/", "host/vfio-user/"];

/// What stands at the top of the repository.
const TOP_LEVEL: &[&str] = &[
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "bitstreams",
    "clippy.toml",
    "constraints",
    "deny.toml",
    "docs",
    "hdl",
    "host",
    "rustfmt.toml",
    "sim",
    "tests",
    "x",
];

/// All rules on all files.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        if file.path.ends_with("/Cargo.toml") {
            dependencies(file, &mut findings);
        }
        forbids_unsafe(file, &mut findings);
        let top = file.path.split('/').next().unwrap_or(&file.path);
        if !TOP_LEVEL.contains(&top) {
            findings.push(Finding::file(file, format!("`{top}` has no place at the top of the repository")));
        }
    }
    findings
}

fn dependencies(file: &SourceFile, findings: &mut Vec<Finding>) {
    let manifest: toml::Table = match file.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return findings.push(Finding::file(file, error.to_string())),
    };
    let name = manifest.get("package").and_then(|p| p.get("name")).and_then(|n| n.as_str()).unwrap_or("?");
    let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(package, _)| *package == name) else {
        return findings.push(Finding::file(file, format!("package `{name}` has no row in {}", file!())));
    };
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(table) = manifest.get(kind).and_then(|table| table.as_table()) else { continue };
        for dependency in table.keys() {
            let ours = MAY_DEPEND_ON.iter().any(|(package, _)| package == dependency);
            if ours && !allowed.contains(&dependency.as_str()) {
                findings.push(Finding::file(file, format!("`{name}` may not depend on `{dependency}`")));
            }
        }
    }
}

fn forbids_unsafe(file: &SourceFile, findings: &mut Vec<Finding>) {
    let is_root = ["/src/lib.rs", "/src/main.rs"].iter().any(|end| file.path.ends_with(end))
        || (file.path.contains("/src/bin/") && file.extension() == "rs");
    let exempt = MAY_BE_UNSAFE.iter().any(|package| file.path.starts_with(package));
    if is_root && !exempt && !file.text.lines().any(|line| line == "#![forbid(unsafe_code)]") {
        findings.push(Finding::file(file, "no `#![forbid(unsafe_code)]`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&[SourceFile { path: path.into(), text: text.into() }]).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn the_compiler_may_not_see_the_rtl() {
        let manifest = |dependency: &str| {
            format!("[package]\nname = \"weir-compiler\"\n[dependencies]\n{dependency}.workspace = true\n")
        };
        assert_eq!(
            findings("host/compiler/Cargo.toml", &manifest("weir-hdl")),
            ["`weir-compiler` may not depend on `weir-hdl`"]
        );
        assert!(findings("host/compiler/Cargo.toml", &manifest("weir-bpf")).is_empty());
        assert!(findings("host/compiler/Cargo.toml", &manifest("thiserror")).is_empty());
    }

    #[test]
    fn an_unknown_package_needs_a_row() {
        assert!(findings("host/new/Cargo.toml", "[package]\nname = \"weir-new\"\n")[0].contains("no row"));
    }

    #[test]
    fn unsafe_code_stands_in_three_packages() {
        assert_eq!(findings("hdl/src/lib.rs", "//! RTL\n"), ["no `#![forbid(unsafe_code)]`"]);
        assert!(findings("hdl/src/lib.rs", "#![forbid(unsafe_code)]\n").is_empty());
        assert!(findings("sim/src/lib.rs", "//! FFI\n").is_empty());
        assert!(findings("host/vfio-user/src/lib.rs", "//! mmap\n").is_empty());
    }

    #[test]
    fn the_top_level_is_fixed() {
        assert_eq!(findings("scripts/a.sh", "\n"), ["`scripts` has no place at the top of the repository"]);
    }
}
