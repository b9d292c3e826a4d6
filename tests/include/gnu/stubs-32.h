/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* glibc asks for this wherever the processor is not the one it was built for; there is nothing in it that BPF needs. */
