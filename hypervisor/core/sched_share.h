/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a domain gets of the pCPUs: a weight, which counts where its vCPUs and others' want the same
 * pCPU, and perhaps a cap, which counts always. Pure but for its lock.
 */
#ifndef CORE_SCHED_SHARE_H
#define CORE_SCHED_SHARE_H

#include "core/spinlock.h"
#include "lib/types.h"

#define SCHED_WEIGHT_DEFAULT 256U
#define SCHED_WEIGHT_MAX     65535U
#define SCHED_CAP_MAX        1600U

struct sched_share {
	struct spinlock lock; /* a scheduler queue's may be held */
	uint32_t weight; /* of each vCPU, 1..SCHED_WEIGHT_MAX; 0: the default */
	uint32_t cap;    /* of all vCPUs together, percent of one pCPU; 0: none */
	/* With a cap. */
	uint64_t period;     /* ticks */
	uint64_t period_end; /* when it may run again, or on */
	int64_t left;        /* ticks it may run until then; less than 0: it ran too long before */
};

/* -ERANGE. period_ticks: in which a cap is kept. */
int sched_share_set(struct sched_share *s, uint32_t weight, uint32_t cap, uint64_t period_ticks);
uint32_t sched_share_weight(const struct sched_share *s);
uint32_t sched_share_cap(const struct sched_share *s);
/* May a vCPU of it begin to run? *until: for how long, or when to ask again. */
bool sched_share_may_run(struct sched_share *s, uint64_t now, uint64_t *until);
/* One ran. Returns its time as the scheduler compares it; *rest is that vCPU's, 0 at first. */
uint64_t sched_share_charge(struct sched_share *s, uint64_t ticks, uint64_t *rest);

#endif
