/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device trees of real boards (tests/host/data/boards), read and brought up over a model of one
 * root port with an NVMe behind each host bridge: the whole machine and registry as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <libfdt.h>

#include "boot/boot.h"
#include "core/heap.h"
#include "fake_heap.h"
#include "iommu/iommu.h"
#include "lib/errno.h"
#include "model_pci.h"
#include "pci/pci_config.h"
#include "pci/pci_index.h"
#include "pci/registry.h"
#include "pci/registry_list.h"
#include "tree_file.h"

struct machine machine;

static struct model_pci models[HOST_BRIDGES_MAX];
static struct iommu iommus[MACHINE_MAX_SMMUS];
static char itss[MACHINE_MAX_ITS];
static uint64_t tree[8192 / 8 * 4];
static char text[8192];

struct iommu *iommu_by_phandle(uint32_t phandle)
{
	for (uint32_t i = 0; i < machine.smmu_count; i++) {
		if (machine.smmus[i].phandle == phandle) {
			return &iommus[i];
		}
	}
	return NULL;
}

struct its *its_by_phandle(uint32_t phandle)
{
	for (uint32_t i = 0; i < machine.gic.its_count; i++) {
		if (machine.gic.its[i].phandle == phandle) {
			return (struct its *)(void *)&itss[i];
		}
	}
	return NULL;
}

/* A root port on the first bus, an NVMe with 16 KiB of registers below. */
static int attach(struct host_bridge *b, const struct machine_bridge *desc)
{
	struct model_pci *m = &models[b->index];
	struct machine_bridge unused_desc;
	struct host_bridge unused;
	struct model_function *port, *nvme;

	memset(&unused_desc, 0, sizeof(unused_desc));
	model_pci_init(m, &unused, &unused_desc, desc->segment, desc->bus_start, desc->bus_end);
	port = model_port(m, NULL, 0, 0, PCI_EXP_TYPE_ROOT_PORT, false, true);
	nvme = model_endpoint(m, port, 0, 0, 0x00101b36, 0x010802);
	model_bar(nvme, 0, BAR_MEM64, false, 0x4000);
	model_express(nvme, PCI_EXP_TYPE_ENDPOINT, true);
	model_msix(nvme, 65, 0, 0x2000, 0, 0x3000);
	b->priv = m;
	return 0;
}

static uint32_t read_config(struct host_bridge *b, struct sbdf where, uint32_t offset,
			    uint32_t size)
{
	return model_pci_ops.cfg_read(b, where, offset, size);
}

static void write_config(struct host_bridge *b, struct sbdf where, uint32_t offset, uint32_t size,
			 uint32_t value)
{
	model_pci_ops.cfg_write(b, where, offset, size, value);
}

static const char *const compatibles[] = {
	"pci-host-ecam-generic", "renesas,pcie-rcar-gen3", "fsl,imx8mp-pcie",
	"fsl,lx2160a-pcie",	 "snps,dw-pcie",	   "brcm,bcm2711-pcie",
	NULL,
};

static const struct host_bridge_ops any_bridge = {
	.name = "model",
	.compatibles = compatibles,
	.init = attach,
	.cfg_read = read_config,
	.cfg_write = write_config,
};

const struct host_bridge_ops *const host_bridge_table[] = { &any_bridge, NULL };

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
	size_t at = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	assert_true((size_t)vsnprintf(text + at, sizeof(text) - at, fmt, ap) < sizeof(text) - at);
	va_end(ap);
}

static void say_range(const char *what, const struct range *r)
{
	say(" %s %llx+%llx", what, (unsigned long long)r->base, (unsigned long long)r->size);
}

static void say_machine(void)
{
	const struct machine_gic *gic = &machine.gic;

	say("%u CPUs, last %llx; PPIs %u %u %u; PSCI %s\n", machine.cpu_count,
	    (unsigned long long)machine.cpus[machine.cpu_count - 1].mpidr, machine.timer_phys_intid,
	    machine.timer_virt_intid, machine.timer_hyp_intid, machine.psci_smc ? "smc" : "hvc");
	for (uint32_t i = 0; i < machine.ram_count; i++) {
		say_range(i == 0 ? "RAM" : "and", &machine.ram[i]);
	}
	say("\n %s (%s) at %llx, interrupt %u\n", machine.uart.path, machine.uart.compatible,
	    (unsigned long long)machine.uart.regs.base, machine.uart.intid);
	say(" GICv%u", gic->version);
	say_range("distributor", &gic->dist);
	if (gic->version == 2) {
		say_range("CPU interface", &gic->cpu_interface);
	}
	for (uint32_t i = 0; i < gic->redist_count; i++) {
		say_range("redistributors", &gic->redists[i]);
	}
	for (uint32_t i = 0; i < gic->its_count; i++) {
		say_range("ITS", &gic->its[i].regs);
	}
	say(", maintenance %u\n", gic->maintenance_intid);
	if (machine.product.size != 0) {
		say_range("product register", &machine.product);
		say("\n");
	}
	for (uint32_t i = 0; i < machine.smmu_count; i++) {
		say_range(machine.smmus[i].compatible, &machine.smmus[i].regs);
		say(", interrupt %u%s\n", machine.smmus[i].eventq_intid,
		    machine.smmus[i].root != 0 ? ", of the one before" : "");
		iommus[i] = (struct iommu){ .whole_bridge = machine.smmus[i].root != 0 };
	}
}

static void say_bridge(const struct machine_bridge *b)
{
	static const char *const kinds[] = { "I/O", "mem32", "mem64" };

	say("%s\n", b->path);
	say(" %s %04x:%02x-%02x", b->compatible, b->segment, b->bus_start, b->bus_end);
	say_range("config", &b->cfg);
	say("%s\n", b->dma_coherent ? ", coherent" : "");
	for (uint32_t i = 0; i < b->window_count; i++) {
		const struct machine_window *w = &b->windows[i];

		say("  %s%s %llx+%llx at %llx\n", kinds[w->kind],
		    w->prefetchable ? " prefetchable" : "", (unsigned long long)w->pci,
		    (unsigned long long)w->size, (unsigned long long)w->cpu);
	}
	for (uint32_t i = 0; i < b->dma_count; i++) {
		say("  DMA %llx+%llx at %llx\n", (unsigned long long)b->dma[i].pci,
		    (unsigned long long)b->dma[i].size, (unsigned long long)b->dma[i].cpu);
	}
	for (uint32_t device = 0; device < 4; device++) {
		say("%s%u %u %u %u", device == 0 ? "  INTx " : ", ", b->intx[device][0],
		    b->intx[device][1], b->intx[device][2], b->intx[device][3]);
	}
	say("%s\n", b->intx_edge ? ", edge" : "");
	if (b->intids[0] != 0) {
		say("  interrupts %u %u %u %u\n", b->intids[0], b->intids[1], b->intids[2],
		    b->intids[3]);
	}
	if (b->msi_intid != 0) {
		say("  MSI interrupt %u\n", b->msi_intid);
	}
}

static void say_function(const struct pci_function *f)
{
	say(SBDF_FMT " %04x:%04x", SBDF_ARG(f->sbdf), f->vendor, f->device);
	if (f->bars[0].size != 0) {
		say(", BAR %llx at %llx", (unsigned long long)f->bars[0].address,
		    (unsigned long long)f->bars[0].cpu.v);
	}
	if (f->iommu != NULL) {
		say(", stream %x of IOMMU %u", f->stream.v, (uint32_t)(f->iommu - iommus));
	}
	if (f->its != NULL) {
		say(", device %x of ITS %u", f->device_id.v,
		    (uint32_t)((char *)f->its - itss));
	}
	say(", group %u\n", f->group);
}

static void is_read_as(const char *board, const char *expected)
{
	const char *why = NULL;
	int err;

	tree_file(board, tree, sizeof(tree));
	text[0] = '\0';
	memset(&machine, 0, sizeof(machine));
	err = machine_fdt_read(tree, sizeof(tree), &machine, &why);
	if (err != 0) {
		print_error("%s: %s\n", board, why);
	}
	assert_int_equal(err, 0);
	say_machine();
	for (uint32_t i = 0; i < machine.bridge_count; i++) {
		say_bridge(&machine.bridges[i]);
	}
	pci_init();
	assert_int_equal(host_bridge_count, machine.bridge_count);
	for (struct pci_function *f = pci_function_first(); f != NULL; f = f->next) {
		say_function(f);
	}
	assert_string_equal(text, expected);
}

/* An IPMMU without the root whose contexts it needs. */
static void test_ipmmu_without_root(void **state)
{
	static const char unit[] = "/soc/iommu@e6570000";
	static const uint32_t roots[][3] = { { 1, 0xffff }, { 3 }, { 2, 0 } };
	uint32_t self;

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		fdt32_t cells[3] = { 0 };
		const char *why = NULL;
		int node;

		tree_file("rcar-h3", tree, sizeof(tree));
		assert_int_equal(fdt_open_into(tree, tree, sizeof(tree)), 0);
		node = fdt_path_offset(tree, unit);
		self = fdt_get_phandle(tree, node);
		cells[0] = cpu_to_fdt32(roots[i][1] != 0 ? roots[i][1] : self);
		assert_int_equal(fdt_setprop(tree, node, "renesas,ipmmu-main", cells,
					     (int)roots[i][0] * 4), 0);
		memset(&machine, 0, sizeof(machine));
		assert_int_equal(machine_fdt_read(tree, sizeof(tree), &machine, &why), -EINVAL);
		assert_non_null(strstr(why, unit));
		assert_non_null(strstr(why, "renesas,ipmmu-main"));
	}
}

static int setup(void **state)
{
	host_bridge_count = 0;
	return 0;
}

static int teardown(void **state)
{
	while (registry_functions != NULL) {
		struct pci_function *next = registry_functions->next;

		heap_free(registry_functions);
		registry_functions = next;
	}
	registry_newest = NULL;
	memset(&pci_index, 0, sizeof(pci_index));
	for (uint32_t i = 0; i < host_bridge_count; i++) {
		model_pci_free(&models[i]);
	}
	return 0;
}

static void test_rcar_h3(void **state)
{
	is_read_as("rcar-h3",
		   "3 CPUs, last 100; PPIs 30 27 26; PSCI smc\n"
		   " RAM 48000000+38000000 and 500000000+40000000 and 600000000+40000000 and"
		   " 700000000+40000000\n"
		   " /soc/serial@e6e88000 (renesas,scif) at e6e88000, interrupt 196\n"
		   " GICv2 distributor f1010000+1000 CPU interface f1020000+20000, maintenance 25\n"
		   " product register fff00044+4\n"
		   " renesas,ipmmu-r8a7795 e67b0000+1000, interrupt 228\n"
		   " renesas,ipmmu-r8a7795 e6570000+1000, interrupt 0, of the one before\n"
		   "/soc/pcie@fe000000\n"
		   " renesas,pcie-rcar-gen3 0000:00-ff config fe000000+80000\n"
		   "  I/O 0+100000 at fe100000\n"
		   "  mem32 fe200000+200000 at fe200000\n"
		   "  mem32 30000000+8000000 at 30000000\n"
		   "  mem32 prefetchable 38000000+8000000 at 38000000\n"
		   "  DMA 0+100000000 at 0\n"
		   "  INTx 148 148 148 148, 148 148 148 148, 148 148 148 148, 148 148 148 148\n"
		   "  interrupts 148 149 150 0\n"
		   "/soc/pcie@ee800000\n"
		   " renesas,pcie-rcar-gen3 0001:00-ff config ee800000+80000\n"
		   "  I/O 0+100000 at ee900000\n"
		   "  mem32 eea00000+200000 at eea00000\n"
		   "  mem32 c0000000+8000000 at c0000000\n"
		   "  mem32 prefetchable c8000000+8000000 at c8000000\n"
		   "  INTx 180 180 180 180, 180 180 180 180, 180 180 180 180, 180 180 180 180\n"
		   "  interrupts 180 181 182 0\n"
		   "0000:00:00.0 1b36:000c, stream 0 of IOMMU 1, group 0\n"
		   "0000:01:00.0 1b36:0010, BAR fe200000 at fe200000, stream 0 of IOMMU 1, group 0\n"
		   "0001:00:00.0 1b36:000c, stream 1 of IOMMU 1, group 1\n"
		   "0001:01:00.0 1b36:0010, BAR eea00000 at eea00000, stream 1 of IOMMU 1, group 1\n");
}

/* The IOMMU of one bridge does not make functions of the other lendable. */
static void test_rcar_m3(void **state)
{
	is_read_as("rcar-m3",
		   "6 CPUs, last 103; PPIs 30 27 26; PSCI smc\n"
		   " RAM 48000000+78000000 and 600000000+80000000\n"
		   " /soc/serial@e6e88000 (renesas,scif) at e6e88000, interrupt 196\n"
		   " GICv2 distributor f1010000+1000 CPU interface f1020000+20000, maintenance 25\n"
		   " product register fff00044+4\n"
		   " renesas,ipmmu-r8a7796 e67b0000+1000, interrupt 228\n"
		   " renesas,ipmmu-r8a7796 e6570000+1000, interrupt 0, of the one before\n"
		   "/soc/pcie@fe000000\n"
		   " renesas,pcie-rcar-gen3 0000:00-ff config fe000000+80000\n"
		   "  I/O 0+100000 at fe100000\n"
		   "  mem32 fe200000+200000 at fe200000\n"
		   "  mem32 30000000+8000000 at 30000000\n"
		   "  mem32 prefetchable 38000000+8000000 at 38000000\n"
		   "  DMA 40000000+80000000 at 40000000\n"
		   "  INTx 148 148 148 148, 148 148 148 148, 148 148 148 148, 148 148 148 148\n"
		   "  interrupts 148 149 150 0\n"
		   "/soc/pcie@ee800000\n"
		   " renesas,pcie-rcar-gen3 0001:00-ff config ee800000+80000\n"
		   "  I/O 0+100000 at ee900000\n"
		   "  mem32 eea00000+200000 at eea00000\n"
		   "  mem32 c0000000+8000000 at c0000000\n"
		   "  mem32 prefetchable c8000000+8000000 at c8000000\n"
		   "  DMA 40000000+80000000 at 40000000\n"
		   "  INTx 180 180 180 180, 180 180 180 180, 180 180 180 180, 180 180 180 180\n"
		   "  interrupts 180 181 182 0\n"
		   "0000:00:00.0 1b36:000c, stream 0 of IOMMU 1, group 0\n"
		   "0000:01:00.0 1b36:0010, BAR fe200000 at fe200000, stream 0 of IOMMU 1, group 0\n"
		   "0001:00:00.0 1b36:000c, group 1\n"
		   "0001:01:00.0 1b36:0010, BAR eea00000 at eea00000, group 2\n");
}

static void test_imx8mp(void **state)
{
	is_read_as("imx8mp",
		   "2 CPUs, last 1; PPIs 30 27 26; PSCI smc\n"
		   " RAM 40000000+c0000000 and 100000000+c0000000\n"
		   " /soc@0/bus@30800000/serial@30890000 (fsl,imx6q-uart) at 30890000, interrupt 59\n"
		   " GICv3 distributor 38800000+10000 redistributors 38880000+c0000, maintenance"
		   " 25\n"
		   "/soc@0/pcie@33800000\n"
		   " fsl,imx8mp-pcie 0000:00-ff config 1ff00000+80000\n"
		   "  I/O 0+10000 at 1ff80000\n"
		   "  mem32 18000000+7f00000 at 18000000\n"
		   "  INTx 158 157 156 155, 158 157 156 155, 158 157 156 155, 158 157 156 155\n"
		   "  interrupts 172 0 0 0\n"
		   "  MSI interrupt 172\n"
		   "0000:00:00.0 1b36:000c, group 0\n"
		   "0000:01:00.0 1b36:0010, BAR 18000000 at 18000000, group 1\n");
}

static void test_lx2160a(void **state)
{
	is_read_as("lx2160a",
		   "2 CPUs, last 701; PPIs 30 27 26; PSCI smc\n"
		   " RAM 80000000+7be00000 and 2080000000+780000000\n"
		   " /soc/serial@21c0000 (arm,pl011) at 21c0000, interrupt 64\n"
		   " GICv3 distributor 6000000+10000 redistributors 6200000+200000 ITS"
		   " 6020000+20000, maintenance 25\n"
		   "/soc/pcie@3600000\n"
		   " fsl,lx2160a-pcie 0000:00-ff config 3600000+100000, coherent\n"
		   "  mem32 40000000+40000000 at 9040000000\n"
		   "  INTx 151 152 153 154, 151 152 153 154, 151 152 153 154, 151 152 153 154\n"
		   "/soc/pcie@3800000\n"
		   " fsl,lx2160a-pcie 0001:00-ff config 3800000+100000, coherent\n"
		   "  mem32 40000000+40000000 at a040000000\n"
		   "  INTx 161 162 163 164, 161 162 163 164, 161 162 163 164, 161 162 163 164\n"
		   "0000:00:00.0 1b36:000c, device 16 of ITS 0, group 0\n"
		   "0000:01:00.0 1b36:0010, BAR 40000000 at 9040000000, device 17 of ITS 0, group"
		   " 1\n"
		   "0001:00:00.0 1b36:000c, device 0 of ITS 0, group 2\n"
		   "0001:01:00.0 1b36:0010, BAR 40000000 at a040000000, device 100 of ITS 0, group"
		   " 3\n");
}

static void test_armada8040(void **state)
{
	is_read_as("armada8040",
		   "2 CPUs, last 101; PPIs 30 27 26; PSCI smc\n"
		   " RAM 0+c0000000 and 100000000+40000000\n"
		   " /ap806/config-space@f0000000/serial@512000 (snps,dw-apb-uart) at"
		   " f0512000, interrupt 51\n"
		   " GICv2 distributor f0210000+10000 CPU interface f0220000+20000, maintenance"
		   " 25\n"
		   "/cp0/pcie@f2600000\n"
		   " snps,dw-pcie 0000:00-ff config f6f00000+80000, coherent\n"
		   "  mem32 c0000000+20000000 at c0000000\n"
		   "  INTx 0 0 0 0, 0 0 0 0, 0 0 0 0, 0 0 0 0\n"
		   "/cp1/pcie@f4600000\n"
		   " snps,dw-pcie 0001:00-ff config faf00000+80000, coherent\n"
		   "  I/O fd000000+10000 at fd000000\n"
		   "  mem32 fa000000+f00000 at fa000000\n"
		   "  INTx 0 0 0 0, 0 0 0 0, 0 0 0 0, 0 0 0 0\n"
		   "0000:00:00.0 1b36:000c, group 0\n"
		   "0000:01:00.0 1b36:0010, BAR c0000000 at c0000000, group 1\n"
		   "0001:00:00.0 1b36:000c, group 2\n"
		   "0001:01:00.0 1b36:0010, BAR fa000000 at fa000000, group 3\n");
}

static void test_rpi4(void **state)
{
	is_read_as("rpi4",
		   "1 CPUs, last 0; PPIs 30 27 26; PSCI smc\n"
		   " RAM 0+3b400000 and 40000000+bc000000\n"
		   " /soc/serial@7e201000 (arm,pl011) at fe201000, interrupt 153\n"
		   " GICv2 distributor ff841000+1000 CPU interface ff842000+2000, maintenance 25\n"
		   "/scb/pcie@7d500000\n"
		   " brcm,bcm2711-pcie 0000:00-ff config fd500000+9310\n"
		   "  mem32 c0000000+40000000 at 600000000\n"
		   "  INTx 175 176 177 178, 175 176 177 178, 175 176 177 178, 175 176 177 178\n"
		   "  interrupts 179 180 0 0\n"
		   "  MSI interrupt 180\n"
		   "0000:00:00.0 1b36:000c, group 0\n"
		   "0000:01:00.0 1b36:0010, BAR c0000000 at 600000000, group 1\n");
}

static void test_server(void **state)
{
	is_read_as("server",
		   "2 CPUs, last 100000000; PPIs 30 27 26; PSCI smc\n"
		   " RAM 80000000+60000000 and 80000000000+4000000000 and 400000000000+4000000000\n"
		   " /serial@50000000 (arm,pl011) at 50000000, interrupt 40\n"
		   " GICv3 distributor 30000000+10000 redistributors 30200000+400000"
		   " redistributors 400030200000+400000 ITS 30100000+20000 ITS 400030100000+20000,"
		   " maintenance 25\n"
		   " arm,smmu-v3 2b400000+20000, interrupt 106\n"
		   " arm,smmu-v3 40002b400000+20000, interrupt 206\n"
		   "/pcie@33fff0000000\n"
		   " pci-host-ecam-generic 0002:00-3f config 33fff0000000+4000000, coherent\n"
		   "  I/O 0+10000 at 33ffefff0000\n"
		   "  mem32 20000000+20000000 at 330020000000\n"
		   "  mem64 prefetchable 340000000000+3f00000000 at 340000000000\n"
		   "  INTx 160 161 0 0, 162 163 0 0, 0 0 0 0, 0 0 0 0\n"
		   "/pcie@37fff0000000\n"
		   " pci-host-ecam-generic 0005:80-ff config 37fff0000000+8000000, coherent\n"
		   "  mem32 40000000+10000000 at 370000000000\n"
		   "  mem64 prefetchable 380000000000+3f00000000 at 380000000000\n"
		   "  INTx 172 0 0 0, 172 0 0 0, 172 0 0 0, 172 0 0 0, edge\n"
		   "/pcie@6bfff0000000\n"
		   " pci-host-ecam-generic 000a:00-ff config 6bfff0000000+10000000, coherent\n"
		   "  mem32 20000000+20000000 at 6b0020000000\n"
		   "  INTx 0 0 0 0, 0 0 0 0, 0 0 0 0, 0 0 0 0\n"
		   "0002:00:00.0 1b36:000c, stream 0 of IOMMU 0, device 20000 of ITS 0, group 0\n"
		   "0002:01:00.0 1b36:0010, BAR 20000000 at 330020000000, stream 100 of IOMMU 0,"
		   " device 20100 of ITS 0, group 1\n"
		   "0005:80:00.0 1b36:000c, stream 18000 of IOMMU 0, device 48000 of ITS 0, group"
		   " 2\n"
		   "0005:81:00.0 1b36:0010, BAR 40000000 at 370000000000, stream 20 of IOMMU 1,"
		   " device 900 of ITS 1, group 3\n"
		   "000a:00:00.0 1b36:000c, stream 0 of IOMMU 1, device 10000 of ITS 1, group 4\n"
		   "000a:01:00.0 1b36:0010, BAR 20000000 at 6b0020000000, stream 100 of IOMMU 1,"
		   " device 10100 of ITS 1, group 5\n");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_rcar_h3), T(test_rcar_m3), T(test_imx8mp), T(test_lx2160a),
		T(test_armada8040), T(test_rpi4), T(test_server),
		cmocka_unit_test(test_ipmmu_without_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
