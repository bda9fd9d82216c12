/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's PSCI, by SMC (DEN0022). */
#include "arch/arm64/cpu.h"
#include "arch/arm64/el2.h"
#include "arch/arm64/psci.h"
#include "core/machine.h"

/* Without EL3 there is nobody to call, and SMC is undefined. */
uint64_t smc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = fn;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	if (!machine.psci_smc) {
		return (uint64_t)PSCI_NOT_SUPPORTED;
	}
	/* SMCCC 1.0 lets the firmware lose x4-x17. */
	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return x0;
}

int64_t psci_cpu_on(uint64_t mpidr, paddr_t entry, uint64_t context)
{
	return (int32_t)smc_call(PSCI_CPU_ON_64, mpidr, entry.v, context);
}

void psci_system_off(void)
{
	smc_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;) {
		wfi();
	}
}

void psci_system_reset(void)
{
	smc_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;) {
		wfi();
	}
}
