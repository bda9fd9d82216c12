/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps argument cpus= CPUs busy for ms= milliseconds; says how much work each got done. */
#include "guest.h"

static volatile uint64_t work[CPUS_MAX];
static volatile uint32_t finished;
static volatile uint64_t end;

static void spin(uint32_t n)
{
	uint64_t done = 0;

	while (read_sysreg(cntvct_el0) < end) {
		done++;
	}
	work[n] = done;
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

void test_main(void)
{
	uint32_t cpus = (uint32_t)argument("cpus", 1);
	uint64_t ms = argument("ms", 1000);

	end = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0) / 1000 * ms;
	for (uint32_t n = 1; n < cpus; n++) {
		check("CPU_ON", cpu_start(n, spin) == 0);
	}
	spin(0);
	while (finished < cpus) {
	}
	for (uint32_t n = 0; n < cpus; n++) {
		say("work %u 0x%x", n, work[n]);
		check("it ran", work[n] != 0);
	}
}
