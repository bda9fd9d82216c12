/* SPDX-License-Identifier: BSD-2-Clause */
/* A bridge whose owner reaches config space through registers: the same functions and rules. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_front.h"
#include "lend_rig.h"
#include "lib/errno.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

static int setup(void **state)
{
	fake_front_on = true;
	fake_front_register = 0;
	return lend_rig_setup(state);
}

static int teardown(void **state)
{
	fake_front_on = false;
	fake_front_late = false;
	return lend_rig_teardown(state);
}

static uint64_t load(uint32_t offset, uint8_t size)
{
	return world_load(WORLD_CONTROL, FAKE_FRONT_BASE + offset, size);
}

static void store(uint32_t offset, uint8_t size, uint32_t value)
{
	world_store(WORLD_CONTROL, FAKE_FRONT_BASE + offset, size, value);
}

static uint32_t reach(const struct pci_function *f, uint32_t reg)
{
	store(FAKE_FRONT_ADDRESS, 4, (uint32_t)SBDF_RID(f->sbdf) << 16 | (reg & 0xffc));
	return FAKE_FRONT_DATA + (reg & 3);
}

static uint32_t read_config(const struct pci_function *f, uint32_t reg, uint8_t size)
{
	return (uint32_t)load(reach(f, reg), size);
}

static void write_config(const struct pci_function *f, uint32_t reg, uint8_t size, uint32_t value)
{
	store(reach(f, reg), size, value);
}

static void functions_are_as_through_a_window(void **state)
{
	(void)state;
	assert_int_equal(read_config(nvme, 0, 4), 0x00101b36);
	assert_int_equal(read_config(nic, 2, 2), 0x10d3);
	assert_int_equal(read_config(nic, 0xb, 1), 2);
	assert_int_equal(read_config(nvme, PCI_BAR0, 4) & ~15U, (uint32_t)nvme->bars[0].address);
	write_config(nvme, PCI_BAR0, 4, ~0U);
	assert_int_equal(read_config(nvme, PCI_BAR0, 4), 0xffffc004);
	/* The host's BAR is where it was. */
	assert_int_equal(model_get(world.pci.functions[1], PCI_BAR0, 4) & ~15U,
			 (uint32_t)nvme->bars[0].address);
}

static void flat_window_is_gone(void **state)
{
	struct mmio_access a = { .size = 4 };

	(void)state;
	assert_null(mmio_find(&lend_world.domains[WORLD_CONTROL].mmio,
			      ipa(world_owner_cfg(&world.bridge, nvme->sbdf, 0))));
	/* A register, not bus 0's first function. */
	assert_int_equal(world_access(WORLD_CONTROL, &a, FAKE_FRONT_BASE), MMIO_DONE);
	assert_int_equal(a.value, 0);
}

static void nobody_answers(void **state)
{
	(void)state;
	assert_int_equal(load(FAKE_FRONT_STATUS, 4), 0);
	store(FAKE_FRONT_ADDRESS, 4, 0x09180000);
	assert_int_equal(load(FAKE_FRONT_DATA, 4), 0xffffffff);
	assert_int_equal(load(FAKE_FRONT_STATUS, 4), 1);
	assert_int_equal(load(FAKE_FRONT_DATA, 2), 0xffff);
	store(FAKE_FRONT_STATUS, 4, 0);
	store(FAKE_FRONT_DATA, 4, 0x1234);
	assert_int_equal(load(FAKE_FRONT_STATUS, 4), 1);
	/* One that is there leaves no trace. */
	read_config(nvme, 0, 4);
	assert_int_equal(load(FAKE_FRONT_STATUS, 4), 0);
}

/* A write whose mappings take time parks the vCPU, and is the same when it is made again. */
static void writes_wait_for_their_mappings(void **state)
{
	(void)state;
	start_over();
	add_nvme(&world, 1, 0x800000); /* 2048 pages of the model */
	add_nic(&world, 2);
	bring_up(&world, FAKE_FRONT_BASE);
	start(1);
	write_config(nvme, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_not_equal(lend_world.parked, 0);
	assert_int_equal(read_config(nvme, PCI_COMMAND, 2) & 7, 6);
	assert_int_equal(world_pages(WORLD_CONTROL), 2048);
}

static void registers_of_the_controller(void **state)
{
	(void)state;
	store(FAKE_FRONT_DEVICE, 4, 0xcafe);
	assert_int_equal(fake_front_register, 0xcafe);
	assert_int_equal(load(FAKE_FRONT_DEVICE, 4), 0xcafe);
}

static void lent_functions_show_their_identity_only(void **state)
{
	uint32_t slot;

	(void)state;
	quarantine(nvme);
	slot = lend_to(GUEST1, nvme, 0);
	assert_int_equal(guest_read(slot, 0, 4), 0x00101b36);
	assert_int_equal(read_config(nvme, 0, 4), 0x00101b36);
	assert_int_equal(read_config(nvme, PCI_BAR0, 4), 0);
	write_config(nvme, PCI_COMMAND, 2, 7);
	assert_int_equal(read_config(nvme, PCI_COMMAND, 2), 0);
	assert_int_equal(guest_read(slot, PCI_COMMAND, 2) & 7, 0);
}

static int start_result;
static unsigned starts;

static int start_bridge(struct host_bridge *b)
{
	(void)b;
	starts++;
	return start_result;
}

/* A bridge whose owner has not looked for functions yet. */
static void start_late(int result)
{
	static struct host_bridge_ops ops;
	struct host_bridge *const bridges[] = { &world.bridge };

	start_over();
	add_nvme(&world, 1, 0x4000);
	add_nic(&world, 2);
	ops = model_pci_ops;
	ops.start = start_bridge;
	world.bridge.ops = &ops;
	world.bridge.owner_driven = true;
	world.desc.cfg = (struct range){ FAKE_FRONT_BASE, SZ_1M };
	fake_front_late = true;
	fake_front_aer = 0;
	start_result = result;
	starts = 0;
	lend_world_init(bridges, 1);
}

static void functions_are_found_when_the_owner_looks(void **state)
{
	struct mmio_access a = { .size = 4 };

	(void)state;
	start_late(0);
	assert_null(pci_function_first());
	store(FAKE_FRONT_ADDRESS, 4, 1U << 24);
	assert_int_equal(starts, 0);
	assert_int_equal(world_access(WORLD_CONTROL, &a, FAKE_FRONT_BASE + FAKE_FRONT_DATA),
			 MMIO_RETRY);
	/* Another vCPU waits for the same. */
	assert_int_equal(world_access(WORLD_CONTROL, &a, FAKE_FRONT_BASE + FAKE_FRONT_DATA),
			 MMIO_RETRY);
	assert_false(host_bridge_is_up(&world.bridge));
	world_run_jobs();
	assert_true(host_bridge_is_up(&world.bridge));
	nvme = world_function(0, 1, 0, 0);
	nic = world_function(0, 2, 0, 0);
	assert_int_equal(load(FAKE_FRONT_DATA, 4), 0x00101b36);
	assert_int_equal(read_config(nic, 0, 4), 0x10d38086);
	assert_int_equal(nvme->state, FUNCTION_OWNED);
	assert_int_equal(nvme->user, WORLD_CONTROL);
	assert_int_not_equal(nvme->bars[0].address, 0);
	assert_int_equal(starts, 1);
	assert_int_equal(fake_front_aer, 1);
	/* It can be lent like any. */
	quarantine(nvme);
	assert_true(pci_any_lent(&world.bridge) == false);
	lend_to(GUEST1, nvme, 0);
	assert_true(pci_any_lent(&world.bridge));
	assert_int_equal(read_config(nvme, PCI_BAR0, 4), 0);
}

static void bridge_that_does_not_start_is_empty(void **state)
{
	(void)state;
	start_late(-EIO);
	store(FAKE_FRONT_ADDRESS, 4, 1U << 24);
	assert_int_equal(load(FAKE_FRONT_DATA, 4), 0xffffffff);
	assert_int_equal(load(FAKE_FRONT_DATA, 4), 0xffffffff);
	assert_int_equal(starts, 1);
	assert_false(host_bridge_is_up(&world.bridge));
	assert_null(pci_function_first());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(functions_are_as_through_a_window),
		TEST(flat_window_is_gone),
		TEST(nobody_answers),
		TEST(writes_wait_for_their_mappings),
		TEST(registers_of_the_controller),
		TEST(lent_functions_show_their_identity_only),
		TEST(functions_are_found_when_the_owner_looks),
		TEST(bridge_that_does_not_start_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
