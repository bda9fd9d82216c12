/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The R-Car front end of the test image: our own R-Car driver on top of it, on top of a hierarchy
 * that is plain ECAM otherwise. Both ways have to lead to the same functions.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../front/rcar_front.h"
#include "arch/arm64/cpu.h"
#include "arch/arm64/guarded.h"
#include "arch/arm64/mmio.h"
#include "core/heap.h"
#include "fake_heap.h"
#include "fake_irq.h"
#include "fake_log.h"
#include "pci/bridges/bridges.h"
#include "pci/pci_config.h"
#include "pci/pci_contain.h"
#include "pci/pci_groups.h"
#include "pci/pci_init.h"
#include "pci/registry.h"
#include "pci/registry_list.h"
#include "pci_world.h"

#define PORT_DEVICE 2
#define REGS_BASE   0xfe000000ULL

static struct pci_world world;
static struct rcar_front front;
static struct machine_bridge rcar_desc;
static struct host_bridge rcar;
static uint8_t window[RCAR_FRONT_SIZE];
static uint64_t now;
static char text[8192];

uint64_t ticks_now(void)
{
	return now++;
}

void pci_access_failed(struct sbdf where)
{
	fail_msg("nothing aborts here");
}

volatile void *mmio_map_device(uint64_t base, uint64_t size)
{
	assert_int_equal(base, REGS_BASE);
	assert_int_equal(size, RCAR_FRONT_SIZE);
	return window;
}

/* What vpci_front.c does, over the hierarchy instead of a domain's buses. */
static uint64_t access_front(uint32_t offset, uint8_t size, bool write, uint64_t value)
{
	struct mmio_access a = { .offset = offset, .size = size, .write = write, .value = value };
	struct vpci_front_plan p = rcar_front_plan(&front, 0, &a);
	struct sbdf where = sbdf_make(0, p.bus, p.devfn >> 3, p.devfn & 7);
	bool answered;
	uint32_t read;

	if (p.kind == VPCI_FRONT_VALUE) {
		return p.value;
	}
	assert_int_equal(p.kind, VPCI_FRONT_CONFIG);
	read = model_pci_ops.cfg_read(&world.bridge, where, 0, 4);
	answered = read != 0xffffffffU;
	if (p.write) {
		model_pci_ops.cfg_write(&world.bridge, where, p.offset, p.size, p.value);
	} else {
		read = model_pci_ops.cfg_read(&world.bridge, where, p.offset, p.size);
	}
	return rcar_front_answer(&front, &p, answered, read);
}

static uint32_t get(uint32_t offset)
{
	return (uint32_t)access_front(offset, 4, false, 0);
}

static void put(uint32_t offset, uint32_t value)
{
	(void)access_front(offset, 4, true, value);
}

static uint32_t offset_of(const volatile void *p)
{
	return (uint32_t)((const volatile uint8_t *)p - window);
}

uint32_t mmio_read32(const volatile void *p)
{
	return get(offset_of(p));
}

void mmio_write32(volatile void *p, uint32_t value)
{
	put(offset_of(p), value);
}

bool guarded_read(const volatile void *p, uint32_t size, uint32_t *value)
{
	assert_int_equal(size, 4);
	*value = mmio_read32(p);
	return true;
}

bool guarded_write(volatile void *p, uint32_t size, uint32_t value)
{
	assert_int_equal(size, 4);
	mmio_write32(p, value);
	return true;
}

static void windows_of_h3(struct machine_bridge *d)
{
	static const struct machine_window windows[] = {
		{ WINDOW_IO, false, 0, 0xfe100000, 0x100000 },
		{ WINDOW_MEM32, false, 0x30000000, 0x30000000, 0x8000000 },
		{ WINDOW_MEM32, true, 0x38000000, 0x38000000, 0x8000000 },
	};

	memcpy(d->windows, windows, sizeof(windows));
	d->window_count = ARRAY_SIZE(windows);
}

static void nvme(struct model_function *parent, uint8_t fn)
{
	struct model_function *f = model_endpoint(&world.pci, parent, 0, fn, 0x00101b36, 0x010802);

	model_bar(f, 0, BAR_MEM64, false, 0x4000);
	model_express(f, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(f, 65, 0, 0x2000, 0, 0x3000);
}

/*
 * A host bridge's own function, a root port with a switch below it, and beside it what an R-Car's
 * root bus has no room for.
 */
static void hierarchy(void)
{
	struct model_pci *m = &world.pci;
	struct model_function *port, *up, *left, *right, *other;

	pci_world_init(&world, 0, 0, 255);
	windows_of_h3(&world.desc);
	model_endpoint(m, NULL, 0, 0, 0x00081b36, 0x060000);
	port = model_port(m, NULL, PORT_DEVICE, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	up = model_port(m, port, 0, 0, PCI_EXP_TYPE_UPSTREAM, false, false);
	left = model_port(m, up, 0, 0, PCI_EXP_TYPE_DOWNSTREAM, false, true);
	right = model_port(m, up, 3, 0, PCI_EXP_TYPE_DOWNSTREAM, false, true);
	nvme(left, 0);
	nvme(left, 1);
	nvme(right, 0);
	other = model_port(m, NULL, PORT_DEVICE + 1, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	nvme(other, 0);
	model_endpoint(m, NULL, 9, 0, 0x10d38086, 0x020000);
}

static void rcar_init(void)
{
	memset(&front, 0, sizeof(front));
	front.port = PORT_DEVICE << 3;
	memset(&rcar_desc, 0, sizeof(rcar_desc));
	windows_of_h3(&rcar_desc);
	rcar_desc.cfg = (struct range){ REGS_BASE, RCAR_FRONT_SIZE };
	rcar_desc.bus_end = 255;
	rcar_desc.intids[0] = 148;
	rcar_desc.intids[1] = 149;
	strcpy(rcar_desc.path, "/soc/pcie@fe000000");
	fake_irq_reset();
	rcar = (struct host_bridge){ .ops = &rcar_gen3_ops, .desc = &rcar_desc };
	assert_int_equal(rcar_gen3_ops.init(&rcar, &rcar_desc), 0);
}

static int setup(void **state)
{
	fake_log_clear();
	hierarchy();
	return 0;
}

static int setup_rcar(void **state)
{
	setup(state);
	rcar_init();
	return 0;
}

static int teardown(void **state)
{
	pci_world_free(&world);
	heap_free(rcar.priv);
	rcar.priv = NULL;
	assert_int_equal(fake_heap_live, 0);
	return 0;
}

static void say_function(const struct pci_function *f)
{
	size_t at = strlen(text);

	at += (size_t)snprintf(text + at, sizeof(text) - at, SBDF_FMT " %04x:%04x %06x buses %x-%x",
			       SBDF_ARG(f->sbdf), f->vendor, f->device, f->class_code,
			       f->bus_secondary, f->bus_subordinate);
	for (uint32_t i = 0; i < PCI_BARS; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, " %u:%llx@%llx",
				       f->bars[i].kind, (unsigned long long)f->bars[i].size,
				       (unsigned long long)f->bars[i].address);
	}
	assert_true(at + 64 < sizeof(text));
	snprintf(text + at, sizeof(text) - at, " msix %u express %x reset %x\n", f->msix.entries,
		 f->cap_express, f->reset_methods);
}

/* All below the port that is there both ways, brought up through b. How many were there at all? */
static uint32_t below_port(struct host_bridge *b)
{
	uint32_t count = 0;

	pci_bring_up(b);
	pci_groups_assign(pci_function_first());
	text[0] = '\0';
	for (const struct pci_function *f = pci_function_first(); f != NULL; f = f->next) {
		const struct pci_function *top = f;

		while (top->parent != NULL) {
			top = top->parent;
		}
		count++;
		if (top != f && SBDF_DEVFN(top->sbdf) >> 3 != PORT_DEVICE + 1) {
			say_function(f);
		}
	}
	return count;
}

static void test_same_functions_as_ecam(void **state)
{
	static char expected[sizeof(text)];

	assert_int_equal(below_port(&world.bridge), 11);
	assert_non_null(strstr(text, "1b36:0010"));
	strcpy(expected, text);
	pci_world_free(&world);

	hierarchy();
	rcar_init();
	assert_int_equal(below_port(&rcar), 7);
	assert_string_equal(text, expected);
	assert_int_equal(pci_function_find(sbdf_make(0, 0, 0, 0))->header_type, 1);
	assert_null(pci_function_find(sbdf_make(0, 0, PORT_DEVICE, 0)));
}

static uint32_t cycle(uint32_t bus, uint32_t dev, uint32_t fn, uint32_t type1)
{
	uint32_t value;

	put(0x10, bus << 24 | dev << 19 | fn << 16);
	put(0x18, 1U << 31 | type1 << 8);
	value = get(0x20);
	put(0x18, 0);
	return value;
}

static bool refused(void)
{
	bool flags = (get(0x2020) & 0x10) != 0 && (get(0x10004) & 0x20000000) != 0;

	put(0x2020, get(0x2020));
	put(0x10004, 0x20000000);
	assert_int_equal(get(0x2020), 0);
	assert_int_equal(get(0x10004) & 0x20000000, 0);
	return flags;
}

/* Whatever numbers are asked for, no cycle gets to the root bus or a port beside this one. */
static void test_below_the_port_only(void **state)
{
	(void)below_port(&rcar);
	assert_int_equal(cycle(0, 9, 0, 1), 0xffffffff);
	assert_true(refused());
	assert_int_equal(cycle(1, 0, 0, 1), 0xffffffff);
	assert_true(refused());
	assert_int_equal(cycle(200, 0, 0, 1), 0xffffffff);
	assert_true(refused());
	/* The partner answers a type 0 cycle whatever it names; functions it has not do not. */
	assert_int_equal(cycle(0, 9, 0, 0), 0x000c1b36);
	assert_false(refused());
	assert_int_equal(cycle(1, 0, 5, 0), 0xffffffff);
	assert_true(refused());
	/* Without bus numbers there is nothing below. */
	put(0x10018, 0);
	assert_int_equal(get(0x10018), 0);
	assert_int_equal(cycle(1, 0, 0, 0), 0xffffffff);
	assert_true(refused());
}

/* Flags stay until each is cleared where it is. */
static void test_flags_are_sticky(void **state)
{
	(void)below_port(&rcar);
	assert_int_equal(cycle(1, 0, 5, 0), 0xffffffff);
	assert_int_equal(cycle(1, 0, 0, 0), 0x000c1b36);
	put(0x2020, 0x10);
	assert_int_equal(get(0x2020), 0);
	assert_int_equal(get(0x10004) & 0x20000000, 0x20000000);
	put(0x10004, 0x10000000);
	assert_int_equal(get(0x10004) & 0x20000000, 0x20000000);
	put(0x10004, 0x20000000);
	assert_int_equal(get(0x10004) & 0x20000000, 0);
}

static void test_no_cycle(void **state)
{
	uint32_t reads, writes;

	(void)below_port(&rcar);
	reads = world.pci.reads;
	writes = world.pci.write_count;
	put(0x10, 1U << 24 | 4);
	assert_int_equal(get(0x20), 0xffffffff);
	put(0x20, 7);
	put(0x2000, 0);
	assert_int_equal(get(0x2004), 0);
	assert_int_equal(cycle(1, 0, 0, 0), 0xffffffff);
	put(0x18, 1U << 31);
	put(0x20, 7);
	assert_int_equal(world.pci.reads, reads);
	assert_int_equal(world.pci.write_count, writes);
	/* Trained again, it is there again. */
	put(0x2000, 1);
	assert_int_equal(get(0x2004), 1);
	assert_int_equal(cycle(1, 0, 0, 0), 0x000c1b36);
	/* No link for what is no root complex. */
	put(0x28, 0);
	assert_int_equal(get(0x2004), 0);
}

/* Registers are 32 bits wide; anything else is as if it were not there. */
static void test_widths(void **state)
{
	static const uint8_t sizes[] = { 1, 2, 8 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		put(0x2080, 0x12345678);
		(void)access_front(0x2080, sizes[i], true, ~0ULL);
		assert_int_equal(access_front(0x2080, sizes[i], false, 0), 0);
		assert_int_equal(access_front(0x10000, sizes[i], false, 0), 0);
		assert_int_equal(get(0x2080), 0x12345678);
	}
}

/* Each keeps what it is there for, and none the next one's. */
static void test_registers(void **state)
{
	static const struct {
		uint32_t first, stride, count, keep;
	} kept[] = {
		{ 0x10, 0, 1, 0xffff0ffc },   { 0x18, 0, 1, 0x80000100 },
		{ 0x2080, 4, 6, 0xffffffff }, { 0x2200, 0x20, 6, 0xffffffff },
		{ 0x3400, 0x20, 4, 0xffffff80 }, { 0x3404, 0x20, 4, 0xffffffff },
		{ 0x340c, 0x20, 4, 0x80000100 }, { 0x2050, 0, 1, 0xffffffff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		for (uint32_t n = 0; n < kept[i].count; n++) {
			put(kept[i].first + n * kept[i].stride, 0xffffffffU - (n << 12));
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		for (uint32_t n = 0; n < kept[i].count; n++) {
			assert_int_equal(get(kept[i].first + n * kept[i].stride),
					 (0xffffffffU - (n << 12)) & kept[i].keep);
		}
	}
	put(0x7f0, 0);
	put(0x2004, 0);
	put(0x5000, 7);
	assert_int_equal(get(0x7f0), 1);
	assert_int_equal(get(0x2004), 1);
	assert_int_equal(get(0x5000), 0);
	assert_int_equal(get(0x7fffc), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup_rcar, teardown)
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same_functions_as_ecam, setup, teardown),
		T(test_below_the_port_only),
		T(test_flags_are_sticky),
		T(test_no_cycle),
		T(test_widths),
		T(test_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
