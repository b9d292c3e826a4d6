// SPDX-License-Identifier: MIT OR GPL-2.0-only
// The lookup may have found nothing.
// test: diag
// check: error[X0402]:
// nextln: --> ./null_check.c:
// check: help: compare the result of the lookup with 0
#include "weir_bpf.h"

struct { MAP_NUMBER(type, BPF_MAP_TYPE_HASH); MAP_NUMBER(max_entries, 4); MAP_TYPE(key, __u32);
	 MAP_TYPE(value, __u64); } seen SEC(".maps");

SEC("xdp") int prog(struct xdp_md *ctx)
{
	__u32 key = ctx->rx_queue_index;
	__u64 *value = map_lookup(&seen, &key);

	return *value;
}
