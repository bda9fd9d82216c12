/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI host bridges from the boot device tree (IEEE 1275 PCI binding; host-generic-pci.yaml). */
#include "boot/machine_fdt.h"

#include "lib/errno.h"
#include "lib/string.h"

#define PCI_ADDRESS_CELLS    3
#define PCI_SIZE_CELLS       2
#define PHYS_HI_SPACE(hi)    BITS(hi, 25, 24) /* 1 I/O, 2 memory 32-bit, 3 memory 64-bit */
#define PHYS_HI_PREFETCHABLE BIT(30)

/* As far as the DeviceIDs of a domain's ITS reach. */
#define SEGMENT_MAX 255

static const char *const known_bridges[] = {
	"pci-host-ecam-generic",
	"fsl,imx8mp-pcie",
	"renesas,pcie-rcar-gen3",
	"snps,dw-pcie",
};

/* Controllers that their owner's own driver may bring up. */
static const char *const owner_bridges[] = {
	"fsl,imx8mp-pcie",
	"snps,dw-pcie",
};

/* An entry of ranges or dma-ranges. */
static int read_window(struct fdt_reader *r, int node, const char *name, const fdt32_t *p,
		       uint32_t parent_cells, struct machine_window *w)
{
	uint32_t hi = fdt32_ld(p);

	w->pci = fdt_read_cells(p + 1, 2);
	w->cpu = fdt_read_cells(p + PCI_ADDRESS_CELLS, parent_cells);
	w->size = fdt_read_cells(p + PCI_ADDRESS_CELLS + parent_cells, PCI_SIZE_CELLS);
	w->prefetchable = (hi & PHYS_HI_PREFETCHABLE) != 0;
	switch (PHYS_HI_SPACE(hi)) {
	case 1:
		w->kind = WINDOW_IO;
		break;
	case 2:
		w->kind = WINDOW_MEM32;
		break;
	case 3:
		w->kind = WINDOW_MEM64;
		break;
	default:
		return fdt_fail(r, node, name, "maps configuration space");
	}
	return 0;
}

/* The entries of name; absent or empty is none. */
static int read_entries(struct fdt_reader *r, int node, const char *name,
			struct machine_window windows[MACHINE_MAX_RANGES], uint32_t *count)
{
	uint32_t parent_cells, unused, entry;
	const fdt32_t *p;
	int length = 0;
	int err;

	err = fdt_child_cells(r, fdt_parent(r->fdt, node), &parent_cells, &unused);
	if (err != 0) {
		return err;
	}
	entry = PCI_ADDRESS_CELLS + parent_cells + PCI_SIZE_CELLS;
	p = fdt_prop(r->fdt, node, name, &length);
	*count = p != NULL ? (uint32_t)length / (entry * 4) : 0;
	if (p != NULL && (uint32_t)length % (entry * 4) != 0) {
		return fdt_fail(r, node, name, "is not a whole number of entries");
	}
	if (*count > MACHINE_MAX_RANGES) {
		return fdt_fail(r, node, name, "has too many entries");
	}
	for (uint32_t i = 0; i < *count && err == 0; i++) {
		err = read_window(r, node, name, p + i * entry, parent_cells, &windows[i]);
	}
	return err;
}

static int read_windows(struct fdt_reader *r, int node, struct machine_bridge *b)
{
	int err = read_entries(r, node, "ranges", b->windows, &b->window_count);

	if (err == 0 && b->window_count == 0) {
		return fdt_fail(r, node, "ranges", "absent or empty");
	}
	for (uint32_t i = 0; i < b->window_count && err == 0; i++) {
		struct machine_window *w = &b->windows[i];

		if (!range_ok(w->pci, w->size, w->kind == WINDOW_MEM64 ? UINT64_MAX : BIT(32))) {
			return fdt_fail(r, node, "ranges", "has a bus address out of range");
		}
		err = fdt_translate(r, node, "ranges", &w->cpu, w->size);
	}
	return err;
}

/* 32 bits of the space code notwithstanding, entries go beyond 4 GiB here in real trees. */
static int read_dma_ranges(struct fdt_reader *r, int node, struct machine_bridge *b)
{
	int err = read_entries(r, node, "dma-ranges", b->dma, &b->dma_count);

	for (uint32_t i = 0; i < b->dma_count && err == 0; i++) {
		const struct machine_window *w = &b->dma[i];

		if (w->kind == WINDOW_IO || w->size == 0 ||
		    !range_ok(w->pci, w->size, UINT64_MAX) ||
		    !range_ok(w->cpu, w->size, UINT64_MAX)) {
			err = fdt_fail(r, node, "dma-ranges", "has an entry that is no memory");
		}
	}
	return err;
}

static int read_bus_range(struct fdt_reader *r, int node, struct machine_bridge *b)
{
	int length;
	const fdt32_t *p = fdt_prop(r->fdt, node, "bus-range", &length);

	b->bus_end = 255;
	if (p == NULL) {
		return 0;
	}
	if (length != 8 || fdt32_ld(p) > fdt32_ld(p + 1) || fdt32_ld(p + 1) > 255) {
		return fdt_fail(r, node, "bus-range", "is not two bus numbers in order");
	}
	b->bus_start = (uint8_t)fdt32_ld(p);
	b->bus_end = (uint8_t)fdt32_ld(p + 1);
	return 0;
}

/* The next entry of the map that is being read; NULL: there is no room. */
static struct machine_id_map *new_entry(struct machine *m)
{
	return m->id_map_count < MACHINE_MAX_IDMAPS ? &m->id_maps[m->id_map_count++] : NULL;
}

/* iommu-map or msi-map: entries of (rid base, phandle, id base, count). */
static int read_id_map(struct fdt_reader *r, int node, const char *name,
		       struct machine_id_map **map, uint32_t *count)
{
	int length;
	const fdt32_t *p = fdt_prop(r->fdt, node, name, &length);

	*count = 0;
	*map = &r->m->id_maps[r->m->id_map_count];
	if (p == NULL) {
		return 0;
	}
	if (length % 16 != 0) {
		return fdt_fail(r, node, name, "is not a whole number of entries");
	}
	for (; *count < (uint32_t)length / 16; p += 4) {
		struct machine_id_map *e = new_entry(r->m);

		if (e == NULL) {
			return fdt_fail(r, node, name, "has too many entries");
		}
		e->rid_base = fdt32_ld(p);
		e->phandle = fdt32_ld(p + 1);
		e->out_base = fdt32_ld(p + 2);
		e->count = fdt32_ld(p + 3);
		if (!range_ok(e->rid_base, e->count, 0x10000) ||
		    !range_ok(e->out_base, e->count, BIT(32))) {
			return fdt_fail(r, node, name, "has an entry out of range");
		}
		if (fdt_by_phandle(r->fdt, e->phandle) < 0) {
			return fdt_fail(r, node, name, "names a node that is not there");
		}
		(*count)++;
	}
	return 0;
}

/* Without msi-map, msi-parent = <controller [base]> covers every requester, by its RID. */
static int read_msi(struct fdt_reader *r, int node, struct machine_bridge *b)
{
	const fdt32_t *p;
	int length;
	int err;

	err = read_id_map(r, node, "msi-map", &b->msi_map, &b->msi_map_count);
	if (err != 0 || b->msi_map_count != 0) {
		return err;
	}
	p = fdt_prop(r->fdt, node, "msi-parent", &length);
	if (p != NULL && (length == 4 || length == 8)) {
		struct machine_id_map *e = new_entry(r->m);

		if (e == NULL) {
			return fdt_fail(r, node, "msi-parent", "is one entry too many");
		}
		e->phandle = fdt32_ld(p);
		e->out_base = length == 8 ? fdt32_ld(p + 1) : 0;
		e->count = 0x10000;
		b->msi_map_count = 1;
	}
	return 0;
}

/* Those at the GIC; of further ones nobody knows what they are. */
static int read_interrupts(struct fdt_reader *r, int node, struct machine_bridge *b)
{
	int msi = fdt_text_index(r->fdt, node, "interrupt-names", "msi");
	int err = 0;

	for (uint32_t i = 0; i < MACHINE_MAX_BRIDGE_IRQS && err == 0; i++) {
		err = fdt_read_interrupt(r, node, i, &b->intids[i], NULL);
	}
	if (err == 0 && msi >= 0) {
		err = fdt_read_interrupt(r, node, (uint32_t)msi, &b->msi_intid, NULL);
	}
	return err;
}

/* reg "config" or the first; "dbi" and "atu" where they are named. */
static int read_regs(struct fdt_reader *r, int node, struct machine_bridge *b)
{
	const struct {
		const char *name;
		struct range *out;
	} named[] = {
		{ "dbi", &b->regs },
		{ "atu", &b->atu },
	};
	int config = fdt_text_index(r->fdt, node, "reg-names", "config");
	int err = fdt_read_reg(r, node, config < 0 ? 0 : (uint32_t)config, &b->cfg);

	for (size_t i = 0; err == 0 && i < ARRAY_SIZE(named); i++) {
		int index = fdt_text_index(r->fdt, node, "reg-names", named[i].name);

		if (index >= 0) {
			err = fdt_read_reg(r, node, (uint32_t)index, named[i].out);
		}
	}
	return err;
}

/*
 * "viaduct,owner-driven": the owner's driver starts clocks, PHY and link. Then it is the owner too
 * who has the controller's own MSI block.
 */
static int read_owner_driven(struct fdt_reader *r, int node, struct machine_bridge *b)
{
	static const char name[] = "viaduct,owner-driven";

	b->owner_driven = fdt_prop(r->fdt, node, name, NULL) != NULL;
	if (!b->owner_driven) {
		return 0;
	}
	if (b->msi_map_count != 0) {
		return fdt_fail(r, node, name, "is not for a bridge with an MSI controller");
	}
	for (size_t i = 0; i < ARRAY_SIZE(owner_bridges); i++) {
		if (strcmp(b->compatible, owner_bridges[i]) == 0) {
			return 0;
		}
	}
	return fdt_fail(r, node, name, "is not for this kind of host bridge");
}

static int read_bridge(struct fdt_reader *r, int node)
{
	struct machine_bridge *b = &r->m->bridges[r->m->bridge_count];
	int err;

	if (r->m->bridge_count == MACHINE_MAX_BRIDGES) {
		return fdt_fail(r, node, NULL, "is one host bridge too many");
	}
	b->compatible = fdt_known_compatible(r->fdt, node, known_bridges,
					     ARRAY_SIZE(known_bridges));
	if (fdt_path(r->fdt, node, b->path, sizeof(b->path)) != 0) {
		return fdt_fail(r, node, NULL, "has a path that is too long");
	}
	b->phandle = fdt_phandle(r->fdt, node);
	b->dma_coherent = fdt_coherent(r->fdt, node);
	err = read_regs(r, node, b);
	if (err == 0) {
		err = read_bus_range(r, node, b);
	}
	if (err == 0) {
		err = read_windows(r, node, b);
	}
	if (err == 0) {
		err = read_dma_ranges(r, node, b);
	}
	if (err == 0) {
		err = read_id_map(r, node, "iommu-map", &b->iommu_map, &b->iommu_map_count);
	}
	if (err == 0) {
		err = fdt_read_u32(r, node, "iommu-map-mask", UINT32_MAX, &b->iommu_map_mask);
	}
	if (err == 0) {
		err = read_msi(r, node, b);
	}
	if (err == 0) {
		err = fdt_read_u32(r, node, "msi-map-mask", UINT32_MAX, &b->msi_map_mask);
	}
	if (err == 0) {
		err = read_owner_driven(r, node, b);
	}
	if (err == 0) {
		err = machine_fdt_intx(r, node, b);
	}
	if (err == 0) {
		err = read_interrupts(r, node, b);
	}
	r->m->bridge_count += err == 0;
	return err;
}

/* linux,pci-domain on every bridge or on none: a mixture has no meaning Linux agrees with. */
static int read_segment(struct fdt_reader *r, int node, uint32_t index)
{
	struct machine *m = r->m;
	bool first_named = false;
	bool named = fdt_prop(r->fdt, node, "linux,pci-domain", NULL) != NULL;
	uint32_t segment;
	int first = fdt_path_offset(r->fdt, m->bridges[0].path);
	int err;

	first_named = fdt_prop(r->fdt, first, "linux,pci-domain", NULL) != NULL;
	if (named != first_named) {
		return fdt_fail(r, node, "linux,pci-domain",
				"must be on every host bridge or on none");
	}
	err = fdt_read_u32(r, node, "linux,pci-domain", index, &segment);
	if (err != 0) {
		return err;
	}
	if (segment > SEGMENT_MAX) {
		return fdt_fail(r, node, "linux,pci-domain", "is beyond 255");
	}
	for (uint32_t i = 0; i < index; i++) {
		if (m->bridges[i].segment == segment) {
			return fdt_fail(r, node, "linux,pci-domain",
					"is another bridge's number too");
		}
	}
	m->bridges[index].segment = (uint16_t)segment;
	return 0;
}

int machine_fdt_bridges(struct fdt_reader *r)
{
	int node;

	for (node = fdt_next(r->fdt, -1); node >= 0;
	     node = fdt_next(r->fdt, node)) {
		uint32_t cells;
		int parent;
		int err;

		if (!fdt_is_pci_bus(r->fdt, node) || !fdt_enabled(r->fdt, node)) {
			continue;
		}
		parent = fdt_parent(r->fdt, node);
		if (parent < 0 || fdt_is_pci_bus(r->fdt, parent)) {
			continue; /* a PCI-to-PCI bridge below a host bridge */
		}
		err = fdt_read_u32(r, node, "#address-cells", 0, &cells);
		if (err == 0 && cells != PCI_ADDRESS_CELLS) {
			err = fdt_fail(r, node, "#address-cells", "must be 3");
		}
		if (err == 0) {
			err = read_bridge(r, node);
		}
		if (err == 0) {
			err = read_segment(r, node, r->m->bridge_count - 1);
		}
		if (err != 0) {
			return err;
		}
	}
	return 0;
}
