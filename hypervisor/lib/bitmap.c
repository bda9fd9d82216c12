/* SPDX-License-Identifier: BSD-2-Clause */
/* Search in bitmaps, a word at a time. */
#include "lib/bitmap.h"

/* invert: all ones to look for clear bits, zero to look for set ones. */
static uint32_t find(const uint64_t *map, uint32_t bits, uint32_t from, uint64_t invert)
{
	if (from >= bits) {
		return BITMAP_NONE;
	}
	for (uint32_t word = from / 64; word < BITMAP_WORDS(bits); word++) {
		uint64_t found = map[word] ^ invert;

		if (word == from / 64) {
			found &= ~0ULL << (from % 64);
		}
		if (found != 0) {
			uint32_t bit = word * 64 + (uint32_t)__builtin_ctzll(found);

			return bit < bits ? bit : BITMAP_NONE;
		}
	}
	return BITMAP_NONE;
}

uint32_t bitmap_find_clear(const uint64_t *map, uint32_t bits, uint32_t from)
{
	return find(map, bits, from, ~0ULL);
}

uint32_t bitmap_find_set(const uint64_t *map, uint32_t bits, uint32_t from)
{
	return find(map, bits, from, 0);
}
