/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual functions and who uses them: a guest, two, the owner; and resets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vfs_rig.h"

static void a_guest_has_an_endpoint_like_any(void **state)
{
	uint32_t slot, bar;

	(void)state;
	enable(2);
	quarantine(vf(1));
	assert_int_equal(world_pages(WORLD_CONTROL), SIZE / SZ_4K);
	slot = lend_to(GUEST1, vf(1), 0);
	assert_int_equal(guest_read(slot, 0, 4), 0x10ca10c9);
	bar = guest_read(slot, 0x10, 4) & ~15U;
	guest_write(slot, 0x10, 4, 0xffffffff);
	assert_int_equal(guest_read(slot, 0x10, 4) & ~15U, ~(SIZE - 1));
	guest_write(slot, 0x10, 4, bar);
	guest_write(slot, 4, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), SIZE / SZ_4K);
	assert_int_equal(world_translate(WORLD_GUEST1, bar), vf(1)->bars[0].cpu.v);
	assert_int_equal(guest_read(slot, 4, 2) & 6, 6);
	/* That hardware has no decode bit to show is no reset of the VF's own making. */
	guest_write(slot, 4, 2, 6);
	assert_false(fake_log_has("has reset itself"));
	assert_int_equal(world_dma(vf(1)), WORLD_GUEST1);
	/* No extended capability, so no ARI either. */
	assert_int_equal(guest_read(slot, 0x100, 4), 0);
	/* Its own reset is the VF's alone; VF BARs stay. */
	reset_by_guest(slot, vf(1));
	world_run_resets();
	assert_int_equal(vf(1)->state, FUNCTION_LENT);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(card->flr_count, 0);
	assert_int_equal(lend_detach(vf(1)), 0);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(vf(1)), 0);
	assert_int_equal(owner_read(vf(1), 0, 4), 0xffffffff);
	assert_int_equal(world_pages(WORLD_CONTROL), 2 * SIZE / SZ_4K);
}

/* Their device numbers meet by chance: each is a device to the guest. */
static void two_in_one_guest_are_two_devices(void **state)
{
	uint32_t a, b;

	(void)state;
	enable(2);
	quarantine(vf(0));
	assert_int_equal(lend_quarantine(vf(1), "other"), 0);
	world_run_resets();
	a = lend_to(GUEST1, vf(0), 0);
	b = lend_to(GUEST1, vf(1), 0);
	assert_int_not_equal(a, b);
	assert_int_equal(guest_read(b, 0, 4), 0x10ca10c9);
	assert_int_equal(guest_read(a, 0x0e, 1), 0);
}

static void what_is_lent_stays(void **state)
{
	uint32_t resets = lend_world.resets;

	(void)state;
	enable(2);
	quarantine(vf(0));
	lend_to(GUEST1, vf(0), 0);
	resets = lend_world.resets;
	control(0);
	world_run_jobs();
	assert_int_equal(control_now(), ENABLE | MSE | 0x10);
	assert_true(fake_log_has("VF Enable cannot be cleared, a virtual function is lent"));
	owner_write(pf, pf->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	assert_true(fake_log_has("no reset, a virtual function is lent"));
	owner_write(pf, pf->cap_pm + PCI_PM_CONTROL, 2, PCI_PM_D3HOT);
	assert_int_equal(owner_read(pf, pf->cap_pm + PCI_PM_CONTROL, 2) & PCI_PM_STATE, 0);
	assert_true(fake_log_has("no D3hot while its virtual functions are enabled"));
	assert_int_equal(lend_quarantine(pf, ""), -ENOTEMPTY);
	assert_int_equal(pf->state, FUNCTION_OWNED);
	assert_int_equal(lend_world.resets, resets);
	assert_int_equal(vf(0)->state, FUNCTION_LENT);
	assert_int_equal(model_get(card, cap + PCI_SRIOV_CONTROL, 2), ENABLE | MSE | 0x10);
	/* A domain that ends gives it back, and nothing holds them any more. */
	reclaim_all(GUEST1);
	world_run_resets();
	control(0);
	world_run_jobs();
	nothing_is_left();
	quarantine(pf);
	assert_int_equal(lend_return_to_owner(pf), 0);
}

/* Who shares the stream of one that goes does not leave it open for that one's sake. */
static void a_stream_of_two_is_shut_by_who_goes_last(void **state)
{
	(void)state;
	world.desc.iommu_map_mask = 0xfffc;
	enable(2);
	assert_int_equal(vf(0)->stream.v, vf(1)->stream.v);
	assert_int_not_equal(vf(0)->stream.v, pf->stream.v);
	lend_world.routes = 20;
	control(0);
	while (vf(0)->state == FUNCTION_OWNED) {
		assert_true(world_step_job());
	}
	/* Off the bus, and its events are not unmapped yet. */
	assert_int_equal(vf(0)->state, FUNCTION_RESETTING);
	assert_int_equal(world_dma(vf(0)), WORLD_CONTROL);
	assert_int_equal(lend_quarantine(vf(1), "other"), 0);
	while (vf(1)->state != FUNCTION_QUARANTINED) {
		assert_true(world_step_job());
		world_run_resets();
	}
	assert_int_equal(world_dma(vf(1)), ~0U);
	world_run_jobs();
	nothing_is_left();
}

/* VF MSE of the owner unmaps what it uses itself, and nothing of a guest's. */
static void vf_mse_maps_the_owners(void **state)
{
	uint32_t slot;

	(void)state;
	enable(3);
	quarantine(vf(2));
	slot = lend_to(GUEST1, vf(2), 0);
	guest_write(slot, 4, 2, 6);
	control(ENABLE);
	world_run_jobs();
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(world_pages(WORLD_GUEST1), SIZE / SZ_4K);
	assert_int_equal(model_get(card, cap + PCI_SRIOV_CONTROL, 2) & MSE, MSE);
	/* With pages of 64 KiB they would lie further apart; they are moved as they are. */
	owner_write(pf, cap + PCI_SRIOV_BAR0, 4, (uint32_t)pf->sriov.bars[0].address + 0x8000);
	control(ENABLE | MSE);
	world_run_jobs();
	assert_int_equal(world_translate(WORLD_CONTROL, vf(1)->bars[0].cpu.v + 0x8000),
			 vf(1)->bars[0].cpu.v);
	assert_int_equal(model_get(card, cap + PCI_SRIOV_BAR0, 4) & ~15U,
			 (uint32_t)pf->sriov.bars[0].address);
	lend_detach(vf(2));
	world_run_resets();
}

static void big_pages_spread_the_owners(void **state)
{
	(void)state;
	owner_write(pf, cap + PCI_SRIOV_PAGE_SIZE, 4, 0x10);
	enable(2);
	assert_int_equal(world_translate(WORLD_CONTROL, vf(0)->bars[0].cpu.v + 0x10000),
			 vf(1)->bars[0].cpu.v);
	assert_int_equal(vf(1)->bars[0].address, vf(0)->bars[0].address + SIZE);
	assert_int_equal(model_get(card, cap + PCI_SRIOV_PAGE_SIZE, 4), 1);
	assert_int_equal(world_pages(WORLD_CONTROL), 2 * SIZE / SZ_4K);
}

/* The owner resets one of its own: BARs are the PF's, so it finds them mapped as before. */
static void a_vf_of_the_owners_is_mapped_after_its_reset(void **state)
{
	(void)state;
	enable(1);
	owner_write(vf(0), vf(0)->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	world_run_resets();
	assert_int_equal(vf(0)->state, FUNCTION_OWNED);
	assert_int_equal(world_pages(WORLD_CONTROL), SIZE / SZ_4K);
}

/* Its driver sleeps and wakes it: as VF MSE says, not as Command, which has no say. */
static void a_vf_of_the_owners_is_mapped_after_its_sleep(void **state)
{
	uint32_t at;

	(void)state;
	model_pm(models[0]);
	enable(1);
	at = vf(0)->cap_pm + PCI_PM_CONTROL;
	owner_write(vf(0), at, 2, PCI_PM_D3HOT);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	owner_write(vf(0), at, 2, PCI_PM_D0);
	assert_int_equal(world_pages(WORLD_CONTROL), SIZE / SZ_4K);
}

/* As on hardware: a reset of the PF takes its VFs along, and what it had in its registers. */
static void a_reset_of_the_pf_takes_them_first(void **state)
{
	(void)state;
	enable(2);
	owner_write(pf, pf->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	assert_int_equal(owner_read(pf, 0, 4), 0xffffffff);
	assert_int_equal(lend_world.resets, 0);
	world_run_jobs();
	assert_null(vf(0));
	assert_int_equal(lend_world.resets, 1);
	world_run_resets();
	assert_int_equal(control_now(), 0x10);
	assert_int_equal(owner_read(pf, cap + PCI_SRIOV_NUM, 2), 0);
	nothing_is_left();
	enable(2);
}

/* Disabling meets a VF on its way into quarantine: it is waited for. */
static void one_under_reset_is_waited_for(void **state)
{
	(void)state;
	enable(2);
	assert_int_equal(lend_quarantine(vf(1), ""), 0);
	control(0);
	for (uint32_t i = 0; i < 50; i++) {
		assert_true(world_step_job());
	}
	assert_non_null(vf(1));
	assert_int_equal(pf->sriov.state, PCI_VFS_GOING);
	world_run_resets();
	world_run_jobs();
	nothing_is_left();
}

#define T(name) cmocka_unit_test_setup_teardown(name, vfs_rig_setup, vfs_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_guest_has_an_endpoint_like_any),
		T(two_in_one_guest_are_two_devices),
		T(what_is_lent_stays),
		T(a_stream_of_two_is_shut_by_who_goes_last),
		T(vf_mse_maps_the_owners),
		T(big_pages_spread_the_owners),
		T(a_vf_of_the_owners_is_mapped_after_its_reset),
		T(a_vf_of_the_owners_is_mapped_after_its_sleep),
		T(a_reset_of_the_pf_takes_them_first),
		T(one_under_reset_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
