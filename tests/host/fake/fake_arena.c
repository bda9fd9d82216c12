/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_heap.h in one piece of memory whose physical addresses are those of a small board, for
 * hardware that cannot hold a host's pointers. What is freed is not used again.
 */
#include <assert.h>
#include <string.h>

#include "core/heap.h"
#include "fake_heap.h"

#define ARENA_PA   0x57f000000ULL
#define ARENA_SIZE (16 * SZ_1M)

int64_t fake_heap_live;
int64_t fake_heap_fail_in;

static _Alignas(65536) uint8_t arena[ARENA_SIZE];
static uint64_t used;

static void *take(uint64_t align, uint64_t size)
{
	uint64_t at = ALIGN_UP(used, align);

	if (fake_heap_fail_in > 0 && fake_heap_fail_in-- == 1) {
		fake_heap_fail_in = 1;
		return NULL;
	}
	assert(at + size <= ARENA_SIZE);
	used = at + size;
	memset(arena + at, 0, size);
	fake_heap_live++;
	return arena + at;
}

void *heap_pages(unsigned int order)
{
	return take(SZ_4K << order, SZ_4K << order);
}

void *heap_alloc(size_t size)
{
	return take(16, size);
}

void heap_free(void *p)
{
	fake_heap_live -= p != NULL;
}

void heap_pages_free(void *p, unsigned int order)
{
	heap_free(p);
}

paddr_t heap_pa(const void *va)
{
	return pa(ARENA_PA + (uint64_t)((const uint8_t *)va - arena));
}

void *heap_va(paddr_t p)
{
	assert(p.v >= ARENA_PA && p.v < ARENA_PA + ARENA_SIZE);
	return arena + (p.v - ARENA_PA);
}
