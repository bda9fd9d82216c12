/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows, identifier maps, access sizes and the choice of drivers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/machine.h"
#include "fake_log.h"
#include "lib/errno.h"
#include "pci/host_bridge.h"

struct machine machine;

static uint32_t started;
static uint32_t last_size, last_value;

static int start(struct host_bridge *b, const struct machine_bridge *desc)
{
	started++;
	return desc->cfg.size != 0 ? 0 : -EINVAL;
}

static uint32_t read_ones(struct host_bridge *b, struct sbdf where, uint32_t offset, uint32_t size)
{
	last_size = size;
	return 0xa5a5a5a5U;
}

static void note_write(struct host_bridge *b, struct sbdf where, uint32_t offset, uint32_t size,
		       uint32_t value)
{
	last_size = size;
	last_value = value;
}

static const char *const first_names[] = { "vendor,first", "vendor,first-old", NULL };
static const char *const second_names[] = { "vendor,second", NULL };
static const struct host_bridge_ops first_ops = {
	.name = "first", .compatibles = first_names, .init = start,
	.cfg_read = read_ones, .cfg_write = note_write,
};
static const struct host_bridge_ops second_ops = {
	.name = "second", .compatibles = second_names, .init = start,
	.cfg_read = read_ones, .cfg_write = note_write,
};
const struct host_bridge_ops *const host_bridge_table[] = { &first_ops, &second_ops, NULL };

static int setup(void **state)
{
	memset(&machine, 0, sizeof(machine));
	host_bridge_count = 0;
	started = 0;
	last_size = 0;
	fake_log_clear();
	return 0;
}

static struct machine_bridge *describe(const char *compatible, uint16_t segment, uint8_t from,
				       uint8_t to)
{
	struct machine_bridge *d = &machine.bridges[machine.bridge_count++];

	d->compatible = compatible;
	d->segment = segment;
	d->bus_start = from;
	d->bus_end = to;
	d->cfg = (struct range){ 0x4010000000, 0x10000000 };
	return d;
}

static void test_drivers_by_compatible(void **state)
{
	describe("vendor,second", 0, 0, 255);
	describe("vendor,unknown", 1, 0, 255);
	describe("vendor,first-old", 2, 0, 255);
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 2);
	assert_ptr_equal(host_bridges[0].ops, &second_ops);
	assert_ptr_equal(host_bridges[1].ops, &first_ops);
	assert_int_equal(host_bridges[1].index, 1);
	assert_true(fake_log_has("vendor,unknown"));
}

static void test_one_that_fails_leaves_no_trace(void **state)
{
	describe("vendor,first", 0, 0, 255)->cfg.size = 0;
	describe("vendor,first", 1, 0, 255);
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 1);
	assert_int_equal(host_bridges[0].desc->segment, 1);
}

static void test_two_for_the_same_buses(void **state)
{
	describe("vendor,first", 0, 0, 0x7f);
	describe("vendor,first", 0, 0x7f, 0xff);
	describe("vendor,first", 0, 0x80, 0xff);
	describe("vendor,first", 1, 5, 4);
	host_bridge_probe_all();
	assert_int_equal(host_bridge_count, 2);
	assert_int_equal(started, 2);
	assert_ptr_equal(host_bridge_of(sbdf_make(0, 0x7f, 0, 0)), &host_bridges[0]);
	assert_ptr_equal(host_bridge_of(sbdf_make(0, 0x80, 0, 0)), &host_bridges[1]);
	assert_null(host_bridge_of(sbdf_make(1, 0x80, 0, 0)));
}

static void test_access_sizes(void **state)
{
	struct sbdf s = sbdf_make(0, 0, 0, 0);
	struct host_bridge *b = &host_bridges[0];
	uint32_t size;

	describe("vendor,first", 0, 0, 255);
	host_bridge_probe_all();
	assert_int_equal(host_bridge_read(b, s, 0, 1), 0xa5);
	assert_int_equal(host_bridge_read(b, s, 2, 2), 0xa5a5);
	assert_int_equal(host_bridge_read(b, s, 4092, 4), 0xa5a5a5a5U);
	host_bridge_write(b, s, 0, 1, 0x12345678, 0);
	assert_int_equal(last_value, 0x78);
	last_size = 99;
	for (size = 0; size < 20; size++) {
		if (size != 1 && size != 2 && size != 4) {
			assert_int_equal(host_bridge_read(b, s, 0, size), 0xffffffffU);
			host_bridge_write(b, s, 0, size, 0, 0);
		}
	}
	assert_int_equal(host_bridge_read(b, s, 1, 2), 0xffffffffU);
	assert_int_equal(host_bridge_read(b, s, 4096, 4), 0xffffffffU);
	assert_int_equal(host_bridge_read(b, s, 0xfffffffc, 4), 0xffffffffU);
	host_bridge_write(b, s, 2, 4, 0, 0);
	/* None of these reached the driver. */
	assert_int_equal(last_size, 99);
}

static void test_windows(void **state)
{
	struct machine_bridge d = {
		.windows = { { WINDOW_IO, false, 0x1000, 0x3eff0000, 0x10000 },
			     { WINDOW_MEM32, false, 0x10000000, 0x90000000, 0x1000000 } },
		.window_count = 2,
	};
	struct host_bridge b = { .desc = &d };
	paddr_t cpu;

	assert_true(host_bridge_to_cpu(&b, false, 0x10000000, 0x1000000, &cpu));
	assert_int_equal(cpu.v, 0x90000000);
	assert_true(host_bridge_to_cpu(&b, false, 0x10fff000, 0x1000, &cpu));
	assert_int_equal(cpu.v, 0x90fff000);
	assert_false(host_bridge_to_cpu(&b, false, 0x10fff000, 0x1001, &cpu));
	assert_false(host_bridge_to_cpu(&b, false, 0x10000000, 0, &cpu));
	assert_false(host_bridge_to_cpu(&b, false, 0x10000000, ~0ULL, &cpu));
	assert_false(host_bridge_to_cpu(&b, false, 0x1000, 16, &cpu));
	assert_true(host_bridge_to_cpu(&b, true, 0x1010, 16, &cpu));
	assert_int_equal(cpu.v, 0x3eff0010);
	assert_false(host_bridge_to_cpu(&b, true, 0xfff, 16, &cpu));
}

static void test_id_map(void **state)
{
	static const struct machine_id_map map[] = {
		{ 0x0000, 10, 0x100, 0x10 },
		{ 0x0100, 11, 0x7000, 0x100 },
		{ 0x8000, 12, 0xfffffff0, 0x8000 },
	};
	uint32_t phandle = 0, id = 0;

	assert_true(host_bridge_map_id(map, 3, 0xffff, 0x0f, &phandle, &id));
	assert_int_equal(phandle, 10);
	assert_int_equal(id, 0x10f);
	assert_false(host_bridge_map_id(map, 3, 0xffff, 0x10, &phandle, &id));
	assert_true(host_bridge_map_id(map, 3, 0xffff, 0x1ff, &phandle, &id));
	assert_int_equal(id, 0x70ff);
	assert_false(host_bridge_map_id(map, 3, 0xffff, 0x200, &phandle, &id));
	assert_false(host_bridge_map_id(map, 0, 0xffff, 0, &phandle, &id));
	/* A mask folds functions of one device into one identifier. */
	assert_true(host_bridge_map_id(map, 3, 0xfff8, 0x107, &phandle, &id));
	assert_int_equal(id, 0x7000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		T(test_drivers_by_compatible),
		T(test_one_that_fails_leaves_no_trace),
		T(test_two_for_the_same_buses),
		T(test_access_sizes),
		T(test_windows),
		T(test_id_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
