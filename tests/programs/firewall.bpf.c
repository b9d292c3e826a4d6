// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A stateless firewall: refuses destination ports and counts.
 *
 * rules             which ports are refused, directly mapped: the rule of a port stands at index port % 1024
 * rule_hits         packets that met the rule with the same index
 * protocol_packets  IPv4 packets by protocol number
 *
 * Ethernet with at most one VLAN tag, IPv4 with options, TCP and UDP. What is not IPv4 passes, and so do fragments
 * after the first, which have no ports. A header that is cut short or contradicts itself gives XDP_ABORTED.
 */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#include "weir_bpf.h"

#define RULES 1024
#define FRAGMENT_OFFSET 0x1fff

enum { RULE_TCP = 1, RULE_UDP = 2 };
enum { ACTION_COUNT = 0, ACTION_REFUSE = 1 };

struct rule {
	__u16 port;	/* in the order of the CPU; no rule where protocols is 0 */
	__u8 protocols; /* RULE_TCP, RULE_UDP */
	__u8 action;
	__u32 pad;
};

struct vlan_header {
	__be16 tci;
	__be16 ethertype;
};

struct ports {
	__be16 source;
	__be16 destination;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, RULES);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct rule);
} rules SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, RULES);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} rule_hits SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 256);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} protocol_packets SEC(".maps");

INLINE int filter_port(__u16 port, __u8 protocol)
{
	__u32 index = port % RULES;
	struct rule *rule;
	__u64 *hits;

	rule = map_lookup(&rules, &index);
	if (!rule || rule->port != port || !(rule->protocols & protocol))
		return XDP_PASS;

	hits = map_lookup(&rule_hits, &index);
	if (hits)
		__sync_fetch_and_add(hits, 1);
	return rule->action == ACTION_REFUSE ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	void *data = packet_start(ctx), *end = packet_end(ctx);
	struct ethhdr *ethernet = data;
	struct ports *ports;
	struct iphdr *ip;
	__be16 ethertype;
	__u64 *packets;
	__u32 index;
	__u8 protocol;

	ip = data + sizeof(*ethernet);
	if ((void *)ip > end)
		return XDP_ABORTED;
	ethertype = ethernet->h_proto;
	if (ethertype == BE16(ETH_P_8021Q)) {
		struct vlan_header *vlan = (void *)ip;

		ip = (void *)(vlan + 1);
		if ((void *)ip > end)
			return XDP_ABORTED;
		ethertype = vlan->ethertype;
	}
	if (ethertype != BE16(ETH_P_IP))
		return XDP_PASS;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return XDP_ABORTED;
	ports = (void *)ip + ip->ihl * 4;
	if ((void *)ports > end)
		return XDP_ABORTED;

	index = ip->protocol;
	packets = map_lookup(&protocol_packets, &index);
	if (packets)
		*packets += 1;

	if (ip->protocol == IPPROTO_TCP)
		protocol = RULE_TCP;
	else if (ip->protocol == IPPROTO_UDP)
		protocol = RULE_UDP;
	else
		return XDP_PASS;
	if (ip->frag_off & BE16(FRAGMENT_OFFSET))
		return XDP_PASS;
	if ((void *)(ports + 1) > end)
		return XDP_ABORTED;
	return filter_port(BE16(ports->destination), protocol);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
