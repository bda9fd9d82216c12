/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs: their slices, waits and ends, and who waits for them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "core/job.h"
#include "core/sched.h"
#include "core/vcpu.h"
#include "fake_cpus.h"

#define NEVER (~0ULL)

struct work {
	struct job job;
	enum job_status answer;
	uint32_t steps;
	uint32_t ends;
	bool cancelled;
	bool freed;
	void (*in_step)(struct work *w);
};

static struct vcpu vcpus[4];
static uint32_t ticks;
static struct job *last_stepped;

void sched_tick(void)
{
	ticks++;
}

void sched_block(struct vcpu *v, enum vcpu_state why)
{
	assert_int_equal(why, VCPU_PARKED);
	v->state = why;
}

void sched_wake(struct vcpu *v)
{
	assert_int_equal(v->state, VCPU_PARKED);
	assert_null(v->parked_on);
	assert_true(list_empty(&v->park_node));
	v->state = VCPU_READY;
}

static enum job_status step(struct job *j)
{
	struct work *w = container_of(j, struct work, job);

	assert_true(job_active(j));
	w->steps++;
	last_stepped = j;
	if (w->in_step != NULL) {
		w->in_step(w);
	}
	return w->answer;
}

static void finish(struct job *j, bool cancelled)
{
	struct work *w = container_of(j, struct work, job);

	assert_false(job_active(j));
	w->ends++;
	w->cancelled = cancelled;
	if (w->freed) {
		free(w);
	}
}

static const struct job_ops ops = { .name = "test", .step = step, .finish = finish };
static const struct job_ops ops_no_finish = { .name = "test", .step = step };

static void work_init(struct work *w, enum job_status answer)
{
	*w = (struct work){ .answer = answer };
	job_init(&w->job, &ops);
}

static int setup(void **state)
{
	fake_cpus_reset(2);
	fake_now = 100;
	ticks = 0;
	for (uint32_t i = 0; i < ARRAY_SIZE(vcpus); i++) {
		vcpus[i] = (struct vcpu){ .state = VCPU_RUNNING };
		list_init(&vcpus[i].park_node);
	}
	assert_int_equal(job_next_deadline(), NEVER);
	assert_false(job_step_one());
	return 0;
}

static void test_life(void **state)
{
	struct work w;

	work_init(&w, JOB_MORE);
	assert_false(job_active(&w.job));
	job_start(&w.job);
	assert_int_equal(ticks, 1);
	assert_true(job_active(&w.job));
	assert_int_equal(w.steps, 0);
	assert_true(job_next_deadline() <= fake_now);
	assert_true(job_step_one());
	assert_true(job_step_one());
	assert_int_equal(w.steps, 2);
	w.answer = JOB_DONE;
	assert_true(job_step_one());
	assert_int_equal(w.ends, 1);
	assert_false(w.cancelled);
	assert_false(job_active(&w.job));
	assert_false(job_step_one());
	assert_int_equal(job_next_deadline(), NEVER);
	/* And again. */
	job_start(&w.job);
	assert_true(job_step_one());
	assert_int_equal(w.ends, 2);
}

static void test_without_finish(void **state)
{
	struct work w;

	work_init(&w, JOB_DONE);
	w.job.ops = &ops_no_finish;
	job_start(&w.job);
	assert_true(job_step_one());
	assert_false(job_active(&w.job));
}

static void test_turns(void **state)
{
	struct work a, b;

	work_init(&a, JOB_MORE);
	work_init(&b, JOB_MORE);
	job_start(&a.job);
	job_start(&b.job);
	for (uint32_t i = 0; i < 6; i++) {
		assert_true(job_step_one());
		assert_ptr_equal(last_stepped, i % 2 == 0 ? &a.job : &b.job);
	}
	a.answer = JOB_DONE;
	b.answer = JOB_DONE;
	assert_true(job_step_one());
	assert_true(job_step_one());
	assert_false(job_step_one());
}

static void test_wait(void **state)
{
	struct work slow, quick;

	work_init(&slow, JOB_WAIT);
	work_init(&quick, JOB_MORE);
	job_start(&slow.job);
	assert_true(job_step_one());
	assert_false(job_step_one());
	assert_int_equal(job_next_deadline(), fake_now + 1); /* a millisecond */
	/* It keeps nobody else waiting. */
	job_start(&quick.job);
	assert_true(job_step_one());
	assert_int_equal(quick.steps, 1);
	quick.answer = JOB_DONE;
	assert_true(job_step_one());
	assert_false(job_step_one());
	assert_int_equal(slow.steps, 1);
	fake_now++;
	slow.answer = JOB_DONE;
	assert_true(job_step_one());
	assert_int_equal(slow.steps, 2);
	assert_int_equal(slow.ends, 1);
}

/* A cancelled job does not take another step, not even one that waits. */
static void test_cancel(void **state)
{
	struct work w;

	work_init(&w, JOB_WAIT);
	job_cancel(&w.job);
	job_start(&w.job);
	assert_true(job_step_one());
	assert_int_equal(w.steps, 1);
	job_cancel(&w.job);
	assert_true(job_step_one());
	assert_int_equal(w.steps, 1);
	assert_int_equal(w.ends, 1);
	assert_true(w.cancelled);
	assert_false(job_active(&w.job));
}

/* All of them end, whoever is not due yet, and cancelled from whichever CPU. */
static void test_cancelled_ones_among_waiting(void **state)
{
	struct work w[4];

	for (int i = 0; i < 4; i++) {
		work_init(&w[i], JOB_WAIT);
		job_start(&w[i].job);
		assert_true(job_step_one());
	}
	assert_false(job_step_one());
	fake_cpu = 1;
	job_cancel(&w[1].job);
	job_cancel(&w[3].job);
	fake_cpu = 0;
	assert_true(job_step_one());
	assert_true(job_step_one());
	assert_false(job_step_one());
	for (int i = 0; i < 4; i++) {
		assert_int_equal(w[i].steps, 1);
		assert_int_equal(w[i].ends, i % 2);
	}
	job_cancel(&w[0].job);
	job_cancel(&w[2].job);
	assert_true(job_step_one());
	assert_true(job_step_one());
}

static void cancel_in_step(struct work *w)
{
	fake_cpu = 1;
	job_cancel(&w->job);
	fake_cpu = 0;
}

static void test_cancel_during_a_step(void **state)
{
	struct work w;

	work_init(&w, JOB_MORE);
	w.in_step = cancel_in_step;
	job_start(&w.job);
	assert_true(job_step_one());
	assert_int_equal(w.ends, 0);
	assert_true(job_step_one());
	assert_int_equal(w.steps, 1);
	assert_true(w.cancelled);
	/* Done in that very step: it did end by itself. */
	work_init(&w, JOB_DONE);
	w.in_step = cancel_in_step;
	job_start(&w.job);
	assert_true(job_step_one());
	assert_int_equal(w.ends, 1);
	assert_false(w.cancelled);
}

static void test_park(void **state)
{
	struct work w;

	work_init(&w, JOB_MORE);
	job_start(&w.job);
	job_park(&w.job, &vcpus[0]);
	fake_cpu = 1;
	job_park(&w.job, &vcpus[1]);
	fake_cpu = 0;
	assert_int_equal(vcpus[0].state, VCPU_PARKED);
	assert_int_equal(vcpus[1].state, VCPU_PARKED);
	assert_true(job_step_one());
	assert_int_equal(vcpus[0].state, VCPU_PARKED);
	w.answer = JOB_DONE;
	assert_true(job_step_one());
	assert_int_equal(vcpus[0].state, VCPU_READY);
	assert_int_equal(vcpus[1].state, VCPU_READY);
	/* Too late to wait: the access is simply made again. */
	job_park(&w.job, &vcpus[2]);
	assert_int_equal(vcpus[2].state, VCPU_RUNNING);
}

static void park_in_step(struct work *w)
{
	fake_cpu = 1;
	job_park(&w->job, &vcpus[3]);
	fake_cpu = 0;
}

static void test_park_during_the_last_step(void **state)
{
	struct work w;

	work_init(&w, JOB_DONE);
	w.in_step = park_in_step;
	job_start(&w.job);
	assert_true(job_step_one());
	assert_int_equal(vcpus[3].state, VCPU_READY);
}

static void test_cancel_wakes(void **state)
{
	struct work w;

	work_init(&w, JOB_WAIT);
	job_start(&w.job);
	job_park(&w.job, &vcpus[0]);
	job_cancel(&w.job);
	assert_true(job_step_one());
	assert_int_equal(vcpus[0].state, VCPU_READY);
}

/* finish() may free the job while vCPUs are still to be woken; ASan watches. */
static void test_finish_frees(void **state)
{
	struct work *w = malloc(sizeof(*w));

	work_init(w, JOB_DONE);
	w->freed = true;
	job_start(&w->job);
	job_park(&w->job, &vcpus[0]);
	job_park(&w->job, &vcpus[1]);
	assert_true(job_step_one());
	assert_int_equal(vcpus[0].state, VCPU_READY);
	assert_int_equal(vcpus[1].state, VCPU_READY);
}

static void test_jobs_stay_on_their_cpu(void **state)
{
	struct work w;

	work_init(&w, JOB_DONE);
	fake_cpu = 1;
	job_start(&w.job);
	fake_cpu = 0;
	assert_int_equal(job_next_deadline(), NEVER);
	assert_false(job_step_one());
	fake_cpu = 1;
	assert_true(job_next_deadline() <= fake_now);
	assert_true(job_step_one());
	assert_int_equal(w.ends, 1);
}

static void test_twice_is_a_bug(void **state)
{
	struct work *w = calloc(1, sizeof(*w));

	work_init(w, JOB_DONE);
	job_start(&w->job);
	/* The locks stay taken: this is the last test. */
	expect_assert_failure(job_start(&w->job));
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_life, setup),
		cmocka_unit_test_setup(test_without_finish, setup),
		cmocka_unit_test_setup(test_turns, setup),
		cmocka_unit_test_setup(test_wait, setup),
		cmocka_unit_test_setup(test_cancel, setup),
		cmocka_unit_test_setup(test_cancelled_ones_among_waiting, setup),
		cmocka_unit_test_setup(test_cancel_during_a_step, setup),
		cmocka_unit_test_setup(test_park, setup),
		cmocka_unit_test_setup(test_park_during_the_last_step, setup),
		cmocka_unit_test_setup(test_cancel_wakes, setup),
		cmocka_unit_test_setup(test_finish_frees, setup),
		cmocka_unit_test_setup(test_jobs_stay_on_their_cpu, setup),
		cmocka_unit_test_setup(test_twice_is_a_bug, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
