/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each pCPU has its own vCPUs and runs the ready one that has run least. A vCPU's registers stay in
 * the CPU while it is blocked, until another one needs the place: waking an idle CPU costs no
 * switch.
 */
#include "core/sched.h"

#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "core/domain.h"
#include "core/job.h"
#include "core/percpu.h"
#include "core/ram.h"
#include "core/sched_place.h"
#include "core/sched_queue.h"
#include "core/spinlock.h"
#include "irq/irq.h"
#include "irq/vgic.h"

#define JOB_SLICE_US 200 /* guests run this long between two slices of a job */

uint64_t sched_us_to_ticks(uint64_t us)
{
	return us * ticks_per_second() / 1000000;
}

void sched_tick(void)
{
	this_cpu()->resched = true;
}

/* Take v's registers out of this CPU. One that went off may be started anew from here on. */
static void unload(struct runqueue *q, struct vcpu *v)
{
	vcpu_save(v);
	spin_lock(&q->lock);
	if (v->state == VCPU_BLOCKED) {
		v->wake_at = vcpu_timer_deadline(v);
		if (v->wake_at != ~0ULL) {
			list_add_tail(&q->waiting, &v->run_node);
		}
	} else if (v->state == VCPU_OFF) {
		v->online = false;
	}
	spin_unlock(&q->lock);
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
	 * An interrupt that came between its last look and the block must wake it. State first,
	 * then interrupts; vcpu_kick() looks at the two in the other order.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	pending = v->state == VCPU_BLOCKED && vgic_block(v);
	spin_lock(&q->lock);
	queue_charge(q, v, now);
	if (v->stop_wanted && (v->state == VCPU_RUNNING || v->state == VCPU_BLOCKED)) {
		v->state = VCPU_STOPPED;
	} else if (v->state == VCPU_RUNNING || (pending && v->state == VCPU_BLOCKED)) {
		queue_make_ready(q, v);
		v->woken = false;
	}
	spin_unlock(&q->lock);
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
	q->job_due = ticks_now() + sched_us_to_ticks(JOB_SLICE_US);
	return true;
}

/*
 * A slice after whatever else this exit was about, unless an interrupt waits: that goes first,
 * once, lest a storm of them keeps the job from its end.
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
			deadline = MIN(deadline, queue_wake_due(q, 0));
			spin_unlock(&q->lock);
		}
		vcpu_load(v);
	}
	vgic_resume(v);
	if (cpu->wfi_native != __atomic_load_n(&q->dedicated, __ATOMIC_RELAXED)) {
		cpu->wfi_native = !cpu->wfi_native;
		el2_wfi_native(cpu->wfi_native);
	}
	now = ticks_now();
	cpu->current = v;
	if (contended) {
		deadline = MIN(deadline, now + sched_us_to_ticks(SCHED_SLICE_US));
	}
	if (job != ~0ULL) {
		deadline = MIN(deadline, MAX(job, q->job_due));
	}
	set_timer(q, deadline);
}

/* Some vCPUs placed here are to go elsewhere; only this CPU takes them out of itself. */
static void move_out(struct runqueue *q)
{
	struct vcpu *v = this_cpu()->loaded;

	if (v != NULL && place_leaving(v)) {
		unload(q, v);
		vcpu_leave_tables();
	}
	place_move_out(q);
}

static void sched_switch(void)
{
	struct percpu *cpu = this_cpu();
	struct runqueue *q = &queues[cpu->index];

	for (;;) {
		uint64_t now = ticks_now();
		struct queue_choice choice;
		uint64_t deadline;

		cpu->resched = false;
		retire_current(q, now);
		if (cpu->loaded != NULL &&
		    (cpu->loaded->state == VCPU_STOPPED || cpu->loaded->state == VCPU_OFF)) {
			unload(q, cpu->loaded);
			vcpu_leave_tables();
		}
		if (__atomic_load_n(&q->moves, __ATOMIC_ACQUIRE)) {
			move_out(q);
		}
		step_job_if_due(q, now);
		/* A timer that has passed must be set again. */
		if (q->timer <= now) {
			q->timer = 0;
		}
		spin_lock(&q->lock);
		deadline = queue_wake_due(q, now);
		choice = queue_choose(q, now);
		spin_unlock(&q->lock);
		deadline = MIN(deadline, choice.deadline);
		if (choice.contended) {
			place_balance(now);
		}
		if (choice.next != NULL) {
			enter(q, choice.next, deadline, choice.contended);
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

void sched_start(void)
{
	sched_switch();
	vgic_enter(this_cpu()->current);
	guest_enter_first();
}
