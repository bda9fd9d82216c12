/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/grace.h"

#include "irq/irq.h"

void grace_quiet(void)
{
	__atomic_fetch_add(&this_cpu()->sgis_taken, 1, __ATOMIC_SEQ_CST);
}

void grace_start(struct grace *g)
{
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		g->seen[i] = __atomic_load_n(&percpus[i].sgis_taken, __ATOMIC_SEQ_CST);
		if (percpus[i].online && i != cpu_index()) {
			gic_send_sgi(i, SGI_KICK);
		}
	}
}

bool grace_over(const struct grace *g)
{
	for (uint32_t i = 0; i < CPUS_MAX; i++) {
		if (percpus[i].online && i != cpu_index() &&
		    __atomic_load_n(&percpus[i].sgis_taken, __ATOMIC_SEQ_CST) == g->seen[i]) {
			return false;
		}
	}
	return true;
}
