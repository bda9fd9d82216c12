/* SPDX-License-Identifier: BSD-2-Clause */
/* What the arch folder gives the core: entering guests, switching vCPUs, the EL2 timer, power. */
#ifndef ARCH_ARM64_EL2_H
#define ARCH_ARM64_EL2_H

#include "core/vcpu.h"
#include "lib/types.h"

/*
 * MDCR_EL2: PMU, SPE, trace and OS lock trap; debug registers trap until a vCPU first uses them.
 */
#define MDCR_TPMCR (1UL << 5)
#define MDCR_TPM   (1UL << 6)
#define MDCR_TDA   (1UL << 9)
#define MDCR_TDOSA (1UL << 10)
#define MDCR_TDRA  (1UL << 11)
#define MDCR_TPMS  (1UL << 14)
#define MDCR_TTRF  (1UL << 19)
#define MDCR_GUEST                                                                                 \
	(MDCR_TPMCR | MDCR_TPM | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF)

/* Trap controls and hypervisor system registers of this CPU; every EL2 trap register is written. */
void el2_init_cpu(void);

/* On this CPU WFI waits as on bare metal, or is the scheduler's again. */
void el2_wfi_native(bool native);

/* A vCPU at its reset: EL1h, MMU off, all interrupts masked. */
void vcpu_reset_regs(struct vcpu *v, uint64_t pc, uint64_t arg);
/* Put v's EL1 state into this CPU, or take it out again. Not nested. */
void vcpu_load(struct vcpu *v);
void vcpu_save(struct vcpu *v);
/* Nothing of a domain is translated on this CPU until the next vcpu_load(): its tables may go. */
void vcpu_leave_tables(void);
/* First use of a debug register by the loaded vCPU. */
void vcpu_debug_enable(struct vcpu *v);
/* Virtual INTIDs: both the board every guest sees and the usual host number them so. */
#define TIMER_VIRT_INTID 27U
#define TIMER_PHYS_INTID 30U

/* The next deadline of v's own timers in ticks, ~0: none armed. v is saved. */
uint64_t vcpu_timer_deadline(const struct vcpu *v);

/* Asynchronous means for the loaded, current vCPU. */
void inject_undefined(struct vcpu *v);
void inject_abort(struct vcpu *v, bool instruction, uint64_t far);

_Noreturn void guest_enter_first(void);
_Noreturn void call_on_stack(uint64_t top, void (*fn)(void));
void fp_save(struct vcpu_fp *fp);
void fp_restore(const struct vcpu_fp *fp);

/* One-shot EL2 timer of this CPU; ~0 turns it off. */
/* Request the timer interrupts; once, after gic_init(). */
void timer_init(void);
void el2_timer_init_cpu(void);
void el2_timer_set(uint64_t deadline);

/* Host PSCI by SMC (DEN0022). Returns the PSCI status. */
int64_t psci_cpu_on(uint64_t mpidr, paddr_t entry, uint64_t context);
_Noreturn void psci_system_off(void);
_Noreturn void psci_system_reset(void);
uint64_t smc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

/* A domain's HVC and SMC (SMCCC): PSCI and what DESIGN allows, else NOT_SUPPORTED. */
void vpsci_call(struct vcpu *v);

/* ID registers as guests see them. False: not an ID register, inject UNDEF. */
void idreg_init(void);
bool idreg_read(uint32_t crm, uint32_t op2, uint64_t *value);

#endif
