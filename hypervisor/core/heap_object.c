/* SPDX-License-Identifier: BSD-2-Clause */
/* Small objects of the heap: a page is cut into equal ones, and freed when all of them are. */
#include "core/heap.h"

#include "arch/arm64/cpu.h"
#include "core/heap_page.h"
#include "core/panic.h"
#include "core/spinlock.h"

#define CLASS_MIN_SHIFT 6 /* 64 bytes: an object never shares a cache line with another */
#define CLASS_COUNT     6 /* up to 2 KiB */

static struct {
	struct spinlock lock;
	struct list partial[CLASS_COUNT]; /* pages with a free object; zeroed: not yet a list */
} objects;

static size_t class_size(unsigned int class)
{
	return (size_t)1 << (class + CLASS_MIN_SHIFT);
}

/* Smallest power of two that holds size, as a shift. */
static unsigned int size_shift(size_t size)
{
	return size <= 1 ? 0 : 64 - (unsigned int)__builtin_clzll(size - 1);
}

static struct list *partial_list(unsigned int class)
{
	struct list *list = &objects.partial[class];

	if (list->next == NULL) {
		list_init(list);
	}
	return list;
}

/* Object lock held. */
static void *take_object(unsigned int class)
{
	struct list *list = partial_list(class);
	struct heap_page_info *info;
	unsigned int index;

	if (list_empty(list)) {
		return NULL;
	}
	info = list_first(list, struct heap_page_info, node);
	index = (unsigned int)__builtin_ctzll(info->free_map);
	info->free_map &= info->free_map - 1;
	if (info->free_map == 0) {
		list_del(&info->node);
	}
	return (char *)heap_page_va(info) + index * class_size(class);
}

static uint64_t full_map(unsigned int class)
{
	uint64_t count = HEAP_PAGE_SIZE / class_size(class);

	return ~0ULL >> (64 - count);
}

static void *alloc_object(unsigned int class)
{
	struct heap_page_info *info;
	void *object;
	void *page;

	spin_lock(&objects.lock);
	object = take_object(class);
	spin_unlock(&objects.lock);
	if (object != NULL) {
		return object;
	}
	page = heap_pages_dirty(0);
	if (page == NULL) {
		return NULL;
	}
	info = heap_page_info(page);
	spin_lock(&objects.lock);
	heap_page_set_state(info, HEAP_PAGE_OBJECTS);
	info->class = (uint8_t)class;
	info->free_map = full_map(class);
	list_add_head(partial_list(class), &info->node);
	object = take_object(class);
	spin_unlock(&objects.lock);
	return object;
}

void *heap_alloc(size_t size)
{
	unsigned int shift = size_shift(size);
	void *p;

	if (size == 0 || shift > HEAP_PAGE_SHIFT + HEAP_ORDER_MAX) {
		return NULL;
	}
	if (shift >= CLASS_MIN_SHIFT + CLASS_COUNT) {
		p = heap_pages_dirty(shift > HEAP_PAGE_SHIFT ? shift - HEAP_PAGE_SHIFT : 0);
	} else {
		p = alloc_object(shift > CLASS_MIN_SHIFT ? shift - CLASS_MIN_SHIFT : 0);
	}
	/* What is behind the object in its pages is nobody's. */
	if (p != NULL) {
		cache_zero(p, ALIGN_UP(size, 1U << CLASS_MIN_SHIFT));
	}
	return p;
}

static void free_object(struct heap_page_info *info, uintptr_t va)
{
	unsigned int class = info->class;
	uint64_t bit = BIT((va % HEAP_PAGE_SIZE) / class_size(class));
	bool empty;

	spin_lock(&objects.lock);
	ASSERT(IS_ALIGNED(va, class_size(class)) && (info->free_map & bit) == 0);
	if (info->free_map == 0) {
		list_add_head(partial_list(class), &info->node);
	}
	info->free_map |= bit;
	empty = info->free_map == full_map(class);
	if (empty) {
		list_del(&info->node);
		heap_page_set_state(info, HEAP_PAGE_USED);
		info->order = 0;
	}
	spin_unlock(&objects.lock);
	if (empty) {
		heap_page_free(heap_page_va(info));
	}
}

void heap_free(void *p)
{
	struct heap_page_info *info;

	if (p == NULL) {
		return;
	}
	/* Only a whole block begins where a block's descriptors would be. */
	if (IS_ALIGNED((uintptr_t)p, HEAP_BLOCK_SIZE)) {
		heap_pages_free(p, HEAP_ORDER_MAX);
		return;
	}
	info = heap_page_info(p);
	if (heap_page_state(info) == HEAP_PAGE_OBJECTS) {
		free_object(info, (uintptr_t)p);
	} else {
		heap_pages_free(p, info->order);
	}
}
