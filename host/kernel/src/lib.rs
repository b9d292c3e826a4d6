// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The kernel as an engine: bpf(2) loading, maps and BPF_PROG_TEST_RUN.
