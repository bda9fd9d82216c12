/* SPDX-License-Identifier: BSD-2-Clause */
/* INTx wiring of a host bridge: interrupt-map (Devicetree Specification v0.4 2.4.3). */
#include "boot/machine_fdt.h"

#include "lib/errno.h"

#define CHILD_CELLS          5 /* unit address, pin, controller */
#define PHYS_HI_DEVICE_SHIFT 11

static const char property[] = "interrupt-map";

/* interrupt-map-mask: first unit address cell, and pin. */
struct child_mask {
	uint32_t unit;
	uint32_t pin;
};

/*
 * One interrupt-map entry for every (device & 3) and pin it covers: a bit the mask lacks is as good
 * as any, so that an all-zero mask puts all pins of all devices on one wire.
 */
static void add_intx(struct machine_bridge *b, uint32_t unit, uint32_t pin,
		     const struct child_mask *mask, uint32_t intid)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t device = i / 4;
		uint32_t *slot = &b->intx[device][i % 4];

		if (((device << PHYS_HI_DEVICE_SHIFT ^ unit) & mask->unit) == 0 &&
		    ((i % 4 + 1) & mask->pin) == pin && *slot == 0) {
			*slot = intid;
		}
	}
}

/*
 * One entry: child unit address (3 cells), pin (1), controller, the controller's unit address (its
 * own #address-cells, 0 when absent) and its specifier. Entries for other controllers than the GIC
 * are stepped over. Returns the entry's cells, or -EINVAL.
 */
static int read_entry(struct fdt_reader *r, int node, const fdt32_t *p, uint32_t left,
		      const struct child_mask *mask, struct machine_bridge *b)
{
	uint32_t phandle, address_cells, cells, entry, intid;
	int parent;
	int err;

	if (left < CHILD_CELLS) {
		return fdt_fail(r, node, property, "ends inside an entry");
	}
	phandle = fdt32_ld(p + 4);
	parent = fdt_by_phandle(r->fdt, phandle);
	cells = fdt_interrupt_cells(r->fdt, phandle);
	if (parent < 0 || cells == 0 || cells > 4) {
		return fdt_fail(r, node, property, "names no interrupt controller");
	}
	err = fdt_read_u32(r, parent, "#address-cells", 0, &address_cells);
	if (err != 0) {
		return err;
	}
	entry = CHILD_CELLS + address_cells + cells;
	if (address_cells > 3 || entry > left) {
		return fdt_fail(r, node, property, "ends inside an entry");
	}
	if (phandle == r->m->gic.phandle && cells >= 3) {
		intid = fdt_gic_intid(p + CHILD_CELLS + address_cells, &b->intx_edge);
		if (intid == 0) {
			return fdt_fail(r, node, property, "names an interrupt out of range");
		}
		add_intx(b, fdt32_ld(p), fdt32_ld(p + 3) & mask->pin, mask, intid);
	}
	return (int)entry;
}

int machine_fdt_intx(struct fdt_reader *r, int node, struct machine_bridge *b)
{
	struct child_mask mask = { UINT32_MAX, UINT32_MAX };
	int length, mask_length;
	const fdt32_t *p = fdt_prop(r->fdt, node, property, &length);
	const fdt32_t *m = fdt_prop(r->fdt, node, "interrupt-map-mask", &mask_length);
	uint32_t left;

	if (p == NULL || r->m->gic.version == 0) {
		return 0;
	}
	if (m != NULL) {
		if (mask_length != 16) {
			return fdt_fail(r, node, "interrupt-map-mask", "is not four cells");
		}
		mask.unit = fdt32_ld(m);
		mask.pin = fdt32_ld(m + 3);
	}
	left = (uint32_t)length / 4;
	while (left != 0) {
		int entry = read_entry(r, node, p, left, &mask, b);

		if (entry < 0) {
			return entry;
		}
		p += entry;
		left -= (uint32_t)entry;
	}
	return 0;
}
