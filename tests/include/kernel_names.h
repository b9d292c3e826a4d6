/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the samples of the kernel's source take from headers inside the kernel and linux-libc-dev does not have: short
 * names of integers, byte order, address families, branch hints, the VLAN header. Little-endian BPF only. Given to clang before the file.
 */
#ifndef WEIR_KERNEL_NAMES_H
#define WEIR_KERNEL_NAMES_H

#include <stddef.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <linux/udp.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#define AF_INET 2
#define AF_INET6 10

#ifndef __force
#define __force
#endif
#ifndef __packed
#define __packed __attribute__((packed))
#endif

#define htons(x) ((__be16)__builtin_bswap16((__u16)(x)))
#define ntohs(x) ((__u16)__builtin_bswap16((__u16)(x)))
#define htonl(x) ((__be32)__builtin_bswap32((__u32)(x)))
#define ntohl(x) ((__u32)__builtin_bswap32((__u32)(x)))

#define cpu_to_be32(x) htonl(x)
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

/* IEEE 802.1Q behind the Ethernet type: tag control information, then the type of what follows. */
struct vlan_hdr {
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};

#endif
