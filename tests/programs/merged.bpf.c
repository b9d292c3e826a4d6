// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Pointers that come from several places: entries of several maps, of one map under several keys, the packet, the
 * stack, null. */
#include "weir_bpf.h"

#define noinline __attribute__((noinline))

struct counter {
	__u64 packets, bytes;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_ARRAY);
	MAP_NUMBER(max_entries, 4);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct counter);
} first SEC(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	MAP_NUMBER(max_entries, 3);
	MAP_TYPE(key, __u32);
	MAP_TYPE(value, struct counter);
} second SEC(".maps");

struct header {
	__u8 bytes[24];
};

/* Null where the packet is too short. */
static noinline struct header *header(struct xdp_md *ctx)
{
	struct header *header = packet_start(ctx);

	return (void *)(header + 1) > packet_end(ctx) ? 0 : header;
}

/* One counter out of two maps, read and then added to, like xdp-filter's. */
SEC("xdp")
int lookups(struct xdp_md *ctx)
{
	struct header *h = header(ctx);
	struct counter *found;
	__u32 key;

	if (!h)
		return XDP_ABORTED;
	key = h->bytes[0] & 7;
	found = map_lookup(&first, &key);
	if (found && found->bytes & 1)
		goto hit;
	key = h->bytes[1] & 3;
	found = map_lookup(&second, &key);
	if (found && found->bytes & 2)
		goto hit;
	key = h->bytes[2] & 3;
	found = map_lookup(&second, &key);
	if (found && found->bytes & 4)
		goto hit;
	return XDP_PASS;
hit:
	found->packets += 64;
	return XDP_DROP;
}

/* The null check comes after the paths have met. */
SEC("xdp")
int late_check(struct xdp_md *ctx)
{
	struct header *h = header(ctx);
	struct counter *found;
	__u32 key;

	if (!h)
		return XDP_ABORTED;
	key = h->bytes[0] & 7;
	if (h->bytes[1] & 1)
		found = map_lookup(&first, &key);
	else
		found = map_lookup(&second, &key);
	h->bytes[2] = 1;
	if (!found)
		return XDP_PASS;
	found->bytes += h->bytes[3];
	*(__u64 *)&h->bytes[8] = found->packets;
	return XDP_TX;
}

/* Bytes of the packet or of the stack, through one pointer. */
static noinline __u32 sum(const __u8 *at)
{
	return at[0] + at[1] * 3 + at[2] * 5;
}

SEC("xdp")
int spaces(struct xdp_md *ctx)
{
	struct header *h = header(ctx);
	volatile __u8 own[8];
	__u8 *at;

	if (!h)
		return XDP_ABORTED;
	for (int i = 0; i < 8; i++)
		own[i] = h->bytes[i] ^ 0x55;
	if (h->bytes[8] & 1)
		at = (__u8 *)own;
	else
		at = h->bytes;
	asm volatile("" : "+r"(at));
	*(__u32 *)&h->bytes[12] = sum(at + 2);
	return h->bytes[12] & 1 ? XDP_TX : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
