// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Hash maps that programs look up: keys of 1 to 16 bytes, values of one and several words, several lookups of one map. */
#include "weir_bpf.h"

struct policy {
	__u32 verdict;
	__u16 mask;
	__u8 hits[3];
	__u8 weight;
	__u64 bytes;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 100);
	MAP_NUMBER(key_size, 6);
	MAP_TYPE(value, struct policy);
} stations SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_HASH);
	MAP_NUMBER(max_entries, 40);
	MAP_NUMBER(key_size, 16);
	MAP_TYPE(value, __u64);
} addresses SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 7);
	MAP_NUMBER(key_size, 1);
	MAP_NUMBER(value_size, 20);
} kinds SEC(".maps");

struct station {
	__u8 address[6];
};

/* Source, then destination; the key is copied to the stack byte by byte. */
SEC("xdp/station")
int station(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);
	struct station key;
	struct policy *policy;

	if (data + 14 > end)
		return XDP_ABORTED;
	__builtin_memcpy(&key, data + 6, 6);
	policy = map_lookup(&stations, &key);
	if (!policy) {
		__builtin_memcpy(&key, data, 6);
		policy = map_lookup(&stations, &key);
		if (!policy)
			return XDP_PASS;
		__sync_fetch_and_add(&policy->bytes, end - data);
		return policy->verdict & 1 ? XDP_TX : XDP_DROP;
	}
	policy->bytes += end - data;
	return policy->mask & 3;
}

/* Keys of 16 bytes; the value is a counter that is an addition in the table. */
SEC("xdp/address")
int address(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);
	struct {
		__u64 high, low;
	} key;
	__u64 *count;

	if (data + 54 > end)
		return XDP_PASS;
	__builtin_memcpy(&key, data + 22, 16);
	count = map_lookup(&addresses, &key);
	if (!count)
		return XDP_DROP;
	*count += 1;
	return XDP_TX;
}

/* Values of several words, at constant places and at one that the packet decides. */
SEC("xdp/kind")
int kind(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx), key, *value;
	__u32 at;

	if (data + 60 > end)
		return XDP_PASS;
	key = data[0] & 3;
	value = map_lookup(&kinds, &key);
	if (!value)
		return XDP_DROP;
	at = data[1] & 15;
	data[4] = value[at];
	data[5] = value[17];
	*(__u32 *)(data + 8) = *(__u32 *)(value + 16);
	value[at + 3] = data[2];
	return value[2] & 1 ? XDP_TX : XDP_PASS;
}
