/* SPDX-License-Identifier: BSD-2-Clause */
/* An interrupt meter: the count is exact, the limit is a rate. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "irq/irq_meter.h"

#define HZ    1000000U
#define LIMIT 10000U /* a second: 100 in 10 ms */

void pci_irq_storm(struct irq_meter *m, uint32_t event)
{
	fail();
}

/* count interrupts, every so many ticks; how many of them were in a storm. */
static uint32_t interrupts(struct irq_meter *m, uint64_t *now, uint32_t count, uint32_t apart)
{
	uint32_t storms = 0;

	for (uint32_t i = 0; i < count; i++, *now += apart) {
		storms += irq_meter_hit(m) && irq_meter_check(m, *now, HZ);
	}
	return storms;
}

static int setup(void **state)
{
	irq_meter_limit(LIMIT);
	return 0;
}

static void test_below_the_limit(void **state)
{
	struct irq_meter m = { 0 };
	uint64_t now = 12345;

	assert_int_equal(interrupts(&m, &now, 100000, HZ / LIMIT + 1), 0);
	assert_int_equal(m.total, 100000);
	/* A burst is no storm while it fits a window. */
	for (uint32_t i = 0; i < 100; i++) {
		now += HZ / 50;
		assert_int_equal(interrupts(&m, &now, LIMIT / 200, 0), 0);
	}
}

static void test_above_the_limit(void **state)
{
	struct irq_meter m = { 0 };
	uint64_t now = 12345;

	assert_int_not_equal(interrupts(&m, &now, 2 * LIMIT / 100 + 2, HZ / LIMIT / 2), 0);
	/* Also after a long time of hardly any. */
	irq_meter_restart(&m, now);
	assert_int_equal(interrupts(&m, &now, 99, HZ), 0);
	assert_int_not_equal(interrupts(&m, &now, 2 * LIMIT / 100 + 2, HZ / LIMIT / 2), 0);
}

/* Until it is restarted every one counts as the storm's. */
static void test_a_storm_lasts(void **state)
{
	struct irq_meter m = { 0 };
	uint64_t now = 1;

	interrupts(&m, &now, 1000, 0);
	assert_int_equal(interrupts(&m, &now, 50, 0), 50);
	irq_meter_restart(&m, now);
	assert_int_equal(interrupts(&m, &now, 50, 0), 0);
}

static void test_no_limit(void **state)
{
	struct irq_meter m = { 0 };
	uint64_t now = 1;

	irq_meter_limit(0);
	assert_int_equal(interrupts(&m, &now, 1000000, 0), 0);
	assert_int_equal(m.total, 1000000);
}

static void *hit_many(void *arg)
{
	for (uint32_t i = 0; i < 200000; i++) {
		irq_meter_hit(arg);
	}
	return NULL;
}

static void test_the_count_is_exact(void **state)
{
	struct irq_meter m = { 0 };
	pthread_t other;

	assert_int_equal(pthread_create(&other, NULL, hit_many, &m), 0);
	hit_many(&m);
	pthread_join(other, NULL);
	assert_int_equal(m.total, 400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_below_the_limit, setup),
		cmocka_unit_test_setup(test_above_the_limit, setup),
		cmocka_unit_test_setup(test_a_storm_lasts, setup),
		cmocka_unit_test_setup(test_no_limit, setup),
		cmocka_unit_test_setup(test_the_count_is_exact, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
