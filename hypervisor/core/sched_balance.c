/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/sched_balance.h"

struct search {
	const struct balance_cpu *cpus;
	uint32_t from, to;
	uint64_t gap;  /* between the two now */
	uint64_t best; /* that a plan was found to leave of the biggest such gap */
	struct balance_plan plan;
};

static bool may_go(const struct balance_vcpu *v, uint32_t cpu)
{
	return (v->allowed & 1U << cpu) != 0;
}

/* v goes there, back (or nobody) comes here. */
static void consider(struct search *s, const struct balance_vcpu *v,
		     const struct balance_vcpu *back)
{
	uint64_t shift = v->demand - (back != NULL ? back->demand : 0);
	uint64_t left;

	if (v->demand <= (back != NULL ? back->demand : 0)) {
		return;
	}
	left = s->gap > 2 * shift ? s->gap - 2 * shift : 2 * shift - s->gap;
	if (left > s->gap - s->gap / 32 || left >= s->best) {
		return;
	}
	s->best = left;
	s->plan = (struct balance_plan){
		.v = v->vcpu,
		.back = back != NULL ? back->vcpu : NULL,
		.from = s->from,
		.to = s->to,
	};
}

static void consider_pair(struct search *s)
{
	const struct balance_cpu *from = &s->cpus[s->from];
	const struct balance_cpu *to = &s->cpus[s->to];

	for (uint32_t i = 0; i < from->count; i++) {
		const struct balance_vcpu *v = &from->vcpus[i];

		if (!may_go(v, s->to)) {
			continue;
		}
		consider(s, v, NULL);
		for (uint32_t j = 0; j < to->count; j++) {
			if (may_go(&to->vcpus[j], s->from)) {
				consider(s, v, &to->vcpus[j]);
			}
		}
	}
}

static bool somebody_may_go(const struct balance_cpu *cpu, uint32_t self)
{
	for (uint32_t i = 0; i < cpu->count; i++) {
		if ((cpu->vcpus[i].allowed & ~(1U << self)) != 0) {
			return true;
		}
	}
	return false;
}

/* The pCPU with most to do, of those that somebody may leave to others; cpu_count: none. */
static uint32_t busiest(const struct balance_cpu *cpus, uint32_t cpu_count)
{
	uint32_t best = cpu_count;

	for (uint32_t i = 0; i < cpu_count; i++) {
		if (cpus[i].usable && cpus[i].count > 1 && somebody_may_go(&cpus[i], i) &&
		    (best == cpu_count || cpus[i].demand > cpus[best].demand)) {
			best = i;
		}
	}
	return best;
}

struct balance_plan balance_choose(const struct balance_cpu *cpus, uint32_t cpu_count)
{
	struct search s = { .cpus = cpus, .from = busiest(cpus, cpu_count), .best = ~0ULL };

	for (s.to = 0; s.from < cpu_count && s.to < cpu_count; s.to++) {
		uint64_t most = cpus[s.from].demand;

		if (s.to == s.from || !cpus[s.to].usable || cpus[s.to].demand >= most) {
			continue;
		}
		s.gap = most - cpus[s.to].demand;
		if (s.gap >= most / 8) {
			consider_pair(&s);
		}
	}
	return s.plan;
}
