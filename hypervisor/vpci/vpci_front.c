/* SPDX-License-Identifier: BSD-2-Clause */
/* Trapped registers of a controller: from the access to its front end's plan, and its execution. */
#include "core/heap.h"
#include "lib/errno.h"
#include "vpci/bus.h"
#include "vpci/front.h"

static enum mmio_result config_cycle(struct vpci_front *front, struct vcpu *v,
				     const struct vpci_front_plan *p, struct mmio_access *a)
{
	struct mmio_access cycle = { .size = p->size, .write = p->write, .value = p->value };
	enum mmio_result r = MMIO_DONE;
	bool nobody = false;
	uint32_t value;

	if (front->ops->enter) {
		r = front->ops->enter(front, v, p);
	}
	if (r == MMIO_DONE) {
		r = vpci_bus_config(front->segment, v, p->bus, p->devfn, p->offset, &cycle,
				    &nobody);
	}
	if (r != MMIO_DONE) {
		return r;
	}
	value = (uint32_t)cycle.value;
	if (front->ops->answer) {
		value = front->ops->answer(front->regs, p, !nobody, value);
	}
	a->value = a->write ? a->value : value;
	return MMIO_DONE;
}

static enum mmio_result front_access(struct vcpu *v, void *opaque, struct mmio_access *a)
{
	const struct vpci_front_region *region = opaque;
	struct vpci_front *front = region->front;
	enum mmio_result r = MMIO_DONE;
	struct vpci_front_plan p;

	spin_lock(&front->lock);
	p = front->ops->plan(front->regs, region->index, a);
	if (p.kind == VPCI_FRONT_CONFIG) {
		r = config_cycle(front, v, &p, a);
	} else if (p.kind == VPCI_FRONT_HARDWARE) {
		p.value = front->ops->hardware(front, &p);
	}
	spin_unlock(&front->lock);
	if (p.kind != VPCI_FRONT_CONFIG && !a->write) {
		a->value = p.value;
	}
	return r;
}

static const struct mmio_ops front_mmio = {
	.name = "pci-controller",
	.kind = EXIT_MMIO_PCI,
	.access = front_access,
};

const struct vpci_front_ops *vpci_front_of(const struct host_bridge *b)
{
	const struct vpci_front_ops *const *ops = vpci_front_table;

	while (*ops && !(*ops)->fits(b)) {
		ops++;
	}
	return *ops;
}

int vpci_front_create(struct vpci_segment *seg, struct host_bridge *b,
		      const struct vpci_front_ops *ops)
{
	struct vpci_front *front = heap_alloc(sizeof(*front));
	struct range ranges[VPCI_FRONT_REGIONS];
	uint32_t count = ops->regions(b, ranges);
	int r = 0;

	if (!front) {
		return -ENOMEM;
	}
	seg->front = front; /* which frees it */
	front->ops = ops;
	front->bridge = b;
	front->segment = seg;
	vpci_front_start_init(front);
	front->regs = heap_alloc(ops->regs_size);
	if (!front->regs) {
		return -ENOMEM;
	}
	if (ops->init) {
		ops->init(front->regs, b);
	}
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		front->regions[i].front = front;
		front->regions[i].index = i;
		r = mmio_add(&seg->domain->mmio, ipa(ranges[i].base), ranges[i].size, &front_mmio,
			     &front->regions[i]);
	}
	return r;
}

void vpci_front_free(struct vpci_front *front)
{
	if (front) {
		heap_free(front->regs);
		heap_free(front);
	}
}
