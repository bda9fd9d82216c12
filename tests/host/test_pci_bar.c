/* SPDX-License-Identifier: BSD-2-Clause */
/* BAR sizing and MSI-X geometry against functions that behave and functions that do not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "pci/pci_bar.h"
#include "pci/pci_caps.h"
#include "pci/pci_config.h"
#include "pci_world.h"

static struct pci_world world;
static struct model_function *model;
static struct pci_function function;

static int setup(void **state)
{
	pci_world_init(&world, 0, 0, 255);
	model = model_endpoint(&world.pci, NULL, 1, 0, 0x11e81234, 0xff0000);
	memset(&function, 0, sizeof(function));
	function.sbdf = sbdf_make(0, 0, 1, 0);
	function.bridge = &world.bridge;
	return 0;
}

static int teardown(void **state)
{
	pci_world_free(&world);
	return 0;
}

static void test_kinds_and_sizes(void **state)
{
	model_bar(model, 0, BAR_MEM32, false, 0x1000);
	model_bar(model, 1, BAR_IO, false, 32);
	model_bar(model, 2, BAR_MEM64, true, 16ULL << 30);
	model_bar(model, 4, BAR_MEM32, true, 16);
	pci_bars_size(&function);
	assert_int_equal(function.bars[0].kind, BAR_MEM32);
	assert_int_equal(function.bars[0].size, 0x1000);
	assert_false(function.bars[0].prefetchable);
	assert_int_equal(function.bars[1].kind, BAR_IO);
	assert_int_equal(function.bars[1].size, 32);
	assert_int_equal(function.bars[2].kind, BAR_MEM64);
	assert_true(function.bars[2].size == 16ULL << 30);
	assert_true(function.bars[2].prefetchable);
	assert_int_equal(function.bars[3].kind, BAR_MEM64_HIGH);
	assert_int_equal(function.bars[4].size, 16);
	assert_int_equal(function.bars[5].kind, BAR_NONE);
}

static void test_every_size(void **state)
{
	uint32_t shift;

	for (shift = 4; shift < 63; shift++) {
		model_bar(model, 0, BAR_MEM64, false, 1ULL << shift);
		pci_bars_size(&function);
		assert_int_equal(function.bars[0].kind, BAR_MEM64);
		assert_true(function.bars[0].size == 1ULL << shift);
	}
	for (shift = 2; shift < 16; shift++) {
		/* Upper 16 bits hard-wired to 0. */
		model_set32(model, PCI_BAR0, 1, (uint32_t)(0xffff & ~((1U << shift) - 1)));
		pci_bars_size(&function);
		assert_int_equal(function.bars[0].kind, BAR_IO);
		assert_int_equal(function.bars[0].size, 1U << shift);
	}
}

static void test_64_bit_in_the_last_place(void **state)
{
	model_set32(model, PCI_BAR0 + 20, PCI_BAR_TYPE_64, 0xffffc000);
	pci_bars_size(&function);
	assert_int_equal(function.bars[5].kind, BAR_NONE);
	assert_int_equal(function.bars[5].size, 0);
}

static void test_reserved_type(void **state)
{
	model_set32(model, PCI_BAR0, 0x2, 0xfffff000);
	model_set32(model, PCI_BAR0 + 4, 0x6, 0xfffff000);
	pci_bars_size(&function);
	assert_int_equal(function.bars[0].kind, BAR_NONE);
	assert_int_equal(function.bars[1].kind, BAR_NONE);
}

static void test_bridge_has_two(void **state)
{
	struct model_function *b = model_bridge(&world.pci, NULL, 2, 0, 0x00011b36);
	uint32_t buses;

	model_bar(b, 0, BAR_MEM32, false, 0x1000);
	model_set32(b, PCI_BAR0 + 4, PCI_BAR_TYPE_64, 0xffffc000);
	function.sbdf = sbdf_make(0, 0, 2, 0);
	function.header_type = 1;
	b->config[PCI_SECONDARY_BUS] = 7;
	buses = model_get(b, PCI_PRIMARY_BUS, 4);
	pci_bars_size(&function);
	assert_int_equal(function.bars[0].size, 0x1000);
	assert_int_equal(function.bars[1].kind, BAR_NONE);
	assert_int_equal(model_get(b, PCI_PRIMARY_BUS, 4), buses);
}

static void test_rom_is_noted_and_left_off(void **state)
{
	model_set32(model, PCI_ROM, 0xfffe0001, 0xffff0001);
	pci_bars_size(&function);
	assert_int_equal(function.rom_size, 0x10000);
	assert_int_equal(model_get(model, PCI_ROM, 4), 0);
}

static void test_write_and_verify(void **state)
{
	model_bar(model, 0, BAR_MEM64, true, 0x4000);
	model_bar(model, 2, BAR_IO, false, 16);
	pci_bars_size(&function);
	function.bars[0].address = 0x8012344000;
	function.bars[2].address = 0x1230;
	pci_bars_write(&function);
	assert_int_equal(model_get(model, PCI_BAR0, 4), 0x1234400c);
	assert_int_equal(model_get(model, PCI_BAR0 + 4, 4), 0x80);
	assert_int_equal(model_get(model, PCI_BAR0 + 8, 4), 0x1231);
	assert_true(pci_bars_verify(&function));
	model->config[PCI_BAR0 + 4] = 0x81;
	assert_false(pci_bars_verify(&function));
	model->config[PCI_BAR0 + 4] = 0x80;
	model->config[PCI_BAR0 + 9] = 0;
	assert_false(pci_bars_verify(&function));
}

static void bars_for_msix(struct pci_bar bars[PCI_BARS], uint64_t size)
{
	memset(bars, 0, PCI_BARS * sizeof(bars[0]));
	bars[0] = (struct pci_bar){ .kind = BAR_MEM64, .size = size };
	bars[1] = (struct pci_bar){ .kind = BAR_MEM64_HIGH };
	bars[2] = (struct pci_bar){ .kind = BAR_IO, .size = 0x10000 };
	bars[4] = (struct pci_bar){ .kind = BAR_MEM32, .size = size };
}

/* D10: the pending bits of n vectors take 8 bytes for each 64 begun. */
static void d10_msix_sizes(void **state)
{
	static const struct {
		uint16_t entries;
		uint32_t pba;
	} cases[] = { { 1, 8 }, { 63, 8 }, { 64, 8 }, { 65, 16 }, { 2047, 256 }, { 2048, 256 } };
	struct pci_bar bars[PCI_BARS];
	size_t i;

	bars_for_msix(bars, 0x10000);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t table = cases[i].entries * 16U;
		struct pci_msix m = { .cap = 0x40, .entries = cases[i].entries };

		m.table_offset = 0x10000 - table;
		m.pba_bar = 4;
		m.pba_offset = 0x10000 - cases[i].pba;
		assert_true(pci_msix_valid(&m, bars));
		m.table_offset += 8;
		assert_false(pci_msix_valid(&m, bars));
		m.table_offset -= 8;
		m.pba_offset += 8;
		assert_false(pci_msix_valid(&m, bars));
	}
}

/* D13: a table indicator that names nothing, half a BAR, or I/O space. */
static void d13_msix_hostile_places(void **state)
{
	struct pci_bar bars[PCI_BARS];
	uint8_t bir;

	bars_for_msix(bars, 0x1000);
	for (bir = 0; bir < 8; bir++) {
		struct pci_msix table = { .entries = 4, .table_bar = bir, .pba_bar = 0,
					  .pba_offset = 0x800 };
		struct pci_msix pba = { .entries = 4, .pba_bar = bir, .pba_offset = 0x800 };

		assert_int_equal(pci_msix_valid(&table, bars), bir == 0 || bir == 4);
		assert_int_equal(pci_msix_valid(&pba, bars), bir == 0 || bir == 4);
	}
	assert_false(pci_msix_valid(&(struct pci_msix){ .entries = 4, .table_offset = 0xfffffff8,
							.pba_offset = 0x800 },
				    bars));
	/* Pending bits inside the table. */
	assert_false(pci_msix_valid(&(struct pci_msix){ .entries = 4, .pba_offset = 0x38 }, bars));
	assert_true(pci_msix_valid(&(struct pci_msix){ .entries = 4, .pba_offset = 0x40 }, bars));
	assert_false(pci_msix_valid(&(struct pci_msix){ .entries = 0, .pba_offset = 0x40 }, bars));
}

static void test_msix_impossible_counts_as_none(void **state)
{
	model_msix(model, 33, 3, 0, 0, 0x800);
	model_bar(model, 0, BAR_MEM32, false, 0x1000);
	pci_caps_read(&function);
	pci_bars_size(&function);
	assert_int_not_equal(function.msix.cap, 0);
	pci_msix_read(&function);
	assert_int_equal(function.msix.cap, 0);
	assert_int_equal(function.msix.entries, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_kinds_and_sizes),
		T(test_every_size),
		T(test_64_bit_in_the_last_place),
		T(test_reserved_type),
		T(test_bridge_has_two),
		T(test_rom_is_noted_and_left_off),
		T(test_write_and_verify),
		T(d10_msix_sizes),
		T(d13_msix_hostile_places),
		T(test_msix_impossible_counts_as_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
