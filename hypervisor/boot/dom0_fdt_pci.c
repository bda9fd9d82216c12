/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI nodes of the control domain's device tree (host-generic-pci.yaml, pci-msi.txt). */
#include "boot/dom0_fdt_pci.h"

#define SPACE_IO           0x01000000U
#define SPACE_MEM32        0x02000000U
#define SPACE_MEM64        0x03000000U
#define SPACE_PREFETCHABLE 0x40000000U

#define GIC_TYPE_SPI       0
#define GIC_SPI_FIRST      32
#define GIC_EDGE           1
#define GIC_LEVEL_HIGH     4

static const uint32_t space_codes[] = {
	[WINDOW_IO] = SPACE_IO,
	[WINDOW_MEM32] = SPACE_MEM32,
	[WINDOW_MEM64] = SPACE_MEM64,
};

static void range_cells(struct fdt_writer *w, uint32_t code, uint64_t pci, uint64_t cpu,
			uint64_t size)
{
	fdt_write_cell(w, code);
	fdt_write_cell64(w, pci);
	fdt_write_cell64(w, cpu);
	fdt_write_cell64(w, size);
}

static void common(struct fdt_writer *w, const struct range *cfg, uint32_t segment,
		   uint32_t bus_start, uint32_t bus_end)
{
	fdt_write_begin_at(w, "pcie", cfg->base);
	fdt_write_text(w, "compatible", "pci-host-ecam-generic");
	fdt_write_text(w, "device_type", "pci");
	fdt_write_u32(w, "#address-cells", 3);
	fdt_write_u32(w, "#size-cells", 2);
	fdt_write_cell64(w, cfg->base);
	fdt_write_cell64(w, cfg->size);
	fdt_write_cells(w, "reg");
	fdt_write_cell(w, bus_start);
	fdt_write_cell(w, bus_end);
	fdt_write_cells(w, "bus-range");
	fdt_write_u32(w, "linux,pci-domain", segment);
}

/* INTx by (device & 3, pin), the table of struct machine_bridge the other way round. */
static void interrupt_map(struct fdt_writer *w, const struct machine_bridge *b,
			  uint32_t gic_phandle)
{
	for (uint32_t device = 0; device < 4; device++) {
		for (uint32_t pin = 0; pin < 4; pin++) {
			if (b->intx[device][pin] == 0) {
				continue;
			}
			fdt_write_cell(w, device << 11);
			fdt_write_cell64(w, 0);
			fdt_write_cell(w, pin + 1);
			fdt_write_cell(w, gic_phandle);
			fdt_write_cell64(w, 0); /* unit address: the GIC node's two address cells */
			fdt_write_cell(w, GIC_TYPE_SPI);
			fdt_write_cell(w, b->intx[device][pin] - GIC_SPI_FIRST);
			fdt_write_cell(w, b->intx_edge ? GIC_EDGE : GIC_LEVEL_HIGH);
		}
	}
	if (w->cell_count == 0) {
		return;
	}
	fdt_write_cells(w, "interrupt-map");
	fdt_write_cell(w, 3U << 11);
	fdt_write_cell64(w, 0);
	fdt_write_cell(w, 7);
	fdt_write_cells(w, "interrupt-map-mask");
	fdt_write_u32(w, "#interrupt-cells", 1);
}

/*
 * The control domain's memory is at the host's addresses. What the bus above makes of an entry that
 * moves them is not known here; it is left out.
 */
static void dma_ranges(struct fdt_writer *w, const struct machine_bridge *b)
{
	for (uint32_t i = 0; i < b->dma_count; i++) {
		const struct machine_window *win = &b->dma[i];

		if (win->pci != win->cpu) {
			w->cell_count = 0;
			return;
		}
		range_cells(w,
			    space_codes[win->kind] | (win->prefetchable ? SPACE_PREFETCHABLE : 0),
			    win->pci, win->cpu, win->size);
	}
	if (b->dma_count != 0) {
		fdt_write_cells(w, "dma-ranges");
	}
}

void dom0_fdt_bridge(struct fdt_writer *w, const struct dom0_bridge *bridge, uint32_t gic_phandle,
		     uint32_t msi_phandle)
{
	const struct machine_bridge *b = bridge->host;

	common(w, &bridge->ecam, b->segment, b->bus_start, b->bus_end);
	for (uint32_t i = 0; i < b->window_count; i++) {
		const struct machine_window *win = &b->windows[i];

		range_cells(w,
			    space_codes[win->kind] | (win->prefetchable ? SPACE_PREFETCHABLE : 0),
			    win->pci, win->cpu, win->size);
	}
	fdt_write_cells(w, "ranges");
	dma_ranges(w, b);
	if (b->dma_coherent) {
		fdt_write_flag(w, "dma-coherent");
	}
	if (msi_phandle != 0) {
		/* A virtual ITS knows requesters as segment and RID; a frame does not ask. */
		fdt_write_cell(w, 0);
		fdt_write_cell(w, msi_phandle);
		fdt_write_cell(w, (uint32_t)b->segment << 16);
		fdt_write_cell(w, 0x10000);
		fdt_write_cells(w, "msi-map");
	}
	interrupt_map(w, b, gic_phandle);
	fdt_write_end(w);
}

void dom0_fdt_own_bridge(struct fdt_writer *w, const struct machine_bridge *b, uint32_t gic_phandle)
{
	fdt_write_u32(w, "linux,pci-domain", b->segment);
	interrupt_map(w, b, gic_phandle);
}

void dom0_fdt_control(struct fdt_writer *w, const struct control_layout *layout)
{
	struct range cfg = { layout->ecam.v, CONTROL_ECAM_SIZE };

	common(w, &cfg, layout->segment, 0, 0);
	range_cells(w, SPACE_MEM32, layout->mmio32_base.v, layout->mmio32_base.v,
		    layout->mmio32_size);
	range_cells(w, SPACE_MEM64 | SPACE_PREFETCHABLE, layout->aperture_base.v,
		    layout->aperture_base.v, layout->aperture_size);
	fdt_write_cells(w, "ranges");
	fdt_write_flag(w, "dma-coherent");
	fdt_write_end(w);
}
