// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * 64-bit and 32-bit arithmetic on words of the packet, results stored into the packet. `volatile` keeps the
 * operations as they are written here.
 */
#include "weir_bpf.h"

struct operands {
	__u64 a, b;
	__u64 results[6];
};

SEC("xdp/alu64")
int alu64(struct xdp_md *ctx)
{
	volatile struct operands *packet = packet_start(ctx);
	__u64 a, b;

	if ((void *)(packet + 1) > packet_end(ctx))
		return XDP_DROP;
	a = packet->a;
	b = packet->b;
	packet->results[0] = a + b;
	packet->results[1] = a - b;
	packet->results[2] = (a & b) ^ (a | 0x1234567);
	packet->results[3] = a << (b & 63);
	packet->results[4] = a >> (b & 63);
	packet->results[5] = (__s64)a >> (b & 63);
	return XDP_TX;
}

SEC("xdp/alu32")
int alu32(struct xdp_md *ctx)
{
	volatile struct operands *packet = packet_start(ctx);
	__u32 a, b;

	if ((void *)(packet + 1) > packet_end(ctx))
		return XDP_DROP;
	a = packet->a;
	b = packet->b;
	packet->results[0] = a + b;
	packet->results[1] = a - b;
	packet->results[2] = -a ^ (b | 0x80000000);
	packet->results[3] = a << (b & 31);
	packet->results[4] = a >> (b & 31);
	packet->results[5] = (__u32)((__s32)a >> (b & 31));
	return XDP_TX;
}

SEC("xdp/multiply")
int multiply(struct xdp_md *ctx)
{
	volatile struct operands *packet = packet_start(ctx);
	__u64 a, b;

	if ((void *)(packet + 1) > packet_end(ctx))
		return XDP_DROP;
	a = packet->a;
	b = packet->b;
	packet->results[0] = a * b;
	packet->results[1] = (__u32)a * (__u32)b;
	packet->results[2] = a * -7;
	return XDP_TX;
}

SEC("xdp/byte_order")
int byte_order(struct xdp_md *ctx)
{
	volatile struct operands *packet = packet_start(ctx);
	__u64 a;

	if ((void *)(packet + 1) > packet_end(ctx))
		return XDP_DROP;
	a = packet->a;
	packet->results[0] = BE16(a);
	packet->results[1] = BE32(a);
	packet->results[2] = BE64(a);
	packet->results[3] = BE16(a >> 16) + BE32(a >> 32);
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
