/* SPDX-License-Identifier: BSD-2-Clause */
/* Driver domains: an owner that is not direct, several owners, and an owner's end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <viaduct/guest_map.h>

#include "fake_heap.h"
#include "fake_intx.h"
#include "fake_log.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

#define DRIVER (&lend_world.domains[WORLD_GUEST2])
#define LINE   56U /* beyond what a guest has for pins */

/* Where the driver domain sees a bridge: nothing is at the host's address. */
#define ECAM   0x5000000000ULL
#define PORTS  0x5100000000ULL
#define MEM32  0x5200000000ULL
#define MEM64  0x20000000000ULL

/* The second guest becomes, again if it was one, a driver domain without bridges. */
static void driver_begins(void)
{
	while (!vpci_destroy(DRIVER)) {
	}
	memset(&DRIVER->mmio, 0, sizeof(DRIVER->mmio));
	DRIVER->drives = true;
	DRIVER->state = DOMAIN_RUNNING;
}

static int drive_a_part(struct host_bridge *b)
{
	b->ecam = (struct range){ ECAM, (b->desc->bus_end - b->desc->bus_start + 1ULL) << 20 };
	b->windows[0] = PORTS;
	b->windows[1] = MEM32;
	b->windows[2] = MEM64;
	return vpci_create_owner(DRIVER, b);
}

static int drive(struct host_bridge *b)
{
	int r = drive_a_part(b);

	return r == -EAGAIN ? world_create_owner(DRIVER, b) : r;
}

static void driver_ends(void)
{
	DRIVER->state = DOMAIN_DYING;
	reclaim_all(DRIVER);
	world_run_jobs();
	world_run_resets();
	assert_int_equal(world_pages(WORLD_GUEST2), 0);
	while (!vpci_destroy(DRIVER)) {
	}
}

static uint64_t driver_cfg(const struct pci_function *f, uint32_t reg)
{
	return ECAM + ((uint64_t)(SBDF_BUS(f->sbdf) - f->bridge->desc->bus_start) << 20 |
		       (uint32_t)SBDF_DEVFN(f->sbdf) << 12 | reg);
}

static uint32_t driver_read(const struct pci_function *f, uint32_t reg, uint8_t size)
{
	return (uint32_t)world_load(WORLD_GUEST2, driver_cfg(f, reg), size);
}

static void driver_write(const struct pci_function *f, uint32_t reg, uint8_t size, uint32_t value)
{
	world_store(WORLD_GUEST2, driver_cfg(f, reg), size, value);
}

/* Disk and card behind one bridge, the driver domain's; the control domain has no PCI. */
static int setup(void **state)
{
	lend_rig_setup(state);
	start_over();
	for (uint32_t i = 0; i < 16; i++) {
		world.desc.intx[i / 4][i % 4] = LINE + (i / 4 + i % 4) % 4;
	}
	add_nvme(&world, 1, 0x4000);
	model_set8(world.pci.functions[world.pci.count - 1], PCI_INTERRUPT_PIN, 1, 0);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(0);
	driver_begins();
	return drive(&world.bridge);
}

static void host_numbers_at_its_own_addresses(void **state)
{
	uint64_t bar = nvme->bars[0].address;
	bool high = bar >= WORLD_MEM64;

	(void)state;
	assert_int_equal(world.bridge.owner, WORLD_GUEST2);
	assert_int_equal(nvme->state, FUNCTION_OWNED);
	assert_int_equal(nvme->user, WORLD_GUEST2);
	assert_int_equal(world_dma(nvme), WORLD_GUEST2);
	assert_ptr_equal(vpci_host_device(DRIVER, nvme->sbdf.v), nvme->itt);
	assert_int_equal(driver_read(nvme, 0x00, 4), 0x00101b36);
	assert_int_equal(driver_read(nvme, 0x10, 4) & ~15U, (uint32_t)bar);
	driver_write(nvme, PCI_COMMAND, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST2), 4);
	assert_int_equal(world_translate(WORLD_GUEST2, (high ? MEM64 - WORLD_MEM64
							     : MEM32 - WORLD_MEM32) + bar),
			 nvme->bars[0].cpu.v);
	assert_null(mmio_find(&DRIVER->mmio, ipa(world.desc.cfg.base)));
	assert_null(mmio_find(&DRIVER->mmio, ipa(WORLD_MEM32 + WORLD_CPU_OFFSET)));
	assert_null(lend_world.domains[WORLD_CONTROL].vpci);
}

/* Its interrupt controller is a guest's, which has four wires for pins. */
static void pins_are_wires_of_a_guest(void **state)
{
	uint32_t vintid = 0;

	(void)state;
	/* Pin A of a device behind port 1: pin A of device 1. */
	assert_ptr_equal(fake_intx_forwarded(LINE + 1, &vintid), DRIVER);
	assert_int_equal(vintid, GUEST_INTX_INTID + 1);
}

static void nothing_is_lent_to_it(void **state)
{
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	assert_int_equal(attach(DRIVER, nvme, 0, &where), -EINVAL);
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(world_dma(nvme), WORLD_GUEST2);
}

static void what_it_lost_to_a_guest_is_an_identity(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 0);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_int_equal(driver_read(nvme, 0x00, 4), 0x00101b36);
	driver_write(nvme, PCI_COMMAND, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST2), 0);
	guest_write(1, PCI_COMMAND, 2, 6);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(pci_state_can_quarantine(nvme), -EBUSY);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(nvme->user, WORLD_GUEST2);
}

static void its_end_leaves_guests_alone(void **state)
{
	const struct pci_function *port = world_function(0, 0, 1, 0);

	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 0);
	guest_write(1, PCI_COMMAND, 2, 6);
	driver_write(nic, PCI_COMMAND, 2, 6);
	driver_ends();
	assert_int_equal(world.bridge.owner, DOMAIN_ID_NONE);
	assert_null(port->vpci);
	assert_int_equal(port->user, DOMAIN_ID_NONE);
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	assert_int_equal(world_dma(nic), ~0U);
	assert_int_equal(lend_return_to_owner(nic), -ENODEV);
	/* The guest notices nothing, and what it gives back later is kept safe. */
	assert_int_equal(nvme->user, WORLD_GUEST1);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(guest_read(1, 0, 4), 0x00101b36);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	lend_to(GUEST1, nic, 0);
	assert_int_equal(world_dma(nic), WORLD_GUEST1);
}

/* The next owner finds what is in quarantine or a guest's as that, and can have it back. */
static void the_next_owner_takes_nothing_from_guests(void **state)
{
	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 0);
	quarantine(nic);
	driver_ends();
	driver_begins();
	assert_int_equal(drive(&world.bridge), 0);
	assert_int_equal(nvme->user, WORLD_GUEST1);
	assert_int_equal(world_dma(nvme), WORLD_GUEST1);
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
	assert_int_equal(driver_read(nvme, 0x00, 4), 0x00101b36);
	assert_int_equal(driver_read(nic, 0x10, 4), 0);
	assert_int_equal(lend_return_to_owner(nic), 0);
	assert_int_equal(world_dma(nic), WORLD_GUEST2);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(world_dma(nvme), WORLD_GUEST2);
}

static void next_driver_begins(void)
{
	driver_begins();
	assert_int_equal(drive(&world.bridge), 0);
}

/* It is the same one again: what it used is its own, but not what an administrator took or lent. */
static void who_begins_again_gets_what_it_used(void **state)
{
	(void)state;
	quarantine(nvme);
	DRIVER->state = DOMAIN_DYING;
	while (lend_reclaim(DRIVER) == JOB_MORE) {
	}
	assert_int_equal(nic->state, FUNCTION_RESETTING);
	assert_false(lend_owner_settled(&world.bridge));
	driver_ends();
	assert_true(lend_owner_settled(&world.bridge));
	next_driver_begins();
	assert_int_equal(nic->state, FUNCTION_OWNED);
	assert_int_equal(world_dma(nic), WORLD_GUEST2);
	assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
	driver_ends();
	lend_to(GUEST1, nic, 0);
	next_driver_begins();
	assert_int_equal(world_dma(nic), WORLD_GUEST1);
	assert_int_equal(lend_detach(nic), 0);
	world_run_resets();
	driver_ends();
	next_driver_begins();
	assert_int_equal(nic->state, FUNCTION_QUARANTINED);
}

/* It ends after any part of being given its bridge: nothing of that stays. */
static void its_end_while_it_is_given_its_bridge(void **state)
{
	int64_t heap;
	bool all = false;

	(void)state;
	driver_ends();
	heap = fake_heap_live;
	for (uint32_t parts = 1; !all; parts++) {
		int r = -EAGAIN;

		driver_begins();
		for (uint32_t i = 0; i < parts && r == -EAGAIN; i++) {
			r = drive_a_part(&world.bridge);
		}
		all = r == 0;
		assert_true(all || r == -EAGAIN);
		assert_true(!all || nic->user == WORLD_GUEST2);
		DRIVER->state = DOMAIN_DYING;
		assert_int_equal(vpci_create_owner(DRIVER, &world.bridge), all ? 0 : -ENODEV);
		driver_ends();
		assert_int_equal(world.bridge.owner, DOMAIN_ID_NONE);
		assert_int_equal(nic->state, FUNCTION_QUARANTINED);
		assert_int_equal(nvme->state, FUNCTION_QUARANTINED);
		assert_null(nic->prepared);
		assert_int_equal(world_dma(nic), ~0U);
		assert_int_equal(fake_heap_live, heap);
	}
}

/* RAM is elsewhere than a device behind no IOMMU would take it to be. */
static void without_iommu_it_drives_nothing(void **state)
{
	(void)state;
	driver_ends();
	driver_begins();
	world_iommu.usable = false;
	assert_int_equal(drive(&world.bridge), -EACCES);
	world_iommu.usable = true;
	assert_true(fake_log_has("no IOMMU can confine it"));
	assert_int_equal(world.bridge.owner, DOMAIN_ID_NONE);
	assert_int_equal(world_dma(nvme), ~0U);
	assert_null(DRIVER->vpci);
}

/* Each function goes back to the owner of its own bridge. */
static void two_bridges_have_two_owners(void **state)
{
	struct pci_function *other;

	(void)state;
	start_over();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	pci_world_init(&second, 1, 0x40, 0xff);
	add_nic(&second, 1);
	for (uint32_t i = 0; i < second.desc.window_count; i++) {
		second.desc.windows[i].cpu += 0x20000000000ULL;
	}
	second.desc.iommu_map[0].out_base = 0x10000;
	bring_up(&world, 0x4010000000ULL);
	bring_up(&second, 0x4014000000ULL);
	start(1);
	driver_begins();
	assert_int_equal(drive(&second.bridge), 0);
	other = world_function(1, 0x41, 0, 0);
	assert_int_equal(driver_read(other, 0, 4), 0x10d38086);
	assert_int_equal(owner_read(nvme, 0, 4), 0x00101b36);
	assert_int_equal(world_dma(other), WORLD_GUEST2);
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
	quarantine(other);
	quarantine(nvme);
	assert_int_equal(lend_return_to_owner(other), 0);
	assert_int_equal(lend_return_to_owner(nvme), 0);
	assert_int_equal(world_dma(other), WORLD_GUEST2);
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
	driver_ends();
	assert_int_equal(world.bridge.owner, WORLD_CONTROL);
	assert_int_equal(world_dma(nvme), WORLD_CONTROL);
	assert_int_equal(other->state, FUNCTION_QUARANTINED);
	lend_world_end();
	pci_world_free(&second);
	pci_world_free(&world);
	pci_world_init(&world, 0, 0, 255);
	lend_world_init(NULL, 0);
}

/* A card whose two virtual functions are enabled in the driver domain. */
static struct pci_function *card_with_vfs(void)
{
	struct model_function *port, *card;
	struct pci_function *pf;
	uint32_t cap;

	start_over();
	port = model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	model_ari_port(port, true);
	card = model_endpoint(&world.pci, port, 0, 0, 0x10c98086, 0x020000);
	model_bar(card, 0, BAR_MEM32, false, 0x20000);
	model_pm(card);
	model_express(card, PCI_EXP_TYPE_ENDPOINT, true);
	model_ari(card);
	cap = model_sriov(card, 2, 0x80, 2, 0x4000);
	(void)model_vf(card, 0);
	(void)model_vf(card, 1);
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(0);
	driver_begins();
	assert_int_equal(drive(&world.bridge), 0);
	pf = world_function(0, 1, 0, 0);
	driver_write(pf, cap + PCI_SRIOV_NUM, 2, 2);
	driver_write(pf, cap + PCI_SRIOV_CONTROL, 2, PCI_SRIOV_CONTROL_VFE | PCI_SRIOV_CONTROL_MSE);
	world_run_jobs();
	assert_int_equal(pf->sriov.state, PCI_VFS_ON);
	return pf;
}

/* Its end is not over before they are: a physical function is not reset below a guest. */
static void its_end_waits_for_lent_vfs(void **state)
{
	struct pci_function *pf = card_with_vfs();
	struct pci_function *lent = world_function(0, 1, 0x10, 0);

	(void)state;
	quarantine(lent);
	lend_to(GUEST1, lent, 0);
	DRIVER->state = DOMAIN_DYING;
	for (uint32_t i = 0; i < 50; i++) {
		if (lend_reclaim(DRIVER) == JOB_WAIT) {
			world_step_job();
		}
	}
	world_run_resets();
	assert_int_equal(lend_reclaim(DRIVER), JOB_WAIT);
	assert_int_equal(world_dma(lent), WORLD_GUEST1);
	assert_int_equal(pf->sriov.state, PCI_VFS_GOING);
	assert_int_equal(pf->state, FUNCTION_OWNED);
	assert_int_equal(lend_detach(lent), 0);
	world_run_resets();
	driver_ends();
	assert_int_equal(pf->sriov.state, PCI_VFS_OFF);
	assert_int_equal(pf->state, FUNCTION_QUARANTINED);
	assert_int_equal(world.bridge.owner, DOMAIN_ID_NONE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(host_numbers_at_its_own_addresses),
		T(pins_are_wires_of_a_guest),
		T(nothing_is_lent_to_it),
		T(what_it_lost_to_a_guest_is_an_identity),
		T(its_end_leaves_guests_alone),
		T(the_next_owner_takes_nothing_from_guests),
		T(who_begins_again_gets_what_it_used),
		T(its_end_while_it_is_given_its_bridge),
		T(without_iommu_it_drives_nothing),
		T(two_bridges_have_two_owners),
		T(its_end_waits_for_lent_vfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
