/* SPDX-License-Identifier: BSD-2-Clause */
/* How many interrupts are too many: the clock is read once in a burst of them, not at each. */
#include "irq/irq_meter.h"

static uint64_t burst = ~0ULL; /* allowed in one window; ~0: no limit */

void irq_meter_limit(uint32_t per_second)
{
	burst = per_second == 0 ? ~0ULL : MAX(per_second / IRQ_METER_WINDOWS, 1U);
}

void irq_meter_restart(struct irq_meter *m, uint64_t now)
{
	uint64_t total = __atomic_load_n(&m->total, __ATOMIC_RELAXED);

	m->since = now;
	__atomic_store_n(&m->check_at, burst == ~0ULL ? burst : total + burst, __ATOMIC_RELAXED);
}

bool irq_meter_check(struct irq_meter *m, uint64_t now, uint64_t hz)
{
	/* Another CPU began the next window meanwhile; or the first interrupt ever. */
	if (__atomic_load_n(&m->total, __ATOMIC_RELAXED) <
	    __atomic_load_n(&m->check_at, __ATOMIC_RELAXED)) {
		return false;
	}
	if (m->since != 0 && now - m->since < hz / IRQ_METER_WINDOWS) {
		return true;
	}
	irq_meter_restart(m, now);
	return false;
}
