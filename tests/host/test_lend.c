/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's life: lending and reclaiming, the order of steps, and failures at each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "fake_log.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"
#include "vpci/bus.h"

static void owner_sees_the_host(void **state)
{
	const struct pci_function *port = world_function(0, 0, 1, 0);

	(void)state;
	assert_int_equal(owner_read(nvme, 0x00, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, 0x08, 4) >> 8, 0x010802);
	assert_int_equal(owner_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
	assert_int_equal(owner_read(port, 0x19, 1), 1);
	assert_int_equal(owner_read(port, 0x0e, 1), 1);
	assert_int_equal(world_load(WORLD_CONTROL,
				    world_owner_cfg(&world.bridge, sbdf_make(0, 9, 3, 0), 0), 4),
			 0xffffffff);
	assert_int_equal(nvme->state, FUNCTION_OWNED);
	assert_int_equal(nvme->user, WORLD_CONTROL);
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
	assert_int_equal(lend_world.itts, 2);
}

/* An access nobody answers, or of a shape config space has not, reads as all ones of its size. */
static void odd_accesses_read_ones(void **state)
{
	uint64_t cfg = world_owner_cfg(&world.bridge, nvme->sbdf, 0);
	struct mmio_access a = { .size = 2 };

	(void)state;
	assert_int_equal(world_access(WORLD_CONTROL, &a, cfg + 1), MMIO_DONE);
	assert_int_equal(a.value, 0xffff);
	a = (struct mmio_access){ .size = 8 };
	assert_int_equal(world_access(WORLD_CONTROL, &a, cfg), MMIO_DONE);
	assert_int_equal(a.value & 0xffffffff, 0x00101b36);
	assert_int_equal(a.value >> 32, owner_read(nvme, 4, 4));
	assert_true(world_load(WORLD_GUEST1, world_guest_cfg(3, 0), 8) == ~0ULL);
	assert_int_equal(world_load(WORLD_GUEST1, world_guest_cfg(3, 0), 1), 0xff);
	/* Another bus of the guest's window, up to its last byte. */
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_ECAM_BASE + (1 << 20), 2), 0xffff);
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_ECAM_BASE + GUEST_PCI_ECAM_SIZE - 1, 1),
			 0xff);
	world_store(WORLD_GUEST1, world_guest_cfg(3, 4), 2, 6);
	/* And apertures where no BAR is. */
	assert_int_equal(world_load(WORLD_GUEST1, GUEST_PCI_MEM32_BASE + 0x100, 4), 0xffffffff);
	world_store(WORLD_GUEST1, GUEST_PCI_MEM64_BASE + 0x100, 8, 1);
}

/* D2: the same bus, device and function in two segments are two functions. */
static void d2_segments_do_not_mix(void **state)
{
	struct pci_function *other;

	(void)state;
	start_over();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	pci_world_init(&second, 5, 0, 15);
	add_nic(&second, 1);
	for (uint32_t i = 0; i < second.desc.window_count; i++) {
		second.desc.windows[i].cpu += 0x20000000000ULL;
	}
	second.desc.iommu_map[0].out_base = 0x10000;
	bring_up(&world, 0x4010000000ULL);
	bring_up(&second, 0x5010000000ULL);
	start(2);
	other = world_function(5, 1, 0, 0);
	assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	assert_int_equal(owner_read(other, 0, 4), 0x10d38086);
	quarantine(nvme);
	lend_to(GUEST1, nvme, 0);
	assert_int_equal(other->state, FUNCTION_OWNED);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_int_equal(world_dma(other), WORLD_CONTROL);
	owner_write(other, 4, 2, 2);
	assert_int_not_equal(world_pages(WORLD_CONTROL), 0);
	assert_null(vpci_host_device(&lend_world.domains[WORLD_CONTROL], nvme->sbdf.v));
	assert_ptr_equal(vpci_host_device(&lend_world.domains[WORLD_CONTROL], other->sbdf.v),
			 other->itt);
	lend_world_end();
	pci_world_free(&second);
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	lend_world_init(NULL, 0);
}

/* Below a bridge without owner: from nobody into quarantine, to a guest, and back there. */
static void bridge_without_owner(void **state)
{
	const struct lend_options options = { 0 };
	struct vsbdf where;

	(void)state;
	start_over();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(0);
	assert_int_equal(lend_attach(GUEST1, nvme, &options, &where), -EINVAL);
	assert_int_equal(lend_quarantine(nvme, ""), 0);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	assert_int_equal(lend_quarantine(nvme, ""), -EBUSY);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(lend_return_to_owner(nvme), -ENODEV);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(lend_attach(GUEST1, nvme, &options, &where), 0);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	GUEST1->state = DOMAIN_DYING;
	reclaim_all(GUEST1);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(world_dma(nvme), ~0U);
}

static void quarantine_takes_everything(void **state)
{
	(void)state;
	owner_write(nvme, 0x04, 2, 0x0406);
	assert_int_equal(lend_quarantine(nvme, "disk"), 0);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(lend_world.itts, 1);
	/* Still listed, and nothing else. */
	assert_int_equal(owner_read(nvme, 0x00, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, 0x10, 4), 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 0);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(lend_quarantine(nvme, "disk"), -EBUSY);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_string_equal(nvme->name, "disk");
	assert_int_equal(nvme->user, DOMAIN_ID_NONE);
}

static void return_gives_it_back_whole(void **state)
{
	(void)state;
	quarantine(nvme);
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(nvme->state, FUNCTION_OWNED);
	assert_int_equal(nvme->name[0], 0);
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
	assert_int_equal(lend_world.itts, 2);
	assert_int_equal(owner_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_CONTROL), 4);
}

static void guest_drives_a_lent_function(void **state)
{
	uint32_t slot;

	(void)state;
	quarantine(nvme);
	slot = lend_to(GUEST1, nvme, 0);
	assert_int_equal(slot, 1);
	assert_int_equal(nvme->state, FUNCTION_LENT);
	assert_int_equal(nvme->user, WORLD_GUEST1);
	assert_int_equal(nvme->user_view.v, vsbdf_make(0, 0, 1, 0).v);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_ptr_equal(vpci_host_device(GUEST1, 1 << 3), nvme->itt);
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
	/* A first place is there before the guest assigns one, and it is not the host's. */
	assert_in_range(guest_read(1, 0x10, 4) & ~15U, GUEST_PCI_MEM32_BASE,
			GUEST_PCI_MEM32_BASE + GUEST_PCI_MEM32_SIZE - 0x4000);
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x14, 4, 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	guest_write(1, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(world_translate(WORLD_GUEST1, 0x20002000), nvme->bars[0].cpu.v + 0x2000);
	/* Moved by the guest, never on the host. */
	assert_int_equal(pci_read(nvme, 0x10, 4) & ~15U, (uint32_t)nvme->bars[0].address);
	assert_int_equal(owner_read(nvme, 0x00, 4), 0x00101b36);
	assert_int_equal(owner_read(nvme, 0x04, 2), 0);

	assert_int_equal(lend_detach(nvme), 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_null(vpci_host_device(GUEST1, 1 << 3));
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	lend_to(GUEST2, nvme, 7);
	assert_int_equal(world_dma(nvme), WORLD_GUEST2);
}

static void refusals_change_nothing(void **state)
{
	struct vsbdf where;
	uint32_t open = lend_world.streams_open;

	(void)state;
	assert_int_equal(attach(GUEST1, nvme, 0, &where), -EINVAL); /* not in quarantine */
	assert_int_equal(lend_detach(nvme), -EINVAL);
	assert_int_equal(lend_return_to_owner(nvme), -EINVAL);
	assert_int_equal(lend_quarantine(world_function(0, 0, 1, 0), "port"), -EPERM);
	assert_int_equal(lend_world.streams_open, open);
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 3);
	assert_int_equal(attach(GUEST1, nic, 3, &where), -EBUSY);
	assert_int_equal(attach(GUEST1, nic, 32, &where), -EINVAL);
	assert_int_equal(attach(&lend_world.domains[WORLD_CONTROL], nic, 0, &where), -EINVAL);
	assert_int_equal(attach(GUEST2, nvme, 0, &where), -EBUSY);
	GUEST2->state = DOMAIN_DYING;
	assert_int_equal(attach(GUEST2, nic, 0, &where), -EINVAL);
	world_iommu.usable = false;
	assert_int_equal(attach(GUEST1, nic, 0, &where), -EACCES);
	world_iommu.usable = true;
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	assert_int_equal(world_dma(nic), ~0U);
}

/* All of the guest's memory, or nothing changes. */
static void dma_ranges_have_to_reach_the_memory(void **state)
{
	struct machine_bridge *desc = &world.desc;
	uint32_t open = lend_world.streams_open;
	uint64_t size = GUEST1->ram_size;
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	desc->dma[0] = (struct machine_window){ .pci = 0x40000000, .cpu = 0x40000000,
						.size = 0x1000000 };
	desc->dma_count = 1;
	GUEST1->ram_base = ipa(0x40000000);
	GUEST1->ram_size = 0x1200000;
	assert_int_equal(attach(GUEST1, nvme, 0, &where), -ERANGE);
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_true(lend_world.streams_open <= open);
	GUEST1->ram_size = 0x1000000;
	assert_int_equal(attach(GUEST1, nvme, 0, &where), 0);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	/* As with unprotected_dma: memory anywhere. */
	GUEST1->ram_base = ipa(0x41000000);
	assert_int_equal(attach(GUEST1, nvme, 0, &where), -ERANGE);
	desc->dma_count = 0;
	assert_int_equal(attach(GUEST1, nvme, 0, &where), 0);
	assert_int_equal(lend_detach(nvme), 0);
	GUEST1->ram_base = ipa(0);
	GUEST1->ram_size = size;
}

/* Nothing translates: only for who asked for that in words, never silent, and without MSIs. */
static void without_iommu_only_unprotected(void **state)
{
	uint32_t open = lend_world.streams_open;
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	world_iommu.usable = false;
	assert_int_equal(attach(GUEST1, nvme, 0, &where), -EACCES);
	assert_false(fake_log_has("not isolated"));
	GUEST1->unprotected_dma = true;
	assert_int_equal(attach(GUEST1, nvme, 0, &where), 0);
	assert_true(fake_log_has("not isolated"));
	assert_null(nvme->itt);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(attach(GUEST2, nvme, 0, &where), -EACCES);
	/* Where an IOMMU does translate such a domain's functions are isolated like any other's. */
	world_iommu.usable = true;
	assert_int_equal(attach(GUEST1, nvme, 0, &where), 0);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_int_equal(lend_detach(nvme), 0);
	assert_true(lend_world.streams_open <= open);
	GUEST1->unprotected_dma = false;
}

/* Once, unless it is asked for in words; and the words are written down. */
static void not_reset_is_lent_again_by_a_quirk(void **state)
{
	struct lend_options options = { .quirks = PCI_QUIRK_NO_RESET };
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	nvme->lent_once = true;
	assert_int_equal(attach(GUEST1, nvme, 0, &where), -EOPNOTSUPP);
	options.quirks |= 1U << 31;
	assert_int_equal(lend_attach(GUEST1, nvme, &options, &where), -EINVAL);
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(nvme->quirks, 0);
	assert_false(fake_log_has("quirk"));
	options.quirks = PCI_QUIRK_NO_RESET;
	assert_int_equal(lend_attach(GUEST1, nvme, &options, &where), 0);
	assert_int_equal(nvme->quirks, PCI_QUIRK_NO_RESET);
	assert_true(fake_log_has("quirk no-reset"));
	/* It is known in quarantine, and not asked for anew by itself. */
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(nvme->quirks, PCI_QUIRK_NO_RESET);
	nvme->lent_once = true;
	assert_int_equal(attach(GUEST2, nvme, 0, &where), -EOPNOTSUPP);
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(nvme->quirks, 0);
}

/* Whatever step of a lend fails, the function is where it was. */
static void failed_lend_ends_before(void **state)
{
	static const enum world_step steps[] = { STEP_ABORT, STEP_ITS_MAP, STEP_ATTACH };
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	for (uint32_t i = 0; i < ARRAY_SIZE(steps); i++) {
		lend_world.fail[steps[i]] = true;
		assert_int_not_equal(attach(GUEST1, nvme, 0, &where), 0);
		lend_world.fail[steps[i]] = false;
		assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
		assert_int_equal(nvme->user, DOMAIN_ID_NONE);
		assert_int_equal(lend_world.itts, 1);
		assert_int_equal(world_dma(nvme), ~0U);
		assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	}
	for (int64_t n = 1; n < 20; n++) {
		int r;

		fake_heap_fail_in = n;
		r = attach(GUEST1, nvme, 0, &where);
		fake_heap_fail_in = 0;
		if (r == 0) {
			assert_true(n > 3);
			return;
		}
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
		assert_int_equal(lend_world.itts, 1);
		assert_int_equal(world_dma(nvme), ~0U);
	}
	fail();
}

static void failed_return_stays_in_quarantine(void **state)
{
	static const enum world_step steps[] = { STEP_ITS_MAP, STEP_ATTACH };

	(void)state;
	quarantine(nvme);
	for (uint32_t i = 0; i < ARRAY_SIZE(steps); i++) {
		lend_world.fail[steps[i]] = true;
		assert_int_not_equal(lend_return_to_owner(nvme), 0);
		lend_world.fail[steps[i]] = false;
		assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
		assert_int_equal(lend_world.itts, 1);
		owner_write(nvme, 4, 2, 6);
		assert_int_equal(world_pages(WORLD_CONTROL), 0);
		assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	}
	assert_int_equal(lend_return_to_owner(nvme), 0);
}

/* On the way out nothing is "before": it ends in quarantine or broken. */
static void failed_reclaim_ends_broken(void **state)
{
	static const enum world_step steps[] = { STEP_ABORT, STEP_RESET_START, STEP_RESET };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct vsbdf where;

		quarantine(nvme);
		lend_to(GUEST1, nvme, 1);
		guest_write(1, 4, 2, 6);
		lend_world.fail[steps[i]] = true;
		lend_detach(nvme);
		world_run_resets();
		lend_world.fail[steps[i]] = false;
		assert_int_equal(nvme->state, FUNCTION_BROKEN);
		assert_non_null(nvme->broken_why);
		assert_int_equal(nvme->user, DOMAIN_ID_NONE);
		assert_int_equal(world_pages(WORLD_GUEST1), 0);
		assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 6, 0);
		assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
		assert_int_equal(attach(GUEST1, nvme, 0, &where), -EBADF);
		assert_int_equal(lend_return_to_owner(nvme), -EBADF);
		/* The next round on a fresh machine. */
		lend_world_end();
		pci_world_free(&world);
		assert_int_equal(fake_heap_live, 0);
		lend_rig_setup(NULL);
	}
}

/*
 * A function whose guest has mapped many events: harmless at once, then its routes go some at a
 * time, then it is reset and nobody's; never before.
 */
static void assert_leaves_in_slices(uint32_t routes, enum function_state end)
{
	uint32_t before = lend_world.resets;
	struct vsbdf where;

	while (lend_world.routes != 0) {
		uint32_t left = lend_world.routes;

		assert_int_equal(nvme->state, FUNCTION_RESETTING);
		assert_int_equal(nvme->user, WORLD_GUEST1);
		assert_int_equal(world_dma(nvme), ~0U);
		assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 7, 0);
		assert_int_equal(world_pages(WORLD_GUEST1), 0);
		assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
		assert_int_equal(attach(GUEST2, nvme, 0, &where), -EBUSY);
		assert_int_equal(lend_quarantine(nvme, "x"), -EBUSY);
		assert_int_equal(lend_detach(nvme), -EINVAL);
		assert_int_equal(lend_return_to_owner(nvme), -EBUSY);
		assert_int_equal(lend_world.resets, before);
		assert_true(world_step_job());
		assert_true(left - lend_world.routes <= 16);
	}
	assert_true(routes > 16);
	world_run_jobs();
	assert_null(nvme->itt);
	assert_int_equal(nvme->user, DOMAIN_ID_NONE);
	assert_int_equal(lend_world.resets, end == FUNCTION_BROKEN ? before : before + 1);
	world_run_resets();
	assert_int_equal(nvme->state, end);
}

static void lend_with_routes(uint32_t routes)
{
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, PCI_COMMAND, 2, 6);
	lend_world.routes = routes;
}

static void many_routes_go_in_slices(void **state)
{
	(void)state;
	lend_with_routes(100);
	assert_int_equal(lend_detach(nvme), 0);
	assert_leaves_in_slices(100, FUNCTION_QUARANTINED);
	/* Of its owner's too. */
	assert_int_equal(lend_return_to_owner(nvme), 0);
	lend_world.routes = 50;
	assert_int_equal(lend_quarantine(nvme, "disk"), 0);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	assert_int_equal(world_dma(nvme), ~0U);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

/* What breaks it is told when it is over, and the stream that may be open is not forgotten. */
static void many_routes_of_a_broken_one(void **state)
{
	(void)state;
	lend_with_routes(100);
	lend_world.fail[STEP_ABORT] = true;
	assert_int_equal(lend_detach(nvme), 0);
	lend_world.fail[STEP_ABORT] = false;
	world_run_jobs();
	assert_int_equal(nvme->state, FUNCTION_BROKEN);
	assert_non_null(strstr(nvme->broken_why, "did not confirm"));
	assert_null(nvme->itt);
	assert_int_equal(nvme->user, DOMAIN_ID_NONE);
}

/* The guest ends meanwhile: its end waits for the routes, not for the reset. */
static void many_routes_and_the_guest_ends(void **state)
{
	(void)state;
	lend_with_routes(100);
	assert_int_equal(lend_detach(nvme), 0);
	GUEST1->state = DOMAIN_DYING;
	while (lend_world.routes > 16) {
		assert_int_equal(lend_reclaim(GUEST1), JOB_WAIT);
		assert_true(world_step_job());
	}
	assert_int_equal(lend_reclaim(GUEST1), JOB_WAIT);
	world_run_jobs();
	assert_int_equal(lend_reclaim(GUEST1), JOB_DONE);
	assert_int_equal(nvme->state, FUNCTION_RESETTING);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
}

/* Events the guest mapped before: config space answers when they have their routes. */
static void many_routes_come_in_slices(void **state)
{
	struct mmio_access a = { .size = 4 };
	uint32_t steps = 0;

	(void)state;
	quarantine(nvme);
	lend_world.mapped_before = 100;
	lend_to(GUEST1, nvme, 1);
	assert_int_equal(world_access(WORLD_GUEST1, &a, world_guest_cfg(1, 0)), MMIO_RETRY);
	assert_int_equal(lend_world.parked, 1);
	while (lend_world.mapped_before != 0) {
		uint32_t left = lend_world.mapped_before;

		assert_true(world_step_job());
		assert_true(left - lend_world.mapped_before <= 16);
		steps++;
	}
	assert_true(steps >= 6);
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	/* Taken away before they are there: the same job takes back what it made. */
	for (uint32_t when = 0; when < 9; when++) {
		lend_world.mapped_before = 100;
		lend_to(GUEST1, nvme, 1);
		for (uint32_t i = 0; i < when; i++) {
			world_step_job();
		}
		lend_world.mapped_before = 0;
		lend_world.routes = 40;
		assert_int_equal(lend_detach(nvme), 0);
		assert_int_equal(nvme->state, FUNCTION_RESETTING);
		assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
		world_run_jobs();
		assert_null(nvme->itt);
		world_run_resets();
		assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	}
}

static void teardown_reclaims_all(void **state)
{
	(void)state;
	quarantine(nvme);
	quarantine(nic);
	lend_to(GUEST1, nvme, 0);
	lend_to(GUEST1, nic, 0);
	guest_write(1, 4, 2, 6);
	guest_write(2, 4, 2, 6);
	GUEST1->state = DOMAIN_DYING;
	reclaim_all(GUEST1);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_int_equal(world_dma(nic), ~0U);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(lend_world.itts, 0);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
}

/* Random histories with failures: one user at most, and never a half. */
static void one_user_under_random_histories(void **state)
{
	struct pci_function *fs[] = { nvme, nic };
	uint32_t seed = 4242;

	(void)state;
	for (uint32_t n = 0; n < 3000; n++) {
		struct pci_function *f;
		struct vsbdf where;

		seed = seed * 1664525 + 1013904223;
		f = fs[seed >> 31];
		lend_world.fail[STEP_ITS_MAP] = (seed >> 20) % 16 == 0;
		lend_world.fail[STEP_ATTACH] = (seed >> 20) % 16 == 1;
		switch ((seed >> 24) % 8) {
		case 0:
			lend_quarantine(f, "x");
			break;
		case 1:
			lend_return_to_owner(f);
			break;
		case 2:
			attach(GUEST1, f, 0, &where);
			break;
		case 3:
			attach(GUEST2, f, 0, &where);
			break;
		case 4:
			lend_detach(f);
			break;
		case 5:
			world_run_resets();
			break;
		case 6:
			reset_by_guest(1 + (seed >> 12) % 2, f);
			owner_write(f, f->cap_express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_FLR);
			break;
		default:
			guest_write(1 + (seed >> 12) % 2, 4, 2, seed >> 16 & 6);
			owner_write(f, 4, 2, seed >> 16 & 6);
			break;
		}
		for (uint32_t i = 0; i < 2; i++) {
			bool used = fs[i]->state == FUNCTION_OWNED || fs[i]->state == FUNCTION_LENT;

			assert_int_equal(used, fs[i]->user != DOMAIN_ID_NONE);
			assert_int_equal(used ? fs[i]->user : ~0U, world_dma(fs[i]));
			assert_int_equal(used, fs[i]->itt != NULL);
			assert_int_equal(used, fs[i]->vpci != NULL);
			assert_int_not_equal(fs[i]->state, FUNCTION_BROKEN);
			if (!used) {
				assert_int_equal(pci_read(fs[i], PCI_COMMAND, 2) & 6, 0);
			}
		}
	}
}

/* A window may be larger than there are buses: what is beyond them is no config space. */
static void no_bus_beyond_255(void **state)
{
	const ipaddr_t at = { 0x7000000000ULL };
	const struct vpci_aperture none = { .size = 0 };
	struct vpci_segment *seg;

	(void)state;
	assert_int_equal(vpci_bus_add_segment(GUEST1, 7, 0xfe, at, 256ULL << 20, &none, 0, &seg),
			 0);
	assert_int_equal(world_load(WORLD_GUEST1, at.v, 4), 0xffffffff);
	assert_int_equal(world_load(WORLD_GUEST1, at.v + (2ULL << 20) - 4, 4), 0xffffffff);
	assert_null(mmio_find(&GUEST1->mmio, (ipaddr_t){ at.v + (2ULL << 20) }));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, lend_rig_setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(owner_sees_the_host),
		T(no_bus_beyond_255),
		T(odd_accesses_read_ones),
		T(d2_segments_do_not_mix),
		T(bridge_without_owner),
		T(quarantine_takes_everything),
		T(return_gives_it_back_whole),
		T(guest_drives_a_lent_function),
		T(refusals_change_nothing),
		T(dma_ranges_have_to_reach_the_memory),
		T(without_iommu_only_unprotected),
		T(not_reset_is_lent_again_by_a_quirk),
		T(failed_lend_ends_before),
		T(failed_return_stays_in_quarantine),
		T(failed_reclaim_ends_broken),
		T(teardown_reclaims_all),
		T(many_routes_go_in_slices),
		T(many_routes_of_a_broken_one),
		T(many_routes_and_the_guest_ends),
		T(many_routes_come_in_slices),
		T(one_user_under_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
