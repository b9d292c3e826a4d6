// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Drops UDP to one port (IPv4 without options, no VLAN tag), short enough for one pass of a small pipeline: all its
 * loads are at fixed offsets and depend on nothing but the length.
 */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include "weir_bpf.h"

#define PORT 4789

SEC("xdp")
int drop_port(struct xdp_md *ctx)
{
	void *data = packet_start(ctx);
	__be16 *ethertype = data + 2 * ETH_ALEN;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > packet_end(ctx))
		return XDP_PASS;
	if (*ethertype != BE16(ETH_P_IP) || *(__u8 *)ip != 0x45)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_UDP || udp->dest != BE16(PORT))
		return XDP_PASS;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
