/* SPDX-License-Identifier: BSD-2-Clause */
/* Expansion ROMs from a file: what a guest reads, when, and that nothing of them is left behind. */
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

#define ROM 0x30U
#define ENABLE 1U

static const struct lend_options with_rom = { .rom = true };

static int load(struct pci_function *f, uint32_t size)
{
	uint8_t data[300];

	memset(data, 0x5a, sizeof(data));
	return lend_rom_load(f, size, 0, data, sizeof(data));
}

/* The disk with a ROM of 16 KiB, in slot 1. */
static void lend_with_rom(void)
{
	struct vsbdf where;

	quarantine(nvme);
	assert_int_equal(load(nvme, 0x4000), 0);
	assert_int_equal(lend_attach(GUEST1, nvme, &with_rom, &where), 0);
}

static const uint8_t *seen_at(uint64_t address)
{
	return (const uint8_t *)(uintptr_t)world_translate(WORLD_GUEST1, address);
}

static void sizing_and_bits(void **state)
{
	(void)state;
	lend_with_rom();
	assert_int_equal(guest_read(1, ROM, 4), 0);
	guest_write(1, ROM, 4, 0xfffff800);
	assert_int_equal(guest_read(1, ROM, 4), 0xffffc000);
	guest_write(1, ROM, 4, 0xffffffff);
	assert_int_equal(guest_read(1, ROM, 4), 0xffffc001);
	guest_write(1, ROM + 3, 1, 0x20);
	assert_int_equal(guest_read(1, ROM, 4), 0x20ffc001);
	/* The device's own ROM BAR hears nothing of it. */
	assert_int_equal(pci_read(nvme, ROM, 4), 0);
}

static void seen_while_both_bits_are_set(void **state)
{
	uint64_t cleaned = lend_world.cleaned;

	(void)state;
	lend_with_rom();
	assert_true(lend_world.cleaned >= cleaned + 0x4000);
	guest_write(1, 0x10, 4, 0x21000000);
	guest_write(1, 0x14, 4, 0);
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	guest_write(1, PCI_COMMAND, 2, 2);
	assert_int_equal(world_pages(WORLD_GUEST1), 4 + 4);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20000000), P2M_ROM);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20003000), P2M_ROM);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x21000000), P2M_MMIO);
	assert_int_equal(seen_at(0x20000000)[0], 0x5a);
	assert_int_equal(seen_at(0x20000000)[299], 0x5a);
	assert_int_equal(seen_at(0x20000000)[300], 0xff);
	assert_int_equal(seen_at(0x20000000)[0x3fff], 0xff);
	/* Only the ROM goes and comes by its own bit; the device's decoding does not change. */
	guest_write(1, ROM, 4, 0x20000000);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	assert_int_equal(pci_read(nvme, PCI_COMMAND, 2) & 2, 2);
	guest_write(1, ROM, 1, ENABLE);
	assert_int_equal(world_pages(WORLD_GUEST1), 8);
	guest_write(1, PCI_COMMAND, 2, 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(guest_read(1, ROM, 4), 0x20000001);
}

static void holds_still_while_decoding(void **state)
{
	(void)state;
	lend_with_rom();
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	guest_write(1, PCI_COMMAND, 2, 2);
	guest_write(1, ROM, 4, 0x20100000 | ENABLE);
	guest_write(1, ROM + 2, 2, 0x2010);
	assert_int_equal(guest_read(1, ROM, 4), 0x20000001);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20000000), P2M_ROM);
	guest_write(1, ROM, 4, 0x20100000);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20000000), P2M_INVALID);
	guest_write(1, ROM, 4, 0x20100000 | ENABLE);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20100000), P2M_ROM);
	/* Off and to another place in one write, and from there back on in one. */
	guest_write(1, ROM, 4, 0);
	guest_write(1, ROM, 4, 0x20200000 | ENABLE);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20200000), P2M_ROM);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20100000), P2M_INVALID);
}

/* Places a guest cannot have: nothing is mapped, and the BARs work. */
static void wild_places(void **state)
{
	static const uint32_t wild[] = { 0, GUEST_RAM_BASE, GUEST_GICD_BASE, GUEST_ITS_BASE,
					 0x3eff0000, 0xffffc000 };

	(void)state;
	lend_with_rom();
	guest_write(1, 0x10, 4, 0x20000000);
	guest_write(1, 0x14, 4, 0);
	guest_write(1, PCI_COMMAND, 2, 2);
	for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
		guest_write(1, ROM, 4, wild[i] | ENABLE);
		assert_int_equal(world_pages(WORLD_GUEST1), 4);
		guest_write(1, ROM, 4, wild[i]);
	}
	/* Over its own BAR. */
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	assert_true(fake_log_has("not mapped"));
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20000000), P2M_MMIO);
	guest_write(1, ROM, 4, 0x20000000);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
}

static void goes_with_its_user(void **state)
{
	int64_t before;
	struct vsbdf where;

	(void)state;
	quarantine(nvme);
	lend_to(GUEST1, nvme, 1); /* its bus is there from now on */
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	before = fake_heap_live;
	assert_int_equal(load(nvme, 0x4000), 0);
	assert_int_equal(fake_heap_live, before + 1);
	/* Another one replaces it. */
	assert_int_equal(load(nvme, 0x8000), 0);
	assert_int_equal(fake_heap_live, before + 1);
	assert_int_equal(lend_attach(GUEST1, nvme, &with_rom, &where), 0);
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	guest_write(1, PCI_COMMAND, 2, 2);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20007000), P2M_ROM);
	/* Not changed under its user. */
	assert_int_equal(load(nvme, 0x8000), -EINVAL);
	assert_int_equal(lend_detach(nvme), 0);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	world_run_resets();
	assert_int_equal(fake_heap_live, before);
	/* The next one has none, unless it is loaded anew. */
	assert_int_equal(lend_attach(GUEST2, nvme, &with_rom, &where), -EINVAL);
	assert_int_equal(load(nvme, 0x4000), 0);
	assert_int_equal(attach(GUEST1, nvme, 1, &where), 0);
	assert_int_equal(nvme->lent_rom.size, 0);
	guest_write(1, ROM, 4, 0xffffffff);
	assert_int_equal(guest_read(1, ROM, 4), 0);
	assert_int_equal(lend_detach(nvme), 0);
	world_run_resets();
	/* Its owner sees none of it, and it is gone. */
	assert_int_equal(load(nvme, 0x4000), 0);
	assert_int_equal(lend_return_to_owner(nvme), 0);
	owner_write(nvme, ROM, 4, 0xffffffff);
	assert_int_equal(owner_read(nvme, ROM, 4), 0);
	assert_int_equal(nvme->lent_rom.size, 0);
	assert_int_equal(load(nvme, 0x4000), -EINVAL);
}

static void a_reset_forgets_where_it_was(void **state)
{
	(void)state;
	lend_with_rom();
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	guest_write(1, PCI_COMMAND, 2, 2);
	reset_by_guest(1, nvme);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	world_run_resets();
	assert_int_equal(guest_read(1, ROM, 4), 0);
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	guest_write(1, PCI_COMMAND, 2, 2);
	assert_int_equal(seen_at(0x20000000)[0], 0x5a);
}

/* In D3hot nothing is decoded, whatever is written to the ROM BAR meanwhile. */
static void asleep_with_a_rom(void **state)
{
	uint32_t control;

	(void)state;
	lend_with_rom();
	control = nvme->cap_pm + PCI_PM_CONTROL;
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	guest_write(1, PCI_COMMAND, 2, 2);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20000000), P2M_ROM);
	guest_write(1, control, 2, PCI_PM_D3HOT);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	guest_write(1, ROM, 4, 0x20000000);
	guest_write(1, ROM, 4, 0x20100000 | ENABLE);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	guest_write(1, control, 2, PCI_PM_D0);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20100000), P2M_ROM);
	assert_int_equal(world_page_type(WORLD_GUEST1, 0x20000000), P2M_INVALID);
}

static void teardown_with_a_rom(void **state)
{
	(void)state;
	lend_with_rom();
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	guest_write(1, PCI_COMMAND, 2, 2);
	GUEST1->state = DOMAIN_DYING;
	reclaim_all(GUEST1);
	assert_int_equal(world_pages(WORLD_GUEST1), 0);
	assert_int_equal(nvme->lent_rom.size, 0);
	world_run_resets();
}

static void bad_loads(void **state)
{
	static const struct {
		uint32_t size, offset, count;
	} bad[] = {
		{ 0, 0, 1 },           { 0x800, 0, 1 },        { 0x3000, 0, 1 },
		{ LEND_ROM_MAX * 2, 0, 1 }, { 0x4000, 0x4000, 1 }, { 0x4000, 0x3fff, 2 },
		{ 0x4000, 0, 0 },      { 0x4000, 0xffffffff, 2 }, { 0x4000, 0, 0xffffffff },
		{ 0x8000, 0x100, 1 },  { 0x80000000, 0, 1 },
	};
	uint8_t data[16] = { 0 };

	(void)state;
	quarantine(nvme);
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(lend_rom_load(nvme, bad[i].size, bad[i].offset, data,
					       bad[i].count), -EINVAL);
		assert_int_equal(nvme->lent_rom.size, 0);
	}
	assert_int_equal(lend_rom_load(nic, 0x4000, 0, data, 1), -EINVAL); /* its owner uses it */
	fake_heap_fail_in = 1;
	assert_int_equal(load(nvme, 0x4000), -ENOMEM);
	fake_heap_fail_in = 0;
	assert_int_equal(nvme->lent_rom.size, 0);
	assert_int_equal(load(nvme, 0x4000), 0);
	/* Of another size: not the one that was begun. */
	assert_int_equal(lend_rom_load(nvme, 0x8000, 0x100, data, 1), -EINVAL);
	assert_int_equal(lend_rom_load(nvme, 0x4000, 0x3ff0, data, 16), 0);
	assert_int_equal(load(nvme, LEND_ROM_MAX), 0);
	assert_int_equal(lend_return_to_owner(nvme), 0);
}

/* Out of table memory half way: not mapped, nothing left, and it can be tried again. */
static void no_memory_for_tables(void **state)
{
	(void)state;
	lend_with_rom();
	guest_write(1, 0x10, 4, 0x21000000);
	guest_write(1, 0x14, 4, 0);
	guest_write(1, PCI_COMMAND, 2, 2);
	lend_world.page_limit = 6;
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	assert_int_equal(world_pages(WORLD_GUEST1), 4);
	lend_world.page_limit = 0;
	guest_write(1, ROM, 4, 0x20000000);
	guest_write(1, ROM, 4, 0x20000000 | ENABLE);
	assert_int_equal(world_pages(WORLD_GUEST1), 8);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, lend_rig_setup, lend_rig_teardown)
	const struct CMUnitTest tests[] = {
		T(sizing_and_bits),
		T(seen_while_both_bits_are_set),
		T(holds_still_while_decoding),
		T(wild_places),
		T(goes_with_its_user),
		T(a_reset_forgets_where_it_was),
		T(asleep_with_a_rom),
		T(teardown_with_a_rom),
		T(bad_loads),
		T(no_memory_for_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
