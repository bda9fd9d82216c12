/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fair by virtual run time, in which a vCPU's time counts less the more its domain weighs. Virtual
 * times are compared by their difference, so that they may wrap.
 */
#include "core/sched_queue.h"

#include "arch/arm64/cpu.h"
#include "core/domain.h"
#include "core/sched.h"
#include "irq/irq.h"

struct runqueue queues[CPUS_MAX];

static bool before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return before(a, b) ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return before(a, b) ? b : a;
}

struct runqueue *queue_lock(struct vcpu *v)
{
	for (;;) {
		uint32_t cpu = __atomic_load_n(&v->pcpu, __ATOMIC_RELAXED);

		spin_lock(&queues[cpu].lock);
		if (__atomic_load_n(&v->pcpu, __ATOMIC_RELAXED) == cpu) {
			return &queues[cpu];
		}
		spin_unlock(&queues[cpu].lock);
	}
}

void queue_poke(uint32_t cpu)
{
	if (cpu == cpu_index()) {
		this_cpu()->resched = true;
	} else {
		__atomic_store_n(&percpus[cpu].resched, true, __ATOMIC_RELEASE);
		gic_send_sgi(cpu, SGI_KICK);
	}
}

void queue_unlock_and_poke(struct runqueue *q)
{
	spin_unlock(&q->lock);
	queue_poke((uint32_t)(q - queues));
}

void queue_make_ready(struct runqueue *q, struct vcpu *v)
{
	v->wake_at = ~0ULL;
	list_del(&v->run_node);
	if (v->stop_wanted) {
		v->state = VCPU_STOPPED;
		return;
	}
	v->woken = true;
	v->ready_since = ticks_now();
	v->state = VCPU_READY;
	list_add_tail(&q->ready, &v->run_node);
}

/* The vCPU that ran has had vruntime by now, perhaps long alone. */
static void raise_floor(struct runqueue *q, uint64_t vruntime)
{
	struct vcpu *v;

	list_for_each(v, &q->ready, run_node) {
		if (!v->woken) {
			vruntime = earlier(vruntime, v->vruntime);
		}
	}
	q->floor = later(q->floor, vruntime);
}

void queue_charge(struct runqueue *q, struct vcpu *v, uint64_t now)
{
	uint64_t ticks = now - v->run_since;

	v->cpu_ticks += ticks;
	v->vruntime += sched_share_charge(&v->domain->share, ticks, &v->vruntime_rest);
	raise_floor(q, v->vruntime);
}

uint64_t queue_wake_due(struct runqueue *q, uint64_t now)
{
	uint64_t next = ~0ULL;
	struct vcpu *v, *after;

	list_for_each_safe(v, after, &q->waiting, run_node) {
		if (v->wake_at <= now) {
			queue_make_ready(q, v);
		} else {
			next = MIN(next, v->wake_at);
		}
	}
	return next;
}

static void start(struct runqueue *q, struct vcpu *v, uint64_t now)
{
	list_del(&v->run_node);
	v->state = VCPU_RUNNING;
	v->wait_ticks += now - MIN(now, v->ready_since);
	v->run_since = now;
	q->floor = later(q->floor, v->vruntime);
}

/* One that slept may be first, but has no right to the time it did not use. */
static void limit_lead(const struct runqueue *q, struct vcpu *v)
{
	uint64_t lead = sched_us_to_ticks(SCHED_SLICE_US);

	if (before(v->vruntime + lead, q->floor)) {
		v->vruntime = q->floor - lead;
	}
}

struct queue_choice queue_choose(struct runqueue *q, uint64_t now)
{
	struct queue_choice c = { .deadline = ~0ULL };
	uint64_t until, limit = ~0ULL;
	struct vcpu *v;

	list_for_each(v, &q->ready, run_node) {
		if (v->woken) {
			limit_lead(q, v);
		}
		/* Nor has one whose domain has had all it may have; it awaits no turn. */
		v->woken = !sched_share_may_run(&v->domain->share, now, &until);
		if (v->woken) {
			v->ready_since = now;
			c.deadline = MIN(c.deadline, until);
			continue;
		}
		c.contended = c.next != NULL;
		if (c.next == NULL || before(v->vruntime, c.next->vruntime)) {
			c.next = v;
			limit = until;
		}
	}
	c.deadline = MIN(c.deadline, limit);
	if (c.next != NULL) {
		start(q, c.next, now);
	}
	return c;
}
