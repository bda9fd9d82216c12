/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs on each pCPU. Fair by virtual run time among the vCPUs placed there. */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core/vcpu.h"

/* Boot CPU, before any other CPU is up and any vCPU is placed. */
void sched_init(void);
/* Place a new vCPU on the pCPU with the fewest. */
void sched_add(struct vcpu *v);
void sched_remove(struct vcpu *v);

/* Make a blocked or parked vCPU runnable. Any pCPU, any context. */
void sched_wake(struct vcpu *v);
/*
 * Something changed for v (an interrupt is pending): wake it if blocked; if it runs on another
 * pCPU, make it take an exit soon. Any context.
 */
void vcpu_kick(struct vcpu *v);
/* The current vCPU gives up its pCPU until woken (WFI, park); takes effect on the way out. */
void sched_block(struct vcpu *v, enum vcpu_state why);
/* Stop a vCPU wherever it is, as soon as it exits; sched_stopped() says when it did. */
void sched_stop(struct vcpu *v);
bool sched_stopped(struct vcpu *v);
/* Undo sched_stop(): the vCPU is ready again if it was online. */
void sched_resume(struct vcpu *v);

/* PSCI CPU_ON: reset registers and make it run. False: it is on already. */
bool sched_online(struct vcpu *v, uint64_t pc, uint64_t context);
/* PSCI CPU_OFF of the current vCPU. */
void sched_offline(struct vcpu *v);

/* This CPU should choose again before it enters a guest (its EL2 timer fired, a job is queued). */
void sched_tick(void);
/* Ticks v has run so far. */
uint64_t sched_cpu_ticks(struct vcpu *v);
/* Called at the end of every trap: choose who is entered next. */
void sched_exit(void);
/* A CPU begins to schedule; never returns. */
_Noreturn void sched_start(void);

#endif
