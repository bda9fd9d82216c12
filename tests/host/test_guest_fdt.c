/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's device tree, read back. */
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "common/guest_fdt.h"

#define MIB (1024ULL * 1024)

static uint8_t fdt[0x10000];

static uint32_t cell(int node, const char *name, int index)
{
	int length;
	const fdt32_t *p = fdt_getprop(fdt, node, name, &length);

	assert_non_null(p);
	assert_true(length >= (index + 1) * 4);
	return fdt32_to_cpu(p[index]);
}

static uint64_t cells(int node, const char *name, int index)
{
	return (uint64_t)cell(node, name, index) << 32 | cell(node, name, index + 1);
}

static int node_at(const char *path)
{
	int node = fdt_path_offset(fdt, path);

	if (node < 0) {
		fail_msg("no node %s", path);
	}
	return node;
}

static void make(const struct guest_fdt *g)
{
	assert_int_equal(guest_fdt_make(g, fdt, sizeof(fdt)), 0);
	assert_int_equal(fdt_check_full(fdt, sizeof(fdt)), 0);
}

static void make_usual(uint32_t vcpus)
{
	const struct guest_fdt g = {
		.vcpu_count = vcpus,
		.ram_bytes = 256 * MIB,
		.bootargs = "console=ttyAMA0",
		.ramdisk_start = 0x44000000,
		.ramdisk_end = 0x44123456,
		.kaslr_seed = 0x1122334455667788,
	};

	make(&g);
}

static void test_chosen(void **state)
{
	int node;

	make_usual(1);
	node = node_at("/chosen");
	assert_string_equal(fdt_getprop(fdt, node, "bootargs", NULL), "console=ttyAMA0");
	assert_int_equal(cells(node, "linux,initrd-start", 0), 0x44000000);
	assert_int_equal(cells(node, "linux,initrd-end", 0), 0x44123456);
	assert_int_equal(cells(node, "kaslr-seed", 0), 0x1122334455667788);
	/* stdout-path names a node that is there. */
	node = node_at(fdt_getprop(fdt, node, "stdout-path", NULL));
	assert_int_equal(fdt_node_check_compatible(fdt, node, "arm,pl011"), 0);
	assert_int_equal(cells(node, "reg", 0), 0x09000000);
	assert_int_equal(cell(node, "interrupts", 1), 1);
	/* Its clock is there too. */
	node = fdt_node_offset_by_phandle(fdt, cell(node, "clocks", 0));
	assert_true(node >= 0);
	assert_int_equal(fdt_node_check_compatible(fdt, node, "fixed-clock"), 0);

	node = node_at("/memory@40000000");
	assert_int_equal(cells(node, "reg", 0), 0x40000000);
	assert_int_equal(cells(node, "reg", 2), 256 * MIB);
}

static void test_power_key(void **state)
{
	int node, gpio, clock;

	make_usual(1);
	gpio = node_at("/pl061@9030000");
	assert_int_equal(fdt_node_check_compatible(fdt, gpio, "arm,pl061"), 0);
	assert_int_equal(cells(gpio, "reg", 0), 0x9030000);
	assert_int_equal(cell(gpio, "interrupts", 1), 7);
	assert_int_equal(cell(gpio, "#gpio-cells", 0), 2);
	clock = fdt_node_offset_by_phandle(fdt, cell(gpio, "clocks", 0));
	assert_int_equal(fdt_node_check_compatible(fdt, clock, "fixed-clock"), 0);
	node = node_at("/gpio-keys/poweroff");
	assert_int_equal(cell(node, "linux,code", 0), 116);
	assert_int_equal(cell(node, "gpios", 0), cell(gpio, "phandle", 0));
	assert_int_equal(cell(node, "gpios", 1), 3);
	/* Active high. */
	assert_int_equal(cell(node, "gpios", 2), 0);
}

static void test_watchdog(void **state)
{
	struct guest_fdt g = { .vcpu_count = 1, .ram_bytes = 64 * MIB };
	int node;

	make(&g);
	assert_true(fdt_path_offset(fdt, "/watchdog@9101000") < 0);
	g.watchdog = true;
	make(&g);
	node = node_at("/watchdog@9101000");
	assert_int_equal(fdt_node_check_compatible(fdt, node, "arm,sbsa-gwdt"), 0);
	/* Control frame, refresh frame. */
	assert_int_equal(cells(node, "reg", 0), 0x9101000);
	assert_int_equal(cells(node, "reg", 4), 0x9100000);
	assert_int_equal(cell(node, "interrupts", 0), 0);
	assert_int_equal(cell(node, "interrupts", 1), 8);
	assert_int_equal(cell(node, "interrupts", 2), 4);
}

static void test_ram_elsewhere(void **state)
{
	const struct guest_fdt g = {
		.vcpu_count = 1, .ram_base = 0x8c0200000, .ram_bytes = 64 * MIB
	};
	int node;

	make(&g);
	node = node_at("/memory@8c0200000");
	assert_int_equal(cells(node, "reg", 0), 0x8c0200000);
	assert_int_equal(cells(node, "reg", 2), 64 * MIB);
	assert_true(fdt_path_offset(fdt, "/memory@40000000") < 0);
}

static void test_cpus(void **state)
{
	int cpus, node, count = 0;

	make_usual(16);
	cpus = node_at("/cpus");
	fdt_for_each_subnode(node, fdt, cpus)
	{
		assert_int_equal(cell(node, "reg", 0), count);
		assert_string_equal(fdt_getprop(fdt, node, "enable-method", NULL), "psci");
		count++;
	}
	assert_int_equal(count, 16);
	assert_string_equal(fdt_getprop(fdt, node_at("/psci"), "method", NULL), "hvc");
	/* PPIs 13, 14, 11, 10: INTIDs 29, 30, 27, 26. */
	node = node_at("/timer");
	assert_int_equal(cell(node, "interrupts", 1), 13);
	assert_int_equal(cell(node, "interrupts", 4), 14);
	assert_int_equal(cell(node, "interrupts", 7), 11);
	assert_int_equal(cell(node, "interrupts", 10), 10);
	/* Room for every redistributor. */
	node = node_at("/intc@8000000");
	assert_int_equal(cells(node, "reg", 4), 0x080a0000);
	assert_int_equal(cells(node, "reg", 6), 16 * 0x20000);
	assert_int_equal(cell(0, "interrupt-parent", 0), cell(node, "phandle", 0));
}

static void test_pcie(void **state)
{
	static const uint32_t spaces[] = { 0x01000000, 0x02000000, 0x03000000 };
	static const uint64_t bus[] = { 0, 0x10000000, 0x8000000000 };
	static const uint64_t cpu[] = { 0x3eff0000, 0x10000000, 0x8000000000 };
	int node, its, length;

	make_usual(2);
	node = node_at("/pcie@10000000");
	assert_int_equal(fdt_node_check_compatible(fdt, node, "pci-host-ecam-generic"), 0);
	assert_int_equal(cells(node, "reg", 0), 0x4010000000);
	assert_int_equal(cells(node, "reg", 2), 0x10000000);
	assert_int_equal(cell(node, "bus-range", 1), 255);
	fdt_getprop(fdt, node, "ranges", &length);
	assert_int_equal(length, 3 * 7 * 4);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(cell(node, "ranges", 7 * i), spaces[i]);
		assert_int_equal(cells(node, "ranges", 7 * i + 1), bus[i]);
		assert_int_equal(cells(node, "ranges", 7 * i + 3), cpu[i]);
	}
	/* 32-bit window: below RAM, clear of the I/O window. */
	assert_int_equal(0x10000000 + cells(node, "ranges", 12), 0x3eff0000);
	assert_non_null(fdt_getprop(fdt, node, "dma-coherent", NULL));
	its = fdt_node_offset_by_phandle(fdt, cell(node, "msi-map", 1));
	assert_true(its >= 0);
	assert_int_equal(fdt_node_check_compatible(fdt, its, "arm,gic-v3-its"), 0);
	assert_int_equal(cells(its, "reg", 0), 0x08080000);
	assert_int_equal(cell(node, "msi-map", 3), 0x10000);
}

/* Pin P of device D is SPI 3 + (D + P - 1) % 4, level, as on QEMU's board. */
static void test_intx(void **state)
{
	uint32_t gic, seen = 0;
	int node, length;

	make_usual(1);
	gic = cell(node_at("/intc@8000000"), "phandle", 0);
	node = node_at("/pcie@10000000");
	assert_int_equal(cell(node, "interrupt-map-mask", 0), 0x1800);
	assert_int_equal(cell(node, "interrupt-map-mask", 3), 7);
	fdt_getprop(fdt, node, "interrupt-map", &length);
	assert_int_equal(length, 16 * 10 * 4);
	for (int i = 0; i < 160; i += 10) {
		uint32_t device = cell(node, "interrupt-map", i) >> 11;
		uint32_t pin = cell(node, "interrupt-map", i + 3);

		assert_in_range(device, 0, 3);
		assert_in_range(pin, 1, 4);
		seen |= 1U << (4 * device + pin - 1);
		assert_int_equal(cell(node, "interrupt-map", i + 4), gic);
		assert_int_equal(cell(node, "interrupt-map", i + 7), 0);
		assert_int_equal(cell(node, "interrupt-map", i + 8), 3 + (device + pin - 1) % 4);
		assert_int_equal(cell(node, "interrupt-map", i + 9), 4);
	}
	assert_int_equal(seen, 0xffff);
}

/* On a machine with GICv2: a CPU interface instead of redistributors, and no ITS. */
static void test_gicv2(void **state)
{
	struct guest_fdt g = { .vcpu_count = 8, .ram_bytes = 64 * MIB };
	int node, v3, length;

	make(&g);
	v3 = (int)fdt_totalsize(fdt);
	g.gic_version = 2;
	make(&g);
	/* It is made anew after the files were checked: then it must not have grown. */
	assert_true((int)fdt_totalsize(fdt) <= v3);
	node = node_at("/intc@8000000");
	assert_int_equal(fdt_node_check_compatible(fdt, node, "arm,gic-400"), 0);
	assert_int_equal(cells(node, "reg", 0), 0x08000000);
	assert_int_equal(cells(node, "reg", 2), 0x1000);
	assert_int_equal(cells(node, "reg", 4), 0x08010000);
	assert_int_equal(cells(node, "reg", 6), 0x2000);
	assert_int_equal(cell(0, "interrupt-parent", 0), cell(node, "phandle", 0));
	assert_true(fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3-its") < 0);
	assert_null(fdt_getprop(fdt, node_at("/pcie@10000000"), "msi-map", &length));
}

/* With unsafe interrupts: a frame in the ITS's stead, whatever the GIC. */
static void test_msi_frame(void **state)
{
	struct guest_fdt g = { .vcpu_count = 8, .ram_bytes = 64 * MIB };
	int node, size;

	make(&g);
	size = (int)fdt_totalsize(fdt);
	g.msi_frame = true;
	for (g.gic_version = 2; g.gic_version <= 3; g.gic_version++) {
		make(&g);
		assert_true((int)fdt_totalsize(fdt) <= size);
		assert_true(fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3-its") < 0);
		node = node_at("/intc@8000000/v2m@8020000");
		assert_int_equal(fdt_node_check_compatible(fdt, node, "arm,gic-v2m-frame"), 0);
		assert_non_null(fdt_getprop(fdt, node, "msi-controller", NULL));
		assert_int_equal(cells(node, "reg", 0), 0x08020000);
		assert_int_equal(cells(node, "reg", 2), 0x1000);
		assert_int_equal(cell(node_at("/pcie@10000000"), "msi-map", 1),
				 cell(node, "phandle", 0));
		assert_int_equal(cell(node_at("/pcie@10000000"), "msi-map", 3), 0x10000);
	}
}

static void test_no_room(void **state)
{
	struct guest_fdt g = { .vcpu_count = 1, .ram_bytes = 64 * MIB };
	int needed;

	make(&g);
	assert_null(fdt_getprop(fdt, node_at("/chosen"), "bootargs", NULL));
	assert_null(fdt_getprop(fdt, node_at("/chosen"), "linux,initrd-start", NULL));
	/* Nothing random: no seeds, rather than known ones. */
	assert_null(fdt_getprop(fdt, node_at("/chosen"), "rng-seed", NULL));
	assert_null(fdt_getprop(fdt, node_at("/chosen"), "kaslr-seed", NULL));
	needed = (int)fdt_totalsize(fdt);
	for (int size = 0; size < needed / 2; size += 61) {
		assert_true(guest_fdt_make(&g, fdt, (size_t)size) < 0);
	}
	g.vcpu_count = 17;
	assert_true(guest_fdt_make(&g, fdt, sizeof(fdt)) < 0);
}

/* Two bridges of the host instead of a bus of its own: the host's numbers at other addresses. */
static void test_bridges(void **state)
{
	static const struct guest_fdt_bridge bridges[] = {
		{ .segment = 0, .bus_start = 0, .dma_coherent = true, .ecam = 0x4010000000,
		  .ecam_size = 0x4000000, .window_count = 3,
		  .windows = { { GUEST_FDT_IO, false, 0, 0x4020000000, 0x10000 },
			       { GUEST_FDT_MEM32, false, 0x10000000, 0x4030000000, 0x8000000 },
			       { GUEST_FDT_MEM64, true, 0x8000000000, 0x8000000000,
				 0x4000000000 } } },
		{ .segment = 3, .bus_start = 0x40, .ecam = 0x4014000000, .ecam_size = 0xc000000 },
	};
	struct guest_fdt g = { .vcpu_count = 1, .ram_bytes = 64 * MIB, .bridges = bridges,
			       .bridge_count = 2 };
	int node, length;

	make(&g);
	assert_int_equal(cell(node_at("/chosen"), "linux,pci-probe-only", 0), 1);
	assert_true(fdt_path_offset(fdt, "/pcie@10000000") < 0);
	node = node_at("/pcie@4010000000");
	assert_int_equal(cell(node, "linux,pci-domain", 0), 0);
	assert_int_equal(cell(node, "bus-range", 0), 0);
	assert_int_equal(cell(node, "bus-range", 1), 0x3f);
	assert_non_null(fdt_getprop(fdt, node, "dma-coherent", NULL));
	fdt_getprop(fdt, node, "ranges", &length);
	assert_int_equal(length, 3 * 7 * 4);
	assert_int_equal(cell(node, "ranges", 7), 0x02000000);
	assert_int_equal(cells(node, "ranges", 8), 0x10000000);
	assert_int_equal(cells(node, "ranges", 10), 0x4030000000);
	assert_int_equal(cells(node, "ranges", 12), 0x8000000);
	assert_int_equal(cell(node, "ranges", 14), 0x43000000);
	node = node_at("/pcie@4014000000");
	assert_int_equal(fdt_node_check_compatible(fdt, node, "pci-host-ecam-generic"), 0);
	assert_int_equal(cells(node, "reg", 0), 0x4014000000);
	assert_int_equal(cells(node, "reg", 2), 0xc000000);
	assert_int_equal(cell(node, "linux,pci-domain", 0), 3);
	assert_int_equal(cell(node, "bus-range", 0), 0x40);
	assert_int_equal(cell(node, "bus-range", 1), 0xff);
	assert_null(fdt_getprop(fdt, node, "dma-coherent", NULL));
	/* A requester is known to the virtual ITS by segment and number. */
	assert_int_equal(cell(node, "msi-map", 2), 3 << 16);
	assert_int_equal(cell(node, "interrupt-map", 8), 3);
	/* A guest without bridges assigns its bus itself. */
	make_usual(1);
	assert_null(fdt_getprop(fdt, node_at("/chosen"), "linux,pci-probe-only", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_power_key),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_ram_elsewhere),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_pcie),
		cmocka_unit_test(test_intx),
		cmocka_unit_test(test_gicv2),
		cmocka_unit_test(test_msi_frame),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_bridges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
