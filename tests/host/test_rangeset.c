/* SPDX-License-Identifier: BSD-2-Clause */
/* Rangesets against a plain array of booleans, and at the ends of the number space. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "lib/rangeset.h"

#define SPACE 64

static void check_form(const struct rangeset *s)
{
	assert_true(s->count <= s->max);
	for (uint32_t i = 0; i < s->count; i++) {
		assert_true(s->ranges[i].size != 0);
		if (i != 0) { /* sorted, and merged where ranges touch */
			assert_true(s->ranges[i - 1].base + s->ranges[i - 1].size <
				    s->ranges[i].base);
		}
	}
}

static void check_equals_model(const struct rangeset *s, const bool *model)
{
	for (uint64_t base = 0; base < SPACE; base++) {
		bool all = true;

		for (uint64_t size = 1; base + size <= SPACE; size++) {
			all &= model[base + size - 1];
			assert_int_equal(rangeset_contains(s, base, size), all);
		}
	}
}

static int model_gap(const bool *model, uint64_t size, uint64_t align, uint64_t min, uint64_t limit)
{
	for (uint64_t at = 0; at + size <= limit; at += align) {
		bool is_free = at >= min;

		for (uint64_t i = 0; i < size; i++) {
			is_free &= !model[at + i];
		}
		if (is_free) {
			return (int)at;
		}
	}
	return -ENOSPC;
}

static void check_gaps(const struct rangeset *s, const bool *model)
{
	for (int round = 0; round < 20; round++) {
		uint64_t size = 1 + (uint64_t)(rand() % 12);
		uint64_t align = 1ULL << (rand() % 5);
		uint64_t min = (uint64_t)(rand() % SPACE);
		uint64_t limit = (uint64_t)(rand() % (SPACE + 1));
		uint64_t addr = 0;
		int ret = rangeset_find_gap(s, size, align, min, limit, &addr);

		assert_int_equal(ret < 0 ? ret : (int)addr,
				 model_gap(model, size, align, min, limit));
	}
}

static void test_random_histories(void **state)
{
	srand(1);
	for (int history = 0; history < 40; history++) {
		struct range storage[SPACE];
		struct rangeset s;
		bool model[SPACE] = { false };

		rangeset_init(&s, storage, SPACE);
		for (int step = 0; step < 40; step++) {
			uint64_t base = (uint64_t)(rand() % SPACE);
			uint64_t size = 1 + (uint64_t)rand() % (SPACE - base);
			bool add = rand() % 2;

			size = rand() % 3 != 0 ? 1 + size % 5 : size;
			size = base + size > SPACE ? SPACE - base : size;
			assert_int_equal(add ? rangeset_add(&s, base, size)
					     : rangeset_remove(&s, base, size), 0);
			memset(&model[base], add, size);
			check_form(&s);
			check_equals_model(&s, model);
			check_gaps(&s, model);
		}
	}
}

static void test_bad_ranges(void **state)
{
	struct range storage[2];
	struct rangeset s;
	uint64_t addr;

	rangeset_init(&s, storage, 2);
	assert_int_equal(rangeset_add(&s, 5, 0), -EINVAL);
	assert_int_equal(rangeset_add(&s, UINT64_MAX, 2), -EINVAL);
	assert_int_equal(rangeset_add(&s, 0x1000, UINT64_MAX), -EINVAL);
	assert_int_equal(rangeset_remove(&s, 5, 0), -EINVAL);
	assert_int_equal(s.count, 0);
	assert_int_equal(rangeset_add(&s, 0, UINT64_MAX), 0);
	assert_true(rangeset_contains(&s, UINT64_MAX - 1, 1));
	/* A wrapping question is answered on the safe side. */
	assert_false(rangeset_contains(&s, 0x1000, UINT64_MAX));
	assert_int_equal(rangeset_find_gap(&s, 0, 1, 0, 100, &addr), -EINVAL);
	assert_int_equal(rangeset_find_gap(&s, 1, 3, 0, 100, &addr), -EINVAL);
	assert_int_equal(rangeset_find_gap(&s, 1, 1, 0, UINT64_MAX, &addr), -ENOSPC);
}

static void test_gap_does_not_wrap(void **state)
{
	struct range storage[1];
	struct rangeset s;
	uint64_t addr;

	rangeset_init(&s, storage, 1);
	assert_int_equal(rangeset_find_gap(&s, 0x1000, 1ULL << 63, (1ULL << 63) + 1, UINT64_MAX,
					   &addr), -ENOSPC);
	assert_int_equal(rangeset_find_gap(&s, UINT64_MAX, 1, 1, UINT64_MAX, &addr), -ENOSPC);
	assert_int_equal(rangeset_find_gap(&s, 0x1000, 0x1000, 1ULL << 63, UINT64_MAX, &addr), 0);
	assert_true(addr == 1ULL << 63);
}

static void test_full_storage_keeps_the_set(void **state)
{
	struct range storage[2];
	struct rangeset s;

	rangeset_init(&s, storage, 2);
	assert_int_equal(rangeset_add(&s, 0, 10), 0);
	assert_int_equal(rangeset_add(&s, 20, 10), 0);
	assert_int_equal(rangeset_add(&s, 40, 10), -ENOSPC);
	assert_int_equal(rangeset_remove(&s, 4, 2), -ENOSPC);
	assert_int_equal(s.count, 2);
	assert_true(rangeset_contains(&s, 0, 10));
	assert_true(rangeset_contains(&s, 20, 10));
	assert_false(rangeset_contains(&s, 30, 1));
	/* Growing and merging need no room. */
	assert_int_equal(rangeset_add(&s, 10, 2), 0);
	assert_int_equal(rangeset_add(&s, 11, 10), 0);
	assert_int_equal(s.count, 1);
	assert_true(rangeset_contains(&s, 0, 30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_histories),
		cmocka_unit_test(test_bad_ranges),
		cmocka_unit_test(test_gap_does_not_wrap),
		cmocka_unit_test(test_full_storage_keeps_the_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
