// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What is known on one path only, and a number that tells the path later, as functions that return an error or a
 * result through a pointer leave it. */
#include "weir_bpf.h"

#define noinline __attribute__((noinline))

struct header {
	__u8 kind, length, data[10];
};

struct cursor {
	void *at, *end;
};

/* The header is checked if the kind is not negative. */
static noinline int parse(struct cursor *cursor, struct header **header)
{
	struct header *h = cursor->at;

	if ((void *)(h + 1) > cursor->end)
		return -1;
	cursor->at = h + 1;
	*header = h;
	return h->kind;
}

SEC("xdp")
int result(struct xdp_md *ctx)
{
	struct cursor cursor = { .at = packet_start(ctx), .end = packet_end(ctx) };
	struct header *first, *second;
	int kind;

	kind = parse(&cursor, &first);
	if (kind < 0)
		return XDP_DROP;
	if (kind & 1)
		kind = parse(&cursor, &second);
	else
		kind = -2;
	if (kind < 0)
		return kind == -1 ? XDP_ABORTED : XDP_PASS;
	second->data[0] = first->data[1] + first->length;
	return second->length & 1 ? XDP_TX : XDP_PASS;
}

/* Bytes that were checked if a flag is set. */
SEC("xdp")
int flag(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	void *end = packet_end(ctx);
	__u32 long_enough = 0;

	if (data + 14 > (__u8 *)end)
		return XDP_DROP;
	if (data + 40 <= (__u8 *)end)
		long_enough = 1;
	data[0] ^= 1;
	asm volatile("" : "+r"(long_enough));
	if (long_enough & 1)
		return data[39] & 1 ? XDP_TX : XDP_PASS;
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
