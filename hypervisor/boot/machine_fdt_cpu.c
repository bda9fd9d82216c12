/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs, PSCI and the generic timer, from the boot device tree. */
#include "boot/machine_fdt.h"

#include "lib/errno.h"
#include "lib/string.h"

/* Aff3 in 39:32, Aff2..0 in 23:0 (DDI0487 D19.2.100). */
#define MPIDR_AFFINITY (GENMASK(39, 32) | GENMASK(23, 0))

/* Positions in the arm,armv8-timer binding. */
enum { TIMER_SECURE, TIMER_PHYSICAL, TIMER_VIRTUAL, TIMER_HYPERVISOR };

static int read_psci(struct fdt_reader *r)
{
	static const char *const compatibles[] = { "arm,psci-1.0", "arm,psci-0.2", "arm,psci" };

	for (size_t i = 0; i < ARRAY_SIZE(compatibles); i++) {
		int node = fdt_next_compatible(r->fdt, -1, compatibles[i]);

		if (node >= 0) {
			const char *method = fdt_read_text(r->fdt, node, "method");

			if (method == NULL) {
				return fdt_fail(r, node, "method", "absent");
			}
			r->m->psci_smc = strcmp(method, "smc") == 0;
			return 0;
		}
	}
	return 0;
}

static int read_cpu(struct fdt_reader *r, int node, uint32_t cells)
{
	struct machine *m = r->m;
	const char *method = fdt_read_text(r->fdt, node, "enable-method");
	uint64_t mpidr;
	const fdt32_t *p;
	int size;

	p = fdt_prop(r->fdt, node, "reg", &size);
	if (p == NULL || (uint32_t)size != cells * 4) {
		return fdt_fail(r, node, "reg", "absent or of the wrong size");
	}
	mpidr = fdt_read_cells(p, cells);
	if ((mpidr & ~MPIDR_AFFINITY) != 0) {
		return fdt_fail(r, node, "reg", "is not an MPIDR affinity");
	}
	for (uint32_t i = 0; i < m->cpu_count; i++) {
		if (m->cpus[i].mpidr == mpidr) {
			return fdt_fail(r, node, "reg", "is the number of another CPU too");
		}
	}
	if (method != NULL && strcmp(method, "psci") != 0) {
		return fdt_fail(r, node, "enable-method", "is not psci");
	}
	if (m->cpu_count == MACHINE_MAX_CPUS) {
		return fdt_fail(r, node, NULL, "is one CPU more than this build can hold");
	}
	m->cpus[m->cpu_count++].mpidr = mpidr;
	return 0;
}

int machine_fdt_cpus(struct fdt_reader *r)
{
	uint32_t cells, unused;
	int parent = fdt_child_named(r->fdt, 0, "cpus");
	int node;
	int err;

	if (parent < 0) {
		return fdt_fail(r, 0, NULL, "no node /cpus");
	}
	err = fdt_child_cells(r, parent, &cells, &unused);
	if (err != 0) {
		return err;
	}
	fdt_for_each_child(node, r->fdt, parent) {
		const char *type = fdt_read_text(r->fdt, node, "device_type");

		if (type == NULL || strcmp(type, "cpu") != 0 || !fdt_enabled(r->fdt, node)) {
			continue;
		}
		err = read_cpu(r, node, cells);
		if (err != 0) {
			return err;
		}
	}
	if (r->m->cpu_count == 0) {
		return fdt_fail(r, parent, NULL, "has no enabled CPU");
	}
	return read_psci(r);
}

int machine_fdt_timer(struct fdt_reader *r)
{
	const struct {
		uint32_t index;
		uint32_t *intid;
	} wanted[] = {
		{ TIMER_PHYSICAL, &r->m->timer_phys_intid },
		{ TIMER_VIRTUAL, &r->m->timer_virt_intid },
		{ TIMER_HYPERVISOR, &r->m->timer_hyp_intid },
	};
	int node = fdt_next_compatible(r->fdt, -1, "arm,armv8-timer");

	if (node < 0) {
		return fdt_fail(r, 0, NULL, "no node is compatible with arm,armv8-timer");
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		int err = fdt_read_interrupt(r, node, wanted[i].index, wanted[i].intid, NULL);

		if (err != 0) {
			return err;
		}
		if (*wanted[i].intid == 0 && r->m->gic.version != 0) {
			return fdt_fail(r, node, "interrupts",
					"lacks the physical, virtual or hypervisor timer");
		}
	}
	return 0;
}
