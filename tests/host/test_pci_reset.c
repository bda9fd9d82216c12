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
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "pci_world.h"

static struct pci_world world;
static struct model_function *model;
static struct pci_function *function;
static uint64_t now;
static bool wake_only;
static bool keeps; /* its user asked for the reset */

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
	wake_only = false;
	keeps = true;
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

	function->reset.users_own = keeps;
	pci_reset_begin(function, wake_only, now);
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

/* Out of its slot at any moment of a reset: it is over at once, and the port's bus is not held. */
static void test_gone_under_reset(void **state)
{
	static const uint32_t moments[] = { 0, 1, 3, 50, 104, 150 };

	for (uint32_t i = 0; i < 2 * ARRAY_SIZE(moments); i++) {
		struct pci_function *port;
		uint64_t until;

		build(i % 2 == 0);
		port = function->parent;
		use_it();
		pci_reset_begin(function, false, now);
		for (until = now + moments[i / 2]; now < until; now++) {
			(void)pci_reset_step(function, now);
		}
		model->gone = true;
		pci_function_set_gone(function, true);
		assert_true(pci_reset_step(function, now));
		if (moments[i / 2] < 100) {
			assert_int_equal(function->reset.error, -ENODEV);
			assert_string_equal(function->broken_why, "it is gone");
		}
		assert_int_equal(pci_read(port, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CONTROL_RESET, 0);
		assert_int_not_equal(port->bus_reset, PCI_BUS_RESET_ON);
		teardown(NULL);
		setup(NULL);
	}
	build(true); /* for the teardown that follows */
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

/* D1: what comes after MSI-X in the list is reset too, however many vectors that has. */
static void d1_reset_with_msix_not_last(void **state)
{
	build(true);
	assert_true(function->msi.cap > function->msix.cap);
	assert_true(function->msix.entries > 1);
	use_it();
	pci_quiesce(function);
	assert_int_equal(model_get(model, function->msix.cap + PCI_MSIX_CONTROL, 2) &
			 PCI_MSIX_ENABLE, 0);
	assert_int_equal(model_get(model, function->msi.cap + PCI_MSI_CONTROL, 2) & PCI_MSI_ENABLE,
			 0);
	run();
	check_restored();
}

/* PCIe 6.0 7.5.1, 7.5.3, 7.8.4, 9.3.3: what software sets once and a driver relies on later. */
static void test_settings_survive(void **state)
{
	uint32_t seed = 7;
	uint32_t aer, sriov;

	build(true);
	aer = model_ext_cap(model, PCI_EXT_CAP_AER, 44);
	sriov = model_ext_cap(model, PCI_EXT_CAP_SRIOV, 64);
	function->cap_aer = (uint16_t)aer;
	function->cap_sriov = (uint16_t)sriov;
	/* Bit 15 of Device Control would be one more reset. Enabled VFs end with it. */
	const struct { uint32_t at, size, set, keep; } settings[] = {
		{ 0x0c, 1, 0xff, 0xff }, { 0x0d, 1, 0xff, 0xff }, { 0x3c, 1, 0xff, 0xff },
		{ model->express + 0x08U, 2, 0x7fff, 0x7fff },
		{ model->express + 0x10U, 2, 0xffff, 0xffff },
		{ model->express + 0x28U, 2, 0xffff, 0xffff },
		{ aer + 0x08, 4, ~0U, ~0U }, { aer + 0x0c, 4, ~0U, ~0U },
		{ aer + 0x14, 4, ~0U, ~0U }, { aer + 0x18, 4, ~0U, ~0U },
		{ sriov + 0x08, 2, 0xffff, PCI_SRIOV_CONTROL_ARI },
	};
	const uint32_t behind[] = { 0x0e, model->express + 0x0aU, model->express + 0x12U,
				    model->express + 0x2aU, sriov + 0x0a };
	uint8_t type = (uint8_t)model_get(model, 0x0e, 1);

	/* What lies behind a setting is as the reset made it. */
	for (uint32_t i = 0; i < ARRAY_SIZE(behind); i++) {
		model_set16(model, behind[i], 0x5a00 | (i == 0 ? type : 0x5a), 0xffff);
	}
	model_set8(model, 0x3d, 0x5a, 0xff);
	for (uint32_t i = 0; i < ARRAY_SIZE(settings); i++) {
		memset(&model->initial[settings[i].at], 0, settings[i].size);
		memset(&model->writable[settings[i].at], 0xff, settings[i].size);
	}
	for (uint32_t n = 0; n < 64; n++) {
		uint32_t want[ARRAY_SIZE(settings)];

		for (uint32_t i = 0; i < ARRAY_SIZE(settings); i++) {
			seed = seed * 1664525 + 1013904223;
			want[i] = (seed ^ seed >> 16) & settings[i].set;
			pci_write(function, settings[i].at, settings[i].size, want[i]);
		}
		run();
		assert_int_equal(function->reset.error, 0);
		for (uint32_t i = 0; i < ARRAY_SIZE(settings); i++) {
			assert_int_equal(model_get(model, settings[i].at, settings[i].size),
					 want[i] & settings[i].keep);
		}
		for (uint32_t i = 0; i < ARRAY_SIZE(behind); i++) {
			assert_int_equal(model_get(model, behind[i], 2),
					 0x5a00 | (i == 0 ? type : 0x5a));
		}
		assert_int_equal(model_get(model, 0x3d, 1), 0x5a);
	}
	assert_int_equal(model->flr_count, 64);
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

/* A device has its first settings for whoever gets it next, whatever the reset forgets or not. */
static void test_the_next_user_begins_anew(void **state)
{
	uint32_t control, cache_line;

	build(true);
	control = model_get(model, model->express + PCI_EXP_DEVCTL, 2);
	cache_line = model_get(model, PCI_CACHE_LINE, 1);
	keeps = false;
	for (uint32_t i = 0; i < 2; i++) {
		use_it();
		assert_int_not_equal(model_get(model, model->express + PCI_EXP_DEVCTL, 2), control);
		run();
		assert_int_equal(function->reset.error, 0);
		assert_int_equal(model_get(model, model->express + PCI_EXP_DEVCTL, 2), control);
		assert_int_equal(model_get(model, PCI_CACHE_LINE, 1), cache_line);
		function->reset_methods = 0; /* the second time it is only put in order */
	}
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

/* A function that has every method, behind a port of its own. */
static void build_all_methods(void)
{
	struct model_function *port =
		model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, true, true);

	model = model_endpoint(&world.pci, port, 0, 0, 0x00101b36, 0x010802);
	model_bar(model, 0, BAR_MEM64, false, 0x4000);
	model_bar(model, 2, BAR_MEM64, true, 0x10000);
	model_express(model, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(model, 65, 0, 0x2000, 0, 0x3000);
	model_msi(model, 4, true, true);
	model_pm(model);
	model_pm_resets(model);
	model_af(model);
	pci_bring_up(&world.bridge);
	pci_groups_assign(pci_function_first());
	function = world_function(0, 1, 0, 0);
	assert_int_equal(function->reset_methods,
			 RESET_BIT(RESET_FLR) | RESET_BIT(RESET_AF_FLR) | RESET_BIT(RESET_PM) |
				 RESET_BIT(RESET_BUS));
}

/* Each method by itself does it, and none of the others is used. */
static void test_each_method(void **state)
{
	static const struct {
		enum reset_method id;
		uint32_t flr, af, pm, bus;
		uint64_t least_ms;
	} cases[] = {
		{ RESET_FLR, 1, 0, 0, 0, 100 },
		{ RESET_AF_FLR, 0, 1, 0, 0, 100 },
		{ RESET_PM, 0, 0, 1, 0, 20 },
		{ RESET_BUS, 0, 0, 0, 1, 102 },
	};
	size_t i;

	build_all_methods();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t took;

		use_it();
		model->flr_count = 0;
		model->af_reset_count = 0;
		model->pm_reset_count = 0;
		model->bus_reset_count = 0;
		function->reset_methods = RESET_BIT(cases[i].id);
		function->lent_once = true;
		took = run();
		assert_true(took >= cases[i].least_ms && took < cases[i].least_ms + 20);
		assert_int_equal(function->reset.error, 0);
		assert_int_equal(model->flr_count, cases[i].flr);
		assert_int_equal(model->af_reset_count, cases[i].af);
		assert_int_equal(model->pm_reset_count, cases[i].pm);
		assert_int_equal(model->bus_reset_count, cases[i].bus);
		assert_int_equal(function->reset_count, i + 1);
		assert_false(function->lent_once);
		check_restored();
	}
}

/* A function that its FLR hangs sees nothing more: AF and PM cannot reach it, the bus does. */
static void test_next_method_after_a_failure(void **state)
{
	build_all_methods();
	use_it();
	model->hangs = MODEL_RESET_FLR;
	assert_true(run() < 60000);
	assert_int_equal(function->reset.error, 0);
	assert_null(function->broken_why);
	assert_int_equal(model->flr_count, 1);
	assert_int_equal(model->bus_reset_count, 1);
	assert_int_equal(function->reset_count, 1);
	check_restored();
	assert_true(fake_log_has("FLR failed: the function did not come back; trying AF FLR"));
}

static void test_all_methods_fail_then_retry(void **state)
{
	uint64_t took;

	build_all_methods();
	use_it();
	model->hangs = MODEL_RESET_FLR | MODEL_RESET_BUS;
	took = run();
	assert_true(took >= 60000 && took < 61000);
	assert_int_equal(function->reset.error, -ETIMEDOUT);
	assert_string_equal(function->broken_why, "the function did not come back");
	/* When the cause is gone. */
	model->hangs = MODEL_RESET_FLR;
	run();
	assert_int_equal(function->reset.error, 0);
	assert_null(function->broken_why);
	assert_int_equal(model_get(model, PCI_BAR0, 4) & ~0xfU,
			 (uint32_t)function->bars[0].address);
}

static void test_d3hot_refused(void **state)
{
	build_all_methods();
	function->reset_methods = RESET_BIT(RESET_PM);
	model->ignores_d3 = true;
	run();
	assert_int_equal(function->reset.error, -EIO);
	assert_int_equal(model->pm_reset_count, 0);
	assert_string_equal(function->broken_why, "the function does not enter D3hot");
	function->reset_methods = RESET_BIT(RESET_PM) | RESET_BIT(RESET_BUS);
	run();
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model->bus_reset_count, 1);
}

static void test_af_needs_the_pending_bit(void **state)
{
	model = model_endpoint(&world.pci, NULL, 3, 0, 0x11e81234, 0xff0000);
	model_af(model);
	model_set8(model, model->af + PCI_AF_CAP, PCI_AF_CAP_FLR, 0);
	pci_bring_up(&world.bridge);
	assert_int_equal(world_function(0, 0, 3, 0)->reset_methods, 0);
}

static void test_af_drains(void **state)
{
	build_all_methods();
	function->reset_methods = RESET_BIT(RESET_AF_FLR);
	model_set8(model, model->af + PCI_AF_STATUS, PCI_AF_STATUS_TP, 0);
	assert_true(run() >= 200);
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model->af_reset_count, 1);
}

/* Out of D3hot with all it lost on the way; that is no reset. */
static void test_wake_only(void **state)
{
	uint64_t took;

	build_all_methods();
	use_it();
	pci_write(function, model->pm + PCI_PM_CONTROL, 2, PCI_PM_D3HOT);
	function->lent_once = true;
	wake_only = true;
	took = run();
	assert_true(took >= 10 && took < 30);
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model->pm_reset_count, 1);
	assert_int_equal(model->flr_count, 0);
	assert_int_equal(function->reset_count, 0);
	assert_true(function->lent_once);
	check_restored();
	/* A vCPU waits for it: a second is enough. */
	pci_write(function, model->pm + PCI_PM_CONTROL, 2, PCI_PM_D3HOT);
	model->hangs = MODEL_RESET_PM;
	assert_true(run() < 1100);
	assert_int_equal(function->reset.error, -ETIMEDOUT);
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

/* Its vendor ID is all ones for good, so readiness is read elsewhere; nothing else is reset. */
static void test_vf_is_reset_alone(void **state)
{
	struct model_function *vf;
	struct pci_function *pf;

	model = model_endpoint(&world.pci,
			       model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, true, true),
			       0, 0, 0x10c910c9, 0x020000);
	model_express(model, PCI_EXP_TYPE_ENDPOINT, true);
	model_sriov(model, 1, 1, 1, 0x4000);
	vf = model_vf(model, 0);
	model_pm(vf);
	model_pm_resets(vf);
	pci_bring_up(&world.bridge);
	pf = world_function(0, 1, 0, 0);
	assert_null(pci_vfs_prepare(pf, 1));
	function = pci_vf_entry(pf, 0);
	pci_vfs_turn_on(pf);
	assert_true(pci_vf_read(function, 0));
	assert_int_equal(function->reset_methods, RESET_BIT(RESET_FLR));
	pci_write(function, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	vf->busy_reads = 20;
	assert_in_range(run(), 105, 200);
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(vf->flr_count, 1);
	assert_int_equal(model->flr_count + model->bus_reset_count + vf->pm_reset_count, 0);
	assert_int_equal(model_get(vf, PCI_COMMAND, 2), 0);
	/* One that is gone is not taken for one that is back. */
	vf->never_returns = true;
	run();
	assert_int_equal(function->reset.error, -ETIMEDOUT);
}

/* VF BARs and NumVFs are written anew with each VF Enable; what decides about offsets must stay. */
static void test_pf_keeps_its_ari_hierarchy(void **state)
{
	struct model_function *port =
		model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, true, true);
	uint32_t cap;

	model = model_endpoint(&world.pci, port, 0, 0, 0x10c910c9, 0x020000);
	model_express(model, PCI_EXP_TYPE_ENDPOINT, true);
	model_ari_port(port, true);
	model_ari(model);
	cap = model_sriov(model, 4, 0x80, 2, 0x4000);
	pci_bring_up(&world.bridge);
	function = world_function(0, 1, 0, 0);
	pci_write(function, cap + PCI_SRIOV_NUM, 2, 3);
	run();
	assert_int_equal(function->reset.error, 0);
	assert_int_equal(model_get(model, cap + PCI_SRIOV_CONTROL, 2), PCI_SRIOV_CONTROL_ARI);
	assert_int_equal(model_get(model, cap + PCI_SRIOV_NUM, 2), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_gone_under_reset),
		T(test_flr),
		T(d1_reset_with_msix_not_last),
		T(test_settings_survive),
		T(test_vf_is_reset_alone),
		T(test_pf_keeps_its_ari_hierarchy),
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
		T(test_the_next_user_begins_anew),
		T(test_bars_come_from_the_books),
		T(test_no_method_is_restored_only),
		T(test_woken_first),
		T(test_acs_is_on_again),
		T(test_each_method),
		T(test_next_method_after_a_failure),
		T(test_all_methods_fail_then_retry),
		T(test_d3hot_refused),
		T(test_af_needs_the_pending_bit),
		T(test_af_drains),
		T(test_wake_only),
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
