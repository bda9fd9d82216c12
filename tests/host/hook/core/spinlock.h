/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host stand-in for the real header: fake_spinlock.c sees every lock taken and given back, with the
 * words the code names it by.
 */
#ifndef FAKE_CORE_SPINLOCK_H
#define FAKE_CORE_SPINLOCK_H

#include <stdbool.h>
#include <stddef.h>

struct spinlock {
	const void *holder; /* NULL: free */
};

void fake_spin_lock(struct spinlock *l, const char *words, const char *file);
void fake_spin_unlock(struct spinlock *l, const char *file);
bool fake_spin_is_mine(const struct spinlock *l);
void fake_spin_wait(void);

#define spin_lock(l)   fake_spin_lock(l, #l, __FILE__)
#define spin_unlock(l) fake_spin_unlock(l, __FILE__)

/* By this CPU: that is what those who ask want to know. */
static inline bool spin_is_locked(const struct spinlock *l)
{
	return fake_spin_is_mine(l);
}

static inline void spin_wait(void)
{
	fake_spin_wait();
}

#endif
