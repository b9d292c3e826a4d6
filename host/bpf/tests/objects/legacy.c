// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Maps of the old form, two programs in one section, static data, subprograms; compiled with and without BTF. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };
struct elf_map { u32 type, key_size, value_size, max_entries, flags, id, pinning, inner_id, inner_index; };
static void *(*map_lookup)(void *map, const void *key) = (void *)1;

struct bpf_map_def SEC("maps") counters = { 2, 4, 8, 256, 0 };
struct elf_map SEC("maps") flows = { 1, 8, 16, 1000, 1, 7, 2 };

const volatile u32 limit = 1500;
volatile u64 before = 4;
volatile u64 total = 5;
volatile u32 unset[3];

static __attribute__((noinline)) u64 *counter(u32 key)
{
	return map_lookup(&counters, &key);
}

__attribute__((noinline)) int count(u32 key)
{
	u64 *value = counter(key);

	if (!value)
		return -1;
	__sync_fetch_and_add(value, 1);
	return 0;
}

SEC("xdp") int first(struct xdp_md *ctx)
{
	if (ctx->data_end - ctx->data > limit)
		return 1;
	total += 3;
	unset[2] = ctx->rx_queue_index;
	return count(ctx->ingress_ifindex) ? 0 : 2;
}

SEC("xdp") int second(struct xdp_md *ctx)
{
	u64 key = ctx->ingress_ifindex;

	return map_lookup(&flows, &key) ? 3 : 1 + !counter(9);
}

SEC("tc") int third(void *ctx)
{
	return 7;
}

char LICENSE[] SEC("license") = "GPL";
