/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of the image's functions, for crash reports. The table is made from the first link. */
#ifndef ARCH_ARM64_SYMBOLS_H
#define ARCH_ARM64_SYMBOLS_H

#include "lib/types.h"

/* The function that holds pc and the offset in it; "?" when none. */
const char *symbol_find(uint64_t pc, uint64_t *offset);

#endif
