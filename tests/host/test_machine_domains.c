/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains of the boot device tree: what is read, and what is said of a node that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "boot/boot.h"
#include "boot/domain_bridges.h"
#include "boot/domain_pci.h"
#include "lib/errno.h"
#include "virt_tree.h"

#define WEB     "/chosen/web"
#define KERNEL  "/chosen/web/module@60000000"
#define RAMDISK "/chosen/web/module@62000000"

struct machine machine;

static void add_node(void *fdt, const char *parent, const char *name)
{
	assert_true(fdt_add_subnode(fdt, virt_node(fdt, parent), name) >= 0);
}

static void add_module(void *fdt, const char *path, const char *compatible, uint32_t at,
		       uint32_t size)
{
	virt_set_text(fdt, path, "compatible", compatible);
	VIRT_CELLS(fdt, path, "reg", 0, at, 0, size);
}

/* A domain beside the control domain of the tree. */
static void *tree(void)
{
	void *fdt = virt_tree();

	add_node(fdt, "/chosen", "web");
	virt_set_text(fdt, WEB, "compatible", "xen,domain");
	VIRT_CELLS(fdt, WEB, "#address-cells", 2);
	VIRT_CELLS(fdt, WEB, "#size-cells", 2);
	VIRT_CELLS(fdt, WEB, "memory", 0, 0x40001);
	VIRT_CELLS(fdt, WEB, "cpus", 2);
	virt_set_text(fdt, WEB, "vpl011", "");
	add_node(fdt, WEB, "module@60000000");
	add_module(fdt, KERNEL, "multiboot,kernel", 0x60000000, 0x1234);
	virt_set_text(fdt, KERNEL, "bootargs", "console=ttyAMA0");
	add_node(fdt, WEB, "module@62000000");
	add_module(fdt, RAMDISK, "multiboot,ramdisk", 0x62000000, 0x55);
	return fdt;
}

static void set_list(void *fdt, const char *strings, int size)
{
	assert_int_equal(fdt_setprop(fdt, virt_node(fdt, WEB), "pci-devices", strings, size), 0);
}

static struct machine_domain *read_one(const void *fdt)
{
	const char *why;

	memset(&machine, 0, sizeof(machine));
	assert_int_equal(machine_fdt_read(fdt, VIRT_TREE_SIZE, &machine, &why), 0);
	assert_int_equal(machine.domain_count, 1);
	assert_int_equal(machine.module_count, 2); /* the control domain's alone */
	return &machine.domains[0];
}

static void test_reads_all(void **state)
{
	static const char list[] = "0000:01:00.0\0" "2:03.1,vslot=1f,quirk=no-reset";
	void *fdt = tree();
	struct machine_domain *d;

	(void)state;
	set_list(fdt, list, sizeof(list));
	d = read_one(fdt);
	assert_string_equal(d->flaw, "");
	assert_string_equal(d->name, "web");
	assert_string_equal(d->path, WEB);
	assert_int_equal(d->ram_size, 258ULL << 20); /* whole blocks */
	assert_int_equal(d->vcpu_count, 2);
	assert_int_equal(d->kernel.base, 0x60000000);
	assert_int_equal(d->kernel.size, 0x1234);
	assert_int_equal(d->ramdisk.base, 0x62000000);
	assert_int_equal(d->ramdisk.size, 0x55);
	assert_string_equal(d->bootargs, "console=ttyAMA0");
	assert_int_equal(d->lent_count, 2);
	assert_int_equal(d->lent[0].sbdf, 0x0100);
	assert_int_equal(d->lent[1].sbdf, 0x0219);
	assert_int_equal(d->lent[1].vslot, 31);
	assert_int_equal(d->lent[1].quirks, 1);
}

static void test_least_there_can_be(void **state)
{
	void *fdt = tree();
	struct machine_domain *d;

	(void)state;
	fdt_del_node(fdt, virt_node(fdt, RAMDISK));
	virt_delete(fdt, KERNEL, "bootargs");
	virt_delete(fdt, WEB, "vpl011");
	d = read_one(fdt);
	assert_string_equal(d->flaw, "");
	assert_int_equal(d->ramdisk.size, 0);
	assert_string_equal(d->bootargs, "");
	assert_int_equal(d->lent_count, 0);
}

/* The flaw names node and property; everything else of the machine is read. */
static void flawed(const void *fdt, const char *node, const char *what)
{
	const struct machine_domain *d = read_one(fdt);

	if (strncmp(d->flaw, node, strlen(node)) != 0 || strstr(d->flaw, what) == NULL) {
		print_error("\"%s\" does not begin with %s and name %s\n", d->flaw, node, what);
		fail();
	}
	assert_null(strchr(d->flaw, '\n'));
	assert_string_equal(d->name, "web");
}

static const struct {
	const char *path;
	const char *name;
	uint32_t count; /* 0: not there at all */
	uint32_t cells[4];
} broken[] = {
	{ WEB, "memory", 0, { 0 } },
	{ WEB, "memory", 1, { 0x40000 } },
	{ WEB, "memory", 2, { 0, 0 } },
	{ WEB, "memory", 2, { 0x10000, 0 } },
	{ WEB, "cpus", 0, { 0 } },
	{ WEB, "cpus", 1, { 0 } },
	{ WEB, "cpus", 1, { 17 } },
	{ WEB, "cpus", 2, { 0, 1 } },
	{ WEB, "#address-cells", 1, { 7 } },
	{ KERNEL, "reg", 0, { 0 } },
	{ KERNEL, "reg", 2, { 0, 0x60000000 } },
	{ KERNEL, "reg", 4, { 0, 0x1000, 0, 0x1000 } },
	{ KERNEL, "reg", 4, { 0, 0x60000000, 0, 0 } },
	/* Where the control domain's kernel ends. */
	{ KERNEL, "reg", 4, { 0, 0x48100000, 0, 0x1000 } },
	{ RAMDISK, "reg", 4, { 0, 0x47ff0000, 0, 0x10001 } },
};

static void test_broken_nodes_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		void *fdt = tree();

		if (broken[i].count == 0) {
			virt_delete(fdt, broken[i].path, broken[i].name);
		} else {
			virt_set_cells(fdt, broken[i].path, broken[i].name, broken[i].cells,
				       broken[i].count);
		}
		flawed(fdt, broken[i].path, broken[i].name);
	}
}

/* Empty properties: <0> is no way to say no. */
static void test_dangers(void **state)
{
	static const char *const names[] = { "unprotected-dma", "unsafe-interrupts" };
	const struct machine_domain *d = read_one(tree());
	void *fdt;

	(void)state;
	assert_false(d->unprotected_dma || d->unsafe_interrupts);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		fdt = tree();
		assert_int_equal(fdt_setprop(fdt, virt_node(fdt, WEB), names[i], NULL, 0), 0);
		d = read_one(fdt);
		assert_string_equal(d->flaw, "");
		assert_int_equal(d->unprotected_dma, i == 0);
		assert_int_equal(d->unsafe_interrupts, i == 1);
		fdt = tree();
		VIRT_CELLS(fdt, WEB, names[i], 0);
		flawed(fdt, WEB, "has a value");
		assert_non_null(strstr(machine.domains[0].flaw, names[i]));
	}
}

static void test_what_is_not_understood_is_refused(void **state)
{
	void *fdt = tree();
	char text[1100];

	(void)state;
	virt_set_text(fdt, WEB, "xen,passthrough", "");
	flawed(fdt, WEB, "xen,passthrough: is not supported");
	fdt = tree();
	virt_set_text(fdt, RAMDISK, "compatible", "multiboot,device-tree");
	flawed(fdt, RAMDISK, "compatible");
	fdt = tree();
	virt_set_text(fdt, RAMDISK, "compatible", "multiboot,kernel");
	flawed(fdt, KERNEL, "second"); /* it comes after the other in this tree */
	fdt = tree();
	fdt_del_node(fdt, virt_node(fdt, KERNEL));
	flawed(fdt, WEB, "multiboot,kernel");
	fdt = tree();
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	virt_set_text(fdt, KERNEL, "bootargs", text);
	flawed(fdt, KERNEL, "bootargs");
}

static void test_bad_lists(void **state)
{
	static const char bad[] = "01:00.0\0" "01:00.8";
	char many[17 * 8];
	void *fdt = tree();

	(void)state;
	set_list(fdt, "01:00.0", 7); /* no end */
	flawed(fdt, WEB, "pci-devices");
	fdt = tree();
	set_list(fdt, "", 0);
	flawed(fdt, WEB, "pci-devices");
	fdt = tree();
	set_list(fdt, bad, sizeof(bad));
	flawed(fdt, WEB, "pci-devices: \"01:00.8\" is not");
	fdt = tree();
	for (int i = 0; i < 17; i++) {
		snprintf(many + i * 8, 8, "%02x:00.0", i);
	}
	set_list(fdt, many, sizeof(many) - 8);
	assert_string_equal(read_one(fdt)->flaw, "");
	assert_int_equal(machine.domains[0].lent_count, 16);
	fdt = tree();
	set_list(fdt, many, sizeof(many));
	flawed(fdt, WEB, "pci-devices");
}

static void test_too_many(void **state)
{
	void *fdt = virt_tree();
	const char *why;
	char name[16];

	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "d@%d", i);
		add_node(fdt, "/chosen", name);
		snprintf(name, sizeof(name), "/chosen/d@%d", i);
		virt_set_text(fdt, name, "compatible", "xen,domain");
	}
	memset(&machine, 0, sizeof(machine));
	assert_int_equal(machine_fdt_read(fdt, VIRT_TREE_SIZE, &machine, &why), 0);
	assert_int_equal(machine.domain_count, MACHINE_MAX_DOMAINS);
	assert_int_equal(machine.domains_left_out, 2);
	assert_string_equal(machine.domains[0].name, "d"); /* without unit address */
}

static const struct {
	const char *text;
	struct machine_lent out;
} good_functions[] = {
	{ "01:00.0", { 0x0100, 0, 0 } },
	{ "ffff:Ff:1F.7", { 0xffffffff, 0, 0 } },
	{ "1:2:3.4", { 0x1021c, 0, 0 } },
	{ "01:00.0,vslot=1", { 0x0100, 1, 0 } },
	{ "01:00.0,vslot=0a,quirk=no-reset,quirk=allow-gap", { 0x0100, 10, 3 } },
	{ "01:00.0,quirk=allow-gap,vslot=2", { 0x0100, 2, 2 } },
};

static const char *const bad_functions[] = {
	"", ":", "01", "01:00", "01:00.", "01:00.0 ", " 01:00.0", "01:20.0", "100:00.0", "01:00.00",
	"10000:01:00.0", "0:0:0:0.0", "01:00.0,", "01:00.0,vslot", "01:00.0,vslot=",
	"01:00.0,vslot=20", "01:00.0,vslot=1x", "01:00.0,quirk=", "01:00.0,quirk=no-resets",
	"01:00.0,rom=x", "01:00.*", "01:00.0vslot=1", "g1:00.0", "01:00.0@3",
};

static void test_functions(void **state)
{
	struct machine_lent out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good_functions); i++) {
		assert_true(domain_pci_parse(good_functions[i].text, &out));
		assert_memory_equal(&out, &good_functions[i].out, sizeof(out));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_functions); i++) {
		if (domain_pci_parse(bad_functions[i], &out)) {
			print_error("\"%s\" is taken\n", bad_functions[i]);
			fail();
		}
	}
}

static void set_bridges(void *fdt, const char *strings, int size)
{
	assert_int_equal(fdt_setprop(fdt, virt_node(fdt, WEB), "pci-bridges", strings, size), 0);
}

static void test_bridges(void **state)
{
	static const char list[] = "0000:00-3f\0" "1:40-Ff";
	static const char five[] = "0-1\0" "2-3\0" "4-5\0" "6-7\0" "8-9";
	void *fdt = tree();
	struct machine_domain *d;

	(void)state;
	set_bridges(fdt, list, sizeof(list));
	d = read_one(fdt);
	assert_string_equal(d->flaw, "");
	assert_int_equal(d->owned_count, 2);
	assert_int_equal(d->owned[0].segment, 0);
	assert_int_equal(d->owned[0].bus_start, 0);
	assert_int_equal(d->owned[0].bus_end, 0x3f);
	assert_int_equal(d->owned[1].segment, 1);
	assert_int_equal(d->owned[1].bus_start, 0x40);
	assert_int_equal(d->owned[1].bus_end, 0xff);
	/* Nobody else gets them when the domain is not started. */
	virt_delete(fdt, WEB, "memory");
	flawed(fdt, WEB, "memory");
	assert_int_equal(machine.domains[0].owned_count, 2);

	fdt = tree();
	set_bridges(fdt, list, sizeof(list) - 1);
	flawed(fdt, WEB, "pci-bridges");
	fdt = tree();
	set_bridges(fdt, five, sizeof(five));
	flawed(fdt, WEB, "pci-bridges: names more than 4");
	fdt = tree();
	set_bridges(fdt, "00", 3);
	flawed(fdt, WEB, "pci-bridges: \"00\" is not");
	/* It has no bus of its own to put a lent function on. */
	fdt = tree();
	set_bridges(fdt, list, sizeof(list));
	set_list(fdt, "01:00.0", 8);
	flawed(fdt, WEB, "pci-devices: cannot be beside pci-bridges");
	fdt = tree();
	set_bridges(fdt, list, sizeof(list));
	assert_int_equal(fdt_setprop(fdt, virt_node(fdt, WEB), "unprotected-dma", NULL, 0), 0);
	flawed(fdt, WEB, "unprotected-dma: cannot be beside pci-bridges");
}

static void test_bridge_names(void **state)
{
	static const char *const bad[] = { "",     "0",    "0-",    "-0",     "3f-00",
					   "0:0",  "0:0-", "000-1", "0-100",  "10000:0-1",
					   "0-1 ", "g-h",  ":0-1",  "0:0:0-1" };
	struct machine_owned out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (domain_bridges_parse(bad[i], &out)) {
			print_error("\"%s\" is taken\n", bad[i]);
			fail();
		}
	}
	assert_true(domain_bridges_parse("aB:c-C", &out));
	assert_int_equal(out.segment, 0xab);
	assert_int_equal(out.bus_start, 12);
	assert_int_equal(out.bus_end, 12);
}

/* Nothing overlaps, everything is in reach, and blocks can be mapped as blocks. */
static void test_bridges_are_placed(void **state)
{
	static struct machine_bridge one = { .segment = 2, .bus_end = 0x3f, .window_count = 3,
		.windows = { { WINDOW_IO, false, 0, 0x3eff0000, 0x10000 },
			     { WINDOW_MEM32, false, 0x10000000, 0x10000000, 0x2eff0000 },
			     { WINDOW_MEM64, true, 0x8000000000, 0x8000200000, 0x3fffe00000 } } };
	struct machine_bridge two = one;
	const struct machine_bridge *bridges[] = { &one, &two };
	struct guest_fdt_bridge out[2];
	uint64_t end = 0x4010000000;

	(void)state;
	two.bus_start = 0x40;
	two.bus_end = 0xff;
	assert_int_equal(domain_bridges_place(bridges, 2, out), 0);
	for (int b = 0; b < 2; b++) {
		assert_int_equal(out[b].segment, 2);
		assert_true(out[b].ecam >= end);
		end = out[b].ecam + out[b].ecam_size;
		assert_int_equal(out[b].window_count, 3);
		for (int i = 0; i < 3; i++) {
			const struct guest_fdt_window *w = &out[b].windows[i];

			assert_true(w->cpu >= end);
			assert_int_equal(w->pci, one.windows[i].pci);
			assert_int_equal(w->size, one.windows[i].size);
			assert_int_equal(w->cpu % SZ_1G, one.windows[i].cpu % SZ_1G);
			end = w->cpu + w->size;
		}
	}
	assert_true(end <= 1ULL << 40);
	assert_int_equal(out[0].ecam_size, 64 << 20);
	assert_int_equal(out[1].ecam_size, 192 << 20);
	assert_int_equal(out[1].bus_start, 0x40);
	two.windows[2].size = 0x8000000000;
	assert_int_equal(domain_bridges_place(bridges, 2, out), -ENOSPC);
	two.windows[2].size = ~0ULL;
	assert_int_equal(domain_bridges_place(bridges, 2, out), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_all),
		cmocka_unit_test(test_least_there_can_be),
		cmocka_unit_test(test_broken_nodes_are_named),
		cmocka_unit_test(test_dangers),
		cmocka_unit_test(test_what_is_not_understood_is_refused),
		cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_bridges),
		cmocka_unit_test(test_bridge_names),
		cmocka_unit_test(test_bridges_are_placed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
