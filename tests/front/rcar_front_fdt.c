/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The node of an R-Car Gen3 controller (rcar-pci-host.yaml), for kernels that have a driver. Clocks
 * are fixed. There are no MSIs: such a kernel is to be told pci=nomsi.
 */
#include "boot/dom0_fdt_front.h"
#include "rcar_front.h"

/* SPIs that the board has nothing at: the controller's own interrupts, which it does not raise. */
#define FIRST_SPI   200U
#define OWN_SPIS    3U
#define GIC_SPI     0U
#define SPI_FIRST   32U
#define LEVEL_HIGH  4U

#define PINS 4U

static const uint32_t spaces[] = {
	[WINDOW_IO] = 0x01000000,
	[WINDOW_MEM32] = 0x02000000,
	[WINDOW_MEM64] = 0x03000000,
};

static void write_clock(struct fdt_writer *w, uint64_t base, uint32_t phandle)
{
	fdt_write_begin_at(w, "clock", base);
	fdt_write_text(w, "compatible", "fixed-clock");
	fdt_write_u32(w, "#clock-cells", 0);
	fdt_write_u32(w, "clock-frequency", 100000000);
	fdt_write_u32(w, "phandle", phandle);
	fdt_write_end(w);
}

static void write_ranges(struct fdt_writer *w, const struct machine_bridge *d)
{
	for (uint32_t i = 0; i < d->window_count; i++) {
		fdt_write_cell(w, spaces[d->windows[i].kind]);
		fdt_write_cell64(w, d->windows[i].pci);
		fdt_write_cell64(w, d->windows[i].cpu);
		fdt_write_cell64(w, d->windows[i].size);
	}
	fdt_write_cells(w, "ranges");
	fdt_write_cell(w, 0x42000000);
	fdt_write_cell64(w, 0);
	fdt_write_cell64(w, 0);
	fdt_write_cell64(w, 4 * SZ_1G);
	fdt_write_cells(w, "dma-ranges");
}

/* Pins of the root port, which is device 0 here and another one on the bridge below. */
static void write_interrupts(struct fdt_writer *w, const struct host_bridge *b, uint32_t gic)
{
	uint32_t device = SBDF_DEVFN(rcar_front_port(b)->sbdf) >> 3 & 3;

	for (uint32_t i = 0; i < OWN_SPIS; i++) {
		fdt_write_cell(w, GIC_SPI);
		fdt_write_cell(w, FIRST_SPI + i);
		fdt_write_cell(w, LEVEL_HIGH);
	}
	fdt_write_cells(w, "interrupts");
	for (uint32_t pin = 0; pin < PINS; pin++) {
		fdt_write_cell(w, 0);
		fdt_write_cell64(w, 0);
		fdt_write_cell(w, pin + 1);
		fdt_write_cell(w, gic);
		fdt_write_cell64(w, 0); /* the GIC's two address cells */
		fdt_write_cell(w, GIC_SPI);
		fdt_write_cell(w, b->desc->intx[device][pin] - SPI_FIRST);
		fdt_write_cell(w, LEVEL_HIGH);
	}
	fdt_write_cells(w, "interrupt-map");
	fdt_write_cell(w, 0);
	fdt_write_cell64(w, 0);
	fdt_write_cell(w, 7);
	fdt_write_cells(w, "interrupt-map-mask");
	fdt_write_u32(w, "#interrupt-cells", 1);
}

static void write_bridge(struct fdt_writer *w, const struct host_bridge *b, uint32_t gic_phandle,
			 uint32_t phandle)
{
	static const char compatible[] = "renesas,pcie-r8a7795\0renesas,pcie-rcar-gen3";
	static const char clock_names[] = "pcie\0pcie_bus";
	const struct machine_bridge *d = b->desc;

	write_clock(w, d->cfg.base, phandle);
	fdt_write_begin_at(w, "pcie", d->cfg.base);
	fdt_write_raw(w, "compatible", compatible, sizeof(compatible));
	fdt_write_text(w, "device_type", "pci");
	fdt_write_u32(w, "#address-cells", 3);
	fdt_write_u32(w, "#size-cells", 2);
	fdt_write_cell64(w, d->cfg.base);
	fdt_write_cell64(w, RCAR_FRONT_SIZE);
	fdt_write_cells(w, "reg");
	fdt_write_cell(w, d->bus_start);
	fdt_write_cell(w, d->bus_end);
	fdt_write_cells(w, "bus-range");
	fdt_write_u32(w, "linux,pci-domain", d->segment);
	write_ranges(w, d);
	write_interrupts(w, b, gic_phandle);
	fdt_write_cell(w, phandle);
	fdt_write_cell(w, phandle);
	fdt_write_cells(w, "clocks");
	fdt_write_raw(w, "clock-names", clock_names, sizeof(clock_names));
	if (d->dma_coherent) {
		fdt_write_flag(w, "dma-coherent");
	}
	fdt_write_end(w);
}

const struct dom0_fdt_front dom0_fdt_fronts[] = {
	{ &rcar_front_ops, write_bridge },
	{ 0 },
};
