// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Functions that are called, not inlined: static and global ones, with numbers, packet pointers and pointers into the
 * caller's stack as arguments, one several times and one through another. */
#include "weir_bpf.h"

#define noinline __attribute__((noinline))

struct header {
	__u8 bytes[32];
};

struct pair {
	__u32 first, second;
};

static noinline __u64 mix(__u64 a, __u64 b)
{
	return (a ^ (b << 3)) + 0x9e3779b97f4a7c15;
}

static noinline void exchange(struct pair *pair)
{
	__u32 first = pair->first;

	pair->first = pair->second + 1;
	pair->second = first;
}

static noinline __u64 nested(__u64 a, __u64 b, struct pair *pair)
{
	struct pair own = { a, b };

	exchange(&own);
	exchange(pair);
	return mix(own.first, own.second) + pair->first;
}

static noinline int length(struct xdp_md *ctx)
{
	return packet_end(ctx) - packet_start(ctx);
}

noinline int verdict(__u32 seed)
{
	if (seed & 1)
		return XDP_TX;
	if (seed & 2)
		return XDP_PASS;
	return XDP_DROP;
}

SEC("xdp")
int calls(struct xdp_md *ctx)
{
	struct header *h = packet_start(ctx);
	struct pair pair;
	__u64 sum;

	if ((void *)(h + 1) > packet_end(ctx))
		return XDP_ABORTED;
	pair.first = h->bytes[0];
	pair.second = h->bytes[1];
	exchange(&pair);
	sum = mix(h->bytes[2], length(ctx));
	if (h->bytes[4] & 1)
		sum = nested(sum, h->bytes[5], &pair);
	else
		sum = mix(sum, pair.first);
	*(__u64 *)&h->bytes[8] = sum;
	*(__u32 *)&h->bytes[16] = pair.first;
	*(__u32 *)&h->bytes[20] = pair.second;
	return verdict(h->bytes[6]);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
