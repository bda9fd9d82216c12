/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual SErrors (DDI0487 D1.3.5): pending at EL1 until the vCPU unmasks PSTATE.A, and moved with
 * the vCPU until then.
 */
#ifndef ARCH_ARM64_VSERROR_H
#define ARCH_ARM64_VSERROR_H

#include "arch/arm64/vcpu_regs.h"

/*
 * The loaded vCPU takes an SError with the syndrome of esr, an ESR_EL2 of the same class. Without
 * the RAS extension the syndrome is the CPU's own.
 */
void vserror_raise(uint64_t esr);

/* Of the vCPU that is taken off this CPU, or put on it: what it has not taken, or has deferred. */
void vserror_save(struct vcpu_sysregs *s);
void vserror_load(const struct vcpu_sysregs *s);

#endif
