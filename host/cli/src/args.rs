// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The command line. The doc comments are its help: first line for `-h`, all of it for `--help`.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Compile, check and run XDP programs on an FPGA match-action pipeline
///
/// Weir verifies eBPF/XDP object files, compiles them onto the match-action stages of a target, and runs them:
/// on the simulated hardware, on a model of it, on a reference interpreter and on the kernel.
#[derive(Debug, Parser)]
#[command(name = "weir", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "`--help` says more than `-h`, and has examples.")]
#[command(after_long_help = "\
Examples:
  weir prog check firewall.o                         does it fit, and how fast is it?
  weir prog run firewall.o --packets traffic.pcap    run it on every engine and compare
  weir explain X0106                                 what does a refusal mean?

Exit codes:
  0 good   1 failure   2 usage   3 program refused   5 engines disagree")]
pub struct Cli {
    /// How results are printed
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Form of what is printed.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Print JSON on standard output, errors too
    #[arg(short, long, global = true)]
    pub json: bool,
    /// Print JSON with line breaks
    #[arg(short, long, global = true)]
    pub pretty: bool,
    /// Colours; `auto` means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check, show and run programs of an object file
    #[command(subcommand, arg_required_else_help = true)]
    Prog(Box<ProgCommand>),
    /// Explain the code of a refusal
    #[command(after_long_help = "\
Examples:
  weir explain X0106
  weir explain x0106 -j")]
    Explain {
        /// Code, such as X0106; all codes are listed if there is none
        code: Option<String>,
    },
    /// Print a completion script for a shell
    #[command(after_long_help = "\
Examples:
  weir completions bash > /etc/bash_completion.d/weir
  weir completions zsh > ~/.zfunc/_weir")]
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a directory
    #[command(after_long_help = "\
Examples:
  weir man ~/.local/share/man/man1
  weir man . && man ./weir-prog-run.1")]
    Man {
        /// Directory that exists
        directory: PathBuf,
    },
}

/// Commands about programs.
#[derive(Debug, Subcommand)]
pub enum ProgCommand {
    /// Say whether programs fit a target, what they cost, or why they are refused
    ///
    /// Looks at every XDP program of the object unless one is named. Exit code 3 if one is refused.
    #[command(after_long_help = "\
Examples:
  weir prog check firewall.o
  weir prog check firewall.o --program xdp_firewall --target sim
  weir prog check firewall.o --section classifier -j")]
    Check(CheckArgs),
    /// Show a program at one level of the compiler, down to where every instruction landed
    #[command(after_long_help = "\
Examples:
  weir prog dump firewall.o                          where did every instruction land?
  weir prog dump firewall.o --stage bpf --linum      disassembly below its source lines
  weir prog dump firewall.o --stage pipeline -p | less")]
    Dump(DumpArgs),
    /// Run a program on packets, on several engines, and compare them
    ///
    /// The engines are `interp` (reference interpreter), `rbpf` (an interpreter that others wrote), `model` (the stage
    /// words, executed), `rtl` (the simulated hardware) and `kernel` (BPF_PROG_TEST_RUN; needs privileges). Verdicts,
    /// packet bytes and maps must be the same on all of them; exit code 5 if they are not.
    #[command(after_long_help = "\
Examples:
  weir prog run firewall.o --packets traffic.pcap
  weir prog run firewall.o --packets traffic.pcapng --maps rules.yaml --maps-out after.yaml
  weir prog run firewall.o --data-in ffffffffffff0202020202020800 --engine interp,model -p
  weir prog run firewall.o --packets traffic.pcap --engine rtl --wave run.vcd

Map files:
  maps:
    rules: [{ key: \"00000000\", value: \"5000000000000000\" }]
  Bytes as they are in memory. The value of a per-CPU map is CPU 0's.")]
    Run(RunArgs),
    /// Measure a program on the simulated hardware
    #[command(after_long_help = "\
Examples:
  weir prog bench firewall.o
  weir prog bench firewall.o --packets traffic.pcap --maps rules.yaml
  weir prog bench firewall.o --target sim -j")]
    Bench(BenchArgs),
}

/// Which program, for which target.
#[derive(Clone, Debug, Args)]
pub struct Selection {
    /// Object file made by `clang -target bpf`
    #[arg(value_name = "OBJ")]
    pub object: PathBuf,
    /// Program with this name
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub program: Option<String>,
    /// Program in this ELF section, whatever its type
    #[arg(long, value_name = "S", help_heading = "Input", conflicts_with = "program")]
    pub section: Option<String>,
    /// Target to compile for
    #[arg(long, value_name = "T", help_heading = "Input", default_value = "sim")]
    pub target: String,
}

/// Arguments of `prog check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Which program
    #[command(flatten)]
    pub selection: Selection,
}

/// Levels that `prog dump` can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DumpStage {
    /// Instructions of the object
    Bpf,
    /// Basic blocks
    Cfg,
    /// Values, with what is known about them
    Ssa,
    /// Predicated operations, before they are scheduled
    Dag,
    /// Operations by stage and unit
    Schedule,
    /// Every instruction, and where it landed
    Pipeline,
    /// Stage words in their text form
    Words,
}

/// Arguments of `prog dump`.
#[derive(Debug, Args)]
pub struct DumpArgs {
    /// Which program
    #[command(flatten)]
    pub selection: Selection,
    /// Level to show
    #[arg(long, value_enum, default_value_t = DumpStage::Pipeline, value_name = "STAGE", help_heading = "Output")]
    pub stage: DumpStage,
    /// Show source lines above instructions
    #[arg(long, help_heading = "Output")]
    pub linum: bool,
}

/// Engines by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    /// Reference interpreter
    Interp,
    /// Interpreter of the rbpf crate
    Rbpf,
    /// Stage words, executed
    Model,
    /// Simulated hardware
    Rtl,
    /// BPF_PROG_TEST_RUN
    Kernel,
    /// All that can run
    All,
}

/// Arguments of `prog run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Which program
    #[command(flatten)]
    pub selection: Selection,
    /// Packets from a pcap or pcapng file
    #[arg(long, value_name = "P", help_heading = "Input", required_unless_present = "data_in")]
    pub packets: Option<PathBuf>,
    /// One packet: hexadecimal digits, or a file of raw bytes; after those of --packets
    #[arg(long, value_name = "HEX|FILE", help_heading = "Input")]
    pub data_in: Vec<String>,
    /// Map entries before the first packet, YAML
    #[arg(long, value_name = "M", help_heading = "Input")]
    pub maps: Option<PathBuf>,
    /// Engines, comma separated or repeated; `all` skips those that cannot run, and says why
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "all",
        value_name = "E",
        help_heading = "Input"
    )]
    pub engine: Vec<EngineArg>,
    /// Write the map entries after the last packet, in the form of --maps
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub maps_out: Option<PathBuf>,
    /// Write waves of the RTL, VCD
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub wave: Option<PathBuf>,
}

/// Arguments of `prog bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Which program
    #[command(flatten)]
    pub selection: Selection,
    /// Packets from a pcap or pcapng file, repeated to fill the run; default: 60-byte UDP packets of many flows
    #[arg(long, value_name = "P", help_heading = "Input")]
    pub packets: Option<PathBuf>,
    /// Map entries before the first packet, YAML
    #[arg(long, value_name = "M", help_heading = "Input")]
    pub maps: Option<PathBuf>,
}
