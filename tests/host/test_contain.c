/* SPDX-License-Identifier: BSD-2-Clause */
/* A function that does harm is cut off from whoever has it, and comes back by a reset only. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_cpus.h"
#include "fake_log.h"
#include "iommu/iommu.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

/* What the rule says, not what the code has. */
#define TOO_MANY_A_SECOND 100

static void fault(const struct pci_function *f, uint32_t count)
{
	struct iommu_fault one = { .stream = f->stream, .code = 0x10, .address = 0x1000,
				   .name = "F_TRANSLATION" };

	for (uint32_t i = 0; i < count; i++) {
		pci_iommu_fault(f->iommu, &one);
	}
}

static void lend_both(void)
{
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST2, nic, 1);
	guest_write(1, PCI_COMMAND, 2, 6);
}

static int setup(void **state)
{
	fake_cpus_reset(1);
	return lend_rig_setup(state);
}

static void assert_cut_off(const struct pci_function *f, const char *why)
{
	assert_int_equal(f->state, FUNCTION_BROKEN);
	assert_string_equal(f->broken_why, why);
	assert_int_equal(f->user, DOMAIN_ID_NONE);
	assert_int_equal(world_dma(f), ~0U);
	assert_true(world_silent(f));
	assert_null(f->itt);
}

static void test_a_flood_of_faults_cuts_off(void **state)
{
	struct vsbdf where;

	(void)state;
	lend_both();
	fault(nvme, TOO_MANY_A_SECOND - 1);
	assert_int_equal(world_run_jobs(), 0);
	assert_int_equal(nvme->state, FUNCTION_LENT);
	fault(nvme, 1);
	/* At once, whatever else takes its time. */
	assert_int_equal(world_dma(nvme), ~0U);
	world_run_jobs();
	assert_cut_off(nvme, "dma-faults");
	assert_int_equal(nvme->fault_count, TOO_MANY_A_SECOND);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 7, 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	assert_true(fake_log_has("cut off from d1"));
	/* The neighbour goes on. */
	assert_int_equal(nic->state, FUNCTION_LENT);
	assert_int_equal(world_dma(nic), WORLD_GUEST2);

	assert_int_equal(attach(GUEST1, nvme, 1, &where), -EBADF);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_false(world_silent(nvme));
	assert_int_equal(nvme->fault_count, TOO_MANY_A_SECOND);
}

static void test_one_second_is_not_another(void **state)
{
	(void)state;
	lend_both();
	for (uint32_t s = 1; s < 20; s++) {
		fake_now += ticks_per_second();
		fault(nvme, TOO_MANY_A_SECOND - 1);
	}
	assert_int_equal(world_run_jobs(), 0);
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(nvme->fault_count, 19 * (TOO_MANY_A_SECOND - 1));
}

/* Its bridge's owner is no better: identity stays, the function goes. */
static void test_the_owners_function_too(void **state)
{
	(void)state;
	owner_write(nvme, PCI_COMMAND, 2, 6);
	fault(nvme, TOO_MANY_A_SECOND);
	world_run_jobs();
	assert_cut_off(nvme, "dma-faults");
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, PCI_COMMAND, 2), 0);
	quarantine(nvme);
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
}

static void test_in_quarantine_it_breaks(void **state)
{
	(void)state;
	quarantine(nvme);
	fault(nvme, TOO_MANY_A_SECOND);
	world_run_jobs();
	assert_cut_off(nvme, "dma-faults");
}

/* Whoever takes it away first has it; the reset that follows is the verdict. */
static void test_on_its_way_out_it_is_left_alone(void **state)
{
	(void)state;
	lend_both();
	fault(nvme, TOO_MANY_A_SECOND);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(nvme->user, DOMAIN_ID_NONE);
}

static void test_under_its_users_own_reset(void **state)
{
	(void)state;
	lend_both();
	reset_by_guest(1, nvme);
	pci_contain(nvme, PCI_CONTAIN_DMA);
	world_run_jobs();
	world_run_resets();
	assert_cut_off(nvme, "dma-faults");
	quarantine(nvme);
}

/* However many routes there are: silent at once and until the end. */
static void test_with_many_routes(void **state)
{
	(void)state;
	lend_both();
	lend_world.routes = 100;
	fault(nvme, TOO_MANY_A_SECOND);
	assert_int_equal(world_dma(nvme), ~0U);
	do {
		assert_true(world_silent(nvme));
		assert_int_not_equal(nvme->state, FUNCTION_BROKEN);
		assert_true(world_step_job());
	} while (lend_world.routes != 0);
	world_run_jobs();
	assert_cut_off(nvme, "dma-faults");
	quarantine(nvme);
}

static void test_its_domain_may_end_meanwhile(void **state)
{
	(void)state;
	lend_both();
	fault(nvme, TOO_MANY_A_SECOND);
	GUEST1->state = DOMAIN_DYING;
	reclaim_all(GUEST1);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(nic->state, FUNCTION_LENT);
}

/* An IOMMU that does not confirm leaves its own, worse reason out of the way of the first. */
static void test_an_iommu_that_does_not_confirm(void **state)
{
	(void)state;
	lend_both();
	lend_world.fail[STEP_ABORT] = true;
	fault(nvme, TOO_MANY_A_SECOND);
	world_run_jobs();
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_int_equal(lend_quarantine(nvme, "disk"), -EIO);
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	lend_world.fail[STEP_ABORT] = false;
	quarantine(nvme);
}

static void test_config_space_that_aborts(void **state)
{
	(void)state;
	lend_both();
	pci_access_failed(nvme->sbdf);
	world_run_jobs();
	assert_cut_off(nvme, "access-error");
	assert_int_equal(nic->state, FUNCTION_LENT);
	/* In a reset it may; absent functions and bridges too. */
	assert_int_equal(lend_quarantine(nvme, ""), 0);
	pci_access_failed(nvme->sbdf);
	pci_access_failed(sbdf_make(0, 0, 1, 0));
	pci_access_failed(sbdf_make(0, 7, 7, 0));
	assert_int_equal(world_run_jobs(), 0);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

/* An I/O port is such an access too; only the guest that made it, and its function, notice. */
static void test_a_port_that_aborts(void **state)
{
	(void)state;
	for (uint32_t write = 0; write < 2; write++) {
		lend_both();
		world_store(WORLD_GUEST2, world_guest_cfg(1, PCI_BAR0 + 16), 4, 0x8000);
		world_store(WORLD_GUEST2, world_guest_cfg(1, PCI_COMMAND), 2, PCI_COMMAND_IO);
		assert_int_equal(world_load(WORLD_GUEST2, GUEST_PCI_IO_BASE + 0x8004, 2), 0);
		lend_world.ports_abort = true;
		if (write) {
			world_store(WORLD_GUEST2, GUEST_PCI_IO_BASE + 0x8004, 2, 0x1234);
		} else {
			assert_int_equal(world_load(WORLD_GUEST2, GUEST_PCI_IO_BASE + 0x8004, 2),
					 0xffff);
		}
		assert_int_equal(world_dma(nic), ~0U);
		world_run_jobs();
		assert_cut_off(nic, "access-error");
		assert_int_equal(nvme->state, FUNCTION_LENT);
		/* Nothing is there any more, so nothing aborts. */
		assert_int_equal(world_load(WORLD_GUEST2, GUEST_PCI_IO_BASE + 0x8004, 2), 0xffff);
		lend_world.ports_abort = false;
		assert_int_equal(world_run_jobs(), 0);
		assert_int_equal(lend_detach(nvme), 0);
		world_run_resets();
		assert_int_equal(lend_return_to_owner(nvme), 0);
		quarantine(nic);
		assert_int_equal(lend_return_to_owner(nic), 0);
	}
}

/* Disk and card with one StreamID, both in one guest's hands. */
static int setup_shared(void **state)
{
	int r = setup(state);

	start_over();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	world_function(0, 2, 0, 0)->stream = world_function(0, 1, 0, 0)->stream;
	start(1);
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	return r;
}

/* A fault says only the stream: all that share it are counted, and go. */
static void test_a_shared_stream_goes_as_one(void **state)
{
	(void)state;
	fault(nic, TOO_MANY_A_SECOND - 1);
	assert_int_equal(world_run_jobs(), 0);
	fault(nic, 1);
	assert_int_equal(world_dma(nic), ~0U);
	world_run_jobs();
	assert_cut_off(nvme, "dma-faults");
	assert_cut_off(nic, "dma-faults");
	assert_int_equal(nvme->fault_count, TOO_MANY_A_SECOND);
	assert_int_equal(nic->fault_count, TOO_MANY_A_SECOND);
	assert_true(fake_log_has("or another function with its StreamID"));

	/* That the first is broken already does not spare the second. */
	quarantine(nic);
	fault(nic, TOO_MANY_A_SECOND);
	world_run_jobs();
	assert_cut_off(nic, "dma-faults");

	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nic, 2);
	assert_int_equal(world_dma(nic), WORLD_GUEST1);
	assert_false(world_silent(nic));
	assert_int_equal(world_run_jobs(), 0);
}

/* One of them is on its way out when the harm is found: the other goes, and silence stays. */
static void test_a_shared_stream_stays_silent(void **state)
{
	(void)state;
	fault(nic, TOO_MANY_A_SECOND);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_jobs();
	assert_cut_off(nic, "dma-faults");
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_true(world_silent(nvme));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_flood_of_faults_cuts_off, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_one_second_is_not_another, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_the_owners_function_too, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_in_quarantine_it_breaks, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_on_its_way_out_it_is_left_alone, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_under_its_users_own_reset, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_with_many_routes, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_its_domain_may_end_meanwhile, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_an_iommu_that_does_not_confirm, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_config_space_that_aborts, setup,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_a_port_that_aborts, setup, lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_a_shared_stream_goes_as_one, setup_shared,
						lend_rig_teardown),
		cmocka_unit_test_setup_teardown(test_a_shared_stream_stays_silent, setup_shared,
						lend_rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
