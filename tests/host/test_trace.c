/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording of exits: rings read while they are written, CPUs that begin and end, memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

#include "core/heap.h"
#include "core/job.h"
#include "core/trace.h"
#include "fake_cpus.h"
#include "fake_heap.h"
#include "irq/irq.h"
#include "lib/errno.h"

#define KEPT TRACE_RING_RECORDS

static bool told[CPUS_MAX];      /* by a software interrupt that waits */
static bool recording[CPUS_MAX]; /* by its vectors */
static struct job *job;          /* queued */

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	assert_int_equal(sgi, SGI_LOOK);
	told[cpu] = true;
}

void trace_vectors(bool on)
{
	recording[fake_cpu] = on;
}

void job_init(struct job *j, const struct job_ops *ops)
{
	assert_null(job);
	memset(j, 0, sizeof(*j));
	j->ops = ops;
}

void job_start(struct job *j)
{
	job = j;
}

/* The job's next step. True: it has ended. */
static bool step(void)
{
	assert_non_null(job);
	if (job->ops->step(job) == JOB_WAIT) {
		assert_in_range(job->wait_ms, 1, 1000);
		return false;
	}
	job->ops->finish(job, false);
	job = NULL;
	return true;
}

static void put(uint32_t cpu, uint64_t n)
{
	struct trace_record r = { .time = n, .detail = ~n, .intid = (uint32_t)n };

	fake_cpu = cpu;
	trace_put(&r);
}

static void follow(uint32_t cpu)
{
	assert_true(told[cpu]);
	told[cpu] = false;
	fake_cpu = cpu;
	trace_follow();
}

static int setup(void **state)
{
	fake_cpus_reset(3);
	memset(told, 0, sizeof(told));
	return 0;
}

static void test_ring(void **state)
{
	struct trace_record out[100];
	struct trace_ring ring = { .records = calloc(KEPT, sizeof(out[0])) };
	struct trace_record r = { 0 };
	uint64_t position = 0, lost = 7;

	assert_int_equal(trace_ring_read(&ring, &position, out, 100, &lost), 0);
	assert_int_equal(lost, 0);
	for (r.time = 0; r.time < 150; r.time++) {
		trace_ring_put(&ring, &r);
	}
	assert_int_equal(trace_ring_read(&ring, &position, out, 100, &lost), 100);
	assert_int_equal(out[99].time, 99);
	assert_int_equal(trace_ring_read(&ring, &position, out, 100, &lost), 50);
	assert_int_equal(out[0].time, 100);
	assert_int_equal(position, 150);
	/* A position from nowhere is no way out of the ring. */
	position = ~0ULL;
	assert_int_equal(trace_ring_read(&ring, &position, out, 100, &lost), 0);
	assert_int_equal(lost, 0);
	free(ring.records);
}

/* What gave way is counted to the last one, and what is returned is in order and whole. */
static void test_ring_overwritten(void **state)
{
	struct trace_record out[100];
	struct trace_ring ring = { .records = calloc(KEPT, sizeof(out[0])) };
	struct trace_record r = { 0 };
	uint64_t position = 0, lost, lost_all = 0, next = 0;
	uint32_t count, returned = 0;

	/* One place is the writer's next: the rest is there. */
	for (r.time = 0; r.time < KEPT - 1; r.time++) {
		trace_ring_put(&ring, &r);
	}
	assert_int_equal(trace_ring_read(&ring, &position, out, 1, &lost), 1);
	assert_int_equal(lost, 0);
	for (; r.time < 5 * KEPT / 2 + 3; r.time++) {
		trace_ring_put(&ring, &r);
	}
	next = 1;
	do {
		count = trace_ring_read(&ring, &position, out, 100, &lost);
		next += lost;
		lost_all += lost;
		for (uint32_t i = 0; i < count; i++) {
			assert_int_equal(out[i].time, next);
			next++;
		}
		returned += count;
	} while (count != 0);
	assert_int_equal(next, r.time);
	assert_int_equal(1 + lost_all + returned, r.time);
	assert_in_range(returned, KEPT / 4, KEPT);
	free(ring.records);
}

static void test_start_and_stop(void **state)
{
	struct trace_record out[4];
	uint64_t position = 0, lost;
	int64_t held = fake_heap_live;

	assert_int_equal(trace_read(0, &position, out, 4, &lost), -ENOENT);
	put(1, 1); /* nowhere */
	fake_cpu = 0;
	percpus[2].online = false;
	assert_int_equal(trace_start(), 0);
	assert_int_equal(fake_heap_live, held + 2);
	/* This one at once, the other when it hears of it; one that is off never does. */
	assert_true(recording[0] && !recording[1] && told[1] && !told[0] && !told[2]);
	put(1, 2);
	follow(1);
	assert_true(recording[1]);
	put(1, 3);
	put(0, 4);
	assert_int_equal(trace_read(1, &position, out, 4, &lost), 1);
	assert_int_equal(out[0].time, 3);
	assert_int_equal(out[0].detail, ~3ULL);
	assert_int_equal(trace_read(2, &position, out, 4, &lost), -EINVAL);
	assert_int_equal(trace_read(CPUS_MAX, &position, out, 4, &lost), -EINVAL);
	assert_int_equal(trace_start(), -EBUSY);
	assert_false(step());

	fake_cpu = 1;
	trace_stop();
	trace_stop();
	assert_true(recording[0] && !recording[1]);
	assert_int_equal(trace_read(0, &position, out, 4, &lost), -ENOENT);
	/* CPU 0 still writes. */
	assert_false(step());
	put(0, 5);
	assert_int_equal(trace_start(), -EAGAIN);
	follow(0);
	put(0, 6);
	assert_true(step());
	assert_false(recording[0]);
	assert_int_equal(fake_heap_live, held);

	/* Again, from the beginning. */
	fake_cpu = 0;
	assert_int_equal(trace_start(), 0);
	position = 0;
	assert_int_equal(trace_read(0, &position, out, 4, &lost), 0);
	trace_stop();
	assert_true(step());
	/* An interrupt that comes late finds nothing to do. */
	follow(1);
	assert_false(recording[1]);
}

/* The job's looks until it ends, of which each is followed by the time it asks for. */
static uint32_t looks_ms(void)
{
	uint32_t ms = 0;

	while (!step()) {
		ms += job->wait_ms;
		assert_true(ms <= 2 * TRACE_IDLE_MS);
	}
	return ms;
}

/* Whoever began it is gone. */
static void test_nobody_reads(void **state)
{
	struct trace_record out[1];
	uint64_t position = 0, lost;
	int64_t held = fake_heap_live;

	fake_cpus_reset(1);
	assert_int_equal(trace_start(), 0);
	for (uint32_t i = 0; i < 30; i++) {
		assert_false(step());
	}
	assert_int_equal(trace_read(0, &position, out, 1, &lost), 0);
	for (uint32_t i = 0; i < 30; i++) {
		assert_false(step());
	}
	assert_true(recording[0]);
	assert_int_equal(trace_read(0, &position, out, 1, &lost), 0);
	assert_int_equal(looks_ms(), TRACE_IDLE_MS);
	assert_false(recording[0]);
	assert_int_equal(fake_heap_live, held);
	/* The machine stood still, for however long. */
	assert_int_equal(trace_start(), 0);
	fake_now += 100 * TRACE_IDLE_MS;
	assert_false(step());
	assert_int_equal(trace_read(0, &position, out, 1, &lost), 0);
	trace_stop();
	assert_true(step());
}

static void test_no_memory(void **state)
{
	int64_t held = fake_heap_live;

	fake_heap_fail_in = 2;
	assert_int_equal(trace_start(), -ENOMEM);
	fake_heap_fail_in = 0;
	assert_int_equal(fake_heap_live, held);
	assert_true(!recording[0] && !told[1] && job == NULL);
	assert_int_equal(trace_start(), 0);
	follow(1);
	follow(2);
	fake_cpu = 0;
	trace_stop();
	follow(1);
	follow(2);
	assert_true(step());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_ring_overwritten),
		cmocka_unit_test_setup(test_start_and_stop, setup),
		cmocka_unit_test_setup(test_nobody_reads, setup),
		cmocka_unit_test_setup(test_no_memory, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
