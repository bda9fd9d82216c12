/* SPDX-License-Identifier: BSD-2-Clause */
/* Each way to reset a function, and which is next when one fails. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_init.h"
#include "pci/registry.h"
#include "reset_rig.h"

/* A function that has every method, behind a port of its own. */
static void build_all_methods(void)
{
	begin_build(true);
	model_pm(model);
	model_pm_resets(model);
	model_af(model);
	end_build();
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

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, reset_rig_setup, reset_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_no_method_is_restored_only),
		T(test_woken_first),
		T(test_each_method),
		T(test_next_method_after_a_failure),
		T(test_all_methods_fail_then_retry),
		T(test_d3hot_refused),
		T(test_af_needs_the_pending_bit),
		T(test_af_drains),
		T(test_wake_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
