// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Variables of .rodata, .data and .bss: constants at known and at variable places, counters, a struct and an array. */
#include "weir_bpf.h"

#define kept _Pragma("clang loop unroll(disable)") for

const volatile __u32 factor = 3;
const volatile __u16 table[8] = { 1, 10, 100, 1000, 10000, 2, 20, 200 };

struct settings {
	__u32 limit, verdict;
	__u64 key;
};

struct settings settings = { .limit = 5, .verdict = XDP_TX, .key = 0x1234567890abcdef };
__u64 count = 40;

__u64 packets;
static volatile __u32 seen[8];
static volatile __u8 last;

SEC("xdp")
int globals(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	__u32 index, kind;

	if (data + 32 > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	packets++;
	index = data[0] & 7;
	kind = data[1] & 7;
	seen[kind] += index;
	*(__u16 *)&data[2] = table[index];
	*(__u32 *)&data[4] = seen[kind] * factor;
	*(__u64 *)&data[8] ^= settings.key;
	*(__u64 *)&data[16] = count;
	data[24] = last;
	last = data[25];
	if (index > settings.limit)
		return settings.verdict;
	count += factor;
	return XDP_PASS;
}

/* A table that is only read at places that are known once the loop is unrolled. */
static const __u8 weights[6] = { 3, 1, 4, 1, 5, 9 };

SEC("xdp")
int constants(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	__u32 sum = 0;

	if (data + 32 > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	kept (int i = 0; i < 6; i++)
		sum += data[i] * weights[i];
	*(__u32 *)&data[8] = sum;
	return sum & 1 ? XDP_TX : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
