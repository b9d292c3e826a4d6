// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A token bucket per IPv4 source address. Credit is counted in nanoseconds: time that passes is earned, a packet costs
 * COST, and no more than BURST is kept. Reads and writes are plain ones, as they are where packets come one by one.
 */
#include <linux/if_ether.h>
#include <linux/ip.h>
#include "weir_bpf.h"

#define COST 1000ull /* a million packets a second */
#define BURST (8 * COST)

struct bucket {
	__u64 time;
	__u64 credit;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 1024);
	MAP_NUMBER(key_size, 4);
	MAP_TYPE(value, struct bucket);
} buckets SEC(".maps");

static __u64 (*const ktime)(void) = (void *)BPF_FUNC_ktime_get_ns;

SEC("xdp")
int bucket(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = packet_start(ctx);
	struct iphdr *ip = (void *)(ethernet + 1);
	struct bucket *bucket;
	__u64 now, credit;
	__u32 source;

	if ((void *)(ip + 1) > packet_end(ctx) || ethernet->h_proto != BE16(ETH_P_IP))
		return XDP_PASS;
	source = ip->saddr;
	now = ktime();
	bucket = map_lookup(&buckets, &source);
	if (!bucket) {
		struct bucket fresh = { .time = now, .credit = BURST - COST };

		/* Of more sources than there are buckets, the rest passes. */
		map_update(&buckets, &source, &fresh, BPF_NOEXIST);
		return XDP_PASS;
	}
	credit = bucket->credit + (now - bucket->time);
	if (credit > BURST)
		credit = BURST;
	bucket->time = now;
	if (credit < COST) {
		bucket->credit = credit;
		return XDP_DROP;
	}
	bucket->credit = credit - COST;
	return XDP_PASS;
}
