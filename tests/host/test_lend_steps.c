/* SPDX-License-Identifier: BSD-2-Clause */
/* Who takes long to be taken away goes in steps: many pages, and all functions of a slot. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <viaduct/guest_map.h>

#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

#define FUNCTIONS 4
#define BAR_SIZE  0x100000U
#define BAR_COUNT 3

/* Of a virtual root port; the power indicator (PCIe 6.0 7.5.3.10) */
#define SLOT_CONTROL 0x78
#define POWER_ON     0x0100
#define POWER_OFF    0x0300

static struct pci_function *quad[FUNCTIONS];

/* One card with four functions, each with three BARs of 256 pages. */
static int setup(void **state)
{
	struct model_function *port;

	lend_rig_setup(state);
	start_over();
	port = model_port(&world.pci, NULL, 1, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	for (uint8_t fn = 0; fn < FUNCTIONS; fn++) {
		struct model_function *f =
			model_endpoint(&world.pci, port, 0, fn, 0x15218086, 0x020000);

		for (uint32_t bar = 0; bar < BAR_COUNT; bar++) {
			model_bar(f, 2 * bar, BAR_MEM64, true, BAR_SIZE);
		}
		model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	}
	add_nic(&world, 2);
	bring_up(&world, 0x4010000000ULL);
	start(1);
	for (uint8_t fn = 0; fn < FUNCTIONS; fn++) {
		quad[fn] = world_function(0, 1, 0, fn);
		quarantine(quad[fn]);
	}
	return 0;
}

static void one_with_many_pages(void **state)
{
	const uint64_t pages = BAR_COUNT * BAR_SIZE / 4096;
	struct mmio_access on = { .size = 2, .write = true, .value = 2 };
	struct vsbdf where;

	(void)state;
	lend_to(GUEST1, quad[0], 1);
	guest_write(1, PCI_COMMAND, 2, 6);
	world_run_jobs();
	assert_int_equal(world_pages(WORLD_GUEST1), pages);
	assert_int_equal(lend_detach(quad[0]), 0);
	assert_int_equal(world_pages(WORLD_GUEST1), pages);
	assert_int_equal(lend_detach(quad[0]), -EINVAL);
	assert_int_equal(attach(GUEST2, quad[0], 0, &where), -EBUSY);
	/* CPUs before the device: what decodes no more is not to be reached. */
	assert_true(world_step_job());
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(world_dma(quad[0]), WORLD_GUEST1);
	assert_int_equal(pci_read(quad[0], PCI_COMMAND, 2) & 6, 6);
	/* Its guest has it mapped again, in vain. */
	guest_write(1, PCI_COMMAND, 2, 0);
	assert_int_equal(world_access(WORLD_GUEST1, &on, world_guest_cfg(1, PCI_COMMAND)),
			 MMIO_RETRY);
	assert_int_not_equal(world_pages(WORLD_GUEST1), 0);
	world_run_jobs();
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(world_dma(quad[0]), ~0U);
	assert_int_equal(pci_read(quad[0], PCI_COMMAND, 2) & 6, 0);
	assert_int_equal(guest_read(1, 0, 4), 0xffffffff);
	world_run_resets();
	assert_int_equal(quad[0]->state, FUNCTION_QUARANTINED);
	lend_to(GUEST2, quad[0], 1);
}

static uint32_t in_use(void)
{
	uint32_t n = 0;

	for (uint32_t fn = 0; fn < FUNCTIONS; fn++) {
		n += world_dma(quad[fn]) == WORLD_GUEST1;
	}
	return n;
}

/* The guest's write that lets go of them takes none away itself, a step one at most. */
static void all_of_a_slot(void **state)
{
	const uint64_t slot = world_guest_cfg(GUEST_PORT_DEVICE, SLOT_CONTROL);
	struct vsbdf where;

	(void)state;
	GUEST1->state = DOMAIN_RUNNING;
	world_store(WORLD_GUEST1, world_guest_cfg(GUEST_PORT_DEVICE, 0x18), 4, 0x010100);
	for (uint32_t fn = 0; fn < FUNCTIONS; fn++) {
		assert_int_equal(attach(GUEST1, quad[fn], 0, &where), 0);
		assert_int_equal(where.v, vsbdf_make(0, 0, GUEST_PORT_DEVICE, fn).v);
	}
	world_store(WORLD_GUEST1, slot, 2, POWER_ON);
	assert_int_equal(lend_eject(quad[1]), 0);
	assert_int_equal(in_use(), FUNCTIONS);
	world_store(WORLD_GUEST1, slot, 2, POWER_OFF);
	assert_int_equal(in_use(), FUNCTIONS);
	while (in_use() != 0) {
		uint32_t before = in_use();

		assert_true(world_step_job());
		assert_true(before - in_use() <= 1);
	}
	world_run_jobs();
	world_run_resets();
	for (uint32_t fn = 0; fn < FUNCTIONS; fn++) {
		assert_int_equal(quad[fn]->state, FUNCTION_QUARANTINED);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, lend_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_with_many_pages),
		TEST(all_of_a_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
