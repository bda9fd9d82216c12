/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the heap knows of each of its 4 KiB pages. The descriptors of a 2 MiB block fill the block's
 * first pages, so the block of any address is found by rounding down, and no run begins there.
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
};

#define HEAP_INFO_PAGES                                                                            \
	((HEAP_BLOCK_PAGES * sizeof(struct heap_page_info) + HEAP_PAGE_SIZE - 1) / HEAP_PAGE_SIZE)

static inline struct heap_page_info *heap_page_info(const void *p)
{
	uintptr_t va = (uintptr_t)p;
	struct heap_page_info *infos = (struct heap_page_info *)ALIGN_DOWN(va, HEAP_BLOCK_SIZE);

	return &infos[(va % HEAP_BLOCK_SIZE) >> HEAP_PAGE_SHIFT];
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
	uintptr_t index = ((uintptr_t)info - block) / sizeof(*info);

	return (void *)(block + (index << HEAP_PAGE_SHIFT));
}

#endif
