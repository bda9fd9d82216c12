/* SPDX-License-Identifier: BSD-2-Clause */
/* Host bridges in a guest's device tree (host-generic-pci.yaml, pci-msi.txt). */
#include "common/guest_fdt_put.h"

#include <viaduct/guest_map.h>

/* Space codes of a PCI address (IEEE 1275 PCI binding, 2.2.1.1). */
#define PCI_IO    0x01000000U
#define PCI_MEM32 0x02000000U
#define PCI_MEM64 0x03000000U
#define PCI_PREFETCHABLE 0x40000000U

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

/* A generic ECAM bridge whose config window holds the buses from bus_start. */
static int put_common(void *fdt, uint32_t segment, uint32_t bus_start, uint64_t ecam,
		      uint64_t ecam_size)
{
	uint32_t bus_end = bus_start + (uint32_t)(ecam_size >> 20) - 1;

	TRY(put_string(fdt, "compatible", "pci-host-ecam-generic"));
	TRY(put_string(fdt, "device_type", "pci"));
	TRY(fdt_property_u32(fdt, "#address-cells", 3));
	TRY(fdt_property_u32(fdt, "#size-cells", 2));
	TRY(fdt_property_u32(fdt, "#interrupt-cells", 1));
	TRY(fdt_property_u32(fdt, "linux,pci-domain", segment));
	TRY(PUT_CELLS(fdt, "bus-range", bus_start, bus_end));
	return PUT_CELLS(fdt, "reg", HI(ecam), LO(ecam), HI(ecam_size), LO(ecam_size));
}

/* Bus addresses are guest physical addresses, but for I/O ports, which start at 0. */
static int put_pcie(void *fdt, const struct guest_fdt *g)
{
	TRY(fdt_begin_node(fdt, "pcie@10000000"));
	TRY(put_common(fdt, 0, 0, GUEST_PCI_ECAM_BASE, GUEST_PCI_ECAM_SIZE));
	TRY(put_flag(fdt, "dma-coherent"));
	TRY(PUT_CELLS(fdt, "ranges",
		      PCI_IO, 0, 0, HI(GUEST_PCI_IO_BASE), LO(GUEST_PCI_IO_BASE),
		      HI(GUEST_PCI_IO_SIZE), LO(GUEST_PCI_IO_SIZE),
		      PCI_MEM32, HI(GUEST_PCI_MEM32_BASE), LO(GUEST_PCI_MEM32_BASE),
		      HI(GUEST_PCI_MEM32_BASE), LO(GUEST_PCI_MEM32_BASE),
		      HI(GUEST_PCI_MEM32_SIZE), LO(GUEST_PCI_MEM32_SIZE),
		      PCI_MEM64, HI(GUEST_PCI_MEM64_BASE), LO(GUEST_PCI_MEM64_BASE),
		      HI(GUEST_PCI_MEM64_BASE), LO(GUEST_PCI_MEM64_BASE),
		      HI(GUEST_PCI_MEM64_SIZE), LO(GUEST_PCI_MEM64_SIZE)));
	if (guest_fdt_has_its(g) || g->msi_frame) {
		/* Requester IDs are the ITS's device IDs; a frame has none. */
		TRY(PUT_CELLS(fdt, "msi-map", 0, PHANDLE_MSI, 0, 0x10000));
	}
	TRY(put_intx(fdt));
	return fdt_end_node(fdt);
}

/* "pcie@" and the address in hexadecimal. */
static void bridge_name(char name[24], uint64_t address)
{
	int shift = 60;

	while (shift > 0 && address >> shift == 0) {
		shift -= 4;
	}
	memcpy(name, "pcie@", 5);
	for (name += 5; shift >= 0; shift -= 4) {
		*name++ = "0123456789abcdef"[address >> shift & 15];
	}
	*name = '\0';
}

static int put_windows(void *fdt, const struct guest_fdt_bridge *b)
{
	static const uint32_t codes[] = { [GUEST_FDT_IO] = PCI_IO, [GUEST_FDT_MEM32] = PCI_MEM32,
					  [GUEST_FDT_MEM64] = PCI_MEM64 };
	fdt32_t ranges[GUEST_FDT_WINDOWS_MAX * 7];
	fdt32_t *row = ranges;

	for (uint32_t i = 0; i < b->window_count; i++, row += 7) {
		const struct guest_fdt_window *w = &b->windows[i];

		row[0] = cpu_to_fdt32(codes[w->space] | (w->prefetchable ? PCI_PREFETCHABLE : 0));
		row[1] = cpu_to_fdt32(HI(w->pci));
		row[2] = cpu_to_fdt32(LO(w->pci));
		row[3] = cpu_to_fdt32(HI(w->cpu));
		row[4] = cpu_to_fdt32(LO(w->cpu));
		row[5] = cpu_to_fdt32(HI(w->size));
		row[6] = cpu_to_fdt32(LO(w->size));
	}
	return fdt_property(fdt, "ranges", ranges, (int)((row - ranges) * (int)sizeof(*row)));
}

/* A host's bridge: segment, buses and bus addresses are the host's, the rest is this domain's. */
static int put_bridge(void *fdt, const struct guest_fdt *g, const struct guest_fdt_bridge *b)
{
	char name[24];

	if (b->window_count > GUEST_FDT_WINDOWS_MAX) {
		return -FDT_ERR_BADVALUE;
	}
	bridge_name(name, b->ecam);
	TRY(fdt_begin_node(fdt, name));
	TRY(put_common(fdt, b->segment, b->bus_start, b->ecam, b->ecam_size));
	if (b->dma_coherent) {
		TRY(put_flag(fdt, "dma-coherent"));
	}
	TRY(put_windows(fdt, b));
	if (guest_fdt_has_its(g)) {
		/* The virtual ITS knows requesters as segment and requester ID. */
		TRY(PUT_CELLS(fdt, "msi-map", 0, PHANDLE_MSI, (uint32_t)b->segment << 16, 0x10000));
	}
	TRY(put_intx(fdt));
	return fdt_end_node(fdt);
}

int guest_fdt_put_pci(void *fdt, const struct guest_fdt *g)
{
	if (g->bridge_count == 0) {
		return put_pcie(fdt, g);
	}
	for (uint32_t i = 0; i < g->bridge_count; i++) {
		TRY(put_bridge(fdt, g, &g->bridges[i]));
	}
	return 0;
}
