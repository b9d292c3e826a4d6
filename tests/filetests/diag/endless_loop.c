// SPDX-License-Identifier: MIT OR GPL-2.0-only
// Nobody knows when this ends.
// test: diag
// check: error[X0103]:
// nextln: --> ./endless_loop.c:
#include "weir_bpf.h"

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u32 state = ctx->ingress_ifindex;

	while (state != 1) {
		state = state & 1 ? state * 3 + 1 : state >> 1;
		asm volatile("" : "+r"(state));
	}
	return XDP_PASS;
}
