// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Output files: whole or not at all. The bytes go to a temporary file beside the target, which is then renamed.

use crate::failure::Failure;
use crate::input::os_text;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// A file that appears under its name when it is complete.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl OutputFile {
    /// Opens a temporary file beside `path`; nothing is seen under `path` before [`OutputFile::finish`].
    pub fn create(path: &Path) -> Result<OutputFile, Failure> {
        // Through a link: what it points to is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.exists() && !path.is_file() {
            return Err(Failure::in_file(&path, "cannot be written: not a regular file"));
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let suffix = path.extension().map_or(String::new(), |e| format!(".{}", e.to_string_lossy()));
        let temporary = Builder::new()
            .prefix(".weir-")
            .suffix(&suffix)
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(|e| Failure::in_file(&path, format!("cannot be written: {}", os_text(&plain(e)))))?;
        Ok(OutputFile { path, temporary })
    }

    /// Where the bytes go before they are complete, for writers that open files themselves.
    pub fn temporary_path(&self) -> &Path {
        self.temporary.path()
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let result = self.temporary.write_all(bytes);
        result.map_err(|e| Failure::in_file(&self.path, format!("cannot be written: {}", os_text(&e))))
    }

    /// Gives the file its name.
    pub fn finish(self) -> Result<(), Failure> {
        let OutputFile { path, temporary } = self;
        temporary
            .persist(&path)
            .map(drop)
            .map_err(|e| Failure::in_file(&path, format!("cannot be written: {}", os_text(&e.error))))
    }
}

/// Writes a whole file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = OutputFile::create(path)?;
    file.write(bytes)?;
    file.finish()
}

/// `tempfile` wraps errors together with the temporary name, which says nothing to whoever asked for `path`.
fn plain(error: std::io::Error) -> std::io::Error {
    std::io::Error::from(error.kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_an_unfinished_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("maps.yaml");
        drop(OutputFile::create(&path).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        write(&path, b"whole").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let failure = write(Path::new("no/such/folder/x"), b"").unwrap_err();
        assert!(failure.message.contains("no/such/folder/x"), "{}", failure.message);
    }
}
