// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Every relation of the jump instructions, signed and unsigned, 64 and 32 bits wide, against each other. */
#include "weir_bpf.h"

struct operands {
	__u64 a, b, result;
};

/* One bit per relation. The empty asm keeps clang from turning a branch into arithmetic. */
#define BIT_IF(condition, bit)                                                                                         \
	do {                                                                                                           \
		if (condition) {                                                                                       \
			result |= 1 << (bit);                                                                          \
			asm volatile("" : "+r"(result));                                                               \
		}                                                                                                      \
	} while (0)

#define RELATIONS(unsigned_type, signed_type)                                                                          \
	do {                                                                                                           \
		unsigned_type a = packet->a, b = packet->b;                                                            \
		BIT_IF(a == b, 0);                                                                                     \
		BIT_IF(a < b, 1);                                                                                      \
		BIT_IF(a > b, 2);                                                                                      \
		BIT_IF((signed_type)a < (signed_type)b, 3);                                                            \
		BIT_IF((signed_type)a > (signed_type)b, 4);                                                            \
		BIT_IF(a & b, 5);                                                                                      \
		BIT_IF(a >= 100, 6);                                                                                   \
		BIT_IF((signed_type)a <= -2, 7);                                                                       \
		BIT_IF(a != 5, 8);                                                                                     \
	} while (0)

SEC("xdp/jump64")
int jump64(struct xdp_md *ctx)
{
	struct operands *packet = packet_start(ctx);
	__u64 result = 0;

	if ((void *)(packet + 1) > packet_end(ctx))
		return XDP_DROP;
	RELATIONS(__u64, __s64);
	packet->result = result;
	return result & 1 ? XDP_TX : XDP_PASS;
}

SEC("xdp/jump32")
int jump32(struct xdp_md *ctx)
{
	struct operands *packet = packet_start(ctx);
	__u64 result = 0;

	if ((void *)(packet + 1) > packet_end(ctx))
		return XDP_DROP;
	RELATIONS(__u32, __s32);
	packet->result = result;
	return result & 1 ? XDP_TX : XDP_PASS;
}

/* Verdicts of all kinds, an unknown one among them, by the first byte of the packet. */
SEC("xdp/verdicts")
int verdicts(struct xdp_md *ctx)
{
	__u8 *packet = packet_start(ctx);

	if ((void *)(packet + 1) > packet_end(ctx))
		return XDP_ABORTED;
	switch (*packet) {
	case 0 ... 31:
		return XDP_ABORTED;
	case 32 ... 63:
		return XDP_DROP;
	case 64 ... 127:
		return XDP_PASS;
	case 128 ... 191:
		return XDP_TX;
	default:
		return 77;
	}
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
