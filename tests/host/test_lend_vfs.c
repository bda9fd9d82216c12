/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual functions come and go: registry, owner's view, what is not enabled. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vfs_rig.h"

static void enabled_ones_are_functions_of_their_own(void **state)
{
	uint64_t base = pf->sriov.bars[0].address;

	(void)state;
	enable(3);
	for (uint8_t i = 0; i < 3; i++) {
		assert_non_null(vf(i));
		assert_ptr_equal(vf(i)->pf, pf);
		assert_int_equal(vf(i)->state, FUNCTION_OWNED);
		assert_int_equal(vf(i)->user, WORLD_CONTROL);
		assert_int_equal(vf(i)->vendor, 0x10c9);
		assert_int_equal(vf(i)->device, 0x10ca);
		assert_int_equal(vf(i)->class_code, 0x020000);
		assert_int_equal(vf(i)->reset_methods, RESET_BIT(RESET_FLR));
		assert_int_equal(vf(i)->msix.entries, 3);
		assert_int_equal(vf(i)->stream.v, 0x180 + 2 * i);
		assert_int_equal(vf(i)->bars[0].address, base + i * SIZE);
		assert_int_equal(vf(i)->bars[0].cpu.v, WORLD_CPU_OFFSET + base + i * SIZE);
		assert_int_equal(world_dma(vf(i)), WORLD_CONTROL);
		for (const struct pci_function *f = pci_function_first(); f; f = f->next) {
			assert_true(f == vf(i) || f->group != vf(i)->group);
		}
		/* As on hardware: no IDs, BARs or decode of its own; mapped where VF BARs are. */
		assert_int_equal(owner_read(vf(i), 0, 4), 0xffffffff);
		assert_int_equal(owner_read(vf(i), 8, 4) >> 8, 0x020000);
		assert_int_equal(owner_read(vf(i), 0x10, 4), 0);
		assert_int_equal(world_translate(WORLD_CONTROL, vf(i)->bars[0].cpu.v + 0x10),
				 vf(i)->bars[0].cpu.v + 0x10);
	}
	assert_null(vf(3));
	assert_int_equal(world_pages(WORLD_CONTROL), 3 * SIZE / SZ_4K);
	assert_int_equal(lend_world.itts, 2 + 3);
	assert_int_equal(control_now(), ENABLE | MSE | 0x10);
}

/* Everything is in place before VF Enable; and for 100 ms after it nobody speaks to a VF. */
static void hardware_is_told_in_order(void **state)
{
	uint32_t seen = 0;

	(void)state;
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, 2);
	world.pci.write_count = 0;
	control(ENABLE | MSE);
	lend_world.now_ms = 5000;
	while (world_step_job()) {
		bool enabled = model_get(card, cap + PCI_SRIOV_CONTROL, 2) & ENABLE;

		for (uint32_t i = 0; i < 2 && lend_world.now_ms < 5100; i++) {
			assert_int_equal(models[i]->reads, 0);
		}
		if (enabled && seen == 0) {
			seen = world.pci.write_count;
		}
	}
	assert_true(lend_world.now_ms >= 5100);
	assert_int_not_equal(seen, 0);
	for (uint32_t i = 0; i < seen; i++) {
		const struct model_write *w = &world.pci.writes[i];

		assert_ptr_equal(w->f, card);
		assert_true(w->offset != cap + PCI_SRIOV_CONTROL || i == seen - 1);
	}
	assert_int_equal(model_get(card, cap + PCI_SRIOV_CONTROL, 2), ENABLE | MSE | 0x10);
	assert_int_equal(model_get(card, cap + PCI_SRIOV_PAGE_SIZE, 4), 1);
	assert_int_equal(model_get(card, cap + PCI_SRIOV_NUM, 2), 2);
	assert_int_equal(model_get(card, cap + PCI_SRIOV_BAR0, 4) & ~15U,
			 (uint32_t)pf->sriov.bars[0].address);
}

/* Who enables goes on at once; who speaks to a VF too early waits for it, and finds it. */
static void only_the_impatient_wait(void **state)
{
	struct mmio_access a = { .size = 2, .write = true, .value = ENABLE | MSE };

	(void)state;
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, 2);
	assert_int_equal(world_access(WORLD_CONTROL, &a,
				      world_owner_cfg(&world.bridge, pf->sbdf,
						      cap + PCI_SRIOV_CONTROL)),
			 MMIO_DONE);
	while (pf->sriov.state == PCI_VFS_OFF || !vpci_bus_peek(&lend_world.domains[WORLD_CONTROL],
								(struct vsbdf){ 0x182 })) {
		assert_true(world_step_job());
	}
	assert_int_equal(owner_read(pf, 0, 4), 0x10c910c9);
	assert_int_equal(lend_world.parked, 0);
	assert_null(vf(1));
	assert_int_equal(world_load(WORLD_CONTROL, vf_cfg(1, 8), 4) >> 8, 0x020000);
	assert_int_equal(lend_world.parked, 1);
	assert_non_null(vf(1));
}

static void a_slow_one_is_waited_for_and_a_dead_one_is_not(void **state)
{
	(void)state;
	models[0]->busy_reads = 300;
	models[1]->busy_reads = 8;
	models[1]->busy_crs = true;
	models[2]->never_returns = true;
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, 3);
	control(ENABLE | MSE);
	world_run_jobs();
	assert_int_equal(vf(0)->state, FUNCTION_OWNED);
	assert_int_equal(vf(1)->state, FUNCTION_OWNED);
	assert_int_equal(vf(2)->state, FUNCTION_BROKEN);
	assert_string_equal(vf(2)->broken_why, "not ready a second after VF Enable");
	assert_in_range(lend_world.now_ms, 1000, 1100);
	assert_int_equal(world_load(WORLD_CONTROL, vf_cfg(2, 8), 4), 0xffffffff);
	assert_int_equal(pf->sriov.state, PCI_VFS_ON);
	control(0);
	world_run_jobs();
	nothing_is_left();
}

static void disabled_ones_leave_nothing(void **state)
{
	struct pci_function *first;
	int64_t live;

	(void)state;
	enable(4);
	first = vf(0);
	quarantine(vf(1));
	control(0);
	assert_int_equal(control_now(), 0x10);
	world_run_jobs();
	nothing_is_left();
	assert_int_equal(world_dma(first), ~0U);
	assert_int_equal(pci_function_by_name("disk"), NULL);
	/* Their entries are used again: as often as the owner likes, no memory more. */
	live = fake_heap_live;
	for (uint32_t i = 0; i < 3; i++) {
		enable(4);
		assert_ptr_equal(vf(0), first);
		assert_int_equal(vf(1)->state, FUNCTION_OWNED);
		control(0);
		world_run_jobs();
		nothing_is_left();
		assert_int_equal(fake_heap_live, live);
	}
}

/* From VF Enable being cleared to the end, one that still is there cannot be lent any more. */
static void one_that_goes_is_not_lent(void **state)
{
	struct vsbdf where;

	(void)state;
	enable(1);
	quarantine(vf(0));
	control(0);
	assert_int_equal(attach(GUEST1, vf(0), 0, &where), -ENODEV);
	assert_int_equal(vf(0)->state, FUNCTION_QUARANTINED);
	world_run_jobs();
	nothing_is_left();
}

/* And the owner that enables them again at once waits until the last is gone. */
static void enabling_again_waits(void **state)
{
	(void)state;
	enable(4);
	control(0);
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, 2);
	assert_int_equal(lend_world.parked, 1);
	control(ENABLE | MSE);
	world_run_jobs();
	assert_non_null(vf(1));
	assert_null(vf(2));
}

static void not_enabled(const char *why)
{
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, 2);
	control(ENABLE | MSE);
	world_run_jobs();
	assert_int_equal(control_now(), 0x10);
	assert_true(fake_log_has(why));
	nothing_is_left();
}

static void bars_that_do_not_hold_are_not_enabled(void **state)
{
	(void)state;
	model_set32(card, cap + PCI_SRIOV_BAR0, PCI_BAR_TYPE_64, 0);
	not_enabled("virtual functions not enabled: no room for their BARs");
	assert_int_equal(owner_read(pf, 8, 4) >> 8, 0x020000);
}

static void a_sleeping_pf_enables_none(void **state)
{
	(void)state;
	owner_write(pf, pf->cap_pm + PCI_PM_CONTROL, 2, PCI_PM_D3HOT);
	not_enabled("virtual functions not enabled: it is not in D0");
	owner_write(pf, pf->cap_pm + PCI_PM_CONTROL, 2, PCI_PM_D0);
	enable(1);
}

static void numbers_of_others_are_not_enabled(void **state)
{
	(void)state;
	/* The device has changed its mind since it was scanned. */
	model_set16(card, cap + PCI_SRIOV_FIRST, 0x100, 0); /* bus 2 is the network card's */
	not_enabled("virtual functions not enabled: their requester IDs are not free");
	model_set16(card, cap + PCI_SRIOV_FIRST, 0, 0);
	not_enabled("virtual functions not enabled: they have no requester IDs of their own");
}

#define T(name) cmocka_unit_test_setup_teardown(name, vfs_rig_setup, vfs_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(enabled_ones_are_functions_of_their_own),
		T(hardware_is_told_in_order),
		T(only_the_impatient_wait),
		T(a_slow_one_is_waited_for_and_a_dead_one_is_not),
		T(disabled_ones_leave_nothing),
		T(one_that_goes_is_not_lent),
		T(enabling_again_waits),
		T(bars_that_do_not_hold_are_not_enabled),
		T(a_sleeping_pf_enables_none),
		T(numbers_of_others_are_not_enabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
