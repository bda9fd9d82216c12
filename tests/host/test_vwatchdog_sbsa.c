/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual Generic Watchdog as drivers use it; registers and rules: the Arm BSA's appendix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "core/vwatchdog_sbsa.h"

enum { WCS = 0, WOR = 8, WCV = 0x10, IIDR = 0xfcc, WRR = 0 };
enum { EN = 1, WS0 = 2, WS1 = 4 };

static struct vwatchdog_sbsa w;

static int setup(void **state)
{
	w = (struct vwatchdog_sbsa){ 0 };
	return 0;
}

static uint64_t get(uint32_t offset)
{
	return vwatchdog_sbsa_read(&w, offset, 4);
}

static void put(uint32_t offset, uint64_t value, uint64_t now)
{
	vwatchdog_sbsa_write(&w, offset, 4, value, now);
}

static uint64_t compare(void)
{
	return vwatchdog_sbsa_read(&w, WCV, 8);
}

/* Offset 100, enabled at 1000. */
static void enable(void)
{
	put(WOR, 100, 1000);
	put(WCS, EN, 1000);
	assert_int_equal(get(WCS), EN);
	assert_int_equal(compare(), 1100);
}

static void test_identity(void **state)
{
	/* Architecture version 1 in bits 19:16, in both frames. */
	assert_int_equal(get(IIDR) >> 16 & 0xf, 1);
	assert_int_equal(vwatchdog_sbsa_refresh_read(IIDR, 4), get(IIDR));
	assert_int_equal(vwatchdog_sbsa_refresh_read(IIDR - 4, 8) >> 32, get(IIDR));
	assert_int_equal(vwatchdog_sbsa_refresh_read(WRR, 4), 0);
	assert_int_equal(vwatchdog_sbsa_read(&w, 0xff8, 8), 0);
}

static void test_two_stages(void **state)
{
	enable();
	vwatchdog_sbsa_tick(&w, 1100); /* not yet greater */
	assert_int_equal(get(WCS), EN);
	vwatchdog_sbsa_tick(&w, 1101);
	assert_int_equal(get(WCS), EN | WS0);
	assert_int_equal(compare(), 1201);
	vwatchdog_sbsa_tick(&w, 1201);
	assert_false(w.ws1);
	vwatchdog_sbsa_tick(&w, 1202);
	assert_int_equal(get(WCS), EN | WS0 | WS1);
}

/* However late the look: the second stage has its whole time. */
static void test_a_late_look_is_one_stage(void **state)
{
	enable();
	vwatchdog_sbsa_tick(&w, 100000);
	assert_true(w.ws0 && !w.ws1);
	assert_int_equal(compare(), 100100);
}

static void test_every_refresh(void **state)
{
	for (uint32_t how = 0; how < 4; how++) {
		setup(state);
		enable();
		vwatchdog_sbsa_tick(&w, 1101);
		assert_true(w.ws0);
		switch (how) {
		case 0:
			vwatchdog_sbsa_refresh_write(&w, WRR, 1150);
			break;
		case 1:
			put(WCS, EN, 1150);
			break;
		case 2:
			put(WOR, 100, 1150);
			break;
		default:
			vwatchdog_sbsa_refresh_write(&w, WRR + 8, 1150); /* none */
			assert_true(w.ws0);
			continue;
		}
		assert_int_equal(get(WCS), EN);
		assert_int_equal(compare(), 1250);
	}
}

static void test_disabled(void **state)
{
	enable();
	vwatchdog_sbsa_tick(&w, 1101);
	put(WCS, 0, 1102);
	assert_int_equal(get(WCS), 0);
	vwatchdog_sbsa_tick(&w, ~0ULL);
	assert_int_equal(get(WCS), 0);
	/* Signals are not for software to set. */
	put(WCS, WS0 | WS1, 0);
	assert_int_equal(get(WCS), 0);
}

static void test_halves(void **state)
{
	vwatchdog_sbsa_write(&w, WOR, 8, 0xabcd123456789abc, 5);
	assert_int_equal(vwatchdog_sbsa_read(&w, WOR, 8), 0x123456789abc); /* 48 bits */
	assert_int_equal(get(WOR + 4), 0x1234);
	assert_int_equal(compare(), 0x123456789abc + 5);
	put(WOR + 4, 0, 7);
	assert_int_equal(compare(), 0x56789abcU + 7);
	/* The time itself; that refreshes nothing. */
	put(WCS, EN, 0);
	put(WCV + 4, 2, 0);
	put(WCV, 9, 0);
	assert_int_equal(compare(), (2ULL << 32) + 9);
	vwatchdog_sbsa_tick(&w, (2ULL << 32) + 10);
	assert_true(w.ws0);
	vwatchdog_sbsa_write(&w, WCV, 8, 3, 0);
	assert_true(w.ws0);
}

/* A time that cannot come does not come at once. */
static void test_no_overflow(void **state)
{
	vwatchdog_sbsa_write(&w, WOR, 8, ~0ULL, ~0ULL - 3);
	put(WCS, EN, ~0ULL - 3);
	assert_int_equal(compare(), ~0ULL);
	vwatchdog_sbsa_tick(&w, ~0ULL);
	assert_false(w.ws0);
}

/* While its user stands still, time does not pass. */
static void test_hold(void **state)
{
	enable();
	vwatchdog_sbsa_hold(&w, 5000);
	vwatchdog_sbsa_tick(&w, 5100);
	assert_false(w.ws0);
	vwatchdog_sbsa_tick(&w, 5101);
	assert_true(w.ws0);
	vwatchdog_sbsa_hold(&w, 6000);
	assert_true(w.ws0);
	vwatchdog_sbsa_tick(&w, 6100);
	assert_false(w.ws1);
	vwatchdog_sbsa_tick(&w, 6101);
	assert_true(w.ws1);
}

/* Whatever is written, WS1 comes after WS0 only, and never while it is off. */
static void test_random(void **state)
{
	uint64_t now = 0;

	srand(5);
	for (uint32_t i = 0; i < 100000; i++) {
		bool had_ws0 = w.ws0;
		bool had_ws1 = w.ws1;
		uint32_t offset = (uint32_t)rand() % 8 * 4;
		uint8_t size = rand() % 2 != 0 && offset % 8 == 0 ? 8 : 4;

		now += (uint64_t)rand() % 50;
		if (rand() % 4 == 0) {
			vwatchdog_sbsa_write(&w, offset, size, (uint64_t)rand() % 200, now);
			assert_true(!w.ws1 || had_ws1);
		} else {
			vwatchdog_sbsa_tick(&w, now);
			assert_true(!w.ws1 || had_ws0);
		}
		assert_true(w.enabled || (!w.ws0 && !w.ws1));
		assert_int_equal(w.offset >> 48, 0);
		assert_int_equal(get(WCS) & ~7ULL, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identity, setup),
		cmocka_unit_test_setup(test_two_stages, setup),
		cmocka_unit_test_setup(test_a_late_look_is_one_stage, setup),
		cmocka_unit_test_setup(test_every_refresh, setup),
		cmocka_unit_test_setup(test_disabled, setup),
		cmocka_unit_test_setup(test_halves, setup),
		cmocka_unit_test_setup(test_no_overflow, setup),
		cmocka_unit_test_setup(test_hold, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
