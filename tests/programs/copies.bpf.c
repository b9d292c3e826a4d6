// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Packet bytes copied to the stack and back, and arrays on the stack at offsets that the packet decides. */
#include "weir_bpf.h"

struct vlan {
	__u16 tci, proto;
};

/* Reads the copy at offsets that depend on it, as the kernel's xdp1 sample does. */
SEC("xdp")
int parse(struct xdp_md *ctx)
{
	__u8 bytes[60] = {};
	__u32 at = 14;
	__u16 proto;

	if (bpf_xdp_load_bytes(ctx, 0, bytes, sizeof(bytes)))
		return XDP_DROP;
	proto = *(__u16 *)&bytes[12];
	if (proto & 1) {
		proto = ((struct vlan *)&bytes[at])->proto;
		at += sizeof(struct vlan);
	}
	if (proto & 2) {
		proto = ((struct vlan *)&bytes[at])->proto;
		at += sizeof(struct vlan);
	}
	if (proto & 4)
		return bytes[at + 9] & 1 ? XDP_TX : XDP_PASS;
	if (proto & 8)
		return bytes[at + 6] & 1 ? XDP_TX : XDP_ABORTED;
	return XDP_PASS;
}

/* Exchanges the addresses in the copy and stores it back. */
SEC("xdp")
int swap(struct xdp_md *ctx)
{
	__u16 halves[16];

	if (bpf_xdp_load_bytes(ctx, 0, halves, sizeof(halves)))
		return XDP_DROP;
	for (int i = 0; i < 3; i++) {
		__u16 half = halves[i];

		halves[i] = halves[i + 3];
		halves[i + 3] = half;
	}
	halves[9] += 1;
	if (bpf_xdp_store_bytes(ctx, 0, halves, sizeof(halves)))
		return XDP_ABORTED;
	return XDP_TX;
}

/* Copies from and to offsets that the packet decides, changed in between behind the back of the copy. */
SEC("xdp")
int move(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	__u8 bytes[8], other[8];
	__u32 from, to;

	if (data + 20 > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	from = data[0] & 15;
	to = data[1] & 31;
	if (bpf_xdp_load_bytes(ctx, from, bytes, sizeof(bytes)))
		return XDP_ABORTED;
	data[9] ^= 0x55;
	if (bpf_xdp_load_bytes(ctx, 4, other, sizeof(other)))
		return XDP_ABORTED;
	bytes[3] ^= other[5];
	if (bpf_xdp_store_bytes(ctx, to, bytes, sizeof(bytes)) < 0)
		return XDP_PASS;
	if (bpf_xdp_store_bytes(ctx, 10, other, 6))
		return XDP_ABORTED;
	return XDP_TX;
}

/* An array on the stack that is written and read at variable places. */
SEC("xdp")
int array(struct xdp_md *ctx)
{
	__u8 *data = packet_start(ctx);
	volatile __u16 count[8] = {};
	volatile __u8 last[5];

	if (data + 32 > (__u8 *)packet_end(ctx))
		return XDP_DROP;
	for (int i = 0; i < 5; i++)
		last[i] = i;
	for (int i = 0; i < 4; i++) {
		count[data[i] & 7] += data[i + 4];
		last[(data[i] >> 6) + (data[i] & 1)] = data[i + 8];
	}
	*(__u16 *)&data[16] = count[data[12] & 7];
	data[18] = last[data[13] & 3];
	*(__u16 *)&data[20] = count[3];
	return count[0] & 1 ? XDP_TX : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
