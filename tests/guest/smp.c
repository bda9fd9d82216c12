/* SPDX-License-Identifier: BSD-2-Clause */
/* Every CPU started, spoken to by SGI, switched off and started again. */
#include "guest.h"

#define INVALID_PARAMETERS (-2)
#define ALREADY_ON         (-4)
#define SGI_THERE          3U
#define SGI_BACK           5U

static volatile uint32_t ready;
static volatile uint32_t answered;

static void answer(uint32_t n)
{
	gic_init();
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	if (cpu_number() == n && gic_wait(SGI_THERE)) {
		__atomic_fetch_add(&answered, 1, __ATOMIC_SEQ_CST);
		gic_send_sgi(0, SGI_BACK);
	}
}

static bool wait_until(volatile uint32_t *what, uint32_t value)
{
	for (int i = 0; i < 600000 && *what != value; i++) {
		delay_us(100);
	}
	return *what == value;
}

static bool wait_off(uint32_t n)
{
	for (int i = 0; i < 600000; i++) {
		if (hvc(PSCI_AFFINITY_INFO, n, 0, 0) == 1) {
			return true;
		}
		delay_us(100);
	}
	return false;
}

static void round_trip(uint32_t n)
{
	uint32_t before = answered;

	ready = 0;
	check_equal("CPU_ON", (uint64_t)cpu_start(n, answer), 0);
	check("it came up", wait_until(&ready, 1));
	check_equal("CPU_ON of one that is on", (uint64_t)hvc(PSCI_CPU_ON, n, 0, 0),
		    (uint64_t)ALREADY_ON);
	check_equal("AFFINITY_INFO says on", (uint64_t)hvc(PSCI_AFFINITY_INFO, n, 0, 0), 0);
	gic_send_sgi(n, SGI_THERE);
	check("its SGI came back", gic_wait(SGI_BACK));
	check("it took the first", wait_until(&answered, before + 1));
	check("AFFINITY_INFO says off", wait_off(n));
}

void test_main(void)
{
	uint32_t cpus = (uint32_t)argument("cpus", 1);

	gic_init();
	check_equal("MPIDR of CPU 0", read_sysreg(mpidr_el1) & 0xff00ffffff, 0);
	for (int round = 0; round < 3; round++) {
		for (uint32_t n = 1; n < cpus; n++) {
			round_trip(n);
		}
	}
	check_equal("CPU_ON of this CPU", (uint64_t)hvc(PSCI_CPU_ON, 0, 0, 0),
		    (uint64_t)ALREADY_ON);
	check_equal("CPU_ON of no CPU", (uint64_t)hvc(PSCI_CPU_ON, cpus, 0, 0),
		    (uint64_t)INVALID_PARAMETERS);
	check_equal("CPU_ON of wild affinity", (uint64_t)hvc(PSCI_CPU_ON, ~0ULL, 0, 0),
		    (uint64_t)INVALID_PARAMETERS);
	gic_send_sgi(0, SGI_THERE);
	check("an SGI to itself", gic_wait(SGI_THERE));
	gic_send_sgi(15, 1); /* to nobody */
	check("one CPU goes nowhere alone", gic_take() == 1023);
}
