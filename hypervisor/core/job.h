/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long work in bounded slices. A queued job is stepped by its pCPU between guest runs, one slice a
 * time, until it says it is done; then every vCPU parked on it becomes runnable again.
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/types.h"

struct job;
struct vcpu;

/* JOB_WAIT: call again after wait_ms milliseconds or more. */
enum job_status { JOB_MORE, JOB_DONE, JOB_WAIT };

struct job_ops {
	const char *name;
	/*
	 * At most about 50 us (512 page-table entries) of work, which ends early when
	 * job_should_yield() says so. No lock held by the caller.
	 */
	enum job_status (*step)(struct job *j);
	/* After the last step, or instead of more steps when cancelled. May free the job. */
	void (*finish)(struct job *j, bool cancelled);
};

struct job {
	const struct job_ops *ops;
	struct list node;
	struct list parked; /* vCPUs */
	uint64_t not_before; /* ticks, JOB_WAIT */
	uint32_t wait_ms;    /* 1 unless the step writes it */
	uint8_t state;
	bool cancel;
};

void job_init(struct job *j, const struct job_ops *ops);
/* Queue on this pCPU. The job must not be queued already. */
void job_start(struct job *j);
bool job_active(const struct job *j);
/*
 * The running vCPU stops here until the job ends; the handler returns MMIO_RETRY after it. The
 * caller holds what finish() waits for, a lock, before it frees the job; job_cancel() likewise.
 */
void job_park(struct job *j, struct vcpu *v);
/* Ask an active job to end early; finish(cancelled = true) will run. No-op when inactive. */
void job_cancel(struct job *j);
/* Step this pCPU's oldest runnable job once. Returns false when there was none. */
bool job_step_one(void);
/* An interrupt waits on this pCPU: a step looks every 5 us or so and ends. */
bool job_should_yield(void);
/* When this pCPU's next job wants to run, in ticks: 0: now, ~0: there is none. */
uint64_t job_next_deadline(void);

#endif
