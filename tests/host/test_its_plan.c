/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes of ITS tables: every DeviceID below the limit has its entry, in little memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "irq/its_plan.h"

static void test_known_machines(void **state)
{
	/* QEMU's virt: 16 DeviceID bits, 8-byte entries, any page size, two levels. */
	struct its_table_caps caps = { .entry_size = 8, .page_size = SZ_4K, .indirect = true };
	struct its_device_plan plan = its_plan_devices(&caps, 16);

	assert_true(plan.indirect);
	assert_int_equal(plan.size, SZ_4K);
	assert_int_equal(plan.per_page, 512);
	assert_int_equal(plan.limit, 65536);

	caps.indirect = false;
	plan = its_plan_devices(&caps, 16);
	assert_false(plan.indirect);
	assert_int_equal(plan.size, 65536 * 8);
	assert_int_equal(plan.limit, 65536);

	/* A flat table with 32-bit DeviceIDs is cut to one segment's worth. */
	plan = its_plan_devices(&caps, 32);
	assert_int_equal(plan.limit, 65536);

	/* What fits one page needs no second level. */
	caps = (struct its_table_caps){ .entry_size = 16, .page_size = SZ_64K, .indirect = true };
	plan = its_plan_devices(&caps, 12);
	assert_false(plan.indirect);
	assert_int_equal(plan.size, SZ_64K);
	assert_int_equal(plan.limit, 4096);
}

static void test_every_shape(void **state)
{
	const uint64_t page_sizes[] = { SZ_4K, 4 * SZ_4K, SZ_64K };

	for (uint32_t shape = 0; shape < 3 * 2 * 32; shape++) {
		struct its_table_caps caps = {
			.page_size = page_sizes[shape % 3],
			.indirect = shape / 3 % 2,
			.entry_size = shape / 6 + 1,
		};

		for (uint32_t bits = 1; bits <= 32; bits++) {
			struct its_device_plan plan = its_plan_devices(&caps, bits);
			uint64_t last = plan.limit - 1;
			uint64_t page = last / plan.per_page;
			uint64_t at = last % plan.per_page;

			assert_in_range(plan.limit, 1, 1ULL << bits);
			assert_true(caps.indirect || !plan.indirect);
			assert_int_equal(plan.size % caps.page_size, 0);
			assert_in_range(plan.size / caps.page_size, 1, 256);
			assert_true((at + 1) * caps.entry_size <= caps.page_size);
			if (plan.indirect) {
				assert_true((page + 1) * 8 <= plan.size);
				assert_true(plan.limit == 1ULL << bits ||
					    plan.size == 256 * caps.page_size);
			} else {
				assert_true((page + 1) * caps.page_size <= plan.size);
				assert_true(plan.limit >= MIN(1ULL << bits, 32768));
			}
		}
	}
}

static void test_events(void **state)
{
	assert_int_equal(its_plan_events(16, 0), 2);
	assert_int_equal(its_plan_events(16, 1), 2);
	assert_int_equal(its_plan_events(16, 3), 4);
	assert_int_equal(its_plan_events(16, 65), 128);
	assert_int_equal(its_plan_events(16, 2048), 2048);
	assert_int_equal(its_plan_events(16, 2049), 2048);
	assert_int_equal(its_plan_events(32, UINT32_MAX), 2048);
	assert_int_equal(its_plan_events(5, 100), 32);
	assert_int_equal(its_plan_events(1, 100), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_machines),
		cmocka_unit_test(test_every_shape),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
