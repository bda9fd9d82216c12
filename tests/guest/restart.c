/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeps a second and asks for a reboot. */
#include "guest.h"

#define TIMER_ON 1U

void test_main(void)
{
	uint64_t end = read_sysreg(cntvct_el0) + read_sysreg(cntfrq_el0);

	write_sysreg(cntv_cval_el0, end);
	write_sysreg(cntv_ctl_el0, TIMER_ON);
	while (read_sysreg(cntvct_el0) < end) {
		__asm__ volatile("wfi" : : : "memory");
	}
	hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
}
