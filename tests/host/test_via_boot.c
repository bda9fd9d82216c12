/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest boots: Image headers, placement in RAM, the device tree read back. */
#include <errno.h>
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "common/guest_fdt.h"
#include "common/guest_image.h"

#define MIB (1024ULL * 1024)

static void put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++) {
		p[i] = (uint8_t)(v >> (8 * i));
	}
}

static void make_header(uint8_t h[64], uint64_t text_offset, uint64_t size, uint64_t flags)
{
	memset(h, 0, 64);
	put64(h + 8, text_offset);
	put64(h + 16, size);
	put64(h + 24, flags);
	memcpy(h + 56, "ARM\x64", 4);
}

static void test_image(void **state)
{
	struct guest_image image;
	const char *why;
	uint8_t h[64];

	make_header(h, 0, 40 * MIB, 0xa);
	assert_int_equal(guest_image_parse(h, 64, 30 * MIB, &image, &why), 0);
	assert_int_equal(image.text_offset, 0);
	assert_int_equal(image.memory_size, 40 * MIB);

	/* An old kernel: no size, fixed offset. */
	make_header(h, 0, 0, 0);
	assert_int_equal(guest_image_parse(h, 64, 7 * MIB, &image, &why), 0);
	assert_int_equal(image.text_offset, 0x80000);
	assert_int_equal(image.memory_size, 7 * MIB);

	/* A file longer than it says is loaded whole. */
	make_header(h, 0x80000, MIB, 0);
	assert_int_equal(guest_image_parse(h, 64, 2 * MIB, &image, &why), 0);
	assert_int_equal(image.memory_size, 2 * MIB);
}

static void test_not_an_image(void **state)
{
	struct guest_image image;
	const char *why;
	uint8_t h[64];

	make_header(h, 0, MIB, 0);
	assert_int_equal(guest_image_parse(h, 63, 63, &image, &why), -ENOEXEC);
	h[56] = 'X';
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	assert_non_null(strstr(why, "not an arm64"));
	make_header(h, 0, MIB, 1);
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	assert_non_null(strstr(why, "big-endian"));
	make_header(h, 2 * MIB, MIB, 0);
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	make_header(h, 0, ~0ULL, 0);
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	make_header(h, 0, MIB, 0);
	h[0] = 0x1f;
	h[1] = 0x8b;
	assert_int_equal(guest_image_parse(h, 64, MIB, &image, &why), -ENOEXEC);
	assert_non_null(strstr(why, "compressed"));
	assert_int_equal(guest_image_parse(h, 0, 0, &image, &why), -ENOEXEC);
}

static void test_place(void **state)
{
	const struct guest_image image = { .text_offset = 0x80000, .memory_size = 33 * MIB + 5 };
	struct guest_image_layout l;

	assert_int_equal(guest_image_place(&image, 9 * MIB + 1, 0x10000, 128 * MIB, &l), 0);
	assert_int_equal(l.kernel, 0x80000);
	assert_true(l.ramdisk >= l.kernel + image.memory_size);
	assert_true(l.fdt >= l.ramdisk + 9 * MIB + 1);
	assert_int_equal(l.ramdisk % 4096, 0);
	assert_int_equal(l.fdt % (2 * MIB), 0);
	assert_int_equal(l.end, l.fdt + 0x10000);

	/* Exactly enough, and one byte less. */
	assert_int_equal(guest_image_place(&image, 9 * MIB + 1, 0x10000, l.end, &l), 0);
	assert_int_equal(guest_image_place(&image, 9 * MIB + 1, 0x10000, l.end - 1, &l), -ENOSPC);
	assert_int_equal(guest_image_place(&image, ~0ULL, 0x10000, 128 * MIB, &l), -ENOSPC);
	assert_int_equal(guest_image_place(&image, ~0ULL - 0x10000, 0x10000, ~0ULL, &l), -ENOSPC);
}

static uint32_t cell(const void *fdt, int node, const char *name, int index)
{
	int length;
	const fdt32_t *p = fdt_getprop(fdt, node, name, &length);

	assert_non_null(p);
	assert_true(length >= (index + 1) * 4);
	return fdt32_to_cpu(p[index]);
}

static uint64_t cells(const void *fdt, int node, const char *name, int index)
{
	return (uint64_t)cell(fdt, node, name, index) << 32 | cell(fdt, node, name, index + 1);
}

static int node_at(const void *fdt, const char *path)
{
	int node = fdt_path_offset(fdt, path);

	if (node < 0) {
		fail_msg("no node %s", path);
	}
	return node;
}

static void make_tree(void *buf, size_t size, uint32_t vcpus)
{
	const struct guest_fdt g = {
		.vcpu_count = vcpus,
		.ram_bytes = 256 * MIB,
		.bootargs = "console=ttyAMA0",
		.ramdisk_start = 0x44000000,
		.ramdisk_end = 0x44123456,
		.kaslr_seed = 0x1122334455667788,
	};

	assert_int_equal(guest_fdt_make(&g, buf, size), 0);
	assert_int_equal(fdt_check_full(buf, size), 0);
}

static void test_fdt_chosen(void **state)
{
	static uint8_t fdt[0x10000];
	int node;

	make_tree(fdt, sizeof(fdt), 1);
	node = node_at(fdt, "/chosen");
	assert_string_equal(fdt_getprop(fdt, node, "bootargs", NULL), "console=ttyAMA0");
	assert_int_equal(cells(fdt, node, "linux,initrd-start", 0), 0x44000000);
	assert_int_equal(cells(fdt, node, "linux,initrd-end", 0), 0x44123456);
	assert_int_equal(cells(fdt, node, "kaslr-seed", 0), 0x1122334455667788);
	/* stdout-path names a node that is there. */
	node = node_at(fdt, fdt_getprop(fdt, node, "stdout-path", NULL));
	assert_int_equal(fdt_node_check_compatible(fdt, node, "arm,pl011"), 0);
	assert_int_equal(cells(fdt, node, "reg", 0), 0x09000000);
	assert_int_equal(cell(fdt, node, "interrupts", 1), 1);
	/* Its clock is there too. */
	node = fdt_node_offset_by_phandle(fdt, cell(fdt, node, "clocks", 0));
	assert_true(node >= 0);
	assert_int_equal(fdt_node_check_compatible(fdt, node, "fixed-clock"), 0);

	node = node_at(fdt, "/memory@40000000");
	assert_int_equal(cells(fdt, node, "reg", 0), 0x40000000);
	assert_int_equal(cells(fdt, node, "reg", 2), 256 * MIB);
}

static void test_fdt_power_key(void **state)
{
	static uint8_t fdt[0x10000];
	int node, gpio, clock;

	make_tree(fdt, sizeof(fdt), 1);
	gpio = node_at(fdt, "/pl061@9030000");
	assert_int_equal(fdt_node_check_compatible(fdt, gpio, "arm,pl061"), 0);
	assert_int_equal(cells(fdt, gpio, "reg", 0), 0x9030000);
	assert_int_equal(cell(fdt, gpio, "interrupts", 1), 7);
	assert_int_equal(cell(fdt, gpio, "#gpio-cells", 0), 2);
	clock = fdt_node_offset_by_phandle(fdt, cell(fdt, gpio, "clocks", 0));
	assert_int_equal(fdt_node_check_compatible(fdt, clock, "fixed-clock"), 0);
	node = node_at(fdt, "/gpio-keys/poweroff");
	assert_int_equal(cell(fdt, node, "linux,code", 0), 116);
	assert_int_equal(cell(fdt, node, "gpios", 0), cell(fdt, gpio, "phandle", 0));
	assert_int_equal(cell(fdt, node, "gpios", 1), 3);
	/* Active high. */
	assert_int_equal(cell(fdt, node, "gpios", 2), 0);
}

static void test_fdt_watchdog(void **state)
{
	struct guest_fdt g = { .vcpu_count = 1, .ram_bytes = 64 * MIB };
	static uint8_t fdt[0x10000];
	int node;

	assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
	assert_true(fdt_path_offset(fdt, "/watchdog@9101000") < 0);
	g.watchdog = true;
	assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
	assert_int_equal(fdt_check_full(fdt, sizeof(fdt)), 0);
	node = node_at(fdt, "/watchdog@9101000");
	assert_int_equal(fdt_node_check_compatible(fdt, node, "arm,sbsa-gwdt"), 0);
	/* Control frame, refresh frame. */
	assert_int_equal(cells(fdt, node, "reg", 0), 0x9101000);
	assert_int_equal(cells(fdt, node, "reg", 4), 0x9100000);
	assert_int_equal(cell(fdt, node, "interrupts", 0), 0);
	assert_int_equal(cell(fdt, node, "interrupts", 1), 8);
	assert_int_equal(cell(fdt, node, "interrupts", 2), 4);
}

static void test_fdt_ram_elsewhere(void **state)
{
	const struct guest_fdt g = {
		.vcpu_count = 1, .ram_base = 0x8c0200000, .ram_bytes = 64 * MIB
	};
	static uint8_t fdt[0x10000];
	int node;

	assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
	assert_int_equal(fdt_check_full(fdt, sizeof(fdt)), 0);
	node = node_at(fdt, "/memory@8c0200000");
	assert_int_equal(cells(fdt, node, "reg", 0), 0x8c0200000);
	assert_int_equal(cells(fdt, node, "reg", 2), 64 * MIB);
	assert_true(fdt_path_offset(fdt, "/memory@40000000") < 0);
}

static void test_fdt_cpus(void **state)
{
	static uint8_t fdt[0x10000];
	int cpus, node, count = 0;

	make_tree(fdt, sizeof(fdt), 16);
	cpus = node_at(fdt, "/cpus");
	fdt_for_each_subnode(node, fdt, cpus)
	{
		assert_int_equal(cell(fdt, node, "reg", 0), count);
		assert_string_equal(fdt_getprop(fdt, node, "enable-method", NULL), "psci");
		count++;
	}
	assert_int_equal(count, 16);
	assert_string_equal(fdt_getprop(fdt, node_at(fdt, "/psci"), "method", NULL), "hvc");
	/* PPIs 13, 14, 11, 10: INTIDs 29, 30, 27, 26. */
	node = node_at(fdt, "/timer");
	assert_int_equal(cell(fdt, node, "interrupts", 1), 13);
	assert_int_equal(cell(fdt, node, "interrupts", 4), 14);
	assert_int_equal(cell(fdt, node, "interrupts", 7), 11);
	assert_int_equal(cell(fdt, node, "interrupts", 10), 10);
	/* Room for every redistributor. */
	node = node_at(fdt, "/intc@8000000");
	assert_int_equal(cells(fdt, node, "reg", 4), 0x080a0000);
	assert_int_equal(cells(fdt, node, "reg", 6), 16 * 0x20000);
	assert_int_equal(cell(fdt, 0, "interrupt-parent", 0), cell(fdt, node, "phandle", 0));
}

static void test_fdt_pcie(void **state)
{
	static const uint32_t spaces[] = { 0x01000000, 0x02000000, 0x03000000 };
	static const uint64_t bus[] = { 0, 0x10000000, 0x8000000000 };
	static const uint64_t cpu[] = { 0x3eff0000, 0x10000000, 0x8000000000 };
	static uint8_t fdt[0x10000];
	int node, its, length;

	make_tree(fdt, sizeof(fdt), 2);
	node = node_at(fdt, "/pcie@10000000");
	assert_int_equal(fdt_node_check_compatible(fdt, node, "pci-host-ecam-generic"), 0);
	assert_int_equal(cells(fdt, node, "reg", 0), 0x4010000000);
	assert_int_equal(cells(fdt, node, "reg", 2), 0x10000000);
	assert_int_equal(cell(fdt, node, "bus-range", 1), 255);
	fdt_getprop(fdt, node, "ranges", &length);
	assert_int_equal(length, 3 * 7 * 4);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(cell(fdt, node, "ranges", 7 * i), spaces[i]);
		assert_int_equal(cells(fdt, node, "ranges", 7 * i + 1), bus[i]);
		assert_int_equal(cells(fdt, node, "ranges", 7 * i + 3), cpu[i]);
	}
	/* 32-bit window: below RAM, clear of the I/O window. */
	assert_int_equal(0x10000000 + cells(fdt, node, "ranges", 12), 0x3eff0000);
	assert_non_null(fdt_getprop(fdt, node, "dma-coherent", NULL));
	its = fdt_node_offset_by_phandle(fdt, cell(fdt, node, "msi-map", 1));
	assert_true(its >= 0);
	assert_int_equal(fdt_node_check_compatible(fdt, its, "arm,gic-v3-its"), 0);
	assert_int_equal(cells(fdt, its, "reg", 0), 0x08080000);
	assert_int_equal(cell(fdt, node, "msi-map", 3), 0x10000);
}

/* Pin P of device D is SPI 3 + (D + P - 1) % 4, level, as on QEMU's board. */
static void test_fdt_intx(void **state)
{
	static uint8_t fdt[0x10000];
	uint32_t gic, seen = 0;
	int node, length;

	make_tree(fdt, sizeof(fdt), 1);
	gic = cell(fdt, node_at(fdt, "/intc@8000000"), "phandle", 0);
	node = node_at(fdt, "/pcie@10000000");
	assert_int_equal(cell(fdt, node, "interrupt-map-mask", 0), 0x1800);
	assert_int_equal(cell(fdt, node, "interrupt-map-mask", 3), 7);
	fdt_getprop(fdt, node, "interrupt-map", &length);
	assert_int_equal(length, 16 * 10 * 4);
	for (int i = 0; i < 160; i += 10) {
		uint32_t device = cell(fdt, node, "interrupt-map", i) >> 11;
		uint32_t pin = cell(fdt, node, "interrupt-map", i + 3);

		assert_in_range(device, 0, 3);
		assert_in_range(pin, 1, 4);
		seen |= 1U << (4 * device + pin - 1);
		assert_int_equal(cell(fdt, node, "interrupt-map", i + 4), gic);
		assert_int_equal(cell(fdt, node, "interrupt-map", i + 7), 0);
		assert_int_equal(cell(fdt, node, "interrupt-map", i + 8), 3 + (device + pin - 1) % 4);
		assert_int_equal(cell(fdt, node, "interrupt-map", i + 9), 4);
	}
	assert_int_equal(seen, 0xffff);
}

/* On a machine with GICv2: a CPU interface instead of redistributors, and no ITS. */
static void test_fdt_gicv2(void **state)
{
	struct guest_fdt g = { .vcpu_count = 8, .ram_bytes = 64 * MIB };
	static uint8_t fdt[0x10000];
	int node, v3, length;

	assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
	v3 = (int)fdt_totalsize(fdt);
	g.gic_version = 2;
	assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
	assert_int_equal(fdt_check_full(fdt, sizeof(fdt)), 0);
	/* It is made anew after the files were checked: then it must not have grown. */
	assert_true((int)fdt_totalsize(fdt) <= v3);
	node = node_at(fdt, "/intc@8000000");
	assert_int_equal(fdt_node_check_compatible(fdt, node, "arm,gic-400"), 0);
	assert_int_equal(cells(fdt, node, "reg", 0), 0x08000000);
	assert_int_equal(cells(fdt, node, "reg", 2), 0x1000);
	assert_int_equal(cells(fdt, node, "reg", 4), 0x08010000);
	assert_int_equal(cells(fdt, node, "reg", 6), 0x2000);
	assert_int_equal(cell(fdt, 0, "interrupt-parent", 0), cell(fdt, node, "phandle", 0));
	assert_true(fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3-its") < 0);
	assert_null(fdt_getprop(fdt, node_at(fdt, "/pcie@10000000"), "msi-map", &length));
}

/* With unsafe interrupts: a frame in the ITS's stead, whatever the GIC. */
static void test_fdt_msi_frame(void **state)
{
	struct guest_fdt g = { .vcpu_count = 8, .ram_bytes = 64 * MIB };
	static uint8_t fdt[0x10000];
	int node, size;

	assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
	size = (int)fdt_totalsize(fdt);
	g.msi_frame = true;
	for (g.gic_version = 2; g.gic_version <= 3; g.gic_version++) {
		assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
		assert_int_equal(fdt_check_full(fdt, sizeof(fdt)), 0);
		assert_true((int)fdt_totalsize(fdt) <= size);
		assert_true(fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3-its") < 0);
		node = node_at(fdt, "/intc@8000000/v2m@8020000");
		assert_int_equal(fdt_node_check_compatible(fdt, node, "arm,gic-v2m-frame"), 0);
		assert_non_null(fdt_getprop(fdt, node, "msi-controller", NULL));
		assert_int_equal(cells(fdt, node, "reg", 0), 0x08020000);
		assert_int_equal(cells(fdt, node, "reg", 2), 0x1000);
		assert_int_equal(cell(fdt, node_at(fdt, "/pcie@10000000"), "msi-map", 1),
				 cell(fdt, node, "phandle", 0));
		assert_int_equal(cell(fdt, node_at(fdt, "/pcie@10000000"), "msi-map", 3), 0x10000);
	}
}

static void test_fdt_no_room(void **state)
{
	static uint8_t fdt[0x10000];
	struct guest_fdt g = { .vcpu_count = 1, .ram_bytes = 64 * MIB };
	int needed;

	assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
	assert_null(fdt_getprop(fdt, node_at(fdt, "/chosen"), "bootargs", NULL));
	assert_null(fdt_getprop(fdt, node_at(fdt, "/chosen"), "linux,initrd-start", NULL));
	/* Nothing random: no seeds, rather than known ones. */
	assert_null(fdt_getprop(fdt, node_at(fdt, "/chosen"), "rng-seed", NULL));
	assert_null(fdt_getprop(fdt, node_at(fdt, "/chosen"), "kaslr-seed", NULL));
	needed = (int)fdt_totalsize(fdt);
	for (int size = 0; size < needed / 2; size += 61) {
		assert_true(guest_fdt_make(&g, fdt, (size_t)size) < 0);
	}
	g.vcpu_count = 17;
	assert_true(guest_fdt_make(&g, fdt, sizeof(fdt)) < 0);
}

/* Two bridges of the host instead of a bus of its own: the host's numbers at other addresses. */
static void test_fdt_bridges(void **state)
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
	static uint8_t fdt[0x10000];
	int node, length;

	assert_int_equal(guest_fdt_make(&g, fdt, sizeof(fdt)), 0);
	assert_int_equal(fdt_check_full(fdt, sizeof(fdt)), 0);
	assert_int_equal(cell(fdt, node_at(fdt, "/chosen"), "linux,pci-probe-only", 0), 1);
	assert_true(fdt_path_offset(fdt, "/pcie@10000000") < 0);
	node = node_at(fdt, "/pcie@4010000000");
	assert_int_equal(cell(fdt, node, "linux,pci-domain", 0), 0);
	assert_int_equal(cell(fdt, node, "bus-range", 0), 0);
	assert_int_equal(cell(fdt, node, "bus-range", 1), 0x3f);
	assert_non_null(fdt_getprop(fdt, node, "dma-coherent", NULL));
	fdt_getprop(fdt, node, "ranges", &length);
	assert_int_equal(length, 3 * 7 * 4);
	assert_int_equal(cell(fdt, node, "ranges", 7), 0x02000000);
	assert_int_equal(cells(fdt, node, "ranges", 8), 0x10000000);
	assert_int_equal(cells(fdt, node, "ranges", 10), 0x4030000000);
	assert_int_equal(cells(fdt, node, "ranges", 12), 0x8000000);
	assert_int_equal(cell(fdt, node, "ranges", 14), 0x43000000);
	node = node_at(fdt, "/pcie@4014000000");
	assert_int_equal(fdt_node_check_compatible(fdt, node, "pci-host-ecam-generic"), 0);
	assert_int_equal(cells(fdt, node, "reg", 0), 0x4014000000);
	assert_int_equal(cells(fdt, node, "reg", 2), 0xc000000);
	assert_int_equal(cell(fdt, node, "linux,pci-domain", 0), 3);
	assert_int_equal(cell(fdt, node, "bus-range", 0), 0x40);
	assert_int_equal(cell(fdt, node, "bus-range", 1), 0xff);
	assert_null(fdt_getprop(fdt, node, "dma-coherent", NULL));
	/* A requester is known to the virtual ITS by segment and number. */
	assert_int_equal(cell(fdt, node, "msi-map", 2), 3 << 16);
	assert_int_equal(cell(fdt, node, "interrupt-map", 8), 3);
	/* A guest without bridges assigns its bus itself. */
	make_tree(fdt, sizeof(fdt), 1);
	assert_null(fdt_getprop(fdt, node_at(fdt, "/chosen"), "linux,pci-probe-only", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),       cmocka_unit_test(test_not_an_image),
		cmocka_unit_test(test_place),       cmocka_unit_test(test_fdt_chosen),
		cmocka_unit_test(test_fdt_power_key),
		cmocka_unit_test(test_fdt_watchdog),
		cmocka_unit_test(test_fdt_ram_elsewhere),
		cmocka_unit_test(test_fdt_cpus),    cmocka_unit_test(test_fdt_pcie),
		cmocka_unit_test(test_fdt_intx),    cmocka_unit_test(test_fdt_gicv2),
		cmocka_unit_test(test_fdt_msi_frame), cmocka_unit_test(test_fdt_no_room),
		cmocka_unit_test(test_fdt_bridges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
