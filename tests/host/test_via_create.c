/* SPDX-License-Identifier: BSD-2-Clause */
/* create with options and with settings on the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via_run.h"

#define MIB (1024ULL * 1024)

static void test_paused(void **state)
{
	assert_int_equal(create_with("memory = 32", "-p"), 0);
	assert_int_equal(world.started_pc, 0x40000000);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "   32     1     --p---");
	assert_int_equal(via("unpause guest"), 0);
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "   32     1     -b----");
	assert_int_equal(via("destroy guest"), 0);
}

static void test_overrides(void **state)
{
	assert_int_equal(create_with("memory = 64; pci = [ '02:00.0,seize=1' ]",
				     "name='other' memory=32;vcpus=2 pci=[\"03:00.0,seize=1\"]"),
			 0);
	assert_int_equal(world.free_bytes, 480 * MIB);
	assert_int_equal(world.attach_count, 1);
	assert_int_equal(world.attached[0], WORLD_NIC);
	assert_int_equal(via("list other"), 0);
	assert_says(out, "   32     2     -b----");
	/* Twice from one file, under two names. */
	assert_int_equal(create_with("memory = 64", "-p name='third'"), 0);
	assert_int_equal(via("destroy other"), 0);
	assert_int_equal(via("destroy third"), 0);
}

/* The argument is named, and nothing is done. */
static void test_bad_overrides(void **state)
{
	assert_int_equal(create_with("memory = 32", "vcpus=1 memory=lots"), 2);
	assert_string_equal(err,
			    "via create: argument \"memory=lots\": a number, a quoted string or "
			    "a list expected, not 'l'\n");
	assert_int_equal(create_with("memory = 32", "paused"), 2);
	assert_says(err, "argument \"paused\": '=' expected at the end of the argument");
	assert_int_equal(create_with("memory = 32", "disk=['phy:/dev/sda']"), 2);
	assert_says(err, "argument \"disk=['phy:/dev/sda']\": disk: there are no virtual disks");
	/* What the file says is still the file's fault. */
	assert_int_equal(create_with("memory = 'lots'", "vcpus=1"), 1);
	assert_says(err, "guest.cfg:4: memory must be a number");
	/* Unless that is overridden. */
	assert_int_equal(create_with("memory = 'lots'", "memory=32"), 0);
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(world.slots_open, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_paused),
		TEST(test_overrides),
		TEST(test_bad_overrides),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
