// SPDX-License-Identifier: Apache-2.0 OR MIT
//! FPGA families: how yosys is called for them, and what each of their cells costs.

use super::cells::Cost;

/// An FPGA family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// AMD UltraScale+: six-input LUTs.
    UltraScalePlus,
    /// Lattice ECP5: four-input LUTs.
    Ecp5,
}

impl Family {
    /// All of them.
    pub const ALL: &'static [Family] = &[Family::UltraScalePlus, Family::Ecp5];

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Family::UltraScalePlus => "UltraScale+",
            Family::Ecp5 => "ECP5",
        }
    }

    /// What a look-up table of the family is called; areas are counted in it.
    pub fn lut(self) -> &'static str {
        match self {
            Family::UltraScalePlus => "LUT6",
            Family::Ecp5 => "LUT4",
        }
    }

    /// The yosys commands. Clock buffers and pads belong to a board, not to the overlay. Mapping is for area.
    /// UltraScale+ has hard multiplexers behind its LUTs, which selections of five and more inputs use; `cells` charges
    /// for the LUT sites in front of them.
    pub fn command(self) -> &'static str {
        match self {
            Family::UltraScalePlus => {
                "scratchpad -copy abc9.script.default.area abc9.script; \
                 synth_xilinx -family xcup -noiopad -noclkbuf -flatten -widemux 5"
            }
            Family::Ecp5 => "synth_ecp5 -nowidelut",
        }
    }

    /// What a cell costs; nothing for a cell that is not known.
    pub fn cost(self, kind: &str) -> Option<Cost> {
        // Bookkeeping of yosys, which is no hardware.
        if matches!(kind, "$scopeinfo" | "$print" | "$check") {
            return Some(Cost::Free);
        }
        match self {
            Family::UltraScalePlus => ultrascale_plus(kind),
            Family::Ecp5 => ecp5(kind),
        }
    }
}

/// UltraScale architecture CLB user guide (UG574): a LUT6 site holds one function, 64 bits of RAM or 32 of shift register.
fn ultrascale_plus(kind: &str) -> Option<Cost> {
    Some(match kind {
        "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" | "LUT6_2" | "INV" => Cost::Logic(1),
        // Their inputs come from LUT sites, which `cells` charges for where no LUT of the netlist stands there.
        "MUXF7" | "MUXF8" | "MUXF9" => Cost::WideMux,
        "CARRY4" | "CARRY8" | "GND" | "VCC" => Cost::Free,
        "RAM32X1S" | "RAM64X1S" => Cost::Lutram(1),
        "RAM32X1D" | "RAM64X1D" | "RAM128X1S" => Cost::Lutram(2),
        "RAM32M" | "RAM64M" | "RAM128X1D" | "RAM256X1S" => Cost::Lutram(4),
        "RAM32M16" | "RAM64M8" | "RAM256X1D" | "RAM512X1S" => Cost::Lutram(8),
        "SRL16E" | "SRLC16E" | "SRLC32E" => Cost::Srl(1),
        "FDRE" | "FDSE" | "FDCE" | "FDPE" | "FDRE_1" | "FDSE_1" | "FDCE_1" | "FDPE_1" => Cost::FlipFlop,
        "RAMB18E2" => Cost::BramHalves(1),
        "RAMB36E2" => Cost::BramHalves(2),
        "DSP48E2" => Cost::Dsp,
        _ => return None,
    })
}

/// ECP5 family data sheet (FPGA-DS-02012): a slice has two LUT4; 16 x 4 bits of RAM take two slices for data and one
/// for the write port.
fn ecp5(kind: &str) -> Option<Cost> {
    Some(match kind {
        "LUT4" => Cost::Logic(1),
        "CCU2C" => Cost::Logic(2),
        "PFUMX" | "L6MUX21" | "GND" | "VCC" | "VLO" | "VHI" => Cost::Free,
        "TRELLIS_DPR16X4" => Cost::Lutram(6),
        "TRELLIS_FF" => Cost::FlipFlop,
        "DP16KD" | "PDPW16KD" => Cost::BramHalves(2),
        "MULT18X18D" | "ALU54B" => Cost::Dsp,
        _ => return None,
    })
}
