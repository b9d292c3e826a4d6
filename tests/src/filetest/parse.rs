// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A file test's directives: comments whose first word ends in a colon. A word that is none is an error, so that a slip of
//! the pen does not switch a check off.

use std::ops::Range;
use weir_bpf::program::F_RDONLY_PROG;
use weir_bpf::{MapDef, MapType};
use weir_engines::maps::unhex;
use weir_engines::{Entry, Maps, Packet};

/// What can be looked at.
const LEVELS: [&str; 7] = ["cfg", "ssa", "dag", "schedule", "pipeline", "diag", "run"];

/// A file test.
#[derive(Clone, Debug, Default)]
pub struct FileTest {
    /// Target by name.
    pub target: String,
    /// Fields of the target that have another value here.
    pub options: Vec<(String, u32)>,
    /// For C: the instruction set version; `v3` if none is named.
    pub cpu: String,
    /// For C: the program, where there are several.
    pub program: Option<String>,
    /// For assembly: the maps, `map[0]` first.
    pub maps: Vec<MapDef>,
    /// Entries of maps before the first packet.
    pub entries: Maps,
    /// What is looked at, in the order of the file.
    pub sections: Vec<Section>,
}

/// What is looked at, and what is expected of it.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The level.
    pub level: String,
    /// Line of the directive, from 1.
    pub line: usize,
    /// Expectations about lines, in their order.
    pub checks: Vec<Check>,
    /// Lines of the file, from 0, that are the whole text; and these without what makes them comments.
    pub text: Option<Range<usize>>,
    /// The lines of the whole text.
    pub whole: Vec<String>,
    /// Packets and what becomes of them.
    pub packets: Vec<Expected>,
    /// Entries of maps after the last packet; `None` for a key that must not be there.
    pub after: Vec<(String, Vec<u8>, Option<Vec<u8>>)>,
}

/// How a line is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// In this line or one behind it.
    Somewhere,
    /// In the line right behind the last one found.
    Next,
    /// In no line up to the next one found.
    Not,
}

/// One expectation about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How it is looked for.
    pub how: How,
    /// What the line must hold; blanks count as one.
    pub what: String,
    /// Line of the file, from 1.
    pub line: usize,
}

/// A packet and what becomes of it.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The packet.
    pub packet: Packet,
    /// Line of the file, from 1.
    pub line: usize,
    /// The program's return value.
    pub verdict: u32,
    /// Bytes that go on; those of the packet where none are named.
    pub data: Option<Vec<u8>>,
    /// Interface of a redirect.
    pub redirect: Option<u32>,
}

impl FileTest {
    /// Reads the directives of a file; an error begins with its line.
    pub fn parse(text: &str, leader: &str) -> Result<FileTest, String> {
        let mut test = FileTest { target: "sim".into(), cpu: "v3".into(), ..FileTest::default() };
        let mut packet: Option<(Packet, usize)> = None;
        let mut lines = text.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let Some((word, rest)) = directive(line, leader) else { continue };
            let number = index + 1;
            let fail = |what: &str| format!("{number}: {what}: `{}`", line.trim());
            let section = |test: &mut FileTest| match test.sections.pop() {
                Some(section) => Ok(section),
                None => Err(fail("no `test:` stands before")),
            };
            match word {
                "test" if LEVELS.contains(&rest) => {
                    test.sections.push(Section { level: rest.into(), line: number, ..Section::default() });
                }
                "test" => return Err(fail("no such level")),
                "target" => test.target = rest.into(),
                "cpu" => test.cpu = rest.into(),
                "program" => test.program = Some(rest.into()),
                "option" => test.options.push(option(rest).ok_or_else(|| fail("not `NAME = NUMBER`"))?),
                "map" => {
                    test.maps
                        .push(map(rest).ok_or_else(|| fail("not a map: NAME TYPE key N value N entries N"))?);
                }
                "entry" => {
                    let (name, key, value) = entry(rest).ok_or_else(|| fail("not `MAP KEY = VALUE`"))?;
                    let value = value.ok_or_else(|| fail("an entry has a value"))?;
                    test.entries.entry(name).or_default().push(Entry { key, value });
                }
                "check" | "nextln" | "not" => {
                    let how = match word {
                        "check" => How::Somewhere,
                        "nextln" => How::Next,
                        _ => How::Not,
                    };
                    let mut open = section(&mut test)?;
                    open.checks.push(Check { how, what: squeeze(rest), line: number });
                    test.sections.push(open);
                }
                "text" => {
                    let mut open = section(&mut test)?;
                    let end = loop {
                        let (at, line) = lines.next().ok_or_else(|| fail("no `end:` comes"))?;
                        if directive(line, leader).is_some_and(|(word, _)| word == "end") {
                            break at;
                        }
                        let line = line.trim_start().strip_prefix(leader).unwrap_or(line);
                        open.whole.push(line.strip_prefix("   ").unwrap_or(line).to_owned());
                    };
                    open.text = Some(index + 1..end);
                    test.sections.push(open);
                }
                "packet" => {
                    packet = Some((read_packet(rest).ok_or_else(|| fail("not a packet"))?, number));
                }
                "verdict" => {
                    let (packet, line) = packet.take().ok_or_else(|| fail("no `packet:` stands before"))?;
                    let (verdict, data, redirect) = outcome(rest).ok_or_else(|| fail("not an outcome"))?;
                    let mut open = section(&mut test)?;
                    open.packets.push(Expected { packet, line, verdict, data, redirect });
                    test.sections.push(open);
                }
                "after" => {
                    let after =
                        entry(rest).ok_or_else(|| fail("not `MAP KEY = VALUE` or `MAP KEY = none`"))?;
                    let mut open = section(&mut test)?;
                    open.after.push(after);
                    test.sections.push(open);
                }
                _ => return Err(fail("no such directive")),
            }
        }
        if let Some((_, line)) = packet {
            return Err(format!("{line}: a packet without `verdict:`"));
        }
        match test.sections.as_slice() {
            [] => Err("1: no `test:`".into()),
            _ => Ok(test),
        }
    }
}

/// Blanks of any number as one, none at the ends.
pub fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A comment whose first word ends in a colon: the word, and what follows it.
fn directive<'a>(line: &'a str, leader: &str) -> Option<(&'a str, &'a str)> {
    let (word, rest) = line.trim_start().strip_prefix(leader)?.split_once(':')?;
    let word = word.trim();
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    is_word.then(|| (word, rest.trim()))
}

fn option(text: &str) -> Option<(String, u32)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim().to_owned(), value.trim().parse().ok()?))
}

/// `NAME TYPE key N value N entries N [flags N] [initial HEX] [constant]`.
fn map(text: &str) -> Option<MapDef> {
    let mut words = text.split_whitespace();
    let (name, kind) = (words.next()?, words.next()?);
    let kind = MapType::ALL.iter().find(|known| known.name() == kind)?;
    let mut map = MapDef { name: name.into(), map_type: *kind as u32, ..MapDef::default() };
    while let Some(word) = words.next() {
        if word == "constant" {
            map.flags |= F_RDONLY_PROG;
            continue;
        }
        let value = words.next()?;
        match word {
            "key" => map.key_size = value.parse().ok()?,
            "value" => map.value_size = value.parse().ok()?,
            "entries" => map.max_entries = value.parse().ok()?,
            "flags" => map.flags |= value.parse::<u32>().ok()?,
            "initial" => map.initial = Some(unhex(value)?),
            _ => return None,
        }
    }
    Some(map)
}

/// `MAP KEY = VALUE`, or `none` for the value.
fn entry(text: &str) -> Option<(String, Vec<u8>, Option<Vec<u8>>)> {
    let (place, value) = text.split_once('=')?;
    let (name, key) = place.trim().split_once(' ')?;
    let value = match value.trim() {
        "none" => None,
        bytes_of_it => Some(bytes(bytes_of_it)?),
    };
    Some((name.to_owned(), bytes(key)?, value))
}

/// Bytes in hexadecimal digits with blanks wherever wanted; `00*46` is 46 times the same.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for word in text.split_whitespace() {
        match word.split_once('*') {
            Some((part, times)) => bytes.extend(unhex(part)?.repeat(times.parse().ok()?)),
            None => bytes.extend(unhex(word)?),
        }
    }
    Some(bytes)
}

/// Bytes, and behind a comma what the program is told: `interface N`, `queue N`, `time N`.
fn read_packet(text: &str) -> Option<Packet> {
    let mut parts = text.split(',');
    let mut packet = Packet::from(bytes(parts.next()?)?);
    for part in parts {
        let (name, value) = part.trim().split_once(' ')?;
        match name {
            "interface" => packet.meta.ingress_ifindex = value.trim().parse().ok()?,
            "queue" => packet.meta.rx_queue_index = value.trim().parse().ok()?,
            "time" => packet.meta.timestamp = value.trim().parse().ok()?,
            _ => return None,
        }
    }
    Some(packet)
}

/// A verdict by name or number, then bytes if they are not those of the packet, then `to N`.
fn outcome(text: &str) -> Option<(u32, Option<Vec<u8>>, Option<u32>)> {
    const NAMES: [&str; 5] = ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"];
    let (text, redirect) = match text.split_once(" to ") {
        Some((text, to)) => (text, Some(to.trim().parse().ok()?)),
        None => (text, None),
    };
    let (name, data) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let verdict = match NAMES.iter().position(|known| *known == name) {
        Some(number) => number as u32,
        None => name.parse().ok()?,
    };
    let data = bytes(data)?;
    Some((verdict, (!data.is_empty()).then_some(data), redirect))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read() {
        let text = "\
; A title: with a colon is no directive.
; test: run
; map: hits ARRAY key 4 value 8 entries 2
; entry: hits 00*4 = 0100000000000000
; packet: 02*6 0800 00*4, queue 3
; verdict: XDP_REDIRECT ff*14 to 7
; after: hits 01000000 = none
r0 = 1 ; not: a directive either
exit
; test: ssa
; check: v1  =  1
; text:
;   v0 = 1
;     indented
; end:
";
        let test = FileTest::parse(text, ";").unwrap();
        let [run, ssa] = test.sections.as_slice() else { panic!("{test:?}") };
        let packet = &run.packets[0];
        assert_eq!((packet.packet.data.len(), packet.packet.meta.rx_queue_index), (12, 3));
        assert_eq!((packet.verdict, packet.redirect), (4, Some(7)));
        assert_eq!(packet.data.as_deref(), Some(&[0xff; 14][..]));
        assert_eq!(run.after, [("hits".to_owned(), vec![1, 0, 0, 0], None)]);
        assert_eq!(test.entries["hits"][0].key, [0; 4]);
        assert_eq!((&*ssa.checks[0].what, ssa.checks[0].how), ("v1 = 1", How::Somewhere));
        assert_eq!(
            (ssa.whole.as_slice(), ssa.text.clone()),
            (&["v0 = 1".to_owned(), "  indented".to_owned()][..], Some(12..14))
        );
    }

    #[test]
    fn slips_of_the_pen_are_errors() {
        for (text, what) in [
            ("; chekc: x", "1: no such directive: `; chekc: x`"),
            ("; test: sea", "1: no such level: `; test: sea`"),
            ("; check: x", "1: no `test:` stands before: `; check: x`"),
            ("; test: run\n; packet: 00", "2: a packet without `verdict:`"),
            ("; test: run\n; packet: 0", "2: not a packet: `; packet: 0`"),
            ("; test: ssa\n; text:", "2: no `end:` comes: `; text:`"),
            ("r0 = 1", "1: no `test:`"),
        ] {
            assert_eq!(FileTest::parse(text, ";").unwrap_err(), what);
        }
    }
}
