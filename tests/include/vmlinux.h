/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * In place of the header that is generated from a running kernel's BTF: the few types that XDP programs take from it,
 * which are all part of the user interface. Programs that need the kernel's own types do not compile with it.
 */
#ifndef WEIR_VMLINUX_H
#define WEIR_VMLINUX_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <stdbool.h>

#endif
