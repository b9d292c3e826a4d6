// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Arrays: counters per CPU and shared, 32 and 64 bits wide, values read for the verdict, keys beyond the end. */
#include "weir_bpf.h"

struct setting {
	__u8 verdict;
	__u8 pad;
	__u16 mask;
	__u32 add;
	__u64 pattern;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 16);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct setting);
} settings SEC(".maps");

struct counters {
	__u64 packets;
	__u64 bytes;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 64);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct counters);
} per_cpu SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 5);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u32);
} shared SEC(".maps");

/* A constant key, and a plain addition to the value of this CPU. */
SEC("xdp/count_all")
int count_all(struct xdp_md *ctx __attribute__((unused)))
{
	struct counters *counters;
	__u32 key = 3;

	counters = map_lookup(&per_cpu, &key);
	if (!counters)
		return XDP_ABORTED;
	counters->packets += 1;
	return XDP_PASS;
}

/* A key from the packet, mostly within the map and sometimes beyond it; two counters in one value. */
SEC("xdp/count_bytes")
int count_bytes(struct xdp_md *ctx)
{
	__u8 *packet = packet_start(ctx), *end = packet_end(ctx);
	struct counters *counters;
	__u32 key;

	if (packet + 14 > end)
		return XDP_ABORTED;
	key = packet[13];
	counters = map_lookup(&per_cpu, &key);
	if (!counters)
		return XDP_DROP;
	counters->packets += 1;
	counters->bytes += end - packet;
	return XDP_PASS;
}

/* Atomic addition of a value from the packet to 32 bits; a map whose size is no power of two. */
SEC("xdp/atomic")
int atomic(struct xdp_md *ctx)
{
	__u8 *packet = packet_start(ctx);
	__u32 key, *value;

	if (packet + 14 > (__u8 *)packet_end(ctx))
		return XDP_ABORTED;
	key = packet[12] & 7;
	value = map_lookup(&shared, &key);
	if (!value)
		return XDP_DROP;
	__sync_fetch_and_add(value, *(__u32 *)(packet + 2));
	return XDP_PASS;
}

/* Loads of all widths from a value decide the verdict and what is stored into the packet. */
SEC("xdp/value_loads")
int value_loads(struct xdp_md *ctx)
{
	__u8 *packet = packet_start(ctx);
	struct setting *setting;
	__u32 key;

	if (packet + 16 > (__u8 *)packet_end(ctx))
		return XDP_PASS;
	key = packet[0] & 15;
	setting = map_lookup(&settings, &key);
	if (!setting)
		return XDP_ABORTED;
	*(__u16 *)(packet + 2) &= setting->mask;
	*(__u32 *)(packet + 4) += setting->add;
	*(__u64 *)(packet + 8) ^= setting->pattern;
	return setting->verdict;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
