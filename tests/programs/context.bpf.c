// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Fields of the context, stored into the packet; and the packet's length, from its two pointers. */
#include "weir_bpf.h"

struct fields {
	__u32 length, ifindex, queue;
};

SEC("xdp")
int context(struct xdp_md *ctx)
{
	void *end = packet_end(ctx);
	struct fields *packet = packet_start(ctx);

	if ((void *)(packet + 1) > end)
		return XDP_DROP;
	packet->length = end - (void *)packet;
	packet->ifindex = ctx->ingress_ifindex;
	packet->queue = ctx->rx_queue_index;
	return packet->length > 100 ? XDP_TX : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
