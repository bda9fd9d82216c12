/* SPDX-License-Identifier: BSD-2-Clause */
/* The reset state machine: functions that come back and not, and what is theirs again then. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_init.h"
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "reset_rig.h"

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
		assert_int_equal(pci_read(port, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_CONTROL_RESET,
				 0);
		assert_int_not_equal(port->bus_reset, PCI_BUS_RESET_ON);
		reset_rig_teardown(NULL);
		reset_rig_setup(NULL);
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

/* Its vendor ID is all ones for good, so readiness is read elsewhere; nothing else is reset. */
static void test_vf_is_reset_alone(void **state)
{
	struct model_function *vf;
	struct pci_function *pf;

	model = model_endpoint(
		&world.pci, model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, true, true),
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
#define T(name) cmocka_unit_test_setup_teardown(name, reset_rig_setup, reset_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_gone_under_reset),
		T(test_flr),
		T(d1_reset_with_msix_not_last),
		T(test_settings_survive),
		T(test_vf_is_reset_alone),
		T(test_pf_keeps_its_ari_hierarchy),
		T(test_slow_to_return),
		T(test_retry_status),
		T(test_never_returns),
		T(test_something_else_returns),
		T(test_bars_do_not_hold),
		T(test_pending_transactions_delay_but_do_not_prevent),
		T(test_the_next_user_begins_anew),
		T(test_bars_come_from_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
