// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Heads that move: tunnels and VLAN tags are put on and taken off, by a constant or by what the packet says, once or
 * several times, with accesses in front of and behind the window afterwards.
 */
#include "weir_bpf.h"
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

struct vlan_header {
	__be16 tag;
	__be16 next;
};

INLINE __u16 checksum(const void *header)
{
	const __u16 *words = header;
	__u32 sum = 0;
	int i;

#pragma unroll
	for (i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

/* IPv4 in IPv4 (RFC 2003): 20 bytes more. */
SEC("xdp/push_ipv4")
int push_ipv4(struct xdp_md *ctx)
{
	struct ethhdr *eth = packet_start(ctx), old;
	struct iphdr *inner = (void *)(eth + 1), *outer;

	if ((void *)(inner + 1) > packet_end(ctx) || eth->h_proto != BE16(ETH_P_IP))
		return XDP_PASS;
	old = *eth;
	__u16 bytes = BE16(inner->tot_len) + sizeof(*outer);
	__u8 tos = inner->tos;

	if (bpf_xdp_adjust_head(ctx, 0 - (int)sizeof(*outer)))
		return XDP_ABORTED;
	eth = packet_start(ctx);
	outer = (void *)(eth + 1);
	if ((void *)(outer + 1) > packet_end(ctx))
		return XDP_DROP;
	__builtin_memcpy(eth->h_dest, old.h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, old.h_dest, ETH_ALEN);
	eth->h_proto = old.h_proto;
	outer->version = 4;
	outer->ihl = 5;
	outer->tos = tos;
	outer->tot_len = BE16(bytes);
	outer->id = 0;
	outer->frag_off = BE16(0x4000);
	outer->ttl = 64;
	outer->protocol = 4;
	outer->check = 0;
	outer->saddr = BE32(0xc0000201);
	outer->daddr = BE32(0xc6336402);
	outer->check = checksum(outer);
	return XDP_TX;
}

/* And off again; a header with options is as long as it says. */
SEC("xdp/pop_ipv4")
int pop_ipv4(struct xdp_md *ctx)
{
	struct ethhdr *eth = packet_start(ctx), old;
	struct iphdr *outer = (void *)(eth + 1);

	if ((void *)(outer + 1) > packet_end(ctx))
		return XDP_DROP;
	if (eth->h_proto != BE16(ETH_P_IP) || outer->protocol != 4 || outer->ihl < 5)
		return XDP_PASS;
	old = *eth;
	if (bpf_xdp_adjust_head(ctx, outer->ihl * 4))
		return XDP_ABORTED;
	eth = packet_start(ctx);
	if ((void *)(eth + 1) > packet_end(ctx))
		return XDP_DROP;
	*eth = old;
	return XDP_TX;
}

SEC("xdp/push_vlan")
int push_vlan(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	struct vlan_header *vlan;

	if (bpf_xdp_adjust_head(ctx, 0 - (int)sizeof(*vlan)))
		return XDP_ABORTED;
	data = packet_start(ctx);
	if (data + sizeof(struct ethhdr) + sizeof(*vlan) > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	__builtin_memmove(data, data + sizeof(*vlan), 2 * ETH_ALEN);
	*(__be16 *)(data + 12) = BE16(ETH_P_8021Q);
	vlan = (void *)(data + sizeof(struct ethhdr));
	vlan->tag = BE16(0x2005);
	return XDP_TX;
}

SEC("xdp/pop_vlan")
int pop_vlan(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);

	if (data + sizeof(struct ethhdr) + sizeof(struct vlan_header) > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	if (*(__be16 *)(data + 12) != BE16(ETH_P_8021Q))
		return XDP_PASS;
	__builtin_memmove(data + sizeof(struct vlan_header), data, 2 * ETH_ALEN);
	if (bpf_xdp_adjust_head(ctx, sizeof(struct vlan_header)))
		return XDP_ABORTED;
	return XDP_TX;
}

/* IPv4 or IPv6 in IPv6 (RFC 2473): 40 bytes more. */
SEC("xdp/push_ipv6")
int push_ipv6(struct xdp_md *ctx)
{
	struct ethhdr *eth = packet_start(ctx), old;
	void *end = packet_end(ctx);
	struct ipv6hdr *outer;
	__u16 bytes;
	__u8 next;

	if ((void *)(eth + 1) + sizeof(struct iphdr) > end)
		return XDP_DROP;
	old = *eth;
	if (eth->h_proto == BE16(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		bytes = ip->tot_len;
		next = 4;
	} else if (eth->h_proto == BE16(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		bytes = BE16(BE16(ip->payload_len) + sizeof(*ip));
		next = 41;
	} else {
		return XDP_PASS;
	}
	if (bpf_xdp_adjust_head(ctx, 0 - (int)sizeof(*outer)))
		return XDP_ABORTED;
	eth = packet_start(ctx);
	outer = (void *)(eth + 1);
	if ((void *)(outer + 1) > packet_end(ctx))
		return XDP_DROP;
	*eth = old;
	eth->h_proto = BE16(ETH_P_IPV6);
	*(__be32 *)outer = BE32(0x60000000);
	outer->payload_len = bytes;
	outer->nexthdr = next;
	outer->hop_limit = 64;
	outer->saddr.in6_u.u6_addr32[0] = BE32(0x20010db8);
	outer->saddr.in6_u.u6_addr32[1] = 0;
	outer->saddr.in6_u.u6_addr32[2] = 0;
	outer->saddr.in6_u.u6_addr32[3] = BE32(1);
	outer->daddr.in6_u.u6_addr32[0] = BE32(0x20010db8);
	outer->daddr.in6_u.u6_addr32[1] = 0;
	outer->daddr.in6_u.u6_addr32[2] = BE32(7);
	outer->daddr.in6_u.u6_addr32[3] = BE32(2);
	return XDP_TX;
}

/* One of four places, by what the packet says; from there on all paths are one, and nobody looks at the result. */
SEC("xdp/choose")
int choose(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end;
	int by = 0;

	if (data + 20 > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	switch (data[14] & 3) {
	case 1:
		by = -24;
		break;
	case 2:
		by = 40;
		break;
	case 3:
		by = (data[15] & 31) - 13;
		break;
	}
	bpf_xdp_adjust_head(ctx, by);
	data = packet_start(ctx);
	end = packet_end(ctx);
	if (data + 30 > end)
		return XDP_PASS;
	__u32 sum = *(__u32 *)(data + 1) + data[29];

	/* What never was part of the packet is zero. */
	data[3] = sum;
	*(__u16 *)(data + 24) = sum >> 8;
	if (data + 200 <= end && data[199] & 1)
		return XDP_DROP;
	return sum & 1 ? XDP_TX : XDP_PASS;
}

/* Down and up again: bytes that were given up are still there. Then the helpers that copy. */
SEC("xdp/back")
int back(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	__u8 bytes[24];

	if (data + 40 > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	data[2] = 0x77;
	if (bpf_xdp_adjust_head(ctx, 26) || bpf_xdp_adjust_head(ctx, -50) || bpf_xdp_adjust_head(ctx, 8))
		return XDP_ABORTED;
	if (bpf_xdp_load_bytes(ctx, 10, bytes, sizeof(bytes)))
		return XDP_ABORTED;
	bytes[3] ^= bytes[20];
	if (bpf_xdp_store_bytes(ctx, 2, bytes, sizeof(bytes)))
		return XDP_ABORTED;
	/* Behind the window and behind the end. */
	if (bpf_xdp_load_bytes(ctx, 180, bytes, 8))
		return XDP_PASS;
	if (bpf_xdp_store_bytes(ctx, 4, bytes, 8))
		return XDP_ABORTED;
	return XDP_TX;
}

/* Further than any packet reaches: nothing moves. */
SEC("xdp/limits")
int limits(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);

	if (data + 20 > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	int by = *(__u16 *)(data + 14) & 127;

	if (!bpf_xdp_adjust_head(ctx, -217))
		return XDP_ABORTED;
	if (bpf_xdp_adjust_head(ctx, by))
		return XDP_PASS;
	if (bpf_xdp_adjust_head(ctx, 5000) != -22)
		return XDP_ABORTED;
	return XDP_TX;
}
