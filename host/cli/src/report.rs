// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What commands return. The field names are the JSON interface: they are added to, not changed, within a schema.

use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use weir_compiler::diag::render::Shown;
use weir_engines::{Maps, Mismatch, RtlFigures};

/// Version of the JSON interface, in every object that a command prints.
pub const SCHEMA: u32 = 1;

/// Outcome of a command.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Report {
    /// `prog check`
    Check(CheckReport),
    /// `prog dump`
    Dump(DumpReport),
    /// `prog run`
    Run(RunReport),
    /// `prog bench`
    Bench(BenchReport),
    /// `explain`
    Explain(ExplainReport),
    /// `completions`: a script for a shell.
    Script(ScriptReport),
    /// `man`: files written.
    Files(FilesReport),
}

/// Which program a report is about.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramReport {
    /// Name of its function.
    pub name: String,
    /// ELF section.
    pub section: String,
    /// First 8 bytes of the hash of its instructions, hexadecimal.
    pub tag: String,
    /// Instructions, counted in slots of 8 bytes.
    pub insns: usize,
}

/// `prog check`: what every program of an object costs on a target, or why it is refused.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// [`SCHEMA`]
    pub schema: u32,
    /// Name of the target.
    pub target: String,
    /// Object file, for the human form.
    #[serde(skip)]
    pub object: PathBuf,
    /// One entry for each program looked at.
    pub programs: Vec<CheckedProgram>,
}

/// One program of [`CheckReport`]. The costs are `null` where the program is refused.
#[derive(Debug, Serialize)]
pub struct CheckedProgram {
    /// Name of its function.
    pub name: String,
    /// ELF section.
    pub section: String,
    /// Instructions, counted in slots of 8 bytes.
    pub insns: usize,
    /// Whether the target runs it.
    pub accepted: bool,
    /// Stages from the first to the last that does something, over all passes.
    pub stages: Option<u32>,
    /// Passes through the physical stages.
    pub passes: Option<u32>,
    /// Least distance in clocks between two packets that its state asks for.
    pub admission_gap: Option<u32>,
    /// Clocks between two packets at full rate.
    pub cycles_per_packet: Option<u32>,
    /// Millions of packets a second at the target's nominal clock.
    pub mpps: Option<f64>,
    /// What it takes of the target.
    pub cost: Option<CostReport>,
    /// Wall-clock time of compilation in milliseconds.
    pub compile_ms: f64,
    /// Refusals and remarks.
    pub diagnostics: Vec<DiagnosticReport>,
}

/// What a program takes of its target.
#[derive(Debug, Serialize)]
pub struct CostReport {
    /// Clocks from admission until the packet has left the stages.
    pub latency_clocks: u32,
    /// Units by kind.
    pub units: Vec<UnitsReport>,
    /// Table memory by map.
    pub tables: Vec<MemoryReport>,
    /// What the admission gap is for; `null` where there is none.
    pub gap: Option<GapReport>,
    /// Source lines that something was made of.
    pub lines: Vec<LineReport>,
}

/// Units of one kind.
#[derive(Debug, Serialize)]
pub struct UnitsReport {
    /// `ALU`, `load/store`, `compare`, `table`, `lookup port`, `multiplier`, `deep load`, `key`.
    pub kind: String,
    /// Words that do something.
    pub used: u32,
    /// Words there are, in the passes that the program takes.
    pub available: u32,
}

/// Table memory of a map.
#[derive(Debug, Serialize)]
pub struct MemoryReport {
    /// Name of the map.
    pub map: String,
    /// Table unit.
    pub unit: u32,
    /// Bytes of its values.
    pub bytes: u64,
    /// Bytes of the unit.
    pub unit_bytes: u64,
}

/// What decides the admission gap: the two accesses that are furthest apart of those whose order shows.
#[derive(Debug, Serialize)]
pub struct GapReport {
    /// The gap.
    pub clocks: u32,
    /// Name of the map.
    pub map: String,
    /// The earlier and the later access.
    pub between: [AccessReport; 2],
    /// What would shorten it.
    pub help: String,
}

/// An access to a map.
#[derive(Debug, Serialize)]
pub struct AccessReport {
    /// What is done.
    pub operation: String,
    /// Instruction slot.
    pub insn: Option<u32>,
    /// Stage, counted over all passes.
    pub stage: u32,
}

/// Cost of a source line.
#[derive(Debug, Serialize)]
pub struct LineReport {
    /// File name as the compiler saw it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Text of the line.
    pub text: String,
    /// Units' words that carry out something of it, also together with other lines.
    pub units: u32,
    /// Stages in which they are, counted over all passes.
    pub stages: Vec<u32>,
}

/// One diagnostic of the compiler.
#[derive(Clone, Debug, Serialize)]
pub struct DiagnosticReport {
    /// Code that `weir explain` knows.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub level: String,
    /// What is wrong, able to stand alone.
    pub message: String,
    /// Instruction slot, if it is about one.
    pub insn: Option<usize>,
    /// The source line behind the instruction, if the object says.
    pub source: Option<SourceReport>,
    /// What would help.
    pub help: Option<String>,
    /// Further remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The same, for the human form.
    #[serde(skip)]
    pub shown: Shown,
}

impl From<Shown> for DiagnosticReport {
    fn from(shown: Shown) -> DiagnosticReport {
        let diagnostic = shown.diagnostic.clone();
        let source = diagnostic.source.map(|source| SourceReport {
            file: source.file,
            line: source.line,
            column: source.column,
            text: source.text,
        });
        DiagnosticReport {
            code: diagnostic.code.to_owned(),
            level: diagnostic.level.name().to_owned(),
            message: diagnostic.message,
            insn: diagnostic.insn,
            source,
            help: diagnostic.help,
            notes: diagnostic.notes,
            shown,
        }
    }
}

/// A line of source, as the object's BTF records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// File name as the compiler saw it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 where unknown.
    pub column: u32,
    /// Text of the line.
    pub text: String,
}

/// `prog dump`: a program at one level of the compiler.
#[derive(Debug, Serialize)]
pub struct DumpReport {
    /// [`SCHEMA`]
    pub schema: u32,
    /// The program.
    pub program: ProgramReport,
    /// Name of the target.
    pub target: String,
    /// Level that is shown.
    pub stage: String,
    /// Text of the level, for those that are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Instructions, for `bpf` and `pipeline`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub insns: Vec<InsnReport>,
    /// Words that carry out no instruction by themselves, for `pipeline`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<PlaceReport>,
    /// Whether the human form of `bpf` shows source lines.
    #[serde(skip)]
    pub linum: bool,
}

/// One instruction.
#[derive(Debug, Serialize)]
pub struct InsnReport {
    /// Slot of 8 bytes at which it begins.
    pub insn: usize,
    /// Disassembly.
    pub text: String,
    /// Source line.
    pub source: Option<SourceReport>,
    /// Where it landed; empty where nothing is left of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub places: Option<Vec<PlaceReport>>,
}

/// A unit of a stage in a pass.
#[derive(Clone, Debug, Serialize)]
pub struct PlaceReport {
    /// Pass, from 0.
    pub pass: u32,
    /// Physical stage, from 0.
    pub stage: u32,
    /// Unit: `alu0`, `alu1`, `lsu`, `cmp0`, `cmp1`, `late`.
    pub unit: String,
    /// What the unit does there.
    pub word: String,
}

/// `prog run`: outcomes of every packet and the maps afterwards.
#[derive(Debug, Serialize)]
pub struct RunReport {
    /// [`SCHEMA`]
    pub schema: u32,
    /// The program.
    pub program: ProgramReport,
    /// Name of the target.
    pub target: String,
    /// Engines that ran, in the order of precedence for `packets` and `maps`.
    pub engines: Vec<String>,
    /// Engines that did not run, and why.
    pub skipped: BTreeMap<String, String>,
    /// Whether all engines agree about everything they can show.
    pub agree: bool,
    /// Outcome of each packet.
    pub packets: Vec<PacketReport>,
    /// Entries of each map after the last packet.
    pub maps: Maps,
    /// What the RTL measured, if it ran.
    pub rtl: Option<RtlFigures>,
    /// Where engines disagree.
    pub mismatches: Vec<Mismatch>,
    /// Remarks about the input, for the human form.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// One packet of [`RunReport`].
#[derive(Debug, Serialize)]
pub struct PacketReport {
    /// Place in the input, from 0.
    pub index: usize,
    /// Name of the verdict; `not admitted` where the card drops the frame before any program sees it.
    pub verdict: String,
    /// Return value of the program; `null` where it did not run.
    pub code: Option<u32>,
    /// Interface index a redirected packet goes to; 0 where the program has named none.
    pub redirect: Option<u32>,
    /// Bytes after the program.
    pub length: usize,
    /// Bytes after the program, hexadecimal; empty for ABORTED and DROP.
    pub data: String,
    /// Verdict of each engine; `null` where it cannot show this packet.
    pub verdicts: BTreeMap<String, Option<String>>,
    /// The packet in words, for the human form.
    #[serde(skip)]
    pub description: String,
    /// Bytes that came in, for the human form.
    #[serde(skip)]
    pub input_length: usize,
}

/// `prog bench`: what the RTL measured, and how fast it was simulated.
#[derive(Debug, Serialize)]
pub struct BenchReport {
    /// [`SCHEMA`]
    pub schema: u32,
    /// The program.
    pub program: ProgramReport,
    /// Name of the target.
    pub target: String,
    /// Packets sent in the first mix.
    pub packets: usize,
    /// Clocks from one packet to the next that `prog check` announces: the larger of passes and gap.
    pub announced_cycles_per_packet: u32,
    /// What the RTL measured in the first mix.
    pub rtl: RtlFigures,
    /// The same where all packets are the first one.
    pub one_flow: RtlFigures,
    /// Millions of packets a second at the target's nominal clock, in the first mix.
    pub mpps: Option<f64>,
    /// Simulated clocks per millisecond of wall-clock time, in the first mix.
    pub simulated_khz: f64,
    /// All mixes.
    pub mixes: Vec<MixReport>,
}

/// Packets of one kind, sent at full rate.
#[derive(Debug, Serialize)]
pub struct MixReport {
    /// What the packets are.
    pub name: String,
    /// How many of them differ.
    pub different: usize,
    /// Packets sent.
    pub packets: usize,
    /// What the RTL measured.
    pub rtl: RtlFigures,
    /// Millions of packets a second at the target's nominal clock.
    pub mpps: Option<f64>,
    /// Simulated clocks per millisecond of wall-clock time.
    pub simulated_khz: f64,
}

/// `explain`: the page of a diagnostic code.
#[derive(Debug, Serialize)]
pub struct ExplainReport {
    /// [`SCHEMA`]
    pub schema: u32,
    /// The code; `null` for the list of all.
    pub code: Option<String>,
    /// Its page.
    pub text: String,
}

/// `completions`: a script.
#[derive(Debug, Serialize)]
pub struct ScriptReport {
    /// [`SCHEMA`]
    pub schema: u32,
    /// Its text.
    pub script: String,
}

/// `man`: files that were written.
#[derive(Debug, Serialize)]
pub struct FilesReport {
    /// [`SCHEMA`]
    pub schema: u32,
    /// Their paths.
    pub written: Vec<PathBuf>,
}
