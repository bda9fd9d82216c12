/* SPDX-License-Identifier: BSD-2-Clause */
/* The sorted table of trapped regions. Pure. */
#include "core/mmio.h"

#include "lib/errno.h"

int mmio_add(struct mmio_map *map, ipaddr_t base, uint64_t size, const struct mmio_ops *ops,
	     void *opaque)
{
	uint32_t at = 0;

	if (size == 0 || base.v + size < base.v) {
		return -EINVAL;
	}
	if (map->count == MMIO_REGIONS_MAX) {
		return -ENOSPC;
	}
	while (at < map->count && map->regions[at].base < base.v) {
		at++;
	}
	if ((at > 0 && map->regions[at - 1].base + map->regions[at - 1].size > base.v) ||
	    (at < map->count && base.v + size > map->regions[at].base)) {
		return -EEXIST;
	}
	for (uint32_t i = map->count; i > at; i--) {
		map->regions[i] = map->regions[i - 1];
	}
	map->regions[at] = (struct mmio_region){ base.v, size, ops, opaque };
	map->count++;
	return 0;
}

const struct mmio_region *mmio_find(const struct mmio_map *map, ipaddr_t addr)
{
	uint32_t low = 0;
	uint32_t high = map->count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		const struct mmio_region *r = &map->regions[mid];

		if (addr.v < r->base) {
			high = mid;
		} else if (addr.v - r->base < r->size) {
			return r;
		} else {
			low = mid + 1;
		}
	}
	return NULL;
}
