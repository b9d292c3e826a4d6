// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What became of many programs, in one table that is kept and compared: an acceptance that gets lost is a failure, a new
//! one asks for an update of the table.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What became of one program, built in one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The compiler takes it.
    Accepted,
    /// The compiler refuses it, with this code.
    Refused(String),
    /// The loader does not take the program or its object.
    NotLoaded,
    /// clang makes no object of it with the shim.
    NotBuilt,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Accepted => "accepted",
            Fate::Refused(code) => code,
            Fate::NotLoaded => "not loaded",
            Fate::NotBuilt => "not built",
        })
    }
}

/// Fates by program, then by the way it was built.
pub type Fates = BTreeMap<String, BTreeMap<String, Fate>>;

/// One line for each program: its fate, and where ways to build it differ, which way has which.
pub fn lines(fates: &Fates) -> BTreeMap<String, String> {
    fates.iter().map(|(program, by_build)| (program.clone(), line(by_build))).collect()
}

fn line(by_build: &BTreeMap<String, Fate>) -> String {
    let mut groups: BTreeMap<&Fate, Vec<&str>> = BTreeMap::new();
    for (build, fate) in by_build {
        groups.entry(fate).or_default().push(build);
    }
    if let [(fate, _)] = groups.iter().collect::<Vec<_>>().as_slice() {
        return fate.to_string();
    }
    let groups = groups.iter().map(|(fate, builds)| format!("{fate} ({})", builds.join(" ")));
    groups.collect::<Vec<_>>().join(", ")
}

/// How many (program, way to build it) have which fate.
pub fn counts(fates: &Fates) -> BTreeMap<Fate, usize> {
    let mut counts = BTreeMap::new();
    for fate in fates.values().flat_map(BTreeMap::values) {
        *counts.entry(fate.clone()).or_default() += 1;
    }
    counts
}

/// The kept table.
pub struct Kept {
    path: PathBuf,
}

impl Kept {
    /// The table `tests/inputs/<name>.txt`.
    pub fn named(name: &str) -> Kept {
        Kept { path: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("inputs/{name}.txt")) }
    }

    /// The lines that are kept; none where there is no file.
    pub fn lines(&self) -> BTreeMap<String, String> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        rows.filter_map(|l| l.split_once(": ")).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    /// Writes the lines.
    pub fn write(&self, about: &str, lines: &BTreeMap<String, String>) -> std::io::Result<()> {
        let mut text = format!("# SPDX-License-Identifier: Apache-2.0 OR MIT\n# {about}\n");
        for (program, fate) in lines {
            text += &format!("{program}: {fate}\n");
        }
        std::fs::write(&self.path, text)
    }

    /// How the lines of one file's programs differ from those that are kept of it, for a reader.
    pub fn differences(&self, lines: &BTreeMap<String, String>, file: &str) -> Vec<String> {
        let mut kept = self.lines();
        kept.retain(|program, _| program.split(' ').next() == Some(file));
        let programs: std::collections::BTreeSet<&String> = kept.keys().chain(lines.keys()).collect();
        let differs = |program: &&String| kept.get(*program) != lines.get(*program);
        let show = |line: Option<&String>| line.map_or("nothing".to_owned(), Clone::clone);
        let describe = |program: &String| {
            format!("{program}: kept is {}, found was {}", show(kept.get(program)), show(lines.get(program)))
        };
        programs.into_iter().filter(differs).map(describe).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_build_are_named_where_they_differ() {
        let by_build =
            |fates: &[(&str, Fate)]| fates.iter().map(|(b, f)| (b.to_string(), f.clone())).collect();
        let refused = || Fate::Refused("X0103".into());
        let fates = Fates::from([
            ("a".into(), by_build(&[("v1", Fate::Accepted), ("v2", Fate::Accepted)])),
            ("b".into(), by_build(&[("v1", refused()), ("v2", Fate::Accepted), ("v3", refused())])),
        ]);
        let lines = lines(&fates);
        assert_eq!(lines["a"], "accepted");
        assert_eq!(lines["b"], "accepted (v2), X0103 (v1 v3)");
        assert_eq!(counts(&fates)[&Fate::Accepted], 3);
        assert_eq!(counts(&fates)[&refused()], 2);
    }
}
