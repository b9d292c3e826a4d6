// SPDX-License-Identifier: Apache-2.0 OR MIT
//! An initramfs for one run: busybox, kernel modules, programs with their libraries, and the script of the checks.
//!
//! The script is a shell script that runs after all modules are loaded. It finds two functions:
//!
//! - `check NAME COMMAND...`: a check that holds if the command ends well; what it prints is shown if it does not;
//! - `fact NAME VALUE`: something for the test to look at.

use crate::{GuestError, Tree};
use cpio::newc;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Written before everything that is meant for the test and not for people.
pub const MARK: &str = "@weir";

const FOLDERS: &[&str] =
    &["bin", "dev", "etc", "lib", "lib64", "modules", "proc", "root", "run", "sys", "tmp", "usr"];

const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
export PATH=/bin:/usr/sbin:/usr/bin:/sbin
check() {
    name=$1; shift
    if "$@" >/tmp/out 2>&1; then echo "@weir ok $name"
    else echo "@weir failed $name"; sed 's/^/@weir said /' /tmp/out; fi
}
fact() { echo "@weir fact $1 $2"; }
echo "@weir boot"
read boot
while read module; do insmod /modules/$module || echo "@weir failed insmod $module"; done </modules/order
. /checks
echo "@weir end"
poweroff -f
"#;

/// What goes into an initramfs.
#[derive(Clone, Debug, Default)]
pub struct Contents<'a> {
    /// Kernel modules by name; what they depend on comes along.
    pub modules: &'a [&'a str],
    /// Programs of the tree by path; their libraries come along.
    pub programs: &'a [&'a str],
    /// The script.
    pub script: &'a str,
}

/// Packs an initramfs.
pub fn pack(tree: &Tree, contents: &Contents<'_>) -> Result<Vec<u8>, GuestError> {
    let mut archive = Archive::default();
    for folder in FOLDERS {
        archive.folder(folder);
    }
    archive.file("init", 0o755, INIT.as_bytes());
    archive.file("checks", 0o644, contents.script.as_bytes());
    archive.copy(tree, "/bin/busybox")?;
    let mut order = String::new();
    for (name, data) in modules(tree, contents.modules)? {
        archive.file(&format!("modules/{name}"), 0o644, &data);
        order += &format!("{name}\n");
    }
    archive.file("modules/order", 0o644, order.as_bytes());
    for program in contents.programs {
        archive.copy(tree, program)?;
        for library in libraries(tree, program)? {
            archive.copy(tree, &library)?;
        }
    }
    archive.finish()
}

/// Files of a cpio archive, in memory.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    names: BTreeSet<String>,
}

impl Archive {
    fn entry(&mut self, name: &str, mode: u32, data: &[u8]) {
        if !self.names.insert(name.to_owned()) {
            return;
        }
        let inode = self.names.len() as u32;
        let builder = newc::Builder::new(name).mode(mode).nlink(1).ino(inode);
        let mut writer = builder.write(&mut self.bytes, data.len() as u32);
        // Memory takes everything.
        let _ = writer.write_all(data).and_then(|()| writer.finish().map(drop));
    }

    fn folder(&mut self, name: &str) {
        self.entry(name, 0o040_755, &[]);
    }

    fn file(&mut self, name: &str, permissions: u32, data: &[u8]) {
        self.entry(name, 0o100_000 | permissions, data);
    }

    /// A file of the tree at the same place, with the folders above it.
    fn copy(&mut self, tree: &Tree, path: &str) -> Result<(), GuestError> {
        let name = path.trim_start_matches('/');
        for (at, _) in name.match_indices('/') {
            self.folder(&name[..at]);
        }
        // Links inside the tree may be absolute, which they are from inside alone.
        let output = run(tree.command("readlink").args(["-f", path]), "readlink")?;
        let real = String::from_utf8_lossy(&output).trim().to_owned();
        let data = std::fs::read(tree.inside(&real)).map_err(GuestError::file(tree.inside(&real)))?;
        self.file(name, 0o755, &data);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, GuestError> {
        newc::trailer(&mut self.bytes).map_err(GuestError::file("initramfs"))?;
        Ok(self.bytes)
    }
}

/// Modules and what they depend on, in the order in which they can be loaded, decompressed.
fn modules(tree: &Tree, names: &[&str]) -> Result<Vec<(String, Vec<u8>)>, GuestError> {
    let folder = tree.inside("/lib/modules").join(tree.kernel()?);
    let list = folder.join("modules.dep");
    let list = std::fs::read_to_string(&list).map_err(GuestError::file(&list))?;
    let mut modules = Vec::new();
    for path in in_order(&list, names)? {
        let file = folder.join(path);
        let name = base(path).to_owned() + ".ko";
        let data = match path.ends_with(".xz") {
            true => run(Command::new("xz").arg("-dc").arg(&file), "xz")?,
            false => std::fs::read(&file).map_err(GuestError::file(&file))?,
        };
        modules.push((name, data));
    }
    Ok(modules)
}

/// The name of a module in its path, spelt as the kernel spells it.
fn base(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once(".ko").map_or(name, |(name, _)| name)
}

/// Paths of modules in the order of their loading; `list` is modules.dep(5), which names what to load first last.
fn in_order<'a>(list: &'a str, names: &[&str]) -> Result<Vec<&'a str>, GuestError> {
    let same = |path: &str, name: &str| base(path).replace('-', "_") == name.replace('-', "_");
    let mut order: Vec<&str> = Vec::new();
    for &name in names {
        let line = list.lines().filter_map(|line| line.split_once(':')).find(|(path, _)| same(path, name));
        let (path, needs) = line.ok_or_else(|| GuestError::Module(name.to_owned()))?;
        for path in needs.split_whitespace().rev().chain([path]) {
            if !order.contains(&path) {
                order.push(path);
            }
        }
    }
    Ok(order)
}

/// Paths of the libraries that a program of the tree is linked to, its loader included.
fn libraries(tree: &Tree, program: &str) -> Result<Vec<String>, GuestError> {
    let output = run(tree.command("ldd").arg(program), "ldd")?;
    let text = String::from_utf8_lossy(&output);
    let paths = text.split_whitespace().filter(|word| word.starts_with('/') && Path::new(word).is_absolute());
    Ok(paths.map(str::to_owned).collect())
}

fn run(command: &mut Command, program: &str) -> Result<Vec<u8>, GuestError> {
    let failed = |what: String| GuestError::Program { program: program.to_owned(), what };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Four lines of a Debian kernel's modules.dep.
    const LIST: &str = "\
kernel/drivers/virtio/virtio.ko.xz:
kernel/drivers/virtio/virtio_ring.ko.xz: kernel/drivers/virtio/virtio.ko.xz
kernel/drivers/net/net_failover.ko.xz: kernel/net/core/failover.ko.xz
kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz kernel/net/core/failover.ko.xz \
kernel/drivers/virtio/virtio_ring.ko.xz kernel/drivers/virtio/virtio.ko.xz
";

    #[test]
    fn modules_come_after_what_they_need_and_once() {
        let order = in_order(LIST, &["virtio-ring", "virtio_net"]).unwrap();
        let names: Vec<&str> = order.into_iter().map(base).collect();
        assert_eq!(names, ["virtio", "virtio_ring", "failover", "net_failover", "virtio_net"]);
        assert!(in_order(LIST, &["e1000"]).unwrap_err().to_string().contains("e1000"));
    }

    #[test]
    fn the_archive_is_read_by_the_reader_of_the_library() {
        let mut archive = Archive::default();
        archive.folder("bin");
        archive.folder("bin");
        archive.file("bin/tool", 0o755, b"12345");
        let bytes = archive.finish().unwrap();
        let mut found = Vec::new();
        let mut rest = &bytes[..];
        loop {
            let reader = newc::Reader::new(rest).unwrap();
            let entry = reader.entry().clone();
            if entry.is_trailer() {
                break;
            }
            found.push((entry.name().to_owned(), entry.mode(), entry.file_size()));
            rest = reader.finish().unwrap();
        }
        assert_eq!(found, [("bin".to_owned(), 0o040_755, 0), ("bin/tool".to_owned(), 0o100_755, 5)]);
    }
}
