// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Sends a frame back to where it came from: swaps the MAC addresses. */
#include <linux/if_ether.h>

#include "weir_bpf.h"

SEC("xdp")
int reflect(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = packet_start(ctx);
	unsigned char address[ETH_ALEN];

	if ((void *)(ethernet + 1) > packet_end(ctx))
		return XDP_ABORTED;
	__builtin_memcpy(address, ethernet->h_dest, ETH_ALEN);
	__builtin_memcpy(ethernet->h_dest, ethernet->h_source, ETH_ALEN);
	__builtin_memcpy(ethernet->h_source, address, ETH_ALEN);
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
