/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IOMMUs, from the boot device tree (arm,smmu-v3 and renesas,ipmmu-vmsa bindings): every SMMUv3; of
 * the many IPMMUs of an R-Car those that host bridges are behind, and their root.
 */
#include "boot/machine_fdt.h"

#include "lib/string.h"

static const char root_property[] = "renesas,ipmmu-main";

static const struct machine_smmu *by_phandle(const struct machine *m, uint32_t phandle)
{
	for (uint32_t i = 0; i < m->smmu_count; i++) {
		if (m->smmus[i].phandle == phandle) {
			return &m->smmus[i];
		}
	}
	return NULL;
}

static int read_named_interrupts(struct fdt_reader *r, int node, struct machine_smmu *smmu)
{
	const struct {
		const char *name;
		uint32_t *intid;
	} wanted[] = {
		{ "eventq", &smmu->eventq_intid },
		{ "gerror", &smmu->gerror_intid },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		int index = fdt_text_index(r->fdt, node, "interrupt-names", wanted[i].name);
		int err = index < 0 ? 0 :
				      fdt_read_interrupt(r, node, (uint32_t)index, wanted[i].intid,
							 NULL);

		if (err != 0) {
			return err;
		}
	}
	return 0;
}

/* One unit more; *out: to be filled further. */
static int read_unit(struct fdt_reader *r, int node, struct machine_smmu **out)
{
	struct machine_smmu *smmu = &r->m->smmus[r->m->smmu_count];
	int err;

	if (r->m->smmu_count == MACHINE_MAX_SMMUS) {
		return fdt_fail(r, node, NULL, "is one IOMMU too many");
	}
	err = fdt_read_reg(r, node, 0, &smmu->regs);
	if (err == 0) {
		smmu->compatible = fdt_read_text(r->fdt, node, "compatible");
		smmu->phandle = fdt_phandle(r->fdt, node);
		smmu->coherent = fdt_coherent(r->fdt, node);
		r->m->smmu_count++;
		*out = smmu;
	}
	return err;
}

static int read_smmus(struct fdt_reader *r)
{
	struct machine_smmu *smmu;
	int node = fdt_next_compatible(r->fdt, -1, "arm,smmu-v3");
	int err = 0;

	for (; node >= 0 && err == 0; node = fdt_next_compatible(r->fdt, node, "arm,smmu-v3")) {
		if (fdt_enabled(r->fdt, node)) {
			err = read_unit(r, node, &smmu);
			if (err == 0) {
				err = read_named_interrupts(r, node, smmu);
			}
		}
	}
	return err;
}

static bool is_ipmmu(const void *fdt, int node)
{
	static const char prefix[] = "renesas,ipmmu-";
	const char *compatible = fdt_read_text(fdt, node, "compatible");

	return compatible != NULL && strncmp(compatible, prefix, sizeof(prefix) - 1) == 0 &&
	       fdt_enabled(fdt, node);
}

/* The one whose contexts the others share; its first interrupt tells of faults. */
static int read_ipmmu_root(struct fdt_reader *r, int unit, uint32_t phandle)
{
	int node = fdt_by_phandle(r->fdt, phandle);
	struct machine_smmu *root;
	int err;

	if (by_phandle(r->m, phandle) != NULL) {
		return 0;
	}
	if (node < 0 || !is_ipmmu(r->fdt, node) ||
	    fdt_prop(r->fdt, node, root_property, NULL) != NULL) {
		return fdt_fail(r, unit, root_property, "names no root unit");
	}
	err = read_unit(r, node, &root);
	return err != 0 ? err : fdt_read_interrupt(r, node, 0, &root->eventq_intid, NULL);
}

static int read_ipmmu(struct fdt_reader *r, int node)
{
	int length;
	const fdt32_t *p = fdt_prop(r->fdt, node, root_property, &length);
	struct machine_smmu *unit;
	int err;

	if (p == NULL || (length != 4 && length != 8)) {
		return fdt_fail(r, node, root_property, "is not a unit and its bit there");
	}
	err = read_ipmmu_root(r, node, fdt32_ld(p));
	if (err == 0) {
		err = read_unit(r, node, &unit);
	}
	if (err == 0) {
		unit->root = fdt32_ld(p);
	}
	return err;
}

static int read_ipmmus(struct fdt_reader *r)
{
	for (uint32_t i = 0; i < r->m->bridge_count; i++) {
		const struct machine_bridge *b = &r->m->bridges[i];

		for (uint32_t k = 0; k < b->iommu_map_count; k++) {
			int node = fdt_by_phandle(r->fdt, b->iommu_map[k].phandle);
			int err = 0;

			if (is_ipmmu(r->fdt, node) &&
			    by_phandle(r->m, b->iommu_map[k].phandle) == NULL) {
				err = read_ipmmu(r, node);
			}
			if (err != 0) {
				return err;
			}
		}
	}
	return 0;
}

int machine_fdt_smmus(struct fdt_reader *r)
{
	int product = fdt_next_compatible(r->fdt, -1, "renesas,prr");
	int err = product < 0 ? 0 : fdt_read_reg(r, product, 0, &r->m->product);

	if (err == 0) {
		err = read_smmus(r);
	}
	return err != 0 ? err : read_ipmmus(r);
}
