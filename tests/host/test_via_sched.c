/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu-pin and sched-weight, and the same from a configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "control_world.h"
#include "via_run.h"

static void test_pin(void **state)
{
	struct domain *d;

	assert_int_equal(create_with("memory = 32", "vcpus=2"), 0);
	d = domain_by_id(1);
	assert_int_equal(via("vcpu-pin guest 1 0"), 0);
	assert_int_equal(d->vcpus[0]->allowed, CONTROL_ANY_CPU);
	assert_int_equal(d->vcpus[1]->allowed, 1);
	assert_int_equal(via("vcpu-pin 1 all 0-1,^0"), 0);
	assert_int_equal(d->vcpus[0]->allowed, 2);
	assert_int_equal(d->vcpus[1]->allowed, 2);
	assert_int_equal(via("vcpu-list guest"), 0);
	assert_says(out, " 0.0 1\n");
	assert_int_equal(via("vcpu-pin guest all all"), 0);
	assert_int_equal(d->vcpus[1]->allowed, CONTROL_ANY_CPU);
	/* The control domain's too. */
	assert_int_equal(via("vcpu-pin control 0 1"), 0);
	assert_int_equal(world.vcpu.allowed, 2);
	assert_int_equal(via("destroy guest"), 0);
}

static void test_bad_pins(void **state)
{
	assert_int_equal(create_with("memory = 32", "vcpus=2"), 0);
	assert_int_equal(via("vcpu-pin guest 0"), 2);
	assert_int_equal(via("vcpu-pin guest 0 1-"), 2);
	assert_says(err, "via vcpu-pin: \"1-\": \"all\" or numbers as in 0-3,^1 expected\n");
	assert_int_equal(via("vcpu-pin guest first 1"), 2);
	assert_says(err, "\"first\" is no number of a vCPU, nor \"all\"");
	assert_int_equal(via("vcpu-pin guest 2 1"), 1);
	assert_says(err, "guest has no vCPU 2: there are 0-1\n");
	assert_int_equal(via("vcpu-pin guest all 1-3,7"), 1);
	assert_says(err, "the machine has no CPU 2-3,7, or it is not online: there are 0-1\n");
	assert_int_equal(via("vcpu-pin nobody 0 1"), 1);
	assert_says(err, "no domain is called \"nobody\"");
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(domain_by_id(1)->vcpus[i]->allowed, CONTROL_ANY_CPU);
	}
	assert_int_equal(via("destroy guest"), 0);
}

static void test_weight(void **state)
{
	struct domain *d;

	assert_int_equal(create_with("memory = 32; cpu_weight = 1000; cap = 50", ""), 0);
	d = domain_by_id(1);
	assert_int_equal(d->share.weight, 1000);
	assert_int_equal(d->share.cap, 50);
	assert_int_equal(via("sched-weight guest -c 0"), 0);
	assert_int_equal(d->share.weight, 1000);
	assert_int_equal(d->share.cap, 0);
	assert_int_equal(via("sched-weight -w 65535 guest"), 0);
	assert_int_equal(via("sched-weight -w 128 -c 1600 control"), 0);
	assert_int_equal(via("sched-weight"), 0);
	assert_string_equal(out,
			    "Name                                        ID Weight  Cap\n"
			    "control                                      0    128 1600\n"
			    "guest                                        1  65535    0\n");
	assert_int_equal(via("sched-weight --json guest"), 0);
	assert_string_equal(out,
			    "[{\"name\": \"guest\", \"id\": 1, \"weight\": 65535, \"cap\": 0}]\n");
	assert_int_equal(via("destroy guest"), 0);
}

static void test_bad_weights(void **state)
{
	assert_int_equal(via("sched-weight control -w 0"), 1);
	assert_says(err, "weight must be 1 to 65535, cap 0 to 1600 percent\n");
	assert_int_equal(via("sched-weight control -w 65536"), 1);
	assert_int_equal(via("sched-weight control -c 1601"), 1);
	assert_int_equal(via("sched-weight control -w 4294967552"), 2);
	assert_int_equal(via("sched-weight control -w lots"), 2);
	assert_says(err, "via sched-weight: -w: \"lots\" is no number\n");
	assert_int_equal(via("sched-weight control -c -1"), 2);
	assert_int_equal(via("sched-weight -w 5"), 2);
	assert_int_equal(via("sched-weight -w 5 a b"), 2);
	assert_int_equal(via("sched-weight nobody -w 5"), 1);
	assert_int_equal(via("sched-weight control"), 0);
	assert_says(out, "control                                      0    256    0\n");
}

static void test_configured_cpus(void **state)
{
	struct domain *d;

	assert_int_equal(create_with("memory = 32; cpus = [ '1', '0-1' ]", "vcpus=3"), 0);
	d = domain_by_id(1);
	assert_int_equal(d->vcpus[0]->allowed, 2);
	assert_int_equal(d->vcpus[1]->allowed, 3);
	assert_int_equal(d->vcpus[2]->allowed, CONTROL_ANY_CPU);
	assert_int_equal(via("destroy guest"), 0);
	assert_int_equal(create_with("memory = 32; cpus = '0'", "vcpus=2"), 0);
	d = domain_by_id(1);
	assert_int_equal(d->vcpus[1]->allowed, 1);
	assert_int_equal(via("destroy guest"), 0);
	/* A machine without such a CPU: nothing is made. */
	assert_int_equal(create_with("memory = 32; cpus = [ '1', '2' ]", "vcpus=2"), 1);
	assert_says(err, "the machine has no CPU 2, or it is not online: there are 0-1\n");
	assert_int_equal(via("list guest"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, via_setup, via_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pin),
		TEST(test_bad_pins),
		TEST(test_weight),
		TEST(test_bad_weights),
		TEST(test_configured_cpus),
	};

	return cmocka_run_group_tests(tests, via_group_setup, via_group_teardown);
}
