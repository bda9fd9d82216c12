/* SPDX-License-Identifier: BSD-2-Clause */
/* Grace periods: over when every other CPU has taken an interrupt since, and not before. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/grace.h"
#include "fake_cpus.h"
#include "irq/irq.h"

static bool sent[CPUS_MAX];

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	sent[cpu] = true;
}

static void quiet(uint32_t cpu)
{
	uint32_t was = fake_cpu;

	fake_cpu = cpu;
	grace_quiet();
	fake_cpu = was;
}

static void begin(uint32_t cpus)
{
	memset(sent, 0, sizeof(sent));
	fake_cpus_reset(cpus);
}

static void test_every_other_cpu(void **state)
{
	struct grace g;

	begin(4);
	percpus[3].online = false;
	fake_cpu = 1;
	/* What came before counts for nothing. */
	quiet(0);
	quiet(2);
	grace_start(&g);
	assert_true(sent[0] && sent[2]);
	assert_false(sent[1] || sent[3]);
	assert_false(grace_over(&g));
	quiet(0);
	quiet(0);
	assert_false(grace_over(&g));
	/* Its own interrupts say nothing about the others. */
	quiet(1);
	assert_false(grace_over(&g));
	quiet(2);
	assert_true(grace_over(&g));
}

static void test_alone(void **state)
{
	struct grace g;

	begin(1);
	grace_start(&g);
	assert_false(sent[0]);
	assert_true(grace_over(&g));
}

static void test_two_at_once(void **state)
{
	struct grace first, second;

	begin(2);
	grace_start(&first);
	quiet(1);
	grace_start(&second);
	assert_true(grace_over(&first));
	assert_false(grace_over(&second));
	quiet(1);
	assert_true(grace_over(&second));
}

static void test_counter_wraps(void **state)
{
	struct grace g;

	begin(2);
	percpus[1].sgis_taken = UINT32_MAX;
	grace_start(&g);
	assert_false(grace_over(&g));
	quiet(1);
	assert_true(grace_over(&g));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_other_cpu),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_counter_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
