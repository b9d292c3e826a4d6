// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every command that the documentation shows is carried out.
//!
//! Commands stand in blocks marked `sh`. The blocks of a page run as one script, in a folder with the tests' programs
//! and packets and with inputs under the names that the pages use. `./x` is played by a script: it knows the tasks of
//! the real one and what `build` prints, but does none of their work; CI runs `./x test`, the rest is for hands. `cargo`
//! is played likewise: it knows which packages there are.
#![cfg(feature = "sim")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::Folder;

/// What a line of a block begins with that is not marked although it holds commands.
const COMMANDS: &[&str] = &["./x ", "weir ", "$weir ", "cargo ", "clang "];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Markdown files that people read, by path from the top.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    let mut folders = vec!["docs".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// Blocks of a page: line of the fence, mark, text.
fn blocks(text: &str) -> Vec<(usize, String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for (line, content) in (1..).zip(text.lines()) {
        match (content.trim_start().strip_prefix("```"), open.take()) {
            (Some(mark), None) => open = Some((line, mark.trim().to_owned(), String::new())),
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some((at, mark, text))) => open = Some((at, mark, text + content.trim_start() + "\n")),
            (None, None) => (),
        }
    }
    blocks
}

/// The folder in which a page's commands run.
fn folder() -> Folder {
    let folder = Folder::new();
    let tests = root().join("tests");
    std::os::unix::fs::symlink(&tests, folder.path("tests")).expect("a link");
    for name in ["firewall", "drop_port"] {
        folder.program(name);
    }
    let copy = |from: &str, to: &str| {
        std::fs::copy(tests.join(from), folder.path(to)).expect("a copy");
    };
    copy("programs/drop_port.bpf.c", "mine.bpf.c");
    copy("programs/include/weir_bpf.h", "weir_bpf.h");
    copy("packets/demo.pcap", "mine.pcap");
    copy("packets/demo.pcap", "demo.pcap");
    copy("packets/demo-maps.yaml", "demo-maps.yaml");
    let x = root().join("x").canonicalize().expect("the script x");
    let script = format!(
        "#!/bin/sh\ncase $1 in build) echo \"$WEIR\" ;; *) '{}' help | grep -q \"^  $1 \" || exit 9 ;; esac\n",
        x.display()
    );
    folder.file("x", script);
    let top = root().canonicalize().expect("the work tree");
    let script = format!(
        "#!/bin/sh\ncd '{}' && grep -qsx \"name = \\\"$3\\\"\" host/*/Cargo.toml */Cargo.toml || exit 9\n",
        top.display()
    );
    folder.file("cargo", script);
    for name in ["x", "cargo"] {
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(name), executable).expect("permissions");
    }
    folder
}

#[test]
fn every_command_in_the_documentation_works() {
    let weir = Path::new(env!("CARGO_BIN_EXE_weir"));
    let search = format!(
        ".:{}:{}",
        weir.parent().expect("a folder").display(),
        std::env::var("PATH").expect("a search path")
    );
    let mut run = 0;
    for page in pages() {
        let text = std::fs::read_to_string(root().join(&page)).expect("a page");
        let mut script = String::from("set -eu\n");
        for (line, mark, block) in blocks(&text) {
            if mark == "sh" {
                // The shell itself says where it was when it failed.
                script +=
                    &format!("at='{page}:{line}'\ntrap 'echo \"failed in the block at $at\" >&2' EXIT\n");
                script += &block;
            } else if let Some(command) = block.lines().find(|l| COMMANDS.iter().any(|c| l.starts_with(c))) {
                panic!("{page}:{line}: `{command}` is a command; mark its block `sh`");
            }
        }
        if !script.contains("at=") {
            continue;
        }
        script += "trap - EXIT\n";
        run += 1;
        let folder = folder();
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder.path("."))
            .env("PATH", &search)
            .env("WEIR", weir)
            .stdin(Stdio::null())
            .output()
            .expect("bash");
        let (told, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{page}:\n{told}\n{said}");
    }
    assert!(run >= 5, "only {run} pages have commands");
}

#[test]
fn blocks_are_found() {
    let text = "a\n```sh\none\ntwo\n```\nb\n- c\n  ```text\n  x\n  ```\n";
    let found = blocks(text);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], (2, "sh".into(), "one\ntwo\n".into()));
    assert_eq!(found[1], (8, "text".into(), "x\n".into()));
}
