/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reset state machine, driven by a clock of the test, against functions that come back and not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fake_log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"
#include "pci_world.h"

static struct pci_world world;
static struct model_function *model;
static struct pci_function *function;
static uint64_t now;

static void build(bool flr)
{
	struct model_function *port =
		model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, true, true);

	model = model_endpoint(&world.pci, port, 0, 0, 0x00101b36, 0x010802);
	model_bar(model, 0, BAR_MEM64, false, 0x4000);
	model_bar(model, 2, BAR_MEM64, true, 0x10000);
	model_express(model, PCI_EXP_TYPE_ENDPOINT, flr);
	model_msix(model, 65, 0, 0x2000, 0, 0x3000);
	model_msi(model, 4, true, true);
	pci_bring_up(&world.bridge);
	pci_groups_assign(pci_function_first());
	function = world_function(0, 1, 0, 0);
}

static int setup(void **state)
{
	fake_log_clear();
	pci_world_init(&world, 0, 0, 255);
	now = 1000;
	return 0;
}

static int teardown(void **state)
{
	pci_world_free(&world);
	return 0;
}

/* What a driver leaves behind. */
static void use_it(void)
{
	pci_write(function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	pci_write(function, PCI_CACHE_LINE, 1, 0x10);
	pci_write(function, model->express + PCI_EXP_DEVCTL, 2, 0x5810);
	pci_write(function, function->msix.cap + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
	pci_write(function, function->msi.cap + PCI_MSI_CONTROL, 2, PCI_MSI_ENABLE);
}

/* Steps a millisecond at a time; how long it took. */
static uint64_t run(void)
{
	uint64_t start = now;
	uint32_t steps = 0;

	pci_reset_begin(function, now);
	while (!pci_reset_step(function, now)) {
		now++;
		assert_true(++steps < 100000);
	}
	function->reset.stage = PCI_RESET_IDLE;
	return now - start;
}

static void check_restored(void)
{
	assert_int_equal(model_get(model, PCI_BAR0, 4) & ~0xfU,
			 (uint32_t)function->bars[0].address);
	assert_int_equal(model_get(model, PCI_BAR0 + 8, 4) & ~0xfU,
			 (uint32_t)function->bars[2].address);
	assert_int_equal(model_get(model, PCI_BAR0 + 12, 4),
			 (uint32_t)(function->bars[2].address >> 32));
	assert_int_equal(model_get(model, PCI_COMMAND, 2), PCI_COMMAND_INTX_OFF);
	assert_int_equal(model_get(model, PCI_CACHE_LINE, 1), 0x10);
	assert_int_equal(model_get(model, model->express + PCI_EXP_DEVCTL, 2), 0x5810);
	assert_int_equal(model_get(model, function->msix.cap + PCI_MSIX_CONTROL, 2), 64);
	assert_int_equal(model_get(model, function->msi.cap + PCI_MSI_CONTROL, 2) & 1, 0);
}

static void test_flr(void **state)
{
	build(true);
	use_it();
	assert_true(run() >= 100);
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model->flr_count, 1);
	assert_int_equal(model->bus_reset_count, 0);
	assert_int_equal(function->reset_count, 1);
	check_restored();
}

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
	pci_reset_begin(function, now);
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
	pci_reset_begin(function, now);
	while (function->reset.stage != PCI_RESET_SETTLE) {
		assert_false(pci_reset_step(function, now));
	}
	accesses = world.pci.reads + world.pci.write_count;
	for (t = 0; t < 100; t++) {
		assert_false(pci_reset_step(function, now + t));
		assert_int_equal(world.pci.reads + world.pci.write_count, accesses);
	}
}

static void test_slow_to_return(void **state)
{
	build(true);
	use_it();
	model->busy_reads = 5000;
	assert_true(run() >= 100 + 5000 / 2);
	assert_int_equal(function->reset.error, 0);
	assert_true(fake_log_has("not ready a second after its reset"));
	check_restored();
}

static void test_retry_status(void **state)
{
	build(true);
	use_it();
	model->busy_reads = 300;
	model->busy_crs = true;
	assert_true(run() >= 100 + 300);
	assert_int_equal(function->reset.error, 0);
	check_restored();
}

static void test_never_returns(void **state)
{
	uint64_t took;

	build(true);
	model->never_returns = true;
	took = run();
	assert_int_equal(function->reset.error, -ETIMEDOUT);
	assert_true(took >= 60000 && took < 61000);
	assert_int_equal(function->reset_count, 0);
	assert_non_null(function->broken_why);
}

static void test_something_else_returns(void **state)
{
	uint32_t i;

	build(true);
	model->changes_identity = true;
	run();
	assert_int_equal(function->reset.error, -ENODEV);
	/* It is not programmed: who knows what it is. */
	for (i = 0; i < 6; i++) {
		assert_int_equal(model_get(model, PCI_BAR0 + 4 * i, 4) & ~0xfU, 0);
	}
}

static void test_bars_do_not_hold(void **state)
{
	build(true);
	model->bars_stuck = true;
	run();
	assert_int_equal(function->reset.error, -EIO);
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

static void test_pending_transactions_delay_but_do_not_prevent(void **state)
{
	build(true);
	model_set16(model, model->express + PCI_EXP_DEVSTA, PCI_EXP_DEVSTA_PENDING, 0);
	assert_true(run() >= 200);
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model->flr_count, 1);
}

/* The hypervisor's books, not the device, say where BARs are: a driver's pokes do not survive. */
static void test_bars_come_from_the_books(void **state)
{
	uint32_t before;

	build(true);
	use_it();
	before = model_get(model, PCI_BAR0, 4);
	pci_write(function, PCI_BAR0, 4, 0xdead0000);
	run();
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model_get(model, PCI_BAR0, 4), before);
}

static void test_no_method_is_restored_only(void **state)
{
	model = model_endpoint(&world.pci, NULL, 3, 0, 0x11e81234, 0xff0000);
	model_bar(model, 0, BAR_MEM32, false, SZ_1M);
	model_msix(model, 4, 0, 0, 0, 0x800);
	model_msi(model, 4, true, true);
	pci_bring_up(&world.bridge);
	function = world_function(0, 0, 3, 0);
	assert_int_equal(function->reset_methods, 0);
	pci_write(function, PCI_COMMAND, 2, 6);
	pci_write(function, function->msix.cap + PCI_MSIX_CONTROL, 2,
		  PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
	pci_write(function, function->msi.cap + PCI_MSI_CONTROL, 2, PCI_MSI_ENABLE);
	pci_write(function, PCI_BAR0, 4, 0);
	run();
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model_get(model, PCI_COMMAND, 2), PCI_COMMAND_INTX_OFF);
	assert_int_equal(model_get(model, PCI_BAR0, 4), function->bars[0].address);
	assert_int_equal(model_get(model, function->msix.cap + PCI_MSIX_CONTROL, 2), 3);
	assert_int_equal(model_get(model, function->msi.cap + PCI_MSI_CONTROL, 2) & 1, 0);
}

static void test_woken_first(void **state)
{
	uint16_t pm;

	model = model_endpoint(&world.pci, NULL, 3, 0, 0x11e81234, 0xff0000);
	pm = model_pm(model);
	pci_bring_up(&world.bridge);
	function = world_function(0, 0, 3, 0);
	pci_write(function, pm + PCI_PM_CONTROL, 2, 3);
	assert_true(run() >= 10);
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model_get(model, pm + PCI_PM_CONTROL, 2) & PCI_PM_STATE, 0);
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
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_flr),
		T(test_bus_reset),
		T(test_bus_reset_is_held),
		T(test_no_config_access_while_it_settles),
		T(test_slow_to_return),
		T(test_retry_status),
		T(test_never_returns),
		T(test_something_else_returns),
		T(test_bars_do_not_hold),
		T(test_link_stays_down),
		T(test_pending_transactions_delay_but_do_not_prevent),
		T(test_bars_come_from_the_books),
		T(test_no_method_is_restored_only),
		T(test_woken_first),
		T(test_acs_is_on_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
