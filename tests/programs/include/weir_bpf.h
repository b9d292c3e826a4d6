/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the test programs need beside the kernel's own headers (linux/bpf.h and the packet headers of
 * linux-libc-dev): sections, map definitions, byte order and the helpers they call. Little-endian BPF only.
 */
#ifndef WEIR_BPF_H
#define WEIR_BPF_H

#include <linux/bpf.h>
#include <linux/types.h>

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))

/* Members of a map definition in section ".maps", which the loader reads from the type's BTF. */
#define MAP_NUMBER(name, value) int (*name)[value]
#define MAP_TYPE(name, value) typeof(value) *name

#define BE16(x) __builtin_bswap16((__u16)(x))
#define BE32(x) __builtin_bswap32((__u32)(x))
#define BE64(x) __builtin_bswap64((__u64)(x))

/* Helpers are calls to fixed numbers (enum bpf_func_id). */
static void *(*const map_lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*const map_update)(void *map, const void *key, const void *value,
				__u64 flags) = (void *)BPF_FUNC_map_update_elem;
static long (*const map_delete)(void *map, const void *key) = (void *)BPF_FUNC_map_delete_elem;
static long (*const bpf_xdp_adjust_head)(struct xdp_md *ctx, int delta) = (void *)BPF_FUNC_xdp_adjust_head;
static long (*const bpf_xdp_load_bytes)(struct xdp_md *ctx, __u32 offset, void *buf, __u32 len) =
	(void *)BPF_FUNC_xdp_load_bytes;
static long (*const bpf_xdp_store_bytes)(struct xdp_md *ctx, __u32 offset, void *buf, __u32 len) =
	(void *)BPF_FUNC_xdp_store_bytes;

/* The packet. xdp_md holds pointers in 32 bits; the kernel widens them where they are loaded. */
INLINE void *packet_start(const struct xdp_md *ctx)
{
	return (void *)(long)ctx->data;
}

INLINE void *packet_end(const struct xdp_md *ctx)
{
	return (void *)(long)ctx->data_end;
}

#endif
