/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of trapped regions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/mmio.h"
#include "fake_heap.h"
#include "lib/errno.h"

static const struct mmio_ops ops = { .name = "test" };

static int add(struct mmio_map *map, uint64_t base, uint64_t size)
{
	return mmio_add(map, ipa(base), size, &ops, NULL);
}

static void test_edges(void **state)
{
	struct mmio_map map = { .count = 0 };

	assert_int_equal(add(&map, 0x8000, 0x1000), 0);
	assert_null(mmio_find(&map, ipa(0x7fff)));
	assert_int_equal(mmio_find(&map, ipa(0x8000))->base, 0x8000);
	assert_int_equal(mmio_find(&map, ipa(0x8fff))->base, 0x8000);
	assert_null(mmio_find(&map, ipa(0x9000)));
	assert_null(mmio_find(&map, ipa(0)));
	assert_null(mmio_find(&map, ipa(~0ULL)));
}

static void test_empty(void **state)
{
	struct mmio_map map = { .count = 0 };

	assert_null(mmio_find(&map, ipa(0)));
	assert_null(mmio_find(&map, ipa(0x1000)));
}

static void test_overlaps_are_refused(void **state)
{
	struct mmio_map map = { .count = 0 };
	struct mmio_map before;

	assert_int_equal(add(&map, 0x8000, 0x1000), 0);
	assert_int_equal(add(&map, 0xa000, 0x1000), 0);
	before = map;
	assert_int_equal(add(&map, 0x8000, 0x1000), -EEXIST);
	assert_int_equal(add(&map, 0x8fff, 1), -EEXIST);
	assert_int_equal(add(&map, 0x7000, 0x1001), -EEXIST);
	assert_int_equal(add(&map, 0x8800, 0x100), -EEXIST);
	assert_int_equal(add(&map, 0x7000, 0x10000), -EEXIST);
	assert_int_equal(add(&map, 0x9000, 0x1001), -EEXIST);
	assert_int_equal(add(&map, 0, 0), -EINVAL);
	assert_int_equal(add(&map, ~0ULL - 10, 100), -EINVAL);
	assert_memory_equal(&before, &map, sizeof(map));
	/* What only touches is not an overlap. */
	assert_int_equal(add(&map, 0x9000, 0x1000), 0);
	assert_int_equal(add(&map, 0x7000, 0x1000), 0);
}

/* As many as are wanted. */
static void test_full(void **state)
{
	struct mmio_map map = { .count = 0 };

	/* From the top down: each goes to the front. */
	for (uint64_t k = 300; k > 0; k--) {
		assert_int_equal(add(&map, k << 16, 0x1000), 0);
	}
	for (uint64_t k = 1; k <= 300; k++) {
		assert_int_equal(mmio_find(&map, ipa((k << 16) + 0xfff))->base, k << 16);
		assert_null(mmio_find(&map, ipa((k << 16) + 0x1000)));
	}
	mmio_clear(&map);
	assert_null(mmio_find(&map, ipa(300 << 16)));
	assert_int_equal(fake_heap_live, 0);
}

/* Out of memory just when the table has to grow. */
static void test_no_memory_for_more(void **state)
{
	struct mmio_map map = { .count = 0 };
	uint64_t count = 0;

	fake_heap_fail_in = 1;
	while (count < 1000 && add(&map, count << 16, 0x1000) == 0) {
		count++;
	}
	assert_in_range(count, 12, 999); /* a guest's fit without */
	assert_int_equal(add(&map, count << 16, 0x1000), -ENOMEM);
	fake_heap_fail_in = 0;
	for (uint64_t k = 0; k < count; k++) {
		assert_int_equal(mmio_find(&map, ipa(k << 16))->base, k << 16);
	}
	assert_null(mmio_find(&map, ipa(count << 16)));
	assert_int_equal(add(&map, count << 16, 0x1000), 0);
	assert_int_equal(mmio_find(&map, ipa(count << 16))->base, count << 16);
	mmio_clear(&map);
	assert_int_equal(fake_heap_live, 0);
}

/* Random maps against a page-by-page model. */
static void test_random(void **state)
{
	srand(7);
	for (int round = 0; round < 200; round++) {
		struct mmio_map map = { .count = 0 };
		int model[256];

		memset(model, -1, sizeof(model));
		for (int i = 0; i < 60; i++) {
			uint64_t first = (uint64_t)rand() % 250;
			uint64_t count = 1 + (uint64_t)rand() % 6;
			int want = 0;

			for (uint64_t p = first; want == 0 && p < first + count; p++) {
				want = model[p] >= 0 ? -EEXIST : 0;
			}
			assert_int_equal(add(&map, first << 12, count << 12), want);
			for (uint64_t p = first; want == 0 && p < first + count; p++) {
				model[p] = (int)first;
			}
		}
		for (uint64_t p = 0; p < 256; p++) {
			const struct mmio_region *r = mmio_find(&map, ipa((p << 12) + 0x123));

			if (model[p] < 0) {
				assert_null(r);
			} else {
				assert_int_equal(r->base, (uint64_t)model[p] << 12);
			}
		}
		mmio_clear(&map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),  cmocka_unit_test(test_edges),
		cmocka_unit_test(test_full),   cmocka_unit_test(test_no_memory_for_more),
		   cmocka_unit_test(test_overlaps_are_refused),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
