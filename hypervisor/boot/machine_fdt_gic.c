/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controller: GICv3 with its ITS nodes, or GICv2 with virtualisation extensions. */
#include "boot/machine_fdt.h"

#include "lib/errno.h"
#include "lib/string.h"

static const struct {
	const char *compatible;
	uint32_t version;
} gic_kinds[] = {
	{ "arm,gic-v3", 3 },
	{ "arm,gic-400", 2 },
	{ "arm,cortex-a15-gic", 2 },
};

static uint32_t gic_version(const void *fdt, int node)
{
	for (size_t i = 0; i < ARRAY_SIZE(gic_kinds); i++) {
		if (fdt_compatible(fdt, node, gic_kinds[i].compatible)) {
			return gic_kinds[i].version;
		}
	}
	return 0;
}

/* The root's interrupt-parent; else the first controller of a known kind, else any. */
static int find_gic(const void *fdt)
{
	int size;
	const fdt32_t *parent = fdt_prop(fdt, 0, "interrupt-parent", &size);
	int any = -1;
	int node;

	if (parent != NULL && size == 4) {
		node = fdt_by_phandle(fdt, fdt32_ld(parent));
		if (node >= 0) {
			return node;
		}
	}
	for (node = fdt_next(fdt, -1); node >= 0;
	     node = fdt_next(fdt, node)) {
		if (fdt_prop(fdt, node, "interrupt-controller", NULL) == NULL) {
			continue;
		}
		if (gic_version(fdt, node) != 0) {
			return node;
		}
		any = any < 0 ? node : any;
	}
	return any;
}

static int read_its(struct fdt_reader *r, int gic_node)
{
	struct machine_gic *gic = &r->m->gic;
	int node;

	fdt_for_each_child(node, r->fdt, gic_node) {
		struct machine_its *its = &gic->its[gic->its_count];
		int err;

		if (!fdt_compatible(r->fdt, node, "arm,gic-v3-its") || !fdt_enabled(r->fdt, node)) {
			continue;
		}
		if (gic->its_count == MACHINE_MAX_ITS) {
			return fdt_fail(r, node, NULL, "is one ITS too many");
		}
		err = fdt_read_reg(r, node, 0, &its->regs);
		if (err != 0) {
			return err;
		}
		if (its->regs.size < 2 * SZ_64K) {
			return fdt_fail(r, node, "reg", "is smaller than an ITS");
		}
		its->phandle = fdt_phandle(r->fdt, node);
		gic->its_count++;
	}
	return 0;
}

static int read_gicv3(struct fdt_reader *r, int node)
{
	struct machine_gic *gic = &r->m->gic;
	const fdt32_t *stride;
	int size;
	int err;

	err = fdt_read_u32(r, node, "#redistributor-regions", 1, &gic->redist_count);
	if (err != 0) {
		return err;
	}
	if (gic->redist_count == 0 || gic->redist_count > MACHINE_MAX_REDISTS) {
		return fdt_fail(r, node, "#redistributor-regions", "is out of range");
	}
	stride = fdt_prop(r->fdt, node, "redistributor-stride", &size);
	if (stride != NULL) {
		if (size != 4 && size != 8) {
			return fdt_fail(r, node, "redistributor-stride",
					"must be one or two cells");
		}
		gic->redist_stride = fdt_read_cells(stride, (uint32_t)size / 4);
		if (gic->redist_stride > SZ_2M || !IS_ALIGNED(gic->redist_stride, SZ_64K)) {
			return fdt_fail(r, node, "redistributor-stride", "is out of range");
		}
	}
	for (uint32_t i = 0; i < gic->redist_count; i++) {
		err = fdt_read_reg(r, node, 1 + i, &gic->redists[i]);
		if (err != 0) {
			return err;
		}
	}
	return read_its(r, node);
}

/* arm,gic.yaml: the numbers are INTIDs already, and both are there or neither. */
static int read_frame(struct fdt_reader *r, int node, struct machine_frame *frame)
{
	int err = fdt_read_reg(r, node, 0, &frame->regs);

	if (err != 0) {
		return err;
	}
	if (frame->regs.size < SZ_4K || !IS_ALIGNED(frame->regs.base, SZ_4K)) {
		return fdt_fail(r, node, "reg", "is not a page");
	}
	frame->phandle = fdt_phandle(r->fdt, node);
	err = fdt_read_u32(r, node, "arm,msi-base-spi", 0, &frame->first);
	if (err == 0) {
		err = fdt_read_u32(r, node, "arm,msi-num-spis", 0, &frame->count);
	}
	if (err == 0 && (frame->first == 0) != (frame->count == 0)) {
		err = fdt_fail(r, node, "arm,msi-num-spis", "and arm,msi-base-spi go together");
	}
	return err;
}

static int read_frames(struct fdt_reader *r, int gic_node)
{
	struct machine_gic *gic = &r->m->gic;
	int node;

	fdt_for_each_child(node, r->fdt, gic_node) {
		int err;

		if (!fdt_compatible(r->fdt, node, "arm,gic-v2m-frame") ||
		    !fdt_enabled(r->fdt, node)) {
			continue;
		}
		if (gic->frame_count == MACHINE_MAX_FRAMES) {
			return fdt_fail(r, node, NULL, "is one MSI frame too many");
		}
		err = read_frame(r, node, &gic->frames[gic->frame_count]);
		if (err != 0) {
			return err;
		}
		gic->frame_count++;
	}
	return 0;
}

/* arm,gic.yaml: distributor, CPU interface, and for a hypervisor GICH and GICV. */
static int read_gicv2(struct fdt_reader *r, int node)
{
	struct machine_gic *gic = &r->m->gic;
	const struct {
		struct range *out;
		uint64_t least;
	} parts[] = {
		{ &gic->cpu_interface, 2 * SZ_4K },
		{ &gic->virt_control, SZ_4K },
		{ &gic->virt_interface, 2 * SZ_4K },
	};
	int count = fdt_reg_count(r, node);

	if (count >= 0 && count < 4) {
		return fdt_fail(r, node, "reg",
				"lacks the virtual CPU interface (GICH, GICV) that guests need");
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int err = fdt_read_reg(r, node, 1 + i, parts[i].out);

		if (err != 0) {
			return err;
		}
		if (parts[i].out->size < parts[i].least || !IS_ALIGNED(parts[i].out->base, SZ_4K)) {
			return fdt_fail(r, node, "reg", "is not what a GICv2 CPU interface takes");
		}
	}
	return read_frames(r, node);
}

int machine_fdt_gic(struct fdt_reader *r)
{
	struct machine_gic *gic = &r->m->gic;
	int node = find_gic(r->fdt);
	int err;

	if (node < 0) {
		return fdt_fail(r, 0, "interrupt-parent", "no interrupt controller in the tree");
	}
	gic->compatible = fdt_read_text(r->fdt, node, "compatible");
	gic->phandle = fdt_phandle(r->fdt, node);
	gic->version = gic_version(r->fdt, node);
	if (gic->version == 0) {
		return 0;
	}
	err = fdt_read_reg(r, node, 0, &gic->dist);
	if (err == 0) {
		err = gic->version == 3 ? read_gicv3(r, node) : read_gicv2(r, node);
	}
	if (err == 0) {
		err = fdt_read_interrupt(r, node, 0, &gic->maintenance_intid, NULL);
	}
	if (err == 0 && gic->maintenance_intid == 0) {
		err = fdt_fail(r, node, "interrupts", "lacks the maintenance interrupt");
	}
	return err;
}
