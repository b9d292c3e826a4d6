// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The files of `tests/filetests`, one test each; `WEIR_BLESS` rewrites the whole texts they expect.

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use weir_tests::filetest::run_file;
use weir_tests::{corpus, skip};

fn run(name: &str, path: &Path) -> Result<(), Failed> {
    if path.extension().is_some_and(|extension| extension == "c")
        && let Err(missing) = corpus::clang_for("v3")
    {
        skip(name, missing);
        return Ok(());
    }
    Ok(run_file(path, std::env::var_os("WEIR_BLESS").is_some())?)
}

/// All files below a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests");
    let trials: Vec<Trial> = files(&folder)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&folder).unwrap_or(&path).with_extension("");
            let name = name.to_string_lossy().replace('/', "_");
            Trial::test(name.clone(), move || run(&name, &path))
        })
        .collect();
    assert!(!trials.is_empty(), "no file in {}", folder.display());
    libtest_mimic::run(&arguments, trials).exit_code()
}
