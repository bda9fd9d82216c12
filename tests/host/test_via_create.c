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

/* What a killed one has left is in the way, and how to end it is said. */
static void test_half_made(void **state)
{
	struct domain *d;

	assert_int_equal(create_with("memory = 32", ""), 0);
	d = domain_by_id(1);
	assert_int_equal(create_with("memory = 32", ""), 1);
	assert_string_equal(err, "via create: a domain called \"guest\" exists\n");
	d->state = DOMAIN_BUILDING;
	assert_int_equal(create_with("memory = 32", ""), 1);
	assert_string_equal(err, "via create: \"guest\" is half made: another via create is at it, or "
				 "was killed; via destroy guest ends it\n");
	assert_int_equal(via("list guest"), 0);
	assert_says(out, "--p---");
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(create_with("memory = 32", ""), 0);
	assert_int_equal(via("destroy guest"), 0);
}

/* Whose virtual CPU is where, and what it does. */
static void test_vcpu_list(void **state)
{
	static const char head[] =
		"Name                                ID  VCPU   CPU State   Time(s) Affinity\n";
	struct domain *d;
	char text[1024];

	assert_int_equal(create_with("memory = 32", "vcpus=4"), 0);
	d = domain_by_id(1);
	d->vcpus[0]->state = VCPU_RUNNING;
	d->vcpus[0]->cpu_ticks = 1234; /* milliseconds in this world */
	d->vcpus[1]->state = VCPU_BLOCKED;
	d->vcpus[2]->state = VCPU_READY;
	assert_int_equal(via("vcpu-list guest"), 0);
	snprintf(text, sizeof(text), "%s%s", head,
		 "guest                                1     0     0   r--         1.2 all\n"
		 "guest                                1     1     1   -b-         0.0 all\n"
		 "guest                                1     2     0   ---         0.0 all\n"
		 "guest                                1     3     -   --p         0.0 all\n");
	assert_string_equal(out, text);
	d->vcpus[1]->state = VCPU_STOPPED;
	d->vcpus[2]->state = VCPU_PARKED;
	assert_int_equal(via("vcpu-list --json"), 0);
	assert_says(out, "[{\"name\": \"control\", \"id\": 0, \"vcpu\": 0, \"cpu\": 0, "
			 "\"affinity\": \"all\", \"state\": \"running\", "
			 "\"cpu_seconds\": 0.000}, ");
	assert_says(out, "\"vcpu\": 1, \"cpu\": 1, \"affinity\": \"all\", \"state\": \"stopped\"");
	assert_says(out, "\"vcpu\": 2, \"cpu\": 0, \"affinity\": \"all\", \"state\": \"parked\"");
	assert_says(out, "\"vcpu\": 3, \"cpu\": 1, \"affinity\": \"all\", \"state\": \"off\", "
			 "\"cpu_seconds\": 0.000}]\n");
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(via("vcpu-list guest"), 1);
	assert_says(err, "guest");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_paused),
		TEST(test_overrides),
		TEST(test_bad_overrides),
		TEST(test_half_made),
		TEST(test_vcpu_list),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
