/* SPDX-License-Identifier: BSD-2-Clause */
/* Which pCPU each vCPU is on. For the scheduler's own files; no queue's lock is held. */
#ifndef CORE_SCHED_PLACE_H
#define CORE_SCHED_PLACE_H

#include "core/sched_queue.h"

/* It is to go elsewhere. */
bool place_leaving(const struct vcpu *v);
/*
 * vCPUs of this CPU that are to go elsewhere go, but for one whose registers are in the CPU: that
 * one goes the next time.
 */
void place_move_out(struct runqueue *q);
/* Now and then, while vCPUs wait for others: should they change places? */
void place_balance(uint64_t now);

#endif
