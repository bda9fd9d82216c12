/* SPDX-License-Identifier: BSD-2-Clause */
/* Resets of a whole bus: how long, what above and below it, and who else is on it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"
#include "reset_rig.h"

static void test_bus_reset(void **state)
{
	struct model_function *port;

	build(false);
	port = model->parent;
	assert_int_equal(function->reset_methods, RESET_BIT(RESET_BUS));
	use_it();
	assert_true(run() >= 102);
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model->bus_reset_count, 1);
	assert_int_equal(model_get(port, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CONTROL_RESET, 0);
	check_restored();
}

/* T_rst: the line stays asserted for more than a millisecond (6.6.1). */
static void test_bus_reset_is_held(void **state)
{
	build(false);
	pci_reset_begin(function, false, now);
	while (function->reset.stage != PCI_RESET_HOLD) {
		assert_false(pci_reset_step(function, now));
	}
	pci_reset_step(function, now + 1);
	assert_int_not_equal(model_get(model->parent, PCI_BRIDGE_CONTROL, 2) &
				     PCI_BRIDGE_CONTROL_RESET, 0);
	pci_reset_step(function, now + 2);
	assert_int_equal(model_get(model->parent, PCI_BRIDGE_CONTROL, 2) &
				 PCI_BRIDGE_CONTROL_RESET, 0);
}

static void test_no_config_access_while_it_settles(void **state)
{
	uint32_t accesses;
	uint64_t t;

	build(true);
	pci_reset_begin(function, false, now);
	while (function->reset.stage != PCI_RESET_SETTLE) {
		assert_false(pci_reset_step(function, now));
	}
	accesses = world.pci.reads + world.pci.write_count;
	for (t = 0; t < 100; t++) {
		assert_false(pci_reset_step(function, now + t));
		assert_int_equal(world.pci.reads + world.pci.write_count, accesses);
	}
}

static void test_link_stays_down(void **state)
{
	uint64_t took;

	build(false);
	model_set16(model->parent, model->parent->express + PCI_EXP_LNKSTA, 0, 0);
	took = run();
	assert_int_equal(function->reset.error, -ETIMEDOUT);
	assert_true(took >= 1000 && took < 1200);
	/* The port is not left in reset. */
	assert_int_equal(model_get(model->parent, PCI_BRIDGE_CONTROL, 2) &
				 PCI_BRIDGE_CONTROL_RESET, 0);
}

/* Two functions behind one port, reset only together. */
static struct pci_function *build_pair(void)
{
	struct model_function *port =
		model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, true, true);
	struct model_function *second;

	model = model_endpoint(&world.pci, port, 0, 0, 0x00101b36, 0x010802);
	model_bar(model, 0, BAR_MEM64, false, 0x4000);
	model_express(model, PCI_EXP_TYPE_ENDPOINT, false);
	second = model_endpoint(&world.pci, port, 0, 1, 0x00101b36, 0x010802);
	model_bar(second, 0, BAR_MEM64, false, 0x4000);
	model_express(second, PCI_EXP_TYPE_ENDPOINT, false);
	pci_bring_up(&world.bridge);
	pci_groups_assign(pci_function_first());
	function = world_function(0, 1, 0, 0);
	return world_function(0, 1, 0, 1);
}

static void test_bus_reset_spares_neighbours_in_use(void **state)
{
	static const enum function_state in_use[] = { FUNCTION_OWNED, FUNCTION_LENT,
						      FUNCTION_RESETTING };
	struct pci_function *other = build_pair();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(in_use); i++) {
		other->state = in_use[i];
		function->state = FUNCTION_RESETTING;
		function->lent_once = true;
		pci_write(function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
		run();
		/* Quiet, restored, and not to be lent again. */
		assert_int_equal(function->reset.error, 0);
		assert_true(function->lent_once);
		assert_int_equal(function->reset_count, 0);
		assert_int_equal(model->bus_reset_count, 0);
		assert_int_equal(other->state, in_use[i]);
		assert_int_equal(model_get(model, PCI_COMMAND, 2), PCI_COMMAND_INTX_OFF);
	}
	assert_true(fake_log_has("not reset: its neighbours are in use"));
}

static void test_bus_reset_takes_quarantined_neighbours_along(void **state)
{
	struct pci_function *other = build_pair();
	uint32_t bar = pci_read(other, PCI_BAR0, 4);
	uint32_t control;

	function->state = FUNCTION_RESETTING;
	other->state = FUNCTION_QUARANTINED;
	other->lent_once = true;
	control = pci_read(other, other->cap_express + PCI_EXP_DEVCTL, 2);
	assert_int_not_equal(control, 0x5810);
	pci_write(other, other->cap_express + PCI_EXP_DEVCTL, 2, 0x5810);
	pci_reset_begin(function, false, now);
	while (function->reset.stage != PCI_RESET_SETTLE) {
		assert_false(pci_reset_step(function, now++));
	}
	/* Meanwhile nobody can have it. */
	assert_int_equal(other->state, FUNCTION_RESETTING);
	while (!pci_reset_step(function, now)) {
		now++;
	}
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model->bus_reset_count, 1);
	assert_int_equal(other->state, FUNCTION_QUARANTINED);
	assert_int_equal(pci_read(other, PCI_BAR0, 4), bar);
	assert_int_equal(pci_read(other, other->cap_express + PCI_EXP_DEVCTL, 2), control);
	assert_false(other->lent_once);
	assert_int_equal(other->reset_count, 1);
	assert_int_equal(function->reset_count, 1);
}

/* Two whose domain ends: neither may take the other's reset for a reason to do without. */
static void test_neighbours_reset_at_one_time(void **state)
{
	struct pci_function *other = build_pair();

	function->state = other->state = FUNCTION_RESETTING;
	function->lent_once = other->lent_once = true;
	pci_reset_begin(other, false, now);
	for (uint32_t i = 0; i < 50; i++) {
		assert_false(pci_reset_step(other, now++));
	}
	pci_reset_begin(function, false, now);
	while (!pci_reset_step(function, now)) {
		assert_false(pci_reset_step(other, now++));
	}
	assert_true(function->lent_once);
	function->state = FUNCTION_QUARANTINED;
	while (!pci_reset_step(other, now)) {
		now++;
	}
	assert_int_equal(model->bus_reset_count, 1);
	assert_false(function->lent_once);
	assert_false(other->lent_once);
	assert_int_equal(function->state, FUNCTION_QUARANTINED);
}

/* One that never gets ready is waited for as long as a reset may take, no longer. */
static void test_neighbour_that_resets_for_ever(void **state)
{
	struct pci_function *other = build_pair();

	function->state = other->state = FUNCTION_RESETTING;
	other->lent_once = true;
	pci_reset_begin(other, false, now);
	for (uint32_t i = 0; i < 59000; i++) {
		assert_false(pci_reset_step(other, now++));
	}
	for (uint32_t i = 0; i < 2000 && !pci_reset_step(other, now); i++) {
		now++;
	}
	assert_true(pci_reset_step(other, now));
	assert_int_equal(other->reset.error, 0);
	assert_true(other->lent_once);
	assert_int_equal(model->bus_reset_count, 0);
}

/* Conventional functions have no reset of their own; the bridge above them has RST#. */
static void test_bus_reset_behind_a_bridge_to_conventional_pci(void **state)
{
	struct model_function *port =
		model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	struct model_function *bridge = model_bridge(&world.pci, port, 0, 0, 0x000e1b36);

	model_express(bridge, PCI_EXP_TYPE_PCI_BRIDGE, false);
	model = model_endpoint(&world.pci, bridge, 1, 0, 0x100e8086, 0x020000);
	model_bar(model, 0, BAR_MEM32, false, 0x20000);
	pci_bring_up(&world.bridge);
	function = world_function(0, 2, 1, 0);
	assert_int_equal(function->reset_methods, RESET_BIT(RESET_BUS));
	function->state = FUNCTION_RESETTING;
	function->lent_once = true;
	run();
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model->bus_reset_count, 1);
	assert_false(function->lent_once);
}

static void test_neighbour_lost_in_a_bus_reset_is_broken(void **state)
{
	struct pci_function *other = build_pair();

	function->state = FUNCTION_RESETTING;
	other->state = FUNCTION_QUARANTINED;
	world.pci.functions[2]->never_returns = true;
	run();
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(other->state, FUNCTION_BROKEN);
	assert_non_null(other->broken_why);
}

/* A bridge below would forget its bus numbers and windows. */
static void test_no_bus_reset_over_a_bridge(void **state)
{
	struct model_function *port =
		model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);

	model_endpoint(&world.pci, port, 0, 0, 0x00101b36, 0x010802);
	model_bridge(&world.pci, port, 0, 1, 0x000e1b36);
	pci_bring_up(&world.bridge);
	assert_int_equal(world_function(0, 1, 0, 0)->reset_methods, 0);
}

static void test_acs_is_on_again(void **state)
{
	uint16_t cap;

	model = model_endpoint(&world.pci, NULL, 3, 0, 0x11e81234, 0xff0000);
	model_express(model, PCI_EXP_TYPE_ENDPOINT, true);
	cap = model_acs(model, 0x0c, 0x0c);
	pci_bring_up(&world.bridge);
	function = world_function(0, 0, 3, 0);
	run();
	assert_int_equal(model->flr_count, 1);
	assert_int_equal(model_get(model, cap + PCI_ACS_CONTROL, 2), 0x0c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, reset_rig_setup, reset_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_bus_reset),
		T(test_bus_reset_is_held),
		T(test_no_config_access_while_it_settles),
		T(test_link_stays_down),
		T(test_acs_is_on_again),
		T(test_bus_reset_spares_neighbours_in_use),
		T(test_bus_reset_takes_quarantined_neighbours_along),
		T(test_neighbours_reset_at_one_time),
		T(test_neighbour_that_resets_for_ever),
		T(test_bus_reset_behind_a_bridge_to_conventional_pci),
		T(test_neighbour_lost_in_a_bus_reset_is_broken),
		T(test_no_bus_reset_over_a_bridge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
