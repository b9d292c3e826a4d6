// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Programs that cannot be had, each for another reason, beside one that can. */
typedef unsigned int u32;
#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; } CORE;
struct net_device { u32 flags, ifindex; } CORE;

extern int elsewhere(u32 value);
extern const u32 setting;
static long (*loop)(u32 count, void *body, void *context, u32 flags) = (void *)181;

SEC("xdp") int fixed_layout(struct xdp_md *ctx)
{
	return ctx->rx_queue_index ? 1 : 2;
}

SEC("xdp") int kernel_layout(struct net_device *device)
{
	return device->ifindex;
}

SEC("xdp") int undefined_function(struct xdp_md *ctx)
{
	return elsewhere(3);
}

SEC("xdp") int undefined_data(struct xdp_md *ctx)
{
	return setting;
}

static int body(u32 index, void *context)
{
	return 0;
}

SEC("xdp") int callback(struct xdp_md *ctx)
{
	return loop(10, body, 0, 0);
}
