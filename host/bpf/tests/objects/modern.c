// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Maps described by BTF in each of the ways that libbpf knows. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define UINT(name, number) int(*name)[number]
#define TYPE(name, type) typeof(type) *name
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static long (*map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;

struct flow { u32 addresses[2]; unsigned short ports[2]; };
typedef const struct flow flow_key;
struct state { u64 packets, bytes; };

struct {
	UINT(type, 1);
	TYPE(key, flow_key);
	TYPE(value, struct state);
	UINT(max_entries, 4096);
	UINT(map_flags, 1);
} flows SEC(".maps");

struct {
	UINT(type, 6);
	UINT(key_size, sizeof(u32));
	UINT(value_size, 24);
	UINT(max_entries, 4);
	UINT(pinning, 1);
} counters SEC(".maps");

struct inner { UINT(type, 2); TYPE(key, u32); TYPE(value, u32); UINT(max_entries, 1); };
struct {
	UINT(type, 12);
	TYPE(key, u32);
	UINT(max_entries, 8);
	struct inner *values[];
} outer SEC(".maps");

SEC("xdp/modern") int modern(struct xdp_md *ctx)
{
	struct flow key = { { ctx->ingress_ifindex, 2 }, { 3, 4 } };
	struct state fresh = { 1, ctx->data_end - ctx->data }, *state = map_lookup(&flows, &key);

	if (!state) {
		map_update(&flows, &key, &fresh, 0);
		return 2;
	}
	state->packets++;
	return 1;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
