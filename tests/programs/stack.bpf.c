// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Stores and loads of different widths that overlap in the stack, which no promotion to registers can remove. */
#include "weir_bpf.h"

struct words {
	__u64 first, second;
};

SEC("xdp")
int stack(struct xdp_md *ctx)
{
	struct words *packet = packet_start(ctx);
	union {
		__u8 u8[16];
		__u16 u16[8];
		__u32 u32[4];
		__u64 u64[2];
	} volatile scratch;

	if ((void *)(packet + 1) > packet_end(ctx))
		return XDP_DROP;
	scratch.u64[0] = packet->first;
	scratch.u64[1] = packet->second;
	scratch.u8[3] = 0xa5;
	scratch.u16[3] = scratch.u16[0];
	scratch.u32[2] = scratch.u32[0] + 1;
	packet->first = scratch.u64[0];
	packet->second = scratch.u64[1];
	return scratch.u8[0] & 1 ? XDP_TX : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
