// SPDX-License-Identifier: Apache-2.0 OR MIT
//! eBPF objects: ELF and BTF loader, disassembler, reference interpreter.
