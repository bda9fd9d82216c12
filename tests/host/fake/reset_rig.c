/* SPDX-License-Identifier: BSD-2-Clause */
/* See reset_rig.h. */
#include "reset_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_log.h"
#include "pci/pci_config.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"

struct pci_world world;
struct model_function *model;
struct pci_function *function;
uint64_t now;
bool wake_only;
bool keeps;

void begin_build(bool flr)
{
	struct model_function *port =
		model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, true, true);

	model = model_endpoint(&world.pci, port, 0, 0, 0x00101b36, 0x010802);
	model_bar(model, 0, BAR_MEM64, false, 0x4000);
	model_bar(model, 2, BAR_MEM64, true, 0x10000);
	model_express(model, PCI_EXP_TYPE_ENDPOINT, flr);
	model_msix(model, 65, 0, 0x2000, 0, 0x3000);
	model_msi(model, 4, true, true);
}

void end_build(void)
{
	pci_bring_up(&world.bridge);
	pci_groups_assign(pci_function_first());
	function = world_function(0, 1, 0, 0);
}

void build(bool flr)
{
	begin_build(flr);
	end_build();
}

int reset_rig_setup(void **state)
{
	fake_log_clear();
	pci_world_init(&world, 0, 0, 255);
	now = 1000;
	wake_only = false;
	keeps = true;
	return 0;
}

int reset_rig_teardown(void **state)
{
	pci_world_free(&world);
	return 0;
}

void use_it(void)
{
	pci_write(function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	pci_write(function, PCI_CACHE_LINE, 1, 0x10);
	pci_write(function, model->express + PCI_EXP_DEVCTL, 2, 0x5810);
	pci_write(function, function->msix.cap + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
	pci_write(function, function->msi.cap + PCI_MSI_CONTROL, 2, PCI_MSI_ENABLE);
}

uint64_t run(void)
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

void check_restored(void)
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
