/* SPDX-License-Identifier: BSD-2-Clause */
/* The books of RAM: two maps of the free blocks. */
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
	uint32_t wanted;     /* so many wait until none is cleaned; atomic */
	uint32_t hint;       /* where the last block was found */
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
	ram.cleaned = heap_alloc(ram.block_count * sizeof(ram.cleaned[0]));
	ram.clean = heap_alloc(BITMAP_WORDS(ram.block_count) * sizeof(ram.clean[0]));
	ram.dirty = heap_alloc(BITMAP_WORDS(ram.block_count) * sizeof(ram.dirty[0]));
	if (ram.cleaned == NULL || ram.clean == NULL || ram.dirty == NULL) {
		panic("ram: no memory for a table of %u blocks", ram.block_count);
	}
	for (uint32_t i = 0; i < ram.block_count; i++) {
		bitmap_set(ram.dirty, i);
	}
	ram.free_count = ram.block_count;
}

/* Ram lock held, and none of them is being cleaned. */
static void own(uint32_t first, uint32_t count)
{
	uint32_t end = first + count;
	uint32_t next;

	for (uint32_t block = first; block < end; block = next) {
		uint32_t word = block / 64;
		uint64_t mask = ~0ULL << (block % 64);

		next = MIN((word + 1) * 64, end);
		mask &= ~0ULL >> ((word + 1) * 64 - next);
		for (uint64_t clean = ram.clean[word] & mask; clean != 0; clean &= clean - 1) {
			ram.clean_count--;
		}
		ram.clean[word] &= ~mask;
		ram.dirty[word] &= ~mask;
	}
	ram.free_count -= count;
}

/* Ram lock held. Not while it is being cleaned. */
static bool is_free(uint32_t block)
{
	return bitmap_test(ram.clean, block) || bitmap_test(ram.dirty, block);
}

/* Blocks of r that lie wholly within [from, end). */
static uint32_t blocks_within(const struct region *r, uint64_t from, uint64_t end, uint32_t *first)
{
	uint64_t skipped = from <= r->base ? 0 : from - r->base;
	uint64_t low = skipped / RAM_BLOCK_SIZE + (skipped % RAM_BLOCK_SIZE != 0 ? 1 : 0);
	uint64_t high = end <= r->base ? 0 : MIN((end - r->base) / RAM_BLOCK_SIZE, r->count);

	*first = r->first + (uint32_t)low;
	return low < high ? (uint32_t)(high - low) : 0;
}

void ram_reserve(uint64_t base, uint64_t size)
{
	uint64_t end = base + MIN(size, ~0ULL - base);

	ASSERT(ram.free_count + ram.reserved_count == ram.block_count);
	end = size == 0 || end > ~0ULL - RAM_BLOCK_SIZE ? end : ALIGN_UP(end, RAM_BLOCK_SIZE);
	for (uint32_t i = 0; i < ram.region_count; i++) {
		uint32_t block;
		uint32_t count = blocks_within(&ram.regions[i], ALIGN_DOWN(base, RAM_BLOCK_SIZE),
					       end, &block);

		for (; count != 0; count--, block++) {
			if (is_free(block)) {
				own(block, 1);
				ram.reserved_count++;
			}
		}
	}
}

/* With the ram lock, when no block is being cleaned: who cleans ends at the next step. */
static void lock_and_stop_cleaning(void)
{
	__atomic_add_fetch(&ram.wanted, 1, __ATOMIC_RELAXED);
	spin_lock(&ram.lock);
	while (ram.cleaning != 0) {
		spin_unlock(&ram.lock);
		spin_lock(&ram.lock);
	}
	__atomic_sub_fetch(&ram.wanted, 1, __ATOMIC_RELAXED);
}

static bool cleaning_must_stop(void)
{
	return __atomic_load_n(&ram.wanted, __ATOMIC_RELAXED) != 0;
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

/* Ram lock held. BITMAP_NONE: all that is free is being cleaned. */
static uint32_t take_locked(const uint64_t *first, const uint64_t *second, bool *dirty)
{
	uint32_t block = find_free(first);

	if (block == BITMAP_NONE) {
		block = find_free(second);
	}
	if (block != BITMAP_NONE) {
		*dirty = bitmap_test(ram.dirty, block);
		own(block, 1);
		ram.promised--;
	}
	return block;
}

/* Take a free block that is promised to the caller, from the first map if it has one. */
static uint32_t take(const uint64_t *first, const uint64_t *second, bool *dirty)
{
	uint32_t block;

	spin_lock(&ram.lock);
	block = take_locked(first, second, dirty);
	if (block == BITMAP_NONE) {
		spin_unlock(&ram.lock);
		lock_and_stop_cleaning();
		block = take_locked(first, second, dirty);
		ASSERT(block != BITMAP_NONE);
	}
	spin_unlock(&ram.lock);
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
	} while (from < end && !job_should_yield() && !cleaning_must_stop());
	mmu_unmap_window();
	return from;
}

void ram_block_alloc(paddr_t *block, bool *dirty)
{
	*block = block_address(take(ram.clean, ram.dirty, dirty));
}

int ram_block_take(paddr_t *block)
{
	bool dirty;
	int ret = ram_promise(1);

	if (ret == 0) {
		*block = block_address(take(ram.dirty, ram.clean, &dirty));
	}
	return ret;
}

int ram_block_claim(paddr_t block)
{
	uint32_t number = block_number(block.v);
	int ret = -EBUSY;

	if (number == BITMAP_NONE) {
		return -EINVAL;
	}
	lock_and_stop_cleaning();
	if (is_free(number) && ram.free_count > ram.promised) {
		own(number, 1);
		ret = 0;
	}
	spin_unlock(&ram.lock);
	return ret;
}

/* Ram lock held, no block is being cleaned. */
static uint32_t find_lowest_run(uint32_t count, uint64_t from, uint64_t end)
{
	uint32_t lowest = BITMAP_NONE;

	for (uint32_t i = 0; i < ram.region_count; i++) {
		uint32_t found = BITMAP_NONE;
		uint32_t first;
		uint32_t room = blocks_within(&ram.regions[i], from, end, &first);

		if (room >= count) {
			found = bitmap_find_run(ram.clean, ram.dirty, first + room, first, count);
		}
		if (found != BITMAP_NONE &&
		    (lowest == BITMAP_NONE || block_address(found).v < block_address(lowest).v)) {
			lowest = found;
		}
	}
	return lowest;
}

int ram_run_claim(uint32_t count, uint64_t from, uint64_t end, paddr_t *base)
{
	uint32_t first = BITMAP_NONE;
	int ret = -ENOMEM;

	ASSERT(count != 0);
	lock_and_stop_cleaning();
	if (count <= ram.free_count - ram.promised) {
		first = find_lowest_run(count, from, end);
		ret = -ERANGE;
	}
	if (first != BITMAP_NONE) {
		own(first, count);
		*base = block_address(first);
		ret = 0;
	}
	spin_unlock(&ram.lock);
	return ret;
}

void ram_block_free(paddr_t block)
{
	uint32_t number = block_number(block.v);

	ASSERT(number != BITMAP_NONE);
	spin_lock(&ram.lock);
	ASSERT(!is_free(number));
	ram.cleaned[number] = 0;
	bitmap_set(ram.dirty, number);
	ram.free_count++;
	spin_unlock(&ram.lock);
}

bool ram_clean_one(void)
{
	uint32_t number = BITMAP_NONE;
	uint64_t done = 0;

	if (cleaning_must_stop()) {
		return true; /* in a moment */
	}
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
