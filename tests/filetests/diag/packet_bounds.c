// SPDX-License-Identifier: MIT OR GPL-2.0-only
// A byte behind the last one that was compared with the end.
// test: diag
// check: error[X0301]:
// nextln: --> ./packet_bounds.c:17:
// check: 17 | return data[20];
// check: ^^^
// check: help: compare the pointer
#include "weir_bpf.h"

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);

	if (data + 20 > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	return data[20];
}
