// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The demo's files in `tests/packets` are what the generator makes. `WEIR_BLESS=1 cargo test` writes them anew.

use std::path::Path;
use weir_tests::demo;

fn check(name: &str, made: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packets").join(name);
    if std::env::var_os("WEIR_BLESS").is_some() {
        std::fs::write(&path, made).expect("the folder can be written");
    }
    let kept = std::fs::read(&path).expect("the file is kept");
    assert!(kept == made, "{name} is not what the generator makes; WEIR_BLESS=1 writes it anew");
}

#[test]
fn the_capture_is_as_generated() {
    let capture = demo::capture().unwrap();
    assert!(capture.len() < 64 * 1024, "{} bytes", capture.len());
    check("demo.pcap", &capture);
}

#[test]
fn the_maps_are_as_generated() {
    let head = "# SPDX-License-Identifier: Apache-2.0 OR MIT\n\
        # Rules of the demo's firewall: struct rule {u16 port; u8 protocols; u8 action; u32 pad} of firewall.bpf.c.\n";
    let yaml = weir_engines::print_map_file(&demo::maps()).unwrap();
    check("demo-maps.yaml", format!("{head}{yaml}").as_bytes());
}
