/* SPDX-License-Identifier: BSD-2-Clause */
/* The sorted table of trapped regions. */
#include "core/mmio.h"

#include "core/heap.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct mmio_region *regions_of(struct mmio_map *map)
{
	return map->more != NULL ? map->more : map->own;
}

/* NULL: out of memory. */
static struct mmio_region *with_room(struct mmio_map *map)
{
	struct mmio_region *old = regions_of(map);
	uint32_t room = map->more != NULL ? map->room : MMIO_REGIONS_OWN;
	struct mmio_region *more;

	if (map->count < room) {
		return old;
	}
	more = heap_alloc(2 * room * sizeof(*more));
	if (more == NULL) {
		return NULL;
	}
	memcpy(more, old, map->count * sizeof(*more));
	heap_free(map->more);
	map->more = more;
	map->room = 2 * room;
	return more;
}

int mmio_add(struct mmio_map *map, ipaddr_t base, uint64_t size, const struct mmio_ops *ops,
	     void *opaque)
{
	struct mmio_region *regions = regions_of(map);
	uint32_t at = 0;

	if (size == 0 || base.v + size < base.v) {
		return -EINVAL;
	}
	while (at < map->count && regions[at].base < base.v) {
		at++;
	}
	if ((at > 0 && regions[at - 1].base + regions[at - 1].size > base.v) ||
	    (at < map->count && base.v + size > regions[at].base)) {
		return -EEXIST;
	}
	regions = with_room(map);
	if (regions == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = map->count; i > at; i--) {
		regions[i] = regions[i - 1];
	}
	regions[at] = (struct mmio_region){ base.v, size, ops, opaque };
	map->count++;
	return 0;
}

const struct mmio_region *mmio_find(const struct mmio_map *map, ipaddr_t addr)
{
	const struct mmio_region *regions = map->more != NULL ? map->more : map->own;
	uint32_t low = 0;
	uint32_t high = map->count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		const struct mmio_region *r = &regions[mid];

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

void mmio_clear(struct mmio_map *map)
{
	heap_free(map->more);
	map->more = NULL;
	map->count = 0;
}
