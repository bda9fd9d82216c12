/* SPDX-License-Identifier: BSD-2-Clause */
/* Page runs of the heap: a buddy system inside each 2 MiB block. */
#include "core/heap.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmu.h"
#include "core/heap_block.h"
#include "core/heap_page.h"
#include "core/panic.h"
#include "core/spinlock.h"

/* Below this many free pages a new block is added, so that adding one always finds table pages. */
#define RESERVE_PAGES 8
/* A block that is wholly free stays when fewer free pages than these would be left. */
#define KEEP_PAGES (2 * RESERVE_PAGES)

/* Pages of a block that can be in runs: not its first, not the descriptors. */
#define BLOCK_RUN_PAGES (HEAP_BLOCK_PAGES - 1 - HEAP_INFO_PAGES)

/* Memory of blocks that stay is used first, so that others become wholly free. */
enum { STAYING, OTHERS, PLACES };

static struct {
	struct spinlock lock;
	struct list free[PLACES][HEAP_ORDER_MAX]; /* runs by order; a whole block never is one */
	/* blocks that are wholly free and may be given back: first descriptors */
	struct list whole;
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
	unsigned int place = heap_block_infos(info)->block_stays ? STAYING : OTHERS;

	heap_page_set_state(info, HEAP_PAGE_FREE);
	info->order = (uint8_t)order;
	list_add_head(&heap.free[place][order], &info->node);
}

/* Order of the run that begins at page index of a block of which all in [index, end) is free. */
static unsigned int order_at(unsigned int index, unsigned int end)
{
	unsigned int order = (unsigned int)__builtin_ctz(index);

	while (index + (1U << order) > end) {
		order--;
	}
	return order;
}

/* Heap lock held. So many more pages of the block are free, or fewer. */
static void count_free(struct heap_page_info *infos, int change)
{
	if (infos->block_free == BLOCK_RUN_PAGES && !infos->block_stays) {
		list_del(&infos->node);
	}
	infos->block_free = (uint16_t)(infos->block_free + change);
	heap.free_pages += (uint64_t)change;
	if (infos->block_free == BLOCK_RUN_PAGES && !infos->block_stays) {
		list_add_head(&heap.whole, &infos->node);
	}
}

/* Heap lock held. Joins runs [index, end) of a block, all of them free, to the heap. */
static void add_runs(struct heap_page_info *infos, unsigned int index, unsigned int end)
{
	count_free(infos, (int)(end - index));
	while (index < end) {
		unsigned int order = order_at(index, end);

		insert_run(&infos[index], order);
		index += 1U << order;
	}
}

/* Heap lock held. Of the block, pages from the given one on, which is not 0; books stay in use. */
static void add_block(void *block, unsigned int from)
{
	struct heap_page_info *infos = heap_block_infos(block);

	cache_zero(infos, HEAP_INFO_PAGES * HEAP_PAGE_SIZE);
	infos->block_stays = heap_block_stays();
	add_runs(infos, from, HEAP_INFO_FIRST);
	add_runs(infos, HEAP_BLOCK_PAGES / 2, HEAP_BLOCK_PAGES);
	heap.total_pages += HEAP_BLOCK_PAGES;
}

static void remove_runs(struct heap_page_info *infos, unsigned int index, unsigned int end)
{
	while (index < end) {
		list_del(&infos[index].node);
		index += 1U << infos[index].order;
	}
}

/* Heap lock held. A block that is wholly free and not needed, the heap's no more; NULL: none. */
static void *remove_block(void)
{
	struct heap_page_info *infos;

	if (list_empty(&heap.whole) || heap.free_pages < BLOCK_RUN_PAGES + KEEP_PAGES) {
		return NULL;
	}
	infos = list_first(&heap.whole, struct heap_page_info, node);
	remove_runs(infos, 1, HEAP_INFO_FIRST);
	remove_runs(infos, HEAP_BLOCK_PAGES / 2, HEAP_BLOCK_PAGES);
	count_free(infos, -(int)BLOCK_RUN_PAGES);
	heap.total_pages -= HEAP_BLOCK_PAGES;
	return heap_page_va(infos);
}

/* Heap lock held. */
static void *take_run_at(struct list free[HEAP_ORDER_MAX], unsigned int order)
{
	struct heap_page_info *info;
	unsigned int from = order;

	while (from < HEAP_ORDER_MAX && list_empty(&free[from])) {
		from++;
	}
	if (from >= HEAP_ORDER_MAX) {
		return NULL;
	}
	info = list_first(&free[from], struct heap_page_info, node);
	list_del(&info->node);
	while (from > order) {
		from--;
		insert_run(info + (1U << from), from);
	}
	heap_page_set_state(info, HEAP_PAGE_USED);
	info->order = (uint8_t)order;
	count_free(heap_block_infos(info), -(1 << order));
	return heap_page_va(info);
}

static void *take_run(unsigned int order)
{
	void *run = take_run_at(heap.free[STAYING], order);

	return run != NULL ? run : take_run_at(heap.free[OTHERS], order);
}

/* The lock is dropped while the block is mapped: mapping may need a table page from here. */
static void *grow_and_take(unsigned int order, void *run)
{
	void *block = heap_block_take();

	spin_lock(&heap.lock);
	heap.growing = false;
	if (block != NULL) {
		add_block(block, 1);
	}
	if (run == NULL) {
		run = take_run(order);
	}
	spin_unlock(&heap.lock);
	return run;
}

static void *alloc_block(void)
{
	void *block = heap_block_stays() ? NULL : heap_block_take();

	if (block != NULL) {
		spin_lock(&heap.lock);
		heap.total_pages += HEAP_BLOCK_PAGES;
		spin_unlock(&heap.lock);
	}
	return block;
}

/* With *grow the caller adds a block. NULL without *grow: another CPU is just adding one. */
static void *take_or_grow(unsigned int order, bool *grow)
{
	void *run;

	spin_lock(&heap.lock);
	run = take_run(order);
	*grow = !heap.growing && (run == NULL || heap.free_pages < RESERVE_PAGES);
	heap.growing = heap.growing || *grow;
	spin_unlock(&heap.lock);
	return run;
}

void *heap_pages_dirty(unsigned int order)
{
	void *run;
	bool grow;

	ASSERT(order <= HEAP_ORDER_MAX);
	if (order == HEAP_ORDER_MAX) {
		return alloc_block();
	}
	run = take_or_grow(order, &grow);
	/* A CPU that adds a block may want one page for its tables: that does not wait. */
	while (run == NULL && !grow && order != 0) {
		spin_wait();
		run = take_or_grow(order, &grow);
	}
	return grow ? grow_and_take(order, run) : run;
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
	struct heap_page_info *infos = heap_block_infos(info);
	size_t index = (size_t)(info - infos);

	count_free(infos, 1 << order);
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
	void *block = p;

	if (p == NULL) {
		return;
	}
	spin_lock(&heap.lock);
	if (order == HEAP_ORDER_MAX) {
		ASSERT(IS_ALIGNED((uintptr_t)p, HEAP_BLOCK_SIZE));
		heap.total_pages -= HEAP_BLOCK_PAGES;
	} else {
		info = heap_page_info(p);
		ASSERT(heap_page_state(info) == HEAP_PAGE_USED && info->order == order &&
		       IS_ALIGNED((uintptr_t)p, HEAP_PAGE_SIZE << order) &&
		       !IS_ALIGNED((uintptr_t)p, HEAP_BLOCK_SIZE));
		free_run(info, order);
		block = remove_block();
	}
	spin_unlock(&heap.lock);
	if (block != NULL) {
		heap_block_give(block);
	}
}

void heap_stats(uint64_t *used, uint64_t *total)
{
	spin_lock(&heap.lock);
	*used = heap.total_pages - heap.free_pages;
	*total = heap.total_pages;
	spin_unlock(&heap.lock);
}

void heap_init(void *first, paddr_t next)
{
	unsigned int from = (unsigned int)(((uintptr_t)first % HEAP_BLOCK_SIZE) / HEAP_PAGE_SIZE);

	ASSERT(heap.total_pages == 0 && IS_ALIGNED((uintptr_t)first, HEAP_PAGE_SIZE));
	ASSERT(from != 0 && from < HEAP_INFO_FIRST);
	for (unsigned int order = 0; order < HEAP_ORDER_MAX; order++) {
		list_init(&heap.free[STAYING][order]);
		list_init(&heap.free[OTHERS][order]);
	}
	list_init(&heap.whole);
	heap_block_init(next);
	add_block(first, from);
	heap.total_pages -= from;
}
