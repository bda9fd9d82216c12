/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O space: which ports are in the window, and what an abort reads as. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "arch/arm64/guarded.h"
#include "arch/arm64/mmio.h"
#include "pci/host_bridge.h"

static uint8_t window[0x100];
static bool aborts;
static uint32_t accesses;

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	assert_int_equal(base, 0x3eff0000);
	assert_int_equal(size, sizeof(window));
	return window;
}

bool guarded_read(const volatile void *p, uint32_t size, uint32_t *value)
{
	accesses++;
	*value = aborts ? ~0U : 0;
	if (!aborts) {
		memcpy(value, &window[(const volatile uint8_t *)p - window], size);
	}
	return !aborts;
}

bool guarded_write(volatile void *p, uint32_t size, uint32_t value)
{
	accesses++;
	if (!aborts) {
		memcpy(&window[(volatile uint8_t *)p - window], &value, size);
	}
	return !aborts;
}

static struct machine_bridge desc;
static struct host_bridge bridge;

static int setup(void **state)
{
	desc = (struct machine_bridge){ .window_count = 2 };
	desc.windows[0].kind = WINDOW_MEM32;
	desc.windows[1] = (struct machine_window){ .kind = WINDOW_IO, .pci = 0x1000,
						   .cpu = 0x3eff0000, .size = sizeof(window) };
	bridge = (struct host_bridge){ .desc = &desc };
	memset(window, 0x11, sizeof(window));
	aborts = false;
	accesses = 0;
	host_bridge_map_io(&bridge);
	return 0;
}

static void test_ports_of_the_window(void **state)
{
	uint32_t value;

	assert_true(host_bridge_io_write(&bridge, 0x1004, 2, 0x2233));
	assert_int_equal(window[4], 0x33);
	assert_true(host_bridge_io_read(&bridge, 0x1004, 4, &value));
	assert_int_equal(value, 0x11112233);
	assert_true(host_bridge_io_read(&bridge, 0x10ff, 1, &value));
	assert_int_equal(value, 0x11);
}

static void test_nothing_is_outside(void **state)
{
	static const uint64_t ports[] = { 0, 0xffe, 0x10fe, 0x1100, ~0ULL - 1 };
	uint32_t value;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		assert_true(host_bridge_io_read(&bridge, ports[i], 4, &value));
		assert_int_equal(value, 0xffffffff);
		assert_true(host_bridge_io_write(&bridge, ports[i], 4, 0));
	}
	assert_int_equal(accesses, 0);
	/* A bridge that has no such window. */
	desc.window_count = 1;
	bridge.io = NULL;
	host_bridge_map_io(&bridge);
	assert_true(host_bridge_io_read(&bridge, 0x1000, 2, &value));
	assert_int_equal(value, 0xffff);
}

static void test_aborts_are_told(void **state)
{
	uint32_t value;

	aborts = true;
	assert_false(host_bridge_io_read(&bridge, 0x1000, 1, &value));
	assert_int_equal(value, 0xff);
	assert_false(host_bridge_io_read(&bridge, 0x1000, 4, &value));
	assert_int_equal(value, 0xffffffff);
	assert_false(host_bridge_io_write(&bridge, 0x1000, 4, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ports_of_the_window, setup),
		cmocka_unit_test_setup(test_nothing_is_outside, setup),
		cmocka_unit_test_setup(test_aborts_are_told, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
