// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where this machine has its Debian packages from: its own list of sources, in either format of sources.list(5).

use std::path::Path;

/// The address of the archive that the system itself was installed from, if this is Debian.
pub fn address(root: &Path) -> Option<String> {
    let release = std::fs::read_to_string(root.join("etc/os-release")).ok()?;
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?.trim_matches('"');
    let mut files = vec![root.join("etc/apt/sources.list")];
    if let Ok(entries) = std::fs::read_dir(root.join("etc/apt/sources.list.d")) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    files.iter().find_map(|file| {
        let text = std::fs::read_to_string(file).ok()?;
        match file.extension()?.to_str()? {
            "list" => one_line(&text, codename),
            "sources" => stanzas(&text, codename),
            _ => None,
        }
    })
}

/// `deb [options] URI SUITE COMPONENT...`
fn one_line(text: &str, codename: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.trim().strip_prefix("deb ")?.trim_start();
        let line = match line.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => line,
        };
        let mut words = line.split_whitespace();
        let (address, suite) = (words.next()?, words.next()?);
        (suite == codename && words.any(|component| component == "main")).then(|| address.to_owned())
    })
}

/// Stanzas of `Key: value` lines.
fn stanzas(text: &str, codename: &str) -> Option<String> {
    text.split("\n\n").find_map(|stanza| {
        let words = |key: &str| -> Vec<&str> {
            let value = stanza.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            value.unwrap_or_default().split_whitespace().collect()
        };
        let fits = words("Types").contains(&"deb")
            && words("Suites").contains(&codename)
            && words("Components").contains(&"main");
        fits.then(|| words("URIs").first().map(|&address| address.to_owned()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(name: &str, text: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("etc/apt/sources.list.d")).unwrap();
        std::fs::write(root.path().join("etc/os-release"), "ID=debian\nVERSION_CODENAME=bookworm\n").unwrap();
        std::fs::write(root.path().join("etc/apt").join(name), text).unwrap();
        root
    }

    #[test]
    fn both_formats() {
        let list = "# deb http://no bookworm main\ndeb-src http://src bookworm main\n\
                    deb http://security bookworm-security main\ndeb [signed-by=/k arch=amd64] http://a/debian bookworm contrib main\n";
        let sources = "Types: deb\nURIs: http://extra\nSuites: bookworm\nComponents: extra\n\n\
                       Types: deb deb-src\nURIs: http://b/debian http://c\nSuites: bookworm-updates bookworm\nComponents: main\n";
        assert_eq!(address(root("sources.list", list).path()).as_deref(), Some("http://a/debian"));
        assert_eq!(
            address(root("sources.list.d/debian.sources", sources).path()).as_deref(),
            Some("http://b/debian")
        );
    }

    #[test]
    fn machines_without() {
        assert_eq!(
            address(root("sources.list", "deb http://security bookworm-security main\n").path()),
            None
        );
        assert_eq!(address(tempfile::tempdir().unwrap().path()), None);
    }
}
