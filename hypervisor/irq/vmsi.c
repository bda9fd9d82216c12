/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual GICv2m frame. */
#include "irq/vmsi.h"

#include "core/heap.h"
#include "core/mmio.h"
#include "irq/gicv2m.h"
#include "irq/vgic.h"
#include "lib/errno.h"

#define FRAME_IIDR 0x5600043bU /* product 'V', implementer Arm */

struct vmsi {
	uint64_t at;
	uint32_t first;
	uint32_t count;
};

static enum mmio_result frame_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	const struct vmsi *m = opaque;
	uint64_t value = 0;

	if (a->write) {
		/* MSI_SETSPI takes 16-bit writes too. */
		if (a->offset == GICV2M_SETSPI && a->size <= 4 && a->value - m->first < m->count) {
			vgic_pulse(v->domain, NULL, (uint32_t)a->value);
		}
		return MMIO_DONE;
	}
	if (a->offset == GICV2M_TYPER) {
		value = (uint64_t)m->first << 16 | m->count;
	} else if (a->offset == GICV2M_IIDR) {
		value = FRAME_IIDR;
	}
	a->value = a->size == 4 ? value : 0;
	return MMIO_DONE;
}

static const struct mmio_ops frame_ops = {
	.name = "v2m",
	.kind = EXIT_MMIO_GIC,
	.access = frame_access,
};

int vmsi_create(struct domain *d, ipaddr_t at, uint32_t first, uint32_t count)
{
	struct vmsi *m = heap_alloc(sizeof(*m));
	int ret;

	if (m == NULL) {
		return -ENOMEM;
	}
	*m = (struct vmsi){ .at = at.v, .first = first, .count = count };
	ret = mmio_add(&d->mmio, at, SZ_4K, &frame_ops, m);
	if (ret != 0) {
		heap_free(m);
		return ret;
	}
	d->vmsi = m;
	return 0;
}

void vmsi_destroy(struct domain *d)
{
	heap_free(d->vmsi);
	d->vmsi = NULL;
}

uint32_t vmsi_target(const struct domain *d, uint64_t address, uint32_t data)
{
	const struct vmsi *m = d->vmsi;
	bool takes = m != NULL && address == m->at + GICV2M_SETSPI && data - m->first < m->count;

	return takes ? data : 0;
}
