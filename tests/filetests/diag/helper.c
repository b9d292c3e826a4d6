// SPDX-License-Identifier: MIT OR GPL-2.0-only
// A helper for which there is no unit.
// test: diag
// check: error[X0106]: helper bpf_trace_printk is not supported
// nextln: --> ./helper.c:
// check: help:
#include "weir_bpf.h"

SEC("xdp") int prog(struct xdp_md *ctx)
{
	static long (*trace)(const char *, __u32, ...) = (void *)6;
	char text[] = "x";

	trace(text, sizeof(text));
	return ctx->rx_queue_index;
}
