/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain's stage 2: the request pages once, then slots of the memory aperture. */
#include "control_world_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
/* After the above. */
#include <cmocka.h>

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmu.h"
#include "control_world.h"
#include "core/heap.h"

static uint8_t *aperture;
static uint64_t slot_block[CONTROL_SLOTS]; /* 0: closed */
static uint8_t *pages;

void control_world_aperture_init(void)
{
	memset(slot_block, 0, sizeof(slot_block));
	aperture = mmap(NULL, CONTROL_APERTURE_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(aperture, MAP_FAILED);
}

void control_world_aperture_end(void)
{
	assert_int_equal(world.slots_open, 0);
	heap_pages_free(pages, 6);
	munmap(aperture, CONTROL_APERTURE_SIZE);
}

uint8_t *control_world_slot(uint32_t index)
{
	return aperture + index * CONTROL_SLOT_SIZE;
}

bool control_world_shows(paddr_t block)
{
	for (uint32_t i = 0; i < CONTROL_SLOTS; i++) {
		if (slot_block[i] == block.v) {
			return true;
		}
	}
	return false;
}

uint8_t *world_page(uint32_t page)
{
	return pages + page * CONTROL_PAGE_SIZE;
}

int p2m_map(struct p2m *p, ipaddr_t ipa, paddr_t pa, uint64_t size, enum p2m_type type)
{
	uint64_t slot = (ipa.v - WORLD_APERTURE) / CONTROL_SLOT_SIZE;

	assert_ptr_equal(p, &domain_by_id(0)->p2m);
	assert_int_equal(type, P2M_RAM_SHARED);
	if (ipa.v == WORLD_MMIO) {
		assert_int_equal(size, CONTROL_PAGES_SIZE);
		pages = heap_va(pa);
		return 0;
	}
	assert_true(ipa.v >= WORLD_APERTURE && slot < CONTROL_SLOTS);
	assert_int_equal(size, CONTROL_SLOT_SIZE);
	assert_int_equal(slot_block[slot], 0);
	slot_block[slot] = pa.v;
	world.slots_open++;
	world.slots_opened++;
	mprotect(aperture + slot * CONTROL_SLOT_SIZE, CONTROL_SLOT_SIZE, PROT_READ | PROT_WRITE);
	memcpy(aperture + slot * CONTROL_SLOT_SIZE, heap_va(pa), CONTROL_SLOT_SIZE);
	return 0;
}

void p2m_unmap(struct p2m *p, ipaddr_t ipa, uint64_t size)
{
	uint64_t slot = (ipa.v - WORLD_APERTURE) / CONTROL_SLOT_SIZE;

	assert_true(ipa.v >= WORLD_APERTURE && slot < CONTROL_SLOTS);
	assert_int_equal(size, CONTROL_SLOT_SIZE);
	assert_int_not_equal(slot_block[slot], 0);
	memcpy(heap_va(pa(slot_block[slot])), aperture + slot * CONTROL_SLOT_SIZE,
	       CONTROL_SLOT_SIZE);
	mprotect(aperture + slot * CONTROL_SLOT_SIZE, CONTROL_SLOT_SIZE, PROT_NONE);
	slot_block[slot] = 0;
	world.slots_open--;
}

void *mmu_map_window(paddr_t p)
{
	return heap_va(p);
}

void mmu_unmap_window(void)
{
}

void cache_clean(const void *va, uint64_t size)
{
}

void cache_clean_invalidate(const void *va, uint64_t size)
{
	/* Requests are shorter. A slice at a time, and no more than can be waited for. */
	if (size > CONTROL_PAGE_SIZE) {
		assert_true(size <= CONTROL_SLOT_SIZE / 16);
		world.bytes_flushed += size;
	}
}
