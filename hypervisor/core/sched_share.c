/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/sched_share.h"

#include "lib/errno.h"

/* Less than this part of a period is not worth a switch: it is run, and paid for in the next. */
#define SHORTEST_PART 100U

int sched_share_set(struct sched_share *s, uint32_t weight, uint32_t cap, uint64_t period_ticks)
{
	if (weight == 0 || weight > SCHED_WEIGHT_MAX || cap > SCHED_CAP_MAX) {
		return -ERANGE;
	}
	spin_lock(&s->lock);
	__atomic_store_n(&s->weight, weight, __ATOMIC_RELAXED);
	s->period = MAX(period_ticks, 1U);
	s->period_end = 0;
	s->left = 0;
	__atomic_store_n(&s->cap, cap, __ATOMIC_RELAXED);
	spin_unlock(&s->lock);
	return 0;
}

uint32_t sched_share_weight(const struct sched_share *s)
{
	uint32_t weight = __atomic_load_n(&s->weight, __ATOMIC_RELAXED);

	return weight != 0 ? weight : SCHED_WEIGHT_DEFAULT;
}

uint32_t sched_share_cap(const struct sched_share *s)
{
	return __atomic_load_n(&s->cap, __ATOMIC_RELAXED);
}

/* What it did not use of a period is gone; what it had too much is taken from the next ones. */
static void refill(struct sched_share *s, uint64_t now)
{
	int64_t quota = (int64_t)(s->period * s->cap / 100);

	if (now < s->period_end) {
		return;
	}
	if (now - s->period_end < s->period) {
		s->left = MIN(quota, s->left + quota);
		s->period_end += s->period;
	} else {
		s->left = quota;
		s->period_end = now + s->period;
	}
}

bool sched_share_may_run(struct sched_share *s, uint64_t now, uint64_t *until)
{
	bool may;

	*until = ~0ULL;
	if (sched_share_cap(s) == 0) {
		return true;
	}
	spin_lock(&s->lock);
	refill(s, now);
	may = s->left > 0;
	*until = may ? now + MAX((uint64_t)s->left, s->period / SHORTEST_PART) : s->period_end;
	spin_unlock(&s->lock);
	return may;
}

uint64_t sched_share_charge(struct sched_share *s, uint64_t ticks, uint64_t *rest)
{
	uint32_t weight = sched_share_weight(s);
	uint64_t weighted = ticks * SCHED_WEIGHT_DEFAULT + *rest;

	if (sched_share_cap(s) != 0) {
		spin_lock(&s->lock);
		s->left -= (int64_t)ticks;
		spin_unlock(&s->lock);
	}
	*rest = weighted % weight;
	return weighted / weight;
}
