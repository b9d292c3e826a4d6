/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A sample (the macro SAMPLE) and, in the same unit, what the samples are otherwise linked with: the counters and the
 * number of CPUs that xdp_sample.bpf.h declares. User space gives the map its size, one entry for each CPU.
 */
#include SAMPLE

array_map rx_cnt SEC(".maps");
const volatile int nr_cpus = 1;
