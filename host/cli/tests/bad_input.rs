// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Bad input: one clear line naming what and where, exit code 1 or 2, and no file half written.

mod support;

use serde_json::Value;
use support::{Folder, pcap, udp};

/// Runs `weir prog run -j` with outputs asked for; checks form and side effects; returns code and message.
fn run(folder: &Folder, arguments: &[&str]) -> (i64, String) {
    let before = folder.names();
    let outputs = ["--maps-out", "out.yaml", "--engine", "interp"];
    let outcome = folder.weir(&[&["prog", "run"], arguments, &outputs].concat());
    assert!((1..=2).contains(&outcome.code), "{arguments:?}: {} {}", outcome.code, outcome.stderr);
    assert!(outcome.stdout.is_empty(), "{}", outcome.stdout);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert!(lines[0].starts_with("error: "), "{}", outcome.stderr);
    assert!(lines.len() == 1 || (lines.len() == 2 && lines[1].starts_with("help: ")), "{}", outcome.stderr);
    assert_eq!(folder.names(), before, "a failed run leaves files");

    let json = folder.json(outcome.code, &[&["-j", "prog", "run"], arguments, &outputs].concat());
    assert_eq!(json["schema"], 1);
    let error = &json["error"];
    let (code, message) = (error["code"].as_i64(), error["message"].as_str());
    assert_eq!(code, Some(i64::from(outcome.code)));
    assert_eq!(Some(&lines[0]["error: ".len()..]), message);
    assert!(matches!(error["help"], Value::String(_) | Value::Null));
    (i64::from(outcome.code), outcome.stderr)
}

fn expect(folder: &Folder, arguments: &[&str], code: i64, parts: &[&str]) {
    let (got, message) = run(folder, arguments);
    assert_eq!(got, code, "{message}");
    for part in parts {
        assert!(message.contains(part), "{arguments:?}: `{part}` is not in: {message}");
    }
}

#[test]
fn objects() {
    let folder = Folder::new();
    folder.file("p.pcap", pcap(&[udp(80)]));
    folder.file("text.o", "int main;");
    folder.file("empty.o", "");
    let run = |object: &str, code, parts: &[&str]| {
        expect(&folder, &[object, "--packets", "p.pcap"], code, parts);
    };
    run("missing.o", 1, &["`missing.o`", "no such file"]);
    run(".", 1, &["`.`", "directory"]);
    run("text.o", 1, &["`text.o`", "ELF"]);
    run("empty.o", 1, &["`empty.o`"]);
    let object = folder.program("drop_port");
    let bytes = std::fs::read(folder.path(&object)).expect("the object");
    folder.file("cut.o", &bytes[..bytes.len() / 2]);
    run("cut.o", 1, &["`cut.o`"]);
}

#[test]
fn maps_of_absurd_sizes() {
    let folder = Folder::new();
    let text = "
        struct { MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY); MAP_NUMBER(max_entries, 4194305); MAP_TYPE(key, __u32);
                 MAP_TYPE(value, __u8); } many SEC(\".maps\");
        SEC(\"xdp\") int look(struct xdp_md *ctx) { __u32 key = 0; return map_lookup(&many, &key) ? 2 : 1; }";
    let object = folder.object("many", text);
    expect(&folder, &[&object, "--data-in", "00"], 1, &["4194305 entries", "at most"]);
}

#[test]
fn programs() {
    let folder = Folder::new();
    folder.file("p.pcap", pcap(&[udp(80)]));
    let tc = "SEC(\"classifier\") int only_tc(void *ctx) { return 0; }\nchar L[] SEC(\"license\") = \"GPL\";";
    folder.object("tc", tc);
    expect(&folder, &["tc.o", "--packets", "p.pcap"], 1, &["`tc.o`", "xdp", "classifier"]);
    let object = folder.program("drop_port");
    let with = |flag, name, parts: &[&str]| {
        expect(&folder, &[&object, "--packets", "p.pcap", flag, name], 2, parts);
    };
    with("--program", "drop_prot", &["`drop_port.o`", "`drop_prot`", "did you mean `drop_port`?"]);
    with("--section", "xpd", &["`drop_port.o`", "`xpd`", "`xdp`"]);
    with("--target", "sin", &["`sin`", "did you mean `sim`?"]);
}

/// A pcapng of packets, from the description of the format (draft-ietf-opsawg-pcapng).
fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = (12 + body.len().next_multiple_of(4)) as u32;
        let mut block = [kind.to_le_bytes(), length.to_le_bytes()].concat();
        block.extend(body);
        block.resize(length as usize - 4, 0);
        block.extend(length.to_le_bytes());
        block
    };
    let mut section = vec![0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
    section.extend([0xff; 8]);
    let mut bytes = [block(0x0a0d_0d0a, &section), block(1, &[1, 0, 0, 0, 0, 0, 4, 0])].concat();
    for packet in packets {
        let length = packet.len() as u32;
        let mut body: Vec<u8> =
            [0, 0, 1, length, length].iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
        body.extend(packet);
        bytes.extend(block(6, &body));
    }
    bytes
}

#[test]
fn a_whole_pcapng_is_none_of_it() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    folder.file("whole.pcapng", pcapng(&[udp(80), udp(81)]));
    let outcome = folder.weir(&["prog", "run", &object, "--packets", "whole.pcapng", "--engine", "interp"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("2 packets"), "{}", outcome.stdout);
}

#[test]
fn captures() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let whole = pcap(&[udp(80), udp(81)]);
    let run = |name: &str, bytes: &[u8], parts: &[&str]| {
        folder.file(name, bytes);
        let quoted = format!("`{name}`");
        expect(&folder, &[&object, "--packets", name], 1, &[&[&*quoted], parts].concat());
    };
    run("cut.pcap", &whole[..whole.len() - 1], &["packet 1 (at byte 100)", "ends"]);
    run("head.pcap", &whole[..20], &["header", "ends"]);
    run("empty.pcap", b"", &["empty"]);
    run("text.pcap", b"GET / HTTP/1.1", &["neither pcap nor pcapng"]);
    run("none.pcap", &pcap(&[]), &["no packets"]);
    run("zero.pcap", &pcap(&[udp(80), vec![]]), &["packet 1", "empty"]);
    run("long.pcap", &pcap(&[udp(80), vec![0; 1519]]), &["packet 1", "1519 bytes", "1518"]);
    let mut radio = whole.clone();
    radio[20] = 127;
    run("radio.pcap", &radio, &["link type", "ETHERNET"]);
    let section = [0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
    run("cut.pcapng", &section, &["section header", "ends"]);
    let pcapng = pcapng(&[udp(80), udp(81)]);
    run("short.pcapng", &pcapng[..pcapng.len() - 5], &["the block after packet 0", "ends"]);
    let mut radio = pcapng.clone();
    radio[36] = 127;
    run("radio.pcapng", &radio, &["link type", "ETHERNET"]);
    let mut stray = pcapng;
    stray[56] = 7;
    run("stray.pcapng", &stray, &["packet 0", "interface 7"]);
    expect(&folder, &[&object, "--packets", "."], 1, &["`.`", "directory"]);
    expect(&folder, &[&object, "--packets", "missing.pcap"], 1, &["`missing.pcap`", "no such file"]);
    expect(&folder, &[&object, "--data-in", "abc"], 1, &["--data-in `abc`"]);
    expect(&folder, &[&object, "--data-in", ""], 1, &["--data-in", "empty"]);
}

#[test]
fn map_files() {
    let folder = Folder::new();
    folder.file("p.pcap", pcap(&[udp(80)]));
    let object = folder.program("firewall");
    let run = |yaml: &str, parts: &[&str]| {
        folder.file("m.yaml", yaml);
        expect(
            &folder,
            &[&object, "--packets", "p.pcap", "--maps", "m.yaml"],
            1,
            &[&["`m.yaml`"], parts].concat(),
        );
    };
    run("maps: {rules: [{key: '0000', value: '0000000000000000'}]}", &["`rules`", "key", "2", "4"]);
    run("maps: {rules: [{key: '00000000', value: '00'}]}", &["`rules`", "value", "1", "8"]);
    run("maps: {rules: [{key: '00040000', value: '0000000000000000'}]}", &["`rules`", "1024"]);
    run("maps: {rulse: []}", &["`rulse`", "did you mean `rules`?"]);
    run("maps: [", &["map file", "line 1"]);
    run("", &["map file"]);
    expect(
        &folder,
        &[&object, "--packets", "p.pcap", "--maps", "missing.yaml"],
        1,
        &["`missing.yaml`", "no such file"],
    );
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = Folder::new();
    let object = folder.program("drop_port");
    let outcome = folder.weir(&["prog", "run", &object, "--data-in", "00", "--maps-out", "no/folder/m.yaml"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`no/folder/m.yaml`: cannot be written"), "{}", outcome.stderr);
}

#[test]
fn unknown_codes_are_named() {
    let folder = Folder::new();
    let outcome = folder.weir(&["explain", "X9999"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("error: ") && outcome.stderr.contains("X9999"), "{}", outcome.stderr);
    let outcome = folder.weir(&["explain"]);
    assert_eq!(outcome.code, 0);
    assert!(
        outcome.stdout.lines().count() > 10 && outcome.stdout.starts_with("X0001  "),
        "{}",
        outcome.stdout
    );
}

/// What the kernel's verifier refuses: name, code, body, and what stands in the line that is shown.
const UNSAFE: [(&str, &str, &str, &str); 4] = [
    (
        "outside",
        "error[X0301]",
        "__u8 *data = (void *)(long)ctx->data;
         return data[20];",
        "return data[20]",
    ),
    (
        "endless",
        "error[X0103]",
        "__u64 left = ctx->ingress_ifindex;
         while (left != 3)
             asm volatile(\"%0 = *(u32 *)(%1 + 12)\" : \"=r\"(left) : \"r\"(ctx));
         return 1;",
        "while (left != 3)",
    ),
    (
        "unset",
        "error[X0201]",
        "__u64 value;
         asm volatile(\"%0 = r7\" : \"=r\"(value) :: \"r7\");
         return value;",
        "= r7",
    ),
    (
        "pointer",
        "error[X0204]",
        "__u64 data = (long)(void *)(long)ctx->data;
         asm volatile(\"%0 *= 3\" : \"+r\"(data));
         return *(__u8 *)data;",
        "*= 3",
    ),
];

#[test]
fn what_the_verifier_refuses_is_refused_with_its_line() {
    for (name, code, body, line) in UNSAFE {
        let folder = Folder::new();
        let text = format!("SEC(\"xdp\") int {name}(struct xdp_md *ctx)\n{{\n{body}\n}}");
        let object = folder.object(name, &text);
        let before = folder.names();
        let arguments =
            ["prog", "run", &object, "--data-in", "00112233445566778899aabbccdd", "--maps-out", "m.yaml"];
        let outcome = folder.weir(&arguments);
        assert_eq!(outcome.code, 3, "{name}: {}{}", outcome.stdout, outcome.stderr);
        assert_eq!(folder.names(), before, "a refused program leaves files");
        for part in [code, &format!("{name}.c:"), "instruction ", line] {
            assert!(outcome.stderr.contains(part), "{name}: `{part}` is not in\n{}", outcome.stderr);
        }
    }
}
