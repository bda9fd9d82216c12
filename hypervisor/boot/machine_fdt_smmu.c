/* SPDX-License-Identifier: BSD-2-Clause */
/* SMMUs, from the boot device tree (arm,smmu-v3 binding). */
#include "boot/machine_fdt.h"

static int read_smmu(struct fdt_reader *r, int node)
{
	struct machine_smmu *smmu = &r->m->smmus[r->m->smmu_count];
	const struct {
		const char *name;
		uint32_t *intid;
	} wanted[] = {
		{ "eventq", &smmu->eventq_intid },
		{ "gerror", &smmu->gerror_intid },
	};
	int err;

	if (r->m->smmu_count == MACHINE_MAX_SMMUS) {
		return fdt_fail(r, node, NULL, "is one SMMU too many");
	}
	err = fdt_read_reg(r, node, 0, &smmu->regs);
	if (err != 0) {
		return err;
	}
	smmu->compatible = fdt_read_text(r->fdt, node, "compatible");
	smmu->phandle = fdt_phandle(r->fdt, node);
	smmu->coherent = fdt_coherent(r->fdt, node);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		int index = fdt_text_index(r->fdt, node, "interrupt-names", wanted[i].name);

		if (index >= 0) {
			err = fdt_read_interrupt(r, node, (uint32_t)index, wanted[i].intid, NULL);
			if (err != 0) {
				return err;
			}
		}
	}
	r->m->smmu_count++;
	return 0;
}

int machine_fdt_smmus(struct fdt_reader *r)
{
	int node = -1;

	for (;;) {
		int err;

		node = fdt_next_compatible(r->fdt, node, "arm,smmu-v3");
		if (node < 0) {
			return 0;
		}
		err = fdt_enabled(r->fdt, node) ? read_smmu(r, node) : 0;
		if (err != 0) {
			return err;
		}
	}
}
