// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Loops: of a constant number of iterations, of a number that the packet decides, with several ways out, nested, and
 * over headers whose lengths lie in the packet. */
#include "weir_bpf.h"

#define kept _Pragma("clang loop unroll(disable)") for

struct bytes {
	__u8 at[32];
};

SEC("xdp")
int sum(struct xdp_md *ctx)
{
	struct bytes *b = packet_start(ctx);
	__u32 sum = 0;

	if ((void *)(b + 1) > packet_end(ctx))
		return XDP_DROP;
	kept (int i = 0; i < 16; i++)
		sum = (sum << 1) ^ b->at[i];
	*(__u32 *)&b->at[20] = sum;
	return sum & 1 ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int until(struct xdp_md *ctx)
{
	struct bytes *b = packet_start(ctx);
	__u32 count, crc = 0xffff;

	if ((void *)(b + 1) > packet_end(ctx))
		return XDP_DROP;
	count = b->at[0] & 7;
	kept (__u32 i = 0; i < count; i++) {
		if (b->at[1 + i] == 0xff)
			return XDP_ABORTED;
		crc ^= b->at[1 + i];
		kept (int bit = 0; bit < 3; bit++)
			crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
	}
	*(__u16 *)&b->at[16] = crc;
	return crc & 2 ? XDP_TX : XDP_PASS;
}

/* Extension headers in the manner of IPv6: the next type, and the length in units of eight bytes. */
struct extension {
	__u8 next, units;
};

SEC("xdp")
int extensions(struct xdp_md *ctx)
{
	void *end = packet_end(ctx);
	__u8 *at = packet_start(ctx);
	__u8 type;

	if (at + 14 > (__u8 *)end)
		return XDP_DROP;
	type = at[13] & 3;
	at += 14;
	kept (int i = 0; i < 6; i++) {
		struct extension *e = (void *)at;

		if ((void *)(e + 1) > end)
			return XDP_DROP;
		if (type == 1)
			at += 8;
		else if (type == 2 && e->units < 2)
			at += e->units * 8 + 2;
		else
			break;
		type = e->next & 3;
	}
	if (type == 3 && at + 1 <= (__u8 *)end)
		return *at & 1 ? XDP_TX : XDP_PASS;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
