/* SPDX-License-Identifier: BSD-2-Clause */
/* RAM blocks: no block has two owners, domains get zeroes, the counts are true. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"
#include "core/ram.h"
#include "fake_mmu.h"
#include "lib/errno.h"

#define HEAP_BLOCKS 1
#define FIRST       (FAKE_RAM_BASE + HEAP_BLOCKS * SZ_2M)

/* core/ram.c keeps its books in one static object: a test runs on what the one before left free. */
static uint64_t total;

static uint64_t free_count(void)
{
	uint64_t free_blocks;
	uint64_t all;

	ram_stats(&free_blocks, &all);
	assert_int_equal(all, total);
	return free_blocks;
}

static bool is_zero(paddr_t block)
{
	const uint8_t *p = fake_ram(block);

	return p[0] == 0 && memcmp(p, p + 1, SZ_2M - 1) == 0;
}

/* What an idle CPU does until one block is clean: 128 KiB at a time. */
static bool clean_one(void)
{
	bool any = false;

	for (uint32_t i = 0; i < 16 && ram_clean_one(); i++) {
		any = true;
	}
	return any;
}

/* What domain creation does with a block. */
static int alloc_clean(paddr_t *block)
{
	bool dirty = false;
	int ret = ram_promise(1);

	if (ret == 0) {
		ram_block_alloc(block, &dirty);
	}
	if (dirty) {
		uint64_t done = 0;

		while (done < RAM_BLOCK_SIZE) {
			done = ram_block_clean(*block, done);
		}
	}
	return ret;
}

/* Two ranges with ragged edges, a hole between them, and a piece inside reserved. */
static int setup(void **state)
{
	const struct range usable[] = {
		{ FIRST + 10 * SZ_2M - SZ_4K, 10 * SZ_2M + 2 * SZ_4K }, /* 10 whole blocks */
		{ FIRST + SZ_4K, 5 * SZ_2M },                           /* 4 whole blocks */
		{ FIRST + 30 * SZ_2M + SZ_4K, SZ_2M },                  /* none */
		{ FIRST + 40 * SZ_2M, 2 * SZ_2M },                      /* 2 */
	};

	fake_mmu_reset();
	heap_init(fake_ram(pa(FAKE_RAM_BASE + SZ_4K)), pa(FIRST));
	ram_init(usable, 4);
	assert_false(heap_ram_is_up());
	total = 16;
	return 0;
}

static void test_whole_blocks_only(void **state)
{
	assert_int_equal(free_count(), 16);
	assert_int_equal(ram_block_claim(pa(FIRST)), -EINVAL);
	assert_int_equal(ram_block_claim(pa(FIRST + SZ_2M + SZ_4K)), -EINVAL);
	assert_int_equal(ram_block_claim(pa(FIRST + 5 * SZ_2M)), -EINVAL);
	assert_int_equal(ram_block_claim(pa(FIRST + 31 * SZ_2M)), -EINVAL);
	assert_int_equal(ram_block_claim(pa(0)), -EINVAL);
}

static void test_reserve(void **state)
{
	/* The last byte of one block and the first of the next: both go. */
	ram_reserve(FIRST + 12 * SZ_2M - 1, 2);
	/* Again, and outside RAM. */
	ram_reserve(FIRST + 12 * SZ_2M - 1, 1);
	ram_reserve(FIRST + 25 * SZ_2M, SZ_2M);
	ram_reserve(~0ULL - 5, 100);
	total = 14;
	assert_int_equal(free_count(), 14);
	assert_int_equal(ram_block_claim(pa(FIRST + 11 * SZ_2M)), -EBUSY);
	assert_int_equal(ram_block_claim(pa(FIRST + 12 * SZ_2M)), -EBUSY);
}

static void test_claim_is_exclusive_and_not_cleaned(void **state)
{
	paddr_t block = pa(FIRST + 40 * SZ_2M);
	uint32_t windows = fake_mmu_windows;

	assert_int_equal(ram_block_claim(block), 0);
	assert_int_equal(ram_block_claim(block), -EBUSY);
	assert_int_equal(fake_mmu_windows, windows);
	assert_int_equal(fake_ram(block)[123], 0xa5);
	assert_int_equal(free_count(), 13);
	ram_block_free(block);
	assert_int_equal(free_count(), 14);
}

static void test_alloc_gives_zeroes(void **state)
{
	paddr_t blocks[16];
	uint32_t count = 0;

	while (alloc_clean(&blocks[count]) == 0) {
		assert_true(is_zero(blocks[count]));
		memset(fake_ram(blocks[count]), 0x5a, SZ_2M);
		for (uint32_t i = 0; i < count; i++) {
			assert_int_not_equal(blocks[i].v, blocks[count].v);
		}
		count++;
	}
	assert_int_equal(count, 14);
	assert_int_equal(alloc_clean(&blocks[0]), -ENOMEM);
	assert_int_equal(ram_block_take(&blocks[0]), -ENOMEM);
	assert_false(ram_clean_one());
	for (uint32_t i = 0; i < count; i++) {
		ram_block_free(blocks[i]);
	}
	assert_int_equal(free_count(), 14);
}

static void test_idle_cleaning_saves_the_work(void **state)
{
	uint32_t cleaned = 0;
	uint32_t windows;
	paddr_t block;
	paddr_t other;

	while (clean_one()) {
		cleaned++;
	}
	assert_int_equal(cleaned, 14);
	assert_int_equal(free_count(), 14);
	windows = fake_mmu_windows;
	assert_int_equal(alloc_clean(&block), 0);
	assert_int_equal(fake_mmu_windows, windows);
	assert_true(is_zero(block));
	memset(fake_ram(block), 0x77, SZ_2M);
	ram_block_free(block);
	/* A clean one first, though the dirty one is nearer. */
	windows = fake_mmu_windows;
	assert_int_equal(alloc_clean(&other), 0);
	assert_int_equal(fake_mmu_windows, windows);
	/* The one dirty block is what the hypervisor itself is given, clean ones are kept. */
	assert_int_equal(ram_block_take(&block), 0);
	assert_int_equal(fake_ram(block)[0], 0x77);
	ram_block_free(block);
	assert_true(clean_one());
	assert_false(clean_one());
	assert_true(is_zero(block));
	ram_block_free(other);
}

/* A block half cleaned goes on where it was, unless someone had it meanwhile. */
static void test_cleaning_is_interrupted(void **state)
{
	paddr_t block, all[14];
	uint32_t calls = 0;

	while (ram_clean_one()) {
	}
	assert_int_equal(ram_block_take(&block), 0);
	memset(fake_ram(block), 0xff, RAM_BLOCK_SIZE);
	ram_block_free(block);
	fake_interrupt_waits = true;
	assert_true(ram_clean_one());
	assert_int_equal(fake_ram(block)[16 * 1024 - 1], 0);
	assert_int_equal(fake_ram(block)[16 * 1024], 0xff);
	assert_int_equal(free_count(), 14);
	/* Nobody may take it for clean, and its next owner starts anew. */
	assert_int_equal(ram_block_claim(block), 0);
	memset(fake_ram(block), 0xff, RAM_BLOCK_SIZE);
	ram_block_free(block);
	while (ram_clean_one()) {
		calls++;
	}
	fake_interrupt_waits = false;
	assert_int_equal(calls, RAM_BLOCK_SIZE / (16 * 1024));
	for (uint32_t i = 0; i < 14; i++) {
		bool dirty;

		assert_int_equal(ram_promise(1), 0);
		ram_block_alloc(&all[i], &dirty);
		assert_false(dirty);
		assert_true(is_zero(all[i]));
	}
	for (uint32_t i = 0; i < 14; i++) {
		ram_block_free(all[i]);
	}
}

/* What is promised is nobody else's, whoever comes first, and comes back when it is not used. */
static void test_promise(void **state)
{
	paddr_t blocks[14];
	bool dirty;

	assert_int_equal(ram_promise(15), -ENOMEM);
	assert_int_equal(ram_promise(~0U), -ENOMEM);
	assert_int_equal(ram_promise(12), 0);
	assert_int_equal(free_count(), 2);
	assert_int_equal(ram_promise(3), -ENOMEM);
	assert_int_equal(ram_block_take(&blocks[12]), 0);
	assert_int_equal(ram_block_take(&blocks[13]), 0);
	assert_int_equal(ram_block_take(&blocks[0]), -ENOMEM);
	for (uint64_t at = FIRST; at < FIRST + 42 * SZ_2M; at += SZ_2M) {
		assert_int_not_equal(ram_block_claim(pa(at)), 0);
	}
	for (uint32_t i = 0; i < 7; i++) {
		ram_block_alloc(&blocks[i], &dirty);
	}
	assert_int_equal(free_count(), 0);
	ram_promise_end(5);
	assert_int_equal(free_count(), 5);
	for (uint32_t i = 0; i < 7; i++) {
		ram_block_free(blocks[i]);
	}
	ram_block_free(blocks[12]);
	ram_block_free(blocks[13]);
	assert_int_equal(free_count(), 14);
}

static uint64_t run(uint32_t count, uint64_t from, uint64_t end)
{
	paddr_t base = pa(0);
	int ret = ram_run_claim(count, from, end, &base);

	assert_int_equal(ret == 0, base.v != 0);
	for (uint32_t i = 0; ret == 0 && i < count; i++) {
		assert_int_equal(ram_block_claim(pa(base.v + i * SZ_2M)), -EBUSY);
		ram_block_free(pa(base.v + i * SZ_2M));
	}
	assert_int_equal(free_count(), 14);
	return ret == 0 ? base.v : (uint64_t)ret;
}

/* Free are 1 to 4, 10, 13 to 19, 40 and 41. */
static void test_run(void **state)
{
	const uint64_t all = ~0ULL;
	paddr_t base;

	assert_int_equal(run(4, 0, all), FIRST + SZ_2M);
	assert_int_equal(run(5, 0, all), FIRST + 13 * SZ_2M);
	assert_int_equal(run(7, 0, all), FIRST + 13 * SZ_2M);
	assert_int_equal(run(8, 0, all), -ERANGE);
	assert_int_equal(run(15, 0, all), -ENOMEM);
	assert_int_equal(run(~0U, 0, all), -ENOMEM);
	/* Bounds that a run touches, and that cut one. */
	assert_int_equal(run(3, FIRST + 2 * SZ_2M, all), FIRST + 2 * SZ_2M);
	assert_int_equal(run(3, FIRST + 2 * SZ_2M + 1, all), FIRST + 13 * SZ_2M);
	assert_int_equal(run(3, FIRST + 14 * SZ_2M, FIRST + 17 * SZ_2M), FIRST + 14 * SZ_2M);
	assert_int_equal(run(3, FIRST + 14 * SZ_2M, FIRST + 17 * SZ_2M - 1), -ERANGE);
	assert_int_equal(run(1, 0, 1), -ERANGE);
	assert_int_equal(run(1, all, all), -ERANGE);
	/* What is taken ends a run, and what is promised is nobody else's. */
	assert_int_equal(ram_block_claim(pa(FIRST + 16 * SZ_2M)), 0);
	assert_int_equal(ram_run_claim(5, 0, all, &base), -ERANGE);
	ram_block_free(pa(FIRST + 16 * SZ_2M));
	assert_int_equal(ram_promise(8), 0);
	assert_int_equal(ram_run_claim(7, 0, all, &base), -ENOMEM);
	assert_int_equal(ram_run_claim(6, 0, all, &base), 0);
	assert_int_equal(base.v, FIRST + 13 * SZ_2M);
	for (uint32_t i = 0; i < 6; i++) {
		ram_block_free(pa(base.v + i * SZ_2M));
	}
	ram_promise_end(8);
	assert_int_equal(free_count(), 14);
}

/* Who waits for a block that is being cleaned waits for one step, whoever cleans. */
static struct {
	pthread_t claimer;
	pthread_t cleaner;
	paddr_t block;
	paddr_t got;
	uint32_t steps;
} waits;
static _Thread_local bool cleans_slowly;

static void *claim_it(void *arg)
{
	int r = ram_run_claim(1, waits.block.v, waits.block.v + SZ_2M, &waits.got);

	return r == 0 ? NULL : "no";
}

/* Until somebody waits: then nothing is begun, but there is something to do. */
static void *clean_until_told(void *arg)
{
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t windows = fake_mmu_windows;

		if (ram_clean_one() && fake_mmu_windows == windows) {
			return NULL;
		}
	}
	return "never told";
}

static void slow_step(void)
{
	void *complaint;

	if (!cleans_slowly || waits.steps++ != 0) {
		return;
	}
	assert_int_equal(pthread_create(&waits.claimer, NULL, claim_it, NULL), 0);
	assert_int_equal(pthread_create(&waits.cleaner, NULL, clean_until_told, NULL), 0);
	assert_int_equal(pthread_join(waits.cleaner, &complaint), 0);
	assert_null(complaint);
}

static void test_cleaning_ends_for_who_waits(void **state)
{
	void *complaint;

	/* The lowest that is dirty. */
	waits.block = pa(FIRST + 10 * SZ_2M);
	assert_int_equal(ram_block_claim(waits.block), 0);
	ram_block_free(waits.block);
	cleans_slowly = true;
	fake_mmu_step = slow_step;
	assert_true(ram_clean_one());
	fake_mmu_step = NULL;
	cleans_slowly = false;
	assert_int_equal(waits.steps, 1);
	assert_int_equal(pthread_join(waits.claimer, &complaint), 0);
	assert_null(complaint);
	assert_int_equal(waits.got.v, waits.block.v);
	assert_int_equal(free_count(), 13);
	ram_block_free(waits.got);
	/* And goes on when nobody does. */
	assert_true(clean_one());
	assert_int_equal(free_count(), 14);
}

static void test_free_of_what_is_free_panics(void **state)
{
	paddr_t block;

	assert_int_equal(alloc_clean(&block), 0);
	expect_assert_failure(ram_block_free(pa(block.v + SZ_4K)));
	ram_block_free(block);
}

/* Random histories against a plain list of owners. */
static void test_random(void **state)
{
	paddr_t held[16];
	uint32_t count = 0;

	srand(1);
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t what = (uint32_t)rand() % 5;

		if (what < 2 && alloc_clean(&held[count]) == 0) {
			assert_true(is_zero(held[count]));
			fake_ram(held[count])[i] = 1;
			count++;
		} else if (what == 2 && count != 0) {
			uint32_t victim = (uint32_t)rand() % count;

			ram_block_free(held[victim]);
			held[victim] = held[--count];
		} else if (what == 3) {
			ram_clean_one();
		} else if (what == 4) {
			paddr_t want = pa(FIRST + ((uint32_t)rand() % 16 + 9) * SZ_2M);
			bool mine = false;

			for (uint32_t j = 0; j < count; j++) {
				mine = mine || held[j].v == want.v;
			}
			if (mine) {
				assert_int_equal(ram_block_claim(want), -EBUSY);
			} else if (ram_block_claim(want) == 0) {
				held[count++] = want;
			}
		}
		assert_int_equal(free_count(), 14 - count);
	}
	while (count != 0) {
		ram_block_free(held[--count]);
	}
	assert_int_equal(free_count(), 14);
}

struct holder {
	paddr_t blocks[14];
	uint32_t count; /* 0: nobody */
	bool dirty[14];
};

/* As domains are made: promised as a whole, taken one by one; or in a run, in place. */
static void make(struct holder *h, uint32_t count, bool in_place)
{
	paddr_t base;

	if (in_place) {
		if (ram_run_claim(count, 0, ~0ULL, &base) == 0) {
			for (; h->count < count; h->count++) {
				h->blocks[h->count] = pa(base.v + h->count * SZ_2M);
			}
		}
	} else if (ram_promise(count) == 0) {
		for (; h->count < count; h->count++) {
			ram_block_alloc(&h->blocks[h->count], &h->dirty[h->count]);
		}
	}
}

/*
 * Whatever came and went, in whatever order: what is free is what nobody has, and when all have
 * gone the largest that fitted at first fits again, scattered and in one piece.
 */
static void test_sizes_come_and_go(void **state)
{
	static struct holder holders[6];
	paddr_t base;

	srand(2);
	for (uint32_t i = 0; i < 60000; i++) {
		struct holder *h = &holders[(uint32_t)rand() % ARRAY_SIZE(holders)];
		uint32_t held = 0;

		if (h->count == 0) {
			make(h, (uint32_t)rand() % 8 + 1, rand() % 3 == 0);
		} else {
			while (h->count != 0) {
				ram_block_free(h->blocks[--h->count]);
			}
		}
		for (uint32_t j = 0; j < ARRAY_SIZE(holders); j++) {
			held += holders[j].count;
		}
		assert_int_equal(free_count(), 14 - held);
	}
	for (uint32_t j = 0; j < ARRAY_SIZE(holders); j++) {
		while (holders[j].count != 0) {
			ram_block_free(holders[j].blocks[--holders[j].count]);
		}
	}
	assert_int_equal(ram_promise(14), 0);
	ram_promise_end(14);
	assert_int_equal(ram_run_claim(7, 0, ~0ULL, &base), 0);
	for (uint32_t i = 0; i < 7; i++) {
		ram_block_free(pa(base.v + i * SZ_2M));
	}
	assert_int_equal(free_count(), 14);
}

/* An idle CPU cleans while others take and give back: a taken block is theirs alone and zero. */
static void *take_and_give(void *arg)
{
	uint16_t owner = (uint16_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < 150; i++) {
		uint8_t *p;
		paddr_t block;

		if (owner == 0) {
			ram_clean_one();
			continue;
		}
		if (alloc_clean(&block) != 0) {
			return "no memory";
		}
		p = fake_ram(block);
		if (!is_zero(block)) {
			return "not zero";
		}
		memset(p, owner, 4096);
		sched_yield();
		for (uint32_t j = 0; j < 4096; j++) {
			if (p[j] != owner) {
				return "shared";
			}
		}
		ram_block_free(block);
	}
	return NULL;
}

/* Beside them one who takes runs. Seven are in one piece, three at most are the others'. */
static void *run_and_give(void *arg)
{
	paddr_t base;

	for (uint32_t i = 0; i < 150; i++) {
		int ret = ram_run_claim(3, 0, ~0ULL, &base);

		for (uint32_t j = 0; ret == 0 && j < 3; j++) {
			*fake_ram(pa(base.v + j * SZ_2M)) = 0xff;
			ram_block_free(pa(base.v + j * SZ_2M));
		}
		if (ret == -ENOMEM) {
			return "eleven are free";
		}
	}
	return NULL;
}

static void test_several_cpus(void **state)
{
	pthread_t threads[5];

	for (uintptr_t i = 0; i < ARRAY_SIZE(threads); i++) {
		assert_int_equal(pthread_create(&threads[i], NULL,
						i == 4 ? run_and_give : take_and_give, (void *)i),
				 0);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *complaint;

		assert_int_equal(pthread_join(threads[i], &complaint), 0);
		assert_null(complaint);
	}
	assert_int_equal(free_count(), 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_blocks_only),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_claim_is_exclusive_and_not_cleaned),
		cmocka_unit_test(test_alloc_gives_zeroes),
		cmocka_unit_test(test_idle_cleaning_saves_the_work),
		cmocka_unit_test(test_promise),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_cleaning_ends_for_who_waits),
		cmocka_unit_test(test_free_of_what_is_free_panics),
		cmocka_unit_test(test_cleaning_is_interrupted),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_sizes_come_and_go),
		cmocka_unit_test(test_several_cpus),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
