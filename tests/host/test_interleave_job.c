/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two CPUs at one job, in every order its locks allow: steps against cancelling, parking and the
 * end of whoever the job works for.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/job.h"
#include "core/sched.h"
#include "core/spinlock.h"
#include "core/vcpu.h"
#include "fake_cpus.h"
#include "fake_spinlock.h"

#define STEPS 3U

static struct {
	struct job job;
	uint32_t steps;
} *work;
static struct spinlock owner_lock; /* as a function's is for its job */
static struct vcpu vcpu;
static uint32_t ends;
static bool cancelled;
static bool over; /* nothing may step any more */

void sched_tick(void)
{
}

void sched_block(struct vcpu *v, enum vcpu_state why)
{
	v->state = why;
}

void sched_wake(struct vcpu *v)
{
	assert_int_equal(v->state, VCPU_PARKED);
	assert_null(v->parked_on);
	v->state = VCPU_READY;
}

static enum job_status step(struct job *j)
{
	assert_false(over);
	fake_spin_point();
	return ++work->steps == STEPS ? JOB_DONE : JOB_MORE;
}

/* What the job worked for goes with it: ASan knows who looks at it afterwards. */
static void finish(struct job *j, bool was_cancelled)
{
	void *gone;

	spin_lock(&owner_lock);
	assert_ptr_equal(j, &work->job);
	ends++;
	cancelled = was_cancelled;
	gone = work;
	work = NULL;
	spin_unlock(&owner_lock);
	free(gone);
}

static const struct job_ops ops = { .name = "test", .step = step, .finish = finish };

static void begin(void)
{
	fake_cpus_reset(2);
	ends = 0;
	cancelled = false;
	over = false;
	vcpu = (struct vcpu){ .state = VCPU_RUNNING };
	list_init(&vcpu.park_node);
	work = calloc(1, sizeof(*work));
	job_init(&work->job, &ops);
	job_start(&work->job);
}

/* The job's CPU. */
static void run(void)
{
	while (work) {
		(void)job_step_one();
	}
}

static void cancel(void)
{
	spin_lock(&owner_lock);
	if (work) {
		job_cancel(&work->job);
	}
	spin_unlock(&owner_lock);
}

/* A domain ends when none of its jobs is left, and then is no more. */
static void cancel_and_wait(void)
{
	cancel();
	while (work) {
		fake_spin_wait();
	}
	over = true;
}

static void park(void)
{
	spin_lock(&owner_lock);
	if (work) {
		job_park(&work->job, &vcpu);
	}
	spin_unlock(&owner_lock);
}

static void end(void)
{
	assert_null(work);
	assert_int_equal(ends, 1);
	assert_false(job_step_one());
}

static void end_not_parked(void)
{
	end();
	assert_false(cancelled);
	assert_int_not_equal(vcpu.state, VCPU_PARKED);
	assert_null(vcpu.parked_on);
	assert_true(list_empty(&vcpu.park_node));
}

static void steps_and_cancel(void **state)
{
	(void)state;
	interleave("job, cancel", begin, run, cancel, end);
}

static void steps_and_the_domains_end(void **state)
{
	(void)state;
	interleave("job, end of its domain", begin, run, cancel_and_wait, end);
}

static void steps_and_park(void **state)
{
	(void)state;
	interleave("job, park", begin, run, park, end_not_parked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_and_cancel),
		cmocka_unit_test(steps_and_the_domains_end),
		cmocka_unit_test(steps_and_park),
	};

	interleave_cpu = &fake_cpu;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
