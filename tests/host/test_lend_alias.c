/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions behind a bridge to conventional PCI: they share a StreamID and an isolation group, so
 * they are in one domain's hands, and what happens to one must leave the other's DMA alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_contain.h"
#include "pci/registry.h"

static const struct lend_options anywhere;

/* The rig's disk and card, with one requester ID. */
static int setup(void **state)
{
	int r = lend_rig_setup(state);

	start_over();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	world_function(0, 2, 0, 0)->stream = world_function(0, 1, 0, 0)->stream;
	world_function(0, 2, 0, 0)->device_id = world_function(0, 1, 0, 0)->device_id;
	world_function(0, 1, 0, 0)->requester = 0x0500;
	world_function(0, 2, 0, 0)->requester = 0x0500;
	start(1);
	assert_int_equal(nvme->group, nic->group);
	return r;
}

static void both_to_a_guest(void)
{
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
}

static bool masters(struct pci_function *f)
{
	return (pci_read(f, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) != 0;
}

static void owner_keeps_the_other(void **state)
{
	(void)state;
	owner_write(nvme, 4, 2, 6);
	owner_write(nic, 4, 2, 6);
	quarantine(nic);
	assert_false(masters(nic));
	assert_true(masters(nvme));
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
	assert_int_equal(lend_return_to_owner(nic), 0);
	owner_write(nic, 4, 2, 6);
	assert_true(masters(nic));
	/* The last one closes it. */
	quarantine(nvme);
	assert_int_equal(world_dma(nic), WORLD_CONTROL);
	quarantine(nic);
	assert_int_equal(world_dma(nic), ~0U);
}

/* Is a capability in the list of the config space at cfg? */
static bool sees(uint32_t domain, uint64_t cfg, uint32_t id)
{
	uint64_t at = world_load(domain, cfg + PCI_CAP_POINTER, 1);

	while (at != 0 && world_load(domain, cfg + at, 1) != id) {
		at = world_load(domain, cfg + at + 1, 1);
	}
	return at != 0;
}

static bool owner_sees(const struct pci_function *f, uint32_t id)
{
	return sees(WORLD_CONTROL, world_owner_cfg(f->bridge, f->sbdf, 0), id);
}

static bool guest_sees(uint32_t slot, uint32_t id)
{
	return sees(WORLD_GUEST1, world_guest_cfg(slot, 0), id);
}

/* The bridge's requester ID, by which the owner names their MSIs, is no function's: pins only. */
static void owner_has_no_messages(void **state)
{
	(void)state;
	assert_true(owner_sees(nvme, PCI_CAP_EXPRESS));
	assert_false(owner_sees(nvme, PCI_CAP_MSIX));
	assert_false(owner_sees(nic, PCI_CAP_MSIX));
	assert_int_equal(lend_world.itts, 0);
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	assert_true(guest_sees(1, PCI_CAP_MSIX));
	assert_int_equal(lend_world.itts, 1);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_false(owner_sees(nvme, PCI_CAP_MSIX));
	assert_int_equal(lend_world.itts, 0);
}

static void guest_keeps_the_other(void **state)
{
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 4, 2, 6);
	assert_int_equal(lend_attach(GUEST2, nic, &anywhere, &where), -EEXIST);
	lend_to(GUEST1, nic, 2);
	guest_write(2, 4, 2, 6);
	assert_true(masters(nvme));
	assert_int_equal(world_dma(nic), WORLD_GUEST1);
	assert_int_equal(lend_detach(nic), 0);
	world_run_resets();
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	assert_false(masters(nic));
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(world_dma(nvme), ~0U);
	lend_to(GUEST2, nic, 1);
	assert_int_equal(world_dma(nic), WORLD_GUEST2);
}

static void failed_lend_leaves_the_other(void **state)
{
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 4, 2, 6);
	for (int64_t n = 1; n < 20; n++) {
		int r;

		fake_heap_fail_in = n;
		r = lend_attach(GUEST1, nic, &anywhere, &where);
		fake_heap_fail_in = 0;
		assert_true(masters(nvme));
		assert_int_equal(world_dma(nvme), WORLD_GUEST1);
		if (r == 0) {
			assert_true(n > 3);
			return;
		}
		assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	}
	fail();
}

/* One that is taken away has its user until its DMA has stopped: nobody else gets a member. */
static void not_lent_while_a_member_is_taken_away(void **state)
{
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nic, 1);
	nic->state = FUNCTION_RESETTING; /* claimed by another CPU, not cut off yet */
	assert_int_equal(lend_attach(GUEST2, nvme, &anywhere, &where), -EEXIST);
	assert_int_equal(lend_return_to_owner(nvme), -EEXIST);
	assert_int_equal(world_dma(nic), WORLD_GUEST1);
	nic->state = FUNCTION_LENT;
}

static void both_go_with_their_domain(void **state)
{
	(void)state;
	both_to_a_guest();
	guest_write(1, 4, 2, 6);
	guest_write(2, 4, 2, 6);
	GUEST1->state = DOMAIN_DYING;
	reclaim_all(GUEST1);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(lend_world.streams_open, 0);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
}

static void assert_broken(struct pci_function *f, const char *why)
{
	assert_int_equal(f->state, FUNCTION_BROKEN);
	assert_string_equal(f->broken_why, why);
	assert_int_equal(f->user, DOMAIN_ID_NONE);
	assert_false(masters(f));
}

/* Silencing one silences the other: neither stays lent with its DMA dead. */
static void contained_together(void **state)
{
	struct vsbdf where;

	(void)state;
	both_to_a_guest();
	guest_write(1, 4, 2, 6);
	guest_write(2, 4, 2, 6);
	contain(nic, PCI_CONTAIN_FATAL);
	assert_broken(nic, "fatal-error");
	assert_broken(nvme, "fatal-error");
	assert_int_equal(world_dma(nic), ~0U);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	assert_int_equal(guest_read(2, 0, 4), 0xffffffff);
	assert_int_equal(lend_world.itts, 0);

	/* The way back is one at a time, and ends with DMA for both. */
	quarantine(nvme);
	assert_int_equal(attach(GUEST1, nvme, 1, &where), -EEXIST);
	quarantine(nic);
	lend_to(GUEST1, nvme, 1);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	lend_to(GUEST1, nic, 2);
	assert_int_equal(world_dma(nic), WORLD_GUEST1);
}

static void owners_contained_together(void **state)
{
	(void)state;
	owner_write(nvme, 4, 2, 6);
	owner_write(nic, 4, 2, 6);
	contain(nvme, PCI_CONTAIN_DMA);
	assert_broken(nvme, "dma-faults");
	assert_broken(nic, "dma-faults");
	assert_int_equal(world_dma(nic), ~0U);
	quarantine(nvme);
	quarantine(nic);
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(lend_return_to_owner(nic), 0);
	assert_int_equal(world_dma(nic), WORLD_CONTROL);
}

/* Neither is used again before the stream is confirmed shut. */
static void contained_by_an_iommu_that_does_not_confirm(void **state)
{
	(void)state;
	both_to_a_guest();
	lend_world.fail[STEP_ABORT] = true;
	contain(nvme, PCI_CONTAIN_ACCESS);
	assert_broken(nvme, "access-error");
	assert_broken(nic, "access-error");
	assert_int_equal(lend_quarantine(nvme, ""), -EIO);
	assert_int_equal(lend_quarantine(nic, ""), -EIO);
	lend_world.fail[STEP_ABORT] = false;
	quarantine(nvme);
	quarantine(nic);
	assert_int_equal(world_dma(nic), ~0U);
}

/* Nobody's, it may be the one that does the harm; on its way out, its reset is the verdict. */
static void contained_whatever_the_other_does(void **state)
{
	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nic, 1);
	contain(nic, PCI_CONTAIN_DMA);
	assert_broken(nvme, "dma-faults");
	assert_broken(nic, "dma-faults");
	quarantine(nvme);
	quarantine(nic);

	lend_to(GUEST1, nvme, 1);
	lend_to(GUEST1, nic, 2);
	assert_int_equal(lend_detach(nvme), 0);
	contain(nvme, PCI_CONTAIN_DMA);
	assert_broken(nic, "dma-faults");
	assert_int_equal(world_dma(nic), ~0U);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	quarantine(nic);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(owner_keeps_the_other),
		T(owner_has_no_messages),
		T(guest_keeps_the_other),
		T(failed_lend_leaves_the_other),
		T(not_lent_while_a_member_is_taken_away),
		T(both_go_with_their_domain),
		T(contained_together),
		T(owners_contained_together),
		T(contained_by_an_iommu_that_does_not_confirm),
		T(contained_whatever_the_other_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
