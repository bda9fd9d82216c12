/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who runs on each pCPU. Each has its own vCPUs and runs the ready one that has run least for what
 * its domain weighs (core/sched_share.h). vCPUs change places when what is to be done is not evenly
 * spread (core/sched_balance.h), or when they are told where they may be. On a pCPU that only one
 * vCPU uses, and which is the only one that vCPU may use, WFI is the CPU's own.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "core/vcpu.h"

#define SCHED_SLICE_US      5000U   /* the longest turn while others wait */
#define SCHED_CAP_PERIOD_US 30000U  /* caps are kept in each of these */
#define SCHED_BALANCE_US    100000U /* between two looks at where vCPUs are */

#define SCHED_ANY_CPU 0xffffffffU

/* Boot CPU, before any other CPU is up and any vCPU is placed. */
void sched_init(void);
/* Place a new vCPU on the pCPU with the fewest. */
void sched_add(struct vcpu *v);
/* Stopped, and will not run again. */
void sched_remove(struct vcpu *v);
/*
 * The pCPUs v may be on, by bit, or SCHED_ANY_CPU. It goes there soon if it is elsewhere. -ERANGE:
 * none, or one that is not online.
 */
int sched_pin(struct vcpu *v, uint32_t allowed);
/* What d gets of them from now on, see core/sched_share.h. -ERANGE. */
int sched_set_share(struct domain *d, uint32_t weight, uint32_t cap);
/* Bits of the pCPUs that are online. */
uint32_t sched_cpus_online(void);
uint64_t sched_us_to_ticks(uint64_t us);

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
