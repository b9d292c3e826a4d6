// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The compiler from eBPF to match-action stages.
