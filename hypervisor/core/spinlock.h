/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket spinlock. EL2 runs with interrupts masked, so no irq-save variants exist. Lock order:
 * docs/architecture.md, "Locks".
 */
#ifndef CORE_SPINLOCK_H
#define CORE_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
	union {
		uint32_t both;
		struct {
			uint16_t owner;
			uint16_t next; /* the upper half: it overflows into nothing */
		};
	};
};

static inline void spin_lock(struct spinlock *l)
{
	uint32_t seen = __atomic_fetch_add(&l->both, 1U << 16, __ATOMIC_ACQUIRE);
	uint16_t ticket = (uint16_t)(seen >> 16);

	if ((uint16_t)seen == ticket) {
		return;
	}
	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket) {
	}
}

static inline void spin_unlock(struct spinlock *l)
{
	uint16_t owner = __atomic_load_n(&l->owner, __ATOMIC_RELAXED);

	__atomic_store_n(&l->owner, (uint16_t)(owner + 1), __ATOMIC_RELEASE);
}

/*
 * A turn of a loop that waits, without a lock, for what another CPU will store. Nothing has to be
 * done; where CPUs take turns, in host tests, the other one goes on.
 */
static inline void spin_wait(void)
{
}

static inline bool spin_is_locked(const struct spinlock *l)
{
	return __atomic_load_n(&l->next, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&l->owner, __ATOMIC_RELAXED);
}

#endif
