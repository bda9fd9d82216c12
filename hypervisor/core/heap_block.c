/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of the heap. */
#include "core/heap_block.h"

#include "arch/arm64/mmu.h"
#include "core/heap.h"
#include "core/heap_page.h"
#include "core/panic.h"
#include "core/ram.h"
#include "lib/errno.h"

/* Changes at boot only, where there is one CPU. */
static struct {
	paddr_t next;
	bool next_taken;
	bool ram_is_up;
} boot;

static int take_address(paddr_t *base)
{
	if (boot.ram_is_up) {
		return ram_block_take(base);
	}
	if (boot.next_taken) {
		return -ENOMEM;
	}
	boot.next_taken = true;
	*base = boot.next;
	return 0;
}

void *heap_block_take(void)
{
	void *block;
	paddr_t base;

	if (take_address(&base) != 0) {
		return NULL;
	}
	block = mmu_map_heap_block(base);
	if (block == NULL && boot.ram_is_up) {
		ram_block_free(base);
	}
	return block;
}

void heap_block_give(void *block)
{
	mmu_unmap_heap_block(block);
	ram_block_free(heap_pa(block));
}

bool heap_block_stays(void)
{
	return !boot.ram_is_up;
}

bool heap_ram_is_up(void)
{
	boot.ram_is_up = true;
	return boot.next_taken;
}

void heap_block_init(paddr_t next)
{
	ASSERT(IS_ALIGNED(next.v, HEAP_BLOCK_SIZE));
	boot.next = next;
}
