/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt specifiers to GIC INTIDs (Devicetree Specification v0.4 2.4; arm,gic-v3 binding). */
#include "boot/fdt_read.h"

#include "lib/errno.h"
#include "lib/string.h"

#define GIC_CELLS      3 /* type, number, flags; more cells may follow */
#define GIC_TYPE_SPI   0
#define GIC_TYPE_PPI   1
#define GIC_SPI_FIRST  32
#define GIC_SPI_COUNT  988
#define GIC_PPI_FIRST  16
#define GIC_PPI_COUNT  16
#define GIC_FLAGS_EDGE 3 /* rising or falling */
#define CELLS_MAX      8

uint32_t fdt_gic_intid(const fdt32_t *cells, bool *edge)
{
	uint32_t type = fdt32_ld(cells);
	uint32_t number = fdt32_ld(cells + 1);

	if (edge != NULL) {
		*edge = (fdt32_ld(cells + 2) & GIC_FLAGS_EDGE) != 0;
	}
	if (type == GIC_TYPE_SPI && number < GIC_SPI_COUNT) {
		return GIC_SPI_FIRST + number;
	}
	if (type == GIC_TYPE_PPI && number < GIC_PPI_COUNT) {
		return GIC_PPI_FIRST + number;
	}
	return 0;
}

uint32_t fdt_interrupt_cells(const void *fdt, uint32_t phandle)
{
	int node = fdt_by_phandle(fdt, phandle);
	const fdt32_t *p;
	int size;

	if (node < 0) {
		return 0;
	}
	p = fdt_prop(fdt, node, "#interrupt-cells", &size);
	return p != NULL && size == 4 ? fdt32_ld(p) : 0;
}

/* The controller a node's interrupts property means: its own or the nearest above. 0: none. */
static uint32_t interrupt_parent(const void *fdt, int node)
{
	for (; node >= 0; node = fdt_parent(fdt, node)) {
		int size;
		const fdt32_t *p = fdt_prop(fdt, node, "interrupt-parent", &size);

		if (p != NULL && size == 4) {
			return fdt32_ld(p);
		}
	}
	return 0;
}

static int gic_specifier(struct fdt_reader *r, int node, const char *name, const fdt32_t *p,
			 uint32_t *intid, bool *edge)
{
	*intid = fdt_gic_intid(p, edge);
	return *intid == 0 ? fdt_fail(r, node, name, "is neither an SPI nor a PPI") : 0;
}

static int read_extended(struct fdt_reader *r, int node, uint32_t index, uint32_t *intid,
			 bool *edge)
{
	static const char name[] = "interrupts-extended";
	int length;
	const fdt32_t *p = fdt_prop(r->fdt, node, name, &length);
	uint32_t left = (uint32_t)length / 4;

	for (uint32_t i = 0; left != 0; i++) {
		uint32_t phandle = fdt32_ld(p);
		uint32_t cells = fdt_interrupt_cells(r->fdt, phandle);

		if (cells == 0 || cells > CELLS_MAX || cells + 1 > left) {
			return fdt_fail(r, node, name, "is malformed");
		}
		if (i == index) {
			if (phandle != r->m->gic.phandle || cells < GIC_CELLS) {
				return 0;
			}
			return gic_specifier(r, node, name, p + 1, intid, edge);
		}
		p += cells + 1;
		left -= cells + 1;
	}
	return 0;
}

int fdt_read_interrupt(struct fdt_reader *r, int node, uint32_t index, uint32_t *intid, bool *edge)
{
	uint32_t phandle, cells;
	const fdt32_t *p;
	int length;

	*intid = 0;
	if (edge != NULL) {
		*edge = false;
	}
	if (r->m->gic.version == 0) {
		return 0; /* the machine is refused for that, with its own message */
	}
	if (fdt_prop(r->fdt, node, "interrupts-extended", NULL) != NULL) {
		return read_extended(r, node, index, intid, edge);
	}
	p = fdt_prop(r->fdt, node, "interrupts", &length);
	if (p == NULL) {
		return 0;
	}
	phandle = interrupt_parent(r->fdt, node);
	cells = fdt_interrupt_cells(r->fdt, phandle);
	if (cells == 0 || cells > CELLS_MAX || (uint32_t)length % (cells * 4) != 0) {
		return fdt_fail(r, node, "interrupts", "does not fit its interrupt-parent");
	}
	if (index >= (uint32_t)length / (cells * 4) || phandle != r->m->gic.phandle ||
	    cells < GIC_CELLS) {
		return 0;
	}
	return gic_specifier(r, node, "interrupts", p + index * cells, intid, edge);
}
