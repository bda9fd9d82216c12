/* SPDX-License-Identifier: BSD-2-Clause */
/* Written front to back with libfdt's sequential calls; the first error ends it. */
#include "common/guest_fdt.h"

#include <libfdt.h>
#include <string.h>

#include <viaduct/guest_map.h>

#define PHANDLE_GIC   1U
#define PHANDLE_ITS   2U
#define PHANDLE_CLOCK 3U

#define IRQ_SPI        0U
#define IRQ_PPI        1U
#define IRQ_LEVEL_HIGH 4U
#define SPI(intid)     ((intid) - 32U)
#define PPI(intid)     ((intid) - 16U)

/* Space codes of a PCI address (IEEE 1275 PCI binding, 2.2.1.1). */
#define PCI_IO    0x01000000U
#define PCI_MEM32 0x02000000U
#define PCI_MEM64 0x03000000U

#define HI(v) ((uint32_t)((uint64_t)(v) >> 32))
#define LO(v) ((uint32_t)(v))

/* libfdt's calls return 0 or an error: stop at the first. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		int err_ = (call);                                                                 \
		if (err_ != 0) {                                                                   \
			return err_;                                                               \
		}                                                                                  \
	} while (0)

static int put_cells(void *fdt, const char *name, const uint32_t *cells, size_t count)
{
	fdt32_t out[32];

	if (count > sizeof(out) / sizeof(out[0])) {
		return -FDT_ERR_INTERNAL;
	}
	for (size_t i = 0; i < count; i++) {
		out[i] = cpu_to_fdt32(cells[i]);
	}
	return fdt_property(fdt, name, out, (int)(count * sizeof(out[0])));
}

#define PUT_CELLS(fdt, name, ...)                                                                  \
	put_cells(fdt, name, (const uint32_t[]){ __VA_ARGS__ },                                    \
		  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static int put_string(void *fdt, const char *name, const char *text)
{
	return fdt_property(fdt, name, text, (int)strlen(text) + 1);
}

static int put_flag(void *fdt, const char *name)
{
	return fdt_property(fdt, name, NULL, 0);
}

/* Several strings: the terminating 0 of the literal is the last one's. */
#define PUT_STRINGS(fdt, name, literal) fdt_property(fdt, name, literal, (int)sizeof(literal))

static int put_chosen(void *fdt, const struct guest_fdt *g)
{
	TRY(fdt_begin_node(fdt, "chosen"));
	TRY(put_string(fdt, "stdout-path", "/pl011@9000000"));
	if (g->bootargs != NULL) {
		TRY(put_string(fdt, "bootargs", g->bootargs));
	}
	if (g->ramdisk_start != g->ramdisk_end) {
		TRY(fdt_property_u64(fdt, "linux,initrd-start", g->ramdisk_start));
		TRY(fdt_property_u64(fdt, "linux,initrd-end", g->ramdisk_end));
	}
	if (g->kaslr_seed != 0) {
		TRY(fdt_property(fdt, "rng-seed", g->rng_seed, sizeof(g->rng_seed)));
		TRY(fdt_property_u64(fdt, "kaslr-seed", g->kaslr_seed));
	}
	return fdt_end_node(fdt);
}

/* prefix and at in hexadecimal, which the hypervisor's library has no snprintf for. */
static void node_name(char *name, const char *prefix, uint64_t at)
{
	int digits = 1;

	while (*prefix != '\0') {
		*name++ = *prefix++;
	}
	while (digits < 16 && at >> (4 * digits) != 0) {
		digits++;
	}
	while (digits != 0) {
		*name++ = "0123456789abcdef"[at >> (4 * --digits) & 0xf];
	}
	*name = '\0';
}

static int put_memory(void *fdt, const struct guest_fdt *g)
{
	uint64_t base = g->ram_base != 0 ? g->ram_base : GUEST_RAM_BASE;
	char name[sizeof("memory@") + 16];

	node_name(name, "memory@", base);
	TRY(fdt_begin_node(fdt, name));
	TRY(put_string(fdt, "device_type", "memory"));
	TRY(PUT_CELLS(fdt, "reg", HI(base), LO(base), HI(g->ram_bytes), LO(g->ram_bytes)));
	return fdt_end_node(fdt);
}

static int put_cpus(void *fdt, const struct guest_fdt *g)
{
	char name[] = "cpu@f";

	if (g->vcpu_count > 16) {
		return -FDT_ERR_BADVALUE;
	}
	TRY(fdt_begin_node(fdt, "cpus"));
	TRY(fdt_property_u32(fdt, "#address-cells", 1));
	TRY(fdt_property_u32(fdt, "#size-cells", 0));
	for (uint32_t i = 0; i < g->vcpu_count; i++) {
		name[sizeof("cpu@") - 1] = "0123456789abcdef"[i];
		TRY(fdt_begin_node(fdt, name));
		TRY(put_string(fdt, "device_type", "cpu"));
		TRY(put_string(fdt, "compatible", "arm,armv8"));
		TRY(fdt_property_u32(fdt, "reg", i));
		TRY(put_string(fdt, "enable-method", "psci"));
		TRY(fdt_end_node(fdt));
	}
	return fdt_end_node(fdt);
}

static int put_psci(void *fdt)
{
	TRY(fdt_begin_node(fdt, "psci"));
	TRY(PUT_STRINGS(fdt, "compatible", "arm,psci-1.0\0arm,psci-0.2"));
	TRY(put_string(fdt, "method", "hvc"));
	return fdt_end_node(fdt);
}

static int put_timer(void *fdt)
{
	TRY(fdt_begin_node(fdt, "timer"));
	TRY(put_string(fdt, "compatible", "arm,armv8-timer"));
	TRY(PUT_CELLS(fdt, "interrupts",
		      IRQ_PPI, PPI(GUEST_TIMER_SEC_INTID), IRQ_LEVEL_HIGH,
		      IRQ_PPI, PPI(GUEST_TIMER_PHYS_INTID), IRQ_LEVEL_HIGH,
		      IRQ_PPI, PPI(GUEST_TIMER_VIRT_INTID), IRQ_LEVEL_HIGH,
		      IRQ_PPI, PPI(GUEST_TIMER_HYP_INTID), IRQ_LEVEL_HIGH));
	TRY(put_flag(fdt, "always-on"));
	return fdt_end_node(fdt);
}

static int put_gicv3(void *fdt, const struct guest_fdt *g)
{
	uint64_t redists = g->vcpu_count * GUEST_GICR_STRIDE;

	TRY(put_string(fdt, "compatible", "arm,gic-v3"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_GICD_BASE), LO(GUEST_GICD_BASE), HI(GUEST_GICD_SIZE),
		      LO(GUEST_GICD_SIZE), HI(GUEST_GICR_BASE), LO(GUEST_GICR_BASE), HI(redists),
		      LO(redists)));
	TRY(fdt_begin_node(fdt, "its@8080000"));
	TRY(put_string(fdt, "compatible", "arm,gic-v3-its"));
	TRY(put_flag(fdt, "msi-controller"));
	TRY(fdt_property_u32(fdt, "#msi-cells", 1));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_ITS_BASE), LO(GUEST_ITS_BASE), HI(GUEST_ITS_SIZE),
		      LO(GUEST_ITS_SIZE)));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_ITS));
	return fdt_end_node(fdt);
}

static int put_gicv2(void *fdt)
{
	TRY(put_string(fdt, "compatible", "arm,gic-400"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_GICD_BASE), LO(GUEST_GICD_BASE),
		      HI(GUEST_GICD_V2_SIZE), LO(GUEST_GICD_V2_SIZE), HI(GUEST_GICC_BASE),
		      LO(GUEST_GICC_BASE), HI(GUEST_GICC_SIZE), LO(GUEST_GICC_SIZE)));
	return 0;
}

static int put_gic(void *fdt, const struct guest_fdt *g)
{
	TRY(fdt_begin_node(fdt, "intc@8000000"));
	TRY(fdt_property_u32(fdt, "#interrupt-cells", 3));
	TRY(put_flag(fdt, "interrupt-controller"));
	TRY(fdt_property_u32(fdt, "#address-cells", 2));
	TRY(fdt_property_u32(fdt, "#size-cells", 2));
	TRY(put_flag(fdt, "ranges"));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_GIC));
	TRY(g->gic_version == 2 ? put_gicv2(fdt) : put_gicv3(fdt, g));
	return fdt_end_node(fdt);
}

static int put_uart(void *fdt)
{
	TRY(fdt_begin_node(fdt, "apb-pclk"));
	TRY(put_string(fdt, "compatible", "fixed-clock"));
	TRY(fdt_property_u32(fdt, "#clock-cells", 0));
	TRY(fdt_property_u32(fdt, "clock-frequency", 24000000));
	TRY(put_string(fdt, "clock-output-names", "clk24mhz"));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_CLOCK));
	TRY(fdt_end_node(fdt));

	TRY(fdt_begin_node(fdt, "pl011@9000000"));
	TRY(PUT_STRINGS(fdt, "compatible", "arm,pl011\0arm,primecell"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_UART_BASE), LO(GUEST_UART_BASE), HI(GUEST_UART_SIZE),
		      LO(GUEST_UART_SIZE)));
	TRY(PUT_CELLS(fdt, "interrupts", IRQ_SPI, SPI(GUEST_UART_INTID), IRQ_LEVEL_HIGH));
	TRY(PUT_CELLS(fdt, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK));
	TRY(PUT_STRINGS(fdt, "clock-names", "uartclk\0apb_pclk"));
	return fdt_end_node(fdt);
}

/*
 * Pins to SPIs by (device & 3), turned by one for each device, as on QEMU's board. One row: unit
 * address (3), pin (1), GIC, its unit address (2), interrupt (3).
 */
static int put_intx(void *fdt)
{
	fdt32_t map[4 * 4 * 10] = { 0 };
	fdt32_t *row = map;

	for (uint32_t device = 0; device < 4; device++) {
		for (uint32_t pin = 0; pin < 4; pin++, row += 10) {
			row[0] = cpu_to_fdt32(device << 11);
			row[3] = cpu_to_fdt32(pin + 1);
			row[4] = cpu_to_fdt32(PHANDLE_GIC);
			row[7] = cpu_to_fdt32(IRQ_SPI);
			row[8] = cpu_to_fdt32(SPI(GUEST_INTX_INTID) + (device + pin) % 4);
			row[9] = cpu_to_fdt32(IRQ_LEVEL_HIGH);
		}
	}
	TRY(fdt_property(fdt, "interrupt-map", map, (int)sizeof(map)));
	TRY(PUT_CELLS(fdt, "interrupt-map-mask", 3U << 11, 0, 0, 7));
	return 0;
}

/* Bus addresses are guest physical addresses, but for I/O ports, which start at 0. */
static int put_pcie(void *fdt, const struct guest_fdt *g)
{
	TRY(fdt_begin_node(fdt, "pcie@10000000"));
	TRY(put_string(fdt, "compatible", "pci-host-ecam-generic"));
	TRY(put_string(fdt, "device_type", "pci"));
	TRY(fdt_property_u32(fdt, "#address-cells", 3));
	TRY(fdt_property_u32(fdt, "#size-cells", 2));
	TRY(fdt_property_u32(fdt, "#interrupt-cells", 1));
	TRY(fdt_property_u32(fdt, "linux,pci-domain", 0));
	TRY(PUT_CELLS(fdt, "bus-range", 0, (uint32_t)(GUEST_PCI_ECAM_SIZE >> 20) - 1));
	TRY(put_flag(fdt, "dma-coherent"));
	TRY(PUT_CELLS(fdt, "reg", HI(GUEST_PCI_ECAM_BASE), LO(GUEST_PCI_ECAM_BASE),
		      HI(GUEST_PCI_ECAM_SIZE), LO(GUEST_PCI_ECAM_SIZE)));
	TRY(PUT_CELLS(fdt, "ranges",
		      PCI_IO, 0, 0, HI(GUEST_PCI_IO_BASE), LO(GUEST_PCI_IO_BASE),
		      HI(GUEST_PCI_IO_SIZE), LO(GUEST_PCI_IO_SIZE),
		      PCI_MEM32, HI(GUEST_PCI_MEM32_BASE), LO(GUEST_PCI_MEM32_BASE),
		      HI(GUEST_PCI_MEM32_BASE), LO(GUEST_PCI_MEM32_BASE),
		      HI(GUEST_PCI_MEM32_SIZE), LO(GUEST_PCI_MEM32_SIZE),
		      PCI_MEM64, HI(GUEST_PCI_MEM64_BASE), LO(GUEST_PCI_MEM64_BASE),
		      HI(GUEST_PCI_MEM64_BASE), LO(GUEST_PCI_MEM64_BASE),
		      HI(GUEST_PCI_MEM64_SIZE), LO(GUEST_PCI_MEM64_SIZE)));
	if (g->gic_version != 2) {
		/* Requester IDs are the ITS's device IDs. */
		TRY(PUT_CELLS(fdt, "msi-map", 0, PHANDLE_ITS, 0, 0x10000));
	}
	TRY(put_intx(fdt));
	return fdt_end_node(fdt);
}

static int put_root(void *fdt, const struct guest_fdt *g)
{
	TRY(fdt_begin_node(fdt, ""));
	TRY(put_string(fdt, "compatible", "linux,dummy-virt"));
	TRY(put_string(fdt, "model", "viaduct-guest"));
	TRY(fdt_property_u32(fdt, "#address-cells", 2));
	TRY(fdt_property_u32(fdt, "#size-cells", 2));
	TRY(fdt_property_u32(fdt, "interrupt-parent", PHANDLE_GIC));
	TRY(put_chosen(fdt, g));
	TRY(put_memory(fdt, g));
	TRY(put_cpus(fdt, g));
	TRY(put_psci(fdt));
	TRY(put_timer(fdt));
	TRY(put_gic(fdt, g));
	TRY(put_uart(fdt));
	TRY(put_pcie(fdt, g));
	return fdt_end_node(fdt);
}

int guest_fdt_make(const struct guest_fdt *g, void *buf, size_t size)
{
	TRY(fdt_create(buf, (int)size));
	TRY(fdt_finish_reservemap(buf));
	TRY(put_root(buf, g));
	return fdt_finish(buf);
}
