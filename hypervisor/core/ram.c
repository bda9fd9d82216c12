/* SPDX-License-Identifier: BSD-2-Clause */
/* The books of RAM: an owner a block, and two maps of the free ones. */
#include "core/ram.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/mmu.h"
#include "core/heap.h"
#include "core/job.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "lib/bitmap.h"
#include "lib/errno.h"

#define REGIONS_MAX 32

/* Blocks kept clean in store: what the next guests need at once, not all RAM of a large machine. */
#define CLEAN_TARGET 256

/* Cleaned in one go, and before looking whether an interrupt waits. */
#define CLEAN_SLICE (128 * 1024ULL)
#define CLEAN_STEP  (16 * 1024ULL)

/* A run of whole blocks; the first of it is block number first. */
struct region {
	uint64_t base;
	uint32_t first;
	uint32_t count;
};

static struct {
	struct spinlock lock;
	struct region regions[REGIONS_MAX];
	uint32_t region_count;
	uint32_t block_count;
	uint32_t reserved_count;
	uint32_t free_count; /* clean, dirty and being cleaned */
	uint32_t promised;   /* so many of the free ones are spoken for */
	uint32_t clean_count;
	uint32_t cleaning;   /* free, but in neither map while an idle CPU zeroes them */
	uint32_t hint;       /* where the last block was found */
	uint16_t *owner;
	uint8_t *cleaned; /* steps done of a dirty block, from its start */
	uint64_t *clean;
	uint64_t *dirty;
} ram;

static paddr_t block_address(uint32_t block)
{
	for (uint32_t i = 0; i < ram.region_count; i++) {
		const struct region *r = &ram.regions[i];

		if (block - r->first < r->count) {
			return pa(r->base + (uint64_t)(block - r->first) * RAM_BLOCK_SIZE);
		}
	}
	panic("ram: no block %u", block);
}

/* Number of the block that begins at address, or BITMAP_NONE. */
static uint32_t block_number(uint64_t address)
{
	for (uint32_t i = 0; i < ram.region_count; i++) {
		const struct region *r = &ram.regions[i];

		if (IS_ALIGNED(address, RAM_BLOCK_SIZE) && address >= r->base &&
		    (address - r->base) / RAM_BLOCK_SIZE < r->count) {
			return r->first + (uint32_t)((address - r->base) / RAM_BLOCK_SIZE);
		}
	}
	return BITMAP_NONE;
}

void ram_init(const struct range *usable, uint32_t count)
{
	ASSERT(ram.block_count == 0 && count <= REGIONS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t base = ALIGN_UP(usable[i].base, RAM_BLOCK_SIZE);
		uint64_t end = ALIGN_DOWN(usable[i].base + usable[i].size, RAM_BLOCK_SIZE);

		if (base < end) {
			ram.regions[ram.region_count++] = (struct region){
				.base = base,
				.first = ram.block_count,
				.count = (uint32_t)((end - base) / RAM_BLOCK_SIZE),
			};
			ram.block_count += (uint32_t)((end - base) / RAM_BLOCK_SIZE);
		}
	}
	if (ram.block_count == 0) {
		return;
	}
	ram.owner = heap_alloc(ram.block_count * sizeof(ram.owner[0]));
	ram.cleaned = heap_alloc(ram.block_count * sizeof(ram.cleaned[0]));
	ram.clean = heap_alloc(BITMAP_WORDS(ram.block_count) * sizeof(ram.clean[0]));
	ram.dirty = heap_alloc(BITMAP_WORDS(ram.block_count) * sizeof(ram.dirty[0]));
	if (ram.owner == NULL || ram.cleaned == NULL || ram.clean == NULL || ram.dirty == NULL) {
		panic("ram: no memory for a table of %u blocks", ram.block_count);
	}
	for (uint32_t i = 0; i < ram.block_count; i++) {
		ram.owner[i] = RAM_OWNER_NONE;
		bitmap_set(ram.dirty, i);
	}
	ram.free_count = ram.block_count;
}

/* Ram lock held. */
static void own(uint32_t block, uint16_t owner)
{
	ram.clean_count -= bitmap_test(ram.clean, block) ? 1 : 0;
	bitmap_clear(ram.clean, block);
	bitmap_clear(ram.dirty, block);
	ram.cleaned[block] = 0;
	ram.owner[block] = owner;
	ram.free_count--;
}

void ram_reserve(uint64_t base, uint64_t size)
{
	uint64_t end;

	if (size == 0) {
		return;
	}
	end = base + MIN(size, ~0ULL - base);
	for (uint32_t i = 0; i < ram.block_count; i++) {
		uint64_t address = block_address(i).v;

		if (address >= end || address + RAM_BLOCK_SIZE <= base ||
		    ram.owner[i] == RAM_OWNER_RESERVED) {
			continue;
		}
		if (ram.owner[i] != RAM_OWNER_NONE) {
			panic("ram: block 0x%llx is in use, it cannot be reserved",
			      (unsigned long long)address);
		}
		own(i, RAM_OWNER_RESERVED);
		ram.reserved_count++;
	}
}

/* Ram lock held. A free block of map, looked for from the last one found. */
static uint32_t find_free(const uint64_t *map)
{
	uint32_t block;

	/* A big guest takes all clean ones and goes on: no search for what is not there. */
	if (map == ram.clean && ram.clean_count == 0) {
		return BITMAP_NONE;
	}
	block = bitmap_find_set(map, ram.block_count, ram.hint);
	if (block == BITMAP_NONE) {
		block = bitmap_find_set(map, ram.block_count, 0);
	}
	if (block != BITMAP_NONE) {
		ram.hint = block;
	}
	return block;
}

/*
 * Take a free block that is promised to the caller, from the first map if it has one. When all that
 * is free is being cleaned by other CPUs, wait for the first of them: they run to completion.
 */
static uint32_t take(uint16_t owner, const uint64_t *first, const uint64_t *second, bool *dirty)
{
	uint32_t block;

	ASSERT(owner != RAM_OWNER_NONE);
	do {
		spin_lock(&ram.lock);
		block = find_free(first);
		if (block == BITMAP_NONE) {
			block = find_free(second);
		}
		if (block != BITMAP_NONE) {
			*dirty = bitmap_test(ram.dirty, block);
			own(block, owner);
			ram.promised--;
		}
		ASSERT(block != BITMAP_NONE || ram.cleaning != 0);
		spin_unlock(&ram.lock);
	} while (block == BITMAP_NONE);
	return block;
}

int ram_promise(uint32_t count)
{
	int ret = -ENOMEM;

	spin_lock(&ram.lock);
	if (count <= ram.free_count - ram.promised) {
		ram.promised += count;
		ret = 0;
	}
	spin_unlock(&ram.lock);
	return ret;
}

void ram_promise_end(uint32_t count)
{
	spin_lock(&ram.lock);
	ASSERT(count <= ram.promised);
	ram.promised -= count;
	spin_unlock(&ram.lock);
}

/*
 * Zero a block down to the point of coherency: a guest begins with its MMU off, reads past the
 * caches, and must not find what an earlier owner left in DRAM.
 */
uint64_t ram_block_clean(paddr_t block, uint64_t from)
{
	char *window = mmu_map_window(block);
	uint64_t end = MIN(from + CLEAN_SLICE, RAM_BLOCK_SIZE);

	do {
		cache_zero(window + from, CLEAN_STEP);
		cache_clean_invalidate(window + from, CLEAN_STEP);
		from += CLEAN_STEP;
	} while (from < end && !job_should_yield());
	mmu_unmap_window();
	return from;
}

void ram_block_alloc(uint16_t owner, paddr_t *block, bool *dirty)
{
	*block = block_address(take(owner, ram.clean, ram.dirty, dirty));
}

int ram_block_take(uint16_t owner, paddr_t *block)
{
	bool dirty;
	int ret = ram_promise(1);

	if (ret == 0) {
		*block = block_address(take(owner, ram.dirty, ram.clean, &dirty));
	}
	return ret;
}

/* Ram lock held. Free, though perhaps in neither map: an idle CPU cleans it. */
static bool is_free(uint32_t block)
{
	return ram.owner[block] == RAM_OWNER_NONE;
}

int ram_block_claim(uint16_t owner, paddr_t block)
{
	uint32_t number = block_number(block.v);

	if (number == BITMAP_NONE || owner == RAM_OWNER_NONE) {
		return -EINVAL;
	}
	for (;;) {
		bool available;
		bool taken;

		spin_lock(&ram.lock);
		available = is_free(number) && ram.free_count > ram.promised;
		taken = available && (bitmap_test(ram.clean, number) ||
				      bitmap_test(ram.dirty, number));
		if (taken) {
			own(number, owner);
		}
		spin_unlock(&ram.lock);
		if (taken) {
			return 0;
		}
		if (!available) {
			return -EBUSY;
		}
		/* Being cleaned just now: free in a moment. */
	}
}

/* Ram lock held. First block of the lowest run of r in [from, end), or BITMAP_NONE. */
static uint32_t find_run(const struct region *r, uint32_t count, uint64_t from, uint64_t end)
{
	uint32_t length = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		uint64_t address = r->base + (uint64_t)i * RAM_BLOCK_SIZE;
		bool inside = address >= from && address < end && end - address >= RAM_BLOCK_SIZE;

		length = inside && is_free(r->first + i) ? length + 1 : 0;
		if (length == count) {
			return r->first + i + 1 - count;
		}
	}
	return BITMAP_NONE;
}

static uint32_t find_lowest_run(uint32_t count, uint64_t from, uint64_t end)
{
	uint32_t lowest = BITMAP_NONE;

	for (uint32_t i = 0; i < ram.region_count; i++) {
		uint32_t found = find_run(&ram.regions[i], count, from, end);

		if (found != BITMAP_NONE &&
		    (lowest == BITMAP_NONE || block_address(found).v < block_address(lowest).v)) {
			lowest = found;
		}
	}
	return lowest;
}

/* Ram lock held. All of a free run, or nothing while a block of it is being cleaned. */
static bool own_run(uint32_t first, uint32_t count, uint16_t owner)
{
	for (uint32_t i = first; i < first + count; i++) {
		if (!bitmap_test(ram.clean, i) && !bitmap_test(ram.dirty, i)) {
			return false;
		}
	}
	for (uint32_t i = first; i < first + count; i++) {
		own(i, owner);
	}
	return true;
}

int ram_run_claim(uint16_t owner, uint32_t count, uint64_t from, uint64_t end, paddr_t *base)
{
	ASSERT(owner != RAM_OWNER_NONE && count != 0);
	for (;;) {
		uint32_t first = BITMAP_NONE;
		bool taken = false;
		int ret = -ENOMEM;

		spin_lock(&ram.lock);
		if (count <= ram.free_count - ram.promised) {
			first = find_lowest_run(count, from, end);
			ret = -ERANGE;
		}
		taken = first != BITMAP_NONE && own_run(first, count, owner);
		spin_unlock(&ram.lock);
		if (taken) {
			*base = block_address(first);
			return 0;
		}
		if (first == BITMAP_NONE) {
			return ret;
		}
		/* A block of it is being cleaned just now: free in a moment. */
	}
}

void ram_block_free(paddr_t block)
{
	uint32_t number = block_number(block.v);

	ASSERT(number != BITMAP_NONE);
	spin_lock(&ram.lock);
	ASSERT(ram.owner[number] != RAM_OWNER_NONE && ram.owner[number] != RAM_OWNER_RESERVED);
	ram.owner[number] = RAM_OWNER_NONE;
	bitmap_set(ram.dirty, number);
	ram.free_count++;
	spin_unlock(&ram.lock);
}

bool ram_clean_one(void)
{
	uint32_t number = BITMAP_NONE;
	uint64_t done = 0;

	spin_lock(&ram.lock);
	if (ram.block_count != 0 && ram.clean_count + ram.cleaning < CLEAN_TARGET) {
		number = bitmap_find_set(ram.dirty, ram.block_count, 0);
	}
	if (number != BITMAP_NONE) {
		bitmap_clear(ram.dirty, number);
		ram.cleaning++;
		done = ram.cleaned[number] * CLEAN_STEP;
	}
	spin_unlock(&ram.lock);
	if (number == BITMAP_NONE) {
		return false;
	}
	done = ram_block_clean(block_address(number), done);
	spin_lock(&ram.lock);
	ram.cleaning--;
	if (done == RAM_BLOCK_SIZE) {
		ram.cleaned[number] = 0;
		bitmap_set(ram.clean, number);
		ram.clean_count++;
	} else {
		ram.cleaned[number] = (uint8_t)(done / CLEAN_STEP);
		bitmap_set(ram.dirty, number);
	}
	spin_unlock(&ram.lock);
	return true;
}

void ram_stats(uint64_t *free_blocks, uint64_t *total_blocks)
{
	spin_lock(&ram.lock);
	*free_blocks = ram.free_count - ram.promised;
	*total_blocks = ram.block_count - ram.reserved_count;
	spin_unlock(&ram.lock);
}
