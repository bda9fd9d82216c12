/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a vCPU. */
#ifndef ARCH_ARM64_VCPU_REGS_H
#define ARCH_ARM64_VCPU_REGS_H

#include "lib/types.h"

/* Saved at every trap. vectors.S knows the layout: see the assertions in trap.c. */
struct vcpu_regs {
	uint64_t x[31];
	uint64_t pc;     /* ELR_EL2 */
	uint64_t pstate; /* SPSR_EL2 */
};

/* EL1 and EL0 state, switched only when another vCPU is loaded. */
struct vcpu_sysregs {
	uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
	uint64_t sctlr_el1, cpacr_el1, ttbr0_el1, ttbr1_el1, tcr_el1;
	uint64_t esr_el1, afsr0_el1, afsr1_el1, far_el1, mair_el1, amair_el1, vbar_el1;
	uint64_t contextidr_el1, tpidr_el0, tpidrro_el0, tpidr_el1, par_el1, csselr_el1;
	uint64_t cntkctl_el1, mdscr_el1;
	uint64_t apkeys[10];
	uint64_t dbgbvr[16], dbgbcr[16], dbgwvr[16], dbgwcr[16];
	uint64_t cntv_cval, cntv_ctl, cntp_cval, cntp_ctl;
	uint64_t vmpidr, cntvoff;
	uint64_t vsesr, vdisr; /* vserror.h */
	bool debug_used; /* wrote a debug register once: they are switched from then on */
	bool vtimer_active, ptimer_active; /* forwarded interrupt still active */
	bool serror;       /* a virtual SError is pending */
};

/* FP/SIMD, in the order of fp_save() (vectors.S). */
struct vcpu_fp {
	__uint128_t q[32];
	uint64_t fpcr, fpsr;
};

#endif
