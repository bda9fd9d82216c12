/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorted, disjoint, non-adjacent ranges in an array. A range never reaches the last byte of the
 * 64-bit space, so every end is a number and comparisons need no care.
 */
#include "lib/rangeset.h"

#include "lib/errno.h"
#include "lib/string.h"

static uint64_t range_end(const struct range *r)
{
	return r->base + r->size;
}

static bool range_valid(uint64_t base, uint64_t size)
{
	return size != 0 && base + size > base;
}

/* Index of the first range that ends at or behind addr; count when there is none. */
static uint32_t first_ending_from(const struct rangeset *s, uint64_t addr)
{
	uint32_t low = 0;
	uint32_t high = s->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (range_end(&s->ranges[mid]) < addr) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	return low;
}

/* Replace ranges [first, last) by the count ranges of with. The caller checked that they fit. */
static void splice(struct rangeset *s, uint32_t first, uint32_t last, const struct range *with,
		   uint32_t count)
{
	memmove(&s->ranges[first + count], &s->ranges[last],
		(s->count - last) * sizeof(s->ranges[0]));
	for (uint32_t i = 0; i < count; i++) {
		s->ranges[first + i] = with[i];
	}
	s->count = s->count - (last - first) + count;
}

void rangeset_init(struct rangeset *s, struct range *storage, uint32_t max)
{
	s->ranges = storage;
	s->count = 0;
	s->max = max;
}

int rangeset_add(struct rangeset *s, uint64_t base, uint64_t size)
{
	uint64_t end = base + size;
	struct range merged;
	uint32_t first;
	uint32_t last;

	if (!range_valid(base, size)) {
		return -EINVAL;
	}
	first = first_ending_from(s, base);
	for (last = first; last < s->count && s->ranges[last].base <= end; last++) {
		base = MIN(base, s->ranges[last].base);
		end = MAX(end, range_end(&s->ranges[last]));
	}
	if (first == last && s->count == s->max) {
		return -ENOSPC;
	}
	merged = (struct range){ base, end - base };
	splice(s, first, last, &merged, 1);
	return 0;
}

int rangeset_remove(struct rangeset *s, uint64_t base, uint64_t size)
{
	uint64_t end = base + size;
	struct range rest[2];
	uint32_t rest_count = 0;
	uint32_t first;
	uint32_t last;

	if (!range_valid(base, size)) {
		return -EINVAL;
	}
	first = first_ending_from(s, base + 1);
	for (last = first; last < s->count && s->ranges[last].base < end; last++) {
		const struct range *r = &s->ranges[last];

		if (r->base < base) {
			rest[rest_count++] = (struct range){ r->base, base - r->base };
		}
		if (range_end(r) > end) {
			rest[rest_count++] = (struct range){ end, range_end(r) - end };
		}
	}
	if (s->count - (last - first) + rest_count > s->max) {
		return -ENOSPC;
	}
	splice(s, first, last, rest, rest_count);
	return 0;
}

bool rangeset_contains(const struct rangeset *s, uint64_t base, uint64_t size)
{
	uint32_t i;

	if (!range_valid(base, size)) {
		return false;
	}
	i = first_ending_from(s, base + size);
	return i < s->count && s->ranges[i].base <= base;
}

int rangeset_find_gap(const struct rangeset *s, uint64_t size, uint64_t align, uint64_t min,
		      uint64_t limit, uint64_t *addr)
{
	uint64_t at = min;
	uint32_t i = first_ending_from(s, min);

	if (size == 0 || align == 0 || (align & (align - 1)) != 0) {
		return -EINVAL;
	}
	for (;;) {
		uint64_t aligned = ALIGN_UP(at, align);

		if (aligned < at || !range_ok(aligned, size, limit)) {
			return -ENOSPC;
		}
		while (i < s->count && range_end(&s->ranges[i]) <= aligned) {
			i++;
		}
		if (i == s->count || s->ranges[i].base >= aligned + size) {
			*addr = aligned;
			return 0;
		}
		at = range_end(&s->ranges[i]);
	}
}
