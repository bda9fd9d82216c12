/* SPDX-License-Identifier: BSD-2-Clause */
/* Bitmaps of 64-bit words. No locking; the caller's lock covers the map. */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)
#define BITMAP_NONE        (~0U)

static inline bool bitmap_test(const uint64_t *map, uint32_t bit)
{
	return (map[bit / 64] >> (bit % 64)) & 1;
}

static inline void bitmap_set(uint64_t *map, uint32_t bit)
{
	map[bit / 64] |= BIT(bit % 64);
}

static inline void bitmap_clear(uint64_t *map, uint32_t bit)
{
	map[bit / 64] &= ~BIT(bit % 64);
}

/* First bit >= from that is clear (set) and < bits, or BITMAP_NONE. */
uint32_t bitmap_find_clear(const uint64_t *map, uint32_t bits, uint32_t from);
uint32_t bitmap_find_set(const uint64_t *map, uint32_t bits, uint32_t from);
/* First of the lowest count bits one behind the other in [from, bits) that are set in a or in b. */
uint32_t bitmap_find_run(const uint64_t *a, const uint64_t *b, uint32_t bits, uint32_t from,
			 uint32_t count);

#endif
