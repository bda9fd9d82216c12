/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPIs that the ITS delivers to a running vCPU by itself. Configuration is a copy in the
 * hypervisor's memory: hardware never reads the guest's table.
 */
#include "irq/vgic_direct.h"

#include "core/heap.h"
#include "core/log.h"
#include "core/sched.h"
#include "irq/its_vpe.h"
#include "irq/vgic_state.h"

#define PROPERTIES_ORDER 1 /* 8 KiB: one byte for each LPI */
_Static_assert(VGIC_LPI_LIMIT - VGIC_LPI_FIRST == SZ_4K << PROPERTIES_ORDER, "properties");

#define PROPERTY_ENABLED BIT(0)

static struct its_vpe *cpu_vpe(const struct vgic_cpu *c)
{
	return __atomic_load_n(&c->vpe, __ATOMIC_ACQUIRE);
}

void vgic_direct_enter(struct vgic *g, struct vgic_cpu *c)
{
	struct its_vpe *vpe = cpu_vpe(c);
	bool wanted;

	if (vpe == NULL) {
		return;
	}
	wanted = __atomic_load_n(&g->enabled, __ATOMIC_RELAXED) &&
		 __atomic_load_n(&c->lpis_enabled, __ATOMIC_RELAXED);
	if (wanted == c->resident) {
		return;
	}
	c->resident = wanted;
	if (wanted) {
		its_vpe_enter(vpe);
	} else {
		(void)its_vpe_leave(vpe);
	}
}

bool vgic_direct_leave(struct vgic_cpu *c)
{
	if (!c->resident) {
		return false;
	}
	c->resident = false;
	return its_vpe_leave(c->vpe);
}

void vgic_direct_configure(struct vgic *g, const struct vgic_irq *irq)
{
	if (irq->direct != NULL) {
		its_vpe_property(&g->properties[irq->intid - VGIC_LPI_FIRST],
				 (uint8_t)(irq->priority | (irq->enabled ? PROPERTY_ENABLED : 0)));
	}
}

/* One at a time: a table is 64 KiB to be cleared. */
static struct its_vpe *direct_make(struct vgic *g, struct vgic_cpu *c)
{
	uint32_t cpu = __atomic_load_n(&c->vcpu->pcpu, __ATOMIC_RELAXED);
	struct its_vpe *vpe = NULL;

	if (g->properties == NULL) {
		g->properties = heap_pages(PROPERTIES_ORDER);
	}
	if (g->properties != NULL &&
	    its_vpe_create(g->properties, VGIC_LPI_ID_BITS, cpu, &vpe) == 0) {
		/* Not while it is just entered: that would not see it, and be done all the same. */
		spin_lock(&g->lock);
		__atomic_store_n(&c->vpe, vpe, __ATOMIC_RELEASE);
		__atomic_store_n(&c->dirty, true, __ATOMIC_RELEASE);
		spin_unlock(&g->lock);
		vcpu_kick(c->vcpu);
	}
	return vpe;
}

struct its_vpe *vgic_direct_vpe(struct domain *d, uint32_t vcpu)
{
	struct vgic *g = d->vgic;
	struct its_vpe *vpe;

	if (!its_vpe_possible() || vgic_hw_unwired()) {
		return NULL;
	}
	vpe = cpu_vpe(g->cpus[vcpu]);
	if (vpe == NULL && !g->direct_failed) {
		vpe = direct_make(g, g->cpus[vcpu]);
		if (vpe == NULL) {
			g->direct_failed = true;
			log_domain(d, LOG_WARN, "vgic",
				   "no room for direct interrupts; others come by exits");
		}
	}
	return vpe;
}

bool vgic_direct_take(struct domain *d, struct vgic_irq *irq, void *owner, bool *pending)
{
	struct vgic *g = d->vgic;
	uint32_t kick = 0;
	bool taken = false;

	spin_lock(&g->lock);
	if (irq->mappings == 1 && irq->direct == NULL) {
		taken = true;
		/* What is in a list register and not taken yet comes out of it. */
		*pending = irq->pending || irq->lr != VGIC_NONE;
		vgic_irq_clear_pending(g, irq, &kick);
		irq->direct = owner;
		vgic_direct_configure(g, irq);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
	return taken;
}

void vgic_direct_drop(struct domain *d, struct vgic_irq *irq)
{
	struct vgic *g = d->vgic;

	spin_lock(&g->lock);
	irq->direct = NULL;
	its_vpe_property(&g->properties[irq->intid - VGIC_LPI_FIRST], 0);
	spin_unlock(&g->lock);
}

void *vgic_direct_owner(const struct vgic_irq *irq)
{
	return irq->direct;
}

uint32_t vgic_direct_intid(const struct vgic_irq *irq)
{
	return irq->intid;
}

void vgic_direct_doorbell(struct domain *d, const struct vgic_irq *irq)
{
	uint8_t target = __atomic_load_n(&irq->target, __ATOMIC_RELAXED);

	if (target != VGIC_NONE) {
		vcpu_kick(d->vcpus[target]);
	}
}

void vgic_direct_invalidate(struct domain *d, uint32_t vcpu)
{
	struct its_vpe *vpe = cpu_vpe(d->vgic->cpus[vcpu]);

	if (vpe != NULL) {
		its_vpe_invalidate(vpe);
	}
}

void vgic_direct_free(struct vgic *g)
{
	bool free = true;
	uint32_t i;

	for (i = 0; i < g->cpu_count; i++) {
		struct vgic_cpu *c = g->cpus[i];

		if (c->vpe != NULL && !its_vpe_destroy(c->vpe)) {
			free = false;
		}
	}
	if (g->properties != NULL && free) {
		heap_pages_free(g->properties, PROPERTIES_ORDER);
	}
}
