/* SPDX-License-Identifier: BSD-2-Clause */
/* Taking exceptions and finishing instructions in a guest's name. Pure. */
#ifndef ARCH_ARM64_EXCEPTION_H
#define ARCH_ARM64_EXCEPTION_H

#include "arch/arm64/vcpu_regs.h"

/* ESR_EL2.EC (DDI0487 D19.2.37). */
enum exception_class {
	EC_WFX = 0x01,
	EC_HVC64 = 0x16,
	EC_SMC64 = 0x17,
	EC_SYSREG = 0x18,
	EC_INSTRUCTION_ABORT = 0x20,
	EC_DATA_ABORT = 0x24,
	EC_FIRST_UNUSED = 0x40,
};

/* EL1 on SP_EL1, D, A, I and F masked: PSTATE after reset and exception entry. */
#define PSTATE_EL1H_MASKED 0x3c5ULL

/* SPSR_EL2 (DDI0487 C5.2.19). */
#define PSTATE_AARCH32 BIT(4)
#define PSTATE_BTYPE   GENMASK(11, 10)
#define PSTATE_SS      BIT(21)

/* pstate: where the exception comes from, as in SPSR_EL2. */
bool exception_from_el0(uint64_t pstate);
/* Offset of the synchronous vector from VBAR_EL1. */
uint64_t exception_vector(uint64_t pstate);
/* PSTATE in EL1's handler. sctlr: SCTLR_EL1. */
uint64_t exception_pstate(uint64_t pstate, uint64_t sctlr);
void exception_skip_aarch32(struct vcpu_regs *regs, uint64_t esr);
/* The instruction that trapped with syndrome esr has been carried out: go on behind it. */
static inline void exception_skip(struct vcpu_regs *regs, uint64_t esr)
{
	if ((regs->pstate & PSTATE_AARCH32) != 0) {
		exception_skip_aarch32(regs, esr);
		return;
	}
	regs->pc += 4;
	/* A debugger that steps the guest sees this one step as done. */
	regs->pstate &= ~(PSTATE_SS | PSTATE_BTYPE);
}

/*
 * The syndrome of an exception EL2 took from itself: hardware refused a data access. Anything else,
 * a table walk it refused included, is the hypervisor's own mistake.
 */
bool exception_external_abort(uint64_t esr);
/*
 * The syndrome of an SError from a guest: the hardware corrected what it was, or the guest has not
 * used it and can go on. False: it cannot, or there is no telling.
 */
bool exception_serror_over(uint64_t esr);

#endif
