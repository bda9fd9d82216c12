/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot device tree: what is read from a good one, and what is said of broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "boot/boot.h"
#include "lib/errno.h"
#include "virt_tree.h"

struct machine machine;

static int read_tree(const void *fdt, const char **why)
{
	memset(&machine, 0, sizeof(machine));
	return machine_fdt_read(fdt, VIRT_TREE_SIZE, &machine, why);
}

static void read_good(const void *fdt)
{
	const char *why;
	int err = read_tree(fdt, &why);

	if (err != 0) {
		print_error("%s\n", why);
	}
	assert_int_equal(err, 0);
}

/* The tree is refused and the reason names the node and the property. */
static void refused(const void *fdt, const char *node, const char *property)
{
	const char *why;

	assert_int_equal(read_tree(fdt, &why), -EINVAL);
	assert_non_null(why);
	if (strstr(why, node) == NULL || strstr(why, property) == NULL) {
		print_error("\"%s\" does not name %s and %s\n", why, node, property);
		fail();
	}
	assert_null(strchr(why, '\n'));
}

static void test_reads_cpus_memory_console(void **state)
{
	(void)state;
	read_good(virt_tree());
	assert_int_equal(machine.cpu_count, 2);
	assert_int_equal(machine.cpus[1].mpidr, 1);
	assert_true(machine.psci_smc);
	assert_int_equal(machine.ram_count, 1); /* not the secure one */
	assert_int_equal(machine.ram[0].base, 0x40000000);
	assert_int_equal(machine.ram[0].size, 0x100000000);
	assert_int_equal(machine.reserved_count, 2);
	assert_int_equal(machine.reserved[0].base, 0x13fe00000);
	assert_int_equal(machine.reserved[1].base, 0x13ff00000);
	assert_string_equal(machine.uart.compatible, "arm,pl011");
	assert_string_equal(machine.uart.path, "/pl011@9000000");
	assert_int_equal(machine.uart.regs.base, 0x9000000);
	assert_int_equal(machine.uart.intid, 33);
	assert_int_equal(machine.timer_virt_intid, 27);
	assert_int_equal(machine.timer_phys_intid, 30);
	assert_int_equal(machine.timer_hyp_intid, 26);
}

static void test_reads_gic_and_smmu(void **state)
{
	(void)state;
	read_good(virt_tree());
	assert_int_equal(machine.gic.version, 3);
	assert_int_equal(machine.gic.dist.base, 0x8000000);
	assert_int_equal(machine.gic.redist_count, 1);
	assert_int_equal(machine.gic.redists[0].base, 0x80a0000);
	assert_int_equal(machine.gic.redists[0].size, 0xf60000);
	assert_int_equal(machine.gic.its_count, 1);
	assert_int_equal(machine.gic.its[0].regs.base, 0x8080000);
	assert_int_equal(machine.gic.maintenance_intid, 25);
	assert_int_equal(machine.smmu_count, 1);
	assert_int_equal(machine.smmus[0].eventq_intid, 32 + 74);
	assert_int_equal(machine.smmus[0].gerror_intid, 32 + 77);
	assert_true(machine.smmus[0].coherent);
}

static void test_reads_bridge(void **state)
{
	/* Pin INTA..INTD of device d on line (d + pin) % 4 of SPIs 3..6. */
	const struct machine_bridge *b = &machine.bridges[0];

	(void)state;
	read_good(virt_tree());
	assert_int_equal(machine.bridge_count, 1);
	assert_string_equal(b->compatible, "pci-host-ecam-generic");
	assert_string_equal(b->path, "/pcie@10000000");
	assert_int_equal(b->cfg.base, 0x4010000000);
	assert_int_equal(b->bus_end, 255);
	assert_int_equal(b->window_count, 3);
	assert_int_equal(b->windows[0].kind, WINDOW_IO);
	assert_int_equal(b->windows[0].pci, 0);
	assert_int_equal(b->windows[0].cpu, 0x3eff0000);
	assert_int_equal(b->windows[1].kind, WINDOW_MEM32);
	assert_int_equal(b->windows[1].size, 0x2eff0000);
	assert_int_equal(b->windows[2].kind, WINDOW_MEM64);
	assert_int_equal(b->windows[2].cpu, 0x8000000000);
	assert_false(b->windows[2].prefetchable);
	assert_int_equal(b->iommu_map_count, 1);
	assert_int_equal(b->iommu_map[0].phandle, machine.smmus[0].phandle);
	assert_int_equal(b->iommu_map[0].count, 0x10000);
	assert_int_equal(b->iommu_map_mask, 0xffffffff);
	assert_int_equal(b->msi_map[0].phandle, machine.gic.its[0].phandle);
	for (uint32_t device = 0; device < 4; device++) {
		for (uint32_t pin = 0; pin < 4; pin++) {
			assert_int_equal(b->intx[device][pin], 35 + (device + pin) % 4);
		}
	}
	assert_false(b->intx_edge);
	assert_true(b->dma_coherent); /* from the root too */
}

static void test_reads_modules(void **state)
{
	(void)state;
	read_good(virt_tree());
	assert_int_equal(machine.module_count, 2);
	assert_int_equal(machine.modules[0].kind, MODULE_RAMDISK);
	assert_int_equal(machine.modules[1].kind, MODULE_KERNEL);
	assert_int_equal(machine.modules[1].data.base, 0x48000000);
	assert_int_equal(machine.modules[1].data.size, 0x20000);
	assert_string_equal(machine.modules[1].bootargs, "console=ttyAMA0 quiet");
	assert_string_equal(machine.cmdline, "dom0_mem=1G");
}

static void set_compatible(void *fdt, const char *path, const char *text, int size)
{
	assert_int_equal(fdt_setprop(fdt, virt_node(fdt, path), "compatible", text, size), 0);
}

static void test_modules_by_order(void **state)
{
	void *fdt = virt_tree();

	(void)state;
	virt_set_text(fdt, "/chosen/module@50000000", "compatible", "multiboot,module");
	virt_set_text(fdt, "/chosen/module@48000000", "compatible", "xen,multiboot-module");
	read_good(fdt);
	assert_int_equal(machine.modules[0].kind, MODULE_KERNEL);
	assert_int_equal(machine.modules[0].data.base, 0x50000000);
	assert_int_equal(machine.modules[1].kind, MODULE_RAMDISK);
}

static void test_modules_by_legacy_names(void **state)
{
	static const char zimage[] = "xen,linux-zimage\0xen,multiboot-module";
	static const char initrd[] = "xen,linux-initrd\0xen,multiboot-module";
	void *fdt = virt_tree();

	(void)state;
	set_compatible(fdt, "/chosen/module@48000000", zimage, sizeof(zimage));
	set_compatible(fdt, "/chosen/module@50000000", initrd, sizeof(initrd));
	read_good(fdt);
	assert_int_equal(machine.modules[0].kind, MODULE_RAMDISK);
	assert_int_equal(machine.modules[1].kind, MODULE_KERNEL);
}

static void test_command_lines(void **state)
{
	static const char kernel[] = "/chosen/module@48000000";
	void *fdt = virt_tree();

	(void)state;
	virt_delete(fdt, kernel, "bootargs");
	virt_set_text(fdt, "/chosen", "xen,xen-bootargs", "for the hypervisor");
	virt_set_text(fdt, "/chosen", "bootargs", "for dom0");
	read_good(fdt);
	assert_string_equal(machine.cmdline, "for the hypervisor");
	assert_string_equal(machine.modules[1].bootargs, "for dom0");

	virt_set_text(fdt, "/chosen", "xen,dom0-bootargs", "dom0's own");
	read_good(fdt);
	assert_string_equal(machine.cmdline, "for the hypervisor");
	assert_string_equal(machine.modules[1].bootargs, "dom0's own");

	virt_delete(fdt, "/chosen", "xen,xen-bootargs");
	read_good(fdt);
	assert_string_equal(machine.cmdline, "for dom0"); /* now it is plain bootargs */
	assert_string_equal(machine.modules[1].bootargs, "dom0's own");

	virt_set_text(fdt, kernel, "bootargs", "the module's");
	read_good(fdt);
	assert_string_equal(machine.modules[1].bootargs, "the module's");
}

static void test_translates_nested_registers(void **state)
{
	void *fdt = virt_tree();

	(void)state;
	/* A console below a bus: its address goes through the bus's ranges. */
	virt_set_text(fdt, "/chosen", "stdout-path", "/platform-bus@c000000/watchdog@1000");
	read_good(fdt);
	assert_int_equal(machine.uart.regs.base, 0xc001000);
	assert_int_equal(machine.uart.intid, 32 + 112);

	VIRT_CELLS(fdt, "/platform-bus@c000000", "ranges", 0x2000, 0, 0xc000000, 0x1000);
	refused(fdt, "/platform-bus@c000000", "ranges");
	virt_delete(fdt, "/platform-bus@c000000", "ranges");
	refused(fdt, "/platform-bus@c000000", "ranges");
}

/* Found by a fuzzer: to libfdt's check it is an empty one. */
static void test_property_of_size_minus_one(void **state)
{
	void *fdt = virt_tree();
	struct fdt_property *p;
	const char *why;

	(void)state;
	assert_int_equal(fdt_setprop(fdt, 0, "dma-coherent", NULL, 0), 0);
	p = fdt_get_property_w(fdt, 0, "dma-coherent", NULL);
	p->len = cpu_to_fdt32(0xffffffff);
	assert_int_equal(fdt_check_full(fdt, VIRT_TREE_SIZE), 0);
	assert_int_equal(machine_fdt_read(fdt, VIRT_TREE_SIZE, &machine, &why), -EINVAL);
	assert_string_equal(why, "the device tree is not one: FDT_ERR_BADSTRUCTURE");
}

static void test_console_by_alias(void **state)
{
	void *fdt = virt_tree();

	(void)state;
	virt_set_text(fdt, "/chosen", "stdout-path", "watch:115200");
	virt_set_text(fdt, "/aliases", "watch", "/platform-bus@c000000/watchdog@1000");
	read_good(fdt);
	assert_int_equal(machine.uart.regs.base, 0xc001000);

	/* Found by a fuzzer: libfdt follows it until there is no stack. The first UART will do. */
	virt_set_text(fdt, "/aliases", "watch", "watch");
	read_good(fdt);
	assert_int_equal(machine.uart.regs.base, 0x9040000);
}

static void test_unknown_gic_is_named(void **state)
{
	void *fdt = virt_tree();

	(void)state;
	virt_set_text(fdt, "/intc@8000000", "compatible", "example,gic-9000");
	read_good(fdt);
	assert_int_equal(machine.gic.version, 0);
	assert_string_equal(machine.gic.compatible, "example,gic-9000");
}

static void test_gicv2_is_recognised(void **state)
{
	static const char gic[] = "/intc@8000000";
	void *fdt = virt_tree();

	(void)state;
	virt_set_text(fdt, gic, "compatible", "arm,cortex-a15-gic");
	VIRT_CELLS(fdt, gic, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000, 0,
		   0x8030000, 0, 0x10000, 0, 0x8040000, 0, 0x10000);
	read_good(fdt);
	assert_int_equal(machine.gic.version, 2);
	assert_int_equal(machine.gic.cpu_interface.base, 0x8010000);
	assert_int_equal(machine.gic.virt_control.base, 0x8030000);
	assert_int_equal(machine.gic.virt_interface.base, 0x8040000);
	assert_int_equal(machine.gic.maintenance_intid, 25);
	/* Guests need the virtual CPU interface, and GICC_DIR in the second page of the host's. */
	VIRT_CELLS(fdt, gic, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000);
	refused(fdt, gic, "GICV");
	VIRT_CELLS(fdt, gic, "reg", 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x1000, 0, 0x8030000,
		   0, 0x1000, 0, 0x8040000, 0, 0x2000);
	refused(fdt, gic, "reg");
	VIRT_CELLS(fdt, gic, "reg", 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x2000, 0, 0x8030000,
		   0, 0x1000, 0, 0x8040200, 0, 0x2000);
	refused(fdt, gic, "reg");
}

static void test_gicv2m_frames(void **state)
{
	static const char gic[] = "/intc@8000000";
	static const char frame[] = "/intc@8000000/its@8080000";
	void *fdt = virt_tree();

	(void)state;
	virt_set_text(fdt, gic, "compatible", "arm,gic-400");
	VIRT_CELLS(fdt, gic, "reg", 0, 0x8000000, 0, 0x1000, 0, 0x8010000, 0, 0x2000, 0, 0x8030000,
		   0, 0x1000, 0, 0x8040000, 0, 0x2000);
	virt_set_text(fdt, frame, "compatible", "arm,gic-v2m-frame");
	VIRT_CELLS(fdt, frame, "reg", 0, 0x8020000, 0, 0x1000);
	read_good(fdt);
	assert_int_equal(machine.gic.frame_count, 1);
	assert_int_equal(machine.gic.frames[0].regs.base, 0x8020000);
	assert_int_equal(machine.gic.frames[0].count, 0);
	assert_int_equal(machine.gic.frames[0].phandle, machine.bridges[0].msi_map[0].phandle);
	VIRT_CELLS(fdt, frame, "arm,msi-base-spi", 80);
	refused(fdt, frame, "arm,msi-num-spis");
	VIRT_CELLS(fdt, frame, "arm,msi-num-spis", 16);
	read_good(fdt);
	assert_int_equal(machine.gic.frames[0].first, 80);
	assert_int_equal(machine.gic.frames[0].count, 16);
	VIRT_CELLS(fdt, frame, "reg", 0, 0x8020800, 0, 0x800);
	refused(fdt, frame, "reg");
	virt_set_text(fdt, frame, "status", "disabled");
	read_good(fdt);
	assert_int_equal(machine.gic.frame_count, 0);
}

/* Which of a bridge's interrupts is for messages is said by name only. */
static void test_msi_interrupt_of_a_bridge(void **state)
{
	static const char path[] = "/pcie@10000000";
	static const char names[] = "pme\0msi\0dma";
	void *fdt = virt_tree();

	(void)state;
	VIRT_CELLS(fdt, path, "interrupts", 0, 10, 4, 0, 11, 4, 0, 12, 4);
	read_good(fdt);
	assert_int_equal(machine.bridges[0].intids[1], 43);
	assert_int_equal(machine.bridges[0].msi_intid, 0);
	assert_int_equal(fdt_setprop(fdt, virt_node(fdt, path), "interrupt-names", names,
				     sizeof(names)), 0);
	read_good(fdt);
	assert_int_equal(machine.bridges[0].msi_intid, 43);
	/* A name for one that is not there. */
	VIRT_CELLS(fdt, path, "interrupts", 0, 10, 4);
	read_good(fdt);
	assert_int_equal(machine.bridges[0].msi_intid, 0);
}

static void test_no_iommu_no_msi(void **state)
{
	void *fdt = virt_tree();

	(void)state;
	virt_set_text(fdt, "/smmuv3@9050000", "status", "disabled");
	virt_delete(fdt, "/pcie@10000000", "iommu-map");
	virt_delete(fdt, "/pcie@10000000", "msi-map");
	read_good(fdt);
	assert_int_equal(machine.smmu_count, 0);
	assert_int_equal(machine.bridges[0].iommu_map_count, 0);
	assert_int_equal(machine.bridges[0].msi_map_count, 0);
}

static int add_bridge(void *fdt, const char *name, uint32_t cfg_high)
{
	int node = fdt_add_subnode(fdt, 0, name);
	char path[64];

	assert_true(node >= 0);
	snprintf(path, sizeof(path), "/%s", name);
	virt_set_text(fdt, path, "compatible", "pci-host-ecam-generic");
	virt_set_text(fdt, path, "device_type", "pci");
	VIRT_CELLS(fdt, path, "#address-cells", 3);
	VIRT_CELLS(fdt, path, "#size-cells", 2);
	VIRT_CELLS(fdt, path, "reg", cfg_high, 0, 0, 0x1000000);
	VIRT_CELLS(fdt, path, "bus-range", 16, 31);
	VIRT_CELLS(fdt, path, "ranges", 0x42000000, 0, 0x80000000, cfg_high, 0x80000000, 0,
		   0x1000000);
	return node;
}

/* The owner's driver knows the controller: one that there is no front end for has to be ours. */
static void test_bridge_its_owner_drives(void **state)
{
	static const char path[] = "/pcie@10000000", name[] = "viaduct,owner-driven";
	void *fdt = virt_tree();

	(void)state;
	read_good(fdt);
	assert_false(machine.bridges[0].owner_driven);
	assert_int_equal(fdt_setprop_empty(fdt, virt_node(fdt, path), name), 0);
	refused(fdt, "pcie@", name); /* behind an ITS */
	virt_delete(fdt, path, "msi-map");
	refused(fdt, "pcie@", name); /* ECAM */
	assert_int_equal(fdt_setprop_string(fdt, virt_node(fdt, path), "compatible",
					    "snps,dw-pcie"), 0);
	read_good(fdt);
	assert_true(machine.bridges[0].owner_driven);
}

static void test_two_bridges(void **state)
{
	void *fdt = virt_tree();

	(void)state;
	add_bridge(fdt, "pcie@5000000000", 0x50);
	refused(fdt, "/pcie@", "linux,pci-domain"); /* one has it, one has not */

	VIRT_CELLS(fdt, "/pcie@5000000000", "linux,pci-domain", 0);
	refused(fdt, "/pcie@", "linux,pci-domain"); /* both the same */

	VIRT_CELLS(fdt, "/pcie@5000000000", "linux,pci-domain", 7);
	read_good(fdt);
	assert_int_equal(machine.bridge_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct machine_bridge *b = &machine.bridges[i];

		if (b->cfg.base == 0x5000000000) {
			assert_int_equal(b->segment, 7);
			assert_int_equal(b->bus_start, 16);
			assert_int_equal(b->bus_end, 31);
			assert_true(b->windows[0].prefetchable);
			assert_int_equal(b->windows[0].pci, 0x80000000);
			assert_int_equal(b->windows[0].cpu, 0x5080000000);
		} else {
			assert_int_equal(b->segment, 0);
		}
	}

	virt_delete(fdt, "/pcie@5000000000", "linux,pci-domain");
	virt_delete(fdt, "/pcie@10000000", "linux,pci-domain");
	read_good(fdt);
	assert_int_equal(machine.bridges[0].segment, 0);
	assert_int_equal(machine.bridges[1].segment, 1);
}

static void test_nested_bridge_is_no_host_bridge(void **state)
{
	void *fdt = virt_tree();
	int node = fdt_add_subnode(fdt, virt_node(fdt, "/pcie@10000000"), "pci@1,0");

	(void)state;
	assert_true(node >= 0);
	virt_set_text(fdt, "/pcie@10000000/pci@1,0", "device_type", "pci");
	read_good(fdt);
	assert_int_equal(machine.bridge_count, 1);
}

/* Each row: a property changed to cells that cannot be right. */
static const struct {
	const char *path;
	const char *name;
	uint32_t count;
	uint32_t cells[8];
} broken[] = {
	{ "/memory@40000000", "reg", 3, { 0, 0x40000000, 1 } },
	{ "/memory@40000000", "reg", 4, { 0xffffffff, 0xfffff000, 0, 0x2000 } },
	{ "/memory@40000000", "reg", 8, { 0, 0x40000000, 1, 0, 0, 0x50000000, 0, 0x1000 } },
	{ "/reserved-memory/firmware@13fe00000", "reg", 1, { 0 } },
	{ "/cpus/cpu@1", "reg", 1, { 0 } },
	{ "/cpus/cpu@1", "reg", 2, { 0, 1 } },
	{ "/cpus/cpu@1", "reg", 1, { 0x40000000 } },
	{ "/cpus", "#address-cells", 1, { 5 } },
	{ "/timer", "interrupts", 3, { 1, 13, 4 } },
	{ "/timer", "interrupts", 4, { 1, 13, 4, 1 } },
	{ "/intc@8000000", "reg", 4, { 0, 0x8000000, 0, 0x10000 } },
	{ "/intc@8000000", "#redistributor-regions", 1, { 9 } },
	{ "/intc@8000000", "interrupts", 3, { 7, 9, 4 } },
	{ "/intc@8000000", "interrupts", 3, { 1, 99, 4 } },
	{ "/intc@8000000/its@8080000", "reg", 4, { 0, 0x8080000, 0, 0x1000 } },
	{ "/smmuv3@9050000", "interrupts", 2, { 0, 74 } },
	{ "/pcie@10000000", "#address-cells", 1, { 2 } },
	{ "/pcie@10000000", "bus-range", 2, { 8, 7 } },
	{ "/pcie@10000000", "bus-range", 2, { 0, 256 } },
	{ "/pcie@10000000", "bus-range", 1, { 0 } },
	{ "/pcie@10000000", "ranges", 6, { 0x2000000, 0, 0, 0, 0, 0 } },
	{ "/pcie@10000000", "ranges", 7, { 0, 0, 0, 0, 0, 0, 0x1000 } },
	{ "/pcie@10000000", "ranges", 7, { 0x2000000, 1, 0, 0, 0, 0, 0x1000 } },
	{ "/pcie@10000000", "ranges", 7, { 0x2000000, 0, 0, 0x10000, 0, 0, 0x1000 } },
	{ "/pcie@10000000", "ranges", 7, { 0x2000000, 0, 0, 0, 0, 0, 0 } },
	{ "/pcie@10000000", "dma-ranges", 6, { 0x2000000, 0, 0, 0, 0, 0 } },
	{ "/pcie@10000000", "dma-ranges", 7, { 0, 0, 0, 0, 0, 0, 0x1000 } },
	{ "/pcie@10000000", "dma-ranges", 7, { 0x1000000, 0, 0, 0, 0, 0, 0x1000 } },
	{ "/pcie@10000000", "dma-ranges", 7, { 0x2000000, 0, 0, 0, 0, 0, 0 } },
	{ "/pcie@10000000", "dma-ranges", 7, { 0x3000000, ~0U, ~0U, 0, 0, 0, 0x1000 } },
	{ "/pcie@10000000", "dma-ranges", 7, { 0x3000000, 0, 0, ~0U, ~0U, 0, 0x1000 } },
	{ "/pcie@10000000", "linux,pci-domain", 1, { 256 } },
	{ "/pcie@10000000", "iommu-map", 3, { 0, 1, 0 } },
	{ "/pcie@10000000", "iommu-map", 4, { 0, 0x7777, 0, 0x10000 } },
	{ "/pcie@10000000", "msi-map", 4, { 0xffff, 1, 0, 2 } },
	{ "/pcie@10000000", "msi-map", 4, { 0, 1, 0xffffffff, 2 } },
	{ "/pcie@10000000", "interrupt-map", 4, { 0, 0, 0, 1 } },
	{ "/pcie@10000000", "interrupt-map", 7, { 0, 0, 0, 1, 0x7777, 0, 0 } },
	{ "/pcie@10000000", "interrupt-map-mask", 3, { 0x1800, 0, 0 } },
	{ "/chosen/module@48000000", "reg", 2, { 0, 0x48000000 } },
	{ "/chosen/module@48000000", "reg", 4, { 0, 0x48000000, 0, 0 } },
	{ "/chosen/module@48000000", "reg", 4, { 0, 0x1000, 0, 0x1000 } },
	{ "/chosen/module@48000000", "reg", 4, { 0, 0x4ffff000, 0, 0x2000 } },
};

static void test_broken_cells_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		void *fdt = virt_tree();

		virt_set_cells(fdt, broken[i].path, broken[i].name, broken[i].cells,
			       broken[i].count);
		refused(fdt, broken[i].path, broken[i].name);
	}
}

static void test_missing_parts_are_named(void **state)
{
	static const struct {
		const char *path;
		const char *name;
	} missing[] = {
		{ "/psci", "method" },
		{ "/cpus/cpu@0", "reg" },
		{ "/intc@8000000", "interrupts" },
		{ "/pcie@10000000", "reg" },
		{ "/pcie@10000000", "ranges" },
		{ "/chosen/module@48000000", "reg" },
	};
	void *fdt;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		fdt = virt_tree();
		virt_delete(fdt, missing[i].path, missing[i].name);
		refused(fdt, missing[i].path, missing[i].name);
	}
	fdt = virt_tree();
	assert_int_equal(fdt_del_node(fdt, virt_node(fdt, "/memory@40000000")), 0);
	refused(fdt, "/", "memory");
	fdt = virt_tree();
	assert_int_equal(fdt_del_node(fdt, virt_node(fdt, "/cpus")), 0);
	refused(fdt, "/", "cpus");
	fdt = virt_tree();
	virt_set_text(fdt, "/cpus/cpu@1", "enable-method", "spin-table");
	refused(fdt, "/cpus/cpu@1", "enable-method");
}

static void test_long_text_is_refused(void **state)
{
	static char text[MACHINE_TEXT_MAX + 1];
	void *fdt = virt_tree();

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	virt_set_text(fdt, "/chosen", "bootargs", text);
	refused(fdt, "/chosen", "bootargs");
	text[MACHINE_TEXT_MAX - 1] = '\0';
	virt_set_text(fdt, "/chosen", "bootargs", text);
	read_good(fdt);
	assert_int_equal(fdt_setprop(fdt, virt_node(fdt, "/chosen"), "bootargs", "abc", 3), 0);
	refused(fdt, "/chosen", "bootargs"); /* not terminated */
}

static void test_no_tree_at_all(void **state)
{
	static uint64_t zeros[64];
	const char *why;
	void *fdt = virt_tree();

	(void)state;
	assert_int_equal(machine_fdt_read(zeros, sizeof(zeros), &machine, &why), -EINVAL);
	assert_non_null(why);
	/* Longer than the memory it is said to lie in. */
	assert_int_equal(machine_fdt_read(fdt, 4096, &machine, &why), -EINVAL);
	assert_int_equal(machine_fdt_read(fdt, 8, &machine, &why), -EINVAL);
	/* A version from before 2005, with which libfdt's check reads a null pointer. */
	fdt_set_version(fdt, 4);
	refused(fdt, "", "VERSION");
}

/* Any one word changed to anything: refused or read, never a bad access (the sanitizers watch). */
static void test_random_damage(void **state)
{
	uint32_t seed = 12345;

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t *words = virt_tree();
		uint32_t count = fdt_totalsize(words) / 4;
		const char *why = NULL;
		uint32_t at;

		seed = seed * 1664525 + 1013904223;
		at = (seed >> 8) % count;
		seed = seed * 1664525 + 1013904223;
		words[at] = round % 3 == 0 ? seed : cpu_to_fdt32((seed >> 16) % 64);
		if (read_tree(words, &why) != 0) {
			assert_non_null(why);
		}
		assert_true(machine.cpu_count <= MACHINE_MAX_CPUS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_cpus_memory_console),
		cmocka_unit_test(test_reads_gic_and_smmu),
		cmocka_unit_test(test_reads_bridge),
		cmocka_unit_test(test_reads_modules),
		cmocka_unit_test(test_modules_by_order),
		cmocka_unit_test(test_modules_by_legacy_names),
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_translates_nested_registers),
		cmocka_unit_test(test_property_of_size_minus_one),
		cmocka_unit_test(test_console_by_alias),
		cmocka_unit_test(test_unknown_gic_is_named),
		cmocka_unit_test(test_gicv2_is_recognised),
		cmocka_unit_test(test_gicv2m_frames),
		cmocka_unit_test(test_msi_interrupt_of_a_bridge),
		cmocka_unit_test(test_no_iommu_no_msi),
		cmocka_unit_test(test_bridge_its_owner_drives),
		cmocka_unit_test(test_two_bridges),
		cmocka_unit_test(test_nested_bridge_is_no_host_bridge),
		cmocka_unit_test(test_broken_cells_are_named),
		cmocka_unit_test(test_missing_parts_are_named),
		cmocka_unit_test(test_long_text_is_refused),
		cmocka_unit_test(test_no_tree_at_all),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
