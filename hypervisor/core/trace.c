/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who records: each CPU changes its own vectors, when a software interrupt tells it to. A job ends
 * it and frees the rings, when all CPUs have left them.
 */
#include "core/trace.h"

#include "core/heap.h"
#include "core/job.h"
#include "core/percpu.h"
#include "core/spinlock.h"
#include "irq/irq.h"
#include "lib/errno.h"

#define LOOK_MS 100U /* between two looks of the job */

static struct spinlock lock;
static enum { OFF, ON, ENDING } state;
static bool wanted;
static uint32_t idle_looks; /* since somebody read */
static struct job job;
static struct trace_ring rings[CPUS_MAX];
static bool recording[CPUS_MAX]; /* the CPU's own, changed under the lock */

static void follow_locked(void)
{
	bool *mine = &recording[cpu_index()];

	if (*mine != wanted) {
		*mine = wanted;
		trace_vectors(wanted);
	}
}

/* Not part of irq_dispatch(), which every interrupt runs through. */
__attribute__((noinline)) void trace_follow(void)
{
	spin_lock(&lock);
	follow_locked();
	spin_unlock(&lock);
}

static void tell_all(bool want)
{
	wanted = want;
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		if (percpus[i].online && i != cpu_index()) {
			gic_send_sgi(i, SGI_LOOK);
		}
	}
	follow_locked();
}

static void free_rings(void)
{
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		if (rings[i].records != NULL) {
			heap_pages_free(rings[i].records, TRACE_RING_ORDER);
		}
		rings[i] = (struct trace_ring){ 0 };
	}
}

/* Dirty: nobody reads what was not written. */
static int make_rings(void)
{
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		if (!percpus[i].online) {
			continue;
		}
		rings[i].records = heap_pages_dirty(TRACE_RING_ORDER);
		if (rings[i].records == NULL) {
			free_rings();
			return -ENOMEM;
		}
	}
	return 0;
}

static void stop_locked(void)
{
	if (state == ON) {
		state = ENDING;
		tell_all(false);
	}
}

static bool anybody_records(void)
{
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		if (recording[i]) {
			return true;
		}
	}
	return false;
}

static enum job_status step(struct job *j)
{
	enum job_status status = JOB_WAIT;

	j->wait_ms = LOOK_MS;
	spin_lock(&lock);
	/* Looks, not time: where the machine itself stands still nobody can read. */
	if (state == ON && idle_looks++ == TRACE_IDLE_MS / LOOK_MS) {
		stop_locked();
	}
	if (state == ENDING && !anybody_records()) {
		free_rings();
		status = JOB_DONE;
	}
	spin_unlock(&lock);
	return status;
}

static void finish(struct job *j, bool cancelled)
{
	spin_lock(&lock);
	state = OFF;
	spin_unlock(&lock);
}

static const struct job_ops job_ops = { .name = "trace", .step = step, .finish = finish };

int trace_start(void)
{
	int err = 0;

	spin_lock(&lock);
	if (state != OFF) {
		err = state == ON ? -EBUSY : -EAGAIN;
	} else {
		err = make_rings();
	}
	if (err == 0) {
		state = ON;
		idle_looks = 0;
		job_init(&job, &job_ops);
		job_start(&job);
		tell_all(true);
	}
	spin_unlock(&lock);
	return err;
}

void trace_stop(void)
{
	spin_lock(&lock);
	stop_locked();
	spin_unlock(&lock);
}

int trace_read(uint32_t cpu, uint64_t *position, struct trace_record *out, uint32_t max,
	       uint64_t *lost)
{
	int count = -ENOENT;

	if (cpu >= CPUS_MAX || !percpus[cpu].online) {
		return -EINVAL;
	}
	/* Locked, so that the ring stays; its writer takes no lock. */
	spin_lock(&lock);
	if (state == ON) {
		idle_looks = 0;
		count = (int)trace_ring_read(&rings[cpu], position, out, max, lost);
	}
	spin_unlock(&lock);
	return count;
}

void trace_put(const struct trace_record *record)
{
	uint32_t self = cpu_index();

	if (recording[self]) {
		trace_ring_put(&rings[self], record);
	}
}
