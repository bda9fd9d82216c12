/* SPDX-License-Identifier: BSD-2-Clause */
/* Resets a user asks for: what it and others see meanwhile and after, and how they fail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

/* Lent all the while; gone for its config space, its BARs and its DMA until the reset is over. */
static void guest_resets_its_function(void **state)
{
	struct its_device *itt;
	uint32_t resets;

	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	itt = nvme->itt;
	resets = lend_world.resets;
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x04, 2, 0x0006);
	guest_write(1, nvme->msix.cap + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	reset_by_guest(1, nvme);
	assert_int_equal(lend_world.resets, resets + 1);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	for (uint32_t o = 0; o < 4096; o += 4) {
		assert_int_equal(guest_read(1, o, 4), 0xffffffff);
		guest_write(1, o, 4, 0xffffffff);
	}
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 0);
	assert_int_equal(lend_world.resets, resets + 1);
	assert_int_equal(nvme->state, FUNCTION_LENT);

	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(nvme->user, WORLD_GUEST1);
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
	assert_int_equal(guest_read(1, 4, 2) & 7, 0);
	assert_int_equal(guest_read(1, 0x10, 4) & ~15U, 0);
	assert_int_equal(guest_read(1, nvme->msix.cap + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENABLE, 0);
	/* What the guest said to its ITS holds; its memory is in reach as before. */
	assert_ptr_equal(nvme->itt, itt);
	assert_ptr_equal(vpci_host_device(GUEST1, 1 << 3), itt);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
}

static void owner_resets_its_function(void **state)
{
	(void)state;
	owner_write(nic, 0x04, 2, 0x0007);
	owner_write(nic, nic->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	assert_int_equal(owner_read(nic, 0, 4), 0xffffffff);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	/* No port answers either. */
	assert_int_equal(world_load(WORLD_CONTROL, world.desc.windows[0].cpu, 1), 0xff);
	world_run_resets();
	assert_int_equal(nic->state, FUNCTION_OWNED);
	assert_int_equal(owner_read(nic, 0, 4), 0x10d38086);
	owner_write(nic, 0x10, 4, (uint32_t)nic->bars[0].address);
	owner_write(nic, 0x04, 2, 0x0006);
	assert_true(world_pages(WORLD_CONTROL) >= 32);
	/* Nothing of it is left when the function goes away, or in the middle of a reset. */
	owner_write(nic, nic->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	quarantine(nic);
	assert_int_equal(owner_read(nic, 0, 4), 0x10d38086);
	assert_int_equal(owner_read(nic, 4, 2), 0);
	assert_int_equal(lend_return_to_owner(nic), 0);
	assert_int_equal(owner_read(nic, 0x10, 4) & ~15U, (uint32_t)nic->bars[0].address);
}

/* However big the BAR, it is out of stage 2 before the reset starts, and nobody waits. */
static void reset_unmaps_a_big_bar(void **state)
{
	struct mmio_access a = { .size = 2, .write = true, .value = PCI_EXP_DEVCTL_FLR };
	uint32_t resets;

	(void)state;
	start_over();
	add_nvme(&world, 1, 16 * SZ_1M);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 4, 2, 2);
	assert_int_equal(world_pages(WORLD_GUEST1), 4096);
	resets = lend_world.resets;
	assert_int_equal(world_access(WORLD_GUEST1, &a,
				      world_guest_cfg(1, nvme->cap_express + PCI_EXP_DEVCTL)),
			 MMIO_DONE);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(lend_world.resets, resets + 1);
	world_run_resets();
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
}

/* Taken away in the middle: a reset of its own follows, and the user hears nothing any more. */
static void detach_during_a_guests_reset(void **state)
{
	(void)state;
	for (uint32_t wake = 0; wake < 2; wake++) {
		struct mmio_access a = { .size = 2, .write = true };

		quarantine(nic);
		lend_to(GUEST1, nic, 1);
		guest_write(1, 4, 2, 6);
		if (wake) {
			guest_write(1, nic->cap_pm + PCI_PM_CONTROL, 2, PCI_PM_D3HOT);
			assert_int_equal(world_access(WORLD_GUEST1, &a,
						      world_guest_cfg(1, nic->cap_pm +
									      PCI_PM_CONTROL)),
					 MMIO_RETRY);
		} else {
			reset_by_guest(1, nic);
		}
		assert_int_equal(lend_detach(nic), 0);
		assert_int_equal(nic->state, FUNCTION_RESETTING);
		assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
		assert_int_equal(world_dma(nic), ~0U);
		world_run_jobs();
		world_run_resets();
		assert_int_equal(nic->state, FUNCTION_QUARANTINED);
		assert_int_equal(lend_return_to_owner(nic), 0);
	}
}

static void teardown_during_a_guests_reset(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	reset_by_guest(1, nvme);
	GUEST1->state = DOMAIN_DYING;
	reclaim_all(GUEST1);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

/* It is taken from its user and stays broken, until an administrator tries again. */
static void failed_reset_of_a_user_and_retry(void **state)
{
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 4, 2, 6);
	reset_by_guest(1, nvme);
	lend_world.fail[STEP_RESET] = true;
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_non_null(nvme->broken_why);
	assert_int_equal(nvme->user, DOMAIN_ID_NONE);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_null(nvme->itt);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	assert_int_equal(attach(GUEST1, nvme, 0, &where), -EBADF);
	/* The first try is no better. */
	assert_int_equal(lend_quarantine(nvme, "disk"), 0);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	assert_null(nvme->broken_why);
	assert_int_equal(lend_quarantine(nvme, "disk"), -EBUSY);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_non_null(nvme->broken_why);
	lend_world.fail[STEP_RESET] = false;
	/* A stream that may be open is shut first. */
	lend_world.fail[STEP_ABORT] = true;
	assert_int_equal(lend_quarantine(nvme, "disk"), -EIO);
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	lend_world.fail[STEP_ABORT] = false;
	quarantine(nvme);
	lend_to(GUEST2, nvme, 1);
	assert_int_equal(world_dma(nvme), WORLD_GUEST2);
}

static void failed_reset_of_the_owner(void **state)
{
	(void)state;
	owner_write(nvme, 0x04, 2, 0x0006);
	owner_write(nvme, nvme->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
	lend_world.fail[STEP_RESET] = true;
	world_run_resets();
	lend_world.fail[STEP_RESET] = false;
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, 4, 2), 0);
	quarantine(nvme);
	assert_int_equal(lend_return_to_owner(nvme), 0);
}

/* The nic forgets its config on the way out of D3hot, the disk does not. */
static void d3hot_and_back(void **state)
{
	uint32_t control;

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	control = nvme->cap_pm + PCI_PM_CONTROL;
	guest_write(1, 4, 2, 6);
	guest_write(1, control, 2, PCI_PM_D3HOT);
	assert_int_equal(pci_read(nvme, control, 2) & PCI_PM_STATE, PCI_PM_D3HOT);
	/* What no BAR answers reads as ones, and is no request to the function. */
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	guest_write(1, control, 2, PCI_PM_D0);
	assert_int_equal(pci_read(nvme, control, 2) & PCI_PM_STATE, PCI_PM_D0);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(lend_world.wakes, 0);
	guest_write(1, 4, 2, 0);

	control = nic->cap_pm + PCI_PM_CONTROL;
	guest_write(2, 4, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 32 + 1 + 512);
	guest_write(2, control, 2, PCI_PM_D3HOT);
	assert_int_equal(guest_read(2, control, 2) & PCI_PM_STATE, PCI_PM_D3HOT);
	lend_world.parked = 0;
	guest_write(2, control, 2, PCI_PM_D0);
	/* The writer waited, and finds the function as after a reset. */
	assert_true(lend_world.parked > 0);
	assert_int_equal(lend_world.wakes, 1);
	assert_int_equal(nic->state, FUNCTION_LENT);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(2, 0, 4), 0x10d38086);
	assert_int_equal(guest_read(2, 4, 2) & 7, 0);
	guest_write(2, 0x10, 4, 0x30000000);
	guest_write(2, 4, 2, 2);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x30001000), nic->bars[0].cpu.v + 0x1000);
}

/* Decode may change while it sleeps; memory is there when it both decodes and is awake. */
static void decode_changes_in_d3hot(void **state)
{
	uint32_t control = nvme->cap_pm + PCI_PM_CONTROL;

	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, control, 2, PCI_PM_D3HOT);
	guest_write(1, 4, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(pci_read(nvme, 4, 2) & 7, 6);
	guest_write(1, control, 2, PCI_PM_D3HOT);
	guest_write(1, control, 2, PCI_PM_D0);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	guest_write(1, control, 2, PCI_PM_D0);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	guest_write(1, control, 2, PCI_PM_D3HOT);
	guest_write(1, 4, 2, 4);
	guest_write(1, control, 2, PCI_PM_D0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(pci_read(nvme, 4, 2) & 7, 4);
	/* A reset wakes it. */
	guest_write(1, control, 2, PCI_PM_D3HOT);
	reset_by_guest(1, nvme);
	world_run_resets();
	assert_int_equal(guest_read(1, control, 2) & PCI_PM_STATE, PCI_PM_D0);
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 4, 2, 2);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	/* And who gets it next finds nothing of it. */
	guest_write(1, control, 2, PCI_PM_D3HOT);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 4, 2, 2);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, lend_rig_setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(guest_resets_its_function),
		T(owner_resets_its_function),
		T(reset_unmaps_a_big_bar),
		T(detach_during_a_guests_reset),
		T(teardown_during_a_guests_reset),
		T(failed_reset_of_a_user_and_retry),
		T(failed_reset_of_the_owner),
		T(d3hot_and_back),
		T(decode_changes_in_d3hot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
