/* SPDX-License-Identifier: BSD-2-Clause */
/* The control domain's device tree, read back; and where its parts are placed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "boot/dom0_fdt.h"
#include "boot/dom0_layout.h"
#include "boot/dom0_rules.h"
#include "boot/fdt_read.h"
#include "lib/errno.h"
#include "virt_tree.h"

struct machine machine;

static const struct range ram[] = { { 0x40600000, 0x3fa00000 }, { 0x90000000, 0x200000 } };
static struct control_layout control;
static uint64_t msi_frame; /* of the control domain, where boot/dom0_msi.c puts it */
static uint64_t buffer[8192];

static void read_tree(const void *fdt)
{
	const char *why;

	memset(&machine, 0, sizeof(machine));
	assert_int_equal(machine_fdt_read(fdt, VIRT_TREE_SIZE, &machine, &why), 0);
}

static int write_tree(void *buf, uint32_t size)
{
	struct dom0_bridge bridges[MACHINE_MAX_BRIDGES];
	struct dom0_fdt_spec spec = {
		.machine = &machine,
		.bridges = bridges,
		.bridge_count = machine.bridge_count,
		.bootargs = "console=ttyAMA0",
		.vcpu_count = 2,
		.ram = ram,
		.ram_count = 2,
		.ramdisk = { 0x50000000, 0x10000 },
		.control = &control,
		.msi_frame = msi_frame,
	};

	for (uint32_t i = 0; i < machine.bridge_count; i++) {
		bridges[i] = (struct dom0_bridge){ .host = &machine.bridges[i],
						      .ecam = machine.bridges[i].cfg };
	}
	return dom0_fdt_write(&spec, buf, size);
}

static const void *made_from(const void *host)
{
	read_tree(host);
	assert_int_equal(dom0_control_layout(&machine, &control), 0);
	assert_true(write_tree(buffer, sizeof(buffer)) > 0);
	assert_int_equal(fdt_check_full(buffer, sizeof(buffer)), 0);
	return buffer;
}

/* The tree made from virt.dts. */
static const void *made(void)
{
	return made_from(virt_tree());
}

/* The host's tree compiled from NAME.dts, with room for changes. */
static void *tree_of_file(const char *name)
{
	static uint64_t host[VIRT_TREE_SIZE / 8];
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.dtb", getenv("VIADUCT_TREES"), name);
	file = fopen(path, "rb");
	if (file == NULL) {
		print_error("%s cannot be opened\n", path);
	}
	assert_non_null(file);
	assert_true(fread(host, 1, sizeof(host), file) > 64);
	fclose(file);
	assert_int_equal(fdt_open_into(host, host, sizeof(host)), 0);
	return host;
}

static const void *made_from_file(const char *name)
{
	return made_from(tree_of_file(name));
}

static uint32_t cell(const void *fdt, const char *path, const char *name, uint32_t index)
{
	int size;
	const fdt32_t *p = fdt_getprop(fdt, virt_node(fdt, path), name, &size);

	assert_non_null(p);
	assert_true((int)index * 4 + 4 <= size);
	return fdt32_ld(p + index);
}

static uint64_t cell64(const void *fdt, const char *path, const char *name, uint32_t index)
{
	return (uint64_t)cell(fdt, path, name, index) << 32 | cell(fdt, path, name, index + 1);
}

static bool has(const void *fdt, const char *path)
{
	return fdt_path_offset(fdt, path) >= 0;
}

static bool has_compatible(const void *fdt, const char *compatible)
{
	return fdt_node_offset_by_compatible(fdt, -1, compatible) >= 0;
}

static void test_keeps_away_what_is_not_listed(void **state)
{
	static const char *const away[] = {
		"arm,smmu-v3", "qemu,fw-cfg-mmio", "virtio,mmio", "cfi-flash",
		"example,watchdog", "arm,armv8-pmuv3", "multiboot,module",
	};
	const void *fdt = made();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(away); i++) {
		assert_true(has_compatible(virt_tree(), away[i]));
		assert_false(has_compatible(fdt, away[i]));
	}
	assert_false(has(fdt, "/reserved-memory"));
	assert_false(has(fdt, "/secram@e000000"));
	assert_false(has(fdt, "/memory@40000000"));
}

static void test_every_node_kept_away_has_a_reason(void **state)
{
	const void *host = virt_tree();
	int node;

	(void)state;
	read_tree(host);
	for (node = dom0_next(&machine, 0); node >= 0; node = dom0_next(&machine, node)) {
		struct dom0_rule rule = dom0_rule_of(&machine, node);

		assert_true((rule.action == DOM0_KEEP_AWAY) == (rule.reason != NULL));
	}
}

/* A node of a kind nobody thought of, with a DMA engine in it. */
static void test_unknown_node_is_kept_away(void **state)
{
	void *host = virt_tree();

	(void)state;
	assert_true(fdt_add_subnode(host, 0, "dma@b000000") >= 0);
	virt_set_text(host, "/dma@b000000", "compatible", "example,dma-engine");
	VIRT_CELLS(host, "/dma@b000000", "reg", 0, 0xb000000, 0, 0x1000);
	read_tree(host);
	assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/dma@b000000")).action,
			 DOM0_KEEP_AWAY);
	assert_true(write_tree(buffer, sizeof(buffer)) > 0);
	assert_false(has(buffer, "/dma@b000000"));
}

/* A device that would pass, but whose registers lie in a config window, the GIC or RAM. */
static void test_overlapping_device_is_kept_away(void **state)
{
	static const uint32_t where[][2] = {
		{ 0x40, 0x10000000 }, { 0x40, 0x1ffff000 }, { 0, 0x8000000 }, { 0, 0x80a0000 },
		{ 0, 0x8080000 },     { 0, 0x9050000 },	    { 0, 0x9000000 }, { 0, 0x40000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		void *host = virt_tree();

		VIRT_CELLS(host, "/pl031@9010000", "reg", where[i][0], where[i][1], 0, 0x1000);
		read_tree(host);
		assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/pl031@9010000")).action,
				 DOM0_KEEP_AWAY);
	}
}

static void test_passes_harmless_devices(void **state)
{
	static const char *const same[] = { "/pl031@9010000", "/pl061@9030000", "/pl011@9040000",
					    "/pl011@9000000" };
	const void *host = virt_tree();
	const void *fdt = made();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		assert_int_equal(cell64(fdt, same[i], "reg", 0), cell64(host, same[i], "reg", 0));
		assert_int_equal(cell(fdt, same[i], "interrupts", 1),
				 cell(host, same[i], "interrupts", 1));
		/* What it refers to is there too. */
		assert_true(fdt_node_offset_by_phandle(fdt, cell(fdt, same[i], "clocks", 0)) >= 0);
	}
	assert_true(has(fdt, "/gpio-keys/poweroff"));
	assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/pl011@9000000")).action,
			 DOM0_CONSOLE);
	assert_int_equal(dom0_rule_of(&machine, virt_node(host, "/pl011@9040000")).action,
			 DOM0_PASS);
}

/* Each kind of node by itself, with registers that nobody else has. */
static void test_each_kind_of_node(void **state)
{
	static const struct {
		const char *compatible;
		enum dom0_action action;
	} kinds[] = {
		{ "fixed-clock", DOM0_COPY },
		{ "fixed-factor-clock", DOM0_COPY },
		{ "gpio-keys", DOM0_COPY },
		{ "arm,pl011", DOM0_PASS },
		{ "arm,pl031", DOM0_PASS },
		{ "arm,pl061", DOM0_PASS },
		{ "arm,psci-1.0", DOM0_REPLACE },
		{ "arm,psci-0.2", DOM0_REPLACE },
		{ "arm,psci", DOM0_REPLACE },
		{ "qemu,fw-cfg-mmio", DOM0_KEEP_AWAY },
		{ "virtio,mmio", DOM0_KEEP_AWAY },
		{ "arm,armv8-pmuv3", DOM0_KEEP_AWAY },
		{ "simple-bus", DOM0_BUS },
		{ "fsl,imx6q-uart", DOM0_PASS },
		{ "acme,anything", DOM0_KEEP_AWAY },
	};
	static const struct {
		const char *name;
		enum dom0_action action;
	} names[] = {
		{ "cpus", DOM0_REPLACE }, { "chosen", DOM0_REPLACE }, { "aliases", DOM0_REPLACE },
		{ "reserved-memory", DOM0_KEEP_AWAY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		void *fdt = virt_tree();

		assert_true(fdt_add_subnode(fdt, 0, "probe@d000000") > 0);
		virt_set_text(fdt, "/probe@d000000", "compatible", kinds[i].compatible);
		virt_set_text(fdt, "/probe@d000000", "method", "hvc"); /* PSCI's */
		VIRT_CELLS(fdt, "/probe@d000000", "reg", 0, 0xd000000, 0, 0x1000);
		read_tree(fdt);
		assert_int_equal(dom0_rule_of(&machine, virt_node(fdt, "/probe@d000000")).action,
				 kinds[i].action);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		void *fdt = virt_tree();
		char path[32] = "/";

		strcat(path, names[i].name);
		if (fdt_path_offset(fdt, path) < 0) {
			assert_true(fdt_add_subnode(fdt, 0, names[i].name) > 0);
		}
		read_tree(fdt);
		assert_int_equal(dom0_rule_of(&machine, virt_node(fdt, path)).action,
				 names[i].action);
	}
}

static bool meets(uint64_t base, uint64_t size, uint64_t other, uint64_t other_size)
{
	return base < other + other_size && other < base + size;
}

static void test_chosen(void **state)
{
	const void *fdt = made();
	int chosen = virt_node(fdt, "/chosen");

	(void)state;
	assert_string_equal(fdt_getprop(fdt, chosen, "bootargs", NULL), "console=ttyAMA0");
	assert_string_equal(fdt_getprop(fdt, chosen, "stdout-path", NULL), "/pl011@9000000");
	assert_int_equal(cell64(fdt, "/chosen", "linux,initrd-start", 0), 0x50000000);
	assert_int_equal(cell64(fdt, "/chosen", "linux,initrd-end", 0), 0x50010000);
	assert_int_equal(cell(fdt, "/chosen", "linux,pci-probe-only", 0), 1);
	assert_int_equal(cell(fdt, "/chosen", "rng-seed", 0), 0x11223344);
	assert_string_equal(fdt_getprop(fdt, virt_node(fdt, "/aliases"), "serial0", NULL),
			    "/pl011@9000000");
	assert_null(fdt_getprop(fdt, virt_node(fdt, "/aliases"), "smmu0", NULL));
}

static void test_alias_of_itself(void **state)
{
	void *fdt = virt_tree();

	(void)state;
	virt_set_text(fdt, "/aliases", "serial1", "serial1");
	read_tree(fdt);
	assert_int_equal(dom0_control_layout(&machine, &control), 0);
	assert_true(write_tree(buffer, sizeof(buffer)) > 0);
	assert_null(fdt_getprop(buffer, virt_node(buffer, "/aliases"), "serial1", NULL));
}

static void test_memory_cpus_psci(void **state)
{
	const void *fdt = made();

	(void)state;
	assert_int_equal(cell64(fdt, "/memory@40600000", "reg", 0), 0x40600000);
	assert_int_equal(cell64(fdt, "/memory@40600000", "reg", 2), 0x3fa00000);
	assert_int_equal(cell64(fdt, "/memory@90000000", "reg", 2), 0x200000);
	assert_int_equal(cell(fdt, "/cpus/cpu@1", "reg", 0), 1);
	assert_false(has(fdt, "/cpus/cpu@2"));
	assert_string_equal(fdt_getprop(fdt, virt_node(fdt, "/psci"), "method", NULL), "hvc");
	assert_int_equal(cell(fdt, "/timer", "interrupts", 7), 11); /* virtual: INTID 27 */
}

static void test_interrupt_controller(void **state)
{
	const void *fdt = made();
	uint32_t gic = cell(fdt, "/intc@8000000", "phandle", 0);

	(void)state;
	assert_int_equal(cell(fdt, "/", "interrupt-parent", 0), gic);
	assert_int_equal(cell64(fdt, "/intc@8000000", "reg", 0), 0x8000000);
	assert_int_equal(cell64(fdt, "/intc@8000000", "reg", 4), 0x80a0000);
	assert_int_equal(cell64(fdt, "/intc@8000000", "reg", 6), 2 * 0x20000);
	assert_int_equal(cell64(fdt, "/intc@8000000/its@8080000", "reg", 0), 0x8080000);
}

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

/* The same reader the host's tree goes through understands what was made. */
static void test_reads_back(void **state)
{
	static struct machine again;
	const char *why = NULL;
	static uint64_t copy[8192];

	(void)state;
	assert_int_equal(fdt_open_into(made(), copy, sizeof(copy)), 0);
	/* A virtual GIC has no maintenance interrupt; a machine's must. */
	assert_int_equal(machine_fdt_read(copy, sizeof(copy), &again, &why), -EINVAL);
	assert_non_null(strstr(why, "maintenance"));
	VIRT_CELLS(copy, "/intc@8000000", "interrupts", 1, 9, 4);
	memset(&again, 0, sizeof(again));
	assert_int_equal(machine_fdt_read(copy, sizeof(copy), &again, &why), 0);
	assert_int_equal(again.cpu_count, 2);
	assert_false(again.psci_smc);
	assert_int_equal(again.ram_count, 2);
	assert_int_equal(again.gic.version, 3);
	assert_int_equal(again.smmu_count, 0);
	assert_int_equal(again.bridge_count, 2);
	assert_memory_equal(again.bridges[0].intx, machine.bridges[0].intx,
			    sizeof(machine.bridges[0].intx));
	assert_int_equal(again.bridges[1].segment, 1); /* the control function's */
	assert_int_equal(again.bridges[1].bus_end, 0);
	assert_int_equal(again.bridges[1].cfg.base, control.ecam.v);
	assert_int_equal(again.bridges[1].windows[1].kind, WINDOW_MEM64);
	assert_true(again.bridges[1].windows[1].prefetchable);
	assert_string_equal(again.uart.path, "/pl011@9000000");
}

/* Where the host has a GICv2: its own distributor's and CPU interface's addresses. */
static void test_gicv2(void **state)
{
	static const char gic[] = "/intc@8000000";
	void *host = virt_tree();
	const void *fdt;
	int size;

	(void)state;
	virt_set_text(host, gic, "compatible", "arm,cortex-a15-gic");
	VIRT_CELLS(host, gic, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x20000, 0,
		   0x8030000, 0, 0x10000, 0, 0x8050000, 0, 0x20000);
	fdt = made_from(host);
	assert_true(has_compatible(fdt, "arm,gic-400"));
	assert_false(has_compatible(fdt, "arm,gic-v3-its"));
	assert_int_equal(cell64(fdt, gic, "reg", 0), 0x8000000);
	assert_int_equal(cell64(fdt, gic, "reg", 2), 0x1000);
	assert_int_equal(cell64(fdt, gic, "reg", 4), 0x8010000);
	assert_int_equal(cell64(fdt, gic, "reg", 6), 0x2000);
	assert_non_null(fdt_getprop(fdt, virt_node(fdt, gic), "reg", &size));
	assert_int_equal(size, 8 * 4);
	assert_null(fdt_getprop(fdt, virt_node(fdt, "/pcie@4010000000"), "msi-map", NULL));
	/* With a GICv2m frame, one where it is, for every function of the bridge. */
	virt_set_text(host, "/intc@8000000/its@8080000", "compatible", "arm,gic-v2m-frame");
	VIRT_CELLS(host, "/intc@8000000/its@8080000", "reg", 0, 0x8020000, 0, 0x1000);
	msi_frame = 0x8020000;
	fdt = made_from(host);
	msi_frame = 0;
	assert_int_equal(cell64(fdt, "/intc@8000000/v2m@8020000", "reg", 0), 0x8020000);
	assert_int_equal(cell64(fdt, "/intc@8000000/v2m@8020000", "reg", 2), 0x1000);
	assert_int_equal(cell(fdt, "/pcie@4010000000", "msi-map", 1),
			 fdt_get_phandle(fdt, virt_node(fdt, "/intc@8000000/v2m@8020000")));
	assert_int_equal(cell(fdt, "/pcie@4010000000", "msi-map", 3), 0x10000);
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

static const char *text(const void *fdt, const char *path, const char *name)
{
	const char *p = fdt_getprop(fdt, virt_node(fdt, path), name, NULL);

	assert_non_null(p);
	return p;
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

/* The GIC, bridge, console and a UART, all of them below buses. */
static void test_devices_below_buses(void **state)
{
	static const char uart[] = "/soc@0/bus@30800000/serial@30860000";
	const void *fdt = made_from_file("imx8mp-evk");

	(void)state;
	assert_string_equal(text(fdt, uart, "compatible"), "fsl,imx8mp-uart");
	assert_int_equal(cell(fdt, uart, "reg", 0), 0x30860000);
	assert_int_equal(cell(fdt, uart, "interrupts", 1), 26);
	assert_true(fdt_node_offset_by_phandle(fdt, cell(fdt, uart, "clocks", 0)) >= 0);
	assert_int_equal(cell(fdt, "/soc@0", "#address-cells", 0), 1);
	assert_int_equal(cell(fdt, "/soc@0", "ranges", 3), 0x3e000000);

	assert_false(has(fdt, "/soc@0/bus@30800000/serial@30890000"));
	assert_false(has(fdt, "/soc@0/pcie@33800000"));
	assert_false(has(fdt, "/soc@0/interrupt-controller@38800000"));
	assert_false(has(fdt, "/soc@0/pcie-phy@32f00000"));
	assert_int_equal(cell64(fdt, "/intc@38800000", "reg", 4), 0x38880000);

	/* The console is a PL011 where the board has something else. */
	assert_string_equal(text(fdt, "/pl011@30890000", "compatible"), "arm,pl011");
	assert_int_equal(cell(fdt, "/pl011@30890000", "interrupts", 1), 27);
	assert_int_equal(cell(fdt, "/pl011@30890000", "clocks", 0),
			 cell(fdt, "/console-clock", "phandle", 0));
	assert_string_equal(text(fdt, "/chosen", "stdout-path"), "/pl011@30890000");
	assert_string_equal(text(fdt, "/aliases", "serial0"), "/pl011@30890000");
	assert_string_equal(text(fdt, "/aliases", "serial1"), uart);
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

/* What is below a node that stays away is not looked at; a bus does not hide what a bus is on. */
static void test_rules_reach_only_through_buses(void **state)
{
	const void *host;
	int reached = 0;

	(void)state;
	made_from_file("narrow");
	host = machine.fdt;
	for (int node = dom0_next(&machine, 0); node >= 0; node = dom0_next(&machine, node)) {
		reached++;
	}
	assert_int_equal(reached, 12); /* 9 of the root, 3 of the bus */
	assert_false(dom0_reaches(&machine, virt_node(host, "/cpus/cpu@0")));
	assert_false(dom0_reaches(&machine,
				  virt_node(host, "/bus@20000000/bus@100010000/rtc@0")));
	assert_true(dom0_reaches(&machine, virt_node(host, "/bus@20000000/rtc@200004000")));
}

/* A bridge without a driver is not in the list, and not shown. */
static void test_only_driven_bridges(void **state)
{
	struct dom0_fdt_spec spec = {
		.machine = &machine,
		.bootargs = "",
		.vcpu_count = 1,
		.ram = ram,
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

static void test_too_small_buffer(void **state)
{
	static uint64_t small[16];

	(void)state;
	made();
	assert_int_equal(write_tree(small, sizeof(small)), -ENOSPC);
	for (uint32_t size = 64; size < 6000; size += 52) {
		int r = write_tree(buffer, size);

		assert_true(r == -ENOSPC || (r > 0 && (uint32_t)r <= size));
	}
}

static void test_control_layout_is_free_space(void **state)
{
	static const struct range taken[] = {
		{ 0x8000000, 0x10000 },	   { 0x80a0000, 0xf60000 }, { 0x8080000, 0x20000 },
		{ 0x9000000, 0x1000 },	   { 0x9050000, 0x20000 },  { 0xa000000, 0x400 },
		{ 0x10000000, 0x2eff0000 }, { 0x3eff0000, 0x10000 }, { 0x40000000, 0x100000000 },
		{ 0x4010000000, 0x10000000 }, { 0x8000000000, 0x8000000000 }, { 0, 0x8000000 },
	};

	(void)state;
	made();
	assert_int_equal(control.segment, 1);
	assert_true(control.mmio32_base.v != 0);
	assert_true(control.mmio32_base.v + control.mmio32_size <= 1ULL << 32);
	assert_int_equal(control.mmio32_base.v % 0x200000, 0);
	assert_int_equal(control.aperture_base.v % (1ULL << 30), 0);
	assert_true(control.aperture_base.v + control.aperture_size <= 1ULL << 40);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		assert_false(meets(control.mmio32_base.v, control.mmio32_size, taken[i].base,
				   taken[i].size));
		assert_false(meets(control.aperture_base.v, control.aperture_size, taken[i].base,
				   taken[i].size));
		assert_false(meets(control.ecam.v, 0x100000, taken[i].base, taken[i].size));
	}
	assert_false(meets(control.ecam.v, 0x100000, control.aperture_base.v,
			   control.aperture_size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_away_what_is_not_listed),
		cmocka_unit_test(test_every_node_kept_away_has_a_reason),
		cmocka_unit_test(test_unknown_node_is_kept_away),
		cmocka_unit_test(test_overlapping_device_is_kept_away),
		cmocka_unit_test(test_passes_harmless_devices),
		cmocka_unit_test(test_each_kind_of_node),
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_alias_of_itself),
		cmocka_unit_test(test_memory_cpus_psci),
		cmocka_unit_test(test_interrupt_controller),
		cmocka_unit_test(test_host_bridge_is_virtual),
		cmocka_unit_test(test_reads_back),
		cmocka_unit_test(test_gicv2),
		cmocka_unit_test(test_frame_of_bridges),
		cmocka_unit_test(test_dma_ranges),
		cmocka_unit_test(test_devices_below_buses),
		cmocka_unit_test(test_bridge_its_owner_drives),
		cmocka_unit_test(test_root_with_other_cells),
		cmocka_unit_test(test_rules_reach_only_through_buses),
		cmocka_unit_test(test_only_driven_bridges),
		cmocka_unit_test(test_ecam_window_is_free_space),
		cmocka_unit_test(test_too_small_buffer),
		cmocka_unit_test(test_control_layout_is_free_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
