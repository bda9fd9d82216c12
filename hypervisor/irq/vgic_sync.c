/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between a vCPU's queues and its list registers. Lazy: while nothing new happens the guest works
 * through its list registers without EL2.
 */
#include "irq/irq.h"
#include "irq/vgic_state.h"

/* The next of those whose signal waits. True: there are more of them. */
static bool sync_take_source(struct vgic_irq *irq)
{
	irq->source = (uint8_t)__builtin_ctz(irq->sources);
	irq->sources &= (uint8_t)(irq->sources - 1);
	return irq->sources != 0;
}

/* Put irq, which is in no queue, into list register lr. */
static void sync_put(struct vgic *g, struct vgic_cpu *c, struct vgic_irq *irq, uint32_t lr)
{
	bool pending = g->enabled && vgic_irq_deliverable(g, irq);
	uint64_t value = irq->intid | LR_PRIORITY(irq->priority) | LR_GROUP1;
	bool eoi = false;

	/*
	 * A level interrupt is sampled again when its handling ends, not while it goes on. So is an
	 * SGI of a GICv2: its list register names one sender. And all where EL2 signals: what is
	 * pending and active becomes pending without an exit.
	 */
	if (irq->active) {
		value |= LR_SOURCE(irq->source);
		if (irq->level || irq->sources != 0 || vgic_hw_unwired()) {
			eoi = pending;
			pending = false;
		}
	}
	if (pending && irq->sources != 0) {
		eoi = sync_take_source(irq);
		value |= LR_SOURCE(irq->source);
	}
	/* HW = 1 cannot be pending and active (IHI0069 12.4, ICH_LR<n>_EL2): then by hand. */
	irq->lr_hw = irq->host_active && !(pending && irq->active) && !(eoi && !irq->level);
	if (irq->lr_hw) {
		value |= LR_HW | LR_HOST_INTID(irq->host_intid);
		irq->host_active = false;
	} else if (eoi || irq->host_active || (pending && irq->level && irq->line)) {
		value |= LR_EOI;
		c->lr_eoi |= 1U << lr;
	}
	value |= pending ? LR_PENDING : 0;
	value |= irq->active ? LR_ACTIVE : 0;
	irq->lr_pending = pending;
	irq->lr_active = irq->active;
	irq->lr_drop_active = false;
	irq->lr_latched = pending && irq->pending;
	if (irq->lr_latched) {
		irq->pending = irq->sources != 0;
	}
	irq->active = false;
	irq->lr = (uint8_t)lr;
	irq->lr_cpu = (uint8_t)c->vcpu->index;
	c->lr_irq[lr] = irq;
	c->lr_used |= 1U << lr;
	vgic_hw_lr_write(lr, value);
}

/* The list register's state, value as read from it, is the interrupt's own again; then requeue. */
static void sync_take_back(struct vgic *g, struct vgic_cpu *c, uint32_t lr, uint64_t value)
{
	struct vgic_irq *irq = c->lr_irq[lr];
	uint32_t kick = 0;

	c->lr_irq[lr] = NULL;
	c->lr_used &= ~(1U << lr);
	if ((value & LR_STATE) != 0 || (c->lr_eoi & (1U << lr)) != 0) {
		vgic_hw_lr_write(lr, 0);
	}
	c->lr_eoi &= ~(1U << lr);
	irq->lr = VGIC_NONE;
	if ((value & LR_PENDING) != 0 && irq->lr_latched) {
		irq->pending = true;
		if (irq->intid < VGIC_SGIS && g->version == 2) {
			irq->sources |= (uint8_t)(1U << irq->source);
		}
	}
	irq->lr_latched = false;
	/* An LPI has no active state; some implementations keep one until the guest's EOI. */
	if ((value & LR_ACTIVE) != 0 && irq->intid < VGIC_LPI_FIRST && !irq->lr_drop_active) {
		irq->active = true;
		irq->active_on = (uint8_t)c->vcpu->index;
	}
	if ((value & LR_STATE) != 0 && irq->lr_hw) {
		irq->host_active = true;
	}
	irq->lr_hw = false;
	if (irq->host_active) {
		vgic_irq_settle(g, irq);
	}
	/* Handled or withdrawn; at worst its devices are looked at once more. */
	if (irq->line && irq->resample != 0 && (value & LR_STATE) == 0) {
		__atomic_store_n(&irq->line, false, __ATOMIC_RELEASE);
		irq_set_pending(irq->resample);
	}
	vgic_irq_queue(g, irq, &kick);
	if ((kick & ~(1U << c->vcpu->index)) != 0) {
		/* Its routing changed while it was here: the new vCPU must hear of it. */
		c->moved_kick |= kick;
	}
}

/* An LPI is pending or not and nothing else (IHI0069 4.1): all but that stands since sync_put(). */
static void sync_put_again(struct vgic_irq *lpi, uint32_t lr)
{
	lpi->pending = false;
	lpi->lr_latched = true;
	vgic_hw_lr_write(lr, lpi->intid | LR_PRIORITY(lpi->priority) | LR_GROUP1 | LR_PENDING);
}

/* irq's list register lr is done: let it carry the new edge at once, if nothing is against it. */
static bool sync_rearm(struct vgic *g, struct vgic_cpu *c, struct vgic_irq *irq, uint32_t lr)
{
	if (!irq->pending || irq->active || c->ready_map != 0 || !g->enabled ||
	    irq->target != c->vcpu->index || !vgic_irq_deliverable(g, irq)) {
		return false;
	}
	if (irq->intid >= VGIC_LPI_FIRST) {
		sync_put_again(irq, lr);
	} else {
		c->lr_eoi &= ~(1U << lr);
		sync_put(g, c, irq, lr);
	}
	return true;
}

bool vgic_sync_rearm(struct vgic *g, struct vgic_irq *irq)
{
	struct vgic_cpu *c = g->cpus[irq->lr_cpu];

	return c->loaded_on == vgic_hw_cpu() && !c->reset &&
	       (vgic_hw_empty() & ~c->lr_eoi & (1U << irq->lr)) != 0 &&
	       sync_rearm(g, c, irq, irq->lr);
}

void vgic_sync_fold(struct vgic *g, struct vgic_cpu *c, bool all)
{
	uint32_t used = c->lr_used;
	uint32_t done;

	if (used == 0) {
		return;
	}
	done = vgic_hw_empty();
	if (c->lr_eoi != 0) {
		done |= vgic_hw_eoi();
	}
	while (used != 0) {
		uint32_t lr = (uint32_t)__builtin_ctz(used);

		used &= used - 1;
		if ((done & (1U << lr)) != 0) {
			if (all || !sync_rearm(g, c, c->lr_irq[lr], lr)) {
				sync_take_back(g, c, lr, 0);
			}
		} else if (all || c->lr_irq[lr]->pending) {
			sync_take_back(g, c, lr, vgic_hw_lr_read(lr));
		}
	}
}

/* Take back the pending list register of the worst priority if that is worse than bucket. */
static bool sync_evict(struct vgic *g, struct vgic_cpu *c, uint32_t bucket)
{
	uint32_t worst = bucket;
	uint32_t victim = LR_MAX;
	uint32_t lr;

	for (lr = 0; lr < vgic_hw_lr_count(); lr++) {
		uint32_t b = 1U + (c->lr_irq[lr]->priority >> 3);

		if (b > worst && (vgic_hw_lr_read(lr) & LR_STATE) == LR_PENDING) {
			worst = b;
			victim = lr;
		}
	}
	if (victim == LR_MAX) {
		return false;
	}
	sync_take_back(g, c, victim, vgic_hw_lr_read(victim));
	return true;
}

uint64_t vgic_sync_fill(struct vgic *g, struct vgic_cpu *c)
{
	uint32_t all = (uint32_t)(BIT(vgic_hw_lr_count()) - 1);
	uint32_t used;

	while (c->ready_map != 0) {
		uint32_t bucket = (uint32_t)__builtin_ctzll(c->ready_map);
		struct vgic_irq *irq;

		if (bucket != VGIC_BUCKET_ACTIVE && !g->enabled) {
			return ICH_HCR_EN;
		}
		if (c->lr_used == all && !sync_evict(g, c, bucket)) {
			break;
		}
		irq = list_first(&c->ready[bucket], struct vgic_irq, node);
		vgic_irq_dequeue(g, irq);
		sync_put(g, c, irq, (uint32_t)__builtin_ctz(~c->lr_used));
	}
	if (c->ready_map == 0) {
		return ICH_HCR_EN;
	}
	for (used = c->lr_used; used != 0; used &= used - 1) {
		if ((vgic_hw_lr_read((uint32_t)__builtin_ctz(used)) & LR_PENDING) != 0) {
			return ICH_HCR_EN | ICH_HCR_NPIE;
		}
	}
	return ICH_HCR_EN | ICH_HCR_UIE;
}
