/* SPDX-License-Identifier: BSD-2-Clause */
/* Page runs of the heap: a buddy system inside each 2 MiB block. */
#include "core/heap.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmu.h"
#include "core/heap_page.h"
#include "core/panic.h"
#include "core/ram.h"
#include "core/spinlock.h"

/* Below this many free pages a new block is added, so that adding one always finds table pages. */
#define RESERVE_PAGES 8

static struct {
	struct spinlock lock;
	struct list free[HEAP_ORDER_MAX]; /* runs by order; a whole block never is one */
	struct list spare;                /* whole blocks given back, node in the block itself */
	uint64_t free_pages;
	uint64_t total_pages;
	bool growing;
} heap;

paddr_t heap_pa(const void *va)
{
	return mmu_va_to_pa(va);
}

void *heap_va(paddr_t pa)
{
	return mmu_pa_to_va(pa);
}

static void insert_run(struct heap_page_info *info, unsigned int order)
{
	heap_page_set_state(info, HEAP_PAGE_FREE);
	info->order = (uint8_t)order;
	list_add_head(&heap.free[order], &info->node);
}

/* Heap lock held. The descriptors' own pages stay in use for good. */
static void add_block(void *block)
{
	struct heap_page_info *infos = block;
	unsigned int index = HEAP_INFO_PAGES;

	cache_zero(block, HEAP_INFO_PAGES * HEAP_PAGE_SIZE);
	heap_page_set_state(&infos[0], HEAP_PAGE_USED);
	while (index < HEAP_BLOCK_PAGES) {
		unsigned int order = (unsigned int)__builtin_ctz(index);

		insert_run(&infos[index], order);
		index += 1U << order;
	}
	heap.free_pages += HEAP_BLOCK_PAGES - HEAP_INFO_PAGES;
	heap.total_pages += HEAP_BLOCK_PAGES;
}

/* Heap lock held. */
static void *take_run(unsigned int order)
{
	struct heap_page_info *info;
	unsigned int from = order;

	while (from < HEAP_ORDER_MAX && list_empty(&heap.free[from])) {
		from++;
	}
	if (from >= HEAP_ORDER_MAX) {
		return NULL;
	}
	info = list_first(&heap.free[from], struct heap_page_info, node);
	list_del(&info->node);
	while (from > order) {
		from--;
		insert_run(info + (1U << from), from);
	}
	heap_page_set_state(info, HEAP_PAGE_USED);
	info->order = (uint8_t)order;
	heap.free_pages -= 1ULL << order;
	return heap_page_va(info);
}

static void *take_spare(void)
{
	struct list *node = NULL;

	spin_lock(&heap.lock);
	if (!list_empty(&heap.spare)) {
		node = heap.spare.next;
		list_del(node);
	}
	spin_unlock(&heap.lock);
	return node;
}

/* A mapped 2 MiB block that no run uses. */
static void *take_block(void)
{
	void *block = take_spare();
	paddr_t base;

	if (block != NULL) {
		return block;
	}
	if (ram_block_take(RAM_OWNER_HEAP, &base) != 0) {
		return NULL;
	}
	block = mmu_map_heap_block(base);
	if (block == NULL) {
		ram_block_free(base);
	}
	return block;
}

/* The lock is dropped while the block is mapped: mapping may need a table page from here. */
static void *grow_and_take(unsigned int order, void *run)
{
	void *block = take_block();

	spin_lock(&heap.lock);
	heap.growing = false;
	if (block != NULL) {
		add_block(block);
	}
	if (run == NULL) {
		run = take_run(order);
	}
	spin_unlock(&heap.lock);
	return run;
}

static void *alloc_block(void)
{
	void *block = take_block();

	if (block != NULL) {
		spin_lock(&heap.lock);
		heap.total_pages += HEAP_BLOCK_PAGES;
		spin_unlock(&heap.lock);
	}
	return block;
}

void *heap_pages_dirty(unsigned int order)
{
	void *run;
	bool grow;

	ASSERT(order <= HEAP_ORDER_MAX);
	if (order == HEAP_ORDER_MAX) {
		run = alloc_block();
	} else {
		spin_lock(&heap.lock);
		run = take_run(order);
		grow = !heap.growing && (run == NULL || heap.free_pages < RESERVE_PAGES);
		heap.growing = heap.growing || grow;
		spin_unlock(&heap.lock);
		if (grow) {
			run = grow_and_take(order, run);
		}
	}
	return run;
}

void *heap_pages(unsigned int order)
{
	void *run = heap_pages_dirty(order);

	if (run != NULL) {
		cache_zero(run, HEAP_PAGE_SIZE << order);
	}
	return run;
}

/* Heap lock held. Joins with free buddies; the descriptors' pages are never free. */
static void free_run(struct heap_page_info *info, unsigned int order)
{
	struct heap_page_info *infos =
		(struct heap_page_info *)ALIGN_DOWN((uintptr_t)info, HEAP_BLOCK_SIZE);
	size_t index = (size_t)(info - infos);

	heap.free_pages += 1ULL << order;
	while (order < HEAP_ORDER_MAX - 1) {
		struct heap_page_info *buddy = &infos[index ^ (1U << order)];

		if (heap_page_state(buddy) != HEAP_PAGE_FREE || buddy->order != order) {
			break;
		}
		list_del(&buddy->node);
		heap_page_set_state(buddy, HEAP_PAGE_INSIDE);
		heap_page_set_state(&infos[index], HEAP_PAGE_INSIDE);
		index &= ~((size_t)1 << order);
		order++;
	}
	insert_run(&infos[index], order);
}

void heap_pages_free(void *p, unsigned int order)
{
	struct heap_page_info *info;

	if (p == NULL) {
		return;
	}
	spin_lock(&heap.lock);
	if (order == HEAP_ORDER_MAX) {
		ASSERT(IS_ALIGNED((uintptr_t)p, HEAP_BLOCK_SIZE));
		list_add_head(&heap.spare, p);
		heap.total_pages -= HEAP_BLOCK_PAGES;
	} else {
		info = heap_page_info(p);
		ASSERT(heap_page_state(info) == HEAP_PAGE_USED && info->order == order &&
		       IS_ALIGNED((uintptr_t)p, HEAP_PAGE_SIZE << order) &&
		       !IS_ALIGNED((uintptr_t)p, HEAP_BLOCK_SIZE));
		free_run(info, order);
	}
	spin_unlock(&heap.lock);
}

void heap_stats(uint64_t *used, uint64_t *total)
{
	spin_lock(&heap.lock);
	*used = heap.total_pages - heap.free_pages;
	*total = heap.total_pages;
	spin_unlock(&heap.lock);
}

void heap_init(void *va, paddr_t base, uint64_t size)
{
	ASSERT(heap.total_pages == 0 && size != 0);
	ASSERT(IS_ALIGNED((uintptr_t)va | base.v | size, HEAP_BLOCK_SIZE));
	for (unsigned int order = 0; order < HEAP_ORDER_MAX; order++) {
		list_init(&heap.free[order]);
	}
	list_init(&heap.spare);
	for (uint64_t done = 0; done < size; done += HEAP_BLOCK_SIZE) {
		add_block((char *)va + done);
	}
}
