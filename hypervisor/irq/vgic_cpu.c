/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One vCPU's list registers: filling them from the queues and taking their state back. Lazy: while
 * nothing new happens the guest works through its list registers without EL2.
 */
#include "core/sched.h"
#include "irq/vgic_state.h"

/* How often a register access is executed again to wait for another vCPU's list registers. */
#define FOLD_RETRIES_MAX 200

void vgic_cpu_init(struct vgic_cpu *c, struct vcpu *v)
{
	uint32_t i;

	c->vcpu = v;
	c->loaded_on = VGIC_NONE;
	c->asleep = true;
	for (i = 0; i < VGIC_BUCKETS; i++) {
		list_init(&c->ready[i]);
	}
	for (i = 0; i < VGIC_PRIVATE; i++) {
		vgic_irq_init(&c->private[i], i, (uint8_t)v->index);
	}
}

static bool cpu_is_here(const struct vgic_cpu *c)
{
	return c->loaded_on == vgic_hw_cpu();
}

/* Put irq, which is in no queue, into list register lr. */
static void cpu_put(struct vgic *g, struct vgic_cpu *c, struct vgic_irq *irq, uint32_t lr)
{
	bool pending = g->enabled && vgic_irq_deliverable(g, irq);
	uint64_t value = irq->intid | LR_PRIORITY(irq->priority) | LR_GROUP1;
	bool eoi = false;

	/* A level interrupt is sampled again when its handling ends, not while it goes on. */
	if (irq->active && irq->level) {
		eoi = pending;
		pending = false;
	}
	/* HW = 1 cannot be pending and active at once (IHI0069 12.4.8): deactivate by hand then. */
	irq->lr_hw = irq->host_active && !(pending && irq->active);
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
		irq->pending = false;
	}
	irq->active = false;
	irq->lr = (uint8_t)lr;
	irq->lr_cpu = (uint8_t)c->vcpu->index;
	c->lr_irq[lr] = irq;
	c->lr_used |= 1U << lr;
	vgic_hw_lr_write(lr, value);
}

/* The list register's state, value as read from it, is the interrupt's own again; then requeue. */
static void cpu_take_back(struct vgic *g, struct vgic_cpu *c, uint32_t lr, uint64_t value)
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
	vgic_irq_queue(g, irq, &kick);
	if ((kick & ~(1U << c->vcpu->index)) != 0) {
		/* Its routing changed while it was here: the new vCPU must hear of it. */
		c->moved_kick |= kick;
	}
}

/*
 * The usual course of an interrupt that comes often: handled since it was put here, come again, and
 * nobody waits before it. False: it is not that simple.
 */
static bool cpu_rearm(struct vgic *g, struct vgic_cpu *c, uint32_t lr)
{
	struct vgic_irq *irq = c->lr_irq[lr];

	if (!irq->pending || irq->active || c->ready_map != 0 || !g->enabled ||
	    irq->target != c->vcpu->index || !vgic_irq_deliverable(g, irq)) {
		return false;
	}
	c->lr_eoi &= ~(1U << lr);
	cpu_put(g, c, irq, lr);
	return true;
}

/* c is here. all: every list register; else those that are done or have new state beside them. */
static void cpu_fold(struct vgic *g, struct vgic_cpu *c, bool all)
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
			if (all || !cpu_rearm(g, c, lr)) {
				cpu_take_back(g, c, lr, 0);
			}
		} else if (all || c->lr_irq[lr]->pending) {
			cpu_take_back(g, c, lr, vgic_hw_lr_read(lr));
		}
	}
}

/* Take back the pending list register of the worst priority if that is worse than bucket. */
static bool cpu_evict(struct vgic *g, struct vgic_cpu *c, uint32_t bucket)
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
	cpu_take_back(g, c, victim, vgic_hw_lr_read(victim));
	return true;
}

/* Queues -> list registers. Returns the ICH_HCR_EL2 that fits what is left over. */
static uint64_t cpu_fill(struct vgic *g, struct vgic_cpu *c)
{
	uint32_t all = (uint32_t)(BIT(vgic_hw_lr_count()) - 1);
	uint32_t used;

	while (c->ready_map != 0) {
		uint32_t bucket = (uint32_t)__builtin_ctzll(c->ready_map);
		struct vgic_irq *irq;

		if (bucket != VGIC_BUCKET_ACTIVE && !g->enabled) {
			return ICH_HCR_EN;
		}
		if (c->lr_used == all && !cpu_evict(g, c, bucket)) {
			break;
		}
		irq = list_first(&c->ready[bucket], struct vgic_irq, node);
		vgic_irq_dequeue(g, irq);
		cpu_put(g, c, irq, (uint32_t)__builtin_ctz(~c->lr_used));
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

static void cpu_set_hcr(struct vgic_cpu *c, uint64_t hcr)
{
	if (c->hcr != hcr) {
		c->hcr = hcr;
		vgic_hw_set_hcr(hcr);
	}
}

static uint32_t cpu_take_kick(struct vgic_cpu *c)
{
	uint32_t kick = c->moved_kick;

	c->moved_kick = 0;
	return kick;
}

/* PPIs that lost their virtual side when it was not for that pCPU to touch the physical one. */
static void cpu_settle_forwarded(struct vgic *g, struct vgic_cpu *c)
{
	uint32_t map = c->forwarded;

	for (; map != 0; map &= map - 1) {
		struct vgic_irq *irq = &c->private[__builtin_ctz(map)];

		vgic_irq_settle(g, irq);
		if (!irq->host_active && !irq->lr_hw) {
			c->forwarded &= ~(1U << irq->intid);
		}
	}
}

/* What others asked for, at least what is new. c is here. */
static void cpu_fold_wanted(struct vgic *g, struct vgic_cpu *c)
{
	cpu_fold(g, c, c->fold_all);
	if (c->fold_all) {
		c->fold_all = false;
		cpu_settle_forwarded(g, c);
	}
}

void vgic_cpu_fold_here(struct vgic *g, struct vgic_cpu *c)
{
	if (cpu_is_here(c)) {
		cpu_fold(g, c, true);
		__atomic_store_n(&c->dirty, true, __ATOMIC_RELAXED);
	}
}

bool vgic_cpu_wait_fold(struct vgic *g, struct vgic_cpu *c, uint32_t mask, uint32_t *kick)
{
	uint32_t i;
	uint32_t left = 0;

	if (c->fold_wait == 0) {
		for (i = 0; i < g->cpu_count; i++) {
			if ((mask & (1U << i)) != 0) {
				g->cpus[i]->fold_all = true;
				__atomic_store_n(&g->cpus[i]->dirty, true, __ATOMIC_RELEASE);
			}
		}
		*kick |= mask;
		c->fold_wait = mask;
		c->fold_retries = 0;
		return mask != 0;
	}
	for (i = 0; i < g->cpu_count; i++) {
		if ((c->fold_wait & (1U << i)) != 0 && g->cpus[i]->fold_all) {
			left |= 1U << i;
		}
	}
	c->fold_wait = left;
	if (left != 0 && c->fold_retries < FOLD_RETRIES_MAX) {
		c->fold_retries++;
		return true;
	}
	c->fold_wait = 0;
	return false;
}

static void vgic_enter_slow(struct vcpu *v, struct vgic_cpu *c)
{
	struct vgic *g = v->domain->vgic;
	uint32_t kick;

	spin_lock(&g->lock);
	c->dirty = false;
	if (c->reset) {
		c->reset = false;
		vgic_hw_load(&c->hw);
	}
	cpu_fold_wanted(g, c);
	cpu_set_hcr(c, cpu_fill(g, c));
	/* What was moved here was put into a list register already. */
	c->dirty = false;
	kick = cpu_take_kick(c) & ~(1U << v->index);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

void vgic_enter(struct vcpu *v)
{
	struct vgic_cpu *c = v->vgic;

	if (__builtin_expect(__atomic_load_n(&c->dirty, __ATOMIC_ACQUIRE), 0)) {
		vgic_enter_slow(v, c);
	}
}

void vgic_load(struct vcpu *v)
{
	struct vgic *g = v->domain->vgic;
	struct vgic_cpu *c = v->vgic;

	spin_lock(&g->lock);
	c->loaded_on = (uint8_t)vgic_hw_cpu();
	c->reset = false;
	vgic_hw_load(&c->hw);
	c->hcr = ICH_HCR_EN;
	vgic_hw_set_hcr(c->hcr);
	c->dirty = true;
	spin_unlock(&g->lock);
}

void vgic_save(struct vcpu *v)
{
	struct vgic *g = v->domain->vgic;
	struct vgic_cpu *c = v->vgic;
	uint32_t kick;

	spin_lock(&g->lock);
	c->fold_all = true;
	cpu_fold_wanted(g, c);
	if (!c->reset) {
		vgic_hw_save(&c->hw);
	}
	c->loaded_on = VGIC_NONE;
	c->hcr = 0;
	vgic_hw_set_hcr(0);
	kick = cpu_take_kick(c) & ~(1U << v->index);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
}

/* Something in the queues, or left pending in list registers, that gets past the priority mask. */
static bool cpu_would_interrupt(struct vgic *g, struct vgic_cpu *c, uint64_t vmcr)
{
	uint64_t map = c->ready_map & ~BIT(VGIC_BUCKET_ACTIVE);
	uint32_t used = c->lr_used;
	uint32_t best = VGIC_BUCKETS;

	if (!g->enabled || (vmcr & ICH_VMCR_VENG1) == 0) {
		return false;
	}
	if (map != 0) {
		best = (uint32_t)__builtin_ctzll(map);
	}
	for (; used != 0; used &= used - 1) {
		uint32_t lr = (uint32_t)__builtin_ctz(used);
		struct vgic_irq *irq = c->lr_irq[lr];
		uint64_t value = irq->pending ? LR_PENDING : 0;

		value |= cpu_is_here(c) ? vgic_hw_lr_read(lr) : 0;
		if ((value & LR_PENDING) != 0) {
			best = MIN(best, 1U + (irq->priority >> 3));
		}
	}
	return best < VGIC_BUCKETS && ((best - 1) << 3) < ICH_VMCR_VPMR(vmcr);
}

bool vgic_pending(struct vcpu *v)
{
	struct vgic *g = v->domain->vgic;
	struct vgic_cpu *c = v->vgic;
	bool pending;
	uint32_t kick;

	if (c->lr_used == 0 && c->ready_map == 0) {
		return false;
	}
	spin_lock(&g->lock);
	if (cpu_is_here(c)) {
		if (!c->reset) {
			c->hw.vmcr = vgic_hw_vmcr();
		}
		cpu_fold_wanted(g, c);
	}
	pending = cpu_would_interrupt(g, c, c->hw.vmcr);
	kick = cpu_take_kick(c) & ~(1U << v->index);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
	return pending;
}

void vgic_vcpu_reset(struct vcpu *v)
{
	struct vgic *g = v->domain->vgic;
	struct vgic_cpu *c = v->vgic;
	uint32_t i;
	uint32_t kick = 0;

	spin_lock(&g->lock);
	vgic_cpu_fold_here(g, c);
	for (i = 0; i < VGIC_PRIVATE; i++) {
		struct vgic_irq *irq = &c->private[i];

		vgic_irq_clear_pending(g, irq, &kick);
		vgic_irq_set_active(g, irq, false, &kick);
	}
	c->hw = (struct vgic_hw_state){ 0 };
	c->reset = true;
	c->fold_wait = 0;
	__atomic_store_n(&c->dirty, true, __ATOMIC_RELEASE);
	spin_unlock(&g->lock);
}

void vgic_maintenance(struct vgic_cpu *c)
{
	struct vgic *g = c->vcpu->domain->vgic;

	spin_lock(&g->lock);
	cpu_fold(g, c, false);
	cpu_set_hcr(c, ICH_HCR_EN);
	c->dirty = true;
	spin_unlock(&g->lock);
}
