// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Rules about prose: the book lists all its pages, and links between files lead somewhere.

use super::{Finding, SourceFile};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where the pages of the book are.
const BOOK: &str = "docs/";

/// All rules on all Markdown files; `paths` are all files that a link may point to.
pub fn check(files: &[SourceFile], paths: &[PathBuf]) -> Vec<Finding> {
    let existing: BTreeSet<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let mut findings = Vec::new();
    let mut in_summary = BTreeSet::new();
    for file in files.iter().filter(|file| file.extension() == "md") {
        for (index, target) in links(&file.text) {
            let resolved = resolve(&file.path, &target);
            let found = existing.contains(resolved.as_path())
                || existing.iter().any(|path| path.starts_with(&resolved) && target.ends_with('/'));
            if !found {
                findings.push(Finding::line(file, index, format!("the link to `{target}` leads nowhere")));
            }
            if file.path.ends_with("/SUMMARY.md") {
                in_summary.insert(resolved);
            }
        }
    }
    for file in files.iter().filter(|file| file.extension() == "md" && file.path.starts_with(BOOK)) {
        if !file.path.ends_with("/SUMMARY.md") && !in_summary.contains(Path::new(&file.path)) {
            findings.push(Finding::file(file, "SUMMARY.md does not list this page"));
        }
    }
    findings
}

/// Targets of `[text](target)` outside code, with the index of their line; not those on the web or inside the page.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let Some((target, _)) = part.split_once(')') else { continue };
            let target = target.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                links.push((index, target.to_owned()));
            }
        }
    }
    links
}

/// The path that a link in the file `from` means, from the top of the work tree.
fn resolve(from: &str, target: &str) -> PathBuf {
    let mut path: Vec<&str> = from.split('/').collect();
    path.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let paths: Vec<PathBuf> = files.iter().map(|(path, _)| PathBuf::from(path)).collect();
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() })
            .collect();
        check(&files, &paths).into_iter().map(|f| format!("{}: {}", f.place, f.what)).collect()
    }

    #[test]
    fn pages_are_listed_and_links_lead_somewhere() {
        let summary = ("docs/SUMMARY.md", "- [A](a.md)\n- [B](b/b.md#here)\n");
        let good = [summary, ("docs/a.md", "[up](../README.md) [dir](b/)"), ("README.md", "")];
        assert_eq!(findings(&[&good[..], &[("docs/b/b.md", "")]].concat()), Vec::<String>::new());
        let missing = findings(&good);
        assert_eq!(missing[0], "docs/SUMMARY.md:2: the link to `b/b.md` leads nowhere");
        let unlisted = findings(&[("docs/SUMMARY.md", ""), ("docs/a.md", "`[x](y)`\n```\n[x](z)\n```\n")]);
        assert_eq!(unlisted.last().unwrap(), "docs/a.md: SUMMARY.md does not list this page");
    }
}
