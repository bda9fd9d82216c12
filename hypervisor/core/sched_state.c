/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs are woken, kicked, stopped, turned on from outside, by any CPU. */
#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "core/domain.h"
#include "core/sched.h"
#include "core/sched_queue.h"
#include "irq/irq.h"
#include "irq/vgic.h"

static void wake_from(struct vcpu *v, enum vcpu_state from)
{
	struct runqueue *q = queue_lock(v);

	if (v->state == from) {
		queue_make_ready(q, v);
		queue_unlock_and_poke(q);
	} else {
		spin_unlock(&q->lock);
	}
}

void sched_wake(struct vcpu *v)
{
	wake_from(v, VCPU_PARKED);
}

void vcpu_kick(struct vcpu *v)
{
	enum vcpu_state state;

	/* It looks itself before it is entered, or blocks: see retire_current(). */
	if (v == current_vcpu()) {
		return;
	}
	/* The interrupt was entered before its state is looked at: see retire_current(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	state = __atomic_load_n(&v->state, __ATOMIC_ACQUIRE);
	if (state == VCPU_BLOCKED) {
		wake_from(v, VCPU_BLOCKED);
	} else if (state == VCPU_RUNNING) {
		/* Was it moved since, then it has looked. */
		uint32_t cpu = __atomic_load_n(&v->pcpu, __ATOMIC_RELAXED);

		if (cpu != cpu_index()) {
			gic_send_sgi(cpu, SGI_KICK);
		}
	}
}

void sched_block(struct vcpu *v, enum vcpu_state why)
{
	struct runqueue *q = queue_lock(v);

	__atomic_store_n(&v->state, why, __ATOMIC_SEQ_CST);
	spin_unlock(&q->lock);
	this_cpu()->resched = true;
}

void sched_stop(struct vcpu *v)
{
	struct runqueue *q = queue_lock(v);

	v->stop_wanted = true;
	if (v->state == VCPU_READY || v->state == VCPU_BLOCKED) {
		list_del(&v->run_node);
		v->state = VCPU_STOPPED;
	}
	queue_unlock_and_poke(q);
}

bool sched_stopped(struct vcpu *v)
{
	enum vcpu_state state = __atomic_load_n(&v->state, __ATOMIC_ACQUIRE);
	/* Nobody moves it while it is in a CPU. */
	const struct percpu *cpu = &percpus[__atomic_load_n(&v->pcpu, __ATOMIC_ACQUIRE)];

	return (state == VCPU_STOPPED || state == VCPU_OFF) &&
	       __atomic_load_n(&cpu->loaded, __ATOMIC_ACQUIRE) != v &&
	       __atomic_load_n(&cpu->current, __ATOMIC_ACQUIRE) != v;
}

void sched_resume(struct vcpu *v)
{
	struct runqueue *q = queue_lock(v);

	v->stop_wanted = false;
	if (v->state == VCPU_STOPPED) {
		queue_make_ready(q, v);
	}
	queue_unlock_and_poke(q);
}

bool sched_online(struct vcpu *v, uint64_t pc, uint64_t context)
{
	struct runqueue *q = queue_lock(v);
	bool was_off = !v->online;

	v->online = true;
	spin_unlock(&q->lock);
	if (!was_off) {
		return false;
	}
	/* It is nobody's now: off every CPU, in no list. */
	vcpu_reset_regs(v, pc, context);
	vgic_vcpu_reset(v);
	q = queue_lock(v);
	queue_make_ready(q, v);
	queue_unlock_and_poke(q);
	return true;
}

void sched_offline(struct vcpu *v)
{
	sched_block(v, VCPU_OFF);
}

int sched_set_share(struct domain *d, uint32_t weight, uint32_t cap)
{
	int ret = sched_share_set(&d->share, weight, cap, sched_us_to_ticks(SCHED_CAP_PERIOD_US));

	/* Those that run were chosen by what held before. */
	for (uint32_t i = 0; ret == 0 && i < domain_vcpu_count(d); i++) {
		queue_poke(__atomic_load_n(&d->vcpus[i]->pcpu, __ATOMIC_RELAXED));
	}
	return ret;
}

uint64_t sched_cpu_ticks(struct vcpu *v)
{
	struct runqueue *q = queue_lock(v);
	uint64_t ticks = v->cpu_ticks;

	if (v->state == VCPU_RUNNING) {
		ticks += ticks_now() - v->run_since;
	}
	spin_unlock(&q->lock);
	return ticks;
}
