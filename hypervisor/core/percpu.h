/* SPDX-License-Identifier: BSD-2-Clause */
/* What each pCPU has for itself. TPIDR_EL2 points at it. */
#ifndef CORE_PERCPU_H
#define CORE_PERCPU_H

#include "arch/arm64/cpu.h"
#include "lib/list.h"
#include "lib/types.h"

#define CPUS_MAX 16

struct vcpu;

struct percpu {
	struct vcpu *current; /* vCPU whose state is loaded; asm reads it: keep first */
	uint64_t stack_top;   /* asm: keep second */
	uint32_t index;
	uint64_t mpidr;
	bool online;
	bool resched; /* choose again before a guest is entered */
	bool wfi_native; /* HCR_EL2.TWI is clear */
	uint32_t sgis_taken; /* grace.h */
	struct vcpu *loaded; /* vCPU whose EL1 registers are in the CPU; may outlive current */
};

extern struct percpu percpus[CPUS_MAX];

static inline struct percpu *this_cpu(void)
{
	return (struct percpu *)arch_percpu();
}

static inline uint32_t cpu_index(void)
{
	return this_cpu()->index;
}

static inline struct vcpu *current_vcpu(void)
{
	return this_cpu()->current;
}

#endif
