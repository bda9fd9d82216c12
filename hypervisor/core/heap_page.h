/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the heap knows of each of its 4 KiB pages. The descriptors of a 2 MiB block fill the last
 * pages of its lower half: found from any address in it by rounding down, the upper half is one
 * run, and the first block can begin with something else. No run begins at a block's start; only
 * who has all of it gets that address.
 */
#ifndef CORE_HEAP_PAGE_H
#define CORE_HEAP_PAGE_H

#include "lib/list.h"
#include "lib/types.h"

#define HEAP_PAGE_SHIFT  12
#define HEAP_PAGE_SIZE   (1ULL << HEAP_PAGE_SHIFT)
#define HEAP_BLOCK_SIZE  SZ_2M
#define HEAP_BLOCK_PAGES (HEAP_BLOCK_SIZE / HEAP_PAGE_SIZE)

enum heap_page_state {
	HEAP_PAGE_INSIDE,  /* not the first page of anything */
	HEAP_PAGE_FREE,    /* first of a free run; order; node is in the list of that order */
	HEAP_PAGE_USED,    /* first of a run in use; order */
	HEAP_PAGE_OBJECTS, /* cut into objects; class, free_map; node: class's list, unless full */
};

struct heap_page_info {
	struct list node;
	uint64_t free_map; /* a set bit: that object is free */
	uint8_t state;
	uint8_t order;
	uint8_t class;
	/* In a block's first descriptor, whose page is in no run; node: blocks wholly free. */
	bool block_stays;    /* boot gave it: never given back */
	uint16_t block_free; /* how many of its pages are free */
};

#define HEAP_INFO_PAGES                                                                            \
	((HEAP_BLOCK_PAGES * sizeof(struct heap_page_info) + HEAP_PAGE_SIZE - 1) / HEAP_PAGE_SIZE)
#define HEAP_INFO_FIRST  (HEAP_BLOCK_PAGES / 2 - HEAP_INFO_PAGES)
#define HEAP_INFO_OFFSET (HEAP_INFO_FIRST << HEAP_PAGE_SHIFT)

/* Descriptors of the block that p is in. */
static inline struct heap_page_info *heap_block_infos(const void *p)
{
	return (struct heap_page_info *)(ALIGN_DOWN((uintptr_t)p, HEAP_BLOCK_SIZE) +
					 HEAP_INFO_OFFSET);
}

static inline struct heap_page_info *heap_page_info(const void *p)
{
	return &heap_block_infos(p)[((uintptr_t)p % HEAP_BLOCK_SIZE) >> HEAP_PAGE_SHIFT];
}

/*
 * Atomic, because freeing a run looks at its buddy's state while the buddy's user may turn it from
 * USED to OBJECTS or back under another lock. Only the page-run lock makes a page FREE or not FREE.
 */
static inline enum heap_page_state heap_page_state(const struct heap_page_info *info)
{
	return (enum heap_page_state)__atomic_load_n(&info->state, __ATOMIC_RELAXED);
}

static inline void heap_page_set_state(struct heap_page_info *info, enum heap_page_state state)
{
	__atomic_store_n(&info->state, (uint8_t)state, __ATOMIC_RELAXED);
}

static inline void *heap_page_va(struct heap_page_info *info)
{
	uintptr_t block = ALIGN_DOWN((uintptr_t)info, HEAP_BLOCK_SIZE);
	uintptr_t index = (uintptr_t)(info - heap_block_infos(info));

	return (void *)(block + (index << HEAP_PAGE_SHIFT));
}

#endif
