// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the tests of the command share: a folder of inputs, objects made by clang on the spot, and `weir` itself.

#![allow(dead_code, reason = "every test binary uses its own part of this")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder that goes away with the test.
pub struct Folder(TempDir);

/// What `weir` did.
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
}

impl Folder {
    /// An empty one.
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file; returns its name.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).expect("a file");
        name.to_owned()
    }

    /// Names of all files.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Compiles one of the test programs; returns the object's name.
    pub fn program(&self, name: &str) -> String {
        let source = programs().join(format!("{name}.bpf.c"));
        self.clang(&source, name, "-g")
    }

    /// Compiles C given as text, below the headers that it needs; returns the object's name.
    pub fn object(&self, name: &str, text: &str) -> String {
        let source = self.file(&format!("{name}.c"), format!("#include \"weir_bpf.h\"\n{text}"));
        self.clang(Path::new(&source), name, "-g")
    }

    /// The same without debug information.
    pub fn bare_object(&self, name: &str, text: &str) -> String {
        let source = self.file(&format!("{name}.c"), format!("#include \"weir_bpf.h\"\n{text}"));
        self.clang(Path::new(&source), name, "-g0")
    }

    fn clang(&self, source: &Path, name: &str, debug: &str) -> String {
        let object = format!("{name}.o");
        let clang = std::env::var("WEIR_CLANG").unwrap_or_else(|_| "clang".into());
        let multiarch = format!("/usr/include/{}-linux-gnu", std::env::consts::ARCH);
        let output = Command::new(clang)
            .args(["-target", "bpf", "-O2", debug, "-mcpu=v3", "-I", &multiarch, "-I"])
            .arg(programs().join("include"))
            .arg("-c")
            .arg(source)
            .args(["-o", &object])
            .current_dir(self.0.path())
            .output()
            .expect("clang (package clang)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        object
    }

    /// Runs `weir` in the folder.
    pub fn weir(&self, arguments: &[&str]) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .output()
            .expect("weir");
        Outcome {
            code: output.status.code().expect("an exit code"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs `weir`, which prints JSON with this exit code.
    pub fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let outcome = self.weir(arguments);
        assert_eq!(outcome.code, code, "{arguments:?}: {}{}", outcome.stdout, outcome.stderr);
        serde_json::from_str(&outcome.stdout).expect("JSON")
    }
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs")
}

/// A pcap of packets, from the description of the format (draft-ietf-opsawg-pcap).
pub fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 0x4_0000, 1] {
        bytes.extend(word.to_le_bytes());
    }
    for packet in packets {
        for word in [1, 0, packet.len() as u32, packet.len() as u32] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(packet);
    }
    bytes
}

/// An IPv4 UDP packet to a port.
pub fn udp(port: u16) -> Vec<u8> {
    let mut packet = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
    packet.extend([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend([4, 0, (port >> 8) as u8, port as u8, 0, 26, 0, 0]);
    packet.resize(60, 0);
    packet
}
