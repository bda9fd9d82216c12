/* SPDX-License-Identifier: BSD-2-Clause */
/* One virtual interrupt: pending, active, enabled, and the queue it waits in (IHI0069 4.1). */
#include "irq/irq.h"
#include "irq/vgic_state.h"

void vgic_irq_init(struct vgic_irq *irq, uint32_t intid, uint8_t target)
{
	list_init(&irq->node);
	irq->intid = intid;
	irq->target = target;
	irq->active_on = VGIC_NONE;
	irq->queued_on = VGIC_NONE;
	irq->lr = VGIC_NONE;
	irq->lr_cpu = VGIC_NONE;
	irq->level = intid >= VGIC_SGIS && intid < VGIC_LPI_FIRST;
	irq->enabled = intid < VGIC_SGIS;
}

struct vgic_irq *vgic_irq_find(struct vgic *g, struct vgic_cpu *c, uint32_t intid)
{
	if (intid < VGIC_PRIVATE) {
		return c == NULL ? NULL : &c->private[intid];
	}
	if (intid - VGIC_PRIVATE < g->spi_count) {
		return &g->spis[intid - VGIC_PRIVATE];
	}
	return NULL;
}

void vgic_irq_dequeue(struct vgic *g, struct vgic_irq *irq)
{
	struct vgic_cpu *c;

	if (irq->queued_on == VGIC_NONE) {
		return;
	}
	c = g->cpus[irq->queued_on];
	list_del(&irq->node);
	if (list_empty(&c->ready[irq->bucket])) {
		vgic_cpu_set_ready(c, c->ready_map & ~BIT(irq->bucket));
	}
	irq->queued_on = VGIC_NONE;
}

void vgic_irq_queue(struct vgic *g, struct vgic_irq *irq, uint32_t *kick)
{
	struct vgic_cpu *c;
	uint8_t cpu;
	uint8_t bucket;

	if (irq->lr != VGIC_NONE) {
		return;
	}
	if (irq->active) {
		/* It is deactivated where it was acknowledged, whatever the routing is now. */
		cpu = irq->active_on;
		bucket = VGIC_BUCKET_ACTIVE;
	} else if (vgic_irq_deliverable(g, irq)) {
		cpu = irq->target;
		bucket = (uint8_t)(1 + (irq->priority >> 3));
	} else {
		vgic_irq_dequeue(g, irq);
		return;
	}
	if (irq->queued_on == cpu && irq->bucket == bucket) {
		return;
	}
	vgic_irq_dequeue(g, irq);
	c = g->cpus[cpu];
	list_add_tail(&c->ready[bucket], &irq->node);
	vgic_cpu_set_ready(c, c->ready_map | BIT(bucket));
	irq->queued_on = cpu;
	irq->bucket = bucket;
	__atomic_store_n(&c->dirty, true, __ATOMIC_RELEASE);
	*kick |= 1U << cpu;
}

/* The vCPU that has irq in a list register must look at it (all: even if only clearing is due). */
static void irq_poke_holder(struct vgic *g, struct vgic_irq *irq, bool all, uint32_t *kick)
{
	struct vgic_cpu *c = g->cpus[irq->lr_cpu];

	c->fold_all |= all;
	__atomic_store_n(&c->dirty, true, __ATOMIC_RELEASE);
	*kick |= 1U << irq->lr_cpu;
}

void vgic_irq_changed(struct vgic *g, struct vgic_irq *irq, uint32_t *kick)
{
	if (irq->lr != VGIC_NONE) {
		irq_poke_holder(g, irq, true, kick);
	} else {
		vgic_irq_queue(g, irq, kick);
	}
}

void vgic_irq_pulse(struct vgic *g, struct vgic_irq *irq, uint32_t *kick)
{
	if (irq->pending) {
		return;
	}
	irq->pending = true;
	if (irq->lr != VGIC_NONE) {
		if (vgic_sync_rearm(g, irq)) {
			*kick |= 1U << irq->lr_cpu;
		} else {
			irq_poke_holder(g, irq, false, kick);
		}
	} else {
		vgic_irq_queue(g, irq, kick);
	}
}

void vgic_irq_signal(struct vgic *g, struct vgic_irq *irq, uint32_t from, uint32_t *kick)
{
	irq->sources |= (uint8_t)(1U << from);
	/*
	 * Though others' signals may wait already: the last one of this sender may be in a list
	 * register, and is the same signal if it was not taken yet.
	 */
	irq->pending = false;
	vgic_irq_pulse(g, irq, kick);
}

void vgic_irq_unsignal(struct vgic *g, struct vgic_irq *irq, uint32_t sources, uint32_t *kick)
{
	irq->sources &= (uint8_t)~sources;
	irq->pending = irq->sources != 0;
	if ((sources & (1U << irq->source)) != 0) {
		irq->lr_latched = false;
	}
	vgic_irq_changed(g, irq, kick);
}

void vgic_irq_line(struct vgic *g, struct vgic_irq *irq, bool high, uint32_t *kick)
{
	bool rising = high && !irq->line;

	if (irq->line == high) {
		return;
	}
	__atomic_store_n(&irq->line, high, __ATOMIC_RELEASE);
	if (irq->level) {
		vgic_irq_changed(g, irq, kick);
	} else if (rising) {
		vgic_irq_pulse(g, irq, kick);
	}
}

void vgic_irq_settle(struct vgic *g, struct vgic_irq *irq)
{
	if (!irq->host_active || irq->pending || irq->active || irq->lr != VGIC_NONE) {
		return;
	}
	if (irq->intid < VGIC_PRIVATE) {
		struct vgic_cpu *c = g->cpus[irq->target];

		/* A PPI's active state is its pCPU's own, and only while the vCPU is in it. */
		if (c->loaded_on != vgic_hw_cpu()) {
			c->fold_all = true;
			__atomic_store_n(&c->dirty, true, __ATOMIC_RELEASE);
			return;
		}
	}
	irq->host_active = false;
	irq_set_active(irq->host_intid, false);
}

void vgic_irq_clear_pending(struct vgic *g, struct vgic_irq *irq, uint32_t *kick)
{
	irq->pending = false;
	irq->sources = 0;
	irq->lr_latched = false;
	vgic_irq_changed(g, irq, kick);
	vgic_irq_settle(g, irq);
}

void vgic_irq_set_active(struct vgic *g, struct vgic_irq *irq, bool active, uint32_t *kick)
{
	irq->active = active;
	irq->lr_drop_active = !active;
	if (active) {
		irq->active_on = irq->target;
		if (irq->target == VGIC_NONE) {
			irq->active = false;
		}
	}
	vgic_irq_changed(g, irq, kick);
	vgic_irq_settle(g, irq);
}

void vgic_irq_retarget(struct vgic *g, struct vgic_irq *irq, uint8_t target, uint32_t *kick)
{
	if (irq->target == target) {
		return;
	}
	/* Doorbells look without the lock. */
	__atomic_store_n(&irq->target, target, __ATOMIC_RELAXED);
	vgic_irq_changed(g, irq, kick);
}
