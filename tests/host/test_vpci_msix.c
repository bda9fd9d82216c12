/* SPDX-License-Identifier: BSD-2-Clause */
/* MSI-X tables without an ITS: trapped, kept as written, rewritten for hardware; vectors owned. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fake_log.h"
#include "fake_msix.h"
#include "irq/msi.h"
#include "irq/vmsi.h"
#include "lend_rig.h"
#include "pci/pci_groups.h"
#include "pci/pci_config.h"
#include "pci/registry.h"

#define CONTROLLER 3U
#define DOORBELL   0x8020000ULL
#define SETSPI     (DOORBELL + 0x40)
#define FIRST      80U
#define VECTORS    4U
#define TABLE      0x2000U
#define PBA        0x3000U

static bool masked[VECTORS];
static uint32_t routed[VECTORS];

static void hw_message(const struct msi_controller *c, uint32_t vector, struct msi_message *m)
{
	m->address = c->doorbell.v + 0x40;
	m->data = 0x500 + vector; /* not what the domain takes it for */
}

static void hw_mask(struct msi_controller *c, uint32_t vector)
{
	masked[vector] = true;
}

static void hw_unmask(struct msi_controller *c, uint32_t vector)
{
	masked[vector] = false;
}

static void hw_clear(struct msi_controller *c, uint32_t vector)
{
}

static void hw_route(struct msi_controller *c, uint32_t vector, uint32_t cpu)
{
	routed[vector] = cpu;
}

static const struct msi_ops ops = {
	.message = hw_message, .mask = hw_mask, .unmask = hw_unmask, .clear = hw_clear,
	.route = hw_route,
};

static struct msi_controller controller = {
	.ops = &ops, .name = "frame", .phandle = CONTROLLER, .vector_count = VECTORS,
	.doorbell = { DOORBELL },
};

#define OWNER (&lend_world.domains[WORLD_CONTROL])

static int setup(void **state)
{
	static bool registered;

	(void)state;
	if (!registered) {
		assert_int_equal(msi_register(&controller), 0);
		registered = true;
	}
	fake_log_clear();
	memset(masked, 1, sizeof(masked));
	memset(fake_msix_bar, 0, sizeof(fake_msix_bar));
	fake_msix_pulses = 0;
	pci_world_init(&world, 0, 0, 255);
	world.desc.msi_map[0].phandle = CONTROLLER;
	add_nvme(&world, 1, 0x4000);
	bring_up(&world, 0x4010000000ULL);
	pci_groups_assign(pci_function_first());
	nvme = world_function(0, 1, 0, 0);
	lend_world_init((struct host_bridge *[]){ &world.bridge }, 1);
	assert_int_equal(vmsi_create(OWNER, ipa(DOORBELL), FIRST, 16), 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vmsi_destroy(OWNER);
	lend_world_end();
	/* Nobody is left: nothing is owned. */
	assert_int_equal(controller.used, 0);
	pci_world_free(&world);
	return 0;
}

static uint64_t bar(void)
{
	return nvme->bars[0].cpu.v;
}

static void put(uint32_t offset, uint32_t value)
{
	world_store(WORLD_CONTROL, bar() + offset, 4, value);
}

static uint32_t get(uint32_t offset)
{
	return (uint32_t)world_load(WORLD_CONTROL, bar() + offset, 4);
}

/* As drivers do it: message, then unmask. */
static void set_entry(uint32_t i, uint64_t address, uint32_t data)
{
	put(TABLE + 16 * i, (uint32_t)address);
	put(TABLE + 16 * i + 4, (uint32_t)(address >> 32));
	put(TABLE + 16 * i + 8, data);
	put(TABLE + 16 * i + 12, 0);
}

static uint32_t hw(uint32_t entry, uint32_t word)
{
	return fake_msix_word(TABLE + 16 * entry + 4 * word);
}

static void table_is_not_mapped(void **state)
{
	(void)state;
	assert_int_equal(world_pages(WORLD_CONTROL), 3);
	assert_int_equal(world_translate(WORLD_CONTROL, bar() + 0x1ffc), bar() + 0x1ffc);
	assert_true(world_translate(WORLD_CONTROL, bar() + TABLE) == ~0ULL);
	assert_int_equal(world_translate(WORLD_CONTROL, bar() + PBA), bar() + PBA);
	/* Nothing is decoded, nothing is there. */
	owner_write(nvme, 0x04, 2, 0x0004);
	assert_int_equal(world_pages(WORLD_CONTROL), 0);
	assert_int_equal(get(TABLE + 12), 0xffffffff);
	set_entry(0, SETSPI, FIRST);
	assert_int_equal(controller.used, 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(get(TABLE + 12), 1);
}

static void entry_is_rewritten(void **state)
{
	(void)state;
	set_entry(5, SETSPI, FIRST + 3);
	assert_int_equal(hw(5, 0), SETSPI);
	assert_int_equal(hw(5, 1), 0);
	assert_int_equal(hw(5, 2), 0x500);
	assert_int_equal(hw(5, 3), 0);
	assert_false(masked[0]);
	assert_int_equal(routed[0], (FIRST + 3) % 4);
	/* The domain reads what it wrote. */
	assert_int_equal(get(TABLE + 16 * 5), SETSPI);
	assert_int_equal(get(TABLE + 16 * 5 + 8), FIRST + 3);
	assert_int_equal(get(TABLE + 16 * 5 + 12), 0);
	msi_fired(&controller, 0);
	assert_int_equal(fake_msix_pulses, 1);
	assert_int_equal(fake_msix_pulsed, FIRST + 3);
	assert_int_equal(nvme->meter.total, 1);
	/* Masked by the domain: in the device, which keeps its pending bit. */
	put(TABLE + 16 * 5 + 12, 0xffffffff);
	assert_int_equal(hw(5, 3), 1);
	assert_int_equal(get(TABLE + 16 * 5 + 12), 1);
	put(TABLE + 16 * 5 + 8, FIRST + 4);
	put(TABLE + 16 * 5 + 12, 0);
	assert_int_equal(controller.used, 1);
	msi_fired(&controller, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 4);
}

/* An address that is no doorbell of the domain's, or not its virtual interrupts, reaches nobody. */
static void other_messages_stay_masked(void **state)
{
	static const struct {
		uint64_t address;
		uint32_t data;
	} bad[] = {
		{ SETSPI + 4, FIRST }, { DOORBELL, FIRST }, { SETSPI | 1ULL << 32, FIRST },
		{ SETSPI, FIRST - 1 }, { SETSPI, FIRST + 16 }, { SETSPI, 0x500 }, { 0, 0 },
		{ 0x40000000, 0xdeadbeef },
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		set_entry(i, bad[i].address, bad[i].data);
		assert_int_equal(hw(i, 3), 1);
		assert_int_equal(hw(i, 0), 0);
	}
	assert_int_equal(controller.used, 0);
	/* One that worked and is spoilt stops at once. */
	set_entry(0, SETSPI, FIRST);
	assert_int_equal(hw(0, 3), 0);
	put(TABLE, 0x1000);
	assert_int_equal(hw(0, 3), 1);
}

static void vectors_are_not_shared(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VECTORS + 2; i++) {
		set_entry(i, SETSPI, FIRST + i);
	}
	for (uint32_t i = 0; i < VECTORS; i++) {
		assert_int_equal(hw(i, 2), 0x500 + i);
		assert_int_equal(hw(i, 3), 0);
		msi_fired(&controller, i);
		assert_int_equal(fake_msix_pulsed, FIRST + i);
	}
	/* There are no more: these stay masked, which is said once. */
	assert_int_equal(hw(VECTORS, 3), 1);
	assert_int_equal(hw(VECTORS + 1, 3), 1);
	assert_true(fake_log_has("no MSI vector is left"));
	assert_int_equal(fake_log_lines, 1);
	assert_int_equal(get(TABLE + 16 * VECTORS + 12), 0);
}

static void accesses_of_all_sizes(void **state)
{
	uint64_t entry = bar() + TABLE + 16;

	(void)state;
	world_store(WORLD_CONTROL, entry, 8, SETSPI);
	world_store(WORLD_CONTROL, entry + 8, 8, FIRST);
	assert_int_equal(hw(1, 3), 0);
	assert_int_equal(world_load(WORLD_CONTROL, entry, 8), SETSPI);
	assert_int_equal(world_load(WORLD_CONTROL, entry + 8, 8), FIRST);
	/* Narrow ones are not for tables: they read their part, and change nothing. */
	assert_int_equal(world_load(WORLD_CONTROL, entry + 1, 1), SETSPI >> 8 & 0xff);
	world_store(WORLD_CONTROL, entry, 2, 0);
	assert_int_equal(world_load(WORLD_CONTROL, entry, 8), SETSPI);
	/* Behind the last entry the page is the device's. */
	fake_msix_bar[TABLE + 65 * 16 + 3] = 0x7e;
	assert_int_equal(world_load(WORLD_CONTROL, bar() + TABLE + 65 * 16 + 3, 1), 0x7e);
	world_store(WORLD_CONTROL, bar() + TABLE + 65 * 16 + 8, 8, 0x1122334455667788);
	assert_int_equal(fake_msix_word(TABLE + 65 * 16 + 8), 0x55667788);
	assert_int_equal(fake_msix_word(TABLE + 65 * 16 + 12), 0x11223344);
	assert_int_equal(world_load(WORLD_CONTROL, bar() + TABLE + 65 * 16 + 8, 8),
			 0x1122334455667788);
}

/* Another's hands: every vector is given back; a guest sees no MSI-X, and all of the BAR. */
static void vectors_go_with_the_user(void **state)
{
	(void)state;
	set_entry(0, SETSPI, FIRST);
	set_entry(1, SETSPI, FIRST + 1);
	assert_int_equal(controller.used, 2);
	quarantine(nvme);
	assert_int_equal(controller.used, 0);
	assert_true(masked[0] && masked[1]);
	lend_to(GUEST1, nvme, 1);
	guest_write(1, 0x04, 2, 0x0006);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	for (uint32_t at = guest_read(1, 0x34, 1); at != 0; at = guest_read(1, at + 1, 1)) {
		assert_int_not_equal(guest_read(1, at, 1), 0x11);
	}
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	assert_int_equal(lend_return_to_owner(nvme), 0);
	owner_write(nvme, 0x04, 2, 0x0006);
	/* As after a reset, whatever was in it. */
	assert_int_equal(get(TABLE), 0);
	assert_int_equal(get(TABLE + 12), 1);
	set_entry(0, SETSPI, FIRST + 7);
	msi_fired(&controller, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 7);
}

static void reset_clears_the_table(void **state)
{
	(void)state;
	set_entry(0, SETSPI, FIRST);
	owner_write(nvme, nvme->cap_express + 8U, 2, 0x8000);
	world_run_resets();
	owner_write(nvme, 0x10, 4, (uint32_t)nvme->bars[0].address);
	owner_write(nvme, 0x14, 4, (uint32_t)(nvme->bars[0].address >> 32));
	owner_write(nvme, 0x04, 2, 0x0006);
	assert_int_equal(get(TABLE), 0);
	assert_int_equal(get(TABLE + 12), 1);
	assert_true(masked[0]);
	set_entry(0, SETSPI, FIRST + 2);
	assert_false(masked[0]);
	msi_fired(&controller, 0);
	assert_int_equal(fake_msix_pulsed, FIRST + 2);
}

/* The frame itself: what it is, and a store by the CPU. */
static void frame_registers(void **state)
{
	(void)state;
	assert_int_equal(world_load(WORLD_CONTROL, DOORBELL + 8, 4), FIRST << 16 | 16);
	assert_int_not_equal(world_load(WORLD_CONTROL, DOORBELL + 0xfcc, 4), 0);
	assert_int_equal(world_load(WORLD_CONTROL, SETSPI, 4), 0);
	world_store(WORLD_CONTROL, SETSPI, 4, FIRST + 15);
	world_store(WORLD_CONTROL, SETSPI, 2, FIRST);
	assert_int_equal(fake_msix_pulses, 2);
	world_store(WORLD_CONTROL, SETSPI, 4, FIRST + 16);
	world_store(WORLD_CONTROL, SETSPI, 4, FIRST - 1);
	world_store(WORLD_CONTROL, SETSPI + 4, 4, FIRST);
	assert_int_equal(fake_msix_pulses, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(table_is_not_mapped, setup, teardown),
		cmocka_unit_test_setup_teardown(entry_is_rewritten, setup, teardown),
		cmocka_unit_test_setup_teardown(other_messages_stay_masked, setup, teardown),
		cmocka_unit_test_setup_teardown(vectors_are_not_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(accesses_of_all_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(vectors_go_with_the_user, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_clears_the_table, setup, teardown),
		cmocka_unit_test_setup_teardown(frame_registers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
