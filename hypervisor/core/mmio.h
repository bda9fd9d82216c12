/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trapped device memory: which IPA ranges of a domain are answered by which emulator. Regions are
 * added while the domain is built and do not overlap; lookup is by binary search.
 */
#ifndef CORE_MMIO_H
#define CORE_MMIO_H

#include "core/exit.h"
#include "lib/types.h"

#define MMIO_REGIONS_OWN 16 /* what a guest has; a bridge's owner has four for each bridge */

struct domain;
struct vcpu;

/* One aligned load or store of 1, 2, 4 or 8 bytes. */
struct mmio_access {
	ipaddr_t ipa;
	uint64_t offset; /* from the region's base */
	uint8_t size;
	bool write;
	uint64_t value; /* in: data written, zero-extended; out: data read, upper bits ignored */
};

enum mmio_result {
	MMIO_DONE,  /* carried out; the vCPU goes on behind the instruction */
	MMIO_RETRY, /* executed again: at once, or when the job ends that the vCPU was parked on */
	MMIO_ABORT, /* inject a synchronous external abort */
};

struct mmio_ops {
	const char *name; /* for logs */
	enum exit_kind kind;
	enum mmio_result (*access)(struct vcpu *v, void *opaque, struct mmio_access *a);
};

struct mmio_region {
	uint64_t base;
	uint64_t size;
	const struct mmio_ops *ops;
	void *opaque;
};

struct mmio_map {
	/* of the heap, when those below are too few; NULL: they are not */
	struct mmio_region *more;
	uint32_t room;            /* for regions there */
	uint32_t count;
	struct mmio_region own[MMIO_REGIONS_OWN]; /* sorted by base */
};

/* -ENOMEM: no room for more. -EEXIST: overlaps another region. Only before the domain runs. */
int mmio_add(struct mmio_map *map, ipaddr_t base, uint64_t size, const struct mmio_ops *ops,
	     void *opaque);
const struct mmio_region *mmio_find(const struct mmio_map *map, ipaddr_t addr);
/* The domain ends: the map is empty. */
void mmio_clear(struct mmio_map *map);

/* The same, tried first with the region found before: *last, the caller's own, NULL at first. */
static inline const struct mmio_region *
mmio_find_again(const struct mmio_map *map, ipaddr_t addr, const struct mmio_region **last)
{
	const struct mmio_region *r = *last;

	if (r == NULL || addr.v - r->base >= r->size) {
		r = mmio_find(map, addr);
		*last = r;
	}
	return r;
}

#endif
