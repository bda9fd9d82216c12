/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_mmu.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmu.h"
#include "core/heap.h"
#include "core/job.h"

bool fake_mmu_map_fails;
bool fake_mmu_map_allocs;
_Thread_local uint32_t fake_mmu_windows;
_Thread_local bool fake_mmu_window_open;
uint64_t mmu_offset;

static uint8_t *arena;

void fake_mmu_reset(void)
{
	if (arena == NULL) {
		arena = aligned_alloc(SZ_2M, FAKE_RAM_BLOCKS * SZ_2M);
		assert(arena != NULL);
	}
	memset(arena, 0xa5, FAKE_RAM_BLOCKS * SZ_2M);
	mmu_offset = (uint64_t)(uintptr_t)arena - FAKE_RAM_BASE;
	fake_mmu_map_fails = false;
	fake_mmu_map_allocs = false;
	fake_mmu_windows = 0;
	fake_mmu_window_open = false;
}

uint8_t *fake_ram(paddr_t p)
{
	assert(p.v >= FAKE_RAM_BASE && p.v - FAKE_RAM_BASE < FAKE_RAM_BLOCKS * SZ_2M);
	return arena + (p.v - FAKE_RAM_BASE);
}

void *mmu_map_heap_block(paddr_t block)
{
	if (fake_mmu_map_fails || (fake_mmu_map_allocs && heap_page() == NULL)) {
		return NULL;
	}
	return fake_ram(block);
}

void mmu_unmap_heap_block(void *block)
{
	memset(block, 0xa5, SZ_2M);
}

void *mmu_map_window(paddr_t p)
{
	assert(!fake_mmu_window_open);
	fake_mmu_window_open = true;
	fake_mmu_windows++;
	return fake_ram(p);
}

void mmu_unmap_window(void)
{
	assert(fake_mmu_window_open);
	fake_mmu_window_open = false;
}

bool fake_interrupt_waits;
void (*fake_mmu_step)(void);

bool job_should_yield(void)
{
	if (fake_mmu_step != NULL) {
		fake_mmu_step();
	}
	return fake_interrupt_waits;
}

void cache_zero(void *va, uint64_t size)
{
	memset(va, 0, size);
}

void cache_clean(const void *va, uint64_t size)
{
}

void cache_clean_invalidate(const void *va, uint64_t size)
{
}
