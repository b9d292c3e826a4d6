// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Redirects to interfaces, by number and by map; time, random numbers and the CPU, which the packet shows. */
#include "weir_bpf.h"

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_DEVMAP);
	MAP_NUMBER(max_entries, 6);
	MAP_NUMBER(key_size, 4);
	MAP_NUMBER(value_size, 4);
} devices SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 4);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} counters SEC(".maps");

static long (*const redirect_to)(__u32 ifindex, __u64 flags) = (void *)BPF_FUNC_redirect;
static long (*const redirect_by)(void *map, __u64 key, __u64 flags) = (void *)BPF_FUNC_redirect_map;
static __u64 (*const ktime)(void) = (void *)BPF_FUNC_ktime_get_ns;
static __u32 (*const prandom)(void) = (void *)BPF_FUNC_get_prandom_u32;
static __u32 (*const cpu)(void) = (void *)BPF_FUNC_get_smp_processor_id;

/* The packet says where to, and with which flags. */
SEC("xdp/redirects")
int redirects(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);
	long verdict;

	if (data + 34 > end)
		return XDP_PASS;
	if (data[0] & 1)
		return redirect_to(data[1], data[2] & 1);
	verdict = redirect_by(&devices, data[1] & 7, data[2] & 0x53);
	*(__u16 *)(data + 20) = verdict;
	if (data[3] & 1)
		return redirect_by(&devices, data[4] & 7, XDP_DROP);
	return verdict;
}

/* A verdict to redirect although no helper, or one that found nothing, was called before. */
SEC("xdp/stray")
int stray(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);

	if (data + 20 > end)
		return XDP_PASS;
	if (data[0] & 1)
		redirect_to(data[1], 0);
	return data[2] & 7;
}

SEC("xdp/clock")
int clock(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);
	__u32 key = cpu(), i;
	__u64 *count;

	if (data + 64 > end)
		return XDP_PASS;
	*(__u64 *)data = ktime();
	for (i = 0; i < 3; i++)
		*(__u32 *)(data + 8 + 4 * i) = prandom();
	if (data[60] & 1)
		*(__u32 *)(data + 20) = prandom();
	key += *(__u32 *)(data + 20) & 3;
	count = map_lookup(&counters, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_TX;
}
