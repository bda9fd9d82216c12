/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each pCPU has its own vCPUs and runs the ready one that has run least. A vCPU's registers stay in
 * the CPU while it is blocked, until another one needs the place: waking an idle CPU costs no switch.
 */
#include "core/sched.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "core/domain.h"
#include "core/job.h"
#include "core/percpu.h"
#include "core/ram.h"
#include "core/spinlock.h"
#include "irq/irq.h"
#include "irq/vgic.h"

#define SLICE_US     5000
#define JOB_SLICE_US 200 /* guests run this long between two slices of a job */

struct runqueue {
	struct spinlock lock; /* states and lists of the vCPUs placed here */
	struct list ready;
	struct list vcpus; /* all placed here, by place_node */
	uint32_t vcpu_count;
	uint64_t floor; /* vruntime all that want to run have had, but for those just woken */
	uint64_t timer; /* what the EL2 timer is set to */
	uint64_t job_due; /* no slice of a job before this while a guest wants to run */
	bool job_late;    /* one was due, and an interrupt went first */
} __attribute__((aligned(64))); /* cache lines of its CPU's own */

static struct runqueue queues[CPUS_MAX];
static struct spinlock place_lock;

void sched_init(void)
{
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		list_init(&queues[i].ready);
		list_init(&queues[i].vcpus);
		queues[i].timer = ~0ULL;
		queues[i].job_due = 0;
	}
}

static uint64_t us_to_ticks(uint64_t us)
{
	return us * ticks_per_second() / 1000000;
}

/* Make cpu look at its queue soon. */
static void poke(uint32_t cpu)
{
	if (cpu == cpu_index()) {
		this_cpu()->resched = true;
	} else {
		__atomic_store_n(&percpus[cpu].resched, true, __ATOMIC_RELEASE);
		gic_send_sgi(cpu, SGI_KICK);
	}
}

void sched_tick(void)
{
	this_cpu()->resched = true;
}

void sched_add(struct vcpu *v)
{
	uint32_t best = 0;

	spin_lock(&place_lock);
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		if (percpus[i].online && queues[i].vcpu_count < queues[best].vcpu_count) {
			best = i;
		}
	}
	v->pcpu = best;
	v->state = VCPU_OFF;
	v->wake_at = ~0ULL;
	list_init(&v->run_node);
	list_init(&v->park_node);
	queues[best].vcpu_count++;
	spin_lock(&queues[best].lock);
	list_add_tail(&queues[best].vcpus, &v->place_node);
	spin_unlock(&queues[best].lock);
	spin_unlock(&place_lock);
}

void sched_remove(struct vcpu *v)
{
	struct runqueue *q = &queues[v->pcpu];

	spin_lock(&place_lock);
	q->vcpu_count--;
	spin_lock(&q->lock);
	list_del(&v->place_node);
	spin_unlock(&q->lock);
	spin_unlock(&place_lock);
}

/* Queue lock held. */
static void make_ready(struct runqueue *q, struct vcpu *v)
{
	v->wake_at = ~0ULL;
	if (v->stop_wanted) {
		v->state = VCPU_STOPPED;
		return;
	}
	v->woken = true;
	v->state = VCPU_READY;
	list_add_tail(&q->ready, &v->run_node);
}

static void wake_from(struct vcpu *v, enum vcpu_state from)
{
	struct runqueue *q = &queues[v->pcpu];
	bool woken = false;

	spin_lock(&q->lock);
	if (v->state == from) {
		make_ready(q, v);
		woken = true;
	}
	spin_unlock(&q->lock);
	if (woken) {
		poke(v->pcpu);
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
	} else if (state == VCPU_RUNNING && v->pcpu != cpu_index()) {
		gic_send_sgi(v->pcpu, SGI_KICK);
	}
}

void sched_block(struct vcpu *v, enum vcpu_state why)
{
	struct runqueue *q = &queues[v->pcpu];

	spin_lock(&q->lock);
	__atomic_store_n(&v->state, why, __ATOMIC_SEQ_CST);
	spin_unlock(&q->lock);
	this_cpu()->resched = true;
}

void sched_stop(struct vcpu *v)
{
	struct runqueue *q = &queues[v->pcpu];

	spin_lock(&q->lock);
	v->stop_wanted = true;
	if (v->state == VCPU_READY || v->state == VCPU_BLOCKED) {
		list_del(&v->run_node);
		v->state = VCPU_STOPPED;
	}
	spin_unlock(&q->lock);
	poke(v->pcpu);
}

bool sched_stopped(struct vcpu *v)
{
	enum vcpu_state state = __atomic_load_n(&v->state, __ATOMIC_ACQUIRE);

	return (state == VCPU_STOPPED || state == VCPU_OFF) &&
	       __atomic_load_n(&percpus[v->pcpu].loaded, __ATOMIC_ACQUIRE) != v &&
	       __atomic_load_n(&percpus[v->pcpu].current, __ATOMIC_ACQUIRE) != v;
}

void sched_resume(struct vcpu *v)
{
	struct runqueue *q = &queues[v->pcpu];

	spin_lock(&q->lock);
	v->stop_wanted = false;
	if (v->state == VCPU_STOPPED) {
		make_ready(q, v);
	}
	spin_unlock(&q->lock);
	poke(v->pcpu);
}

bool sched_online(struct vcpu *v, uint64_t pc, uint64_t context)
{
	struct runqueue *q = &queues[v->pcpu];
	bool was_off;

	spin_lock(&q->lock);
	was_off = !v->online;
	v->online = true;
	spin_unlock(&q->lock);
	if (!was_off) {
		return false;
	}
	/* It is nobody's now: off every CPU, in no list. */
	vcpu_reset_regs(v, pc, context);
	vgic_vcpu_reset(v);
	spin_lock(&q->lock);
	make_ready(q, v);
	spin_unlock(&q->lock);
	poke(v->pcpu);
	return true;
}

void sched_offline(struct vcpu *v)
{
	sched_block(v, VCPU_OFF);
}

/* Take v's registers out of this CPU. One that went off may be started anew from here on. */
static void unload(struct runqueue *q, struct vcpu *v)
{
	vcpu_save(v);
	spin_lock(&q->lock);
	if (v->state == VCPU_BLOCKED) {
		v->wake_at = vcpu_timer_deadline(v);
	} else if (v->state == VCPU_OFF) {
		v->online = false;
	}
	spin_unlock(&q->lock);
}

/* Queue lock held. The vCPU that ran has had vruntime by now, perhaps long alone. */
static void raise_floor(struct runqueue *q, uint64_t vruntime)
{
	struct vcpu *v;

	list_for_each(v, &q->ready, run_node) {
		if (!v->woken) {
			vruntime = MIN(vruntime, v->vruntime);
		}
	}
	q->floor = MAX(q->floor, vruntime);
}

/* The vCPU that ran until now: account, and decide what it is. */
static void retire_current(struct runqueue *q, uint64_t now)
{
	struct vcpu *v = this_cpu()->current;
	bool pending;

	if (v == NULL) {
		return;
	}
	__atomic_store_n(&this_cpu()->current, NULL, __ATOMIC_RELEASE);
	/*
	 * An interrupt that came between its last look and the block must wake it. State first, then
	 * interrupts; vcpu_kick() looks at the two in the other order.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	pending = v->state == VCPU_BLOCKED && vgic_pending(v);
	spin_lock(&q->lock);
	v->vruntime += now - v->run_since;
	v->cpu_ticks += now - v->run_since;
	raise_floor(q, v->vruntime);
	if (v->stop_wanted && (v->state == VCPU_RUNNING || v->state == VCPU_BLOCKED)) {
		v->state = VCPU_STOPPED;
	} else if (v->state == VCPU_RUNNING || (pending && v->state == VCPU_BLOCKED)) {
		make_ready(q, v);
		v->woken = false;
	}
	spin_unlock(&q->lock);
}

/* Blocked vCPUs whose own timer is due; returns the next deadline. Queue lock held. */
static uint64_t wake_due(struct runqueue *q, uint64_t now)
{
	uint64_t next = ~0ULL;
	struct vcpu *v;

	list_for_each(v, &q->vcpus, place_node) {
		if (v->state == VCPU_BLOCKED && v->wake_at <= now) {
			make_ready(q, v);
		} else if (v->state == VCPU_BLOCKED) {
			next = MIN(next, v->wake_at);
		}
	}
	return next;
}

/* Queue lock held. */
static struct vcpu *pick(struct runqueue *q, uint64_t now)
{
	uint64_t lead = us_to_ticks(SLICE_US);
	struct vcpu *best = NULL;
	struct vcpu *v;

	list_for_each(v, &q->ready, run_node) {
		/* One that slept may be first, but has no right to the time it did not use. */
		if (v->woken && v->vruntime + lead < q->floor) {
			v->vruntime = q->floor - lead;
		}
		v->woken = false;
		if (best == NULL || v->vruntime < best->vruntime) {
			best = v;
		}
	}
	if (best != NULL) {
		list_del(&best->run_node);
		best->state = VCPU_RUNNING;
		best->run_since = now;
		q->floor = MAX(q->floor, best->vruntime);
	}
	return best;
}

static void set_timer(struct runqueue *q, uint64_t deadline)
{
	if (deadline != q->timer) {
		q->timer = deadline;
		el2_timer_set(deadline);
	}
}

static bool step_job(struct runqueue *q)
{
	if (!job_step_one()) {
		return false;
	}
	q->job_due = ticks_now() + us_to_ticks(JOB_SLICE_US);
	return true;
}

/*
 * A slice after whatever else this exit was about, unless an interrupt waits: that goes first, once,
 * lest a storm of them keeps the job from its end.
 */
static void step_job_if_due(struct runqueue *q, uint64_t now)
{
	if (job_next_deadline() > now || q->job_due > now) {
		return;
	}
	if (read_sysreg(isr_el1) != 0 && !q->job_late) {
		q->job_late = true;
		return;
	}
	q->job_late = false;
	step_job(q);
}

/* Nobody wants to run: do what waits for such a moment, or sleep until an interrupt. */
static void idle(struct runqueue *q, uint64_t deadline)
{
	/* Long work ends early for an interrupt, and one that is due is to be seen. */
	set_timer(q, deadline);
	if (read_sysreg(isr_el1) == 0) {
		if (step_job(q) || ram_clean_one()) {
			return;
		}
		set_timer(q, MIN(deadline, job_next_deadline()));
		wfi();
	}
	irq_dispatch();
}

static void enter(struct runqueue *q, struct vcpu *v, uint64_t deadline, bool contended)
{
	struct percpu *cpu = this_cpu();
	uint64_t job = job_next_deadline();
	uint64_t now;

	if (cpu->loaded != v) {
		if (cpu->loaded != NULL) {
			unload(q, cpu->loaded);
			/* What was just unloaded may wait for its timer. */
			spin_lock(&q->lock);
			deadline = MIN(deadline, wake_due(q, 0));
			spin_unlock(&q->lock);
		}
		vcpu_load(v);
	}
	now = ticks_now();
	cpu->current = v;
	if (contended) {
		deadline = MIN(deadline, now + us_to_ticks(SLICE_US));
	}
	if (job != ~0ULL) {
		deadline = MIN(deadline, MAX(job, q->job_due));
	}
	set_timer(q, deadline);
}

static void sched_switch(void)
{
	struct percpu *cpu = this_cpu();
	struct runqueue *q = &queues[cpu->index];

	for (;;) {
		uint64_t now = ticks_now();
		uint64_t deadline;
		struct vcpu *next;
		bool contended;

		cpu->resched = false;
		retire_current(q, now);
		if (cpu->loaded != NULL &&
		    (cpu->loaded->state == VCPU_STOPPED || cpu->loaded->state == VCPU_OFF)) {
			unload(q, cpu->loaded);
			vcpu_leave_tables();
		}
		step_job_if_due(q, now);
		/* A timer that has passed must be set again. */
		if (q->timer <= now) {
			q->timer = 0;
		}
		spin_lock(&q->lock);
		deadline = wake_due(q, now);
		next = pick(q, now);
		contended = !list_empty(&q->ready);
		spin_unlock(&q->lock);
		if (next != NULL) {
			enter(q, next, deadline, contended);
			return;
		}
		idle(q, deadline);
	}
}

void sched_exit(void)
{
	struct percpu *cpu = this_cpu();

	if (__atomic_load_n(&cpu->resched, __ATOMIC_ACQUIRE)) {
		sched_switch();
	}
	vgic_enter(cpu->current);
}

uint64_t sched_cpu_ticks(struct vcpu *v)
{
	struct runqueue *q = &queues[v->pcpu];
	uint64_t ticks;

	spin_lock(&q->lock);
	ticks = v->cpu_ticks;
	if (v->state == VCPU_RUNNING) {
		ticks += ticks_now() - v->run_since;
	}
	spin_unlock(&q->lock);
	return ticks;
}

void sched_start(void)
{
	sched_switch();
	vgic_enter(this_cpu()->current);
	guest_enter_first();
}
