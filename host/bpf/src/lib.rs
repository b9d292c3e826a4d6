// SPDX-License-Identifier: Apache-2.0 OR MIT
//! eBPF objects: ELF and BTF loader, disassembler, reference interpreter.
//!
//! [`Object::parse`] reads what clang emits (ELF, 64-bit little-endian) into self-contained [`Program`]s and
//! [`MapDef`]s. [`Op`] is an instruction decoded and checked, the form in which a compiler or an interpreter wants it.
//! The instruction set is that of RFC 9669; numbers of maps and helpers are the Linux kernel's.
//!
//! ```
//! use weir_bpf::{Interpreter, Metadata, asm::assemble};
//!
//! // Sends frames of 60 bytes and more back, drops the others.
//! let insns = assemble(
//!     "r2 = *(u32 *)(r1 + 0)
//!      r3 = *(u32 *)(r1 + 4)
//!      r2 += 60
//!      r0 = 3
//!      if r2 <= r3 goto long_enough
//!      r0 = 1
//!      long_enough:
//!      exit",
//! )?;
//! let mut program = Interpreter::from_insns(&insns, &[])?;
//! assert_eq!(program.run(&[0; 60], &Metadata::default())?.verdict, 3);
//! assert_eq!(program.run(&[0; 59], &Metadata::default())?.verdict, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No I/O happens here: bytes in, plain data out. Nothing is verified beyond its own shape; whether a program is safe
//! is for who runs or compiles it.

#![forbid(unsafe_code)]

pub mod asm;
pub mod disasm;
mod encode;
pub mod insn;
pub mod interp;
pub mod loader;
pub mod op;
pub mod program;

pub use insn::Insn;
pub use interp::{Interpreter, InterpreterError, Metadata, Outcome, Trap, TrapKind};
pub use loader::ObjectError;
pub use op::{IllegalInsn, Op};
pub use program::{
    Function, LineInfo, MapDef, MapRef, MapType, Object, Program, ProgramError, RefusedProgram, SelectError,
};
