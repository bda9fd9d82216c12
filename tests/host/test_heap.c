/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap: runs and objects never overlap, come zeroed and aligned, and all of it comes back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"
#include "core/ram.h"
#include "fake_mmu.h"
#include "lib/errno.h"

/* The image's part of the first block, and the block that the heap may need while it boots. */
#define IMAGE (SZ_1M / 2)
#define NEXT  (FAKE_RAM_BASE + SZ_2M)

struct piece {
	uint8_t *p;
	size_t size;
	unsigned int order; /* of pages; 0xff: an object */
	uint8_t mark;
};

static uint64_t used_at_boot;  /* pages, the books of the two blocks of boot among them */
static uint64_t total_at_boot;
static uint64_t books;         /* pages of a block for the heap's own books */

/* Pages in use beside what each block of the heap needs for its own books. */
static uint64_t used(void)
{
	uint64_t used_pages;
	uint64_t total;

	heap_stats(&used_pages, &total);
	assert_true(used_pages <= total);
	return used_pages - books * ((total - total_at_boot) / 512);
}

static uint64_t free_blocks(void)
{
	uint64_t free_now;
	uint64_t total;

	ram_stats(&free_now, &total);
	return free_now;
}

/* What is there before ram.h: the rest of the image's block, then the next one, then nothing. */
static void boot(void)
{
	void *runs[16];
	uint32_t count = 0;
	uint64_t used_first;
	uint64_t total;

	heap_init(fake_ram(pa(FAKE_RAM_BASE + IMAGE)), pa(NEXT));
	heap_stats(&used_first, &total);
	assert_int_equal(total, (SZ_2M - IMAGE) / SZ_4K);
	assert_in_range(used_first, 1, 8);
	/* Two runs of the largest size: one in the upper half of either block. */
	while (count < ARRAY_SIZE(runs) && (runs[count] = heap_pages(8)) != NULL) {
		assert_ptr_equal(runs[count], fake_ram(pa(FAKE_RAM_BASE + count * SZ_2M + SZ_1M)));
		count++;
	}
	assert_int_equal(count, 2);
	assert_null(heap_pages(HEAP_ORDER_MAX));
	while (count != 0) {
		heap_pages_free(runs[--count], 8);
	}
	heap_stats(&used_at_boot, &total_at_boot);
	assert_int_equal(total_at_boot, total + 512);
	books = used_at_boot - used_first;
	assert_in_range(books, 1, 8);
}

/* Nothing below the image's end is the heap's. */
static void check_image(void)
{
	const uint8_t *image = fake_ram(pa(FAKE_RAM_BASE));

	for (uint64_t i = 0; i < IMAGE; i++) {
		assert_int_equal(image[i], 0xa5);
	}
}

static int setup(void **state)
{
	const struct range usable = { FAKE_RAM_BASE, FAKE_RAM_BLOCKS * SZ_2M };

	fake_mmu_reset();
	boot();
	ram_init(&usable, 1);
	assert_true(heap_ram_is_up());
	ram_reserve(FAKE_RAM_BASE, 2 * SZ_2M);
	return 0;
}

static int teardown(void **state)
{
	check_image();
	return 0;
}

static bool all(const uint8_t *p, size_t size, uint8_t value)
{
	return p[0] == value && memcmp(p, p + 1, size - 1) == 0;
}

static void release(struct piece *x)
{
	/* Nobody else wrote here. */
	assert_true(all(x->p, x->size, x->mark));
	if (x->order == 0xff) {
		heap_free(x->p);
	} else {
		heap_pages_free(x->p, x->order);
	}
}

static bool obtain(struct piece *x, uint8_t mark)
{
	if (rand() % 3 == 0) {
		x->order = (unsigned int)rand() % (rand() % 20 == 0 ? 10 : 5);
		x->size = SZ_4K << x->order;
		x->p = heap_pages(x->order);
		assert_true(IS_ALIGNED((uintptr_t)x->p, x->size));
	} else {
		x->order = 0xff;
		x->size = (size_t)1 + (size_t)rand() % (rand() % 8 == 0 ? 40000 : 2500);
		x->p = heap_alloc(x->size);
		assert_true(IS_ALIGNED((uintptr_t)x->p, 64));
	}
	x->mark = mark;
	if (x->p == NULL) {
		return false;
	}
	assert_true(all(x->p, x->size, 0));
	memset(x->p, mark, x->size);
	return true;
}

static void test_random(void **state)
{
	static struct piece pieces[400];
	uint64_t start = used();

	srand(2);
	for (uint32_t i = 0; i < 30000; i++) {
		struct piece *x = &pieces[(uint32_t)rand() % ARRAY_SIZE(pieces)];

		if (x->p != NULL) {
			release(x);
			x->p = NULL;
		} else if (i < 25000) {
			obtain(x, (uint8_t)(i % 255 + 1));
		}
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		if (pieces[i].p != NULL) {
			release(&pieces[i]);
		}
	}
	assert_int_equal(used(), start);
}

static void test_addresses(void **state)
{
	void *p = heap_page();

	assert_ptr_equal(heap_va(heap_pa(p)), p);
	assert_ptr_equal(fake_ram(heap_pa(p)), p);
	heap_page_free(p);
	heap_free(NULL);
	heap_pages_free(NULL, 3);
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = { 1,    16,   63,    64,    65,      2047,        2048,
					2049, 4096, 4097, 65537, SZ_1M, SZ_1M + 1, SZ_2M };
	uint64_t start = used();

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint8_t *p = heap_alloc(sizes[i]);

		assert_non_null(p);
		assert_true(all(p, sizes[i], 0));
		memset(p, 0xff, sizes[i]);
		heap_free(p);
	}
	assert_null(heap_alloc(0));
	assert_null(heap_alloc(SZ_2M + 1));
	assert_null(heap_alloc(~(size_t)0));
	assert_int_equal(used(), start);
}

/* A place freed in a page that was full is used before another page is. */
static void test_full_pages_come_back(void **state)
{
	uint8_t *objects[4];
	uint64_t before;

	for (uint32_t i = 0; i < 4; i++) {
		objects[i] = heap_alloc(2048);
	}
	before = used();
	for (uint32_t i = 0; i < 4; i++) {
		heap_free(objects[i]);
		objects[i] = heap_alloc(2048);
		assert_int_equal(used(), before);
	}
	for (uint32_t i = 0; i < 4; i++) {
		heap_free(objects[i]);
	}
}

/* A page table page may be taken from the heap in the middle of the heap's own growth. */
static void test_growth_needs_a_page(void **state)
{
	static void *pages[5 * 512];
	uint32_t count = 0;
	uint64_t before = used();

	fake_mmu_map_allocs = true;
	while (count < ARRAY_SIZE(pages)) {
		pages[count] = heap_page();
		assert_non_null(pages[count]);
		count++;
	}
	fake_mmu_map_allocs = false;
	while (count != 0) {
		heap_page_free(pages[--count]);
	}
	/* One table page a block. */
	assert_in_range(used() - before, 1, 4);
}

static void test_out_of_memory(void **state)
{
	static void *runs[2000];
	uint64_t start = used();
	uint64_t free_before = free_blocks();
	uint32_t count = 0;

	fake_mmu_map_fails = true;
	while (count < ARRAY_SIZE(runs) && (runs[count] = heap_pages(4)) != NULL) {
		count++;
	}
	assert_true(count < ARRAY_SIZE(runs));
	assert_null(heap_pages(9));
	assert_null(heap_alloc(65536));
	/* A block that could not be mapped went back. */
	assert_int_equal(free_blocks(), free_before);
	fake_mmu_map_fails = false;
	runs[count] = heap_pages(4);
	assert_non_null(runs[count]);
	heap_pages_free(runs[count], 4);
	while (count != 0) {
		heap_pages_free(runs[--count], 4);
	}
	assert_int_equal(used(), start);
}

static void test_whole_blocks_go_back(void **state)
{
	uint64_t before = free_blocks();
	uint8_t *p = heap_pages(HEAP_ORDER_MAX);

	assert_non_null(p);
	assert_int_equal(free_blocks(), before - 1);
	memset(p, 1, SZ_2M);
	heap_free(p);
	assert_int_equal(free_blocks(), before);
	p = heap_alloc(SZ_2M);
	assert_non_null(p);
	assert_true(all(p, SZ_2M, 0));
	heap_pages_free(p, HEAP_ORDER_MAX);
	assert_int_equal(free_blocks(), before);
}

/* What the heap grew by goes back, in whatever order it is freed; boot's blocks stay. */
static void test_what_is_free_goes_back(void **state)
{
	static void *pages[6 * 512];
	uint64_t before = free_blocks();

	for (uint32_t round = 0; round < 4; round++) {
		uint64_t used_pages;
		uint64_t total;

		for (uint32_t i = 0; i < ARRAY_SIZE(pages); i++) {
			pages[i] = i % 7 == 0 ? heap_alloc(64) : heap_page();
			assert_non_null(pages[i]);
		}
		assert_in_range(before - free_blocks(), 4, 6);
		for (uint32_t i = ARRAY_SIZE(pages); round != 0 && i > 1; i--) {
			uint32_t other = (uint32_t)rand() % i;
			void *page = pages[i - 1];

			pages[i - 1] = pages[other];
			pages[other] = page;
		}
		for (uint32_t i = 0; i < ARRAY_SIZE(pages); i++) {
			heap_free(pages[i]);
		}
		heap_stats(&used_pages, &total);
		assert_int_equal(total, total_at_boot);
		assert_int_equal(free_blocks(), before);
	}
}

/* On the edge of what is there, one page more or less does not take and give a block each time. */
static void test_edge(void **state)
{
	static void *pages[2 * 512];
	uint32_t count = 0;
	uint64_t before = free_blocks();
	uint64_t grown;

	while (free_blocks() == before) {
		assert_in_range(count, 0, ARRAY_SIZE(pages) - 1);
		pages[count] = heap_page();
		assert_non_null(pages[count++]);
	}
	grown = free_blocks();
	heap_page_free(pages[--count]);
	assert_int_equal(free_blocks(), grown);
	while (count != 0) {
		heap_page_free(pages[--count]);
	}
	assert_int_equal(free_blocks(), before);
}

/* Each thread marks what it holds with its own number; any sharing shows as a foreign mark. */
static void *churn(void *arg)
{
	struct piece pieces[24] = { { NULL, 0, 0, 0 } };
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	uint8_t mark = (uint8_t)seed;

	for (uint32_t i = 0; i < 6000; i++) {
		struct piece *x = &pieces[(uint32_t)rand_r(&seed) % ARRAY_SIZE(pieces)];
		bool foreign = x->p != NULL && !all(x->p, x->size, mark);

		if (foreign) {
			return "shared";
		}
		heap_free(x->p);
		x->size = (size_t)1 << ((uint32_t)rand_r(&seed) % 15);
		x->p = i < 5000 ? heap_alloc(x->size) : NULL;
		if (x->p != NULL && !all(x->p, x->size, 0)) {
			return "not zeroed";
		}
		if (x->p != NULL) {
			memset(x->p, mark, x->size);
		}
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		heap_free(pieces[i].p);
	}
	return NULL;
}

static void test_several_cpus(void **state)
{
	/* As many as the smallest test machine has: a ticket lock is slow with more. */
	pthread_t threads[2];
	uint64_t start = used();

	for (uintptr_t i = 0; i < ARRAY_SIZE(threads); i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *complaint;

		assert_int_equal(pthread_join(threads[i], &complaint), 0);
		assert_null(complaint);
	}
	assert_int_equal(used(), start);
}

static void test_wrong_frees_panic(void **state)
{
	uint8_t *object = heap_alloc(100);
	uint8_t *run = heap_pages(2);

	expect_assert_failure(heap_free(object + 64));
	expect_assert_failure(heap_pages_free(run, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_full_pages_come_back),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_whole_blocks_go_back),
		cmocka_unit_test(test_what_is_free_goes_back),
		cmocka_unit_test(test_edge),
		/* The table pages that it takes are not freed. */
		cmocka_unit_test(test_growth_needs_a_page),
		cmocka_unit_test(test_several_cpus),
		/* Last: the lock is held when panic() is called, and stays so. */
		cmocka_unit_test(test_wrong_frees_panic),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
