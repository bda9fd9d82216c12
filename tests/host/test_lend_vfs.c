/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual functions from VF Enable to the end: registry, owner's view, lending, failures. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/pci_plug.h"
#include "pci/pci_contain.h"
#include "pci/pci_vf.h"
#include "pci/registry.h"
#include "vpci/vfs.h"

#define VFS     4U
#define SIZE    0x4000U
#define ENABLE  1U
#define MSE     8U

static struct model_function *card;
static struct model_function *models[VFS];
static struct pci_function *pf; /* 0000:01:00.0; VFs at 01:10.0, .2, .4, .6 */
static uint32_t cap;

static int setup(void **state)
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

static struct pci_function *vf(uint8_t i)
{
	return pci_function_find(sbdf_make(0, 1, (uint8_t)(0x10 + i / 4), (uint8_t)(2 * i & 7)));
}

static uint64_t vf_cfg(uint8_t i, uint32_t reg)
{
	return world_owner_cfg(&world.bridge,
			       sbdf_make(0, 1, (uint8_t)(0x10 + i / 4), (uint8_t)(2 * i & 7)), reg);
}

static void control(uint32_t bits)
{
	owner_write(pf, cap + PCI_SRIOV_CONTROL, 2, bits);
}

static uint32_t control_now(void)
{
	return owner_read(pf, cap + PCI_SRIOV_CONTROL, 2);
}

static void enable(uint16_t count)
{
	owner_write(pf, cap + PCI_SRIOV_NUM, 2, count);
	control(ENABLE | MSE);
	world_run_jobs();
	assert_int_equal(pf->sriov.state, PCI_VFS_ON);
}

static void nothing_is_left(void)
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

static int teardown(void **state)
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(enabled_ones_are_functions_of_their_own),
		T(hardware_is_told_in_order),
		T(only_the_impatient_wait),
		T(a_slow_one_is_waited_for_and_a_dead_one_is_not),
		T(disabled_ones_leave_nothing),
		T(a_guest_has_an_endpoint_like_any),
		T(two_in_one_guest_are_two_devices),
		T(what_is_lent_stays),
		T(vf_mse_maps_the_owners),
		T(big_pages_spread_the_owners),
		T(a_vf_of_the_owners_is_mapped_after_its_reset),
		T(a_vf_of_the_owners_is_mapped_after_its_sleep),
		T(a_reset_of_the_pf_takes_them_first),
		T(one_under_reset_is_waited_for),
		T(one_that_goes_is_not_lent),
		T(enabling_again_waits),
		T(all_go_with_a_card_that_is_torn_out),
		T(the_pf_goes_and_comes_back_before_they_come),
		T(a_broken_one_goes_with_its_stream_shut),
		T(bars_that_do_not_hold_are_not_enabled),
		T(a_sleeping_pf_enables_none),
		T(numbers_of_others_are_not_enabled),
		T(out_of_memory_at_each_step),
		T(failures_of_iommu_and_its_break_one),
		T(a_broken_pf_is_retried_without_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
