/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One vCPU's virtual CPU interface: entering the guest, coming and going on a pCPU, and whether it
 * has an interrupt to take.
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
	c->lpi_walk = VGIC_LPI_BLOCKS;
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
	vgic_sync_fold(g, c, c->fold_all);
	if (c->fold_all) {
		c->fold_all = false;
		cpu_settle_forwarded(g, c);
	}
}

void vgic_cpu_fold_here(struct vgic *g, struct vgic_cpu *c)
{
	if (cpu_is_here(c)) {
		vgic_sync_fold(g, c, true);
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
	cpu_set_hcr(c, vgic_sync_fill(g, c));
	vgic_direct_enter(g, c);
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

	/* One that was preempted looks again when it is entered. */
	(void)vgic_direct_leave(c);
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

bool vgic_holds(const struct vcpu *v, uint32_t intid)
{
	return v->vgic->private[intid].host_active;
}

/* Something in the queues, or left pending in list registers, that gets past the priority mask. */
static bool cpu_would_interrupt(struct vgic *g, struct vgic_cpu *c, uint64_t vmcr)
{
	uint64_t map = c->ready_map & ~BIT(VGIC_BUCKET_ACTIVE);
	uint32_t held = cpu_is_here(c) ? c->lr_used & ~vgic_hw_empty() : 0;
	uint32_t best = VGIC_BUCKETS;

	if (!g->enabled || (vmcr & ICH_VMCR_VENG1) == 0) {
		return false;
	}
	if (map != 0) {
		best = (uint32_t)__builtin_ctzll(map);
	}
	for (; held != 0; held &= held - 1) {
		uint32_t lr = (uint32_t)__builtin_ctz(held);

		if ((vgic_hw_lr_read(lr) & LR_PENDING) != 0) {
			best = MIN(best, 1U + (c->lr_irq[lr]->priority >> 3));
		}
	}
	return best < VGIC_BUCKETS && ((best - 1) << 3) < ICH_VMCR_VPMR(vmcr);
}

_Static_assert(VGIC_LR_MAX == LR_MAX, "vgic.h");

static __attribute__((noinline)) void look_at(const struct vgic_cpu *c, uint32_t held,
					      struct vgic_waiting *out)
{
	for (; held != 0; held &= held - 1) {
		uint32_t lr = (uint32_t)__builtin_ctz(held);

		if ((vgic_hw_lr_read(lr) & LR_PENDING) != 0) {
			out->mask |= 1U << lr;
			out->intid[lr] = c->lr_irq[lr]->intid;
		}
	}
}

void vgic_look_waiting(const struct vcpu *v, struct vgic_waiting *out)
{
	/* Without the lock: only this pCPU changes what of v is in its list registers. */
	const struct vgic_cpu *c = v->vgic;
	uint32_t held = c->lr_used & ~vgic_hw_empty();

	out->mask = 0;
	/* Mostly there is none: what is done waits there to be armed again. */
	if (held != 0) {
		look_at(c, held, out);
	}
}

bool vgic_pending(struct vcpu *v)
{
	struct vgic *g = v->domain->vgic;
	struct vgic_cpu *c = v->vgic;
	bool pending;
	uint32_t kick;

	if (c->lr_used == 0 && __atomic_load_n(&c->ready_map, __ATOMIC_RELAXED) == 0) {
		return false;
	}
	spin_lock(&g->lock);
	if (cpu_is_here(c)) {
		if (!c->reset) {
			c->hw.vmcr = vgic_hw_vmcr();
		}
		/* Else all that is new is in list registers; what is done waits to be armed. */
		if (__atomic_load_n(&c->dirty, __ATOMIC_ACQUIRE)) {
			cpu_fold_wanted(g, c);
		}
	}
	pending = cpu_would_interrupt(g, c, c->hw.vmcr);
	kick = cpu_take_kick(c) & ~(1U << v->index);
	spin_unlock(&g->lock);
	vgic_kick(g, kick);
	return pending;
}

bool vgic_block(struct vcpu *v)
{
	struct vgic_cpu *c = v->vgic;
	bool pending = false;

	/* Its priority is known to hardware only: any that the guest's mask may let through. */
	if (vgic_direct_leave(c)) {
		uint64_t vmcr = vgic_hw_vmcr();

		pending = (vmcr & ICH_VMCR_VENG1) != 0 && ICH_VMCR_VPMR(vmcr) != 0;
	}
	return vgic_pending(v) || pending;
}

/* All else is as it was: the interrupt that ends a sleep may go into the list register it had. */
void vgic_resume(struct vcpu *v)
{
	struct vgic_cpu *c = v->vgic;

	if (__atomic_load_n(&c->vpe, __ATOMIC_RELAXED) != NULL) {
		vgic_direct_enter(v->domain->vgic, c);
	}
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
	vgic_sync_fold(g, c, false);
	cpu_set_hcr(c, ICH_HCR_EN);
	c->dirty = true;
	spin_unlock(&g->lock);
}
