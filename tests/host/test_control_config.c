/* SPDX-License-Identifier: BSD-2-Clause */
/* The control function's header as an operating system enumerates it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include <viaduct/control.h>

#include "control/control_config.h"

#define PAGES     0x3fe00000U
#define REGISTERS 0x3fe40000U
#define APERTURE  0x4040000000ULL

static struct control_config c;

static int setup(void **state)
{
	control_config_init(&c, PAGES, REGISTERS, APERTURE);
	return 0;
}

static void test_identity(void **state)
{
	assert_int_equal(control_config_read(&c, 0x00, 2), CONTROL_VENDOR_ID);
	assert_int_equal(control_config_read(&c, 0x02, 2), CONTROL_DEVICE_ID);
	assert_int_equal(control_config_read(&c, 0x09, 1) |
				 control_config_read(&c, 0x0a, 2) << 8, CONTROL_CLASS_CODE);
	assert_int_equal(control_config_read(&c, 0x0e, 1), 0); /* type 0, one function */
	assert_int_equal(control_config_read(&c, 0x06, 2) & 0x10, 0); /* no capabilities */
	assert_int_equal(control_config_read(&c, 0x34, 1), 0);
	assert_int_equal(control_config_read(&c, 0x3d, 1), 0); /* no interrupt pin */
	assert_int_equal(control_config_read(&c, 0x04, 2) & 2, 2); /* decodes memory */
}

/* PCIe 6.0 7.5.1.2.1: write ones, read back, restore. */
static uint32_t size_bar(uint32_t offset)
{
	uint32_t old = control_config_read(&c, offset, 4);
	uint32_t mask;

	control_config_write(&c, offset, 4, ~0U);
	mask = control_config_read(&c, offset, 4);
	control_config_write(&c, offset, 4, old);
	assert_int_equal(control_config_read(&c, offset, 4), old);
	return mask;
}

static void test_bars(void **state)
{
	uint64_t mask;

	/* 32-bit prefetchable, 256 KiB. */
	assert_int_equal(control_config_read(&c, 0x10, 4), PAGES | 8);
	mask = size_bar(0x10);
	assert_int_equal(mask & 0xf, 8);
	assert_int_equal(~((uint32_t)mask & ~0xfU) + 1, 64 * 4096);
	/* 32-bit, not prefetchable, 4 KiB: reading a doorbell page may not be speculative. */
	assert_int_equal(control_config_read(&c, 0x14, 4), REGISTERS);
	mask = size_bar(0x14);
	assert_int_equal(mask & 0xf, 0);
	assert_int_equal(~(uint32_t)mask + 1, 4096);
	/* 64-bit prefetchable, 128 MiB. */
	assert_int_equal(control_config_read(&c, 0x18, 4), (uint32_t)APERTURE | 0xc);
	assert_int_equal(control_config_read(&c, 0x1c, 4), APERTURE >> 32);
	mask = size_bar(0x18);
	mask |= (uint64_t)size_bar(0x1c) << 32;
	assert_int_equal(mask & 0xf, 0xc);
	assert_int_equal(~(mask & ~0xfULL) + 1, 64 * 0x200000);
	/* The rest are absent, ROM included. */
	assert_int_equal(size_bar(0x20), 0);
	assert_int_equal(size_bar(0x24), 0);
	assert_int_equal(size_bar(0x30), 0);
}

/* Only COMMAND bits 1, 2, 10, the BARs, cache line size and interrupt line can change at all. */
static void test_read_only(void **state)
{
	struct control_config before = c;

	for (uint32_t offset = 0; offset < 4096; offset++) {
		bool bar = offset >= 0x10 && offset < 0x20;

		if (bar || offset == 0x04 || offset == 0x05 || offset == 0x0c || offset == 0x3c) {
			continue;
		}
		control_config_write(&c, offset, 1, 0xff);
		control_config_write(&c, offset, 1, 0x00);
		assert_memory_equal(&c, &before, sizeof(c));
	}
	control_config_write(&c, 0x04, 4, ~0U);
	assert_int_equal(control_config_read(&c, 0x04, 4), 0x406);
}

/* Splitting a write into bytes changes nothing; a read never gives more bits than asked. */
static void test_widths(void **state)
{
	struct control_config bytes = c;

	control_config_write(&c, 0x10, 4, 0x12345678);
	for (uint32_t i = 0; i < 4; i++) {
		control_config_write(&bytes, 0x10 + i, 1, 0x12345678U >> (8 * i) & 0xff);
	}
	assert_memory_equal(&c, &bytes, sizeof(c));
	for (uint32_t offset = 0; offset < 4096; offset++) {
		assert_true(control_config_read(&c, offset, 1) <= 0xff);
		if (offset % 2 == 0) {
			assert_true(control_config_read(&c, offset, 2) <= 0xffff);
		}
		if (offset >= 0x40) {
			assert_int_equal(control_config_read(&c, offset & ~3U, 4), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identity, setup),
		cmocka_unit_test_setup(test_bars, setup),
		cmocka_unit_test_setup(test_read_only, setup),
		cmocka_unit_test_setup(test_widths, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
