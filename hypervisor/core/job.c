/* SPDX-License-Identifier: BSD-2-Clause */
/* Job queues, one a pCPU. */
#include "core/job.h"

#include "arch/arm64/cpu.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/sched.h"
#include "core/vcpu.h"

enum job_state { JOB_IDLE, JOB_QUEUED, JOB_STEPPING };

struct job_queue {
	struct spinlock lock;
	struct list jobs;
	uint64_t due; /* earliest not_before of jobs; ~0: there are none. Asked at every switch */
	bool cancelled; /* a job, of whatever queue: look through this one whatever is due */
	bool ready;
};

static struct job_queue queues[CPUS_MAX];
/* Covers parked lists and state of every job: both change seldom and briefly. */
static struct spinlock state_lock;

static struct job_queue *this_queue(void)
{
	struct job_queue *q = &queues[cpu_index()];

	if (!q->ready) {
		list_init(&q->jobs);
		q->due = ~0ULL;
		q->ready = true;
	}
	return q;
}

void job_init(struct job *j, const struct job_ops *ops)
{
	*j = (struct job){ .ops = ops, .wait_ms = 1 };
	list_init(&j->node);
	list_init(&j->parked);
}

/* Queue lock held, after the list changed. */
static void note_due(struct job_queue *q)
{
	struct job *j;

	q->due = ~0ULL;
	list_for_each(j, &q->jobs, node) {
		q->due = MIN(q->due, j->not_before);
	}
}

void job_start(struct job *j)
{
	struct job_queue *q = this_queue();

	spin_lock(&q->lock);
	spin_lock(&state_lock);
	ASSERT(j->state == JOB_IDLE);
	j->state = JOB_QUEUED;
	j->cancel = false;
	j->not_before = 0;
	list_add_tail(&q->jobs, &j->node);
	note_due(q);
	spin_unlock(&state_lock);
	spin_unlock(&q->lock);
	sched_tick();
}

bool job_active(const struct job *j)
{
	return __atomic_load_n(&j->state, __ATOMIC_ACQUIRE) != JOB_IDLE;
}

void job_park(struct job *j, struct vcpu *v)
{
	spin_lock(&state_lock);
	/* Ended between the caller's look and now: the retried access finds it so. */
	if (job_active(j)) {
		list_add_tail(&j->parked, &v->park_node);
		v->parked_on = j;
		sched_block(v, VCPU_PARKED);
	}
	spin_unlock(&state_lock);
}

void job_cancel(struct job *j)
{
	__atomic_store_n(&j->cancel, true, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		__atomic_store_n(&queues[i].cancelled, true, __ATOMIC_RELEASE);
	}
}

static void job_end(struct job *j, bool cancelled)
{
	struct list woken;

	list_init(&woken);
	spin_lock(&state_lock);
	while (!list_empty(&j->parked)) {
		struct list *n = j->parked.next;

		list_del(n);
		list_add_tail(&woken, n);
	}
	__atomic_store_n(&j->state, JOB_IDLE, __ATOMIC_RELEASE);
	spin_unlock(&state_lock);
	/* finish() may free the job; it is not touched again. */
	if (j->ops->finish != NULL) {
		j->ops->finish(j, cancelled);
	}
	while (!list_empty(&woken)) {
		struct vcpu *v = list_first(&woken, struct vcpu, park_node);

		list_del(&v->park_node);
		v->parked_on = NULL;
		sched_wake(v);
	}
}

/* The oldest job that may run now, taken off the queue. */
static struct job *take(struct job_queue *q, uint64_t now)
{
	struct job *j;
	struct job *found = NULL;

	if (q->due > now && !__atomic_load_n(&q->cancelled, __ATOMIC_RELAXED)) {
		return NULL;
	}
	/* Before the look at the jobs, which may miss what is cancelled from here on. */
	(void)__atomic_exchange_n(&q->cancelled, false, __ATOMIC_ACQ_REL);
	spin_lock(&q->lock);
	list_for_each(j, &q->jobs, node) {
		if (j->not_before <= now || __atomic_load_n(&j->cancel, __ATOMIC_ACQUIRE)) {
			found = j;
			break;
		}
	}
	if (found != NULL) {
		list_del(&found->node);
		note_due(q);
		/* There may be more of the kind. */
		__atomic_store_n(&q->cancelled, true, __ATOMIC_RELAXED);
		__atomic_store_n(&found->state, JOB_STEPPING, __ATOMIC_RELEASE);
	}
	spin_unlock(&q->lock);
	return found;
}

bool job_step_one(void)
{
	struct job_queue *q = this_queue();
	struct job *j = list_empty(&q->jobs) ? NULL : take(q, ticks_now());
	enum job_status status;

	if (j == NULL) {
		return false;
	}
	if (__atomic_load_n(&j->cancel, __ATOMIC_ACQUIRE)) {
		job_end(j, true);
		return true;
	}
	status = j->ops->step(j);
	if (status == JOB_DONE) {
		job_end(j, false);
		return true;
	}
	spin_lock(&q->lock);
	j->not_before =
		status == JOB_WAIT ? ticks_now() + j->wait_ms * (ticks_per_second() / 1000) : 0;
	__atomic_store_n(&j->state, JOB_QUEUED, __ATOMIC_RELEASE);
	list_add_tail(&q->jobs, &j->node);
	note_due(q);
	spin_unlock(&q->lock);
	return true;
}

bool job_should_yield(void)
{
	return read_sysreg(isr_el1) != 0;
}

uint64_t job_next_deadline(void)
{
	return this_queue()->due;
}
