/* SPDX-License-Identifier: BSD-2-Clause */
/* Host bridges in the control domain's device tree: windows, interrupts, MSI frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "boot/dom0_fdt.h"
#include "boot/dom0_layout.h"
#include "boot/dom0_rules.h"
#include "boot/fdt_read.h"
#include "dom0_tree.h"

static void test_host_bridge_is_virtual(void **state)
{
	static const char path[] = "/pcie@4010000000";
	const void *host = virt_tree();
	const void *fdt = made();
	int size;

	(void)state;
	assert_string_equal(fdt_getprop(fdt, virt_node(fdt, path), "compatible", NULL),
			    "pci-host-ecam-generic");
	assert_int_equal(cell64(fdt, path, "reg", 0), 0x4010000000);
	assert_int_equal(cell(fdt, path, "linux,pci-domain", 0), 0);
	assert_int_equal(cell(fdt, path, "bus-range", 1), 255);
	for (uint32_t i = 0; i < 21; i++) {
		assert_int_equal(cell(fdt, path, "ranges", i),
				 cell(host, "/pcie@10000000", "ranges", i));
	}
	assert_null(fdt_getprop(fdt, virt_node(fdt, path), "iommu-map", NULL));
	assert_non_null(fdt_getprop(fdt, virt_node(fdt, path), "dma-coherent", NULL));
	assert_int_equal(cell(fdt, path, "msi-map", 1),
			 cell(fdt, "/intc@8000000/its@8080000", "phandle", 0));
	/* The host's interrupt map, entry by entry. */
	assert_non_null(fdt_getprop(fdt, virt_node(fdt, path), "interrupt-map", &size));
	assert_int_equal(size, 160 * 4);
	for (uint32_t i = 0; i < 160; i++) {
		assert_int_equal(cell(fdt, path, "interrupt-map", i),
				 cell(host, "/pcie@10000000", "interrupt-map", i));
	}
}

/* The frame a board has not: its bridges take the messages, and it lies at one's registers. */
static void test_frame_of_bridges(void **state)
{
	static const struct {
		const char *board, *gic, *bridges[2];
		uint64_t frame;
	} boards[] = {
		{ "imx8mp", "/intc@38800000", { "/pcie@1ff00000" }, 0x33800000 },
		{ "rcar-h3", "/intc@f1010000", { "/pcie@fe000000", "/pcie@ee800000" },
		  0xfe000000 },
		{ "rcar-m3", "/intc@f1010000", { "/pcie@fe000000", "/pcie@ee800000" },
		  0xfe000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(boards); i++) {
		const void *fdt = made_from_file(boards[i].board);
		char path[64];
		uint32_t phandle;

		assert_false(has_compatible(fdt, "arm,gic-v2m-frame"));
		assert_null(
			fdt_getprop(fdt, virt_node(fdt, boards[i].bridges[0]), "msi-map", NULL));
		msi_frame = boards[i].frame;
		fdt = made_from_file(boards[i].board);
		msi_frame = 0;
		snprintf(path, sizeof(path), "%s/v2m@%llx", boards[i].gic,
			 (unsigned long long)boards[i].frame);
		assert_int_equal(cell64(fdt, path, "reg", 0), boards[i].frame);
		assert_non_null(fdt_getprop(fdt, virt_node(fdt, path), "msi-controller", NULL));
		phandle = fdt_get_phandle(fdt, virt_node(fdt, path));
		assert_int_equal(fdt_node_offset_by_phandle(fdt, phandle), virt_node(fdt, path));
		for (size_t b = 0; b < 2 && boards[i].bridges[b] != NULL; b++) {
			const char *bridge = boards[i].bridges[b];

			assert_int_equal(cell(fdt, bridge, "msi-map", 0), 0);
			assert_int_equal(cell(fdt, bridge, "msi-map", 1), phandle);
			assert_int_equal(cell(fdt, bridge, "msi-map", 3), 0x10000);
		}
	}
}

/* How far bus masters reach; a bus that moves their addresses is not the control domain's. */
static void test_dma_ranges(void **state)
{
	static const char path[] = "/pcie@4010000000";
	void *host = virt_tree();
	const void *fdt;

	(void)state;
	VIRT_CELLS(host, "/pcie@10000000", "dma-ranges", 0x42000000, 0, 0, 0, 0, 1, 0,
		   0x43000000, 8, 0, 8, 0, 1, 0);
	fdt = made_from(host);
	assert_int_equal(cell(fdt, path, "dma-ranges", 0), 0x42000000);
	assert_int_equal(cell64(fdt, path, "dma-ranges", 5), 0x100000000);
	assert_int_equal(cell(fdt, path, "dma-ranges", 7), 0x43000000);
	assert_int_equal(cell64(fdt, path, "dma-ranges", 8), 0x800000000);
	assert_int_equal(cell64(fdt, path, "dma-ranges", 10), 0x800000000);
	VIRT_CELLS(host, "/pcie@10000000", "dma-ranges", 0x42000000, 0, 0, 0, 0, 1, 0,
		   0x43000000, 8, 0, 9, 0, 1, 0);
	fdt = made_from(host);
	assert_null(fdt_getprop(fdt, virt_node(fdt, path), "dma-ranges", NULL));
	assert_int_equal(cell(fdt, path, "bus-range", 1), 255);
}

/* The host's own node, with what belongs to it; its pins lead to a GIC of other cells. */
static void test_bridge_its_owner_drives(void **state)
{
	static const char path[] = "/soc@0/pcie@33800000";
	void *host = tree_of_file("imx8mp-evk");
	const void *fdt;
	int size;

	(void)state;
	assert_int_equal(fdt_setprop_empty(host, virt_node(host, path), "viaduct,owner-driven"), 0);
	fdt = made_from(host);
	assert_string_equal(text(fdt, path, "compatible"), "fsl,imx8mp-pcie");
	assert_int_equal(cell(fdt, path, "reg", 0), 0x33800000);
	assert_int_equal(cell(fdt, path, "interrupts", 1), 140);
	assert_int_equal(cell(fdt, path, "linux,pci-domain", 0), 0);
	assert_null(fdt_getprop(fdt, virt_node(fdt, path), "viaduct,owner-driven", NULL));
	/* Device and pin, the GIC, two cells of address, three of interrupt. */
	assert_non_null(fdt_getprop(fdt, virt_node(fdt, path), "interrupt-map", &size));
	assert_int_equal(size, 16 * 10 * 4);
	assert_int_equal(cell(fdt, path, "interrupt-map", 4),
			 cell(fdt, "/intc@38800000", "phandle", 0));
	assert_int_equal(cell(fdt, path, "interrupt-map", 8), 126);
	assert_true(has(fdt, "/soc@0/syscon@30340000"));
	assert_int_equal(cell(fdt, path, "phys", 0),
			 cell(fdt, "/soc@0/pcie-phy@32f00000", "phandle", 0));
	assert_int_equal(cell(fdt, path, "resets", 0),
			 cell(fdt, "/soc@0/reset-controller@30390000", "phandle", 0));
	/* Its registers are nobody's to map, and there is no ECAM of it. */
	assert_int_equal(dom0_rule_of(&machine, virt_node(host, path)).action, DOM0_BRIDGE);
	assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/soc@0/pcie-phy@32f00000")).action,
			 DOM0_PASS);
	assert_false(has(fdt, "/pcie@1ff00000"));
}

/* Copied, the root's children mean the same addresses in a tree of other cells. */
static void test_root_with_other_cells(void **state)
{
	const void *fdt = made_from_file("narrow");
	static struct fdt_reader r;
	struct range range;

	(void)state;
	r.fdt = fdt;
	assert_int_equal(fdt_read_reg(&r, virt_node(fdt, "/rtc@9010000"), 1, &range), 0);
	assert_int_equal(range.base, 0x9018000);
	assert_int_equal(range.size, 0x1000);
	assert_int_equal(fdt_reg_count(&r, virt_node(fdt, "/rtc@9010000")), 2);
	assert_int_equal(fdt_read_reg(&r, virt_node(fdt, "/bus@20000000/rtc@200004000"), 0, &range),
			 0);
	assert_int_equal(range.base, 0x30004000);
	assert_int_equal(cell(fdt, "/bus@20000000", "dma-ranges", 1), 0x40000000);
	assert_int_equal(cell64(fdt, "/bus@20000000", "dma-ranges", 2), 0x40000000);
	assert_int_equal(cell(fdt, "/bus@20000000", "dma-ranges", 4), 0x40000000);
	assert_int_equal(cell64(fdt, "/pl011@9000000", "reg", 0), 0x9000000);
	assert_false(has(fdt, "/bus@20000000/dma@100001000"));
	assert_false(has(fdt, "/bus@20000000/bus@100010000"));
}

/* A bridge without a driver is not in the list, and not shown. */
static void test_only_driven_bridges(void **state)
{
	static uint64_t buffer[8192];
	struct dom0_fdt_spec spec = {
		.machine = &machine,
		.bootargs = "",
		.vcpu_count = 1,
		.ram = dom0_tree_ram,
		.ram_count = 1,
		.control = &control,
	};

	(void)state;
	made();
	assert_true(dom0_fdt_write(&spec, buffer, sizeof(buffer)) > 0);
	assert_false(has(buffer, "/pcie@4010000000"));
}

/* A bridge without a flat config window is shown one where there is nothing else. */
static void test_ecam_window_is_free_space(void **state)
{
	struct dom0_bridge bridges[2];
	const struct range *ecam = &bridges[0].ecam;

	(void)state;
	made_from_file("imx8mp-evk");
	bridges[0] = (struct dom0_bridge){ .host = &machine.bridges[0] };
	bridges[1] = (struct dom0_bridge){ .host = &machine.bridges[0],
					   .ecam = { 0x1000, 0x2000 } };
	assert_int_equal(dom0_ecam_layout(&machine, &control, bridges, 2), 0);
	assert_int_equal(ecam->size, 256 << 20);
	assert_true(ecam->base >= 1ULL << 32 && ecam->base + ecam->size <= 1ULL << 40);
	assert_false(meets(ecam->base, ecam->size, control.aperture_base.v, control.aperture_size));
	assert_false(meets(ecam->base, ecam->size, control.ecam.v, 0x100000));
	for (uint32_t i = 0; i < machine.ram_count; i++) {
		assert_false(meets(ecam->base, ecam->size, machine.ram[i].base,
				   machine.ram[i].size));
	}
	assert_int_equal(bridges[1].ecam.base, 0x1000);
	machine.bridges[0].bus_start = 0x10;
	machine.bridges[0].bus_end = 0x1f;
	bridges[0].ecam.size = 0;
	assert_int_equal(dom0_ecam_layout(&machine, &control, bridges, 1), 0);
	assert_int_equal(ecam->size, 16 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_bridge_is_virtual),
		cmocka_unit_test(test_frame_of_bridges),
		cmocka_unit_test(test_dma_ranges),
		cmocka_unit_test(test_bridge_its_owner_drives),
		cmocka_unit_test(test_root_with_other_cells),
		cmocka_unit_test(test_only_driven_bridges),
		cmocka_unit_test(test_ecam_window_is_free_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
