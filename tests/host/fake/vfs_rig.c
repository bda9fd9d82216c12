/* SPDX-License-Identifier: BSD-2-Clause */
#include "vfs_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pci/pci_config.h"
#include "pci/registry.h"

struct model_function *card;
struct model_function *models[VFS];
struct pci_function *pf;
uint32_t cap;

int vfs_rig_setup(void **state)
{
	struct model_function *port;

	lend_rig_setup(state);
	start_over();
	port = model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	model_ari_port(port, true);
	card = model_endpoint(&world.pci, port, 0, 0, 0x10c910c9, 0x020000);
	model_bar(card, 0, BAR_MEM32, false, 0x20000);
	model_pm(card);
	model_express(card, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(card, 10, 0, 0x2000, 0, 0x3000);
	model_ari(card);
	cap = model_sriov(card, VFS, 0x80, 2, SIZE);
	for (uint16_t i = 0; i < VFS; i++) {
		models[i] = model_vf(card, i);
	}
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	pf = world_function(0, 1, 0, 0);
	return 0;
}

struct pci_function *vf(uint8_t i)
{
	return pci_function_find(sbdf_make(0, 1, (uint8_t)(0x10 + i / 4), (uint8_t)(2 * i & 7)));
}

uint64_t vf_cfg(uint8_t i, uint32_t reg)
{
	return world_owner_cfg(&world.bridge,
			       sbdf_make(0, 1, (uint8_t)(0x10 + i / 4), (uint8_t)(2 * i & 7)), reg);
}

void control(uint32_t bits)
{
	owner_write(pf, cap + PCI_SRIOV_CONTROL, 2, bits);
}

uint32_t control_now(void)
{
	return owner_read(pf, cap + PCI_SRIOV_CONTROL, 2);
}

void enable(uint16_t count)
{
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, count);
	control(ENABLE | MSE);
	world_run_jobs();
	assert_int_equal(pf->sriov.state, PCI_VFS_ON);
}

void nothing_is_left(void)
{
	for (uint8_t i = 0; i < VFS; i++) {
		assert_null(vf(i));
		assert_int_equal(world_load(WORLD_CONTROL, vf_cfg(i, 0), 4), 0xffffffff);
		assert_int_equal(world_load(WORLD_CONTROL, vf_cfg(i, 8), 4), 0xffffffff);
	}
	assert_int_equal(pf->sriov.state, PCI_VFS_OFF);
	assert_int_equal(model_get(card, cap + PCI_SRIOV_CONTROL, 2) & ENABLE, 0);
	assert_int_equal(lend_world.itts, 2);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
}

int vfs_rig_teardown(void **state)
{
	for (uint8_t i = 0; i < VFS; i++) {
		if (vf(i) && vf(i)->state == FUNCTION_LENT) {
			lend_detach(vf(i));
		}
	}
	world_run_resets();
	if (pf->state == FUNCTION_OWNED) {
		control(0);
	}
	world_run_jobs();
	world_run_resets();
	return lend_rig_teardown(state);
}
