/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPUs of one pCPU, and which of them is next. For the scheduler's own files. */
#ifndef CORE_SCHED_QUEUE_H
#define CORE_SCHED_QUEUE_H

#include "core/percpu.h"
#include "core/spinlock.h"
#include "core/vcpu.h"

struct runqueue {
	struct spinlock lock; /* states and lists of the vCPUs placed here */
	struct list ready;   /* by run_node, as the next */
	struct list waiting; /* blocked, and their own timers are to wake them */
	struct list vcpus; /* all placed here, by place_node; changes under the place lock too */
	uint32_t vcpu_count;
	bool dedicated;  /* the only one here is to be nowhere else, and nobody else here */
	bool moves;      /* a vCPU placed here is to go elsewhere */
	uint64_t floor;   /* vruntime all that want to run have had, but for those just woken */
	uint64_t timer;   /* what the EL2 timer is set to */
	uint64_t job_due; /* no slice of a job before this while a guest wants to run */
	bool job_late;    /* one was due, and an interrupt went first */
} __attribute__((aligned(64))); /* cache lines of its CPU's own */

extern struct runqueue queues[CPUS_MAX];

/* The queue v is placed on, its lock held: v stays there until it is given back. */
struct runqueue *queue_lock(struct vcpu *v);
/* Make cpu choose again soon. No lock needed. */
void queue_poke(uint32_t cpu);

/* The rest: lock held; the first gives it back. */
void queue_unlock_and_poke(struct runqueue *q);
void queue_make_ready(struct runqueue *q, struct vcpu *v);
/* v, which ran here, has run until now. */
void queue_charge(struct runqueue *q, struct vcpu *v, uint64_t now);
/* Blocked vCPUs whose own timer is due become ready; the next deadline. */
uint64_t queue_wake_due(struct runqueue *q, uint64_t now);

struct queue_choice {
	struct vcpu *next;  /* RUNNING from now on; NULL: none may run */
	bool contended;     /* somebody else could run as well */
	uint64_t deadline;  /* choose again then: a cap begins or ends */
};

struct queue_choice queue_choose(struct runqueue *q, uint64_t now);

#endif
