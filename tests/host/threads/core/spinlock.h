/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real lock, for CPUs that are threads on fewer CPUs: whoever finds it taken lets others run
 * first, or its holder might wait for this one's time to end.
 */
#ifndef THREADS_CORE_SPINLOCK_H
#define THREADS_CORE_SPINLOCK_H

#include <sched.h>

#define spin_lock real_spin_lock
#define spin_wait real_spin_wait
#include_next "core/spinlock.h"
#undef spin_lock
#undef spin_wait

static inline void spin_wait(void)
{
	sched_yield();
}

static inline void spin_lock(struct spinlock *l)
{
	while (spin_is_locked(l)) {
		sched_yield();
	}
	real_spin_lock(l);
}

#endif
