/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt storms: masked where they come from, counted, over after a while. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_cpus.h"
#include "fake_log.h"
#include "lend_rig.h"
#include "pci/registry.h"

#define LIMIT 10000U
#define BURST (LIMIT / IRQ_METER_WINDOWS)

static void fire(struct pci_function *f, uint32_t event, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (irq_meter_hit(&f->meter)) {
			pci_irq_storm(&f->meter, event);
		}
	}
}

static void pass_ms(uint32_t ms)
{
	fake_now += ms * ticks_per_second() / 1000;
}

static int setup(void **state)
{
	fake_cpus_reset(1);
	fake_now = ticks_per_second();
	irq_meter_limit(LIMIT);
	lend_rig_setup(state);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	return 0;
}

static int teardown(void **state)
{
	irq_meter_limit(0);
	return lend_rig_teardown(state);
}

static void test_a_storm_is_masked_and_ends(void **state)
{
	(void)state;
	fire(nvme, 3, BURST);
	assert_int_equal(nvme->storm.count, 0);
	assert_int_equal(lend_world.masked, 0);
	fire(nvme, 3, 1);
	assert_int_equal(nvme->storm.count, 1);
	assert_int_equal(lend_world.masked, 1);
	/* The next vector goes the same way, and it is one storm. */
	fire(nvme, 4, 1);
	assert_int_equal(lend_world.masked, 2);
	assert_int_equal(nvme->storm.count, 1);
	assert_true(fake_log_has("interrupt storm"));

	pass_ms(PCI_STORM_BACKOFF_MS - 1);
	assert_true(world_step_job());
	assert_int_equal(lend_world.masked, 2);
	pass_ms(1);
	world_run_jobs();
	assert_int_equal(lend_world.masked, 0);
	fire(nvme, 3, BURST - 1);
	assert_int_equal(nvme->storm.count, 1);
	assert_int_equal(nvme->meter.total, 2 * BURST + 1);
	assert_int_equal(nvme->state, FUNCTION_LENT);
}

/* One that begins while the last one's vectors are let through. */
static void test_storm_after_storm(void **state)
{
	(void)state;
	for (uint32_t round = 1; round < 200; round++) {
		fire(nvme, 3, 2 * BURST + 1);
		assert_int_equal(nvme->storm.count, round);
		pass_ms(PCI_STORM_BACKOFF_MS);
		if (round % 2 == 0) {
			world_run_jobs();
			assert_int_equal(lend_world.masked, 0);
		} else {
			while (nvme->storm.until_ms != 0) {
				assert_true(world_step_job());
			}
		}
	}
	world_run_jobs();
	assert_in_range(fake_log_lines, 1, 40);
}

static void test_the_function_may_go_in_the_middle(void **state)
{
	(void)state;
	fire(nvme, 3, 2 * BURST);
	assert_int_equal(lend_detach(nvme), 0);
	fire(nvme, 3, 1);
	lend_world.masked = 0;
	pass_ms(PCI_STORM_BACKOFF_MS);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

static void test_wires_are_only_counted(void **state)
{
	(void)state;
	fire(nvme, IRQ_NO_EVENT, 2 * BURST);
	assert_int_equal(nvme->storm.count, 1);
	assert_int_equal(lend_world.masked, 0);
	pass_ms(PCI_STORM_BACKOFF_MS);
	world_run_jobs();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_storm_is_masked_and_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm_after_storm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_function_may_go_in_the_middle, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_wires_are_only_counted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
