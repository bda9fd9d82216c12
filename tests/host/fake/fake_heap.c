/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_heap.h"

#include <stdlib.h>
#include <string.h>

#include "core/heap.h"

int64_t fake_heap_live;
int64_t fake_heap_fail_in;

static bool refuse(void)
{
	if (fake_heap_fail_in > 1) {
		fake_heap_fail_in--;
		return false;
	}
	return fake_heap_fail_in == 1;
}

static void *get(size_t align, size_t size)
{
	size_t rounded = ALIGN_UP(size, align);
	void *p = refuse() ? NULL : aligned_alloc(align, rounded != 0 ? rounded : align);

	if (p != NULL) {
		memset(p, 0, rounded);
		__atomic_fetch_add(&fake_heap_live, 1, __ATOMIC_RELAXED);
	}
	return p;
}

static void put(void *p)
{
	if (p != NULL) {
		__atomic_fetch_sub(&fake_heap_live, 1, __ATOMIC_RELAXED);
		free(p);
	}
}

void *heap_pages(unsigned int order)
{
	return get(SZ_4K << order, SZ_4K << order);
}

void *heap_pages_dirty(unsigned int order)
{
	void *p = heap_pages(order);

	if (p != NULL) {
		memset(p, 0xa5, SZ_4K << order);
	}
	return p;
}

void heap_pages_free(void *p, unsigned int order)
{
	put(p);
}

void *heap_alloc(size_t size)
{
	return get(16, size);
}

void heap_free(void *p)
{
	put(p);
}

paddr_t heap_pa(const void *va)
{
	return pa((uintptr_t)va);
}

void *heap_va(paddr_t p)
{
	return (void *)(uintptr_t)p.v;
}
