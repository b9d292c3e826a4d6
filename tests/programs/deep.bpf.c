// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Loads behind the window of the target: constant and variable offsets, neighbours that become one load, chains of
 * headers, and loads that may be in the window or behind it.
 */
#include "weir_bpf.h"

/* A chain of options, each a type and a length: the last one's type decides. */
SEC("xdp/options")
int options(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);
	__u8 *at = data + 14, kind;
	__u32 seen = 0;
	int i;

	if (at + 2 > end)
		return XDP_ABORTED;
#pragma unroll
	for (i = 0; i < 6; i++) {
		kind = at[0];
		if (kind == 0)
			return XDP_PASS;
		seen = seen * 3 + kind;
		at += 2 + at[1];
		if (at + 2 > end)
			return XDP_DROP;
	}
	return seen & 1 ? XDP_TX : XDP_DROP;
}

/* Fields of several widths at constant places, those of one word at a time. */
SEC("xdp/trailer")
int trailer(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);

	if (data + 400 > end)
		return XDP_PASS;
	__u32 a = *(__u32 *)(data + 301) ^ *(__u16 *)(data + 305) ^ data[307];
	__u64 b = *(__u64 *)(data + 390) + *(__u64 *)(data + 392) + data[126];

	*(__u64 *)(data + 8) = b;
	*(__u32 *)data = a + data[200];
	return a & 7 ? XDP_TX : XDP_PASS;
}

/* What can be in the window or behind it; the place comes from a packet byte, and the header's end from another. */
SEC("xdp/straddle")
int straddle(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);

	if (data + 64 > end)
		return XDP_ABORTED;
	__u8 *inner = data + (data[20] & 0x7f) * 2 + 10;

	if (inner + 20 > end)
		return XDP_DROP;
	__u64 sum = *(__u64 *)inner + *(__u16 *)(inner + 8) + *(__u32 *)(inner + 10) + inner[19];

	__u8 odd = inner[18] & 1;

	/* The loads come first: what is behind the window is read as it was received. */
	*(__u64 *)(data + 48) = sum;
	return odd ? XDP_TX : XDP_PASS;
}
