/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler on model CPUs: one runs EL2 at a time, an event can be put into the middle of
 * another CPU's work by a hook, and after each step the states must fit together.
 */
#ifndef SCHED_WORLD_H
#define SCHED_WORLD_H

#include "core/domain.h"
#include "core/sched.h"
#include "fake_cpus.h"

#define CPUS  3U
#define VCPUS 8U
#define SLICE 5U /* ticks: 5 ms */
#define NEVER (~0ULL)

struct sched_world {
	bool pending[VCPUS];      /* an interrupt waits in the virtual GIC */
	uint64_t timer[VCPUS];    /* the vCPU's own timer */
	uint64_t el2_timer[CPUS];
	bool sgi[CPUS];
	bool guest_runs[CPUS];
	bool wfi_native[CPUS];
	uint64_t job_deadline;
	uint32_t job_steps; /* that the job still has */
	bool away[VCPUS]; /* blocked, and not resumed since */
	uint32_t resets;
	uint32_t loads;
	/* Called once, in the middle of something. */
	void (*in_pending)(void);
	void (*in_save)(void);
};

extern struct sched_world world;
extern struct domain world_domains[VCPUS]; /* vCPUs are the first one's unless a test says else */
extern struct vcpu world_vcpus[VCPUS];
extern uint32_t world_vcpu_count;

/* CPUs online, vCPUs placed and off. */
void world_init(uint32_t cpus, uint32_t count);
void world_end(void);
/* An exit on cpu, until it enters a guest or sleeps. */
void world_run(uint32_t cpu);
/* Until no CPU has anything left to do. */
void world_settle(void);
/* All CPUs are at rest: does everything fit? */
void world_check(void);
void world_all_online(void);
/* The guest on cpu does something that ends in sched_block(); who that was. */
struct vcpu *world_block(uint32_t cpu, enum vcpu_state why);
/* Time goes by, a tick at a time. */
void world_pass(uint64_t ticks);
void world_interrupt(struct vcpu *v);

#endif
