/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set of half-open ranges [base, base+size) of 64-bit numbers, kept sorted and merged in an array
 * the caller provides. Pure; no locking.
 */
#ifndef LIB_RANGESET_H
#define LIB_RANGESET_H

#include "lib/types.h"

struct range {
	uint64_t base;
	uint64_t size;
};

struct rangeset {
	struct range *ranges;
	uint32_t count;
	uint32_t max;
};

void rangeset_init(struct rangeset *s, struct range *storage, uint32_t max);
/* -EINVAL: empty or wrapping range. -ENOSPC: storage full, set unchanged. */
int rangeset_add(struct rangeset *s, uint64_t base, uint64_t size);
int rangeset_remove(struct rangeset *s, uint64_t base, uint64_t size);
bool rangeset_contains(const struct rangeset *s, uint64_t base, uint64_t size);
/* Lowest align-aligned address >= min with [addr, addr+size) outside the set and end <= limit. */
int rangeset_find_gap(const struct rangeset *s, uint64_t size, uint64_t align, uint64_t min,
		      uint64_t limit, uint64_t *addr);

#endif
