/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt storms: masked where they come from, counted, over after a while. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <viaduct/guest_map.h>

#include "fake_cpus.h"
#include "fake_intx.h"
#include "fake_log.h"
#include "irq/vgic.h"
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

/* Wires. */

static struct model_function *disk, *card;

static void fire_wire(struct pci_function *f, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (irq_meter_hit(&f->meter)) {
			pci_wire_storm(&f->meter, WIRE);
		}
	}
}

static int setup_wire(void **state)
{
	fake_cpus_reset(1);
	fake_now = ticks_per_second();
	irq_meter_limit(LIMIT);
	lend_rig_setup(state);
	start_on_one_wire(&disk, &card);
	quarantine(nvme);
	return 0;
}

static void test_a_wire_of_one_domain_is_disabled(void **state)
{
	(void)state;
	quarantine(nic);
	lend_to(GUEST1, nvme, 3);
	fire_wire(nvme, BURST);
	assert_true(fake_intx_enabled(WIRE));
	fire_wire(nvme, 1);
	assert_false(fake_intx_enabled(WIRE));
	assert_int_equal(nvme->storm.count, 1);
	assert_false(silent(disk));
	pass_ms(PCI_STORM_BACKOFF_MS - 1);
	assert_true(world_step_job());
	assert_false(fake_intx_enabled(WIRE));
	pass_ms(1);
	world_run_jobs();
	assert_true(fake_intx_enabled(WIRE));
	/* What came before the last storm's end was known on another CPU is of the next. */
	fire_wire(nvme, 2 * BURST);
	assert_false(fake_intx_enabled(WIRE));
	assert_int_equal(nvme->storm.count, 2);
	/* Lent anew meanwhile it speaks at once. */
	assert_int_equal(lend_detach(nvme), 0);
	pass_ms(PCI_STORM_BACKOFF_MS);
	world_run_jobs();
	world_run_resets();
	lend_to(GUEST1, nvme, 3);
	assert_true(fake_intx_enabled(WIRE));
	/* One that is over when it has left the wire to another. */
	fire_wire(nvme, 2 * BURST);
	assert_false(fake_intx_enabled(WIRE));
	lend_to(GUEST1, nic, 7);
	assert_int_equal(lend_detach(nvme), 0);
	assert_true(fake_intx_enabled(WIRE));
	pass_ms(PCI_STORM_BACKOFF_MS);
	world_run_jobs();
	world_run_resets();
}

/* The guest ends each handling at once and never serves its device. */
static uint32_t storm_of_guest(uint32_t most)
{
	uint32_t taken = 0;

	while (taken < most && vgic_level(GUEST1, GUEST_INTX_INTID + 3)) {
		fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
		fake_intx_run_pending();
		taken++;
	}
	return taken;
}

static void test_who_storms_on_a_shared_wire_is_held(void **state)
{
	struct domain *owner = &lend_world.domains[WORLD_CONTROL];

	(void)state;
	lend_to(GUEST1, nvme, 3);
	fake_intx_run_pending();
	ask(disk, true);
	fake_intx_fire(WIRE);
	for (uint32_t round = 1; round < 10; round++) {
		assert_in_range(storm_of_guest(10 * BURST), BURST / 2, 2 * BURST);
		assert_int_equal(nvme->storm.count, round);
		assert_true(silent(disk));
		/* Its neighbour is heard as ever, and not counted for it. */
		for (uint32_t i = 0; i < BURST / 2; i++) {
			ask(card, true);
			fake_intx_fire(WIRE);
			assert_true(vgic_level(owner, WIRE));
			ask(card, false);
			fake_intx_eoi(owner, WIRE);
			fake_intx_run_pending();
			assert_false(silent(card));
		}
		assert_true(fake_intx_enabled(WIRE));
		assert_int_equal(nic->storm.count, 0);
		pass_ms(PCI_STORM_BACKOFF_MS);
		world_run_jobs();
		fake_intx_run_pending();
		assert_true(vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	}
	assert_int_equal(nic->meter.total, 9 * (BURST / 2));
	/* In its storm it is silenced once it asks, and told when that is over. */
	ask(disk, false);
	storm_of_guest(1);
	assert_false(silent(disk));
	while (nvme->storm.count < 10) {
		ask(disk, true);
		fake_intx_fire(WIRE);
		ask(disk, false);
		storm_of_guest(1);
	}
	assert_true(silent(disk));
	pass_ms(PCI_STORM_BACKOFF_MS);
	world_run_jobs();
	fake_intx_run_pending();
	assert_false(silent(disk) || vgic_level(GUEST1, GUEST_INTX_INTID + 3));
}

/* Its domain handles another one at the same place while the storm ends. */
static void test_who_was_held_is_told_after_a_handling(void **state)
{
	(void)state;
	start_over_with_wires();
	add_nvme(&world, 1, 0x4000);
	disk = last_with_pin();
	add_nic(&world, 5);
	card = last_with_pin();
	add_nvme(&world, 9, 0x4000);
	(void)last_with_pin();
	bring_up(&world, 0x4010000000ULL);
	start(1);
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 3);
	lend_to(GUEST1, nic, 7);
	fake_intx_run_pending();
	ask(disk, true);
	fake_intx_run_pending();
	storm_of_guest(2 * BURST);
	assert_true(pci_storm_lasts(nvme) && silent(disk));
	ask(card, true);
	fake_intx_run_pending();
	assert_true(silent(card) && vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	ask(card, false);
	pass_ms(PCI_STORM_BACKOFF_MS);
	world_run_jobs();
	fake_intx_run_pending();
	assert_true(silent(disk) && silent(card));
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_true(silent(disk) && vgic_level(GUEST1, GUEST_INTX_INTID + 3));
	assert_false(silent(card));
	ask(disk, false);
	fake_intx_eoi(GUEST1, GUEST_INTX_INTID + 3);
	fake_intx_run_pending();
	assert_false(silent(disk));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_storm_is_masked_and_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm_after_storm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_function_may_go_in_the_middle, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_wire_of_one_domain_is_disabled, setup_wire,
						teardown),
		cmocka_unit_test_setup_teardown(test_who_storms_on_a_shared_wire_is_held,
						setup_wire, teardown),
		cmocka_unit_test_setup_teardown(test_who_was_held_is_told_after_a_handling,
						setup_wire, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
