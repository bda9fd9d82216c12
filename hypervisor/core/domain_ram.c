/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's RAM and flash: promised as a whole, taken in 2 MiB blocks, cleaned and mapped by a job,
 * given back.
 */
#include <viaduct/guest_map.h>

#include "core/domain_parts.h"
#include "core/heap.h"
#include "core/ram.h"
#include "lib/errno.h"

/* In a block's entry: not cleaned yet. */
#define BLOCK_DIRTY BIT(0)

/* Places where a block of flash is mapped by one slice. */
#define FLASH_A_SLICE 8U

#define BLOCKS_A_PAGE 512U
_Static_assert((GUEST_RAM_MAX + GUEST_FLASH_END) / RAM_BLOCK_SIZE <=
	       BLOCKS_A_PAGE * BLOCKS_A_PAGE, "one page of pages");

static paddr_t *entry(const struct domain *d, uint32_t i)
{
	return &d->ram_blocks[i / BLOCKS_A_PAGE][i % BLOCKS_A_PAGE];
}

paddr_t domain_ram_block(const struct domain *d, uint32_t i)
{
	return *entry(d, i);
}

/*
 * A device that nothing translates for writes to the guest's addresses as they are, so they are the
 * physical ones. From GUEST_RAM_BASE on there is nothing but RAM in a guest's map up to its ECAM
 * window: a run within these bounds collides with none of its devices.
 */
_Static_assert(GUEST_PCI_IO_BASE + GUEST_PCI_IO_SIZE <= GUEST_RAM_BASE &&
	       GUEST_PCI_MEM32_BASE + GUEST_PCI_MEM32_SIZE <= GUEST_RAM_BASE &&
	       GUEST_GICR_BASE + GUEST_GICR_SIZE <= GUEST_RAM_BASE &&
	       GUEST_RAM_BASE + GUEST_RAM_MAX <= GUEST_PCI_ECAM_BASE &&
	       GUEST_PCI_ECAM_BASE < GUEST_PCI_MEM64_BASE, "RAM is alone there");

static int claim_in_place(struct domain *d, uint32_t count)
{
	paddr_t base;
	bool fixed = d->ram_base.v != 0;
	uint64_t from = MAX(d->ram_base.v, GUEST_RAM_BASE);
	uint64_t end = GUEST_RAM_BASE + GUEST_RAM_MAX;
	int ret;

	if (fixed) {
		end = MIN(from + count * RAM_BLOCK_SIZE, end);
	}
	ret = ram_run_claim(count, from, end, &base);
	if (ret == 0) {
		d->ram_base = ipa(base.v);
	}
	return ret;
}

int domain_ram_promise(struct domain *d, uint64_t size, uint64_t flash_size)
{
	uint32_t count = (uint32_t)((size + flash_size) / RAM_BLOCK_SIZE);
	int ret;

	d->ram_size = size;
	d->flash_size = flash_size;
	d->ram_blocks = heap_page();
	if (d->ram_blocks == NULL) {
		return -ENOMEM;
	}
	if (d->unprotected_dma) {
		ret = claim_in_place(d, count);
	} else {
		d->ram_base = ipa(GUEST_RAM_BASE);
		ret = ram_promise(count);
	}
	if (ret == 0) {
		d->ram_block_count = count;
	}
	return ret;
}

/* The last block of flash shows again and again up to the second bank's end, some times a call. */
static int map_flash(struct domain *d, uint64_t offset, paddr_t block)
{
	bool last = offset + RAM_BLOCK_SIZE == d->flash_size;
	uint64_t begin = GUEST_FLASH0_BASE + offset;
	uint64_t end = last ? GUEST_FLASH_END : begin + RAM_BLOCK_SIZE;
	int ret = 0;

	for (uint32_t i = 0; i < FLASH_A_SLICE && begin + d->flash_mapped < end && ret == 0; i++) {
		ret = p2m_map(&d->p2m, ipa(begin + d->flash_mapped), block, RAM_BLOCK_SIZE,
			      P2M_ROM);
		d->flash_mapped += RAM_BLOCK_SIZE;
	}
	if (ret == 0 && begin + d->flash_mapped < end) {
		return -EAGAIN;
	}
	d->flash_mapped = 0;
	return ret;
}

static int map_block(struct domain *d, uint64_t offset, paddr_t block)
{
	if (offset >= d->ram_size) {
		return map_flash(d, offset - d->ram_size, block);
	}
	return p2m_map(&d->p2m, ipa_add(d->ram_base, offset), block, RAM_BLOCK_SIZE, P2M_RAM);
}

/* Of a domain with unprotected_dma, listed or not. */
static paddr_t block_in_place(const struct domain *d, uint32_t i)
{
	return pa(d->ram_base.v + (uint64_t)i * RAM_BLOCK_SIZE);
}

static int take_block(struct domain *d)
{
	paddr_t **page = &d->ram_blocks[d->ram_taken / BLOCKS_A_PAGE];
	bool dirty;

	if (*page == NULL) {
		*page = heap_page();
	}
	if (*page == NULL) {
		return -ENOMEM;
	}
	if (d->unprotected_dma) {
		*entry(d, d->ram_taken) = block_in_place(d, d->ram_taken);
		dirty = true;
	} else {
		ram_block_alloc(entry(d, d->ram_taken), &dirty);
	}
	entry(d, d->ram_taken)->v |= dirty ? BLOCK_DIRTY : 0;
	d->ram_taken++;
	return 0;
}

int domain_ram_populate(struct domain *d)
{
	paddr_t *block;
	int err;

	if (d->ram_taken == d->ram_populated && take_block(d) != 0) {
		return -ENOMEM;
	}
	block = entry(d, d->ram_populated);
	if ((block->v & BLOCK_DIRTY) != 0) {
		d->ram_cleaned = ram_block_clean(pa(block->v & ~BLOCK_DIRTY), d->ram_cleaned);
		if (d->ram_cleaned < RAM_BLOCK_SIZE) {
			return -EAGAIN;
		}
		d->ram_cleaned = 0;
		block->v &= ~BLOCK_DIRTY;
	}
	err = map_block(d, d->ram_populated * RAM_BLOCK_SIZE, *block);
	if (err != 0) {
		return err;
	}
	__atomic_store_n(&d->ram_populated, d->ram_populated + 1, __ATOMIC_RELEASE);
	return d->ram_populated == d->ram_block_count ? 0 : -EAGAIN;
}

/* Blocks that are in no list yet: a promise, or a run's rest. True: none is left. */
static bool free_unlisted(struct domain *d, uint32_t *max)
{
	if (!d->unprotected_dma) {
		ram_promise_end(d->ram_block_count - d->ram_taken);
		d->ram_block_count = d->ram_taken;
	}
	for (; d->ram_block_count != d->ram_taken && *max != 0; --*max) {
		ram_block_free(block_in_place(d, --d->ram_block_count));
	}
	return d->ram_block_count == d->ram_taken;
}

bool domain_ram_free(struct domain *d, uint32_t max)
{
	if (!free_unlisted(d, &max)) {
		return false;
	}
	for (; d->ram_taken != 0 && max != 0; max--) {
		paddr_t **page = &d->ram_blocks[--d->ram_taken / BLOCKS_A_PAGE];

		ram_block_free(pa(entry(d, d->ram_taken)->v & ~BLOCK_DIRTY));
		if (d->ram_taken % BLOCKS_A_PAGE == 0) {
			heap_page_free(*page);
			*page = NULL;
		}
	}
	d->ram_block_count = d->ram_taken;
	if (d->ram_taken != 0) {
		return false;
	}
	heap_free(d->ram_blocks);
	d->ram_blocks = NULL;
	return true;
}
