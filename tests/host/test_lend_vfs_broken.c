/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual functions when something fails, or their card goes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_plug.h"
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "vfs_rig.h"

/* Each allocation fails once: all VFs, some broken, or none at all; never half of something. */
static void out_of_memory_at_each_step(void **state)
{
	bool complete = false;

	(void)state;
	for (int64_t n = 1; !complete; n++) {
		owner_write(pf, cap + PCI_SRIOV_NUM, 2, 2);
		fake_heap_fail_in = n;
		control(ENABLE | MSE);
		world_run_jobs();
		complete = fake_heap_fail_in > 0;
		fake_heap_fail_in = 0;
		if (pf->sriov.state == PCI_VFS_OFF) {
			assert_int_equal(control_now(), 0x10);
			nothing_is_left();
			continue;
		}
		for (uint8_t i = 0; i < 2; i++) {
			assert_true(vf(i)->state == FUNCTION_OWNED ||
				    (!complete && vf(i)->state == FUNCTION_BROKEN));
			assert_int_equal(world_dma(vf(i)),
					 vf(i)->state == FUNCTION_OWNED ? WORLD_CONTROL : ~0U);
		}
		control(0);
		world_run_jobs();
		nothing_is_left();
	}
}

static void failures_of_iommu_and_its_break_one(void **state)
{
	static const enum world_step steps[] = { STEP_ATTACH, STEP_ITS_MAP };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(steps); i++) {
		owner_write(pf, cap + PCI_SRIOV_NUM, 2, 1);
		lend_world.fail[steps[i]] = true;
		control(ENABLE | MSE);
		world_run_jobs();
		lend_world.fail[steps[i]] = false;
		assert_int_equal(vf(0)->state, FUNCTION_BROKEN);
		assert_int_equal(world_dma(vf(0)), ~0U);
		control(0);
		world_run_jobs();
		nothing_is_left();
	}
}

/*
 * A PF that is cut off does no harm to guests that have its VFs; when they are done, an
 * administrator's retry takes what is left of them and resets it.
 */
static void a_broken_pf_is_retried_without_them(void **state)
{
	struct vsbdf where;

	(void)state;
	enable(2);
	quarantine(vf(0));
	assert_int_equal(lend_quarantine(vf(1), ""), 0);
	world_run_resets();
	lend_to(GUEST1, vf(0), 0);
	contain(pf, "too many faults");
	assert_int_equal(pf->state, FUNCTION_BROKEN);
	assert_int_equal(vf(0)->state, FUNCTION_LENT);
	assert_int_equal(world_dma(vf(0)), WORLD_GUEST1);
	assert_int_equal(attach(GUEST2, vf(1), 0, &where), -ENOLINK);
	assert_int_equal(lend_quarantine(pf, ""), -ENOTEMPTY);
	/* Refused, not waiting for the guest to end. */
	assert_int_equal(pf->state, FUNCTION_BROKEN);
	assert_string_equal(pf->broken_why, "too many faults");
	assert_int_equal(world_run_jobs(), 0);
	assert_int_equal(lend_detach(vf(0)), 0);
	world_run_resets();
	assert_int_equal(lend_quarantine(pf, ""), 0);
	assert_int_equal(pf->state, FUNCTION_RESETTING);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(pf->state, FUNCTION_QUARANTINED);
	assert_null(vf(0));
	assert_int_equal(lend_return_to_owner(pf), 0);
	nothing_is_left();
}

/* Of a broken one nobody may know that its stream is shut: it is shut before its number is free. */
static void a_broken_one_goes_with_its_stream_shut(void **state)
{
	(void)state;
	enable(2);
	lend_world.fail[STEP_ABORT] = true;
	assert_int_not_equal(lend_quarantine(vf(0), ""), 0);
	lend_world.fail[STEP_ABORT] = false;
	assert_int_equal(vf(0)->state, FUNCTION_BROKEN);
	assert_int_equal(world_dma(vf(0)), WORLD_CONTROL);
	control(0);
	world_run_jobs();
	nothing_is_left();
	assert_int_equal(world_dma(pci_vf_find(pf, 0)), ~0U);
	enable(2);
	assert_int_equal(world_dma(vf(0)), WORLD_CONTROL);
}

/* The card is torn out of its slot, with VFs in quarantine, a guest's and its owner's. */
static void all_go_with_a_card_that_is_torn_out(void **state)
{
	enum job_status status;
	uint32_t steps = 0;

	(void)state;
	enable(VFS);
	quarantine(vf(0));
	quarantine(vf(1));
	lend_to(GUEST1, vf(1), 3);
	guest_write(3, PCI_COMMAND, 2, 6);
	card->gone = true;
	for (uint32_t i = 0; i < VFS; i++) {
		models[i]->gone = true;
	}
	while ((status = pci_unplug_step(pf->parent, "torn out")) != JOB_DONE) {
		assert_true(++steps < 200);
		world_run_jobs();
	}
	for (uint8_t i = 0; i < VFS; i++) {
		assert_null(vf(i));
		assert_int_equal(world_load(WORLD_CONTROL, vf_cfg(i, 0), 4), 0xffffffff);
	}
	assert_int_equal(pf->state, FUNCTION_ABSENT);
	assert_int_equal(pf->sriov.state, PCI_VFS_OFF);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(lend_world.itts, 1); /* the network card's */
	assert_int_equal(nic->state, FUNCTION_OWNED);
}

/*
 * Threads found it: the PF goes and comes back before a CPU gets to VF Enable. Its new registers
 * know that the old request is under way, which finds that nobody wants it any more.
 */
static void the_pf_goes_and_comes_back_before_they_come(void **state)
{
	uint32_t parked = lend_world.parked;

	(void)state;
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, 2);
	control(ENABLE | MSE);
	quarantine(pf);
	assert_int_equal(lend_return_to_owner(pf), 0);
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, 2);
	assert_int_equal(lend_world.parked, parked + 1);
	assert_true(fake_log_has("not enabled: the function was taken from its owner"));
	nothing_is_left();
	enable(2);
	assert_non_null(vf(1));
}

#define T(name) cmocka_unit_test_setup_teardown(name, vfs_rig_setup, vfs_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_go_with_a_card_that_is_torn_out),
		T(the_pf_goes_and_comes_back_before_they_come),
		T(a_broken_one_goes_with_its_stream_shut),
		T(out_of_memory_at_each_step),
		T(failures_of_iommu_and_its_break_one),
		T(a_broken_pf_is_retried_without_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
