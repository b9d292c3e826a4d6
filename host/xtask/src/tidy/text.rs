// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Rules about single files: licence line, length, blanks, words and paths that have no place in the repository.

use super::{Finding, SourceFile};

/// A file is one idea; beyond this it is two. Generated tables are none.
const LONGEST: usize = 800;

/// The licence of everything but BPF programs.
const LICENSE: &str = "Apache-2.0 OR MIT";

/// The kernel lets BPF programs use some helpers only under the GPL, so theirs is a choice that includes it.
const BPF_LICENSE: &str = "MIT OR GPL-2.0-only";

/// Written in halves, so that this file does not find itself.
const MARKER: &str = concat!("SPDX-License-", "Identifier: ");

/// Words that mark unfinished work.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("HA", "CK"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
];

/// Folders of somebody's machine.
const MACHINE_PATHS: &[&str] = &["/work/", "/root/", "/farm/", "/home/"];

/// Hosts of package registries: a package is named, not where it comes from.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb", ".debian.org"),
];

/// All rules on all files.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path != "Cargo.lock") {
        license(file, &mut findings);
        length(file, &mut findings);
        blanks(file, &mut findings);
        words(file, &mut findings);
    }
    findings
}

/// Formats without comments, and the licences themselves.
fn needs_license_line(file: &SourceFile) -> bool {
    !file.path.starts_with("LICENSE-") && !matches!(file.extension(), "json" | "expected" | "svg")
}

fn license(file: &SourceFile, findings: &mut Vec<Finding>) {
    if !needs_license_line(file) {
        return;
    }
    let is_bpf = file.path.contains("tests/") && matches!(file.extension(), "c" | "h");
    let expected = if is_bpf { BPF_LICENSE } else { LICENSE };
    let line = file.text.lines().take(4).find_map(|line| line.split_once(MARKER));
    match line.map(|(_, license)| license.trim_end_matches("-->").trim_end_matches("*/").trim()) {
        None => findings.push(Finding::file(file, format!("no line `{MARKER}{expected}` at the top"))),
        Some(license) if license != expected => {
            findings.push(Finding::file(file, format!("licensed `{license}`, must be `{expected}`")));
        }
        Some(_) => {}
    }
}

fn length(file: &SourceFile, findings: &mut Vec<Finding>) {
    let lines = file.text.lines().count();
    let generated = file.text.lines().take(4).any(|line| line.contains("Generated from "));
    if !generated
        && matches!(file.extension(), "rs" | "c" | "h" | "cpp" | "sh" | "md" | "x")
        && lines > LONGEST
    {
        findings.push(Finding::file(file, format!("{lines} lines, at most {LONGEST}")));
    }
}

fn blanks(file: &SourceFile, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::line(file, index, "blanks at the end of the line"));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(Finding::file(file, "no newline at the end"));
    }
}

fn words(file: &SourceFile, findings: &mut Vec<Finding>) {
    // This file lists folders, which are what it looks for.
    let is_this_file = file.path.ends_with("tidy/text.rs");
    for (index, line) in file.text.lines().enumerate() {
        for word in UNFINISHED.iter().filter(|word| contains_word(line, word)) {
            findings.push(Finding::line(file, index, format!("`{word}` marks unfinished work")));
        }
        for path in MACHINE_PATHS.iter().filter(|path| !is_this_file && contains_word(line, path)) {
            findings.push(Finding::line(file, index, format!("`{path}` is a folder of one machine")));
        }
        for host in REGISTRY_HOSTS.iter().filter(|host| line.contains(**host)) {
            findings.push(Finding::line(
                file,
                index,
                format!("`{host}`: name the package, not its registry"),
            ));
        }
    }
}

/// Whether `word` stands in `line` without a letter, digit, dot or underscore right before it.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at]
            .ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | '.' | '}' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile { path: path.into(), text: text.into() };
        check(&[file]).into_iter().map(|f| format!("{}: {}", f.place, f.what)).collect()
    }

    fn licensed(text: &str) -> String {
        format!("// {MARKER}{LICENSE}\n{text}\n")
    }

    #[test]
    fn a_good_file_has_no_finding() {
        assert_eq!(findings("a.rs", &licensed("fn main() {}")), Vec::<String>::new());
        assert_eq!(findings("a.md", &format!("<!-- {MARKER}{LICENSE} -->\n# A\n")), Vec::<String>::new());
    }

    #[test]
    fn licence_lines() {
        assert!(findings("a.rs", "fn main() {}\n")[0].contains("no line"));
        assert!(findings("tests/programs/a.bpf.c", &licensed(""))[0].contains(BPF_LICENSE));
        assert!(findings("a.rs", &format!("// {MARKER}MIT\n"))[0].contains("licensed `MIT`"));
    }

    #[test]
    fn length_and_blanks() {
        assert!(findings("a.rs", &licensed(&"x\n".repeat(LONGEST)))[0].contains("at most"));
        assert_eq!(findings("a.rs", &licensed("a \nb")), ["a.rs:2: blanks at the end of the line"]);
        assert!(findings("a.rs", licensed("a").trim_end())[0].contains("newline"));
    }

    #[test]
    fn words_without_a_place_here() {
        let unfinished = format!("// {} later", UNFINISHED[0]);
        assert!(findings("a.rs", &licensed(&unfinished))[0].contains("unfinished"));
        assert!(
            findings("a.md", &licensed(&format!("see {}x", MACHINE_PATHS[0])))[0].contains("one machine")
        );
        assert!(findings("a.md", &licensed("target/work/x")).is_empty());
        assert!(findings("a.md", &licensed(REGISTRY_HOSTS[0]))[0].contains("registry"));
    }
}
