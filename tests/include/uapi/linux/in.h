/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The path by which the samples name a header that linux-libc-dev has without the prefix. */
#include <linux/in.h>
