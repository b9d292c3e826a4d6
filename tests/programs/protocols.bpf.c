// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Two small jobs that many first XDP programs do, parsed alike: Ethernet, at most two VLAN tags, IPv4 or IPv6.
 *
 * count    counts packets by protocol number (0: neither IPv4 nor IPv6) and drops them
 * bounce   does the same, but swaps the MAC addresses of UDP and sends it back
 */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "weir_bpf.h"

struct vlan_header {
	__be16 tci;
	__be16 ethertype;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 256);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} packets SEC(".maps");

INLINE int is_vlan(__be16 ethertype)
{
	return ethertype == BE16(ETH_P_8021Q) || ethertype == BE16(ETH_P_8021AD);
}

/* The protocol number, 0 for what has none, -1 for a frame that is cut short. */
INLINE int protocol_of(void *data, void *end)
{
	struct ethhdr *ethernet = data;
	void *next = ethernet + 1;
	__be16 ethertype;
	int tag;

	if (next > end)
		return -1;
	ethertype = ethernet->h_proto;
#pragma unroll
	for (tag = 0; tag < 2; tag++) {
		struct vlan_header *vlan = next;

		if (is_vlan(ethertype)) {
			next = vlan + 1;
			if (next > end)
				return -1;
			ethertype = vlan->ethertype;
		}
	}
	if (ethertype == BE16(ETH_P_IP)) {
		struct iphdr *ip = next;

		return (void *)(ip + 1) > end ? 0 : ip->protocol;
	}
	if (ethertype == BE16(ETH_P_IPV6)) {
		struct ipv6hdr *ip = next;

		return (void *)(ip + 1) > end ? 0 : ip->nexthdr;
	}
	return 0;
}

INLINE void count_packet(__u32 protocol)
{
	__u64 *counter = map_lookup(&packets, &protocol);

	if (counter)
		*counter += 1;
}

INLINE void swap_addresses(void *data)
{
	__u16 *half = data, kept;
	int i;

#pragma unroll
	for (i = 0; i < 3; i++) {
		kept = half[i];
		half[i] = half[i + 3];
		half[i + 3] = kept;
	}
}

SEC("xdp/count")
int count(struct xdp_md *ctx)
{
	int protocol = protocol_of(packet_start(ctx), packet_end(ctx));

	if (protocol >= 0)
		count_packet(protocol);
	return XDP_DROP;
}

SEC("xdp/bounce")
int bounce(struct xdp_md *ctx)
{
	void *data = packet_start(ctx);
	int protocol = protocol_of(data, packet_end(ctx));

	if (protocol < 0)
		return XDP_DROP;
	count_packet(protocol);
	if (protocol != IPPROTO_UDP)
		return XDP_DROP;
	swap_addresses(data);
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
