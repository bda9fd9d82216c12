/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual PL061 as GPIO drivers use it; register offsets from DDI0190 table 3-1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/vgpio_pl061.h"

enum { ALL = 0x3fc, DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414,
       MIS = 0x418, IC = 0x41c, AFSEL = 0x420 };
enum { KEY = 3, KEY_BIT = 1 << KEY, KEY_DATA = KEY_BIT << 2 };

static struct vgpio_pl061 g;

static int setup(void **state)
{
	vgpio_pl061_reset(&g);
	return 0;
}

static uint32_t get(uint32_t offset)
{
	return vgpio_pl061_read(&g, offset);
}

static void put(uint32_t offset, uint32_t value)
{
	vgpio_pl061_write(&g, offset, value);
}

static void test_identifies_as_pl061(void **state)
{
	uint32_t id = 0, cell = 0;

	for (uint32_t i = 0; i < 4; i++) {
		id |= get(0xfe0 + 4 * i) << (8 * i);
		cell |= get(0xff0 + 4 * i) << (8 * i);
	}
	assert_int_equal(id & 0xfffff, 0x41061); /* designer 0x41, part 0x061 */
	assert_int_equal(cell, 0xb105f00d);
}

static void test_address_masks_data(void **state)
{
	put(DIR, 0xf0);
	put(ALL, 0xa5);
	/* Outputs read back, inputs are what is on the lines. */
	assert_int_equal(get(ALL), 0xa0);
	put(0x40 << 2, 0xff);
	assert_int_equal(get(ALL), 0xe0);
	put(0x40 << 2, 0);
	assert_int_equal(get(ALL), 0xa0);
	vgpio_pl061_set(&g, 0, true);
	assert_int_equal(get(ALL), 0xa1);
	assert_int_equal(get(0x0f << 2), 0x01);
	assert_int_equal(get(0x00), 0);
	/* Nobody outside sets an output. */
	vgpio_pl061_set(&g, 6, true);
	assert_int_equal(get(ALL), 0xa1);
}

/* What a driver of keys does: interrupts on both edges, the line read some time later. */
static void test_key(void **state)
{
	put(IBE, KEY_BIT);
	put(IC, 0xff);
	put(IE, KEY_BIT);
	assert_false(vgpio_pl061_level(&g));
	vgpio_pl061_set(&g, KEY, true);
	assert_true(vgpio_pl061_level(&g));
	assert_int_equal(get(MIS), KEY_BIT);
	put(IC, KEY_BIT);
	assert_false(vgpio_pl061_level(&g));
	assert_true(g.unread & KEY_BIT);
	/* Another line is not that one. */
	assert_int_equal(get(0x10 << 2), 0);
	assert_true(g.unread & KEY_BIT);
	assert_int_equal(get(KEY_DATA), KEY_BIT);
	assert_false(g.unread & KEY_BIT);
	/* As it is already: no edge. */
	vgpio_pl061_set(&g, KEY, true);
	assert_false(vgpio_pl061_level(&g) || (g.unread & KEY_BIT));
	vgpio_pl061_set(&g, KEY, false);
	assert_true(vgpio_pl061_level(&g));
	assert_int_equal(get(KEY_DATA), 0);
}

static void test_one_edge(void **state)
{
	put(IE, 0xff);
	put(IEV, 1);
	vgpio_pl061_set(&g, 0, true);
	assert_int_equal(get(RIS), 1);
	put(IC, 1);
	vgpio_pl061_set(&g, 0, false);
	assert_int_equal(get(RIS), 0);
	put(IEV, 0);
	vgpio_pl061_set(&g, 0, true);
	assert_int_equal(get(RIS), 0);
	vgpio_pl061_set(&g, 0, false);
	assert_int_equal(get(RIS), 1);
}

static void test_levels(void **state)
{
	put(IS, 3);
	put(IEV, 1);
	put(IE, 3);
	/* Line 0 by high, line 1 by low. */
	assert_int_equal(get(MIS), 2);
	vgpio_pl061_set(&g, 0, true);
	vgpio_pl061_set(&g, 1, true);
	assert_int_equal(get(MIS), 1);
	put(IC, 0xff);
	assert_int_equal(get(MIS), 1);
	put(DIR, 1);
	assert_false(vgpio_pl061_level(&g));
}

static void test_masked(void **state)
{
	put(IBE, 0xff);
	vgpio_pl061_set(&g, KEY, true);
	assert_int_equal(get(RIS), KEY_BIT);
	assert_int_equal(get(MIS), 0);
	assert_false(vgpio_pl061_level(&g));
	put(IE, KEY_BIT);
	assert_true(vgpio_pl061_level(&g));
}

static void test_nothing_else_is_there(void **state)
{
	for (uint32_t offset = 0x424; offset < 0xfe0; offset += 4) {
		put(offset, 0xffffffff);
		assert_int_equal(get(offset), 0);
	}
	put(0xfe0, 0);
	assert_int_equal(get(0xfe0), 0x61);
	put(AFSEL, 0x1ff);
	assert_int_equal(get(AFSEL), 0xff);
	/* No register begins there. */
	put(IE + 1, 0xff);
	put(ALL + 1, 0xff);
	assert_int_equal(get(IE), 0);
	assert_int_equal(g.data, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identifies_as_pl061, setup),
		cmocka_unit_test_setup(test_address_masks_data, setup),
		cmocka_unit_test_setup(test_key, setup),
		cmocka_unit_test_setup(test_one_edge, setup),
		cmocka_unit_test_setup(test_levels, setup),
		cmocka_unit_test_setup(test_masked, setup),
		cmocka_unit_test_setup(test_nothing_else_is_there, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
