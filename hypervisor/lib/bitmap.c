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

/* First of count < 64 set bits one behind the other, or 64. */
static uint32_t run_within(uint64_t word, uint32_t count)
{
	/* A bit stays when the have bits from it on are set. */
	for (uint32_t have = 1; have < count && word != 0;) {
		uint32_t step = MIN(have, count - have);

		word &= word >> step;
		have += step;
	}
	return word != 0 ? (uint32_t)__builtin_ctzll(word) : 64;
}

uint32_t bitmap_find_run(const uint64_t *a, const uint64_t *b, uint32_t bits, uint32_t from,
			 uint32_t count)
{
	uint32_t length = 0; /* of the run that ends with the last word */

	for (uint32_t word = from / 64; word * 64 < bits; word++) {
		uint64_t set = a[word] | b[word];
		uint32_t at = word * 64;

		set &= at < from ? ~0ULL << (from - at) : ~0ULL;
		set &= bits - at < 64 ? ~(~0ULL << (bits - at)) : ~0ULL;
		if (length + (set == ~0ULL ? 64 : (uint32_t)__builtin_ctzll(~set)) >= count) {
			return at - length;
		}
		if (set == ~0ULL) {
			length += 64;
			continue;
		}
		if (count < 64 && run_within(set, count) != 64) {
			return at + run_within(set, count);
		}
		length = (uint32_t)__builtin_clzll(~set);
	}
	return BITMAP_NONE;
}
