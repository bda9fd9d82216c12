/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool of LPIs: one owner each, exactly-once free, no call after lpi_silence(). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_heap.h"
#include "irq/irq_meter.h"
#include "irq/its_lpi.h"
#include "lib/errno.h"

#define FIRST 8192U
#define POOL  500U

static struct irq_meter meter;
static uint32_t calls;
static void *last_arg;
static uint32_t last_event;

static void note(void *arg, uint32_t event)
{
	calls++;
	last_arg = arg;
	last_event = event;
}

static void give_back(uint32_t lpi)
{
	lpi_silence(lpi);
	lpi_free(lpi);
}

/* First of all tests: no record page exists yet. */
static void test_no_memory_takes_nothing(void **state)
{
	uint32_t lpi;

	fake_heap_fail_in = 1;
	assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &lpi), -ENOMEM);
	assert_int_equal(its_lpi_count(), 0);
	fake_heap_fail_in = 0;
	assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &lpi), 0);
	assert_int_equal(its_lpi_count(), 1);
	give_back(lpi);
	assert_int_equal(its_lpi_count(), 0);
}

static void test_exhaustion(void **state)
{
	static bool seen[POOL];
	uint32_t lpi;

	for (uint32_t i = 0; i < POOL; i++) {
		assert_int_equal(lpi_alloc(note, NULL, i, &meter, &lpi), 0);
		assert_in_range(lpi, FIRST, FIRST + POOL - 1);
		assert_false(seen[lpi - FIRST]);
		seen[lpi - FIRST] = true;
	}
	assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &lpi), -ENOSPC);
	assert_int_equal(its_lpi_count(), POOL);
	give_back(FIRST + 77);
	assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &lpi), 0);
	assert_int_equal(lpi, FIRST + 77);
	for (uint32_t i = 0; i < POOL; i++) {
		give_back(FIRST + i);
	}
	assert_int_equal(its_lpi_count(), 0);
}

/* Domains come and go for years: numbers take turns, and records for a few are enough. */
static void test_numbers_take_turns_among_a_few(void **state)
{
	static uint32_t turns[POOL];
	int64_t live;
	uint32_t lpi, used = 0;

	lpi_pool_init(POOL);
	assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &lpi), 0);
	give_back(lpi);
	live = fake_heap_live;
	for (uint32_t i = 0; i < 10 * POOL; i++) {
		assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &lpi), 0);
		turns[lpi - FIRST]++;
		give_back(lpi);
	}
	assert_int_equal(fake_heap_live, live);
	for (uint32_t i = 0; i < POOL; i++) {
		used += turns[i] != 0;
		/* One that was given back rests while a hundred others have their turn. */
		assert_true(turns[i] <= 10 * POOL / 100);
	}
	assert_true(used > 100);
}

static void test_dispatch_follows_ownership(void **state)
{
	static uint8_t args[POOL];
	static uint32_t events[POOL];
	static bool held[POOL];
	uint32_t count = 0;
	uint64_t total;
	uint32_t lpi;

	srand(3);
	for (int step = 0; step < 20000; step++) {
		uint32_t i = (uint32_t)rand() % POOL;

		if (held[i]) {
			give_back(FIRST + i);
			held[i] = false;
			count--;
		} else if (lpi_alloc(note, NULL, 0, &meter, &lpi) == 0) {
			/* Which one is the pool's choice; make arguments that tell them apart. */
			give_back(lpi);
			assert_int_equal(lpi_alloc(note, &args[i], (uint32_t)step, &meter, &lpi),
					 0);
			assert_false(held[lpi - FIRST]);
			held[lpi - FIRST] = true;
			events[lpi - FIRST] = (uint32_t)step;
			count++;
			calls = 0;
			its_lpi_dispatch(lpi);
			assert_int_equal(calls, 1);
			assert_ptr_equal(last_arg, &args[i]);
		}
		assert_int_equal(its_lpi_count(), count);
		i = (uint32_t)rand() % POOL;
		calls = 0;
		total = meter.total;
		its_lpi_dispatch(FIRST + i);
		assert_int_equal(calls, held[i]);
		assert_int_equal(meter.total - total, held[i]);
		if (held[i]) {
			assert_int_equal(last_event, events[i]);
		}
	}
	for (uint32_t i = 0; i < POOL; i++) {
		if (held[i]) {
			give_back(FIRST + i);
		}
	}
}

static void test_foreign_numbers_call_nobody(void **state)
{
	calls = 0;
	its_lpi_dispatch(FIRST + POOL);
	its_lpi_dispatch(FIRST + 8192);
	its_lpi_dispatch(0xffffffff);
	its_lpi_dispatch(FIRST - 1);
	assert_int_equal(calls, 0);
}

static void test_double_free_is_caught(void **state)
{
	uint32_t lpi;

	assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &lpi), 0);
	give_back(lpi);
	expect_assert_failure(lpi_free(lpi));
}

/* A rest between two owners: a late signal of the old one finds nobody. */
static void test_numbers_rest(void **state)
{
	uint32_t first;
	uint32_t lpi;

	assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &first), 0);
	give_back(first);
	for (uint32_t i = 0; i < POOL - 1; i++) {
		assert_int_equal(lpi_alloc(note, NULL, 0, &meter, &lpi), 0);
		assert_int_not_equal(lpi, first);
		give_back(lpi);
	}
}

static bool stop;
static uint32_t target = FIRST; /* what the other thread keeps signalling */
static bool alive;              /* what the handler uses exists */
static bool entered;
static bool broken;

static void use_object_slowly(void *arg, uint32_t event)
{
	__atomic_store_n(&entered, true, __ATOMIC_SEQ_CST);
	usleep(500);
	if (!__atomic_load_n(&alive, __ATOMIC_SEQ_CST)) {
		__atomic_store_n(&broken, true, __ATOMIC_SEQ_CST);
	}
}

static void *storm(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		its_lpi_dispatch(__atomic_load_n(&target, __ATOMIC_SEQ_CST));
	}
	return NULL;
}

static void test_silence_waits_for_the_handler(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, storm, NULL), 0);
	for (int round = 0; round < 50; round++) {
		uint32_t lpi;

		__atomic_store_n(&alive, true, __ATOMIC_SEQ_CST);
		__atomic_store_n(&entered, false, __ATOMIC_SEQ_CST);
		assert_int_equal(lpi_alloc(use_object_slowly, NULL, 0, &meter, &lpi), 0);
		__atomic_store_n(&target, lpi, __ATOMIC_SEQ_CST);
		while (!__atomic_load_n(&entered, __ATOMIC_SEQ_CST)) {
			sched_yield();
		}
		lpi_silence(lpi); /* while the handler sleeps */
		__atomic_store_n(&alive, false, __ATOMIC_SEQ_CST);
		lpi_free(lpi);
	}
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	assert_false(broken);
}

static int setup(void **state)
{
	lpi_pool_init(POOL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory_takes_nothing),
		cmocka_unit_test(test_numbers_take_turns_among_a_few),
		cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_dispatch_follows_ownership),
		cmocka_unit_test(test_foreign_numbers_call_nobody),
		cmocka_unit_test(test_double_free_is_caught),
		cmocka_unit_test(test_numbers_rest),
		cmocka_unit_test(test_silence_waits_for_the_handler),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
