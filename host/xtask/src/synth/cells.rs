// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Areas: the cells of a mapped netlist, counted by what they cost.

use super::family::Family;
use anyhow::{Result, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a cell takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Nothing that is counted: part of a slice whose LUTs count.
    Free,
    /// LUTs for logic.
    Logic(usize),
    /// LUTs for memory.
    Lutram(usize),
    /// LUTs for shift registers.
    Srl(usize),
    /// One hard multiplexer behind LUTs.
    WideMux,
    /// One flip-flop.
    FlipFlop,
    /// Halves of a block RAM.
    BramHalves(usize),
    /// One multiplier block.
    Dsp,
}

/// What a block takes. `logic`, `lutram` and `srl` are LUTs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// LUTs for logic, and those that only lead to a wide multiplexer.
    pub logic: usize,
    /// LUTs for memory.
    pub lutram: usize,
    /// LUTs for shift registers.
    pub srl: usize,
    /// Hard multiplexers behind LUTs (MUXF7, MUXF8, MUXF9); they are no LUTs.
    pub wide: usize,
    /// Flip-flops.
    pub ff: usize,
    /// Halves of a block RAM.
    pub bram_halves: usize,
    /// Multiplier blocks.
    pub dsp: usize,
}

impl Area {
    /// All LUTs, whatever they are used for.
    pub fn luts(&self) -> f64 {
        (self.logic + self.lutram + self.srl) as f64
    }

    /// Adds an area several times.
    pub fn add(&mut self, other: &Area, times: usize) {
        self.logic += times * other.logic;
        self.lutram += times * other.lutram;
        self.srl += times * other.srl;
        self.wide += times * other.wide;
        self.ff += times * other.ff;
        self.bram_halves += times * other.bram_halves;
        self.dsp += times * other.dsp;
    }

    fn count(&mut self, cost: Cost) {
        match cost {
            Cost::Free => {}
            Cost::Logic(luts) => self.logic += luts,
            Cost::Lutram(luts) => self.lutram += luts,
            Cost::Srl(luts) => self.srl += luts,
            Cost::WideMux => self.wide += 1,
            Cost::FlipFlop => self.ff += 1,
            Cost::BramHalves(halves) => self.bram_halves += halves,
            Cost::Dsp => self.dsp += 1,
        }
    }
}

/// A netlist as `write_json` of yosys writes it; only what is counted.
#[derive(Deserialize)]
pub struct Netlist {
    modules: BTreeMap<String, Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    cells: BTreeMap<String, Cell>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(rename = "type")]
    kind: String,
    connections: HashMap<String, Vec<Bit>>,
}

/// A wire by number, or a constant (`"0"`, `"1"`, `"x"`).
#[derive(Deserialize, Clone, PartialEq, Eq, Hash)]
#[serde(untagged)]
enum Bit {
    Wire(u64),
    Constant(String),
}

impl Netlist {
    /// Area of a module, whose submodules `others` are counted elsewhere.
    pub fn area(&self, family: Family, module: &str, others: &HashSet<&str>) -> Result<Area> {
        let Some(module) = self.modules.get(module) else { bail!("yosys wrote no module `{module}`") };
        let mut area = Area::default();
        for cell in module.cells.values() {
            match family.cost(&cell.kind) {
                Some(cost) => area.count(cost),
                None if others.contains(cell.kind.as_str()) => {}
                None => bail!("cell `{}` of {} has no known cost", cell.kind, family.name()),
            }
        }
        area.logic += route_throughs(module);
        Ok(area)
    }
}

/// LUT sites in front of wide multiplexers that hold no LUT of the netlist. Each data input of a MUXF7 is wired to one
/// LUT site, each of a MUXF8 to a MUXF7, and so on: a signal from elsewhere has to pass through such a site, and what
/// is wired to one multiplexer cannot be wired to a second.
fn route_throughs(module: &Module) -> usize {
    let mut count = 0;
    for (behind, before) in [("MUXF7", "LUT"), ("MUXF8", "MUXF7"), ("MUXF9", "MUXF8")] {
        let outputs = module.cells.values().filter(|cell| cell.kind.starts_with(before));
        let mut sites: HashSet<&Bit> =
            outputs.filter_map(|cell| cell.connections.get("O")?.first()).collect();
        for cell in module.cells.values().filter(|cell| cell.kind == behind) {
            for port in ["I0", "I1"] {
                let driver = cell.connections.get(port).and_then(|bits| bits.first());
                count += usize::from(!driver.is_some_and(|bit| sites.remove(bit)));
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(cells: &str) -> Result<Area> {
        let text = format!("{{\"modules\": {{\"m\": {{\"cells\": {{{cells}}}}}}}}}");
        let netlist: Netlist = serde_json::from_str(&text).unwrap();
        netlist.area(Family::UltraScalePlus, "m", &HashSet::from(["stage"]))
    }

    fn cell(name: &str, kind: &str, connections: &str) -> String {
        format!("\"{name}\": {{\"type\": \"{kind}\", \"connections\": {{{connections}}}}}")
    }

    #[test]
    fn cells_count_by_what_they_take() {
        let cells = ["LUT2", "LUT6", "RAM64M8", "SRL16E", "FDRE", "RAMB18E2", "DSP48E2", "stage", "CARRY4"];
        let cells: Vec<String> = cells.iter().map(|kind| cell(kind, kind, "")).collect();
        let expected = Area { logic: 2, lutram: 8, srl: 1, wide: 0, ff: 1, bram_halves: 1, dsp: 1 };
        assert_eq!(area(&cells.join(",")).unwrap(), expected);
        assert_eq!(expected.luts(), 11.0);
    }

    #[test]
    fn a_cell_without_a_cost_is_an_error() {
        assert!(area(&cell("a", "URAM288", "")).unwrap_err().to_string().contains("URAM288"));
    }

    #[test]
    fn a_wide_multiplexer_takes_two_lut_sites() {
        let lut = cell("l", "LUT3", "\"O\": [7]");
        let mux = |name, first: u32| {
            cell(name, "MUXF7", &format!("\"I0\": [{first}], \"I1\": [\"0\"], \"O\": [9]"))
        };
        // One input comes from the LUT, the other passes through a site of its own.
        assert_eq!(area(&[lut.clone(), mux("a", 7)].join(",")).unwrap().logic, 2);
        // The LUT stands before one of two: three sites beside it.
        let two = area(&[lut.clone(), mux("a", 7), mux("b", 7)].join(",")).unwrap();
        assert_eq!((two.logic, two.wide), (4, 2));
        // A MUXF8 behind one MUXF7: its other input passes through one more site.
        let second = cell("c", "MUXF8", "\"I0\": [9], \"I1\": [8], \"O\": [10]");
        assert_eq!(area(&[lut, mux("a", 7), second].join(",")).unwrap().logic, 3);
    }
}
