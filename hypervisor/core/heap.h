/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own memory: 4 KiB pages that are mapped at EL2, for page tables, tables that
 * hardware reads, and objects. Grows by 2 MiB blocks taken from ram.h, and gives back what is
 * wholly free. Any context; own lock.
 */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include "lib/types.h"

/* Largest run, 2 MiB. */
#define HEAP_ORDER_MAX 9

/*
 * Once, before all else here. First memory: from first, a multiple of 4 KiB, to the end of its 2
 * MiB block, mapped already; first is in the block's lower half, below the heap's books
 * (heap_page.h). next: a block that nobody uses, taken if that is not enough before
 * heap_ram_is_up().
 */
void heap_init(void *first, paddr_t next);
/* Boot, once: ram.h gives out blocks from now on. Returns whether next was taken, for good. */
bool heap_ram_is_up(void);

/*
 * 2^order contiguous, naturally aligned, zeroed 4 KiB pages. NULL when memory is out; for a single
 * page, too, when another CPU is just adding a block and all is used until it is done.
 */
void *heap_pages(unsigned int order);
/* The same for who writes them before anybody reads: with whatever was there. */
void *heap_pages_dirty(unsigned int order);
void heap_pages_free(void *p, unsigned int order);

static inline void *heap_page(void)
{
	return heap_pages(0);
}

static inline void heap_page_free(void *p)
{
	heap_pages_free(p, 0);
}

/*
 * Zeroed object of any size up to 2 MiB, aligned to its size rounded up to a power of two (at most
 * 4 KiB, at least 64 bytes). heap_free(NULL) is allowed.
 */
void *heap_alloc(size_t size);
void heap_free(void *p);

/* Addresses of heap memory and of the hypervisor image; nothing else. */
paddr_t heap_pa(const void *va);
void *heap_va(paddr_t pa);

/* 4 KiB pages in use and in all. */
void heap_stats(uint64_t *used, uint64_t *total);

#endif
