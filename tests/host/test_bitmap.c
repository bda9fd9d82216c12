/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bitmap.h"

static void test_one_bit_at_a_time(void **state)
{
	for (uint32_t bit = 0; bit < 130; bit++) {
		uint64_t map[BITMAP_WORDS(130)] = { 0 };

		bitmap_set(map, bit);
		assert_true(bitmap_test(map, bit));
		assert_int_equal(bitmap_find_set(map, 130, 0), bit);
		assert_int_equal(bitmap_find_set(map, 130, bit), bit);
		assert_int_equal(bitmap_find_set(map, 130, bit + 1), BITMAP_NONE);
		assert_int_equal(bitmap_find_clear(map, 130, 0), bit == 0 ? 1 : 0);
		assert_int_equal(bitmap_find_clear(map, 130, bit),
				 bit == 129 ? BITMAP_NONE : bit + 1);
		bitmap_clear(map, bit);
		assert_false(bitmap_test(map, bit));
		assert_int_equal(bitmap_find_set(map, 130, 0), BITMAP_NONE);
	}
}

/* Bits of the last word behind the end must not be found. */
static void test_end_is_respected(void **state)
{
	uint64_t ones[2] = { ~0ULL, ~0ULL };
	uint64_t zeros[2] = { 0, 0 };

	for (uint32_t bits = 1; bits <= 128; bits++) {
		assert_int_equal(bitmap_find_clear(ones, bits, 0), BITMAP_NONE);
		assert_int_equal(bitmap_find_set(zeros, bits, 0), BITMAP_NONE);
		assert_int_equal(bitmap_find_set(ones, bits, bits - 1), bits - 1);
		assert_int_equal(bitmap_find_set(ones, bits, bits), BITMAP_NONE);
		assert_int_equal(bitmap_find_clear(zeros, bits, bits), BITMAP_NONE);
	}
	ones[0] = 0xff;
	ones[1] = BIT(3);
	assert_int_equal(bitmap_find_set(ones, 67, 8), BITMAP_NONE);
	assert_int_equal(bitmap_find_set(ones, 68, 8), 67);
}

static uint32_t slow_run(const uint64_t *a, const uint64_t *b, uint32_t bits, uint32_t from,
			 uint32_t count)
{
	uint32_t length = 0;

	for (uint32_t i = from; i < bits; i++) {
		length = bitmap_test(a, i) || bitmap_test(b, i) ? length + 1 : 0;
		if (length == count) {
			return i + 1 - count;
		}
	}
	return BITMAP_NONE;
}

/* Runs of all lengths at all places of words, between two maps, against looking bit by bit. */
static void test_find_run(void **state)
{
	uint32_t found = 0;

	srand(1);
	for (uint32_t i = 0; i < 200000; i++) {
		uint64_t a[5] = { 0 }, b[5] = { 0 };
		uint32_t bits = (uint32_t)rand() % 321, from = (uint32_t)rand() % (bits + 1);
		uint32_t holes = (uint32_t)rand() % 12, count = (uint32_t)rand() % 200 + 1;

		for (uint32_t bit = 0; bit < 320; bit++) {
			bitmap_set(rand() % 3 ? a : b, bit);
		}
		for (; holes != 0; holes--) {
			uint32_t hole = (uint32_t)rand() % 320;

			bitmap_clear(a, hole);
			bitmap_clear(b, hole);
		}
		assert_int_equal(bitmap_find_run(a, b, bits, from, count),
				 slow_run(a, b, bits, from, count));
		found += slow_run(a, b, bits, from, count) != BITMAP_NONE ? 1 : 0;
	}
	assert_in_range(found, 20000, 180000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_bit_at_a_time),
		cmocka_unit_test(test_end_is_respected),
		cmocka_unit_test(test_find_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
