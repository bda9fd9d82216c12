/* SPDX-License-Identifier: BSD-2-Clause */
/* A wire that many functions share: what an interrupt costs, and that all of them are found. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_intx.h"
#include "irq/vgic.h"
#include "lend_rig.h"
#include "pci/pci_config.h"

#define MANY 60U
#define LOOKS 16U /* of the silent, and of the others, in one interrupt */
/* Of config space, by one interrupt: Status of each, and COMMAND of those that change. */
#define READS_MOST (3 * LOOKS)
#define ROUND ((MANY + LOOKS - 1) / LOOKS) /* interrupts in which all are asked */

#define OWNER (&lend_world.domains[WORLD_CONTROL])
#define PLACE1 (GUEST_INTX_INTID + 3)
#define PLACE2 (GUEST_INTX_INTID + 2)

static struct pci_function *functions[MANY];
static struct model_function *models[MANY];

/* Ports 1.0 to 1.7, 5.0 to 5.7 and so on, a disk behind each; all of them are the owner's. */
static int setup(void **state)
{
	lend_rig_setup(state);
	start_over_with_wires();
	for (uint32_t i = 0; i < MANY; i++) {
		struct model_function *port =
			model_port(&world.pci, NULL, (uint8_t)(1 + i / 8 * 4), (uint8_t)(i % 8),
				   PCI_EXP_TYPE_ROOT_PORT, false, true);

		if (i % 8 == 0) {
			model_set8(port, PCI_HEADER_TYPE, 0x81, 0);
		}
		models[i] = model_endpoint(&world.pci, port, 0, 0, 0x00101b36, 0x010802);
		model_bar(models[i], 0, BAR_MEM64, false, 0x4000);
		model_pm(models[i]);
		model_express(models[i], PCI_EXP_TYPE_ENDPOINT, true);
		model_set8(models[i], PCI_INTERRUPT_PIN, 1, 0);
	}
	bring_up(&world, 0x4010000000ULL);
	start(1);
	for (uint32_t i = 0; i < MANY; i++) {
		functions[i] = world_function(0, (uint8_t)(1 + i), 0, 0);
	}
	return 0;
}

/* The first and the last one go to a guest each. */
static void share(void)
{
	quarantine(functions[0]);
	quarantine(functions[MANY - 1]);
	lend_to(GUEST1, functions[0], 3);
	lend_to(GUEST2, functions[MANY - 1], 2);
	assert_true(fake_intx_has_handler(WIRE));
	fake_intx_run_pending();
	assert_int_equal(fake_intx_run_pending(), 0);
}

/* Config reads of the next interrupt, which there is. */
static uint32_t interrupt(void)
{
	uint32_t before = world.pci.reads;

	assert_int_equal(fake_intx_run_pending(), 1);
	return world.pci.reads - before;
}

/* Interrupts until there is none any more. */
static uint32_t settle(void)
{
	uint32_t count = 0;
	uint32_t before = world.pci.reads;

	while (fake_intx_run_pending() != 0) {
		assert_in_range(world.pci.reads - before, 0, READS_MOST);
		assert_true(count++ < 10 * MANY);
		before = world.pci.reads;
	}
	return count;
}

static uint32_t silent_ones(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		count += silent(models[i]);
	}
	return count;
}

static void end_handling(struct domain *d, uint32_t vintid)
{
	assert_true(vgic_level(d, vintid));
	fake_intx_eoi(d, vintid);
}

/* Who interrupted last is asked first, and at the end of a handling nobody but who was handled. */
static void an_interrupt_costs_the_same_however_many_share(void **state)
{
	static const uint32_t who[] = { MANY - 1, 0, MANY / 2 };

	(void)state;
	share();
	for (uint32_t i = 0; i < ARRAY_SIZE(who); i++) {
		struct model_function *m = models[who[i]];
		struct domain *d = who[i] == 0 ? GUEST1 : who[i] == MANY - 1 ? GUEST2 : OWNER;
		uint32_t place = who[i] == 0 ? PLACE1 : who[i] == MANY - 1 ? PLACE2 : WIRE;

		for (uint32_t round = 0; round < 100; round++) {
			ask(m, true);
			if (round == 0) {
				assert_in_range(settle(), 1, ROUND);
			} else {
				assert_in_range(interrupt(), 1, 2);
			}
			assert_true(silent(m) && vgic_level(d, place));
			ask(m, false);
			end_handling(d, place);
			assert_in_range(interrupt(), 1, 2);
			assert_false(silent(m) || vgic_level(d, place));
			assert_int_equal(fake_intx_run_pending(), 0);
		}
	}
	/* Two that take turns are both in front. */
	for (uint32_t round = 0; round < 10; round++) {
		uint32_t n = round % 2;

		ask(models[n], true);
		assert_in_range(round < 2 ? settle() : interrupt(), 1, 4);
		ask(models[n], false);
		end_handling(n == 0 ? GUEST1 : OWNER, n == 0 ? PLACE1 : WIRE);
		assert_in_range(interrupt(), 1, 2);
	}
}

static void all_are_found(void **state)
{
	(void)state;
	share();
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < MANY; i++) {
			ask(models[i], true);
		}
		assert_in_range(settle(), MANY, MANY + ROUND);
		assert_int_equal(silent_ones(), MANY);
		assert_true(vgic_level(GUEST1, PLACE1) && vgic_level(GUEST2, PLACE2));
		assert_true(vgic_level(OWNER, WIRE));
		/* A domain that has served half of its own: the wire rises again for the rest. */
		for (uint32_t i = 0; i < MANY; i += 2) {
			ask(models[i], false);
		}
		end_handling(OWNER, WIRE);
		settle();
		assert_true(vgic_level(OWNER, WIRE));
		for (uint32_t i = 0; i < MANY; i++) {
			ask(models[i], false);
		}
		/* Guest 1 takes its time, which holds up nobody else. */
		end_handling(GUEST2, PLACE2);
		end_handling(OWNER, WIRE);
		assert_in_range(settle(), 2, 2 * ROUND);
		assert_int_equal(silent_ones(), 1);
		end_handling(GUEST1, PLACE1);
		assert_in_range(interrupt(), 1, 2);
		assert_int_equal(silent_ones(), 0);
	}
	assert_true(fake_intx_enabled(WIRE));
}

/* More of them than are asked in one interrupt, asserting again the moment that they may. */
static void many_do_not_hide_another(void **state)
{
	struct model_function *victim = models[0];
	uint32_t count = 0;

	(void)state;
	share();
	/* They interrupted last. */
	for (uint32_t i = 1; i <= 2 * LOOKS; i++) {
		ask(models[i], true);
	}
	settle();
	for (uint32_t round = 0; round < 10; round++) {
		ask(victim, true);
		for (count = 0; !silent(victim); count++) {
			assert_true(count < 2 * MANY);
			for (uint32_t i = 1; i <= 2 * LOOKS; i++) {
				ask(models[i], !silent(models[i]));
			}
			fake_intx_eoi(OWNER, WIRE);
			assert_in_range(interrupt(), 1, READS_MOST);
		}
		assert_true(vgic_level(GUEST1, PLACE1));
		ask(victim, false);
		end_handling(GUEST1, PLACE1);
		interrupt();
		assert_false(silent(victim));
	}
	assert_true(fake_intx_enabled(WIRE));
}

/* The wire is asserted by the victim until it is found. */
static void find_while_owner_ends(struct model_function *victim)
{
	ask(victim, true);
	for (uint32_t count = 0; !silent(victim); count++) {
		assert_true(count <= ROUND);
		fake_intx_eoi(OWNER, WIRE);
		interrupt();
	}
	ask(victim, false);
	end_handling(GUEST1, PLACE1);
	interrupt();
	assert_false(silent(victim));
}

static void one_never_served_hides_no_other(void **state)
{
	(void)state;
	share();
	ask(models[1], true);
	settle();
	find_while_owner_ends(models[0]);
	find_while_owner_ends(models[0]);
}

/* It asserts again between two looks of one interrupt. */
static void one_that_is_quick_hides_no_other(void **state)
{
	(void)state;
	share();
	ask(models[1], true);
	settle();
	models[1]->restless = true;
	for (uint32_t i = 0; i < 10; i++) {
		find_while_owner_ends(models[0]);
	}
	models[1]->restless = false;
}

static void a_round_for_nobody_counts_once(void **state)
{
	uint32_t count = 0;

	(void)state;
	share();
	for (; fake_intx_enabled(WIRE); count++) {
		assert_true(count < 1000);
		fake_intx_fire(WIRE);
	}
	assert_int_equal(count, 32 * ROUND);
	/* One look, in as many steps as it takes. */
	ask(models[MANY - 1], true);
	for (count = 0; !silent(models[MANY - 1]); count++) {
		uint32_t before = world.pci.reads;

		assert_true(count < ROUND);
		assert_true(world_step_job());
		assert_in_range(world.pci.reads - before, 1, READS_MOST);
	}
	assert_false(fake_intx_enabled(WIRE));
	world_run_jobs();
	assert_true(fake_intx_enabled(WIRE));
}

/* Nobody could be heard while the wire was not served. */
static void who_came_too_early_may_speak_later(void **state)
{
	(void)state;
	quarantine(functions[0]);
	quarantine(functions[1]);
	fake_intx_refuse = true;
	lend_to(GUEST1, functions[0], 3);
	assert_false(fake_intx_has_handler(WIRE));
	assert_true(silent(models[0]));
	fake_intx_refuse = false;
	lend_to(GUEST2, functions[1], 2);
	assert_true(fake_intx_has_handler(WIRE));
	settle();
	assert_int_equal(silent_ones(), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(an_interrupt_costs_the_same_however_many_share),
		T(all_are_found),
		T(many_do_not_hide_another),
		T(one_never_served_hides_no_other),
		T(one_that_is_quick_hides_no_other),
		T(a_round_for_nobody_counts_once),
		T(who_came_too_early_may_speak_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
