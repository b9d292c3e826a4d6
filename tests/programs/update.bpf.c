// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Maps that the program changes: keys inserted, updated and deleted, with all flags, until maps are full; results go
 * into the packet.
 */
#include "weir_bpf.h"

struct flow {
	__u64 packets;
	__u32 bytes;
	__u16 last;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 24);
	MAP_NUMBER(key_size, 4);
	MAP_TYPE(value, struct flow);
} flows SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_HASH);
	MAP_NUMBER(max_entries, 5);
	MAP_NUMBER(key_size, 11);
	MAP_NUMBER(value_size, 12);
} per_cpu SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 10);
	MAP_TYPE(key, __u32);
	MAP_NUMBER(value_size, 12);
} array SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 3);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, __u64);
} slots SEC(".maps");

/* Flows begin with their first packet and end with a certain byte. */
SEC("xdp/track")
int track(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);
	struct flow *flow, fresh = {};
	__u32 key;

	if (data + 34 > end)
		return XDP_PASS;
	key = data[26] & 31;
	flow = map_lookup(&flows, &key);
	if (!flow) {
		fresh.packets = 1;
		fresh.bytes = end - data;
		fresh.last = data[30];
		return map_update(&flows, &key, &fresh, BPF_NOEXIST) ? XDP_ABORTED : XDP_TX;
	}
	flow->packets++;
	flow->last = data[30];
	if ((data[27] & 7) == 0)
		return map_delete(&flows, &key) ? XDP_ABORTED : XDP_DROP;
	return XDP_PASS;
}

/* Every kind of update and a delete, on keys of which some are there. */
SEC("xdp/flags")
int flags(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);
	struct flow value = {};
	__u32 key;
	long result;

	if (data + 40 > end)
		return XDP_PASS;
	key = data[0] % 32;
	value.packets = *(__u64 *)(data + 8);
	value.last = data[1];
	switch (data[2] & 7) {
	case 0:
		result = map_update(&flows, &key, &value, BPF_ANY);
		break;
	case 1:
		result = map_update(&flows, &key, &value, BPF_NOEXIST);
		break;
	case 2:
		result = map_update(&flows, &key, &value, BPF_EXIST);
		break;
	case 3:
		result = map_update(&flows, &key, &value, 3);
		break;
	case 4:
		result = map_update(&flows, &key, &value, BPF_F_LOCK);
		break;
	case 5:
		result = map_update(&flows, &key, &value, 1ull << 40);
		break;
	default:
		result = map_delete(&flows, &key);
		break;
	}
	*(__u64 *)(data + 16) = result;
	return result ? XDP_TX : XDP_PASS;
}

/* The same on the other types; a pointer from before an update leads to what it has written. */
SEC("xdp/in_place")
int in_place(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx), *end = packet_end(ctx);
	struct {
		__u64 low;
		__u32 high;
	} value, *old;
	struct {
		__u8 bytes[11];
	} key = {};
	__u32 index, small;
	__u64 word;
	long result;

	if (data + 60 > end)
		return XDP_PASS;
	__builtin_memcpy(&value, data + 20, 12);
	key.bytes[0] = data[0] & 7;
	key.bytes[10] = 5;
	old = map_lookup(&per_cpu, &key);
	result = map_update(&per_cpu, &key, &value, BPF_ANY);
	*(__u32 *)(data + 40) = result;
	if (old)
		*(__u32 *)(data + 44) = old->high;
	index = data[1] & 15;
	*(__u32 *)(data + 48) = map_update(&array, &index, &value, BPF_EXIST);
	*(__u32 *)(data + 52) = map_delete(&array, &index);
	word = value.low;
	small = data[2] & 3;
	switch (data[3] & 3) {
	case 0:
		result = map_update(&slots, &small, &word, BPF_NOEXIST);
		break;
	case 1:
		result = map_update(&slots, &small, &word, BPF_F_LOCK);
		break;
	case 2:
		result = map_update(&slots, &small, &word, 8);
		break;
	default:
		result = map_update(&slots, &small, &word, BPF_ANY);
		break;
	}
	*(__u32 *)(data + 56) = result;
	if (data[4] & 1)
		return map_delete(&per_cpu, &key) ? XDP_TX : XDP_DROP;
	return XDP_PASS;
}
